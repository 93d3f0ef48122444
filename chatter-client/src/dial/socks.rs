//! What is said to a SOCKS5 proxy (RFC 1928, RFC 1929) before it passes bytes on; to Tor, always as whom one comes.
//!
//! **In** a connection to the proxy, the server's name and port, user and password. **Out** the same connection, which now
//! leads to the server, or a clause. **Never** a name resolved here: the proxy gets it as it stands in the link.

use std::net::IpAddr;

use chatter_protocol::invite::Credentials;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use zeroize::Zeroizing;

use super::tor;
use crate::texts::text;

/// Asks the proxy at the other end of `stream` to connect it to `host` and `port`.
pub(super) async fn ask(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    host: &str,
    port: u16,
    credentials: Option<&Credentials>,
    tor: bool,
) -> Result<(), String> {
    let methods: &[u8] = match (credentials.is_some(), tor) {
        (false, _) => &[VERSION, 1, NO_LOGIN],
        (true, false) => &[VERSION, 2, NO_LOGIN, PASSWORD],
        // Nobody shall choose that all sessions are the same to it.
        (true, true) => &[VERSION, 1, PASSWORD],
    };
    tell(stream, methods).await?;
    match (read::<2>(stream).await?, credentials) {
        ([VERSION, NONE_OF_THEM], Some(_)) if tor => {
            return Err(text!("tor-takes-no-login"));
        }
        ([VERSION, NO_LOGIN], _) => {}
        ([VERSION, PASSWORD], Some(credentials)) => log_in(stream, credentials).await?,
        ([VERSION, NONE_OF_THEM], None) => return Err(text!("proxy-wants-login")),
        ([VERSION, _], _) => return Err(text!("socks-unknown-login")),
        _ => return Err(text!("socks-is-none")),
    }
    tell(stream, &request(host, port)?).await?;
    let [version, reply, _, kind] = read::<4>(stream).await?;
    if version != VERSION {
        return Err(text!("socks-is-none"));
    }
    if reply != 0 {
        if let Some(reason) = tor::reason(reply).filter(|_| tor && tor::is_onion(host)) {
            return Err(reason);
        }
        return Err(text!("socks-no-connection", host = host, port = port, reason = reason(reply)));
    }
    // The address it goes out by, which nobody needs.
    let length = match kind {
        IPV4 => 4,
        IPV6 => 16,
        NAME => usize::from(read::<1>(stream).await?[0]),
        _ => return Err(text!("socks-is-none")),
    };
    for _ in 0..length + 2 {
        read::<1>(stream).await?;
    }
    Ok(())
}

async fn log_in(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    credentials: &Credentials,
) -> Result<(), String> {
    let mut message = Zeroizing::new(vec![1]);
    for text in [credentials.user(), credentials.password()] {
        let length = u8::try_from(text.len()).map_err(|_| text!("socks-login-too-long"))?;
        message.push(length);
        message.extend_from_slice(text.as_bytes());
    }
    tell(stream, &message).await?;
    match read::<2>(stream).await? {
        [_, 0] => Ok(()),
        _ => Err(text!("proxy-refuses-login")),
    }
}

fn request(host: &str, port: u16) -> Result<Vec<u8>, String> {
    let mut request = vec![VERSION, CONNECT, 0];
    match host.parse() {
        Ok(IpAddr::V4(address)) => {
            request.push(IPV4);
            request.extend_from_slice(&address.octets());
        }
        Ok(IpAddr::V6(address)) => {
            request.push(IPV6);
            request.extend_from_slice(&address.octets());
        }
        Err(_) => {
            let length = u8::try_from(host.len()).map_err(|_| text!("socks-name-too-long", host = host))?;
            request.extend_from_slice(&[NAME, length]);
            request.extend_from_slice(host.as_bytes());
        }
    }
    request.extend_from_slice(&port.to_be_bytes());
    Ok(request)
}

async fn tell(stream: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> Result<(), String> {
    stream.write_all(bytes).await.map_err(|_| text!("proxy-cut"))
}

async fn read<const N: usize>(stream: &mut (impl AsyncRead + Unpin)) -> Result<[u8; N], String> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).await.map_err(|_| text!("proxy-cut"))?;
    Ok(bytes)
}

fn reason(reply: u8) -> String {
    match reply {
        2 => text!("socks-forbids"),
        3 => text!("socks-no-network"),
        4 => text!("socks-no-host"),
        5 => text!("socks-refused"),
        6 => text!("socks-unanswered"),
        7 | 8 => text!("socks-unable"),
        _ => text!("socks-no-reason"),
    }
}

const VERSION: u8 = 5;
const NO_LOGIN: u8 = 0;
const PASSWORD: u8 = 2;
const NONE_OF_THEM: u8 = 0xff;
const CONNECT: u8 = 1;
const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;

#[cfg(test)]
mod tests {
    use chatter_protocol::invite::Proxy;
    use tokio::io::duplex;

    use super::*;

    /// What asking says and comes to, where the proxy says all this.
    async fn check(url: &str, host: &str, replies: &[u8]) -> (Vec<u8>, Result<(), String>) {
        let proxy = Proxy::parse(url).expect("a proxy");
        let (mut ours, mut theirs) = duplex(1024);
        theirs.write_all(replies).await.expect("room");
        theirs.shutdown().await.expect("an end");
        let asked = ask(&mut ours, host, 8000, proxy.credentials(), host.ends_with(".onion")).await;
        drop(ours);
        let mut said = Vec::new();
        theirs.read_to_end(&mut said).await.expect("what was said");
        (said, asked)
    }

    #[tokio::test]
    async fn names_go_to_the_proxy_as_they_are() {
        let replies = b"\x05\x00\x05\x00\x00\x01\x7f\x00\x00\x01\x12\x34";
        let (said, asked) = check("socks5h://p", "files.example", replies).await;
        assert_eq!(
            (said.as_slice(), asked),
            (b"\x05\x01\x00\x05\x01\x00\x03\x0dfiles.example\x1f\x40".as_slice(), Ok(()))
        );
        let (said, _) = check("socks5h://p", "192.0.2.1", replies).await;
        assert_eq!(said[3..], *b"\x05\x01\x00\x01\xc0\x00\x02\x01\x1f\x40");
        let (said, asked) = check("socks5h://p", "::1", b"\x05\x00\x05\x00\x00\x03\x02hi\x12\x34").await;
        assert_eq!((&said[6..9], asked), (b"\x04\x00\x00".as_slice(), Ok(())));
    }

    #[tokio::test]
    async fn passwords_are_told_to_those_who_ask() {
        let replies = b"\x05\x02\x01\x00\x05\x00\x00\x01\x7f\x00\x00\x01\x12\x34";
        let (said, asked) = check("socks5h://u:pw@p", "h", replies).await;
        assert_eq!((&said[..11], asked), (b"\x05\x02\x00\x02\x01\x01u\x02pw\x05".as_slice(), Ok(())));
        let (said, asked) = check("socks5h://u:pw@p", "h", &[5, 0, 5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await;
        assert!(!said.windows(2).any(|two| two == b"pw"), "nobody asked");
        assert_eq!(asked, Ok(()));
    }

    #[tokio::test]
    async fn tor_hears_as_whom_one_comes_and_says_what_is_wrong() {
        let replies = b"\x05\x02\x01\x00\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00";
        let (said, asked) = check("socks5h://u:pw@p", "x.onion", replies).await;
        assert_eq!((&said[..10], asked), (b"\x05\x01\x02\x01\x01u\x02pw\x05".as_slice(), Ok(())));
        assert_eq!(said[10..], *b"\x01\x00\x03\x07x.onion\x1f\x40");
        let refused = check("socks5h://u:pw@p", "x.onion", b"\x05\xff").await.1.expect_err("no such way");
        assert!(refused.contains("is it Tor?"), "{refused}");
        for (reply, words) in [
            (0xf0, "nobody has published"),
            (0xf1, "can't be read"),
            (0xf2, "takes no introduction"),
            (0xf3, "meeting point"),
            (0xf4, "this Tor has none for it"),
            (0xf5, "does not take the key"),
            (0xf6, "no onion address"),
            (0xf7, "does not answer in time"),
            (1, "no way to the onion service"),
            (5, "refused there"),
        ] {
            let replies = [b"\x05\x02\x01\x00\x05".as_slice(), &[reply], b"\x00\x01"].concat();
            let error = check("socks5h://u:pw@p", "x.onion", &replies).await.1.expect_err(words);
            assert!(error.contains(words), "{error}");
        }
    }

    #[tokio::test]
    async fn what_is_in_the_way_is_said() {
        for (url, replies, words) in [
            ("socks5h://p", b"\x05\xff".as_slice(), "wants a user and a password"),
            ("socks5h://u:p@p", b"\x05\xff", "none of the ways to log in"),
            ("socks5h://u:p@p", b"\x05\x02\x01\x01", "does not take this user and password"),
            ("socks5h://p", b"\x05\x00\x05\x02\x00\x01", "rules don't allow"),
            ("socks5h://p", b"\x05\x00\x05\x05\x00\x01", "refused there"),
            ("socks5h://p", b"\x05\x00\x05\x00\x00\x09", "does not speak SOCKS5"),
            ("socks5h://p", b"HT", "does not speak SOCKS5"),
            ("socks5h://p", b"\x05", "closed the connection"),
        ] {
            let error = check(url, "h", replies).await.1.expect_err(words);
            assert!(error.contains(words), "{error}");
        }
    }
}

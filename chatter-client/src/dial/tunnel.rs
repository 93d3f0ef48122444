//! What is said to an HTTP proxy before it passes bytes on: `CONNECT` (RFC 9110 §9.3.6), as the copied browser says it.
//!
//! **In** a connection to the proxy, the server's name and port, user and password. **Out** the same connection, which now
//! leads to the server, or a clause. **Never** a request for the proxy to read: plain HTTP goes through a tunnel too.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chatter_protocol::invite::Credentials;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use zeroize::Zeroizing;

use crate::request::USER_AGENT;
use crate::response::HeadReader;
use crate::texts::text;

/// Asks the proxy at the other end of `stream` to connect it to `host` and `port`.
pub(super) async fn ask(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    host: &str,
    port: u16,
    credentials: Option<&Credentials>,
) -> Result<(), String> {
    let request = request(host, port, credentials);
    stream.write_all(request.as_bytes()).await.map_err(|_| text!("proxy-cut"))?;
    let mut reader = HeadReader::new();
    let mut chunk = [0; CHUNK_BYTES];
    let head = loop {
        let read = stream.read(&mut chunk).await.map_err(|_| text!("proxy-cut"))?;
        let bytes = chunk.get(..read).filter(|bytes| !bytes.is_empty()).ok_or_else(|| text!("proxy-cut"))?;
        if let Some(head) = reader.receive(bytes).map_err(|error| error.to_string())? {
            break head;
        }
    };
    match head.answer.status {
        // The server speaks second, so whatever comes along is not its.
        200..=299 if head.body.is_empty() => Ok(()),
        200..=299 => Err(text!("proxy-too-much")),
        407 if credentials.is_none() => Err(text!("proxy-wants-login")),
        407 => Err(text!("proxy-refuses-login")),
        status @ (403 | 405) => Err(text!("proxy-forbids", host = host, port = port, status = status)),
        status @ (502..=504) => Err(text!("proxy-unreachable", host = host, port = port, status = status)),
        status => Err(text!("proxy-no-connection", host = host, port = port, status = status)),
    }
}

fn request(host: &str, port: u16, credentials: Option<&Credentials>) -> Zeroizing<String> {
    let target = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    let mut request = Zeroizing::new(String::with_capacity(REQUEST_BYTES_MAX));
    for text in [
        "CONNECT ",
        &target,
        " HTTP/1.1\r\nHost: ",
        &target,
        "\r\nProxy-Connection: keep-alive\r\nUser-Agent: ",
    ] {
        request.push_str(text);
    }
    request.push_str(USER_AGENT);
    request.push_str("\r\n");
    if let Some(credentials) = credentials {
        let pair = Zeroizing::new([credentials.user(), ":", credentials.password()].concat());
        let word = Zeroizing::new(STANDARD.encode(pair.as_bytes()));
        for text in ["Proxy-Authorization: Basic ", &word, "\r\n"] {
            request.push_str(text);
        }
    }
    request.push_str("\r\n");
    request
}

/// Never grows, so leaves no copies of a password behind.
const REQUEST_BYTES_MAX: usize = 2048;
const CHUNK_BYTES: usize = 1024;

#[cfg(test)]
mod tests {
    use chatter_protocol::invite::Proxy;
    use tokio::io::duplex;

    use super::*;

    async fn check(url: &str, host: &str, answer: &[u8]) -> (String, Result<(), String>) {
        let proxy = Proxy::parse(url).expect("a proxy");
        let (mut ours, mut theirs) = duplex(4096);
        theirs.write_all(answer).await.expect("room");
        theirs.shutdown().await.expect("an end");
        let asked = ask(&mut ours, host, 8000, proxy.credentials()).await;
        drop(ours);
        let mut said = String::new();
        theirs.read_to_string(&mut said).await.expect("what was said");
        (said, asked)
    }

    #[tokio::test]
    async fn a_tunnel_is_asked_for() {
        let (said, asked) =
            check("http://p", "files.example", b"HTTP/1.1 200 Connection established\r\n\r\n").await;
        let expected = format!(
            "CONNECT files.example:8000 HTTP/1.1\r\nHost: files.example:8000\r\nProxy-Connection: keep-alive\r\n\
             User-Agent: {USER_AGENT}\r\n\r\n"
        );
        assert_eq!((said, asked), (expected, Ok(())));
        let (said, _) = check("http://u:pw@p", "::1", b"HTTP/1.0 200 OK\r\n\r\n").await;
        assert!(said.starts_with("CONNECT [::1]:8000 HTTP/1.1\r\n"), "{said}");
        assert!(said.ends_with("\r\nProxy-Authorization: Basic dTpwdw==\r\n\r\n"), "{said}");
    }

    #[tokio::test]
    async fn what_is_in_the_way_is_said() {
        for (url, answer, words) in [
            ("http://p", "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "wants a user and a password"),
            ("http://u:p@p", "HTTP/1.1 407 No\r\n\r\n", "does not take this user and password"),
            ("http://p", "HTTP/1.1 403 Forbidden\r\n\r\nbody", "port 443 alone"),
            ("http://p", "HTTP/1.1 503 No\r\n\r\n", "can't reach h port 8000 (503)"),
            ("http://p", "HTTP/1.1 400 No\r\n\r\n", "(400)"),
            ("http://p", "HTTP/1.1 200 OK\r\n\r\nhello", "more than it was asked for"),
            ("http://p", "\x05\x00", "does not speak HTTP"),
            ("http://p", "HTTP/1.1 200", "closed the connection"),
        ] {
            let error = check(url, "h", answer.as_bytes()).await.1.expect_err(words);
            assert!(error.contains(words), "{error}");
        }
    }
}

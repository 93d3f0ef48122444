//! The way to the server: a TCP connection, as its link asks for.
//!
//! **In** host and port. **Out** a connected stream, or a clause that says what is in the way.
//! **Never** HTTP.
//!
//! TLS, SOCKS5 and HTTP proxies have their place here: more kinds of [`Stream`].

use std::io;
use std::time::Duration;

use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

/// What a connection is made of.
pub(crate) type Stream = TcpStream;

/// The server, as one dials it.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    /// A name, or an address without brackets.
    pub(crate) host: String,
    /// The TCP port.
    pub(crate) port: u16,
}

impl Peer {
    /// The server at `host` (brackets around an IPv6 address are left out) and `port`.
    pub(crate) fn new(host: &str, port: u16) -> Self {
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        Self { host, port }
    }

    /// Connects to the first of its addresses that answers.
    pub(crate) async fn connect(&self) -> Result<Stream, String> {
        let Self { host, port } = self;
        let unknown = || format!("the name {host} is not known here");
        let addresses = match timeout(ADDRESS_TIMEOUT, lookup_host((host.as_str(), *port))).await {
            Ok(Ok(addresses)) => addresses,
            Ok(Err(_)) => return Err(unknown()),
            Err(_) => return Err(format!("nobody says where {host} is (name service does not answer)")),
        };
        let mut trouble = unknown();
        for address in addresses.take(ADDRESSES_MAX) {
            match timeout(ADDRESS_TIMEOUT, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    // Small requests must not wait for each other; where that can't be had, they do.
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
                    trouble = format!("{host} refuses connections on port {port} (does the server run?)");
                }
                Ok(Err(error)) => trouble = format!("{host} port {port} can't be reached ({error})"),
                Err(_) => trouble = format!("{host} port {port} does not answer"),
            }
        }
        Err(trouble)
    }
}

/// Of the addresses that a name has, this many are tried …
const ADDRESSES_MAX: usize = 4;
/// … and each for this long: enough for a slow way, little for somebody who waits.
const ADDRESS_TIMEOUT: Duration = Duration::from_secs(8);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn says_what_is_in_the_way() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        drop(listener);
        let error = Peer::new("127.0.0.1", port).connect().await.expect_err("nobody listens");
        assert!(error.contains("refuses connections"), "{error}");
        let error = Peer::new("no-such-host.invalid", 80).connect().await.expect_err("no such name");
        assert_eq!(error, "the name no-such-host.invalid is not known here");
    }

    #[tokio::test]
    async fn brackets_are_for_people() {
        assert_eq!(Peer::new("[::1]", 1).host, "::1");
    }
}

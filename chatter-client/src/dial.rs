//! The way to the server: a TCP connection, as its link asks for.
//!
//! **In** host and port. **Out** a connected stream, or a clause that says what is in the way.
//! **Never** HTTP.
//!
//! TLS, SOCKS5 and HTTP proxies have their place here: more kinds of [`Stream`].

use std::io;
use std::time::Duration;

use tokio::net::TcpStream;
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

    /// Connects, within [`CONNECT_TIMEOUT`].
    pub(crate) async fn connect(&self) -> Result<Stream, String> {
        let attempt = TcpStream::connect((self.host.as_str(), self.port));
        let stream = match timeout(CONNECT_TIMEOUT, attempt).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(self.explain(&error)),
            Err(_) => return Err(format!("{} port {} does not answer", self.host, self.port)),
        };
        stream.set_nodelay(true).map_err(|error| self.explain(&error))?;
        Ok(stream)
    }

    fn explain(&self, error: &io::Error) -> String {
        let Self { host, port } = self;
        if error.kind() == io::ErrorKind::ConnectionRefused {
            return format!("{host} refuses connections on port {port} (does the server run?)");
        }
        // What a resolver says has no kind of its own.
        if error.raw_os_error().is_none() && error.to_string().contains("lookup") {
            return format!("the name {host} is not known here");
        }
        format!("{host} port {port} can't be reached ({error})")
    }
}

/// Long enough for a slow onion, short enough for somebody who waits.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

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
        assert!(error.contains("no-such-host.invalid"), "{error}");
    }

    #[tokio::test]
    async fn brackets_are_for_people() {
        assert_eq!(Peer::new("[::1]", 1).host, "::1");
    }
}

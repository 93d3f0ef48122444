//! A TCP connection to a host by name or address.
//!
//! **In** host and port. **Out** a stream without delays, or a clause. **Never** a third party.

use std::io;
use std::time::Duration;

use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use crate::texts::text;

/// Connects to the first of its addresses that answers.
pub(super) async fn connect(host: &str, port: u16) -> Result<TcpStream, String> {
    let unknown = || text!("tcp-unknown", host = host);
    let addresses = match timeout(ADDRESS_TIMEOUT, lookup_host((host, port))).await {
        Ok(Ok(addresses)) => addresses,
        Ok(Err(_)) => return Err(unknown()),
        Err(_) => return Err(text!("tcp-no-names", host = host)),
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
                trouble = text!("tcp-refused", host = host, port = port);
            }
            Ok(Err(error)) => {
                trouble = text!("tcp-failed", host = host, port = port, error = error.to_string())
            }
            Err(_) => {
                trouble = text!("tcp-silent", host = host, port = port);
            }
        }
    }
    Err(trouble)
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
        let error = connect("127.0.0.1", port).await.expect_err("nobody listens");
        assert!(error.contains("refuses connections"), "{error}");
        let error = connect("no-such-host.invalid", 80).await.expect_err("no such name");
        assert!(error.starts_with("the name no-such-host.invalid is not known here"), "{error}");
    }
}

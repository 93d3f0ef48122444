//! Asks an onion service for its first page, as a stranger through tor would.
//!
//! **In** a SOCKS port (RFC 1928), an onion address and port. **Out** whether a web server answers. **Never** a name looked
//! up here; never a token, so that to the daemon it is one knock.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Tries until it answers, or the time is over.
///
/// # Errors
/// What the last try came to.
pub(super) async fn reach(socks: SocketAddr, host: &str, port: u16, limit: Duration) -> io::Result<()> {
    let end = tokio::time::Instant::now() + limit;
    loop {
        let tried = tokio::time::timeout_at(end, page(socks, host, port)).await;
        match tried {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) if tokio::time::Instant::now() + PAUSE >= end => return Err(error),
            Ok(Err(_)) => tokio::time::sleep(PAUSE).await,
            Err(_) => return Err(io::ErrorKind::TimedOut.into()),
        }
    }
}

async fn page(socks: SocketAddr, host: &str, port: u16) -> io::Result<()> {
    let mut stream = TcpStream::connect(socks).await?;
    stream.write_all(&[5, 1, 0]).await?;
    let mut chosen = [0; 2];
    stream.read_exact(&mut chosen).await?;
    if chosen != [5, 0] {
        return Err(io::Error::other("this is no SOCKS port that takes everybody"));
    }
    let length = u8::try_from(host.len()).map_err(io::Error::other)?;
    let mut request = vec![5, 1, 0, 3, length];
    request.extend_from_slice(host.as_bytes());
    request.extend_from_slice(&port.to_be_bytes());
    stream.write_all(&request).await?;
    let mut reply = [0; 10];
    stream.read_exact(&mut reply).await?;
    if reply.get(1) != Some(&0) {
        return Err(io::Error::other("tor does not find it yet"));
    }
    stream
        .write_all(format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").as_bytes())
        .await?;
    let mut begun = [0; 5];
    stream.read_exact(&mut begun).await?;
    if &begun == b"HTTP/" { Ok(()) } else { Err(io::Error::other("what answers there is no web server")) }
}

const PAUSE: Duration = Duration::from_secs(1);

//! One request by a connection of its own, as `ab` or a browser without keep-alive makes it.
//!
//! **In** an address, a request's bytes. **Out** how long it took. **Never** a connection used twice.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::bail;

/// How long an answer took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answered {
    /// From before connecting to the end.
    pub(crate) whole: Duration,
    /// From the request's last byte to the answer's first.
    pub(crate) first: Duration,
}

/// Fetches once; the answer must have a status line that begins so.
pub(crate) fn fetch(address: SocketAddr, request: &[u8], status: &str) -> anyhow::Result<Answered> {
    let start = Instant::now();
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let connected = Instant::now();
    stream.write_all(request)?;
    let mut buffer = [0; 16_384];
    let length = stream.read(&mut buffer)?;
    let first = connected.elapsed();
    let line = buffer.get(..length).unwrap_or_default();
    if !line.starts_with(b"HTTP/1.") || line.get(9..12) != Some(status.as_bytes()) {
        bail!(
            "not a {status}: {:?}",
            String::from_utf8_lossy(line.get(..60.min(line.len())).unwrap_or_default())
        );
    }
    // A RST behind the FIN is an end, too.
    while stream.read(&mut buffer).is_ok_and(|length| length > 0) {}
    Ok(Answered { whole: start.elapsed(), first })
}

/// Python's queue may make somebody wait for TCP's third try.
const PATIENCE: Duration = Duration::from_secs(30);

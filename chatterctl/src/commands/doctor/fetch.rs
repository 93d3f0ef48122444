//! Asks a port as a stranger would: one request, and everything that comes back.
//!
//! **In** an address, bytes. **Out** the answer, bounded. **Never** a wait without an end.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

/// All that comes back until the other side closes.
pub(super) fn fetch(address: SocketAddr, request: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    stream.write_all(request)?;
    // Whatever was asked, there is no more to come.
    let _ = stream.shutdown(Shutdown::Write);
    let mut answer = Vec::new();
    match stream.take(ANSWER_LEN_MAX).read_to_end(&mut answer) {
        // What was sent before a reset counts.
        Err(error) if answer.is_empty() => Err(error),
        Ok(_) | Err(_) => Ok(answer),
    }
}

/// `GET` or `HEAD` of a path.
pub(super) fn ask(address: SocketAddr, method: &str, path: &str) -> io::Result<Vec<u8>> {
    fetch(address, format!("{method} {path} HTTP/1.0\r\nHost: {address}\r\n\r\n").as_bytes())
}

/// A header's value.
pub(super) fn header(answer: &[u8], name: &str) -> Option<String> {
    let head = answer.windows(4).position(|four| four == b"\r\n\r\n").map_or(answer, |end| &answer[..end]);
    let head = String::from_utf8_lossy(head).into_owned();
    head.lines()
        .skip(1)
        .filter_map(|line| line.split_once(':'))
        .find_map(|(key, value)| key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned()))
}

const TIMEOUT: Duration = Duration::from_secs(5);
/// More than any listing; of a large file its beginning.
const ANSWER_LEN_MAX: u64 = 4 * 1024 * 1024;

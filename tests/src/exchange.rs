//! Exactly these bytes to a server, and all that it answers.
//!
//! **In** a request's bytes, an address to come from. **Out** the answer's bytes and how the connection ended. **Never** a
//! library's idea of HTTP.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use memchr::memmem;
use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::IpBindAddressNoPort;
use socket2::{Domain, Socket, Type};

/// What a server answered.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// Every byte.
    pub bytes: Vec<u8>,
    /// How it ended.
    pub ending: Ending,
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// In order.
    Fin,
    /// By a reset.
    Reset,
    /// Not at all, for as long as one cared to wait.
    Open,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.bytes.get(..SHOWN).unwrap_or(&self.bytes);
        let text = String::from_utf8_lossy(shown);
        write!(f, "{} bytes, {:?}: {text:?}", self.bytes.len(), self.ending)
    }
}

impl Answer {
    /// The same with its `Date` blanked, the one thing that differs from second to second.
    #[must_use]
    pub fn without_date(self) -> Self {
        Self { bytes: without_line(&self.bytes, "Date"), ending: self.ending }
    }
}

/// Sends these bytes from 127.0.0.`from`, and takes what comes until the end.
///
/// # Panics
/// Where there is no connection.
pub fn exchange(to: SocketAddr, from: u8, request: &[u8]) -> Answer {
    exchange_within(to, from, request, END_TIMEOUT)
}

/// The same, waiting no longer than `limit` for each next byte.
///
/// # Panics
/// Where there is no connection.
pub fn exchange_within(to: SocketAddr, from: u8, request: &[u8], limit: Duration) -> Answer {
    let stream = connect(to, [127, 0, 0, from].into()).unwrap_or_else(|error| panic!("{to}: {error}"));
    converse(stream, request, Afterwards::Wait(limit))
}

/// What a client does when all is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Afterwards {
    /// It keeps its side open, and waits so long for each next byte.
    Wait(Duration),
    /// It closes its side: that is the end of its request, whatever the request lacks.
    HalfClose,
}

/// Sends these bytes, and takes what comes until the end.
///
/// # Panics
/// Where the system refuses a timeout.
pub fn converse(mut stream: TcpStream, request: &[u8], afterwards: Afterwards) -> Answer {
    // A server that has heard enough may have closed by then.
    let _ = stream.write_all(request);
    let limit = match afterwards {
        Afterwards::Wait(limit) => limit,
        Afterwards::HalfClose => {
            let _ = stream.shutdown(Shutdown::Write);
            END_TIMEOUT
        }
    };
    stream.set_read_timeout(Some(limit)).expect("a timeout can be set");
    let mut bytes = Vec::new();
    let mut chunk = vec![0; 64 * 1024];
    let ending = loop {
        match stream.read(&mut chunk) {
            Ok(0) => break Ending::Fin,
            Ok(read) => bytes.extend_from_slice(chunk.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => break Ending::Open,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => break Ending::Reset,
        }
    };
    Answer { bytes, ending }
}

/// A connection that comes from this address.
///
/// # Errors
/// What the system says.
pub fn connect(to: SocketAddr, from: IpAddr) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(to), Type::STREAM, None)?;
    if to.is_ipv4() {
        // The port is chosen when it is known where to: one that has just been used towards somebody else will do.
        setsockopt(&socket, IpBindAddressNoPort, &true)?;
    }
    socket.bind(&SocketAddr::new(from, 0).into())?;
    socket.connect(&to.into())?;
    let stream = TcpStream::from(socket);
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// An answer or request whose header `name`, if it is there, has no value.
pub fn without_line(bytes: &[u8], name: &str) -> Vec<u8> {
    let head_len = memmem::find(bytes, b"\r\n\r\n").map_or(0, |at| at + 4);
    let (head, body) = bytes.split_at(head_len);
    let needle = format!("\r\n{name}: ");
    let Some(at) = memmem::find(head, needle.as_bytes()) else { return bytes.to_vec() };
    let (before, rest) = head.split_at(at + needle.len());
    let value_len = memmem::find(rest, b"\r\n").unwrap_or(rest.len());
    [before, rest.get(value_len..).unwrap_or_default(), body].concat()
}

/// The value of a header.
pub fn header<'a>(head: &'a [u8], name: &str) -> Option<&'a str> {
    let text = head.get(..memmem::find(head, b"\r\n\r\n")?)?;
    let text = std::str::from_utf8(text).ok()?;
    text.split("\r\n").find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

/// How long an answer may pause before it counts as one that does not end.
const END_TIMEOUT: Duration = Duration::from_secs(10);
/// Of an answer, in a failure's text.
const SHOWN: usize = 400;

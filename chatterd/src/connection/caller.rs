//! Who is connected, and for whom he speaks.
//!
//! **In** a stream just accepted. **Out** a [`Source`], once the PROXY header and the request have been read, where the
//! entrance wants to know them. **Never** a byte of the request taken with the header: what lies unread in the kernel at
//! the end is what would lie there without a front.

use std::io;
use std::os::fd::AsRawFd as _;
use std::sync::Arc;

use nix::sys::socket::{MsgFlags, recv};
use tokio::io::Interest;
use tokio::net::TcpStream;
use zeroize::Zeroize as _;

use crate::circuit::CircuitReader;
use crate::entrance::Manners;
use crate::http::Request;
use crate::listener::crowd::Seat;
use crate::proxy_header::{HeaderError, HeaderReader, Received};
use crate::source::Source;

/// The other end of a connection.
pub(crate) struct Caller {
    /// Whoever connected.
    pub(crate) peer: Source,
    /// How he is met.
    pub(crate) manners: Arc<Manners>,
}

impl Caller {
    /// Hears the PROXY header, where one is required: whoever is behind it is the peer from then on. False where there
    /// is none, and the connection is to end.
    pub(super) async fn introduce(&mut self, stream: &TcpStream, seat: &Seat) -> bool {
        if self.manners.proxy_header.is_none() {
            return true;
        }
        let mut reader = match self.manners.tor {
            Some(host) => Reader::Circuit(CircuitReader::new(host)),
            None => Reader::Header(HeaderReader::default()),
        };
        loop {
            match stream.async_io(Interest::READABLE, || receive(stream, &mut reader)).await {
                Ok(Heard::Header(peer)) => {
                    self.peer = peer;
                    return true;
                }
                Ok(Heard::Part) => seat.active(),
                Ok(Heard::Nonsense) | Err(_) => return false,
            }
        }
    }

    /// Whom this request is counted against.
    pub(super) fn source(&self, request: &Request) -> Source {
        self.manners.trust.source(self.peer, request)
    }
}

/// What is read first.
enum Reader {
    Header(HeaderReader),
    Circuit(CircuitReader),
}

impl Reader {
    fn receive(&mut self, input: &[u8]) -> Result<Received, HeaderError> {
        match self {
            Self::Header(reader) => reader.receive(input),
            Self::Circuit(reader) => reader.receive(input),
        }
    }
}

enum Heard {
    Part,
    Header(Source),
    Nonsense,
}

/// Looks at what has come, and takes what of it is the header's.
fn receive(stream: &TcpStream, reader: &mut Reader) -> io::Result<Heard> {
    let mut buffer = [0; PEEKED];
    let flags = MsgFlags::MSG_PEEK | MsgFlags::MSG_DONTWAIT;
    let peeked = recv(stream.as_raw_fd(), &mut buffer, flags)?;
    let received = reader.receive(buffer.get(..peeked).unwrap_or_default());
    buffer.zeroize();
    let received = match received {
        Ok(received) if received.taken > 0 => received,
        // Damaged, or over before it was whole.
        Ok(_) | Err(_) => return Ok(Heard::Nonsense),
    };
    let header = buffer.get_mut(..received.taken).unwrap_or_default();
    let taken = recv(stream.as_raw_fd(), header, MsgFlags::MSG_DONTWAIT)?;
    buffer.zeroize();
    if taken != received.taken {
        return Ok(Heard::Nonsense);
    }
    Ok(received.source.map_or(Heard::Part, Heard::Header))
}

/// As much as headers usually have.
const PEEKED: usize = 512;

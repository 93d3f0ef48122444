//! A listening socket of either family.
//!
//! **In** newcomers. **Out** their streams, and where each comes from. **Never** a look at what they send.

use std::io;
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::net::UnixListener;

use crate::source::Source;

/// A listening socket.
#[derive(Debug)]
pub(super) enum Acceptor {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// A newcomer.
pub(super) type Arrival = io::Result<(TcpStream, Source)>;

impl Acceptor {
    pub(super) fn accept(&self) -> Arrival {
        match self {
            Self::Tcp(socket) => socket.accept().map(|(stream, peer)| (stream, peer.into())),
            // Reading, writing and the end are the same calls for both families, and nobody asks for more.
            Self::Unix(socket) => {
                socket.accept().map(|(stream, _)| (TcpStream::from(OwnedFd::from(stream)), Source::Local))
            }
        }
    }
}

impl AsFd for Acceptor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(socket) => socket.as_fd(),
            Self::Unix(socket) => socket.as_fd(),
        }
    }
}

impl AsRawFd for Acceptor {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

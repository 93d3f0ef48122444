//! Turns away, before anything is spent on it, a connection that the door wants nothing to do with.
//!
//! **In**: a connection just accepted. **Out**: whether it may be dropped: its request is there, whole, and turned away.
//! **Never**: a byte taken from a connection that goes on, a wait, or an answer.

use crate::connection::Doorkeeper;
use crate::decoy::Persona;
use crate::http::HeadReader;
use crate::source::Source;
use nix::sys::socket::{MsgFlags, recv};
use socket2::SockRef;
use std::net::TcpStream;
use std::os::fd::{AsFd, AsRawFd as _};
use std::time::Duration;

/// Whether the connection is to be dropped at once. Where its request has not come yet, or not as a whole, it is left
/// to [`serve`](crate::connection::serve), which asks the door again.
pub(super) fn is_turned_away(
    stream: &TcpStream,
    peer: Source,
    persona: Persona,
    door: &impl Doorkeeper,
) -> bool {
    if !door.shuns(peer) {
        return false;
    }
    let mut buffer = [0; PEEKED];
    let peek = MsgFlags::MSG_PEEK | MsgFlags::MSG_DONTWAIT;
    let Ok(length) = recv(stream.as_raw_fd(), &mut buffer, peek) else { return false };
    let request = HeadReader::new(persona).receive(buffer.get(..length).unwrap_or_default());
    request.is_some_and(|request| door.turns_away(&request, peer))
}

/// Ends a connection that is turned away with a reset: nothing of it stays in the kernel, which for each connection
/// closed in order would remember it for a minute.
pub(crate) fn reset(stream: &impl AsFd) {
    // Where it fails, the connection is over anyway.
    let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
}

/// A request that is longer than what browsers send is read as everybody's.
const PEEKED: usize = 2048;

//! Accepts as Python's `socketserver` does: one connection a turn, each turn as long as its own.
//!
//! **In**: a listening socket with Python's backlog. **Out**: connections, none faster than Python would take it.
//! **Never**: a timer of the runtime: those count milliseconds, a turn takes a tenth of one.

use super::acceptor::{Acceptor, Arrival};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::io;
use std::os::fd::AsFd;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::mpsc;

/// What the accepting thread hands on.
pub(super) struct Turns(mpsc::Receiver<Arrival>);

/// Starts the thread; it ends soon after what it hands on to is gone.
pub(super) fn take(socket: Acceptor) -> Turns {
    let (hand_on, arrivals) = mpsc::channel(1);
    tokio::task::spawn_blocking(move || {
        while !hand_on.is_closed() {
            let arrival = match wait(&socket) {
                Ok(false) => continue,
                Ok(true) => socket.accept(),
                Err(error) => Err(error),
            };
            if arrival.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock) {
                continue;
            }
            if hand_on.blocking_send(arrival).is_err() {
                return;
            }
            std::thread::sleep(TURN);
        }
    });
    Turns(arrivals)
}

impl Turns {
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Arrival> {
        let gone = || Err(io::Error::new(io::ErrorKind::BrokenPipe, "the accepting thread has ended"));
        self.0.poll_recv(context).map(|arrival| arrival.unwrap_or_else(gone))
    }
}

/// Whether somebody knocks within a moment.
fn wait(socket: &Acceptor) -> io::Result<bool> {
    let mut events = [PollFd::new(socket.as_fd(), PollFlags::POLLIN)];
    match poll(&mut events, PollTimeout::from(MOMENT)) {
        Ok(count) => Ok(count > 0),
        Err(nix::errno::Errno::EINTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// What `poll`, `accept` and the start of a thread take of Python's time.
const TURN: Duration = Duration::from_micros(100);
/// How long the thread may outlive its listener, in milliseconds.
const MOMENT: u8 = 100;

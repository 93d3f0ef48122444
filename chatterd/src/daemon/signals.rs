//! What tells the daemon to read its settings anew, or to end.
//!
//! **In** signals, and the operator's word. **Out** a [`Word`]. **Never** what comes of it.

use std::io;

use crate::operator::Operator;

pub(super) struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
    /// What it means that the terminal is gone, or that somebody calls.
    hung_up: Word,
}

/// What the daemon is told to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Reload,
    End,
}

impl Signals {
    /// Where it is only `tried` at a terminal, it ends with that.
    pub(super) fn listen(tried: bool) -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            hung_up: if tried { Word::End } else { Word::Reload },
        })
    }

    pub(super) async fn next(&mut self, operator: &Operator) -> Word {
        tokio::select! {
            _ = self.interrupt.recv() => Word::End,
            _ = self.terminate.recv() => Word::End,
            () = operator.told_to_stop() => Word::End,
            _ = self.hang_up.recv() => self.hung_up,
        }
    }
}

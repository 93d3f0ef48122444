//! Bytes on their way from the relay to one link's connection.
//!
//! **In** sealed bytes, and the word that the link is over. **Out** all that waits, at once. **Never** a limit of its
//! own: the session's queue bounds what is unacknowledged, and with it what waits here.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// What waits for a connection.
#[derive(Debug, Default)]
pub struct Outbox {
    waiting: Mutex<Waiting>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    bytes: Vec<u8>,
    end: Option<End>,
}

/// How a link is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The carrier's length is nearly used up: fill it.
    Exhausted,
    /// Close the connection.
    Closed,
}

impl Outbox {
    /// Adds bytes.
    pub fn put(&self, bytes: Vec<u8>) {
        let mut waiting = self.waiting();
        if waiting.bytes.is_empty() {
            waiting.bytes = bytes;
        } else {
            waiting.bytes.extend_from_slice(&bytes);
        }
        drop(waiting);
        self.changed.notify_one();
    }

    /// The carrier's length is nearly used up.
    pub fn exhaust(&self) {
        self.end(End::Exhausted);
    }

    /// The connection is to be closed.
    pub fn close(&self) {
        self.end(End::Closed);
    }

    /// Waits for bytes or the end; bytes first.
    pub async fn take(&self) -> (Vec<u8>, Option<End>) {
        loop {
            {
                let mut waiting = self.waiting();
                if !waiting.bytes.is_empty() || waiting.end.is_some() {
                    return (std::mem::take(&mut waiting.bytes), waiting.end);
                }
            }
            self.changed.notified().await;
        }
    }

    fn end(&self, end: End) {
        self.waiting().end.get_or_insert(end);
        self.changed.notify_one();
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

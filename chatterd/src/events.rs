//! What happens in the daemon, told to whoever watches.
//!
//! **In** events from relay, ledger and operator. **Out** each of them to every watcher. **Never** who talks to whom, who is
//! in which room, or what is said; nothing is kept where nobody watches.

use std::sync::Arc;

use tokio::sync::broadcast;

use crate::ledger::News;

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A ban began or is over.
    Ledger(Box<News>),
    /// A session came, came back or ended.
    Session {
        /// Counts sessions since the start.
        number: u64,
        /// What became of it.
        change: SessionChange,
    },
    /// An access code.
    Code {
        /// Its name, empty for the one for everybody.
        name: String,
        /// What became of it.
        change: CodeChange,
    },
    /// The settings were read anew.
    Reloaded(crate::config::Changes),
    /// The daemon ends.
    Stopping,
}

/// What became of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionChange {
    /// Its member proved himself.
    Came,
    /// Its member has a new connection.
    CameBack,
    /// Its member said so, or was away for too long.
    Left,
    /// The daemon or the operator ended it.
    Ended,
}

/// What became of an access code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeChange {
    /// It is new.
    Made,
    /// Another one took its place.
    Rotated,
    /// The operator ended it.
    Revoked,
    /// Its time was over.
    Expired,
}

/// Where events are told and heard.
#[derive(Clone, Debug)]
pub struct Events(broadcast::Sender<Arc<Event>>);

impl Default for Events {
    fn default() -> Self {
        Self(broadcast::Sender::new(UNHEARD_MAX))
    }
}

impl Events {
    /// Tells everybody who watches; what is not heard by anybody is not made.
    pub fn tell(&self, event: impl FnOnce() -> Event) {
        if self.is_watched() {
            // The last watcher may just have gone.
            let _ = self.0.send(Arc::new(event()));
        }
    }

    /// Hears what is told from now on.
    pub fn watch(&self) -> broadcast::Receiver<Arc<Event>> {
        self.0.subscribe()
    }

    /// Whether anybody hears.
    pub fn is_watched(&self) -> bool {
        self.0.receiver_count() > 0
    }
}

/// Events that a watcher may be behind: more than a second's news of the ledger.
const UNHEARD_MAX: usize = 4096;

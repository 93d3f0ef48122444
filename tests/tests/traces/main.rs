//! Members leave no trace: whatever a stranger sends, now, later or before its owner, gets what the real Python gives,
//! and nothing of it stays.

mod chatting;
mod forms;
mod held_back;
mod markers;
mod recorded;
mod servers;

#[path = "../../../chatterd/tests/decoy"]
mod decoy {
    pub(crate) mod catalogue;
    pub(crate) mod directory;
    pub(crate) mod grammar;
    pub(crate) mod mutation;
    #[expect(dead_code, reason = "what only the decoy's own tests need")]
    pub(crate) mod probe;
}

// Where the decoy's own tests have them.
use decoy::{catalogue, directory, grammar, mutation, probe};

/// One test at a time: each asks as much of the machine as there is.
fn alone() -> std::sync::MutexGuard<'static, ()> {
    static TURN: std::sync::Mutex<()> = std::sync::Mutex::new(());
    TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

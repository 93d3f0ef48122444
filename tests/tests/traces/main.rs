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
    pub(crate) mod mutation;
    #[expect(dead_code, reason = "what only the decoy's own tests need")]
    pub(crate) mod probe;
}

// Where the decoy's own tests have them.
use decoy::{catalogue, directory, mutation, probe};

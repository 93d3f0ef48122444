//! What must hold for any bytes that a stranger, a member or a network brings.
//!
//! Each target is a function, so that plain `cargo test` replays the corpora and `cargo fuzz` looks for new inputs
//! (`libfuzzer/`, a crate of its own because it needs the nightly compiler).
//!
//! **In**: bytes. **Out**: nothing, or a panic that says what does not hold. **Never**: a socket, a file.
#![forbid(unsafe_code)]

mod answers;
mod conversation;
mod decoy;
mod frames;
mod head;
mod links;
mod machines;
mod pairs;
mod people;
mod proxy_header;
mod records;
mod sessions;
mod sources;
mod tokens;
mod tor;
mod transfers;

pub use answers::answers;
pub use conversation::conversation;
pub use decoy::decoy_answers;
pub use frames::frames;
pub use head::request_head;
pub use links::links;
pub use machines::{client_session, server_session};
pub use pairs::pairs;
pub use people::people;
pub use proxy_header::proxy_header;
pub use records::records;
pub use sessions::sessions;
pub use sources::sources;
pub use tokens::tokens;
pub use tor::{circuits, control_replies};
pub use transfers::transfers;

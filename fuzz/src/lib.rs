//! What must hold for any bytes a stranger sends.
//!
//! Each target is a function, so that plain `cargo test` replays the corpora and `cargo fuzz` looks for new inputs
//! (`libfuzzer/`, a crate of its own because it needs the nightly compiler).
//!
//! **In**: bytes. **Out**: nothing, or a panic that says what does not hold. **Never**: a socket, a file.
#![forbid(unsafe_code)]

mod decoy;
mod head;
mod proxy_header;

pub use decoy::decoy_answers;
pub use head::request_head;
pub use proxy_header::proxy_header;

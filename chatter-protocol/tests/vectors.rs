//! The vectors of a second implementation, which was written from docs/protocol.md alone: `vectors/make.py`.
//!
//! **In** `vectors/*.json`. **Out** whatever is computed otherwise here than there, both ways where there are two. **Never** a
//! value that this crate computed before and is compared with itself.

#[path = "vectors/carrier.rs"]
mod carrier;
#[path = "vectors/limits.rs"]
mod limits;
#[path = "vectors/links.rs"]
mod links;
#[path = "vectors/message.rs"]
mod message;
#[path = "vectors/published.rs"]
mod published;
#[path = "vectors/read.rs"]
mod read;
#[path = "vectors/room.rs"]
mod room;
#[path = "vectors/transfer.rs"]
mod transfer;
#[path = "vectors/versions.rs"]
mod versions;

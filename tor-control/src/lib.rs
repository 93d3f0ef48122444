//! Tor's control port: where it is, what proves that one may use it, what is said there.
//!
//! ```text
//! place, proof ──connection──> bytes ──reply──> replies, events
//!                    └──proof (authentication): cookie, SAFECOOKIE, password
//! ```
//!
//! **In** a place and a proof. **Out** a connection that is authenticated, answers to commands, events. **Never** a key
//! or a password in an error's text, nor in an argument.
//!
//! Words and replies are those of tor's control protocol, version 1 (spec.torproject.org/control-spec). Of the crates that
//! speak it none was kept up when this was written.
#![forbid(unsafe_code)]

pub mod connection;
pub mod place;
pub mod proof;
pub mod reply;
pub mod words;

pub use connection::{Connection, ControlError};
pub use place::{Place, Proof};
pub use reply::Reply;

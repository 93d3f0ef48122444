//! What members promise each other, end to end.
//!
//! ```text
//! relay frames ─> conversation ─> peer ─> pair (handshake) ─> ratchet (one key a frame)
//!                      │                                        │
//!                      └──────────> message (body, commitment) <┘ (its key, wrapped)
//! ```
pub mod conversation;
pub mod hello;
pub mod identity;
pub mod message;
pub mod pair;
pub mod passphrase;
pub mod ratchet;
pub mod secret;
pub mod transfer;
pub mod verify;
pub mod view;
pub mod words;

//! What members promise each other, end to end.
//!
//! ```text
//! relay frames ─> conversation ─> peer ─> pair (handshake) ─> ratchet (one key a frame)
//!                      │                                        │
//!                      └──────────> message (body, commitment) <┘ (its key, wrapped)
//! ```
pub mod conversation;
pub mod hello;
pub mod message;
pub mod pair;
pub mod ratchet;
pub mod secret;
pub mod view;

//! What members promise each other, end to end.
pub mod conversation;
pub mod message;
pub mod pair;
pub mod ratchet;
pub mod secret;

//! The messages of chatter, generated from the files in `proto/proto`.
//!
//! - [`relay`]: frames between a client and the relay, inside a session;
//! - [`room`]: what members tell each other, end to end;
//! - `admin` (feature `admin`): the operator's gRPC API and a client for it.
#![cfg_attr(not(feature = "admin"), no_std)]

extern crate alloc;

/// Frames between a client and the relay.
#[allow(missing_docs, clippy::allow_attributes, reason = "generated code; relay.proto documents it")]
pub mod relay {
    include!(concat!(env!("OUT_DIR"), "/chatter.relay.v1.rs"));
}

/// What members tell each other, end to end.
#[allow(missing_docs, clippy::allow_attributes, reason = "generated code; room.proto documents it")]
pub mod room {
    include!(concat!(env!("OUT_DIR"), "/chatter.room.v1.rs"));
}

#[cfg(feature = "admin")]
pub mod admin;

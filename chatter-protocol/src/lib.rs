//! All decisions of both ends of chatter. No sockets, no clock, no randomness of its own.
#![forbid(unsafe_code)]
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod access;
pub mod chaff;
pub mod client;
pub mod code;
pub mod entropy;
pub mod frame;
pub mod handshake;
pub mod ids;
pub mod invite;
pub mod limits;
pub mod noise;
pub mod record;
pub mod replay;
pub mod room;
pub mod seal;
pub mod server;
pub mod stack;
pub mod tag;
pub mod time;
pub mod token;

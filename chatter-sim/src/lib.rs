//! Whole sessions without sockets: real clients, the real server, and a network that does what networks do.
//!
//! ```text
//! Talk: members who join, speak, come back; what must be true of them
//!   └─ World: the clock, clients' sessions, what is on its way
//!        ├─ Host: the server's process, its door, its wall clock, its restarts
//!        ├─ Network: connections that break at any byte, wait, are copied and repeated
//!        └─ Dice: a seed, or a fuzzer's bytes, that decide all of it
//! ```
//!
//! **In** a seed or a script. **Out** what each client was told; a panic that says what does not hold. **Never** a
//! socket, a real clock, or a run that can't be repeated.
#![forbid(unsafe_code)]

pub mod dice;
pub mod host;
pub mod network;
pub mod peer;
pub mod talk;
pub mod weather;
pub mod world;

pub use dice::Dice;
pub use host::Host;
pub use peer::Peer;
pub use talk::Talk;
pub use weather::Weather;
pub use world::World;

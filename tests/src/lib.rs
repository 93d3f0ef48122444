//! What the end-to-end tests stand on: the real programs as processes, a recorder between them, real peers beside.
//!
//! ```text
//! Client ──▶ Recorder ──▶ Daemon ◀── Operator
//!               │            ▲
//!            exchanges   exchange() ──▶ PythonServer
//! ```
//!
//! **In** built binaries, free ports, temporary folders. **Out** processes that end with the test, whatever happens.
//! **Never** a wait without a bound, or one that does not say what it waited for.

pub mod chaos;
pub mod client;
pub mod company;
pub mod daemon;
pub mod ending;
pub mod exchange;
pub mod forgetting;
pub mod ground;
pub mod load;
pub mod memory;
pub mod namespaces;
pub mod operator;
pub mod process;
pub mod programs;
pub mod proxy;
pub mod python;
pub mod recorder;
pub mod secure;
pub mod strangers;
pub mod syn;
pub mod terminal;
pub mod wine;

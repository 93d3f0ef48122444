//! The client's side: the carrier, link by link.

mod link;
pub mod session;
mod up;

pub use session::{End, LinkAnswer, Output, Session};
pub use up::UpId;

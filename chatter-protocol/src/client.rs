//! The client's side: the carrier, link by link.

mod link;
mod output;
pub mod session;
mod up;

pub use output::{End, LinkAnswer, Output};
pub use session::Session;
pub use up::UpId;

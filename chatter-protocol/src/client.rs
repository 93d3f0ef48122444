//! The client's side: the carrier, link by link.

mod clock;
mod link;
mod output;
pub mod session;
mod up;
mod way_back;

pub use output::{End, LinkAnswer, Output};
pub use session::Session;
pub use up::UpId;

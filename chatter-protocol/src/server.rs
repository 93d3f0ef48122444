//! The daemon's side.
pub mod relay;

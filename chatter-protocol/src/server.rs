//! The daemon's side.

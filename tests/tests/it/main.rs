//! The real programs, end to end.

mod admin;
mod carrier;
mod knocks;
mod nothing_kept;
mod replay;
mod resume;
mod send;
mod settings;
mod shutdown;
mod talk;

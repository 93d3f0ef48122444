//! The real programs, end to end.

mod admin;
mod forgotten;
mod knocks;
mod load;
mod nothing_kept;
mod replay;
mod resume;
mod send;
mod settings;
mod shutdown;
mod talk;

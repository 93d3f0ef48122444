//! The real programs, end to end.

mod talk;

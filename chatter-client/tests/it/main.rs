//! The real binary: what it says, where, and with which exit code it ends.

mod command_line;
mod no_room;
mod people;
mod platforms;
mod program;
mod server;
mod talk;

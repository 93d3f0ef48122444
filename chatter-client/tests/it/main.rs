//! The real binary: what it says, where, and with which exit code it ends.

mod command_line;
mod forget;
mod no_room;
mod people;
mod platforms;
mod profiles;
mod program;
mod scripts;
mod server;
mod talk;

//! The real binary: what it says, where, and with which exit code it ends.

mod command_line;
mod forget;
mod no_room;
mod people;
mod profiles;
mod platforms;
mod program;
mod scripts;
mod server;
mod talk;

//! Starts the program once more, without what the environment should not have held.
//!
//! The system shows a process's first environment for as long as that lives (`/proc/<pid>/environ`), and no program can
//! take a variable out of it: only a new one, under the same process id, begins without it.
//!
//! **In** the names of variables that may hold a secret. **Out** this program anew, told their names and no more.
//! **Never** a second round: the new one finds none of them.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// The variable that tells the new program what was taken out, as names with commas between.
pub const TAKEN_OUT: &str = "CHATTERD_TAKEN_OUT";

/// Replaces this process. Comes back only where the system refused, with what it said.
pub fn start_without(names: &[OsString]) -> io::Error {
    let program = match std::env::current_exe() {
        Ok(program) => program,
        Err(error) => return error,
    };
    let mut arguments = std::env::args_os();
    let mut command = Command::new(program);
    if let Some(name) = arguments.next() {
        command.arg0(name);
    }
    command.args(arguments);
    for name in names {
        command.env_remove(name);
    }
    let listed: Vec<&[u8]> = names.iter().map(|name| name.as_bytes()).collect();
    command.env(TAKEN_OUT, OsStr::from_bytes(&listed.join(&b','))).exec()
}

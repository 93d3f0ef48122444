//! How the process ends, in the codes of sysexits.h.
//!
//! **In** nothing. **Out** exit codes, as `--help` lists them. **Never** another code.

use std::process::ExitCode;

/// An exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Ended as asked.
    Done = 0,
    /// Wrong arguments.
    Usage = 64,
    /// An address or socket is in use or can't be had.
    Unavailable = 69,
    /// A fault of our own.
    Software = 70,
    /// Files can't be read or written.
    Files = 74,
    /// Wrong settings.
    Config = 78,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_lists_them() {
        let help =
            <crate::config::Arguments as clap::CommandFactory>::command().render_long_help().to_string();
        for exit in [Exit::Done, Exit::Usage, Exit::Unavailable, Exit::Software, Exit::Files, Exit::Config] {
            let code = exit as u8;
            assert!(help.contains(&format!(" {code} ")), "{code} is missing in {help}");
        }
    }
}

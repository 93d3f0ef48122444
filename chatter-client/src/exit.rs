//! How a stay ends, and which exit code tells a script about it.
//!
//! **In** what ended the stay. **Out** one of few outcomes, each with a code of its own and a line for `--help`.
//! **Never** another number than those in [`EXIT_CODES_HELP`].

/// How a stay ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As asked, and the relay has taken all that was said.
    Left,
    /// By a signal or a deadline, before the relay had taken all that was said.
    Interrupted,
    /// Against the user's will.
    Failed(Failure),
}

/// What went wrong, sorted by what one can do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Something on this machine: no randomness, no terminal, no place to print to.
    Local,
    /// The command line is not one.
    Usage,
    /// The link is damaged or of the wrong kind, or leads to no listed room.
    Link,
    /// No connection could be made, or none that lasted.
    Unreachable,
    /// What answers behaves as a plain file server.
    PlainServer,
    /// The clocks of both ends are too far apart.
    Clock,
    /// The room or the server holds as many as it may.
    Full,
    /// The session ended: lost, or ended by the server.
    SessionLost,
    /// What was to be said was not taken.
    NotSaid,
    /// What was waited for did not come in the time that was given.
    Timeout,
}

impl Outcome {
    /// The process's exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Left => 0,
            Self::Interrupted => 130,
            Self::Failed(failure) => failure.code(),
        }
    }
}

impl Failure {
    /// The process's exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Local => 1,
            Self::Usage => 2,
            Self::Link => 3,
            Self::Unreachable => 4,
            Self::PlainServer => 5,
            Self::Clock => 6,
            Self::Full => 7,
            Self::SessionLost => 8,
            Self::NotSaid => 9,
            Self::Timeout => 10,
        }
    }
}

/// The table of exit codes as `--help` shows it.
pub const EXIT_CODES_HELP: &str = "\
Exit codes:
  0    you left (Ctrl-C included), and the relay has taken all that you said
  1    something on this machine failed
  2    the command line is wrong
  3    the link is damaged or of the wrong kind, or no room is listed by that name
  4    no connection to the server
  5    a plain file server answers: wrong or retired code, a cache in between,
       or a banned address
  6    the clock of this machine or of the server is wrong
  7    the room or the server is full
  8    the session was lost or ended by the server
  9    what was to be said was not taken
  10   --timeout passed before what was waited for had come
  130  interrupted before the relay had taken all that you said";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_differs_and_is_documented() {
        let failures = [
            Failure::Local,
            Failure::Usage,
            Failure::Link,
            Failure::Unreachable,
            Failure::PlainServer,
            Failure::Clock,
            Failure::Full,
            Failure::SessionLost,
            Failure::NotSaid,
            Failure::Timeout,
        ];
        let mut outcomes = vec![Outcome::Left, Outcome::Interrupted];
        outcomes.extend(failures.map(Outcome::Failed));
        let mut codes: Vec<u8> = outcomes.iter().map(|outcome| outcome.code()).collect();
        for code in &codes {
            assert!(EXIT_CODES_HELP.contains(&format!("\n  {code} ")), "{code} is not documented");
        }
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), outcomes.len());
    }
}

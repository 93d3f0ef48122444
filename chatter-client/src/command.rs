//! What a typed line means.
//!
//! **In** one line without its end. **Out** a [`Command`], or what was wrong and which command may have been meant.
//! **Never** an effect.

/// What a line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Say this to the room.
    Say(String),
    /// Show who is here.
    Who,
    /// Show what can be typed.
    Help,
    /// Leave.
    Quit,
    /// An empty line.
    Nothing,
}

/// Why a line asks for nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// It begins as a command that there is not.
    #[error("there is no {given}; did you mean {nearest}? To say it as text, type /{given}")]
    Unknown {
        /// What was typed.
        given: String,
        /// The command that is spelled most alike.
        nearest: &'static str,
    },
    /// It begins as a command and looks like none.
    #[error("there is no {given}; /help shows what there is. To say it as text, type /{given}")]
    Strange {
        /// What was typed.
        given: String,
    },
    /// A command with more than it takes.
    #[error("{command} stands alone on its line; to say the line as text, begin it with //")]
    Arguments {
        /// The command.
        command: &'static str,
    },
}

impl Command {
    /// What `line` asks for.
    ///
    /// # Errors
    /// [`CommandError`] where it begins with one slash and is no command.
    pub fn parse(line: &str) -> Result<Self, CommandError> {
        if line.trim().is_empty() {
            return Ok(Self::Nothing);
        }
        let Some(after_slash) = line.strip_prefix('/') else {
            return Ok(Self::Say(line.to_owned()));
        };
        if after_slash.starts_with('/') {
            return Ok(Self::Say(after_slash.to_owned()));
        }
        let (word, rest) = after_slash.split_once(char::is_whitespace).unwrap_or((after_slash, ""));
        let word = word.to_lowercase();
        let Some((name, command)) = COMMANDS.iter().find(|(name, _)| name.get(1..) == Some(word.as_str()))
        else {
            return Err(unknown(&word));
        };
        if rest.trim().is_empty() {
            Ok(command.clone())
        } else {
            Err(CommandError::Arguments { command: name })
        }
    }
}

fn unknown(word: &str) -> CommandError {
    let given = format!("/{}", word.chars().take(GIVEN_CHARS_MAX).collect::<String>());
    let nearest = COMMANDS.iter().map(|(name, _)| (distance(&given, name), *name)).min();
    match nearest {
        Some((distance, nearest)) if distance <= DISTANCE_MAX => CommandError::Unknown { given, nearest },
        Some(_) | None => CommandError::Strange { given },
    }
}

/// How many characters must be put in, left out, changed or swapped with the next to make one out of the other.
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=other.len()).collect()];
    for (i, a) in one.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in other.iter().enumerate() {
            let changed = rows[i][j] + usize::from(a != b);
            let mut best = changed.min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == other[j - 1] && one[i - 1] == *b {
                best = best.min(rows[i - 1][j - 1] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows.last().and_then(|row| row.last()).copied().unwrap_or(usize::MAX)
}

/// What can be typed, as `/help` shows it.
pub const HELP: &str = "\
What you type is said to the room. What begins with a slash is a command:
  /who     who is here
  /quit    leave, once all you said has been taken (also: end of input; Ctrl-C leaves at once)
  /help    this
  //text   says \"/text\"";

const COMMANDS: [(&str, Command); 4] =
    [("/who", Command::Who), ("/help", Command::Help), ("/quit", Command::Quit), ("/exit", Command::Quit)];

/// More slips than this and no command was meant.
const DISTANCE_MAX: usize = 2;
const GIVEN_CHARS_MAX: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_said_unless_they_begin_with_a_slash() {
        let check =
            |line: &str, expected: Command| assert_eq!(Command::parse(line), Ok(expected), "{line:?}");
        check("hi", Command::Say("hi".into()));
        check("  hi / there ", Command::Say("  hi / there ".into()));
        check("//who", Command::Say("/who".into()));
        check("//", Command::Say("/".into()));
        check("", Command::Nothing);
        check(" \t", Command::Nothing);
        check("/who", Command::Who);
        check("/WHO ", Command::Who);
        check("/help", Command::Help);
        check("/quit", Command::Quit);
        check("/exit", Command::Quit);
    }

    #[test]
    fn slips_name_the_nearest() {
        let check = |line: &str, expected: &str| match Command::parse(line) {
            Err(CommandError::Unknown { nearest, .. }) => assert_eq!(nearest, expected, "{line:?}"),
            other => panic!("{line:?} is {other:?}"),
        };
        check("/woh", "/who");
        check("/qiut", "/quit");
        check("/hlep me", "/help");
        check("/quit!", "/quit");
    }

    #[test]
    fn what_is_no_slip_is_said_to_be_none() {
        for line in ["/etc/passwd", "/unmöglich", "/"] {
            assert!(Command::parse(line).is_err(), "{line}");
        }
        let error = Command::parse("/etc/passwd is a file").expect_err("no command");
        assert_eq!(
            error.to_string(),
            "there is no /etc/passwd; /help shows what there is. To say it as text, type //etc/passwd"
        );
        assert_eq!(Command::parse("/quit now"), Err(CommandError::Arguments { command: "/quit" }));
        let long = format!("/{}", "é".repeat(10_000));
        assert!(Command::parse(&long).expect_err("no command").to_string().len() < 300);
    }
}

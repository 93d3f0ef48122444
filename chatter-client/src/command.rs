//! What a typed line means.
//!
//! **In** one line without its end. **Out** a [`Command`], or what was wrong and which command may have been meant.
//! **Never** an effect.

use crate::secret::SecretText;
use crate::texts::text;

/// What a line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Say this to the room.
    Say(String),
    /// Say something to one member alone: his nickname, then the text.
    Private(String),
    /// Show who is here.
    Who,
    /// Offer a file or directory: its path, then perhaps a nickname.
    Send(String),
    /// Take what is offered under this number, into this directory if one is named.
    Accept(String),
    /// End what goes by this number.
    Cancel(String),
    /// Show what is on offer and on its way.
    Files,
    /// Begin a round of words to compare, say that they match or don't, or the same with one member's number.
    Verify(String),
    /// Keep newcomers out.
    Lock,
    /// Let newcomers in again.
    Unlock,
    /// Part with the member of this nickname.
    Remove(String),
    /// Show nothing that the member of this nickname says.
    Ignore(String),
    /// Show it again.
    Unignore(String),
    /// Move everybody to a new link.
    Rekey,
    /// Show the room's link.
    Link,
    /// Make another room, called this where something is given.
    New(String),
    /// Be called this from now on.
    Nick(String),
    /// Enter another room of this server: its link or the name of a listed one, then perhaps a nickname.
    Join(SecretText),
    /// Leave the current room.
    Leave,
    /// Show the rooms in which one is, and those that are listed.
    Rooms,
    /// Go to the room of this number or name.
    Room(String),
    /// Take a line for another room: its number or name, then the line.
    In(SecretText),
    /// List this room by a name.
    List(String),
    /// List it no longer.
    Unlist,
    /// Say what was handed back: all of it, or what has this number.
    Resend(String),
    /// Forget what was handed back, or what waits.
    Drop(String),
    /// Show who has opened what was said last, or as the so-manieth.
    Info(String),
    /// Try to get the connection back at once.
    Reconnect,
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
    #[error("{}", text!("command-unknown", given = given, nearest = nearest))]
    Unknown {
        /// What was typed.
        given: String,
        /// The command that is spelled most alike.
        nearest: &'static str,
    },
    /// It begins as a command and looks like none.
    #[error("{}", text!("command-strange", given = given))]
    Strange {
        /// What was typed.
        given: String,
    },
    /// A command of other chat programs, which here is done otherwise.
    #[error("{}", text!("command-elsewhere", given = given, instead = instead))]
    Elsewhere {
        /// What was typed.
        given: String,
        /// What to do.
        instead: String,
    },
    /// A command with less than it takes.
    #[error("{}", text!("command-needs-more", command = command, usage = usage))]
    Missing {
        /// The command.
        command: &'static str,
        /// How it is typed.
        usage: String,
    },
    /// A command with more than it takes.
    #[error("{}", text!("command-alone", command = command))]
    Arguments {
        /// The command.
        command: &'static str,
    },
}

impl Command {
    /// Whether it is carried out though lines wait before it: it is about them.
    pub(crate) fn overtakes(line: &str) -> bool {
        let parsed = Self::parse(line);
        matches!(parsed, Ok(Self::Resend(_) | Self::Drop(_) | Self::Reconnect | Self::Nothing))
    }

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
        if let Some((_, instead)) = ELSEWHERE.iter().find(|(name, _)| name.get(1..) == Some(word.as_str())) {
            return Err(CommandError::Elsewhere { given: format!("/{word}"), instead: instead() });
        }
        let word =
            ALIASES.iter().find(|(alias, _)| *alias == word).map_or(word, |(_, name)| (*name).to_owned());
        let Some((name, takes)) = COMMANDS.iter().find(|(name, _)| name.get(1..) == Some(word.as_str()))
        else {
            return Err(unknown(&word));
        };
        let (name, rest) = (*name, rest.trim_start());
        match takes {
            Takes::Nothing(_) if !rest.is_empty() => Err(CommandError::Arguments { command: name }),
            Takes::Nothing(command) => Ok(command.clone()),
            Takes::Something(_, usage) if rest.is_empty() => {
                Err(CommandError::Missing { command: name, usage: usage() })
            }
            Takes::Something(command, _) | Takes::Perhaps(command) => Ok(command(rest.to_owned())),
        }
    }
}

/// All commands.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    COMMANDS.iter().map(|(name, _)| *name)
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
pub(crate) fn distance(one: &str, other: &str) -> usize {
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
pub fn help() -> String {
    text!("help-commands")
}

/// What a command takes, and what it becomes with it.
enum Takes {
    Nothing(Command),
    /// It stands alone, or with something behind it.
    Perhaps(fn(String) -> Command),
    /// And how it is typed.
    Something(fn(String) -> Command, fn() -> String),
}

/// Said as what one does: nobody has to keep in mind who is away.
fn away(why: String) -> Command {
    let does = if why.is_empty() { text!("does-away") } else { text!("does-away-because", why = why) };
    Command::Say(format!("/me {does}"))
}

const COMMANDS: [(&str, Takes); 32] = [
    ("/who", Takes::Nothing(Command::Who)),
    ("/msg", Takes::Something(Command::Private, || text!("usage-msg"))),
    ("/send", Takes::Something(Command::Send, || text!("usage-send"))),
    ("/accept", Takes::Something(Command::Accept, || text!("usage-accept"))),
    ("/cancel", Takes::Something(Command::Cancel, || text!("usage-cancel"))),
    ("/files", Takes::Nothing(Command::Files)),
    ("/verify", Takes::Perhaps(Command::Verify)),
    ("/lock", Takes::Nothing(Command::Lock)),
    ("/unlock", Takes::Nothing(Command::Unlock)),
    ("/remove", Takes::Something(Command::Remove, || text!("usage-remove"))),
    ("/link", Takes::Nothing(Command::Link)),
    ("/info", Takes::Perhaps(Command::Info)),
    ("/resend", Takes::Perhaps(Command::Resend)),
    ("/drop", Takes::Perhaps(Command::Drop)),
    ("/reconnect", Takes::Nothing(Command::Reconnect)),
    ("/rekey", Takes::Nothing(Command::Rekey)),
    ("/join", Takes::Something(|rest| Command::Join(SecretText::new(rest)), || text!("usage-join"))),
    ("/new", Takes::Perhaps(Command::New)),
    ("/leave", Takes::Nothing(Command::Leave)),
    ("/rooms", Takes::Nothing(Command::Rooms)),
    ("/room", Takes::Something(Command::Room, || text!("usage-room"))),
    ("/in", Takes::Something(|rest| Command::In(SecretText::new(rest)), || text!("usage-in"))),
    ("/list", Takes::Something(Command::List, || text!("usage-list"))),
    ("/unlist", Takes::Nothing(Command::Unlist)),
    ("/help", Takes::Nothing(Command::Help)),
    ("/quit", Takes::Nothing(Command::Quit)),
    ("/nick", Takes::Something(Command::Nick, || text!("usage-nick"))),
    ("/away", Takes::Perhaps(away)),
    ("/back", Takes::Perhaps(|_| Command::Say(format!("/me {}", text!("does-back"))))),
    ("/me", Takes::Something(|rest| Command::Say(format!("/me {rest}")), || text!("usage-me"))),
    ("/ignore", Takes::Something(Command::Ignore, || text!("usage-ignore"))),
    ("/unignore", Takes::Something(Command::Unignore, || text!("usage-unignore"))),
];

/// What other chat programs call commands, and what they are called here.
const ALIASES: [(&str, &str); 4] = [("part", "leave"), ("names", "who"), ("query", "msg"), ("exit", "quit")];

/// A command, and what to do instead.
type Elsewhere = (&'static str, fn() -> String);

/// Commands of other chat programs that mean nothing here, and what to do instead.
const ELSEWHERE: [Elsewhere; 9] = [
    ("/whois", || text!("instead-of-whois")),
    ("/topic", || text!("instead-of-topic")),
    ("/invite", || text!("instead-of-invite")),
    ("/kick", || text!("instead-of-kick")),
    ("/ban", || text!("instead-of-kick")),
    ("/op", || text!("instead-of-op")),
    ("/mode", || text!("instead-of-mode")),
    ("/notice", || text!("instead-of-notice")),
    ("/server", || text!("instead-of-server")),
];

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
        check("/part", Command::Leave);
        check("/names", Command::Who);
        check("/Query ben hi", Command::Private("ben hi".into()));
        check("/me  waves", Command::Say("/me waves".into()));
        check("/ignore ben", Command::Ignore("ben".into()));
        check("/unignore ben", Command::Unignore("ben".into()));
        check("/msg ben hi  there ", Command::Private("ben hi  there ".into()));
        check("/send a b.txt ben", Command::Send("a b.txt ben".into()));
        check("/accept 1 /tmp", Command::Accept("1 /tmp".into()));
        check("/cancel 1", Command::Cancel("1".into()));
        check("/files", Command::Files);
        check("/verify", Command::Verify(String::new()));
        check("/verify ben yes", Command::Verify("ben yes".into()));
        check("/lock", Command::Lock);
        check("/unlock", Command::Unlock);
        check("/remove ben", Command::Remove("ben".into()));
        check("/link", Command::Link);
        check("/info", Command::Info(String::new()));
        check("/resend 3", Command::Resend("3".into()));
        check("/drop waiting", Command::Drop("waiting".into()));
        check("/reconnect", Command::Reconnect);
        check("/rekey", Command::Rekey);
        check("/nick berta", Command::Nick("berta".into()));
        check("/away", Command::Say("/me is away".into()));
        check("/away lunch", Command::Say("/me is away: lunch".into()));
        check("/new", Command::New(String::new()));
        check("/new tea", Command::New("tea".into()));
        check("/join chatter://x ben", Command::Join(SecretText::new("chatter://x ben".into())));
        check("/room 2", Command::Room("2".into()));
        check("/in 2 hi", Command::In(SecretText::new("2 hi".into())));
        check("/list Tea room", Command::List("Tea room".into()));
        check("/unlist", Command::Unlist);
        check("/leave", Command::Leave);
        check("/rooms", Command::Rooms);
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
        check("/mgs ben hi", "/msg");
        check("/unlcok", "/unlock");
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
        let missing = Command::parse("/msg").expect_err("nothing behind it").to_string();
        assert_eq!(missing, "/msg needs more: /msg NICK TEXT");
        let secret = Command::parse("/join chatter://secret").expect("a command");
        assert!(!format!("{secret:?}").contains("secret"), "no link in a debug print");
        assert!(COMMANDS.iter().all(|(name, _)| help().contains(name)));
        // What is done otherwise here is told in a line, and names commands that there are.
        for (name, instead) in ELSEWHERE {
            let error = Command::parse(&format!("{name} x")).expect_err("no command here").to_string();
            assert!(error.starts_with(&format!("there is no {name} here: ")), "{error}");
            for word in instead().split([' ', ',', ';', ':']).filter(|word| word.starts_with('/')) {
                assert!(names().any(|name| name == word), "{word} in {}", instead());
            }
        }
        assert!(ALIASES.iter().all(|(_, name)| names().any(|known| known == format!("/{name}"))));
        let long = format!("/{}", "é".repeat(10_000));
        assert!(Command::parse(&long).expect_err("no command").to_string().len() < 300);
    }
}

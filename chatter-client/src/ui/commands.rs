//! Commands that are the screen's own; all others are the app's.
//!
//! **In** a typed line. **Out** a [`Local`], or which command may have been meant. **Never** a line said that looks like
//! a command and is none.

use crate::command::{self, Command, CommandError, distance};
use crate::texts::text;

/// A command of the screen's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Local {
    Help,
    Search(String),
    Clear,
    Bell(String),
    Theme(String),
    Ignore(String),
    Unignore(String),
    Me(String),
    Acknowledge,
}

/// What a typed line is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Typed {
    /// For the screen.
    Local(Local),
    /// To be said: the text.
    Said(String),
    /// For the app.
    Command,
    /// Nothing; and why, where there is something to say about it.
    Nothing(Option<String>),
}

/// What `line` is.
pub(crate) fn parse(line: &str) -> Typed {
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let word = word.to_lowercase();
    let rest = rest.trim();
    if let Some((_, make, needs)) = LOCAL.iter().find(|(name, ..)| *name == word) {
        return match needs {
            Some(usage) if rest.is_empty() => {
                Typed::Nothing(Some(text!("command-needs-more", command = word, usage = usage())))
            }
            Some(_) | None => Typed::Local(make(rest.to_owned())),
        };
    }
    match Command::parse(line) {
        Ok(Command::Nothing) => Typed::Nothing(None),
        Ok(Command::Help) => Typed::Local(Local::Help),
        Ok(Command::Say(text)) => Typed::Said(text),
        Ok(_) => Typed::Command,
        Err(error) => Typed::Nothing(Some(better(&word, &error).unwrap_or_else(|| error.to_string()))),
    }
}

/// All commands, for whoever fills them in.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    let own = || LOCAL.iter().map(|(name, ..)| *name);
    command::names().filter(move |name| own().all(|own| own != *name)).chain(own())
}

/// What `/help` shows.
pub(crate) fn help() -> String {
    [text!("help-keys"), command::help(), text!("help-screen"), text!("help-signs")].join("\n\n")
}

/// A better guess than the app's at what was meant, where one of the screen's own is nearer.
fn better(word: &str, error: &CommandError) -> Option<String> {
    let theirs = match error {
        CommandError::Unknown { given, nearest } => distance(given, nearest),
        CommandError::Strange { .. } => GUESS_MAX + 1,
        CommandError::Missing { .. } | CommandError::Arguments { .. } | CommandError::Elsewhere { .. } => {
            return None;
        }
    };
    if word.chars().count() > WORD_MAX {
        return None;
    }
    let (ours, nearest) = LOCAL.iter().map(|(name, ..)| (distance(word, name), *name)).min()?;
    (ours < theirs && ours <= GUESS_MAX).then(|| text!("command-unknown", given = word, nearest = nearest))
}

/// A command, what it becomes, and how it is typed where something must follow.
type Entry = (&'static str, fn(String) -> Local, Option<fn() -> String>);

const LOCAL: [Entry; 8] = [
    ("/search", Local::Search, Some(|| text!("usage-search"))),
    ("/clear", |_| Local::Clear, None),
    ("/bell", Local::Bell, None),
    ("/theme", Local::Theme, Some(|| text!("usage-theme"))),
    ("/ignore", Local::Ignore, Some(|| text!("usage-ignore"))),
    ("/unignore", Local::Unignore, Some(|| text!("usage-unignore"))),
    ("/me", Local::Me, Some(|| text!("usage-me"))),
    ("/ok", |_| Local::Acknowledge, None),
];

/// More slips than this and no command was meant.
const GUESS_MAX: usize = 2;
const WORD_MAX: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_the_screens_the_apps_or_said() {
        assert_eq!(parse("/me  waves "), Typed::Local(Local::Me("waves".into())));
        assert_eq!(parse("/OK"), Typed::Local(Local::Acknowledge));
        assert_eq!(parse("/help"), Typed::Local(Local::Help));
        assert_eq!(parse("/who"), Typed::Command);
        assert_eq!(parse("//me x"), Typed::Said("/me x".into()));
        assert_eq!(parse("hi\n/quit"), Typed::Said("hi\n/quit".into()));
        assert_eq!(parse("  "), Typed::Nothing(None));
        let why = |line: &str| {
            let Typed::Nothing(Some(why)) = parse(line) else { panic!("{line:?} is something") };
            why
        };
        assert!(why("/serach x").contains("did you mean /search?"));
        assert!(why("/ingore ben").contains("did you mean /ignore?"));
        assert!(why("/woh").contains("did you mean /who?"));
        assert!(why("/etc/passwd").contains("/help shows"));
        assert_eq!(why("/search "), "/search needs more: /search TEXT");
    }

    #[test]
    fn help_names_every_command() {
        let help = help();
        for name in names() {
            assert!(help.contains(name), "{name}");
        }
        assert!(help.lines().all(|line| line.chars().count() <= 120));
    }
}

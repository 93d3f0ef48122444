//! Notices as lines for people, pipes and screen readers.
//!
//! **In** a [`Notice`]. **Out** what belongs on stdout (the talk) and on stderr (all about it).
//! **Never** a character of a peer's that moves a cursor, hides, or turns the direction of writing.
//!
//! The talk's lines: `<anna> hi`, `* ben joined`, `! a warning`, and the room's link. A peer's text stands behind
//! his nick and never begins a line.

use std::fmt::Write as _;

use chatter_protocol::ids::is_trickery;

use crate::command::HELP;
use crate::event::Notice;
use crate::secret::SecretText;

/// What a notice becomes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lines {
    /// For stdout.
    pub(crate) talk: Option<SecretText>,
    /// For stderr.
    pub(crate) note: Option<String>,
}

/// The lines of a notice, without their ends.
pub(crate) fn lines(notice: &Notice) -> Lines {
    let talk = |text: String| Lines { talk: Some(SecretText::new(text)), note: None };
    let note = |text: &str| Lines { talk: None, note: Some(harmless(text)) };
    match notice {
        Notice::Room { link } => Lines {
            talk: Some(link.clone()),
            note: Some("this link is the way into the room; whoever has it can come in:".to_owned()),
        },
        Notice::MemberJoined { nick } => talk(format!("* {} joined", harmless(nick))),
        Notice::MemberLeft { nick } => talk(format!("* {} left", harmless(nick))),
        Notice::Message { from, text } => talk(format!("<{}> {}", harmless(from), harmless(text))),
        Notice::Who { you, members } => talk(who(you, members)),
        Notice::Warning(text) => talk(format!("! {}", harmless(text))),
        Notice::Left => talk("* you left".to_owned()),
        Notice::Progress(text) => note(text),
        Notice::Connected => note("the door is open"),
        Notice::Entered { present: 0 } => {
            note("you are in the room, alone so far; /help shows what you can do")
        }
        Notice::Entered { present: 1 } => note("you are in the room; one other is here"),
        Notice::Entered { present } => note(&format!("you are in the room; {present} others are here")),
        Notice::Broken => note("connection lost, trying again"),
        Notice::Resumed => note("connected again, nothing was lost"),
        Notice::Away { text, seconds } => note(&format!("{text}; trying again in {seconds} s")),
        Notice::Rejoined { text, present } => {
            let members = match present {
                0 => "nobody else is here".to_owned(),
                1 => "one other is here".to_owned(),
                others => format!("{others} others are here"),
            };
            talk(format!(
                "! {}; you are back in the room, {members}; what was said meanwhile is missing",
                harmless(text)
            ))
        }
        Notice::NotAcknowledged { text, .. } => {
            talk(format!("! nobody may have heard this, say it again if it matters: {}", harmless(text)))
        }
        Notice::Error(text) => note(&format!("error: {text}")),
        // Its own lines, and none of a peer's.
        Notice::Help => Lines { talk: None, note: Some(HELP.to_owned()) },
        Notice::Acknowledged { .. } | Notice::Finished(_) => Lines::default(),
    }
}

fn who(you: &str, members: &[String]) -> String {
    let others = members.iter().skip(1).map(|nick| format!(", {}", harmless(nick)));
    format!("* here: {} (you){}", harmless(you), others.collect::<String>())
}

/// `text` with every tricky character spelled out.
pub(crate) fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            _ if is_trickery(c) => {
                // Writing to a String does not fail.
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn talk(notice: &Notice) -> String {
        lines(notice).talk.expect("a line").expose().to_owned()
    }

    #[test]
    fn known_attacks_become_text() {
        for (attack, expected) in [
            ("\u{1b}[2J\u{1b}[H", "\\u{1b}[2J\\u{1b}[H"),
            ("\u{1b}]0;title\u{7}", "\\u{1b}]0;title\\u{7}"),
            ("\u{1b}]52;c;cm0=\u{1b}\\", "\\u{1b}]52;c;cm0=\\u{1b}\\"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("a\r<ben> b", "a\\u{d}<ben> b"),
            ("a\n<ben> b", "a\\n<ben> b"),
            ("a\tb\u{8}\u{7f}", "a\\tb\\u{8}\\u{7f}"),
            ("\u{202e}gpj.exe\u{2066}", "\\u{202e}gpj.exe\\u{2066}"),
            ("a\u{200b}b\u{feff}\u{2028}", "a\\u{200b}b\\u{feff}\\u{2028}"),
            ("Grüße, 世界 🎉", "Grüße, 世界 🎉"),
        ] {
            assert_eq!(harmless(attack), expected);
            let message = Notice::Message { from: "ben".into(), text: attack.into() };
            assert_eq!(talk(&message), format!("<ben> {expected}"));
        }
    }

    #[test]
    fn no_notice_spreads_over_lines_or_moves_the_cursor() {
        let trick = || "x\u{1b}[1A\r\n\u{202e}".to_owned();
        let notices = [
            Notice::MemberJoined { nick: trick() },
            Notice::MemberLeft { nick: trick() },
            Notice::Message { from: trick(), text: trick() },
            Notice::Who { you: trick(), members: vec![trick(), trick()] },
            Notice::Warning(trick()),
            Notice::Error(trick()),
            Notice::Progress(trick()),
            Notice::Away { text: trick(), seconds: 1 },
            Notice::Rejoined { text: trick(), present: 0 },
            Notice::NotAcknowledged { number: 1, text: trick() },
        ];
        for notice in notices {
            let Lines { talk, note } = lines(&notice);
            let text = talk.map(|talk| talk.expose().to_owned()).or(note).expect("a line");
            assert!(!text.chars().any(is_trickery), "{text:?}");
        }
    }

    #[test]
    fn the_talk_reads_as_such() {
        assert_eq!(talk(&Notice::MemberJoined { nick: "ben".into() }), "* ben joined");
        assert_eq!(talk(&Notice::Left), "* you left");
        let members = vec!["anna".into(), "ben".into()];
        assert_eq!(talk(&Notice::Who { you: "anna".into(), members }), "* here: anna (you), ben");
        let link = SecretText::new("chatter://h:1/room#x".into());
        assert_eq!(talk(&Notice::Room { link }), "chatter://h:1/room#x");
    }
}

//! Notices as lines for people, pipes and screen readers.
//!
//! **In** a [`Notice`]. **Out** what belongs on stdout (the talk) and on stderr (all about it).
//! **Never** a character of a peer's that moves a cursor, hides, or turns the direction of writing.
//!
//! The talk's lines: `<anna> hi`, `[anna → you] hi`, `* ben joined`, `! a warning`, and the room's link. A peer's text
//! stands behind his nick and never begins a line. Where there is more than one room, its name in brackets stands before
//! all that: `[tea] <anna> hi`.

use std::fmt::Write as _;

use chatter_protocol::ids::{MARKS_MAX, is_combining_mark, is_trickery};

use crate::command::HELP;
use crate::event::{FileInfo, FileStage, ListedInfo, Notice, Place, RoomInfo, Told};
use crate::secret::SecretText;

/// What a notice becomes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lines {
    /// For stdout.
    pub(crate) talk: Option<SecretText>,
    /// For stderr.
    pub(crate) note: Option<String>,
}

/// The lines of what is told, without their ends.
pub(crate) fn lines(told: &Told) -> Lines {
    let lines = lines_of(&told.notice);
    let Some(Place { name, named: true, .. }) = &told.room else { return lines };
    let within = |line: &str| format!("[{}] {line}", harmless(name));
    let talk = match (&told.notice, lines.talk) {
        // What is to be copied stands alone.
        (Notice::Room { .. } | Notice::Passphrase { .. }, talk) => talk,
        (_, talk) => talk.map(|talk| SecretText::new(within(talk.expose()))),
    };
    Lines { talk, note: lines.note.map(|note| within(&note)) }
}

/// The lines of a notice, wherever it is from.
pub(crate) fn lines_of(notice: &Notice) -> Lines {
    let talk = |text: String| Lines { talk: Some(SecretText::new(text)), note: None };
    let note = |text: &str| Lines { talk: None, note: Some(harmless(text)) };
    match notice {
        Notice::Room { link } => Lines {
            talk: Some(link.clone()),
            note: Some("this link is the way into the room; whoever has it can come in:".to_owned()),
        },
        Notice::Passphrase { passphrase } => Lines {
            talk: Some(SecretText::new(harmless(passphrase.expose()))),
            note: Some(
                "this passphrase, with the access link and the room's name, leads into the room:".to_owned(),
            ),
        },
        Notice::MemberJoined { nick } => talk(format!("* {} joined", harmless(nick))),
        Notice::MemberLeft { nick } => talk(format!("* {} left", harmless(nick))),
        Notice::Message { from, text } => talk(format!("<{}> {}", harmless(from), harmless(text))),
        Notice::Private { from, text } => talk(format!("[{} → you] {}", harmless(from), harmless(text))),
        Notice::PrivateSent { to, text } => talk(format!("[you → {}] {}", harmless(to), harmless(text))),
        Notice::Who { you, members, verified, lasting } => talk(who(you, members, verified, lasting)),
        Notice::FileOffered { number, from, name, size, directory } => {
            let kind = if *directory { "the directory" } else { "the file" };
            talk(format!(
                "* {} offers {kind} {} ({}); /accept {number} takes it, /cancel {number} does not",
                harmless(from),
                harmless(name),
                bytes(*size)
            ))
        }
        Notice::FileOfferSent { number, name, size, to } => talk(format!(
            "* offer {number}: {} ({}) to {}",
            harmless(name),
            bytes(*size),
            harmless(&to.join(", "))
        )),
        Notice::FileProgress { number, name, nick, sending, done, size, rate, seconds_left } => {
            let arrow = if *sending { "to" } else { "from" };
            let percent = done.saturating_mul(100).checked_div(*size).unwrap_or(100);
            let left = seconds_left.iter().map(|left| format!(", {left} s left")).collect::<String>();
            note(&format!("file {number}, {name} {arrow} {nick}: {percent} %, {}/s{left}", bytes(*rate)))
        }
        Notice::FileWaits { number, name, nick } => {
            note(&format!("file {number}, {name}: goes on when {nick} is back; /cancel {number} ends it"))
        }
        Notice::FileReceived { name, nick, path, .. } => {
            talk(format!("* {} from {} is in {}", harmless(name), harmless(nick), harmless(path)))
        }
        Notice::FileSent { name, nick, .. } => {
            talk(format!("* {} has {}, whole", harmless(nick), harmless(name)))
        }
        Notice::FileEnded { number, name, nick, reason } => talk(format!(
            "* nothing more comes of file {number}, {} with {}: {}",
            harmless(name),
            harmless(nick),
            harmless(reason)
        )),
        Notice::Files { files } if files.is_empty() => {
            talk("* no files are on offer or on their way".to_owned())
        }
        Notice::Files { files } => talk(format!("* files: {}", join(files, file))),
        Notice::QuitAsks { sending, receiving } => note(&quit_asks(*sending, *receiving)),
        Notice::VerifyBegun { by } => talk(format!("* {} asks all to compare words", harmless(by))),
        Notice::VerifyWords { words } => Lines {
            talk: Some(SecretText::new(format!("* words: {}", harmless(&words.join(" "))))),
            note: Some(VERIFY_HELP.to_owned()),
        },
        Notice::VerifyVoid { reason } => {
            talk(format!("* no words to compare: {}; /verify tries again", harmless(reason)))
        }
        Notice::SafetyNumber { nick, number } => Lines {
            talk: Some(SecretText::new(format!("* you and {}: {}", harmless(nick), harmless(number)))),
            note: Some(format!(
                "compare this number with {0} by another way, aloud or side by side; then /verify {0} yes",
                harmless(nick)
            )),
        },
        Notice::Verified { members } => talk(format!("* verified: {}", harmless(&members.join(", ")))),
        Notice::Locked { by, locked: true } => {
            talk(format!("* {} locked the room: newcomers are kept out", harmless(by)))
        }
        Notice::Locked { by, locked: false } => talk(format!("* {} unlocked the room", harmless(by))),
        Notice::KeptOut => {
            talk("* somebody came to the locked room and is kept out; /unlock lets in".to_owned())
        }
        Notice::Removed { by: None, nick } => {
            talk(format!("* you say nothing more to {0} and hear nothing of {0}", harmless(nick)))
        }
        Notice::Removed { by: Some(by), nick } => talk(format!(
            "* {} says nothing more to {1} and hears nothing of {1}; /remove {1} does the same",
            harmless(by),
            harmless(nick)
        )),
        Notice::Parted { nick } => {
            talk(format!("* {0} says nothing more to you and hears nothing of you", harmless(nick)))
        }
        Notice::Moving { by } => {
            talk(format!("* {} moves the room to a new link; you move along", harmless(by)))
        }
        Notice::Moved => talk("* you are moving to the room's new link; /link shows it".to_owned()),
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
        Notice::NotAcknowledged { text, resend, .. } => talk(format!(
            "! nobody may have heard this, or all have; /resend {resend} says it again, /drop {resend} does not: {}",
            harmless(text)
        )),
        Notice::HandedBack { number, text, reason } => talk(format!(
            "! not sent, as {}; /resend {number} sends it, /drop {number} does not: {}",
            harmless(reason),
            harmless(text)
        )),
        Notice::Waiting { waiting, full, .. } => {
            let more = if *full { "; nothing more is taken, /drop waiting drops what waits" } else { "" };
            note(&format!("not sent yet: {waiting} waiting{more}"))
        }
        Notice::Dropped { lines, .. } => note(&format!("dropped: {lines}")),
        Notice::Delivered { asked: false, .. } => Lines::default(),
        Notice::Delivered { number, opened, of, missing, asked: true } => {
            talk(delivered(*number, *opened, *of, missing))
        }
        Notice::Error(text) => note(&format!("error: {text}")),
        Notice::Unconnected { unmet, pairs } => talk(unconnected(*unmet, pairs)),
        Notice::Rooms { rooms } => talk(format!("* your rooms: {}", join(rooms, room))),
        Notice::ListedRooms { rooms } if rooms.is_empty() => {
            talk("* the server lists no rooms at the moment".to_owned())
        }
        Notice::ListedRooms { rooms } => {
            let more = match rooms.len().saturating_sub(LISTED_SHOWN_MAX) {
                0 => String::new(),
                more => format!(", and {more} more"),
            };
            let shown = rooms.get(..LISTED_SHOWN_MAX).unwrap_or(rooms);
            talk(format!("* listed rooms: {}{more}", join(shown, listed)))
        }
        Notice::Current => note("what you type is said here"),
        Notice::Listed { name: Some(name), open: true } => talk(format!(
            "! the server lists this room as {}: whoever has the access code can come in, and since the listing holds the \
             room's secret, whoever runs the server could sit between you; /verify finds that out. What has to stay among \
             you belongs in another room",
            harmless(name)
        )),
        Notice::Listed { name: Some(name), open: false } => talk(format!(
            "* the server lists this room as {}, by name and number of members; its link or passphrase is needed to come in",
            harmless(name)
        )),
        Notice::Listed { name: None, .. } => talk("* the server lists this room no longer".to_owned()),
        Notice::RoomLeft => talk("* you left this room".to_owned()),
        // Its own lines, and none of a peer's.
        Notice::Help => Lines { talk: None, note: Some(HELP.to_owned()) },
        Notice::Said { .. } | Notice::Acknowledged { .. } | Notice::Finished(_) => Lines::default(),
    }
}

const VERIFY_HELP: &str = "\
call each other and read these words aloud. If all read the same, type /verify yes; if anybody reads others, /verify no";

fn delivered(number: u64, opened: usize, of: usize, missing: &[String]) -> String {
    if of == 0 {
        return format!("* message {number}: nobody else was here");
    }
    let shown = missing.get(..MISSING_SHOWN_MAX).unwrap_or(missing);
    let more = match missing.len().saturating_sub(shown.len()) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let missing = match shown {
        [] => String::new(),
        shown => format!("; not yet, as far as they have told: {}{more}", harmless(&shown.join(", "))),
    };
    format!("* message {number}: opened by {opened} of {of}{missing}")
}

const MISSING_SHOWN_MAX: usize = 16;

fn unconnected(unmet: usize, pairs: &[(String, String)]) -> String {
    let unmet = match unmet {
        0 => None,
        _ => Some(format!("{unmet} more could not be met (is the room locked? have they no room secret?)")),
    };
    let shown = pairs.get(..PAIRS_SHOWN_MAX).unwrap_or(pairs);
    let pairs =
        shown.iter().map(|(one, other)| format!("{} does not see {} yet", harmless(one), harmless(other)));
    format!("* but {}", unmet.into_iter().chain(pairs).collect::<Vec<_>>().join("; "))
}

const PAIRS_SHOWN_MAX: usize = 16;

fn join<T>(items: &[T], text: fn(&T) -> String) -> String {
    items.iter().map(text).collect::<Vec<_>>().join(", ")
}

fn room(room: &RoomInfo) -> String {
    let here = if room.current { ", current" } else { "" };
    let listed = room.listed.iter().map(|name| format!(", listed as {}", harmless(name))).collect::<String>();
    format!("{} {} ({}{here}{listed})", room.number, harmless(&room.name), room.members)
}

fn listed(room: &ListedInfo) -> String {
    let way = if room.open { "" } else { ", by link or passphrase" };
    format!("{} ({}{way})", harmless(&room.name), room.members)
}

/// A number of bytes as people read it, rounded down.
pub(crate) fn bytes(count: u64) -> String {
    let (unit, name) = match count {
        0..1_000 => return format!("{count} bytes"),
        1_000..1_000_000 => (100, "kB"),
        1_000_000..1_000_000_000 => (100_000, "MB"),
        _ => (100_000_000, "GB"),
    };
    format!("{}.{} {name}", count / unit / 10, count / unit % 10)
}

fn file(file: &FileInfo) -> String {
    let FileInfo { number, name, nick, sending, done, size, stage } = file;
    let way = if *sending { "to" } else { "from" };
    let percent = done.saturating_mul(100).checked_div(*size).unwrap_or(100);
    let stage = match (stage, sending) {
        (FileStage::Offered, true) => "offered".to_owned(),
        (FileStage::Offered, false) => format!("/accept {number} takes it"),
        (FileStage::Going, _) => format!("{percent} %"),
        (FileStage::Waiting, _) => format!("{percent} %, waits"),
    };
    format!("{number} {} ({}) {way} {}: {stage}", harmless(name), bytes(*size), harmless(nick))
}

fn quit_asks(sending: usize, receiving: usize) -> String {
    let of = |count: usize, what: &str| match count {
        0 => None,
        1 => Some(format!("one file is still being {what}")),
        _ => Some(format!("{count} files are still being {what}")),
    };
    let both: Vec<String> = [of(sending, "sent"), of(receiving, "received")].into_iter().flatten().collect();
    format!("{}; /quit again leaves and ends that", both.join(", "))
}

/// A list is read by people; one that fills their screen hides what stood there.
const LISTED_SHOWN_MAX: usize = 64;

fn who(you: &str, members: &[String], verified: &[String], lasting: &[String]) -> String {
    let others = members.iter().skip(1).map(|nick| {
        let marks = match (verified.contains(nick), lasting.contains(nick)) {
            (true, true) => " (verified, lasting)",
            (true, false) => " (verified)",
            (false, true) => " (lasting)",
            (false, false) => "",
        };
        format!(", {}{marks}", harmless(nick))
    });
    format!("* here: {} (you){}", harmless(you), others.collect::<String>())
}

/// `text` with every tricky character spelled out.
pub(crate) fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut marks = 0;
    for c in text.chars() {
        marks = if is_combining_mark(c) { marks + 1 } else { 0 };
        match c {
            // A pile of them covers other lines.
            _ if marks > MARKS_MAX => {
                // Writing to a String does not fail.
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
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
        lines_of(notice).talk.expect("a line").expose().to_owned()
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
            ("o\u{301}\u{302}\u{303}\u{304}\u{305}", "o\u{301}\u{302}\u{303}\u{304}\\u{305}"),
            ("\u{e0041}\u{e007f}", "\\u{e0041}\\u{e007f}"),
            ("\u{90}q\u{9c}\u{85}", "\\u{90}q\\u{9c}\\u{85}"),
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
            Notice::Who {
                you: trick(),
                members: vec![trick(), trick()],
                verified: vec![trick()],
                lasting: Vec::new(),
            },
            Notice::Private { from: trick(), text: trick() },
            Notice::PrivateSent { to: trick(), text: trick() },
            Notice::FileOffered { number: 1, from: trick(), name: trick(), size: 1, directory: false },
            Notice::FileOfferSent { number: 1, name: trick(), size: 1, to: vec![trick()] },
            Notice::Files {
                files: [FileStage::Offered, FileStage::Going, FileStage::Waiting]
                    .map(|stage| FileInfo {
                        number: 1,
                        name: trick(),
                        nick: trick(),
                        sending: false,
                        done: 1,
                        size: 2,
                        stage,
                    })
                    .to_vec(),
            },
            Notice::QuitAsks { sending: 1, receiving: 1 },
            Notice::FileProgress {
                number: 1,
                name: trick(),
                nick: trick(),
                sending: true,
                done: 0,
                size: 0,
                rate: 0,
                seconds_left: None,
            },
            Notice::FileWaits { number: 1, name: trick(), nick: trick() },
            Notice::FileReceived { number: 1, name: trick(), nick: trick(), path: trick() },
            Notice::FileSent { number: 1, name: trick(), nick: trick() },
            Notice::FileEnded { number: 1, name: trick(), nick: trick(), reason: trick() },
            Notice::VerifyBegun { by: trick() },
            Notice::VerifyVoid { reason: trick() },
            Notice::SafetyNumber { nick: trick(), number: trick() },
            Notice::Verified { members: vec![trick()] },
            Notice::Locked { by: trick(), locked: true },
            Notice::Locked { by: trick(), locked: false },
            Notice::Removed { by: Some(trick()), nick: trick() },
            Notice::Removed { by: None, nick: trick() },
            Notice::Parted { nick: trick() },
            Notice::Moving { by: trick() },
            Notice::Warning(trick()),
            Notice::Error(trick()),
            Notice::Progress(trick()),
            Notice::Away { text: trick(), seconds: 1 },
            Notice::Rejoined { text: trick(), present: 0 },
            Notice::NotAcknowledged { number: 1, text: trick(), resend: 1 },
            Notice::HandedBack { number: 1, text: trick(), reason: trick() },
            Notice::Waiting { text: trick(), waiting: 1, full: true },
            Notice::Delivered { number: 1, opened: 1, of: 2, missing: vec![trick()], asked: true },
            Notice::Unconnected { unmet: 1, pairs: vec![(trick(), trick())] },
            Notice::Rooms {
                rooms: vec![RoomInfo {
                    number: 1,
                    name: trick(),
                    members: 1,
                    current: true,
                    listed: Some(trick()),
                }],
            },
            Notice::ListedRooms { rooms: vec![ListedInfo { name: trick(), members: 1, open: false }; 99] },
            Notice::Listed { name: Some(trick()), open: true },
            Notice::Listed { name: Some(trick()), open: false },
        ];
        for notice in notices {
            let room = Some(Place { number: 1, name: trick(), named: true });
            let Lines { talk, note } = lines(&Told { room, notice });
            let talk = talk.map(|talk| talk.expose().to_owned());
            assert!(talk.is_some() || note.is_some(), "a line");
            for text in talk.iter().chain(&note) {
                assert!(!text.chars().any(is_trickery), "{text:?}");
            }
        }
    }

    #[test]
    fn rooms_are_named_where_there_are_several() {
        let told = |named, notice| {
            let lines = lines(&Told { room: Some(Place { number: 2, name: "tea".into(), named }), notice });
            (lines.talk.map(|talk| talk.expose().to_owned()), lines.note)
        };
        let message = || Notice::Message { from: "anna".into(), text: "hi".into() };
        assert_eq!(told(true, message()).0.as_deref(), Some("[tea] <anna> hi"));
        assert_eq!(told(false, message()).0.as_deref(), Some("<anna> hi"));
        let (talk, note) = told(true, Notice::Room { link: SecretText::new("chatter://h:1/tea#x".into()) });
        assert_eq!(talk.as_deref(), Some("chatter://h:1/tea#x"), "a link is copied whole");
        assert!(note.expect("a note").starts_with("[tea] this link"));
        assert_eq!(told(true, Notice::Help).0, None);
    }

    #[test]
    fn lists_of_rooms_are_short() {
        let rooms: Vec<ListedInfo> = (0..1000)
            .map(|number| ListedInfo { name: format!("room {number}"), members: 3, open: number != 1 })
            .collect();
        let text = talk(&Notice::ListedRooms { rooms });
        assert!(
            text.starts_with("* listed rooms: room 0 (3), room 1 (3, by link or passphrase), "),
            "{text}"
        );
        assert!(text.ends_with("room 63 (3), and 936 more"), "{text}");
        let info = |number, name: &str, current, listed: Option<&str>| RoomInfo {
            number,
            name: name.into(),
            members: 2,
            current,
            listed: listed.map(str::to_owned),
        };
        let rooms = vec![info(1, "room", false, None), info(3, "room#3", true, Some("tea"))];
        let text = talk(&Notice::Rooms { rooms });
        assert_eq!(text, "* your rooms: 1 room (2), 3 room#3 (2, current, listed as tea)");
    }

    #[test]
    fn files_are_listed_with_what_can_be_done() {
        let info = |number, sending, done, stage| FileInfo {
            number,
            name: "x.jpg".into(),
            nick: "ben".into(),
            sending,
            done,
            size: 2_000,
            stage,
        };
        let files = vec![
            info(1, true, 0, FileStage::Offered),
            info(2, false, 0, FileStage::Offered),
            info(3, true, 500, FileStage::Going),
            info(4, false, 1_999, FileStage::Waiting),
        ];
        assert_eq!(
            talk(&Notice::Files { files }),
            "* files: 1 x.jpg (2.0 kB) to ben: offered, 2 x.jpg (2.0 kB) from ben: /accept 2 takes it, 3 x.jpg (2.0 kB) to \
             ben: 25 %, 4 x.jpg (2.0 kB) from ben: 99 %, waits"
        );
        assert_eq!(talk(&Notice::Files { files: Vec::new() }), "* no files are on offer or on their way");
        assert_eq!(quit_asks(2, 0), "2 files are still being sent; /quit again leaves and ends that");
        assert_eq!(
            quit_asks(1, 1),
            "one file is still being sent, one file is still being received; /quit again leaves and ends that"
        );
    }

    #[test]
    fn the_talk_reads_as_such() {
        assert_eq!(talk(&Notice::MemberJoined { nick: "ben".into() }), "* ben joined");
        assert_eq!(talk(&Notice::Left), "* you left");
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let who = |verified: &[&str], lasting: &[&str]| {
            let members = names(&["anna", "ben"]);
            let (verified, lasting) = (names(verified), names(lasting));
            talk(&Notice::Who { you: "anna".into(), members, verified, lasting })
        };
        assert_eq!(who(&[], &[]), "* here: anna (you), ben");
        assert_eq!(who(&["ben"], &[]), "* here: anna (you), ben (verified)");
        assert_eq!(who(&["ben"], &["ben"]), "* here: anna (you), ben (verified, lasting)");
        let pairs = || vec![("ben".to_owned(), "carol".to_owned())];
        let unconnected = |unmet, pairs| talk(&Notice::Unconnected { unmet, pairs });
        assert_eq!(unconnected(0, pairs()), "* but ben does not see carol yet");
        assert!(unconnected(2, pairs()).starts_with("* but 2 more could not be met ("));
        let private = Notice::Private { from: "anna".into(), text: "hi".into() };
        assert_eq!(talk(&private), "[anna → you] hi");
        let sent = Notice::PrivateSent { to: "ben".into(), text: "hi".into() };
        assert_eq!(talk(&sent), "[you → ben] hi");
        let words = Notice::VerifyWords { words: names(&["able", "zoo"]) };
        assert_eq!(talk(&words), "* words: able zoo");
        let link = SecretText::new("chatter://h:1/room#x".into());
        assert_eq!(talk(&Notice::Room { link }), "chatter://h:1/room#x");
    }
}

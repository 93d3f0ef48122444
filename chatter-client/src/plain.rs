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

use crate::command;
use crate::event::{FileInfo, FileStage, ListedInfo, Notice, Place, RoomInfo, Told};
use crate::secret::SecretText;
use crate::texts::text;

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
    let event = |text: String| talk(format!("* {text}"));
    let alarm = |text: String| talk(format!("! {text}"));
    let note = |text: String| Lines { talk: None, note: Some(harmless(&text)) };
    match notice {
        Notice::Room { link } => Lines { talk: Some(link.clone()), note: Some(text!("room-link")) },
        Notice::Passphrase { passphrase } => Lines {
            talk: Some(SecretText::new(harmless(passphrase.expose()))),
            note: Some(text!("room-passphrase")),
        },
        Notice::MemberJoined { nick } => event(text!("member-joined", nick = nick)),
        Notice::MemberLeft { nick } => event(text!("member-left", nick = nick)),
        Notice::Message { from, text } => talk(format!("<{}> {}", harmless(from), harmless(text))),
        Notice::Private { from, text } => {
            talk(format!("[{}] {}", text!("private-from", nick = from), harmless(text)))
        }
        Notice::PrivateSent { to, text } => {
            talk(format!("[{}] {}", text!("private-to", nick = to), harmless(text)))
        }
        Notice::Who { you, members, verified, lasting } => event(who(you, members, verified, lasting)),
        Notice::FileOffered { number, from, name, size, directory } => {
            let (kind, size) = (if *directory { "directory" } else { "file" }, bytes(*size));
            event(text!("file-offered", nick = from, kind = kind, name = name, size = size, number = number))
        }
        Notice::FileOfferSent { number, name, size, to } => {
            let (size, nicks) = (bytes(*size), to.join(", "));
            event(text!("file-offer-sent", number = number, name = name, size = size, nicks = nicks))
        }
        Notice::FileProgress { number, name, nick, sending, done, size, rate, seconds_left } => {
            let percent = done.saturating_mul(100).checked_div(*size).unwrap_or(100);
            let rate = bytes(*rate);
            let text = text!(
                "file-progress",
                number = number,
                name = name,
                way = way(*sending),
                nick = nick,
                percent = percent,
                rate = rate
            );
            note(match seconds_left {
                None => text,
                Some(left) => text!("file-progress-left", progress = text, seconds = left),
            })
        }
        Notice::FileWaits { number, name, nick } => {
            note(text!("file-waits", number = number, name = name, nick = nick))
        }
        Notice::FileReceived { name, nick, path, .. } => {
            event(text!("file-received", name = name, nick = nick, path = path))
        }
        Notice::FileSent { name, nick, .. } => event(text!("file-sent", nick = nick, name = name)),
        Notice::FileEnded { number, name, nick, reason } => {
            event(text!("file-ended", number = number, name = name, nick = nick, reason = reason))
        }
        Notice::Files { files } if files.is_empty() => event(text!("files-none")),
        Notice::Files { files } => event(text!("files-all", files = join(files, file))),
        Notice::QuitAsks { sending, receiving } => note(quit_asks(*sending, *receiving)),
        Notice::VerifyBegun { by } => event(text!("verify-begun", nick = by)),
        Notice::VerifyWords { words } => Lines {
            talk: Some(SecretText::new(format!(
                "* {} {}",
                text!("verify-words"),
                harmless(&words.join(" "))
            ))),
            note: Some(text!("verify-how")),
        },
        Notice::VerifyVoid { reason } => event(text!("verify-void", reason = reason)),
        Notice::SafetyNumber { nick, number } => Lines {
            talk: Some(SecretText::new(format!(
                "* {} {}",
                text!("verify-number", nick = nick),
                harmless(number)
            ))),
            note: Some(text!("verify-number-how", nick = nick)),
        },
        Notice::Verified { members } => event(text!("verified", nicks = members.join(", "))),
        Notice::Locked { by, locked: true } => event(text!("room-locked", nick = by)),
        Notice::Locked { by, locked: false } => event(text!("room-unlocked", nick = by)),
        Notice::KeptOut => event(text!("room-kept-out")),
        Notice::Removed { by: None, nick } => event(text!("removed-by-you", nick = nick)),
        Notice::Removed { by: Some(by), nick } => event(text!("removed-by", by = by, nick = nick)),
        Notice::Parted { nick } => event(text!("parted", nick = nick)),
        Notice::Moving { by } => event(text!("room-moving", nick = by)),
        Notice::Moved => event(text!("room-moved")),
        Notice::Warning(text) => alarm(harmless(text)),
        Notice::Left => event(text!("you-left")),
        Notice::Progress(text) => note(text.clone()),
        Notice::Connected => note(text!("connected")),
        Notice::Entered { present } => note(text!("room-entered", present = present)),
        Notice::Broken => note(text!("connection-lost")),
        Notice::Resumed => note(text!("connection-resumed")),
        Notice::Away { text, seconds } => note(text!("connection-away", why = text, seconds = seconds)),
        Notice::Rejoined { text, present } => alarm(text!("room-rejoined", why = text, present = present)),
        Notice::NotAcknowledged { text, resend, .. } => {
            alarm(format!("{} {}", text!("not-acknowledged", number = resend), harmless(text)))
        }
        Notice::HandedBack { number, text, reason } => {
            alarm(format!("{} {}", text!("handed-back", reason = reason, number = number), harmless(text)))
        }
        Notice::Waiting { waiting, full: false, .. } => note(text!("lines-wait", count = waiting)),
        Notice::Waiting { waiting, full: true, .. } => note(text!("lines-wait-full", count = waiting)),
        Notice::Dropped { lines, .. } => note(text!("lines-dropped", count = lines)),
        Notice::Delivered { asked: false, .. } => Lines::default(),
        Notice::Delivered { number, opened, of, missing, asked: true } => {
            event(delivered(*number, *opened, *of, missing))
        }
        Notice::Error(text) => note(text!("error", text = text)),
        Notice::Unconnected { unmet, pairs } => event(unconnected(*unmet, pairs)),
        Notice::Rooms { rooms } => event(text!("rooms-yours", rooms = join(rooms, room))),
        Notice::ListedRooms { rooms } if rooms.is_empty() => event(text!("rooms-listed-none")),
        Notice::ListedRooms { rooms } => {
            let shown = join(rooms.get(..LISTED_SHOWN_MAX).unwrap_or(rooms), listed);
            event(match rooms.len().saturating_sub(LISTED_SHOWN_MAX) {
                0 => text!("rooms-listed", rooms = shown),
                more => text!("rooms-listed-more", rooms = shown, more = more),
            })
        }
        Notice::Current => note(text!("room-current-now")),
        Notice::Listed { name: Some(name), open: true } => alarm(text!("room-listed-open", name = name)),
        Notice::Listed { name: Some(name), open: false } => event(text!("room-listed-closed", name = name)),
        Notice::Listed { name: None, .. } => event(text!("room-unlisted")),
        Notice::RoomLeft => event(text!("you-left-room")),
        // Its own lines, and none of a peer's.
        Notice::Help => Lines { talk: None, note: Some(command::help()) },
        Notice::Said { .. } | Notice::Acknowledged { .. } | Notice::Finished(_) => Lines::default(),
    }
}

/// As texts tell the two apart.
fn way(sending: bool) -> &'static str {
    if sending { "to" } else { "from" }
}

fn delivered(number: u64, opened: usize, of: usize, missing: &[String]) -> String {
    if of == 0 {
        return text!("message-to-nobody", number = number);
    }
    let shown = missing.get(..MISSING_SHOWN_MAX).unwrap_or(missing);
    let nicks = shown.join(", ");
    match (shown, missing.len().saturating_sub(shown.len())) {
        ([], _) => text!("message-opened", number = number, opened = opened, of = of),
        (_, 0) => text!("message-opened-but", number = number, opened = opened, of = of, nicks = nicks),
        (_, more) => {
            text!(
                "message-opened-more",
                number = number,
                opened = opened,
                of = of,
                nicks = nicks,
                more = more
            )
        }
    }
}

const MISSING_SHOWN_MAX: usize = 16;

fn unconnected(unmet: usize, pairs: &[(String, String)]) -> String {
    let unmet = (unmet > 0).then(|| text!("members-unmet", count = unmet));
    let shown = pairs.get(..PAIRS_SHOWN_MAX).unwrap_or(pairs);
    let pairs = shown.iter().map(|(one, other)| text!("members-apart", one = one, other = other));
    text!("members-but", what = unmet.into_iter().chain(pairs).collect::<Vec<_>>().join("; "))
}

const PAIRS_SHOWN_MAX: usize = 16;

fn join<T>(items: &[T], text: fn(&T) -> String) -> String {
    items.iter().map(text).collect::<Vec<_>>().join(", ")
}

fn room(room: &RoomInfo) -> String {
    let current = room.current.then(|| text!("room-is-current"));
    let listed = room.listed.iter().map(|name| text!("room-is-listed", name = name));
    let what = [room.members.to_string()].into_iter().chain(current).chain(listed).collect::<Vec<_>>();
    format!("{} {} ({})", room.number, harmless(&room.name), what.join(", "))
}

fn listed(room: &ListedInfo) -> String {
    let way = if room.open { String::new() } else { format!(", {}", text!("room-is-closed")) };
    format!("{} ({}{way})", harmless(&room.name), room.members)
}

/// A number of bytes as people read it, rounded down.
pub(crate) fn bytes(count: u64) -> String {
    let (unit, name) = match count {
        0..1_000 => return text!("bytes", count = count),
        1_000..1_000_000 => (100, "kB"),
        1_000_000..1_000_000_000 => (100_000, "MB"),
        _ => (100_000_000, "GB"),
    };
    format!("{}.{} {name}", count / unit / 10, count / unit % 10)
}

fn file(file: &FileInfo) -> String {
    let FileInfo { number, name, nick, sending, done, size, stage } = file;
    let percent = done.saturating_mul(100).checked_div(*size).unwrap_or(100);
    let stage = match (stage, sending) {
        (FileStage::Offered, true) => text!("file-is-offered"),
        (FileStage::Offered, false) => text!("file-is-for-you", number = number),
        (FileStage::Going, _) => text!("file-is-going", percent = percent),
        (FileStage::Waiting, _) => text!("file-is-waiting", percent = percent),
    };
    let (size, way) = (bytes(*size), way(*sending));
    text!("file-listed", number = number, name = name, size = size, way = way, nick = nick, stage = stage)
}

fn quit_asks(sending: usize, receiving: usize) -> String {
    let sent = (sending > 0).then(|| text!("files-being-sent", count = sending));
    let received = (receiving > 0).then(|| text!("files-being-received", count = receiving));
    text!("quit-asks", files = sent.into_iter().chain(received).collect::<Vec<_>>().join(", "))
}

/// A list is read by people; one that fills their screen hides what stood there.
const LISTED_SHOWN_MAX: usize = 64;

fn who(you: &str, members: &[String], verified: &[String], lasting: &[String]) -> String {
    let others = members.iter().skip(1).map(|nick| {
        let verified = verified.contains(nick).then(|| text!("who-is-verified"));
        let lasting = lasting.contains(nick).then(|| text!("who-is-lasting"));
        let marks: Vec<String> = verified.into_iter().chain(lasting).collect();
        if marks.is_empty() { harmless(nick) } else { format!("{} ({})", harmless(nick), marks.join(", ")) }
    });
    let you = format!("{} ({})", harmless(you), text!("who-is-you"));
    text!("who-is-here", nicks = [you].into_iter().chain(others).collect::<Vec<_>>().join(", "))
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
mod tests;

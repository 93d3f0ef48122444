//! Notices as JSON objects, one a line, for scripts and bots. Names and fields are an interface: tests pin them.
//!
//! **In** a [`Notice`]. **Out** one object on a line, or nothing where only people care. **Never** a field that
//! changes its meaning; new ones may join.

#[cfg(test)]
mod documented;
pub(crate) mod request;

use serde::Serialize;
use zeroize::Zeroizing;

use crate::event::{FileInfo, FileStage, ListedInfo, Notice, Place, RoomInfo, Told};

/// One line of output.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
enum Object<'a> {
    Room {
        link: &'a str,
    },
    Passphrase {
        passphrase: &'a str,
    },
    Connected,
    Entered {
        present: usize,
    },
    MemberJoined {
        nick: &'a str,
    },
    MemberLeft {
        nick: &'a str,
    },
    Message {
        from: &'a str,
        text: &'a str,
    },
    Private {
        from: &'a str,
        text: &'a str,
    },
    PrivateSent {
        to: &'a str,
        text: &'a str,
    },
    FileOffered {
        number: u32,
        from: &'a str,
        name: &'a str,
        size: u64,
        directory: bool,
    },
    FileOfferSent {
        number: u32,
        name: &'a str,
        size: u64,
        to: &'a [String],
    },
    FileProgress {
        number: u32,
        name: &'a str,
        nick: &'a str,
        sending: bool,
        done: u64,
        size: u64,
        rate: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        seconds_left: Option<u64>,
    },
    FileWaits {
        number: u32,
        name: &'a str,
        nick: &'a str,
    },
    FileReceived {
        number: u32,
        name: &'a str,
        nick: &'a str,
        path: &'a str,
    },
    FileSent {
        number: u32,
        name: &'a str,
        nick: &'a str,
    },
    FileEnded {
        number: u32,
        name: &'a str,
        nick: &'a str,
        reason: &'a str,
    },
    Files {
        files: Vec<File<'a>>,
    },
    QuitAsks {
        sending: usize,
        receiving: usize,
    },
    VerifyBegun {
        by: &'a str,
    },
    VerifyWords {
        words: &'a [String],
    },
    VerifyVoid {
        reason: &'a str,
    },
    SafetyNumber {
        nick: &'a str,
        number: &'a str,
    },
    Verified {
        members: &'a [String],
    },
    Locked {
        by: &'a str,
    },
    Unlocked {
        by: &'a str,
    },
    KeptOut,
    Removed {
        #[serde(skip_serializing_if = "Option::is_none")]
        by: Option<&'a str>,
        nick: &'a str,
    },
    Parted {
        nick: &'a str,
    },
    Moving {
        by: &'a str,
    },
    Moved,
    Said {
        number: u64,
        text: &'a str,
    },
    Acknowledged {
        number: u64,
    },
    Delivered {
        number: u64,
        opened: usize,
        of: usize,
        missing: &'a [String],
    },
    Waiting {
        text: &'a str,
        waiting: usize,
        full: bool,
    },
    HandedBack {
        number: u64,
        text: &'a str,
        reason: &'a str,
    },
    Dropped {
        lines: usize,
        waiting: bool,
    },
    Who {
        you: &'a str,
        members: &'a [String],
        verified: &'a [String],
        lasting: &'a [String],
    },
    Warning {
        text: &'a str,
    },
    Error {
        text: &'a str,
    },
    Broken,
    Resumed,
    Away {
        text: &'a str,
        seconds: u64,
    },
    Rejoined {
        text: &'a str,
        present: usize,
    },
    NotAcknowledged {
        number: u64,
        text: &'a str,
        resend: u64,
    },
    Unconnected {
        unmet: usize,
        pairs: &'a [(String, String)],
    },
    Rooms {
        rooms: Vec<RoomObject<'a>>,
    },
    ListedRooms {
        rooms: Vec<ListedObject<'a>>,
    },
    Current,
    Listed {
        name: &'a str,
        open: bool,
    },
    Unlisted,
    RoomLeft,
    Left,
}

#[derive(Serialize)]
struct RoomObject<'a> {
    number: u32,
    name: &'a str,
    members: usize,
    current: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    listed: Option<&'a str>,
}

#[derive(Serialize)]
struct ListedObject<'a> {
    name: &'a str,
    members: u32,
    open: bool,
}

/// The first line: by which document the others are to be read.
pub(crate) fn hello() -> String {
    format!(r#"{{"event":"hello","version":{VERSION},"client":"{}"}}"#, env!("CARGO_PKG_VERSION"))
}

/// Of `docs/json.md`: counts up when something that stands there ceases to hold.
pub(crate) const VERSION: u32 = 1;

/// What happened, and where, if there is more than one room.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    object: Object<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<&'a str>,
}

/// A file on offer or on its way.
#[derive(Serialize)]
struct File<'a> {
    number: u32,
    name: &'a str,
    nick: &'a str,
    sending: bool,
    done: u64,
    size: u64,
    stage: &'static str,
}

fn file(file: &FileInfo) -> File<'_> {
    let FileInfo { number, name, nick, sending, done, size, stage } = file;
    let stage = match stage {
        FileStage::Offered => "offered",
        FileStage::Going => "going",
        FileStage::Waiting => "waiting",
    };
    File { number: *number, name, nick, sending: *sending, done: *done, size: *size, stage }
}

/// The line of what is told, without its end.
pub(crate) fn line(told: &Told) -> Option<Zeroizing<String>> {
    let object = object(&told.notice)?;
    let named = told.room.as_ref().filter(|room| room.named);
    let line = Line { object, room: named.map(|Place { name, .. }| name.as_str()) };
    // Strings and numbers always become JSON.
    serde_json::to_string(&line).ok().map(Zeroizing::new)
}

fn object(notice: &Notice) -> Option<Object<'_>> {
    let object = match notice {
        Notice::Room { link } => Object::Room { link: link.expose() },
        Notice::Passphrase { passphrase } => Object::Passphrase { passphrase: passphrase.expose() },
        Notice::Connected => Object::Connected,
        Notice::Entered { present } => Object::Entered { present: *present },
        Notice::MemberJoined { nick } => Object::MemberJoined { nick },
        Notice::MemberLeft { nick } => Object::MemberLeft { nick },
        Notice::Message { from, text } => Object::Message { from, text },
        Notice::Private { from, text } => Object::Private { from, text },
        Notice::PrivateSent { to, text } => Object::PrivateSent { to, text },
        Notice::FileOffered { number, from, name, size, directory } => {
            Object::FileOffered { number: *number, from, name, size: *size, directory: *directory }
        }
        Notice::FileOfferSent { number, name, size, to } => {
            Object::FileOfferSent { number: *number, name, size: *size, to }
        }
        Notice::FileProgress { number, name, nick, sending, done, size, rate, seconds_left } => {
            Object::FileProgress {
                number: *number,
                name,
                nick,
                sending: *sending,
                done: *done,
                size: *size,
                rate: *rate,
                seconds_left: *seconds_left,
            }
        }
        Notice::FileWaits { number, name, nick } => Object::FileWaits { number: *number, name, nick },
        Notice::FileReceived { number, name, nick, path } => {
            Object::FileReceived { number: *number, name, nick, path }
        }
        Notice::FileSent { number, name, nick } => Object::FileSent { number: *number, name, nick },
        Notice::FileEnded { number, name, nick, reason } => {
            Object::FileEnded { number: *number, name, nick, reason }
        }
        Notice::Files { files } => Object::Files { files: files.iter().map(file).collect() },
        Notice::QuitAsks { sending, receiving } => {
            Object::QuitAsks { sending: *sending, receiving: *receiving }
        }
        Notice::VerifyBegun { by } => Object::VerifyBegun { by },
        Notice::VerifyWords { words } => Object::VerifyWords { words },
        Notice::VerifyVoid { reason } => Object::VerifyVoid { reason },
        Notice::SafetyNumber { nick, number } => Object::SafetyNumber { nick, number },
        Notice::Verified { members } => Object::Verified { members },
        Notice::Locked { by, locked: true } => Object::Locked { by },
        Notice::Locked { by, locked: false } => Object::Unlocked { by },
        Notice::KeptOut => Object::KeptOut,
        Notice::Removed { by, nick } => Object::Removed { by: by.as_deref(), nick },
        Notice::Parted { nick } => Object::Parted { nick },
        Notice::Moving { by } => Object::Moving { by },
        Notice::Moved => Object::Moved,
        Notice::Acknowledged { number } => Object::Acknowledged { number: *number },
        Notice::Who { you, members, verified, lasting } => Object::Who { you, members, verified, lasting },
        Notice::Warning(text) => Object::Warning { text },
        Notice::Error(text) => Object::Error { text },
        Notice::Broken => Object::Broken,
        Notice::Resumed => Object::Resumed,
        Notice::Away { text, seconds } => Object::Away { text, seconds: *seconds },
        Notice::Rejoined { text, present } => Object::Rejoined { text, present: *present },
        Notice::NotAcknowledged { number, text, resend } => {
            Object::NotAcknowledged { number: *number, text, resend: *resend }
        }
        Notice::Said { number, text } => Object::Said { number: *number, text },
        Notice::Delivered { number, opened, of, missing, .. } => {
            Object::Delivered { number: *number, opened: *opened, of: *of, missing }
        }
        Notice::Waiting { text, waiting, full } => Object::Waiting { text, waiting: *waiting, full: *full },
        Notice::HandedBack { number, text, reason } => Object::HandedBack { number: *number, text, reason },
        Notice::Dropped { lines, waiting } => Object::Dropped { lines: *lines, waiting: *waiting },
        Notice::Unconnected { unmet, pairs } => Object::Unconnected { unmet: *unmet, pairs },
        Notice::Rooms { rooms } => Object::Rooms { rooms: rooms.iter().map(RoomObject::of).collect() },
        Notice::ListedRooms { rooms } => {
            Object::ListedRooms { rooms: rooms.iter().map(ListedObject::of).collect() }
        }
        Notice::Current => Object::Current,
        Notice::Listed { name: Some(name), open } => Object::Listed { name, open: *open },
        Notice::Listed { name: None, .. } => Object::Unlisted,
        Notice::RoomLeft => Object::RoomLeft,
        Notice::Left => Object::Left,
        Notice::Progress(_) | Notice::Help | Notice::Finished(_) => return None,
    };
    Some(object)
}

impl<'a> RoomObject<'a> {
    fn of(room: &'a RoomInfo) -> Self {
        let RoomInfo { number, name, members, current, listed } = room;
        Self { number: *number, name, members: *members, current: *current, listed: listed.as_deref() }
    }
}

impl<'a> ListedObject<'a> {
    fn of(room: &'a ListedInfo) -> Self {
        Self { name: &room.name, members: room.members, open: room.open }
    }
}

#[cfg(test)]
mod tests;

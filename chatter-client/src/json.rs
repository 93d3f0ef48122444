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
mod tests {
    use super::*;
    use crate::secret::SecretText;

    fn check(notice: &Notice, expected: &str) {
        for named in [false, true] {
            let room = Some(Place { number: 1, name: "tea".into(), named });
            let line = line(&Told { room, notice: notice.clone() }).expect("a line");
            documented::check(&line);
            let expected = expected.strip_suffix('}').expect("an object");
            let room = if named { r#","room":"tea""# } else { "" };
            assert_eq!(line.as_str(), format!("{expected}{room}}}"));
        }
    }

    #[test]
    fn every_line_is_as_promised() {
        let link = SecretText::new("chatter://h:1/room#x".into());
        check(&Notice::Room { link }, r#"{"event":"room","link":"chatter://h:1/room#x"}"#);
        let passphrase = SecretText::new("a b c".into());
        check(&Notice::Passphrase { passphrase }, r#"{"event":"passphrase","passphrase":"a b c"}"#);
        check(&Notice::MemberJoined { nick: "ben".into() }, r#"{"event":"member-joined","nick":"ben"}"#);
        check(&Notice::MemberLeft { nick: "ben".into() }, r#"{"event":"member-left","nick":"ben"}"#);
        let message = Notice::Message { from: "anna".into(), text: "hi".into() };
        check(&message, r#"{"event":"message","from":"anna","text":"hi"}"#);
        check(&Notice::Warning("w".into()), r#"{"event":"warning","text":"w"}"#);
        check(&Notice::Left, r#"{"event":"left"}"#);
        check(&Notice::Connected, r#"{"event":"connected"}"#);
        check(&Notice::Entered { present: 2 }, r#"{"event":"entered","present":2}"#);
        check(&Notice::Acknowledged { number: 3 }, r#"{"event":"acknowledged","number":3}"#);
        let strings = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let who = Notice::Who {
            you: "anna".into(),
            members: strings(&["anna", "ben"]),
            verified: strings(&["ben"]),
            lasting: Vec::new(),
        };
        check(
            &who,
            r#"{"event":"who","you":"anna","members":["anna","ben"],"verified":["ben"],"lasting":[]}"#,
        );
        let private = Notice::Private { from: "anna#k3f9".into(), text: "hi".into() };
        check(&private, r#"{"event":"private","from":"anna#k3f9","text":"hi"}"#);
        let sent = Notice::PrivateSent { to: "ben".into(), text: "hi".into() };
        check(&sent, r#"{"event":"private-sent","to":"ben","text":"hi"}"#);
        let offered = Notice::FileOffered {
            number: 1,
            from: "ben".into(),
            name: "x".into(),
            size: 3,
            directory: false,
        };
        check(
            &offered,
            r#"{"event":"file-offered","number":1,"from":"ben","name":"x","size":3,"directory":false}"#,
        );
        let progress = Notice::FileProgress {
            number: 1,
            name: "x".into(),
            nick: "ben".into(),
            sending: true,
            done: 1,
            size: 3,
            rate: 1,
            seconds_left: Some(2),
        };
        check(
            &progress,
            r#"{"event":"file-progress","number":1,"name":"x","nick":"ben","sending":true,"done":1,"size":3,"rate":1,"seconds_left":2}"#,
        );
        let received =
            Notice::FileReceived { number: 1, name: "x".into(), nick: "ben".into(), path: "/x".into() };
        check(&received, r#"{"event":"file-received","number":1,"name":"x","nick":"ben","path":"/x"}"#);
        let info = FileInfo {
            number: 1,
            name: "x".into(),
            nick: "ben".into(),
            sending: true,
            done: 1,
            size: 3,
            stage: FileStage::Going,
        };
        check(
            &Notice::Files { files: vec![info] },
            r#"{"event":"files","files":[{"number":1,"name":"x","nick":"ben","sending":true,"done":1,"size":3,"stage":"going"}]}"#,
        );
        check(
            &Notice::QuitAsks { sending: 1, receiving: 2 },
            r#"{"event":"quit-asks","sending":1,"receiving":2}"#,
        );
        check(&Notice::VerifyBegun { by: "ben".into() }, r#"{"event":"verify-begun","by":"ben"}"#);
        let words = Notice::VerifyWords { words: strings(&["zoo", "able"]) };
        check(&words, r#"{"event":"verify-words","words":["zoo","able"]}"#);
        check(&Notice::VerifyVoid { reason: "r".into() }, r#"{"event":"verify-void","reason":"r"}"#);
        let number = Notice::SafetyNumber { nick: "ben".into(), number: "12345".into() };
        check(&number, r#"{"event":"safety-number","nick":"ben","number":"12345"}"#);
        let verified = Notice::Verified { members: strings(&["ben"]) };
        check(&verified, r#"{"event":"verified","members":["ben"]}"#);
        let locked = |locked| Notice::Locked { by: "ben".into(), locked };
        check(&locked(true), r#"{"event":"locked","by":"ben"}"#);
        check(&locked(false), r#"{"event":"unlocked","by":"ben"}"#);
        check(&Notice::KeptOut, r#"{"event":"kept-out"}"#);
        let removed = |by: Option<&str>| Notice::Removed { by: by.map(str::to_owned), nick: "ben".into() };
        check(&removed(Some("anna")), r#"{"event":"removed","by":"anna","nick":"ben"}"#);
        check(&removed(None), r#"{"event":"removed","nick":"ben"}"#);
        check(&Notice::Parted { nick: "ben".into() }, r#"{"event":"parted","nick":"ben"}"#);
        check(&Notice::Moving { by: "ben".into() }, r#"{"event":"moving","by":"ben"}"#);
        check(&Notice::Moved, r#"{"event":"moved"}"#);
        check(&Notice::Error("e".into()), r#"{"event":"error","text":"e"}"#);
        check(&Notice::Broken, r#"{"event":"broken"}"#);
        check(&Notice::Resumed, r#"{"event":"resumed"}"#);
        let away = Notice::Away { text: "w".into(), seconds: 4 };
        check(&away, r#"{"event":"away","text":"w","seconds":4}"#);
        let rejoined = Notice::Rejoined { text: "r".into(), present: 2 };
        check(&rejoined, r#"{"event":"rejoined","text":"r","present":2}"#);
        let unheard = Notice::NotAcknowledged { number: 3, text: "hi".into(), resend: 1 };
        check(&unheard, r#"{"event":"not-acknowledged","number":3,"text":"hi","resend":1}"#);
        check(&Notice::Said { number: 3, text: "hi".into() }, r#"{"event":"said","number":3,"text":"hi"}"#);
        let delivered =
            Notice::Delivered { number: 3, opened: 1, of: 2, missing: strings(&["ben"]), asked: false };
        check(&delivered, r#"{"event":"delivered","number":3,"opened":1,"of":2,"missing":["ben"]}"#);
        let waiting = Notice::Waiting { text: "hi".into(), waiting: 2, full: false };
        check(&waiting, r#"{"event":"waiting","text":"hi","waiting":2,"full":false}"#);
        let back = Notice::HandedBack { number: 1, text: "hi".into(), reason: "r".into() };
        check(&back, r#"{"event":"handed-back","number":1,"text":"hi","reason":"r"}"#);
        let dropped = Notice::Dropped { lines: 2, waiting: true };
        check(&dropped, r#"{"event":"dropped","lines":2,"waiting":true}"#);
        let info = |number, listed: Option<&str>| RoomInfo {
            number,
            name: "tea".into(),
            members: 2,
            current: number == 1,
            listed: listed.map(str::to_owned),
        };
        check(
            &Notice::Rooms { rooms: vec![info(1, None), info(2, Some("t"))] },
            r#"{"event":"rooms","rooms":[{"number":1,"name":"tea","members":2,"current":true},{"number":2,"name":"tea","members":2,"current":false,"listed":"t"}]}"#,
        );
        check(
            &Notice::ListedRooms { rooms: vec![ListedInfo { name: "t".into(), members: 2, open: true }] },
            r#"{"event":"listed-rooms","rooms":[{"name":"t","members":2,"open":true}]}"#,
        );
        let unconnected = Notice::Unconnected { unmet: 1, pairs: vec![("b".into(), "c".into())] };
        check(&unconnected, r#"{"event":"unconnected","unmet":1,"pairs":[["b","c"]]}"#);
        check(&Notice::Current, r#"{"event":"current"}"#);
        let listed = Notice::Listed { name: Some("t".into()), open: false };
        check(&listed, r#"{"event":"listed","name":"t","open":false}"#);
        check(&Notice::Listed { name: None, open: false }, r#"{"event":"unlisted"}"#);
        check(&Notice::RoomLeft, r#"{"event":"room-left"}"#);
        assert_eq!(line(&Notice::Help.into()), None);
    }

    #[test]
    fn a_message_stays_on_its_line() {
        let message = Notice::Message { from: "a".into(), text: "x\r\n\u{1b}[2J\"".into() };
        check(&message, r#"{"event":"message","from":"a","text":"x\r\n\u001b[2J\""}"#);
    }
}

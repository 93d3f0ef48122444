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
    assert!(text.starts_with("* listed rooms: room 0 (3), room 1 (3, by link or passphrase), "), "{text}");
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

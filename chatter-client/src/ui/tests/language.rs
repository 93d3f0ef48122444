//! That all of the screen, and of the lines of pipes, is said in the reader's language: what isn't has no letters here.

use super::*;
use crate::event::{FileInfo, FileStage, ListedInfo, RoomInfo};
use crate::plain;
use crate::texts::tests::{is_all_marked, marked};

/// All that can happen, with names and texts of digits.
fn notices() -> Vec<Notice> {
    let one = || "1".to_owned();
    let file =
        |sending, stage| FileInfo { number: 1, name: one(), nick: one(), sending, done: 1, size: 2, stage };
    let progress = |sending, seconds_left| Notice::FileProgress {
        number: 1,
        name: one(),
        nick: one(),
        sending,
        done: 1,
        size: 2,
        rate: 3,
        seconds_left,
    };
    let delivered = |of, missing| Notice::Delivered { number: 1, opened: 1, of, missing, asked: true };
    let room = |current, listed| RoomInfo { number: 1, name: one(), members: 1, current, listed };
    let listed = |open| ListedInfo { name: one(), members: 1, open };
    let mut all = vec![
        Notice::Connected,
        Notice::MemberJoined { nick: one() },
        Notice::MemberLeft { nick: one() },
        Notice::Private { from: one(), text: one() },
        Notice::PrivateSent { to: one(), text: one() },
        Notice::Who {
            you: one(),
            members: vec![one(), "2".into(), "3".into()],
            verified: vec!["2".into()],
            lasting: vec!["2".into(), "3".into()],
        },
        Notice::Unconnected { unmet: 1, pairs: vec![(one(), one())] },
        Notice::FileOfferSent { number: 1, name: one(), size: 1, to: vec![one()] },
        progress(true, None),
        progress(false, Some(1)),
        Notice::FileWaits { number: 1, name: one(), nick: one() },
        Notice::FileReceived { number: 1, name: one(), nick: one(), path: one() },
        Notice::FileSent { number: 1, name: one(), nick: one() },
        Notice::FileEnded { number: 1, name: one(), nick: one(), reason: one() },
        Notice::Files { files: Vec::new() },
        Notice::Files {
            files: vec![
                file(true, FileStage::Offered),
                file(false, FileStage::Offered),
                file(true, FileStage::Going),
                file(false, FileStage::Waiting),
            ],
        },
        Notice::QuitAsks { sending: 1, receiving: 2 },
        Notice::VerifyBegun { by: one() },
        Notice::VerifyWords { words: vec![one()] },
        Notice::VerifyVoid { reason: one() },
        Notice::SafetyNumber { nick: one(), number: one() },
        Notice::Verified { members: vec![one()] },
        Notice::KeptOut,
        Notice::Removed { by: None, nick: one() },
        Notice::Removed { by: Some(one()), nick: one() },
        Notice::Parted { nick: one() },
        Notice::Moving { by: one() },
        Notice::Moved,
        Notice::Broken,
        Notice::Resumed,
        Notice::Away { text: one(), seconds: 1 },
        Notice::NotAcknowledged { number: 1, text: one(), resend: 1 },
        Notice::HandedBack { number: 1, text: one(), reason: one() },
        Notice::Waiting { text: one(), waiting: 1, full: false },
        Notice::Waiting { text: one(), waiting: 1, full: true },
        Notice::Dropped { lines: 1, waiting: true },
        delivered(0, Vec::new()),
        delivered(1, Vec::new()),
        delivered(2, vec![one()]),
        delivered(99, vec![one(); 98]),
        Notice::Rooms { rooms: vec![room(true, Some(one())), room(false, None)] },
        Notice::ListedRooms { rooms: Vec::new() },
        Notice::ListedRooms { rooms: vec![listed(true), listed(false)] },
        Notice::ListedRooms { rooms: vec![listed(true); 99] },
        Notice::Current,
        Notice::Listed { name: Some(one()), open: true },
        Notice::Listed { name: Some(one()), open: false },
        Notice::Listed { name: None, open: false },
        Notice::Error(one()),
        Notice::Help,
        Notice::Room { link: SecretText::new(one()) },
        Notice::Passphrase { passphrase: SecretText::new(one()) },
        Notice::Left,
    ];
    all.extend([true, false].map(|locked| Notice::Locked { by: one(), locked }));
    all.extend([true, false].map(|directory| Notice::FileOffered {
        number: 1,
        from: one(),
        name: one(),
        size: 1,
        directory,
    }));
    all.extend([0, 1, 2].map(|present| Notice::Entered { present }));
    all.extend([0, 1, 2].map(|present| Notice::Rejoined { text: one(), present }));
    all
}

#[test]
fn lines_come_from_the_catalogue() {
    for notice in notices() {
        let lines = marked(|| plain::lines_of(&notice));
        let talk = lines.talk.as_ref().map(SecretText::expose);
        for line in talk.into_iter().chain(lines.note.as_deref()) {
            assert!(is_all_marked(line), "{line}");
        }
    }
}

/// Wide, so that nothing is cut off.
fn play() -> Play {
    let theme = Theme { palette: Palette::Dark, charset: Charset::Unicode };
    let time = "18:02".to_owned();
    let screen = Screen::new((500, 60), theme, "1", "1", moment(0, &time));
    Play { screen, elapsed: 0, time }
}

#[test]
fn the_screen_comes_from_the_catalogue() {
    let check = |play: &Play| {
        let text = play.text();
        assert!(text.contains('⟦') && is_all_marked(&text), "{text}");
    };
    marked(|| {
        for notice in notices() {
            let mut play = play();
            play.notice(Notice::Connected);
            play.notice_in(1, "1", Notice::Entered { present: 2 });
            play.notice_in(1, "1", notice.clone());
            play.notice_in(2, "2", notice);
            check(&play);
        }
    });
}

#[test]
fn answers_to_what_is_typed_come_from_the_catalogue() {
    marked(|| {
        let mut play = play();
        for nick in ["2", "3"] {
            play.notice_in(1, "1", Notice::MemberJoined { nick: nick.into() });
        }
        play.notice_in(1, "1", Notice::Warning("1".into()));
        let typed = [
            "/bell",
            "/bell 1",
            "/bell none osc9",
            "/bell all osc777",
            "/bell mentions bell",
            "/theme 1",
            "/search 999",
            "/ignore 2",
            "/unignore 2",
            "/unignore 2",
            "/ignore 9",
            "/ignore 3",
            "/ok",
            "/ok",
            "1\n2",
            "/1",
            "/search",
        ];
        for line in typed {
            play.enter(line);
            assert!(is_all_marked(&play.text()), "{line}: {}", play.text());
        }
        play.enter("/search 2");
        assert!(is_all_marked(&play.text()), "{}", play.text());
        play.press(KeyCode::Esc);
        play.press(KeyCode::F(1));
        assert!(is_all_marked(&play.text()) && play.rows().len() > 50, "{}", play.text());
    });
}

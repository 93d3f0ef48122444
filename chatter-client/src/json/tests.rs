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
    check(&who, r#"{"event":"who","you":"anna","members":["anna","ben"],"verified":["ben"],"lasting":[]}"#);
    let private = Notice::Private { from: "anna#k3f9".into(), text: "hi".into() };
    check(&private, r#"{"event":"private","from":"anna#k3f9","text":"hi"}"#);
    let sent = Notice::PrivateSent { to: "ben".into(), text: "hi".into() };
    check(&sent, r#"{"event":"private-sent","to":"ben","text":"hi"}"#);
    let offered =
        Notice::FileOffered { number: 1, from: "ben".into(), name: "x".into(), size: 3, directory: false };
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

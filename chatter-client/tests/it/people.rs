//! Single members: private words, identities, verification, rooms behind words.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::program::{access_link, room_link, run};
use crate::server::Door;
use crate::talk::{Person, joined, message};

/// A folder, and a way to name files in it.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().expect("UTF-8").to_owned()
    }

    /// A file with these contents that nobody else may read.
    fn secret(&self, name: &str, contents: &str) -> String {
        fs::write(self.path(name), contents).expect("written");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o600)).expect("changed");
        }
        self.text(name)
    }
}

#[test]
fn private_words_and_verification_work_between_real_programs() {
    let door = Door::open(64);
    let (mut anna, link) = Person::with_room(&door);
    let mut ben = Person::start(&["join", &link, "--nick", "ben"]);
    let mut carol = Person::start(&["join", &link, "--nick", "carol"]);
    for (person, others) in
        [(&mut anna, ["ben", "carol"]), (&mut ben, ["anna", "carol"]), (&mut carol, ["anna", "ben"])]
    {
        for other in others {
            if !person.seen.contains(&joined(other)) {
                person.wait(&joined(other));
            }
        }
    }
    anna.line("/msg ben between us");
    ben.wait(&json!({"event": "private", "from": "anna", "text": "between us"}));
    anna.wait(&json!({"event": "private-sent", "to": "ben", "text": "between us"}));
    carol.line("/verify");
    let words =
        |person: &mut Person| person.wait_for(|event| event["event"] == "verify-words")["words"].clone();
    let read = words(&mut anna);
    assert_eq!(read.as_array().map(Vec::len), Some(5));
    assert_eq!((words(&mut ben), words(&mut carol)), (read.clone(), read));
    anna.line("/verify yes");
    let verified = anna.wait_for(|event| event["event"] == "verified");
    assert_eq!(verified["members"].as_array().map(Vec::len), Some(2));
    let number = |person: &mut Person, of: &str| {
        person.line(&format!("/verify {of}"));
        person.wait_for(|event| event["event"] == "safety-number")["number"].clone()
    };
    assert_eq!(number(&mut anna, "ben"), number(&mut ben, "anna"));
    // Ben is parted with, and everybody else moves on without him.
    for person in [&mut anna, &mut carol] {
        person.line("/remove ben");
        person.wait_for(|event| event["event"] == "removed" && event.get("by").is_none());
        ben.wait_for(|event| event["event"] == "parted");
    }
    anna.line("/rekey");
    for (person, other) in [(&mut anna, "carol"), (&mut carol, "anna")] {
        person.wait(&json!({"event": "moved"}));
        person.wait(&joined(other));
    }
    anna.line("/link");
    let new = anna.wait_for(|event| event["event"] == "room");
    assert_ne!(new["link"], json!(link));
    carol.line("alone with you");
    anna.wait(&message("carol", "alone with you"));
    for person in [anna, ben, carol] {
        let (seen, ended) = person.end();
        ended.check(0, "");
        assert!(!seen.iter().any(|event| event["event"] == "warning"), "{seen:?}");
        let whispers = seen.iter().filter(|event| event["event"] == "private").count();
        assert!(whispers <= 1);
    }
}

#[test]
fn an_identity_is_known_again_by_its_file_and_another_is_shouted_about() {
    let folder = Folder::new();
    let (identity, other, known) = (folder.text("ben"), folder.text("other"), folder.text("known"));
    for file in [&identity, &other] {
        let made = run(&["keygen", file], "");
        made.check(0, "");
        assert!(made.stdout.starts_with("member1"), "{made:?}");
    }
    let door = Door::open(64);
    let mut anna = Person::start(&["new", door.link(), "--nick", "anna", "--known", &known]);
    let link = anna.wait_for(|event| event["event"] == "room")["link"].as_str().expect("a link").to_owned();
    anna.wait_for(|event| event["event"] == "entered");
    let visit = |anna: &mut Person, identity: &str| {
        let mut ben = Person::start(&["join", &link, "--nick", "ben", "--identity", identity]);
        ben.wait(&joined("anna"));
        anna.wait(&joined("ben"));
        anna.line("/who");
        let who =
            anna.wait_for(|event| event["event"] == "who" && event["members"] == json!(["anna", "ben"]));
        ben.end().1.check(0, "");
        anna.wait_for(|event| event["event"] == "member-left");
        who
    };
    for _ in 0..2 {
        let who = visit(&mut anna, &identity);
        assert_eq!((&who["lasting"], &who["verified"]), (&json!(["ben"]), &json!([])));
    }
    assert!(!anna.seen.iter().any(|event| event["event"] == "warning"), "{:?}", anna.seen);
    anna.end().1.check(0, "");
    let kept = fs::read_to_string(&known).expect("kept");
    assert!(kept.contains(" seen ben\n"), "{kept}");
    // Another run knows him by the file.
    let mut anna = Person::start(&["join", &link, "--nick", "anna", "--known", &known]);
    anna.wait_for(|event| event["event"] == "entered");
    visit(&mut anna, &other);
    let shout = |event: &Value| {
        event["event"] == "warning"
            && event["text"].as_str().is_some_and(|text| text.starts_with("THIS IS NOT THE ben YOU KNEW"))
    };
    assert!(anna.seen.iter().any(shout), "{:?}", anna.seen);
    anna.end().1.check(0, "");
    assert_eq!(fs::read_to_string(&known).expect("kept"), kept, "a meeting changes nothing");
}

#[test]
fn keygen_makes_a_file_once_and_for_its_owner_alone() {
    let folder = Folder::new();
    let file = folder.text("me");
    run(&["keygen", &file], "").check(0, "");
    let made = fs::read_to_string(&file).expect("made");
    assert!(made.starts_with("identity1") && made.ends_with('\n'), "{made}");
    run(&["keygen", &file], "").check(1, "it was left as it is");
    assert_eq!(fs::read_to_string(&file).expect("there"), made);
    run(&["keygen", &folder.text("missing/me")], "").check(1, "could not be made");
    let link = room_link(9);
    let join = |identity: &str| run(&["join", &link, "--nick", "ben", "--identity", identity], "");
    join(&folder.text("none")).check(2, "--identity");
    join(&folder.secret("bad", "nonsense")).check(2, "no identity file");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&file).expect("there").permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("changed");
        join(&file).check(2, "others may read it");
    }
}

#[test]
fn a_locked_identity_opens_with_its_passphrase_alone() {
    let folder = Folder::new();
    let weak = folder.secret("weak", "hunter2\n");
    let right = folder.secret("right", "seven tired whales hum gently\n");
    let file = folder.text("me");
    run(&["keygen", &file, "--passphrase-file", &weak], "").check(2, "could be guessed");
    run(&["keygen", &file, "--passphrase-file", &right], "").check(0, "");
    assert!(fs::read_to_string(&file).expect("made").starts_with("lockedidentity1"));
    let link = room_link(9);
    let join = |passphrase: &str| {
        let arguments = ["join", &link, "--nick", "ben", "--identity", &file];
        run(&[&arguments[..], &["--identity-passphrase-file", passphrase]].concat(), "")
    };
    join(&weak).check(2, "the passphrase does not open this identity file");
    // Nobody listens there: it got as far as that.
    join(&right).check(4, "no connection");
}

#[test]
fn six_words_lead_into_a_room() {
    let door = Door::open(64);
    let folder = Folder::new();
    let mut anna = Person::start(&["new", door.link(), "--nick", "anna", "--room", "tea", "--passphrase"]);
    let words = anna.wait_for(|event| event["event"] == "passphrase");
    let words = words["passphrase"].as_str().expect("words").to_owned();
    assert_eq!(words.split(' ').count(), 6, "{words}");
    anna.wait_for(|event| event["event"] == "entered");
    // Typed another way, and piped behind the link.
    let typed = words.to_uppercase().replace(' ', "   ");
    let ended = run(
        &["join", "--nick", "ben", "--room", "tea", "--passphrase"],
        &format!("{}\n{typed}\nhello\n", door.link()),
    );
    ended.check(0, "working the passphrase");
    anna.wait(&message("ben", "hello"));
    // Another room's name is another room.
    let file = folder.secret("words", &words);
    let elsewhere =
        run(&["send", door.link(), "hi", "--nick", "eve", "--room", "te", "--passphrase-file", &file], "");
    elsewhere.check(0, "");
    assert!(elsewhere.stdout.contains("nobody else is in this room"), "{elsewhere:?}");
    anna.end().1.check(0, "");
    let weak = folder.secret("weak", "hunter2");
    run(&["new", &access_link(9), "--nick", "x", "--passphrase-file", &weak], "")
        .check(2, "could be guessed");
    run(&["new", &access_link(9), "--nick", "x", "--own-passphrase"], "hunter2\n")
        .check(2, "--weak takes it");
}

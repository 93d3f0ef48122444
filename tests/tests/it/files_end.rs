//! Files that others see end: who leaves, who is gone, what changes, what can't be sent, where they go, and a storm.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use chatter_tests::chaos::Chaos;
use chatter_tests::client::{Client, command};
use chatter_tests::daemon::{Daemon, Home};
use chatter_tests::process::until;
use chatter_tests::recorder::readdress;
use serde_json::{Value, json};

use crate::files::{arrives, content, entries, hand_over, is};

/// A file that is longer than what could arrive in the meantime.
fn long(path: &Path) {
    File::create(path).and_then(|file| file.set_len(200_000_000)).expect("made");
}

/// Anna gives ben a long file, and it has begun.
fn begun(home: &Home, daemon: &Daemon) -> (Client, Client, PathBuf, PathBuf) {
    let (mut anna, link) = Client::new_room(&daemon.access_link(), "", "anna");
    let mut ben = Client::join(&link, "ben", &[&anna]);
    let (path, into) = (home.path("film"), home.path("into"));
    fs::create_dir(&into).expect("made");
    long(&path);
    hand_over(&mut anna, &path, &mut ben, &into);
    ben.wait("gets some of it", |event| is(event, "file-progress") && event["done"] != 0);
    (anna, ben, path, into)
}

#[test]
fn what_is_under_way_is_told_of_and_asked_about() {
    let home = Home::new();
    let daemon = home.ephemeral("");
    let (mut anna, mut ben, _, into) = begun(&home, &daemon);
    ben.say("/files");
    let files = ben.wait("is told what is open", |event| is(event, "files"));
    let file = &files["files"][0];
    assert_eq!(
        (&file["name"], &file["nick"], &file["stage"]),
        (&json!("film"), &json!("anna"), &json!("going"))
    );
    assert_eq!((&file["sending"], &file["size"]), (&json!(false), &json!(200_000_000)));
    anna.say("/quit");
    let asks = anna.wait("is asked", |event| is(event, "quit-asks"));
    assert_eq!((&asks["sending"], &asks["receiving"]), (&json!(1), &json!(0)));
    anna.tell("still here", &[&ben]);
    // Ctrl-C asks nothing.
    assert_eq!(anna.interrupt().code, Some(0));
    let ended = ben.wait("is told", |event| is(event, "file-ended"));
    assert_eq!(ended["reason"], "anna cancelled it");
    until("the half is removed", || entries(&into).is_empty().then_some(()));
    ben.say("/files");
    ben.wait("has nothing open", |event| is(event, "files") && event["files"] == json!([]));
    assert_eq!(ben.quit().code, Some(0), "nothing to ask about");
}

#[test]
fn whoever_is_gone_is_waited_for_until_it_is_cancelled() {
    let home = Home::new();
    let daemon = home.ephemeral("grace = 2");
    let (mut anna, mut ben, _, into) = begun(&home, &daemon);
    anna.process.kill();
    ben.wait("waits", |event| is(event, "file-waits"));
    assert_eq!(entries(&into), ["film.part"]);
    ben.say("/cancel 1");
    ben.wait("is told", |event| is(event, "file-ended"));
    until("the half is removed", || entries(&into).is_empty().then_some(()));
}

#[test]
fn a_file_that_changes_on_its_way_ends_at_once() {
    let home = Home::new();
    let daemon = home.ephemeral("");
    let (anna, ben, path, into) = begun(&home, &daemon);
    File::options().append(true).open(&path).and_then(|mut file| file.write_all(b"x")).expect("written");
    anna.wait("is told", |event| is(event, "file-ended") && event["reason"].to_string().contains("changed"));
    ben.wait("is told", |event| is(event, "file-ended") && event["reason"] == "anna can't read or write it");
    until("the half is removed", || entries(&into).is_empty().then_some(()));
}

#[test]
fn downloads_go_where_they_are_told_and_can_not_be_run() {
    let home = Home::new();
    let daemon = home.ephemeral("");
    let (mut anna, link) = Client::new_room(&daemon.access_link(), "", "anna");
    let into = home.path("into");
    fs::create_dir(&into).expect("made");
    let directory = into.to_str().expect("text");
    let mut ben = Client::join_with(&link, "ben", &["--downloads", directory]);
    ben.met("anna");
    anna.met("ben");
    let things = home.path("things");
    fs::create_dir(&things).expect("made");
    fs::write(things.join("a"), "inside").expect("written");
    std::os::unix::fs::symlink("/etc/passwd", things.join("link")).expect("made");
    let _socket = UnixListener::bind(things.join("socket")).expect("made");
    anna.say(&format!("/send {}", things.display()));
    let left_out = anna.wait("is told what is not sent", |event| is(event, "error"));
    assert_eq!(
        left_out["text"],
        "not in things.tar: things/link (a symbolic link), things/socket (neither a file nor a directory)"
    );
    ben.wait("is offered it", |event| is(event, "file-offered"));
    let program = home.path("program.sh");
    fs::write(&program, "#!/bin/sh\n").expect("written");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("a mode");
    anna.say(&format!("/send {}", program.display()));
    ben.wait("is offered it, too", |event| is(event, "file-offered") && event["number"] == 2);
    for number in [1, 2] {
        ben.say(&format!("/accept {number}"));
        let received = ben.wait("has it", |event| is(event, "file-received") && event["number"] == number);
        let path = Path::new(received["path"].as_str().expect("a path"));
        assert_eq!(path.parent(), Some(fs::canonicalize(&into).expect("a path").as_path()));
        assert_eq!(fs::metadata(path).expect("there").permissions().mode() & 0o7777, 0o600);
    }
    let tar = fs::read(into.join("things.tar")).expect("read");
    assert!(!tar.windows(5).any(|window| window == b"root:"), "nothing of what the link leads to");
    let refused = command()
        .args(["join", &link, "--nick", "carol", "--plain", "--downloads"])
        .arg(home.path("none"))
        .output()
        .expect("it runs");
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("it is no directory"));
}

#[test]
fn one_member_offers_no_more_than_eight_at_once() {
    let home = Home::new();
    let daemon = home.ephemeral("");
    let (mut anna, link) = Client::new_room(&daemon.access_link(), "", "anna");
    let mut ben = Client::join(&link, "ben", &[&anna]);
    let path = home.path("x");
    fs::write(&path, "x").expect("written");
    for number in 1..=9 {
        anna.say(&format!("/send {} ben", path.display()));
        anna.wait("offers it", |event| is(event, "file-offer-sent") && event["number"] == number);
    }
    let ended = anna.wait("is told", |event| is(event, "file-ended"));
    assert_eq!((&ended["number"], &ended["reason"]), (&json!(9), &json!("ben has too many offers already")));
    ben.say("/files");
    let files = ben.wait("sees the others", |event| is(event, "files"));
    assert_eq!(files["files"].as_array().map(Vec::len), Some(8));
}

#[test]
fn a_file_is_whole_after_a_storm() {
    let home = Home::new();
    let daemon = home.ephemeral("grace = 120");
    let chaos = Chaos::new(daemon.address, 11);
    let (mut anna, link) = Client::new_room(&readdress(&daemon.access_link(), chaos.address()), "", "anna");
    let mut ben = Client::join(&link, "ben", &[&anna]);
    let (path, into) = (home.path("x"), home.path("into"));
    fs::create_dir(&into).expect("made");
    fs::write(&path, content(300_000)).expect("written");
    chaos.storm();
    hand_over(&mut anna, &path, &mut ben, &into);
    ben.wait("gets some of it", |event| is(event, "file-progress") && event["done"] != 0);
    chaos.roam(9);
    anna.tell("in the midst of it", &[&ben]);
    arrives(&anna, &ben, &path);
    assert_eq!(entries(&into), ["x"]);
    for client in [&anna, &ben] {
        assert_eq!(client.warnings(), Vec::<Value>::new(), "{}", client.nick);
        assert!(!client.events().iter().any(|event| is(event, "away")), "resumed, not begun anew");
    }
    let (connections, killed) = chaos.connections();
    assert!(killed > 0, "none of {connections} was killed: it was no storm");
}

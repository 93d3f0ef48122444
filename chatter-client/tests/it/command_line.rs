//! Arguments and links that can't work, before anything is sent.

use crate::program::{access_link, room_link, run};

#[test]
fn help_teaches() {
    let help = run(&["--help"], "");
    help.check(0, "");
    for word in ["Examples:", "`ps`", "Exit codes:", "--json", "chatter-client join"] {
        assert!(help.stdout.contains(word), "{word} is not in {}", help.stdout);
    }
    let version = run(&["--version"], "");
    assert_eq!(version.stdout, format!("chatter-client {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn usage_errors_have_their_code() {
    let link = room_link(9);
    run(&[], "").check(2, "Usage:");
    run(&["jion", &link], "").check(2, "join");
    run(&["join", &link, "--json", "--plain", "--nick", "x"], "").check(2, "--plain");
    run(&["join", &link], "").check(2, "--nick is missing");
    run(&["join", &link, "--nick", "an\u{202e}na"], "").check(2, "direction-changing");
    run(&["join", &link, "--nick", " anna"], "").check(2, "white space");
    run(&["send", &link, "--nick", "x"], "").check(2, "what to say is missing");
    run(&["new", &access_link(9), "--nick", "x", "--room", "a/b"], "").check(2, "--room");
    run(&["join", "--nick", "x"], "").check(2, "no room link was given");
}

#[test]
fn damaged_links_say_what_is_wrong() {
    let link = room_link(9);
    let join = |link: &str| run(&["join", link, "--nick", "ben"], "");
    join("http://example.org/").check(3, "chatter://");
    join(link.split_once('#').expect("a fragment").0).check(3, "#");
    join(&link[..link.len() - 3]).check(3, "error: ");
    join(&access_link(9)).check(3, "new");
    let damaged = link.replacen("#chatter1q", "#chatter1p", 1);
    assert_ne!(damaged, link);
    let ended = join(&damaged);
    ended.check(3, "error: ");
    let secret = link.rsplit_once("room1").expect("a room secret").1;
    assert!(!ended.stderr.contains(secret), "{}", ended.stderr);
    assert_eq!(ended.stdout, "");
}

#[test]
fn a_link_comes_from_a_pipe_too() {
    let damaged = room_link(9).replacen("#chatter1q", "#chatter1p", 1);
    run(&["join", "--nick", "ben"], &format!("{damaged}\nhi\n")).check(3, "error: ");
    run(&["send", "-", "hi", "--nick", "ben"], &damaged).check(3, "error: ");
    run(&["send", "hi", "--nick", "ben"], &damaged).check(3, "error: ");
}

#[test]
fn scripts_read_errors_as_json() {
    let ended = run(&["join", "http://example.org/", "--nick", "ben", "--json"], "");
    ended.check(3, "error: ");
    let lines: Vec<_> = ended.stdout.lines().collect();
    let [hello, line] = lines[..] else { panic!("{lines:?}") };
    let hello: serde_json::Value = serde_json::from_str(hello).expect("an object");
    assert_eq!((&hello["event"], &hello["version"]), (&"hello".into(), &1.into()));
    let line: serde_json::Value = serde_json::from_str(line).expect("an object");
    assert_eq!(line["event"], "error");
    assert!(line["text"].as_str().expect("a text").contains("chatter://"));
}

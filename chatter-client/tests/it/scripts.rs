//! Scripts and bots: sending when somebody is there, listening with a bound, requests as JSON.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::program::{Ended, finish, run, start};
use crate::server::Door;
use crate::talk::{Person, message};

/// Runs something and ends it with the test.
struct Bot(Child);

impl Drop for Bot {
    fn drop(&mut self) {
        // Fails where it has ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn private_file(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    let mut options = fs::OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.write(true).create_new(true).open(&path).expect("a file");
    file.write_all(text.as_bytes()).expect("room");
    path.to_str().expect("a plain name").to_owned()
}

fn events(ended: &Ended) -> Vec<Value> {
    ended.stdout.lines().map(|line| serde_json::from_str(line).expect("an object a line")).collect()
}

#[test]
fn what_is_for_one_waits_for_him() {
    let door = Door::open(8);
    let (anna, link) = Person::with_room(&door);
    let send = ["send", &link, "for ben", "--nick", "backup", "--to", "ben", "--timeout", "50"];
    let sending = start(&send);
    let listening = start(&["listen", &link, "--nick", "ben", "--once", "--timeout", "50", "--json"]);
    let heard = finish(listening);
    heard.check(0, "");
    let private = json!({"event": "private", "from": "backup", "text": "for ben"});
    assert!(events(&heard).contains(&private), "{heard:?}");
    assert_eq!(events(&heard)[0]["event"], "hello");
    let sent = finish(sending);
    sent.check(0, "");
    assert!(sent.stdout.contains("[you → ben] for ben"), "{sent:?}");
    let (seen, _) = anna.end();
    assert!(seen.iter().all(|event| event["event"] != "message"), "it was for ben alone: {seen:?}");
}

#[test]
fn what_is_for_several_waits_until_they_are_there() {
    let door = Door::open(8);
    let (mut anna, link) = Person::with_room(&door);
    let sending = start(&["send", &link, "now", "--nick", "backup", "--wait-for", "2"]);
    anna.wait(&json!({"event": "member-joined", "nick": "backup"}));
    let mut ben = Person::start(&["join", &link, "--nick", "ben"]);
    ben.wait(&message("backup", "now"));
    anna.wait(&message("backup", "now"));
    finish(sending).check(0, "");
    ben.end();
    anna.end();
}

#[test]
fn time_that_passes_has_a_code_of_its_own() {
    let door = Door::open(8);
    let (anna, link) = Person::with_room(&door);
    let late = run(&["send", &link, "hi", "--nick", "x", "--to", "carol", "--timeout", "2"], "");
    late.check(10, "did not come in time");
    assert!(late.stderr.contains("not taken by the relay: hi"), "{late:?}");
    run(&["listen", &link, "--nick", "x", "--once", "--timeout", "2"], "").check(10, "did not come in time");
    run(&["listen", &link, "--nick", "x", "--timeout", "2"], "").check(0, "");
    anna.end();
}

#[test]
fn links_and_texts_come_from_files_and_pipes() {
    let door = Door::open(8);
    let (mut anna, link) = Person::with_room(&door);
    let folder = tempfile::tempdir().expect("a folder");
    let (one, two) = link.split_at(90);
    let file = private_file(folder.path(), "link", &format!("<{one}\n  {two}>\n"));
    run(&["send", &format!("@{file}"), "-", "--nick", "x"], "two\nlines\n").check(0, "");
    anna.wait(&message("x", "two\nlines"));
    run(&["send", "--link-file", &file, "by flag", "--nick", "x"], "").check(0, "");
    anna.wait(&message("x", "by flag"));
    run(&["send", "piped", "--nick", "x"], &format!("\"{one}\n{two}\"\n")).check(0, "");
    anna.wait(&message("x", "piped"));
    run(&["send", "-", "--nick", "x"], &format!("{link}\nrest")).check(0, "");
    anna.wait(&message("x", "rest"));
    run(&["send", &link, "hi", "--link-file", &file, "--nick", "x"], "").check(2, "can't both be given");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("changed");
        run(&["send", &format!("@{file}"), "hi", "--nick", "x"], "").check(2, "chmod 600");
    }
    anna.end();
}

#[test]
fn requests_are_carried_out_or_refused_in_words() {
    let door = Door::open(8);
    let (mut anna, link) = Person::with_room(&door);
    let mut ben = Person::start(&["join", &link, "--nick", "ben"]);
    anna.wait(&json!({"event": "member-joined", "nick": "ben"}));
    ben.line(r#"{"request":"say","text":"/who\nis said"}"#);
    anna.wait(&message("ben", "/who\nis said"));
    ben.line(r#"{"request":"private","to":"anna","text":"alone"}"#);
    anna.wait(&json!({"event": "private", "from": "ben", "text": "alone"}));
    ben.line(r#"{"request":"dance"}"#);
    let error = ben.wait_for(|event| event["event"] == "error");
    assert!(error["text"].as_str().expect("a text").contains("there is no request \"dance\""), "{error}");
    ben.line(r#"{"request":"who","room":1}"#);
    let who = ben.wait_for(|event| event["event"] == "who");
    assert_eq!(who["members"], json!(["ben", "anna"]));
    ben.line(r#"{"request":"ignore","nick":"anna"}"#);
    ben.line(r#"{"request":"link"}"#);
    ben.wait(&json!({"event": "room", "link": link}));
    anna.line("not for ben");
    // What comes behind it tells that it has come.
    anna.line("/lock");
    ben.wait(&json!({"event": "locked", "by": "anna"}));
    ben.line(r#"{"request":"unignore","nick":"anna"}"#);
    ben.line(r#"{"request":"private","to":"anna","text":"again"}"#);
    anna.wait(&json!({"event": "private", "from": "ben", "text": "again"}));
    anna.line("for ben again");
    ben.wait(&message("anna", "for ben again"));
    ben.line(r#"{"request":"quit"}"#);
    let (seen, ended) = ben.end();
    ended.check(0, "");
    assert_eq!(seen[0]["event"], "hello");
    assert!(!seen.contains(&message("anna", "not for ben")), "{seen:?}");
    let documented = include_str!("../../../docs/json.md");
    for event in anna.end().0.iter().chain(&seen) {
        let name = event["event"].as_str().expect("a name");
        assert!(documented.contains(&format!("`{{\"event\":\"{name}\"")), "{name}");
    }
}

fn echoes(door: &Door, bot: impl FnOnce(&str) -> Command) {
    let (mut anna, link) = Person::with_room(door);
    let mut command = bot(&link);
    let command = command.stdin(Stdio::null()).stdout(Stdio::null());
    let _bot = Bot(command.spawn().expect("the bot starts"));
    anna.wait(&json!({"event": "member-joined", "nick": "echo"}));
    anna.line("nothing for it");
    anna.line("echo: hi there");
    anna.wait(&message("echo", "anna: hi there"));
    anna.end();
}

#[test]
#[cfg_attr(not(python3), ignore = "there is no python3 on this machine")]
fn the_bot_in_python_answers() {
    let folder = tempfile::tempdir().expect("a folder");
    echoes(&Door::open(8), |link| {
        let file = private_file(folder.path(), "link", link);
        let mut command = Command::new("python3");
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/echo-bot.py"));
        command.args([env!("CARGO_BIN_EXE_chatter-client"), "join", &format!("@{file}"), "--nick", "echo"]);
        command
    });
}

#[test]
fn the_bot_in_rust_answers() {
    let folder = tempfile::tempdir().expect("a folder");
    echoes(&Door::open(8), |link| {
        let mut command = Command::new(example("echo_bot"));
        command.arg(private_file(folder.path(), "link", link));
        command
    });
}

/// `cargo test` has built it beside this test; built here where this test alone was.
fn example(name: &str) -> std::path::PathBuf {
    let own = std::env::current_exe().expect("a test has a path");
    let profile = own.parent().and_then(Path::parent).expect("tests lie in target/<profile>/deps");
    let path = profile.join("examples").join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    if !path.is_file() {
        let target = profile.parent().expect("profiles lie in the target directory");
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--package", "chatter-client", "--example", name, "--target-dir"]).arg(target);
        assert!(cargo.status().expect("cargo runs").success(), "{name} can't be built");
    }
    path
}

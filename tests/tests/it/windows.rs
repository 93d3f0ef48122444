//! The client for Windows, under Wine, with a daemon and a client of this system. `platforms/windows.sh` runs these.

use std::fs;
use std::path::Path;
use std::process::Command;

use chatter_tests::client::Client;
use chatter_tests::daemon::Home;
use chatter_tests::process::Process;
use chatter_tests::terminal::Terminal;
use chatter_tests::wine;
use nix::sys::signal::Signal;
use serde_json::Value;

fn command(arguments: &[&str]) -> Command {
    let mut command = wine::command();
    command.args(arguments);
    command
}

fn is(event: &Value, name: &str) -> bool {
    event["event"] == name
}

#[test]
#[ignore = "a Windows program and Wine: platforms/windows.sh"]
fn windows_client_talks_verifies_and_exchanges_files() {
    let home = Home::new();
    let daemon = home.ephemeral("");
    let (mut anna, link) = Client::new_room(&daemon.access_link(), "kitchen", "anna");
    let mut ben = Client::by_command("ben", command(&["join", &link, "--nick", "ben", "--json"]));
    ben.entered();
    ben.met("anna");
    anna.met("ben");
    for text in ["hello", "Grüße, 世界 🎉", r"C:\Users\ben"] {
        anna.tell(text, &[&ben]);
        ben.tell(text, &[&anna]);
    }
    ben.wait_times("is acknowledged", 3, |event| is(event, "acknowledged"));

    anna.say("/verify");
    ben.say("/verify");
    let words =
        |client: &Client| client.wait("has words", |event| is(event, "verify-words"))["words"].clone();
    let theirs = words(&ben);
    assert!(theirs.as_array().is_some_and(|words| words.len() == 5), "{theirs}");
    assert_eq!(words(&anna), theirs);
    for client in [&mut anna, &mut ben] {
        client.say("/verify yes");
        client.wait("has verified", |event| is(event, "verified"));
    }

    let (from, into) = (home.path("from"), home.path("into here"));
    fs::create_dir(&from).expect("made");
    fs::create_dir(&into).expect("made");
    // Here they are names like any; there a device, a stream of another file, a place outside.
    let names = [("CON", "_CON"), ("a:b", "a_b"), (r"..\evil.txt", "evil.txt"), ("nul.txt", "_nul.txt")];
    for (number, (name, tame)) in names.into_iter().enumerate() {
        let path = from.join(name);
        fs::write(&path, content(100_000 + number)).expect("written");
        anna.say(&format!("/send {}", path.display()));
        receives(&mut ben, number + 1, tame, &wine::path(&into), &path, &into.join(tame));
    }
    // The other way, by a path with a drive and a space; what is there already stays.
    let path = home.path("photo one.jpg");
    fs::write(&path, content(300_000)).expect("written");
    fs::write(into.join("photo one.jpg"), "mine").expect("written");
    ben.say(&format!("/send {}", wine::path(&path)));
    let place = into.join("photo one (2).jpg");
    receives(&mut anna, 5, "photo one.jpg", &into.display().to_string(), &path, &place);
    assert_eq!(fs::read(into.join("photo one.jpg")).expect("read"), b"mine");
    ben.say(&format!("/send {}", wine::path(&from.join("none"))));
    ben.wait("is told that it is not there", |event| is(event, "error"));
    let mut left: Vec<_> = fs::read_dir(&into)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    left.sort();
    assert_eq!(left, ["_CON", "_nul.txt", "a_b", "evil.txt", "photo one (2).jpg", "photo one.jpg"]);

    for client in [&anna, &ben] {
        assert_eq!(client.warnings(), Vec::<Value>::new(), "{}", client.nick);
    }
    let ended = ben.quit();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.ends_with(r#"{"event":"left"}"#), "{ended:?}");
    anna.saw_leave("ben", 1);
}

/// Has `taker` accept what it is offered as `name`, and compares it with what was sent.
fn receives(taker: &mut Client, number: usize, name: &str, folder: &str, sent: &Path, place: &Path) {
    let about = |event: &Value, kind: &str| is(event, kind) && event["number"] == number;
    let offered = taker.wait("is offered a file", |event| about(event, "file-offered"));
    assert_eq!(offered["name"], name);
    taker.say(&format!("/accept {number} {folder}"));
    let received = taker.wait("has the file", |event| about(event, "file-received"));
    let told = received["path"].as_str().expect("a path");
    assert!(!told.starts_with(r"\\?\"), "a path that people know: {told}");
    let same = fs::read(place).expect("it is there") == fs::read(sent).expect("it is there");
    assert!(same, "{} is what was sent, {told}", place.display());
}

fn content(len: usize) -> Vec<u8> {
    (0..len as u64).map(|at| at.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes()[0]).collect()
}

#[test]
#[ignore = "a Windows program and Wine: platforms/windows.sh"]
fn windows_client_makes_rooms_and_leaves_in_every_way() {
    let home = Home::new();
    let daemon = home.ephemeral("grace = 2");
    let access = daemon.access_link();
    let mut wendy = Process::start("wendy", command(&["new", &access, "--nick", "wendy", "--plain"]));
    let link = wendy
        .wait("prints the way in", |lines| lines.iter().find(|line| line.starts_with("chatter://")).cloned());
    let mut anna = Client::joining(&link, "anna");
    anna.met("wendy");
    wendy.wait("sees anna", |lines| lines.iter().any(|line| line == "* anna joined").then_some(()));
    wendy.type_line("hello from a window");
    anna.heard("wendy", "hello from a window");
    anna.say("hello from a shell");
    wendy.wait("hears", |lines| lines.iter().any(|line| line == "<anna> hello from a shell").then_some(()));
    wendy.end_input();
    assert_eq!(wendy.ended().code, Some(0), "the end of input");
    anna.saw_leave("wendy", 1);

    let ben = Client::by_command("ben", command(&["join", &link, "--nick", "ben", "--json"]));
    ben.met("anna");
    let ended = ben.interrupt();
    assert_eq!((ended.code, ended.signal), (Some(0), None), "Ctrl-C: {ended:?}");
    anna.saw_leave("ben", 1);

    let said = Process::start("send", command(&["send", &link, "--nick", "bot", "done, 0 errors"])).ended();
    assert_eq!(said.code, Some(0), "{said:?}");
    anna.heard("bot", "done, 0 errors");

    let nowhere = link.replacen(&daemon.address.to_string(), "127.0.0.1:9", 1);
    let half = &link[..link.len() - 4];
    for (arguments, code) in [
        (vec!["jion"], 2),
        (vec!["join", half, "--nick", "x"], 3),
        (vec!["join", &nowhere, "--nick", "x"], 4),
    ] {
        let ended = Process::start("x", command(&arguments)).ended();
        assert_eq!(ended.code, Some(code), "{ended:?}");
    }
    let file = home.path("wendy.identity");
    let made = || Process::start("keygen", command(&["keygen", &wine::path(&file)])).ended();
    let first = made();
    assert_eq!(first.code, Some(0), "{first:?}");
    let identity = fs::read(&file).expect("it is there");
    assert_ne!(made().code, Some(0), "it is there already");
    assert_eq!(fs::read(&file).expect("it is there"), identity);
    assert_eq!(anna.quit().code, Some(0));
}

#[test]
#[cfg_attr(setsid, ignore = "a Windows program and Wine: platforms/windows.sh")]
#[cfg_attr(not(setsid), ignore = "no setsid")]
fn windows_client_has_a_full_screen() {
    let home = Home::new();
    let daemon = home.ephemeral("grace = 2");
    let (mut anna, link) = Client::new_room(&daemon.access_link(), "kitchen", "anna");
    let join = |nick: &str| {
        let command = command(&["join", &link, "--nick", nick, "--screen"]);
        Terminal::start_drawing_by_pipe(&command, 80, 24)
    };
    let mut ben = join("ben");
    ben.shows("anna joined");
    ben.shows("connected · 2 here");
    anna.met("ben");
    ben.type_line("hello anna");
    anna.heard("ben", "hello anna");
    anna.say("Grüße, 世界");
    ben.shows("<anna> Grüße, 世界");
    ben.type_text("\x1bOP");
    ben.shows("Esc closes");
    ben.type_text("\x1bOP");
    ben.wait("help is closed", |screen| !screen.contains("Esc closes"));
    assert!(!ben.astray().is_empty(), "it takes the terminal");
    ben.type_line("/quit");
    assert_eq!(ben.ended().code(), Some(0));
    assert_eq!(ben.astray(), [""; 0]);
    assert!(!ben.screen().contains("hello anna"), "nothing of the talk is left:\n{}", ben.screen());
    anna.saw_leave("ben", 1);

    let ways: [(&str, Way); 2] = [
        ("ctrl-c", |terminal| terminal.type_text("\x03")),
        ("signal", |terminal| terminal.signal(Signal::SIGINT)),
    ];
    for (nick, out) in ways {
        let mut terminal = join(nick);
        terminal.shows("connected · 2 here");
        out(&mut terminal);
        assert_eq!(terminal.ended().code(), Some(0), "{nick}:\n{}", terminal.screen());
        assert_eq!(terminal.astray(), [""; 0], "{nick}");
        anna.saw_leave(nick, 1);
    }
}

/// A way out.
type Way = fn(&mut Terminal);

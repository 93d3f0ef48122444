//! Profiles: written when asked for, entered by name, secrets kept from others.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::program::{Ended, access_link, finish, room_link};
use crate::server::Door;
use crate::talk::Person;

/// Runs the program with this user's home and input.
fn run(home: &Path, arguments: &[&str], input: &str) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chatter-client"));
    command.args(arguments).env("HOME", home).env("XDG_CONFIG_HOME", home.join(".config"));
    command
        .env("APPDATA", home)
        .env_remove("CHATTER_CONFIG")
        .env_remove("CHATTER_PROXY")
        .env_remove("NO_COLOR");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    // Fails where the program ends without reading.
    let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
    finish(child)
}

#[test]
fn a_profile_is_one_word_for_a_link_and_its_settings() {
    let door = Door::open(8);
    let (mut anna, link) = Person::with_room(&door);
    let home = tempfile::tempdir().expect("a folder");
    let run = |arguments: &[&str], input: &str| run(home.path(), arguments, input);
    run(&["profile", "list"], "").check(0, "");
    run(&["send", "home", "hi"], "").check(3, "no profile");
    run(&["profile", "add", "home", "--nick", "ben", "--theme", "light"], &link).check(0, "");
    run(&["profile", "add", "home"], &link).check(2, "there is a profile home already");
    let listed = run(&["profile", "list"], "");
    let secret = link.split_once('#').expect("a fragment").1;
    assert!(listed.stdout.contains("home: ") && listed.stdout.contains("kitchen"), "{listed:?}");
    assert!(!listed.stdout.contains(&secret[..12]), "{listed:?}");
    run(&["send", "home", "by one word"], "").check(0, "");
    anna.wait(&json!({"event": "message", "from": "ben", "text": "by one word"}));
    run(&["send", "home", "as another", "--nick", "carol"], "").check(0, "");
    anna.wait(&json!({"event": "message", "from": "carol", "text": "as another"}));
    run(&["listen", "hoem", "--once"], "").check(3, "did you mean home?");

    let shown = run(&["join", "home", "--ascii", "--show-settings"], "");
    shown.check(0, "");
    for line in [
        "nick = \"ben\"  # profile home",
        "theme = \"light\"  # profile home",
        "ascii = true  # command line or environment",
        "# proxy is not set",
    ] {
        assert!(shown.stdout.contains(line), "{line} is not in {}", shown.stdout);
    }
    assert!(!shown.stdout.contains(&secret[..12]), "{shown:?}");

    let path = run(&["profile", "path"], "").stdout;
    let path = Path::new(path.trim_end());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("changed");
        assert_eq!(fs::metadata(path).expect("there").permissions().mode() & 0o777, 0o600);
        mode(0o640);
        run(&["send", "home", "hi"], "").check(2, "others may read it");
        mode(0o600);
    }
    let text = fs::read_to_string(path).expect("there");
    fs::write(path, text.replace("theme", "thme")).expect("written");
    let wrong = run(&["send", "home", "hi"], "");
    wrong.check(2, "did you mean theme?");
    assert!(!wrong.stderr.contains(&secret[..12]), "{wrong:?}");
    fs::write(path, text).expect("written");
    run(&["profile", "remove", "home"], "").check(0, "");
    run(&["send", "home", "hi"], "").check(3, "no profile");
    anna.end();
}

#[test]
fn a_profile_enters_further_rooms() {
    let door = Door::open(8);
    let (mut anna, link) = Person::with_room(&door);
    let (mut zoe, other) = Person::with_room(&door);
    let home = tempfile::tempdir().expect("a folder");
    run(home.path(), &["profile", "add", "work", "--nick", "benjamin"], &other).check(0, "");
    run(home.path(), &["profile", "add", "home", "--nick", "ben", "--join", "work"], &link).check(0, "");
    let ended = run(home.path(), &["join", "home", "--plain"], "hi\n");
    ended.check(0, "");
    anna.wait(&json!({"event": "message", "from": "ben", "text": "hi"}));
    zoe.wait(&json!({"event": "member-joined", "nick": "benjamin"}));
    anna.end();
    zoe.end();
}

#[test]
fn a_file_of_settings_is_named_by_flag_or_environment() {
    let home = tempfile::tempdir().expect("a folder");
    let file = home.path().join("mine.toml");
    fs::write(&file, "nick = 'anna'\nno-rejoin = true\n").expect("written");
    let file = file.to_str().expect("a plain name");
    let shown = run(home.path(), &["join", "--config", file, "--show-settings"], "");
    assert!(shown.stdout.contains("nick = \"anna\"  # defaults of the file"), "{shown:?}");
    run(home.path(), &["join", "--config", "/nowhere/x.toml", "--nick", "x"], "").check(2, "/nowhere/x.toml");
    // A link that was cut where its room part begins is told from one that lets in alone.
    let link = room_link(9);
    let cut = link.rsplit_once(".room1").expect("a room part").0;
    run(home.path(), &["join", cut, "--nick", "x"], "").check(3, "cut short");
    run(home.path(), &["join", &access_link(9), "--nick", "x"], "").check(3, "new");
    run(home.path(), &["join", &link, "--nick", "x", "--forget", "--known", "k"], "").check(2, "--forget");
}

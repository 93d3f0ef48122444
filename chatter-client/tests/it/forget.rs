//! Nothing on any disk unless it was asked for.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::program::finish;
use crate::server::Door;
use crate::talk::{Person, message};

/// Every file below `folder`, with what it holds.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.insert(path.clone(), Vec::new());
            found.extend(contents(&path));
        } else {
            found.insert(path.clone(), fs::read(&path).expect("readable"));
        }
    }
    found
}

/// A whole stay with everything used that writes nothing; what was asked of `program`, which gets the arguments.
fn stay(program: impl FnOnce(&Path) -> Command) {
    let door = Door::open(8);
    let (mut anna, link) = Person::with_room(&door);
    let world = tempfile::tempdir().expect("a folder");
    for name in ["home", "tmp", "work"] {
        fs::create_dir(world.path().join(name)).expect("room");
    }
    let config = world.path().join("home/config.toml");
    fs::write(&config, "theme = 'light'\n").expect("room");
    let gift = tempfile::NamedTempFile::new().expect("a file");
    fs::write(&gift, "a gift").expect("room");
    let before = contents(world.path());

    let mut command = program(world.path());
    command.args(["join", "--nick", "ben", "--json", "--forget", "--config"]).arg(&config);
    command.env("HOME", world.path().join("home")).env("TMPDIR", world.path().join("tmp"));
    command.env("XDG_CONFIG_HOME", world.path().join("home")).current_dir(world.path().join("work"));
    let mut ben = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut stdin = ben.stdin.take().expect("a pipe");
    let mut lines = BufReader::new(ben.stdout.take().expect("a pipe")).lines();
    let mut wait = |name: &str| {
        loop {
            let line = lines.next().unwrap_or_else(|| panic!("no {name}")).expect("a line");
            let event: Value = serde_json::from_str(&line).expect("an object");
            if event["event"] == name {
                return event;
            }
        }
    };
    let mut say = |line: &str| writeln!(stdin, "{line}").expect("it reads");
    say(&link);
    wait("member-joined");
    say("hi");
    anna.wait(&message("ben", "hi"));
    say("/msg anna alone");
    say("/verify");
    wait("verify-words");
    say("/verify yes");
    wait("verified");
    say("/link");
    say("/rooms");
    anna.line(&format!("/send {}", gift.path().display()));
    let number = wait("file-offered")["number"].clone();
    say(&format!("/accept {number}"));
    let error = wait("error");
    assert!(error["text"].as_str().expect("a text").contains("unless you say where"), "{error}");
    say("/lock");
    say("/unlock");
    say("/rekey");
    wait("moved");
    wait("entered");
    say("/quit");
    wait("left");
    finish(ben).check(0, "");
    assert_eq!(contents(world.path()), before, "nothing was written");
    anna.end();
}

#[test]
fn a_stay_leaves_no_file_behind() {
    stay(|_| Command::new(env!("CARGO_BIN_EXE_chatter-client")));
}

#[cfg(unix)]
#[test]
#[cfg_attr(not(strace), ignore = "there is no strace that may trace on this machine")]
fn no_file_is_even_opened_for_writing() {
    let folder = tempfile::tempdir().expect("a folder");
    let calls = folder.path().join("calls");
    stay(|_| {
        let mut command = Command::new("strace");
        command.args(["-f", "-q", "-e", "trace=open,openat,openat2,creat,mkdir,mkdirat,rename,renameat,renameat2,link,linkat,symlink,symlinkat,memfd_create,mknod,mknodat"]);
        command.arg("-o").arg(&calls).arg(env!("CARGO_BIN_EXE_chatter-client"));
        command
    });
    let calls = fs::read_to_string(calls).expect("strace wrote");
    assert!(calls.lines().any(|call| call.contains("config.toml")), "strace saw what was opened: {calls}");
    assert!(calls.contains("+++ exited with 0 +++"), "strace saw the end: {calls}");
    let writes = |call: &&str| {
        let opens = call.contains("open") && !call.contains("creat");
        !opens || ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TMPFILE"].iter().any(|flag| call.contains(flag))
    };
    let to_none = |call: &&str| !["\"/dev/null\"", "\"/dev/tty\""].iter().any(|path| call.contains(path));
    let written: Vec<&str> = calls
        .lines()
        // Threads that end with the process leave calls that strace can't name.
        .filter(|call| call.contains('(') && !["<detached", "???("].iter().any(|end| call.contains(end)))
        .filter(writes)
        .filter(to_none)
        .collect();
    assert!(written.is_empty(), "{written:#?}");
}

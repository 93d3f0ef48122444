//! What goes wrong: texts, fields, exit codes.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::{Daemon, chatterctl, check, text};

#[test]
fn refusals_are_told_both_ways() {
    let daemon = Daemon::start();
    check(&daemon.ctl(&["bans", "add", "127.0.0.1"]), 1, "", "chatterctl: the address is exempt\n");
    check(&daemon.ctl(&["bans", "add", "x"]), 2, "", "chatterctl: this is not an IP address\n");
    check(
        &daemon.ctl(&["bans", "lift", "192.0.2.1"]),
        1,
        "",
        "chatterctl: this address is not in the report\n",
    );
    let refused = json!({"error": "the address is exempt", "kind": "failed", "reason": "EXEMPT"});
    assert_eq!(daemon.json(&["bans", "add", "127.0.0.1"]), (1, refused));
    let old = daemon.json(&["bans", "lift", "10.0.0.1"]);
    assert_eq!((old.0, &old.1["kind"]), (1, &json!("failed")));
    assert!(old.1["error"].as_str().unwrap().contains("older than chatterctl"));
}

#[test]
fn wrong_usage_is_told_both_ways() {
    for wrong in [
        &["nonsense"][..],
        &[],
        &["bans", "add"],
        &["bans", "add", "a", "b"],
        &["purge", "--all"],
        &["bans", "add", "203.0.113.9", "--for", "2w"],
        &["bans", "export", "--format", "xml"],
        &["purge", "--everything", "--address", "203.0.113.9"],
        &["purge", "--room", ""],
        &["rotate", "--now", "--keep-old", "10m"],
        &["invite", "--for", "7d"],
        &["revoke"],
        &["kick"],
        &["kick", "x"],
        &["config"],
        &["watch", "--every", "0"],
        &["status", "--every", "3"],
    ] {
        let output = chatterctl(wrong).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
        assert!(!output.stderr.is_empty());
    }
    let output = chatterctl(&["purge", "--all", "--json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["kind"], "usage");
    assert!(told["error"].as_str().unwrap().contains("--all"));
    let help = chatterctl(&["--help"]).output().unwrap();
    assert_eq!(help.status.code(), Some(0));
    let help = text(&help.stdout);
    for part in [
        "Examples:",
        "Exit codes: 0 done, 1 refused, failed or not confirmed, 2 wrong usage, 3 no daemon answers,\n4 your",
        "--socket",
    ] {
        assert!(help.contains(part), "{part:?} is missing in {help}");
    }
}

#[test]
fn a_missing_right_has_a_code_of_its_own() {
    let daemon = Daemon::start();
    let told = "your user does not have the right `operate`";
    check(&daemon.ctl(&["shutdown"]), 4, "", &format!("chatterctl: {told}\n"));
    let fields = json!({"error": told, "kind": "forbidden", "reason": "NO_RIGHT"});
    assert_eq!(daemon.json(&["shutdown"]), (4, fields));
}

#[test]
fn every_command_s_help_has_examples() {
    let help = text(&chatterctl(&["--help"]).output().unwrap().stdout);
    let commands = help.split_once("Commands:\n").unwrap().1.split("\n\n").next().unwrap();
    let names = commands.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    let names: Vec<&str> = names.filter(|name| !name.is_empty() && *name != "help").collect();
    assert!(names.len() >= 17, "{names:?}");
    for name in names {
        let help = text(&chatterctl(&[name, "--help"]).output().unwrap().stdout);
        assert!(help.contains("Examples:\n  chatterctl "), "{name}: {help}");
    }
}

#[test]
fn a_daemon_that_hangs_or_speaks_something_else_is_told() {
    let daemon = Daemon::start();
    let hanging = daemon.ctl(&["bans", "add", "203.0.113.8", "--timeout", "1"]);
    assert_eq!(hanging.status.code(), Some(3));
    assert!(text(&hanging.stderr).contains("does not answer"), "{}", text(&hanging.stderr));

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.sock");
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let other = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        std::io::Write::write_all(&mut stream, b"220 mail.example ESMTP\r\n").unwrap();
    });
    let output = chatterctl(&["--json", "status", "--socket", path.to_str().unwrap()]).output().unwrap();
    other.join().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["kind"], "unreachable");
    assert!(told["error"].as_str().unwrap().contains("answer"));
}

#[test]
fn a_closed_pipe_is_no_failure_and_a_full_disk_is_one() {
    let daemon = Daemon::start();
    let shell = |line: &str| {
        let line = line.replace("CTL", env!("CARGO_BIN_EXE_chatterctl"));
        Command::new("/bin/sh")
            .args(["-c", &line])
            .env("CHATTERD_ADMIN_SOCKET", daemon.socket())
            .output()
            .unwrap()
    };
    let piped = shell("(sleep 0.1; CTL ips; echo $? >&2) | true");
    assert_eq!(text(&piped.stderr).trim(), "0");
    if Path::new("/dev/full").exists() {
        let full = shell("CTL ips >/dev/full");
        assert_eq!(full.status.code(), Some(1));
        assert!(text(&full.stderr).contains("cannot print"));
    }
}

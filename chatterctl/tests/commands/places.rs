//! Where the daemon is looked for.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::{Daemon, chatterctl, check, text};

/// Tells that nobody is there, where it looked, and what to try.
fn check_unreachable(mut command: Command, places: &[&str], advice: &str) {
    let output = command.output().unwrap();
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(3), ""));
    let told = text(&output.stderr);
    for part in places.iter().chain(&["no chatterd answers", advice]) {
        assert!(told.contains(part), "{part:?} is missing in {told}");
    }
}

#[test]
fn where_nobody_answers_it_says_where_it_looked() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("nothing.sock");
    let place = place.to_str().unwrap();
    check_unreachable(
        chatterctl(&["--socket", place, "status"]),
        &[place, "no such socket"],
        "--socket PATH",
    );
    let stale = folder.path().join("stale.sock");
    drop(std::os::unix::net::UnixListener::bind(&stale).unwrap());
    check_unreachable(
        chatterctl(&["status", "--socket", stale.to_str().unwrap()]),
        &["stale.sock", "nobody listens"],
        "systemctl status chatterd",
    );
    let output = chatterctl(&["bans", "--json", "--socket", place]).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["kind"], "unreachable");
    assert!(told["error"].as_str().unwrap().contains(place));
}

#[test]
fn a_named_socket_is_the_only_place_looked_at() {
    let daemon = Daemon::start();
    let output = chatterctl(&["--socket", "/nowhere/admin.sock", "purge"])
        .env("CHATTERD_ADMIN_SOCKET", daemon.socket())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(text(&output.stderr).matches("admin.sock").count(), 1);
}

/// The program run by somebody who is not root, since nothing is forbidden to root and its places are the system's.
fn as_somebody(folder: &Path, arguments: &[&str]) -> Command {
    if !nix::unistd::geteuid().is_root() {
        return chatterctl(arguments);
    }
    std::fs::set_permissions(folder, Permissions::from_mode(0o755)).unwrap();
    let program = folder.join("chatterctl");
    std::fs::copy(env!("CARGO_BIN_EXE_chatterctl"), &program).unwrap();
    let mut command = Command::new(program);
    command.args(arguments).env_clear().stdin(Stdio::null()).uid(NOBODY).gid(NOBODY);
    command
}

const NOBODY: u32 = 65534;

#[test]
fn the_usual_places_are_searched() {
    let daemon = Daemon::start();
    std::fs::set_permissions(daemon.socket(), Permissions::from_mode(0o666)).unwrap();
    let folder = daemon.folder.path().join("chatterd");
    std::fs::create_dir(&folder).unwrap();
    std::os::unix::fs::symlink(daemon.socket(), folder.join("admin.sock")).unwrap();
    let mut command = as_somebody(daemon.folder.path(), &["purge"]);
    let output = command.env("XDG_RUNTIME_DIR", daemon.folder.path()).output().unwrap();
    check(&output, 0, "forgot 1 address; bans stay in the report\n", "");
}

#[test]
fn a_forbidden_socket_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("admin.sock");
    let _listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    std::fs::set_permissions(&path, Permissions::from_mode(0o000)).unwrap();
    let command = as_somebody(folder.path(), &["--socket", path.to_str().unwrap(), "status"]);
    check_unreachable(command, &["permission denied"], "as root or as the user who runs chatterd");
}

/// As `ssh -L` does it: each connection to the near socket becomes one to the far one.
fn forward(near: &Path, far: &Path) {
    let listener = UnixListener::bind(near).unwrap();
    let far = far.to_owned();
    std::thread::spawn(move || {
        for here in listener.incoming().map_while(Result::ok) {
            let there = UnixStream::connect(&far).unwrap();
            for (mut from, mut to) in [(here.try_clone().unwrap(), there.try_clone().unwrap()), (there, here)]
            {
                std::thread::spawn(move || {
                    let _ = io::copy(&mut from, &mut to);
                    let _ = to.shutdown(std::net::Shutdown::Write);
                });
            }
        }
    });
}

#[test]
fn a_forwarded_socket_is_as_good() {
    let daemon = Daemon::start();
    let near = daemon.folder.path().join("forwarded.sock");
    forward(&near, &daemon.socket());
    let near = near.to_str().unwrap();
    let output = chatterctl(&["--socket", near, "purge"]).output().unwrap();
    check(&output, 0, "forgot 1 address; bans stay in the report\n", "");
    let output = chatterctl(&["--socket", near, "watch"]).output().unwrap();
    assert_eq!((output.status.code(), text(&output.stdout).lines().count()), (Some(3), 9));
    let output = chatterctl(&["--socket", near, "bans", "export", "--format", "csv"]).output().unwrap();
    assert_eq!((output.status.code(), text(&output.stdout).lines().count()), (Some(0), 3));
}

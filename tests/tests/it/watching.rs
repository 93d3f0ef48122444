//! The operator watches, ends a session, ends the daemon; and who may do so.

use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::time::Duration;

use chatter_tests::client::Client;
use chatter_tests::daemon::{Daemon, Home};
use chatter_tests::process::{Ended, Process};
use chatter_tests::programs;
use serde_json::{Value, json};

fn watch(daemon: &Daemon) -> Process {
    let mut command = Command::new(programs::path("chatterctl"));
    command.arg("--socket").arg(&daemon.socket).args(["watch", "--json", "--every", "1"]);
    Process::start("chatterctl watch", command)
}

fn told(watcher: &Process, what: &str, is_it: impl Fn(&Value) -> bool) -> Value {
    watcher.wait(what, |lines| {
        let events = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        events.into_iter().find(|event| is_it(event))
    })
}

#[test]
fn who_watches_hears_what_happens_and_not_who_talks_to_whom() {
    let home = Home::new();
    let mut daemon = home.ephemeral("");
    let mut watcher = watch(&daemon);
    told(&watcher, "begins with how things stand", |event| {
        event["event"] == "snapshot" && event["status"]["members"] == 0
    });
    let (mut anna, link) = Client::new_room(&daemon.access_link(), "", "anna");
    let ben = Client::join(&link, "ben", &[&anna]);
    anna.tell("a secret", &[&ben]);
    let operator = daemon.operator();
    let numbers: Vec<Value> =
        operator.list("sessions", "sessions").into_iter().map(|session| session["number"].clone()).collect();
    for number in &numbers {
        told(&watcher, "hears of a member", |event| event["number"] == *number && event["change"] == "came");
    }
    told(&watcher, "gets figures", |event| event["event"] == "figures" && event["status"]["members"] == 2);
    operator.ask(&["bans", "add", "203.0.113.9"]);
    told(&watcher, "hears of a ban", |event| event["ban"]["address"] == "203.0.113.9");
    operator.ask(&["bans", "lift", "203.0.113.9"]);
    told(&watcher, "hears of its end", |event| {
        event["event"] == "lifted" && event["address"] == "203.0.113.9"
    });
    operator.ask(&["invite", "--name", "carol"]);
    told(&watcher, "hears of a code", |event| event["name"] == "carol" && event["change"] == "made");
    operator.ask(&["reload"]);
    told(&watcher, "hears of the settings", |event| event["event"] == "reloaded");

    // The first one who came is anna.
    assert_eq!(operator.ask(&["kick", &numbers[0].to_string()]), json!({"kicked": numbers[0]}));
    let ended = anna.ended_within(Duration::from_secs(5));
    assert_eq!(ended.code, Some(8), "{ended:?}");
    assert!(ended.stderr.contains("the server's operator ended this session"), "{ended:?}");
    told(&watcher, "hears of the end", |event| event["number"] == numbers[0] && event["change"] == "ended");
    ben.saw_leave("anna", 1);
    let again = operator.run(&["kick", &numbers[0].to_string(), "--json"]);
    assert!(again.code == Some(1) && again.stdout.contains("NO_SUCH_SESSION"), "{again:?}");

    assert_eq!(operator.ask(&["shutdown"]), json!({"stopping": true}));
    assert_eq!(daemon.process.ended().code, Some(0));
    let ended = watcher.ended();
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.stdout.contains("\"event\":\"stopping\""), "{ended:?}");
    let room = &link[link.rfind('.').expect("a room's part")..];
    for word in ["anna", "ben\"", "a secret", room, "127.0.0.1\""] {
        assert!(!ended.stdout.contains(word), "{word:?} is told: {ended:?}");
    }
    let rooms = ended.stdout.matches("\"room").count();
    assert_eq!(rooms, ended.stdout.matches("\"rooms\":").count(), "no room but their number: {ended:?}");
}

/// Somebody who is in no list of this machine.
const SOMEBODY: u32 = 47_110;
/// A group that nobody is in.
const GROUP: u32 = 47_111;

/// chatterctl as somebody calls it who runs under that group.
fn as_somebody(home: &Home, daemon: &Daemon, arguments: &[&str]) -> Ended {
    let program = home.path("chatterctl");
    if !program.exists() {
        std::fs::copy(programs::path("chatterctl"), &program).expect("room for a program");
    }
    let mut command = Command::new(program);
    command.arg("--socket").arg(&daemon.socket).args(arguments).arg("--json").uid(SOMEBODY).gid(GROUP);
    Process::start("chatterctl", command).ended()
}

#[test]
#[ignore = "needs root, to be somebody else; .ci/run peers runs it"]
fn rights_are_given_to_users_and_groups_and_taken_again() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new();
    let open = std::fs::Permissions::from_mode(0o711);
    std::fs::set_permissions(home.path(""), open).expect("a folder of ours");
    let group = format!("[admin]\ngroup = \"{GROUP}\"\n");
    let daemon = home.ephemeral(&group);
    let mode = std::fs::metadata(&daemon.socket).expect("a socket").permissions().mode();
    assert_eq!(mode & 0o777, 0o660);
    let steps: [(&str, Option<usize>); 5] = [
        ("", None),
        ("read = [\"47110\"]", Some(0)),
        ("operate = [\"@47111\"]", Some(1)),
        ("secret = [\"47110\"]", Some(2)),
        ("read = [\"47109\"]", None),
    ];
    let commands = [&["status"][..], &["bans", "add", "203.0.113.9"], &["invite"]];
    for (setting, most) in steps {
        std::fs::write(home.path("chatterd.toml"), format!("{group}{setting}\n")).expect("room");
        daemon.operator().ask(&["reload"]);
        for (at, command) in commands.iter().enumerate() {
            let ended = as_somebody(&home, &daemon, command);
            let may = most.is_some_and(|most| at <= most);
            assert_eq!(ended.code, Some(if may { 0 } else { 4 }), "{setting} {command:?}: {ended:?}");
            assert!(
                may || ended.stdout.contains("NO_RIGHT") && !ended.stdout.contains("chatter://"),
                "{ended:?}"
            );
        }
    }
    let ended = as_somebody(&home, &daemon, &["shutdown"]);
    assert_eq!(ended.code, Some(4), "{ended:?}");

    // Without a group nobody else reaches the socket at all.
    drop(daemon);
    let daemon = home.ephemeral("[admin]\nread = [\"47110\"]\n");
    let ended = as_somebody(&home, &daemon, &["status"]);
    assert!(ended.code == Some(3) && ended.stdout.contains("permission denied"), "{ended:?}");
}

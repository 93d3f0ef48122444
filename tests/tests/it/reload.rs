//! Settings read anew while people talk.

use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use chatter_tests::client::Client;
use chatter_tests::company::Company;
use chatter_tests::daemon::{Daemon, Home, command};
use chatter_tests::exchange::exchange;
use chatter_tests::process::{Process, until};
use nix::sys::signal::Signal;
use serde_json::{Value, json};

fn write(home: &Home, settings: &str) {
    std::fs::write(home.path("chatterd.toml"), settings).expect("room for settings");
}

/// The value that holds.
fn holds(daemon: &Daemon, key: &str) -> Value {
    let settings = daemon.operator().list_of(&["config", "show"], "settings");
    let setting = settings.into_iter().find(|setting| setting["key"] == key);
    setting.unwrap_or_else(|| panic!("no {key}"))["value"].clone()
}

/// Writes these settings and has them read; what changed, by key, and whether it waits for the next start.
fn reload(home: &Home, daemon: &Daemon, settings: &str) -> Vec<(String, bool)> {
    write(home, settings);
    let changes = daemon.operator().list_of(&["reload"], "changes");
    let change = |change: &Value| {
        let key = change["key"].as_str().unwrap_or_default().to_owned();
        (key, change["needs_restart"].as_bool().expect("a truth"))
    };
    changes.iter().map(change).collect()
}

fn knock(daemon: &Daemon, from: u8) {
    exchange(daemon.address, from, b"GET / HTTP/1.1\r\n\r\n");
}

#[test]
fn people_talk_on_while_settings_are_read_anew() {
    let home = Home::new();
    let daemon = home.ephemeral("");
    let mut company = Company::gather(&daemon.access_link(), 3);
    let sessions = || -> Vec<Value> {
        let sessions = daemon.operator().list("sessions", "sessions");
        sessions.into_iter().map(|session| json!([session["number"], session["state"]])).collect()
    };
    let before = sessions();
    company.talk_while(|| {
        for round in 0..6 {
            let settings = format!("grace = {}\ntrusted-proxies = [\"10.0.0.{round}\"]\n", 20 + round);
            if round % 2 == 0 {
                let keys = reload(&home, &daemon, &settings);
                assert_eq!(keys, [("trusted-proxies".to_owned(), false), ("grace".to_owned(), false)]);
            } else {
                write(&home, &settings);
                daemon.process.signal(Signal::SIGHUP);
            }
            let expected = Value::from((20 + round).to_string());
            until("the new grace holds", || (holds(&daemon, "grace") == expected).then_some(()));
        }
    });
    assert_eq!(sessions(), before, "the same sessions as before");
    company.leave();
}

#[test]
fn what_is_set_anew_holds_at_once() {
    let home = Home::new();
    let daemon = home.ephemeral("[ban]\nexempt = []\nafter = 30\n");
    let operator = daemon.operator();
    (0..3).for_each(|_| knock(&daemon, 5));
    assert_eq!(reload(&home, &daemon, "[ban]\nexempt = []\nafter = 4\n"), [("ban.after".to_owned(), false)]);
    assert_eq!(operator.banned(), [""; 0]);
    knock(&daemon, 5);
    assert_eq!(operator.banned(), ["127.0.0.5"], "the fourth is now one too many");
    let refusing = "[ban]\nexempt = []\nafter = 4\nrefuse = true\n";
    assert_eq!(reload(&home, &daemon, refusing), [("ban.refuse".to_owned(), false)]);
    assert!(exchange(daemon.address, 5, b"GET / HTTP/1.1\r\n\r\n").bytes.is_empty(), "refused");
    let exempt = "[ban]\nexempt = [\"127.0.0.5\"]\nafter = 4\n";
    reload(&home, &daemon, exempt);
    assert_eq!(operator.banned(), [""; 0], "who is exempt is banned no longer");
    assert!(!exchange(daemon.address, 5, b"GET / HTTP/1.1\r\n\r\n").bytes.is_empty());

    // One session is enough from now on, and nobody is put out.
    let (mut anna, room) = Client::new_room(&daemon.access_link(), "", "anna");
    let ben = Client::join(&room, "ben", &[&anna]);
    let tight = format!("public-host = \"b.example:81\"\n{exempt}[limits]\nsessions-max = 2\n");
    let keys = reload(&home, &daemon, &tight);
    assert_eq!(keys, [("public-host".to_owned(), false), ("limits.sessions-max".to_owned(), false)]);
    anna.tell("still here", &[&ben]);
    let ended = Client::joining(&room, "carol").ended_within(Duration::from_secs(20));
    assert_eq!(ended.code, Some(7), "there is no place: {ended:?}");
    assert!(operator.link("invite").starts_with("chatter://b.example:81/"));
    reload(&home, &daemon, exempt);
    let carol = Client::join(&room, "carol", &[&anna, &ben]);
    anna.tell("now there is", &[&ben, &carol]);
}

#[test]
fn a_proxy_is_trusted_from_then_on() {
    let home = Home::new();
    let daemon = home.ephemeral("[ban]\nexempt = []\n");
    let forwarded = b"GET / HTTP/1.1\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n";
    exchange(daemon.address, 5, forwarded);
    assert_eq!(daemon.operator().known("203.0.113.9"), None);
    reload(&home, &daemon, "trusted-proxies = [\"127.0.0.5\"]\n[ban]\nexempt = []\n");
    exchange(daemon.address, 5, forwarded);
    assert_eq!(daemon.operator().known("203.0.113.9").expect("known")["knocks"], 1);
}

#[test]
fn settings_that_are_wrong_change_nothing_and_are_told_by_line_and_key() {
    let home = Home::new();
    let daemon = home.ephemeral("grace = 20\n");
    let before = daemon.operator().ask(&["config", "show"]);
    for (settings, parts) in [
        ("grace = 21\n[ban]\nafter = 0\n", &["chatterd.toml", "line 3", "after", "from 1"][..]),
        ("grace = 21\n[ban]\nafetr = 3\n", &["line 3", "afetr", "after"]),
        ("grace = 21\nchaff = [", &["line 2"]),
        ("grace = 21\n[admin]\nread = [\"no-such-user\"]\n", &["admin", "no-such-user"]),
        ("grace = 21\n[decoy]\nroot = \"/no/such/folder\"\n", &["decoy.root", "/no/such/folder"]),
    ] {
        write(&home, settings);
        for arguments in [&["reload", "--json"][..], &["config", "check", "--json"]] {
            let ended = daemon.operator().run(arguments);
            let told: Value = serde_json::from_str(&ended.stdout).expect("JSON");
            assert_eq!((ended.code, &told["reason"]), (Some(1), &json!("WRONG_SETTINGS")), "{ended:?}");
            let text = told["error"].as_str().unwrap_or_default();
            assert!(parts.iter().all(|part| text.contains(part)), "{parts:?} in {text}");
        }
        assert_eq!(daemon.operator().ask(&["config", "show"]), before, "{settings}");
    }
    daemon.process.signal(Signal::SIGHUP);
    until("the log says so", || daemon.log().contains("the settings stay as they were").then_some(()));
    std::fs::remove_file(home.path("chatterd.toml")).expect("a file");
    assert_eq!(daemon.operator().run(&["reload"]).code, Some(1));
    assert_eq!(daemon.operator().ask(&["config", "show"]), before);
}

#[test]
fn what_needs_a_restart_is_named_and_waits() {
    let home = Home::new();
    let daemon = home.ephemeral("");
    let settings = "grace = 20\n[decoy]\npython = \"3.12.1\"\n";
    write(&home, settings);
    let checked = daemon.operator().ask(&["config", "check"]);
    assert_eq!(checked["changes"].as_array().map(Vec::len), Some(2), "{checked}");
    assert_eq!(holds(&daemon, "grace"), "30", "to look changes nothing");
    let changed = [("grace".to_owned(), false), ("decoy.python".to_owned(), true)];
    assert_eq!(reload(&home, &daemon, settings), changed);
    assert_eq!((holds(&daemon, "grace"), holds(&daemon, "decoy.python")), (json!("20"), json!("\"3.11.2\"")));
    assert_eq!(reload(&home, &daemon, settings), changed[1..], "it still waits");
    assert!(daemon.log().contains("at the next start: decoy.python"), "{}", daemon.log());
}

#[test]
fn systemd_hears_of_it() {
    let home = Home::new();
    let heard = UnixDatagram::bind(home.path("notify.sock")).expect("a socket");
    heard.set_read_timeout(Some(Duration::from_secs(20))).expect("a socket that waits");
    write(&home, "");
    let mut command = command();
    command.env("NOTIFY_SOCKET", home.path("notify.sock"));
    command.args(["--ephemeral", "--listen", "127.0.0.1:0", "--config"]).arg(home.path("chatterd.toml"));
    command.arg("--admin-socket").arg(home.path("run/admin.sock"));
    let mut process = Process::start("chatterd", command);
    // That all is well is told between the rest, when it is time.
    let next = || {
        loop {
            let mut buffer = [0; 1024];
            let count = heard.recv(&mut buffer).expect("a notification");
            let told = String::from_utf8(buffer[..count].to_vec()).expect("text");
            if !told.starts_with("WATCHDOG=1\n") {
                return told;
            }
        }
    };
    assert!(next().contains("READY=1"));
    for settings in ["grace = 20\n", "nonsense"] {
        write(&home, settings);
        process.signal(Signal::SIGHUP);
        let told = next();
        let at = told.lines().find_map(|line| line.strip_prefix("MONOTONIC_USEC="));
        assert!(told.contains("RELOADING=1") && at.is_some_and(|at| at.parse::<u64>().is_ok()), "{told}");
        let told = next();
        assert!(told.contains("READY=1"), "whatever comes of it: {told}");
    }
    process.signal(Signal::SIGTERM);
    assert!(next().contains("STOPPING=1"));
    assert_eq!(process.ended().code, Some(0));
}

#[test]
fn a_shorter_grace_holds_for_who_is_away_already() {
    let home = Home::new();
    let daemon = home.ephemeral("grace = 600\n");
    let (anna, room) = Client::new_room(&daemon.access_link(), "", "anna");
    let mut ben = Client::join(&room, "ben", &[&anna]);
    ben.process.kill();
    let away = || daemon.operator().ask(&["status"])["sessions_detached"].clone();
    until("he is away", || (away() == 1).then_some(()));
    assert_eq!(reload(&home, &daemon, "grace = 1\n"), [("grace".to_owned(), false)]);
    anna.saw_leave("ben", 1);
    assert_eq!(away(), 0);
}

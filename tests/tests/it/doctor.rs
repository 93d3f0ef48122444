//! What `chatterctl doctor` tells of real daemons: healthy ones, and such that something is wrong with.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use chatter_tests::daemon::{Daemon, Home};
use chatter_tests::process::{Ended, Process, until};
use chatter_tests::programs;
use serde_json::Value;

/// A directory with nothing wrong about it, and settings that name it.
struct Place {
    home: Home,
    root: PathBuf,
}

impl Place {
    fn new() -> Self {
        let home = Home::new();
        let root = home.path("files");
        fs::create_dir(&root).expect("room");
        let place = Self { home, root };
        place.file("notes.txt", 40);
        fs::write(place.root.join("backup.enc"), vec![7; 2 << 20]).expect("room");
        place.age("backup.enc", 300);
        place
    }

    fn file(&self, name: &str, days: u64) {
        fs::write(self.root.join(name), "something\n").expect("room");
        self.age(name, days);
    }

    fn age(&self, name: &str, days: u64) {
        let file = fs::File::open(self.root.join(name)).expect("a file");
        file.set_modified(SystemTime::now() - Duration::from_secs(days * 86_400)).expect("a date");
    }

    fn settings(&self) -> String {
        format!("[decoy]\nroot = '{}'\ncarrier = 'backup.enc'\n", self.root.display())
    }

    fn start(&self, more: &str) -> Daemon {
        self.home.lasting(&format!("{}{more}", self.settings()))
    }

    /// With stand-ins for what the machine has, so that it does not matter what that is.
    fn doctor(&self, daemon: &Daemon, json: bool) -> Ended {
        let tools = self.home.path("tools");
        fs::create_dir_all(&tools).expect("room");
        let real = std::env::var("PATH").unwrap_or_default();
        let mut command = Command::new(programs::path("chatterctl"));
        command.arg("--socket").arg(&daemon.socket).arg("doctor");
        command.arg("--config").arg(self.home.path("chatterd.toml"));
        command.args(json.then_some("--json"));
        command.env("PATH", format!("{}:{real}", tools.display()));
        Process::start("chatterctl", command).ended()
    }

    fn tool(&self, name: &str, script: &str) {
        let path = self.home.path("tools").join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("room");
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("room");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a mode");
    }

    fn healthy_tools(&self) {
        self.tool("timedatectl", "echo yes");
        let report = self.home.report();
        self.tool("fail2ban-client", &format!("[ \"$1\" = status ] || echo {}", report.display()));
    }
}

fn findings(ended: &Ended) -> Vec<Value> {
    let answer: Value =
        serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {ended:?}"));
    answer["findings"].as_array().expect("findings").clone()
}

/// The level of a check, and what it says.
fn found(ended: &Ended, check: &str) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let of = findings(ended).into_iter().filter(|finding| finding["check"] == check);
    of.map(|finding| (text(&finding["level"]), text(&finding["what"]))).collect()
}

#[track_caller]
fn expect(ended: &Ended, check: &str, level: &str, words: &str) {
    let all = found(ended, check);
    assert!(
        all.iter().any(|(have, what)| have == level && what.contains(words)),
        "{check}: {all:?} in {ended:?}"
    );
}

#[test]
fn a_sound_installation_needs_nothing() {
    let place = Place::new();
    place.healthy_tools();
    let daemon = place.start("");
    let ended = place.doctor(&daemon, true);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for (check, words) in [
        ("daemon", "answers"),
        ("port", "SimpleHTTP/0.6 Python/3.11.2"),
        ("carrier", "/backup.enc"),
        ("admin socket", "mode 0600"),
        ("report", "0 banned"),
        ("fail2ban", "reads the report"),
        ("clock", "kept"),
        ("directory", "none that tells"),
        ("dates", "older"),
    ] {
        expect(&ended, check, "ok", words);
    }
    for finding in findings(&ended) {
        let (level, why) = (&finding["level"], finding["why"].as_str().unwrap_or_default());
        assert!(level == "ok" || !why.is_empty() || finding["check"] == "disguise", "{finding}");
    }
    if Path::new("/usr/bin/python3").exists() {
        // Same release: no difference; another: it says that this tells little.
        let all = found(&ended, "disguise");
        assert!(all.iter().all(|(level, _)| level == "ok" || level == "note"), "{all:?}");
    }
    let text = place.doctor(&daemon, false);
    assert!(text.code == Some(0) && text.stdout.contains("Nothing here needs to be done."), "{text:?}");
}

#[test]
fn what_strangers_would_notice_is_told() {
    let place = Place::new();
    place.healthy_tools();
    place.file(".git", 30);
    place.file("chatterd.toml", 30);
    place.file("today.txt", 0);
    fs::create_dir(place.root.join("old")).expect("room");
    place.file("old/.bash_history", 30);
    let daemon = place.start("");
    let ended = place.doctor(&daemon, true);
    assert_eq!(ended.code, Some(5), "{ended:?}");
    expect(&ended, "directory", "problem", ".git");
    expect(&ended, "directory", "problem", "chatterd.toml");
    expect(&ended, "directory", "warning", "old/.bash_history");
    expect(&ended, "dates", "warning", "today.txt");
}

#[test]
fn what_is_risky_around_the_daemon_is_told() {
    let place = Place::new();
    place.tool("timedatectl", "echo no");
    place.tool("fail2ban-client", "exit 255");
    let daemon = place.start("[ban]\nrefuse = true\nexempt = []\n");
    fs::set_permissions(&daemon.socket, fs::Permissions::from_mode(0o666)).expect("a mode");
    let ended = place.doctor(&daemon, true);
    assert_eq!(ended.code, Some(4), "{ended:?}");
    expect(&ended, "clock", "warning", "nothing keeps it");
    expect(&ended, "fail2ban", "warning", "neither");
    expect(&ended, "refusing", "warning", "ban.refuse");
    expect(&ended, "admin socket", "warning", "0666");
    expect(&ended, "knocks", "warning", "127.0.0.1");
    expect(&ended, "sandbox", "note", "no systemd unit");
    let known = daemon.operator().known("127.0.0.1").expect("it knocked");
    assert!(known["knocks"].as_u64().is_some_and(|knocks| knocks <= 2), "doctor stops looking: {known}");

    place.tool("fail2ban-client", "[ \"$1\" = status ] || echo /var/log/other");
    let ended = place.doctor(&daemon, true);
    expect(&ended, "fail2ban", "warning", "neither this daemon's journal nor its report");
}

#[test]
fn few_descriptors_and_no_carrier_are_told() {
    let place = Place::new();
    place.healthy_tools();
    fs::write(place.home.path("chatterd.toml"), format!("[decoy]\nroot = '{}'\n", place.root.display()))
        .expect("room");
    let shell =
        "ulimit -n 512; exec \"$0\" --config \"$1\" --admin-socket \"$2\" --listen 127.0.0.1:0 --ephemeral";
    let socket = place.home.path("run/admin.sock");
    let mut command = Command::new("sh");
    command
        .args(["-c", shell])
        .arg(programs::path("chatterd"))
        .arg(place.home.path("chatterd.toml"))
        .arg(&socket);
    let process = Process::start("chatterd", command);
    process.wait("says where its admin socket is", |lines| {
        lines.iter().find(|line| line.starts_with("admin socket")).map(|_| ())
    });
    let mut doctor = Command::new(programs::path("chatterctl"));
    doctor
        .arg("--socket")
        .arg(&socket)
        .args(["doctor", "--json", "--config"])
        .arg(place.home.path("chatterd.toml"));
    let ended = Process::start("chatterctl", doctor).ended();
    assert_eq!(ended.code, Some(5), "{ended:?}");
    expect(&ended, "carrier", "problem", "none");
    expect(&ended, "descriptors", "warning", "512");
    expect(&ended, "report", "note", "none is written");
    expect(&ended, "keys", "note", "memory alone");
}

#[test]
fn a_report_that_lags_and_a_daemon_that_is_away_are_problems() {
    let place = Place::new();
    place.healthy_tools();
    let daemon = place.start("[ban]\nafter = 1\nexempt = ['127.0.0.1']\n");
    for host in 1..=4 {
        let ended = daemon.operator().run(&["bans", "add", &format!("203.0.113.{host}")]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }
    until("the report holds all", || {
        fs::read_to_string(place.home.report()).ok().filter(|text| text.contains("203.0.113.4"))
    });
    assert_eq!(place.doctor(&daemon, true).code, Some(0));
    fs::write(place.home.report(), "").expect("room");
    let ended = place.doctor(&daemon, true);
    assert_eq!(ended.code, Some(5), "{ended:?}");
    expect(&ended, "report", "problem", "holds 0 bans, the daemon 4");

    fs::remove_file(place.home.report()).expect("a file");
    expect(&place.doctor(&daemon, true), "report", "problem", "No such file");

    let socket = place.home.path("nobody.sock");
    let mut doctor = Command::new(programs::path("chatterctl"));
    doctor.arg("--socket").arg(&socket).args(["doctor", "--json", "--config", "/nowhere.toml"]);
    let ended = Process::start("chatterctl", doctor).ended();
    assert_eq!(ended.code, Some(5), "{ended:?}");
    expect(&ended, "daemon", "problem", "no chatterd answers");
    expect(&ended, "settings", "problem", "/nowhere.toml");
}

#[test]
fn another_decoy_than_python_is_told() {
    let place = Place::new();
    place.healthy_tools();
    let daemon = place.start("");
    // What the daemon serves and what lies in the directory that the settings name are two things.
    let other = place.home.path("other");
    fs::create_dir(&other).expect("room");
    fs::write(other.join("else.txt"), "else").expect("room");
    fs::write(place.home.path("chatterd.toml"), format!("[decoy]\nroot = '{}'\n", other.display()))
        .expect("room");
    let ended = place.doctor(&daemon, true);
    let all = found(&ended, "disguise");
    assert!(
        all.iter().any(|(level, what)| level != "ok" && what.contains("the listing")),
        "{all:?} in {ended:?}"
    );
}

//! Clients whose clocks are wrong: they come in all the same, and their users are told.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use chatter_tests::client::Client;
use chatter_tests::daemon::Home;
use chatter_tests::process::{Process, until};
use chatter_tests::programs;
use nix::sys::signal::Signal;

#[test]
#[ignore = "needs faketime; .ci/run peers runs it"]
fn a_client_s_clock_is_an_hour_off_and_the_user_is_told() {
    let home = Home::new();
    let daemon = home.ephemeral("");
    let (mut anna, link) = Client::new_room(&daemon.access_link(), "kitchen", "anna");
    let library = libfaketime();
    let library = library.to_str().expect("a path of Debian's");
    for (shift, nick, side) in [("+3600", "ben", "ahead of"), ("-3600", "carol", "behind")] {
        // The steady clock stays as it is, as with a clock that somebody has set wrongly.
        let variables = [("LD_PRELOAD", library), ("FAKETIME", shift), ("FAKETIME_DONT_FAKE_MONOTONIC", "1")];
        let mut client = Client::joining_with(&link, nick, &[], &variables);
        let told = client.wait("is told of its clock", |event| event["event"] == "warning");
        let told = told["text"].as_str().unwrap_or_default();
        assert!(told.starts_with("your clock is 3") && told.contains(side), "{told}");
        client.met("anna");
        anna.met(nick);
        client.say(&format!("it is {nick}"));
        anna.heard(nick, &format!("it is {nick}"));
        anna.say(&format!("good morning {nick}"));
        client.heard("anna", &format!("good morning {nick}"));
    }
}

#[test]
#[ignore = "needs faketime; .ci/run peers runs it"]
fn the_server_s_clock_is_an_hour_off_for_a_while_and_nobody_is_locked_out() {
    let home = Home::new();
    let clock = home.path("clock");
    std::fs::write(&clock, "+3600\n").expect("room for a clock");
    let library = libfaketime();
    let variables = [
        ("LD_PRELOAD", library.to_str().expect("a path of Debian's")),
        ("FAKETIME_TIMESTAMP_FILE", clock.to_str().expect("a plain path")),
        ("FAKETIME_NO_CACHE", "1"),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
    ];
    let mut daemon = home.lasting_with("", &variables);
    let (anna, _) = Client::new_room(&daemon.access_link(), "", "anna");
    anna.quit();
    std::fs::write(&clock, "+0\n").expect("room for a clock");
    daemon.process.signal(Signal::SIGTERM);
    let ended = daemon.process.ended();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stderr.contains("the clock was set back"), "{ended:?}");

    // What may have been seen is refused for some seconds, not for an hour.
    let daemon = home.lasting("");
    let link = daemon.access_link();
    until("somebody gets in", || {
        let mut command = Command::new(programs::path("chatter-client"));
        command.args(["new", &link, "--nick", "ben", "--json"]);
        let client = Process::start("ben's client", command);
        let entered =
            |lines: &[String]| lines.iter().any(|line| parsed(line)["event"] == "entered").then_some(());
        client.stdout.wait(Duration::from_secs(3), entered)
    });
}

fn parsed(line: &str) -> serde_json::Value {
    serde_json::from_str(line).unwrap_or_default()
}

fn libfaketime() -> PathBuf {
    let folders = std::fs::read_dir("/usr/lib").expect("the system's libraries").flatten();
    let libraries = folders.map(|folder| folder.path().join("faketime/libfaketime.so.1"));
    libraries.into_iter().find(|library| library.exists()).expect("faketime brings its library")
}

//! One session over many connections.

use chatter_tests::chaos::Chaos;
use chatter_tests::client::{Client, is_joined};
use chatter_tests::daemon::Home;
use chatter_tests::recorder::{Recorder, readdress};
use nix::sys::signal::Signal;

const MESSAGES: usize = 150;
const CUTS: usize = 4;

#[test]
fn nothing_is_lost_or_repeated_when_all_connections_are_cut_in_mid_talk() {
    let home = Home::new();
    let daemon = home.ephemeral("");
    let recorder = Recorder::new(daemon.address, 2);
    let (mut anna, link) = Client::new_room(&recorder.link(&daemon.access_link()), "", "anna");
    let mut ben = Client::join(&link, "ben", &[&anna]);
    for cut in 0..CUTS {
        let part = MESSAGES / CUTS * cut..MESSAGES / CUTS * (cut + 1);
        let middle = part.start + part.len() / 2;
        for number in part {
            anna.say(&text(number));
            ben.say(&text(number));
        }
        ben.heard("anna", &text(middle));
        recorder.cut();
        for client in [&anna, &ben] {
            client.wait_times("resumes", cut + 1, |event| event["event"] == "resumed");
        }
    }
    anna.tell("the last word", &[&ben]);
    ben.tell("the last word", &[&anna]);
    let mut expected: Vec<_> = (0..MESSAGES / CUTS * CUTS).map(text).collect();
    expected.push("the last word".to_owned());
    assert_eq!(anna.texts_from("ben"), expected);
    assert_eq!(ben.texts_from("anna"), expected);
    for client in [&anna, &ben] {
        assert_eq!(client.warnings(), Vec::<serde_json::Value>::new(), "{}", client.nick);
        let left = client.events().iter().any(|event| event["event"] == "member-left");
        assert!(!left, "{} saw somebody leave who did not", client.nick);
    }
    let sessions = daemon.operator().list("sessions", "sessions");
    assert_eq!(sessions.len(), 2, "resumed, not begun anew: {sessions:?}");
}

#[test]
fn a_carrier_shorter_than_the_talk_is_fetched_again_and_again() {
    let home = Home::new();
    let root = home.path("root");
    std::fs::create_dir(&root).expect("room");
    std::fs::write(root.join("backup.img"), vec![7; 40_000]).expect("room");
    let decoy = format!("[decoy]\nroot = '{}'\ncarrier = 'backup.img'\n", root.display());
    let daemon = home.lasting(&decoy);
    let recorder = Recorder::new(daemon.address, 2);
    let (mut anna, link) = Client::new_room(&daemon.access_link(), "", "anna");
    let ben = Client::join(&recorder.link(&link), "ben", &[&anna]);
    let long = |number: usize| format!("{number} {}", "x".repeat(2000));
    for number in 0..100 {
        anna.say(&long(number));
    }
    ben.heard("anna", &long(99));
    assert_eq!(ben.texts_from("anna"), (0..100).map(long).collect::<Vec<_>>());
    assert_eq!(ben.warnings(), Vec::<serde_json::Value>::new());
    let downloads = recorder.exchanges().into_iter().filter(|exchange| exchange.is_get_of("/backup.img"));
    let lengths: Vec<usize> = downloads.map(|exchange| exchange.response.len()).collect();
    assert!(lengths.len() >= 6, "200 kB need more than five carriers: {lengths:?}");
    assert!(lengths.iter().all(|length| *length < 40_000 + 400), "none is longer than the file: {lengths:?}");
}

#[test]
fn who_does_not_read_is_cut_and_the_room_goes_on() {
    let home = Home::new();
    let daemon = home.ephemeral("grace = 2");
    let (mut anna, link) = Client::new_room(&daemon.access_link(), "", "anna");
    let mut ben = Client::join(&link, "ben", &[&anna]);
    let carol = Client::join(&link, "carol", &[&anna, &ben]);
    carol.process.signal(Signal::SIGSTOP);
    let long = |number: usize| format!("{number} {}", "y".repeat(60_000));
    for number in 0..30 {
        anna.tell(&long(number), &[&ben]);
    }
    ben.saw_leave("carol", 1);
    anna.saw_leave("carol", 1);
    ben.tell("the room goes on", &[&anna]);
    carol.process.signal(Signal::SIGCONT);
    carol.wait("is back", |event| event["event"] == "rejoined");
    carol.wait_times("meets anna", 2, |event| is_joined(event, "anna"));
    anna.wait_times("meets carol", 2, |event| is_joined(event, "carol"));
    anna.tell("and carol is with us", &[&ben, &carol]);
    assert_eq!(daemon.operator().ask(&["status"])["members"], 3);
}

#[test]
fn a_client_that_sleeps_and_wakes_elsewhere_has_missed_nothing() {
    let home = Home::new();
    let daemon = home.ephemeral("grace = 300");
    let chaos = Chaos::new(daemon.address, 1);
    let (mut anna, link) = Client::new_room(&daemon.access_link(), "", "anna");
    let mut ben = Client::join(&readdress(&link, chaos.address()), "ben", &[&anna]);
    ben.say("good night");
    anna.heard("ben", "good night");
    ben.process.signal(Signal::SIGSTOP);
    // What a network does to connections of somebody who is long away.
    chaos.roam(7);
    for number in 0..50 {
        anna.say(&text(number));
    }
    anna.wait_times("is acknowledged", 50, |event| event["event"] == "acknowledged");
    ben.say("typed asleep");
    ben.process.signal(Signal::SIGCONT);
    ben.heard("anna", &text(49));
    anna.heard("ben", "typed asleep");
    assert_eq!(ben.texts_from("anna"), (0..50).map(text).collect::<Vec<_>>());
    let sessions = daemon.operator().list("sessions", "sessions");
    let mut addresses: Vec<_> = sessions.iter().filter_map(|session| session["address"].as_str()).collect();
    addresses.sort_unstable();
    assert_eq!(addresses, ["127.0.0.1", "127.0.0.7"], "the same sessions, one from elsewhere");
    for client in [&anna, &ben] {
        assert!(!client.events().iter().any(|event| event["event"] == "away"), "{}", client.nick);
    }
}

fn text(number: usize) -> String {
    format!("message {number}")
}

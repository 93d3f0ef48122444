//! Whatever was recorded of a session gets from the daemon, byte for byte, what the real Python answers to it.

use std::process::Command;
use std::time::Duration;

use chatter_tests::client::{Client, room_link};
use chatter_tests::daemon::{Daemon, Home};
use chatter_tests::exchange::{Answer, exchange, without_line};
use chatter_tests::ground::{CARRIER, ELSEWHERE, Ground, head_len, hold_back, is_opening, requests};
use chatter_tests::process::{Process, until};
use chatter_tests::python::{PROGRAM, PythonServer, VERSION};
use chatter_tests::recorder::{Exchange, Recorder, readdress};
use nix::sys::signal::Signal;

#[test]
#[cfg_attr(not(python3), ignore = "no python3 of a version that chatterd poses as is installed")]
fn recorded_requests_are_worth_nothing_during_a_session_after_it_and_after_a_restart() {
    let ground = Ground::new();
    let mut daemon = ground.daemon();
    let recorder = Recorder::new(daemon.address, 2);
    let (mut anna, link) = Client::new_room(&recorder.link(&daemon.access_link()), "", "anna");
    let mut ben = Client::join(&link, "ben", &[&anna]);
    anna.tell("recorded", &[&ben]);
    ben.tell("recorded, too", &[&anna]);
    recorder.cut();
    for client in [&anna, &ben] {
        client.wait("resumes", |event| event["event"] == "resumed");
    }
    anna.tell("recorded after resuming", &[&ben]);
    let recorded = requests(&recorder);
    let openings = recorded.iter().filter(|request| is_opening(request)).count();
    assert!(openings >= 4 && recorded.len() >= openings + 4, "{openings} of {}", recorded.len());
    ground.check_all(&daemon, &recorded, "during the session");

    anna.tell("undisturbed", &[&ben]);
    ben.tell("undisturbed, too", &[&anna]);
    for client in [anna, ben] {
        assert_eq!(client.warnings(), Vec::<serde_json::Value>::new());
        let broken = client.events().iter().filter(|event| event["event"] == "broken").count();
        assert_eq!(broken, 1, "only the test's own cut: {:?}", client.events());
        assert_eq!(client.quit().code, Some(0));
    }
    recorder.exchanges().iter().for_each(|exchange| ground.check_seen(exchange));
    let recorded = requests(&recorder);
    ground.check_all(&daemon, &recorded, "after the session");

    // One that was never delivered is one that the daemon can't remember.
    let held = hold_back(&daemon, &link);
    daemon.process.kill();
    let mut daemon = ground.daemon();
    ground.check_all(&daemon, &recorded, "after a kill and a restart");
    ground.check(daemon.address, &held, "held back over a kill and a restart");
    daemon.process.signal(Signal::SIGTERM);
    assert_eq!(daemon.process.ended().code, Some(0));
    let daemon = ground.daemon();
    ground.check_all(&daemon, &recorded, "after a clean end and a restart");
}

#[test]
#[cfg_attr(not(python3), ignore = "no python3 of a version that chatterd poses as is installed")]
fn purges_rotations_and_restarts_neither_make_recordings_worth_more_nor_lock_anybody_out() {
    let ground = Ground::new();
    let mut daemon = ground.daemon();
    let recorder = Recorder::new(daemon.address, 2);
    let old = daemon.access_link();
    let (anna, room) = Client::new_room(&recorder.link(&old), "", "anna");
    let recorded = requests(&recorder);
    assert!(recorded.iter().any(|request| is_opening(request)));
    let comes_in = |daemon: &Daemon, link: &str, who: &str| {
        let (somebody, _) = Client::new_room(&readdress(link, daemon.address), "", who);
        assert_eq!(somebody.quit().code, Some(0), "{who}");
    };

    assert_eq!(daemon.operator().ask(&["purge", "--everything"])["sessions_ended"], 1);
    assert_eq!(anna.ended_within(Duration::from_secs(5)).code, Some(8));
    ground.check_all(&daemon, &recorded, "after a purge of everything");
    comes_in(&daemon, &old, "after the purge");

    // The old code still opens, and what it has opened once it does not open again.
    let kept = daemon.operator().ask(&["rotate", "--keep-old", "1h"]);
    let new = kept["access_link"].as_str().expect("a link").to_owned();
    ground.check_all(&daemon, &recorded, "after a rotation that keeps the old code");
    comes_in(&daemon, &old, "by the old code");
    let held = hold_back(&daemon, &room);
    daemon.process.kill();
    let mut daemon = ground.daemon();
    ground.check_all(&daemon, &recorded, "after a rotation, a kill and a restart");
    ground.check(daemon.address, &held, "held back over a rotation, a kill and a restart");
    for (link, who) in [(&old, "by the old code"), (&new, "by the new code")] {
        comes_in(&daemon, link, who);
    }
    daemon.process.signal(Signal::SIGTERM);
    assert_eq!(daemon.process.ended().code, Some(0));
    let daemon = ground.daemon();
    ground.check_all(&daemon, &recorded, "after a clean end and a restart");
    comes_in(&daemon, &old, "after a clean end");

    // While somebody who came by it is in, and when it has ended.
    let held = hold_back(&daemon, &readdress(&room, daemon.address));
    let by_old = readdress(&old, daemon.address);
    let (anna, _) = Client::new_room(&by_old, "", "anna");
    daemon.operator().link("rotate");
    ground.check(daemon.address, &held, "held back until its code was retired");
    let (ben, room) = Client::new_room(&daemon.access_link(), "", "ben");
    let held = hold_back(&daemon, &room);
    assert_eq!(daemon.operator().ask(&["rotate", "--now"])["sessions_ended"], 2);
    for client in [anna, ben] {
        assert_eq!(client.ended_within(Duration::from_secs(5)).code, Some(5));
    }
    ground.check(daemon.address, &held, "held back until its code had ended");
    ground.check_all(&daemon, &recorded, "when its code has ended");
    comes_in(&daemon, &daemon.access_link(), "by the newest code");
}

#[test]
#[cfg_attr(not(python3), ignore = "no python3 of a version that chatterd poses as is installed")]
fn what_a_member_says_may_be_held_back_and_delivered_by_a_stranger() {
    let ground = Ground::new();
    let daemon = ground.daemon();
    let recorder = Recorder::new(daemon.address, 2);
    let (anna, link) = Client::new_room(&daemon.access_link(), "", "anna");
    let mut ben = Client::join(&recorder.link(&link), "ben", &[&anna]);
    recorder.hold_back();
    let before = recorder.exchanges().len();
    ben.say("carried by a stranger");
    let held = until("requests are held back", || {
        let held = requests(&recorder).into_iter().skip(before).collect::<Vec<_>>();
        (held.len() >= 3).then_some(held)
    });
    let [first, second, third, ..] = held.as_slice() else { panic!("three were waited for") };
    assert!(held.iter().all(|request| !is_opening(request)), "the download still runs");
    let line = |request: &[u8], new: &str| {
        let text = String::from_utf8(request.to_vec()).expect("a request is text");
        let (_, rest) = text.split_once("\r\n").expect("a request line");
        format!("{new}\r\n{rest}").into_bytes()
    };
    ground.check(daemon.address, &line(first, "HEAD /notes.txt HTTP/1.1"), "held back, as HEAD");
    ground.check(daemon.address, &line(second, "GET /nope"), "held back, without version, elsewhere");
    ground.check(
        daemon.address,
        &line(third, &format!("GET {CARRIER} HTTP/1.1")),
        "held back, at the carrier",
    );
    anna.heard("ben", "carried by a stranger");
    recorder.pass_on();
    ben.tell("and by himself", &[&anna]);
    ground.check_all(&daemon, &held, "as it was meant, too late");
    assert_eq!(anna.texts_from("ben"), ["carried by a stranger", "and by himself"]);
    assert_eq!(anna.warnings(), Vec::<serde_json::Value>::new());
}

#[test]
#[cfg_attr(not(python3), ignore = "no python3 of a version that chatterd poses as is installed")]
fn a_wrong_code_meets_a_file_server() {
    let ground = Ground::new();
    let daemon = ground.daemon();
    let other = Ground::new();
    let other_daemon = other.daemon();
    let (_anna, link) = Client::new_room(&other_daemon.access_link(), "", "anna");
    let recorder = Recorder::new(daemon.address, 2);
    let ended = Client::joining(&recorder.link(&link), "ben").ended_within(Duration::from_secs(20));
    assert_eq!(ended.code, Some(5), "{ended:?}");
    assert!(ended.stderr.contains("looks like a file server"), "{ended:?}");
    let exchanges = recorder.exchanges();
    assert_eq!(exchanges.len(), 3, "three tries");
    for Exchange { request, response } in exchanges {
        let theirs = exchange(ground.python.address, ELSEWHERE, &request);
        let (ours, theirs) = (without_line(&response, "Date"), theirs.without_date().bytes);
        // The client has heard enough when it sees what this is.
        assert!(ours.len() > 300 && theirs.starts_with(&ours), "{:?}", String::from_utf8_lossy(&ours));
        ground.check(daemon.address, &request, "the same, from elsewhere");
    }
}

#[test]
#[cfg_attr(not(python3), ignore = "no python3 of a version that chatterd poses as is installed")]
fn with_a_generated_directory_only_the_carriers_bytes_and_date_differ() {
    let home = Home::new();
    let python = VERSION.expect("tests without Python are ignored");
    let daemon = home.ephemeral(&format!("grace = 2\n[decoy]\npython = '{python}'\n"));
    let recorder = Recorder::new(daemon.address, 2);
    let (mut anna, link) = Client::new_room(&recorder.link(&daemon.access_link()), "", "anna");
    let mut ben = Client::join(&link, "ben", &[&anna]);
    anna.tell("recorded", &[&ben]);
    ben.tell("recorded, too", &[&anna]);
    let carrier = room_link(&link).access.code.carrier_path.as_str().to_owned();

    let mirror = home.path("mirror");
    let mut command = Command::new(PROGRAM.expect("tests without Python are ignored"));
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/mirror.py"));
    command.arg(format!("http://{}/", daemon.address)).arg(&mirror);
    let ended = Process::start("mirror.py", command).ended();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let server = PythonServer::start(&mirror);

    let recorded = requests(&recorder);
    assert!(recorded.len() >= 5, "{}", recorded.len());
    let listing = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n".to_vec();
    for request in recorded.iter().chain([&listing]) {
        let ours = exchange(daemon.address, ELSEWHERE, request).without_date();
        let theirs = exchange(server.address, ELSEWHERE, request).without_date();
        if request.starts_with(format!("GET {carrier} HTTP/").as_bytes()) {
            assert_eq!(ours.bytes.len(), theirs.bytes.len(), "{ours:?}, {theirs:?}");
            assert_eq!(dateless_head(&ours), dateless_head(&theirs));
            assert_eq!(ours.ending, theirs.ending);
        } else {
            assert_eq!(ours, theirs, "to {:?}", String::from_utf8_lossy(request));
        }
    }
    anna.tell("undisturbed", &[&ben]);
}

/// The head without both of its dates.
fn dateless_head(answer: &Answer) -> Vec<u8> {
    let bytes = without_line(&without_line(&answer.bytes, "Date"), "Last-Modified");
    bytes.get(..head_len(&bytes)).unwrap_or_default().to_vec()
}

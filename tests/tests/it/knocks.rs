//! Who knocks too often, and what comes of it.

use std::io::{Read as _, Write as _};
use std::time::Duration;

use chatter_tests::client::Client;
use chatter_tests::daemon::{Daemon, Home};
use chatter_tests::exchange::{Afterwards, Answer, Ending, connect, converse, exchange};
use chatter_tests::process::until;
use chatter_tests::recorder::Recorder;
use nix::sys::signal::Signal;

const HEADER: &str = "Logged IP addresses flagged as potential DDOS threat\nIntegrate with fail2ban\n\n";

#[test]
fn the_thirtieth_knock_is_reported_and_answered_as_the_first() {
    let home = Home::new();
    let mut daemon = home.lasting(&settings(""));
    let operator = daemon.operator();
    let first = knock(&daemon, 5);
    assert!(first.bytes.starts_with(b"HTTP/1.0 200 OK\r\n"), "{first:?}");
    (2..30).for_each(|_| drop(knock(&daemon, 5)));
    assert_eq!(operator.banned(), [""; 0], "29 knocks are one too few");
    assert_eq!(operator.known("127.0.0.5").expect("known")["knocks"], 29);
    knock(&daemon, 7);
    assert_eq!(knock(&daemon, 5), first);
    assert_eq!(operator.banned(), ["127.0.0.5"]);
    reported(&home, "127.0.0.5 -> 30x packets\n");
    for _ in 0..5 {
        assert_eq!(knock(&daemon, 5), first, "a banned address sees no difference");
    }
    reported(&home, "127.0.0.5 -> 35x packets\n");
    let ban = operator.list("bans", "bans").remove(0);
    assert_eq!((ban["packets"].as_u64(), ban["reason"].as_str()), (Some(35), Some("knocks")), "{ban}");
    let until = ban["until"].as_u64().expect("an end");
    assert_eq!(until - ban["since"].as_u64().expect("a beginning"), 86_400, "{ban}");

    // Purged are the others; bans outlive that, a kill, and a clean end.
    assert_eq!(operator.known("127.0.0.7").expect("known")["knocks"], 1);
    let purged = operator.ask(&["purge"]);
    assert_eq!(purged["sessions_ended"], 0, "{purged}");
    assert_eq!(operator.known("127.0.0.7"), None);
    assert_eq!(operator.banned(), ["127.0.0.5"]);
    let before = std::fs::read_to_string(home.report()).expect("a report");
    daemon.process.kill();
    let mut daemon = home.lasting(&settings(""));
    assert_eq!(daemon.operator().list("bans", "bans")[0]["until"], until, "after a kill");
    daemon.process.signal(Signal::SIGTERM);
    assert_eq!(daemon.process.ended().code, Some(0));
    assert_eq!(std::fs::read_to_string(home.report()).expect("a report"), before, "after an end");
    let daemon = home.lasting(&settings(""));
    assert_eq!(daemon.operator().banned(), ["127.0.0.5"], "after an end");
    daemon.operator().ask(&["bans", "lift", "127.0.0.5"]);
    reported(&home, "");
}

#[test]
fn who_may_refuse_refuses_strangers_only() {
    let home = Home::new();
    let daemon = home.lasting(&settings("refuse = true"));
    let first = knock(&daemon, 5);
    for _ in 2..=30 {
        assert_eq!(knock(&daemon, 5), first);
    }
    let refused = knock(&daemon, 5);
    assert_eq!(refused.bytes, b"", "closed without a byte");
    assert_ne!(refused.ending, Ending::Open);
    assert_eq!(knock(&daemon, 7), first, "another address is served");
    let mut halves = connect(daemon.address, [127, 0, 0, 5].into()).expect("the port is open");
    halves.write_all(b"GET / HTTP/1.1\r\nHo").expect("the daemon reads");
    assert_eq!(knock(&daemon, 5).bytes, b"", "so that the first half has come by itself");
    halves.write_all(b"st: h\r\n\r\n").expect("the daemon reads");
    let mut answer = Vec::new();
    let _ = halves.read_to_end(&mut answer);
    assert_eq!(answer, b"", "in however many pieces it comes");
    let knocks = daemon.operator().known("127.0.0.5").expect("known")["knocks"].as_u64();
    assert_eq!(knocks, Some(33), "what is refused is counted, each once");

    let recorder = Recorder::new(daemon.address, 5);
    let link = recorder.link(&daemon.access_link());
    let (mut anna, room) = Client::new_room(&link, "", "anna");
    assert_eq!(daemon.operator().banned(), [""; 0], "who has the code is not banned");
    assert_eq!(knock(&daemon, 5), first, "while a member is there, its address is served");
    let ben = Client::join(&room, "ben", &[&anna]);
    anna.tell("in all the same", &[&ben]);

    // A recorded opening is worth nothing there either: to be answered would tell that it was one.
    (0..30).for_each(|_| drop(knock(&daemon, 7)));
    let recorded = recorder.exchanges();
    let openings = recorded.iter().filter(|exchange| exchange.response.len() > 600);
    assert!(openings.clone().count() >= 2, "{}", recorded.len());
    for opening in openings {
        let answer = exchange(daemon.address, 7, &opening.request);
        assert_eq!(answer.bytes, b"", "{answer:?}");
    }
}

#[test]
fn a_members_address_is_never_reported() {
    let home = Home::new();
    let daemon = home.lasting(&settings(""));
    let operator = daemon.operator();
    (0..20).for_each(|_| drop(knock(&daemon, 6)));
    let recorder = Recorder::new(daemon.address, 6);
    let link = recorder.link(&daemon.access_link());
    let (mut anna, room) = Client::new_room(&link, "", "anna");
    let ben = Client::join(&room, "ben", &[&anna]);
    (0..60).for_each(|_| drop(knock(&daemon, 6)));
    let known = operator.known("127.0.0.6").expect("a member's address is known");
    assert_eq!((known["member"].as_bool(), known["knocks"].as_u64()), (Some(true), Some(0)), "{known}");
    assert_eq!(operator.banned(), [""; 0]);
    anna.tell("still here", &[&ben]);

    // One of two goes, and the address stays a member's; then the other, and it is one like any other.
    assert_eq!(ben.quit().code, Some(0));
    anna.saw_leave("ben", 1);
    (0..40).for_each(|_| drop(knock(&daemon, 6)));
    assert_eq!(operator.banned(), [""; 0]);
    assert_eq!(anna.quit().code, Some(0));
    until("nothing is known of a member's address", || operator.known("127.0.0.6").is_none().then_some(()));
    (0..29).for_each(|_| drop(knock(&daemon, 6)));
    assert_eq!(operator.banned(), [""; 0], "counted from zero");
    knock(&daemon, 6);
    assert_eq!(operator.banned(), ["127.0.0.6"]);
}

#[test]
fn nothing_is_known_of_a_killed_members_address_after_the_grace_time() {
    let home = Home::new();
    let daemon = home.lasting(&settings(""));
    let operator = daemon.operator();
    let recorder = Recorder::new(daemon.address, 6);
    let (mut anna, _) = Client::new_room(&recorder.link(&daemon.access_link()), "", "anna");
    assert_eq!(operator.known("127.0.0.6").expect("a member's address is known")["member"], true);
    anna.process.kill();
    until("the address is forgotten", || operator.known("127.0.0.6").is_none().then_some(()));
    assert_eq!(operator.list("sessions", "sessions"), [serde_json::Value::Null; 0]);
}

#[test]
fn a_connection_without_a_byte_is_no_knock() {
    let home = Home::new();
    let daemon = home.lasting(&settings(""));
    for words in ["", "\r\n", "G"] {
        let stream = connect(daemon.address, [127, 0, 0, 5].into()).expect("the port is open");
        let answer = converse(stream, words.as_bytes(), Afterwards::HalfClose);
        assert_eq!(answer.ending, Ending::Fin, "{words:?}: {answer:?}");
    }
    assert_eq!(daemon.operator().known("127.0.0.5").expect("known")["knocks"], 2);
}

#[test]
fn the_operator_bans_and_lifts_by_hand() {
    let home = Home::new();
    let daemon = home.lasting(&settings(""));
    let operator = daemon.operator();
    operator.ask(&["bans", "add", "203.0.113.9"]);
    operator.ask(&["bans", "add", "2001:db8:1:2::3"]);
    reported(&home, "203.0.113.9 -> 0x packets\n2001:db8:1:2::/64 -> 0x packets\n");
    assert_eq!(operator.list("bans", "bans")[0]["reason"], "operator");
    operator.ask(&["bans", "lift", "203.0.113.9"]);
    reported(&home, "2001:db8:1:2::/64 -> 0x packets\n");
    let ended = operator.run(&["bans", "lift", "203.0.113.9"]);
    assert!(ended.code == Some(1) && ended.stderr.contains("is not banned"), "{ended:?}");
}

#[test]
fn exempt_addresses_are_never_reported_and_counters_are_forgotten_in_time() {
    let home = Home::new();
    let settings = "[ban]\nafter = 3\nexempt = ['127.0.0.8']\n[purge]\nevery-packets = 10\n";
    let daemon = home.lasting(settings);
    let operator = daemon.operator();
    (0..6).for_each(|_| drop(knock(&daemon, 8)));
    (0..2).for_each(|_| drop(knock(&daemon, 9)));
    assert_eq!(operator.banned(), [""; 0]);
    assert_eq!(operator.known("127.0.0.8").expect("known")["exempt"], true);
    assert_eq!(operator.known("127.0.0.9").expect("known")["knocks"], 2);
    (0..2).for_each(|_| drop(knock(&daemon, 8)));
    assert_eq!(operator.list("ips", "addresses"), [serde_json::Value::Null; 0], "after ten packets");
    knock(&daemon, 9);
    assert_eq!(operator.banned(), [""; 0], "counted from zero");
    (0..2).for_each(|_| drop(knock(&daemon, 9)));
    assert_eq!(operator.banned(), ["127.0.0.9"]);
}

fn settings(ban: &str) -> String {
    format!("grace = 2\n[ban]\nexempt = []\n{ban}\n[purge]\nevery-packets = 1000\n")
}

fn knock(daemon: &Daemon, from: u8) -> Answer {
    exchange(daemon.address, from, b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").without_date()
}

fn reported(home: &Home, lines: &str) {
    let mut last = String::new();
    let expected = format!("{HEADER}{lines}");
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    until(&format!("the report says {lines:?}"), || {
        last = std::fs::read_to_string(home.report()).unwrap_or_default();
        assert!(std::time::Instant::now() < deadline, "the report stays at {last:?}, not {expected:?}");
        (last == expected).then_some(())
    });
}

//! The operator at work while people talk.

use std::time::Duration;

use chatter_protocol::invite::Link;
use chatter_tests::client::{Client, room_link};
use chatter_tests::daemon::Home;
use chatter_tests::exchange::exchange;
use chatter_tests::operator::Operator;
use chatter_tests::recorder::Recorder;

#[test]
fn the_operator_sees_how_many_and_not_who() {
    let home = Home::new();
    let daemon = home.ephemeral("");
    let elsewhere = Recorder::new(daemon.address, 2);
    let operator = daemon.operator();
    assert_eq!(operator.link("invite"), daemon.access_link());
    let (mut anna, link) = Client::new_room(&daemon.access_link(), "", "anna");
    let ben = Client::join(&elsewhere.link(&link), "ben", &[&anna]);
    anna.tell("hello", &[&ben]);
    let status = operator.ask(&["status"]);
    for (field, expected) in
        [("sessions_confirmed", 2), ("sessions_detached", 0), ("rooms", 1), ("members", 2)]
    {
        assert_eq!(status[field], expected, "{field} in {status}");
    }
    assert!(status["deliveries"].as_u64() >= Some(1), "{status}");
    assert_eq!(status["listening"][0], daemon.address.to_string(), "{status}");
    assert_eq!(status["ephemeral"], true, "{status}");
    let sessions = operator.list("sessions", "sessions");
    let mut addresses: Vec<_> = sessions.iter().map(|session| session["address"].as_str()).collect();
    addresses.sort_unstable();
    assert_eq!(addresses, [Some("127.0.0.1"), Some("127.0.0.2")], "{sessions:?}");
    assert!(
        sessions.iter().all(|session| session["state"] == "confirmed" && session["rooms"] == 1),
        "{sessions:?}"
    );
    assert_eq!(operator.known("127.0.0.2").expect("a member's address")["member"], true);
    let human = operator.run(&["status"]);
    assert!(human.stdout.contains("2 confirmed, 0 opened, 0 detached"), "{human:?}");

    // Purging counters ends nobody's talk.
    assert_eq!(operator.ask(&["purge"])["sessions_ended"], 0);
    anna.tell("still here", &[&ben]);
}

#[test]
fn rotating_keeps_those_inside_and_turns_old_links_into_a_file_server() {
    let home = Home::new();
    let daemon = home.lasting("grace = 10");
    let recorder = Recorder::new(daemon.address, 2);
    let old = daemon.access_link();
    let (mut anna, room) = Client::new_room(&recorder.link(&old), "", "anna");
    let mut ben = Client::join(&room, "ben", &[&anna]);
    let new = daemon.operator().link("rotate");
    assert_ne!(new, old);
    assert_eq!(daemon.operator().link("invite"), new);
    anna.tell("after rotating", &[&ben]);
    recorder.cut();
    for client in [&anna, &ben] {
        client.wait("resumes", |event| event["event"] == "resumed");
    }
    ben.tell("after a cut", &[&anna]);

    let ended = Client::joining(&room, "late").ended_within(Duration::from_secs(15));
    assert_eq!(ended.code, Some(5), "{ended:?}");
    assert!(ended.stderr.contains("looks like a file server"), "{ended:?}");

    // The room is still the same for who comes by the new code.
    let mut there = room_link(&room);
    there.access = Link::parse(&new).expect("an access link").access().clone();
    let mut carol = Client::join(&there.to_text(), "carol", &[&anna, &ben]);
    carol.tell("by the new link", &[&anna, &ben]);
    for client in [&anna, &ben, &carol] {
        assert_eq!(client.warnings(), Vec::<serde_json::Value>::new(), "{}", client.nick);
    }
}

#[test]
fn a_reseeded_decoy_is_another_from_the_next_start_on() {
    let home = Home::new();
    let mut daemon = home.lasting("");
    let listing = |daemon: &chatter_tests::daemon::Daemon| {
        let answer = exchange(daemon.address, 1, b"GET / HTTP/1.1\r\n\r\n");
        String::from_utf8(answer.without_date().bytes).expect("plain names")
    };
    let (before, old) = (listing(&daemon), daemon.access_link());
    let first = daemon.operator().ask(&["decoy", "reseed"]);
    let last = daemon.operator().ask(&["decoy", "reseed"]);
    assert_ne!(first["access_link"], last["access_link"], "each time it is drawn again");
    assert_eq!(last["takes_effect"], "at the next start");
    // So far nothing has changed, and people come in.
    assert_eq!((listing(&daemon), daemon.access_link()), (before.clone(), old.clone()));
    let (anna, room) = Client::new_room(&old, "", "anna");
    anna.quit();
    daemon.process.signal(nix::sys::signal::Signal::SIGTERM);
    daemon.process.ended();

    let daemon = home.lasting("");
    let after = listing(&daemon);
    let carrier = last["carrier_path"].as_str().expect("a path");
    assert!(after.contains(&format!("<a href=\"{}\">", &carrier[1..])), "{carrier} is not in {after}");
    let entries = |listing: &str| -> Vec<String> {
        listing.lines().filter(|line| line.starts_with("<li>")).map(str::to_owned).collect()
    };
    assert!(entries(&before).iter().all(|entry| !entries(&after).contains(entry)), "{before}{after}");
    let link = daemon.access_link().rsplit_once('#').expect("a code").1.to_owned();
    assert!(last["access_link"].as_str().expect("a link").ends_with(&link), "{last} and {link}");
    Client::new_room(&daemon.access_link(), "", "ben");
    let mut lost = room_link(&room);
    lost.access.address = Link::parse(&daemon.access_link()).expect("a link").access().address.clone();
    let ended = Client::joining(&lost.to_text(), "late").ended_within(Duration::from_secs(15));
    assert_eq!(ended.code, Some(5), "an old link meets a file server: {ended:?}");
}

#[test]
fn there_is_not_always_something_to_draw_anew() {
    let home = Home::new();
    let ended = home.ephemeral("").operator().run(&["decoy", "reseed"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("--ephemeral") && ended.stdout.is_empty(), "{ended:?}");
    let root = home.path("own");
    std::fs::create_dir(&root).expect("room");
    std::fs::write(root.join("disk.img"), vec![1; 4096]).expect("room");
    let daemon = home.lasting(&format!("[decoy]\nroot = '{}'\ncarrier = 'disk.img'\n", root.display()));
    let link = daemon.access_link();
    let ended = daemon.operator().run(&["decoy", "reseed"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("decoy.root") && ended.stdout.is_empty(), "{ended:?}");
    assert_eq!(daemon.access_link(), link);
}

#[test]
fn purging_everything_ends_members_with_a_clear_word() {
    let home = Home::new();
    let daemon = home.ephemeral("");
    let (anna, link) = Client::new_room(&daemon.access_link(), "", "anna");
    let ben = Client::join(&link, "ben", &[&anna]);
    let purged = daemon.operator().ask(&["purge", "--everything"]);
    assert_eq!(purged["sessions_ended"], 2, "{purged}");
    for client in [anna, ben] {
        let ended = client.ended_within(Duration::from_secs(5));
        assert_eq!(ended.code, Some(8), "{ended:?}");
        assert!(ended.stderr.contains("the server's operator ended this session"), "{ended:?}");
    }
    let status = daemon.operator().ask(&["status"]);
    assert_eq!((&status["members"], &status["rooms"]), (&0.into(), &0.into()), "{status}");
    assert_eq!(daemon.operator().list("ips", "addresses"), [serde_json::Value::Null; 0]);
    // The code still opens the door.
    Client::new_room(&daemon.access_link(), "", "anna");
}

#[test]
fn without_a_daemon_the_operator_is_told_where_was_looked() {
    let home = Home::new();
    let operator = Operator::new(&home.path("run/admin.sock"));
    for subcommand in ["status", "ips", "sessions", "rooms", "purge", "rotate", "invite", "bans"] {
        let ended = operator.run(&[subcommand]);
        assert_eq!(ended.code, Some(3), "{subcommand}: {ended:?}");
        assert!(ended.stderr.contains("no chatterd answers"), "{subcommand}: {ended:?}");
        assert!(ended.stderr.contains("run/admin.sock"), "{subcommand}: {ended:?}");
        let ended = operator.run(&[subcommand, "--json"]);
        let answer: serde_json::Value = serde_json::from_str(&ended.stdout).expect("JSON in every state");
        assert_eq!((ended.code, answer["kind"].as_str()), (Some(3), Some("unreachable")), "{answer}");
    }
    assert!(!home.path("run").exists(), "asking makes nothing");
}

#[test]
fn a_live_socket_is_not_taken_from_a_daemon() {
    let home = Home::new();
    let daemon = home.ephemeral("");
    let mut command = chatter_tests::daemon::command();
    command.args(["--ephemeral", "--listen", "127.0.0.1:0", "--admin-socket"]).arg(&daemon.socket);
    let ended = chatter_tests::process::Process::start("a second chatterd", command).ended();
    assert_eq!(ended.code, Some(69), "{ended:?}");
    assert!(ended.stderr.contains("a daemon already answers"), "{ended:?}");
    assert_eq!(daemon.operator().ask(&["status"])["members"], 0);
}

//! The daemon ends: asked to, or killed.

use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use chatter_tests::client::{Client, is_joined};
use chatter_tests::daemon::Home;
use chatter_tests::recorder::readdress;
use nix::sys::signal::Signal;

#[test]
fn signals_end_it_within_two_seconds_with_members_in() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let home = Home::new();
        let mut daemon = home.ephemeral("");
        let (anna, link) = Client::new_room(&daemon.access_link(), "", "anna");
        let ben = Client::join(&link, "ben", &[&anna]);
        let strangers: Vec<_> = (0..20).map(|_| half_a_request(daemon.address)).collect();
        let asked = Instant::now();
        daemon.process.signal(signal);
        let ended = daemon.process.ended();
        let took = asked.elapsed();
        assert!(took < Duration::from_secs(2), "{signal}: took {took:?}");
        assert_eq!((ended.code, ended.signal), (Some(0), None), "{signal}: {ended:?}");
        assert!(!daemon.socket.exists(), "{signal}: the admin socket is still there");
        assert!(TcpStream::connect(daemon.address).is_err(), "{signal}: somebody still listens");
        for client in [anna, ben] {
            let away = client.wait("is told", |event| event["event"] == "away");
            assert_eq!(away["text"], "the server was shut down", "{signal}");
            let ended = client.interrupt();
            assert_eq!(ended.code, Some(0), "{signal}: {ended:?}");
        }
        drop(strangers);
    }
}

#[test]
fn a_killed_daemon_leaves_no_stuck_client_and_its_socket_can_be_taken_over() {
    let home = Home::new();
    let mut daemon = home.ephemeral("grace = 2");
    let (mut anna, link) = Client::new_room(&daemon.access_link(), "", "anna");
    let ben = Client::join(&link, "ben", &[&anna]);
    daemon.process.kill();
    let killed = Instant::now();
    for client in [&anna, &ben] {
        client.wait("says that the connection broke", |event| event["event"] == "broken");
    }
    anna.say("into the void");
    // The grace time, and what a client waits beyond it.
    for client in [&anna, &ben] {
        let away = client.wait("gives the session up", |event| event["event"] == "away");
        assert!(away["text"].as_str().is_some_and(|text| text.contains("lost for too long")), "{away}");
        let kept = |event: &serde_json::Value| event["event"] == "waiting";
        let kept: Vec<_> = client.events().into_iter().filter(kept).collect();
        let expected = if client.nick == "anna" { vec!["into the void"] } else { vec![] };
        let texts: Vec<_> = kept.iter().filter_map(|event| event["text"].as_str()).collect();
        assert_eq!(texts, expected, "{}", client.nick);
    }
    let ended = anna.interrupt();
    assert_eq!(ended.code, Some(130), "{ended:?}");
    assert!(ended.stderr.contains("not taken by the relay: into the void"), "{ended:?}");
    assert_eq!(ben.interrupt().code, Some(0));
    assert!(killed.elapsed() > Duration::from_secs(2), "the grace time was used");
    assert!(daemon.socket.exists(), "a killed daemon can't tidy up");
    let daemon = home.ephemeral("");
    assert_eq!(daemon.operator().ask(&["status"])["members"], 0);
}

#[test]
fn who_was_in_a_daemon_is_back_in_the_room_after_its_restart() {
    for kills in [true, false] {
        let home = Home::new();
        let mut daemon = home.lasting("grace = 20");
        let address = daemon.address.to_string();
        let (mut anna, link) = Client::new_room(&daemon.access_link(), "", "anna");
        let mut ben = Client::join(&link, "ben", &[&anna]);
        anna.tell("before", &[&ben]);
        if kills {
            daemon.process.kill();
        } else {
            daemon.process.signal(Signal::SIGTERM);
            daemon.process.ended();
        }
        for client in [&anna, &ben] {
            client.wait("notices", |event| event["event"] == if kills { "broken" } else { "away" });
        }
        if !kills {
            ben.say("typed meanwhile");
        }
        let daemon = home.lasting_on(&address, "grace = 20");
        for client in [&anna, &ben] {
            client.wait("is back", |event| event["event"] == "rejoined");
        }
        anna.wait_times("meets ben", 2, |event| is_joined(event, "ben"));
        ben.wait_times("meets anna", 2, |event| is_joined(event, "anna"));
        if !kills {
            anna.heard("ben", "typed meanwhile");
        }
        ben.tell("after", &[&anna]);
        anna.tell("after", &[&ben]);
        assert_eq!(daemon.operator().ask(&["status"])["members"], 2);
        let once = if kills { vec!["after"] } else { vec!["typed meanwhile", "after"] };
        assert_eq!(anna.texts_from("ben"), once);
        for client in [anna, ben] {
            let ended = client.quit();
            assert_eq!(ended.code, Some(0), "{ended:?}");
            assert!(ended.stderr.contains("trying again in"), "{ended:?}");
        }
    }
}

#[test]
fn who_does_not_want_to_come_back_ends_with_the_session() {
    let home = Home::new();
    let daemon = home.lasting("");
    let (_anna, link) = Client::new_room(&daemon.access_link(), "", "anna");
    let ben = Client::joining_with(&link, "ben", &["--no-rejoin"], &[]);
    ben.met("anna");
    daemon.process.signal(Signal::SIGTERM);
    let ended = ben.ended_within(Duration::from_secs(10));
    assert_eq!(ended.code, Some(8), "{ended:?}");
    assert!(ended.stderr.contains("the server was shut down"), "{ended:?}");
}

#[test]
fn a_restarted_daemon_lets_people_in_at_once() {
    let home = Home::new();
    let mut daemon = home.lasting("");
    let link = daemon.access_link();
    for _ in 0..2 {
        daemon.process.kill();
        daemon = home.lasting("");
        let (anna, _) = Client::new_room(&readdress(&link, daemon.address), "", "anna");
        assert_eq!(anna.quit().code, Some(0));
    }
    daemon.process.signal(Signal::SIGTERM);
    assert_eq!(daemon.process.ended().code, Some(0));
    daemon = home.lasting("");
    let (anna, _) = Client::new_room(&readdress(&link, daemon.address), "", "anna");
    assert_eq!(anna.quit().code, Some(0));
}

fn half_a_request(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).expect("the daemon answers");
    stream.write_all(b"GET / HTTP/1.1\r\nHost: ").expect("the daemon reads");
    stream
}

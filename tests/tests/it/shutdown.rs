//! The daemon ends: asked to, or killed.

use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use chatter_tests::client::Client;
use chatter_tests::daemon::Home;
use chatter_tests::recorder::{Recorder, readdress};
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
            let ended = client.ended_within(Duration::from_secs(3));
            assert_eq!(ended.code, Some(8), "{signal}: {ended:?}");
            assert!(ended.stderr.contains("the server was shut down"), "{signal}: {ended:?}");
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
    for client in [anna, ben] {
        let nick = client.nick.clone();
        // The grace time, and what a client waits beyond it.
        let ended = client.ended_within(Duration::from_secs(2 + 5 + 8));
        assert_eq!(ended.code, Some(8), "{ended:?}");
        assert!(ended.stderr.contains("the connection was lost for too long"), "{ended:?}");
        assert_eq!(
            ended.stderr.contains("not taken by the relay: into the void"),
            nick == "anna",
            "{ended:?}"
        );
    }
    assert!(killed.elapsed() > Duration::from_secs(2), "the grace time was used");
    assert!(daemon.socket.exists(), "a killed daemon can't tidy up");
    let daemon = home.ephemeral("");
    assert_eq!(daemon.operator().ask(&["status"])["members"], 0);
}

#[test]
fn who_was_in_a_killed_daemon_is_told_after_its_restart() {
    let home = Home::new();
    let mut daemon = home.lasting("grace = 20");
    let recorder = Recorder::new(daemon.address, 1);
    let (anna, _) = Client::new_room(&recorder.link(&daemon.access_link()), "", "anna");
    daemon.process.kill();
    let daemon = home.lasting("grace = 20");
    recorder.lead_to(daemon.address);
    let ended = anna.ended_within(Duration::from_secs(25 + 5));
    assert_eq!(ended.code, Some(8), "{ended:?}");
    assert!(ended.stderr.contains("join again"), "{ended:?}");
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

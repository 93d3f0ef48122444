//! Nothing that is typed is silently lost: while the server is away, among strangers, from elsewhere.

use chatter_tests::client::{Client, is_joined};
use chatter_tests::daemon::{Daemon, Home};
use chatter_tests::namespaces::Host;
use chatter_tests::recorder::readdress;
use nix::sys::signal::Signal;
use serde_json::Value;

const LINES: [&str; 3] = ["one, typed meanwhile", "two", "three"];

/// Anna and ben in a room, and what anna types after the daemon was killed.
fn typed_into_the_void(home: &Home) -> (String, Client, Client, String) {
    let mut daemon = home.lasting("grace = 20");
    let address = daemon.address.to_string();
    let (mut anna, link) = Client::new_room(&daemon.access_link(), "", "anna");
    let ben = Client::join(&link, "ben", &[&anna]);
    anna.tell("before", &[&ben]);
    daemon.process.kill();
    for client in [&anna, &ben] {
        client.wait("says that the connection broke", |event| event["event"] == "broken");
    }
    for line in LINES {
        anna.say(line);
    }
    let waiting = anna.wait("keeps all", |event| event["event"] == "waiting" && event["waiting"] == 3);
    assert_eq!((waiting["text"].as_str(), waiting["full"].as_bool()), (Some("three"), Some(false)));
    (address, anna, ben, link)
}

fn events(client: &Client, kind: &str) -> Vec<Value> {
    client.events().into_iter().filter(|event| event["event"] == kind).collect()
}

fn restarted(home: &Home, address: &str) -> Daemon {
    home.lasting_on(address, "grace = 20")
}

#[test]
fn lines_typed_while_the_daemon_is_away_arrive_once_and_in_order() {
    let home = Home::new();
    let (address, mut anna, ben, _) = typed_into_the_void(&home);
    let _daemon = restarted(&home, &address);
    ben.heard("anna", LINES[2]);
    assert_eq!(ben.texts_from("anna"), [&["before"], &LINES[..]].concat());
    anna.wait("learns that ben has opened the last", |event| {
        event["event"] == "delivered" && event["number"] == 4 && event["opened"] == 1 && event["of"] == 1
    });
    assert!(events(&anna, "handed-back").is_empty() && events(&anna, "not-acknowledged").is_empty());
    let said: Vec<_> = events(&anna, "said").into_iter().map(|event| event["text"].clone()).collect();
    assert_eq!(said, [&["before"], &LINES[..]].concat());
    anna.say("/info 4");
    anna.wait_times("is told when she asks", 2, |event| {
        event["event"] == "delivered" && event["number"] == 4
    });
    assert_eq!(anna.quit().code, Some(0));
}

#[test]
fn a_stranger_who_came_meanwhile_hears_nothing_of_it() {
    let home = Home::new();
    let (address, mut anna, ben, link) = typed_into_the_void(&home);
    for client in [&anna, &ben] {
        client.process.signal(Signal::SIGSTOP);
    }
    let _daemon = restarted(&home, &address);
    // Under the very name of whoever the lines are for.
    let stranger = Client::join(&link, "ben", &[]);
    anna.process.signal(Signal::SIGCONT);
    let last =
        anna.wait("has all back", |event| event["event"] == "handed-back" && event["text"] == LINES[2]);
    assert_eq!(last["reason"], "another ben is here now, who was not when you typed it");
    ben.process.signal(Signal::SIGCONT);
    anna.wait_times("meets ben and his namesake", 3, |event| is_joined(event, "ben"));
    anna.say("/resend 2");
    for client in [&ben, &stranger] {
        client.heard("anna", LINES[1]);
    }
    assert_eq!(stranger.texts_from("anna"), [LINES[1]], "its writer's word");
    assert_eq!(ben.texts_from("anna"), ["before", LINES[1]]);
    anna.say("/drop");
    let dropped = anna.wait("drops the others", |event| event["event"] == "dropped");
    assert_eq!(dropped["lines"], 2);
    assert_eq!(anna.quit().code, Some(0), "nothing of hers is left");
}

#[test]
fn who_leaves_with_lines_unsent_is_told_which() {
    let home = Home::new();
    let (_, anna, ..) = typed_into_the_void(&home);
    let ended = anna.interrupt();
    assert_eq!(ended.code, Some(130), "{ended:?}");
    for line in LINES {
        assert!(ended.stderr.contains(&format!("not taken by the relay: {line}")), "{ended:?}");
    }
}

#[test]
#[ignore = "needs root; `.ci/run peers` runs it"]
fn who_goes_by_another_network_is_back_as_soon_as_he_asks() {
    let (server, laptop) = (Host::new(), Host::new());
    server.join(&["10.91.1.1/24"], &laptop, &["10.91.1.2/24"]);
    server.join(&["10.91.2.1/24"], &laptop, &["10.91.2.2/24"]);
    server.must("ip", &["address", "add", "10.91.9.9/32", "dev", "lo"]);
    laptop.must("ip", &["route", "add", "10.91.9.9", "via", "10.91.1.1"]);
    let home = Home::new();
    let daemon = server.within(|| home.ephemeral_on("10.91.9.9:0", "grace = 300", &[]));
    let access_link = readdress(&daemon.access_link(), daemon.address);
    let (mut anna, link) = server.within(|| Client::new_room(&access_link, "", "anna"));
    let mut ben = laptop.within(|| Client::join(&link, "ben", &[&anna]));
    ben.tell("from here", &[&anna]);
    let devices = laptop.must("ip", &["-oneline", "address", "show", "to", "10.91.1.2"]);
    let device = devices.split_whitespace().nth(1).expect("it is there").trim_end_matches(':');
    laptop.must("ip", &["link", "set", device, "down"]);
    laptop.must("ip", &["route", "add", "10.91.9.9", "via", "10.91.2.1"]);
    ben.say("typed on the way");
    // By itself he would find out when nothing has come for half a minute.
    ben.say("/reconnect");
    anna.heard("ben", "typed on the way");
    anna.tell("heard", &[&ben]);
    let addresses = daemon.operator().list("sessions", "sessions");
    assert!(addresses.iter().any(|session| session["address"] == "10.91.2.2"), "{addresses:?}");
    assert!(events(&ben, "away").is_empty(), "the same session");
}

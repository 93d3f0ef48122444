//! Access codes with names, ends and successors, and what their holders may take.

use std::time::Duration;

use chatter_protocol::invite::Link;
use chatter_tests::client::{Client, room_link};
use chatter_tests::daemon::{Daemon, Home};
use chatter_tests::operator::Operator;
use chatter_tests::process::until;
use chatter_tests::recorder::{Recorder, readdress};
use nix::sys::signal::Signal;
use serde_json::Value;

/// The room's link as somebody has it who comes by another access link.
fn by(access_link: &str, room: &str) -> String {
    let mut there = room_link(room);
    there.access = Link::parse(access_link).expect("an access link").access().clone();
    there.to_text().to_string()
}

/// A named code's link.
fn named(daemon: &Daemon, name: &str) -> String {
    let answer = daemon.operator().ask(&["invite", "--name", name]);
    answer["access_link"].as_str().expect("a link").to_owned()
}

/// What `chatterctl invites` says of the codes of this name.
fn codes(operator: &Operator, name: &str) -> Vec<Value> {
    operator.list("invites", "invites").into_iter().filter(|code| code["name"] == name).collect()
}

/// The client has been told that its code is no more.
fn told_of_retirement(client: Client) {
    let ended = client.ended_within(Duration::from_secs(20));
    assert_eq!(ended.code, Some(5), "{ended:?}");
    assert!(ended.stderr.contains("access code") && ended.stderr.contains("was retired"), "{ended:?}");
}

/// Who comes to the room with this access link meets a file server.
fn meets_a_file_server(access_link: &str, room: &str) {
    let ended = Client::joining(&by(access_link, room), "late").ended_within(Duration::from_secs(20));
    assert_eq!(ended.code, Some(5), "{ended:?}");
    assert!(ended.stderr.contains("looks like a file server"), "{ended:?}");
}

#[test]
fn a_named_code_is_revoked_alone_and_stays_so() {
    let home = Home::new();
    let mut daemon = home.lasting("grace = 30");
    let operator = daemon.operator();
    let bens = named(&daemon, "ben");
    assert_eq!(named(&daemon, "ben"), bens, "asked again it is the same");
    let carols = named(&daemon, "carol");
    assert!(bens != carols && bens != daemon.access_link());
    let (anna, room) = Client::new_room(&daemon.access_link(), "", "anna");
    let mut ben = Client::join(&by(&bens, &room), "ben", &[&anna]);
    let mut carol = Client::join(&by(&carols, &room), "carol", &[&anna, &ben]);
    let away = Recorder::new(daemon.address, 2);
    let gone = Client::join(&away.link(&by(&bens, &room)), "ben2", &[&anna, &ben, &carol]);
    ben.tell("by my own code", &[&anna, &carol]);
    let mut gates: Vec<_> = operator.list("sessions", "sessions").into_iter().collect();
    gates.sort_by_key(|session| session["number"].as_u64());
    let gates: Vec<_> = gates.iter().map(|session| session["gate"].as_str().unwrap_or("?")).collect();
    assert_eq!(gates, ["", "ben", "carol", "ben"]);
    assert_eq!(codes(&operator, "ben")[0]["sessions"], 2);

    // One of the two is away when the code goes: he is told when he comes back.
    away.keep_waiting();
    away.cut();
    gone.wait("loses its connection", |event| event["event"] == "broken");
    assert_eq!(operator.ask(&["revoke", "ben"])["sessions_ended"], 2);
    told_of_retirement(ben);
    away.pass_on();
    told_of_retirement(gone);
    anna.saw_leave("ben", 1);
    carol.tell("I am still here", &[&anna]);
    meets_a_file_server(&bens, &room);
    assert_eq!(operator.run(&["revoke", "ben"]).code, Some(1), "there is none any more");
    assert_eq!(codes(&operator, "ben"), [Value::Null; 0]);
    // A new code may have the name; the old one is void all the same.
    let again = named(&daemon, "ben");
    assert_ne!(again, bens);

    daemon.process.kill();
    let daemon = home.lasting("grace = 30");
    let here = |link: &str| readdress(link, daemon.address);
    meets_a_file_server(&here(&bens), &room);
    for link in [&again, &carols] {
        assert_eq!(Client::new_room(&here(link), "", "somebody").0.quit().code, Some(0));
    }
    let keys = std::fs::metadata(home.path("state/keys.toml")).expect("keys are kept");
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&keys.permissions()) & 0o777, 0o600);
    let told = daemon.operator().run(&["invites"]);
    assert!(!told.stdout.contains("chatter1") && told.stdout.contains("carol"), "{told:?}");
    assert!(!daemon.log().contains("carol"), "codes' names are in no log");
}

#[test]
fn a_code_that_expires_takes_those_with_it_who_came_by_it() {
    let home = Home::new();
    let mut daemon = home.lasting("");
    let operator = daemon.operator();
    let guests = named(&daemon, "guests");
    let (mut anna, room) = Client::new_room(&daemon.access_link(), "", "anna");
    let guest = Client::join(&by(&guests, &room), "guest", &[&anna]);
    let told = operator.ask(&["invite", "--name", "guests", "--for", "1s"]);
    assert_eq!((told["already"].as_bool(), told["access_link"].as_str()), (Some(true), Some(&*guests)));
    assert!(told["expires_at"].as_u64() > told["made_at"].as_u64(), "{told}");
    told_of_retirement(guest);
    anna.saw_leave("guest", 1);
    meets_a_file_server(&guests, &room);
    until("it is forgotten", || codes(&operator, "guests").is_empty().then_some(()));
    let carol = Client::join(&room, "carol", &[&anna]);
    anna.tell("the others stay", &[&carol]);
    daemon.process.signal(Signal::SIGTERM);
    daemon.process.ended();
    let daemon = home.lasting("");
    assert_eq!(codes(&daemon.operator(), "guests"), [Value::Null; 0]);
    meets_a_file_server(&readdress(&guests, daemon.address), &room);
}

#[test]
fn an_old_code_that_is_kept_for_a_while_lets_people_in_over_restarts_and_then_ends() {
    let home = Home::new();
    let mut daemon = home.lasting("");
    let old = daemon.access_link();
    let rotated = daemon.operator().ask(&["rotate", "--keep-old", "1h"]);
    let new = rotated["access_link"].as_str().expect("a link").to_owned();
    assert!(rotated["old_until"].as_u64().is_some() && new != old, "{rotated}");
    assert_eq!(daemon.access_link(), new);
    daemon.process.kill();
    let daemon = home.lasting("");
    let here = |link: &str| readdress(link, daemon.address);
    let operator = daemon.operator();
    let states: Vec<_> = codes(&operator, "").iter().map(|code| code["expires_at"].is_null()).collect();
    assert_eq!(states, [false, true], "the old one, and the one that lasts");
    let (mut anna, room) = Client::new_room(&here(&old), "", "anna");
    let mut ben = Client::join(&by(&here(&new), &room), "ben", &[&anna]);
    anna.tell("by the old code", &[&ben]);

    // Rotated again: who comes by the two older ones stays for the time that is left, and no longer.
    let newest = operator.ask(&["rotate", "--keep-old", "1s"]);
    let newest = newest["access_link"].as_str().expect("a link").to_owned();
    let carol = Client::join(&by(&newest, &room), "carol", &[&anna]);
    told_of_retirement(ben);
    anna.saw_leave("ben", 1);
    anna.tell("an hour is not over", &[&carol]);
    meets_a_file_server(&here(&new), &room);
    assert_eq!(operator.ask(&["rotate", "--now"])["sessions_ended"], 2);
    told_of_retirement(anna);
    told_of_retirement(carol);
    for link in [&here(&old), &newest] {
        meets_a_file_server(link, &room);
    }
    Client::new_room(&daemon.access_link(), "", "anna");
    ben = Client::new_room(&daemon.access_link(), "", "ben").0;
    let until_now: Vec<_> = codes(&operator, "").iter().map(|code| code["sessions"].clone()).collect();
    assert_eq!(until_now.len(), 1, "{until_now:?}");
    assert_eq!(ben.quit().code, Some(0));
}

#[test]
fn who_is_refused_is_told_why_and_others_behind_another_address_come_in() {
    let home = Home::new();
    let limits = "[limits]\nsessions-per-address-max = 2\nsessions-per-code-max = 1\nsessions-max = 4\n";
    let daemon = home.ephemeral(&format!("{limits}[ban]\nexempt = ['127.0.0.3']\n"));
    let refused = |link: &str, words: &str| {
        let ended = Client::joining(link, "late").ended_within(Duration::from_secs(20));
        assert_eq!(ended.code, Some(7), "{ended:?}");
        assert!(ended.stderr.contains(words), "{ended:?}");
    };
    let (anna, room) = Client::new_room(&daemon.access_link(), "", "anna");
    let ben = Client::join(&room, "ben", &[&anna]);
    refused(&room, "too many sessions come from your address or by your access code");
    let elsewhere = Recorder::new(daemon.address, 2);
    let carol = Client::join(&elsewhere.link(&by(&named(&daemon, "carol"), &room)), "carol", &[&anna]);
    refused(
        &elsewhere.link(&by(&named(&daemon, "carol"), &room)),
        "too many sessions come from your address or by your access code",
    );
    let exempt = Recorder::new(daemon.address, 3);
    let dave = Client::join(&exempt.link(&room), "dave", &[&anna]);
    refused(&exempt.link(&room), "the server is full");
    assert_eq!(ben.quit().code, Some(0));
    anna.saw_leave("ben", 1);
    let erin = Client::join(&exempt.link(&room), "erin", &[&anna]);
    for client in [&anna, &carol, &dave, &erin] {
        assert_eq!(client.warnings(), Vec::<Value>::new(), "{}", client.nick);
    }
}

#[test]
fn links_for_a_front_end_lead_there_and_open_the_same_door() {
    let home = Home::new();
    let mut daemon = home.lasting("");
    let ask = |daemon: &Daemon, arguments: &[&str]| {
        let answer = daemon.operator().ask(&[&["invite"], arguments].concat());
        answer["access_link"].as_str().expect("a link").to_owned()
    };
    let plain = daemon.access_link();
    let code = |link: &str| Link::parse(link).expect("a link").access().code.to_text().to_string();
    let front = ask(&daemon, &["--https", "chat.example.org"]);
    assert!(
        front.starts_with("chatters://chat.example.org:443/#") && code(&front) == code(&plain),
        "{front}"
    );
    let pin = "a7".repeat(32);
    let pinned = ask(&daemon, &["--https", "[2001:db8::1]:8443", "--pin", &pin, "--name", "ben"]);
    assert!(pinned.starts_with("chatters://[2001:db8::1]:8443/#") && pinned.contains(".cert1"), "{pinned}");
    assert_eq!(code(&pinned), code(&named(&daemon, "ben")));
    for wrong in [&["--https", "a/b"][..], &["--https", "a", "--pin", "a7"], &["--pin", &pin]] {
        let ended = daemon.operator().run(&[&["invite"], wrong].concat());
        assert!(ended.code != Some(0) && ended.stdout.is_empty(), "{wrong:?}: {ended:?}");
    }
    daemon.process.signal(Signal::SIGTERM);
    daemon.process.ended();
    let daemon = home.lasting("public-host = 'https://chat.example.org:8443'\n");
    let front = daemon.operator().ask(&["invite", "--pin", &pin]);
    let front = front["access_link"].as_str().expect("a link");
    assert!(front.starts_with("chatters://chat.example.org:8443/#") && front.contains(".cert1"), "{front}");
}

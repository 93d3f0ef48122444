//! The daemon's memory and all that crosses its sockets hold nothing of the talk.

use std::io::Write as _;
use std::net::TcpStream;

use chatter_protocol::invite::Link;
use chatter_protocol::token;
use chatter_tests::client::{Client, room_link};
use chatter_tests::daemon::{Daemon, Home};
use chatter_tests::exchange::{exchange, header};
use chatter_tests::memory::{Needle, found_in, found_in_process};
use chatter_tests::process::until;
use chatter_tests::recorder::Recorder;

const ANNA: &str = "anna-quokka-77c1";
const BEN: &str = "ben-numbat-e209";
const LABEL: &str = "larder-5b12d";
const MESSAGES: usize = 40;

#[test]
#[cfg_attr(not(ptrace), ignore = "the memory of other processes can't be read here (needs CAP_SYS_PTRACE)")]
fn memory_holds_nothing_of_the_talk() {
    let home = Home::new();
    let daemon = home.ephemeral("grace = 2");
    let (mut anna, link) = Client::new_room(&daemon.access_link(), LABEL, ANNA);
    let mut ben = Client::join(&link, BEN, &[&anna]);
    let talk = needles(&link);
    check_eye(&daemon);

    std::thread::scope(|scope| {
        for client in [&mut anna, &mut ben] {
            scope.spawn(|| (0..MESSAGES).for_each(|number| client.say(&text(&client.nick.clone(), number))));
        }
        for _ in 0..3 {
            check_memory(&daemon, &talk, "while they talk");
        }
    });
    anna.heard(BEN, &text(BEN, MESSAGES - 1));
    ben.heard(ANNA, &text(ANNA, MESSAGES - 1));
    check_memory(&daemon, &talk, "after the last word");
    assert_eq!(anna.quit().code, Some(0));
    ben.saw_leave(ANNA, 1);
    check_memory(&daemon, &talk, "after one has left");
    assert_eq!(ben.quit().code, Some(0));
    until("the sessions are gone", || {
        daemon.operator().list("sessions", "sessions").is_empty().then_some(())
    });
    check_memory(&daemon, &talk, "after both have left");
    check_eye(&daemon);
}

#[test]
fn the_wire_and_the_operators_view_hold_nothing_of_the_talk() {
    let home = Home::new();
    let daemon = home.ephemeral("grace = 2");
    let recorder = Recorder::new(daemon.address, 2);
    let (mut anna, link) = Client::new_room(&recorder.link(&daemon.access_link()), LABEL, ANNA);
    let mut ben = Client::join(&link, BEN, &[&anna]);
    let talk = needles(&link);
    for number in 0..MESSAGES {
        anna.say(&text(ANNA, number));
        ben.say(&text(BEN, number));
    }
    anna.heard(BEN, &text(BEN, MESSAGES - 1));
    ben.heard(ANNA, &text(ANNA, MESSAGES - 1));
    let operator = daemon.operator();
    for subcommand in ["status", "ips", "sessions", "rooms", "bans"] {
        let answer = operator.ask(&[subcommand]).to_string();
        assert_eq!(found_in(answer.as_bytes(), &talk), [""; 0], "chatterctl {subcommand}: {answer}");
    }
    assert_eq!(anna.quit().code, Some(0));
    assert_eq!(ben.quit().code, Some(0));

    let marker = Needle::new("marker", "plain-as-day-0f3a");
    let through = recorder_address(&recorder.link(&link));
    exchange(through, 1, b"GET /plain-as-day-0f3a HTTP/1.1\r\n\r\n");
    let crossed = recorder.exchanges();
    let requests: Vec<u8> = crossed.iter().flat_map(|exchange| exchange.request.clone()).collect();
    let responses: Vec<u8> = crossed.iter().flat_map(|exchange| exchange.response.clone()).collect();
    let cookies: Vec<u8> =
        crossed.iter().filter_map(|exchange| cookie(&exchange.request)).flatten().collect();
    assert_eq!(found_in(&requests, std::slice::from_ref(&marker)), ["marker"], "the eye sees requests");
    let persona = Needle::new("persona", "SimpleHTTP/0.6 Python/");
    assert_eq!(found_in(&responses, &[persona]), ["persona"], "the eye sees responses");
    assert!(
        cookies.len() > 2 * MESSAGES * text(ANNA, 0).len(),
        "cookies carried the talk: {}",
        cookies.len()
    );
    for (where_, bytes) in [("requests", requests), ("responses", responses), ("cookies", cookies)] {
        assert_eq!(found_in(&bytes, &talk), [""; 0], "in {where_}");
    }
}

/// All that must be nowhere.
fn needles(link: &str) -> Vec<Needle> {
    let room = room_link(link);
    let mut needles = vec![
        Needle::new("anna's nickname", ANNA),
        Needle::new("ben's nickname", BEN),
        Needle::new("the room's label", LABEL),
        Needle::new("the room secret", room.secret.as_bytes().as_slice()),
        Needle::new("the room secret's text", room.secret.to_text().as_bytes()),
    ];
    let texts = (0..MESSAGES).flat_map(|number| [text(ANNA, number), text(BEN, number)]);
    needles.extend(texts.map(|text| Needle::new(&text, text.as_bytes())));
    needles
}

fn text(nick: &str, number: usize) -> String {
    // No nickname in it, so that each needle is found for its own sake.
    let who = if nick == ANNA { "first" } else { "second" };
    format!("the {who} pudding, helping {number}, of the wombat feast")
}

fn check_memory(daemon: &Daemon, talk: &[Needle], when: &str) {
    assert_eq!(found_in_process(daemon.process.id(), talk), [""; 0], "in the daemon's memory {when}");
}

/// Things that must be in the memory are seen there.
fn check_eye(daemon: &Daemon) {
    let access = Link::parse(&daemon.access_link()).expect("an access link").access().clone();
    let secret = Needle::new("access secret", access.code.secret.as_bytes().as_slice());
    let marker = Needle::new("marker", "half-a-head-3c9e");
    let mut half = TcpStream::connect(daemon.address).expect("the daemon answers");
    half.write_all(b"GET /half-a-head-3c9e HTTP/1.1\r\nHost: h\r\n").expect("the daemon reads");
    until("the memory holds the access secret and half a request", || {
        (found_in_process(daemon.process.id(), &[secret.clone(), marker.clone()]).len() == 2).then_some(())
    });
}

/// The bytes of a request's token.
fn cookie(request: &[u8]) -> Option<Vec<u8>> {
    let (_, value) = header(request, "Cookie")?.split_once('=')?;
    token::from_cookie_value(value.as_bytes())
}

fn recorder_address(link: &str) -> std::net::SocketAddr {
    let address = room_link(link).access.address;
    format!("{}:{}", address.host, address.port).parse().expect("an address and a port")
}

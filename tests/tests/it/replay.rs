//! Whatever was recorded of a session gets from the daemon, byte for byte, what the real Python answers to it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use chatter_protocol::entropy::Entropy;
use chatter_protocol::handshake::{self, Request};
use chatter_protocol::time::WallTime;
use chatter_protocol::token;
use chatter_tests::client::{Client, room_link};
use chatter_tests::daemon::{Daemon, Home};
use chatter_tests::exchange::{Answer, Ending, exchange, exchange_within, header, without_line};
use chatter_tests::process::{Process, until};
use chatter_tests::python::{PROGRAM, PythonServer, VERSION};
use chatter_tests::recorder::{Exchange, Recorder};
use nix::sys::signal::Signal;

const CARRIER: &str = "/backup.enc";
/// Where replays come from: neither anna's address nor ben's.
const ELSEWHERE: u8 = 9;

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
fn held_back_tokens_are_neither_tried_nor_spent_where_python_sends_no_file() {
    let ground = Ground::new();
    let daemon = ground.daemon();
    let (_anna, link) = Client::new_room(&daemon.access_link(), "", "anna");
    let held = hold_back(&daemon, &link);
    for (what, variant) in variants(&held) {
        ground.check(daemon.address, &variant, &what);
    }
    for (what, variant) in stale(&held, &link) {
        ground.check(daemon.address, &variant, &what);
    }
    let opened = open(&daemon, &held);
    assert_eq!(opened.ending, Ending::Open, "as it was meant it still opens: {opened:?}");
    let file = exchange(ground.python.address, ELSEWHERE, &held);
    let (ours, theirs) = (opened.without_date().bytes, file.without_date().bytes);
    let head_len = head_len(&ours);
    assert_eq!(ours.get(..head_len), theirs.get(..head_len), "the same head");
    let body = ours.get(head_len..).unwrap_or_default();
    assert!(body.starts_with(b"Salted__") && body.len() > 64, "a session's first bytes: {body:?}");
    assert!(!theirs.windows(body.len()).any(|window| window == body), "and not the file's");
    ground.check(daemon.address, &held, "once used, delivered again");
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

/// A directory, served by Python and by daemons with lasting keys.
struct Ground {
    home: Home,
    root: PathBuf,
    python: PythonServer,
}

impl Ground {
    fn new() -> Self {
        let home = Home::new();
        let root = home.path("root");
        std::fs::create_dir_all(root.join("old photos")).expect("room");
        let mut carrier = b"Salted__".to_vec();
        let mut content = vec![0; 192 * 1024 - carrier.len()];
        Entropy::new([5; 32]).fill(&mut content);
        carrier.append(&mut content);
        let files = [
            ("backup.enc", carrier),
            ("notes.txt", b"eggs, milk\n".to_vec()),
            ("todo.md", b"# fix the roof\n".to_vec()),
            ("old photos/list.csv", b"a,b\n1,2\n".to_vec()),
        ];
        for (name, bytes) in files {
            std::fs::write(root.join(name), bytes).expect("room");
        }
        let python = PythonServer::start(&root);
        Self { home, root, python }
    }

    fn daemon(&self) -> Daemon {
        let python = VERSION.expect("tests without Python are ignored");
        let root = self.root.display();
        let carrier = CARRIER.trim_start_matches('/');
        let decoy = format!("[decoy]\nroot = '{root}'\ncarrier = '{carrier}'\npython = '{python}'\n");
        self.home.lasting(&format!("grace = 5\n{decoy}"))
    }

    fn check_all(&self, daemon: &Daemon, requests: &[Vec<u8>], when: &str) {
        for request in requests {
            self.check(daemon.address, request, when);
        }
    }

    /// What a recorder saw in the live session, where the client may have heard enough early or been cut off, is what
    /// Python sends; of a session's download that is the head.
    fn check_seen(&self, Exchange { request, response }: &Exchange) {
        let theirs = exchange(self.python.address, ELSEWHERE, request).without_date().bytes;
        let ours = without_line(response, "Date");
        let compared = if is_opening(request) { head_len(&ours) } else { ours.len() };
        let (ours, theirs) = (ours.get(..compared), theirs.get(..compared));
        assert_eq!(ours, theirs, "to {}", String::from_utf8_lossy(request));
    }

    /// To these bytes both give the same bytes and the same ending.
    fn check(&self, daemon: SocketAddr, request: &[u8], what: &str) {
        let theirs = exchange(self.python.address, ELSEWHERE, request).without_date();
        let ours = exchange(daemon, ELSEWHERE, request).without_date();
        assert!(
            ours == theirs,
            "{what}, to {}\nours   {ours:?}\ntheirs {theirs:?}",
            String::from_utf8_lossy(request)
        );
    }
}

/// All whole requests that crossed.
fn requests(recorder: &Recorder) -> Vec<Vec<u8>> {
    let whole = |exchange: &Exchange| exchange.request.ends_with(b"\r\n\r\n");
    recorder.exchanges().into_iter().filter(whole).map(|exchange| exchange.request).collect()
}

fn is_opening(request: &[u8]) -> bool {
    request.starts_with(format!("GET {CARRIER} HTTP/").as_bytes())
}

/// The opening request of a client that never reaches the daemon.
fn hold_back(daemon: &Daemon, link: &str) -> Vec<u8> {
    let recorder = Recorder::new(daemon.address, 2);
    recorder.hold_back();
    let ended = Client::joining(&recorder.link(link), "held").ended_within(Duration::from_secs(10));
    assert_eq!(ended.code, Some(4), "{ended:?}");
    let held = requests(&recorder).remove(0);
    assert!(is_opening(&held), "{}", String::from_utf8_lossy(&held));
    held
}

/// Delivers an opening as its client would have, and takes what comes before the first pause.
fn open(daemon: &Daemon, request: &[u8]) -> Answer {
    exchange_within(daemon.address, ELSEWHERE, request, Duration::from_secs(2))
}

/// The same token where it must not count.
fn variants(held: &[u8]) -> Vec<(String, Vec<u8>)> {
    let text = String::from_utf8(held.to_vec()).expect("a request is text");
    let cookie = header(held, "Cookie").expect("a token's cookie").to_owned();
    let (name, value) = cookie.split_once('=').expect("a cookie");
    let line = format!("GET {CARRIER} HTTP/1.1\r\n");
    let with_line = |new: &str| text.replacen(&line, &format!("{new}\r\n"), 1);
    let with_cookie = |new: &str| text.replacen(&format!("Cookie: {cookie}"), new, 1);
    let with_value = |new: &str| with_cookie(&format!("Cookie: {name}={new}"));
    let mut variants: Vec<(String, String)> = Vec::new();
    let lines = ["HEAD", "POST", "OPTIONS", "get"].map(|method| format!("{method} {CARRIER} HTTP/1.1"));
    let other_lines =
        ["", " HTTP/2.0", " HTTP/1.1.1", " FTP/1.1"].map(|version| format!("GET {CARRIER}{version}"));
    let paths =
        ["/", "/notes.txt", "/nope", "/old%20photos", "/backup.enc?x", "/backup.enc#x", "/./backup.enc"];
    let more_paths = [
        "/backup%2eenc",
        "//backup.enc",
        "/old%20photos/../backup.enc",
        "/backup.enc/",
        "http://h/backup.enc",
    ];
    let paths = paths.into_iter().chain(more_paths).map(|path| format!("GET {path} HTTP/1.1"));
    for new in lines.into_iter().chain(other_lines).chain(paths) {
        variants.push((new.clone(), with_line(&new)));
    }
    let since = "If-Modified-Since: Fri, 01 Jan 2038 00:00:00 GMT";
    variants.push(("a future date".into(), with_cookie(&format!("Cookie: {cookie}\r\n{since}"))));
    variants.push(("two headers".into(), with_cookie(&format!("Cookie: {cookie}\r\nCookie: {cookie}"))));
    variants.push(("two cookies".into(), with_cookie(&format!("Cookie: {cookie}; {cookie}"))));
    variants.push(("another name".into(), with_cookie(&format!("Cookie: x{name}={value}"))));
    variants.push(("no cookie".into(), with_cookie("DNT: 1")));
    for cut in [1, 2, 3, 4, value.len() / 2, value.len()] {
        let new = value.get(..value.len() - cut).expect("ASCII");
        variants.push((format!("{cut} characters cut"), with_value(new)));
    }
    let bytes = token::from_cookie_value(value.as_bytes()).expect("a token");
    for index in 0..bytes.len() {
        let mut bytes = bytes.clone();
        bytes[index] ^= 1 << (index % 8);
        variants
            .push((format!("a bit of byte {index} flipped"), with_value(&token::to_cookie_value(&bytes))));
    }
    variants.into_iter().map(|(what, text)| (what, text.into_bytes())).collect()
}

/// Tokens by the right code, dated outside of the window.
fn stale(held: &[u8], link: &str) -> Vec<(String, Vec<u8>)> {
    let text = String::from_utf8(held.to_vec()).expect("a request is text");
    let (_, value) =
        header(held, "Cookie").and_then(|cookie| cookie.split_once('=')).expect("a token's cookie");
    let code = room_link(link).access.code;
    let now =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs();
    let mut entropy = Entropy::new([6; 32]);
    let mut dated = |time: u64| {
        let (token, _) =
            handshake::offer(&code, &code.gate_keys(), &Request::Fresh, WallTime(time), &mut entropy);
        text.replacen(value, &token::to_cookie_value(&token), 1).into_bytes()
    };
    let stale = [("two minutes and more ago", now - 125), ("an hour ago", now - 3600), ("soon", now + 60)];
    stale.map(|(what, time)| (format!("dated {what}"), dated(time))).into()
}

/// The head without both of its dates.
fn dateless_head(answer: &Answer) -> Vec<u8> {
    let bytes = without_line(&without_line(&answer.bytes, "Date"), "Last-Modified");
    bytes.get(..head_len(&bytes)).unwrap_or_default().to_vec()
}

/// The length of a head with its empty line; all, where there is none.
fn head_len(answer: &[u8]) -> usize {
    answer.windows(4).position(|window| window == b"\r\n\r\n").map_or(answer.len(), |at| at + 4)
}

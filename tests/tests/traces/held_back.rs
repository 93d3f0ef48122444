//! What has not arrived yet and is delivered first by somebody else, in another form: it gets what the real Python
//! gives, and is still good for its owner.

use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use chatter_protocol::entropy::Entropy;
use chatter_protocol::handshake::{self, Request};
use chatter_protocol::time::WallTime;
use chatter_protocol::token;
use chatter_tests::client::{Client, room_link};
use chatter_tests::daemon::Daemon;
use chatter_tests::exchange::{Ending, exchange};
use chatter_tests::ground::{
    ELSEWHERE, Ground, MAGIC, Sent, head_len, hold_back, is_opening, open, requests,
};
use chatter_tests::process::until;
use chatter_tests::recorder::Recorder;

use crate::forms::{Form, changed, cut};

#[test]
#[cfg_attr(not(python3), ignore = "no python3 of a version that chatterd poses as is installed")]
fn an_opening_held_back_is_neither_tried_nor_spent_in_another_form() {
    let _turn = crate::alone();
    let ground = Ground::new();
    let daemon = ground.daemon();
    let (mut anna, link) = Client::new_room(&daemon.access_link(), "", "anna");
    let recorder = Recorder::new(daemon.address, 2);
    recorder.keep_waiting();
    let mut ben = Client::joining(&recorder.link(&link), "ben");
    let held = first_held(&recorder, 0);
    assert!(is_opening(&held), "{}", String::from_utf8_lossy(&held));
    check(&ground, &daemon, &rewritten(&held));
    recorder.pass_on();
    ben.entered();
    ben.met("anna");
    assert_eq!(openings(&recorder), 1, "by that very request");
    ben.tell("in", &[&anna]);
    anna.tell("welcome", &[&ben]);
}

#[test]
#[cfg_attr(not(python3), ignore = "no python3 of a version that chatterd poses as is installed")]
fn an_opening_held_back_survives_each_change_of_each_byte() {
    let _turn = crate::alone();
    let ground = Ground::new();
    let daemon = ground.daemon();
    let (_anna, link) = Client::new_room(&daemon.access_link(), "", "anna");
    let held = hold_back(&daemon, &link);
    check_spoilt(&ground, &daemon, &held);
    check_opens(&ground, daemon.address, "as it was meant", &held, &held);
}

#[test]
#[cfg_attr(not(python3), ignore = "no python3 of a version that chatterd poses as is installed")]
fn a_resumption_held_back_is_neither_tried_nor_spent_in_another_form() {
    let _turn = crate::alone();
    let ground = Ground::new();
    let daemon = ground.daemon();
    let (mut anna, link) = Client::new_room(&daemon.access_link(), "", "anna");
    let recorder = Recorder::new(daemon.address, 2);
    let mut ben = Client::join(&recorder.link(&link), "ben", &[&anna]);
    ben.tell("before", &[&anna]);
    let before = recorder.exchanges().len();
    recorder.keep_waiting();
    recorder.cut();
    let held = until("the resumption waits", || {
        requests(&recorder).into_iter().skip(before).find(|request| is_opening(request))
    });
    anna.say("while you were away");
    check(&ground, &daemon, &rewritten(&held));
    recorder.pass_on();
    ben.wait("resumes", |event| event["event"] == "resumed");
    assert_eq!(openings(&recorder), 2, "by that very request");
    ben.heard("anna", "while you were away");
    ben.tell("after", &[&anna]);
    assert_eq!(anna.texts_from("ben"), ["before", "after"]);
}

#[test]
#[cfg_attr(not(python3), ignore = "no python3 of a version that chatterd poses as is installed")]
fn words_held_back_are_answered_alike_in_any_form_and_arrive_once() {
    let _turn = crate::alone();
    let ground = Ground::new();
    let daemon = ground.daemon();
    let (anna, link) = Client::new_room(&daemon.access_link(), "", "anna");
    let recorder = Recorder::new(daemon.address, 2);
    let mut ben = Client::join(&recorder.link(&link), "ben", &[&anna]);
    let before = recorder.exchanges().len();
    recorder.keep_waiting();
    ben.say("held back");
    let held = first_held(&recorder, before);
    assert!(!is_opening(&held), "the download still runs");
    check_spoilt(&ground, &daemon, &held);
    assert_eq!(anna.texts_from("ben"), [""; 0], "nothing of all this was the token");
    // Upwards the answer is the same in every form, also where the token counts in it.
    check(&ground, &daemon, &changed(&held, &[0x01]));
    anna.heard("ben", "held back");
    recorder.pass_on();
    ben.tell("and on", &[&anna]);
    assert_eq!(anna.texts_from("ben"), ["held back", "and on"]);
    assert_eq!(anna.warnings(), Vec::<serde_json::Value>::new());
}

#[test]
#[cfg_attr(not(python3), ignore = "no python3 of a version that chatterd poses as is installed")]
fn a_genuine_opening_changes_nothing_but_the_carriers_bytes() {
    let _turn = crate::alone();
    let ground = Ground::new();
    let daemon = ground.daemon();
    let (_anna, link) = Client::new_room(&daemon.access_link(), "", "anna");
    let held = hold_back(&daemon, &link);
    let mut tokens = Tokens::of(&link);
    let fresh = (0..Form::of(&held).spending().len()).map(|number| {
        let meant = Form::of(&held).with_value(&tokens.dated(now()));
        let (what, request) = Form::of(&meant).spending().swap_remove(number);
        (what, request, meant)
    });
    let fresh: Vec<_> = fresh.collect();
    std::thread::scope(|scope| {
        for (what, request, meant) in &fresh {
            scope.spawn(|| check_opens(&ground, daemon.address, what, request, meant));
        }
    });
    let stale =
        [("two minutes and more ago", now() - 125), ("an hour ago", now() - 3600), ("soon", now() + 60)];
    for (what, time) in stale {
        let request = Form::of(&held).with_value(&tokens.dated(time));
        ground.check(daemon.address, &request, &format!("dated {what}"));
    }
}

/// A genuine token in a request for the carrier: the head is Python's, the body a session's, once.
fn check_opens(ground: &Ground, daemon: SocketAddr, what: &str, request: &[u8], meant: &[u8]) {
    let opened = open(daemon, request);
    assert_eq!(opened.ending, Ending::Open, "{what} opens: {opened:?}");
    let file = exchange(ground.python.address, ELSEWHERE, request);
    let (ours, theirs) = (opened.without_date().bytes, file.without_date().bytes);
    let head_len = head_len(&ours);
    assert_eq!(ours.get(..head_len), theirs.get(..head_len), "{what}: the same head");
    let body = ours.get(head_len..).unwrap_or_default();
    assert!(body.starts_with(MAGIC) && body.len() > 64, "{what}: a session's first bytes: {body:?}");
    assert!(!theirs.windows(body.len()).any(|window| window == body), "{what}: and not the file's");
    ground.check(daemon, request, &format!("{what}, delivered again"));
    ground.check(daemon, meant, &format!("{what}, delivered again as it was meant"));
}

/// In all forms in which it must not count, but for changes of its bytes: few, for its owner does not wait long.
fn rewritten(held: &[u8]) -> Vec<Sent> {
    let mut forms = Form::of(held).unspent();
    forms.retain(|sent| !sent.what.contains("flipped"));
    assert!(forms.len() > 40, "only {} forms", forms.len());
    forms
}

/// Cut before its token is whole, changed where it is not kept, and in all forms in which it must not count.
fn check_spoilt(ground: &Ground, daemon: &Daemon, held: &[u8]) {
    let form = Form::of(held);
    // An up token counts whatever the request asks for.
    let counts = |bytes: &[u8]| form.is_held_by(bytes) && (!is_opening(held) || form.is_asked_by(bytes));
    let mut sent = cut(held, form.cookie_end(), Sent::closing);
    sent.extend(changed(held, &[0x01, 0x80]));
    sent.extend(form.unspent());
    sent.retain(|sent| !counts(&sent.bytes));
    assert!(sent.len() > form.cookie_end() + 300, "only {} requests", sent.len());
    check(ground, daemon, &sent);
}

fn check(ground: &Ground, daemon: &Daemon, sent: &[Sent]) {
    let differing = ground.differences(daemon.address, sent);
    assert!(differing.is_empty(), "{} differ: {}", differing.len(), differing.join("\n"));
}

/// The first request that crossed or waits after the first `before`.
fn first_held(recorder: &Recorder, before: usize) -> Vec<u8> {
    until("a request waits", || requests(recorder).into_iter().nth(before))
}

fn openings(recorder: &Recorder) -> usize {
    requests(recorder).iter().filter(|request| is_opening(request)).count()
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

/// Tokens by the right code, of any date.
struct Tokens {
    link: String,
    entropy: Entropy,
}

impl Tokens {
    fn of(link: &str) -> Tokens {
        Tokens { link: link.to_owned(), entropy: Entropy::new([6; 32]) }
    }

    fn dated(&mut self, time: u64) -> String {
        let code = room_link(&self.link).access.code;
        let keys = code.gate_keys();
        let (token, _) = handshake::offer(&code, &keys, &Request::Fresh, WallTime(time), &mut self.entropy);
        token::to_cookie_value(&token)
    }
}

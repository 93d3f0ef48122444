//! One session over many connections.

use chatter_tests::client::Client;
use chatter_tests::daemon::Home;
use chatter_tests::recorder::Recorder;

const MESSAGES: usize = 150;
const CUTS: usize = 4;

#[test]
fn nothing_is_lost_or_repeated_when_all_connections_are_cut_in_mid_talk() {
    let home = Home::new();
    let daemon = home.ephemeral("");
    let recorder = Recorder::new(daemon.address, 2);
    let (mut anna, link) = Client::new_room(&recorder.link(&daemon.access_link()), "", "anna");
    let mut ben = Client::join(&link, "ben", &[&anna]);
    for cut in 0..CUTS {
        let part = MESSAGES / CUTS * cut..MESSAGES / CUTS * (cut + 1);
        let middle = part.start + part.len() / 2;
        for number in part {
            anna.say(&text(number));
            ben.say(&text(number));
        }
        ben.heard("anna", &text(middle));
        recorder.cut();
        for client in [&anna, &ben] {
            client.wait_times("resumes", cut + 1, |event| event["event"] == "resumed");
        }
    }
    anna.tell("the last word", &[&ben]);
    ben.tell("the last word", &[&anna]);
    let mut expected: Vec<_> = (0..MESSAGES / CUTS * CUTS).map(text).collect();
    expected.push("the last word".to_owned());
    assert_eq!(anna.texts_from("ben"), expected);
    assert_eq!(ben.texts_from("anna"), expected);
    for client in [&anna, &ben] {
        assert_eq!(client.warnings(), Vec::<serde_json::Value>::new(), "{}", client.nick);
        let left = client.events().iter().any(|event| event["event"] == "member-left");
        assert!(!left, "{} saw somebody leave who did not", client.nick);
    }
    let sessions = daemon.operator().list("sessions", "sessions");
    assert_eq!(sessions.len(), 2, "resumed, not begun anew: {sessions:?}");
}

fn text(number: usize) -> String {
    format!("message {number}")
}

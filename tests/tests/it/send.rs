//! One thing said from a script.

use chatter_tests::client::{Client, is_joined};
use chatter_tests::daemon::Home;
use chatter_tests::process::until;
use chatter_tests::recorder::Recorder;

#[test]
fn what_is_sent_is_taken_and_heard() {
    let home = Home::new();
    let daemon = home.ephemeral("");
    let (anna, link) = Client::new_room(&daemon.access_link(), "", "anna");
    let ben = Client::join(&link, "ben", &[&anna]);
    let ended = Client::send(&link, "backup", "done, 0 errors");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.contains(r#"{"event":"acknowledged","number":1}"#), "{ended:?}");
    for client in [&anna, &ben] {
        client.heard("backup", "done, 0 errors");
        client.saw_leave("backup", 1);
        assert_eq!(client.texts_from("backup"), ["done, 0 errors"]);
        assert!(client.events().iter().any(|event| is_joined(event, "backup")));
    }
}

#[test]
fn a_command_is_a_text_where_it_is_sent() {
    let home = Home::new();
    let daemon = home.ephemeral("");
    let (anna, link) = Client::new_room(&daemon.access_link(), "", "anna");
    let ended = Client::send(&link, "backup", "/quit");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    anna.heard("backup", "/quit");
}

#[test]
fn sending_to_nobody_says_so() {
    let home = Home::new();
    let daemon = home.ephemeral("");
    let (anna, link) = Client::new_room(&daemon.access_link(), "", "anna");
    assert_eq!(anna.quit().code, Some(0));
    let ended = Client::send(&link, "backup", "is anybody there?");
    assert_eq!(ended.code, Some(0), "the relay has taken it: {ended:?}");
    assert!(ended.stdout.contains("nobody else is in this room"), "{ended:?}");
}

#[test]
fn what_is_not_taken_is_no_success_and_is_named() {
    let home = Home::new();
    let daemon = home.ephemeral("");
    let recorder = Recorder::new(daemon.address, 1);
    let (anna, link) = Client::new_room(&daemon.access_link(), "", "anna");
    recorder.hold_back();
    let ended = Client::send(&recorder.link(&link), "backup", "nobody hears this");
    assert_eq!(ended.code, Some(4), "{ended:?}");
    assert!(ended.stderr.contains("not taken by the relay: nobody hears this"), "{ended:?}");
    assert_eq!(anna.texts_from("backup"), [""; 0]);
}

#[test]
fn leaving_before_all_is_taken_is_no_success_either() {
    let home = Home::new();
    let daemon = home.ephemeral("");
    let recorder = Recorder::new(daemon.address, 1);
    let (anna, link) = Client::new_room(&daemon.access_link(), "", "anna");
    let joined = ["ben", "carol"].map(|nick| Client::join(&recorder.link(&link), nick, &[&anna]));
    recorder.hold_back();
    let before = recorder.exchanges().len();
    let [mut ben, mut carol] = joined;
    for client in [&mut ben, &mut carol] {
        client.say("nobody hears this");
    }
    until("both try to say it", || (recorder.exchanges().len() >= before + 2).then_some(()));
    for (ended, code) in [(ben.interrupt(), 130), (carol.quit(), 9)] {
        assert_eq!(ended.code, Some(code), "{ended:?}");
        assert!(ended.stderr.contains("not taken by the relay: nobody hears this"), "{ended:?}");
    }
    assert_eq!(anna.texts_from("ben"), [""; 0]);
}

//! Several rooms in one client, and rooms that the server lists.

use chatter_tests::client::{Client, room_link};
use chatter_tests::daemon::Home;
use chatter_tests::forgetting::gone;
use chatter_tests::memory::{Needle, found_in_process};
use nix::sys::signal::Signal;
use serde_json::{Value, json};

#[test]
fn one_client_talks_in_two_rooms_and_comes_back_into_both() {
    let home = Home::new();
    let mut daemon = home.lasting("");
    let address = daemon.address.to_string();
    let (mut anna, kitchen) = Client::new_room(&daemon.access_link(), "kitchen", "anna");
    let (mut carol, tea) = Client::new_room(&daemon.access_link(), "tea", "carol");
    let mut ben = Client::join(&kitchen, "ben", &[&anna]);
    ben.say(&format!("/join {tea} benjamin"));
    carol.met("benjamin");
    ben.wait("meets carol there", |event| is_in(event, "tea", "member-joined"));
    ben.say("to carol");
    ben.say("/in kitchen to anna");
    carol.heard("benjamin", "to carol");
    anna.heard("ben", "to anna");
    anna.tell("and back", &[&ben]);
    carol.tell("back, too", &[&ben]);
    let rooms: Vec<Value> = ben
        .events()
        .into_iter()
        .filter(|event| event["event"] == "message")
        .map(|event| event["room"].clone())
        .collect();
    assert_eq!(rooms, ["kitchen", "tea"]);
    assert!(anna.events().iter().all(|event| event.get("room").is_none()), "who has one room has no names");
    // By another session, after the server was gone.
    daemon.process.signal(Signal::SIGTERM);
    daemon.process.ended();
    ben.wait("notices", |event| event["event"] == "away");
    let _daemon = home.lasting_on(&address, "");
    ben.wait_times("is back in both", 2, |event| event["event"] == "rejoined");
    ben.wait_times("meets carol again", 2, |event| is_in(event, "tea", "member-joined"));
    ben.say("here again");
    carol.heard("benjamin", "here again");
    // And one is left without the other.
    ben.say("/leave");
    carol.saw_leave("benjamin", 1);
    ben.say("still here");
    anna.heard("ben", "still here");
    assert!(!carol.texts_from("benjamin").contains(&"still here".to_owned()));
    let ended = ben.quit();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let links = [&kitchen, &tea].map(|link| link.rsplit('#').next().expect("a fragment").to_owned());
    assert!(links.iter().all(|link| !ended.stdout.contains(link) && !ended.stderr.contains(link)), "no echo");
}

#[test]
fn a_listed_room_is_open_to_who_holds_the_access_code() {
    let home = Home::new();
    let daemon = home.ephemeral("[limits]\nlisted-rooms = 1\n");
    let access = daemon.access_link();
    let arguments = ["new", &access, "--nick", "anna", "--json", "--listed", "Anna's tea"];
    let mut anna = Client::by("anna", &arguments);
    let listed = anna.wait("is listed", |event| event["event"] == "listed");
    assert_eq!(listed, json!({"event": "listed", "name": "Anna's tea", "open": true}));
    // Seen by who is in no room, entered by the code alone.
    let ended = Client::by("nobody", &["rooms", &access, "--json"]).process.ended();
    let line = r#"{"event":"listed-rooms","rooms":[{"name":"Anna's tea","members":1,"open":true}]}"#;
    assert!(ended.code == Some(0) && ended.stdout.contains(line), "{ended:?}");
    let ben = Client::by("ben", &["join", &access, "--listed", "anna's tea", "--nick", "ben", "--json"]);
    ben.wait("is told that the server has the secret", |event| {
        event["event"] == "listed" && event["open"] == true
    });
    ben.met("anna");
    anna.tell("welcome", &[&ben]);
    // Another name is refused: the list is full. A wrong one leads nowhere.
    let (mut carol, _) = Client::new_room(&access, "", "carol");
    carol.say("/list another");
    carol.wait("is refused", |event| {
        event["event"] == "error" && event["text"].to_string().contains("no more rooms")
    });
    carol.say("/join Anna's tea");
    carol.met("ben");
    carol.say("/rooms");
    let rooms = carol.wait("sees rooms", |event| event["event"] == "listed-rooms");
    assert_eq!(rooms["rooms"], json!([{"name": "Anna's tea", "members": 3, "open": true}]));
    let ended =
        Client::by("eve", &["join", &access, "--listed", "x", "--nick", "eve", "--json"]).process.ended();
    assert_eq!(ended.code, Some(3), "{ended:?}");
    // Gone with who listed it; the talk goes on.
    assert_eq!(anna.quit().code, Some(0));
    ben.wait("is unlisted", |event| event["event"] == "unlisted");
    let ended = Client::by("nobody", &["rooms", &access]).process.ended();
    assert!(ended.stdout.contains("* the server lists no rooms at the moment"), "{ended:?}");
    assert!(!daemon.log().contains("tea"), "no name in the log");
}

#[test]
fn a_server_may_list_nothing() {
    let home = Home::new();
    let daemon = home.ephemeral("[limits]\nlisted-rooms = 0\n");
    let mut anna =
        Client::by("anna", &["new", &daemon.access_link(), "--nick", "anna", "--json", "--listed", "tea"]);
    let no =
        |event: &Value| event["event"] == "error" && event["text"].to_string().contains("lists no rooms");
    anna.wait("is told so", no);
    anna.say("/join tea");
    anna.wait_times("is told so", 2, no);
    let ended = Client::by("nobody", &["rooms", &daemon.access_link(), "--json"]).process.ended();
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert_eq!(anna.quit().code, Some(0), "the session goes on");
}

#[test]
#[cfg_attr(not(ptrace), ignore = "the memory of other processes can't be read here (needs CAP_SYS_PTRACE)")]
fn what_was_listed_is_gone_from_the_daemon_with_its_lister() {
    let home = Home::new();
    let daemon = home.ephemeral("");
    let access = daemon.access_link();
    let name = "quoll-and-quince-7719";
    let anna = Client::by("anna", &["new", &access, "--nick", "anna", "--json", "--listed", name]);
    let room = anna.wait("makes a room", |event| event["event"] == "room");
    let link = room["link"].as_str().expect("a link").to_owned();
    anna.wait("is listed", |event| event["event"] == "listed");
    let ben = Client::join(&link, "ben", &[&anna]);
    let ended = Client::by("nobody", &["rooms", &access]).process.ended();
    assert!(ended.stdout.contains(name), "{ended:?}");
    let needles = [
        Needle::new("the name", name),
        Needle::new("the secret", room_link(&link).secret.as_bytes().as_slice()),
    ];
    assert_eq!(
        found_in_process(daemon.process.id(), &needles),
        ["the name", "the secret"],
        "the eye sees them"
    );
    assert_eq!(anna.quit().code, Some(0));
    ben.wait("is unlisted", |event| event["event"] == "unlisted");
    // What was sent to ben is his queue's until he has acknowledged it.
    assert_eq!(ben.quit().code, Some(0));
    gone(&daemon, &needles);
}

fn is_in(event: &Value, room: &str, what: &str) -> bool {
    event["event"] == what && event["room"] == room
}

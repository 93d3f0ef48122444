//! Three people talk, and leave in three ways.

use std::time::Duration;

use chatter_tests::client::{Client, is_joined};
use chatter_tests::daemon::Home;
use chatter_tests::process::until;
use chatter_tests::recorder::Recorder;

const MESSAGES: usize = 200;

#[test]
fn everybody_hears_everything_once_and_in_order() {
    let home = Home::new();
    let daemon = home.ephemeral("grace = 2");
    let elsewhere = Recorder::new(daemon.address, 2);
    let (mut anna, link) = Client::new_room(&daemon.access_link(), "kitchen", "anna-7f3");
    let there = elsewhere.link(&link);
    let mut ben = Client::join(&there, "ben-91c", &[&anna]);
    let mut carol = Client::join(&there, "carol-0d8", &[&anna, &ben]);
    let addresses: Vec<_> = daemon.operator().list("sessions", "sessions");
    let mut addresses: Vec<_> = addresses.iter().filter_map(|session| session["address"].as_str()).collect();
    addresses.sort_unstable();
    assert_eq!(addresses, ["127.0.0.1", "127.0.0.2", "127.0.0.2"], "two behind one address");

    std::thread::scope(|scope| {
        for client in [&mut anna, &mut ben, &mut carol] {
            scope.spawn(|| {
                for number in 0..MESSAGES {
                    client.say(&text(&client.nick.clone(), number));
                }
            });
        }
    });
    let all = [&anna, &ben, &carol];
    for hearer in all {
        for sender in all.into_iter().filter(|sender| sender.nick != hearer.nick) {
            hearer.heard(&sender.nick, &text(&sender.nick, MESSAGES - 1));
            let expected: Vec<_> = (0..MESSAGES).map(|number| text(&sender.nick, number)).collect();
            assert_eq!(hearer.texts_from(&sender.nick), expected, "{} of {}", hearer.nick, sender.nick);
        }
        assert!(hearer.texts_from(&hearer.nick).is_empty(), "{} hears itself", hearer.nick);
        hearer.wait_times("is acknowledged", MESSAGES, |event| event["event"] == "acknowledged");
    }
    for client in all {
        assert_eq!(client.warnings(), Vec::<serde_json::Value>::new(), "{}", client.nick);
    }
    let log = daemon.log();
    for secret in ["127.0.0.2", "anna-7f3", "ben-91c", "carol-0d8", "says number", "kitchen"] {
        assert!(!log.contains(secret), "{secret} stands in the log:\n{log}");
    }
    assert!(log.contains("started"), "there is a log to look at: {log}");
}

#[test]
fn whoever_goes_is_seen_to_go_and_comes_back_at_once() {
    let home = Home::new();
    let daemon = home.ephemeral("grace = 2");
    let (anna, link) = Client::new_room(&daemon.access_link(), "", "anna");
    let mut ben = Client::join(&link, "ben", &[&anna]);
    let carol = Client::join(&link, "carol", &[&anna, &ben]);
    let dora = Client::join(&link, "dora", &[&anna, &ben, &carol]);

    // Killed: gone when the grace time is over; the same nickname need not wait for that.
    ben.process.kill();
    let mut ben = Client::joining(&link, "ben");
    ben.met("anna");
    anna.wait_times("meets ben", 2, |event| is_joined(event, "ben"));
    for other in [&anna, &carol, &dora] {
        other.saw_leave("ben", 1);
    }
    ben.tell("back after a kill", &[&anna, &carol, &dora]);

    let ended = carol.interrupt();
    assert_eq!((ended.code, ended.signal), (Some(0), None), "{ended:?}");
    let mut carol = rejoin(&link, "carol", &[&anna, &ben, &dora]);
    carol.tell("back after Ctrl-C", &[&anna, &ben, &dora]);

    let ended = dora.quit();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.ends_with(r#"{"event":"left"}"#), "{ended:?}");
    let mut dora = rejoin(&link, "dora", &[&anna, &ben, &carol]);
    dora.tell("back after /quit", &[&anna, &ben, &carol]);

    for client in [&anna, &ben, &carol, &dora] {
        assert_eq!(client.warnings(), Vec::<serde_json::Value>::new(), "{}", client.nick);
    }
    assert_eq!(daemon.operator().ask(&["status"])["members"], 4, "nobody is left behind in the room");
    for client in [anna, ben, carol, dora] {
        assert_eq!(client.quit().code, Some(0));
    }
    until("the room is gone with its last member", || {
        (daemon.operator().ask(&["status"])["rooms"] == 0).then_some(())
    });
}

#[test]
fn the_end_of_input_waits_until_all_is_taken() {
    let home = Home::new();
    let daemon = home.ephemeral("");
    let (anna, link) = Client::new_room(&daemon.access_link(), "", "anna");
    let mut ben = Client::join(&link, "ben", &[&anna]);
    for number in 0..20 {
        ben.say(&text("ben", number));
    }
    ben.process.end_input();
    let ended = ben.ended_within(Duration::from_secs(20));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    anna.saw_leave("ben", 1);
    let expected: Vec<_> = (0..20).map(|number| text("ben", number)).collect();
    assert_eq!(anna.texts_from("ben"), expected);
}

#[test]
fn long_and_odd_texts_arrive_as_they_were_said() {
    let home = Home::new();
    let daemon = home.ephemeral("");
    let (anna, link) = Client::new_room(&daemon.access_link(), "", "anna");
    let mut ben = Client::join(&link, "bén ✓", &[&anna]);
    let longest = "z".repeat(64 * 1024);
    for text in ["  spaces at both ends  ", "\u{1b}[2J\"quoted\"\\", "äöü 🦘 \u{202e}", longest.as_str()]
    {
        ben.tell(text, &[&anna]);
    }
    ben.say(&format!("{longest}z"));
    ben.wait("is told that this is too long", |event| event["event"] == "error");
    ben.tell("after that", &[&anna]);
    assert_eq!(anna.texts_from("bén ✓").len(), 5);
}

#[test]
fn rooms_are_apart_and_only_the_secret_tells_which_one_it_is() {
    let home = Home::new();
    let daemon = home.ephemeral("");
    let (mut anna, link) = Client::new_room(&daemon.access_link(), "kitchen", "anna");
    let (mut zoe, other) = Client::new_room(&daemon.access_link(), "kitchen", "zoe");
    let ben = Client::join(&link, "ben", &[&anna]);
    let yan = Client::join(&other, "yan", &[&zoe]);
    anna.tell("for ben", &[&ben]);
    zoe.tell("for yan", &[&yan]);
    // The name is what people call it: another one leads to the same room.
    let renamed = link.replacen("/kitchen#", "/cellar#", 1);
    assert_ne!(renamed, link);
    let carol = Client::join(&renamed, "carol", &[&anna, &ben]);
    anna.tell("for both", &[&ben, &carol]);
    assert_eq!(daemon.operator().ask(&["status"])["rooms"], 2);
    for (client, from, texts) in
        [(&ben, "anna", vec!["for ben", "for both"]), (&yan, "zoe", vec!["for yan"]), (&yan, "anna", vec![])]
    {
        assert_eq!(client.texts_from(from), texts, "{}", client.nick);
    }
}

fn rejoin(link: &str, nick: &str, others: &[&Client]) -> Client {
    for other in others {
        other.saw_leave(nick, 1);
    }
    let client = Client::join(link, nick, others);
    for other in others {
        other.wait_times(&format!("meets {nick}"), 2, |event| is_joined(event, nick));
    }
    client
}

fn text(nick: &str, number: usize) -> String {
    format!("{nick} says number {number}, quietly")
}

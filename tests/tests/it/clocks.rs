//! Clients whose clocks are wrong: they come in all the same, and their users are told.

use std::path::PathBuf;

use chatter_tests::client::Client;
use chatter_tests::daemon::Home;

#[test]
#[ignore = "needs faketime; .ci/run peers runs it"]
fn a_client_s_clock_is_an_hour_off_and_the_user_is_told() {
    let home = Home::new();
    let daemon = home.ephemeral("");
    let (mut anna, link) = Client::new_room(&daemon.access_link(), "kitchen", "anna");
    let library = libfaketime();
    let library = library.to_str().expect("a path of Debian's");
    for (shift, nick, side) in [("+3600", "ben", "ahead of"), ("-3600", "carol", "behind")] {
        // The steady clock stays as it is, as with a clock that somebody has set wrongly.
        let variables = [("LD_PRELOAD", library), ("FAKETIME", shift), ("FAKETIME_DONT_FAKE_MONOTONIC", "1")];
        let mut client = Client::joining_with(&link, nick, &[], &variables);
        let told = client.wait("is told of its clock", |event| event["event"] == "warning");
        let told = told["text"].as_str().unwrap_or_default();
        assert!(told.starts_with("your clock is 3") && told.contains(side), "{told}");
        client.met("anna");
        anna.met(nick);
        client.say(&format!("it is {nick}"));
        anna.heard(nick, &format!("it is {nick}"));
        anna.say(&format!("good morning {nick}"));
        client.heard("anna", &format!("good morning {nick}"));
    }
}

fn libfaketime() -> PathBuf {
    let folders = std::fs::read_dir("/usr/lib").expect("the system's libraries").flatten();
    let libraries = folders.map(|folder| folder.path().join("faketime/libfaketime.so.1"));
    libraries.into_iter().find(|library| library.exists()).expect("faketime brings its library")
}

//! Several nodes of one daemon: each a tor of its own, which publishes an onion service of its own or a shared one.

use std::collections::BTreeSet;
use std::time::Duration;

use chatter_tests::client::Client;
use chatter_tests::daemon::Home;
use nix::sys::signal::Signal;
use serde_json::Value;

use crate::world::World;

#[test]
#[ignore = "needs a private Tor network: `.ci/run tor`"]
fn members_on_different_nodes_meet_and_outlive_one_of_them() {
    let world = World::here();
    // Each host has an entrance of its own, as its circuits' numbers are.
    let home = Home::new();
    let entrance = |host: &str| home.path(host).display().to_string();
    let table = |host: &str| format!("[[tor]]\nname = '{host}'\nunix = '{}'\n", entrance(host));
    let tables = ["host2", "host3", "host4"].map(table).concat();
    let daemon = home.ephemeral(&format!("grace = {}\n{tables}", GRACE.as_secs()));
    let at = |host| format!("unix:{}", entrance(host));
    let by_circuits = ["--export-circuit-id", "haproxy"];
    // host3 is for this test alone: it is stopped. Its key lives on, on host4.
    let onions = [("host2", "client1"), ("host3", "client2")].map(|(host, client)| {
        let onion = world.publish(host, &at(host), &by_circuits);
        (onion, world.proxy(client))
    });
    let [(steady, annas), (doomed, bens)] = &onions;
    let link = steady.link(&daemon.access_link());
    let mut anna = Client::by("anna", &["new", &link, "--nick", "anna", "--json", "--proxy", annas]);
    let room = anna.wait("makes its room", |event| event["event"] == "room");
    anna.entered();
    let room = doomed.link(room["link"].as_str().expect("a room has a link"));
    let mut ben = Client::join_with(&room, "ben", &["--proxy", bens]);
    anna.met("ben");
    ben.met("anna");
    anna.tell("from one node", &[&ben]);
    ben.tell("from the other", &[&anna]);
    let operator = daemon.operator();
    let hosts = || {
        let sessions = operator.list("sessions", "sessions");
        let host = |session: &Value| {
            session["circuit"].as_str().and_then(|name| name.split(" of ").nth(1)).map(str::to_owned)
        };
        sessions.iter().filter_map(host).collect::<BTreeSet<_>>()
    };
    assert_eq!(hosts(), BTreeSet::from(["host2".to_owned(), "host3".to_owned()]));

    // The node dies; the next one takes the address over, as docs/nodes.md has it; the session goes on.
    world.signal("host3", Signal::SIGKILL);
    anna.say(MEANWHILE);
    let key = doomed.key_file.display().to_string();
    world.publish("host4", &at("host4"), &[&by_circuits[..], &["--key", &key]].concat());
    let came = |lines: &[String]| lines.iter().any(|line| line.contains(MEANWHILE)).then_some(());
    ben.process
        .stdout
        .wait(GRACE, came)
        .expect("what was said comes by the other node while the session lasts");
    ben.tell("by another node", &[&anna]);
    assert_eq!(hosts(), BTreeSet::from(["host2".to_owned(), "host4".to_owned()]));
    assert!(!ben.events().iter().any(|event| event["event"] == "away"), "nothing was lost on the way");
    assert_eq!([anna.warnings(), ben.warnings()].concat(), [Value::Null; 0]);
    assert_eq!([ben.quit().code, anna.quit().code], [Some(0); 2]);
    world.start("host3");
}

/// Where nobody else talks, a client may try a dead node's introduction points for a minute and more.
const GRACE: Duration = Duration::from_secs(120);
const MEANWHILE: &str = "said while there is no way";

//! People who talk over an onion service.

use chatter_tests::client::Client;
use chatter_tests::daemon::Home;

use crate::world::World;

#[test]
#[ignore = "needs a private Tor network: `.ci/run tor`"]
fn two_people_talk_by_an_onion_service() {
    let world = World::here();
    let daemon = Home::new().ephemeral("");
    let onion = world.publish("host1", &daemon.address.to_string(), &[]);
    let [annas, bens] = ["client1", "client2"].map(|client| world.proxy(client));
    let link = onion.link(&daemon.access_link());
    let anna = Client::by("anna", &["new", &link, "--nick", "anna", "--json", "--proxy", &annas]);
    let mut anna = anna;
    let room = anna.wait("makes its room", |event| event["event"] == "room");
    let room = room["link"].as_str().expect("a room has a link").to_owned();
    let mut ben = Client::join_with(&room, "ben", &["--proxy", &bens]);
    ben.met("anna");
    anna.met("ben");
    anna.tell("through six relays", &[&ben]);
    ben.tell("and back", &[&anna]);
    assert_eq!([anna.warnings(), ben.warnings()].concat(), [serde_json::Value::Null; 0]);
    assert_eq!([ben.quit().code, anna.quit().code], [Some(0); 2]);
}

//! What people hear when an onion service can't be reached, and how those come in who hold a key.

use std::fs;

use chatter_tests::client::Client;
use chatter_tests::daemon::Home;

use crate::sealed::NOWHERE;
use crate::world::World;

#[test]
#[ignore = "needs a private Tor network: `.ci/run tor`"]
fn what_tor_says_is_passed_on() {
    let world = World::here();
    let daemon = Home::new().ephemeral("");
    let link = daemon.access_link();
    let proxy = world.proxy("client1");
    let check = |address: &str, words: &str| {
        let link = link.replace(&daemon.address.to_string(), &format!("{address}:80"));
        let ended = Client::by("anna", &["rooms", &link, "--json", "--proxy", &proxy]).process.ended();
        assert_eq!(ended.code, Some(4), "{ended:?}");
        assert!(ended.stderr.contains(words), "{words}: {ended:?}");
    };
    check(NOWHERE, "nobody has published this onion service");
    check(&NOWHERE.replace("2gzy", "2gzx"), "a letter is missing or wrong");
}

#[test]
#[ignore = "needs a private Tor network: `.ci/run tor`"]
fn who_holds_a_key_comes_in_and_nobody_else() {
    let world = World::here();
    let daemon = Home::new().ephemeral("");
    let reader = format!("authorized_clients/ben.auth=descriptor:x25519:{PUBLIC}");
    let onion = world.publish("host1", &daemon.address.to_string(), &["--file", &reader]);
    let link = onion.link(&daemon.access_link());
    // As docs/tor.md has it: a file beside tor's others, and a reload.
    let name = onion.address.trim_end_matches(".onion");
    let file = world.directory("client2").join("onion_auth/group.auth_private");
    fs::write(file, format!("{name}:descriptor:x25519:{SECRET}\n")).expect("room");
    world.ask("client2", "SIGNAL RELOAD");
    let rooms = |client: &str| {
        let proxy = world.proxy(client);
        Client::by("ben", &["rooms", &link, "--json", "--proxy", &proxy]).process.ended()
    };
    let ended = rooms("client2");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let ended = rooms("client1");
    assert_eq!(ended.code, Some(4), "{ended:?}");
    assert!(ended.stderr.contains("this Tor has none for it"), "{ended:?}");
}

/// A pair of keys made for this.
const PUBLIC: &str = "ZO247OCSTH3X2GUL4WS3EDNY5UMKUTHNT5VCAMJIYWP4KSYQBQGQ";
const SECRET: &str = "4AXMQURGPJ3AK2N5LX5HELFVJUFYO5MC6ELW6BIXFMZWMATAVVIA";

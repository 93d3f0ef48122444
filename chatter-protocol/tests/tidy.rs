//! The walls between the crates, held by what cargo says of their dependencies.
//!
//! **In** `cargo tree`. **Out** a failure that names what came in where it must not. **Never** the network.

use std::process::Command;

/// The crates that `package` is made of when it is built for use, itself included.
fn tree(package: &str) -> Vec<String> {
    let cargo = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--package", package, "--edges", "normal"])
        .args(["--prefix", "none", "--format", "{lib}", "--manifest-path"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"))
        .output()
        .expect("cargo runs where its tests run");
    assert!(cargo.status.success(), "{}", String::from_utf8_lossy(&cargo.stderr));
    let mut crates: Vec<String> =
        String::from_utf8_lossy(&cargo.stdout).split_whitespace().map(str::to_owned).collect();
    crates.sort_unstable();
    crates.dedup();
    crates
}

fn check(package: &str, has: &str, never: &[&str]) {
    let crates = tree(package);
    assert!(crates.iter().any(|name| name == has), "{package} lacks {has}: is it read rightly? {crates:?}");
    for name in never {
        assert!(!crates.iter().any(|known| known == name), "{package} must not depend on {name}");
    }
}

#[test]
fn the_protocol_has_no_way_to_the_machine() {
    check("chatter-protocol", "snow", &["tokio", "tonic", "nix", "socket2", "getrandom", "tracing", "mio"]);
}

#[test]
fn the_client_cannot_call_the_admin_api() {
    check("chatter-client", "chatter_protocol", &["tonic", "nix", "chatterd", "hyper"]);
}

#[test]
fn chatterctl_cannot_see_chat() {
    check("chatterctl", "tonic", &["chatter_protocol", "chatter_client", "chatterd", "snow"]);
}

#[test]
fn the_daemon_is_no_client() {
    check("chatterd", "chatter_protocol", &["chatter_client", "chatterctl"]);
}

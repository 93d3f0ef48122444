//! Settings, good and lacking.

use std::path::Path;

use chatter_tests::daemon::{Home, command};
use chatter_tests::exchange::exchange;
use chatter_tests::process::{Ended, Process};

#[test]
fn the_shipped_sample_is_fine() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../chatterd/chatterd.toml");
    let ended = check(&sample);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.contains("listens on 0.0.0.0:8000"), "{ended:?}");
    assert!(!ended.stdout.contains("error"), "{ended:?}");
}

#[test]
fn an_unknown_key_is_refused_by_name() {
    let home = Home::new();
    let file = home.path("wrong.toml");
    std::fs::write(&file, "[ban]\nafetr = 3\n").expect("room");
    for ended in [check(&file), Process::start("chatterd", configured(&file)).ended()] {
        assert_eq!(ended.code, Some(78), "{ended:?}");
        assert!(ended.stderr.contains("afetr"), "{ended:?}");
    }
}

#[test]
fn without_a_carrier_strangers_are_served_and_the_operator_is_told() {
    let home = Home::new();
    let root = home.path("root");
    std::fs::create_dir(&root).expect("room");
    std::fs::write(root.join("notes.txt"), "eggs, milk\n").expect("room");
    let daemon = home.lasting(&format!("[decoy]\nroot = '{}'\n", root.display()));
    let answer = exchange(daemon.address, 1, b"GET /notes.txt HTTP/1.1\r\n\r\n");
    assert!(answer.bytes.starts_with(b"HTTP/1.0 200 OK\r\n"), "{answer:?}");
    assert!(answer.bytes.ends_with(b"\r\n\r\neggs, milk\n"), "{answer:?}");
    let log = daemon.log();
    assert!(log.contains("members can't come in") && log.contains("carrier"), "{log}");
    let ended = daemon.operator().run(&["invite"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("members can't come in") && ended.stderr.contains("carrier"), "{ended:?}");
    assert!(!ended.stdout.contains("chatter://"), "{ended:?}");
    assert_eq!(daemon.operator().ask(&["status"])["carrier_path"], serde_json::Value::Null);
}

#[test]
fn a_small_or_missing_carrier_is_warned_of() {
    let home = Home::new();
    let root = home.path("root");
    std::fs::create_dir(&root).expect("room");
    for (carrier, size) in [("small.img", 300), ("large.img", 2 * 1024 * 1024)] {
        std::fs::write(root.join(carrier), vec![1; size]).expect("room");
    }
    let file = home.path("chatterd.toml");
    let said = |carrier: &str| {
        std::fs::write(&file, format!("[decoy]\nroot = '{}'\ncarrier = '{carrier}'\n", root.display()))
            .expect("room");
        let ended = check(&file);
        assert_eq!(ended.code, Some(0), "a warning is no reason not to start: {ended:?}");
        let line = ended.stdout.lines().find(|line| line.contains(carrier));
        line.unwrap_or_else(|| panic!("nothing about {carrier}: {ended:?}")).to_owned()
    };
    assert!(said("small.img").starts_with("warning: ") && said("small.img").contains("300 bytes only"));
    assert!(said("gone.img").starts_with("warning: ") && said("gone.img").contains("members can't come in"));
    assert!(said("large.img").ends_with("of 2097152 bytes"));
}

fn check(file: &Path) -> Ended {
    let mut command = configured(file);
    command.arg("--check");
    Process::start("chatterd --check", command).ended()
}

fn configured(file: &Path) -> std::process::Command {
    let mut command = command();
    command.arg("--config").arg(file);
    command
}

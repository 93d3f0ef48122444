//! The list of keys against the variables, the documents and itself.

use super::*;
use crate::config::{Arguments, Environment};
use clap::Parser as _;

fn config(text: &str) -> Config {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("chatterd.toml");
    std::fs::write(&file, text).unwrap();
    let arguments = Arguments::try_parse_from(["chatterd", "--config", file.to_str().unwrap()]).unwrap();
    Config::load(&arguments, &Environment::new([("HOME", "/home/op")], 1000)).unwrap()
}

/// A file in which every setting is another one than the default.
const OTHER: &str = r#"
listen = "127.0.0.1:81"
tor = ["/t.sock"]
trusted-proxies = ["10.0.0.1"]
public-host = "a.example"
state-directory = "/s"
grace = 5
chaff = "none"
log = "debug"
[decoy]
root = "/r"
carrier = "c"
python = "3.12.1"
queue = "python"
[rooms]
members-max = 3
[limits]
sessions-max = 1
sessions-per-address-max = 2
sessions-per-code-max = 3
sessions-unconfirmed-max = 4
rooms-per-session-max = 5
listed-rooms = 12
queue-bytes-max = 600000
replay-tokens-max = 2000
openings-per-address-max = 6
openings-per-code-max = 7
[ban]
after = 8
refuse = true
exempt = ["10.0.0.0/8"]
for = 9
report = "/x"
addresses-max = 100
[purge]
every-packets = 11
[admin]
socket = "/a.sock"
group = "adm"
read = ["anna"]
operate = ["@adm"]
secret = ["0"]
"#;

#[test]
fn every_change_is_noticed_by_its_key_and_what_needs_no_restart_is_applied() {
    let (before, after) = (config(""), config(OTHER));
    let changed: Vec<&str> = before.changes(&after).iter().map(|change| change.key).collect();
    assert_eq!(changed, KEYS.iter().map(|key| key.name).collect::<Vec<_>>());
    let left = before.applied(after.clone()).changes(&after);
    let waiting: Vec<&str> = left.iter().map(|change| change.key).collect();
    let fixed: Vec<&str> = KEYS.iter().filter(|key| key.needs_restart).map(|key| key.name).collect();
    assert_eq!(waiting, fixed, "what a reload leaves is what needs a restart");
    assert_eq!(before.changes(&config("")), []);
}

#[test]
fn every_variable_is_a_key() {
    let variable = |name: &str| format!("CHATTERD_{}", name.to_uppercase().replace(['.', '-'], "_"));
    let keys: Vec<String> = KEYS.iter().map(|key| variable(key.name)).collect();
    let variables: Vec<&str> = crate::config::environment::VARIABLES.iter().map(|(name, _)| *name).collect();
    assert_eq!(keys, variables);
}

#[test]
fn the_documents_say_what_needs_a_restart() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/operating.md");
    let text = std::fs::read_to_string(path).unwrap();
    let after = text.split_once("\n## Reload\n").unwrap().1;
    let section = after.split("\n## ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    let mut listed: Vec<(&str, bool)> = Vec::new();
    for row in rows {
        let (keys, rest) = row.split_once(" | ").unwrap();
        let at_next_start = rest.starts_with("at the next start");
        assert!(at_next_start || rest.starts_with("at once"), "{row}");
        listed.extend(keys.split(", ").map(|key| (key.trim_matches('`'), at_next_start)));
    }
    listed.sort_unstable();
    let mut known: Vec<(&str, bool)> = KEYS.iter().map(|key| (key.name, key.needs_restart)).collect();
    known.sort_unstable();
    assert_eq!(listed, known);
}

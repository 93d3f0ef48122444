//! What happens, told as it happens.

use serde_json::{Value, json};

use super::{Daemon, chatterctl, check, text};

#[test]
fn people_read_a_line_for_each_event() {
    let daemon = Daemon::start();
    let at = "2026-11-22 21:50:20 UTC";
    let figures = "sessions: 2 confirmed, 1 opened, 0 detached; 2 members in 1 room";
    let lines = [
        format!("{figures}; 61 knocks, 2 banned"),
        "banned 203.0.113.9 for knocks until lifted".to_owned(),
        "the ban of 203.0.113.9 is over".to_owned(),
        "session 12 came back".to_owned(),
        "access code ben expired".to_owned(),
        "the settings were read anew; changed: ban.after, decoy.root".to_owned(),
        format!("{figures}; 62 knocks, 2 banned"),
        "something that this chatterctl does not know".to_owned(),
        "stopping".to_owned(),
    ];
    let told: String = lines.iter().map(|line| format!("{at}  {line}\n")).collect();
    check(&daemon.ctl(&["watch"]), 3, &told, "chatterctl: chatterd is shutting down\n");
}

#[test]
fn scripts_read_an_object_a_line_whose_names_stay() {
    let daemon = Daemon::start();
    let output = daemon.ctl(&["watch", "--json"]);
    assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(3), ""));
    let told: Vec<Value> =
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(told[..9].iter().all(|event| event["at"] == 1_795_384_220));
    let (_, status) = daemon.json(&["status"]);
    assert_eq!((&told[0]["event"], &told[0]["status"]), (&json!("snapshot"), &status));
    let ban = json!({"address": "203.0.113.9", "packets": 31, "since": 1_795_384_220, "until": null,
                     "reason": "knocks"});
    let at = 1_795_384_220;
    assert_eq!(told[1], json!({"at": at, "event": "banned", "ban": ban}));
    assert_eq!(told[2], json!({"at": at, "event": "lifted", "address": "203.0.113.9"}));
    assert_eq!(told[3], json!({"at": at, "event": "session", "number": 12, "change": "came_back"}));
    assert_eq!(told[4], json!({"at": at, "event": "code", "name": "ben", "change": "expired"}));
    let (_, reloaded) = daemon.json(&["reload"]);
    assert_eq!(
        told[5],
        json!({"at": at, "event": "reloaded", "changes": reloaded["changes"],
               "warnings": reloaded["warnings"]})
    );
    assert_eq!((&told[6]["event"], &told[6]["status"]["knocks"]), (&json!("figures"), &json!(62)));
    assert_eq!(told[7], json!({"at": at, "event": "unknown"}));
    assert_eq!(told[8], json!({"at": at, "event": "stopping"}));
    let end = json!({"error": "chatterd is shutting down", "kind": "unreachable", "reason": "ENDING"});
    assert_eq!(told[9..], [end]);
}

#[test]
fn figures_are_shown_anew() {
    let daemon = Daemon::start();
    let output = daemon.ctl(&["status", "--watch"]);
    let shown = text(&output.stdout);
    assert_eq!(shown.matches("chatterd     9.8.7").count(), 2, "{shown}");
    assert!(
        shown.contains("61 knocks") && shown.contains("62 knocks") && !shown.contains('\u{1b}'),
        "{shown}"
    );
    let output = daemon.ctl(&["status", "--watch", "--json"]);
    let knocks: Vec<Value> = text(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["knocks"].clone())
        .collect();
    assert_eq!(knocks, [json!(61), json!(62), Value::Null]);
}

#[test]
fn who_is_too_slow_is_told_so() {
    let daemon = Daemon::start();
    let output = daemon.ctl(&["watch", "--every", "7"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stderr), "chatterctl: this watcher did not keep up\n");
    let nobody = chatterctl(&["watch", "--socket", "/nowhere/admin.sock"]).output().unwrap();
    assert_eq!(nobody.status.code(), Some(3));
}

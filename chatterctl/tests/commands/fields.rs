//! What scripts read: names that stay.

use serde_json::{Value, json};

use super::Daemon;

#[test]
fn scripts_read_fields_whose_names_stay() {
    let daemon = Daemon::start();
    let status = json!({
        "version": "9.8.7", "chatterctl_version": env!("CARGO_PKG_VERSION"), "started_at": 1_795_384_220,
        "listening": ["0.0.0.0:8000", "[::]:8000"], "persona": "SimpleHTTP/0.6 Python/3.11.2\u{1b}[2J",
        "carrier_path": null, "sessions_confirmed": 2, "sessions_opened": 1, "sessions_detached": 0, "rooms": 1,
        "members": 2, "deliveries": 5, "addresses": 3, "bans": 2, "knocks": 61, "refuses_banned": true,
        "report_path": "/var/lib/chatterd/report.txt", "ephemeral": false
    });
    assert_eq!(daemon.json(&["status"]), (0, status));
    let address = |address: &str, knocks: u64, at: Option<u64>, members: u32, links: u32| {
        let ban = json!({"address": address, "packets": 31, "since": 1_795_384_220, "until": null, "reason": "knocks"});
        let exempt = address == "127.0.0.1";
        json!({"address": address, "knocks": knocks, "first_knock_at": at, "last_knock_at": at,
               "banned": knocks >= 30, "ban": if knocks >= 30 { ban } else { Value::Null },
               "member": members > 0, "members": members, "links": links,
               "exempt": exempt, "exempt_by": exempt.then_some("127.0.0.0/8")})
    };
    let ips = json!({"addresses": [
        address("127.0.0.1", 0, None, 1, 1),
        address("192.0.2.4", 4, Some(1_795_384_220), 0, 0),
        address("198.51.100.7", 0, None, 0, 1),
        address("2001:db8:1:2::/64", 31, Some(1_795_384_221), 0, 0),
    ]});
    assert_eq!(daemon.json(&["ips"]), (0, ips));
    let session = |number: u64, state: &str, gate: &str| {
        json!({"number": number, "address": "198.51.100.7", "state": state, "age_seconds": 3700, "rooms": 1,
               "queued_bytes": 70, "gate": gate})
    };
    let mut by_onion = session(20, "confirmed", "");
    (by_onion["address"], by_onion["circuit"]) = (json!(""), json!("circuit 65 of tor0"));
    let sessions =
        json!({"sessions": [session(1, "confirmed", ""), session(12, "unknown", "guests"), by_onion]});
    assert_eq!(daemon.json(&["sessions"]), (0, sessions));
    let ban = |address: &str, until: Option<u64>| json!({"address": address, "packets": 31, "since": 1_795_384_220, "until": until, "reason": "knocks"});
    let bans = json!({"bans": [ban("203.0.113.9", Some(1_795_470_620)), ban("2001:db8:1:2::/64", None)]});
    let mut listed = bans.clone();
    listed["circuits"] = json!([{"circuit": "circuit 65 of tor0", "packets": 30, "since": 1_795_384_220}]);
    assert_eq!(daemon.json(&["bans"]), (0, listed));
    assert_eq!(daemon.json(&["bans", "export", "--format", "json"]), (0, bans.clone()));
    let exported = daemon.ctl(&["bans", "export", "--format", "json"]);
    assert_eq!(serde_json::from_slice::<Value>(&exported.stdout).unwrap(), bans);
    let exported = daemon.json(&["bans", "export", "--format", "ufw"]);
    let text = "ufw prepend deny from 203.0.113.9 comment 'chatterd ban'\n\
                ufw prepend deny from 2001:db8:1:2::/64 comment 'chatterd ban'\n";
    assert_eq!(exported, (0, json!({"format": "ufw", "text": text})));
    let rooms = json!({"rooms": [{"id": "0a".repeat(32), "members": 2}]});
    assert_eq!(daemon.json(&["rooms"]), (0, rooms));
    let purged = json!({"addresses_forgotten": 1, "sessions_ended": 2});
    assert_eq!(daemon.json(&["purge", "--everything"]), (0, purged));
    let invited = |name: &str, made_at: Option<u64>, expires_at: Option<u64>, already: bool| {
        json!({"access_link": "chatter://a:8000/#chatter1old", "name": name, "made_at": made_at,
               "expires_at": expires_at, "already": already})
    };
    assert_eq!(daemon.json(&["invite"]), (0, invited("", None, None, true)));
    let named = invited("new", Some(1_795_384_220), Some(1_795_384_310), false);
    assert_eq!(daemon.json(&["invite", "--name", "new", "--for", "90s"]), (0, named));
    let front = invited("a.example:84a7", None, None, true);
    assert_eq!(daemon.json(&["invite", "--https", "a.example:84", "--pin", "a7"]), (0, front));
    let rotated = |old_until: Option<u64>, sessions_ended: u64| {
        json!({"access_link": "chatter://a:8000/#chatter1new", "old_until": old_until,
               "sessions_ended": sessions_ended})
    };
    assert_eq!(daemon.json(&["rotate"]), (0, rotated(None, 0)));
    assert_eq!(daemon.json(&["rotate", "--now"]), (0, rotated(None, 3)));
    assert_eq!(daemon.json(&["rotate", "--keep-old", "90"]), (0, rotated(Some(1_795_384_310), 0)));
    assert_eq!(daemon.json(&["revoke", "ben"]), (0, json!({"revoked": "ben", "sessions_ended": 1})));
    let invite = |name: &str, made_at: Option<u64>, expires_at: Option<u64>, state: &str, sessions: u64| json!({"name": name, "made_at": made_at, "expires_at": expires_at, "state": state, "sessions": sessions});
    let invites = json!({"invites": [
        invite("", None, Some(1_795_384_221), "retired", 2),
        invite("", Some(1_795_384_220), None, "open", 12),
        invite("ben", Some(1_795_384_220), Some(1_795_470_620), "unknown", 0),
    ]});
    assert_eq!(daemon.json(&["invites"]), (0, invites));
    let added = json!({"ban": ban("203.0.113.9", None), "already": true});
    assert_eq!(daemon.json(&["bans", "add", " 203.0.113.9"]), (0, added));
    assert_eq!(daemon.json(&["bans", "lift", "203.0.113.9"]), (0, json!({"lifted": "203.0.113.9"})));
}

#[test]
fn settings_and_kicks_have_fields_whose_names_stay() {
    let daemon = Daemon::start();
    let setting = |key: &str, value: Option<&str>, needs_restart: bool| json!({"key": key, "value": value, "needs_restart": needs_restart});
    let settings = [setting("ban.after", Some("30"), false), setting("decoy.root", None, true)];
    let shown = json!({"file": "/etc/chatterd/chatterd.toml", "settings": settings});
    assert_eq!(daemon.json(&["config", "show"]), (0, shown));
    let checked = json!({"changes": [], "warnings": ["mind it"]});
    assert_eq!(daemon.json(&["config", "check"]), (0, checked));
    let reloaded = json!({"warnings": ["mind it"], "changes": [
        {"key": "ban.after", "before": "30", "after": "3", "needs_restart": false},
        {"key": "decoy.root", "before": null, "after": "\"/srv\"", "needs_restart": true},
    ]});
    assert_eq!(daemon.json(&["reload"]), (0, reloaded));
    assert_eq!(daemon.json(&["kick", "12"]), (0, json!({"kicked": 12})));
    let unknown = json!({"error": "there is no such session", "kind": "failed", "reason": "NO_SUCH_SESSION"});
    assert_eq!(daemon.json(&["kick", "13"]), (1, unknown));
    let link = json!({"access_link": "chatter://a:8000/#chatter1old", "name": "", "made_at": null,
                      "expires_at": null, "already": true});
    assert_eq!(daemon.json(&["invite", "--qr"]), (0, link), "nothing is drawn for scripts");
}

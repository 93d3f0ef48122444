//! What people read.

use serde_json::json;

use super::{Daemon, check, text};

#[test]
fn people_read_tables() {
    let daemon = Daemon::start();
    let version = env!("CARGO_PKG_VERSION");
    let status = format!(
        "chatterd     9.8.7\n\
         chatterctl   {version}\n\
         since        2026-11-22 21:50:20 UTC\n\
         listening    0.0.0.0:8000, [::]:8000\n\
         poses as     SimpleHTTP/0.6 Python/3.11.2\u{fffd}[2J\n\
         carrier      none: members can't come in; name a file with decoy.carrier\n\
         sessions     2 confirmed, 1 opened, 0 detached\n\
         chat         2 members in 1 room, 5 messages delivered\n\
         strangers    61 knocks from 3 addresses known, 2 banned\n\
         ban report   /var/lib/chatterd/report.txt\n\
         warning: ban.refuse is on; who is refused knows that this is no file server\n"
    );
    check(&daemon.ctl(&["status"]), 0, &status, "");
    let ips = "\
ADDRESS            KNOCKS  FIRST KNOCK              LAST KNOCK               WHY IT IS KNOWN
127.0.0.1               0  -                        -                        1 member; exempt by 127.0.0.0/8
192.0.2.4               4  2026-11-22 21:50:20 UTC  2026-11-22 21:50:20 UTC  counted
198.51.100.7            0  -                        -                        1 session opened
2001:db8:1:2::/64      31  2026-11-22 21:50:21 UTC  2026-11-22 21:50:21 UTC  banned for knocks since 2026-11-22 21:50:20 UTC until lifted
";
    check(&daemon.ctl(&["ips"]), 0, ips, "");
    let sessions = "\
NUMBER  ADDRESS             STATE      AGE    ROOMS  QUEUED BYTES  GATE
     1  198.51.100.7        confirmed  1h 1m      1            70  -
    12  198.51.100.7        unknown    1h 1m      1            70  guests
    20  circuit 65 of tor0  confirmed  1h 1m      1            70  -
";
    check(&daemon.ctl(&["sessions"]), 0, sessions, "");
    let bans = "\
ADDRESS             PACKETS  SINCE                    UNTIL                    REASON
203.0.113.9              31  2026-11-22 21:50:20 UTC  2026-11-23 21:50:20 UTC  knocks
2001:db8:1:2::/64        31  2026-11-22 21:50:20 UTC  lifted                   knocks
circuit 65 of tor0       30  2026-11-22 21:50:20 UTC  -                        knocks
";
    check(&daemon.ctl(&["bans"]), 0, bans, "");
    check(&daemon.ctl(&["bans", "list"]), 0, bans, "");
    let rooms = format!("MEMBERS  ID\n      2  {}\n", "0a".repeat(32));
    check(&daemon.ctl(&["rooms"]), 0, &rooms, "");
    let invites = "\
NAME  MADE                     EXPIRES                  STATE    SESSIONS
-     -                        2026-11-22 21:50:21 UTC  retired         2
-     2026-11-22 21:50:20 UTC  -                        open           12
ben   2026-11-22 21:50:20 UTC  2026-11-23 21:50:20 UTC  unknown         0
";
    check(&daemon.ctl(&["invites"]), 0, invites, "");
    check(&daemon.ctl(&["gates"]), 0, invites, "");
    let report = "\
Logged IP addresses flagged as potential DDOS threat
Integrate with fail2ban

203.0.113.9 -> 31x packets
2001:db8:1:2::/64 -> 31x packets
";
    check(&daemon.ctl(&["bans", "export"]), 0, report, "");
    let csv = "\
address,packets,since,until,reason
203.0.113.9,31,2026-11-22T21:50:20Z,2026-11-23T21:50:20Z,knocks
2001:db8:1:2::/64,31,2026-11-22T21:50:20Z,,knocks
";
    check(&daemon.ctl(&["bans", "export", "--format", "csv"]), 0, csv, "");
}

#[test]
fn people_are_told_what_was_done() {
    let daemon = Daemon::start();
    check(&daemon.ctl(&["purge"]), 0, "forgot 1 address; bans stay in the report\n", "");
    let all = "forgot 1 address, ended 2 sessions; bans stay in the report\n";
    check(&daemon.ctl(&["purge", "--everything"]), 0, all, "");
    let one = "forgot 1 address, ended 1 session; bans stay in the report\n";
    check(&daemon.ctl(&["purge", "--address", "203.0.113.9"]), 0, one, "");
    check(&daemon.ctl(&["purge", "--room", "0a"]), 0, "ended 2 sessions; bans stay in the report\n", "");
    check(&daemon.ctl(&["purge", "--room", "0b"]), 1, "", "chatterctl: no room's id begins so\n");
    check(
        &daemon.ctl(&["bans", "add", "203.0.113.7", "--for", "1d"]),
        0,
        "203.0.113.7 is in the report, until: 2026-11-23 21:50:20 UTC\n",
        "",
    );
    check(
        &daemon.ctl(&["bans", "add", "203.0.113.7"]),
        0,
        "203.0.113.7 is in the report, until: lifted\n",
        "",
    );
    let already = "203.0.113.9 was in the report already, until: lifted\n";
    check(&daemon.ctl(&["bans", "add", "203.0.113.9"]), 0, already, "");
    let lifted = daemon.ctl(&["bans", "lift", "203.0.113.9"]);
    assert!(text(&lifted.stdout).starts_with("203.0.113.9 is out of the report"));
    for (command, link) in
        [("invite", "chatter://a:8000/#chatter1old"), ("rotate", "chatter://a:8000/#chatter1new")]
    {
        let output = text(&daemon.ctl(&[command]).stdout);
        assert!(output.lines().count() > 2, "{output}");
        assert_eq!(output.lines().last(), Some(link));
        assert_eq!(output.matches("chatter://").count(), 1);
    }
}

#[test]
fn what_becomes_of_codes_is_told() {
    let daemon = Daemon::start();
    let fate = |arguments: &[&str], fate: &str| {
        let output = text(&daemon.ctl(arguments).stdout);
        assert!(output.contains(fate), "{fate:?} is missing in {output}");
        assert!(output.lines().last().unwrap().starts_with("chatter://"), "{output}");
    };
    fate(&["rotate"], "Whoever is in stays in.");
    fate(&["rotate", "--now"], "has ended, and 3 sessions with it: ");
    fate(&["rotate", "--keep-old", "1d"], "is good until 2026-11-23 21:50:20 UTC. Then it ends");
    fate(
        &["invite", "--name", "new"],
        "Its code new is good until `chatterctl revoke new`; the server can tell",
    );
    let week = ["invite", "--name", " ben ", "--for", "1d"];
    fate(&week, "Its code ben was there before, and is good until 2026-11-23 21:50:20 UTC, or `chatterctl");
    let revoked = "ben is revoked, 1 session ended; who comes by it meets a file server\n";
    check(&daemon.ctl(&["revoke", "ben"]), 0, revoked, "");
    let nobody = "chatterctl: there is no access code of this name\n";
    check(&daemon.ctl(&["revoke", "carol"]), 1, "", nobody);
    check(&daemon.ctl(&["invite", "--name", "a/b"]), 2, "", "chatterctl: no name\n");
    let empty = "chatterctl: the access code's name is empty\n";
    check(&daemon.ctl(&["revoke", " "]), 2, "", empty);
    check(&daemon.ctl(&["invite", "--name", ""]), 2, "", empty);
}

#[test]
fn a_reseeded_decoy_is_told_with_what_it_costs() {
    let daemon = Daemon::start();
    let told = "\
A new directory is drawn. The daemon goes on with the old one until it is restarted.
From then on the carrier is /vault.enc, every link given out so far is void, rooms' links included,
and this is the access link; hand it on by a way that you trust, not through this server:

chatter://a:8000/#chatter1next
";
    check(&daemon.ctl(&["decoy", "reseed"]), 0, told, "");
    let fields = json!({"access_link": "chatter://a:8000/#chatter1next", "carrier_path": "/vault.enc",
                        "takes_effect": "at the next start"});
    assert_eq!(daemon.json(&["decoy", "reseed"]), (0, fields));
    assert_eq!(daemon.ctl(&["decoy"]).status.code(), Some(2));
}

#[test]
fn settings_are_shown_and_what_a_reload_came_to() {
    let daemon = Daemon::start();
    let shown = "\
KEY         CHANGES     VALUE
ban.after   by reload   30
decoy.root  at a start  -
from /etc/chatterd/chatterd.toml; flags and variables are stronger
";
    check(&daemon.ctl(&["config", "show"]), 0, shown, "");
    let same = "the settings can be used, and are those that hold\nwarning: mind it\n";
    check(&daemon.ctl(&["config", "check"]), 0, same, "");
    let reloaded = "\
KEY         TAKES EFFECT       BEFORE  AFTER
ban.after   applied            30      3
decoy.root  at the next start  -       \"/srv\"
warning: mind it
";
    check(&daemon.ctl(&["reload"]), 0, reloaded, "");
    let kicked =
        "session 12 is ended; its member may come again: `chatterctl revoke` or `rotate --now` end codes\n";
    check(&daemon.ctl(&["kick", "12"]), 0, kicked, "");
}

#[test]
fn a_link_is_drawn_and_still_comes_last() {
    let daemon = Daemon::start();
    let output = text(&daemon.ctl(&["invite", "--qr"]).stdout);
    let drawn: Vec<&str> = output.lines().filter(|line| line.contains('█')).collect();
    assert!(drawn.len() > 12, "{output}");
    let width = drawn[0].chars().count();
    assert!(drawn.iter().all(|line| line.chars().count() == width), "{output}");
    assert_eq!(output.lines().last(), Some("chatter://a:8000/#chatter1old"));
}

//! Bans outlive whatever happens to the daemon and its disk, and nothing that a stranger sends gets near them.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use chatter_protocol::entropy::Entropy;
use chatter_tests::client::Client;
use chatter_tests::daemon::{Daemon, Home, command};
use chatter_tests::exchange::exchange;
use chatter_tests::namespaces::{must, with_own_mounts};
use chatter_tests::process::{Process, until};
use chatter_tests::recorder::Recorder;

const HEADER: &str = "Logged IP addresses flagged as potential DDOS threat\nIntegrate with fail2ban\n\n";
const KILLS: u32 = 8;

#[test]
fn a_kill_at_any_moment_loses_no_ban_that_was_reported() {
    let home = Home::new();
    let rounds = std::env::var("CHATTER_KILLS").map_or(KILLS, |text| text.parse().expect("a number"));
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        // Whoever reads the report finds it whole, at every moment.
        let reader = scope.spawn(|| {
            let mut seen = 0u64;
            while !over.load(Ordering::SeqCst) {
                if let Ok(text) = std::fs::read_to_string(home.report()) {
                    check_whole(&text);
                    seen += 1;
                }
                thread::sleep(Duration::from_millis(1));
            }
            seen
        });
        kill_again_and_again(&home, rounds);
        over.store(true, Ordering::SeqCst);
        assert!(reader.join().expect("every report was whole") > 10, "the report was read");
    });
}

/// In each round somebody knocks, the operator bans, and the daemon is killed in the middle of it.
fn kill_again_and_again(home: &Home, rounds: u32) {
    let mut entropy = Entropy::new([9; 32]);
    let mut reported: BTreeSet<String> = BTreeSet::new();
    for round in 0..rounds {
        let mut daemon =
            home.lasting("[ban]\nafter = 1\nexempt = []\nfor = 0\n[purge]\nevery-packets = 100000\n");
        let operator = daemon.operator();
        let known: BTreeSet<_> = operator.banned().into_iter().collect();
        assert!(known.is_superset(&reported), "round {round}: {reported:?} were reported, not {known:?}");
        let [moment, ..] = entropy.bytes::<8>();
        let deadline = std::time::Instant::now() + Duration::from_millis(u64::from(moment) * 3);
        // What is banned by knocks is in the report once it is; what the operator bans, once he is answered.
        let banned = thread::scope(|scope| {
            let address = daemon.address;
            let knocking = scope.spawn(move || {
                let mut last = u8::try_from(10 + round % 8 * 30).expect("small");
                while std::time::Instant::now() < deadline {
                    last = last.saturating_add(1).min(250);
                    exchange(address, last, b"GET / HTTP/1.1\r\n\r\n");
                }
            });
            let mut banned = Vec::new();
            while std::time::Instant::now() < deadline {
                let address = format!("203.0.{round}.{}", banned.len() + 1);
                let ended = operator.run(&["bans", "add", &address]);
                assert_eq!(ended.code, Some(0), "{ended:?}");
                banned.push(address);
            }
            knocking.join().expect("knocks are answered");
            banned
        });
        let text = std::fs::read_to_string(home.report()).unwrap_or_default();
        daemon.process.kill();
        reported.extend(banned);
        reported.extend(addresses(&text));
        let after = std::fs::read_to_string(home.report()).unwrap_or_default();
        check_whole(&after);
        let after: BTreeSet<_> = addresses(&after).collect();
        assert!(after.is_superset(&reported), "round {round}: {reported:?} were reported, not {after:?}");
    }
    assert!(!reported.is_empty(), "somebody was banned");
}

#[test]
#[cfg_attr(not(mount), ignore = "no file system of one's own can be mounted here (needs root)")]
fn a_full_disk_stops_nothing_and_is_made_good_when_there_is_room() {
    with_own_mounts(|| {
        let home = Home::new();
        let state = home.path("state");
        std::fs::create_dir(&state).expect("room");
        let place = state.to_str().expect("plain letters");
        must("mount", &["-t", "tmpfs", "-o", "size=128k,mode=0700", "tmpfs", place]);
        let daemon = home.lasting("grace = 2\n[ban]\nafter = 2\nexempt = ['127.0.0.1']\n");
        let (mut anna, link) = Client::new_room(&daemon.access_link(), "", "anna");
        let ben = Client::join(&link, "ben", &[&anna]);
        (0..2).for_each(|_| knock(&daemon, 5));
        wait_for(&home, &["127.0.0.5"]);
        let before = std::fs::read_to_string(home.report()).expect("a report");

        let filler = state.join("filler");
        fill(&filler);
        (0..2).for_each(|_| knock(&daemon, 6));
        until("the log tells that the report can't be written", || {
            let log = daemon.log();
            let line = log.lines().find(|line| line.contains("the ban report can't be written"))?;
            assert!(line.contains("ERROR") && line.contains("No space left on device"), "{line}");
            Some(())
        });
        assert_eq!(
            std::fs::read_to_string(home.report()).expect("a report"),
            before,
            "the old one stays whole"
        );
        let lifted = daemon.operator().run(&["bans", "lift", "127.0.0.5"]);
        assert_eq!(lifted.code, Some(1), "{lifted:?}");
        assert!(lifted.stderr.contains("is lifted, but the report can't be written"), "{lifted:?}");
        assert_eq!(daemon.operator().banned(), ["127.0.0.6"]);
        anna.tell("the disk is full", &[&ben]);

        std::fs::remove_file(&filler).expect("it was there");
        wait_for(&home, &["127.0.0.6"]);
        until("the log tells that it is over", || {
            daemon.log().contains("the ban report is written again").then_some(())
        });
        anna.tell("there is room again", &[&ben]);
    });
}

#[test]
fn a_second_daemon_does_not_get_the_report() {
    let home = Home::new();
    let daemon = home.lasting("");
    let other = Home::new();
    let mut second = command();
    second.args(["--ephemeral", "--listen", "127.0.0.1:0", "--admin-socket"]).arg(other.path("admin.sock"));
    second.env("CHATTERD_BAN_REPORT", home.report());
    let ended = Process::start("a second chatterd", second).ended();
    assert_eq!(ended.code, Some(74), "{ended:?}");
    assert!(ended.stderr.contains("another chatterd writes"), "{ended:?}");
    assert!(ended.stderr.contains("set another ban.report"), "{ended:?}");
    assert_eq!(daemon.operator().banned(), [""; 0], "the first one goes on");
}

#[test]
fn a_ban_is_lifted_in_the_report_before_the_operator_is_answered() {
    let home = Home::new();
    let daemon = home.lasting("");
    let operator = daemon.operator();
    let report = || std::fs::read_to_string(home.report()).expect("a report");
    for round in 0..5 {
        let address = format!("203.0.113.{round}");
        let added = operator.ask(&["bans", "add", &address, "--for", "2h"]);
        assert_eq!(report(), format!("{HEADER}{address} -> 0x packets\n"));
        let ban = &added["ban"];
        assert_eq!(
            ban["until"].as_u64().expect("an end") - ban["since"].as_u64().expect("a beginning"),
            7200
        );
        assert_eq!(ban["reason"], "operator");
        let exported = operator.run(&["bans", "export", "--format", "seed"]);
        assert_eq!(format!("{}\n", exported.stdout), report());
        operator.ask(&["bans", "lift", &address]);
        assert_eq!(report(), HEADER);
    }
    let for_ever = operator.ask(&["bans", "add", "2001:db8::1", "--for", "0"]);
    assert_eq!(for_ever["ban"]["until"], serde_json::Value::Null);
}

#[test]
fn nothing_that_a_stranger_sends_reaches_the_log_or_the_report() {
    let home = Home::new();
    let daemon = home.lasting("[ban]\nafter = 5\nexempt = []\n[purge]\nevery-packets = 100000\n");
    let lines = [
        "203.0.113.9 -> 30x packets",
        "ban 203.0.113.9",
        " INFO ban: ban 203.0.113.9 address=203.0.113.9 packets=30 reason=knocks",
        "host chatterd[7]: ban 203.0.113.9",
    ];
    for line in lines {
        for request in hostile(line) {
            exchange(daemon.address, 5, &request);
        }
    }
    until("the true one is banned", || (daemon.operator().banned() == ["127.0.0.5"]).then_some(()));
    wait_for(&home, &["127.0.0.5"]);
    let (log, report) = (daemon.log(), std::fs::read_to_string(home.report()).expect("a report"));
    let companion = std::fs::read_to_string(home.path("state/report.txt.json")).expect("a companion");
    for text in [&log, &report, &companion] {
        assert!(!text.contains("203.0.113.9"), "{text}");
    }
    let bans: Vec<_> = log.lines().filter(|line| line.contains("ban 127.")).collect();
    assert_eq!(bans.len(), 1, "{log}");
    assert!(
        bans[0].ends_with(" INFO ban: ban 127.0.0.5 address=127.0.0.5 packets=5 reason=knocks"),
        "{bans:?}"
    );
    assert_eq!(log.matches("127.0.0.5").count(), 2, "in that line alone: {log}");
}

/// The line in every place of a request, with every line end.
fn hostile(line: &str) -> Vec<Vec<u8>> {
    let places = [
        format!("{line}\r\n\r\n"),
        format!("GET /{} HTTP/1.1\r\n\r\n", line.replace(' ', "%20")),
        format!("GET /%0a{}%0a HTTP/1.1\r\n\r\n", line.replace(' ', "%20")),
        format!("GET /\n{line}\n HTTP/1.1\r\n\r\n"),
        format!(
            "GET / HTTP/1.1\r\nHost: {line}\r\nUser-Agent: {line}\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n"
        ),
        format!("GET / HTTP/1.1\r\nCookie: a={line}\n{line}\r\n\r\n"),
        format!("PROXY TCP4 203.0.113.9 127.0.0.1 1 2\r\nGET / HTTP/1.1\r\n\r\n{line}\n"),
    ];
    places.map(String::into_bytes).to_vec()
}

#[test]
fn the_operator_sees_why_an_address_is_known_and_can_have_it_forgotten() {
    let home = Home::new();
    let daemon = home.lasting("grace = 2\n[ban]\nafter = 3\nexempt = ['127.0.0.8/30']\n");
    let operator = daemon.operator();
    let [from_6, from_7] = [6, 7].map(|last| Recorder::new(daemon.address, last));
    let (mut anna, link) = Client::new_room(&from_6.link(&daemon.access_link()), "", "anna");
    let mut ben = Client::join(&from_6.link(&link), "ben", &[&anna]);
    let (mut carol, other) = Client::new_room(&from_7.link(&daemon.access_link()), "", "carol");
    let dave = Client::join(&from_7.link(&other), "dave", &[&carol]);
    (0..3).for_each(|_| knock(&daemon, 5));
    (0..2).for_each(|_| knock(&daemon, 8));

    let banned = operator.known("127.0.0.5").expect("known");
    assert_eq!((&banned["knocks"], &banned["ban"]["reason"]), (&3.into(), &"knocks".into()), "{banned}");
    assert_eq!(banned["ban"]["since"], banned["last_knock_at"], "{banned}");
    assert!(banned["first_knock_at"].as_u64() <= banned["last_knock_at"].as_u64(), "{banned}");
    let exempt = operator.known("127.0.0.8").expect("known");
    assert_eq!((&exempt["exempt_by"], &exempt["knocks"]), (&"127.0.0.8/30".into(), &2.into()), "{exempt}");
    let members = operator.known("127.0.0.6").expect("known");
    assert_eq!((&members["members"], &members["first_knock_at"]), (&2.into(), &().into()), "{members}");
    let all: Vec<_> = operator.list("ips", "addresses");
    assert_eq!(all.len(), 4, "and nothing else: {all:?}");

    // A purge of counters: talk goes on. A ban stays through every purge.
    operator.ask(&["purge"]);
    assert!(operator.known("127.0.0.8").is_none());
    anna.tell("still here", &[&ben]);
    let purged = operator.ask(&["purge", "--address", "127.0.0.5"]);
    assert_eq!(
        (&purged["addresses_forgotten"], &purged["sessions_ended"]),
        (&0.into(), &0.into()),
        "{purged}"
    );
    assert_eq!(operator.banned(), ["127.0.0.5"]);

    // A purge of an address: those who come from it are told, others do not notice.
    let purged = operator.ask(&["purge", "--address", "127.0.0.7"]);
    assert_eq!(
        (&purged["addresses_forgotten"], &purged["sessions_ended"]),
        (&1.into(), &2.into()),
        "{purged}"
    );
    carol.say("into the void");
    for client in [carol, dave] {
        told_of_the_end(client);
    }
    // What they still sent when their sessions were gone is a stranger's.
    operator.ask(&["purge", "--address", "127.0.0.7"]);
    until("nothing is known of them", || operator.known("127.0.0.7").is_none().then_some(()));
    ben.tell("we did not notice", &[&anna]);

    // A purge of a room, by the beginning of its id.
    let rooms = operator.list("rooms", "rooms");
    assert_eq!((rooms.len(), &rooms[0]["members"]), (1, &2.into()), "{rooms:?}");
    let id = rooms[0]["id"].as_str().expect("an id");
    let wrong = operator.run(&["purge", "--room", "zz"]);
    assert!(wrong.code == Some(1) && wrong.stderr.contains("no room's id begins so"), "{wrong:?}");
    let purged = operator.ask(&["purge", "--room", &id[..12]]);
    assert_eq!(purged["sessions_ended"], 2, "{purged}");
    for client in [anna, ben] {
        told_of_the_end(client);
    }
    operator.ask(&["purge"]);
    until("nothing is left but the ban", || {
        let left = operator.list("ips", "addresses");
        (left.len() == 1 && left[0]["address"] == "127.0.0.5").then_some(())
    });
}

fn told_of_the_end(client: Client) {
    let ended = client.ended_within(Duration::from_secs(10));
    assert_eq!(ended.code, Some(8), "{ended:?}");
    assert!(ended.stderr.contains("the server's operator ended this session"), "{ended:?}");
}

fn knock(daemon: &Daemon, from: u8) {
    exchange(daemon.address, from, b"GET / HTTP/1.1\r\nHost: h\r\n\r\n");
}

fn addresses(report: &str) -> impl Iterator<Item = String> {
    report.lines().filter_map(|line| Some(line.split_once(" -> ")?.0.to_owned()))
}

/// The header, then lines that each name a whole address and end.
#[track_caller]
fn check_whole(report: &str) {
    let Some(lines) = report.strip_prefix(HEADER) else { panic!("no header: {report:?}") };
    assert!(lines.is_empty() || lines.ends_with('\n'), "torn: {report:?}");
    for line in lines.lines() {
        let (address, rest) = line.split_once(" -> ").unwrap_or_else(|| panic!("torn: {line:?}"));
        assert!(address.parse::<std::net::IpAddr>().is_ok() && rest.ends_with("x packets"), "torn: {line:?}");
    }
}

fn wait_for(home: &Home, banned: &[&str]) {
    until(&format!("the report holds {banned:?}"), || {
        let text = std::fs::read_to_string(home.report()).unwrap_or_default();
        (addresses(&text).collect::<Vec<_>>() == banned).then_some(())
    });
}

/// Writes until there is no room for a single byte more.
fn fill(path: &Path) {
    use std::io::Write as _;
    let mut file = std::fs::File::create(path).expect("room for a name");
    for length in [4096, 1] {
        while file.write_all(&vec![b'x'; length]).is_ok() {}
    }
}

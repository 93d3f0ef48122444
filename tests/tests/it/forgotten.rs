//! What is forgotten is nowhere in the daemon's memory: addresses, tokens, keys, queues.

use chatter_protocol::invite::Link;
use chatter_tests::client::Client;
use chatter_tests::daemon::Home;
use chatter_tests::forgetting::{
    Family, KEY_WINDOWS, cookie, family, gone, knock, remembered, runs_gone, secrets_of, sees, way,
    windows_gone,
};
use chatter_tests::memory::{Needle, Windows, found_in_process};
use chatter_tests::namespaces::{address, on_a_loopback};
use chatter_tests::process::until;
use chatter_tests::recorder::Recorder;

const STRANGERS: Family = [0xfd, 0x2b, 0xe7, 0x91, 0x5a, 0xc4];
const LATER: Family = [0xfd, 0x93, 0x1f, 0xd8, 0x66, 0xb2];
const ANNA: Family = [0xfd, 0xc5, 0x7e, 0x33, 0xea, 0x94];
const BEN: Family = [0xfd, 0x81, 0xf6, 0x4d, 0xa7, 0x3b];
const SERVER: &str = "[fd00::1]:0";
const KNOCKS: u16 = 40;

#[test]
#[cfg_attr(not(ptrace), ignore = "the memory of other processes can't be read here (needs CAP_SYS_PTRACE)")]
#[cfg_attr(not(netns), ignore = "no network namespace can be made here (needs CAP_SYS_ADMIN, ip, unshare)")]
fn purged_counters_are_gone_while_members_talk_on() {
    on_a_loopback(&["fd00::/8"], || {
        let home = Home::new();
        let settings = format!("[ban]\nafter = 1000\n[purge]\nevery-packets = {}", 3 * KNOCKS);
        let daemon = home.ephemeral_on(SERVER, &settings, &[]);
        let (anna_way, ben_way) = (way(&daemon, ANNA), way(&daemon, BEN));
        let (mut anna, link) = Client::new_room(&anna_way.link(&daemon.access_link()), "", "anna");
        let mut ben = Client::join(&ben_way.link(&link), "ben", &[&anna]);
        let operator = daemon.operator();

        (0..KNOCKS).for_each(|number| knock(daemon.address, address(STRANGERS, number, 1)));
        sees(&daemon, &[STRANGERS, ANNA, BEN]);
        anna.tell("before", &[&ben]);
        assert_eq!(operator.ask(&["purge"])["addresses_forgotten"], KNOCKS);
        anna.tell("after", &[&ben]);
        ben.tell("indeed", &[&anna]);
        sees(&daemon, &[ANNA, BEN]);
        gone(&daemon, &family("purged by hand", STRANGERS));

        // The same, after so many knocks as the setting says.
        (0..3 * KNOCKS - 1).for_each(|number| knock(daemon.address, address(LATER, number, 1)));
        sees(&daemon, &[LATER, ANNA, BEN]);
        knock(daemon.address, address(LATER, 0, 2));
        gone(&daemon, &family("purged by number", LATER));
        anna.tell("still here", &[&ben]);

        // Of who leaves by /quit nothing stays, of who stays all does.
        assert_eq!(anna.quit().code, Some(0));
        ben.saw_leave("anna", 1);
        sees(&daemon, &[BEN]);
        gone(&daemon, &family("anna's", ANNA));
        assert_eq!(operator.ask(&["purge", "--everything"])["sessions_ended"], 1);
        let ended = ben.process.ended();
        assert!(ended.stderr.contains("the server's operator ended this session"), "{ended:?}");
        gone(&daemon, &family("ben's", BEN));
        assert_eq!(operator.list("ips", "addresses"), [serde_json::Value::Null; 0]);
    });
}

#[test]
#[cfg_attr(not(ptrace), ignore = "the memory of other processes can't be read here (needs CAP_SYS_PTRACE)")]
fn keys_tokens_and_queues_go_with_their_session() {
    let home = Home::new();
    let daemon = home.ephemeral("grace = 600");
    let id = daemon.process.id();
    // So that all that the daemon has but once is there already.
    Client::new_room(&daemon.access_link(), "", "zoe").0.quit();
    daemon.operator().ask(&["sessions"]);
    let before = Windows::of_process(id);

    let ways = [Recorder::new(daemon.address, 2), Recorder::new(daemon.address, 3)];
    let (mut anna, link) = Client::new_room(&ways[0].link(&daemon.access_link()), "larder", "anna");
    let mut ben = Client::join(&ways[1].link(&link), "ben", &[&anna]);
    for number in 0..20 {
        anna.tell(&format!("number {number}"), &[&ben]);
        ben.tell(&format!("and {number} to you"), &[&anna]);
    }
    // The replay memory keeps what openings are known by, for as long as the process lives.
    let is_remembered = remembered(&[&ways[0], &ways[1]], &link);
    // What both ends know and the daemon did not know before: keys, tags, what is sealed.
    let daemons = Windows::of_process(id);
    let new = daemons.filtered(|window| !before.contains(window) && !is_remembered(window));
    let shared = [secrets_of(&anna, &new, &[]), secrets_of(&ben, &new, &[])];
    assert!(shared.iter().all(|windows| windows.count() > KEY_WINDOWS), "each has keys in common with it");

    // A queue: ben's connections are cut and cannot come back, while anna talks on.
    ways[1].hold_back();
    ways[1].cut();
    until("ben's session is detached", || {
        (daemon.operator().ask(&["status"])["sessions_detached"] == 1).then_some(())
    });
    (0..20).for_each(|number| anna.say(&format!("ben, number {number}")));
    let queue = until("ben's queue fills", || {
        let sessions = daemon.operator().list("sessions", "sessions");
        let queued = sessions.iter().filter_map(|session| session["queued_bytes"].as_u64()).max()?;
        (queued > 20 * 100).then(|| Windows::of_process(id))
    });

    assert_eq!(anna.quit().code, Some(0));
    assert_eq!(daemon.operator().ask(&["purge", "--everything"])["sessions_ended"], 1);
    drop(ben);
    until("all sessions are over", || {
        daemon.operator().list("sessions", "sessions").is_empty().then_some(())
    });
    // The allocator's pointers have zeros in them, and come and go.
    let queued = queue
        .filtered(|window| !daemons.contains(window) && !before.contains(window) && !window.contains(&0));
    assert!(queued.count() > 20 * 100, "the queue holds what anna said, sealed: {}", queued.count());
    shared.iter().for_each(|windows| windows_gone(id, windows, "shared secrets"));
    runs_gone(id, &queued, "the queue");
    let crossed = ways.iter().flat_map(Recorder::exchanges);
    let tokens: Vec<Needle> = crossed
        .filter_map(|exchange| cookie(&exchange.request))
        .map(|token| part("a token", &token))
        .collect();
    assert!(tokens.len() > 40, "each word went upwards in a token: {}", tokens.len());
    gone(&daemon, &tokens);
}

#[test]
#[cfg_attr(not(ptrace), ignore = "the memory of other processes can't be read here (needs CAP_SYS_PTRACE)")]
fn a_retired_access_code_goes_with_the_last_who_came_by_it() {
    let home = Home::new();
    let daemon = home.ephemeral("");
    let old = daemon.access_link();
    let secret = Link::parse(&old).expect("an access link").access().code.secret.clone();
    let bytes = Needle::new("the old secret", secret.as_bytes().as_slice());
    let text = Needle::new("its text", old.rsplit('#').next().unwrap_or_default().as_bytes());
    let (mut anna, _) = Client::new_room(&old, "", "anna");
    assert_eq!(found_in_process(daemon.process.id(), std::slice::from_ref(&bytes)), ["the old secret"]);
    daemon.operator().link("rotate");
    anna.say("still here");
    assert_eq!(anna.quit().code, Some(0));
    gone(&daemon, &[bytes, text]);
}

/// Secrets that somebody put into the environment stand neither in the process's memory nor where the system shows it,
/// and what it is called shows none of its own.
#[test]
#[cfg_attr(not(ptrace), ignore = "the memory of other processes can't be read here (needs CAP_SYS_PTRACE)")]
fn the_environment_and_the_command_line_hold_no_secret() {
    const PASSWORD: &str = "correct-quoll-9d41";
    let home = Home::new();
    let variables = [
        ("server_access_code_", PASSWORD),
        ("CHATTERD_ACCESS_CODE", PASSWORD),
        ("server_packet_limit", "7"),
        ("CHATTERD_LOG", "info"),
    ];
    let daemon = home.ephemeral_on("127.0.0.1:0", "[ban]\nexempt = []", &variables);
    let secret = [Needle::new("the password", PASSWORD)];
    let shown = |what: &str| {
        std::fs::read(format!("/proc/{}/{what}", daemon.process.id())).expect("root may read it")
    };
    let environ = shown("environ");
    assert!(String::from_utf8_lossy(&environ).contains("CHATTERD_LOG=info"), "the eye sees variables");
    assert_eq!(chatter_tests::memory::found_in(&environ, &secret), [""; 0]);
    gone(&daemon, &secret);
    let log = daemon.log();
    assert!(log.contains("server_access_code_ is not used"), "{log}");
    assert!(log.contains("CHATTERD_ACCESS_CODE means nothing"), "{log}");
    assert!(!log.contains(PASSWORD), "{log}");
    let cmdline = shown("cmdline");
    assert!(String::from_utf8_lossy(&cmdline).contains("--ephemeral"), "the eye sees arguments");
    let code = daemon.access_link();
    let code = code.rsplit('#').next().unwrap_or_default().as_bytes();
    assert_eq!(chatter_tests::memory::found_in(&cmdline, &[Needle::new("the access code", code)]), [""; 0]);
    assert_eq!(String::from_utf8_lossy(&shown("comm")).trim(), "chatterd");

    // CLI_Chatter's other variable means what it meant.
    (0..7).for_each(|_| knock(daemon.address, [127, 0, 0, 77].into()));
    until("the seventh knock bans", || (daemon.operator().banned() == ["127.0.0.77"]).then_some(()));
}

/// A needle of moderate length from the middle of something sealed.
fn part(what: &str, bytes: &[u8]) -> Needle {
    let middle = bytes.len() / 2;
    Needle::new(what, bytes.get(middle..bytes.len().min(middle + 24)).unwrap_or_default())
}

//! Floods, while ten members talk: nobody loses a word, memory stays within its bound, and comes back.
//!
//! `CHATTER_FLOOD_SECONDS` says how long each flood lasts; with `--nocapture` the figures are shown.

use std::time::{Duration, Instant};

use chatter_tests::client::Client;
use chatter_tests::daemon::{Daemon, Home};
use chatter_tests::load::{FLOODS, Flood, Target};
use chatter_tests::process::until;

const MEMBERS: usize = 10;
const SECONDS_DEFAULT: u64 = 2;
/// What the unfinished heads of all strangers may take together, and as much again for all else that a flood needs.
const GROWTH_MAX_KB: u64 = 2 * 128 * 1024;
/// What may be left of it afterwards: the records of known addresses, and what the allocator keeps at hand.
const LEFT_MAX_KB: u64 = 24 * 1024;

#[test]
fn members_talk_through_floods() {
    let home = Home::new();
    let settings = "grace = 60\n[ban]\nexempt = []\nafter = 3\n[purge]\nevery-packets = 1000000";
    // As the unit and the image have it.
    let variables = [("MALLOC_MMAP_THRESHOLD_", "16384"), ("CHATTERD_LOG", "warn")];
    let daemon = home.ephemeral_on("127.0.0.1:0", settings, &variables);
    let target = Target::new(daemon.address, &daemon.access_link());
    let mut members = room(&daemon);
    let before = memory(&daemon, "VmRSS");
    let mut said = 0;
    for flood in FLOODS {
        let figures = talk_through(flood, &target, &mut members, &mut said);
        let peak = memory(&daemon, "VmHWM");
        println!("{flood:?}: {figures}; the daemon took {peak} kB at most, {before} kB before");
        assert!(peak <= before + GROWTH_MAX_KB, "{flood:?}: {peak} kB, {before} kB before");
    }
    until("memory comes back", || (memory(&daemon, "VmRSS") <= before + LEFT_MAX_KB).then_some(()));
    println!("{} kB afterwards", memory(&daemon, "VmRSS"));

    // Nothing lost, nothing twice, nothing out of order, nobody warned or thrown out.
    for (index, member) in members.iter().enumerate() {
        for speaker in (0..MEMBERS).filter(|speaker| *speaker != index) {
            let expected: Vec<_> = (0..said).filter(|number| number % MEMBERS == speaker).map(text).collect();
            assert_eq!(
                member.texts_from(&nick(speaker)),
                expected,
                "{} hears {}",
                member.nick,
                nick(speaker)
            );
        }
        assert_eq!(member.warnings(), [serde_json::Value::Null; 0]);
    }
    let banned = daemon.operator().banned();
    assert!(banned.iter().any(|address| address.starts_with("127.66.")), "strangers are banned: {banned:?}");
    assert!(banned.iter().all(|address| address.starts_with("127.66.")), "and no member: {banned:?}");
    for member in members {
        assert_eq!(member.quit().code, Some(0));
    }
}

/// Ten members in one room.
fn room(daemon: &Daemon) -> Vec<Client> {
    let (first, link) = Client::new_room(&daemon.access_link(), "", &nick(0));
    let mut members = vec![first];
    for number in 1..MEMBERS {
        let member = Client::join(&link, &nick(number), &members.iter().collect::<Vec<_>>());
        members.push(member);
    }
    members
}

/// One says something, all others hear it, then the next one: for as long as the flood lasts.
fn talk_through(flood: Flood, target: &Target, members: &mut [Client], said: &mut usize) -> String {
    let end = Instant::now() + seconds();
    std::thread::scope(|scope| {
        let flooding = scope.spawn(|| flood.run(target, end));
        let mut waits = Vec::new();
        while Instant::now() < end {
            let (number, began) = (*said, Instant::now());
            let speaker = number % MEMBERS;
            members[speaker].say(&text(number));
            let others = members.iter().enumerate().filter(|(index, _)| *index != speaker);
            others.for_each(|(_, other)| other.heard(&nick(speaker), &text(number)));
            waits.push(began.elapsed());
            *said += 1;
        }
        let connections = flooding.join().expect("the flood ends");
        assert!(connections > 20 && !waits.is_empty(), "{connections} connections, {} words", waits.len());
        waits.sort_unstable();
        let (median, longest) = (waits[waits.len() / 2], waits[waits.len() - 1]);
        let count = waits.len();
        format!(
            "{connections} connections; {count} words, each to nine, in {median:.0?}, {longest:.0?} at most"
        )
    })
}

fn seconds() -> Duration {
    let set = std::env::var("CHATTER_FLOOD_SECONDS").ok();
    Duration::from_secs(set.map_or(SECONDS_DEFAULT, |text| text.parse().expect("a number of seconds")))
}

fn memory(daemon: &Daemon, field: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", daemon.process.id())).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.unwrap_or_else(|| panic!("no {field} in {status}"))
}

fn nick(number: usize) -> String {
    format!("member-{number}")
}

fn text(number: usize) -> String {
    format!("word {number}")
}

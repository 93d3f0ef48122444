//! Floods, while ten members talk: nobody loses a word, memory stays within its bound, and comes back.
//!
//! `CHATTER_FLOOD_SECONDS` says how long each flood lasts; with `--nocapture` the figures are shown.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use chatter_tests::client::Client;
use chatter_tests::daemon::{Daemon, Home};
use chatter_tests::load::{FLOODS, Target};
use chatter_tests::namespaces::on_a_loopback;
use chatter_tests::process::until;
use chatter_tests::recorder::readdress;
use chatter_tests::syn;

const MEMBERS: usize = 10;
const SECONDS_DEFAULT: u64 = 2;
/// What the unfinished heads of all strangers may take together, and as much again for all else that a flood needs.
const GROWTH_MAX_KB: u64 = 2 * 128 * 1024;
/// What may be left of it afterwards: the records of known addresses, and what the allocator keeps at hand.
const LEFT_MAX_KB: u64 = 24 * 1024;

const SETTINGS: &str = "grace = 60\n[ban]\nexempt = []\nafter = 3\n[purge]\nevery-packets = 1000000";
/// As the unit and the image have it.
const VARIABLES: [(&str, &str); 2] = [("MALLOC_MMAP_THRESHOLD_", "16384"), ("CHATTERD_LOG", "warn")];

#[test]
#[cfg_attr(not(netns), ignore = "no network namespace can be made here (needs CAP_SYS_ADMIN, ip, unshare)")]
fn members_talk_through_floods() {
    // Where a packet filter keeps track of connections, as engines of containers have it, a flood fills its table, and
    // everybody's packets are dropped.
    on_a_loopback(&[], || {
        let home = Home::new();
        let daemon = home.ephemeral_on("127.0.0.1:0", SETTINGS, &VARIABLES);
        let target = Target::new(daemon.address, &daemon.access_link());
        let mut talk = Talk::begin(&daemon);
        let before = memory(&daemon, "VmRSS");
        for flood in FLOODS {
            let figures = talk.through(|end| flood.run(&target, end));
            let peak = memory(&daemon, "VmHWM");
            println!("{flood:?}: {figures}; the daemon took {peak} kB at most, {before} kB before");
            assert!(peak <= before + GROWTH_MAX_KB, "{flood:?}: {peak} kB, {before} kB before");
        }
        until("memory comes back", || (memory(&daemon, "VmRSS") <= before + LEFT_MAX_KB).then_some(()));
        println!("{} kB afterwards", memory(&daemon, "VmRSS"));

        talk.nothing_was_lost();
        let banned = daemon.operator().banned();
        assert!(
            banned.iter().any(|address| address.starts_with("127.66.")),
            "strangers are banned: {banned:?}"
        );
        assert!(banned.iter().all(|address| address.starts_with("127.66.")), "and no member: {banned:?}");
        talk.end();
    });
}

/// Connections that are begun and never finished fill the kernel's queue of them; it goes on without one.
#[test]
#[cfg_attr(not(netns), ignore = "no network namespace can be made here (needs CAP_SYS_ADMIN, ip, unshare)")]
fn members_talk_through_a_flood_of_syns() {
    on_a_loopback(&["203.0.113.0/24"], || {
        syn::lead_answers_nowhere();
        let home = Home::new();
        // From 127.0.0.1 the kernel would answer nobody outside.
        let daemon = home.ephemeral_on("203.0.113.1:0", SETTINGS, &VARIABLES);
        let SocketAddr::V4(to) = daemon.address else { panic!("{} is of IPv4", daemon.address) };
        let mut talk = Talk::begin(&daemon);
        let before = memory(&daemon, "VmRSS");
        let figures = talk.through(|end| u64::from(syn::flood(to, end)));
        let (peak, filled) = (memory(&daemon, "VmHWM"), syn::times_the_queue_was_full());
        println!(
            "Syns: {figures}; the queue was full {filled} times; the daemon took {peak} kB at most, {before} before"
        );
        assert!(filled > 0, "the flood reaches the queue");
        assert!(peak <= before + LEFT_MAX_KB, "{peak} kB, {before} kB before");
        talk.nothing_was_lost();
        // Whoever has not come back with the answer may be anybody.
        assert_eq!(daemon.operator().banned(), [""; 0]);
        talk.end();
    });
}

/// Ten members who talk in turns.
struct Talk {
    members: Vec<Client>,
    said: usize,
}

impl Talk {
    fn begin(daemon: &Daemon) -> Self {
        let (first, link) = Client::new_room(&readdress(&daemon.access_link(), daemon.address), "", &nick(0));
        let mut members = vec![first];
        for number in 1..MEMBERS {
            let member = Client::join(&link, &nick(number), &members.iter().collect::<Vec<_>>());
            members.push(member);
        }
        Self { members, said: 0 }
    }

    /// One says something, all others hear it, then the next one: for as long as the flood lasts.
    fn through(&mut self, flood: impl FnOnce(Instant) -> u64 + Send) -> String {
        let end = Instant::now() + seconds();
        std::thread::scope(|scope| {
            let flooding = scope.spawn(move || flood(end));
            let mut waits = Vec::new();
            while Instant::now() < end {
                let (number, began) = (self.said, Instant::now());
                let speaker = number % MEMBERS;
                self.members[speaker].say(&text(number));
                let others = self.members.iter().enumerate().filter(|(index, _)| *index != speaker);
                others.for_each(|(_, other)| other.heard(&nick(speaker), &text(number)));
                waits.push(began.elapsed());
                self.said += 1;
            }
            let connections = flooding.join().expect("the flood ends");
            assert!(
                connections > 20 && !waits.is_empty(),
                "{connections} connections, {} words",
                waits.len()
            );
            waits.sort_unstable();
            let (median, longest) = (waits[waits.len() / 2], waits[waits.len() - 1]);
            let count = waits.len();
            format!(
                "{connections} connections; {count} words, each to nine, in {median:.0?}, {longest:.0?} at most"
            )
        })
    }

    /// Nothing lost, nothing twice, nothing out of order, nobody warned or thrown out.
    fn nothing_was_lost(&self) {
        for (index, member) in self.members.iter().enumerate() {
            for speaker in (0..MEMBERS).filter(|speaker| *speaker != index) {
                let expected: Vec<_> =
                    (0..self.said).filter(|number| number % MEMBERS == speaker).map(text).collect();
                let heard = member.texts_from(&nick(speaker));
                assert_eq!(heard, expected, "{} hears {}", member.nick, nick(speaker));
            }
            assert_eq!(member.warnings(), [serde_json::Value::Null; 0]);
        }
    }

    fn end(self) {
        for member in self.members {
            assert_eq!(member.quit().code, Some(0));
        }
    }
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

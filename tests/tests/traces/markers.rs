//! Nothing that a stranger sends is written down, stays in memory, or ends the daemon.

use std::io::Write as _;
use std::net::{Ipv4Addr, Shutdown, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chatter_protocol::entropy::Entropy;
use chatter_tests::daemon::Daemon;
use chatter_tests::exchange::{Afterwards, connect, converse, exchange};
use chatter_tests::ground::ELSEWHERE;
use chatter_tests::memory::{Needle, found_in_process, resident};
use chatter_tests::process::until;

use crate::probe::Step;
use crate::servers::Pair;
use crate::{catalogue, mutation};

/// `CHATTER_MARKED_REQUESTS` says how many requests, `CHATTER_MARKED_SEED` which ones.
#[test]
#[cfg_attr(not(python3), ignore = "no python3 of a version that chatterd poses as is installed")]
#[cfg_attr(not(ptrace), ignore = "the memory of other processes can't be read here (needs CAP_SYS_PTRACE)")]
fn what_strangers_send_is_neither_logged_nor_kept() {
    let number =
        |name: &str, default| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let (count, seed) = (number("CHATTER_MARKED_REQUESTS", 3_000), number("CHATTER_MARKED_SEED", 1));
    let _turn = crate::alone();
    let pair = Pair::start();
    let daemon = &pair.daemon;
    let requests = marked(seed, count);
    check_eye(daemon);
    let before = resident(daemon.process.id());
    let (next, answered) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let answer = exchange_briefly(daemon, request);
                    answered.fetch_add(usize::from(answer > 0), Ordering::Relaxed);
                }
            });
        }
    });
    assert!(answered.into_inner() > requests.len() / 2, "most of them reach the decoy");
    // What a thread's stack still holds of a path, the next one overwrites.
    for _ in 0..WASHES {
        exchange(daemon.address, ELSEWHERE, PLAIN);
    }
    let needles = needles();
    until("nothing of it is in memory", || {
        let found = found_in_process(daemon.process.id(), &needles);
        found.is_empty().then_some(()).or_else(|| {
            exchange(daemon.address, ELSEWHERE, PLAIN);
            None
        })
    });
    let log = daemon.log();
    assert!(log.contains("started"), "there is a log to look at: {log}");
    for needle in [MARKER, &encoded(), "127.0.0."] {
        assert!(!log.contains(needle), "{needle} stands in the log");
    }
    let after = resident(daemon.process.id());
    eprintln!("{} requests: {} KiB before, {} after", requests.len(), before.now >> 10, after.now >> 10);
    check_eye(daemon);
}

/// Mutations of the catalogue, each with the marker somewhere in it, as it is or percent-encoded.
fn marked(seed: u64, count: u64) -> Vec<Vec<u8>> {
    let mut entropy = Entropy::new([7; 32]);
    let encoded = encoded();
    let mark = |mut bytes: Vec<u8>| {
        let [high, low, form, ..] = entropy.bytes::<32>();
        let at = usize::from(u16::from_be_bytes([high, low])) % (bytes.len() + 1);
        let marker = if form.is_multiple_of(3) { encoded.as_bytes() } else { MARKER.as_bytes() };
        drop(bytes.splice(at..at, marker.iter().copied()));
        bytes
    };
    let probes = mutation::mutated(&catalogue::all(), seed, count);
    let steps = probes.into_iter().flat_map(|probe| probe.steps);
    let sent = steps.filter_map(|step| match step {
        Step::Send(bytes) => Some(bytes),
        Step::Listen(_) | Step::HalfClose => None,
    });
    sent.map(mark).collect()
}

/// How many bytes were answered.
fn exchange_briefly(daemon: &Daemon, request: &[u8]) -> usize {
    let from = Ipv4Addr::new(127, 0, 0, ELSEWHERE).into();
    let mut stream = connect(daemon.address, from).expect("the daemon answers");
    // It may have heard enough before the end.
    let _ = stream.write_all(request);
    let _ = stream.shutdown(Shutdown::Write);
    converse(stream, b"", Afterwards::Wait(A_MOMENT)).bytes.len()
}

/// While somebody is sending it, the marker is there to be seen.
fn check_eye(daemon: &Daemon) {
    let mut half = TcpStream::connect(daemon.address).expect("the daemon answers");
    half.write_all(format!("GET /{MARKER} HTTP/1.1\r\nHost: h\r\n").as_bytes()).expect("the daemon reads");
    until("half a request is in memory", || {
        found_in_process(daemon.process.id(), &needles()).contains(&"the marker".to_owned()).then_some(())
    });
}

fn needles() -> [Needle; 2] {
    [Needle::new("the marker", MARKER), Needle::new("the marker, encoded", encoded())]
}

fn encoded() -> String {
    MARKER.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

const MARKER: &str = "quince-4b1d-marzipan";
const PLAIN: &[u8] = b"GET /plain.txt HTTP/1.1\r\nHost: h\r\n\r\n";
const WASHES: usize = 100;
const AT_ONCE: usize = 32;
const A_MOMENT: Duration = Duration::from_millis(500);

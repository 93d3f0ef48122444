//! One directory, served by the real Python and by daemons of ours, and requests that both must answer alike.
//!
//! **In** recorded, cut, changed, made-up requests. **Out** where the two answers differ, in words. **Never** a second
//! try: what differs once differs, for a token may count once only.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chatter_protocol::entropy::Entropy;

use crate::client::Client;
use crate::daemon::{Daemon, Home};
use crate::exchange::{Afterwards, Answer, connect, converse, exchange, exchange_within, without_line};
use crate::python::{PythonServer, VERSION};
use crate::recorder::{Exchange, Recorder};

/// The carrier's path.
pub const CARRIER: &str = "/backup.enc";

/// Where requests come from that are nobody's any more: the address of no member.
pub const ELSEWHERE: u8 = 9;

/// A directory, served by Python and by daemons with lasting keys.
#[derive(Debug)]
pub struct Ground {
    /// The folders of its daemons.
    pub home: Home,
    /// The directory.
    pub root: PathBuf,
    /// The real thing.
    pub python: PythonServer,
}

/// A request, and what its client does then.
#[derive(Clone, Debug)]
pub struct Sent {
    /// What it is, for people.
    pub what: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What follows them.
    pub afterwards: Afterwards,
}

impl Sent {
    /// These bytes, and then the client's side closes.
    pub fn closing(what: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { what: what.into(), bytes: bytes.into(), afterwards: Afterwards::HalfClose }
    }

    /// These bytes, and then nothing.
    pub fn waiting(what: impl Into<String>, bytes: impl Into<Vec<u8>>, limit: Duration) -> Self {
        Self { what: what.into(), bytes: bytes.into(), afterwards: Afterwards::Wait(limit) }
    }
}

impl Ground {
    /// A directory with a carrier of 192 KiB and some files.
    ///
    /// # Panics
    /// Where there is no room for it.
    pub fn new() -> Self {
        Self::with_carrier(192 * 1024)
    }

    /// A directory with a carrier of so many bytes and some files.
    ///
    /// # Panics
    /// Where there is no room for it.
    pub fn with_carrier(len: usize) -> Self {
        let home = Home::new();
        let root = home.path("root");
        std::fs::create_dir_all(root.join("old photos")).expect("room");
        let files = [
            ("backup.enc", carrier(len)),
            ("notes.txt", b"eggs, milk\n".to_vec()),
            ("todo.md", b"# fix the roof\n".to_vec()),
            ("old photos/list.csv", b"a,b\n1,2\n".to_vec()),
        ];
        for (name, bytes) in files {
            std::fs::write(root.join(name), bytes).expect("room");
        }
        let python = PythonServer::start(&root);
        Self { home, root, python }
    }

    /// A daemon on it; one at a time.
    ///
    /// # Panics
    /// Where there is no Python to compare with.
    pub fn daemon(&self) -> Daemon {
        let python = VERSION.expect("tests without Python are ignored");
        let root = self.root.display();
        let carrier = CARRIER.trim_start_matches('/');
        let decoy = format!("[decoy]\nroot = '{root}'\ncarrier = '{carrier}'\npython = '{python}'\n");
        self.home.lasting(&format!("grace = 120\n{decoy}"))
    }

    /// [`check`](Self::check), for each of them.
    ///
    /// # Panics
    /// Where the answers differ.
    pub fn check_all(&self, daemon: &Daemon, requests: &[Vec<u8>], when: &str) {
        for request in requests {
            self.check(daemon.address, request, when);
        }
    }

    /// What a recorder saw in the live session, where the client may have heard enough early or been cut off, is what
    /// Python sends; of a session's download that is the head.
    ///
    /// # Panics
    /// Where it is not.
    pub fn check_seen(&self, Exchange { request, response }: &Exchange) {
        let theirs = exchange(self.python.address, ELSEWHERE, request).without_date().bytes;
        let ours = without_line(response, "Date");
        let compared = if is_opening(request) { head_len(&ours) } else { ours.len() };
        let (ours, theirs) = (ours.get(..compared), theirs.get(..compared));
        assert_eq!(ours, theirs, "to {}", String::from_utf8_lossy(request));
    }

    /// To these bytes both give the same bytes and the same ending.
    ///
    /// # Panics
    /// Where they do not.
    pub fn check(&self, daemon: SocketAddr, request: &[u8], what: &str) {
        let theirs = exchange(self.python.address, ELSEWHERE, request).without_date();
        let ours = exchange(daemon, ELSEWHERE, request).without_date();
        assert!(
            ours == theirs,
            "{what}, to {}\nours   {ours:?}\ntheirs {theirs:?}",
            String::from_utf8_lossy(request)
        );
    }

    /// [`check`](Self::check) for many, dozens at a time; says by which the two differ.
    ///
    /// # Panics
    /// Where there is no connection.
    pub fn differences(&self, daemon: SocketAddr, sent: &[Sent]) -> Vec<String> {
        let next = AtomicUsize::new(0);
        let differing = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for _ in 0..AT_ONCE {
                scope.spawn(|| {
                    while let Some(sent) = sent.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let found = self.difference(daemon, sent);
                        differing.lock().unwrap_or_else(PoisonError::into_inner).extend(found);
                    }
                });
            }
        });
        differing.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn difference(&self, daemon: SocketAddr, sent: &Sent) -> Option<String> {
        let (ours, theirs) = std::thread::scope(|scope| {
            let theirs = scope.spawn(|| answer(in_turn(self.python.address), sent));
            let ours = answer(from_elsewhere(daemon), sent);
            (ours, theirs.join().expect("a conversation ends"))
        });
        let text = String::from_utf8_lossy(&sent.bytes);
        (ours != theirs).then(|| format!("{}, to {text:?}\nours   {ours:?}\ntheirs {theirs:?}", sent.what))
    }
}

impl Default for Ground {
    fn default() -> Self {
        Self::new()
    }
}

fn answer(stream: TcpStream, sent: &Sent) -> Answer {
    converse(stream, &sent.bytes, sent.afterwards).without_date()
}

fn from_elsewhere(to: SocketAddr) -> TcpStream {
    let from = Ipv4Addr::new(127, 0, 0, ELSEWHERE).into();
    connect(to, from).unwrap_or_else(|error| panic!("{to}: {error}"))
}

/// One at a time: in a burst Python's backlog would overflow, and a lost SYN costs a second.
fn in_turn(python: SocketAddr) -> TcpStream {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let stream = from_elsewhere(python);
    std::thread::sleep(Duration::from_micros(500));
    stream
}

/// A carrier of an openssl kind, of so many bytes.
pub fn carrier(len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    Entropy::new([5; 32]).fill(&mut bytes);
    for (byte, magic) in bytes.iter_mut().zip(MAGIC) {
        *byte = *magic;
    }
    bytes
}

/// All whole requests that crossed.
pub fn requests(recorder: &Recorder) -> Vec<Vec<u8>> {
    let whole = |exchange: &Exchange| exchange.request.ends_with(b"\r\n\r\n");
    recorder.exchanges().into_iter().filter(whole).map(|exchange| exchange.request).collect()
}

/// Whether this asks for the carrier.
pub fn is_opening(request: &[u8]) -> bool {
    request.starts_with(format!("GET {CARRIER} HTTP/").as_bytes())
}

/// The opening request of a client that never reaches the daemon.
///
/// # Panics
/// Where the client does something else.
pub fn hold_back(daemon: &Daemon, link: &str) -> Vec<u8> {
    let recorder = Recorder::new(daemon.address, 2);
    recorder.hold_back();
    let ended = Client::joining(&recorder.link(link), "held").ended_within(Duration::from_secs(10));
    assert_eq!(ended.code, Some(4), "{ended:?}");
    let held = requests(&recorder).remove(0);
    assert!(is_opening(&held), "{}", String::from_utf8_lossy(&held));
    held
}

/// Delivers an opening as its client would have, and takes what comes before the first pause.
pub fn open(daemon: SocketAddr, request: &[u8]) -> Answer {
    exchange_within(daemon, ELSEWHERE, request, Duration::from_secs(2))
}

/// The length of a head with its empty line; all, where there is none.
pub fn head_len(answer: &[u8]) -> usize {
    answer.windows(4).position(|window| window == b"\r\n\r\n").map_or(answer.len(), |at| at + 4)
}

/// What openssl's encrypted files begin with.
pub const MAGIC: &[u8] = b"Salted__";
/// Enough to hide waiting, few enough for Python's threads.
const AT_ONCE: usize = 48;

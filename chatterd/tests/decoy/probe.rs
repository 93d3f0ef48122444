//! One probe: what is sent, and everything by which the answers of two servers could differ.
//!
//! **In**: steps. **Out**: a transcript for each server, and their differences in words.
//! **Never**: a judgement from a single run: what differs is run again, alone.

use crate::servers::Pair;
use socket2::{Domain, Socket, Type};
use std::collections::HashSet;
use std::io::{ErrorKind, Read};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A named conversation.
#[derive(Debug, Clone)]
pub(crate) struct Probe {
    pub name: String,
    pub steps: Vec<Step>,
}

/// What the prober does next.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Send(Vec<u8>),
    /// Listens for so many milliseconds, or to the end.
    Listen(u64),
    HalfClose,
}

/// All that could be observed of one conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Transcript {
    data: Vec<u8>,
    /// Bytes received in each step.
    arrivals: Vec<usize>,
    end: End,
    date: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Nothing came for a while, and the connection is still there.
    Open,
    /// FIN, and what is written afterwards is met by RST.
    Fin,
    /// FIN, and what is written afterwards is taken.
    FinAndReads,
    /// FIN, and RST on its heels, for something lay unread.
    FinAndReset,
    Reset,
}

impl Probe {
    pub(crate) fn new(name: impl Into<String>, steps: impl Into<Vec<Step>>) -> Probe {
        Probe { name: name.into(), steps: steps.into() }
    }
}

/// Runs probes, many at a time; says by which both servers differ.
pub(crate) fn compare(pair: &Pair, probes: &[Probe]) -> Vec<String> {
    let next = AtomicUsize::new(0);
    let doubtful = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(probe) = probes.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if difference(pair, probe).is_some() {
                        doubtful.lock().expect("no thread panics with it").push(probe);
                    }
                }
            });
        }
    });
    let doubtful = doubtful.into_inner().expect("no thread panics with it");
    let confirmed =
        |probe: &Probe| (0..CONFIRMATIONS).map(|_| difference(pair, probe)).collect::<Option<Vec<_>>>();
    doubtful.into_iter().filter_map(confirmed).filter_map(|all| all.into_iter().next()).collect()
}

fn difference(pair: &Pair, probe: &Probe) -> Option<String> {
    let (reference, candidate) = std::thread::scope(|scope| {
        let reference = scope.spawn(|| run(pair.reference, probe));
        let candidate = run(pair.candidate, probe);
        (reference.join().expect("a conversation never panics"), candidate)
    });
    (!reference.equals(&candidate)).then(|| {
        let sent: Vec<String> = probe.steps.iter().map(|step| shortened(&format!("{step:?}"))).collect();
        format!(
            "{}: {}\n  Python {}\n  ours   {}",
            probe.name,
            sent.join(", "),
            reference.words(),
            candidate.words()
        )
    })
}

impl Transcript {
    /// Equal but for the date, which may be a second apart.
    fn equals(&self, other: &Transcript) -> bool {
        let near = match (self.date, other.date) {
            (Some(one), Some(two)) => matches!(one.abs_diff(two), 0 | 1 | 86_399),
            (one, two) => one == two,
        };
        near && Transcript { date: None, ..self.clone() } == Transcript { date: None, ..other.clone() }
    }

    fn words(&self) -> String {
        let text = shortened(&self.data.escape_ascii().to_string());
        format!("{:?} {:?} {:?} {} bytes: {text}", self.end, self.date, self.arrivals, self.data.len())
    }
}

fn shortened(text: &str) -> String {
    if text.len() <= 700 { text.to_owned() } else { format!("{}...", text.get(..700).unwrap_or_default()) }
}

/// A conversation under way.
struct Conversation {
    socket: Socket,
    transcript: Transcript,
    half_closed: bool,
    ended: bool,
}

fn run(address: SocketAddr, probe: &Probe) -> Transcript {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    connect(&socket, address);
    socket.set_tcp_nodelay(true).expect("a TCP socket");
    let transcript = Transcript { data: Vec::new(), arrivals: Vec::new(), end: End::Open, date: None };
    let mut conversation = Conversation { socket, transcript, half_closed: false, ended: false };
    for (position, step) in probe.steps.iter().enumerate() {
        let last_words = matches!(probe.steps.get(position + 1), Some(Step::HalfClose));
        conversation.take(step, last_words);
    }
    conversation.listen(IDLE);
    conversation.conclude(address);
    let mut transcript = conversation.transcript;
    transcript.date = take_date(&mut transcript.data);
    transcript
}

/// One at a time: in a burst Python's backlog would overflow, and a lost SYN costs a second.
fn connect(socket: &Socket, address: SocketAddr) {
    let turn = TURN.lock();
    socket.connect(&address.into()).expect("the server listens");
    std::thread::sleep(Duration::from_micros(700));
    drop(turn);
}

impl Conversation {
    fn take(&mut self, step: &Step, last_words: bool) {
        match step {
            Step::Send(bytes) => self.send(bytes, last_words),
            Step::Listen(milliseconds) => self.listen(Duration::from_millis(*milliseconds)),
            Step::HalfClose => {
                // After a reset there is nothing to close.
                let _ = self.socket.shutdown(Shutdown::Write);
                self.half_closed = true;
            }
        }
    }

    /// Sends all; what a half-close follows at once travels with its FIN, or else the answer and the FIN would race.
    fn send(&mut self, bytes: &[u8], last_words: bool) {
        let flags = if last_words { MSG_MORE } else { 0 };
        let mut rest = bytes;
        while !rest.is_empty() {
            match self.socket.send_with_flags(rest, flags | MSG_NOSIGNAL) {
                Ok(sent) => rest = rest.get(sent..).unwrap_or_default(),
                Err(_) => return,
            }
        }
    }

    fn listen(&mut self, patience: Duration) {
        let until = Instant::now() + patience;
        let before = self.transcript.data.len();
        let mut buffer = vec![0; 1 << 16];
        while !self.ended {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            self.socket.set_read_timeout(Some(left)).expect("it is not zero");
            match (&self.socket).read(&mut buffer) {
                Ok(0) => self.finish(End::Fin),
                Ok(length) => self.transcript.data.extend_from_slice(&buffer[..length]),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(_) => self.finish(End::Reset),
            }
        }
        self.transcript.arrivals.push(self.transcript.data.len() - before);
    }

    fn finish(&mut self, end: End) {
        self.ended = true;
        self.transcript.end = end;
    }

    /// Tells a FIN from a FIN with a RST behind it, and tries to write after the FIN.
    fn conclude(&mut self, address: SocketAddr) {
        if self.transcript.end != End::Fin {
            return;
        }
        std::thread::sleep(SETTLE);
        self.transcript.end = if self.half_closed {
            if self.waits_out(address) { End::Fin } else { End::FinAndReset }
        } else if self.was_reset() {
            End::FinAndReset
        } else {
            self.send(b"\n", false);
            std::thread::sleep(SETTLE);
            if self.was_reset() { End::Fin } else { End::FinAndReads }
        };
    }

    fn was_reset(&self) -> bool {
        self.socket.take_error().expect("the socket is ours").is_some()
    }

    /// Whether our closed side sits in TIME_WAIT, from which a RST would have removed it.
    fn waits_out(&self, address: SocketAddr) -> bool {
        let own = self.socket.local_addr().ok().and_then(|own| own.as_socket()).map(|own| own.port());
        waiting_out(Instant::now()).contains(&(own.unwrap_or_default(), address.port()))
    }
}

/// The connections in TIME_WAIT, by both ports, as they stand after that point in time. The table is long and slow to
/// read, so that conversations which ask at the same time share one reading.
fn waiting_out(since: Instant) -> Arc<HashSet<(u16, u16)>> {
    let mut last = TIME_WAIT.lock().expect("no thread panics with it");
    match &*last {
        Some((read, found)) if *read >= since => found.clone(),
        Some(_) | None => {
            let now = Instant::now();
            let table = std::fs::read_to_string("/proc/net/tcp").expect("Linux has it");
            let found = Arc::new(table.lines().filter_map(time_wait).collect());
            *last = Some((now, Arc::clone(&found)));
            found
        }
    }
}

fn time_wait(line: &str) -> Option<(u16, u16)> {
    let mut words = line.split_whitespace().skip(1);
    let mut port = || u16::from_str_radix(words.next()?.rsplit(':').next()?, 16).ok();
    let ports = (port()?, port()?);
    (words.next() == Some("06")).then_some(ports)
}

/// Takes the date out of a head: seconds of the day, and a mark where it stood.
fn take_date(data: &mut Vec<u8>) -> Option<u32> {
    let head =
        data.windows(4).position(|window| window == b"\r\n\r\n").filter(|_| data.starts_with(b"HTTP/"))?;
    let start = data.get(..head)?.windows(8).position(|window| window == b"\r\nDate: ")? + 8;
    let text = String::from_utf8_lossy(data.get(start..start + 29)?).into_owned();
    let number = |from: usize| text.get(from..from + 2).and_then(|digits| digits.parse::<u32>().ok());
    let seconds = number(17)? * 3600 + number(20)? * 60 + number(23)?;
    let shape: String = text.chars().map(|char| if char.is_ascii_digit() { '0' } else { char }).collect();
    data.splice(start + 16..start + 29, shape.get(16..)?.bytes());
    Some(seconds)
}

/// A download under way whose reader takes its time.
pub(crate) struct SlowReader(TcpStream);

/// Begins a download and reads a little of it.
pub(crate) fn slow_reader(address: SocketAddr, request: &[u8]) -> SlowReader {
    let mut stream = TcpStream::connect(address).expect("the server listens");
    std::io::Write::write_all(&mut stream, request).expect("the server reads");
    stream.read_exact(&mut [0; 1000]).expect("the server writes");
    std::thread::sleep(Duration::from_millis(200));
    SlowReader(stream)
}

impl SlowReader {
    /// Bytes received to the end.
    pub(crate) fn rest(&mut self) -> usize {
        let mut rest = Vec::new();
        self.0.read_to_end(&mut rest).expect("the server writes");
        rest.len() + 1000
    }
}

static TURN: Mutex<()> = Mutex::new(());
static TIME_WAIT: Mutex<Option<(Instant, Arc<Ports>)>> = Mutex::new(None);
/// Ports of both ends of connections.
type Ports = HashSet<(u16, u16)>;
const AT_ONCE: usize = 40;
/// How often a difference must show again, alone, to count.
const CONFIRMATIONS: usize = 2;
/// How long silence is listened to before a connection counts as open.
const IDLE: Duration = Duration::from_millis(500);
/// How long a RST may take to follow a FIN.
const SETTLE: Duration = Duration::from_millis(50);
const MSG_MORE: i32 = 0x8000;
const MSG_NOSIGNAL: i32 = 0x4000;

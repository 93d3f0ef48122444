//! The pumps between sockets and the carrier's state machine.
//!
//! **In** frames for the relay, and whatever the sockets bring. **Out** frames from the relay, and what the user
//! should know of the connection. **Never** a decision: what to open, send, repeat or give up is the
//! [`Session`]'s; here it is carried out.
//!
//! ```text
//! frames ──> Session ──Open──> network/down.rs ──> one TCP connection, its answer's body ──┐
//!               │ ────Up────> network/up.rs ────> one TCP connection, its answer's head ──┤
//!               └<──────────────────────── Report ────────────────────────────────────────┘
//! ```

mod down;
mod sleep;
mod up;

use std::collections::{BTreeMap, VecDeque};
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chatter_proto::relay::client_frame;
use chatter_protocol::chaff::Chaff;
use chatter_protocol::client::{LinkAnswer, Output, Session, UpId};
use chatter_protocol::entropy::Entropy;
use chatter_protocol::ids::LinkId;
use chatter_protocol::invite::AccessLink;
use chatter_protocol::limits::{UP_REQUESTS_MAX, UP_WINDOW};
use chatter_protocol::time::{Time, WallTime};
use tokio::sync::{Notify, mpsc};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, sleep_until};

use crate::dial::{Peer, Spares};
use crate::event::NetworkEvent;
use crate::request::{Authority, download, reload};
use crate::texts::text;
use sleep::Sleep;

/// The carrier, running: ends when the session has ended or nobody listens any more.
pub(crate) struct Network {
    session: Session,
    entropy: Entropy,
    clock: Clock,
    server: Arc<Server>,
    events: mpsc::Sender<NetworkEvent>,
    reports: mpsc::Receiver<Report>,
    reporter: mpsc::Sender<Report>,
    links: BTreeMap<LinkId, AbortHandle>,
    downs: JoinSet<()>,
    ups: JoinSet<()>,
    ups_waiting: VecDeque<(UpId, String)>,
    trouble: Option<String>,
    backlog: Arc<Backlog>,
}

/// How much waits to be taken by the relay: pieces of files wait until there is little, so that talk never does.
#[derive(Debug)]
pub(crate) struct Backlog {
    most: usize,
    /// Handed over, and not seen by the session yet.
    queued: AtomicUsize,
    unacknowledged: AtomicUsize,
    changed: Notify,
}

impl Backlog {
    /// Of a session with so much chaff.
    pub(crate) fn new(chaff: Chaff) -> Self {
        // What may be under way at once; at a constant rate that alone would take half a minute.
        let most =
            if chaff == Chaff::Constant { 0 } else { usize::try_from(UP_WINDOW).unwrap_or(usize::MAX) };
        Self {
            most,
            queued: AtomicUsize::new(0),
            unacknowledged: AtomicUsize::new(0),
            changed: Notify::new(),
        }
    }

    /// So many bytes are on their way to the session.
    pub(crate) fn queue(&self, len: usize) {
        self.queued.fetch_add(len, Ordering::AcqRel);
    }

    /// Waits until there is room for more than talk.
    pub(crate) async fn roomy(&self) {
        while self.queued.load(Ordering::Acquire) + self.unacknowledged.load(Ordering::Acquire) > self.most {
            self.changed.notified().await;
        }
    }

    /// The session has seen so many bytes, and so many wait there now.
    fn seen(&self, len: usize, unacknowledged: usize) {
        self.unacknowledged.store(unacknowledged, Ordering::Release);
        self.queued.fetch_sub(len, Ordering::AcqRel);
        self.changed.notify_one();
    }
}

/// The server as requests need it.
#[derive(Debug)]
struct Server {
    spares: Arc<Spares>,
    authority: Authority,
}

impl Server {
    /// How long an answer's head may take.
    fn head_timeout(&self) -> Duration {
        if self.spares.peer().is_far() { FAR_HEAD_TIMEOUT } else { HEAD_TIMEOUT }
    }
}

/// What a connection tells.
#[derive(Debug)]
enum Report {
    Answered(LinkId, LinkAnswer),
    Received(LinkId, Vec<u8>),
    /// With a clause that says what went wrong, if anything did.
    Closed(LinkId, Option<String>),
    UpDone(UpId, Result<(), String>),
}

/// Both clocks, read here and nowhere else.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    start: Instant,
}

impl Clock {
    /// A clock that starts now.
    pub(crate) fn start() -> Self {
        Self { start: Instant::now() }
    }

    /// Now, by the steady clock.
    pub(crate) fn now(self) -> Time {
        Time::from_start(self.start.elapsed())
    }

    /// The moment at which the steady clock shows `time`.
    pub(crate) fn instant(self, time: Time) -> Instant {
        self.start + time.saturating_since(Time::ZERO)
    }

    /// Now, by the wall clock.
    fn wall() -> WallTime {
        WallTime(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()))
    }

    /// Waits for `time`, or for ever.
    pub(crate) async fn sleep_until(self, time: Option<Time>) {
        match time {
            Some(time) => sleep_until(self.instant(time)).await,
            None => pending().await,
        }
    }
}

impl Network {
    /// A carrier through the door of `link`, whose server is dialled as `peer`; it tells `events`.
    pub(crate) fn new(
        link: &AccessLink,
        chaff: Chaff,
        peer: Peer,
        mut entropy: Entropy,
        clock: Clock,
        (events, backlog): (mpsc::Sender<NetworkEvent>, Arc<Backlog>),
    ) -> Self {
        let authority = Authority::over(&link.transport, &link.address.host, link.address.port);
        let server = Server { spares: Spares::new(peer), authority };
        let session = Session::with_chaff(chaff, &link.code, entropy.fork(), clock.now(), Clock::wall());
        let (reporter, reports) = mpsc::channel(REPORTS_MAX);
        Self {
            session: if server.spares.peer().is_far() { session.far() } else { session },
            entropy,
            clock,
            server: Arc::new(server),
            events,
            reports,
            reporter,
            links: BTreeMap::new(),
            downs: JoinSet::new(),
            ups: JoinSet::new(),
            ups_waiting: VecDeque::new(),
            trouble: None,
            backlog,
        }
    }

    /// Carries `frames` until the session has ended or their sender is gone.
    /// At each `nudge` it tries another connection; so it does where the machine has slept.
    pub(crate) async fn run(
        mut self,
        mut frames: mpsc::UnboundedReceiver<client_frame::Frame>,
        nudge: Arc<Notify>,
    ) {
        let mut sleep = Sleep::watch(self.clock.now(), Clock::wall());
        while self.drain().await {
            if sleep.has_slept(self.clock.now(), Clock::wall()) {
                self.session.try_now(self.clock.now());
            }
            tokio::select! {
                frame = frames.recv() => match frame {
                    Some(frame) => {
                        let len = frame.encoded_len();
                        self.session.send(frame, self.clock.now());
                        self.backlog.seen(len, self.session.unacknowledged());
                    }
                    None => return,
                },
                Some(report) = self.reports.recv() => {
                    self.take(report);
                    self.backlog.seen(0, self.session.unacknowledged());
                }
                Some(_) = self.ups.join_next(), if !self.ups.is_empty() => self.start_ups(),
                Some(_) = self.downs.join_next(), if !self.downs.is_empty() => {}
                () = nudge.notified() => {
                    // Those that wait were made before whatever happened.
                    self.server.spares.clear();
                    self.session.try_now(self.clock.now());
                }
                () = self.clock.sleep_until(self.session.poll_timeout()) => {
                    self.session.handle_timeout(self.clock.now(), Clock::wall());
                }
            }
        }
    }

    /// Hands a connection's news to the session.
    fn take(&mut self, report: Report) {
        let (now, wall) = (self.clock.now(), Clock::wall());
        match report {
            Report::Answered(link, answer) if self.links.contains_key(&link) => {
                self.trouble = front_trouble(answer.status);
                self.session.link_answered(link, &answer, now, wall);
            }
            Report::Received(link, bytes) if self.links.contains_key(&link) => {
                self.session.link_received(link, &bytes, now, wall);
            }
            Report::Closed(link, trouble) if self.links.remove(&link).is_some() => {
                self.trouble = trouble.or(self.trouble.take());
                // They were opened from where the client no longer may be.
                self.server.spares.clear();
                self.session.link_closed(link, now, wall);
            }
            // Late news of a link that the session closed.
            Report::Answered(..) | Report::Received(..) | Report::Closed(..) => {}
            Report::UpDone(up, done) => {
                self.session.up_done(up, done.is_ok(), now);
                self.trouble = done.err().or(self.trouble.take());
            }
        }
    }

    /// Carries out what the session asks for; false once it has ended or nobody listens.
    async fn drain(&mut self) -> bool {
        while let Some(output) = self.session.poll_output() {
            let event = match output {
                Output::Open { link, path, cookie } => {
                    self.open(link, &path, &cookie);
                    NetworkEvent::Connecting
                }
                Output::Close { link } => {
                    self.close(link);
                    continue;
                }
                Output::Up { up, path, cookie, if_modified_since } => {
                    self.up(up, &path, &cookie, if_modified_since.as_deref());
                    continue;
                }
                Output::Frame(frame) => NetworkEvent::Frame(frame),
                Output::Connected => NetworkEvent::Connected,
                Output::Broken => NetworkEvent::Broken,
                Output::Resumed => NetworkEvent::Resumed,
                Output::Warning(text) => NetworkEvent::Warning(text),
                Output::Ended(end) => {
                    let trouble = self.trouble.take();
                    let _ = self.events.send(NetworkEvent::Ended { end, trouble }).await;
                    return false;
                }
            };
            if self.events.send(event).await.is_err() {
                return false;
            }
        }
        true
    }

    fn open(&mut self, link: LinkId, path: &str, cookie: &str) {
        let peer = self.server.spares.peer();
        if peer.is_far() {
            // Tor would lead it by the old one's circuit, and that may have ended without a word.
            self.server.spares.go_by(peer.apart(&mut self.entropy));
        }
        match download(&self.server.authority, path, cookie) {
            Ok(request) => {
                let task = down::run(link, request, Arc::clone(&self.server), self.reporter.clone());
                self.links.insert(link, self.downs.spawn(task));
            }
            Err(error) => {
                self.trouble = Some(error.to_string());
                self.session.link_closed(link, self.clock.now(), Clock::wall());
            }
        }
    }

    fn close(&mut self, link: LinkId) {
        if let Some(task) = self.links.remove(&link) {
            task.abort();
        }
    }

    fn up(&mut self, up: UpId, path: &str, cookie: &str, if_modified_since: Option<&str>) {
        match reload(&self.server.authority, path, cookie, if_modified_since) {
            Ok(request) if self.ups_waiting.len() < UPS_WAITING_MAX => {
                self.ups_waiting.push_back((up, request));
                self.start_ups();
            }
            Ok(_) | Err(_) => self.session.up_done(up, false, self.clock.now()),
        }
    }

    /// Starts waiting requests, as many at once as a browser would.
    fn start_ups(&mut self) {
        while self.ups.len() < UP_REQUESTS_MAX {
            let Some((up, request)) = self.ups_waiting.pop_front() else { return };
            let (server, reporter, running) =
                (Arc::clone(&self.server), self.reporter.clone(), self.ups.len() + 1);
            self.ups.spawn(up::run(up, request, server, running, reporter));
        }
    }
}

/// What an answer says that comes from a front end whose server does not answer it.
fn front_trouble(status: u16) -> Option<String> {
    (status >= SERVER_ERROR).then(|| text!("front-answers", status = status))
}

/// News of connections that wait for the session; beyond them, the sockets wait.
const REPORTS_MAX: usize = 32;
/// The session keeps to six at once by itself; connections may linger a little longer than it counts them.
const UPS_WAITING_MAX: usize = 32;
/// An answer's head comes at once, or something is stuck in between …
const HEAD_TIMEOUT: Duration = Duration::from_secs(20);
/// … but where the connection may have to wait for a circuit; not longer, for a request that is stuck keeps others waiting.
const FAR_HEAD_TIMEOUT: Duration = Duration::from_secs(40);
/// From here on, HTTP's statuses tell that the server has failed.
const SERVER_ERROR: u16 = 500;
/// What is read of a socket at once.
const CHUNK_BYTES_MAX: usize = 16 * 1024;

#[cfg(test)]
mod tests;

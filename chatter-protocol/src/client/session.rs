//! The client's end of a session: opens links, keeps the two byte streams whole over them, resumes what breaks.
//!
//! **In** frames to send, what answers and connections bring, the time. **Out** requests to make, frames that
//! arrived, and words about the state ([`Output`]). **Never** a socket, a frame's meaning, or trust in an HTTP
//! answer: only what the server sealed counts.
//!
//! ```text
//! Opening ──first record──▶ Live ◀──resumed──┐
//!    │                       └──broken──▶ Broken ──grace──▶ Ended
//!    └──three plain answers──▶ Ended
//! ```
//!
//! docs/protocol.md §2–5; the server's end is `server/session.rs`.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::time::Duration;

use chatter_proto::relay::{
    Chaff as FrameChaff, ClientFrame, RelayFrame, Visit, chaff, client_frame, relay_frame,
};
use zeroize::Zeroize as _;

use super::clock::ServerClock;
use super::link::{Link, Received, cookie};
use super::output::{End, LinkAnswer, Output};
use super::up::{UpId, UpStream};
use super::way_back::WayBack;
use crate::access::{AccessCode, GateKeys};
use crate::chaff::Chaff;
use crate::entropy::Entropy;
use crate::frame::{self, FrameBuffer, wide};
use crate::ids::LinkId;
use crate::limits;
use crate::record::Down;
use crate::time::{Time, WallTime};

mod opening;

/// The client's end of one session.
pub struct Session {
    code: AccessCode,
    keys: GateKeys,
    cookie_name: &'static str,
    chaff: Chaff,
    entropy: Entropy,
    phase: Phase,
    /// How long a link may take to stand, and how often a first one is tried.
    patience: Duration,
    first_tries: u32,
    /// The link that carries the session.
    link: Option<Link>,
    /// A newer one, whose message 2 or first record is still to come.
    newer: Option<Link>,
    next_link: u64,
    way_back: WayBack,
    plain_answers: u32,
    clock: ServerClock,
    up: UpStream,
    frames: FrameBuffer,
    down_next: u64,
    down_acked: u64,
    visits: Vec<Visit>,
    grace: Duration,
    broken_at: Option<Time>,
    failures: u32,
    open_at: Option<Time>,
    ack_at: Option<Time>,
    /// When a token goes up though there is nothing to say; at a constant rate, when one goes up at all.
    chaff_at: Time,
    renew_at: Option<Time>,
    leaving: bool,
    warned_of_cache: bool,
    outputs: VecDeque<Output>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Opening,
    Live,
    Broken,
    Ended,
}

impl Session {
    /// A session through the door that `code` opens; its first output asks for a link.
    pub fn new(code: &AccessCode, entropy: Entropy, now: Time, wall: WallTime) -> Self {
        Self::with_chaff(Chaff::default(), code, entropy, now, wall)
    }

    /// The same with so much chaff upwards, and as much downwards as the server grants of it.
    pub fn with_chaff(chaff: Chaff, code: &AccessCode, entropy: Entropy, now: Time, wall: WallTime) -> Self {
        let mut session = Self {
            keys: code.gate_keys(),
            cookie_name: code.server_key.cookie_name(),
            code: code.clone(),
            chaff,
            entropy,
            phase: Phase::Opening,
            patience: limits::OPENED_TIMEOUT,
            first_tries: 1,
            link: None,
            newer: None,
            next_link: 0,
            way_back: WayBack::default(),
            plain_answers: 0,
            clock: ServerClock::default(),
            up: UpStream::new(chaff),
            frames: FrameBuffer::default(),
            down_next: 0,
            down_acked: 0,
            visits: Vec::new(),
            grace: limits::GRACE_DEFAULT,
            broken_at: None,
            failures: 0,
            open_at: None,
            ack_at: None,
            chaff_at: now,
            renew_at: None,
            leaving: false,
            warned_of_cache: false,
            outputs: VecDeque::new(),
        };
        session.open(now, wall);
        session
    }

    /// The same over a way that has to be built first: each link has [`limits::FAR_OPENED_TIMEOUT`] to stand, and the first
    /// one is tried [`limits::FAR_FIRST_TRIES`] times.
    #[must_use]
    pub fn far(mut self) -> Self {
        self.patience = limits::FAR_OPENED_TIMEOUT;
        self.first_tries = limits::FAR_FIRST_TRIES;
        self.newer.iter_mut().for_each(|newer| newer.be_patient(limits::FAR_OPENED_TIMEOUT));
        self
    }

    /// Says something to the relay, once and in order.
    pub fn send(&mut self, frame: client_frame::Frame, now: Time) {
        // That somebody leaves shows anyway; what is said before is to arrive.
        self.leaving |= matches!(frame, client_frame::Frame::Quit(_));
        frame::push(&ClientFrame { frame: Some(frame) }, self.up.stream());
        self.pump(now);
    }

    /// The head of the answer to a link's request has come.
    pub fn link_answered(&mut self, link: LinkId, answer: &LinkAnswer, now: Time, wall: WallTime) {
        if self.newer.as_ref().is_none_or(|newer| newer.id != link) {
            return;
        }
        answer.date.iter().for_each(|date| self.clock.note(*date, wall));
        self.newer.iter_mut().for_each(Link::note_answer);
        if answer.status >= SERVER_ERROR {
            self.lose_link(link, now, true);
        } else if answer.status != 200 {
            self.plain_answer(now, wall);
        }
    }

    /// Bytes of a link's body have come.
    pub fn link_received(&mut self, link: LinkId, bytes: &[u8], now: Time, wall: WallTime) {
        let Some(found) = self.newer.iter_mut().chain(&mut self.link).find(|known| known.id == link) else {
            return;
        };
        for received in found.receive(bytes, now) {
            match received {
                Received::Plain => return self.plain_answer(now, wall),
                Received::Refused(refusal) => return self.refused(refusal, now),
                Received::Accepted(handle) => self.way_back.stands(handle),
                Received::Record { offset, record } => self.record(link, offset, &record, now),
                Received::Tampered => return self.lose_link(link, now, true),
            }
        }
        self.pump(now);
    }

    /// A link's connection is gone, or could not be made.
    pub fn link_closed(&mut self, link: LinkId, now: Time, wall: WallTime) {
        let answered = |newer: &Link| newer.id == link && newer.is_answered() && !newer.stands();
        if self.newer.as_ref().is_some_and(answered) && self.way_back.newest().is_none() {
            // A file that ends before message 2 is a plain file.
            self.plain_answer(now, wall);
        } else {
            self.lose_link(link, now, false);
        }
    }

    /// An up request was answered, whatever the answer, or its connection failed.
    pub fn up_done(&mut self, up: UpId, answered: bool, now: Time) {
        self.up.done(up, answered, now);
        self.pump(now);
    }

    /// Tries another connection at the next timeout, which is now: the user or his machine knows that something changed.
    pub fn try_now(&mut self, now: Time) {
        if !matches!(self.phase, Phase::Live | Phase::Broken) {
            return;
        }
        // Whatever is being tried began before that.
        if let Some(newer) = self.newer.take() {
            self.outputs.push_back(Output::Close { link: newer.id });
        }
        self.failures = 0;
        self.open_at = Some(now);
    }

    /// Bytes said and not yet taken by the relay.
    pub fn unacknowledged(&self) -> usize {
        self.up.unacknowledged()
    }

    /// Whether the session is over.
    pub fn has_ended(&self) -> bool {
        self.phase == Phase::Ended
    }

    /// Lets time pass.
    pub fn handle_timeout(&mut self, now: Time, wall: WallTime) {
        if self.phase == Phase::Ended {
            return;
        }
        if self.broken_at.is_some_and(|broken_at| broken_at + self.grace + BROKEN_SLACK <= now) {
            return self.give_up();
        }
        self.close_silent_links(now, wall);
        if self.renewal_at().is_some_and(|renew_at| renew_at <= now) {
            self.renew_at = None;
            self.open_at = Some(now);
        }
        if self.open_at.is_some_and(|open_at| open_at <= now) && self.newer.is_none() {
            self.open(now, wall);
        }
        self.pump(now);
    }

    /// When [`handle_timeout`](Self::handle_timeout) next has something to do.
    pub fn poll_timeout(&self) -> Option<Time> {
        if self.phase == Phase::Ended {
            return None;
        }
        let links = self.link.iter().chain(&self.newer).map(Link::dead_at);
        let own = [
            self.open_at.filter(|_| self.newer.is_none()),
            self.renewal_at(),
            self.broken_at.map(|broken_at| broken_at + self.grace + BROKEN_SLACK),
        ];
        let up = match (self.can_send(), self.is_paced()) {
            (false, _) => [None; 3],
            (true, true) => [None, None, Some(self.chaff_at)],
            // Where no request may go, the next answer or record makes way, not the time.
            (true, false) => {
                let ack_at = self.ack_at.zip(self.up.free_at()).map(|(ack_at, free_at)| ack_at.max(free_at));
                [ack_at, self.up.resend_at(), Some(self.chaff_at)]
            }
        };
        links.chain(own.into_iter().flatten()).chain(up.into_iter().flatten()).min()
    }

    /// The next thing to do; to be called until there is none.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn record(&mut self, link: LinkId, offset: u64, record: &Down, now: Time) {
        self.take_over(link, now);
        if let Some(current) = self.link.as_ref().filter(|current| current.id == link) {
            self.up.link_acknowledged(link, record.tags_accepted);
            if record.tags_accepted > 0 {
                current.handle().iter().for_each(|handle| self.way_back.confirmed(handle));
            }
        }
        self.up.acknowledged(record.up_next, now);
        self.up.mend_gap(now);
        if offset > self.down_next {
            return self.finish(End::Tampered);
        }
        // What another link has brought already is skipped.
        let known = usize::try_from(self.down_next.saturating_sub(offset)).unwrap_or(usize::MAX);
        let fresh = record.bytes.get(known..).unwrap_or_default();
        if !fresh.is_empty() {
            self.down_next = self.down_next.saturating_add(wide(fresh.len()));
            self.frames.receive(fresh);
            self.schedule_ack(now);
        }
        while self.phase != Phase::Ended {
            match self.frames.next_frame::<RelayFrame>() {
                Ok(None) => break,
                Ok(Some(RelayFrame { frame: Some(frame) })) => self.take_frame(frame),
                Ok(Some(RelayFrame { frame: None })) => {}
                Err(_) => self.finish(End::Tampered),
            }
        }
    }

    fn take_frame(&mut self, frame: relay_frame::Frame) {
        match frame {
            relay_frame::Frame::Welcome(welcome) => {
                self.grace = Duration::from_secs(welcome.grace_seconds.into());
                self.ask_for_chaff(welcome.chaff_most());
                self.visits = welcome.visits.clone().into_iter().filter(is_sendable).collect();
                if self.phase == Phase::Opening {
                    self.phase = Phase::Live;
                    self.outputs.push_back(Output::Connected);
                }
                // Rooms wait for others as long as the relay does.
                self.outputs.push_back(Output::Frame(relay_frame::Frame::Welcome(welcome)));
            }
            relay_frame::Frame::Bye(bye) => self.finish(End::Bye(bye.reason())),
            relay_frame::Frame::Roster(_)
            | relay_frame::Frame::Joined(_)
            | relay_frame::Frame::Left(_)
            | relay_frame::Frame::Message(_)
            | relay_frame::Frame::Direct(_)
            | relay_frame::Frame::Ack(_)
            | relay_frame::Frame::Refused(_)
            | relay_frame::Frame::Listed(_)
            | relay_frame::Frame::Listing(_) => self.outputs.push_back(Output::Frame(frame)),
        }
    }

    /// Asks for as much chaff downwards as goes upwards, or for what is granted.
    fn ask_for_chaff(&mut self, most: chaff::Rate) {
        let most = Chaff::from_frame(most);
        let granted = most.unwrap_or(Chaff::None).min(self.chaff);
        // What a session begins with need not be asked for.
        if most.is_some_and(|most| granted != most.min(Chaff::default())) {
            let asked = client_frame::Frame::Chaff(FrameChaff { rate: granted.to_frame().into() });
            frame::push(&ClientFrame { frame: Some(asked) }, self.up.stream());
        }
        if granted < self.chaff {
            let text = "this server sends less chaff than you want: who watches your connection can tell more of when \
                        others say something";
            self.outputs.push_back(Output::Warning(text.into()));
        }
    }

    fn finish(&mut self, end: End) {
        if self.phase == Phase::Ended {
            return;
        }
        self.phase = Phase::Ended;
        for link in self.link.take().into_iter().chain(self.newer.take()) {
            self.outputs.push_back(Output::Close { link: link.id });
        }
        self.up.stream().zeroize();
        self.outputs.push_back(Output::Ended(end));
    }

    fn schedule_ack(&mut self, now: Time) {
        if self.down_next - self.down_acked >= limits::ACK_BYTES {
            self.ack_at = Some(now);
        } else if self.ack_at.is_none() && self.chaff == Chaff::None {
            // Chaff acknowledges, too, and does not show that something came.
            let delay = self.entropy.between(limits::ACK_DELAY_MIN, limits::ACK_DELAY_MAX);
            self.ack_at = Some(now + delay);
        }
    }

    fn can_send(&self) -> bool {
        matches!(self.phase, Phase::Live) && self.link.is_some() && !self.visits.is_empty()
    }

    /// Whether one token goes up when its time has come, and no other.
    fn is_paced(&self) -> bool {
        self.chaff == Chaff::Constant && !self.leaving
    }

    /// Sends what may be sent: bytes, resends, and an empty batch where one is due.
    fn pump(&mut self, now: Time) {
        if !self.can_send() {
            return;
        }
        let due = self.chaff_at <= now;
        if due {
            self.chaff_at = self.chaff.next_up(self.chaff_at, now, &mut self.entropy);
        }
        if due || !self.is_paced() {
            self.send_up(due, now);
        }
        if self.up.is_answered_for() && !self.warned_of_cache {
            self.warned_of_cache = true;
            let text = "what you say does not arrive, though it is answered: something between you and the \
                        server, such as a cache, answers in its place";
            self.outputs.push_back(Output::Warning(text.into()));
        }
    }

    fn send_up(&mut self, chaff_due: bool, now: Time) {
        let paced = self.is_paced();
        let Some(link) = self.link.as_mut() else { return };
        let mut empty_due = chaff_due || self.ack_at.is_some_and(|ack_at| ack_at <= now);
        while let Some(batch) = self.up.next_batch(self.down_next, empty_due, now) {
            empty_due = false;
            let length = self.chaff.up_len(batch.bytes.len(), &mut self.entropy);
            let Some((up, token)) = link.seal_up(&batch, length) else { return };
            self.up.sent(up, &batch, now);
            self.down_acked = self.down_next;
            self.ack_at = None;
            if self.chaff == Chaff::None {
                self.chaff_at = self.chaff.next_up(self.chaff_at, now, &mut self.entropy);
            }
            let count = u32::try_from(self.visits.len()).unwrap_or(u32::MAX);
            let drawn = usize::try_from(self.entropy.below(count)).unwrap_or(0);
            let Some(visit) = self.visits.get(drawn) else { return };
            self.outputs.push_back(Output::Up {
                up,
                path: visit.path.clone(),
                cookie: cookie(self.cookie_name, &token),
                if_modified_since: Some(visit.last_modified.clone()).filter(|time| !time.is_empty()),
            });
            if paced {
                return;
            }
        }
    }
}

/// Whether a path and time from the server can stand in a request head.
fn is_sendable(visit: &Visit) -> bool {
    let visible =
        |text: &str, space| text.bytes().all(|byte| byte.is_ascii_graphic() || (space && byte == b' '));
    visit.path.starts_with('/') && visible(&visit.path, false) && visible(&visit.last_modified, true)
}

/// From here on a front end says that the server behind it does not answer; no file server says so to a download.
const SERVER_ERROR: u16 = 500;
/// How much longer than the server's grace time a client tries: its clock starts sooner.
const BROKEN_SLACK: Duration = Duration::from_secs(5);

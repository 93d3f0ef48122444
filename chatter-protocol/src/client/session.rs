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

use super::link::{Link, Received, cookie};
use super::output::{DAY, End, LinkAnswer, Output};
use super::up::{UpId, UpStream};
use crate::access::{AccessCode, GateKeys};
use crate::chaff::Chaff;
use crate::entropy::Entropy;
use crate::frame::{self, FrameBuffer, wide};
use crate::handshake::{self, Refusal, Request};
use crate::ids::LinkId;
use crate::limits;
use crate::record::Down;
use crate::time::{Time, WallTime};

/// The client's end of one session.
pub struct Session {
    code: AccessCode,
    keys: GateKeys,
    cookie_name: &'static str,
    chaff: Chaff,
    entropy: Entropy,
    phase: Phase,
    /// The link that carries the session.
    link: Option<Link>,
    /// A newer one, whose message 2 or first record is still to come.
    newer: Option<Link>,
    next_link: u64,
    /// Names the newest link whose message 2 was read.
    handle: Option<handshake::Handle>,
    /// Names the newest link that the server is known to have confirmed: the way back where a newer link came to
    /// nothing and the server forgot it for a still newer one whose message 2 was lost.
    proven: Option<handshake::Handle>,
    plain_answers: u32,
    server_date: Option<WallTime>,
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
    warned_of_clock: bool,
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
            link: None,
            newer: None,
            next_link: 0,
            handle: None,
            proven: None,
            plain_answers: 0,
            server_date: None,
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
            warned_of_clock: false,
            warned_of_cache: false,
            outputs: VecDeque::new(),
        };
        session.open(now, wall);
        session
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
        self.server_date = answer.date.or(self.server_date);
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
                Received::Accepted(handle) => self.handle = Some(handle),
                Received::Record { offset, record } => self.record(link, offset, &record, now, wall),
                Received::Tampered => return self.lose_link(link, now, true),
            }
        }
        self.pump(now);
    }

    /// A link's connection is gone, or could not be made.
    pub fn link_closed(&mut self, link: LinkId, now: Time, wall: WallTime) {
        let answered = |newer: &Link| newer.id == link && newer.is_answered() && !newer.stands();
        if self.newer.as_ref().is_some_and(answered) && self.handle.is_none() {
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
            return self.finish(End::Lost { unacknowledged: self.up.unacknowledged() });
        }
        let silent: Vec<LinkId> = self
            .link
            .iter()
            .chain(&self.newer)
            .filter(|link| link.dead_at() <= now)
            .map(|link| link.id)
            .collect();
        for link in silent {
            self.outputs.push_back(Output::Close { link });
            self.link_closed(link, now, wall);
        }
        if self.renew_at.is_some_and(|renew_at| renew_at <= now)
            && self.newer.is_none()
            && self.link.is_some()
        {
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
            self.open_at,
            self.renew_at,
            self.broken_at.map(|broken_at| broken_at + self.grace + BROKEN_SLACK),
        ];
        let up = match (self.can_send(), self.is_paced()) {
            (false, _) => [None; 3],
            (true, true) => [None, None, Some(self.chaff_at)],
            // Where no request may go, the next answer or record makes way, not the time.
            (true, false) => {
                [self.ack_at.filter(|_| self.up.is_free()), self.up.resend_at(), Some(self.chaff_at)]
            }
        };
        links.chain(own.into_iter().flatten()).chain(up.into_iter().flatten()).min()
    }

    /// The next thing to do; to be called until there is none.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn open(&mut self, now: Time, wall: WallTime) {
        self.open_at = None;
        let request = match self.handle {
            Some(handle) => Request::Resume { handle, down_offset: self.down_next },
            None => Request::Fresh,
        };
        let time = self.token_time(wall);
        let (token, offered) =
            handshake::offer_with(self.chaff, &self.code, &self.keys, &request, time, &mut self.entropy);
        let id = LinkId(self.next_link);
        self.next_link += 1;
        self.newer = Some(Link::new(id, offered, self.code.preamble_len, self.down_next, now));
        self.outputs.push_back(Output::Open {
            link: id,
            path: self.code.carrier_path.as_str().into(),
            cookie: cookie(self.cookie_name, &token),
        });
    }

    /// The first try is dated by our clock, the second by the server's. The third is dated ahead, as far as the
    /// server's window goes when it is sent: one that has just restarted takes nothing that could have been used
    /// before, which is all that is dated up to its start and a full lead beyond. The wait before the third try is
    /// what gets it past that, even where the second came in the very second of the start.
    fn token_time(&self, wall: WallTime) -> WallTime {
        match (self.plain_answers, self.server_date) {
            (0, _) | (_, None) => wall,
            (1, Some(date)) => date,
            (_, Some(date)) => {
                let ahead = limits::TOKEN_LEAD_MAX - 1 + LAST_TRY_DELAY.as_secs();
                WallTime(date.0.saturating_add(ahead))
            }
        }
    }

    fn plain_answer(&mut self, now: Time, wall: WallTime) {
        if let Some(newer) = self.newer.take() {
            self.outputs.push_back(Output::Close { link: newer.id });
        }
        if self.link.is_some() {
            // A renewal came to nothing; what carries the session still does.
            self.renew_at = Some(now + self.entropy.between(limits::REKEY_MIN, limits::REKEY_MAX));
            return;
        }
        self.plain_answers += 1;
        let difference = self.server_date.map_or(0, |date| date.0.abs_diff(wall.0));
        if difference > DAY {
            self.finish(End::ClockOff { seconds: difference });
        } else if self.plain_answers >= limits::PLAIN_ANSWERS_MAX {
            self.finish(End::PlainServer { tries: self.plain_answers });
        } else {
            let wait = if self.plain_answers == 1 { Duration::ZERO } else { LAST_TRY_DELAY };
            self.open_at = Some(now + wait);
            if wait.is_zero() {
                self.open(now, wall);
            }
        }
    }

    fn refused(&mut self, refusal: Refusal, now: Time) {
        if refusal == Refusal::UnknownSession {
            return self.find_way_back(now);
        }
        // A broken session may be resumed once the server has room again; by a code that is no more it never may.
        let lasting = matches!(refusal, Refusal::GateRetired | Refusal::Version);
        if let (false, Some(newer), Some(_)) = (lasting, &self.newer, self.handle) {
            self.lose_link(newer.id, now, true);
        } else {
            self.finish(End::Refused(refusal));
        }
    }

    /// The server does not know the handle. Nothing was confirmed by that link, so an older one may still count;
    /// where none was ever confirmed, nothing was ever taken, and a fresh session loses nothing.
    fn find_way_back(&mut self, now: Time) {
        if self.proven.is_some() && self.handle == self.proven {
            let unacknowledged = self.up.unacknowledged();
            return self.finish(End::Lost { unacknowledged });
        }
        self.handle = self.proven;
        if self.proven.is_none() {
            (self.down_next, self.down_acked, self.frames) = (0, 0, FrameBuffer::default());
        }
        if let Some(newer) = self.newer.take() {
            self.outputs.push_back(Output::Close { link: newer.id });
        }
        self.open_at = Some(now);
    }

    fn record(&mut self, link: LinkId, offset: u64, record: &Down, now: Time, wall: WallTime) {
        self.take_over(link, now, wall);
        if let Some(current) = self.link.as_ref().filter(|current| current.id == link) {
            self.up.link_acknowledged(link, record.tags_accepted);
            if record.tags_accepted > 0 {
                self.proven = current.handle();
            }
        }
        self.up.acknowledged(record.up_next, now);
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

    /// The first record of the newer link has come: it carries the session now.
    fn take_over(&mut self, id: LinkId, now: Time, wall: WallTime) {
        let Some(newer) = self.newer.take_if(|newer| newer.id == id) else { return };
        if let Some(old) = self.link.replace(newer) {
            self.outputs.push_back(Output::Close { link: old.id });
        }
        self.up.new_link(id, now);
        self.renew_at = Some(now + self.entropy.between(limits::REKEY_MIN, limits::REKEY_MAX));
        self.warn_of_clock(wall);
        (self.plain_answers, self.failures, self.broken_at, self.open_at) = (0, 0, None, None);
        if self.phase == Phase::Broken {
            self.outputs.push_back(Output::Resumed);
            self.phase = Phase::Live;
        }
    }

    fn warn_of_clock(&mut self, wall: WallTime) {
        let Some(date) = self.server_date else { return };
        let difference = date.0.abs_diff(wall.0);
        if difference > limits::TOKEN_AGE_MAX / 2 && !self.warned_of_clock {
            self.warned_of_clock = true;
            let side = if date.0 > wall.0 { "behind" } else { "ahead of" };
            let text = alloc::format!(
                "your clock is {difference} seconds {side} the server's; one of them is wrong"
            );
            self.outputs.push_back(Output::Warning(text));
        }
    }

    fn take_frame(&mut self, frame: relay_frame::Frame) {
        match frame {
            relay_frame::Frame::Welcome(welcome) => {
                self.grace = Duration::from_secs(welcome.grace_seconds.into());
                self.ask_for_chaff(welcome.chaff_most());
                self.visits = welcome.visits.into_iter().filter(is_sendable).collect();
                if self.phase == Phase::Opening {
                    self.phase = Phase::Live;
                    self.outputs.push_back(Output::Connected);
                }
            }
            relay_frame::Frame::Bye(bye) => self.finish(End::Bye(bye.reason())),
            relay_frame::Frame::Roster(_)
            | relay_frame::Frame::Joined(_)
            | relay_frame::Frame::Left(_)
            | relay_frame::Frame::Message(_)
            | relay_frame::Frame::Direct(_)
            | relay_frame::Frame::Ack(_)
            | relay_frame::Frame::Refused(_) => self.outputs.push_back(Output::Frame(frame)),
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

    /// A link is of no more use. While another carries the session that is no loss.
    fn lose_link(&mut self, id: LinkId, now: Time, close: bool) {
        let newer = self.newer.take_if(|newer| newer.id == id);
        let current = self.link.take_if(|link| link.id == id);
        if (newer.is_none() && current.is_none()) || self.phase == Phase::Ended {
            return;
        }
        if close {
            self.outputs.push_back(Output::Close { link: id });
        }
        if self.link.is_none() {
            self.broken_at.get_or_insert(now);
        }
        if self.link.is_none() && self.phase == Phase::Live {
            self.phase = Phase::Broken;
            self.outputs.push_back(Output::Broken);
        }
        if self.phase == Phase::Opening && self.handle.is_none() {
            return self.finish(End::Unreachable);
        }
        if self.newer.is_none() && self.open_at.is_none() {
            let delay = RETRY_DELAYS.get(usize::try_from(self.failures).unwrap_or(usize::MAX));
            self.failures = self.failures.saturating_add(1);
            self.open_at = Some(now + delay.copied().unwrap_or(RETRY_DELAY_MAX));
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
/// How long the third try waits: a server that has just restarted needs a moment.
const LAST_TRY_DELAY: Duration = Duration::from_secs(2);
/// Waits between attempts to resume, and the last one for ever after.
const RETRY_DELAYS: [Duration; 5] = [
    Duration::from_millis(100),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];
const RETRY_DELAY_MAX: Duration = Duration::from_secs(8);
/// How much longer than the server's grace time a client tries: its clock starts sooner.
const BROKEN_SLACK: Duration = Duration::from_secs(5);

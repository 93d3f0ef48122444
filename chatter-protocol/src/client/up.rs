//! The stream upwards on the client: what was said, what is under way, what must be sent again.
//!
//! **In** bytes to say, requests that were answered or failed, acknowledgements from the server. **Out** the next
//! batch to send. **Never** a batch sent again under its old token, or an HTTP answer taken for an acknowledgement.
//!
//! docs/protocol.md §4, §5.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::time::Duration;

use crate::chaff::Chaff;
use crate::frame::wide;
use crate::ids::LinkId;
use crate::limits;
use crate::record::Up;
use crate::time::Time;

/// Names an up request: its link and its tag's index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UpId {
    /// The link whose tag it carries.
    pub link: LinkId,
    /// The tag's index.
    pub index: u32,
}

/// What the client says, until it is acknowledged.
#[derive(Default)]
pub(super) struct UpStream {
    chaff: Chaff,
    acked: u64,
    /// From `acked` on.
    bytes: Vec<u8>,
    /// The first offset never sent.
    unsent: u64,
    flights: Vec<Flight>,
    requests: BTreeSet<UpId>,
    round_trip: Option<Duration>,
    link: Option<LinkId>,
    tags_accepted: u32,
    next_index: u32,
    /// How many links in a row were opened since nothing was acknowledged.
    stuck_links: u32,
}

/// A stretch of the stream on its way; an empty one only acknowledges.
struct Flight {
    up: UpId,
    offset: u64,
    len: usize,
    sent_at: Time,
    /// When it went over this link for the first time.
    first_sent_at: Time,
    resend_at: Time,
    /// How often it was sent over this link.
    tries: u32,
    /// How many of the tries had an HTTP answer.
    answers: u32,
}

impl UpStream {
    /// A stream whose batches hold what `chaff` lets them hold.
    pub(super) fn new(chaff: Chaff) -> Self {
        Self { chaff, ..Self::default() }
    }

    /// The stream's end, to put frames on.
    pub(super) fn stream(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Bytes that the server has not acknowledged.
    pub(super) fn unacknowledged(&self) -> usize {
        self.bytes.len()
    }

    /// A new link carries the session: what is under way over the old one goes again over this.
    pub(super) fn new_link(&mut self, link: LinkId, now: Time) {
        if self.stuck_at().is_some_and(|stuck_at| stuck_at <= now) {
            self.stuck_links = self.stuck_links.saturating_add(1);
        }
        self.flights.retain(|flight| flight.len > 0);
        self.flights.iter_mut().for_each(|flight| (flight.resend_at, flight.tries) = (now, 0));
        (self.link, self.tags_accepted, self.next_index) = (Some(link), 0, 0);
    }

    /// The next batch, if one can and should go; `empty_due`: even one without bytes.
    pub(super) fn next_batch(&self, down_ack: u64, empty_due: bool, now: Time) -> Option<Up> {
        if self.free_at().is_none_or(|free_at| now < free_at) {
            return None;
        }
        let late =
            self.flights.iter().filter(|flight| flight.resend_at <= now).min_by_key(|flight| flight.offset);
        if let Some(flight) = late {
            return Some(self.batch(down_ack, flight.offset, flight.len));
        }
        let end = self.acked + wide(self.bytes.len());
        let sendable = end.min(self.acked + limits::UP_WINDOW).saturating_sub(self.unsent);
        let len = usize::try_from(sendable).unwrap_or(usize::MAX).min(self.chaff.up_bytes_max());
        let unconfirmed = self.tags_accepted == 0 && self.flights.is_empty();
        (len > 0 || empty_due || unconfirmed).then(|| self.batch(down_ack, self.unsent, len))
    }

    /// When the next batch may go, if neither an answer nor a record must come first.
    pub(super) fn free_at(&self) -> Option<Time> {
        self.has_way().then(|| self.overtaken_until().unwrap_or(Time::ZERO))
    }

    /// Whether one more request may be under way.
    fn has_way(&self) -> bool {
        self.requests.len() < limits::UP_REQUESTS_MAX && self.next_index < self.tags_end()
    }

    /// Until when unanswered requests must not be overtaken by one more: their tags would be forgotten. Then they count as lost.
    fn overtaken_until(&self) -> Option<Time> {
        let is_old =
            |up: &UpId| Some(up.link) == self.link && up.index + limits::TAGS_BEHIND < self.next_index;
        let unanswered = |flight: &&Flight| is_old(&flight.up) && self.requests.contains(&flight.up);
        let until = |flight: &Flight| flight.resend_at.min(flight.sent_at + self.patience(1));
        self.flights.iter().filter(unanswered).map(until).max()
    }

    /// Tags from here on the server may not know yet.
    fn tags_end(&self) -> u32 {
        self.tags_accepted.saturating_add(limits::TAGS_AHEAD_CLIENT)
    }

    /// The batch that [`next_batch`](Self::next_batch) gave is on its way as `up`.
    pub(super) fn sent(&mut self, up: UpId, batch: &Up, now: Time) {
        self.requests.insert(up);
        self.next_index = up.index.saturating_add(1);
        let (offset, len) = (batch.offset, batch.bytes.len());
        self.unsent = self.unsent.max(offset + wide(len));
        let same = |flight: &Flight| flight.offset == offset && flight.len == len && flight.resend_at <= now;
        let before = self.flights.iter().position(same).map(|index| self.flights.swap_remove(index));
        if len == 0 {
            // The newest one acknowledges for all before it.
            self.flights.retain(|flight| flight.len > 0);
        }
        let (tries, answers) = before.as_ref().map_or((1, 0), |before| (before.tries + 1, before.answers));
        let first_sent_at = before.filter(|_| tries > 1).map_or(now, |before| before.first_sent_at);
        let resend_at = now + self.patience(tries);
        self.flights.push(Flight { up, offset, len, sent_at: now, first_sent_at, resend_at, tries, answers });
    }

    /// The request was answered, or its connection failed: then it goes again at once.
    pub(super) fn done(&mut self, up: UpId, answered: bool, now: Time) {
        self.requests.remove(&up);
        if answered {
            self.flights.iter_mut().filter(|flight| flight.up == up).for_each(|flight| flight.answers += 1);
        } else {
            // Not in the same instant for ever: where nobody listens, each failure is immediate.
            let failed = self.flights.iter_mut().filter(|flight| flight.up == up);
            failed.for_each(|flight| {
                flight.resend_at = now + REFUSED_DELAY * flight.tries.clamp(1, 20).saturating_sub(1)
            });
        }
    }

    /// The server has taken everything below `up_next`.
    pub(super) fn acknowledged(&mut self, up_next: u64, now: Time) {
        if up_next <= self.acked || up_next > self.unsent {
            return;
        }
        let count = usize::try_from(up_next - self.acked).unwrap_or(usize::MAX).min(self.bytes.len());
        self.bytes.drain(..count);
        self.acked = up_next;
        self.stuck_links = 0;
        let mut measured = None;
        self.flights.retain(|flight| {
            let taken = flight.len > 0 && flight.offset + wide(flight.len) <= up_next;
            if taken && flight.tries == 1 {
                measured = Some(now.saturating_since(flight.sent_at));
            }
            !taken
        });
        if let Some(measured) = measured {
            self.round_trip = Some(self.round_trip.map_or(measured, |known| (known * 7 + measured) / 8));
        }
    }

    /// The server has accepted tags of the link below `tags_accepted`.
    pub(super) fn link_acknowledged(&mut self, link: LinkId, tags_accepted: u32) {
        if self.link == Some(link) && tags_accepted > self.tags_accepted {
            self.tags_accepted = tags_accepted;
            self.stuck_links = 0;
            // Something arrives, so nobody answers in the server's place: what did not was overtaken.
            self.flights.iter_mut().for_each(|flight| flight.answers = 0);
            self.flights.retain(|flight| flight.len > 0 || flight.up.index >= tags_accepted);
        }
    }

    /// What everything after it waits for goes again at once where its tag is forgotten: it was overtaken.
    pub(super) fn mend_gap(&mut self, now: Time) {
        let (acked, accepted, link) = (self.acked, self.tags_accepted, self.link);
        let lost = |flight: &&mut Flight| {
            let is_old = flight.up.index + limits::TAGS_BEHIND + 1 < accepted;
            flight.len > 0 && flight.offset == acked && Some(flight.up.link) == link && is_old
        };
        let lost = self.flights.iter_mut().filter(lost);
        lost.for_each(|flight| flight.resend_at = flight.resend_at.min(now));
    }

    /// When something must be sent again.
    pub(super) fn resend_at(&self) -> Option<Time> {
        let earliest = self.flights.iter().map(|flight| flight.resend_at).min();
        earliest.zip(self.free_at()).map(|(resend_at, free_at)| resend_at.max(free_at))
    }

    /// When this link counts as stuck: several tries, or all tags, and some time brought no acknowledgement.
    pub(super) fn stuck_at(&self) -> Option<Time> {
        let wait = limits::STUCK_AFTER * self.stuck_links.saturating_add(1).min(STUCK_LINKS_MAX);
        let tags_left = self.next_index < self.tags_end();
        let tried = self.flights.iter().filter(|flight| !tags_left || flight.tries >= STUCK_TRIES);
        tried.map(|flight| flight.first_sent_at + wait).min()
    }

    /// A newer link was wanted and did not come to stand.
    pub(super) fn renewed_in_vain(&mut self, now: Time) {
        self.stuck_links = self.stuck_links.saturating_add(1);
        self.flights.iter_mut().for_each(|flight| flight.first_sent_at = now);
    }

    /// Whether the server has taken anything.
    pub(super) fn was_taken(&self) -> bool {
        self.acked > 0
    }

    /// Whether something was answered three times and never arrived.
    pub(super) fn is_answered_for(&self) -> bool {
        self.flights.iter().any(|flight| flight.answers >= limits::PLAIN_ANSWERS_MAX)
    }

    fn batch(&self, down_ack: u64, offset: u64, len: usize) -> Up {
        let from = usize::try_from(offset.saturating_sub(self.acked)).unwrap_or(usize::MAX);
        let until = from.saturating_add(len).min(self.bytes.len());
        let bytes = self.bytes.get(from..until).unwrap_or_default().to_vec();
        Up { down_ack, offset, bytes }
    }

    fn patience(&self, tries: u32) -> Duration {
        let least =
            if self.chaff == Chaff::Constant { limits::RESEND_CONSTANT_MIN } else { limits::RESEND_MIN };
        let first = self.round_trip.map_or(least, |trip| (trip * 4).max(least));
        (first * 2_u32.saturating_pow(tries.saturating_sub(1))).min(limits::RESEND_MAX.max(first))
    }
}

const STUCK_TRIES: u32 = 3;
const STUCK_LINKS_MAX: u32 = 12;
const REFUSED_DELAY: Duration = Duration::from_millis(200);

#[cfg(test)]
mod tests;

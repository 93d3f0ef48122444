//! One member's session on the server: two byte streams, and the links that come and go under them.
//!
//! **In** up batches, bytes for downwards, links opening and closing, the time. **Out** frames in order, sealed
//! records for each live link. **Never** a frame's meaning, a socket, or another session.
//!
//! ```text
//! Opened ──first up token──▶ Confirmed ◀──resumed──┐
//!    │                          └──link broke──▶ Detached ──grace──▶ Ended
//!    └──15 s──▶ Ended
//! ```
//!
//! docs/protocol.md §5.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use zeroize::Zeroize as _;

use super::bounds::Origin;
use super::gatekeeper::GateId;
use crate::chaff::Chaff;
use crate::entropy::Entropy;
use crate::frame::{FrameBuffer, wide};
use crate::handshake::{self, Handle};
use crate::ids::LinkId;
use crate::limits;
use crate::record::{DOWN_HEADER_LEN, DownSealer, Up};
use crate::tag::TagWindow;
use crate::time::Time;

/// Where a session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Message 2 was sent; nothing has come upwards yet. Counts for nothing.
    Opened,
    /// Its peer has proved to hold the link's keys, and a link is live.
    Confirmed,
    /// No live link: kept for the grace time.
    Detached,
}

/// One member's session.
pub(super) struct Session {
    pub(super) gate: GateId,
    /// Where it comes from, if that counts: the origin of its newest confirmed link.
    pub(super) origin: Option<Origin>,
    pub(super) opened_at: Time,
    pub(super) frames: FrameBuffer,
    pub(super) confirmed: Option<Link>,
    pub(super) newer: Option<Link>,
    chaff: Chaff,
    detached_at: Option<Time>,
    up_next: u64,
    up_early: BTreeMap<u64, Vec<u8>>,
    down_acked: u64,
    down: Vec<u8>,
}

/// One down connection and what belongs to it.
pub(super) struct Link {
    pub(super) id: LinkId,
    pub(super) handle: Handle,
    pub(super) window: TagWindow,
    pub(super) live: bool,
    origin: Option<Origin>,
    sealer: DownSealer,
    sent: u64,
    room_left: u64,
    record_due: bool,
    /// Whether the first record has gone, which waits for no turn.
    begun: bool,
    chaff_at: Time,
    heard_at: Time,
}

/// What sealing a link's share came to.
pub(super) struct Flushed {
    pub(super) link: LinkId,
    pub(super) records: Vec<u8>,
    /// The carrier's length is used up: the link is over.
    pub(super) exhausted: bool,
}

impl Link {
    /// A live link on `root`, with `room_left` bytes of the carrier for its records, that sends from `sent` on.
    pub(super) fn new(
        id: LinkId,
        origin: Option<Origin>,
        root: &[u8; 32],
        sent: u64,
        room_left: u64,
        now: Time,
    ) -> Self {
        Self {
            id,
            origin,
            handle: handshake::handle(root),
            window: TagWindow::new(root),
            live: true,
            sealer: DownSealer::new(root),
            sent,
            room_left,
            record_due: false,
            begun: false,
            // The first record sets it.
            chaff_at: now,
            heard_at: now,
        }
    }

    /// A record goes out at the next flush, even if it holds no bytes.
    pub(super) fn owe_record(&mut self) {
        self.record_due = true;
    }
}

impl Session {
    pub(super) fn new(gate: GateId, link: Link, now: Time) -> Self {
        Self {
            gate,
            origin: link.origin,
            opened_at: now,
            frames: FrameBuffer::default(),
            confirmed: None,
            newer: Some(link),
            chaff: Chaff::default(),
            detached_at: None,
            up_next: 0,
            up_early: BTreeMap::new(),
            down_acked: 0,
            down: Vec::new(),
        }
    }

    pub(super) fn state(&self) -> State {
        match (&self.confirmed, self.detached_at) {
            (None, _) => State::Opened,
            (Some(_), None) => State::Confirmed,
            (Some(_), Some(_)) => State::Detached,
        }
    }

    pub(super) fn links(&self) -> impl Iterator<Item = &Link> {
        self.confirmed.iter().chain(&self.newer)
    }

    pub(super) fn link_mut(&mut self, id: LinkId) -> Option<&mut Link> {
        self.confirmed.iter_mut().chain(&mut self.newer).find(|link| link.id == id)
    }

    /// From now on so much is sent that says nothing.
    pub(super) fn set_chaff(&mut self, chaff: Chaff, now: Time) {
        if self.chaff != chaff {
            self.chaff = chaff;
            let links = self.confirmed.iter_mut().chain(&mut self.newer).filter(|link| link.begun);
            links.for_each(|link| link.chaff_at = now);
        }
    }

    /// From where on the stream downwards is sent to who lacks it from `offset` on. What was acknowledged while he asked
    /// has come to him by another link.
    pub(super) fn resume_offset(&self, offset: u64) -> Option<u64> {
        (offset <= self.down_end()).then_some(offset.max(self.down_acked))
    }

    /// Puts a newer link under the session; returns the unconfirmed one that it replaces.
    pub(super) fn attach(&mut self, link: Link) -> Option<Link> {
        self.newer.replace(link)
    }

    /// The first up token of the link `id` opened: it is the session's link now. Returns the one it replaces, or
    /// nothing if it was confirmed before.
    pub(super) fn confirm(&mut self, id: LinkId, now: Time) -> Option<Confirmation> {
        let link = self.newer.take_if(|newer| newer.id == id)?;
        self.origin = link.origin;
        let replaced = self.confirmed.replace(link);
        self.note_liveness(now);
        Some(Confirmation { replaced })
    }

    /// The link's connection is gone. What was sent may be lost, so the link sends no more.
    pub(super) fn link_closed(&mut self, id: LinkId, now: Time) {
        if let Some(link) = self.link_mut(id) {
            link.live = false;
        }
        self.note_liveness(now);
    }

    /// Takes a batch that came by the link `id`. Bytes outside the window are dropped without complaint.
    pub(super) fn receive(&mut self, id: LinkId, batch: Up, now: Time) {
        // At a constant rate nothing is due but by the time.
        let answers = self.chaff != Chaff::Constant;
        if let Some(link) = self.link_mut(id) {
            link.heard_at = now;
            link.record_due |= answers;
        }
        self.acknowledge(batch.down_ack);
        if batch.bytes.is_empty() {
            return;
        }
        let end = batch.offset.saturating_add(wide(batch.bytes.len()));
        // An honest client's batches never overlap, so what waits fits the window.
        let waiting = self.up_early.values().map(|bytes| wide(bytes.len())).sum::<u64>();
        let fits = waiting.saturating_add(wide(batch.bytes.len())) <= limits::UP_WINDOW;
        if fits && end > self.up_next && end <= self.up_next.saturating_add(limits::UP_WINDOW) {
            let known = self.up_early.entry(batch.offset).or_default();
            if known.len() < batch.bytes.len() {
                *known = batch.bytes;
            }
        }
        while let Some(entry) = self.up_early.first_entry() {
            let (offset, length) = (*entry.key(), wide(entry.get().len()));
            if offset > self.up_next {
                break;
            }
            let bytes = entry.remove();
            let known = usize::try_from(self.up_next - offset).unwrap_or(usize::MAX);
            if let Some(fresh) = bytes.get(known..) {
                self.frames.receive(fresh);
                self.up_next = self.up_next.max(offset.saturating_add(length));
            }
        }
    }

    /// The end of the stream downwards, to put frames on. [`queued`](Self::queued) tells when it is too long.
    pub(super) fn down(&mut self) -> &mut Vec<u8> {
        &mut self.down
    }

    /// Bytes that wait to be acknowledged.
    pub(super) fn queued(&self) -> usize {
        self.down.len()
    }

    /// Seals what each live link has yet to send, chaff if a record is due and there is nothing else.
    pub(super) fn flush(&mut self, now: Time, entropy: &mut Entropy) -> Vec<Flushed> {
        self.flush_links(false, now, entropy)
    }

    /// The same for the last time: nothing waits for its turn.
    pub(super) fn flush_all(&mut self, now: Time, entropy: &mut Entropy) -> Vec<Flushed> {
        self.flush_links(true, now, entropy)
    }

    fn flush_links(&mut self, last: bool, now: Time, entropy: &mut Entropy) -> Vec<Flushed> {
        let share = Share {
            down: &self.down,
            acked: self.down_acked,
            up_next: self.up_next,
            chaff: self.chaff,
            last,
        };
        let links = self.confirmed.iter_mut().chain(&mut self.newer).filter(|link| link.live);
        let flushed: Vec<Flushed> = links.filter_map(|link| link.flush(&share, now, entropy)).collect();
        if flushed.iter().any(|flushed| flushed.exhausted) {
            self.note_liveness(now);
        }
        flushed
    }

    /// When [`expired`](Self::expired) or [`flush`](Self::flush) next has something to do.
    pub(super) fn deadline(&self, grace: Duration) -> Time {
        let live = self.links().filter(|link| link.live);
        // A record that is due goes out at the next flush, which sets the next time.
        let times =
            live.flat_map(|link| [link.silence_end(), if link.record_due { NEVER } else { link.chaff_at }]);
        times.fold(self.end_of_patience(grace), Time::min)
    }

    /// Marks records that are due and links that fell silent. Returns the links to be closed, and whether the
    /// session has outlived its patience.
    pub(super) fn expired(&mut self, grace: Duration, now: Time) -> (Vec<LinkId>, bool) {
        let mut silent = Vec::new();
        for link in self.confirmed.iter_mut().chain(&mut self.newer).filter(|link| link.live) {
            link.record_due |= link.chaff_at <= now;
            if link.silence_end() <= now {
                link.live = false;
                silent.push(link.id);
            }
        }
        self.note_liveness(now);
        (silent, self.end_of_patience(grace) <= now)
    }

    fn end_of_patience(&self, grace: Duration) -> Time {
        match (&self.confirmed, self.detached_at) {
            (None, _) => self.opened_at + limits::OPENED_TIMEOUT,
            (Some(_), Some(detached_at)) => detached_at + grace,
            (Some(_), None) => NEVER,
        }
    }

    fn note_liveness(&mut self, now: Time) {
        let live = self.links().any(|link| link.live);
        self.detached_at = if live { None } else { self.detached_at.or(Some(now)) };
    }

    fn acknowledge(&mut self, offset: u64) {
        if offset <= self.down_acked || offset > self.down_end() {
            return;
        }
        let count = usize::try_from(offset - self.down_acked).unwrap_or(0);
        self.down_acked = offset;
        if count == self.down.len() {
            self.down.zeroize();
            // An idle member should cost little. Shrunk where it lies, a buffer would keep its neighbours apart.
            if self.down.capacity() > IDLE_CAPACITY {
                self.down = Vec::new();
            }
        } else {
            self.down.drain(..count);
        }
    }

    fn down_end(&self) -> u64 {
        self.down_acked.saturating_add(wide(self.down.len()))
    }
}

/// A link came to be the session's own.
pub(super) struct Confirmation {
    /// The link before.
    pub(super) replaced: Option<Link>,
}

/// What a session's links have to carry.
struct Share<'a> {
    down: &'a [u8],
    acked: u64,
    up_next: u64,
    chaff: Chaff,
    /// Nothing comes after this.
    last: bool,
}

impl Link {
    fn flush(&mut self, share: &Share<'_>, now: Time, entropy: &mut Entropy) -> Option<Flushed> {
        let chaff = share.chaff;
        let due = self.chaff_at <= now;
        // At a constant rate one record goes when it is due, and no other.
        let paced = chaff == Chaff::Constant && self.begun && !share.last;
        if paced && !due {
            return None;
        }
        self.record_due |= due;
        let mut records = Vec::new();
        let mut exhausted = false;
        // What a link has sent may have been acknowledged by way of another.
        self.sent = self.sent.max(share.acked);
        loop {
            let from = usize::try_from(self.sent - share.acked).unwrap_or(usize::MAX);
            let unsent = share.down.get(from..).unwrap_or_default();
            if (unsent.is_empty() && !self.record_due) || (paced && !records.is_empty()) {
                break;
            }
            let bytes = unsent.get(..chaff.down_bytes_max()).unwrap_or(unsent);
            // The last record of a carrier is as long as there is room: a small carrier brings something, too.
            let room = usize::try_from(self.room_left).unwrap_or(usize::MAX);
            let room = room.saturating_sub(DownSealer::sealed_len(0));
            let content_len = chaff.down_len(bytes.len(), entropy).min(room);
            let bytes_max = content_len.checked_sub(DOWN_HEADER_LEN);
            let Some(bytes_max) = bytes_max.filter(|max| *max > 0 || bytes.is_empty()) else {
                exhausted = true;
                self.live = false;
                break;
            };
            let bytes = bytes.get(..bytes_max).unwrap_or(bytes);
            let length = wide(DownSealer::sealed_len(content_len));
            if records.is_empty() {
                records.reserve_exact(usize::try_from(length).unwrap_or(0));
            }
            self.sealer.seal(share.up_next, self.window.accepted(), bytes, content_len, &mut records);
            self.room_left -= length;
            self.sent += wide(bytes.len());
            self.record_due = false;
        }
        if records.is_empty() && !exhausted {
            return None;
        }
        // Chaff comes at times of its own, whatever goes between; without it, a record for another reason serves.
        if due || chaff == Chaff::None || !self.begun {
            self.chaff_at = chaff.next_down(self.chaff_at, now, entropy);
        }
        self.begun = true;
        Some(Flushed { link: self.id, records, exhausted })
    }

    fn silence_end(&self) -> Time {
        self.heard_at + limits::UP_SILENCE_MAX
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.down.zeroize();
        self.up_early.values_mut().for_each(|bytes| bytes.zeroize());
    }
}

const NEVER: Time = Time::MAX;
const IDLE_CAPACITY: usize = 256;

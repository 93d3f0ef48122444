//! Files on their way between members: offers, windows, resumption (§14).
//!
//! **In** what the user wants, steps of others, who comes and goes, bytes read and written. **Out** steps to send, bytes to
//! write, what became of it ([`Output`]). **Never** a file, a clock, or a byte to write before the user said yes.
//!
//! ```text
//! giver  Offered ──Grant──> Giving ──Kept──> over        taker  Offered ──user──> Taking ──all written──> over
//!                            │   ^                                               │   ^
//!                       gone └─>─┘ Resume                                   gone └─>─┘ Resume to newcomers
//! ```
//!
//! It outlives sessions: what belongs together again after one was lost, only giver and taker can tell.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;

use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::frame::wide;
use crate::ids::MemberId;
use crate::limits;

mod file_name;
mod step;
#[cfg(test)]
mod tests;

pub use file_name::FileName;
pub use step::{Offer, Reason, Step, TransferId};

/// All files on their way in one room.
#[derive(Clone, Debug, Default)]
pub struct Transfers {
    /// Our id in this stay; none while we are in no room.
    own: Option<MemberId>,
    /// Who is here.
    present: BTreeSet<MemberId>,
    giving: BTreeMap<TransferId, Giving>,
    taking: BTreeMap<TransferId, Taking>,
    /// Whose turn it was last.
    turn: Option<TransferId>,
    /// Taken to the end, and how long they were: the giver may not have heard of it.
    kept: VecDeque<(TransferId, u64)>,
    output: VecDeque<Output>,
}

/// What is to be done or shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// A step for this member.
    Send(MemberId, Step),
    /// Somebody offers a file.
    Offered(TransferId, MemberId, Offer),
    /// The taker said yes.
    Accepted(TransferId),
    /// So many bytes have arrived at the taker.
    Given(TransferId, u64),
    /// To be written at the end of what was written before.
    Write(TransferId, Zeroizing<Vec<u8>>),
    /// All is written: its hash is to be compared.
    Complete(TransferId),
    /// The taker has it, whole.
    Kept(TransferId),
    /// The other is gone; it goes on when he is back.
    Paused(TransferId),
    /// He is back, and has so many bytes or gets those after them.
    Resumed(TransferId, u64),
    /// Nothing more comes of it, for the other's reason; none where he is gone and had not begun.
    Ended(TransferId, Option<Reason>),
}

/// What we send.
#[derive(Clone, Debug)]
struct Giving {
    to: Option<MemberId>,
    size: u64,
    accepted: bool,
    /// What the taker has said that he has.
    taken: u64,
    /// What was sent.
    next: u64,
    /// What may be sent.
    until: u64,
    /// Whether bytes from `next` on are being read.
    reading: bool,
}

/// What we receive.
#[derive(Clone, Debug)]
struct Taking {
    from: Option<MemberId>,
    size: u64,
    accepted: bool,
    /// What has come.
    have: u64,
    /// What is written of it.
    written: u64,
    /// What may come.
    until: u64,
}

impl Transfers {
    /// We are in the room, under this id.
    pub fn entered(&mut self, own: MemberId) {
        self.own = Some(own);
    }

    /// We are in the room no longer.
    pub fn left(&mut self) {
        self.own = None;
        for member in core::mem::take(&mut self.present) {
            self.part(&member);
        }
    }

    /// Somebody is here whose program takes files.
    pub fn member_joined(&mut self, member: MemberId) {
        self.present.insert(member);
        let waiting: Vec<TransferId> = self.waiting().collect();
        waiting.iter().for_each(|id| self.seek(id, &member));
        let kept: Vec<_> = self.kept.iter().copied().collect();
        kept.iter().for_each(|(id, size)| self.seek_at(id, &member, (*size, *size), true));
    }

    /// Somebody has left.
    pub fn member_left(&mut self, member: &MemberId) {
        if self.present.remove(member) {
            self.part(member);
            // He may be here already under his new id.
            let waiting: Vec<TransferId> = self.waiting().collect();
            for id in waiting {
                self.present.clone().iter().for_each(|other| self.seek(&id, other));
            }
        }
    }

    /// Offers a file. False where so many are offered already.
    pub fn offer(&mut self, id: TransferId, to: MemberId, offer: Offer) -> bool {
        if self.giving.len() >= limits::GIVING_MAX {
            // Offered to somebody who has gone without an answer.
            let stale = self.giving.iter().find(|(_, it)| it.to.is_none() && !it.accepted);
            let Some(stale) = stale.map(|(id, _)| *id) else { return false };
            self.giving.remove(&stale);
            self.output.push_back(Output::Ended(stale, None));
        }
        if self.giving.contains_key(&id) {
            return false;
        }
        let size = offer.size;
        let giving =
            Giving { to: Some(to), size, accepted: false, taken: 0, next: 0, until: 0, reading: false };
        self.giving.insert(id, giving);
        self.output.push_back(Output::Send(to, Step::Offer(id, offer)));
        true
    }

    /// Takes what was offered, now that there is somewhere to write it. False where it is offered no longer or so many are
    /// taken already.
    pub fn accept(&mut self, id: &TransferId) -> bool {
        let active = self.taking.values().filter(|taking| taking.accepted).count();
        let Some(taking) = self.taking.get_mut(id).filter(|taking| !taking.accepted) else { return false };
        if active >= limits::TAKING_MAX {
            return false;
        }
        taking.accepted = true;
        let (from, size) = (taking.from, taking.size);
        let until = self.grantable(id).unwrap_or(0);
        if let (Some(from), Some(taking)) = (from, self.taking.get_mut(id)) {
            taking.until = until;
            self.output.push_back(Output::Send(from, Step::Grant { id: *id, have: 0, until }));
        }
        if size == 0 {
            self.output.push_back(Output::Complete(*id));
        }
        true
    }

    /// Whether it can be accepted.
    pub fn is_offered(&self, id: &TransferId) -> bool {
        self.taking.get(id).is_some_and(|taking| !taking.accepted)
    }

    /// Ends a transfer and tells the other why.
    pub fn cancel(&mut self, id: &TransferId, reason: Reason) {
        let other = match (self.giving.remove(id), self.taking.remove(id)) {
            (Some(giving), _) => giving.to,
            (None, Some(taking)) => taking.from,
            (None, None) => None,
        };
        if let Some(other) = other {
            self.output.push_back(Output::Send(other, Step::Cancel(*id, reason)));
        }
        self.grant_all();
    }

    /// What was taken has been kept: its hash was right.
    pub fn kept(&mut self, id: &TransferId) {
        let Some(taking) = self.taking.remove(id) else { return };
        if self.kept.len() >= limits::KEPT_REMEMBERED {
            self.kept.pop_front();
        }
        self.kept.push_back((*id, taking.size));
        match taking.from {
            Some(from) => self.output.push_back(Output::Send(from, Step::Kept(*id))),
            // Back, and the giver not found yet: whoever of them he is hears it.
            None => {
                let present: Vec<MemberId> = self.present.iter().copied().collect();
                present.iter().for_each(|member| self.seek_at(id, member, (taking.size, taking.size), true));
            }
        }
        self.grant_all();
    }

    /// What to read and hand to [`read`](Self::read), if anything may be sent: transfer, offset, length. Those under way
    /// take turns. To be called when talk has nothing to send.
    pub fn next_read(&mut self) -> Option<(TransferId, u64, usize)> {
        let id = self.readable()?;
        let giving = self.giving.get_mut(&id)?;
        giving.reading = true;
        self.turn = Some(id);
        let len = usize::try_from(giving.until.saturating_sub(giving.next)).unwrap_or(usize::MAX);
        Some((id, giving.next, len.min(limits::CHUNK_LEN_MAX)))
    }

    /// Whether [`next_read`](Self::next_read) would give anything.
    pub fn has_more(&self) -> bool {
        self.readable().is_some()
    }

    /// Bytes that [`next_read`](Self::next_read) asked for; those of before a resumption are dropped.
    pub fn read(&mut self, id: &TransferId, offset: u64, data: Zeroizing<Vec<u8>>) {
        let Some(giving) = self.giving.get_mut(id) else { return };
        let wanted = core::mem::take(&mut giving.reading) && offset == giving.next;
        let after = offset.saturating_add(wide(data.len()));
        let Some(to) = giving.to.filter(|_| wanted && !data.is_empty() && after <= giving.until) else {
            return;
        };
        giving.next = after;
        self.output.push_back(Output::Send(to, Step::Chunk { id: *id, offset, data }));
    }

    /// So many bytes are written by now, in all.
    pub fn written(&mut self, id: &TransferId, written: u64) {
        let Some(taking) = self.taking.get_mut(id) else { return };
        let before = taking.written;
        taking.written = written.min(taking.have).max(before);
        if before < taking.size && taking.written == taking.size {
            self.output.push_back(Output::Complete(*id));
        }
        self.grant_all();
    }

    /// Takes a step of a member.
    pub fn receive(&mut self, from: MemberId, step: Step) {
        match step {
            Step::Offer(id, offer) => self.offered(from, id, offer),
            Step::Grant { id, have, until } => self.granted(from, id, have, until),
            Step::Resume { proof, have, until, kept } => self.resumed(from, &proof, (have, until), kept),
            Step::Chunk { id, offset, data } => self.chunk(from, id, offset, data),
            Step::Kept(id) if self.giving.get(&id).is_some_and(|it| it.to == Some(from) && it.accepted) => {
                self.giving.remove(&id);
                self.output.push_back(Output::Kept(id));
            }
            Step::Cancel(id, reason) if self.other(&id) == Some(from) => {
                self.giving.remove(&id);
                self.taking.remove(&id);
                self.output.push_back(Output::Ended(id, Some(reason)));
                self.grant_all();
            }
            // Of something that is over.
            Step::Kept(_) | Step::Cancel(..) => {}
        }
    }

    /// The next thing to do; drain it after each call above.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.output.pop_front()
    }

    fn other(&self, id: &TransferId) -> Option<MemberId> {
        self.giving.get(id).and_then(|it| it.to).or_else(|| self.taking.get(id).and_then(|it| it.from))
    }

    fn offered(&mut self, from: MemberId, id: TransferId, offer: Offer) {
        // His own doing; nothing is lost by it.
        if self.taking.contains_key(&id) || self.giving.contains_key(&id) {
            return;
        }
        let waiting = || self.taking.values().filter(|taking| !taking.accepted);
        let his = waiting().filter(|taking| taking.from == Some(from)).count();
        if his >= limits::OFFERS_MEMBER_MAX || waiting().count() >= limits::OFFERS_MAX {
            return self.output.push_back(Output::Send(from, Step::Cancel(id, Reason::Busy)));
        }
        let size = offer.size;
        let taking = Taking { from: Some(from), size, accepted: false, have: 0, written: 0, until: 0 };
        self.taking.insert(id, taking);
        self.output.push_back(Output::Offered(id, from, offer));
    }

    fn granted(&mut self, from: MemberId, id: TransferId, have: u64, until: u64) {
        let Some(giving) = self.giving.get_mut(&id).filter(|giving| giving.to == Some(from)) else { return };
        if have > giving.next || until > giving.size {
            return self.breach(id);
        }
        if !core::mem::replace(&mut giving.accepted, true) {
            self.output.push_back(Output::Accepted(id));
        }
        giving.until = giving.until.max(until);
        if have > giving.taken {
            giving.taken = have;
            self.output.push_back(Output::Given(id, have));
        }
    }

    fn resumed(&mut self, from: MemberId, proof: &[u8; 32], (have, until): (u64, u64), kept: bool) {
        let Some(own) = self.own else { return };
        let meant = |(id, _): &(&TransferId, &mut Giving)| bool::from(id.proof(&from, &own).ct_eq(proof));
        let Some((id, giving)) = self.giving.iter_mut().find(meant) else { return };
        let id = *id;
        if until > giving.size || have > giving.next {
            giving.to = Some(from);
            return self.breach(id);
        }
        if kept {
            self.giving.remove(&id);
            return self.output.push_back(Output::Kept(id));
        }
        (giving.to, giving.next, giving.taken, giving.until) = (Some(from), have, have, until);
        (giving.accepted, giving.reading) = (true, false);
        self.output.push_back(Output::Resumed(id, have));
        // By this he knows whom he has found.
        let step = Step::Chunk { id, offset: have, data: Zeroizing::default() };
        self.output.push_back(Output::Send(from, step));
    }

    fn chunk(&mut self, from: MemberId, id: TransferId, offset: u64, data: Zeroizing<Vec<u8>>) {
        // Whoever names the id of one that waits is its giver.
        let is_his = |taking: &Taking| taking.from.map_or(taking.accepted, |known| known == from);
        let Some(taking) = self.taking.get_mut(&id).filter(|taking| is_his(taking)) else { return };
        let after = offset.saturating_add(wide(data.len()));
        if !taking.accepted || offset != taking.have || after > taking.until {
            return self.breach(id);
        }
        taking.have = after;
        if taking.from.replace(from).is_none() {
            self.output.push_back(Output::Resumed(id, offset));
        }
        if data.is_empty() {
            return self.grant_all();
        }
        self.output.push_back(Output::Write(id, data));
    }

    /// Ends what can't have been meant.
    fn breach(&mut self, id: TransferId) {
        self.cancel(&id, Reason::BrokeRules);
        self.output.push_back(Output::Ended(id, Some(Reason::BrokeRules)));
    }

    /// Somebody is gone: what had begun waits for him, what had not is over.
    fn part(&mut self, member: &MemberId) {
        let (mut paused, mut over) = (Vec::new(), Vec::new());
        for (id, giving) in self.giving.iter_mut().filter(|(_, giving)| giving.to == Some(*member)) {
            (giving.to, giving.reading) = (None, false);
            // He may have said yes, and it was lost: then he will ask for it under his new id.
            if giving.accepted {
                paused.push(*id);
            }
        }
        for (id, taking) in self.taking.iter_mut().filter(|(_, taking)| taking.from == Some(*member)) {
            (taking.from, taking.until) = (None, taking.have);
            if taking.accepted { paused.push(*id) } else { over.push(*id) }
        }
        for id in over {
            self.taking.remove(&id);
            self.output.push_back(Output::Ended(id, None));
        }
        self.output.extend(paused.into_iter().map(Output::Paused));
    }

    /// What we take from somebody who is gone.
    fn waiting(&self) -> impl Iterator<Item = TransferId> {
        self.taking.iter().filter(|(_, taking)| taking.accepted && taking.from.is_none()).map(|(id, _)| *id)
    }

    /// Asks somebody whether he is the giver.
    fn seek(&mut self, id: &TransferId, member: &MemberId) {
        let Some(taking) = self.taking.get(id) else { return };
        let window = (taking.have, taking.until.max(taking.have));
        self.seek_at(id, member, window, false);
    }

    fn seek_at(&mut self, id: &TransferId, member: &MemberId, (have, until): (u64, u64), kept: bool) {
        let Some(own) = self.own else { return };
        let proof = id.proof(&own, member);
        self.output.push_back(Output::Send(*member, Step::Resume { proof, have, until, kept }));
    }

    /// Whose turn it is to be read.
    fn readable(&self) -> Option<TransferId> {
        let reading = self.giving.values().filter(|giving| giving.reading).count();
        if reading >= READING_MAX {
            return None;
        }
        let able = |(id, giving): (&TransferId, &Giving)| {
            let ready = giving.accepted && !giving.reading && giving.to.is_some();
            (ready && giving.next < giving.until).then_some(*id)
        };
        let last = self.turn.unwrap_or(TransferId::new([0; 16]));
        let mut later = self.giving.range((core::ops::Bound::Excluded(last), core::ops::Bound::Unbounded));
        later.find_map(able).or_else(|| self.giving.iter().find_map(able))
    }

    /// Up to where a giver may send, so that all of them together keep to the window.
    fn grantable(&self, id: &TransferId) -> Option<u64> {
        let taking = self.taking.get(id)?;
        let active = wide(self.taking.values().filter(|taking| taking.accepted).count()).max(1);
        let open = |taking: &Taking| taking.until.saturating_sub(taking.written);
        let others: u64 = self.taking.values().map(open).sum::<u64>() - open(taking);
        let free = limits::TAKING_WINDOW.saturating_sub(others);
        let share = (limits::TAKING_WINDOW / active).max(wide(limits::CHUNK_LEN_MAX)).min(free);
        Some((taking.written + share).min(taking.size).max(taking.until))
    }

    /// Lets givers go on where enough has been written.
    fn grant_all(&mut self) {
        let ids: Vec<TransferId> = self.taking.keys().copied().collect();
        for id in ids {
            let Some(until) = self.grantable(&id) else { continue };
            let Some(taking) = self.taking.get_mut(&id) else { continue };
            let Some(from) = taking.from.filter(|_| taking.accepted) else { continue };
            let more = until.saturating_sub(taking.until);
            if more >= GRANT_MIN || (more > 0 && (until == taking.size || taking.until == taking.written)) {
                taking.until = until;
                let have = taking.written;
                self.output.push_back(Output::Send(from, Step::Grant { id, have, until }));
            }
        }
    }
}

/// So many reads at once: one is sent while the next is read.
const READING_MAX: usize = 2;
/// A grant is worth a frame when so much may be sent by it.
const GRANT_MIN: u64 = 3 * limits::CHUNK_LEN_MAX as u64;

//! Messages that came before one that their sender had heard: shown after it, or when it has not come for too long.
//!
//! **In** messages in the order of their coming. **Out** the next that may be shown. **Never** a message before an
//! earlier one of the same sender, nor more than [`limits::HELD_MAX`] that wait.

use alloc::collections::VecDeque;
use alloc::string::String;

use zeroize::Zeroizing;

use crate::ids::MemberId;
use crate::limits;
use crate::room::view::{Heads, Named, ViewId};
use crate::time::Time;

/// A message that came, with what it says of others.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) from: MemberId,
    /// Its place among its sender's.
    pub(super) number: u64,
    pub(super) text: Option<Zeroizing<String>>,
    pub(super) view: ViewId,
    pub(super) heads: Heads,
    /// What the heads say of those whom we knew when it came.
    pub(super) named: Named,
    pub(super) until: Time,
}

/// All that wait, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    messages: VecDeque<Held>,
}

impl Waiting {
    pub(super) fn push(&mut self, held: Held) {
        self.messages.push_back(held);
    }

    /// The next message that may be shown: its time is over, there are too many, or it lacks nothing, which
    /// `received` (how many messages of somebody came; none where he is not with us) and what waits itself decide.
    pub(super) fn pop(&mut self, now: Time, received: impl Fn(&MemberId) -> Option<u64>) -> Option<Held> {
        let too_many = self.messages.len() > limits::HELD_MAX;
        let may = |place: usize, held: &Held| {
            let before = || self.messages.iter().take(place);
            if before().any(|earlier| earlier.from == held.from) {
                return false;
            }
            let lacks = |(id, count): (&MemberId, &u64)| {
                let waits = self.messages.iter().any(|other| other.from == *id && other.number <= *count);
                *id != held.from && (waits || received(id).is_some_and(|received| received < *count))
            };
            (too_many && place == 0) || held.until <= now || !held.named.counts.iter().any(lacks)
        };
        let place = self.messages.iter().enumerate().position(|(place, held)| may(place, held))?;
        self.messages.remove(place)
    }

    /// The next message of somebody who left, whatever it lacks.
    pub(super) fn pop_of(&mut self, from: &MemberId) -> Option<Held> {
        let place = self.messages.iter().position(|held| held.from == *from)?;
        self.messages.remove(place)
    }

    /// How many messages of somebody were shown, where `received` came.
    pub(super) fn shown(&self, from: &MemberId, received: u64) -> u64 {
        let first = self.messages.iter().find(|held| held.from == *from);
        first.map_or(received, |held| held.number.saturating_sub(1))
    }

    /// When the next one's time is over.
    pub(super) fn until(&self) -> Option<Time> {
        self.messages.iter().map(|held| held.until).min()
    }

    /// Everything waits for as long again.
    pub(super) fn wait_anew(&mut self, until: Time) {
        self.messages.iter_mut().for_each(|held| held.until = until);
    }

    pub(super) fn clear(&mut self) {
        self.messages.clear();
    }
}

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

    pub(super) fn count(&self) -> usize {
        self.messages.len()
    }

    /// Bytes of all that wait.
    pub(super) fn bytes(&self) -> usize {
        let texts = self.messages.iter().map(|held| {
            let text = held.text.as_ref().map_or(0, |text| text.capacity());
            let named = held.named.counts.len() * size_of::<(MemberId, u64)>();
            size_of::<Held>() + text + held.heads.named() * size_of::<(u32, u64)>() + named
        });
        texts.sum()
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

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;
    use core::time::Duration;

    use super::*;

    fn member(number: u8) -> MemberId {
        MemberId::new([number; 16])
    }

    fn held(from: u8, number: u64, needs: &[(u8, u64)]) -> Held {
        let counts = needs.iter().map(|(id, count)| (member(*id), *count)).collect();
        Held {
            from: member(from),
            number,
            text: None,
            view: ViewId::default(),
            heads: Heads::default(),
            named: Named { counts, complete: true },
            until: Time::ZERO + limits::HOLD_MAX,
        }
    }

    /// In which order what waits is shown, where `received` came of each.
    fn shown(waiting: &mut Waiting, now: Time, received: &[(u8, u64)]) -> Vec<(u8, u64)> {
        let of =
            |id: &MemberId| received.iter().find(|(one, _)| member(*one) == *id).map(|(_, count)| *count);
        let shown = core::iter::from_fn(|| waiting.pop(now, of));
        shown.map(|held| (held.from.as_bytes()[0], held.number)).collect()
    }

    #[test]
    fn what_lacks_nothing_is_shown_at_once_and_the_rest_in_order() {
        let mut waiting = Waiting::default();
        for message in [held(1, 4, &[(2, 7)]), held(1, 5, &[]), held(3, 1, &[(9, 5)]), held(4, 1, &[(1, 5)])]
        {
            waiting.push(message);
        }
        // Of 9 nothing is known here; 4 had heard what of 1 still waits.
        assert_eq!(shown(&mut waiting, Time::ZERO, &[(1, 5), (2, 6)]), [(3, 1)]);
        assert_eq!((waiting.shown(&member(1), 5), waiting.shown(&member(2), 6)), (3, 6));
        assert_eq!(shown(&mut waiting, Time::ZERO, &[(1, 5), (2, 7)]), [(1, 4), (1, 5), (4, 1)]);
        assert_eq!(waiting.until(), None);
    }

    #[test]
    fn those_who_wait_for_each_other_wait_for_a_while_only() {
        let mut waiting = Waiting::default();
        waiting.push(held(1, 1, &[(2, 1)]));
        waiting.push(held(2, 1, &[(1, 1)]));
        let received = [(1, 1), (2, 1)];
        let early = Time::ZERO + (limits::HOLD_MAX - Duration::from_secs(1));
        assert_eq!(shown(&mut waiting, early, &received), []);
        assert_eq!(shown(&mut waiting, Time::ZERO + limits::HOLD_MAX, &received), [(1, 1), (2, 1)]);
    }

    #[test]
    fn no_more_wait_than_may() {
        let mut waiting = Waiting::default();
        let mut out = Vec::new();
        for number in 1..=1_000 {
            waiting.push(held(1, number, &[(2, number)]));
            out.extend(shown(&mut waiting, Time::ZERO, &[(1, number), (2, 0)]));
            assert!(waiting.messages.len() <= limits::HELD_MAX);
        }
        assert!(out.iter().map(|(_, number)| *number).eq(1..=1_000 - limits::HELD_MAX as u64));
    }
}

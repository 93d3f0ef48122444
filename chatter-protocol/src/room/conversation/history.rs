//! How far somebody has come, and the way there.
//!
//! **In** chains as they grow. **Out** the chain after a message of a little while ago: others lag behind, and what they
//! state is compared with what was then. **Never** more than [`limits::HISTORY_LEN`] of them.

use alloc::collections::VecDeque;

use crate::limits;
use crate::room::message::Chain;

/// The newest places of somebody's chain.
#[derive(Debug)]
pub(super) struct History {
    latest: Chain,
    before: VecDeque<Chain>,
}

impl From<Chain> for History {
    fn from(start: Chain) -> Self {
        Self { latest: start, before: VecDeque::new() }
    }
}

impl History {
    /// Bytes of all places.
    pub(super) fn bytes(&self) -> usize {
        self.before.len() * size_of::<Chain>()
    }

    pub(super) const fn latest(&self) -> &Chain {
        &self.latest
    }

    /// Goes on to `chain`; the same place again changes nothing, or takes the hash that is stated last.
    pub(super) fn push(&mut self, chain: Chain) {
        let before = core::mem::replace(&mut self.latest, chain);
        while self.before.back().is_some_and(|place| place.count >= chain.count) {
            self.before.pop_back();
        }
        if before.count < chain.count {
            self.before.push_back(before);
            if self.before.len() >= limits::HISTORY_LEN {
                self.before.pop_front();
            }
        }
    }

    /// The chain after `count` messages, where that is known.
    pub(super) fn at(&self, count: u64) -> Option<Chain> {
        if self.latest.count == count {
            return Some(self.latest);
        }
        let place = self.before.binary_search_by_key(&count, |chain| chain.count).ok()?;
        self.before.get(place).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(count: u64) -> Chain {
        Chain { count, hash: [u8::try_from(count % 251).expect("small"); 32] }
    }

    #[test]
    fn the_newest_places_are_known() {
        let mut history = History::from(chain(5));
        assert_eq!((history.at(5), history.at(4), history.at(6)), (Some(chain(5)), None, None));
        for count in [6, 7, 9] {
            history.push(chain(count));
        }
        assert_eq!(history.at(7), Some(chain(7)));
        assert_eq!(history.at(8), None, "what was withheld has no place");
        for count in 10..1_000 {
            history.push(chain(count));
        }
        let known = (0..1_000).filter(|count| history.at(*count).is_some()).count();
        assert_eq!((known, *history.latest()), (limits::HISTORY_LEN, chain(999)));
        let other = Chain { count: 999, hash: [0; 32] };
        history.push(other);
        assert_eq!(history.at(999), Some(other));
    }
}

//! Those who left: what others say of them is compared with what we had heard to the end.
//!
//! **In** members as they leave. **Out** where they stood. **Never** more than [`limits::DEPARTED_MAX`]: those who left
//! first are forgotten.

use alloc::collections::VecDeque;

use crate::ids::{MemberId, Nickname};
use crate::limits;
use crate::room::message::Chain;

/// Those who left, the latest at the end.
#[derive(Debug, Default)]
pub(super) struct Departed {
    members: VecDeque<(MemberId, Last)>,
}

/// Where somebody stood when he left.
#[derive(Debug)]
pub(super) struct Last {
    pub(super) nick: Nickname,
    pub(super) stands: Chain,
    /// Up to which of his messages the user was told if one is missing.
    told_to: u64,
    /// Whether what we say has yet to tell the others how far we heard him.
    unnamed: bool,
}

impl Departed {
    /// Remembers somebody; where he was `given_up`, others may rightly have heard more of him.
    pub(super) fn push(&mut self, id: MemberId, nick: Nickname, stands: Chain, given_up: bool) {
        if self.members.len() >= limits::DEPARTED_MAX {
            self.members.pop_front();
        }
        let told_to = if given_up { u64::MAX } else { stands.count };
        self.members.push_back((id, Last { nick, stands, told_to, unnamed: !given_up }));
    }

    /// Where those stood whom nothing that we said has named since they left: only so do the others learn that one of
    /// us lacks somebody's last words.
    pub(super) fn unnamed(&self) -> impl Iterator<Item = (MemberId, Chain)> {
        self.members.iter().filter(|(_, last)| last.unnamed).map(|(id, last)| (*id, last.stands))
    }

    /// What we said has named them all.
    pub(super) fn named(&mut self) {
        self.members.iter_mut().for_each(|(_, last)| last.unnamed = false);
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = &MemberId> {
        self.members.iter().map(|(id, _)| id)
    }

    pub(super) fn get(&self, id: &MemberId) -> Option<&Last> {
        self.members.iter().find(|(member, _)| member == id).map(|(_, last)| last)
    }

    /// How many messages of somebody up to `count` are missing of which the user was not told; he is now.
    pub(super) fn untold(&mut self, id: &MemberId, count: u64) -> u64 {
        let Some((_, last)) = self.members.iter_mut().find(|(member, _)| member == id) else { return 0 };
        let untold = count.saturating_sub(last.told_to);
        last.told_to = last.told_to.max(count);
        untold
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_missing_message_is_told_of_once_and_few_are_remembered() {
        let member = |number: usize| MemberId::new([u8::try_from(number % 251).expect("small"); 16]);
        let nick = || Nickname::parse("anna").expect("a nickname");
        let mut departed = Departed::default();
        departed.push(member(1), nick(), Chain { count: 5, hash: [0; 32] }, false);
        let untold = [5, 7, 7, 6, 8].map(|count| departed.untold(&member(1), count));
        assert_eq!(untold, [0, 2, 0, 0, 1]);
        departed.push(member(2), nick(), Chain { count: 5, hash: [0; 32] }, true);
        assert_eq!((departed.untold(&member(2), 9), departed.untold(&member(3), 9)), (0, 0));
        assert!(departed.unnamed().map(|(id, _)| id).eq([member(1)]), "not whom we gave up");
        departed.named();
        assert_eq!(departed.unnamed().count(), 0);
        for number in 3..3 + limits::DEPARTED_MAX {
            departed.push(member(number), nick(), Chain { count: 5, hash: [0; 32] }, false);
        }
        assert_eq!(departed.ids().count(), limits::DEPARTED_MAX);
        assert!(departed.get(&member(1)).is_none());
    }
}

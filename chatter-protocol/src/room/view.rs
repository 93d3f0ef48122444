//! Who is here and how far each was heard: what members compare so that nobody can be kept apart unseen (§8, §9).
//!
//! **In** member ids, nicknames, chains. **Out** view ids, heads as they stand in a message, what they say of those whom
//! one knows. **Never** an agreement: everybody states what he sees, and whoever sees something else asks.
//!
//! ```text
//! view id  = BLAKE3("chatter v1 view" ‖ room id ‖ (member id ‖ profile hash) of each, sorted by id), 16 bytes
//! short id = BLAKE3(chain hash before the message ‖ member id), 4 bytes
//! heads    = KDF("chatter v1 heads", (member id ‖ count 8 ‖ chain hash) of each, sorted by id), 16 bytes
//! ```
//!
//! A short id holds for one message: nobody can look for a member id that always shares another's.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::ids::{MemberId, Nickname, RoomId};
use crate::limits;
use crate::room::message::Chain;
use crate::seal;

/// What stands for a set of members and what they call themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ViewId([u8; 16]);

/// What a message says of how far its sender has heard the others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heads {
    /// By short id, how many messages were accepted.
    counts: Vec<(u32, u64)>,
    hash: [u8; 16],
}

/// What [`Heads`] say of those whom the reader knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// How many messages of each were accepted.
    pub counts: BTreeMap<MemberId, u64>,
    /// Whether everybody named is known, each beyond doubt.
    pub complete: bool,
}

impl ViewId {
    /// The view in which these members, oneself among them, are here, each with the hash of his profile.
    pub fn of(room: &RoomId, members: &BTreeMap<MemberId, [u8; 32]>) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"chatter v1 view").update(room.as_bytes());
        for (id, profile) in members {
            hasher.update(id.as_bytes()).update(profile);
        }
        let mut id = [0; 16];
        hasher.finalize_xof().fill(&mut id);
        Self(id)
    }

    /// The id, where `bytes` has its length.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The id's bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// The hash that stands for a profile in a view.
pub fn profile_hash(nick: &Nickname) -> [u8; 32] {
    *seal::kdf("chatter v1 profile", &[nick.as_str().as_bytes()])
}

impl Heads {
    /// What a message after `before` says, where each member stands at `stands`.
    pub fn state(before: &Chain, stands: &BTreeMap<MemberId, Chain>) -> Self {
        let mut counts: Vec<_> =
            stands.iter().map(|(id, chain)| (short_id(before, id), chain.count)).collect();
        counts.sort_unstable();
        Self { counts, hash: hash(stands) }
    }

    /// Heads as they came; none where the lists differ in length or name more than [`limits::HEADS_MAX`], or the hash is
    /// none.
    pub fn parse(ids: Vec<u32>, counts: Vec<u64>, hash: &[u8]) -> Option<Self> {
        if ids.len() != counts.len() || ids.len() > limits::HEADS_MAX {
            return None;
        }
        let hash = hash.try_into().ok()?;
        Some(Self { counts: ids.into_iter().zip(counts).collect(), hash })
    }

    /// The short ids, as they stand in a message.
    pub fn ids(&self) -> Vec<u32> {
        self.counts.iter().map(|(id, _)| *id).collect()
    }

    /// The counts, in the same order.
    pub fn counts(&self) -> Vec<u64> {
        self.counts.iter().map(|(_, count)| *count).collect()
    }

    /// The hash over all of it.
    pub const fn hash(&self) -> &[u8; 16] {
        &self.hash
    }

    /// How many members are named.
    pub fn named(&self) -> usize {
        self.counts.len()
    }

    /// What they say of those whom the reader knows, in the message after `before`.
    pub fn read<'a>(&self, before: &Chain, known: impl Iterator<Item = &'a MemberId>) -> Named {
        let mut by_short: BTreeMap<u32, Option<MemberId>> = BTreeMap::new();
        for id in known {
            // Two with one short id can't be told apart: neither is taken for named.
            by_short.entry(short_id(before, id)).and_modify(|one| *one = None).or_insert(Some(*id));
        }
        let mut named = Named { counts: BTreeMap::new(), complete: true };
        for (short, count) in &self.counts {
            match by_short.get(short) {
                Some(Some(id)) => named.complete &= named.counts.insert(*id, *count).is_none(),
                Some(None) | None => named.complete = false,
            }
        }
        named
    }

    /// Whether the sender accepted the very messages that made these chains.
    pub fn agree_with(&self, stands: &BTreeMap<MemberId, Chain>) -> bool {
        self.hash == hash(stands)
    }
}

fn short_id(before: &Chain, id: &MemberId) -> u32 {
    let hash = blake3::Hasher::new().update(&before.hash).update(id.as_bytes()).finalize();
    hash.as_bytes().iter().take(4).fold(0, |sum, byte| sum << 8 | u32::from(*byte))
}

fn hash(stands: &BTreeMap<MemberId, Chain>) -> [u8; 16] {
    let mut all = Vec::with_capacity(stands.len() * 56);
    for (id, chain) in stands {
        all.extend_from_slice(id.as_bytes());
        all.extend_from_slice(&chain.count.to_be_bytes());
        all.extend_from_slice(&chain.hash);
    }
    let full = seal::kdf("chatter v1 heads", &[&all]);
    let mut hash = [0; 16];
    hash.iter_mut().zip(full.iter()).for_each(|(to, from)| *to = *from);
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: Chain = Chain { count: 3, hash: [3; 32] };

    fn member(number: u8) -> MemberId {
        MemberId::new([number; 16])
    }

    fn stands(counts: &[(u8, u64)]) -> BTreeMap<MemberId, Chain> {
        let chain = |number, count| Chain { count, hash: [number; 32] };
        counts.iter().map(|(number, count)| (member(*number), chain(*number, *count))).collect()
    }

    #[test]
    fn heads_come_back_for_those_who_are_known() {
        let all = stands(&[(1, 5), (2, 0), (9, 1 << 40)]);
        let heads = Heads::state(&BEFORE, &all);
        let parsed = Heads::parse(heads.ids(), heads.counts(), heads.hash()).expect("heads");
        assert_eq!(parsed, heads);
        let named = heads.read(&BEFORE, all.keys());
        assert!(named.complete && heads.agree_with(&all));
        let counts: Vec<_> = named.counts.into_iter().collect();
        assert_eq!(counts, [(member(1), 5), (member(2), 0), (member(9), 1 << 40)]);
        let some = heads.read(&BEFORE, [member(2), member(4)].iter());
        assert_eq!((some.complete, some.counts.len()), (false, 1));
        let elsewhere = heads.read(&Chain { count: 3, hash: [4; 32] }, all.keys());
        assert_eq!(
            (elsewhere.complete, elsewhere.counts.len()),
            (false, 0),
            "short ids hold for one message"
        );
    }

    #[test]
    fn every_difference_shows_in_the_hash() {
        let heads = Heads::state(&BEFORE, &stands(&[(1, 5), (2, 7)]));
        for other in [&[(1, 5), (2, 8)][..], &[(1, 5)], &[(1, 5), (3, 7)], &[(1, 7), (2, 5)]] {
            assert!(!heads.agree_with(&stands(other)));
        }
        let mut other = stands(&[(1, 5), (2, 7)]);
        other.insert(member(2), Chain { count: 7, hash: [9; 32] });
        assert!(!heads.agree_with(&other));
    }

    #[test]
    fn what_is_no_heads_is_refused() {
        assert_eq!(Heads::parse([1].into(), [].into(), &[0; 16]), None);
        assert_eq!(Heads::parse([].into(), [].into(), &[0; 15]), None);
        let most = |count| Heads::parse([7].repeat(count), [1].repeat(count), &[0; 16]);
        assert!(most(limits::HEADS_MAX).is_some() && most(limits::HEADS_MAX + 1).is_none());
        let twice = Heads::parse([7, 7].into(), [1, 2].into(), &[0; 16]).expect("heads");
        assert!(!twice.read(&BEFORE, [member(1)].iter()).complete);
        let own = short_id(&BEFORE, &member(1));
        let twice = Heads::parse([own, own].into(), [1, 2].into(), &[0; 16]).expect("heads");
        assert!(!twice.read(&BEFORE, [member(1)].iter()).complete);
    }

    #[test]
    fn a_member_costs_five_to_seven_bytes() {
        use chatter_proto::room::Body;
        use prost::Message as _;
        let size = |members: u8, count| {
            let stands: Vec<_> = (0..members).map(|number| (number, count)).collect();
            let heads = Heads::state(&BEFORE, &self::stands(&stands));
            Body { head_ids: heads.ids(), head_counts: heads.counts(), ..Body::default() }.encoded_len()
        };
        // Beside some six bytes for both lists together.
        for (count, bytes) in [(0, 5), (127, 5), (128, 6), (16_384, 7)] {
            let each = (size(64, count) - size(1, count)) / 63;
            assert_eq!(each, bytes, "for a count of {count}");
        }
    }

    #[test]
    fn views_differ_by_members_names_and_rooms() {
        let nick = |text: &str| profile_hash(&Nickname::parse(text).expect("a nickname"));
        let room = RoomId::new([1; 32]);
        let view = |members: &[(u8, &str)]| {
            let members = members.iter().map(|(number, text)| (member(*number), nick(text))).collect();
            ViewId::of(&room, &members)
        };
        let one = view(&[(1, "anna"), (2, "ben")]);
        assert_eq!(one, view(&[(2, "ben"), (1, "anna")]));
        assert_ne!(one, view(&[(1, "anna"), (2, "bob")]));
        assert_ne!(one, view(&[(1, "anna")]));
        assert_ne!(one, view(&[(1, "ben"), (2, "anna")]));
        assert_ne!(ViewId::of(&room, &BTreeMap::new()), ViewId::of(&RoomId::new([2; 32]), &BTreeMap::new()));
        assert_eq!(ViewId::from_slice(one.as_bytes()), Some(one));
        assert_eq!(ViewId::from_slice(&[0; 15]), None);
    }
}

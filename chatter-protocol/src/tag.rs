//! Rolling tags: each request upwards carries a tag that only its two ends can foresee, and counts once.
//!
//! **In** the link's root secret. **Out** the client's next tag and key; the server's window of tags it will
//! take. **Never** a key kept after its use, or a step back.
//!
//! ```text
//! U₀ from the link's root; Uᵢ₊₁ = KDF("chatter v1 up chain", Uᵢ); tagᵢ 16 ‖ keyᵢ 32 = XOF(Uᵢ)
//! ```
//!
//! docs/protocol.md §4.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use zeroize::{Zeroize, Zeroizing};

use crate::limits::{TAGS_AHEAD, TAGS_BEHIND};
use crate::seal::{Key, kdf, xof};

/// What stands at the head of an up token.
pub type Tag = [u8; 16];

/// The chain both ends walk.
#[derive(Clone)]
pub struct TagChain {
    secret: Key,
    next: u32,
}

/// The server's window over the chain: what may still come.
pub struct TagWindow {
    chain: TagChain,
    // What may still come or has come between, up to the chain's next index; a slot never moves, and is wiped where
    // it lies.
    slots: VecDeque<Slot>,
    accepted: u32,
}

struct Slot {
    tag: Tag,
    key: Key,
    pending: bool,
}

impl TagChain {
    /// The chain of the link with this root secret.
    pub fn new(root: &[u8; 32]) -> Self {
        Self { secret: kdf("chatter v1 up root", &[root]), next: 0 }
    }

    /// The next index, its tag and its key.
    pub fn advance(&mut self) -> (u32, Tag, Key) {
        let mut drawn = Zeroizing::new([0; 48]);
        xof(&self.secret, b"", &mut *drawn);
        let (tag, key) = drawn.split_at(16);
        let mut step = (self.next, [0; 16], Key::default());
        step.1.copy_from_slice(tag);
        step.2.copy_from_slice(key);
        self.secret = kdf("chatter v1 up chain", &[&*self.secret]);
        self.next = self.next.saturating_add(1);
        step
    }

    /// The index that [`advance`](Self::advance) gives next.
    pub fn next_index(&self) -> u32 {
        self.next
    }
}

impl TagWindow {
    /// The window of the link with this root secret, before anything came.
    pub fn new(root: &[u8; 32]) -> Self {
        let slots = VecDeque::with_capacity(SLOTS_MAX);
        let mut window = Self { chain: TagChain::new(root), slots, accepted: 0 };
        window.fill();
        window
    }

    /// All tags that may come, with their indices.
    pub fn tags(&self) -> impl Iterator<Item = (u32, Tag)> {
        let slots = (self.first_index()..).zip(&self.slots);
        slots.filter(|(_, slot)| slot.pending).map(|(index, slot)| (index, slot.tag))
    }

    /// The key of the tag with this index, while it may come.
    pub fn key(&self, index: u32) -> Option<&Key> {
        let slot = self.slots.get(self.place(index)?)?;
        slot.pending.then_some(&slot.key)
    }

    /// Marks `index` as come: it and what lies too far behind can't come again. Returns the tags that left and
    /// those that joined.
    pub fn accept(&mut self, index: u32) -> (Vec<Tag>, Vec<(u32, Tag)>) {
        let slot = self.place(index).and_then(|place| self.slots.get_mut(place));
        let mut left: Vec<Tag> = slot.and_then(Slot::strike).into_iter().collect();
        self.accepted = self.accepted.max(index.saturating_add(1));
        let oldest = self.accepted.saturating_sub(1 + TAGS_BEHIND);
        while self.first_index() < oldest
            && let Some(slot) = self.slots.front_mut()
        {
            left.extend(slot.strike());
            self.slots.pop_front();
        }
        let first_new = self.chain.next_index();
        self.fill();
        (left, self.tags().filter(|(index, _)| *index >= first_new).collect())
    }

    /// The highest index accepted plus one; 0 before the first.
    pub fn accepted(&self) -> u32 {
        self.accepted
    }

    fn fill(&mut self) {
        while self.chain.next_index() < self.accepted.saturating_add(TAGS_AHEAD) {
            let (_, tag, key) = self.chain.advance();
            self.slots.push_back(Slot { tag, key, pending: true });
        }
    }

    fn first_index(&self) -> u32 {
        self.chain.next_index().saturating_sub(u32::try_from(self.slots.len()).unwrap_or(u32::MAX))
    }

    fn place(&self, index: u32) -> Option<usize> {
        usize::try_from(index.checked_sub(self.first_index())?).ok()
    }
}

impl Slot {
    /// Wipes the slot; its tag, if it could still come.
    fn strike(&mut self) -> Option<Tag> {
        let tag = self.pending.then_some(self.tag);
        self.pending = false;
        self.tag.zeroize();
        self.key.zeroize();
        tag
    }
}

impl Drop for TagWindow {
    fn drop(&mut self) {
        for slot in &mut self.slots {
            slot.strike();
        }
    }
}

/// The highest accepted, those behind it and those ahead.
const SLOTS_MAX: usize = 1 + TAGS_BEHIND as usize + TAGS_AHEAD as usize;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_walk_together_and_each_tag_counts_once() {
        let mut client = TagChain::new(&[3; 32]);
        let mut server = TagWindow::new(&[3; 32]);
        assert_eq!(server.tags().count(), 24);
        for round in 0..100 {
            let (index, tag, key) = client.advance();
            assert_eq!(index, round);
            assert!(server.tags().any(|known| known == (index, tag)));
            assert_eq!(server.key(index), Some(&key));
            let (left, joined) = server.accept(index);
            assert!(left.contains(&tag));
            assert_eq!(joined.len(), 1);
            assert_eq!(server.key(index), None);
            assert_eq!(server.accepted(), index + 1);
        }
    }

    #[test]
    fn the_window_is_8_behind_and_24_ahead() {
        let mut server = TagWindow::new(&[3; 32]);
        server.accept(20);
        let indices: Vec<u32> = server.tags().map(|(index, _)| index).collect();
        assert_eq!(indices, (12..20).chain(21..45).collect::<Vec<_>>());
        let (left, joined) = server.accept(15);
        assert_eq!((left.len(), joined.len(), server.accepted()), (1, 0, 21));
    }
}

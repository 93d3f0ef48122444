//! Which tags the relay awaits, for who has to know without asking it.
//!
//! **In** the tags that join and leave. **Out** whether a token's is among them. **Never** a tag: what is kept of each
//! is a hash under a key of this process.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{PoisonError, RwLock};

use chatter_protocol::tag::Tag;

/// The awaited tags. What a stranger sends wakes no task by it, and takes as long as if he had sent nothing.
#[derive(Debug, Default)]
pub struct LiveTags {
    key: RandomState,
    hashes: RwLock<HashSet<u64>>,
}

impl LiveTags {
    /// Whether this token's tag is awaited.
    pub fn contain(&self, token: &[u8]) -> bool {
        let Some(tag) = token.first_chunk::<16>() else { return false };
        let hash = self.key.hash_one(tag);
        self.hashes.read().unwrap_or_else(PoisonError::into_inner).contains(&hash)
    }

    /// Leaves nothing in memory of tags that are no longer awaited.
    pub(super) fn renew(&self) {
        let mut hashes = self.hashes.write().unwrap_or_else(PoisonError::into_inner);
        *hashes = hashes.iter().copied().collect();
    }

    pub(super) fn change(&self, left: &[Tag], joined: &[Tag]) {
        let mut hashes = self.hashes.write().unwrap_or_else(PoisonError::into_inner);
        for tag in left {
            hashes.remove(&self.key.hash_one(tag));
        }
        hashes.extend(joined.iter().map(|tag| self.key.hash_one(tag)));
        if hashes.capacity() > SPARE_MIN && hashes.len() < hashes.capacity() / 4 {
            hashes.shrink_to_fit();
        }
    }
}

/// Below this many places it is not worth giving them back.
const SPARE_MIN: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_come_and_go() {
        let tags = LiveTags::default();
        tags.change(&[], &[[1; 16], [2; 16]]);
        tags.change(&[[1; 16]], &[[3; 16]]);
        let awaited = [[1; 20], [2; 20], [3; 20], [4; 20]].map(|token| tags.contain(&token));
        assert_eq!(awaited, [false, true, true, false]);
        assert!(!tags.contain(&[2; 15]) && !tags.contain(&[]));
    }
}

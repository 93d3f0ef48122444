//! Where the ledger's records lie, so that what is forgotten leaves no trace in memory.
//!
//! **In** addresses. **Out** their records. Maps move and leave their keys' bytes behind when they shrink, so they hold
//! keyed hashes alone; the address itself stands in its record, which never moves and is wiped when dropped.
//! **Never** more records than allowed, **never** an address in a map.

use std::collections::BTreeMap;

use chatter_protocol::time::WallTime;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{Address, Terms};

/// A keyed hash of an address: means nothing without the key, which goes with the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Tag(u128);

/// What is known about one address.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(super) struct Record {
    pub(super) address: Address,
    pub(super) knocks: u64,
    #[zeroize(skip)]
    pub(super) first_knock: Option<WallTime>,
    #[zeroize(skip)]
    pub(super) last_knock: Option<WallTime>,
    /// Confirmed sessions from here.
    pub(super) members: u32,
    #[zeroize(skip)]
    pub(super) ban: Option<Terms>,
    /// Its place in the order of forgetting; none while it is banned or in use.
    turn: Option<u64>,
}

impl Record {
    fn new(address: Address) -> Self {
        Self { address, knocks: 0, first_knock: None, last_knock: None, members: 0, ban: None, turn: None }
    }

    pub(super) fn knock(&mut self, now: WallTime) {
        self.knocks += 1;
        self.first_knock.get_or_insert(now);
        self.last_knock = Some(now);
    }

    /// Forgets its knocks, and when they were.
    pub(super) fn clear(&mut self) {
        self.knocks = 0;
        self.first_knock = None;
        self.last_knock = None;
    }
}

/// All records, and the order in which they may be forgotten.
pub(super) struct Records {
    key: Zeroizing<[u8; 32]>,
    records_max: usize,
    records: BTreeMap<Tag, Box<Record>>,
    forgettable: BTreeMap<u64, Tag>,
    next_turn: u64,
}

impl Records {
    pub(super) fn new(key: [u8; 32], records_max: usize) -> Self {
        Self {
            key: Zeroizing::new(key),
            records_max,
            records: BTreeMap::new(),
            forgettable: BTreeMap::new(),
            next_turn: 0,
        }
    }

    /// Keeps so many records; what is free goes, the oldest first, until they are no more.
    pub(super) fn set_max(&mut self, records_max: usize) {
        self.records_max = records_max;
        while self.records.len() > records_max
            && let Some((_, oldest)) = self.forgettable.pop_first()
        {
            self.records.remove(&oldest);
        }
    }

    pub(super) fn tag(&self, address: Address) -> Tag {
        let hash = blake3::keyed_hash(&self.key, address.as_bytes());
        let (half, _) = hash.as_bytes().split_first_chunk().expect("a hash has 32 bytes");
        Tag(u128::from_le_bytes(*half))
    }

    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Record> {
        self.records.values().map(AsRef::as_ref)
    }

    pub(super) fn find(&self, tag: Tag) -> Option<&Record> {
        self.records.get(&tag).map(AsRef::as_ref)
    }

    pub(super) fn find_mut(&mut self, tag: Tag) -> Option<&mut Record> {
        self.records.get_mut(&tag).map(AsMut::as_mut)
    }

    /// The record of `address`, made where there is none; `None` where there is no room and nothing to forget.
    pub(super) fn enter(&mut self, address: Address) -> Option<(Tag, &mut Record)> {
        let tag = self.tag(address);
        if !self.records.contains_key(&tag) {
            if self.records.len() >= self.records_max {
                let (_, oldest) = self.forgettable.pop_first()?;
                self.records.remove(&oldest);
            }
            self.records.insert(tag, Box::new(Record::new(address)));
        }
        self.find_mut(tag).map(|record| (tag, record))
    }

    /// Puts a record where it now belongs: among those that may be forgotten (as the last one), among those that may
    /// not, or, where nothing is known any more, away. To be called after every change of a record.
    pub(super) fn settle(&mut self, tag: Tag) {
        let Some(record) = self.records.get_mut(&tag) else { return };
        if let Some(turn) = record.turn.take() {
            self.forgettable.remove(&turn);
        }
        let free = record.ban.is_none() && record.members == 0;
        if free && record.knocks == 0 {
            self.records.remove(&tag);
        } else if free {
            record.turn = Some(self.next_turn);
            self.forgettable.insert(self.next_turn, tag);
            self.next_turn += 1;
        }
    }

    /// Forgets every record that is neither banned nor in use, and says how many those were.
    pub(super) fn forget_free(&mut self) -> usize {
        let free = std::mem::take(&mut self.forgettable);
        for tag in free.values() {
            self.records.remove(tag);
        }
        free.len()
    }
}

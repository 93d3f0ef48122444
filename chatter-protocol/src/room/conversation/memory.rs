//! What a room holds in memory: bounded, whatever relay and members send.
//!
//! **In** nothing. **Out** counts and bytes, each of which has its limit. **Never** what is held itself.

use super::peer::{Peer, Stage};
use super::{Conversation, Unacknowledged};
use crate::ids::MemberId;
use crate::room::hello::Hello;
use crate::time::Time;

/// What is held of others, and how much. What the user says himself and the relay does not acknowledge comes on top:
/// sixteen bytes or so for each text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Those whom the relay names as present.
    pub members: usize,
    /// Members noted whom one sees and another does not.
    pub differences: usize,
    /// Messages that wait for others.
    pub waiting: usize,
    /// Those who left and are remembered.
    pub departed: usize,
    /// Warnings remembered so as to be told once.
    pub told: usize,
    /// Removals remembered.
    pub removals: usize,
    /// Commitments to rounds of verification of other views.
    pub commitments: usize,
    /// Beacons that the relay has not acknowledged.
    pub beacons: usize,
    /// All of it, by the sizes of what is held, and an allowance for each handshake.
    pub bytes: usize,
}

impl Conversation {
    /// How much is held of what relay and members sent.
    pub fn memory(&self) -> Memory {
        let noted = |peer: &Peer| peer.introduced().map_or(0, |introduced| introduced.difference.noted());
        let beacons = self.unacknowledged.iter().filter(|said| said.text.is_none()).count();
        let mut memory = Memory {
            members: self.peers.len(),
            differences: self.peers.values().map(noted).sum(),
            waiting: self.waiting.count(),
            departed: self.departed.ids().count(),
            told: self.told.count(),
            removals: self.house.removals(),
            commitments: self.verifying.commitments(),
            beacons,
            bytes: 0,
        };
        let small = memory.told + memory.removals + memory.departed + memory.commitments;
        memory.bytes = self.peers.values().map(bytes_of).sum::<usize>()
            + self.waiting.bytes()
            + self.said.bytes()
            + self.deliveries.bytes()
            + memory.differences * size_of::<(MemberId, Time)>()
            + small * SMALL
            + beacons * size_of::<Unacknowledged>();
        memory
    }
}

fn bytes_of(peer: &Peer) -> usize {
    let stage = match &peer.stage {
        Stage::Awaited(_) => HELLO,
        Stage::Kept { first, .. } => HELLO + first.as_ref().map_or(0, alloc::vec::Vec::len),
        Stage::Initiated(..) | Stage::Responding(_) => HELLO + HANDSHAKE,
        Stage::Open(channel) => {
            let heard = channel.introduced.as_ref().map_or(0, |introduced| introduced.heard.bytes());
            size_of_val(&**channel) + heard
        }
        Stage::Gone | Stage::GivenUp | Stage::Parted | Stage::Unfit => 0,
    };
    size_of::<(MemberId, Peer)>() + stage
}

/// A hello with its post-quantum key.
const HELLO: usize = size_of::<Hello>() + crate::limits::HELLO_LEN_MAX;
/// What a Noise handshake under way takes, amply.
const HANDSHAKE: usize = 4096;
/// Anything of which there are two ids, a nickname and a few numbers.
const SMALL: usize = 256;

//! Steps of sending files, from members who break every rule.
//!
//! **In**: bytes that say who sends what, steps as they travel among them. **Out**: nothing written that was not accepted, no
//! more of it than was offered, and steps that can be read again. **Never**: a file.

use std::collections::{BTreeMap, BTreeSet};

use chatter_proto::room::Transfer;
use chatter_protocol::ids::MemberId;
use chatter_protocol::limits::OFFERS_MAX;
use chatter_protocol::room::transfer::{Output, Step, TransferId, Transfers};
use prost::Message as _;
use zeroize::Zeroizing;

/// Each record of the input: who, what, how long, and so many bytes of a step.
pub fn transfers(input: &[u8]) {
    let mut rest = input;
    let mut world = World::default();
    world.transfers.entered(MemberId::new([255; 16]));
    while let [who, what, len, after @ ..] = rest {
        let (bytes, after) = after.split_at(usize::from(*len).min(after.len()));
        rest = after;
        world.turn(MemberId::new([*who % 4; 16]), *what, bytes);
    }
}

#[derive(Default)]
struct World {
    transfers: Transfers,
    offered: BTreeMap<TransferId, u64>,
    accepted: BTreeSet<TransferId>,
    written: BTreeMap<TransferId, u64>,
}

impl World {
    fn turn(&mut self, who: MemberId, what: u8, bytes: &[u8]) {
        let known = self.offered.keys().nth(usize::from(what / 8)).copied();
        match (what % 8, known) {
            (0, _) => self.transfers.member_joined(who),
            (1, _) => self.transfers.member_left(&who),
            (2, Some(id)) if self.transfers.accept(&id) => {
                self.accepted.insert(id);
            }
            (3, Some(id)) => {
                let written = self.written.get(&id).copied().unwrap_or(0);
                self.transfers.written(&id, written);
            }
            (4, _) => {
                if let Some((id, offset, len)) = self.transfers.next_read() {
                    self.transfers.read(&id, offset, Zeroizing::new(vec![0; len]));
                }
            }
            _ => {
                let step = Transfer::decode(bytes).ok().and_then(Step::decode);
                let Some(step) = step else { return };
                assert_eq!(
                    Step::decode(step.encode()).as_ref(),
                    Some(&step),
                    "what was read reads as the same"
                );
                self.transfers.receive(who, step);
            }
        }
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(output) = self.transfers.poll_output() {
            match output {
                Output::Offered(id, _, offer) => {
                    self.offered.insert(id, offer.size);
                    self.written.remove(&id);
                    self.accepted.remove(&id);
                    let waiting = self.offered.keys().filter(|id| self.transfers.is_offered(id)).count();
                    assert!(waiting <= OFFERS_MAX, "{waiting} offers wait");
                }
                Output::Write(id, data) => {
                    assert!(self.accepted.contains(&id), "nobody has accepted it");
                    let written = self.written.entry(id).or_default();
                    *written += data.len() as u64;
                    assert!(*written <= self.offered[&id], "it is longer than was offered");
                }
                Output::Send(_, step) => {
                    assert_eq!(Step::decode(step.encode()).as_ref(), Some(&step), "what is sent can be read");
                }
                Output::Accepted(_)
                | Output::Given(..)
                | Output::Complete(_)
                | Output::Kept(_)
                | Output::Paused(_)
                | Output::Resumed(..)
                | Output::Ended(..) => {}
            }
        }
    }
}

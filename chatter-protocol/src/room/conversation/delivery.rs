//! Who has opened what we said, by what each member's own messages say of how far he has heard us (§9.13).
//!
//! **In** texts and those for whom they were sealed, heads, what somebody says that he missed. **Out** how many have
//! opened a text, and who has not. **Never** a mark that the relay can set: only a member's own words count, and none of
//! them where any may be missing.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use chatter_proto::room::{Missed, private::Content};

use super::channel::Gaps;
use super::peer::Peer;
use super::{Conversation, Happening, Who};
use crate::ids::MemberId;
use crate::limits;
use crate::time::Time;

/// How far a text of ours has come among the members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// How many of those for whom it was sealed have shown it.
    pub opened: usize,
    /// For how many it was sealed.
    pub of: usize,
    /// Who of them has not said that he did, those who left meanwhile among them.
    pub missing: Vec<Who>,
}

/// Our newest texts, in order.
#[derive(Debug, Default)]
pub(super) struct Deliveries {
    texts: VecDeque<Text>,
}

#[derive(Debug)]
struct Text {
    /// Among the texts.
    number: u64,
    /// Among all that we published in this stay.
    count: u64,
    of: usize,
    missing: Vec<Missing>,
}

#[derive(Debug)]
struct Missing {
    id: MemberId,
    /// What he says from now on does not tell whether he has it.
    unsure: bool,
}

impl Deliveries {
    /// A text was sealed for these.
    pub(super) fn said(&mut self, number: u64, count: u64, receivers: &[MemberId]) {
        if self.texts.len() >= limits::DELIVERIES_MAX {
            self.texts.pop_front();
        }
        let missing = receivers.iter().map(|id| Missing { id: *id, unsure: false }).collect();
        self.texts.push_back(Text { number, count, of: receivers.len(), missing });
    }

    /// Somebody has accepted `count` of our messages: the numbers of the texts that he has opened by that.
    fn heard(&mut self, by: &MemberId, count: u64) -> Vec<u64> {
        let mut opened = Vec::new();
        for text in self.texts.iter_mut().filter(|text| text.count <= count) {
            let before = text.missing.len();
            text.missing.retain(|missing| missing.id != *by || missing.unsure);
            if text.missing.len() < before {
                opened.push(text.number);
            }
        }
        opened
    }

    /// Somebody may never have got these of our messages.
    fn doubt(&mut self, by: &MemberId, counts: core::ops::RangeInclusive<u64>) {
        for text in self.texts.iter_mut().filter(|text| counts.contains(&text.count)) {
            text.missing.iter_mut().filter(|missing| missing.id == *by).for_each(|one| one.unsure = true);
        }
    }

    fn get(&self, number: u64) -> Option<&Text> {
        self.texts.iter().find(|text| text.number == number)
    }

    /// Bytes of all that is noted.
    pub(super) fn bytes(&self) -> usize {
        let missing = |text: &Text| text.missing.capacity() * size_of::<Missing>();
        self.texts.iter().map(|text| size_of::<Text>() + missing(text)).sum()
    }
}

impl Conversation {
    /// How far the text of this number has come; nothing where it is not among the newest of this stay.
    pub fn delivery(&self, number: u64) -> Option<Delivery> {
        let text = self.deliveries.get(number)?;
        let missing: Vec<Who> = text.missing.iter().map(|missing| self.who(&missing.id)).collect();
        Some(Delivery { opened: text.of.saturating_sub(missing.len()), of: text.of, missing })
    }

    /// The numbers of those texts of ours of which it is known how far they have come, the oldest first.
    pub fn delivered(&self) -> impl DoubleEndedIterator<Item = u64> {
        self.deliveries.texts.iter().map(|text| text.number)
    }

    /// Somebody says how many of our messages he has accepted.
    pub(super) fn heard_of_us(&mut self, by: &MemberId, count: u64) {
        // What was not said yet, nobody has heard.
        if count > self.said.latest().count {
            return;
        }
        for number in self.deliveries.heard(by, count) {
            self.show(Happening::Opened { number });
        }
    }

    /// Somebody says that messages of ours did not reach him.
    pub(super) fn told_missed(&mut self, by: &MemberId, missed: &Missed) {
        self.deliveries.doubt(by, missed.first..=missed.last);
    }

    /// Tells somebody which of his messages we miss, so that he does not take them for opened; where frames of his are
    /// missing, he may have told us the same.
    pub(super) fn mind_gaps(&mut self, id: &MemberId, now: Time) {
        let Some(channel) = self.peers.get_mut(id).and_then(Peer::channel) else { return };
        let Gaps { frames, missed } = core::mem::take(&mut channel.gaps);
        if frames {
            self.deliveries.doubt(id, 0..=u64::MAX);
        }
        if let Some((first, last)) = missed {
            self.tell_one(id, Content::Missed(Missed { first, last }), now);
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    const ANNA: MemberId = MemberId::new([1; 16]);
    const BEN: MemberId = MemberId::new([2; 16]);

    fn missing(deliveries: &Deliveries, number: u64) -> Vec<u8> {
        let text = deliveries.get(number).expect("known");
        text.missing.iter().map(|missing| missing.id.as_bytes()[0]).collect()
    }

    #[test]
    fn each_opens_for_himself_and_up_to_what_he_says() {
        let mut deliveries = Deliveries::default();
        deliveries.said(1, 3, &[ANNA, BEN]);
        deliveries.said(2, 5, &[BEN]);
        assert_eq!(deliveries.heard(&BEN, 4), [1]);
        assert_eq!((missing(&deliveries, 1), missing(&deliveries, 2)), (vec![1], vec![2]));
        assert_eq!(deliveries.heard(&BEN, 4), [], "told once");
        assert_eq!(deliveries.heard(&ANNA, 9), [1], "for anna the other was never sealed");
        assert_eq!(deliveries.heard(&BEN, 5), [2]);
    }

    #[test]
    fn what_somebody_misses_he_never_counts_as_having_opened() {
        let mut deliveries = Deliveries::default();
        for number in 1..=3 {
            deliveries.said(number, number, &[ANNA, BEN]);
        }
        deliveries.doubt(&BEN, 2..=2);
        assert_eq!(deliveries.heard(&BEN, 3), [1, 3]);
        assert_eq!(missing(&deliveries, 2), [1, 2]);
    }

    #[test]
    fn no_more_are_noted_than_may() {
        let mut deliveries = Deliveries::default();
        let all: Vec<MemberId> = (0..128).map(|number| MemberId::new([number; 16])).collect();
        for number in 1..=1_000 {
            deliveries.said(number, number, &all);
        }
        assert_eq!(deliveries.texts.len(), limits::DELIVERIES_MAX);
        assert!(deliveries.bytes() < 256 * 1024, "{}", deliveries.bytes());
    }
}

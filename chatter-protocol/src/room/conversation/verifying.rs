//! Rounds of verification inside the room, and who has been verified (§10).
//!
//! **In** the user's wish, commitments and reveals over pair channels, changes of the view, the time. **Out** the same,
//! words to compare, marks. **Never** two rounds at once, nor one that outlives its view.
//!
//! ```text
//! /verify ─> begin ─ commitment to each ─> everybody else joins by himself ─> reveals ─> words ─> “they match” ─> marks
//! two began at once: the lower round id stands · the view changed, 20 s, a foul: void
//! ```

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;

use chatter_proto::room::{VerifyCommit, VerifyReveal, private::Content};

use super::{Conversation, Happening, Member, Warning, Who};
use crate::ids::MemberId;
use crate::limits;
use crate::room::identity::StayKey;
use crate::room::verify::{Foul, Round, RoundId, Step};
use crate::room::view::ViewId;
use crate::time::Time;

/// What was compared, and what is being compared.
#[derive(Debug, Default)]
pub(super) struct Verifying {
    round: Option<Round>,
    /// The view whose words were shown.
    read: Option<ViewId>,
    /// Commitments to rounds of views that are not ours yet.
    waiting: BTreeMap<MemberId, Waiting>,
    /// Rounds that are over: what comes late for them begins nothing.
    past: VecDeque<RoundId>,
    verified: BTreeSet<StayKey>,
}

#[derive(Clone, Copy, Debug)]
struct Waiting {
    round: RoundId,
    view: ViewId,
    commitment: [u8; 32],
    until: Time,
}

/// Why a round came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Void {
    /// Somebody came or left.
    #[error("somebody came or left in the middle of it")]
    ViewChanged,
    /// Not everybody's program answered.
    #[error("not everybody's program answered in time, or not everybody sees the same members")]
    TimedOut,
    /// A round that began at the same time stands.
    #[error("another one began at the same time")]
    Crossed,
    /// Somebody broke the rules; a warning says who.
    #[error("somebody broke its rules")]
    Foul,
}

/// Why no round can begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// There is nobody to compare with.
    #[error("nobody else is here to compare words with")]
    Alone,
    /// One is under way.
    #[error("a verification is under way already")]
    UnderWay,
}

/// Why nobody can be marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfirmError {
    /// No words were shown.
    #[error("no words have been compared yet; /verify shows some")]
    NothingRead,
    /// They were for other members than are here now.
    #[error("somebody has come or left since these words were shown; /verify shows new ones")]
    ViewChanged,
}

impl Verifying {
    pub(super) fn poll_timeout(&self) -> Option<Time> {
        let round = self.round.as_ref().and_then(Round::until);
        round.into_iter().chain(self.waiting.values().map(|waiting| waiting.until)).min()
    }

    /// How many commitments wait for their view.
    pub(super) fn commitments(&self) -> usize {
        self.waiting.len()
    }

    /// Somebody is gone, and with him what he has committed himself to.
    pub(super) fn forget_commitment(&mut self, of: &MemberId) {
        self.waiting.remove(of);
    }

    /// A stay is over; who was verified stays so.
    pub(super) fn forget_rounds(&mut self) {
        self.round = None;
        self.read = None;
        self.waiting.clear();
    }

    fn is_under_way(&self) -> bool {
        self.round.as_ref().is_some_and(|round| round.until().is_some())
    }

    fn is_past(&self, round: &RoundId) -> bool {
        self.past.contains(round)
    }

    fn remember(&mut self, round: RoundId) {
        if self.past.len() >= limits::ROUNDS_REMEMBERED {
            self.past.pop_front();
        }
        self.past.push_back(round);
    }
}

impl Conversation {
    /// Begins a round with everybody who is here. Its words come as [`Happening::VerifyWords`].
    ///
    /// # Errors
    /// [`VerifyError`] says why none can begin.
    pub fn verify(&mut self, now: Time) -> Result<(), VerifyError> {
        if self.members().next().is_none() {
            return Err(VerifyError::Alone);
        }
        if self.verifying.is_under_way() {
            return Err(VerifyError::UnderWay);
        }
        let round = self.entropy.bytes();
        let view = *self.presence.view();
        self.begin_round(round, view, now);
        Ok(())
    }

    /// The words match: marks everybody who was in their view. Gives who that is.
    ///
    /// # Errors
    /// [`ConfirmError`] where there are no words, or not for those who are here.
    pub fn confirm(&mut self) -> Result<Vec<Member>, ConfirmError> {
        let read = self.verifying.read.ok_or(ConfirmError::NothingRead)?;
        if read != *self.presence.view() {
            return Err(ConfirmError::ViewChanged);
        }
        let members: Vec<Member> = self.members().cloned().collect();
        self.verifying.verified.extend(members.iter().map(|member| member.key));
        Ok(members)
    }

    /// Marks the owner of this key: his safety number was compared.
    pub fn confirm_key(&mut self, key: StayKey) {
        self.verifying.verified.insert(key);
    }

    /// Whether the owner of this key was verified.
    pub fn is_verified(&self, key: &StayKey) -> bool {
        self.verifying.verified.contains(key)
    }

    pub(super) fn take_commit(&mut self, from: &MemberId, commit: &VerifyCommit, now: Time) {
        let parsed = (|| {
            let commitment = commit.commitment.as_slice().try_into().ok()?;
            let until = now + limits::VERIFY_TIMEOUT;
            let (round, view) = (array(&commit.round)?, ViewId::from_slice(&commit.view)?);
            Some(Waiting { round, view, commitment, until })
        })();
        let Some(waiting) = parsed else { return self.strike(from, |who| Warning::Unreadable { who }) };
        if self.verifying.is_past(&waiting.round) {
            return;
        }
        if self.verifying.round.as_ref().is_some_and(|round| *round.id() == waiting.round) {
            return self.go_on(from, |round| round.take_commitment(from, waiting.commitment), now);
        }
        self.verifying.waiting.insert(*from, waiting);
        self.join_round(now);
    }

    pub(super) fn take_reveal(&mut self, from: &MemberId, reveal: &VerifyReveal, now: Time) {
        let (Some(id), Ok(nonce)) = (array(&reveal.round), reveal.nonce.as_slice().try_into()) else {
            return self.strike(from, |who| Warning::Unreadable { who });
        };
        if self.verifying.round.as_ref().is_some_and(|round| *round.id() == id && round.until().is_some()) {
            self.go_on(from, |round| round.take_nonce(from, nonce), now);
        }
    }

    /// Voids a round of another view, and joins one of this view that came too early.
    pub(super) fn verify_in_view(&mut self, now: Time) {
        if self.verifying.round.is_none() && self.verifying.waiting.is_empty() {
            return;
        }
        let view = *self.presence.view();
        if self.verifying.is_under_way()
            && self.verifying.round.as_ref().is_some_and(|round| *round.view() != view)
        {
            self.void(Void::ViewChanged);
        }
        self.join_round(now);
    }

    pub(super) fn end_rounds(&mut self, now: Time) {
        self.verifying.waiting.retain(|_, waiting| waiting.until > now);
        let until = self.verifying.round.as_ref().and_then(Round::until);
        if until.is_some_and(|until| until <= now) {
            self.void(Void::TimedOut);
        }
    }

    /// Joins the lowest round of our view that somebody has begun, unless ours is lower.
    fn join_round(&mut self, now: Time) {
        let view = *self.presence.view();
        let ours = self.verifying.waiting.iter().filter(|(_, waiting)| waiting.view == view);
        let Some((from, round)) =
            ours.map(|(from, waiting)| (*from, waiting.round)).min_by_key(|(_, round)| *round)
        else {
            return;
        };
        let under_way = self.verifying.round.as_ref().filter(|round| round.until().is_some());
        match under_way.map(|current| *current.id()) {
            Some(current) if current < round => {
                // Whoever began it hears of ours and drops his.
                self.verifying.remember(round);
                self.verifying.waiting.retain(|_, waiting| waiting.round != round);
                return;
            }
            Some(_) => self.void(Void::Crossed),
            None => {}
        }
        if let Some(by) = self.member(&from).cloned() {
            self.show(Happening::VerifyBegun { by });
        }
        self.begin_round(round, view, now);
        let early = self.verifying.waiting.iter().filter(|(_, waiting)| waiting.round == round);
        let early: Vec<_> = early.map(|(from, waiting)| (*from, waiting.commitment)).collect();
        self.verifying.waiting.retain(|_, waiting| waiting.round != round);
        for (from, commitment) in early {
            self.go_on(&from, |round| round.take_commitment(&from, commitment), now);
        }
    }

    fn begin_round(&mut self, id: RoundId, view: ViewId, now: Time) {
        let Some(own) = self.own_id().copied() else { return };
        let others: Vec<MemberId> = self.members().map(|member| member.id).collect();
        let round = Round::begin(id, view, own, others, &mut self.entropy, now);
        let commit = VerifyCommit {
            round: id.to_vec(),
            view: view.as_bytes().to_vec(),
            commitment: round.commitment().to_vec(),
        };
        self.verifying.round = Some(round);
        self.verifying.read = None;
        self.tell_each(&Content::Commit(commit), now);
    }

    /// Lets the round take something, and does what follows from it.
    fn go_on(&mut self, from: &MemberId, take: impl FnOnce(&mut Round) -> Result<Step, Foul>, now: Time) {
        let Some(round) = &mut self.verifying.round else { return };
        match take(round) {
            Ok(Step::Wait) => {}
            Ok(Step::Reveal(nonce)) => {
                let (id, words) = (round.id().to_vec(), round.words());
                let reveal = VerifyReveal { round: id, nonce: nonce.to_vec() };
                self.tell_each(&Content::Reveal(reveal), now);
                if let Some(words) = words {
                    self.read(words);
                }
            }
            Ok(Step::Words(words)) => self.read(words),
            Err(foul) => {
                let nick = self.member(from).map(|member| member.nick.clone());
                self.warn(Warning::Cheated { who: Who { id: *from, nick }, foul });
                self.void(Void::Foul);
            }
        }
    }

    fn read(&mut self, words: [&'static str; crate::room::verify::WORDS]) {
        if let Some(round) = &self.verifying.round {
            let (id, view) = (*round.id(), *round.view());
            self.verifying.read = Some(view);
            self.verifying.remember(id);
        }
        self.show(Happening::VerifyWords { words });
    }

    fn void(&mut self, why: Void) {
        if let Some(round) = self.verifying.round.take() {
            self.verifying.remember(*round.id());
            self.show(Happening::VerifyVoid(why));
        }
    }
}

fn array(bytes: &[u8]) -> Option<[u8; 16]> {
    bytes.try_into().ok()
}

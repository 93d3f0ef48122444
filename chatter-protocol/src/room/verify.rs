//! One round of verification: everybody commits, then everybody reveals, and all read the same five words (§10).
//!
//! **In** a view and its members, commitments, reveals. **Out** when to reveal, five words, or who broke the rules.
//! **Never** a reveal before everybody's commitment is held: who knew a nonce before he chose his own could grind for
//! words.
//!
//! ```text
//! commitment = H("chatter v1 sas" ‖ round ‖ view ‖ own id ‖ nonce)
//! words      = first 55 bits of KDF("chatter v1 sas words", round ‖ view ‖ sorted (id ‖ nonce))
//! begin ── all commitments held ──> reveal ── all nonces held, each as committed ──> words
//! ```

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use subtle::ConstantTimeEq;

use crate::entropy::Entropy;
use crate::ids::MemberId;
use crate::limits;
use crate::room::view::ViewId;
use crate::room::words;
use crate::seal::{self, Key};
use crate::time::Time;

/// What a round is known by.
pub type RoundId = [u8; 16];

/// A round as one member lives through it.
pub struct Round {
    id: RoundId,
    view: ViewId,
    own: MemberId,
    nonce: Key,
    others: BTreeMap<MemberId, Other>,
    until: Time,
    revealed: bool,
    over: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Other {
    commitment: Option<[u8; 32]>,
    nonce: Option<[u8; 32]>,
}

/// What follows from a commitment or a reveal.
#[derive(Clone, PartialEq, Eq)]
pub enum Step {
    /// Others are still to come.
    Wait,
    /// Everybody has committed himself: this nonce is to be sent to all.
    Reveal(Key),
    /// Everybody has revealed what he had committed himself to.
    Words([&'static str; WORDS]),
}

/// What an honest program never does. The round is void.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Foul {
    /// He is not in the view.
    #[error("he is not part of the round")]
    Outsider,
    /// A second commitment, or a second nonce.
    #[error("he changed his mind in the middle of the round")]
    Changed,
    /// A nonce before everybody, himself included, had committed himself.
    #[error("he revealed before he had committed himself")]
    Early,
    /// A nonce that is not the one to which he had committed himself.
    #[error("he revealed something else than he had committed himself to")]
    Broken,
}

impl Round {
    /// Takes part in the round `id` of `own` and `others`, who are the whole of `view`.
    pub fn begin(
        id: RoundId,
        view: ViewId,
        own: MemberId,
        others: impl IntoIterator<Item = MemberId>,
        entropy: &mut Entropy,
        now: Time,
    ) -> Self {
        let others = others.into_iter().map(|other| (other, Other::default())).collect();
        let until = now + limits::VERIFY_TIMEOUT;
        let nonce = Key::new(entropy.bytes());
        Self { id, view, own, nonce, others, until, revealed: false, over: false }
    }

    /// The round's id.
    pub fn id(&self) -> &RoundId {
        &self.id
    }

    /// The view that it is bound to.
    pub fn view(&self) -> &ViewId {
        &self.view
    }

    /// Those who take part, but for ourselves.
    pub fn others(&self) -> impl Iterator<Item = &MemberId> {
        self.others.keys()
    }

    /// When it is void if it is not over.
    pub fn until(&self) -> Option<Time> {
        (!self.over).then_some(self.until)
    }

    /// Whether we have sent our nonce. The words are no secret from then on.
    pub fn is_revealed(&self) -> bool {
        self.revealed
    }

    /// What we commit ourselves to.
    pub fn commitment(&self) -> [u8; 32] {
        commitment(&self.id, &self.view, &self.own, &self.nonce)
    }

    /// Takes what somebody commits himself to.
    ///
    /// # Errors
    /// [`Foul`]: the round is void.
    pub fn take_commitment(&mut self, from: &MemberId, commitment: [u8; 32]) -> Result<Step, Foul> {
        let other = self.others.get_mut(from).ok_or(Foul::Outsider)?;
        if other.commitment.replace(commitment).is_some() {
            return Err(Foul::Changed);
        }
        if self.others.values().all(|other| other.commitment.is_some()) {
            self.revealed = true;
            return Ok(Step::Reveal(self.nonce.clone()));
        }
        Ok(Step::Wait)
    }

    /// Takes a nonce.
    ///
    /// # Errors
    /// [`Foul`]: the round is void.
    pub fn take_nonce(&mut self, from: &MemberId, nonce: [u8; 32]) -> Result<Step, Foul> {
        let other = self.others.get_mut(from).ok_or(Foul::Outsider)?;
        let committed = other.commitment.ok_or(Foul::Early)?;
        if other.nonce.is_some() {
            return Err(Foul::Changed);
        }
        if !bool::from(commitment(&self.id, &self.view, from, &nonce).ct_eq(&committed)) {
            return Err(Foul::Broken);
        }
        other.nonce = Some(nonce);
        Ok(self.words().map_or(Step::Wait, Step::Words))
    }

    /// The words, once we have revealed and everybody else has.
    pub fn words(&mut self) -> Option<[&'static str; WORDS]> {
        if !self.revealed {
            return None;
        }
        let mut nonces = BTreeMap::from([(self.own, *self.nonce)]);
        for (id, other) in &self.others {
            nonces.insert(*id, other.nonce?);
        }
        self.over = true;
        let mut material: Vec<&[u8]> = alloc::vec![&self.id, self.view.as_bytes()];
        for (id, nonce) in &nonces {
            material.extend([&id.as_bytes()[..], nonce]);
        }
        Some(words::spell(&*seal::kdf("chatter v1 sas words", &material)))
    }
}

fn commitment(round: &RoundId, view: &ViewId, id: &MemberId, nonce: &[u8; 32]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    for part in [&b"chatter v1 sas"[..], round, view.as_bytes(), id.as_bytes(), nonce] {
        hasher.update(part);
    }
    *hasher.finalize().as_bytes()
}

impl core::fmt::Debug for Round {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Round(of {}, revealed: {}, over: {})", self.others.len() + 1, self.revealed, self.over)
    }
}

impl core::fmt::Debug for Step {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Wait => "Wait",
            Self::Reveal(_) => "Reveal(…)",
            Self::Words(_) => "Words(…)",
        })
    }
}

/// How many words are compared: 55 bits.
pub const WORDS: usize = 5;

#[cfg(test)]
mod tests;

//! The double ratchet of one pair: a fresh key for every frame, and fresh Diffie-Hellman keys by turns (§7).
//!
//! **In** the pair's root, frames of the other side. **Out** sealed frames, opened ones, how many were lost before.
//! **Never** a key that was used or stepped over: they are wiped at once, so there is no store of skipped keys; nor a
//! change of state by a frame that does not open.
//!
//! ```text
//! frame  = header ‖ AEAD(message key, plain, handshake hash ‖ direction ‖ header ‖ what the frame is bound to)
//! header = sender's DH key 32 ‖ number in its chain 4 ‖ length of the chain before 4
//! chain  → XOF(chain key) = next chain key ‖ message key
//! root   → XOF(KDF(root ‖ DH)) = next root ‖ chain of the side that drew a new key
//! ```
//!
//! A side draws a new key when it is its turn, that is after the other's newest key arrived, at most every 30 s.

use alloc::vec::Vec;

use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use crate::entropy::Entropy;
use crate::limits;
use crate::seal::{self, Key};
use crate::time::Time;

/// One side of a pair's double ratchet.
pub struct Ratchet {
    hash: [u8; 32],
    side: Side,
    root: Key,
    own: StaticSecret,
    own_public: [u8; 32],
    theirs: [u8; 32],
    sending: Chain,
    sent_before: u32,
    receiving: Chain,
    my_turn: bool,
    stepped: Time,
}

/// Who of the two began the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Sent message 1.
    Initiator,
    /// Answered it.
    Responder,
}

/// What both sides know when their handshake is done.
pub struct Beginning {
    /// The hash of the whole handshake: every frame is bound to it.
    pub hash: [u8; 32],
    /// The secret from which all keys come.
    pub root: Key,
    /// The own first key.
    pub own: StaticSecret,
    /// The other's first key.
    pub theirs: [u8; 32],
}

/// A frame that opened.
#[derive(Debug, PartialEq, Eq)]
pub struct Opened {
    /// What was sealed.
    pub plain: Zeroizing<Vec<u8>>,
    /// How many frames before it never came; nothing will open them any more.
    pub lost: u32,
}

/// Why a frame did not open. The ratchet is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RatchetError {
    /// Shorter than a header and a tag.
    #[error("the frame is too short")]
    Short,
    /// Its number was there already, or was stepped over.
    #[error("the frame was there before")]
    Repeated,
    /// More frames are missing before it than are stepped over.
    #[error("{0} frames before this one are missing")]
    Gap(u32),
    /// Made by somebody else, for something else, or damaged.
    #[error("the frame does not open")]
    Forged,
}

impl Ratchet {
    /// The ratchet of a handshake that was just finished.
    pub fn new(side: Side, beginning: Beginning, now: Time) -> Self {
        let Beginning { hash, root, own, theirs } = beginning;
        let mut keys = Zeroizing::new([0; 96]);
        seal::xof(&root, b"chatter v1 pair start", &mut *keys);
        let [root, initiator, responder] = split(&*keys);
        let (sending, receiving) = match side {
            Side::Initiator => (initiator, responder),
            Side::Responder => (responder, initiator),
        };
        Self {
            hash,
            side,
            root,
            own_public: PublicKey::from(&own).to_bytes(),
            own,
            theirs,
            sending: Chain { key: sending, number: 0 },
            sent_before: 0,
            receiving: Chain { key: receiving, number: 0 },
            my_turn: side == Side::Initiator,
            stepped: now,
        }
    }

    /// Seals `plain` as the next frame, bound to `bound_to`. A new key is drawn from `entropy` where it is time.
    pub fn seal(&mut self, bound_to: &[u8], plain: &[u8], entropy: &mut Entropy, now: Time) -> Vec<u8> {
        if self.my_turn && now.saturating_since(self.stepped) >= limits::RATCHET_STEP_EVERY {
            self.step(entropy, now);
        }
        let mut frame = Vec::with_capacity(HEADER_LEN + plain.len() + seal::TAG_LEN);
        frame.extend_from_slice(&self.own_public);
        frame.extend_from_slice(&self.sending.number.to_be_bytes());
        frame.extend_from_slice(&self.sent_before.to_be_bytes());
        let ad = self.associated(self.side, &frame, bound_to);
        let key = self.sending.next();
        frame.extend_from_slice(&seal::seal(&key, 0, &ad, plain));
        frame
    }

    /// Opens the other side's next frame.
    ///
    /// # Errors
    /// [`RatchetError`]; the state is then untouched.
    pub fn open(&mut self, bound_to: &[u8], frame: &[u8]) -> Result<Opened, RatchetError> {
        let (header, sealed) = frame.split_first_chunk::<HEADER_LEN>().ok_or(RatchetError::Short)?;
        let header_fields = Header::decode(header);
        let ad = self.associated(self.side.other(), header, bound_to);
        if header_fields.key == self.theirs {
            let mut chain = self.receiving.clone();
            let lost = header_fields.number.checked_sub(chain.number).ok_or(RatchetError::Repeated)?;
            let plain = chain.open_after(lost, lost, &ad, sealed)?;
            self.receiving = chain;
            return Ok(Opened { plain, lost });
        }
        // The other side draws a new key at its turn only.
        if self.my_turn {
            return Err(RatchetError::Forged);
        }
        let lost_before =
            header_fields.before.checked_sub(self.receiving.number).ok_or(RatchetError::Forged)?;
        let lost = lost_before.saturating_add(header_fields.number);
        if lost > limits::RATCHET_GAP_MAX {
            return Err(RatchetError::Gap(lost));
        }
        let (root, key) = self.derive(&self.own, &header_fields.key).ok_or(RatchetError::Forged)?;
        let mut chain = Chain { key, number: 0 };
        let plain = chain.open_after(header_fields.number, lost, &ad, sealed)?;
        self.root = root;
        self.receiving = chain;
        self.theirs = header_fields.key;
        self.my_turn = true;
        Ok(Opened { plain, lost })
    }

    /// Draws a new key of our own and a new sending chain from it.
    fn step(&mut self, entropy: &mut Entropy, now: Time) {
        let own = StaticSecret::from(entropy.bytes::<32>());
        let Some((root, key)) = self.derive(&own, &self.theirs) else { return };
        self.own_public = PublicKey::from(&own).to_bytes();
        self.own = own;
        self.root = root;
        self.sent_before = self.sending.number;
        self.sending = Chain { key, number: 0 };
        self.my_turn = false;
        self.stepped = now;
    }

    /// The next root and the chain that goes with it; none where the other's key is of low order.
    fn derive(&self, own: &StaticSecret, theirs: &[u8; 32]) -> Option<(Key, Key)> {
        let shared = own.diffie_hellman(&PublicKey::from(*theirs));
        if !shared.was_contributory() {
            return None;
        }
        let mut keys = Zeroizing::new([0; 64]);
        let step = seal::kdf("chatter v1 pair step", &[&*self.root, shared.as_bytes()]);
        seal::xof(&step, b"", &mut *keys);
        let [root, chain] = split(&*keys);
        Some((root, chain))
    }

    fn associated(&self, sender: Side, header: &[u8], bound_to: &[u8]) -> Vec<u8> {
        let direction = match sender {
            Side::Initiator => 0,
            Side::Responder => 1,
        };
        [&self.hash[..], &[direction], header, bound_to].concat()
    }
}

impl core::fmt::Debug for Ratchet {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let (sent, received) = (self.sending.number, self.receiving.number);
        write!(f, "Ratchet({:?}, sent {sent}, received {received})", self.side)
    }
}

impl core::fmt::Debug for Beginning {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Beginning(…)")
    }
}

impl Side {
    const fn other(self) -> Self {
        match self {
            Self::Initiator => Self::Responder,
            Self::Responder => Self::Initiator,
        }
    }
}

/// A key that is replaced with every use.
#[derive(Clone)]
struct Chain {
    key: Key,
    number: u32,
}

impl Chain {
    /// The key of the next message; the chain's own key is replaced.
    fn next(&mut self) -> Key {
        let mut keys = Zeroizing::new([0; 64]);
        seal::xof(&self.key, b"", &mut *keys);
        let [next, message] = split(&*keys);
        self.key = next;
        self.number = self.number.saturating_add(1);
        message
    }

    /// Steps over `skip` keys and opens with the one after them; `lost` is judged before anything is computed.
    fn open_after(
        &mut self,
        skip: u32,
        lost: u32,
        ad: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, RatchetError> {
        if lost > limits::RATCHET_GAP_MAX {
            return Err(RatchetError::Gap(lost));
        }
        for _ in 0..skip {
            self.next();
        }
        seal::open(&self.next(), 0, ad, sealed).ok_or(RatchetError::Forged)
    }
}

struct Header {
    key: [u8; 32],
    number: u32,
    before: u32,
}

impl Header {
    fn decode(bytes: &[u8; HEADER_LEN]) -> Self {
        let mut header = Self { key: [0; 32], number: 0, before: 0 };
        let (key, rest) = bytes.split_at(32);
        let (number, before) = rest.split_at(4);
        header.key.copy_from_slice(key);
        header.number = number.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte));
        header.before = before.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte));
        header
    }
}

/// Cuts derived bytes into keys.
fn split<const N: usize>(bytes: &[u8]) -> [Key; N] {
    let mut parts = bytes.chunks_exact(32);
    core::array::from_fn(|_| {
        let mut key = Key::default();
        key.copy_from_slice(parts.next().expect("as many chunks as keys"));
        key
    })
}

/// The header of a frame: DH key, number, length of the chain before.
pub const HEADER_LEN: usize = 40;

#[cfg(test)]
mod tests;

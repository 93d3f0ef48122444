//! One message: its body sealed once for all, its seed wrapped for each member (§8).
//!
//! **In** a text or none, the sender's number, chain, view and heads; bodies and seeds of others. **Out** bodies, seeds,
//! what stood in them.
//! **Never** a body that opens to two texts: the seed commits to its key, and the body begins with the commitment.
//!
//! ```text
//! commitment 32 ‖ key 32 = XOF(seed)
//! body  = commitment ‖ AEAD(key, 0, padded(Body), room id ‖ sender id)
//! wrap  = a ratchet frame of the pair, holding the seed, bound to BLAKE3(body)
//! chain = BLAKE3(chain before ‖ body)
//! ```
//!
//! A message without text is a beacon: outside it looks as a short text does.

use alloc::vec::Vec;

use chatter_proto::room::{Beacon, Body, body::Content};
use prost::Message;
use prost::bytes::Bytes;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

use crate::entropy::Entropy;
use crate::ids::{MemberId, RoomId};
use crate::limits;
use crate::room::view::{Heads, ViewId};
use crate::seal::{self, Key};

/// Where in the room a sender's messages belong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The room.
    pub room: RoomId,
    /// The sender.
    pub sender: MemberId,
}

/// How far a sender has come: how many messages, and the hash over all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chain {
    /// How many messages were published.
    pub count: u64,
    /// The hash after them.
    pub hash: [u8; 32],
}

/// What a message says.
#[derive(Clone, Copy)]
pub struct Statement<'a> {
    /// The text; none in a beacon.
    pub text: Option<&'a str>,
    /// The sender's view.
    pub view: &'a ViewId,
    /// How far he has heard the others in it.
    pub heads: &'a Heads,
}

/// A body, with what its wraps need.
#[derive(PartialEq, Eq)]
pub struct Sealed {
    /// What everybody gets.
    pub body: Bytes,
    /// What only those get for whom it is wrapped.
    pub seed: Key,
    /// What wraps are bound to.
    pub hash: [u8; 32],
}

/// A message that opened.
#[derive(PartialEq, Eq)]
pub struct Opened {
    /// Where the sender says that he stood before it.
    pub before: Chain,
    /// What he says; nothing in a beacon.
    pub text: Option<Zeroizing<alloc::string::String>>,
    /// His view.
    pub view: ViewId,
    /// How far he has heard the others.
    pub heads: Heads,
}

/// Why a body did not open although its wrap did: only its sender can have made it so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// The seed is not the one that the body commits to.
    #[error("the message's key is not the one that it commits to")]
    Commitment,
    /// It was sealed for another room, by somebody else, or damaged.
    #[error("the message does not open")]
    Forged,
    /// It opened, but its content can't be read.
    #[error("the message opens, but can't be read")]
    Unreadable,
}

impl Origin {
    /// Where a sender stands before his first message.
    pub fn start(&self) -> Chain {
        let hash = seal::kdf("chatter v1 chain", &[self.room.as_bytes(), self.sender.as_bytes()]);
        Chain { count: 0, hash: *hash }
    }

    fn associated(&self) -> Vec<u8> {
        [&self.room.as_bytes()[..], self.sender.as_bytes()].concat()
    }
}

impl Chain {
    /// Where the sender stands after `body`.
    pub fn after(&self, body: &[u8]) -> Self {
        let hash = *blake3::Hasher::new().update(&self.hash).update(body).finalize().as_bytes();
        Self { count: self.count.saturating_add(1), hash }
    }
}

/// Seals `statement` as the message after `before`.
pub fn seal(origin: &Origin, before: &Chain, statement: Statement<'_>, entropy: &mut Entropy) -> Sealed {
    let Statement { text, view, heads } = statement;
    let mut plain = Body {
        number: before.count.saturating_add(1),
        chain: before.hash.to_vec(),
        content: Some(text.map_or(Content::Beacon(Beacon {}), |text| Content::Text(text.into()))),
        view: view.as_bytes().to_vec(),
        head_ids: heads.ids(),
        head_counts: heads.counts(),
        heads: heads.hash().to_vec(),
    };
    // A beacon and whatever is about as short look alike, however many heads go with it.
    let padded = pad_for(&plain, SHORT_TEXT_LEN.saturating_sub(text.map_or(0, str::len)));
    if let Some(Content::Text(text)) = &mut plain.content {
        text.zeroize();
    }
    let seed = Key::new(entropy.bytes());
    let keys = expand(&seed);
    let (commitment, key) = keys.split_at(32);
    let key = key.try_into().expect("the second half of 64 bytes");
    let mut body = commitment.to_vec();
    body.extend_from_slice(&seal::seal(key, 0, &origin.associated(), &padded));
    let hash = *blake3::hash(&body).as_bytes();
    Sealed { body: body.into(), seed, hash }
}

/// Opens a body with the seed out of its wrap.
///
/// # Errors
/// [`MessageError`]; the sender, nobody else, broke the rules.
pub fn open(origin: &Origin, body: &[u8], seed: &[u8]) -> Result<Opened, MessageError> {
    let seed: &[u8; 32] = seed.try_into().map_err(|_| MessageError::Commitment)?;
    let keys = expand(seed);
    let (commitment, key) = keys.split_at(32);
    let key = key.try_into().expect("the second half of 64 bytes");
    let (shown, sealed) = body.split_at_checked(32).ok_or(MessageError::Commitment)?;
    if !bool::from(shown.ct_eq(commitment)) {
        return Err(MessageError::Commitment);
    }
    let plain = seal::open(key, 0, &origin.associated(), sealed).ok_or(MessageError::Forged)?;
    let mut body: Body = unpad(&plain).ok_or(MessageError::Unreadable)?;
    let text = match body.content.take().ok_or(MessageError::Unreadable)? {
        Content::Text(text) => Some(Zeroizing::new(text)),
        Content::Beacon(Beacon {}) => None,
    };
    let heads = Heads::parse(body.head_ids, body.head_counts, &body.heads);
    let (heads, view) = heads.zip(ViewId::from_slice(&body.view)).ok_or(MessageError::Unreadable)?;
    let hash = body.chain.as_slice().try_into().map_err(|_| MessageError::Unreadable)?;
    let count = body.number.checked_sub(1).ok_or(MessageError::Unreadable)?;
    if text.as_ref().is_some_and(|text| text.len() > limits::TEXT_LEN_MAX) {
        return Err(MessageError::Unreadable);
    }
    Ok(Opened { before: Chain { count, hash }, text, view, heads })
}

/// The encoded message behind its length, with zeros up to the next bucket.
pub fn pad(message: &impl Message) -> Zeroizing<Vec<u8>> {
    pad_for(message, 0)
}

/// The same in the bucket of a message that is `spare` bytes longer.
fn pad_for(message: &impl Message, spare: usize) -> Zeroizing<Vec<u8>> {
    let length = message.encoded_len();
    let bucket = bucket(length + LENGTH_LEN + spare);
    let mut padded = Zeroizing::new(Vec::with_capacity(bucket));
    let stated = u32::try_from(length).expect("texts are limited far below 4 GiB");
    padded.extend_from_slice(&stated.to_be_bytes());
    message.encode(&mut *padded).expect("a vector grows as needed");
    padded.resize(bucket, 0);
    padded
}

/// What [`pad`] padded; none where the length lies or the message can't be read.
pub fn unpad<M: Message + Default>(padded: &[u8]) -> Option<M> {
    let (length, rest) = padded.split_first_chunk::<LENGTH_LEN>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    M::decode(rest.get(..length)?).ok()
}

/// The size that hides a length: powers of two from 128 bytes, then whole pages.
fn bucket(length: usize) -> usize {
    if length <= PAGE { length.next_power_of_two().max(BUCKET_MIN) } else { length.next_multiple_of(PAGE) }
}

fn expand(seed: &[u8; 32]) -> Zeroizing<[u8; 64]> {
    let mut keys = Zeroizing::new([0; 64]);
    seal::xof(seed, b"chatter v1 message", &mut *keys);
    keys
}

impl core::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Sealed({} bytes)", self.body.len())
    }
}

impl core::fmt::Debug for Opened {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Opened({} bytes)", self.text.as_ref().map_or(0, |text| text.len()))
    }
}

const LENGTH_LEN: usize = 4;
/// Texts up to here are padded as if they were as long: most of what people say.
const SHORT_TEXT_LEN: usize = 128;
const BUCKET_MIN: usize = 128;
const PAGE: usize = 4096;

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeMap;
    use alloc::string::String;

    use super::*;

    const ORIGIN: Origin = Origin { room: RoomId::new([1; 32]), sender: MemberId::new([2; 16]) };

    fn sealed(text: &str) -> Sealed {
        seal_after(&ORIGIN.start(), Some(text), &Heads::default())
    }

    fn seal_after(before: &Chain, text: Option<&str>, heads: &Heads) -> Sealed {
        let view = &ViewId::of(&ORIGIN.room, &BTreeMap::new());
        seal(&ORIGIN, before, Statement { text, view, heads }, &mut Entropy::new([9; 32]))
    }

    #[test]
    fn a_message_comes_back_with_its_place() {
        for length in [0, 1, 100, 4096, limits::TEXT_LEN_MAX] {
            let text = "x".repeat(length);
            let sealed = sealed(&text);
            assert!(sealed.body.len() <= limits::BODY_LEN_MAX);
            let opened = open(&ORIGIN, &sealed.body, &*sealed.seed).expect("opens");
            let said = opened.text.as_deref();
            assert_eq!((said, opened.before), (Some(&text), ORIGIN.start()));
        }
    }

    #[test]
    fn the_longest_text_fits_with_the_heads_of_the_largest_room() {
        let member = |number: usize| MemberId::new([u8::try_from(number).expect("small"); 16]);
        let stands = |number| (member(number), Chain { count: u64::MAX >> 1, hash: [1; 32] });
        // And with those of all who left at once, and are remembered.
        let stands = (1..limits::ROOM_MEMBERS_MAX + limits::DEPARTED_MAX).map(stands).collect();
        let heads = Heads::state(&ORIGIN.start(), &stands);
        let text = "x".repeat(limits::TEXT_LEN_MAX);
        let sealed = seal_after(&ORIGIN.start(), Some(&text), &heads);
        assert!(sealed.body.len() <= limits::BODY_LEN_MAX);
        let opened = open(&ORIGIN, &sealed.body, &*sealed.seed).expect("opens");
        assert!(opened.heads.agree_with(&stands));
    }

    #[test]
    fn a_beacon_looks_like_a_short_text() {
        for members in 0..64 {
            let member = |number| MemberId::new([number; 16]);
            let stands = (0..members).map(|number| (member(number), ORIGIN.start())).collect();
            let heads = Heads::state(&ORIGIN.start(), &stands);
            let beacon = seal_after(&ORIGIN.start(), None, &heads);
            for length in [0, 1, 40, 120] {
                let text = "x".repeat(length);
                let said = seal_after(&ORIGIN.start(), Some(&text), &heads);
                assert_eq!(said.body.len(), beacon.body.len(), "{length} bytes among {members}");
            }
            let opened = open(&ORIGIN, &beacon.body, &*beacon.seed).expect("opens");
            assert_eq!(opened.text, None);
        }
    }

    #[test]
    fn lengths_hide_in_buckets() {
        let lengths: Vec<_> =
            ["", "hi", "a rather longer sentence"].iter().map(|text| sealed(text).body.len()).collect();
        assert_eq!(lengths, [32 + 256 + 16; 3]);
        assert_eq!((bucket(1), bucket(129), bucket(4096), bucket(4097)), (128, 256, 4096, 8192));
    }

    #[test]
    fn every_damaged_bit_and_every_other_origin_is_refused() {
        let sealed = sealed("hello");
        for bit in 0..sealed.body.len() * 8 {
            let mut body = sealed.body.to_vec();
            body[bit / 8] ^= 1 << (bit % 8);
            assert!(open(&ORIGIN, &body, &*sealed.seed).is_err(), "bit {bit}");
        }
        for bit in 0..256 {
            let mut seed = *sealed.seed;
            seed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(open(&ORIGIN, &sealed.body, &seed), Err(MessageError::Commitment), "bit {bit}");
        }
        let elsewhere = Origin { room: RoomId::new([3; 32]), ..ORIGIN };
        assert_eq!(open(&elsewhere, &sealed.body, &*sealed.seed), Err(MessageError::Forged));
        let other = Origin { sender: MemberId::new([3; 16]), ..ORIGIN };
        assert_eq!(open(&other, &sealed.body, &*sealed.seed), Err(MessageError::Forged));
    }

    #[test]
    fn chains_depend_on_everything_before() {
        let start = ORIGIN.start();
        let (one, two) = (start.after(b"one").after(b"two"), start.after(b"two").after(b"one"));
        assert_eq!(one.count, 2);
        assert_ne!(one.hash, two.hash);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_taken_calmly(body: Vec<u8>, seed: Vec<u8>) {
            proptest::prop_assert!(open(&ORIGIN, &body, &seed).is_err());
            let _ = unpad::<Body>(&body);
        }

        #[test]
        fn any_text_comes_back(text: String) {
            let sealed = sealed(&text);
            let opened = open(&ORIGIN, &sealed.body, &*sealed.seed).expect("opens");
            proptest::prop_assert_eq!(opened.text.as_deref(), Some(&text));
        }
    }
}

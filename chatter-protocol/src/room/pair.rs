//! How two members come to trust each other: Noise XXpsk0+psk3 with ML-KEM-768, through the relay (§7).
//!
//! **In** the room's psk, one's own stay, the other's id and hello, handshake messages. **Out** handshake messages and,
//! at the end, a [`Finished`] channel. **Never** an answer to somebody without the psk, nor a channel without ML-KEM.
//!
//! ```text
//! Initiator::begin ── message 1 ──> Responder::answer      psk, e
//! Initiator::finish <── message 2 ── (its answer)          e, ee, s, es; nonce, KEM ciphertext, ratchet key
//! (its answer) ── message 3 ──> Responder::finish          s, se, psk; nonce, ratchet key
//! ```
//!
//! Each step consumes the one before; a message that fails gives the step back, so that it burns nothing.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use chatter_proto::room::Introduction;
use prost::Message;
use prost::bytes::Bytes;
use snow::HandshakeState;
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use crate::entropy::Entropy;
use crate::ids::{MemberId, RoomId};
use crate::noise;
use crate::room::hello::{self, Hello, KemSecret};
use crate::room::identity::{Identity, Keeping, StayKey};
use crate::room::ratchet::{Beginning, Ratchet, Side};
use crate::room::secret::RoomSecret;
use crate::seal::{self, Key};
use crate::time::Time;

/// What all pairs of a room have in common.
pub struct RoomKeys {
    id: RoomId,
    psk: Key,
}

/// One member's time in a room, from join to leave: its keys and the id that binds them.
pub struct Stay {
    key: StaticSecret,
    lasting: bool,
    nonce: [u8; 32],
    id: MemberId,
    hello: Bytes,
    kem: Option<Box<KemSecret>>,
}

/// A handshake that came to its good end.
#[derive(Debug)]
pub struct Finished {
    /// The channel.
    pub ratchet: Ratchet,
    /// The other's stay key, which he has proven to hold.
    pub key: StayKey,
    /// Whether he says that he shows it in other stays, too.
    pub lasting: bool,
}

/// Who told of message 1 and waits for message 2.
pub struct Initiator(Box<Step>);

/// Who answered with message 2 and waits for message 3.
pub struct Responder {
    step: Box<Step>,
    kem: Key,
    again: Box<Again>,
}

/// All that went into a responder's step. snow does not undo a message 3 that fails half-way, so the step is made
/// again from here: the same randomness gives the same keys.
struct Again {
    entropy: Entropy,
    hello: Hello,
    first: Vec<u8>,
    introduction: Vec<u8>,
}

/// A handshake message that did not lead on.
#[derive(Debug)]
pub struct Failure<S> {
    /// What was wrong with it.
    pub error: PairError,
    /// The step, as it was; none where the sender holds the psk and broke the rules, which ends the handshake.
    pub still: Option<S>,
}

/// What can be wrong with a handshake message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PairError {
    /// Made without the room's psk, for somebody else, or damaged.
    #[error("the handshake does not open: its sender has no room secret, or it was changed on its way")]
    Forged,
    /// It opened, but its content can't be read.
    #[error("the handshake opens, but can't be read")]
    Unreadable,
    /// The stay key does not belong to the member id.
    #[error("the handshake comes from somebody else than it claims")]
    OtherMember,
    /// The post-quantum part is missing or wrong.
    #[error("the handshake lacks its post-quantum part")]
    NoKem,
}

impl RoomKeys {
    /// The keys of the room with this secret on the server with this public key.
    pub fn new(secret: &RoomSecret, server_key: &[u8; 32]) -> Self {
        Self { id: secret.room_id(server_key), psk: secret.psk(server_key) }
    }

    /// The room's id.
    pub fn id(&self) -> &RoomId {
        &self.id
    }
}

impl Stay {
    /// A new stay. Its keys are fresh, but for the stay key of whoever keeps one; its id is fresh always.
    pub fn begin(kept: Option<(&Identity, Keeping)>, entropy: &mut Entropy) -> Self {
        let lasting = kept.is_some_and(|(_, keeping)| keeping == Keeping::Lasting);
        let key = kept.map(|(identity, _)| identity.secret().clone());
        let key = key.unwrap_or_else(|| StaticSecret::from(entropy.bytes::<32>()));
        let nonce = entropy.bytes();
        let (kem, hello) = KemSecret::generate(entropy);
        let id = member_id(PublicKey::from(&key).as_bytes(), &nonce);
        Self { key, lasting, nonce, id, hello, kem: Some(Box::new(kem)) }
    }

    /// The member id of this stay.
    pub fn id(&self) -> &MemberId {
        &self.id
    }

    /// The public half of the stay key.
    pub fn key(&self) -> StayKey {
        StayKey::new(PublicKey::from(&self.key).to_bytes())
    }

    /// What the relay hands to everybody.
    pub fn hello(&self) -> &Bytes {
        &self.hello
    }

    /// Erases the decapsulation key, once no message 2 is awaited any more.
    pub fn forget_kem(&mut self) {
        self.kem = None;
    }

    fn introduction(&self, kem_ciphertext: Vec<u8>, ratchet_key: &StaticSecret) -> Vec<u8> {
        let ratchet_key = PublicKey::from(ratchet_key).to_bytes().to_vec();
        let (nonce, lasting) = (self.nonce.to_vec(), self.lasting);
        Introduction { nonce, kem_ciphertext, ratchet_key, lasting }.encode_to_vec()
    }
}

impl Initiator {
    /// Begins a handshake with `peer`: the step and message 1.
    pub fn begin(
        room: &RoomKeys,
        stay: &Stay,
        peer: &MemberId,
        hello: &Hello,
        entropy: &mut Entropy,
    ) -> (Self, Vec<u8>) {
        let mut step = Step::new(Side::Initiator, room, stay, peer, hello, entropy.fork());
        let message = step.write(&[]).expect("message 1 needs nothing but the psk");
        (Self(Box::new(step)), message)
    }

    /// Takes message 2: the channel and message 3, which must be sent before anything over the channel.
    ///
    /// # Errors
    /// [`Failure`] holds the step as it was where anybody could have made the message.
    pub fn finish(
        self,
        message: &[u8],
        stay: &Stay,
        now: Time,
    ) -> Result<(Finished, Vec<u8>), Failure<Self>> {
        let Self(mut step) = self;
        let payload = match step.read(message) {
            Ok(payload) => payload,
            Err(error) => return Err(Failure { error, still: Some(Self(step)) }),
        };
        let end = |error| Failure { error, still: None };
        let (key, introduction) = step.introduced(&payload).map_err(end)?;
        let kem = stay.kem.as_ref().and_then(|kem| kem.decapsulate(&introduction.kem_ciphertext));
        let kem = kem.ok_or(end(PairError::NoKem))?;
        let answer = step.write(&stay.introduction(Vec::new(), &step.ratchet_key));
        let answer = answer.map_err(|_| end(PairError::Forged))?;
        let ratchet = step.into_ratchet(&kem, &introduction, now).map_err(end)?;
        Ok((Finished { ratchet, key, lasting: introduction.lasting }, answer))
    }
}

impl Responder {
    /// Answers message 1 of `peer`: the step and message 2.
    ///
    /// # Errors
    /// [`PairError::Forged`] where the sender has no psk or claims other ids or hellos than we see.
    pub fn answer(
        room: &RoomKeys,
        stay: &Stay,
        peer: &MemberId,
        hello: &Hello,
        message: &[u8],
        entropy: &mut Entropy,
    ) -> Result<(Self, Vec<u8>), PairError> {
        if message.len() != FIRST_LEN {
            return Err(PairError::Forged);
        }
        let again = entropy.fork();
        let mut step = Step::new(Side::Responder, room, stay, peer, hello, again.clone());
        step.read(message)?;
        let (ciphertext, kem) = hello.encapsulate(entropy).ok_or(PairError::NoKem)?;
        let introduction = stay.introduction(ciphertext, &step.ratchet_key);
        let answer = step.write(&introduction).map_err(|_| PairError::Forged)?;
        let again = Again { entropy: again, hello: hello.clone(), first: message.to_vec(), introduction };
        Ok((Self { step: Box::new(step), kem, again: Box::new(again) }, answer))
    }

    /// Takes message 3: the channel. `room` and `stay` are those that answered.
    ///
    /// # Errors
    /// [`Failure`] holds the step as it was where anybody could have made the message.
    pub fn finish(
        self,
        room: &RoomKeys,
        stay: &Stay,
        message: &[u8],
        now: Time,
    ) -> Result<Finished, Failure<Self>> {
        let Self { mut step, kem, again } = self;
        let payload = match step.read(message) {
            Ok(payload) => payload,
            Err(error) => {
                let still = again.step(room, stay, &step.peer).ok();
                let still = still.map(|step| Self { step: Box::new(step), kem, again });
                return Err(Failure { error, still });
            }
        };
        let end = |error| Failure { error, still: None };
        let (key, introduction) = step.introduced(&payload).map_err(end)?;
        let ratchet = step.into_ratchet(&kem, &introduction, now).map_err(end)?;
        Ok(Finished { ratchet, key, lasting: introduction.lasting })
    }
}

impl Again {
    fn step(&self, room: &RoomKeys, stay: &Stay, peer: &MemberId) -> Result<Step, PairError> {
        let mut step = Step::new(Side::Responder, room, stay, peer, &self.hello, self.entropy.clone());
        step.read(&self.first)?;
        step.write(&self.introduction).map_err(|_| PairError::Forged)?;
        Ok(step)
    }
}

/// A handshake under way, whichever side.
struct Step {
    side: Side,
    noise: HandshakeState,
    peer: MemberId,
    ratchet_key: StaticSecret,
}

impl Step {
    fn new(
        side: Side,
        room: &RoomKeys,
        stay: &Stay,
        peer: &MemberId,
        hello: &Hello,
        mut entropy: Entropy,
    ) -> Self {
        let prologue = prologue(side, room, stay, peer, hello);
        let builder = noise::builder(PATTERN, &mut entropy)
            .psk(0, &room.psk)
            .and_then(|builder| builder.psk(3, &room.psk))
            .and_then(|builder| builder.local_private_key(stay.key.as_bytes()))
            .and_then(|builder| builder.prologue(&prologue));
        let noise = builder.and_then(|builder| match side {
            Side::Initiator => builder.build_initiator(),
            Side::Responder => builder.build_responder(),
        });
        let noise = noise.expect("the pattern has all the keys that it asks for");
        let ratchet_key = StaticSecret::from(entropy.bytes::<32>());
        Self { side, noise, peer: *peer, ratchet_key }
    }

    fn write(&mut self, payload: &[u8]) -> Result<Vec<u8>, snow::Error> {
        let mut message = vec![0; payload.len() + NOISE_OVERHEAD_MAX];
        let length = self.noise.write_message(payload, &mut message)?;
        message.truncate(length);
        Ok(message)
    }

    fn read(&mut self, message: &[u8]) -> Result<Zeroizing<Vec<u8>>, PairError> {
        let mut payload = Zeroizing::new(vec![0; message.len()]);
        let length = self.noise.read_message(message, &mut payload).map_err(|_| PairError::Forged)?;
        payload.truncate(length);
        Ok(payload)
    }

    /// Reads the other's introduction and checks that its stay key is the one that its id binds.
    fn introduced(&self, payload: &[u8]) -> Result<(StayKey, Introduction), PairError> {
        let introduction = Introduction::decode(payload).map_err(|_| PairError::Unreadable)?;
        let nonce = introduction.nonce.as_slice().try_into().map_err(|_| PairError::Unreadable)?;
        let key: Option<&[u8; 32]> = self.noise.get_remote_static().and_then(|key| key.try_into().ok());
        let key = key.ok_or(PairError::Unreadable)?;
        if member_id(key, nonce) != self.peer {
            return Err(PairError::OtherMember);
        }
        Ok((StayKey::new(*key), introduction))
    }

    fn into_ratchet(
        mut self: Box<Self>,
        kem: &Key,
        introduction: &Introduction,
        now: Time,
    ) -> Result<Ratchet, PairError> {
        let theirs = introduction.ratchet_key.as_slice().try_into().map_err(|_| PairError::Unreadable)?;
        let hash: [u8; 32] = self.noise.get_handshake_hash().try_into().map_err(|_| PairError::Unreadable)?;
        let (one, two) = self.noise.dangerously_get_raw_split();
        let (one, two) = (Key::new(one), Key::new(two));
        let root = seal::kdf("chatter v1 pair root", &[&*one, &*two, &**kem, &hash]);
        let beginning = Beginning { hash, root, own: self.ratchet_key, theirs };
        Ok(Ratchet::new(self.side, beginning, now))
    }
}

/// Version, room, both ids, both hellos: who answers to other ones can't open message 1.
fn prologue(side: Side, room: &RoomKeys, stay: &Stay, peer: &MemberId, hello: &Hello) -> Vec<u8> {
    let ours = (stay.id.as_bytes(), &hello::hash(&stay.hello));
    let theirs = (peer.as_bytes(), hello.hash());
    let (initiator, responder) = match side {
        Side::Initiator => (ours, theirs),
        Side::Responder => (theirs, ours),
    };
    let version = hello::VERSION.to_be_bytes();
    let parts: [&[u8]; 6] =
        [&version, room.id.as_bytes(), initiator.0, responder.0, initiator.1, responder.1];
    parts.concat()
}

/// The id that binds a stay key: nobody can show another key under it.
fn member_id(key: &[u8; 32], nonce: &[u8; 32]) -> MemberId {
    let mut id = [0; 16];
    blake3::Hasher::new().update(key).update(nonce).finalize_xof().fill(&mut id);
    MemberId::new(id)
}

macro_rules! hide {
    ($($name:ident),*) => {$(
        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )*};
}

hide!(RoomKeys, Stay, Initiator, Responder);

const PATTERN: &str = "Noise_XXpsk0+psk3_25519_ChaChaPoly_BLAKE2s";

/// Message 1: an ephemeral key and the tag of an empty payload.
pub const FIRST_LEN: usize = 32 + 16;

/// An ephemeral key, a sealed static key, a tag.
const NOISE_OVERHEAD_MAX: usize = 32 + 32 + 16 + 16;

#[cfg(test)]
mod tests;

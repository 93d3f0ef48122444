//! What two members send each other: the three messages of their handshake, frames of the pair, bodies with their wraps;
//! each damaged anywhere.
//!
//! **In**: what is damaged and how, then what is said. **Out**: what is undamaged opens, once; what is damaged changes nothing.
//! **Never**: a text that nobody sealed.

use chatter_protocol::entropy::Entropy;
use chatter_protocol::ids::{MemberId, RoomId};
use chatter_protocol::room::hello::Hello;
use chatter_protocol::room::message::{self, Origin, Statement};
use chatter_protocol::room::pair::{Finished, Initiator, Responder, RoomKeys, Stay};
use chatter_protocol::room::ratchet::Ratchet;
use chatter_protocol::room::secret::RoomSecret;
use chatter_protocol::room::view::{Heads, ViewId};
use chatter_protocol::time::Time;
use std::collections::BTreeMap;
use std::time::Duration;

/// A handshake with one damaged try at each message, then frames both ways, each once damaged and once whole.
pub fn pairs(input: &[u8]) {
    let (plan, said) = input.split_at(input.len().min(PLAN));
    let mut damage = Damage { plan, next: 0 };
    let mut entropy = Entropy::new([1; 32]);
    let (mut one, mut other) = meet(&mut damage, &mut entropy);
    let mut now = Time::ZERO;
    for (place, plain) in said.chunks(CHUNK).take(FRAMES).enumerate() {
        // Both speak, with pauses that bring new keys.
        now = now + Duration::from_secs(u64::from(plain.first().copied().unwrap_or(0)) % 40);
        let (from, to) = if place % 3 == 0 { (&mut other, &mut one) } else { (&mut one, &mut other) };
        let frame = from.seal(b"bound", plain, &mut entropy, now);
        let damaged = damage.of(&frame);
        if damaged != frame {
            assert!(to.open(b"bound", &damaged).is_err(), "nobody sealed that");
        }
        assert!(to.open(b"elsewhere", &frame).is_err(), "that was bound to something else");
        let opened = to.open(b"bound", &frame).expect("what was sealed opens");
        assert_eq!((&opened.plain[..], opened.lost), (plain, 0));
        assert!(to.open(b"bound", &frame).is_err(), "it opens once");
    }
    let _ = one.open(b"", said);
    body(&mut damage, said, &mut entropy);
}

fn meet(damage: &mut Damage<'_>, entropy: &mut Entropy) -> (Ratchet, Ratchet) {
    let keys = RoomKeys::new(&RoomSecret::from_bytes([1; 16]), &[5; 32]);
    let (anna, ben) = (Stay::begin(None, entropy), Stay::begin(None, entropy));
    let hello = |stay: &Stay| Hello::parse(stay.hello()).expect("our own");
    let (annas, bens) = (hello(&anna), hello(&ben));
    let (initiator, first) = Initiator::begin(&keys, &anna, ben.id(), &bens, entropy);
    let damaged = damage.of(&first);
    let answer = |message: &[u8], entropy: &mut Entropy| {
        Responder::answer(&keys, &ben, anna.id(), &annas, message, entropy)
    };
    assert!(damaged == first || answer(&damaged, entropy).is_err(), "a damaged first message is answered");
    let Ok((responder, second)) = answer(&first, entropy) else {
        panic!("an honest first message is not answered")
    };
    let damaged = damage.of(&second);
    let initiator = if damaged == second {
        initiator
    } else {
        let Err(failure) = initiator.finish(&damaged, &anna, Time::ZERO) else {
            panic!("a damaged second message")
        };
        failure.still.expect("what does not open changes nothing")
    };
    let Ok((annas_end, third)) = initiator.finish(&second, &anna, Time::ZERO) else {
        panic!("an honest one")
    };
    let damaged = damage.of(&third);
    let responder = if damaged == third {
        responder
    } else {
        let Err(failure) = responder.finish(&keys, &ben, &damaged, Time::ZERO) else {
            panic!("a damaged third message")
        };
        failure.still.expect("what does not open changes nothing")
    };
    let Ok(bens_end) = responder.finish(&keys, &ben, &third, Time::ZERO) else {
        panic!("an honest third message")
    };
    assert_eq!((annas_end.key, bens_end.key), (ben.key(), anna.key()));
    let ratchet = |Finished { ratchet, .. }: Finished| ratchet;
    (ratchet(annas_end), ratchet(bens_end))
}

fn body(damage: &mut Damage<'_>, said: &[u8], entropy: &mut Entropy) {
    let origin = Origin { room: RoomId::new([1; 32]), sender: MemberId::new([2; 16]) };
    let text = String::from_utf8_lossy(said);
    let view = ViewId::of(&origin.room, &BTreeMap::new());
    let stands = said.chunks(16).filter_map(|id| Some((MemberId::from_slice(id)?, origin.start()))).collect();
    let heads = Heads::state(&origin.start(), &stands);
    let statement = Statement { text: Some(&text), view: &view, heads: &heads };
    let sealed = message::seal(&origin, &origin.start(), statement, entropy);
    let opened = message::open(&origin, &sealed.body, &*sealed.seed).expect("what was sealed opens");
    assert_eq!((opened.text.as_deref(), &opened.heads), (Some(&text.into_owned()), &heads));
    let damaged = damage.of(&sealed.body);
    assert!(
        damaged == *sealed.body || message::open(&origin, &damaged, &*sealed.seed).is_err(),
        "another body opens"
    );
    assert!(message::open(&origin, said, &*sealed.seed).is_err(), "nobody sealed that");
}

/// How things are damaged, in turn.
struct Damage<'a> {
    plan: &'a [u8],
    next: usize,
}

impl Damage<'_> {
    /// The bytes with one changed, or cut off; or as they are.
    fn of(&mut self, bytes: &[u8]) -> Vec<u8> {
        let byte = |at: usize| self.plan.get(at % PLAN).copied().unwrap_or(0);
        let (place, change) =
            (usize::from(u16::from_be_bytes([byte(self.next), byte(self.next + 1)])), byte(self.next + 2));
        self.next += 3;
        let mut damaged = bytes.to_vec();
        if change == 255 {
            damaged.truncate(place % bytes.len());
        } else {
            damaged[place % bytes.len()] ^= change;
        }
        damaged
    }
}

/// Bytes of an input that say what is damaged.
const PLAN: usize = 24;
/// Bytes of a frame, and how many frames.
const CHUNK: usize = 60;
const FRAMES: usize = 20;

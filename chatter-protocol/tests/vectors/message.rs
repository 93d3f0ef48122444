//! What members say over their channels (docs/protocol.md §6.7, §7.7, §8 to §11).

use std::collections::BTreeMap;

use chatter_proto::room::Private;
use chatter_protocol::entropy::Entropy;
use chatter_protocol::ids::{MemberId, Nickname, RoomId};
use chatter_protocol::room::identity::{Identity, IdentityError, StayKey, safety_number};
use chatter_protocol::room::message::{self, Chain, Origin, Statement};
use chatter_protocol::room::passphrase::{Cost, Passphrase};
use chatter_protocol::room::verify::{Round, Step};
use chatter_protocol::room::view::{Heads, ViewId, profile_hash};
use chatter_protocol::time::Time;
use prost::Message as _;
use serde_json::Value;

use crate::read::{Vector, file};
use crate::room;

fn vectors() -> Value {
    file(include_str!("message.json"))
}

/// The identity with this secret.
pub(crate) fn identity(secret: &[u8; 32]) -> Identity {
    let text = chatter_protocol::code::encode("identity", &[&[1][..], secret].concat());
    Identity::parse(&text, None).expect("an identity")
}

fn numbers<T: TryFrom<u64>>(vector: Vector<'_>, name: &str) -> Vec<T> {
    let numbers = vector.at(name).0.as_array().expect("a list").iter().filter_map(Value::as_u64);
    numbers.map(|number| T::try_from(number).unwrap_or_else(|_| panic!("{number} is too large"))).collect()
}

#[test]
fn messages_are_sealed_wrapped_and_chained_alike() {
    let vectors = vectors();
    let vectors = Vector(&vectors);
    let room = room::room(vectors.at("room"));
    let (mut one, mut two) = room::meet(&room, vectors.at("stays"), vectors.at("handshake"));
    let sender = MemberId::new(vectors.at("stays").at("initiator").array("member_id"));
    let origin = Origin { room: *room.id(), sender };
    let mut before = origin.start();
    assert_eq!(before.hash, vectors.array("chain_start"));
    for vector in vectors.list("messages") {
        assert_eq!(before.hash, vector.array("chain_before"));
        let stands: BTreeMap<_, _> = vector.list("stands").iter().map(|place| stands(*place)).collect();
        let heads = Heads::state(&before, &stands);
        assert_eq!(heads.ids(), numbers::<u32>(vector, "head_ids"));
        assert_eq!(heads.counts(), numbers::<u64>(vector, "head_counts"));
        assert_eq!(heads.hash(), &vector.array("heads"));
        let view = ViewId::from_slice(&vector.bytes("view")).expect("a view");
        let text = vector.text_if("text");
        let statement = Statement { text, view: &view, heads: &heads };
        let sealed = message::seal(&origin, &before, statement, &mut Entropy::new(vector.array("seed")));
        assert_eq!(*sealed.seed, vector.array("message_seed"));
        assert_eq!(sealed.body[..], vector.bytes("body"));
        assert_eq!(sealed.hash, vector.array("hash"));
        let mut none = Entropy::new([0; 32]);
        let wrap = one.ratchet.seal(&sealed.hash, &*sealed.seed, &mut none, Time::ZERO);
        assert_eq!(wrap, vector.bytes("wrap"));
        assert_eq!(wrap.len(), 88);

        let body = vector.bytes("body");
        let seed = two.ratchet.open(&vector.array::<32>("hash"), &vector.bytes("wrap")).expect("the wrap");
        let opened = message::open(&origin, &body, &seed.plain).expect("the body");
        assert_eq!(opened.text.as_ref().map(|text| text.as_str()), text);
        assert_eq!((opened.before, opened.view, &opened.heads), (before, view, &heads));
        assert!(opened.heads.agree_with(&stands) && opened.heads.read(&before, stands.keys()).complete);
        let elsewhere = Origin { room: RoomId::new([0; 32]), sender };
        assert!(message::open(&elsewhere, &body, &seed.plain).is_err());
        before = before.after(&body);
        assert_eq!(before, Chain { count: vector.number("number"), hash: vector.array("chain_after") });
    }
}

fn stands(place: Vector<'_>) -> (MemberId, Chain) {
    let chain = Chain { count: place.number("count"), hash: place.array("chain") };
    (MemberId::new(place.array("member_id")), chain)
}

#[test]
fn what_is_said_to_one_is_padded_and_sealed_alike() {
    let vectors = vectors();
    let vectors = Vector(&vectors);
    let room = room::room(vectors.at("room"));
    let (mut one, mut two) = room::meet(&room, vectors.at("stays"), vectors.at("handshake"));
    for vector in vectors.list("privates") {
        let private = Private::decode(&*vector.bytes("private")).expect("a private word");
        assert!(private.content.is_some(), "{}", vector.text("name"));
        assert_eq!(private.encode_to_vec(), vector.bytes("private"), "{}", vector.text("name"));
        let padded = message::pad(&private);
        assert_eq!(padded.len(), vector.number::<usize>("padded_len"));
        let frame = one.ratchet.seal(b"", &padded, &mut Entropy::new([0; 32]), Time::ZERO);
        assert_eq!(frame, vector.bytes("frame"), "{}", vector.text("name"));
        let opened = two.ratchet.open(b"", &frame).expect("the frame");
        assert_eq!(message::unpad::<Private>(&opened.plain), Some(private));
    }
}

#[test]
fn lengths_are_padded_alike() {
    let vectors = vectors();
    for vector in Vector(&vectors).list("padding") {
        let length: usize = vector.number("length");
        // One field of 1 + 1 to 3 + n bytes; the shortest message has none.
        let private = Private { chain: vec![1; length.saturating_sub(2)], ..Private::default() };
        let spare = private.encoded_len() - length;
        let private = Private { chain: vec![1; length.saturating_sub(2 + spare)], ..Private::default() };
        assert_eq!(private.encoded_len(), length);
        assert_eq!(message::pad(&private).len(), vector.number::<usize>("padded"), "{length}");
    }
}

#[test]
fn views_agree() {
    let vectors = vectors();
    for vector in Vector(&vectors).list("views") {
        let member = |member: &Vector<'_>| {
            let nick = Nickname::parse(member.text("nick")).expect("a nickname");
            (MemberId::new(member.array("member_id")), profile_hash(&nick))
        };
        let members = vector.list("members").iter().map(member).collect();
        let view = ViewId::of(&RoomId::new(vector.array("room_id")), &members);
        assert_eq!(view.as_bytes(), &vector.array("view"));
    }
}

#[test]
fn the_words_of_a_round_agree() {
    let vectors = vectors();
    let vector = Vector(&vectors).at("verification");
    let members = vector.list("members");
    let id = |member: &Vector<'_>| MemberId::new(member.array("member_id"));
    let view = ViewId::from_slice(&vector.bytes("view")).expect("a view");
    for own in &members {
        let others: Vec<_> = members.iter().filter(|member| id(member) != id(own)).collect();
        let mut entropy = Entropy::new(own.array("seed"));
        let ids = others.iter().map(|member| id(member));
        let mut round = Round::begin(vector.array("round"), view, id(own), ids, &mut entropy, Time::ZERO);
        assert_eq!(round.commitment(), own.array("commitment"));
        let mut step = None;
        for other in &others {
            step = Some(round.take_commitment(&id(other), other.array("commitment")).expect("a commitment"));
        }
        let Some(Step::Reveal(nonce)) = step else { panic!("nothing is revealed") };
        assert_eq!(*nonce, own.array("nonce"));
        let mut step = None;
        for other in &others {
            step = Some(round.take_nonce(&id(other), other.array("nonce")).expect("a nonce"));
        }
        let Some(Step::Words(words)) = step else { panic!("there are no words") };
        let expected: Vec<_> = vector.at("words").0.as_array().expect("a list").iter().collect();
        assert_eq!(words.to_vec(), expected);
    }
}

#[test]
fn safety_numbers_and_marks_agree() {
    let vectors = vectors();
    let vectors = Vector(&vectors);
    for vector in vectors.list("safety_numbers") {
        let (one, other) = (StayKey::new(vector.array("one")), StayKey::new(vector.array("other")));
        let room = RoomId::new(vector.array("room_id"));
        assert_eq!(safety_number(&room, &one, &other), vector.text("number"));
    }
    for vector in vectors.list("marks") {
        let mark = StayKey::new(vector.array("stay_key")).mark(&MemberId::new(vector.array("member_id")));
        assert_eq!(mark, vector.text("mark"));
    }
}

#[test]
fn a_passphrase_gives_the_same_room() {
    let vectors = vectors();
    let vector = Vector(&vectors).at("passphrase");
    let passphrase = Passphrase::new(vector.text("typed"));
    assert_eq!(passphrase.expose(), vector.text("normal"));
    let secret = passphrase.room_secret(&vector.array("server_key"), vector.text("name"), Cost::FULL);
    assert_eq!(secret.as_bytes(), &vector.array("secret"));
}

#[test]
fn identity_files_agree() {
    let vectors = vectors();
    let vectors = Vector(&vectors);
    let vector = vectors.at("identity");
    let mut entropy = Entropy::new(vector.array("lock_seed"));
    let identity = identity(&vector.array("secret"));
    assert_eq!(identity.key().to_text(), vector.text("member"));
    assert_eq!(*identity.to_text(None, &mut entropy.clone()), vector.text("text"));
    let passphrase = Passphrase::new(vectors.at("passphrase").text("typed"));
    let lock = Some((&passphrase, Cost::FULL));
    assert_eq!(*identity.to_text(lock, &mut entropy), vector.text("locked"));
    let unlocked = Identity::parse(vector.text("locked"), lock).expect("the passphrase");
    assert_eq!(unlocked.key(), identity.key());
    let later = Identity::parse(vector.text("later"), None).map(|identity| identity.key());
    assert_eq!(later, Err(IdentityError::Version(2)));
}

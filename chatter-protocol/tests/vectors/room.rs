//! Rooms, stays, hellos, the pair handshake and its double ratchet (docs/protocol.md §6.6, §7).

use chatter_protocol::entropy::Entropy;
use chatter_protocol::ids::MemberId;
use chatter_protocol::room::hello::{Hello, HelloError};
use chatter_protocol::room::identity::Keeping;
use chatter_protocol::room::pair::{Finished, Initiator, Responder, RoomKeys, Stay};
use chatter_protocol::room::ratchet::{Opened, Ratchet, RatchetError};
use chatter_protocol::room::secret::RoomSecret;
use chatter_protocol::time::Time;
use serde_json::Value;

use crate::read::{Vector, file};

fn vectors() -> Value {
    file(include_str!("room.json"))
}

/// The stay of this vector, made from its seed.
pub(crate) fn stay(vector: Vector<'_>) -> Stay {
    let identity = vector.bytes_if("identity").map(|_| crate::message::identity(&vector.array("identity")));
    let stay = Stay::begin(
        identity.as_ref().map(|identity| (identity, Keeping::Lasting)),
        &mut Entropy::new(vector.array("seed")),
    );
    assert_eq!(stay.key().as_bytes(), &vector.array("stay_key"));
    assert_eq!(stay.hello()[..], vector.bytes("hello"));
    assert_eq!(stay.id(), &MemberId::new(vector.array("member_id")));
    stay
}

/// The room of this vector.
pub(crate) fn room(vector: Vector<'_>) -> RoomKeys {
    let secret = RoomSecret::from_bytes(vector.array("secret"));
    let server_key = vector.array("server_key");
    assert_eq!(secret.room_id(&server_key).as_bytes(), &vector.array("id"));
    assert_eq!(*secret.psk(&server_key), vector.array("psk"));
    RoomKeys::new(&secret, &server_key)
}

/// Both ends of the handshake of this vector: first the initiator's.
pub(crate) fn meet(room: &RoomKeys, stays: Vector<'_>, vector: Vector<'_>) -> (Finished, Finished) {
    let (one, two) = (stay(stays.at("initiator")), stay(stays.at("responder")));
    let hello = |stay: &Stay| Hello::parse(stay.hello()).expect("a hello");
    let mut entropy = Entropy::new(vector.array("initiator_seed"));
    let (begun, first) = Initiator::begin(room, &one, two.id(), &hello(&two), &mut entropy);
    assert_eq!(first, vector.bytes("message_1"));
    let mut entropy = Entropy::new(vector.array("responder_seed"));
    let (answered, second) =
        Responder::answer(room, &two, one.id(), &hello(&one), &first, &mut entropy).expect("message 1");
    assert_eq!(second, vector.bytes("message_2"));
    let (finished, third) = begun.finish(&second, &one, Time::ZERO).expect("message 2");
    assert_eq!(third, vector.bytes("message_3"));
    let answered = answered.finish(room, &two, &third, Time::ZERO).expect("message 3");
    assert_eq!((finished.key, answered.key), (two.key(), one.key()));
    (finished, answered)
}

#[test]
fn room_ids_and_keys_agree() {
    let vectors = vectors();
    let rooms = Vector(&vectors).list("rooms");
    let mut ids: Vec<_> = rooms.iter().map(|vector| *room(*vector).id()).collect();
    ids.dedup();
    assert_eq!(ids.len(), 3);
}

#[test]
fn hellos_agree_and_their_versions_are_negotiated() {
    let vectors = vectors();
    let vectors = Vector(&vectors);
    for vector in vectors.list("other_hellos") {
        assert!(Hello::parse(&vector.bytes("hello")).is_ok(), "{}", vector.text("why"));
    }
    for vector in vectors.list("refused_hellos") {
        let error = Hello::parse(&vector.bytes("hello")).expect_err(vector.text("why"));
        if vector.0.get("lowest").is_some() {
            assert_eq!(error, HelloError::Version(vector.number("lowest"), vector.number("highest")));
            let said = error.to_string();
            let told = format!("speaks versions {} to {}", vector.0["lowest"], vector.0["highest"]);
            assert!(said.contains(&told) && said.contains("this program version 1"), "{said}");
        }
    }
}

#[test]
fn pairs_shake_hands_alike() {
    let vectors = vectors();
    let vectors = Vector(&vectors);
    let room = room(vectors.list("rooms")[0]);
    let (one, two) = meet(&room, vectors.at("stays"), vectors.at("handshake"));
    assert!(!one.lasting && !two.lasting);
    let with_identity = vectors.at("with_identity");
    let (one, two) = meet(&room, with_identity, with_identity.at("handshake"));
    assert!(one.lasting && !two.lasting, "the responder's stay key lasts");
}

#[test]
fn the_ratchet_turns_alike() {
    let vectors = vectors();
    let vectors = Vector(&vectors);
    let room = room(vectors.list("rooms")[0]);
    let (one, two) = meet(&room, vectors.at("stays"), vectors.at("handshake"));
    let (mut one, mut two) = (one.ratchet, two.ratchet);
    let (mut steps, mut lost, mut refused) = (0, 0, 0);
    for frame in vectors.list("frames") {
        let (sender, receiver): (&mut Ratchet, &mut Ratchet) =
            if frame.text("sender") == "initiator" { (&mut one, &mut two) } else { (&mut two, &mut one) };
        let (bound, bytes) = (frame.bytes("bound"), frame.bytes("frame"));
        if let Some(why) = frame.text_if("refused") {
            let error = receiver.open(&bound, &bytes).expect_err(why);
            let expected = match why {
                "repeated" => RatchetError::Repeated,
                "short" => RatchetError::Short,
                "gap" => RatchetError::Gap(65),
                _ => RatchetError::Forged,
            };
            assert_eq!(error, expected);
            refused += 1;
            continue;
        }
        let now = Time::ZERO + std::time::Duration::from_secs(frame.number("seconds"));
        let plain = frame.bytes("plain");
        let mut entropy = Entropy::new(frame.array("seed"));
        assert_eq!(sender.seal(&bound, &plain, &mut entropy, now), bytes);
        steps += usize::from(frame.text_if("new_secret").is_some());
        if frame.0.get("lost").is_some() {
            let opened = receiver.open(&bound, &bytes).expect("a frame");
            let expected = Opened { plain: plain.into(), lost: frame.number("lost") };
            assert_eq!(opened, expected);
            lost += opened.lost;
        }
    }
    assert!(steps >= 4 && lost >= 4 && refused >= 7, "{steps} {lost} {refused}");
}

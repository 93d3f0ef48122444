use super::*;
use crate::room::ratchet::RatchetError;

struct Side {
    stay: Stay,
    hello: Hello,
    entropy: Entropy,
}

fn side(seed: u8) -> Side {
    let mut entropy = Entropy::new([seed; 32]);
    let stay = Stay::begin(None, &mut entropy);
    let hello = Hello::parse(stay.hello()).expect("our own hello");
    Side { stay, hello, entropy }
}

fn room(secret: u8) -> RoomKeys {
    RoomKeys::new(&RoomSecret::from_bytes([secret; 16]), &[5; 32])
}

fn begin(room: &RoomKeys, one: &mut Side, two: &Side) -> (Initiator, Vec<u8>) {
    Initiator::begin(room, &one.stay, two.stay.id(), &two.hello, &mut one.entropy)
}

fn answer(
    room: &RoomKeys,
    one: &Side,
    two: &mut Side,
    first: &[u8],
) -> Result<(Responder, Vec<u8>), PairError> {
    Responder::answer(room, &two.stay, one.stay.id(), &one.hello, first, &mut two.entropy)
}

#[test]
fn two_members_meet() {
    let (room, mut one, mut two) = (room(1), side(1), side(2));
    let (initiator, first) = begin(&room, &mut one, &two);
    let (responder, second) = answer(&room, &one, &mut two, &first).expect("message 1");
    let (here, third) = initiator.finish(&second, &one.stay, Time::ZERO).expect("message 2");
    let there = responder.finish(&room, &two.stay, &third, Time::ZERO).expect("message 3");
    let (mut here, mut there) = (here.ratchet, there.ratchet);
    let frame = here.seal(b"", b"hello", &mut Entropy::new([6; 32]), Time::ZERO);
    assert_eq!(there.open(b"", &frame).expect("opens").plain.as_slice(), b"hello");
    let frame = there.seal(b"", b"hello too", &mut Entropy::new([6; 32]), Time::ZERO);
    assert_eq!(here.open(b"", &frame).expect("opens").plain.as_slice(), b"hello too");
}

#[test]
fn every_damaged_bit_is_refused_and_burns_nothing() {
    let (room, mut one, mut two) = (room(1), side(1), side(2));
    let (mut initiator, first) = begin(&room, &mut one, &two);
    let damaged = |message: &[u8], bit: usize| {
        let mut message = message.to_vec();
        message[bit / 8] ^= 1 << (bit % 8);
        message
    };
    for bit in 0..first.len() * 8 {
        let refused = answer(&room, &one, &mut two, &damaged(&first, bit));
        assert_eq!(refused.map(|_| ()), Err(PairError::Forged), "bit {bit} of message 1");
    }
    let (mut responder, second) = answer(&room, &one, &mut two, &first).expect("message 1");
    for bit in (0..second.len() * 8).step_by(13) {
        let failure = initiator.finish(&damaged(&second, bit), &one.stay, Time::ZERO);
        let failure = failure.expect_err("message 2 is damaged");
        assert_eq!(failure.error, PairError::Forged);
        initiator = failure.still.expect("nothing is burnt");
    }
    let (here, third) = initiator.finish(&second, &one.stay, Time::ZERO).expect("message 2");
    for bit in 0..third.len() * 8 {
        let failure = responder.finish(&room, &two.stay, &damaged(&third, bit), Time::ZERO);
        responder = failure.expect_err("message 3 is damaged").still.expect("nothing is burnt");
    }
    let there = responder.finish(&room, &two.stay, &third, Time::ZERO).expect("message 3");
    let (mut here, mut there) = (here.ratchet, there.ratchet);
    assert!(there.open(b"", &here.seal(b"", b"", &mut Entropy::new([6; 32]), Time::ZERO)).is_ok());
}

#[test]
fn nobody_without_the_psk_gets_an_answer() {
    let (mut one, mut two) = (side(1), side(2));
    let (_, first) = begin(&room(2), &mut one, &two);
    assert_eq!(answer(&room(1), &one, &mut two, &first).map(|_| ()), Err(PairError::Forged));
}

#[test]
fn ids_and_hellos_are_bound() {
    let room = room(1);
    let (mut one, mut two, three) = (side(1), side(2), side(3));
    let (_, first) = begin(&room, &mut one, &two);
    assert_eq!(answer(&room, &three, &mut two, &first).map(|_| ()), Err(PairError::Forged), "another id");
    let swapped = Responder::answer(&room, &two.stay, one.stay.id(), &three.hello, &first, &mut two.entropy);
    assert_eq!(swapped.map(|_| ()), Err(PairError::Forged), "another hello: a stripped or changed KEM key");
    let (_, to_three) = begin(&room, &mut one, &three);
    assert_eq!(answer(&room, &one, &mut two, &to_three).map(|_| ()), Err(PairError::Forged), "another peer");
}

#[test]
fn an_insider_under_anothers_id_is_found_out() {
    let room = room(1);
    let (mut one, two, mut insider) = (side(1), side(2), side(3));
    let (initiator, first) = begin(&room, &mut one, &two);
    // He holds the psk and claims two's id and hello, but can't have two's stay key.
    insider.stay.id = *two.stay.id();
    insider.stay.hello = two.stay.hello.clone();
    let (_, second) = answer(&room, &one, &mut insider, &first).expect("he holds the psk");
    let failure = initiator.finish(&second, &one.stay, Time::ZERO).expect_err("the id binds the key");
    assert_eq!(failure.error, PairError::OtherMember);
    assert!(failure.still.is_none());
}

#[test]
fn without_the_right_kem_there_is_no_channel() {
    let (room, mut one, mut two) = (room(1), side(1), side(2));
    let (initiator, first) = begin(&room, &mut one, &two);
    let (responder, second) = answer(&room, &one, &mut two, &first).expect("message 1");
    // Somebody who broke X25519 alone lacks the decapsulation key: another one gives other keys.
    one.stay.kem = side(9).stay.kem;
    let (here, third) = initiator.finish(&second, &one.stay, Time::ZERO).expect("message 2");
    let there = responder.finish(&room, &two.stay, &third, Time::ZERO).expect("message 3");
    let (mut here, mut there) = (here.ratchet, there.ratchet);
    let frame = here.seal(b"", b"", &mut Entropy::new([6; 32]), Time::ZERO);
    assert_eq!(there.open(b"", &frame), Err(RatchetError::Forged));

    let (initiator, first) = begin(&room, &mut one, &two);
    let (_, second) = answer(&room, &one, &mut two, &first).expect("message 1");
    one.stay.forget_kem();
    let failure = initiator.finish(&second, &one.stay, Time::ZERO).expect_err("no decapsulation key");
    assert_eq!(failure.error, PairError::NoKem);
}

#[test]
fn each_knows_the_key_that_the_other_proved_and_whether_it_lasts() {
    let (room, mut one, mut two) = (room(1), side(1), side(2));
    let identity = Identity::generate(&mut one.entropy);
    one.stay = Stay::begin(Some((&identity, Keeping::Lasting)), &mut one.entropy);
    one.hello = Hello::parse(one.stay.hello()).expect("our own hello");
    let (initiator, first) = begin(&room, &mut one, &two);
    let (responder, second) = answer(&room, &one, &mut two, &first).expect("message 1");
    let (here, third) = initiator.finish(&second, &one.stay, Time::ZERO).expect("message 2");
    let there = responder.finish(&room, &two.stay, &third, Time::ZERO).expect("message 3");
    assert_eq!((here.key, here.lasting), (two.stay.key(), false));
    assert_eq!((there.key, there.lasting), (identity.key(), true));
    let again = Stay::begin(Some((&identity, Keeping::Lasting)), &mut one.entropy);
    assert_eq!(again.key(), one.stay.key());
    assert_ne!(again.id(), one.stay.id(), "ids are fresh whatever lasts");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
    #[test]
    fn any_bytes_are_taken_calmly(message: Vec<u8>) {
        let (room, mut one, mut two) = (room(1), side(1), side(2));
        proptest::prop_assert!(answer(&room, &one, &mut two, &message).is_err());
        let (initiator, first) = begin(&room, &mut one, &two);
        proptest::prop_assert!(initiator.finish(&message, &one.stay, Time::ZERO).is_err());
        let (responder, _) = answer(&room, &one, &mut two, &first).expect("message 1");
        proptest::prop_assert!(responder.finish(&room, &two.stay, &message, Time::ZERO).is_err());
        let _ = Hello::parse(&message);
    }
}

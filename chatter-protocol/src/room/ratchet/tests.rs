use core::time::Duration;

use super::*;

fn pair() -> (Ratchet, Ratchet) {
    let (one, two) = (StaticSecret::from([1; 32]), StaticSecret::from([2; 32]));
    let (one_public, two_public) = (PublicKey::from(&one).to_bytes(), PublicKey::from(&two).to_bytes());
    let beginning = |own, theirs| Beginning { hash: [7; 32], root: Key::new([8; 32]), own, theirs };
    (
        Ratchet::new(Side::Initiator, beginning(one, two_public), Time::ZERO),
        Ratchet::new(Side::Responder, beginning(two, one_public), Time::ZERO),
    )
}

/// A copy of every secret that a side holds now: what a thief would have.
fn copy(ratchet: &Ratchet) -> Ratchet {
    Ratchet {
        hash: ratchet.hash,
        side: ratchet.side,
        root: ratchet.root.clone(),
        own: ratchet.own.clone(),
        own_public: ratchet.own_public,
        theirs: ratchet.theirs,
        sending: ratchet.sending.clone(),
        sent_before: ratchet.sent_before,
        receiving: ratchet.receiving.clone(),
        my_turn: ratchet.my_turn,
        stepped: ratchet.stepped,
    }
}

/// Randomness that nobody has seen before.
fn fresh() -> Entropy {
    use core::sync::atomic::{AtomicU64, Ordering};
    static DRAWN: AtomicU64 = AtomicU64::new(0);
    let mut seed = [3; 32];
    seed[..8].copy_from_slice(&DRAWN.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    Entropy::new(seed)
}

fn at(seconds: u64) -> Time {
    Time::from_start(Duration::from_secs(seconds))
}

fn opened(result: Result<Opened, RatchetError>) -> Result<(Vec<u8>, u32), RatchetError> {
    result.map(|opened| (opened.plain.to_vec(), opened.lost))
}

#[test]
fn frames_go_both_ways_and_a_wrap_has_88_bytes() {
    let (mut one, mut two) = pair();
    for round in 0..100_u8 {
        let now = at(u64::from(round) * 7);
        let frame = one.seal(b"to", &[round; 32], &mut fresh(), now);
        assert_eq!(frame.len(), limits::WRAP_LEN);
        assert_eq!(opened(two.open(b"to", &frame)), Ok(([round; 32].to_vec(), 0)));
        if round % 3 == 0 {
            let frame = two.seal(b"to", &[round; 32], &mut fresh(), now);
            assert_eq!(opened(one.open(b"to", &frame)), Ok(([round; 32].to_vec(), 0)));
        }
    }
}

#[test]
fn crossing_frames_open_whatever_the_turns() {
    let (mut one, mut two) = pair();
    for round in 0..50_u64 {
        let now = at(round * 31);
        let ones: Vec<_> = (0..3).map(|_| one.seal(b"", b"1", &mut fresh(), now)).collect();
        let twos: Vec<_> = (0..3).map(|_| two.seal(b"", b"2", &mut fresh(), now)).collect();
        for (to_two, to_one) in ones.iter().zip(&twos) {
            assert_eq!(opened(two.open(b"", to_two)), Ok((b"1".to_vec(), 0)));
            assert_eq!(opened(one.open(b"", to_one)), Ok((b"2".to_vec(), 0)));
        }
    }
}

#[test]
fn keys_are_drawn_by_turns_at_most_every_thirty_seconds() {
    let (mut one, mut two) = pair();
    let key = |frame: &[u8]| frame[..32].to_vec();
    let first = one.seal(b"", b"", &mut fresh(), at(29));
    let second = one.seal(b"", b"", &mut fresh(), at(30));
    let third = one.seal(b"", b"", &mut fresh(), at(90));
    assert_ne!(key(&first), key(&second));
    assert_eq!(key(&second), key(&third), "not before the other's turn");
    let before = two.seal(b"", b"", &mut fresh(), at(90));
    for frame in [&first, &second, &third] {
        assert!(two.open(b"", frame).is_ok());
    }
    let after = two.seal(b"", b"", &mut fresh(), at(90));
    assert_ne!(key(&before), key(&after));
    assert!(one.open(b"", &before).is_ok());
    assert!(one.open(b"", &after).is_ok());
    let answer = one.seal(b"", b"", &mut fresh(), at(90));
    assert_ne!(key(&answer), key(&third));
    assert!(two.open(b"", &answer).is_ok());
    assert_eq!(key(&two.seal(b"", b"", &mut fresh(), at(119))), key(&after), "not twice within 30 s");
    assert_ne!(key(&two.seal(b"", b"", &mut fresh(), at(120))), key(&after));
}

#[test]
fn gaps_are_stepped_over_up_to_a_limit_also_across_a_new_key() {
    for (missing, limit_holds) in [(0, true), (1, true), (64, true), (65, false)] {
        for stepped in [false, true] {
            let (mut one, mut two) = pair();
            let seconds = |n: u32| if stepped && n >= missing / 2 { 30 } else { 0 };
            let mut lost = Vec::new();
            for n in 0..missing {
                lost.push(one.seal(b"", b"lost", &mut fresh(), at(seconds(n))));
            }
            let frame = one.seal(b"", b"kept", &mut fresh(), at(seconds(missing)));
            if !limit_holds {
                assert_eq!(opened(two.open(b"", &frame)), Err(RatchetError::Gap(missing)));
                assert!(two.open(b"", &lost[0]).is_ok(), "the state was left untouched");
                continue;
            }
            assert_eq!(opened(two.open(b"", &frame)), Ok((b"kept".to_vec(), missing)));
            for frame in &lost {
                assert!(two.open(b"", frame).is_err(), "stepped over for good");
            }
            assert_eq!(
                opened(two.open(b"", &one.seal(b"", b"on", &mut fresh(), at(60)))),
                Ok((b"on".to_vec(), 0))
            );
        }
    }
}

#[test]
fn a_failed_frame_leaves_everything_as_it_was() {
    let (mut one, mut two) = pair();
    for now in [at(0), at(30)] {
        let frame = one.seal(b"bound", &[5; 32], &mut fresh(), now);
        for bit in 0..frame.len() * 8 {
            let mut damaged = frame.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(two.open(b"bound", &damaged).is_err(), "bit {bit}");
        }
        for end in 0..frame.len() {
            assert!(two.open(b"bound", &frame[..end]).is_err());
        }
        assert_eq!(opened(two.open(b"unbound", &frame)), Err(RatchetError::Forged));
        assert!(one.open(b"bound", &frame).is_err(), "reflected");
        assert_eq!(opened(two.open(b"bound", &frame)), Ok(([5; 32].to_vec(), 0)));
        assert_eq!(opened(two.open(b"bound", &frame)), Err(RatchetError::Repeated));
    }
}

#[test]
fn a_thief_of_all_secrets_opens_nothing_from_before_and_is_shaken_off_after_a_round_of_turns() {
    let (mut one, mut two) = pair();
    let before = one.seal(b"", b"before", &mut fresh(), at(1));
    two.open(b"", &before).expect("opens");
    let mut thief = copy(&two);
    assert!(thief.open(b"", &before).is_err());
    let now = at(30);
    let turn = one.seal(b"", b"", &mut fresh(), now);
    two.open(b"", &turn).expect("opens");
    thief.open(b"", &turn).expect("the stolen state still follows");
    let turn = two.seal(b"", b"", &mut fresh(), now);
    one.open(b"", &turn).expect("opens");
    let healed = one.seal(b"", b"secret", &mut fresh(), at(60));
    assert!(thief.open(b"", &healed).is_err());
    assert!(two.open(b"", &healed).is_ok());
}

/// Every key in a thief's hands: those in the state, and what can be derived from them going on.
fn keys(thief: &Ratchet) -> Vec<Key> {
    let mut keys = [&thief.root, &thief.sending.key, &thief.receiving.key].map(Key::clone).to_vec();
    let mut chains = [thief.sending.clone(), thief.receiving.clone()].to_vec();
    let derived = thief.derive(&thief.own, &thief.theirs);
    if let Some((root, key)) = derived {
        keys.push(root);
        chains.push(Chain { key, number: 0 });
    }
    for mut chain in chains {
        for _ in 0..limits::RATCHET_GAP_MAX {
            keys.push(chain.next());
            keys.push(chain.key.clone());
        }
    }
    keys
}

/// Whether any of the keys opens the frame, whatever the rules of the ratchet say.
fn any_opens(keys: &[Key], ratchet: &Ratchet, frame: &[u8]) -> bool {
    let (header, sealed) = frame.split_first_chunk::<HEADER_LEN>().expect("a frame");
    [Side::Initiator, Side::Responder].into_iter().any(|sender| {
        let ad = ratchet.associated(sender, header, b"");
        keys.iter().any(|key| seal::open(key, 0, &ad, sealed).is_some())
    })
}

#[test]
fn no_key_that_is_left_opens_a_frame_from_before() {
    let (mut one, mut two) = pair();
    let mut before = Vec::new();
    for round in 0..6 {
        let now = at(round * 20);
        let frame = one.seal(b"", b"before", &mut fresh(), now);
        // The counter-proof: until it is opened, the receiver's keys do.
        let unopened = copy(&two);
        let key = (frame[..32] == unopened.theirs).then(|| unopened.receiving.clone().next());
        assert!(key.is_none_or(|key| any_opens(&[key], &unopened, &frame)));
        two.open(b"", &frame).expect("opens");
        let answer = two.seal(b"", b"before", &mut fresh(), now);
        one.open(b"", &answer).expect("opens");
        before.extend([frame, answer]);
        for thief in [copy(&one), copy(&two)] {
            let keys = keys(&thief);
            assert!(before.iter().all(|frame| !any_opens(&keys, &thief, frame)), "after round {round}");
        }
    }
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_taken_calmly(frame: Vec<u8>, own_key: bool) {
        let (one, mut two) = pair();
        let mut frame = frame;
        if own_key {
            frame.splice(..0, one.own_public);
        }
        proptest::prop_assert!(two.open(b"", &frame).is_err());
    }
}

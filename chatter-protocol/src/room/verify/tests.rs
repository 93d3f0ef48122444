use alloc::vec;

use super::*;

const IDS: [MemberId; 3] = [MemberId::new([1; 16]), MemberId::new([2; 16]), MemberId::new([3; 16])];
fn view(number: u8) -> ViewId {
    ViewId::from_slice(&[number; 16]).expect("a view")
}

fn round_of(own: u8, id: u8, view: ViewId, seed: u8) -> Round {
    let own = IDS[usize::from(own)];
    let others = IDS.iter().copied().filter(|other| *other != own);
    Round::begin([id; 16], view, own, others, &mut Entropy::new([seed; 32]), Time::ZERO)
}

/// Three members of one view, none of whom has heard anything yet.
fn rounds() -> Vec<Round> {
    (0..3).map(|own| round_of(own, 9, view(8), own)).collect()
}

/// Carries all commitments, then all nonces: what each reads.
fn play(rounds: &mut [Round]) -> Vec<[&'static str; WORDS]> {
    let commitments: Vec<_> = rounds.iter().map(Round::commitment).collect();
    let mut nonces = vec![None; rounds.len()];
    for to in 0..rounds.len() {
        for from in (0..rounds.len()).filter(|from| *from != to) {
            if let Step::Reveal(nonce) =
                rounds[to].take_commitment(&IDS[from], commitments[from]).expect("fair")
            {
                nonces[to] = Some(*nonce);
            }
        }
    }
    let mut words = Vec::new();
    for to in 0..rounds.len() {
        for from in (0..rounds.len()).filter(|from| *from != to) {
            let nonce = nonces[from].expect("everybody reveals");
            if let Step::Words(read) = rounds[to].take_nonce(&IDS[from], nonce).expect("fair") {
                words.push(read);
            }
        }
    }
    words
}

#[test]
fn everybody_reads_the_same_words_and_others_in_every_round() {
    let words = play(&mut rounds());
    assert_eq!(words.len(), 3);
    assert!(words.iter().all(|read| *read == words[0]));
    let mut again: Vec<_> = (0..3).map(|own| round_of(own, 10, view(8), own)).collect();
    assert_ne!(play(&mut again)[0], words[0], "the round counts");
    let mut elsewhere: Vec<_> = (0..3).map(|own| round_of(own, 9, view(7), own)).collect();
    assert_ne!(play(&mut elsewhere)[0], words[0], "the view counts");
    let mut nonces: Vec<_> = (0..3).map(|own| round_of(own, 9, view(8), own / 2)).collect();
    assert_ne!(play(&mut nonces)[0], words[0], "each nonce counts");
}

#[test]
fn nothing_is_revealed_before_everybody_has_committed_himself() {
    let mut rounds = rounds();
    let (two, three) = (rounds[1].commitment(), rounds[2].commitment());
    assert_eq!(rounds[0].take_commitment(&IDS[1], two), Ok(Step::Wait));
    assert!(!rounds[0].is_revealed());
    assert_eq!(rounds[0].words(), None);
    assert!(matches!(rounds[0].take_commitment(&IDS[2], three), Ok(Step::Reveal(_))));
    assert!(rounds[0].is_revealed());
    assert_eq!(rounds[0].words(), None, "nobody else has revealed");
    assert_eq!(rounds[0].until(), Some(Time::ZERO + limits::VERIFY_TIMEOUT));
}

#[test]
fn who_breaks_the_rules_is_found_out() {
    let [one, two, outsider] = [IDS[1], IDS[2], MemberId::new([9; 16])];
    let fresh = || {
        let mut rounds = rounds();
        let commitments = [rounds[1].commitment(), rounds[2].commitment()];
        (rounds.remove(0), commitments)
    };
    let (mut round, [first, second]) = fresh();
    assert_eq!(round.take_commitment(&outsider, first), Err(Foul::Outsider));
    assert_eq!(round.take_nonce(&outsider, [1; 32]), Err(Foul::Outsider));
    assert_eq!(round.take_nonce(&one, [1; 32]), Err(Foul::Early));
    assert_eq!(round.take_commitment(&one, first), Ok(Step::Wait));
    assert_eq!(round.take_commitment(&one, second), Err(Foul::Changed));
    let (mut round, [first, second]) = fresh();
    assert_eq!(round.take_commitment(&one, first), Ok(Step::Wait));
    let Ok(Step::Reveal(_)) = round.take_commitment(&two, second) else { panic!("all have committed") };
    // He has seen our nonce and now would like another one of his own.
    assert_eq!(round.take_nonce(&one, [7; 32]), Err(Foul::Broken));
}

#[test]
fn another_ones_commitment_can_not_be_taken_for_ones_own() {
    // Whoever echoes a commitment can't open it: it names its owner.
    let mut rounds = rounds();
    let (mut third, mut first) = (rounds.remove(2), rounds.remove(0));
    let echoed = first.commitment();
    assert_eq!(third.take_commitment(&IDS[0], echoed), Ok(Step::Wait));
    assert!(matches!(third.take_commitment(&IDS[1], echoed), Ok(Step::Reveal(_))));
    let thirds = third.commitment();
    let _ = first.take_commitment(&IDS[1], [0; 32]);
    let Ok(Step::Reveal(nonce)) = first.take_commitment(&IDS[2], thirds) else {
        panic!("all have committed")
    };
    assert_eq!(third.take_nonce(&IDS[0], *nonce), Ok(Step::Wait));
    assert_eq!(third.take_nonce(&IDS[1], *nonce), Err(Foul::Broken));
}

#[test]
fn nothing_prints_a_nonce() {
    let round = round_of(0, 9, view(8), 0);
    assert_eq!(alloc::format!("{round:?}"), "Round(of 3, revealed: false, over: false)");
    assert_eq!(alloc::format!("{:?}", Step::Reveal(Key::default())), "Reveal(…)");
}

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

/// These are here; whoever has a capital letter is verified.
fn company(names: &str) -> Company {
    let member = |name: char| {
        let key = StayKey::new([u8::try_from(name.to_ascii_lowercase()).expect("a letter"); 32]);
        (key, (name.to_string(), name.is_uppercase()))
    };
    names.chars().map(member).collect()
}

/// What becomes of a line that was typed when `then` were here, and is to be said when `now` are.
fn check(then: Option<&str>, kept: bool, now: &str, awaits: bool, expected: Option<&str>) {
    let mut outbox = Outbox::default();
    outbox.push("hi".into(), then.map(|then| Arc::new(company(then))), kept);
    let next = outbox.next(&company(now), awaits);
    let expected = expected.map(|why| match why {
        "" => Next::Say("hi".into()),
        why => Next::HandBack("hi".into(), why.into()),
    });
    assert_eq!(next, expected, "{then:?} {kept} {now} {awaits}");
}

#[test]
fn a_line_that_waited_is_for_those_who_were_there() {
    let stranger = Some("c is here now, who was not when you typed it");
    for awaits in [false, true] {
        check(Some("ab"), true, "ab", awaits, Some(""));
        check(Some("ab"), true, "abc", awaits, stranger);
        check(Some("ab"), true, "c", awaits, stranger);
        check(Some(""), true, "c", awaits, stranger);
        check(Some(""), true, "", awaits, Some(""));
        check(Some("ab"), false, "abc", awaits, Some(""));
        check(None, true, "abc", awaits, Some(""));
    }
    check(Some("ab"), true, "a", true, None);
    check(Some("ab"), true, "a", false, Some(""));
    check(Some("aB"), true, "a", false, Some("B, whom you have verified, is not here any more"));
    check(Some("ab"), true, "", true, None);
    check(Some("ab"), true, "", false, Some("nobody is here any more"));
}

#[test]
fn only_so_much_is_kept() {
    let mut outbox = Outbox::default();
    for number in 1..=LINES_MAX as u64 + 2 {
        let (given, forgotten) = outbox.hand_back(number.to_string());
        let over = number.checked_sub(LINES_MAX as u64).filter(|over| *over > 0);
        assert_eq!((given, forgotten), (number, Vec::from_iter(over)));
    }
    let (_, forgotten) = outbox.hand_back("x".repeat(BYTES_MAX));
    assert_eq!(forgotten.len(), LINES_MAX, "all others");
    assert_eq!(outbox.take_back(None).len(), 1);
    assert!(!outbox.is_full());
    outbox.push("x".repeat(BYTES_MAX), None, true);
    assert!(outbox.is_full());
    assert_eq!((outbox.drop_waiting(), outbox.is_full()), (1, false));
}

/// What may happen.
#[derive(Clone, Debug)]
enum Step {
    Type,
    Cut,
    /// These are here from now on.
    Come(u8),
    Next(bool),
    /// The session is lost: so many of those under way are handed back.
    Lose,
    Take,
    Resend(Option<u64>),
    Drop(Option<u64>),
}

fn step() -> impl Strategy<Value = Step> {
    let number = || proptest::option::of(1u64..20);
    prop_oneof![
        4 => Just(Step::Type),
        1 => Just(Step::Cut),
        2 => (0u8..16).prop_map(Step::Come),
        4 => any::<bool>().prop_map(Step::Next),
        1 => Just(Step::Lose),
        2 => Just(Step::Take),
        1 => number().prop_map(Step::Resend),
        1 => number().prop_map(Step::Drop),
    ]
}

proptest! {
    #[test]
    fn every_text_ends_once_and_only_among_those_it_was_typed_for(steps in proptest::collection::vec(step(), 0..120)) {
        let mut outbox = Outbox::default();
        let (mut here, mut connected) = (company(""), true);
        let mut typed = 0;
        // By text: for whom it was typed; where it is.
        let mut meant: BTreeMap<String, BTreeSet<StayKey>> = BTreeMap::new();
        let mut kept: BTreeSet<String> = BTreeSet::new();
        let (mut under_way, mut arrived, mut dropped) = (VecDeque::new(), Vec::<String>::new(), Vec::new());
        for step in steps {
            match step {
                Step::Type if !outbox.is_full() => {
                    typed += 1;
                    let text = format!("{typed:03}");
                    meant.insert(text.clone(), here.keys().copied().collect());
                    if !connected {
                        kept.insert(text.clone());
                    }
                    outbox.push(text, Some(Arc::new(here.clone())), !connected);
                }
                Step::Type => {}
                Step::Cut => {
                    connected = false;
                    kept.extend(outbox.waiting.iter().map(|line| line.text.clone()));
                    outbox.keep();
                }
                Step::Come(who) => {
                    connected = true;
                    let names: String = "abcd".chars().zip(0..).filter(|(_, at)| who >> at & 1 == 1).map(|(name, _)| name).collect();
                    here = company(&names);
                }
                Step::Next(awaits) => match outbox.next(&here, awaits) {
                    Some(Next::Say(text)) => {
                        if kept.contains(&text) {
                            prop_assert!(here.keys().all(|key| meant[&text].contains(key)), "{text}");
                        }
                        under_way.push_back(text);
                    }
                    Some(Next::HandBack(text, why)) => {
                        prop_assert!(kept.contains(&text) && !why.is_empty());
                        outbox.hand_back(text);
                    }
                    None => {}
                },
                Step::Lose => {
                    connected = false;
                    kept.extend(outbox.waiting.iter().map(|line| line.text.clone()));
                    under_way.drain(..).for_each(|text| { outbox.hand_back(text); });
                    outbox.keep();
                }
                Step::Take => arrived.extend(under_way.pop_front()),
                Step::Resend(number) => {
                    for text in outbox.take_back(number) {
                        kept.remove(&text);
                        meant.insert(text.clone(), here.keys().copied().collect());
                        outbox.push(text, Some(Arc::new(here.clone())), false);
                    }
                }
                Step::Drop(number) => dropped.extend(outbox.take_back(number)),
            }
            let left = outbox.texts().cloned().chain(under_way.iter().cloned());
            let mut all: Vec<String> = left.chain(arrived.iter().cloned()).chain(dropped.iter().cloned()).collect();
            all.sort();
            prop_assert!(all.iter().cloned().eq((1..=typed).map(|number| format!("{number:03}"))), "{all:?}");
            prop_assert_eq!(outbox.waiting_bytes, outbox.waiting.iter().map(|line| line.text.len()).sum::<usize>());
            prop_assert_eq!(outbox.back_bytes, outbox.back.values().map(String::len).sum::<usize>());
        }
        // Nothing overtakes: what still waits is in the order in which it was typed, or sent again.
        if dropped.is_empty() && outbox.back.is_empty() && outbox.number == 0 {
            prop_assert!(arrived.is_sorted() && under_way.iter().is_sorted());
        }
    }
}

//! How the lengths spread that our cookies, records and downloads' beginnings have.

use std::collections::BTreeMap;
use std::time::Duration;

use chatter_protocol::chaff::Chaff;

use super::wire::{Talk, Wire};

/// Lengths of records, then of cookies, and how often each was seen.
fn lengths(chaff: Chaff) -> [BTreeMap<usize, u32>; 2] {
    let mut lengths = [BTreeMap::new(), BTreeMap::new()];
    for (seed, talk) in (1..).zip([Talk::Idle, Talk::Short, Talk::Long]) {
        let mut wire = Wire::new(chaff, Chaff::Constant, seed);
        wire.talk(talk, Duration::from_secs(3600));
        for seen in wire.seen(0) {
            *lengths[usize::from(seen.up)].entry(seen.len).or_default() += 1;
        }
    }
    lengths
}

#[test]
fn no_length_is_one_that_only_we_have() {
    for chaff in [Chaff::None, Chaff::Usual] {
        for (what, lengths) in ["records", "cookies"].into_iter().zip(lengths(chaff)) {
            let all: u32 = lengths.values().sum();
            let (length, most) = lengths.iter().max_by_key(|(_, count)| **count).expect("some");
            let share = f64::from(*most) / f64::from(all);
            println!(
                "{chaff}: {} lengths among {all} {what}, {} to {}; the commonest, {length}, has {:.1} %",
                lengths.len(),
                lengths.keys().next().expect("some"),
                lengths.keys().last().expect("some"),
                share * 100.0
            );
            assert!(lengths.len() > 80, "{chaff} {what}: {}", lengths.len());
            assert!(share < 0.05, "{chaff}: {share} of the {what} have {length} bytes");
        }
    }
}

#[test]
fn an_opening_is_as_long_as_any_cookie() {
    for chaff in [Chaff::None, Chaff::Usual, Chaff::Constant] {
        let of = |up: Option<bool>| {
            let mut found: Vec<usize> = Vec::new();
            for seed in 0..200 {
                let wire = Wire::new(chaff, Chaff::Constant, seed);
                let cookies: Vec<usize> =
                    wire.seen(0).iter().filter(|seen| seen.up).map(|seen| seen.len).collect();
                found.extend(if up.is_some() { &cookies[1..] } else { &cookies[..1] });
            }
            found.sort_unstable();
            found
        };
        let (openings, others) = (of(None), of(Some(true)));
        // The least of what goes up: whatever comes behind it in the talk is longer.
        let slack = if chaff == Chaff::Constant { 0 } else { 12 };
        assert!(openings[0].abs_diff(others[0]) <= slack, "{chaff}: {} {}", openings[0], others[0]);
        if chaff == Chaff::Constant {
            assert_eq!((openings[0], openings.last()), (others[0], others.last()));
        }
    }
}

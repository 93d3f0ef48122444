//! What an observer of one member's connection can tell by lengths and times, under each kind of chaff.
//!
//! **In** hours of a talk in memory: silence, short lines, long lines, the same seeds. **Out** what the best single feature
//! tells apart (printed with `--nocapture`), what an idle member costs. **Never** a real clock: an hour takes a moment.

mod lengths;
mod observer;
mod wire;

use std::time::Duration;

use chatter_protocol::chaff::Chaff;

use observer::{Accuracy, best_accuracy};
use wire::{Seen, Talk, Wire};

const MODES: [Chaff; 3] = [Chaff::None, Chaff::Usual, Chaff::Constant];
/// By then all is said that entering takes.
const ENTERED: Duration = Duration::from_secs(30);
const HOUR: Duration = Duration::from_secs(3600);

/// An hour of a member who talks so, as he is seen.
fn hour(chaff: Chaff, talk: Talk, seed: u64) -> Vec<Seen> {
    let mut wire = Wire::new(chaff, Chaff::Constant, seed);
    wire.talk(talk, HOUR);
    wire.seen(0)
}

#[test]
fn at_a_constant_rate_talk_and_silence_are_the_same() {
    for seed in 1..=2 {
        let idle = hour(Chaff::Constant, Talk::Idle, seed);
        assert!(idle.len() > 2 * 3590, "{}", idle.len());
        for talk in [Talk::Short, Talk::Long] {
            let seen = hour(Chaff::Constant, talk, seed);
            assert_eq!(idle, seen, "{talk:?} shows");
        }
    }
    // So much for the observer; what was said arrived.
    for (chaff, talk) in MODES.into_iter().flat_map(|chaff| [(chaff, Talk::Short), (chaff, Talk::Long)]) {
        let mut wire = Wire::new(chaff, Chaff::Constant, 1);
        wire.talk(talk, HOUR);
        wire.wait(Duration::from_secs(30));
        assert!(wire.said() > 300, "{}", wire.said());
        assert_eq!(wire.heard(), wire.said(), "{chaff:?}, {talk:?}");
    }
}

#[test]
fn chaff_hides_what_the_documents_say() {
    let pairs = [(Talk::Idle, Talk::Short), (Talk::Idle, Talk::Long), (Talk::Short, Talk::Long)];
    println!("minutes told apart by the best feature (0.50 is a toss); in brackets by lengths alone");
    let mut all = Vec::new();
    for chaff in MODES {
        for (one, other) in pairs {
            let accuracy =
                best_accuracy(&hour_and_another(chaff, one, 10), &hour_and_another(chaff, other, 20));
            println!("  {chaff:<8} {one:?}/{other:?}: {accuracy}");
            all.push((chaff, one, other, accuracy));
        }
    }
    let of = |chaff, one, other| -> &Accuracy {
        &all.iter().find(|(c, o, t, _)| (*c, *o, *t) == (chaff, one, other)).expect("measured").3
    };
    // The observer is no fool: without chaff he knows all.
    assert!(of(Chaff::None, Talk::Idle, Talk::Short).any > 0.9);
    assert!(of(Chaff::None, Talk::Idle, Talk::Short).by_lengths > 0.9);
    // With it, a short line is as long as none.
    assert!(of(Chaff::Usual, Talk::Idle, Talk::Short).by_lengths < 0.65);
    for (one, other) in pairs {
        assert!(of(Chaff::Constant, one, other).any < 0.65, "{one:?} {other:?}");
    }
}

#[test]
fn an_idle_member_costs_less_than_a_kibibyte_a_second() {
    for chaff in MODES {
        let seen = hour(chaff, Talk::Idle, 7);
        let [up, down] = [true, false].map(|up| {
            let bytes: usize = seen.iter().filter(|seen| seen.up == up).map(Seen::packets_len).sum();
            bytes / 3600
        });
        println!("{chaff}: an idle member costs {up} bytes a second for requests, {down} for records");
        if chaff != Chaff::Constant {
            assert!(up + down <= 1024, "{chaff}");
        }
    }
}

#[test]
fn the_server_grants_no_more_than_its_operator_lets_it() {
    for most in MODES {
        let mut wire = Wire::new(Chaff::Constant, most, 1);
        wire.talk(Talk::Idle, Duration::from_secs(600));
        let seen = wire.seen(0);
        let downs: Vec<usize> =
            seen.iter().filter(|seen| !seen.up && seen.at > ENTERED).map(|seen| seen.len).collect();
        let constant = downs.iter().all(|len| *len == downs[0]);
        assert_eq!(constant, most == Chaff::Constant, "{most}");
        assert_eq!(wire.warned(0), most != Chaff::Constant, "{most}");
    }
    let mut wire = Wire::new(Chaff::Usual, Chaff::None, 1);
    wire.talk(Talk::Idle, Duration::from_secs(600));
    assert!(wire.warned(0));
}

#[test]
fn a_constant_rate_survives_broken_links() {
    let mut wire = Wire::new(Chaff::Constant, Chaff::Constant, 5);
    for _ in 0..20 {
        wire.talk(Talk::Short, Duration::from_secs(60));
        wire.cut(0);
        wire.talk(Talk::Short, Duration::from_secs(7));
        wire.cut(1);
    }
    wire.wait(Duration::from_secs(30));
    assert!(wire.said() > 100);
    assert_eq!(wire.heard(), wire.said());
}

/// Two hours, whose minutes the observer learns from and is asked about.
fn hour_and_another(chaff: Chaff, talk: Talk, seed: u64) -> [Vec<Seen>; 2] {
    [hour(chaff, talk, seed), hour(chaff, talk, seed + 1)]
}

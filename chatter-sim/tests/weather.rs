//! Bad weather, drawn from seeds: whatever breaks, nothing is lost unnamed, nothing comes twice, and it is over when it
//! is over.
//!
//! `CHATTER_STORMS` sets how many seeds there are (a quarter of that for long storms), `CHATTER_STORM` runs one of them
//! alone.

use std::time::Duration;

use chatter_sim::talk::Talk;
use chatter_sim::{Dice, Weather, World};

const SECOND: Duration = Duration::from_secs(1);

/// Runs `storm` for many seeds, or for the one asked for, which then tells its story; says which fail.
fn for_each_seed(
    (first, count, share): (u64, u64, u64),
    storm: fn(&mut Talk, Weather),
    begin: fn(u64) -> (Talk, Weather),
) {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let alone = number("CHATTER_STORM");
    let seeds = alone
        .map_or(first..first + number("CHATTER_STORMS").map_or(count, |most| most / share), |seed| {
            seed..seed + 1
        });
    let (mut failed, mut story) = (Vec::new(), Vec::new());
    for seed in seeds {
        let (mut talk, weather) = begin(seed);
        talk.world.story = alone.map(|_| Vec::new());
        let run = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| storm(&mut talk, weather)));
        if run.is_err() {
            failed.push(seed);
            story.extend(talk.world.story.take().into_iter().flatten());
        }
    }
    let story = story.join("\n");
    assert!(failed.is_empty(), "{story}\nseeds {failed:?} fail: CHATTER_STORM=SEED tells the story of one");
}

fn two_to_four(seed: u64) -> (Talk, Weather) {
    let mut dice = Dice::seeded(seed);
    let weather = Weather::storm(&mut dice);
    let members = 2 + dice.below(3) as usize;
    (Talk::new(World::with(dice), members), weather)
}

/// What members and networks do in a second of bad weather.
fn second(talk: &mut Talk) {
    for _ in 0..10 {
        let members = u32::try_from(talk.members()).expect("few");
        let dice = &mut talk.world.network.dice;
        let member = dice.below(members) as usize;
        let wait = dice.up_to(6 * SECOND);
        let length = if dice.chance(50) { dice.below(40_000) } else { dice.below(400) } as usize;
        match dice.below(30) {
            0..12 => talk.say(member, length),
            12 => {
                if let Some(peer) = talk.peer_of(member) {
                    talk.world.cut(peer);
                }
            }
            13 => {
                let until = talk.world.clock() + wait;
                if let Some(peer) = talk.peer_of(member) {
                    talk.world.peers[peer].asleep_until = until;
                }
            }
            14 => talk.world.host.frozen_until = talk.world.clock() + wait / 2,
            _ => {}
        }
        talk.run(SECOND / 10);
    }
}

/// Everybody leaves; then the server holds nothing.
fn end(talk: &mut Talk) {
    for member in 0..talk.members() {
        talk.quit(member);
    }
    // Links whose clients are gone unheard are noticed by the silence.
    talk.run(250 * SECOND);
    assert_eq!(talk.world.host.server.held(), Default::default());
    for peer in &talk.world.peers {
        assert!(peer.ended.is_some());
    }
}

/// A storm shorter than the grace time costs nobody his session and no message.
fn passing_storm(talk: &mut Talk, weather: Weather) {
    assert!(talk.run_until(10 * SECOND, Talk::has_settled).is_some(), "nobody comes in");
    talk.world.network.weather = weather;
    for _ in 0..20 {
        second(talk);
        talk.check();
    }
    talk.world.network.weather = Weather::default();
    assert!(talk.run_until(60 * SECOND, Talk::has_settled).is_some(), "no end of the storm");
    assert_eq!(talk.sessions_lost(), 0);
    talk.run(30 * SECOND);
    talk.check();
    end(talk);
}

#[test]
fn a_passing_storm_costs_nothing() {
    for_each_seed((0, 100, 1), passing_storm, two_to_four);
}

/// Whatever happens for minutes, restarts included: sessions may end, with a word, and whoever comes back is let in.
fn long_storm(talk: &mut Talk, _first: Weather) {
    // A process that knows nothing of the one before takes no tokens from before its start: a clock set back then
    // keeps newcomers out until it has come as far again, which tests/clock.rs shows.
    let restarts = talk.world.network.dice.chance(500);
    let minutes = 1 + talk.world.network.dice.below(3);
    for _ in 0..minutes * 12 {
        let dice = &mut talk.world.network.dice;
        let calm = dice.chance(300);
        let blows = Weather::storm(dice);
        let event = dice.below(30);
        let jump = i64::from(dice.below(7200)) - 3600;
        let member = dice.below(4) as usize;
        talk.world.network.weather = if calm { Weather::default() } else { blows };
        match event {
            0 if restarts => talk.world.crash(),
            1 if restarts => talk.world.stop_and_start(),
            2 => talk.world.host.wall_offset += if restarts { jump.abs() } else { jump },
            3 => {
                let until = talk.world.clock() + 4 * SECOND * (1 + minutes);
                if let Some(peer) = talk.peer_of(member % talk.members()) {
                    talk.world.peers[peer].asleep_until = until;
                }
            }
            4 => {
                if let Some(peer) = talk.peer_of(member % talk.members()) {
                    talk.world.peers[peer].wall_offset += jump;
                }
            }
            5 => talk.world.network.weather.refuse = 1000,
            _ => {}
        }
        for _ in 0..5 {
            second(talk);
            talk.check();
        }
    }
    talk.world.network.weather = Weather::default();
    assert!(talk.run_until(200 * SECOND, Talk::has_settled).is_some(), "no end of the storm");
    talk.run(30 * SECOND);
    talk.check();
    end(talk);
}

#[test]
fn a_long_storm_ends_sessions_with_a_word_or_not_at_all() {
    for_each_seed((1 << 32, 20, 4), long_storm, two_to_four);
}

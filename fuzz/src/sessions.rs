//! Whole sessions in a network that does what the input says.
//!
//! **In**: a script of storms. **Out**: nothing lost unnamed, nothing twice, nothing left. **Never**: a socket.

use chatter_sim::{Dice, Talk, Weather, World};
use std::time::Duration;

/// Two members talk through what the script does to them; then it is calm, and everything has come.
pub fn sessions(input: &[u8]) {
    let mut dice = Dice::scripted(input);
    let weather = Weather::storm(&mut dice);
    let mut talk = Talk::new(World::with(dice), 2);
    talk.run_until(20 * SECOND, Talk::has_settled).expect("nobody comes in");
    talk.world.network.weather = weather;
    for _ in 0..STEPS {
        if talk.world.network.dice.is_over() {
            break;
        }
        step(&mut talk);
        talk.check();
    }
    talk.world.network.weather = Weather::default();
    talk.world.host.wall_offset = talk.world.host.wall_offset.max(0);
    talk.run_until(150 * SECOND, Talk::has_settled).expect("no end of the storm");
    talk.check();
    for member in 0..talk.members() {
        talk.quit(member);
    }
    talk.run(250 * SECOND);
    assert_eq!(talk.world.host.server.held(), Default::default(), "something is left");
}

fn step(talk: &mut Talk) {
    let dice = &mut talk.world.network.dice;
    let (what, member) = (dice.below(16), dice.below(2) as usize);
    let number = dice.below(256);
    let clock = talk.world.clock();
    let peer = talk.peer_of(member);
    match what {
        0..5 => talk.say(member, 10 + 4 * number as usize),
        5 => talk.say(member, 200 * number as usize),
        6 => peer.into_iter().for_each(|peer| talk.world.cut(peer)),
        7 => talk.world.host.frozen_until = clock + SECOND * number / 32,
        8 => peer.into_iter().for_each(|peer| {
            talk.world.peers[peer].asleep_until = clock + SECOND * number / 4;
        }),
        9 => talk.world.network.weather = Weather::storm(&mut talk.world.network.dice),
        10 => talk.world.network.weather = Weather::default(),
        11 => talk.world.host.wall_offset += i64::from(number) * 16,
        12 if number < 64 => talk.world.crash(),
        13 if number < 64 => talk.world.stop_and_start(),
        _ => talk.run(SECOND * number / 32),
    }
    talk.run(SECOND / 10);
}

const SECOND: Duration = Duration::from_secs(1);
/// A script is read no further than that: what is slow is not tried often.
const STEPS: u32 = 60;

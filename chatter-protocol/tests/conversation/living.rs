//! An honest relay and time: members come, go, speak, lose their networks, sleep, and come back, for an hour or so.
//! Whatever they do, and whenever, nobody is ever warned.

use std::ops::Range;
use std::time::Duration;

use crate::honest::check;
use crate::world::{State, World};

/// Long enough for everybody to see everybody, and to have compared what all have heard.
const IN_THE_END: Duration = Duration::from_secs(300);

/// The longest that a network is gone before the relay ends the session.
const GRACE: usize = 30;

/// The longest that a machine sleeps before the relay takes its link for dead.
const SLEEP: usize = 160;

fn nobody_is_warned(seeds: Range<u64>) {
    for seed in seeds {
        let mut world = World::new(seed);
        world.join("anna");
        world.join("ben");
        for _ in 0..30 + world.below(60) {
            act(&mut world);
            for _ in 0..world.below(8) {
                world.carry_any();
            }
        }
        world.live(IN_THE_END);
        check(&world, &format!("seed {seed}"));
        let here = world.clients.iter().filter(|client| client.state == State::Here);
        let views: std::collections::BTreeSet<_> = here.map(|client| *client.conversation.view()).collect();
        assert!(views.len() <= 1, "seed {seed}: one view in the end");
    }
}

// In two halves, for two cores.
#[test]
fn nobody_is_warned_in_some_lives() {
    nobody_is_warned(0..runs());
}

#[test]
fn nobody_is_warned_in_other_lives() {
    nobody_is_warned(1 << 32..(1 << 32) + runs());
}

/// How many lives each; more by `CHATTER_LIVES`.
fn runs() -> u64 {
    std::env::var("CHATTER_LIVES").ok().and_then(|runs| runs.parse().ok()).unwrap_or(100)
}

fn act(world: &mut World) {
    let here: Vec<_> =
        (0..world.clients.len()).filter(|who| world.clients[*who].state == State::Here).collect();
    let awake: Vec<_> =
        here.iter().copied().filter(|who| world.clients[*who].asleep_until <= world.now).collect();
    let Some(who) = awake.get(world.below(awake.len().max(1))).copied() else {
        return world.live(Duration::from_secs(60));
    };
    let reached = world.is_reached(who);
    match world.below(24) {
        0 | 1 if here.len() < 5 && world.clients.len() < 12 => {
            let nick = ["anna", "ben", "carol", "dave"][world.below(4)];
            world.join(nick);
        }
        2 if here.len() > 1 && reached => world.leave(who),
        3 if here.len() > 1 => world.cut(who),
        4 => world.rejoin(who),
        5..=7 => {
            let time = world.below(GRACE);
            world.stall(who, Duration::from_secs(time as u64));
        }
        8 => {
            let (time, stands) = (world.below(SLEEP), world.below(2) == 0);
            world.sleep(who, Duration::from_secs(time as u64), stands);
        }
        9..=13 => {
            let most = [3, 10, 40, 160][world.below(4)];
            let time = world.below(most);
            world.live(Duration::from_secs(time as u64));
        }
        _ => {
            let text = format!("{who}/{}", world.clients[who].said.len());
            world.say(who, &text);
        }
    }
}

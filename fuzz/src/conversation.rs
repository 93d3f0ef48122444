//! A whole conversation over an honest relay, in any order.
//!
//! **In**: who does what, and whose frame is carried next. **Out**: everybody who stays hears everything, once, and
//! nobody is warned. **Never**: a frame out of order within one session.

#[path = "../../chatter-protocol/tests/conversation/world.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    clippy::allow_attributes,
    reason = "the world of the conversation's own tests, of which this uses a part"
)]
mod world;

use std::collections::BTreeSet;
use std::time::Duration;

use world::{State, World};

/// Members join, speak, leave, are cut, while frames are carried as the input says.
pub fn conversation(input: &[u8]) {
    let mut world = World::new(1);
    world.join("anna");
    world.join("ben");
    for call in input.chunks(2).take(CALLS) {
        let (what, number) = (call[0], usize::from(call.get(1).copied().unwrap_or(0)));
        let who = number % world.clients.len();
        let here = world.clients[who].state == State::Here;
        let others = world.clients.iter().filter(|client| client.state == State::Here).count() > 1;
        match what % 16 {
            0 if world.clients.len() < 5 => {
                world.join(["carol", "dave", "erin"][number % 3]);
            }
            1 if here && others => world.leave(who),
            2 if here && others => world.cut(who),
            3 => world.pass(Duration::from_secs(number as u64 % 25)),
            4..8 if here => {
                let text = format!("{who}/{}", world.clients[who].said.len());
                world.say(who, &text);
            }
            8..12 => {
                world.carry_up(who);
            }
            _ => {
                world.carry_down(who);
            }
        }
    }
    world.settle();
    check(&world);
}

fn check(world: &World) {
    let here = || world.clients.iter().filter(|client| client.state == State::Here);
    for client in &world.clients {
        assert_eq!(client.warnings(), Vec::<String>::new(), "{} is warned", client.nick);
        for (sender, texts) in client.heard() {
            let once: BTreeSet<&String> = texts.iter().collect();
            assert_eq!(once.len(), texts.len(), "{} hears something of {sender:?} twice", client.nick);
        }
    }
    for client in here() {
        let heard = client.heard();
        for sender in world.clients.iter().filter(|sender| sender.state != State::Cut) {
            for said in sender.said.iter().filter(|said| said.audience.contains(&client.id())) {
                let texts = heard.get(&sender.id());
                assert!(
                    texts.is_some_and(|texts| texts.contains(&said.text)),
                    "{} lacks {}",
                    client.nick,
                    said.text
                );
            }
        }
    }
}

/// A schedule is read no further than that.
const CALLS: usize = 150;

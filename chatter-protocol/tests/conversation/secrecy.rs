//! What a thief gets who copies the whole state of a program, every secret in it: nothing from before, and nothing from
//! after the members' next turns; nor does a newcomer read what was before him, or a leaver what comes after.

use std::time::Duration;

use chatter_proto::relay::{Message, relay_frame};
use chatter_protocol::limits;
use chatter_protocol::room::conversation::{Conversation, Happening, Output};
use chatter_protocol::time::Time;

use crate::world::World;

const ANNA: usize = 0;
const BEN: usize = 1;

/// What a copied program shows of `frames`.
fn texts(thief: &mut Conversation, frames: &[relay_frame::Frame], now: Time) -> Vec<String> {
    for frame in frames {
        thief.receive(frame.clone(), now);
    }
    let shown = std::iter::from_fn(|| thief.poll_output()).filter_map(|output| match output {
        Output::Show(Happening::Message { text, .. }) => Some(text),
        Output::Show(_) | Output::Send(_) => None,
    });
    shown.collect()
}

/// All messages that came down to somebody, as if they came to the one who is `room` to his session.
fn messages_to(world: &World, who: usize, room: u32) -> Vec<relay_frame::Frame> {
    let received = world.clients[who].received.iter().filter_map(|frame| match frame {
        relay_frame::Frame::Message(message) => {
            Some(relay_frame::Frame::Message(Message { room, ..message.clone() }))
        }
        relay_frame::Frame::Welcome(_)
        | relay_frame::Frame::Roster(_)
        | relay_frame::Frame::Joined(_)
        | relay_frame::Frame::Left(_)
        | relay_frame::Frame::Direct(_)
        | relay_frame::Frame::Ack(_)
        | relay_frame::Frame::Refused(_)
        | relay_frame::Frame::Listed(_)
        | relay_frame::Frame::Listing(_)
        | relay_frame::Frame::Bye(_) => None,
    });
    received.collect()
}

fn room_of(who: usize) -> u32 {
    u32::try_from(who).expect("small") + 3
}

#[test]
fn no_state_of_anybody_opens_what_was_said_before() {
    let mut world = World::settled(&["anna", "ben", "carol"]);
    for round in 0..12_u64 {
        world.say((round % 3) as usize, &format!("before {round}"));
        world.live(Duration::from_secs(round * 3));
    }
    // All frames that ever went to anybody, shown to a copy of everybody.
    for who in 0..3 {
        for to in 0..3 {
            let mut thief = world.clients[who].copied();
            let frames = messages_to(&world, to, room_of(who));
            assert!(frames.len() >= 8);
            assert_eq!(
                texts(&mut thief, &frames, world.now),
                Vec::<String>::new(),
                "{who} of what went to {to}"
            );
        }
    }
    // The copies are whole: they go on reading.
    let mut thief = world.clients[BEN].copied();
    let before = world.clients[BEN].received.len();
    world.say(ANNA, "now");
    world.settle();
    assert_eq!(texts(&mut thief, &world.clients[BEN].received[before..], world.now), ["now"]);
}

#[test]
fn a_member_whose_state_was_copied_heals_with_the_next_turns() {
    let mut world = World::settled(&["anna", "ben"]);
    world.say(ANNA, "before");
    world.settle();
    let mut thief = world.clients[BEN].copied();
    let mut seen = world.clients[BEN].received.len();
    let mut stolen = Vec::new();
    // Nobody says anything but this: beacons alone bring the turns. Ben's program takes fresh randomness now and then.
    let mut said = 0;
    for minute in 0..8 {
        world.stir(BEN);
        world.say(ANNA, &format!("minute {minute}"));
        said += 1;
        world.live(Duration::from_secs(60));
        stolen.extend(texts(&mut thief, &world.clients[BEN].received[seen..], world.now));
        seen = world.clients[BEN].received.len();
    }
    assert_eq!(world.clients[BEN].texts().len(), said + 1, "ben reads all of it");
    assert_eq!(stolen.first().map(String::as_str), Some("minute 0"), "the thief reads at first");
    assert!(stolen.len() <= 3, "and no more after a round of turns: {stolen:?}");
}

#[test]
fn without_fresh_randomness_a_copy_reads_on() {
    // The counter-proof: it is the fresh randomness and the turns that heal, not the test's way of copying.
    let mut world = World::settled(&["anna", "ben"]);
    let mut thief = world.clients[BEN].copied();
    let begin = world.clients[BEN].received.len();
    world.say(ANNA, "one");
    world.settle();
    world.say(ANNA, "two");
    world.settle();
    assert_eq!(texts(&mut thief, &world.clients[BEN].received[begin..], world.now), ["one", "two"]);
}

#[test]
fn a_newcomer_reads_nothing_from_before() {
    let mut world = World::settled(&["anna", "ben"]);
    for text in ["one", "two"] {
        world.say(ANNA, text);
        world.settle();
    }
    let carol = world.join("carol");
    world.settle();
    let mut thief = world.clients[carol].copied();
    let frames = messages_to(&world, BEN, room_of(carol));
    assert!(frames.len() >= 2);
    assert_eq!(texts(&mut thief, &frames, world.now), Vec::<String>::new());
    world.say(ANNA, "three");
    world.settle();
    assert_eq!(world.clients[carol].texts(), ["three"]);
}

#[test]
fn a_leaver_reads_nothing_from_after() {
    let mut world = World::settled(&["anna", "ben", "carol"]);
    let carol = 2;
    world.say(ANNA, "with carol");
    world.settle();
    // He keeps all of his keys, against the rules, and the relay hands him everything on.
    let mut thief = world.clients[carol].copied();
    world.leave(carol);
    world.settle();
    let begin = messages_to(&world, BEN, room_of(carol)).len();
    for text in ["without carol", "still without"] {
        world.say(ANNA, text);
        world.live(limits::BEACON_MAX);
    }
    let frames = messages_to(&world, BEN, room_of(carol)).split_off(begin);
    assert!(frames.len() >= 2);
    assert_eq!(texts(&mut thief, &frames, world.now), Vec::<String>::new());
    assert_eq!(world.clients[BEN].texts(), ["with carol", "without carol", "still without"]);
}

//! A relay that does anything at all, by a seed.

use chatter_proto::relay::{RelayFrame, relay_frame};
use chatter_protocol::room::conversation::Happening;
use prost::Message as _;

use crate::world::World;

/// A relay that does anything at all, by a seed: nothing is shown that its sender did not say, or twice, or in
/// another order, and a gap comes with a warning.
#[test]
fn whatever_a_relay_does_nothing_false_is_shown() {
    for seed in 0..150 {
        let mut world = World::new(seed);
        for nick in ["anna", "ben", "carol"] {
            world.join(nick);
            for _ in 0..world.below(12) {
                world.carry_any();
            }
        }
        for round in 0..120 {
            let who = world.below(3);
            if world.below(3) == 0 {
                world.say(who, &format!("{who}/{round}"));
            }
            world.settle_up();
            meddle(&mut world, who);
            for _ in 0..world.below(5) {
                world.carry_any();
            }
        }
        world.settle();
        for client in &world.clients {
            check_shown(&world, client, seed);
        }
    }
}

fn meddle(world: &mut World, who: usize) {
    let other = world.below(3);
    let choice = world.below(8);
    let length = world.clients[who].down.len();
    if length == 0 {
        return;
    }
    let (one, two) = (world.below(length), world.below(length));
    let bit = world.below(1 << 20);
    let room = u32::try_from(other).expect("small") + 3;
    let down = &mut world.clients[who].down;
    match choice {
        0 => drop(down.remove(one)),
        1 => down.swap(one, two),
        2 => {
            let copy = down[one].clone();
            down.insert(two, copy);
        }
        3 => {
            let mut frame = RelayFrame { frame: Some(down[one].clone()) }.encode_to_vec();
            let bit = bit % (frame.len() * 8);
            frame[bit / 8] ^= 1 << (bit % 8);
            let frame = RelayFrame::decode(frame.as_slice()).ok().and_then(|frame| frame.frame);
            if let Some(frame) = frame {
                down[one] = frame;
            }
        }
        4 => {
            let mut frame = down[one].clone();
            match &mut frame {
                relay_frame::Frame::Message(message) => message.room = room,
                relay_frame::Frame::Direct(direct) => direct.room = room,
                relay_frame::Frame::Welcome(_)
                | relay_frame::Frame::Roster(_)
                | relay_frame::Frame::Joined(_)
                | relay_frame::Frame::Left(_)
                | relay_frame::Frame::Ack(_)
                | relay_frame::Frame::Refused(_)
                | relay_frame::Frame::Bye(_) => {}
            }
            world.clients[other].down.push_back(frame);
        }
        _ => {}
    }
}

fn check_shown(world: &World, client: &crate::world::Client, seed: u64) {
    for (from, texts) in client.heard() {
        let sender = world.clients.iter().find(|sender| sender.id() == from).expect("a member");
        let said: Vec<_> = sender.said.iter().map(|said| &said.text).collect();
        let places: Vec<_> = texts.iter().map(|text| said.iter().position(|said| *said == text)).collect();
        assert!(places.iter().all(Option::is_some), "seed {seed}: {texts:?} of {said:?}");
        assert!(places.is_sorted_by(|one, two| one < two), "seed {seed}: {texts:?}");
        let unbroken = places.windows(2).all(|pair| pair[0].map(|place| place + 1) == pair[1]);
        assert!(unbroken || !client.warnings().is_empty(), "seed {seed}: a gap without a warning");
    }
    for happening in &client.seen {
        if let Happening::MemberJoined { id, nick } = happening {
            let member = world.clients.iter().find(|member| member.id() == *id).expect("a member");
            assert_eq!(nick.as_str(), member.nick, "seed {seed}");
        }
    }
}

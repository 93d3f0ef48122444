//! A relay that does anything at all, by a seed, and in some lives a member who helps it.
//!
//! Whatever they do: no text stands in any frame, nothing is shown that its sender did not say, or twice, or in another
//! order; a gap, a loss or two histories come with a warning to whom they concern.

use std::collections::BTreeSet;
use std::time::Duration;

use chatter_proto::relay::{
    ClientFrame, Joined, Left, Message, Occupant, RelayFrame, client_frame, relay_frame,
};
use chatter_protocol::ids::MemberId;
use chatter_protocol::room::conversation::{Happening, Output};
use prost::Message as _;

use crate::world::{Client, State, World};

/// Two texts that one sender said in the same place.
struct Fork {
    from: MemberId,
    texts: [String; 2],
}

fn nothing_false_is_shown(seeds: std::ops::Range<u64>) {
    for seed in seeds {
        let mut world = World::new(seed);
        for nick in ["anna of the tests", "ben of the tests", "carol of the tests"] {
            world.join(nick);
            for _ in 0..world.below(12) {
                world.carry_any();
            }
        }
        let mut forks = Vec::new();
        for round in 0..100 {
            let who = world.below(world.clients.len());
            if world.clients[who].state != State::Here {
                continue;
            }
            if world.below(3) == 0 {
                world.say(who, &format!("a text that nobody else may read: {who}/{round}"));
            }
            if seed % 3 == 0 && world.below(25) == 0 {
                forks.extend(fork(&mut world, who, round));
            }
            search_frames(&world, seed);
            world.settle_up();
            meddle(&mut world, who);
            for _ in 0..world.below(5) {
                world.carry_any();
            }
        }
        // In the end it is honest: what it did comes to light.
        world.live(Duration::from_secs(100));
        search_frames(&world, seed);
        for client in &world.clients {
            check_shown(&world, client, &forks, seed);
        }
        check_forks(&world, &forks, seed);
    }
}

// In two halves, for two cores.
#[test]
fn whatever_a_relay_does_nothing_false_is_shown() {
    nothing_false_is_shown(0..runs());
}

#[test]
fn whatever_else_a_relay_does_nothing_false_is_shown() {
    nothing_false_is_shown(1 << 32..(1 << 32) + runs());
}

/// How many lives each; more by `CHATTER_ADVERSARIES`.
fn runs() -> u64 {
    std::env::var("CHATTER_ADVERSARIES").ok().and_then(|runs| runs.parse().ok()).unwrap_or(100)
}

/// What the relay holds in its hands: nobody's text, nobody's name.
fn search_frames(world: &World, seed: u64) {
    let holds = |frame: &[u8]| {
        [&b"nobody else"[..], b"of the tests"]
            .iter()
            .any(|text| frame.windows(text.len()).any(|part| part == *text))
    };
    for client in &world.clients {
        let up = client.up.iter().map(|frame| ClientFrame { frame: Some(frame.clone()) }.encode_to_vec());
        let down = client.down.iter().map(|frame| RelayFrame { frame: Some(frame.clone()) }.encode_to_vec());
        for frame in up.chain(down) {
            assert!(!holds(&frame), "seed {seed}: a text or name in the clear");
        }
    }
}

/// A member's two copies say two things in one place, and the relay hands one to some and the other to others.
fn fork(world: &mut World, who: usize, round: usize) -> Option<Fork> {
    let from = world.clients[who].id();
    let texts = ["one", "other"].map(|side| format!("nobody else: {who}/{round}, the {side} side"));
    let mut copy = world.clients[who].copied();
    let now = world.clock(who);
    let before = world.clients[who].said.len();
    world.settle_up();
    world.say(who, &texts[0]);
    if world.clients[who].said.len() == before || copy.say(&texts[1], now).is_err() {
        return None;
    }
    let publish = std::iter::from_fn(|| copy.poll_output()).find_map(|output| match output {
        Output::Send(client_frame::Frame::Publish(publish)) => Some(publish),
        Output::Send(_) | Output::Show(_) => None,
    })?;
    world.settle_up();
    let to = world.below(world.clients.len());
    let id = world.clients[to].id();
    let wrap = publish.wraps.into_iter().find(|wrap| wrap.member_id == id.as_bytes())?;
    if let Some(relay_frame::Frame::Message(message)) = world.clients[to].down.back_mut()
        && message.sender_id == from.as_bytes()
    {
        (message.body, message.wrap) = (publish.body, wrap.sealed);
    }
    Some(Fork { from, texts })
}

fn meddle(world: &mut World, who: usize) {
    let other = world.below(world.clients.len());
    let id = world.clients[other].id().as_bytes().to_vec();
    let room = world.clients[other].room;
    let length = world.clients[who].down.len();
    let (one, two) = (world.below(length.max(1)), world.below(length.max(1)));
    let (bit, choice) = (world.below(1 << 20), world.below(24));
    let received = world.clients[who].received.len();
    let old = world.below(received.max(1));
    match choice {
        20 => return world.pass(Duration::from_secs(bit as u64 % 40)),
        21 => return world.live(Duration::from_secs(bit as u64 % 90)),
        22 if bit.is_multiple_of(3) => return world.rejoin(who),
        23 if bit.is_multiple_of(5) && world.clients.len() < 6 => {
            world.join("dave of the tests");
            return;
        }
        _ => {}
    }
    let own_room = world.clients[who].room;
    let replay = world.clients[who].received.get(old).cloned();
    let hello = world.clients[other].hello.clone();
    let down = &mut world.clients[who].down;
    match choice {
        10 => down.extend(replay),
        11 => down.push_back(relay_frame::Frame::Left(Left { room: own_room, member_id: id.clone() })),
        12 => {
            let member_id = if bit.is_multiple_of(2) { id.clone() } else { vec![9; 16] };
            let occupant = Some(Occupant { member_id, hello });
            down.push_back(relay_frame::Frame::Joined(Joined { room: own_room, occupant }));
        }
        _ => {}
    }
    if length == 0 {
        return;
    }
    match choice {
        0..=2 => drop(down.remove(one)),
        3 => down.swap(one, two),
        4 => {
            let copy = down[one].clone();
            down.insert(two, copy);
        }
        5 => {
            let mut frame = RelayFrame { frame: Some(down[one].clone()) }.encode_to_vec();
            let bit = bit % (frame.len() * 8);
            frame[bit / 8] ^= 1 << (bit % 8);
            let frame = RelayFrame::decode(frame.as_slice()).ok().and_then(|frame| frame.frame);
            if let Some(frame) = frame {
                down[one] = frame;
            }
        }
        6 => {
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
                | relay_frame::Frame::Listed(_)
                | relay_frame::Frame::Listing(_)
                | relay_frame::Frame::Bye(_) => {}
            }
            world.clients[other].down.push_back(frame);
        }
        7 => {
            if let relay_frame::Frame::Message(message) = &mut down[one] {
                message.wrap.clear();
            }
        }
        8 => match &mut down[one] {
            relay_frame::Frame::Message(message) => message.sender_id = id,
            relay_frame::Frame::Direct(direct) => direct.sender_id = id,
            relay_frame::Frame::Welcome(_)
            | relay_frame::Frame::Roster(_)
            | relay_frame::Frame::Joined(_)
            | relay_frame::Frame::Left(_)
            | relay_frame::Frame::Ack(_)
            | relay_frame::Frame::Refused(_)
            | relay_frame::Frame::Listed(_)
            | relay_frame::Frame::Listing(_)
            | relay_frame::Frame::Bye(_) => {}
        },
        9 => {
            // One body under another's wrap.
            let bodies: Vec<_> =
                down.iter().filter_map(|frame| message(frame).map(|message| message.body.clone())).collect();
            if let relay_frame::Frame::Message(message) = &mut down[one] {
                message.body = bodies[bit % bodies.len()].clone();
            }
        }
        13 => {
            // All that one sender says, from here on.
            let sender = message(&down[one]).map(|message| message.sender_id.clone());
            down.retain(|frame| {
                message(frame).is_none_or(|message| Some(&message.sender_id) != sender.as_ref())
            });
        }
        _ => {}
    }
}

fn message(frame: &relay_frame::Frame) -> Option<&Message> {
    if let relay_frame::Frame::Message(message) = frame { Some(message) } else { None }
}

fn check_shown(world: &World, client: &Client, forks: &[Fork], seed: u64) {
    for stay in client.seen.split(|happening| matches!(happening, Happening::Entered { .. })) {
        for (from, texts) in crate::world::heard(stay) {
            let said: Vec<_> = world.clients.iter().flat_map(|sender| &sender.said).collect();
            let said: Vec<_> =
                said.into_iter().filter(|said| said.from == from).map(|said| &said.text).collect();
            let place = |text: &String| {
                let fork = forks.iter().find(|fork| fork.from == from && fork.texts[1] == *text);
                let text = fork.map_or(text, |fork| &fork.texts[0]);
                said.iter().position(|said| *said == text)
            };
            let places: Vec<_> = texts.iter().map(place).collect();
            assert!(places.iter().all(Option::is_some), "seed {seed}: {texts:?} of {said:?}");
            // What is let through after all may be shown late, and then it was told of.
            let unbroken = places.windows(2).all(|pair| pair[0].map(|place| place + 1) == pair[1]);
            assert!(unbroken || !client.warnings().is_empty(), "seed {seed}: a gap without a warning");
            let once: BTreeSet<_> = places.iter().collect();
            assert_eq!(once.len(), places.len(), "seed {seed}: {texts:?} twice");
        }
    }
    for sender in world.clients.iter().filter(|sender| sender.state == State::Here) {
        for said in &sender.said {
            let whole = said.from == sender.id() && said.audience.contains(&client.id());
            let still = client.conversation.members().any(|member| member.id == said.from);
            let heard = client.heard().get(&said.from).is_some_and(|texts| texts.contains(&said.text));
            let told = !client.warnings().is_empty();
            assert!(!whole || !still || heard || told, "seed {seed}: {} lacks {}", client.nick, said.text);
        }
    }
    for happening in &client.seen {
        if let Happening::MemberJoined { id, nick } = happening {
            let member = world.clients.iter().find(|member| member.id() == *id);
            assert!(member.is_none_or(|member| member.nick == nick.as_str()), "seed {seed}");
        }
    }
}

/// Two who see each other and were shown two histories know it.
fn check_forks(world: &World, forks: &[Fork], seed: u64) {
    for fork in forks {
        let shown = |client: &Client, side: usize| client.texts().contains(&fork.texts[side]);
        let see =
            |one: &Client, other: &Client| one.conversation.members().any(|member| member.id == other.id());
        for one in world.clients.iter().filter(|client| shown(client, 0)) {
            for other in world.clients.iter().filter(|client| shown(client, 1)) {
                if see(one, other) && see(other, one) && one.stays == 1 && other.stays == 1 {
                    assert!(!one.warnings().is_empty(), "seed {seed}: {:?}", fork.texts);
                    assert!(!other.warnings().is_empty(), "seed {seed}: {:?}", fork.texts);
                }
            }
        }
    }
}

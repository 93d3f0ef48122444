//! A relay that lies: what it does is refused or warned about, and never believed.

use std::collections::BTreeSet;

use chatter_proto::relay::{
    Ack, FromMember, Joined, Left, Message, Occupant, RelayFrame, Roster, client_frame, relay_frame,
};
use chatter_protocol::limits;
use chatter_protocol::room::conversation::Happening;
use chatter_protocol::room::secret::RoomSecret;
use prost::Message as _;

use crate::world::World;

const ANNA: usize = 0;
const BEN: usize = 1;
const CAROL: usize = 2;

/// Anna, ben and carol in a room, and what is on its way to ben after anna said `texts`.
fn said(texts: &[&str]) -> (World, Vec<Message>) {
    let mut world = World::settled(&["anna", "ben", "carol"]);
    for text in texts {
        world.say(ANNA, text);
    }
    world.settle_up();
    let messages = world.clients[BEN].down.drain(..).filter_map(|frame| {
        let relay_frame::Frame::Message(message) = frame else { return None };
        Some(message)
    });
    let messages = messages.collect();
    (world, messages)
}

fn show(world: &mut World, messages: impl IntoIterator<Item = Message>) {
    for message in messages {
        world.show(BEN, relay_frame::Frame::Message(message));
    }
}

/// What ben is shown and told.
fn check(world: &World, texts: &[&str], warnings: &[&str]) {
    assert_eq!(world.clients[BEN].texts(), texts);
    assert_eq!(world.clients[BEN].warnings(), warnings);
}

const FORGED: &str = "something that claims to come from anna does not open: it was forged or damaged";
const WITHHELD: &str = "a message of anna was withheld from you";
const REPEATED: &str = "a message of anna came twice or too late; it is not shown";

#[test]
fn a_dropped_message_shows_with_the_next() {
    let (mut world, mut messages) = said(&["one", "two", "three"]);
    messages.remove(1);
    show(&mut world, messages);
    check(&world, &["one", "three"], &[WITHHELD]);
}

#[test]
fn a_dropped_message_shows_with_the_goodbye() {
    let (mut world, _) = said(&["one"]);
    world.leave(ANNA);
    world.settle();
    check(&world, &[], &[WITHHELD]);
    assert_eq!(world.clients[BEN].comings(), ["-anna"]);
}

#[test]
fn a_repeated_message_is_not_shown_again() {
    let (mut world, messages) = said(&["one", "two"]);
    show(&mut world, [messages[0].clone(), messages[0].clone(), messages[1].clone()]);
    check(&world, &["one", "two"], &[REPEATED]);
}

#[test]
fn a_changed_order_is_told() {
    let (mut world, messages) = said(&["one", "two"]);
    show(&mut world, messages.into_iter().rev());
    check(&world, &["two"], &[WITHHELD, REPEATED]);
}

#[test]
fn more_than_can_be_stepped_over_is_told() {
    let texts: Vec<_> = (0..=limits::RATCHET_GAP_MAX + 1).map(|n| n.to_string()).collect();
    let texts: Vec<_> = texts.iter().map(String::as_str).collect();
    let (mut world, mut messages) = said(&texts);
    let last = messages.pop();
    show(&mut world, last);
    let told = "so much of anna was withheld from you that nothing opens any more; leave and join again";
    check(&world, &[], &[told]);
    show(&mut world, messages);
    assert_eq!(world.clients[BEN].texts().len(), texts.len() - 1, "nothing was burnt by it");
}

#[test]
fn another_ones_wrap_does_not_open() {
    let mut world = World::settled(&["anna", "ben", "carol"]);
    world.say(ANNA, "one");
    world.settle_up();
    let Some(relay_frame::Frame::Message(for_carol)) = world.clients[CAROL].down.pop_front() else {
        panic!()
    };
    let Some(relay_frame::Frame::Message(mut message)) = world.clients[BEN].down.pop_front() else {
        panic!()
    };
    let own = std::mem::replace(&mut message.wrap, for_carol.wrap);
    show(&mut world, [message.clone()]);
    check(&world, &[], &[FORGED]);
    message.wrap = own;
    show(&mut world, [message]);
    check(&world, &["one"], &[FORGED]);
}

#[test]
fn a_stripped_wrap_is_told() {
    let (mut world, mut messages) = said(&["one", "two"]);
    messages[0].wrap.clear();
    show(&mut world, messages);
    check(&world, &["two"], &["anna said something, but its key was withheld from you", WITHHELD]);
}

#[test]
fn forged_bodies_and_senders_do_not_open() {
    let (mut world, messages) = said(&["one", "two"]);
    let other_body = Message { body: messages[1].body.clone(), ..messages[0].clone() };
    let own_body = Message { body: vec![7; 200].into(), ..messages[0].clone() };
    show(&mut world, [other_body, own_body]);
    check(&world, &[], &[FORGED, FORGED]);
    let carol = world.clients[CAROL].id().as_bytes().to_vec();
    show(&mut world, [Message { sender_id: carol, ..messages[0].clone() }]);
    assert!(world.clients[BEN].warnings()[2].contains("carol does not open"));
    show(&mut world, messages);
    assert_eq!(world.clients[BEN].texts(), ["one", "two"], "nothing was burnt by it");
}

#[test]
fn no_single_bit_can_be_changed_on_the_way_and_trying_burns_nothing() {
    let mut world = World::new(3);
    let anna = world.join("anna");
    world.settle();
    let ben = world.join("ben");
    let mut carried = BTreeSet::new();
    for text in ["", "one", "two"] {
        world.say(anna, text);
        world.settle_up();
        while let Some(who) = [anna, ben].into_iter().find(|who| !world.clients[*who].down.is_empty()) {
            if let Some(frame) = world.clients[who].down.front().cloned() {
                carried.insert(name(&frame));
                damaged(&frame).for_each(|frame| world.show(who, frame));
            }
            world.carry_down(who);
            world.settle_up();
        }
    }
    assert_eq!(carried.len(), 8, "{carried:?}");
    assert_eq!(world.clients[ben].texts(), ["one", "two"]);
    assert_eq!(world.clients[anna].comings(), ["+ben"]);
    assert_eq!(world.clients[ben].comings(), ["+anna"]);
    assert!(!world.clients[ben].warnings().is_empty());
}

/// All frames that differ in one bit of what is sealed.
fn damaged(frame: &relay_frame::Frame) -> Box<dyn Iterator<Item = relay_frame::Frame> + '_> {
    let flip = |bytes: &[u8], bit: usize| {
        let mut bytes = bytes.to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        bytes
    };
    match frame {
        relay_frame::Frame::Direct(direct) => {
            // Message 2 is long, and each try costs a handshake step.
            let step = if direct.payload.len() > 300 { 29 } else { 1 };
            Box::new((0..direct.payload.len() * 8).step_by(step).map(move |bit| {
                let payload = flip(&direct.payload, bit);
                relay_frame::Frame::Direct(FromMember { payload, ..direct.clone() })
            }))
        }
        relay_frame::Frame::Message(message) if !message.wrap.is_empty() => {
            let bodies = (0..message.body.len() * 8).map(move |bit| {
                let body = flip(&message.body, bit).into();
                relay_frame::Frame::Message(Message { body, ..message.clone() })
            });
            let wraps = (0..message.wrap.len() * 8).map(move |bit| {
                let wrap = flip(&message.wrap, bit);
                relay_frame::Frame::Message(Message { wrap, ..message.clone() })
            });
            Box::new(bodies.chain(wraps))
        }
        relay_frame::Frame::Message(_)
        | relay_frame::Frame::Welcome(_)
        | relay_frame::Frame::Roster(_)
        | relay_frame::Frame::Joined(_)
        | relay_frame::Frame::Left(_)
        | relay_frame::Frame::Ack(_)
        | relay_frame::Frame::Refused(_)
        | relay_frame::Frame::Bye(_) => Box::new(std::iter::empty()),
    }
}

/// What kind of frame it is, sealed ones by their kind inside.
fn name(frame: &relay_frame::Frame) -> String {
    use chatter_proto::room::{PairFrame, pair_frame};
    let text = format!("{frame:?}");
    let kind = text.split('(').next().unwrap_or_default().to_owned();
    let relay_frame::Frame::Direct(direct) = frame else { return kind };
    let inner = PairFrame::decode(direct.payload.as_slice()).ok().and_then(|frame| frame.frame);
    let inner = match inner.expect("a pair frame") {
        pair_frame::Frame::First(_) => "first",
        pair_frame::Frame::Second(_) => "second",
        pair_frame::Frame::Third(_) => "third",
        pair_frame::Frame::Sealed(_) => "sealed",
    };
    format!("{kind} {inner}")
}

#[test]
fn somebody_without_the_secret_gets_no_answer_and_no_key() {
    let mut world = World::settled(&["anna", "ben"]);
    let ghost = world.join_with("ghost", &RoomSecret::from_bytes([9; 16]));
    if let Some(client_frame::Frame::Join(join)) = world.clients[ghost].up.front_mut() {
        let room = RoomSecret::from_bytes([1; 16]).room_id(&crate::world::SERVER_KEY);
        join.room_id = room.as_bytes().to_vec();
    }
    world.settle();
    world.say(ANNA, "among us");
    world.settle_up();
    assert_eq!(world.clients[BEN].warnings().len(), 1);
    assert!(world.clients[BEN].warnings()[0].contains("tried to get in without the room secret"));
    let Some(relay_frame::Frame::Message(message)) = world.clients[ghost].down.back() else { panic!() };
    assert!(message.wrap.is_empty());
    world.settle();
    assert_eq!(world.clients[BEN].comings(), Vec::<String>::new());
    assert_eq!(world.clients[ghost].seen, [Happening::Entered { present: 2 }]);
    world.pass(limits::SETTLING_MAX);
    assert_eq!(world.clients[BEN].conversation.settling(), 0);
}

#[test]
fn goodbye_counts_whatever_the_relay_says() {
    let mut world = World::settled(&["anna", "ben"]);
    world.leave(ANNA);
    world.settle_up();
    world.clients[BEN].down.retain(|frame| !matches!(frame, relay_frame::Frame::Left(_)));
    world.settle();
    assert_eq!(world.clients[BEN].comings(), ["-anna"]);
    assert_eq!(world.clients[BEN].conversation.members().count(), 0);
    world.say(BEN, "alone");
    let Some(client_frame::Frame::Publish(publish)) = world.clients[BEN].up.back() else { panic!() };
    assert!(publish.wraps.is_empty());
    let member_id = world.clients[ANNA].id().as_bytes().to_vec();
    let room = publish.room;
    let message = Message { room, sender_id: member_id.clone(), body: vec![1; 200].into(), wrap: vec![] };
    world.show(BEN, relay_frame::Frame::Message(message));
    assert!(world.clients[BEN].warnings()[0].contains("who is not here"));
    world.show(BEN, relay_frame::Frame::Left(Left { room, member_id }));
    assert_eq!(world.clients[BEN].comings(), ["-anna"], "once");
}

#[test]
fn handshakes_that_cross_end_in_one_channel() {
    for seed in 0..6 {
        let mut world = World::new(seed);
        let (anna, ben) = (world.join("anna"), world.join("ben"));
        world.settle_up();
        // Both are told by Roster, so both begin.
        let Some(relay_frame::Frame::Joined(joined)) = world.clients[anna].down.pop_back() else { panic!() };
        let occupants = joined.occupant.into_iter().collect();
        let roster = Roster { room: joined.room, occupants };
        world.clients[anna].down = [relay_frame::Frame::Roster(roster)].into();
        for who in [anna, ben] {
            world.carry_down(who);
        }
        world.settle_up();
        for who in [anna, ben] {
            world.carry_down(who);
        }
        let lower_is_anna = world.clients[anna].id() < world.clients[ben].id();
        let answers = [anna, ben].map(|who| world.clients[who].up.len());
        assert_eq!(answers, if lower_is_anna { [0, 1] } else { [1, 0] }, "the lower id's message 1 stands");
        world.settle();
        world.say(anna, "hello");
        world.say(ben, "hello too");
        world.settle();
        for (who, other, text) in [(anna, "+ben", "hello too"), (ben, "+anna", "hello")] {
            assert_eq!(world.clients[who].comings(), [other]);
            assert_eq!(world.clients[who].texts(), [text]);
            assert_eq!(world.clients[who].warnings(), Vec::<String>::new());
        }
    }
}

#[test]
fn a_changed_hello_gives_no_channel() {
    let mut world = World::new(4);
    let anna = world.join("anna");
    world.settle();
    let (ben, carol) = (world.join("ben"), world.join("carol"));
    world.carry_up(ben);
    world.carry_up(carol);
    // Anna is shown carol's hello under ben's name: another post-quantum key than his.
    let hellos: Vec<_> = world.clients[anna].down.iter().filter_map(occupant).cloned().collect();
    for frame in &mut world.clients[anna].down {
        if let relay_frame::Frame::Joined(Joined { occupant: Some(occupant), .. }) = frame {
            occupant.hello = hellos[1].hello.clone();
        }
    }
    world.settle();
    assert_eq!(world.clients[anna].comings(), ["+carol"]);
    assert_eq!(world.clients[anna].warnings().len(), 1);
    assert_eq!(world.clients[ben].comings(), ["+carol"]);
}

fn occupant(frame: &relay_frame::Frame) -> Option<&Occupant> {
    let relay_frame::Frame::Joined(joined) = frame else { return None };
    joined.occupant.as_ref()
}

#[test]
fn invented_facts_are_called_so() {
    let mut world = World::settled(&["anna", "ben"]);
    let room = 4;
    let anna = Occupant { member_id: world.clients[ANNA].id().as_bytes().to_vec(), hello: vec![].into() };
    let me = Occupant { member_id: world.clients[BEN].id().as_bytes().to_vec(), hello: vec![].into() };
    let nobody = Occupant { member_id: vec![9; 16], hello: vec![1, 2, 3].into() };
    let sender_id = vec![8; 16];
    let frames = [
        relay_frame::Frame::Roster(Roster { room, occupants: vec![] }),
        relay_frame::Frame::Joined(Joined { room, occupant: None }),
        relay_frame::Frame::Joined(Joined { room, occupant: Some(anna) }),
        relay_frame::Frame::Joined(Joined { room, occupant: Some(me) }),
        relay_frame::Frame::Joined(Joined { room, occupant: Some(nobody) }),
        relay_frame::Frame::Left(Left { room, member_id: vec![7; 16] }),
        relay_frame::Frame::Left(Left { room, member_id: vec![] }),
        relay_frame::Frame::Ack(Ack { room, number: 9 }),
        relay_frame::Frame::Direct(FromMember { room, sender_id: sender_id.clone(), payload: vec![] }),
        relay_frame::Frame::Message(Message { room, sender_id, body: vec![].into(), wrap: vec![] }),
    ];
    for (number, frame) in frames.into_iter().enumerate() {
        world.show(BEN, frame);
        assert_eq!(world.clients[BEN].warnings().len(), number + 1, "{:?}", world.clients[BEN].warnings());
    }
    world.say(ANNA, "still here");
    world.settle();
    assert_eq!(world.clients[BEN].texts(), ["still here"]);
}

#[test]
fn warnings_of_one_kind_do_not_flood() {
    let (mut world, messages) = said(&["one"]);
    let forged = Message { body: vec![7; 200].into(), ..messages[0].clone() };
    show(&mut world, std::iter::repeat_n(forged, 100));
    show(&mut world, messages);
    check(&world, &["one"], &[FORGED; limits::STRIKES_MAX as usize]);
}

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

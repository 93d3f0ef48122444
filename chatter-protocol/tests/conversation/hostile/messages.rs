//! What a relay may do to messages: withhold, repeat, reorder, change, strip, forge.

use std::collections::BTreeSet;
use std::time::Duration;

use chatter_proto::relay::{FromMember, Message, relay_frame};
use chatter_protocol::limits;
use chatter_protocol::room::secret::RoomSecret;
use prost::Message as _;

use super::{ANNA, BEN, CAROL, FORGED, REPEATED, WITHHELD, check, said, show};
use crate::world::World;

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
        | relay_frame::Frame::Listed(_)
        | relay_frame::Frame::Listing(_)
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
fn warnings_of_one_kind_do_not_flood() {
    let (mut world, messages) = said(&["one"]);
    let forged = Message { body: vec![7; 200].into(), ..messages[0].clone() };
    show(&mut world, std::iter::repeat_n(forged, 100));
    show(&mut world, messages);
    check(&world, &["one"], &[FORGED; limits::STRIKES_MAX as usize]);
}

#[test]
fn a_message_that_comes_after_its_answer_is_shown_before_it() {
    let (mut world, late) = said(&["question"]);
    while world.carry_down(CAROL) {}
    world.say(CAROL, "answer");
    world.settle();
    world.say(CAROL, "more");
    world.settle();
    check(&world, &[], &[]);
    world.pass(limits::HOLD_MAX - Duration::from_secs(1));
    show(&mut world, late);
    check(&world, &["question", "answer", "more"], &[]);
}

#[test]
fn a_message_whose_answer_comes_alone_is_told() {
    let (mut world, late) = said(&["question"]);
    while world.carry_down(CAROL) {}
    world.say(CAROL, "answer");
    world.settle();
    world.pass(limits::HOLD_MAX);
    check(&world, &["answer"], &[WITHHELD]);
    show(&mut world, late);
    check(&world, &["answer", "question"], &[WITHHELD]);
}

#[test]
fn a_message_kept_from_one_is_told_by_its_senders_next_beacon() {
    let (mut world, _withheld) = said(&["secret"]);
    world.live(limits::BEACON_MAX + Duration::from_secs(1));
    check(&world, &[], &[WITHHELD]);
}

#[test]
fn messages_and_beacons_kept_from_one_are_told_by_the_others_beacons() {
    let mut world = World::settled(&["anna", "ben", "carol"]);
    let anna = world.clients[ANNA].id();
    world.withhold(move |to, frame| to == BEN && is_from(frame, anna.as_bytes()));
    world.say(ANNA, "secret");
    world.live(limits::BEACON_MAX + limits::HOLD_MAX + Duration::from_secs(1));
    assert_eq!(world.clients[BEN].texts(), Vec::<String>::new());
    assert!(world.clients[BEN].warnings().iter().all(|warning| warning.contains("of anna")));
    assert!(!world.clients[BEN].warnings().is_empty());
    assert_eq!(world.clients[CAROL].warnings(), Vec::<String>::new());
}

fn is_from(frame: &relay_frame::Frame, id: &[u8]) -> bool {
    matches!(frame, relay_frame::Frame::Message(message) if message.sender_id == id)
}

#[test]
fn a_message_of_another_room_does_not_open() {
    let mut world = World::settled(&["anna", "ben"]);
    let other = RoomSecret::from_bytes([2; 16]);
    let (anna, ben) = (world.join_with("anna", &other), world.join_with("ben", &other));
    world.settle();
    world.say(anna, "elsewhere");
    world.settle_up();
    let Some(relay_frame::Frame::Message(message)) = world.clients[ben].down.pop_front() else { panic!() };
    let here = world.clients[ANNA].id().as_bytes().to_vec();
    // Under the name that she has there, and under the one that she has here.
    show(&mut world, [Message { room: 4, ..message.clone() }]);
    show(&mut world, [Message { room: 4, sender_id: here, ..message }]);
    assert_eq!(world.clients[BEN].texts(), Vec::<String>::new());
    assert!(world.clients[BEN].warnings()[0].contains("who is not here"));
    assert_eq!(world.clients[BEN].warnings()[1..], [FORGED]);
}

#[test]
fn a_message_handed_back_to_its_sender_is_not_believed() {
    let (mut world, messages) = said(&["mine"]);
    let back = Message { room: 3, ..messages[0].clone() };
    world.show(ANNA, relay_frame::Frame::Message(back.clone()));
    let ben = world.clients[BEN].id().as_bytes().to_vec();
    world.show(ANNA, relay_frame::Frame::Message(Message { sender_id: ben, ..back }));
    assert_eq!(world.clients[ANNA].texts(), Vec::<String>::new());
    assert_eq!(world.clients[ANNA].warnings().len(), 2);
}

#[test]
fn a_private_frame_withheld_or_repeated_is_told() {
    let mut world = World::settled(&["anna", "ben", "carol"]);
    world.leave(ANNA);
    world.settle_up();
    let Some(goodbye @ relay_frame::Frame::Direct(_)) = world.clients[BEN].down.pop_front() else { panic!() };
    // Held back, and shown twice, before the relay admits that she left.
    world.show(BEN, goodbye.clone());
    assert_eq!(world.clients[BEN].comings(), ["-anna"]);
    world.show(BEN, goodbye);
    check(&world, &[], &[FORGED.replace("anna", &short(&world)).as_str()]);
    world.settle();
    assert_eq!(world.clients[BEN].comings(), ["-anna"]);
}

/// How somebody who has left is named.
fn short(world: &World) -> String {
    let id = world.clients[ANNA].id();
    let short: String = id.as_bytes()[..4].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("somebody unknown ({short})")
}

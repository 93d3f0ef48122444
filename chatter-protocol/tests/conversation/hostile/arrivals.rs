//! What a relay may do to those who come and go: invent them, give them other keys, hide that they left.

use std::time::Duration;

use chatter_proto::relay::{
    Ack, FromMember, Joined, Left, Message, Occupant, Roster, client_frame, relay_frame,
};
use chatter_proto::room::Hello;
use chatter_protocol::limits;
use chatter_protocol::room::conversation::Happening;
use chatter_protocol::room::secret::RoomSecret;
use prost::Message as _;

use super::{ANNA, BEN, CAROL};
use crate::world::World;

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

/// Ben comes to anna's room, and the relay changes his hello on its way to her: her warnings.
fn with_hello(change: impl Fn(&mut Hello)) -> Vec<String> {
    let mut world = World::new(5);
    let anna = world.join("anna");
    world.settle();
    let ben = world.join("ben");
    world.carry_up(ben);
    for frame in &mut world.clients[anna].down {
        if let relay_frame::Frame::Joined(Joined { occupant: Some(occupant), .. }) = frame {
            let mut hello = Hello::decode(&*occupant.hello).expect("a hello");
            change(&mut hello);
            occupant.hello = hello.encode_to_vec().into();
        }
    }
    world.settle();
    world.say(ben, "unheard");
    world.say(anna, "unheard");
    world.settle();
    assert_eq!(world.clients[anna].comings(), Vec::<String>::new());
    assert_eq!(world.clients[ben].comings(), Vec::<String>::new());
    assert_eq!(world.clients[anna].texts(), Vec::<String>::new());
    world.clients[anna].warnings()
}

#[test]
fn leaving_out_the_post_quantum_key_gives_no_channel() {
    let warnings = with_hello(|hello| hello.kem_public_key.clear());
    assert!(warnings[0].contains("lacks its post-quantum key"), "{warnings:?}");
}

#[test]
fn another_post_quantum_key_gives_no_channel() {
    let warnings = with_hello(|hello| hello.kem_public_key[7] ^= 1);
    assert!(warnings[0].contains("without the room secret"), "{warnings:?}");
}

#[test]
fn downgraded_versions_give_no_channel() {
    for (version_min, version_max) in [(0, 0), (2, 3)] {
        let warnings =
            with_hello(|hello| (hello.version_min, hello.version_max) = (version_min, version_max));
        assert!(warnings[0].contains("speaks versions"), "{warnings:?}");
    }
    // A range that both can live with, and that he did not state.
    let warnings = with_hello(|hello| hello.version_min = 0);
    assert!(warnings[0].contains("without the room secret"), "{warnings:?}");
}

#[test]
fn its_own_keys_under_a_members_name_give_no_channel() {
    let mut world = World::new(6);
    let anna = world.join("anna");
    world.settle();
    let ghost = world.join_with("ben", &RoomSecret::from_bytes([9; 16]));
    if let Some(client_frame::Frame::Join(join)) = world.clients[ghost].up.front_mut() {
        let room = RoomSecret::from_bytes([1; 16]).room_id(&crate::world::SERVER_KEY);
        join.room_id = room.as_bytes().to_vec();
    }
    let ben = world.join("ben");
    world.carry_up(ben);
    world.clients[anna].down.clear();
    world.carry_up(ghost);
    // Anna meets the relay's own client under ben's id; ben meets nobody.
    let real = world.clients[ben].id().as_bytes().to_vec();
    for frame in &mut world.clients[anna].down {
        if let relay_frame::Frame::Joined(Joined { occupant: Some(occupant), .. }) = frame {
            occupant.member_id = real.clone();
        }
    }
    while world.carry_down(ghost) {}
    while world.carry_up(ghost) {}
    for frame in &mut world.clients[anna].down {
        if let relay_frame::Frame::Direct(direct) = frame {
            direct.sender_id = real.clone();
        }
    }
    while world.carry_down(anna) {}
    assert!(world.clients[anna].warnings()[0].contains("without the room secret"));
    assert!(world.clients[anna].up.is_empty(), "no answer, which would show her static key");
    assert_eq!(world.clients[anna].comings(), Vec::<String>::new());
}

/// Anna has been with ben and left; all that ben was shown.
fn a_past_stay() -> (World, Vec<relay_frame::Frame>) {
    let mut world = World::new(8);
    let (ben, anna) = (world.join("ben"), world.join("anna"));
    world.settle();
    world.say(anna, "yesterday");
    world.settle();
    world.leave(anna);
    world.settle();
    let received = world.clients[ben].received.clone();
    assert_eq!(world.clients[ben].texts(), ["yesterday"]);
    (world, received)
}

#[test]
fn a_whole_stay_shown_again_brings_nobody_back() {
    let (mut world, received) = a_past_stay();
    for frame in received {
        world.show(0, frame);
    }
    assert_eq!(world.clients[0].comings(), ["+anna", "-anna"]);
    assert_eq!(world.clients[0].texts(), ["yesterday"]);
    assert!(world.clients[0].warnings().len() > 2);
    assert_eq!(world.clients[0].conversation.members().count(), 0);
}

#[test]
fn a_whole_stay_shown_to_a_new_one_brings_nobody_back() {
    let (mut world, received) = a_past_stay();
    world.rejoin(0);
    world.settle();
    for frame in received {
        world.show(0, frame);
    }
    assert_eq!(world.clients[0].comings(), ["+anna", "-anna"]);
    assert_eq!(world.clients[0].texts(), ["yesterday"]);
    assert!(!world.clients[0].warnings().is_empty());
}

#[test]
fn somebody_under_a_leavers_id_is_kept_out() {
    let (mut world, received) = a_past_stay();
    let is_joined = |frame: &relay_frame::Frame| matches!(frame, relay_frame::Frame::Joined(_));
    let joined = received.into_iter().find(is_joined).expect("anna had come");
    // The relay shows her again; whoever has the room secret and not her keys takes her part.
    let anna = world.clients[1].id().as_bytes().to_vec();
    let eve = world.join("eve");
    world.carry_up(eve);
    world.clients[0].down.clear();
    world.show(0, joined);
    while world.carry_down(eve) {}
    while world.carry_up(eve) {}
    while let Some(frame) = world.clients[0].down.pop_front() {
        if let relay_frame::Frame::Direct(direct) = frame {
            let sender_id = anna.clone();
            world.show(0, relay_frame::Frame::Direct(FromMember { sender_id, ..direct }));
        }
    }
    assert_eq!(world.clients[0].comings(), ["+anna", "-anna"]);
    assert!(!world.clients[0].warnings().is_empty());
}

#[test]
fn invented_members_get_no_keys_and_little_memory() {
    let mut world = World::settled(&["anna", "ben"]);
    let hello = world.clients[ANNA].hello.clone();
    for number in 0..limits::OCCUPANTS_MAX + 50 {
        let member_id = [&[7; 8][..], &(number as u64).to_be_bytes()].concat();
        let occupant = Some(Occupant { member_id, hello: hello.clone() });
        world.show(BEN, relay_frame::Frame::Joined(Joined { room: 4, occupant }));
    }
    assert_eq!(world.clients[BEN].warnings().len(), 51);
    world.say(BEN, "to anna");
    let Some(client_frame::Frame::Publish(publish)) = world.clients[BEN].up.back() else { panic!() };
    assert_eq!(publish.wraps.len(), 1);
    world.pass(limits::SETTLING_MAX);
    assert_eq!(world.clients[BEN].conversation.settling(), 0);
    world.settle();
    assert_eq!(world.clients[ANNA].texts(), ["to anna"]);
}

#[test]
fn who_died_unseen_is_shown_as_gone_and_gets_no_more_keys() {
    let mut world = World::settled(&["anna", "ben", "carol"]);
    world.withhold(|_, frame| matches!(frame, relay_frame::Frame::Left(_)));
    world.cut(CAROL);
    world.live(Duration::from_secs(90));
    assert_eq!(world.clients[ANNA].comings(), Vec::<String>::new());
    world.live(Duration::from_secs(60));
    for who in [ANNA, BEN] {
        assert_eq!(world.clients[who].comings(), ["-carol"]);
        assert_eq!(world.clients[who].warnings(), Vec::<String>::new());
    }
    world.say(ANNA, "alone");
    let Some(client_frame::Frame::Publish(publish)) = world.clients[ANNA].up.back() else { panic!() };
    assert_eq!(publish.wraps.len(), 1);
}

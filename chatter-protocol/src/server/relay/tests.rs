use alloc::vec;

use chatter_proto::relay::{Leave, Quit, Wrap};

use super::*;

mod listed;

const ROOM: [u8; 32] = [7; 32];

fn id(who: u8) -> Vec<u8> {
    vec![who; 16]
}

fn join(room: u32, who: u8) -> client_frame::Frame {
    let hello = vec![who].into();
    client_frame::Frame::Join(Join { room, room_id: ROOM.to_vec(), member_id: id(who), hello })
}

fn say(room: u32, number: u64, wraps: &[u8]) -> client_frame::Frame {
    let wraps = wraps.iter().map(|who| Wrap { member_id: id(*who), sealed: vec![*who; 88] }).collect();
    client_frame::Frame::Publish(Publish { room, number, body: vec![1, 2, 3].into(), wraps })
}

fn direct(room: u32, to: u8) -> client_frame::Frame {
    client_frame::Frame::Direct(ToMember { room, member_id: id(to), payload: vec![9] })
}

fn drain(relay: &mut Relay) -> Vec<(u64, relay_frame::Frame)> {
    core::iter::from_fn(|| relay.poll_output()).map(|out| (out.session.0, out.frame)).collect()
}

fn refused(room: u32, reason: refused::Reason) -> relay_frame::Frame {
    relay_frame::Frame::Refused(Refused { room, reason: reason.into() })
}

/// Members 1, 2, 3 in sessions of the same numbers, under their own numbers 10, 20, 30 for the room.
fn three() -> Relay {
    let mut relay = Relay::new(RelayLimits::default());
    for who in 1..=3 {
        relay.receive(SessionId(who.into()), join(u32::from(who) * 10, who));
    }
    drain(&mut relay);
    relay
}

#[test]
fn a_newcomer_gets_the_roster_and_the_others_hear_of_him() {
    let mut relay = Relay::new(RelayLimits::default());
    relay.receive(SessionId(1), join(10, 1));
    let roster = Roster { room: 10, occupants: vec![] };
    assert_eq!(drain(&mut relay), [(1, relay_frame::Frame::Roster(roster))]);
    relay.receive(SessionId(2), join(20, 2));
    let occupant = |who: u8| Occupant { member_id: id(who), hello: vec![who].into() };
    assert_eq!(
        drain(&mut relay),
        [
            (1, relay_frame::Frame::Joined(Joined { room: 10, occupant: Some(occupant(2)) })),
            (2, relay_frame::Frame::Roster(Roster { room: 20, occupants: vec![occupant(1)] })),
        ]
    );
    assert_eq!((relay.rooms(), relay.memberships(), relay.rooms_of(SessionId(1))), (1, 2, 1));
}

#[test]
fn everybody_gets_the_body_and_only_his_own_wrap() {
    let mut relay = three();
    relay.receive(SessionId(2), say(20, 5, &[9, 3, 2]));
    let message = |room, wrap| Message { room, sender_id: id(2), body: vec![1, 2, 3].into(), wrap };
    assert_eq!(
        drain(&mut relay),
        [
            (1, relay_frame::Frame::Message(message(10, vec![]))),
            (3, relay_frame::Frame::Message(message(30, vec![3; 88]))),
            (2, relay_frame::Frame::Ack(Ack { room: 20, number: 5 })),
        ]
    );
}

#[test]
fn a_direct_payload_reaches_one() {
    let mut relay = three();
    relay.receive(SessionId(1), direct(10, 3));
    let payload = FromMember { room: 30, sender_id: id(1), payload: vec![9] };
    assert_eq!(drain(&mut relay), [(3, relay_frame::Frame::Direct(payload))]);
    relay.receive(SessionId(1), direct(10, 4));
    assert_eq!(drain(&mut relay), [(1, refused(10, refused::Reason::NoSuchMember))]);
    relay.receive(SessionId(1), direct(10, 1));
    assert_eq!(drain(&mut relay), [(1, refused(10, refused::Reason::Malformed))]);
}

#[test]
fn leaving_quitting_and_a_lost_session_are_heard_once_and_leave_nothing() {
    let mut relay = three();
    let left = |to: u64, who| {
        let room = u32::try_from(to).expect("small") * 10;
        (to, relay_frame::Frame::Left(Left { room, member_id: id(who) }))
    };
    relay.receive(SessionId(1), client_frame::Frame::Leave(Leave { room: 10 }));
    assert_eq!(drain(&mut relay), [left(2, 1), left(3, 1)]);
    relay.receive(SessionId(2), client_frame::Frame::Quit(Quit {}));
    assert_eq!(drain(&mut relay), [left(3, 2)]);
    relay.session_ended(SessionId(2));
    relay.session_ended(SessionId(3));
    assert_eq!(drain(&mut relay), []);
    assert_eq!((relay.rooms(), relay.memberships(), relay.sessions.len()), (0, 0, 0));
}

#[test]
fn limits_and_rules_refuse() {
    let limits = RelayLimits { room_members_max: 2, session_rooms_max: 2, listed_rooms_max: 64 };
    let mut relay = Relay::new(limits);
    let mut check = |session, frame, reason: Option<refused::Reason>| {
        relay.receive(SessionId(session), frame);
        let refusals = drain(&mut relay).into_iter().find_map(|(to, frame)| {
            let relay_frame::Frame::Refused(refused) = frame else { return None };
            (to == session).then(|| refused.reason())
        });
        assert_eq!(refusals, reason);
    };
    check(1, say(10, 1, &[]), Some(refused::Reason::NotInRoom));
    check(1, client_frame::Frame::Leave(Leave { room: 10 }), Some(refused::Reason::NotInRoom));
    check(1, join(10, 1), None);
    check(1, join(10, 2), Some(refused::Reason::Malformed));
    check(2, join(10, 1), Some(refused::Reason::MemberIdTaken));
    check(2, join(10, 2), None);
    check(3, join(10, 3), Some(refused::Reason::RoomFull));
    let elsewhere = |room: u32, hello: usize| {
        let room_id = vec![u8::try_from(room).expect("small"); 32];
        client_frame::Frame::Join(Join { room, room_id, member_id: id(1), hello: vec![0; hello].into() })
    };
    check(1, elsewhere(11, limits::HELLO_LEN_MAX + 1), Some(refused::Reason::Malformed));
    check(1, elsewhere(11, limits::HELLO_LEN_MAX), None);
    check(1, elsewhere(12, 1), Some(refused::Reason::TooManyRooms));
    let long = vec![0; limits::BODY_LEN_MAX + 1].into();
    let publish = Publish { room: 10, number: 1, body: long, wraps: vec![] };
    check(1, client_frame::Frame::Publish(publish), Some(refused::Reason::Malformed));
}

#[test]
fn a_body_is_shared_not_copied() {
    let mut relay = three();
    relay.receive(SessionId(1), say(10, 1, &[]));
    let bodies: Vec<_> = drain(&mut relay)
        .into_iter()
        .filter_map(|(_, frame)| {
            let relay_frame::Frame::Message(message) = frame else { return None };
            Some(message.body.as_ptr())
        })
        .collect();
    assert_eq!(bodies.len(), 2);
    assert!(bodies.iter().all(|body| *body == bodies[0]));
}

//! Any bytes at all, to every decoder of both ends: taken calmly, believed never.

use chatter_proto::relay::{ClientFrame, FromMember, Joined, Message, Occupant, RelayFrame, relay_frame};
use chatter_protocol::ids::SessionId;
use chatter_protocol::room::secret::RoomSecret;
use chatter_protocol::server::relay::{Relay, RelayLimits};
use proptest::prelude::*;
use prost::Message as _;

use crate::world::World;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_conversation_takes_any_frames(frames: Vec<Vec<u8>>, payloads: Vec<Vec<u8>>, tag in 0..5_u8) {
        let mut world = World::settled(&["anna", "ben"]);
        let anna = world.clients[0].id().as_bytes().to_vec();
        let ben = 1;
        for frame in &frames {
            if let Some(frame) = RelayFrame::decode(frame.as_slice()).ok().and_then(|frame| frame.frame) {
                world.show(ben, frame);
            }
        }
        for payload in payloads {
            // As a pair frame, as it is, as a hello, as body and wrap.
            let length = u8::try_from(payload.len()).expect("short").min(127);
            let framed = [&[tag << 3 | 2, length][..], &payload].concat();
            let sender_id = anna.clone();
            world.show(ben, relay_frame::Frame::Direct(FromMember { room: 4, sender_id, payload: framed }));
            let sender_id = anna.clone();
            let direct = FromMember { room: 4, sender_id, payload: payload.clone() };
            world.show(ben, relay_frame::Frame::Direct(direct));
            let occupant = Occupant { member_id: vec![length; 16], hello: payload.clone().into() };
            world.show(ben, relay_frame::Frame::Joined(Joined { room: 4, occupant: Some(occupant) }));
            let sender_id = anna.clone();
            let message = Message { room: 4, sender_id, body: payload.clone().into(), wrap: payload };
            world.show(ben, relay_frame::Frame::Message(message));
        }
        world.say(0, "still here");
        world.settle();
        prop_assert_eq!(world.clients[ben].texts(), ["still here"]);
    }

    #[test]
    fn the_relay_takes_any_frames(frames: Vec<(u64, Vec<u8>)>) {
        let mut relay = Relay::new(RelayLimits::default());
        for (session, frame) in frames {
            if let Some(frame) = ClientFrame::decode(frame.as_slice()).ok().and_then(|frame| frame.frame) {
                relay.receive(SessionId(session), frame);
            }
            while relay.poll_output().is_some() {}
        }
    }

    #[test]
    fn no_text_is_a_room_secret_by_chance(text: String, tail in "[a-z0-9]{32}") {
        prop_assert!(RoomSecret::parse(&text).is_err());
        let text = format!("room1{tail}");
        prop_assert!(RoomSecret::parse(&text).is_err());
    }
}

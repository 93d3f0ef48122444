//! Anything at all, put in where strangers and tamperers can put it: refused or survived, never believed.

use std::time::Duration;

use chatter_protocol::access::{AccessCode, AccessSecret, CarrierPath, ServerKey, ServerSecret};
use chatter_protocol::client::{LinkAnswer, Output, Session};
use chatter_protocol::entropy::Entropy;
use chatter_protocol::handshake::{self, Answer, HandshakeError, Request};
use chatter_protocol::ids::LinkId;
use chatter_protocol::invite::{AccessLink, Address, Link, RoomLink};
use chatter_protocol::room::secret::RoomSecret;
use chatter_protocol::seal::Key;
use chatter_protocol::time::{Time, WallTime};
use chatter_protocol::token;
use proptest::prelude::*;

fn code(key: [u8; 32], secret: [u8; 16], path: &str, preamble_len: u16) -> AccessCode {
    AccessCode {
        server_key: ServerKey::from_bytes(key),
        secret: AccessSecret::from_bytes(secret),
        carrier_path: CarrierPath::parse(path).expect("a path"),
        preamble_len,
    }
}

#[test]
fn no_single_bit_of_message_2_is_loose() {
    let mut entropy = Entropy::new([4; 32]);
    let secret = ServerSecret::generate(&mut entropy);
    let code = code(*secret.key().as_bytes(), [7; 16], "/c.enc", 16);
    let keys = code.gate_keys();
    // With the same entropy the handshake repeats exactly, so each damage meets the same state.
    let offer = || handshake::offer(&code, &keys, &Request::Fresh, WallTime(99), &mut Entropy::new([5; 32]));
    let (_, opening) = token::recognise([&keys], "/c.enc", &offer().0).expect("our gate");
    let (_, asked) =
        handshake::hear(&secret, &keys, "/c.enc", &opening, &mut Entropy::new([6; 32])).expect("our token");
    let message = asked.answer(&Answer::Accepted { root: Key::new([1; 32]), down_offset: 0 });
    assert!(offer().1.finish(&message).is_ok());
    for bit in 0..message.len() * 8 {
        let mut damaged = message.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(offer().1.finish(&damaged), Err(HandshakeError), "bit {bit}");
    }
}

proptest! {
    #[test]
    fn codes_and_links_survive_their_text(
        key: [u8; 32],
        secret: [u8; 16],
        room: [u8; 16],
        path in "/[!-~&&[^?#\"/]]([!-~&&[^?#\"]]{0,100}[!-~&&[^?#\"/]])?",
        host in "[a-z][a-z0-9.-]{0,30}",
        port in 1_u16..,
        preamble_len: u16,
    ) {
        let code = code(key, secret, &path, preamble_len);
        prop_assert_eq!(&AccessCode::parse(&code.to_text()), &Ok(code.clone()));
        let access = AccessLink::new(Address { host, port }, code);
        let parsed = Link::parse(&access.to_text()).map(|link| link.access().clone());
        prop_assert_eq!(parsed, Ok(access.clone()));
        let room = RoomLink { access, label: "room".into(), secret: RoomSecret::from_bytes(room) };
        let parsed = Link::parse(&room.to_text()).and_then(Link::into_room).expect("a room link");
        prop_assert_eq!((parsed.access, parsed.secret.as_bytes()), (room.access, room.secret.as_bytes()));
    }

    #[test]
    fn no_text_is_a_link_by_chance(text: String, fragment: String) {
        prop_assert!(Link::parse(&text).is_err());
        prop_assert!(Link::parse(&["chatter://h/#", &fragment].concat()).is_err());
        prop_assert!(AccessCode::parse(&fragment).is_err());
    }

    #[test]
    fn a_client_survives_any_download(status: u16, pieces: Vec<Vec<u8>>) {
        let code = code([1; 32], [2; 16], "/c.enc", 16);
        let mut session = Session::new(&code, Entropy::new([3; 32]), Time::ZERO, WallTime(1_000));
        for link in (0..4).map(LinkId) {
            let answer = LinkAnswer { status, date: Some(WallTime(1_000)), length: None };
            session.link_answered(link, &answer, Time::ZERO, WallTime(1_000));
            for piece in &pieces {
                session.link_received(link, piece, Time::ZERO, WallTime(1_000));
            }
            session.link_closed(link, Time::ZERO, WallTime(1_000));
            session.handle_timeout(Time::from_start(Duration::from_secs(3)), WallTime(1_003));
        }
        let outputs: Vec<Output> = std::iter::from_fn(|| session.poll_output()).collect();
        prop_assert!(!outputs.contains(&Output::Connected));
        prop_assert!(session.has_ended());
    }
}

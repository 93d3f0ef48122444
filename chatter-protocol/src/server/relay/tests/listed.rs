//! Listed rooms: who hears what, and what is refused.

use alloc::format;
use alloc::string::{String, ToString as _};

use chatter_proto::relay::{List, ListRooms, Listed, ListedRoom, RelayFrame, Unlist};
use prost::Message as _;

use super::*;
use crate::room::secret::RoomSecret;

const KEY: [u8; 32] = [5; 32];

fn secret(of: u8) -> RoomSecret {
    RoomSecret::from_bytes([of; 16])
}

/// Enters the room of a secret, under its own number for it.
fn enter(room: u8, who: u8) -> client_frame::Frame {
    let room_id = secret(room).room_id(&KEY).as_bytes().to_vec();
    let hello = vec![who].into();
    client_frame::Frame::Join(Join { room: room.into(), room_id, member_id: id(who), hello })
}

fn list(room: u8, name: &str) -> client_frame::Frame {
    let secret = secret(room).as_bytes().to_vec();
    client_frame::Frame::List(List { room: room.into(), name: name.into(), secret })
}

fn relay(listed_rooms_max: usize) -> Relay {
    let limits = RelayLimits { listed_rooms_max, session_rooms_max: 8, ..RelayLimits::default() };
    Relay::new(limits).of_server(ServerKey::from_bytes(KEY))
}

/// What a session hears after this frame.
fn hears(relay: &mut Relay, session: u64, frame: client_frame::Frame) -> Vec<relay_frame::Frame> {
    relay.receive(SessionId(session), frame);
    drain(relay).into_iter().filter(|(to, _)| *to == session).map(|(_, frame)| frame).collect()
}

fn told(room: u8, name: &str) -> relay_frame::Frame {
    relay_frame::Frame::Listed(Listed { room: room.into(), name: name.into(), open: !name.is_empty() })
}

fn listing(relay: &mut Relay, session: u64) -> Vec<(String, u32, bool)> {
    let frames = hears(relay, session, client_frame::Frame::ListRooms(ListRooms {}));
    let [relay_frame::Frame::Listing(listing)] = &frames[..] else { panic!("{frames:?}") };
    let entry = |room: &ListedRoom| (room.name.clone(), room.members, room.secret.len() == 16);
    listing.rooms.iter().map(entry).collect()
}

#[test]
fn a_room_is_listed_counted_and_gone_with_its_lister() {
    let mut relay = relay(8);
    hears(&mut relay, 1, enter(1, 1));
    hears(&mut relay, 2, enter(1, 2));
    assert_eq!(listing(&mut relay, 9), []);
    relay.receive(SessionId(1), list(1, "tea"));
    assert_eq!(drain(&mut relay), [(1, told(1, "tea")), (2, told(1, "tea"))]);
    assert_eq!(listing(&mut relay, 9), [("tea".to_string(), 2, true)], "to who sits nowhere, too");
    let newcomer = hears(&mut relay, 3, enter(1, 3));
    assert!(matches!(newcomer[0], relay_frame::Frame::Roster(_)) && newcomer[1] == told(1, "tea"));
    // Only its lister changes it.
    assert_eq!(hears(&mut relay, 2, list(1, "mine")), [refused(1, refused::Reason::NotListed)]);
    let unlist = || client_frame::Frame::Unlist(Unlist { room: 1 });
    assert_eq!(hears(&mut relay, 2, unlist()), [refused(1, refused::Reason::NotListed)]);
    assert_eq!(hears(&mut relay, 1, list(1, "coffee")), [told(1, "coffee")]);
    assert_eq!(hears(&mut relay, 1, unlist()), [told(1, "")]);
    assert_eq!(listing(&mut relay, 9), []);
    // Gone with the lister, though others stay.
    hears(&mut relay, 1, list(1, "tea"));
    relay.session_ended(SessionId(1));
    assert!(drain(&mut relay).contains(&(2, told(1, ""))));
    assert_eq!((listing(&mut relay, 9), relay.listed.len()), (vec![], 0));
}

#[test]
fn a_listing_that_leads_nowhere_shows_the_room_alone() {
    let mut relay = relay(8);
    hears(&mut relay, 1, enter(1, 1));
    let closed = client_frame::Frame::List(List { room: 1, name: "tea".into(), secret: vec![] });
    let told = relay_frame::Frame::Listed(Listed { room: 1, name: "tea".into(), open: false });
    assert_eq!(hears(&mut relay, 1, closed), [told]);
    assert_eq!(listing(&mut relay, 9), [("tea".to_string(), 1, false)]);
}

#[test]
fn hostile_listings_are_refused() {
    let mut relay = relay(8);
    hears(&mut relay, 1, enter(1, 1));
    for name in ["", " tea", "a\u{1b}[2J", "a\u{202e}b", "a\u{200b}b", "a\nb", "a#b", &"x".repeat(33)] {
        assert_eq!(hears(&mut relay, 1, list(1, name)), [refused(1, refused::Reason::Malformed)], "{name:?}");
    }
    for wrong in [vec![2; 16], vec![1; 15], vec![1; 17], vec![0; 100_000]] {
        let frame = client_frame::Frame::List(List { room: 1, name: "tea".into(), secret: wrong });
        assert_eq!(hears(&mut relay, 1, frame), [refused(1, refused::Reason::Malformed)]);
    }
    assert_eq!(hears(&mut relay, 1, list(2, "tea")), [refused(2, refused::Reason::NotInRoom)]);
    assert_eq!(hears(&mut relay, 2, list(1, "tea")), [refused(1, refused::Reason::NotInRoom)]);
    assert_eq!(relay.listed.len(), 0);
}

#[test]
fn a_listing_is_bounded() {
    let mut one = relay(8);
    for room in 1..=6 {
        hears(&mut one, 1, enter(room, 1));
    }
    for room in 1..=4 {
        assert_eq!(hears(&mut one, 1, list(room, &format!("room {room}"))).len(), 1);
    }
    let full = |room| [refused(room, refused::Reason::ListingFull)];
    assert_eq!(hears(&mut one, 1, list(5, "one more")), full(5), "of one session");
    assert_eq!(hears(&mut one, 1, list(4, "renamed")), [told(4, "renamed")]);
    hears(&mut one, 2, enter(9, 2));
    for alike in ["room 1", "ROOM 1", "ｒoom 1"] {
        assert_eq!(hears(&mut one, 2, list(9, alike)), [refused(9, refused::Reason::NameTaken)]);
    }
    for session in 3..=6 {
        hears(&mut one, session, enter(10 + u8::try_from(session).expect("small"), 2));
        let listed = list(10 + u8::try_from(session).expect("small"), &format!("of {session}"));
        assert!(matches!(hears(&mut one, session, listed)[..], [relay_frame::Frame::Listed(_)]));
    }
    assert_eq!(hears(&mut one, 2, list(9, "nine")), full(9), "of the server");
    let mut none = relay(0);
    hears(&mut none, 1, enter(1, 1));
    assert_eq!(hears(&mut none, 1, list(1, "tea")), full(1));
    assert_eq!(listing(&mut none, 1), []);
}

#[test]
fn many_questions_at_once_have_one_answer() {
    let mut relay = relay(8);
    for _ in 0..1000 {
        relay.receive(SessionId(1), client_frame::Frame::ListRooms(ListRooms {}));
    }
    assert_eq!(drain(&mut relay).len(), 1);
    relay.receive(SessionId(1), client_frame::Frame::ListRooms(ListRooms {}));
    relay.session_ended(SessionId(1));
    assert_eq!(drain(&mut relay), [], "nobody asks any more");
}

#[test]
fn the_longest_listing_fits_a_frame() {
    let room = ListedRoom { name: "\u{1f375}".repeat(32), members: u32::MAX, secret: vec![1; 16] };
    let rooms = vec![room; limits::LISTED_ROOMS_MAX];
    let frame = relay_frame::Frame::Listing(chatter_proto::relay::Listing { rooms });
    assert!(RelayFrame { frame: Some(frame) }.encoded_len() <= limits::FRAME_LEN_MAX);
}

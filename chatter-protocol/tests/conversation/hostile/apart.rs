//! What a relay may do to a room as a whole: keep members apart, split it, show different things to different members.

use std::time::Duration;

use chatter_proto::relay::{FromMember, Left, Message, client_frame, relay_frame};
use chatter_protocol::ids::MemberId;
use chatter_protocol::limits;
use chatter_protocol::room::conversation::Output;

use super::{ANNA, BEN, CAROL};
use crate::world::World;

/// As long as it takes to be sure that a difference does not heal.
const LONG: Duration = Duration::from_secs(240);

/// Whether a frame is somebody's, or about him.
fn concerns(frame: &relay_frame::Frame, id: &MemberId) -> bool {
    let concerned = match frame {
        relay_frame::Frame::Message(message) => &message.sender_id,
        relay_frame::Frame::Direct(direct) => &direct.sender_id,
        relay_frame::Frame::Left(left) => &left.member_id,
        relay_frame::Frame::Joined(joined) => {
            return joined.occupant.iter().any(|one| one.member_id == id.as_bytes());
        }
        relay_frame::Frame::Welcome(_)
        | relay_frame::Frame::Roster(_)
        | relay_frame::Frame::Ack(_)
        | relay_frame::Frame::Refused(_)
        | relay_frame::Frame::Listed(_)
        | relay_frame::Frame::Listing(_)
        | relay_frame::Frame::Bye(_) => return false,
    };
    concerned == id.as_bytes()
}

fn warns(world: &World, who: usize, part: &str) -> bool {
    world.clients[who].warnings().iter().any(|warning| warning.contains(part))
}

#[test]
fn two_who_are_kept_apart_are_told_and_so_is_who_sees_both() {
    let mut world = World::settled(&["anna", "ben"]);
    let carol = world.join("carol");
    let (anna_id, carol_id) = (world.clients[ANNA].id(), world.clients[carol].id());
    world.withhold(move |to, frame| {
        (to == ANNA && concerns(frame, &carol_id)) || (to == CAROL && concerns(frame, &anna_id))
    });
    world.settle_up();
    for frame in &mut world.clients[carol].down {
        if let relay_frame::Frame::Roster(roster) = frame {
            roster.occupants.retain(|occupant| occupant.member_id != anna_id.as_bytes());
        }
    }
    world.settle();
    assert_eq!(world.clients[BEN].comings(), ["+carol"]);
    world.live(LONG);
    assert!(warns(&world, ANNA, "ben sees carol, whom you don't: the server keeps you apart"));
    assert!(warns(&world, CAROL, "ben sees anna, whom you don't: the server keeps you apart"));
    assert!(warns(&world, BEN, "anna does not see carol: the server keeps them apart"));
    assert!(warns(&world, BEN, "carol does not see anna: the server keeps them apart"));
    let unconnected = world.clients[BEN].conversation.unconnected();
    let mut pairs: Vec<_> =
        unconnected.map(|(one, other)| format!("{one}: not yet connected with {other}")).collect();
    pairs.sort();
    assert_eq!(pairs, ["anna: not yet connected with carol", "carol: not yet connected with anna"]);
}

#[test]
fn a_short_time_apart_is_no_matter() {
    let mut world = World::settled(&["anna", "ben"]);
    let carol = world.join("carol");
    let carol_id = world.clients[carol].id();
    world.withhold(move |to, frame| to == ANNA && concerns(frame, &carol_id));
    world.live(Duration::from_secs(60));
    world.hand_on();
    world.live(LONG);
    for client in &world.clients {
        assert_eq!(client.warnings(), Vec::<String>::new());
        assert_eq!(client.conversation.members().count(), 2);
    }
}

#[test]
fn a_split_room_is_told_of_at_the_merge() {
    let mut world = World::new(11);
    let anna = world.join("anna");
    world.settle();
    let anna_id = world.clients[anna].id();
    // Nobody who comes later is shown to anna, nor she to them.
    let ben = world.join("ben");
    let ben_id = world.clients[ben].id();
    let carol = world.join("carol");
    let carol_id = world.clients[carol].id();
    world.withhold(move |to, frame| {
        let theirs = concerns(frame, &ben_id) || concerns(frame, &carol_id);
        (to == anna && theirs) || (to != anna && concerns(frame, &anna_id))
    });
    world.live(Duration::from_secs(600));
    assert_eq!(world.clients[ben].comings(), ["+carol"]);
    world.say(ben, "not for anna");
    world.live(Duration::from_secs(5));
    world.hand_on();
    world.live(Duration::from_secs(60));
    assert_eq!(world.clients[anna].conversation.members().count(), 2);
    for (who, other) in [(anna, "ben"), (anna, "carol"), (ben, "anna"), (carol, "anna")] {
        let told = format!("this room was split until now: the server kept {other} from you for 10 minutes");
        assert!(warns(&world, who, &told), "{:?}", world.clients[who].warnings());
    }
    assert_eq!(world.clients[anna].texts(), Vec::<String>::new());
}

#[test]
fn a_false_word_that_somebody_left_is_found_out() {
    let mut world = World::settled(&["anna", "ben", "carol"]);
    let carol = world.clients[CAROL].id();
    world.show(BEN, relay_frame::Frame::Left(Left { room: 4, member_id: carol.as_bytes().to_vec() }));
    assert_eq!(world.clients[BEN].comings(), ["-carol"]);
    world.withhold(move |to, frame| to == BEN && concerns(frame, &carol));
    world.say(CAROL, "behind ben's back");
    world.live(limits::BEACON_MAX + limits::HOLD_MAX);
    assert!(warns(&world, BEN, "of carol"), "{:?}", world.clients[BEN].warnings());
    // She sees that she gets none of his keys.
    world.say(BEN, "to whom");
    world.settle();
    assert!(warns(&world, CAROL, "ben said something, but its key was withheld from you"));
    world.live(LONG);
    assert!(warns(&world, BEN, "anna sees carol, whom you don't"));
    assert!(warns(&world, ANNA, "ben does not see carol"));
}

#[test]
fn a_leaver_who_goes_on_with_the_relays_help_is_found_out() {
    let mut world = World::settled(&["anna", "ben", "carol"]);
    // Carol says goodbye to ben, and to him alone, and the relay backs her.
    let mut copy = world.clients[CAROL].copied();
    copy.leave(world.now);
    let ben = world.clients[BEN].id();
    let sender_id = world.clients[CAROL].id().as_bytes().to_vec();
    let goodbye = std::iter::from_fn(|| copy.poll_output()).find_map(|output| match output {
        Output::Send(client_frame::Frame::Direct(direct)) if direct.member_id == ben.as_bytes() => {
            Some(direct.payload)
        }
        Output::Send(_) | Output::Show(_) => None,
    });
    let payload = goodbye.expect("a goodbye to ben");
    world.show(BEN, relay_frame::Frame::Direct(FromMember { room: 4, sender_id, payload }));
    assert_eq!(world.clients[BEN].comings(), ["-carol"]);
    let carol = world.clients[CAROL].id();
    world.withhold(move |to, frame| to == BEN && concerns(frame, &carol));
    world.say(CAROL, "between us");
    world.live(limits::BEACON_MAX + limits::HOLD_MAX);
    assert!(warns(&world, BEN, "of carol"), "{:?}", world.clients[BEN].warnings());
    world.live(LONG);
    assert!(warns(&world, BEN, "anna sees carol, whom you don't"));
}

/// A sender who says one thing to anna and another to carol, with the relay's help.
fn a_fork() -> World {
    let mut world = World::settled(&["anna", "ben", "carol"]);
    let mut copy = world.clients[BEN].copied();
    world.say(BEN, "yes");
    copy.say("no", world.now).expect("in the room");
    let (ben, carol) = (world.clients[BEN].id(), world.clients[CAROL].id());
    let publish = std::iter::from_fn(|| copy.poll_output()).find_map(|output| match output {
        Output::Send(client_frame::Frame::Publish(publish)) => Some(publish),
        Output::Send(_) | Output::Show(_) => None,
    });
    let publish = publish.expect("published");
    let wrap = publish.wraps.into_iter().find(|wrap| wrap.member_id == carol.as_bytes()).expect("a wrap");
    world.settle_up();
    world.clients[CAROL].down.pop_front().expect("the same as for anna");
    let message =
        Message { room: 5, sender_id: ben.as_bytes().to_vec(), body: publish.body, wrap: wrap.sealed };
    world.show(CAROL, relay_frame::Frame::Message(message));
    world.settle();
    assert_eq!(world.clients[ANNA].texts(), ["yes"]);
    assert_eq!(world.clients[CAROL].texts(), ["no"]);
    world
}

#[test]
fn two_histories_of_one_sender_are_told_by_the_next_message() {
    let mut world = a_fork();
    world.say(ANNA, "so be it");
    world.settle();
    let told = ["what you and anna have heard differs", "ben's messages differ between you and anna"];
    assert_eq!(world.clients[CAROL].warnings(), told);
    assert_eq!(world.clients[ANNA].warnings(), ["ben's messages differ between you and carol"]);
}

#[test]
fn two_histories_of_one_sender_are_told_by_the_next_beacon() {
    let mut world = a_fork();
    world.live(limits::BEACON_MAX + Duration::from_secs(1));
    for (who, other) in [(ANNA, "carol"), (CAROL, "anna")] {
        assert!(warns(&world, who, &format!("ben's messages differ between you and {other}")));
    }
    // Once, however long it lasts.
    let told = world.clients[ANNA].warnings().len();
    world.live(LONG);
    let ben = |warning: &String| warning.contains("ben's messages");
    assert_eq!(world.clients[ANNA].warnings().into_iter().filter(ben).count(), 1, "{told} at first");
}

#[test]
fn two_histories_are_told_even_if_no_question_is_carried() {
    let mut world = a_fork();
    world.withhold(|_, frame| matches!(frame, relay_frame::Frame::Direct(_)));
    world.live(limits::BEACON_MAX + Duration::from_secs(1));
    assert!(warns(&world, ANNA, "what you and carol have heard differs"));
    assert!(warns(&world, CAROL, "what you and anna have heard differs"));
}

#[test]
fn whoever_is_cut_off_from_all_sees_that_he_is_alone() {
    let mut world = World::settled(&["anna", "ben", "carol"]);
    world.withhold(|to, frame| to == BEN && !matches!(frame, relay_frame::Frame::Ack(_)));
    world.live(limits::SILENCE_MAX + limits::GRACE_DEFAULT + Duration::from_secs(1));
    let mut comings = world.clients[BEN].comings();
    comings.sort();
    assert_eq!(comings, ["-anna", "-carol"]);
}

#[test]
fn whoever_is_not_let_speak_is_shown_as_gone() {
    let mut world = World::settled(&["anna", "ben", "carol"]);
    let ben = world.clients[BEN].id();
    world.withhold(move |_, frame| concerns(frame, &ben));
    world.say(BEN, "can you hear me");
    world.live(limits::SILENCE_MAX + limits::GRACE_DEFAULT + Duration::from_secs(1));
    // They told him so, and he came again: under a new id, of which the relay here knows nothing.
    for who in [ANNA, CAROL] {
        assert_eq!(world.clients[who].comings(), ["-ben", "+ben"]);
    }
    assert_eq!(world.clients[BEN].stays, 2);
}

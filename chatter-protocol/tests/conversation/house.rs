//! Locking, parting, moving.

use chatter_protocol::limits;
use chatter_protocol::room::conversation::{Happening, SayError};
use chatter_protocol::room::secret::RoomSecret;

use crate::world::World;

const ANNA: usize = 0;
const BEN: usize = 1;
const CAROL: usize = 2;
const DAVE: usize = 3;

fn members(world: &World, who: usize) -> Vec<String> {
    let mut members: Vec<_> =
        world.clients[who].conversation.members().map(|member| member.nick.to_string()).collect();
    members.sort_unstable();
    members
}

fn nobody_warned(world: &World) {
    for client in &world.clients {
        assert_eq!(client.warnings(), Vec::<String>::new(), "{}", client.nick);
    }
}

fn lock(world: &mut World, who: usize, locked: bool) {
    world.act(who, |conversation, now| conversation.lock(locked, now)).expect("in the room");
    world.settle();
}

#[test]
fn a_locked_room_keeps_newcomers_out_until_it_is_unlocked() {
    let mut world = World::settled(&["anna", "ben", "carol"]);
    lock(&mut world, ANNA, true);
    for who in [ANNA, BEN, CAROL] {
        assert!(world.clients[who].conversation.is_locked(), "everybody's program does the same");
    }
    assert!(matches!(&world.clients[BEN].seen[..], [Happening::Locked { locked: true, .. }]));
    world.join("dave");
    world.settle();
    world.say(ANNA, "among us");
    world.settle();
    assert_eq!(members(&world, DAVE), Vec::<String>::new());
    assert_eq!(members(&world, ANNA), ["ben", "carol"]);
    assert_eq!(world.clients[DAVE].texts(), Vec::<String>::new());
    assert!(world.clients[ANNA].seen.contains(&Happening::KeptOut));
    // Carol unlocks; whoever waits is let in, and hears what is said from then on.
    lock(&mut world, CAROL, false);
    assert_eq!(members(&world, DAVE), ["anna", "ben", "carol"]);
    world.say(ANNA, "hello dave");
    world.settle();
    assert_eq!(world.clients[DAVE].texts(), ["hello dave"]);
    nobody_warned(&world);
}

#[test]
fn who_is_kept_out_may_leave_again() {
    let mut world = World::settled(&["anna", "ben"]);
    lock(&mut world, ANNA, true);
    let carol = world.join("carol");
    world.settle();
    world.leave(carol);
    world.settle();
    lock(&mut world, BEN, false);
    assert_eq!(members(&world, ANNA), ["ben"]);
    assert_eq!(world.clients[ANNA].comings(), Vec::<String>::new());
    nobody_warned(&world);
}

#[test]
fn who_is_parted_with_reads_nothing_more_of_those_who_did() {
    let mut world = World::settled(&["anna", "ben", "carol"]);
    let carol = world.clients[CAROL].id();
    world.act(ANNA, |conversation, now| conversation.remove(&carol, now)).expect("carol is here");
    world.settle();
    let told = world.clients[BEN].seen.iter().any(
        |happening| matches!(happening, Happening::Removed { by, whom } if by.nick.as_str() == "anna" && whom.nick.as_str() == "carol"),
    );
    assert!(told, "others are asked to do the same");
    assert!(
        matches!(&world.clients[CAROL].seen[..], [Happening::Parted { by }] if by.nick.as_str() == "anna")
    );
    for (who, text) in [(ANNA, "without carol"), (BEN, "with carol"), (CAROL, "to those who hear me")] {
        world.say(who, text);
        world.settle();
    }
    assert_eq!(world.clients[CAROL].texts(), ["with carol"]);
    assert_eq!(world.clients[ANNA].texts(), ["with carol"]);
    assert_eq!(world.clients[BEN].texts(), ["without carol", "to those who hear me"]);
    world.act(BEN, |conversation, now| conversation.remove(&carol, now)).expect("carol is here");
    world.settle();
    world.say(BEN, "nor this");
    world.settle();
    assert_eq!(world.clients[CAROL].texts(), ["with carol"]);
    assert_eq!(members(&world, CAROL), Vec::<String>::new());
    world.leave(CAROL);
    world.settle();
    assert_eq!(members(&world, ANNA), ["ben"]);
    let again = world.act(ANNA, |conversation, now| conversation.remove(&carol, now));
    assert_eq!(again, Err(SayError::NoSuchMember));
    nobody_warned(&world);
}

/// The secrets of the rooms to which somebody moved.
fn moves(world: &World, who: usize) -> Vec<RoomSecret> {
    let moves = world.clients[who].seen.iter().filter_map(|happening| {
        let Happening::Moved { secret } = happening else { return None };
        Some(secret.clone())
    });
    moves.collect()
}

#[test]
fn everybody_moves_to_a_new_secret_and_the_old_one_opens_an_empty_room() {
    let mut world = World::settled(&["anna", "ben", "carol"]);
    let carol = world.clients[CAROL].id();
    for who in [ANNA, BEN] {
        world.act(who, |conversation, now| conversation.remove(&carol, now)).expect("carol is here");
    }
    world.settle();
    // Two at once: everybody takes the same.
    for who in [ANNA, BEN] {
        world.act(who, |conversation, now| conversation.move_room(now)).expect("in the room");
    }
    world.settle();
    world.say(BEN, "said while moving");
    world.settle();
    world.pass(limits::MOVE_DELAY);
    world.settle();
    assert_eq!((members(&world, ANNA), members(&world, BEN)), (vec!["ben".into()], vec!["anna".into()]));
    assert_eq!(moves(&world, ANNA), moves(&world, BEN));
    assert_eq!(moves(&world, ANNA).len(), 1);
    assert_eq!(moves(&world, CAROL), [], "who is parted with is not told");
    assert_eq!(members(&world, CAROL), Vec::<String>::new());
    world.say(ANNA, "here");
    world.settle();
    assert_eq!(world.clients[BEN].texts(), ["here"]);
    assert_eq!(world.clients[ANNA].texts(), ["said while moving"]);
    // The new way in works, the old one leads to those who stayed.
    let dave = world.join_with("dave", &moves(&world, ANNA)[0]);
    world.settle();
    assert_eq!(members(&world, dave), ["anna", "ben"]);
    nobody_warned(&world);
}

#[test]
fn what_was_said_before_a_move_is_acknowledged_all_the_same() {
    let mut world = World::settled(&["anna", "ben"]);
    world.act(ANNA, |conversation, now| conversation.move_room(now)).expect("in the room");
    world.settle();
    world.say(ANNA, "last words");
    world.pass(limits::MOVE_DELAY);
    world.settle();
    assert!(world.clients[ANNA].seen.contains(&Happening::Acknowledged { number: 1 }));
    assert_eq!(
        world.clients[BEN].texts().len(),
        usize::from(world.clients[BEN].texts().contains(&"last words".into()))
    );
    nobody_warned(&world);
}

/// Whoever loses his session when all are about to move comes back into the old room, and follows from there.
#[test]
fn who_comes_back_in_the_middle_of_a_move_follows() {
    let mut world = World::settled(&["anna", "ben"]);
    world.act(0, |conversation, now| conversation.move_room(now)).expect("in the room");
    world.settle();
    world.rejoin(1);
    world.pass(limits::MOVE_DELAY);
    world.settle();
    world.live(std::time::Duration::from_secs(5));
    assert_eq!(moves(&world, 1).len(), 1);
    assert_eq!((members(&world, 0), members(&world, 1)), (vec!["ben".to_owned()], vec!["anna".to_owned()]));
    nobody_warned(&world);
}

#[test]
fn outside_of_a_room_there_is_no_house() {
    let mut world = World::new(1);
    world.join("anna");
    let refused =
        world.act(ANNA, |conversation, now| [conversation.lock(true, now), conversation.move_room(now)]);
    assert_eq!(refused, [Err(SayError::NotInRoom); 2]);
}

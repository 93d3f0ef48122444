//! Who has opened what: told by each member himself, whatever the relay does.

use std::time::Duration;

use chatter_proto::relay::relay_frame;
use chatter_protocol::limits;
use chatter_protocol::room::conversation::Happening;

use super::{ANNA, BEN, CAROL, said, show, warnings};
use crate::world::World;

/// As long as it takes until everybody has said something, if only that he is here.
const A_BEACON: Duration = limits::BEACON_MAX.saturating_add(Duration::from_secs(1));

/// How many have opened anna's text of this number, of how many, and who has not said so.
fn delivery(world: &World, number: u64) -> (usize, usize, Vec<String>) {
    let delivery = world.clients[ANNA].conversation.delivery(number).expect("a text of this stay");
    let missing = delivery.missing.iter().map(|who| who.nick.as_ref().expect("met").to_string());
    let mut missing: Vec<_> = missing.collect();
    missing.sort();
    (delivery.opened, delivery.of, missing)
}

fn nicks(nicks: &[&str]) -> Vec<String> {
    nicks.iter().map(|nick| (*nick).to_owned()).collect()
}

#[test]
fn a_text_is_opened_by_each_who_says_something_after_it() {
    let mut world = World::settled(&["anna", "ben", "carol"]);
    world.say(ANNA, "one");
    assert_eq!(delivery(&world, 1), (0, 2, nicks(&["ben", "carol"])));
    world.settle();
    assert_eq!(delivery(&world, 1).0, 0, "the relay's word is none");
    world.say(BEN, "seen");
    world.settle();
    assert_eq!(delivery(&world, 1), (1, 2, nicks(&["carol"])));
    world.join("dave");
    world.settle();
    world.live(A_BEACON);
    assert_eq!(delivery(&world, 1), (2, 2, Vec::new()), "for dave it was not sealed");
    let told = world.clients[ANNA].seen.iter().filter(|one| **one == Happening::Opened { number: 1 });
    assert_eq!(told.count(), 2);
    assert_eq!(world.clients[ANNA].conversation.delivery(2), None);
}

#[test]
fn who_leaves_without_a_word_has_not_said_that_he_opened_it() {
    let mut world = World::settled(&["anna", "ben", "carol"]);
    world.say(ANNA, "one");
    world.settle();
    world.cut(BEN);
    world.live(A_BEACON);
    assert_eq!(delivery(&world, 1), (1, 2, nicks(&["ben"])));
    world.rejoin(ANNA);
    assert_eq!(world.clients[ANNA].conversation.delivery(1), None, "another stay knows nothing of it");
}

#[test]
fn what_was_withheld_never_counts_as_opened() {
    let (mut world, mut messages) = said(&["one", "two", "three"]);
    messages.remove(1);
    show(&mut world, messages);
    world.live(A_BEACON);
    assert_eq!(delivery(&world, 1), (2, 2, Vec::new()));
    assert_eq!(delivery(&world, 2), (1, 2, nicks(&["ben"])), "though ben's heads count it");
    assert_eq!(delivery(&world, 3), (2, 2, Vec::new()));
}

#[test]
fn what_does_not_open_never_counts_as_opened() {
    let (mut world, mut messages) = said(&["one", "two"]);
    let damaged = messages.first_mut().expect("one");
    damaged.body = [&damaged.body[..], b"x"].concat().into();
    show(&mut world, messages);
    world.live(A_BEACON);
    assert_eq!(delivery(&world, 1), (1, 2, nicks(&["ben"])));
}

#[test]
fn a_withheld_word_about_what_is_missing_is_no_yes() {
    let (mut world, mut messages) = said(&["one", "two", "three"]);
    messages.remove(1);
    let ben = world.clients[BEN].id();
    world.withhold(move |to, frame| {
        matches!(frame, relay_frame::Frame::Direct(direct) if to == ANNA && direct.sender_id == ben.as_bytes())
    });
    show(&mut world, messages);
    world.live(A_BEACON);
    assert_eq!(delivery(&world, 2), (1, 2, nicks(&["ben"])));
    assert!(warnings(&world.clients[ANNA]).count() > 0, "anna is told that something is missing");
    world.say(ANNA, "four");
    world.live(A_BEACON);
    assert_eq!(delivery(&world, 4), (2, 2, Vec::new()), "what is said from then on is counted again");
    assert_eq!(world.clients[CAROL].texts().len(), 4);
}

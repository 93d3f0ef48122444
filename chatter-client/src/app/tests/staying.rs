//! What is typed without a connection, or among others: kept, said, handed back; who has opened what.

use super::people::{ANNA, BEN, CAROL, three};
use super::*;

/// What somebody was handed back: number, text, reason.
fn handed_back(world: &World, who: usize) -> Vec<(u64, String, String)> {
    let back = world.shown[who].iter().filter_map(|notice| {
        let Notice::HandedBack { number, text, reason } = notice else { return None };
        Some((*number, text.clone(), reason.clone()))
    });
    back.collect()
}

fn lose_all(world: &mut World, who: &[usize]) {
    who.iter().for_each(|who| world.lose(*who, End::Bye(bye::Reason::Shutdown)));
}

fn come_back(world: &mut World, who: &[usize]) {
    world.wait(A_TRY);
    who.iter().for_each(|who| world.connect(*who));
}

fn delivered(world: &World, who: usize, wanted: u64) -> Vec<(usize, usize, Vec<String>)> {
    let told = world.shown[who].iter().filter_map(|notice| {
        let Notice::Delivered { number, opened, of, missing, .. } = notice else { return None };
        (*number == wanted).then(|| (*opened, *of, missing.clone()))
    });
    told.collect()
}

#[test]
fn lines_typed_while_away_are_said_in_order_to_those_who_were_there() {
    let mut world = three();
    lose_all(&mut world, &[ANNA, BEN, CAROL]);
    for line in ["one", "two", "three"] {
        world.line(ANNA, line);
    }
    let waiting = Notice::Waiting { text: "three".into(), waiting: 3, full: false };
    assert!(world.shown[ANNA].contains(&waiting));
    come_back(&mut world, &[ANNA, BEN]);
    assert!(world.messages(BEN).is_empty(), "carol may still come");
    world.line(ANNA, "four");
    world.connect(CAROL);
    for who in [BEN, CAROL] {
        assert_eq!(world.messages(who), ["anna: one", "anna: two", "anna: three", "anna: four"]);
    }
    assert!(handed_back(&world, ANNA).is_empty());
}

#[test]
fn who_does_not_come_back_is_not_waited_for_long() {
    let mut world = three();
    lose_all(&mut world, &[ANNA, BEN, CAROL]);
    world.line(ANNA, "one");
    come_back(&mut world, &[ANNA, BEN]);
    world.wait(HOLD_TIMEOUT);
    assert_eq!(world.messages(BEN), ["anna: one"]);
    lose_all(&mut world, &[ANNA, BEN]);
    world.line(ANNA, "two");
    world.wait(Duration::from_secs(3));
    world.connect(ANNA);
    world.connect(BEN);
    assert_eq!(world.messages(BEN), ["anna: one", "anna: two"], "carol is not missed twice");
}

#[test]
fn a_stranger_gets_nothing_that_was_typed_before_he_came() {
    let mut world = World::new(&[Purpose::Join, Purpose::Join, Purpose::Join]);
    world.connect(ANNA);
    world.connect(BEN);
    lose_all(&mut world, &[ANNA, BEN]);
    world.line(ANNA, "for ben");
    // He calls himself as he likes.
    world.apps[CAROL]
        .rooms
        .values_mut()
        .for_each(|room| room.nick = Nickname::parse("ben").expect("a nickname"));
    world.connect(CAROL);
    come_back(&mut world, &[ANNA, BEN]);
    assert!(world.messages(CAROL).is_empty() && world.messages(BEN).is_empty());
    let [(1, text, reason)] = &handed_back(&world, ANNA)[..] else { panic!("{:?}", world.shown[ANNA]) };
    assert_eq!(text, "for ben");
    assert!(reason == "another ben is here now, who was not when you typed it", "{reason}");
    world.line(ANNA, "to both");
    assert_eq!(world.messages(CAROL), ["anna: to both"], "typed when he was here");
    world.line(ANNA, "/resend 1");
    assert_eq!(world.messages(BEN), ["anna: to both", "anna: for ben"], "its writer's word");
    world.line(ANNA, "/resend");
    assert_eq!(world.errors(ANNA).len(), 1, "once");
}

#[test]
fn without_a_verified_one_nothing_that_waited_is_said() {
    let mut world = three();
    world.line(ANNA, "/verify carol yes");
    lose_all(&mut world, &[ANNA, BEN, CAROL]);
    world.line(ANNA, "one");
    come_back(&mut world, &[ANNA, BEN]);
    world.wait(HOLD_TIMEOUT);
    assert!(world.messages(BEN).is_empty());
    let back = handed_back(&world, ANNA);
    assert_eq!(back[0].2, "carol, whom you have verified, is not here any more");
    world.connect(CAROL);
    world.line(ANNA, "/who");
    let Some(Notice::Who { verified, .. }) = world.shown[ANNA].last() else { panic!() };
    assert_eq!(*verified, ["carol"], "she is known again");
    world.line(ANNA, "/drop");
    assert_eq!(world.shown[ANNA].last(), Some(&Notice::Dropped { lines: 1, waiting: false }));
}

#[test]
fn while_the_connection_is_broken_nothing_is_sealed() {
    let mut world = three();
    world.event(ANNA, Event::Network(NetworkEvent::Broken));
    world.line(ANNA, "one");
    assert_eq!((world.room(ANNA).untaken.len(), world.room(ANNA).outbox.len()), (0, 1));
    world.line(ANNA, "");
    world.line(ANNA, "/reconnect");
    assert_eq!(world.nudged, 1, "tried at once, and not without end");
    world.wait(Duration::from_secs(1));
    world.line(ANNA, "/reconnect");
    assert_eq!(world.nudged, 2);
    world.wait(Duration::from_secs(1));
    world.event(ANNA, Event::Network(NetworkEvent::Resumed));
    world.run();
    assert_eq!(world.messages(BEN), ["anna: one"]);
    world.event(ANNA, Event::Network(NetworkEvent::Broken));
    world.line(ANNA, "two");
    world.lose(ANNA, End::Lost { unacknowledged: 0 });
    world.line(ANNA, "/drop waiting");
    let dropped = Notice::Dropped { lines: 1, waiting: true };
    assert!(world.shown[ANNA].contains(&dropped));
    world.line(ANNA, "");
    assert_eq!(world.opened, 1, "without waiting");
    world.connect(ANNA);
    assert_eq!(world.messages(BEN), ["anna: one"]);
}

#[test]
fn a_tor_that_may_look_at_the_old_place_is_spoken_of_once_each_time() {
    let advised = |world: &World, who: usize| {
        let advice = Notice::Warning(text!("tor-outdated"));
        world.shown[who].iter().filter(|notice| **notice == advice).count()
    };
    let mut world = three();
    world.apps[ANNA].access.address.host = "a.onion".into();
    let broken = || Event::Network(NetworkEvent::Broken);
    for who in [ANNA, BEN] {
        world.event(who, broken());
    }
    world.wait(Duration::from_secs(59));
    assert_eq!(advised(&world, ANNA), 0, "it may be back soon");
    world.wait(Duration::from_secs(1));
    world.wait(Duration::from_secs(100));
    assert_eq!((advised(&world, ANNA), advised(&world, BEN)), (1, 0), "ben comes to no onion service");
    world.event(ANNA, Event::Network(NetworkEvent::Resumed));
    world.event(ANNA, broken());
    world.wait(Duration::from_secs(30));
    world.lose(ANNA, End::Lost { unacknowledged: 0 });
    world.wait(Duration::from_secs(30));
    assert_eq!(advised(&world, ANNA), 2, "a lost session is the same trouble");
}

#[test]
fn what_is_typed_while_the_room_moves_goes_along() {
    let mut world = three();
    world.line(ANNA, "/verify ben yes");
    world.line(CAROL, "/rekey");
    world.wait(chatter_protocol::limits::MOVE_DELAY);
    world.line(ANNA, "after");
    assert_eq!(world.messages(BEN), ["anna: after"]);
    assert!(
        !world.shown[ANNA].iter().any(|notice| matches!(notice, Notice::Rejoined { .. })),
        "nothing was lost"
    );
    world.line(ANNA, "/who");
    let Some(Notice::Who { verified, .. }) = world.shown[ANNA].last() else { panic!() };
    assert_eq!(*verified, ["ben"], "marks move along");
}

#[test]
fn the_end_of_input_names_what_was_handed_back() {
    let mut world = World::new(&[Purpose::Join, Purpose::Join, Purpose::Join]);
    world.connect(ANNA);
    world.connect(BEN);
    lose_all(&mut world, &[ANNA]);
    world.line(ANNA, "for ben");
    world.event(ANNA, Event::InputEnded);
    world.connect(CAROL);
    come_back(&mut world, &[ANNA]);
    assert_eq!(world.outcomes[ANNA], Some(Outcome::Failed(Failure::NotSaid)));
    assert!(world.errors(ANNA).contains(&"not taken by the relay: for ben".to_owned()));
    assert!(world.messages(CAROL).is_empty());
}

#[test]
fn only_so_much_waits_and_whoever_types_is_told() {
    let mut world = three();
    lose_all(&mut world, &[ANNA]);
    let mut typed = 0;
    while world.apps[ANNA].accepts_lines() {
        world.event(ANNA, Event::Say(typed.to_string()));
        typed += 1;
    }
    assert_eq!(typed, 64);
    assert!(matches!(world.shown[ANNA].last(), Some(Notice::Waiting { waiting: 64, full: true, .. })));
    world.line(ANNA, "/drop waiting");
    assert!(world.apps[ANNA].accepts_lines());
}

#[test]
fn who_has_opened_what_is_told_by_each_himself() {
    let mut world = three();
    world.line(ANNA, "one");
    assert!(delivered(&world, ANNA, 1).is_empty());
    world.line(BEN, "seen");
    assert_eq!(delivered(&world, ANNA, 1), [(1, 2, vec!["carol".to_owned()])]);
    world.wait(chatter_protocol::limits::BEACON_MAX);
    assert_eq!(delivered(&world, ANNA, 1).last(), Some(&(2, 2, Vec::new())), "a beacon tells it");
    world.line(ANNA, "two");
    world.line(ANNA, "/info");
    let asked = |opened, missing: &[&str]| Notice::Delivered {
        number: 2,
        opened,
        of: 2,
        missing: missing.iter().map(|name| (*name).to_owned()).collect(),
        asked: true,
    };
    let Some(Notice::Delivered { number: 2, opened: 0, of: 2, missing, asked: true }) =
        world.shown[ANNA].last()
    else {
        panic!("{:?}", world.shown[ANNA].last())
    };
    assert_eq!(missing.len(), 2);
    world.line(CAROL, "seen");
    world.line(BEN, "/quit");
    world.line(ANNA, "/info 2");
    assert_eq!(world.shown[ANNA].last(), Some(&asked(1, &["ben"])), "who left is still named");
    world.line(ANNA, "/info 9");
    world.line(ANNA, "/info x");
    assert_eq!(world.errors(ANNA).len(), 2);
}

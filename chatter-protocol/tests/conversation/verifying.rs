//! Verification: the words agree where nobody sits in between, and only there.

use chatter_proto::relay::relay_frame;
use chatter_protocol::limits;
use chatter_protocol::room::conversation::{ConfirmError, Happening, VerifyError, Void};

use crate::world::World;

const ANNA: usize = 0;
const BEN: usize = 1;
const CAROL: usize = 2;

/// The words that somebody has read, round by round.
fn words(world: &World, who: usize) -> Vec<[&'static str; 5]> {
    let words = world.clients[who].seen.iter().filter_map(|happening| {
        let Happening::VerifyWords { words } = happening else { return None };
        Some(*words)
    });
    words.collect()
}

fn voids(world: &World, who: usize) -> Vec<Void> {
    let voids = world.clients[who].seen.iter().filter_map(|happening| {
        let Happening::VerifyVoid(void) = happening else { return None };
        Some(*void)
    });
    voids.collect()
}

fn verify(world: &mut World, who: usize) -> Result<(), VerifyError> {
    world.act(who, |conversation, now| conversation.verify(now))
}

/// Whom of the others somebody has marked.
fn marked(world: &World, who: usize) -> Vec<String> {
    let conversation = &world.clients[who].conversation;
    let marked = conversation.members().filter(|member| conversation.is_verified(&member.key));
    let mut marked: Vec<_> = marked.map(|member| member.nick.to_string()).collect();
    marked.sort_unstable();
    marked
}

fn confirm(world: &mut World, who: usize) -> Result<usize, ConfirmError> {
    world.act(who, |conversation, _| conversation.confirm().map(|members| members.len()))
}

fn nobody_warned(world: &World) {
    for client in &world.clients {
        assert_eq!(client.warnings(), Vec::<String>::new());
    }
}

#[test]
fn everybody_reads_the_same_words_and_marks_who_was_there() {
    let mut world = World::settled(&["anna", "ben", "carol"]);
    assert_eq!(verify(&mut world, BEN), Ok(()));
    assert_eq!(verify(&mut world, BEN), Err(VerifyError::UnderWay));
    world.settle();
    let read = words(&world, ANNA);
    assert_eq!(read.len(), 1);
    assert_eq!((words(&world, BEN), words(&world, CAROL)), (read.clone(), read.clone()));
    assert_eq!(marked(&world, ANNA), Vec::<String>::new(), "nothing is marked by itself");
    assert_eq!(confirm(&mut world, ANNA), Ok(2));
    assert_eq!(marked(&world, ANNA), ["ben", "carol"]);
    assert_eq!(marked(&world, BEN), Vec::<String>::new());
    // A newcomer is unmarked, the others stay as they are, and old words mark nobody any more.
    world.join("dave");
    world.settle();
    assert_eq!(marked(&world, ANNA), ["ben", "carol"]);
    assert_eq!(confirm(&mut world, BEN), Err(ConfirmError::ViewChanged));
    assert_eq!(verify(&mut world, ANNA), Ok(()));
    world.settle();
    assert_ne!(words(&world, ANNA)[1], read[0]);
    assert_eq!(words(&world, 3), words(&world, ANNA)[1..]);
    nobody_warned(&world);
}

#[test]
fn a_man_in_the_middle_makes_the_words_differ() {
    // He holds the room secret and the relay: to anna he plays ben, to ben anna, and each sees a room of two.
    let mut here = World::settled(&["anna", "ben"]);
    let mut there = World::new(99);
    for nick in ["anna", "ben"] {
        there.join(nick);
    }
    there.settle();
    for _ in 0..20 {
        verify(&mut here, ANNA).expect("begins");
        here.settle();
        verify(&mut there, ANNA).expect("he passes it on");
        there.settle();
    }
    let (annas, bens) = (words(&here, ANNA), words(&there, BEN));
    assert_eq!((annas.len(), bens.len()), (20, 20));
    assert!(annas.iter().zip(&bens).all(|(annas, bens)| annas != bens));
}

#[test]
fn two_who_begin_at_once_end_in_one_round() {
    for seed in 0..20 {
        let mut world = World::new(seed);
        for nick in ["anna", "ben", "carol"] {
            world.join(nick);
        }
        world.settle();
        for who in [ANNA, BEN, CAROL] {
            assert_eq!(verify(&mut world, who), Ok(()));
        }
        world.settle();
        let last = words(&world, ANNA).pop();
        assert!(last.is_some(), "seed {seed}");
        for who in [BEN, CAROL] {
            assert_eq!(words(&world, who).pop(), last, "seed {seed}");
        }
        nobody_warned(&world);
    }
}

#[test]
fn who_comes_or_leaves_in_the_middle_voids_the_round() {
    let mut world = World::settled(&["anna", "ben", "carol"]);
    verify(&mut world, ANNA).expect("begins");
    world.leave(CAROL);
    world.settle();
    assert_eq!(words(&world, ANNA), words(&world, BEN));
    assert_eq!(words(&world, ANNA).len() + voids(&world, ANNA).len(), 1);
    let mut world = World::settled(&["anna", "ben"]);
    verify(&mut world, ANNA).expect("begins");
    world.join("carol");
    // Ben's commitment is withheld until carol is there.
    world.settle_up();
    let held = world.clients[BEN].down.pop_front().expect("anna's commitment");
    world.settle();
    world.show(BEN, held);
    world.settle();
    assert_eq!(voids(&world, ANNA), [Void::ViewChanged]);
    assert_eq!(words(&world, ANNA), Vec::<[&str; 5]>::new());
    nobody_warned_but_of_loss(&world);
}

/// What was held back in the test above is told of.
fn nobody_warned_but_of_loss(world: &World) {
    let warnings = world.clients.iter().flat_map(crate::world::Client::warnings);
    for warning in warnings {
        assert!(warning.contains("withheld") || warning.contains("twice"), "{warning}");
    }
}

#[test]
fn who_does_not_answer_voids_the_round_after_a_while() {
    let mut world = World::settled(&["anna", "ben"]);
    verify(&mut world, ANNA).expect("begins");
    world.settle_up();
    world.clients[BEN].down.clear();
    world.pass(limits::VERIFY_TIMEOUT);
    assert_eq!(voids(&world, ANNA), [Void::TimedOut]);
    assert_eq!(confirm(&mut world, ANNA), Err(ConfirmError::NothingRead));
    assert_eq!(verify(&mut world, ANNA), Ok(()), "it may be tried again");
    world.settle();
    assert_eq!(words(&world, ANNA), words(&world, BEN));
    assert_eq!(words(&world, ANNA).len(), 1);
}

#[test]
fn alone_there_is_nothing_to_compare() {
    let mut world = World::settled(&["anna"]);
    assert_eq!(verify(&mut world, ANNA), Err(VerifyError::Alone));
    assert_eq!(confirm(&mut world, ANNA), Err(ConfirmError::NothingRead));
}

#[test]
fn a_mark_goes_with_a_key() {
    let mut world = World::settled(&["anna", "ben"]);
    let key = world.clients[ANNA].conversation.members().next().expect("ben").key;
    world.act(ANNA, |conversation, _| conversation.confirm_key(key));
    assert_eq!(marked(&world, ANNA), ["ben"]);
    world.rejoin(BEN);
    world.settle();
    assert_eq!(marked(&world, ANNA), Vec::<String>::new(), "a stay's own key is another each time");
}

#[test]
fn no_nonce_travels_before_all_commitments_are_held() {
    let mut world = World::settled(&["anna", "ben", "carol"]);
    verify(&mut world, ANNA).expect("begins");
    world.settle_up();
    // Anna and ben have each other's commitment, carol's is withheld from both.
    while world.carry_down(BEN) || world.carry_up(BEN) {}
    while world.carry_down(ANNA) {}
    let on_its_way = |world: &World, who: usize| world.clients[who].up.len();
    assert_eq!((on_its_way(&world, ANNA), on_its_way(&world, BEN)), (0, 0));
    world.settle();
    assert_eq!(words(&world, ANNA).len(), 1);
    let direct = |frame: &relay_frame::Frame| matches!(frame, relay_frame::Frame::Direct(_));
    assert!(!world.clients.iter().any(|client| client.down.iter().any(direct)), "all was carried");
}

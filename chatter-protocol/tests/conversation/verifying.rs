//! Verification: the words agree where nobody sits in between, and only there.

use chatter_proto::relay::relay_frame;
use chatter_protocol::limits;
use chatter_protocol::room::conversation::{ConfirmError, Happening, VerifyError, Void};

use crate::hostile::{LONG, concerns};
use crate::world::World;

const ANNA: usize = 0;
const BEN: usize = 1;
const CAROL: usize = 2;

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
    let read = world.clients[ANNA].words();
    assert_eq!(read.len(), 1);
    assert_eq!((world.clients[BEN].words(), world.clients[CAROL].words()), (read.clone(), read.clone()));
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
    assert_ne!(world.clients[ANNA].words()[1], read[0]);
    assert_eq!(world.clients[3].words(), world.clients[ANNA].words()[1..]);
    nobody_warned(&world);
}

/// Whoever holds the room secret and the relay sits between anna and ben: he shows each of them a member of his own under
/// the other's name, and passes on what they say.
#[test]
fn a_man_in_the_middle_makes_the_words_differ() {
    let mut world = World::new(7);
    // Anna's ben and ben's anna are his.
    let [anna, his_ben, his_anna, ben] = ["anna", "ben", "anna", "ben"].map(|nick| world.join(nick));
    let ids: Vec<_> = world.clients.iter().map(crate::world::Client::id).collect();
    let side = move |who: usize| who / 2;
    let others = ids.clone();
    world.withhold(move |to, frame| {
        let of_the_other_side = |id: &chatter_protocol::ids::MemberId| concerns(frame, id);
        (0..4).any(|who| side(who) != side(to) && of_the_other_side(&others[who]))
    });
    world.settle_up();
    for who in [his_anna, ben] {
        for frame in &mut world.clients[who].down {
            if let relay_frame::Frame::Roster(roster) = frame {
                roster.occupants.retain(|one| ids[2..].iter().any(|id| one.member_id == id.as_bytes()));
            }
        }
    }
    world.settle();
    // Nothing tells them: each sees one other, of the right name, and they understand each other.
    world.say(anna, "is it you?");
    world.settle();
    let heard = world.clients[his_ben].texts();
    heard.iter().for_each(|text| world.say(his_anna, text));
    world.live(LONG);
    assert_eq!(world.clients[ben].texts(), ["is it you?"]);
    for (who, seen) in [(anna, "+ben"), (ben, "+anna")] {
        assert_eq!(
            (world.clients[who].comings(), world.clients[who].warnings()),
            (vec![seen.into()], vec![])
        );
    }
    // But the words do, each time: he has to begin a round of his own with ben, and cannot choose its words.
    for _ in 0..20 {
        verify(&mut world, anna).expect("begins");
        world.settle();
        verify(&mut world, his_anna).expect("he passes it on");
        world.settle();
    }
    let (annas, bens) = (world.clients[anna].words(), world.clients[ben].words());
    assert_eq!((annas.len(), bens.len()), (20, 20));
    assert!(annas.iter().zip(&bens).all(|(annas, bens)| annas != bens));
    // And so does the number.
    let number = |who: usize| {
        let conversation = &world.clients[who].conversation;
        let other = conversation.members().next().expect("one other");
        conversation.safety_number(other).expect("in the room")
    };
    assert_ne!(number(anna), number(ben));
    // What he relays as it is does not help him: a commitment of anna's means nothing to ben.
    assert_eq!(number(anna), number(his_ben));
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
        let last = world.clients[ANNA].words().pop();
        assert!(last.is_some(), "seed {seed}");
        for who in [BEN, CAROL] {
            assert_eq!(world.clients[who].words().pop(), last, "seed {seed}");
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
    assert_eq!(world.clients[ANNA].words(), world.clients[BEN].words());
    assert_eq!(world.clients[ANNA].words().len() + voids(&world, ANNA).len(), 1);
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
    assert_eq!(world.clients[ANNA].words(), Vec::<[&str; 5]>::new());
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
    assert_eq!(world.clients[ANNA].words(), world.clients[BEN].words());
    assert_eq!(world.clients[ANNA].words().len(), 1);
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
    assert_eq!(world.clients[ANNA].words().len(), 1);
    let direct = |frame: &relay_frame::Frame| matches!(frame, relay_frame::Frame::Direct(_));
    assert!(!world.clients.iter().any(|client| client.down.iter().any(direct)), "all was carried");
}

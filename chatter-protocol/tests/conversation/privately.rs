//! What is said to one alone, and who he is.

use chatter_proto::relay::{client_frame, relay_frame};
use chatter_protocol::entropy::Entropy;
use chatter_protocol::limits;
use chatter_protocol::room::conversation::SayError;
use chatter_protocol::room::identity::Identity;
use chatter_protocol::room::secret::RoomSecret;

use crate::world::World;

const ANNA: usize = 0;
const BEN: usize = 1;
const CAROL: usize = 2;

#[test]
fn a_private_text_reaches_its_receiver_alone_in_its_place() {
    let mut world = World::settled(&["anna", "ben", "carol"]);
    world.say(ANNA, "one");
    assert_eq!(world.whisper(ANNA, BEN, "two"), Ok(()));
    world.say(ANNA, "three");
    assert_eq!(world.whisper(BEN, ANNA, "four"), Ok(()));
    world.settle();
    let (anna, ben) = (world.clients[ANNA].id(), world.clients[BEN].id());
    assert_eq!(world.clients[BEN].whispers(), [(anna, "two")]);
    assert_eq!(world.clients[ANNA].whispers(), [(ben, "four")]);
    assert_eq!(world.clients[CAROL].whispers(), []);
    assert_eq!(world.clients[BEN].texts(), ["one", "three"]);
    let order: Vec<_> = world.clients[BEN].seen.iter().map(std::mem::discriminant).collect();
    assert_eq!(order.len(), 3);
    assert!(order[0] == order[2] && order[0] != order[1], "between the two that were said to all");
    assert!(world.clients.iter().all(|client| client.warnings().is_empty()));
}

#[test]
fn its_length_hides_in_a_bucket_and_nothing_of_it_in_the_clear() {
    let mut world = World::settled(&["anna", "ben"]);
    let frame = |world: &mut World, text: &str| {
        world.whisper(ANNA, BEN, text).expect("said");
        match world.clients[ANNA].up.pop_back() {
            Some(client_frame::Frame::Direct(direct)) => direct.payload,
            other => panic!("{other:?}"),
        }
    };
    let (short, longer) = (frame(&mut world, "hi"), frame(&mut world, "a rather longer sentence"));
    assert_eq!(short.len(), longer.len());
    assert!(!longer.windows(6).any(|window| window == b"rather"));
}

#[test]
fn a_withheld_one_shows_with_the_next_frame() {
    let mut world = World::settled(&["anna", "ben"]);
    world.whisper(ANNA, BEN, "lost").expect("said");
    world.settle_up();
    world.clients[BEN].down.retain(|frame| !matches!(frame, relay_frame::Frame::Direct(_)));
    world.whisper(ANNA, BEN, "found").expect("said");
    world.settle();
    assert_eq!(world.clients[BEN].whispers().len(), 1);
    assert_eq!(world.clients[BEN].warnings(), ["the server withheld 1 private frames of anna from you"]);
}

#[test]
fn what_can_not_be_said_privately_is_refused_with_a_word() {
    let mut world = World::settled(&["anna", "ben"]);
    let long = "x".repeat(limits::TEXT_LEN_MAX);
    assert_eq!(world.whisper(ANNA, BEN, &long), Ok(()));
    world.settle();
    assert_eq!(world.clients[BEN].whispers()[0].1.len(), limits::TEXT_LEN_MAX);
    assert_eq!(world.whisper(ANNA, BEN, &format!("{long}x")), Err(SayError::TooLong));
    assert_eq!(world.whisper(ANNA, ANNA, "to myself"), Err(SayError::NoSuchMember));
    world.leave(BEN);
    world.settle();
    assert_eq!(world.whisper(ANNA, BEN, "late"), Err(SayError::NoSuchMember));
    assert_eq!(world.whisper(BEN, ANNA, "late"), Err(SayError::NotInRoom));
}

#[test]
fn a_lasting_identity_is_known_again_and_a_fresh_one_is_not() {
    let secret = RoomSecret::from_bytes([1; 16]);
    let identity = Identity::generate(&mut Entropy::new([8; 32]));
    let mut world = World::settled(&["anna"]);
    world.join_as("ben", &secret, Some(identity.clone()));
    world.settle();
    let seen = |world: &World| {
        let anna = &world.clients[ANNA].conversation;
        let members: Vec<_> = anna.members().map(|member| (member.id, member.key, member.lasting)).collect();
        members
    };
    let before = seen(&world);
    world.rejoin(BEN);
    world.settle();
    let after = seen(&world);
    assert_eq!((before[0].1, before[0].2), (identity.key(), true));
    assert_eq!((after[0].1, after[0].2), (identity.key(), true));
    assert_ne!(before[0].0, after[0].0, "the relay sees another id in each stay");
    world.leave(BEN);
    world.join("ben");
    world.settle();
    assert_eq!(seen(&world).len(), 1);
    assert!(!seen(&world)[0].2 && seen(&world)[0].1 != identity.key());
}

#[test]
fn safety_numbers_agree_between_two_and_with_nobody_else() {
    let world = World::settled(&["anna", "ben", "carol"]);
    let number = |who: usize, of: usize| {
        let conversation = &world.clients[who].conversation;
        let member = conversation.member(&world.clients[of].id()).expect("here");
        conversation.safety_number(member).expect("in the room")
    };
    assert_eq!(number(ANNA, BEN), number(BEN, ANNA));
    assert_ne!(number(ANNA, BEN), number(ANNA, CAROL));
    assert_ne!(number(ANNA, BEN), number(BEN, CAROL));
}

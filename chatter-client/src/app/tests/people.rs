//! Single members: private words, namesakes, identities, verification, the door.

use chatter_protocol::limits;
use chatter_protocol::room::identity::Identity;

use super::*;
use crate::known::Known;

pub(super) const ANNA: usize = 0;
pub(super) const BEN: usize = 1;
pub(super) const CAROL: usize = 2;

/// Anna, ben and carol, met.
pub(super) fn three() -> World {
    let mut world = World::new(&[Purpose::Join, Purpose::Join, Purpose::Join]);
    for who in [ANNA, BEN, CAROL] {
        world.connect(who);
    }
    world
}

fn identity(seed: u8) -> Identity {
    Identity::generate(&mut Entropy::new([seed; 32]))
}

/// What somebody was shown of this kind.
fn shown<T>(world: &World, who: usize, like: impl Fn(&Notice) -> Option<T>) -> Vec<T> {
    world.shown[who].iter().filter_map(like).collect()
}

fn warnings(world: &World, who: usize) -> Vec<String> {
    shown(world, who, |notice| if let Notice::Warning(text) = notice { Some(text.clone()) } else { None })
}

fn who(world: &mut World, asks: usize) -> (Vec<String>, Vec<String>, Vec<String>) {
    world.line(asks, "/who");
    let Some(Notice::Who { members, verified, lasting, .. }) = world.shown[asks].last().cloned() else {
        panic!("{:?}", world.shown[asks].last())
    };
    (members, verified, lasting)
}

#[test]
fn a_private_word_is_shown_to_both_and_to_nobody_else() {
    let mut world = three();
    world.line(ANNA, "/msg ben  between us ");
    let private = Notice::Private { from: "anna".into(), text: "between us ".into() };
    let sent = Notice::PrivateSent { to: "ben".into(), text: "between us ".into() };
    assert_eq!((world.shown[BEN].last(), world.shown[ANNA].last()), (Some(&private), Some(&sent)));
    assert!(!world.shown[CAROL].iter().any(|notice| matches!(notice, Notice::Private { .. })));
    for (line, error) in [
        ("/msg dave hi", "not said: nobody here is called that; /who shows who is here"),
        ("/msg anna hi", "not said: nobody here is called that; /who shows who is here"),
        ("/msg ben ", "not said: there is no text behind the name"),
        ("/msg", "/msg needs more: /msg NICK TEXT"),
    ] {
        world.line(ANNA, line);
        assert_eq!(world.errors(ANNA).pop().as_deref(), Some(error), "{line}");
    }
}

#[test]
fn a_private_word_typed_early_waits_for_its_receiver() {
    let mut world = World::new(&[Purpose::Join, Purpose::Join]);
    world.connect(ANNA);
    world.line(BEN, "for all");
    world.line(BEN, "/msg anna for you");
    world.event(BEN, Event::InputEnded);
    world.connect(BEN);
    assert_eq!(world.messages(ANNA), ["ben: for all"]);
    let private = Notice::Private { from: "ben".into(), text: "for you".into() };
    assert!(world.shown[ANNA].contains(&private));
    assert_eq!(world.outcomes[BEN], Some(Outcome::Left));
}

#[test]
fn namesakes_are_told_apart_wherever_they_are_named() {
    let mut world = World::new(&[Purpose::Join, Purpose::Join, Purpose::Join]);
    world.apps[CAROL].rooms.get_mut(&ROOM).expect("a room").nick =
        Nickname::parse("Ben").expect("a nickname");
    for who in [ANNA, BEN, CAROL] {
        world.connect(who);
    }
    world.line(CAROL, "hi");
    let from = world.messages(ANNA).pop().expect("a message");
    assert!(from.starts_with("Ben#") && from.ends_with(": hi"), "{from}");
    let label = from.split(':').next().expect("a label").to_owned();
    world.line(ANNA, "/msg ben which one?");
    let error = world.errors(ANNA).pop().expect("an error");
    assert!(error.contains("more than one here is called that: type ") && error.contains(&label), "{error}");
    world.line(ANNA, &format!("/msg {label} you"));
    assert!(world.shown[CAROL].contains(&Notice::Private { from: "anna".into(), text: "you".into() }));
    assert!(!world.shown[BEN].iter().any(|notice| matches!(notice, Notice::Private { .. })));
    // The relay forges a message of hers: the warning says whose.
    let sender_id = world.members[&CAROL].member_id.clone();
    let damaged = Message { room: ROOM, sender_id, body: vec![1; 200].into(), wrap: vec![1; 88] };
    world.frame(ANNA, Down::Message(damaged));
    let warning = warnings(&world, ANNA).pop().expect("a warning");
    assert!(warning.ends_with(&format!(" (Ben is {label})")), "{warning}");
    world.line(CAROL, "/quit");
    assert!(world.shown[ANNA].contains(&Notice::MemberLeft { nick: label }));
}

#[test]
fn words_are_compared_and_members_marked() {
    let mut world = three();
    world.line(BEN, "/verify");
    let words =
        |world: &World, who| {
            shown(world, who, |notice| {
                if let Notice::VerifyWords { words } = notice { Some(words.clone()) } else { None }
            })
        };
    let read = words(&world, ANNA);
    assert_eq!((read.len(), read[0].len()), (1, 5));
    assert_eq!((words(&world, BEN), words(&world, CAROL)), (read.clone(), read));
    assert!(world.shown[ANNA].contains(&Notice::VerifyBegun { by: "ben".into() }));
    assert_eq!(who(&mut world, ANNA).1, Vec::<String>::new());
    world.line(ANNA, "/verify yes");
    let mut verified = who(&mut world, ANNA).1;
    verified.sort_unstable();
    assert_eq!(verified, ["ben", "carol"]);
    world.line(BEN, "/verify no");
    assert!(warnings(&world, BEN)[0].contains("somebody sits between you"));
    world.line(CAROL, "/quit");
    world.line(BEN, "/verify yes");
    assert!(world.errors(BEN).pop().expect("an error").contains("somebody has come or left"));
}

#[test]
fn numbers_are_compared_and_one_member_marked() {
    let mut world = three();
    let number = |world: &mut World, asks: usize, of: &str| {
        world.line(asks, &format!("/verify {of}"));
        match world.shown[asks].last() {
            Some(Notice::SafetyNumber { number, .. }) => number.clone(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(number(&mut world, ANNA, "ben"), number(&mut world, BEN, "anna"));
    assert_ne!(number(&mut world, ANNA, "ben"), number(&mut world, ANNA, "carol"));
    world.line(ANNA, "/verify ben yes");
    assert_eq!(who(&mut world, ANNA).1, ["ben"]);
    world.line(ANNA, "/verify ben perhaps");
    assert!(world.errors(ANNA).pop().expect("an error").contains("after the name"));
}

#[test]
fn an_identity_is_known_again_and_another_is_shouted_about() {
    let world_of = |known: Known, identity: Option<Identity>| {
        let mut world = World::new(&[Purpose::Join, Purpose::Join]);
        world.apps[ANNA].shared.people = People { known, remembers: true, ..People::default() };
        world.apps[BEN].shared.people = People { identity, ..People::default() };
        world.connect(ANNA);
        world.connect(BEN);
        world
    };
    let mut world = world_of(Known::default(), Some(identity(1)));
    assert_eq!(who(&mut world, ANNA).2, ["ben"], "it is shown as lasting");
    assert_eq!(warnings(&world, ANNA), Vec::<String>::new());
    world.line(ANNA, "/verify ben yes");
    let known = || Known::parse(world.remembered[ANNA].as_deref().expect("remembered")).expect("a list");
    // He comes again: known and verified.
    let mut again = world_of(known(), Some(identity(1)));
    assert_eq!(warnings(&again, ANNA), Vec::<String>::new());
    assert_eq!(who(&mut again, ANNA).1, ["ben"]);
    // Somebody else, with an identity and without.
    for (other, says) in [(Some(identity(2)), "shows another: member1"), (None, "shows none")] {
        let mut world = world_of(known(), other);
        let warnings = warnings(&world, ANNA);
        assert!(warnings[0].starts_with("THIS IS NOT THE ben YOU KNEW") && warnings[0].contains(says));
        assert_eq!(who(&mut world, ANNA).1, Vec::<String>::new());
        assert_eq!(world.remembered[ANNA], None, "a meeting changes nothing");
    }
}

#[test]
fn without_being_asked_nothing_is_remembered() {
    let mut world = World::new(&[Purpose::Join, Purpose::Join]);
    world.apps[BEN].shared.people.identity = Some(identity(1));
    world.connect(ANNA);
    world.connect(BEN);
    world.line(ANNA, "/verify ben yes");
    assert_eq!(world.remembered, [None, None]);
    // Within the run it is known all the same.
    world.line(BEN, "/quit");
    let mut other = App::new(
        link(),
        Nickname::parse("ben").expect("a nickname"),
        Purpose::Join,
        None,
        Entropy::new([9; 32]),
    );
    std::mem::swap(&mut world.apps[BEN], &mut other);
    world.outcomes[BEN] = None;
    world.connect(BEN);
    assert!(warnings(&world, ANNA)[0].contains("shows none"));
}

#[test]
fn a_locked_room_says_so() {
    let mut world = World::new(&[Purpose::Join, Purpose::Join, Purpose::Join]);
    world.connect(ANNA);
    world.connect(BEN);
    world.line(ANNA, "/lock");
    let locked = |locked| Notice::Locked { by: "anna".into(), locked };
    assert_eq!(
        (world.shown[ANNA].last(), world.shown[BEN].last()),
        (Some(&locked(true)), Some(&locked(true)))
    );
    world.connect(CAROL);
    assert_eq!(world.shown[BEN].last(), Some(&Notice::KeptOut));
    world.wait(SETTLE_TIMEOUT);
    let told =
        |notice: &Notice| matches!(notice, Notice::Progress(text) if text.contains("is the room locked?"));
    assert!(world.shown[CAROL].iter().any(told));
    world.line(CAROL, "/who");
    assert_eq!(world.shown[CAROL].last(), Some(&Notice::Unconnected { unmet: 2, pairs: Vec::new() }));
    world.line(ANNA, "/unlock");
    assert!(world.shown[BEN].contains(&locked(false)));
    assert!(world.shown[CAROL].contains(&joined("anna")) && world.shown[ANNA].contains(&joined("carol")));
    world.line(CAROL, "/who");
    assert!(matches!(world.shown[CAROL].last(), Some(Notice::Who { .. })), "nobody is missing any more");
}

#[test]
fn who_is_removed_hears_of_it_and_nothing_more() {
    let mut world = three();
    world.line(ANNA, "/remove carol");
    assert!(world.shown[CAROL].contains(&Notice::Parted { nick: "anna".into() }));
    let removed = |by: Option<&str>| Notice::Removed { by: by.map(str::to_owned), nick: "carol".into() };
    assert!(world.shown[ANNA].contains(&removed(None)) && world.shown[BEN].contains(&removed(Some("anna"))));
    world.line(ANNA, "not for carol");
    assert!(world.messages(CAROL).is_empty());
    assert_eq!(world.messages(BEN), ["anna: not for carol"]);
    assert_eq!(who(&mut world, ANNA).0, ["anna", "ben"]);
    world.line(ANNA, "/remove carol");
    assert!(world.errors(ANNA).pop().expect("an error").contains("nobody here"));
}

#[test]
fn everybody_moves_to_a_new_link() {
    let mut world = World::new(&[Purpose::Join, Purpose::Join]);
    world.connect(ANNA);
    world.connect(BEN);
    let link_of = |world: &mut World, who: usize| {
        world.line(who, "/link");
        match world.shown[who].last() {
            Some(Notice::Room { link }) => link.expose().to_owned(),
            other => panic!("{other:?}"),
        }
    };
    let before = link_of(&mut world, ANNA);
    assert_eq!(before, *link().to_text());
    world.line(ANNA, "/rekey");
    world.wait(limits::MOVE_DELAY);
    let after = link_of(&mut world, ANNA);
    assert_ne!(after, before);
    assert_eq!(link_of(&mut world, BEN), after);
    assert!(world.shown[BEN].contains(&Notice::Moving { by: "anna".into() }));
    assert!(world.shown[BEN].contains(&Notice::Moved));
    world.line(ANNA, "here");
    assert_eq!(world.messages(BEN), ["anna: here"]);
}

//! An honest relay: everything arrives once and in order, and nobody is ever warned.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::time::Duration;

use chatter_protocol::limits;
use chatter_protocol::room::conversation::{Happening, SayError};
use chatter_protocol::room::secret::RoomSecret;

use crate::world::{State, World};

#[test]
fn three_members_meet_talk_and_part() {
    let mut world = World::new(1);
    for nick in ["anna", "ben", "carol"] {
        world.join(nick);
        world.settle();
    }
    assert_eq!(world.clients[0].comings(), ["+ben", "+carol"]);
    assert_eq!(world.clients[0].seen[0], Happening::Entered { present: 0 });
    assert_eq!(world.clients[2].seen[0], Happening::Entered { present: 2 });
    world.say(0, "hello");
    world.settle();
    assert_eq!(world.clients[0].seen.last(), Some(&Happening::Acknowledged { number: 1 }));
    assert_eq!(world.clients[1].texts(), ["hello"]);
    assert_eq!(world.clients[2].texts(), ["hello"]);
    world.leave(1);
    world.settle();
    world.cut(2);
    world.settle();
    assert_eq!(world.clients[0].comings(), ["+ben", "+carol", "-ben", "-carol"]);
    assert_eq!(world.clients[0].conversation.members().count(), 0);
    assert_eq!(world.relay.memberships(), 1);
    world.join("ben");
    world.settle();
    assert_eq!(world.clients[0].comings().last().map(String::as_str), Some("+ben"));
    check(&world, "by hand");
}

#[test]
fn another_secret_is_another_room() {
    let mut world = World::settled(&["anna"]);
    world.join_with("ben", &RoomSecret::from_bytes([2; 16]));
    world.settle();
    assert_eq!(world.relay.rooms(), 2);
    assert_eq!(world.clients[1].seen, [Happening::Entered { present: 0 }]);
    assert_eq!(world.clients[0].seen, []);
}

#[test]
fn a_conversation_may_begin_anew_after_its_session_was_lost() {
    let mut world = World::settled(&["anna", "ben"]);
    world.say(0, "one");
    world.settle();
    let before = world.clients[0].id();
    world.rejoin(0);
    world.settle();
    assert_ne!(world.clients[0].id(), before);
    world.say(0, "two");
    world.settle();
    assert_eq!(world.clients[0].comings(), ["-ben", "+ben"]);
    assert_eq!(world.clients[1].comings(), ["-anna", "+anna"]);
    assert_eq!(world.clients[1].texts(), ["one", "two"]);
    let acknowledged = Happening::Acknowledged { number: 2 };
    assert!(world.clients[0].seen.contains(&acknowledged), "numbers never start again");
}

#[test]
fn what_can_not_be_said_is_refused_with_a_word() {
    let mut world = World::new(1);
    world.join("anna");
    let now = world.now;
    assert_eq!(world.clients[0].conversation.say("early", now), Err(SayError::NotInRoom));
    world.settle();
    let long = "x".repeat(limits::TEXT_LEN_MAX);
    assert_eq!(world.clients[0].conversation.say(&long, now), Ok(1));
    let longer = "x".repeat(limits::TEXT_LEN_MAX + 1);
    let error = world.clients[0].conversation.say(&longer, now).expect_err("too long");
    assert_eq!(error.to_string(), "a message holds at most 64 KiB; send it in parts");
    world.leave(0);
    assert_eq!(world.clients[0].conversation.say("late", now), Err(SayError::NotInRoom));
}

#[test]
fn the_longest_text_arrives() {
    let mut world = World::settled(&["anna", "ben"]);
    let long = "ä".repeat(limits::TEXT_LEN_MAX / 2);
    world.say(0, &long);
    world.settle();
    assert_eq!(world.clients[1].texts(), [long]);
}

#[test]
fn who_does_not_answer_settles_after_a_while() {
    let mut world = World::settled(&["anna"]);
    world.join("ben");
    world.settle_up();
    while world.carry_down(1) {}
    let ben = &world.clients[1].conversation;
    assert_eq!(ben.settling(), 1);
    assert_eq!(ben.poll_timeout(), Some(world.now + limits::SETTLING_MAX));
    world.pass(limits::SETTLING_MAX);
    let ben = &world.clients[1].conversation;
    assert_eq!((ben.settling(), ben.poll_timeout()), (0, None));
    world.settle();
    assert_eq!(world.clients[1].comings(), ["+anna"], "he may still come");
    check(&world, "late");
}

#[test]
fn a_full_room_is_refused_and_may_be_tried_again() {
    let mut world = World::settled(&["anna"]);
    for n in 1..limits::ROOM_MEMBERS_DEFAULT {
        let frame = chatter_proto::relay::Join {
            room: 1,
            room_id: RoomSecret::from_bytes([1; 16]).room_id(&crate::world::SERVER_KEY).as_bytes().to_vec(),
            member_id: [&[9; 8][..], &(n as u64).to_be_bytes()].concat(),
            hello: Default::default(),
        };
        let session = chatter_protocol::ids::SessionId(100 + n as u64);
        world.relay.receive(session, chatter_proto::relay::client_frame::Frame::Join(frame));
    }
    while world.relay.poll_output().is_some() {}
    world.join("ben");
    world.settle();
    let reason = chatter_proto::relay::refused::Reason::RoomFull;
    assert_eq!(world.clients[1].seen, [Happening::Refused(reason)]);
    world.relay.session_ended(chatter_protocol::ids::SessionId(101));
    while world.relay.poll_output().is_some() {}
    world.rejoin(1);
    world.carry_up(1);
    world.carry_down(1);
    assert!(matches!(world.clients[1].seen.get(1), Some(Happening::Entered { .. })));
}

/// The heart of it: whatever the order, nothing is lost, nothing repeated, nobody warned.
fn nothing_is_lost_or_repeated(seeds: Range<u64>) {
    for seed in seeds {
        let mut world = World::new(seed);
        world.join("anna");
        world.join("ben");
        for _ in 0..20 + world.below(40) {
            act(&mut world);
            for _ in 0..world.below(6) {
                world.carry_any();
            }
        }
        world.settle();
        check(&world, &format!("seed {seed}"));
        check_words(&mut world, seed);
    }
}

/// In the end whoever is here can be verified, whatever rounds there were.
fn check_words(world: &mut World, seed: u64) {
    world.pass(limits::VERIFY_TIMEOUT);
    world.settle();
    let here = |world: &World| {
        let here = 0..world.clients.len();
        here.filter(|who| world.clients[*who].state == State::Here).collect::<Vec<_>>()
    };
    let all = here(world);
    let (Some(first), true) = (all.first(), all.len() > 1) else { return };
    assert_eq!(world.act(*first, |conversation, now| conversation.verify(now)), Ok(()), "seed {seed}");
    let before: Vec<_> = all.iter().map(|who| world.clients[*who].words().len()).collect();
    world.settle();
    let words = all.iter().zip(before).map(|(who, before)| world.clients[*who].words()[before..].to_vec());
    let words: Vec<_> = words.collect();
    assert!(words.iter().all(|read| read.len() == 1 && *read == words[0]), "seed {seed}: {words:?}");
}

// In two halves, for two cores.
#[test]
fn nothing_is_lost_or_repeated_in_some_worlds() {
    nothing_is_lost_or_repeated(0..runs());
}

#[test]
fn nothing_is_lost_or_repeated_in_other_worlds() {
    nothing_is_lost_or_repeated(1 << 32..(1 << 32) + runs());
}

/// How many interleavings each; more by `CHATTER_INTERLEAVINGS`.
fn runs() -> u64 {
    std::env::var("CHATTER_INTERLEAVINGS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(250)
}

fn act(world: &mut World) {
    let here: Vec<_> =
        (0..world.clients.len()).filter(|who| world.clients[*who].state == State::Here).collect();
    let who = here.get(world.below(here.len().max(1))).copied();
    match (world.below(20), who) {
        (0, _) if here.len() < 5 && world.clients.len() < 9 => {
            let nick = ["anna", "ben", "carol", "dave"][world.below(4)];
            world.join(nick);
        }
        (1, Some(who)) if here.len() > 1 => world.leave(who),
        (2, Some(who)) if here.len() > 1 => {
            // What is on its way up may still arrive.
            for _ in 0..world.below(4) {
                world.carry_up(who);
            }
            world.cut(who);
        }
        (3, _) => {
            let seconds = world.below(40);
            world.pass(Duration::from_secs(seconds as u64));
        }
        // There may be nobody to compare with, or a round under way.
        (4, Some(who)) => drop(world.act(who, |conversation, now| conversation.verify(now))),
        (5..=8, Some(who)) => {
            let to = world.below(world.clients.len());
            let text = format!("{who} to {to}/{}", world.clients[who].whispered.len());
            // He may not be here, or not yet, or not any more.
            let _ = world.whisper(who, to, &text);
        }
        (_, Some(who)) => {
            let text = format!("{who}/{}", world.clients[who].said.len());
            world.say(who, &text);
        }
        (_, None) => {}
    }
}

/// What must be true of every world in which everything was carried.
pub(crate) fn check(world: &World, name: &str) {
    let here: Vec<_> = world.clients.iter().filter(|client| client.state == State::Here).collect();
    let ids: BTreeSet<_> = here.iter().map(|client| client.id()).collect();
    for client in &world.clients {
        assert_eq!(client.warnings(), Vec::<String>::new(), "{name}: {}", client.nick);
        let refused = client.seen.iter().any(|happening| matches!(happening, Happening::Refused(_)));
        assert!(!refused, "{name}: {}", client.nick);
        check_heard(world, client, name);
        check_whispers(world, client, name);
        check_comings(client, name);
    }
    for client in here {
        let mut others: BTreeSet<_> = client.conversation.members().map(|member| member.id).collect();
        others.insert(client.id());
        assert_eq!(others, ids, "{name}: everybody sees everybody");
        assert_eq!(client.conversation.settling(), 0, "{name}");
        assert_eq!(client.conversation.unconnected().count(), 0, "{name}");
        if client.stays > 1 {
            continue;
        }
        let numbers = client.seen.iter().filter_map(|happening| {
            let Happening::Acknowledged { number } = happening else { return None };
            Some(*number)
        });
        assert!(numbers.eq(1..=client.said.len() as u64), "{name}: all of {} acknowledged", client.nick);
    }
}

fn check_heard(world: &World, client: &crate::world::Client, name: &str) {
    let mut stays: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (sender, said) in
        world.clients.iter().flat_map(|sender| sender.said.iter().map(move |said| (sender, said)))
    {
        stays.entry(said.from).or_default().push((sender, said));
    }
    let whole = client.heard();
    for (from, said) in stays {
        let texts: Vec<_> = said.iter().map(|(_, said)| &said.text).collect();
        // One unbroken piece of what he said, in each stay of ours.
        for stay in client.seen.split(|happening| matches!(happening, Happening::Entered { .. })) {
            let heard = crate::world::heard(stay).remove(&from).unwrap_or_default();
            let begin = heard.first().and_then(|first| texts.iter().position(|text| *text == first));
            assert!(
                texts[begin.unwrap_or(0)..].starts_with(&heard.iter().collect::<Vec<_>>()),
                "{name}: {heard:?} of {texts:?}"
            );
        }
        // And all that he said to us, if both stayed.
        let heard: &[String] = whole.get(&from).map_or(&[], Vec::as_slice);
        for (sender, said) in said {
            let stayed = sender.state != State::Cut && sender.id() == from;
            if client.state == State::Here && stayed && said.audience.contains(&client.id()) {
                assert!(heard.contains(&said.text), "{name}: {} lacks {}", client.nick, said.text);
            }
        }
    }
}

/// Of what each said to one alone: all of it, once, in order, if both stayed; else an unbroken piece.
fn check_whispers(world: &World, client: &crate::world::Client, name: &str) {
    let heard = client.whispers();
    let senders: BTreeSet<_> = heard.iter().map(|(from, _)| *from).collect();
    let whispered =
        world.clients.iter().flat_map(|sender| sender.whispered.iter().map(move |one| (sender, one)));
    let mut pairs: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (sender, one) in whispered {
        pairs.entry((one.from, one.to)).or_default().push((sender, one.text.as_str()));
    }
    for from in senders {
        let known = pairs.keys().any(|(one, _)| *one == from);
        assert!(known, "{name}: {} hears what nobody said to one alone", client.nick);
    }
    for ((from, to), said) in pairs {
        let texts: Vec<_> = said.iter().map(|(_, text)| *text).collect();
        let heard: Vec<_> = heard.iter().filter(|(one, _)| *one == from).map(|(_, text)| *text).collect();
        if to != client.id() {
            let one_stay = client.stays == 1;
            assert!(!one_stay || texts.iter().all(|text| !heard.contains(text)), "{name}: {heard:?}");
            continue;
        }
        let (sender, _) = said[0];
        let stayed = sender.state != State::Cut && sender.id() == from && client.state == State::Here;
        let heard: Vec<_> = heard.into_iter().filter(|text| texts.contains(text)).collect();
        assert!(texts.starts_with(&heard), "{name}: {heard:?} of {texts:?}");
        assert!(!stayed || heard == texts, "{name}: {} lacks some of {texts:?}, has {heard:?}", client.nick);
    }
}

fn check_comings(client: &crate::world::Client, name: &str) {
    let mut present: BTreeMap<_, _> = BTreeMap::new();
    for happening in &client.seen {
        match happening {
            Happening::MemberJoined { id, nick } => {
                assert_eq!(present.insert(*id, (nick, true)), None, "{name}: nobody joins twice");
            }
            Happening::MemberLeft { id, nick } => {
                assert_eq!(present.insert(*id, (nick, false)), Some((nick, true)), "{name}: leaves once");
            }
            Happening::Message { from, nick, .. } => {
                assert_eq!(present.get(from), Some(&(nick, true)), "{name}: who speaks is there");
            }
            Happening::Private { from, nick, .. } => {
                assert_eq!(present.get(from), Some(&(nick, true)), "{name}: who speaks is there");
            }
            // He may have begun anew himself, and meets those again who stayed.
            Happening::Entered { .. } => present.clear(),
            Happening::VerifyBegun { .. }
            | Happening::VerifyWords { .. }
            | Happening::VerifyVoid(_)
            | Happening::Locked { .. }
            | Happening::KeptOut
            | Happening::Removed { .. }
            | Happening::Transfer { .. }
            | Happening::Parted { .. }
            | Happening::Moving { .. }
            | Happening::Moved { .. }
            | Happening::Acknowledged { .. }
            | Happening::Opened { .. }
            | Happening::Warning(_)
            | Happening::Refused(_) => {}
        }
    }
}

//! A relay that does one thing wrong, in some lives with a member's help, and hides it well: nothing shows it but what the
//! members tell each other in heads, beacons and views.
//!
//! Each life is drawn by a seed. What is checked is what each member was shown: whoever lacks what another was shown, was
//! shown something else in its place, or is kept apart from somebody, was told whom that concerns.

use std::time::Duration;

use chatter_proto::relay::relay_frame;
use chatter_protocol::ids::MemberId;
use chatter_protocol::limits;
use chatter_protocol::room::conversation::{Happening, Warning};

use super::adversary::{Fork, fork, runs, sender};
use super::{LONG, concerns};
use crate::world::{Client, State, World};

/// Nobody speaks, and everybody's beacon has come and has been waited with.
const BEACONS: Duration = Duration::from_secs(limits::BEACON_MAX.as_secs() + limits::HOLD_MAX.as_secs() + 5);

/// A fifth of the lives of the wild one: these are longer.
fn lives(first: u64) -> std::ops::Range<u64> {
    first << 32..(first << 32) + (runs() / 5).max(1)
}

fn room(seed: u64) -> World {
    let mut world = World::new(seed);
    let nicks = ["anna", "ben", "carol", "dave"];
    let members = 3 + world.below(2);
    for nick in &nicks[..members] {
        world.join(nick);
        world.settle();
    }
    world.live(Duration::from_secs(5));
    talk(&mut world, 10);
    world.settle();
    world
}

/// People talk, and frames come as they come.
fn talk(world: &mut World, acts: usize) {
    for _ in 0..acts {
        let who = world.below(world.clients.len());
        say(world, who);
        for _ in 0..world.below(6) {
            world.carry_any();
        }
    }
}

fn say(world: &mut World, who: usize) {
    let text = format!("{who}/{}", world.clients[who].said.len());
    if world.clients[who].state == State::Here {
        world.say(who, &text);
    }
}

/// Two different members.
fn two(world: &mut World) -> (usize, usize) {
    let one = world.below(world.clients.len());
    let step = 1 + world.below(world.clients.len() - 1);
    (one, (one + step) % world.clients.len())
}

/// From now on all that `from` sends is kept from `victim`; that he left is not.
fn keep_from(world: &mut World, from: usize, victim: usize) {
    let from = world.clients[from].id();
    world.withhold(move |to, frame| {
        to == victim && sender(frame).is_some_and(|sender| sender == from.as_bytes())
    });
}

#[test]
fn whoever_lacks_what_another_was_shown_is_told() {
    for seed in lives(1) {
        let mut world = room(seed);
        let (from, victim) = two(&mut world);
        keep_from(&mut world, from, victim);
        for _ in 0..1 + world.below(3) {
            let other = world.below(world.clients.len());
            say(&mut world, other);
            say(&mut world, from);
        }
        world.settle();
        if world.below(2) == 0 {
            world.leave(from);
            world.settle();
        }
        world.live(BEACONS);
        check_histories(&world, &[], seed);
        let lacking = &world.clients[victim];
        let said = world.clients[from].said.last().expect("said");
        assert!(!lacking.texts().contains(&said.text), "seed {seed}: it was kept from him");
    }
}

#[test]
fn two_who_are_shown_two_histories_are_told() {
    let mut forked = 0;
    for seed in lives(2) {
        let mut world = room(seed);
        let (from, _) = two(&mut world);
        let Some(fork) = fork(&mut world, from, 0) else { continue };
        let Some(victim) = fork.shown_to(&world) else { continue };
        keep_from(&mut world, from, victim);
        world.settle();
        if world.below(2) == 0 {
            world.leave(from);
            world.settle();
        }
        world.live(BEACONS);
        check_histories(&world, &[fork], seed);
        forked += 1;
    }
    assert!(forked > 0, "no life had a fork");
}

#[test]
fn whatever_comes_late_and_in_whatever_order_is_shown_in_its_place() {
    for seed in lives(3) {
        let mut world = room(seed);
        for _ in 0..25 {
            talk(&mut world, 1);
            world.settle_up();
            for who in 0..world.clients.len() {
                let pairs = world.clients[who].down.len().saturating_sub(1);
                for _ in 0..pairs {
                    let place = world.below(pairs);
                    let down = &mut world.clients[who].down;
                    // Each sender's own frames stay in their order, and what is the relay's own where it is.
                    let (one, other) = (sender(&down[place]), sender(&down[place + 1]));
                    if one.is_some() && other.is_some() && one != other {
                        down.swap(place, place + 1);
                    }
                }
            }
            if world.below(4) == 0 {
                world.pass(Duration::from_secs(1));
            }
        }
        world.settle();
        for client in &world.clients {
            assert_eq!(client.warnings(), Vec::<String>::new(), "seed {seed}: nothing was withheld");
        }
        check_histories(&world, &[], seed);
        check_order(&world, seed);
    }
}

#[test]
fn two_who_are_kept_apart_and_who_sees_both_are_told() {
    for seed in lives(4) {
        let mut world = room(seed);
        let old = world.below(world.clients.len());
        let new = world.join("erin");
        let (old_id, new_id) = (world.clients[old].id(), world.clients[new].id());
        world.withhold(move |to, frame| {
            (to == old && concerns(frame, &new_id)) || (to == new && concerns(frame, &old_id))
        });
        world.settle_up();
        for frame in &mut world.clients[new].down {
            if let relay_frame::Frame::Roster(roster) = frame {
                roster.occupants.retain(|occupant| occupant.member_id != old_id.as_bytes());
            }
        }
        talk(&mut world, 10);
        world.live(LONG);
        check_views(&world, seed);
        assert!(!sees(&world, old, new), "seed {seed}: they were kept apart");
        check_histories(&world, &[], seed);
    }
}

#[test]
fn a_room_that_was_split_is_told_of_it_when_it_is_merged() {
    for seed in lives(5) {
        let mut world = World::new(seed);
        let sides = [1 + world.below(2), 1 + world.below(2)];
        let mut ids: Vec<MemberId> = Vec::new();
        for _ in 0..sides[0] {
            let who = world.join("anna");
            ids.push(world.clients[who].id());
        }
        world.settle();
        for _ in 0..sides[1] {
            let who = world.join("ben");
            ids.push(world.clients[who].id());
        }
        let first = sides[0];
        world.withhold(move |to, frame| {
            let other = if to < first { &ids[first..] } else { &ids[..first] };
            other.iter().any(|id| concerns(frame, id))
        });
        talk(&mut world, 5);
        let time = world.below(300);
        world.live(LONG + Duration::from_secs(time as u64));
        talk(&mut world, 5);
        world.settle();
        world.hand_on();
        world.live(Duration::from_secs(60));
        for one in 0..first {
            for other in first..world.clients.len() {
                for (who, whom) in [(one, other), (other, one)] {
                    let id = world.clients[whom].id();
                    let split =
                        |warning: &Warning| matches!(warning, Warning::Split { who, .. } if who.id == id);
                    assert!(sees(&world, who, whom), "seed {seed}: they met in the end");
                    let told = warnings(&world.clients[who]).any(split);
                    assert!(told, "seed {seed}: {who} of {whom}: {:?}", world.clients[who].warnings());
                }
            }
        }
        check_histories(&world, &[], seed);
        check_order(&world, seed);
    }
}

fn warnings(client: &Client) -> impl Iterator<Item = &Warning> {
    client.seen.iter().filter_map(|happening| {
        if let Happening::Warning(warning) = happening { Some(warning) } else { None }
    })
}

/// Whether somebody was told that something is wrong with what `sender` said, or that others have heard otherwise.
fn is_told(client: &Client, sender: &MemberId) -> bool {
    let about = |warning: &Warning| warning.about().any(|who| who.id == *sender);
    warnings(client).any(|warning| about(warning) || matches!(warning, Warning::HeardOtherwise { .. }))
}

fn sees(world: &World, one: usize, other: usize) -> bool {
    world.clients[one].conversation.member(&world.clients[other].id()).is_some()
}

/// Of whatever anybody was shown, everybody else to whom it was said was shown the same, or was told.
fn check_histories(world: &World, forks: &[Fork], seed: u64) {
    for sender in &world.clients {
        for said in &sender.said {
            let other = forks.iter().find(|fork| fork.from == said.from && fork.texts[0] == said.text);
            let other = other.map(|fork| &fork.texts[1]);
            let audience = || {
                let here = world.clients.iter().filter(|client| client.state == State::Here);
                here.filter(|client| client.stays == 1 && said.audience.contains(&client.id()))
            };
            for client in audience() {
                let texts = client.texts();
                let (this, that) =
                    (texts.contains(&said.text), other.is_some_and(|other| texts.contains(other)));
                let elsewhere = audience().filter(|another| another.id() != client.id());
                let mut elsewhere = elsewhere.map(Client::texts);
                let differs = elsewhere.any(|texts| {
                    (!this && texts.contains(&said.text))
                        || (!that && other.is_some_and(|other| texts.contains(other)))
                });
                let told = is_told(client, &said.from);
                assert!(!differs || told, "seed {seed}: {} was not told of {}", client.nick, said.text);
            }
        }
    }
}

/// Nobody is shown an answer before what its sender had been shown.
fn check_order(world: &World, seed: u64) {
    let all = || world.clients.iter().flat_map(|client| &client.said);
    for sender in &world.clients {
        for said in &sender.said {
            let before: Vec<_> =
                crate::world::heard(&sender.seen[..said.shown]).into_values().flatten().collect();
            for client in &world.clients {
                let texts = client.texts();
                let Some(place) = texts.iter().position(|text| *text == said.text) else { continue };
                let due =
                    all().filter(|one| before.contains(&one.text) && one.audience.contains(&client.id()));
                for one in due {
                    let in_time = texts[..place].contains(&one.text);
                    assert!(in_time, "seed {seed}: {} before {} to {}", said.text, one.text, client.nick);
                }
            }
        }
    }
}

/// Whoever is here and does not see somebody whom another sees knows it, and that other, too.
fn check_views(world: &World, seed: u64) {
    let here = || (0..world.clients.len()).filter(|who| world.clients[*who].state == State::Here);
    for witness in here() {
        for one in here().filter(|one| *one != witness && sees(world, witness, *one)) {
            for other in here().filter(|other| *other != witness && *other != one) {
                if sees(world, witness, other) && !sees(world, one, other) {
                    let of = world.clients[other].id();
                    for who in [witness, one] {
                        let told = is_told(&world.clients[who], &of);
                        assert!(told, "seed {seed}: {who} of {one} and {other}");
                    }
                }
            }
        }
    }
}

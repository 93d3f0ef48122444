//! A whole conversation in any order: all that members can do, over an honest relay or one that drops, repeats, swaps and
//! changes frames.
//!
//! **In**: which relay, who does what, whose frame is carried next. **Out**: nothing is shown that was not said, or twice, or
//! to whom it was not said; over an honest relay everybody who stays hears everything in order, and nobody is warned.
//! **Never**: a frame out of order within one session, where the relay is honest.

#[path = "../../chatter-protocol/tests/conversation/world.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    clippy::allow_attributes,
    reason = "the world of the conversation's own tests, of which this uses a part"
)]
mod world;

use std::collections::BTreeSet;
use std::time::Duration;

use chatter_proto::relay::RelayFrame;
use chatter_protocol::entropy::Entropy;
use chatter_protocol::ids::MemberId;
use chatter_protocol::room::conversation::{Happening, Warning};
use chatter_protocol::room::identity::Identity;
use chatter_protocol::room::secret::RoomSecret;
use prost::Message as _;
use world::{Client, State, World};

/// Members join, with or without a lasting identity, speak to all or to one, verify, lock, remove, move, leave, are cut, come
/// back, while frames are carried as the input says.
pub fn conversation(input: &[u8]) {
    let (relay, calls) = input.split_at(input.len().min(1));
    let mut talk = Talk {
        world: World::new(1),
        is_honest: relay.first().is_none_or(|byte| byte.is_multiple_of(2)),
        parted: BTreeSet::new(),
        has_lock: false,
    };
    talk.world.join("anna");
    talk.world.join("ben");
    for call in calls.chunks(2).take(CALLS) {
        talk.call(call[0], usize::from(call.get(1).copied().unwrap_or(0)));
    }
    talk.world.settle();
    talk.check();
}

struct Talk {
    world: World,
    is_honest: bool,
    /// Who has parted with whom, by their numbers.
    parted: BTreeSet<(usize, usize)>,
    has_lock: bool,
}

impl Talk {
    fn call(&mut self, what: u8, number: usize) {
        let world = &mut self.world;
        let count = world.clients.len();
        let (who, other) = (number % count, number / count % count);
        let here = world.clients[who].state == State::Here;
        let others = world.clients.iter().filter(|client| client.state == State::Here).count() > 1;
        match what % 32 {
            0 | 1 if count < MEMBERS => {
                let nick = ["carol", "dave", "anna"][number % 3];
                let identity =
                    number.is_multiple_of(4).then(|| Identity::generate(&mut Entropy::new([9; 32])));
                world.join_as(nick, &RoomSecret::from_bytes([1; 16]), identity);
            }
            2 if here && others => world.leave(who),
            3 if here && others => world.cut(who),
            4 if here => world.rejoin(who),
            5 | 6 => world.pass(Duration::from_secs(number as u64 % 25)),
            7 if here => {
                let _ = world.act(who, |conversation, now| conversation.verify(now));
                let _ = world.act(who, |conversation, _| conversation.confirm());
            }
            8 if here => {
                let _ = world.act(who, |conversation, now| conversation.lock(other == who, now));
                self.has_lock = true;
            }
            9 if here && who != other => {
                let id = world.clients[other].id();
                if world.act(who, |conversation, now| conversation.remove(&id, now)).is_ok() {
                    self.parted.extend([(who, other), (other, who)]);
                }
            }
            10 if here => {
                let _ = world.act(who, |conversation, now| conversation.move_room(now));
            }
            11 | 12 if here => {
                let text = format!("{who} to {other}: {}", world.clients[who].whispered.len());
                let _ = world.whisper(who, other, &text);
            }
            13..18 if here => {
                let text = format!("{who}/{}", world.clients[who].said.len());
                world.say(who, &text);
            }
            18 | 19 if !self.is_honest => self.meddle(who, what, number),
            20..26 => drop(world.carry_up(who)),
            _ => drop(world.carry_down(who)),
        }
    }

    /// What lies before a member is dropped, doubled, swapped, changed or given to another.
    fn meddle(&mut self, who: usize, what: u8, number: usize) {
        let other = number % self.world.clients.len();
        let down = &mut self.world.clients[who].down;
        let Some(mut frame) = down.front().cloned() else { return };
        match number / 8 % 5 {
            0 => drop(down.pop_front()),
            1 => down.push_back(frame),
            2 => down.swap(0, down.len() - 1),
            3 => {
                let mut bytes = RelayFrame { frame: Some(frame) }.encode_to_vec();
                let place = (number * 31 + usize::from(what)) % bytes.len();
                bytes[place] ^= 1 << (what >> 5);
                down.pop_front();
                let changed = RelayFrame::decode(bytes.as_slice()).ok().and_then(|frame| frame.frame);
                down.extend(changed);
            }
            _ => {
                let room = self.world.clients[other].room;
                if let Some((of, _)) = world::from_member(&mut frame) {
                    *of = room;
                }
                self.world.clients[other].down.push_back(frame);
            }
        }
    }

    fn check(&self) {
        for (who, client) in self.world.clients.iter().enumerate() {
            self.check_shown(who, client);
            if self.is_honest {
                self.check_warnings(client);
                if client.state == State::Here {
                    self.check_heard(who, client);
                }
            }
        }
    }

    /// Nothing that was not said, nothing twice, nothing that was said to another alone.
    fn check_shown(&self, who: usize, client: &Client) {
        let all = || self.world.clients.iter();
        let said: BTreeSet<_> =
            all().flat_map(|client| client.said.iter().map(|said| (said.from, said.text.as_str()))).collect();
        let whispered: BTreeSet<_> = all()
            .flat_map(|client| client.whispered.iter().map(|one| (one.from, one.text.as_str())))
            .collect();
        for (from, texts) in client.heard() {
            let once: BTreeSet<&String> = texts.iter().collect();
            assert_eq!(once.len(), texts.len(), "{} hears something of {from:?} twice", client.nick);
            assert!(
                texts.iter().all(|text| said.contains(&(from, text.as_str()))),
                "nobody said one of {texts:?}"
            );
        }
        let heard = client.whispers();
        let once: BTreeSet<_> = heard.iter().collect();
        assert_eq!(once.len(), heard.len(), "{} is told something twice", client.nick);
        for one in heard {
            assert!(
                whispered.contains(&one) && one.1.contains(&format!(" to {who}: ")),
                "that was not told him: {one:?}"
            );
        }
    }

    /// A lock or a removal of which not all heard in time shows in views, whoever relays.
    fn check_warnings(&self, client: &Client) {
        let agreed = self.has_lock || !self.parted.is_empty();
        for happening in &client.seen {
            if let Happening::Warning(warning) = happening {
                let shows = matches!(warning, Warning::Apart { .. } | Warning::Hidden { .. });
                assert!(agreed && shows, "{} is warned: {warning}", client.nick);
            }
        }
    }

    /// What was said to whoever is here by whoever has not come anew since.
    fn check_heard(&self, who: usize, client: &Client) {
        let heard = client.heard();
        for (number, sender) in self.world.clients.iter().enumerate() {
            if sender.state == State::Cut || self.parted.contains(&(who, number)) {
                continue;
            }
            let same = |from: MemberId| from == sender.id();
            let said =
                sender.said.iter().filter(|said| same(said.from) && said.audience.contains(&client.id()));
            let texts = heard.get(&sender.id()).map_or(&[][..], Vec::as_slice);
            let places = said.map(|said| {
                let place = texts.iter().position(|text| *text == said.text);
                place.unwrap_or_else(|| panic!("{} lacks {}", client.nick, said.text))
            });
            assert!(places.is_sorted(), "{} hears {} out of order", client.nick, sender.nick);
            let told = sender.whispered.iter().filter(|one| same(one.from) && one.to == client.id());
            let told: Vec<_> = told.map(|one| (one.from, one.text.as_str())).collect();
            let whispers: Vec<_> = client.whispers().into_iter().filter(|one| told.contains(one)).collect();
            assert_eq!(whispers, told, "{} lacks something of {}", client.nick, sender.nick);
        }
    }
}

/// A schedule is read no further than that.
const CALLS: usize = 200;
/// As many members there are at most: each handshake takes a while.
const MEMBERS: usize = 6;

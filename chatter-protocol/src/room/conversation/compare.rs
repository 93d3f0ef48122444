//! What others see and have heard, beside what we do (§8, §9).
//!
//! **In** heads and view ids of messages, rolls, what a newcomer states. **Out** warnings, questions. **Never** a warning
//! about a difference that time heals: one that lasts is asked about, and told when both sides have had the time.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::ToString;
use alloc::vec::Vec;
use core::time::Duration;

use chatter_proto::room::{Place, Roll, private};

use super::held::Held;
use super::peer::{Peer, Stage};
use super::{Conversation, Warning, Who, presence};
use crate::ids::{MemberId, Nickname};
use crate::limits;
use crate::room::message::Chain;
use crate::room::view::Heads;
use crate::time::Time;

/// How somebody's view and what he has heard differ from ours.
#[derive(Debug, Default)]
pub(super) struct Difference {
    /// Since when we know that his view is another, though he has heard us in ours.
    since: Option<Time>,
    asked: Option<Time>,
    /// When we last told him whom we see.
    answered: Option<Time>,
    /// When we last learnt whom he sees.
    learnt: Option<Time>,
    /// Whom we see and he does not, since when we know.
    lacks: BTreeMap<MemberId, Time>,
    /// Whom he sees and we do not, since when we know.
    sees: BTreeMap<MemberId, Time>,
    /// Whether he has heard something else than we.
    heard_else: bool,
}

/// What was told already.
#[derive(Debug, Default)]
pub(super) struct Told(BTreeSet<(Kind, MemberId, MemberId)>);

/// What two members are told about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Differs,
    Hidden,
    Apart,
}

impl Difference {
    /// When we want to ask whom he sees.
    pub(super) fn ask_at(&self) -> Option<Time> {
        let since = self.since?;
        Some(self.asked.map_or(since + limits::ROLL_AFTER, |asked| asked + limits::ROLL_EVERY))
    }

    /// Whom we see and he does not.
    pub(super) fn lacks(&self) -> impl Iterator<Item = &MemberId> {
        self.lacks.keys()
    }

    /// What was timed is timed again.
    pub(super) fn time_anew(&mut self) {
        *self = Self { heard_else: self.heard_else, answered: self.answered, ..Self::default() };
    }

    /// How many members are noted.
    pub(super) fn noted(&self) -> usize {
        self.lacks.len() + self.sees.len()
    }

    /// Whether he may be answered; he is, then.
    fn answers(&mut self, now: Time) -> bool {
        let may = self.answered.is_none_or(|answered| answered + limits::ROLL_ANSWER_EVERY <= now);
        if may {
            self.answered = Some(now);
        }
        may
    }
}

impl Told {
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// Whether this was not told before; it counts as told now.
    fn is_new(&mut self, kind: Kind, one: MemberId, other: MemberId) -> bool {
        self.0.len() < TOLD_MAX && self.0.insert((kind, one, other))
    }
}

impl Conversation {
    /// How far we have heard everybody in our view, and whoever left it since we spoke last, for the message after
    /// `before`.
    pub(super) fn heads(&mut self, before: &Chain) -> Heads {
        let mut stands = self.stands();
        stands.extend(self.departed.unnamed());
        self.departed.named();
        Heads::state(before, &stands)
    }

    fn stands(&self) -> BTreeMap<MemberId, Chain> {
        let shown = self.introduced().filter_map(|(id, introduced)| {
            let shown = self.waiting.shown(id, introduced.heard.latest().count);
            Some((*id, introduced.heard.at(shown)?))
        });
        shown.collect()
    }

    /// Warns of messages that somebody had heard and that we lack.
    pub(super) fn warn_of_missing(&mut self, held: &Held) {
        for (id, heard) in &held.named.counts {
            let count = match self.peers.get_mut(id).and_then(Peer::introduced_mut) {
                Some(introduced) => introduced.untold(*heard),
                None => self.departed.untold(id, *heard),
            };
            if count > 0 {
                self.warn(Warning::Withheld { who: self.who(id), count });
            }
        }
    }

    /// Compares what stands in a message with what we see and have heard.
    pub(super) fn compare(&mut self, held: &Held, now: Time) {
        let us = self.stay.as_ref().map(|stay| *stay.id());
        let heard_of_us = us.and_then(|us| held.named.counts.get(&us)).copied().unwrap_or(0);
        self.heard_of_us(&held.from, heard_of_us);
        let knows_our_view = self.presence.is_known_to(heard_of_us);
        let (same, said) = (held.view == *self.presence.view(), self.said.latest().count);
        let agrees = if heard_of_us > said { Some(false) } else { self.agrees(held, us.as_ref()) };
        let Some(introduced) = self.peers.get_mut(&held.from).and_then(Peer::introduced_mut) else { return };
        let difference = &mut introduced.difference;
        if same {
            difference.since = None;
            difference.lacks.clear();
            difference.sees.clear();
        } else if knows_our_view {
            difference.since.get_or_insert(now);
        }
        match agrees {
            None => {}
            Some(true) => difference.heard_else = false,
            Some(false) => {
                let is_new = !core::mem::replace(&mut difference.heard_else, true);
                let ask = difference.asked.is_none_or(|asked| asked + limits::ROLL_EVERY <= now);
                if is_new {
                    self.warn(Warning::HeardOtherwise { who: self.who(&held.from) });
                }
                if ask {
                    self.ask(&held.from, now);
                }
            }
        }
    }

    /// Whether he has heard the same as we; nothing where that can't be compared (yet).
    fn agrees(&self, held: &Held, us: Option<&MemberId>) -> Option<bool> {
        let stands = held.named.counts.iter().map(|(id, count)| {
            let chain = match self.peers.get(id).and_then(Peer::introduced) {
                Some(introduced) => introduced.heard.at(*count),
                None if us == Some(id) => self.said.at(*count),
                None => self.departed.get(id).map(|last| last.stands).filter(|last| last.count == *count),
            };
            Some((*id, chain?))
        });
        let stands: Option<BTreeMap<_, _>> = stands.collect();
        stands.filter(|_| held.named.complete).map(|stands| held.heads.agree_with(&stands))
    }

    /// Whoever is told of another too late was kept apart from him, and with him those on his side.
    pub(super) fn compare_arrivals(&mut self, id: &MemberId, here: Duration, known: Duration, now: Time) {
        let Some(Peer { stage: Stage::Open(channel), since, before_us, .. }) = self.peers.get(id) else {
            return;
        };
        let late = if *before_us {
            channel.opened.saturating_since(self.presence.entered).saturating_sub(known)
        } else {
            here.saturating_sub(now.saturating_since(*since))
        };
        if late > self.presence.telling_max() {
            self.warn(Warning::Split { who: self.who(id), minutes: late.as_secs() / 60 });
        }
    }

    /// Asks those whose view differs for long whom they see.
    pub(super) fn ask_where_due(&mut self, now: Time) {
        let due = |at: Option<Time>| at.is_some_and(|at| at <= now);
        let asked = self.introduced().filter(|(_, introduced)| due(introduced.difference.ask_at()));
        let asked: Vec<_> = asked.map(|(id, _)| *id).collect();
        for id in asked {
            self.ask(&id, now);
        }
    }

    fn ask(&mut self, id: &MemberId, now: Time) {
        if let Some(introduced) = self.peers.get_mut(id).and_then(Peer::introduced_mut) {
            introduced.difference.asked = Some(now);
        }
        self.send_roll(id, true, now);
    }

    fn send_roll(&mut self, to: &MemberId, asks: bool, now: Time) {
        let places = self.stands().into_iter().map(|(id, chain)| {
            let silence = self.peers.get(&id).map(|peer| now.saturating_since(peer.heard_at));
            Place {
                member_id: id.as_bytes().to_vec(),
                count: chain.count,
                chain: chain.hash.iter().take(PLACE_CHAIN_LEN).copied().collect(),
                silent_seconds: presence::seconds(silence.unwrap_or_default()),
                nick: self.who(&id).nick.map(|nick| nick.to_string()).unwrap_or_default(),
            }
        });
        let roll = Roll { asks, places: places.collect() };
        let Some(mut peer) = self.peers.remove(to) else { return };
        self.tell(to, &mut peer, private::Content::Roll(roll), now);
        self.peers.insert(*to, peer);
    }

    /// Takes a list of those whom `from` sees and how far he has heard them.
    pub(super) fn take_roll(&mut self, from: &MemberId, roll: &Roll, now: Time) {
        let places = roll.places.iter().take(limits::OCCUPANTS_MAX);
        let places = places.filter_map(|place| Some((MemberId::from_slice(&place.member_id)?, place)));
        let places: BTreeMap<MemberId, &Place> = places.collect();
        self.compare_chains(from, &places);
        self.compare_views(from, &places, now);
        let asker = self.peers.get_mut(from).and_then(Peer::introduced_mut);
        if roll.asks && asker.is_some_and(|asker| asker.difference.answers(now)) {
            self.send_roll(from, false, now);
        }
    }

    fn compare_chains(&mut self, from: &MemberId, places: &BTreeMap<MemberId, &Place>) {
        let us = self.stay.as_ref().map(|stay| *stay.id());
        for (id, place) in places {
            let ours = match self.peers.get(id).and_then(Peer::introduced) {
                Some(introduced) => introduced.heard.at(place.count),
                None if us.as_ref() == Some(id) => self.said.at(place.count),
                None => None,
            };
            let differs =
                ours.is_some_and(|chain| chain.hash.get(..PLACE_CHAIN_LEN) != Some(&place.chain[..]));
            if differs && self.told.is_new(Kind::Differs, *id, *from) {
                let who = (us.as_ref() != Some(id)).then(|| self.who(id));
                self.warn(Warning::Differs { who, between: self.who(from) });
            }
        }
    }

    fn compare_views(&mut self, from: &MemberId, places: &BTreeMap<MemberId, &Place>, now: Time) {
        let us = self.stay.as_ref().map(|stay| *stay.id());
        let (alive, apart) = (self.presence.alive_within(), self.presence.apart_max());
        let introduced = self.introduced().map(|(id, _)| *id).filter(|id| id != from);
        let ours: BTreeSet<_> = introduced.collect();
        // Those with whom we can't or won't talk are hidden by nobody.
        let unfit = |id: &MemberId| {
            let stage = self.peers.get(id).map(|peer| &peer.stage);
            matches!(stage, Some(Stage::Unfit | Stage::Parted | Stage::Kept { .. }))
        };
        let sees = places.keys().filter(|id| us.as_ref() != Some(*id) && !ours.contains(id) && !unfit(id));
        let sees: BTreeSet<_> = sees.copied().collect();
        let lacks = ours.into_iter().filter(|id| !places.contains_key(id));
        let lacks: BTreeSet<_> = lacks.filter(|id| !self.house.have_parted(from, id)).collect();
        // Whoever may have vanished is kept from nobody: only the time counts in which he was heard.
        let is_alive = |id: &&MemberId| {
            self.peers.get(id).is_some_and(|peer| now.saturating_since(peer.heard_at) <= alive)
        };
        let lacks: BTreeSet<_> = lacks.iter().filter(is_alive).copied().collect();
        let is_heard = |id: &&MemberId| {
            places.get(id).is_some_and(|place| Duration::from_secs(place.silent_seconds.into()) <= alive)
        };
        let sees: BTreeSet<_> = sees.iter().filter(is_heard).copied().collect();

        let Some(introduced) = self.peers.get_mut(from).and_then(Peer::introduced_mut) else { return };
        let difference = &mut introduced.difference;
        if difference.since.is_none() {
            return;
        }
        let learnt = difference.learnt.replace(now);
        if learnt.is_some_and(|learnt| now.saturating_since(learnt) > alive) {
            difference.sees.clear();
            difference.lacks.clear();
        }
        let lasting = |known: &mut BTreeMap<MemberId, Time>, present: &BTreeSet<MemberId>| {
            known.retain(|id, _| present.contains(id));
            present.iter().for_each(|id| {
                known.entry(*id).or_insert(now);
            });
            let lasting = known.iter().filter(|(_, since)| now.saturating_since(**since) >= apart);
            lasting.map(|(id, _)| *id).collect::<Vec<_>>()
        };
        let (hidden, kept_apart) =
            (lasting(&mut difference.sees, &sees), lasting(&mut difference.lacks, &lacks));
        for id in hidden {
            if self.told.is_new(Kind::Hidden, id, *from) {
                let stated = places.get(&id).and_then(|place| Nickname::parse(&place.nick).ok());
                let nick = self.who(&id).nick.or(stated);
                self.warn(Warning::Hidden { who: Who { id, nick }, seen_by: self.who(from) });
            }
        }
        for id in kept_apart {
            if self.told.is_new(Kind::Apart, id, *from) {
                self.warn(Warning::Apart { who: self.who(from), from: self.who(&id) });
            }
        }
    }

    /// Pairs of members who do not see each other yet, as far as we know: each is not yet connected with the other.
    pub fn unconnected(&self) -> impl Iterator<Item = (Who, Who)> {
        self.introduced().flat_map(|(id, introduced)| {
            introduced.difference.lacks().map(|other| (self.who(id), self.who(other)))
        })
    }
}

/// How much of a chain hash stands in a roll.
const PLACE_CHAIN_LEN: usize = 16;

/// How many differences are told in a stay.
const TOLD_MAX: usize = 4096;

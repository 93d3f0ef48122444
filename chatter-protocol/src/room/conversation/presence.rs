//! Being here: our view, our beacons, and how long we wait for others (§8, §9).
//!
//! **In** time, members who come and go. **Out** beacons, members shown as gone, messages whose wait is over.
//! **Never** a judgement by a clock that stood still: whoever slept begins all waits again.

use alloc::collections::BTreeMap;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::time::Duration;

use chatter_proto::relay::{Leave, client_frame};
use chatter_proto::room::{Goodbye, private};

use super::channel::Introduced;
use super::peer::{self, Peer, Stage};
use super::{Conversation, Happening, Member, Who};
use crate::entropy::Entropy;
use crate::ids::MemberId;
use crate::limits;
use crate::room::view::{self, ViewId};
use crate::time::Time;

/// Our own place in the room.
#[derive(Debug)]
pub(super) struct Presence {
    view: ViewId,
    /// The number of the first message that we said in this view; none yet.
    first: Option<u64>,
    /// When we came in.
    pub(super) entered: Time,
    /// When a beacon is due, unless something is said before.
    beacon_at: Option<Time>,
    /// How long the relay keeps a broken session.
    grace: Duration,
    /// Not before this do we begin anew because others gave us up.
    anew_from: Time,
    /// When we do.
    anew_at: Option<Time>,
}

impl Default for Presence {
    fn default() -> Self {
        Self {
            view: ViewId::default(),
            first: None,
            entered: Time::ZERO,
            beacon_at: None,
            grace: limits::GRACE_DEFAULT,
            anew_from: Time::ZERO,
            anew_at: None,
        }
    }
}

impl Presence {
    pub(super) const fn view(&self) -> &ViewId {
        &self.view
    }

    /// Whether somebody who has heard `count` messages of ours has heard one of this view.
    pub(super) fn is_known_to(&self, count: u64) -> bool {
        self.first.is_some_and(|first| first <= count)
    }

    /// What was said has this number; the next beacon is put off.
    pub(super) fn spoke(&mut self, number: u64, entropy: &mut Entropy, now: Time) {
        self.first.get_or_insert(number);
        self.beacon_at = Some(now + entropy.between(limits::BEACON_MIN, limits::BEACON_MAX));
    }

    /// The relay states how long it keeps a broken session; a shorter time than usual makes nobody less patient.
    pub(super) fn believe_grace(&mut self, seconds: u32) {
        let stated = Duration::from_secs(seconds.into());
        self.grace = stated.clamp(limits::GRACE_DEFAULT, limits::GRACE_MAX);
    }

    /// How long nothing may be heard of somebody who is here.
    fn silence_max(&self) -> Duration {
        limits::SILENCE_MAX + self.grace
    }

    /// Whoever was heard within this is alive.
    pub(super) fn alive_within(&self) -> Duration {
        limits::BEACON_MAX + self.grace
    }

    /// How long two may take to see each other.
    pub(super) fn apart_max(&self) -> Duration {
        self.grace * limits::APART_GRACES
    }

    /// How late an honest relay may tell somebody of a newcomer.
    pub(super) fn telling_max(&self) -> Duration {
        limits::UP_SILENCE_MAX + self.grace + limits::TELLING_SPARE
    }

    /// Somebody gave us up: with new ids we can meet again.
    pub(super) fn want_anew(&mut self, now: Time) {
        let at = self.anew_from.max(now);
        self.anew_at.get_or_insert(at);
    }

    /// For a new stay with the same relay.
    pub(super) fn forget_view(&mut self) {
        *self = Self { grace: self.grace, anew_from: self.anew_from, ..Self::default() };
    }
}

impl Conversation {
    /// Does what is due: beacons, questions, those who are waited for no longer, messages whose wait is over.
    pub fn handle_timeout(&mut self, now: Time) {
        self.wake(now);
        for peer in self.peers.values_mut() {
            if peer.is_settling() && peer::late_at(peer) <= now {
                peer.late = true;
            }
        }
        let silent: Vec<_> = self.introduced().map(|(id, _)| *id).collect();
        for id in silent {
            self.give_up_if_silent(&id, now);
        }
        self.show_due(now);
        self.ask_where_due(now);
        self.begin_anew_if_due(now);
        self.end_rounds(now);
        self.move_when_due(now);
        if self.presence.beacon_at.is_some_and(|due| due <= now) {
            self.beacon(now);
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called.
    pub fn poll_timeout(&self) -> Option<Time> {
        let settling = self.peers.values().filter(|peer| peer.is_settling()).map(peer::late_at).min();
        let silence = self.presence.silence_max();
        let peers = self.peers.values().filter_map(|peer| {
            let introduced = peer.introduced()?;
            let asks = introduced.difference.ask_at();
            Some(asks.into_iter().fold(peer.heard_at + silence, Time::min))
        });
        let Presence { beacon_at, anew_at, .. } = self.presence;
        let others = [
            self.waiting.until(),
            self.verifying.poll_timeout(),
            self.house.poll_timeout().filter(|_| self.entered),
        ];
        [settling, peers.min(), beacon_at, anew_at].into_iter().chain(others).flatten().min()
    }

    /// Where we are called much later than we asked for, our machine slept: nobody else is to blame for the silence.
    pub(super) fn wake(&mut self, now: Time) {
        let slept = self.poll_timeout().is_some_and(|due| now.saturating_since(due) > limits::LAPSE);
        if !slept {
            return;
        }
        for peer in self.peers.values_mut() {
            peer.heard_at = now;
            if let Some(introduced) = peer.introduced_mut() {
                introduced.difference.time_anew();
            }
        }
        self.waiting.wait_anew(now + limits::HOLD_MAX);
    }

    /// Those with whom we have a finished channel and who said who they are.
    pub(super) fn introduced(&self) -> impl Iterator<Item = (&MemberId, &Introduced)> {
        self.peers.iter().filter_map(|(id, peer)| Some((id, peer.introduced()?)))
    }

    /// All of whom others may speak: those who are here, and those who were.
    pub(super) fn known(&self) -> impl Iterator<Item = &MemberId> {
        self.introduced().map(|(id, _)| id).chain(self.departed.ids())
    }

    pub(super) fn who(&self, id: &MemberId) -> Who {
        let nick = self.peers.get(id).and_then(Peer::member).map(|member| &member.nick);
        let nick = nick.or_else(|| self.departed.get(id).map(|last| &last.nick)).cloned();
        Who { id: *id, nick }
    }

    /// We are in; nobody else is yet.
    pub(super) fn enter_view(&mut self, now: Time) {
        self.presence.entered = now;
        self.presence.view = self.view_now();
    }

    /// Somebody came or went: what we see now is told soon.
    pub(super) fn view_changed(&mut self, now: Time) {
        self.presence.view = self.view_now();
        self.presence.first = None;
        let members = u32::try_from(self.introduced().count()).unwrap_or(u32::MAX);
        let spread = limits::VIEW_BEACON_EACH.saturating_mul(members);
        let soon = self.entropy.between(limits::VIEW_BEACON_MIN, limits::VIEW_BEACON_MIN + spread);
        let due = self.presence.beacon_at.map_or(now + soon, |due| due.min(now + soon));
        self.presence.beacon_at = (members > 0).then_some(due);
        self.verify_in_view(now);
    }

    fn view_now(&self) -> ViewId {
        let mut members: BTreeMap<_, _> =
            self.introduced().map(|(id, introduced)| (*id, introduced.profile)).collect();
        if let Some(stay) = &self.stay {
            members.insert(*stay.id(), view::profile_hash(&self.nick));
        }
        ViewId::of(self.keys.id(), &members)
    }

    fn beacon(&mut self, now: Time) {
        if self.introduced().next().is_none() {
            self.presence.beacon_at = None;
            return;
        }
        let beacons = self.unacknowledged.iter().filter(|said| said.text.is_none()).count();
        if beacons >= limits::BEACONS_UNACKNOWLEDGED_MAX {
            self.presence.beacon_at = Some(now + limits::BEACON_MAX);
        } else {
            self.publish(None, now);
        }
    }

    fn give_up_if_silent(&mut self, id: &MemberId, now: Time) {
        let Some(mut peer) = self.peers.remove(id) else { return };
        let silent = now.saturating_since(peer.heard_at) >= self.presence.silence_max();
        if silent {
            // If he is there after all, he is to know that he gets no more of what we say.
            self.tell(id, &mut peer, private::Content::Goodbye(Goodbye { given_up: true }), now);
        }
        self.peers.insert(*id, peer);
        if silent {
            self.part_with(id, Stage::GivenUp, now);
        }
    }

    pub(super) fn begin_anew_if_due(&mut self, now: Time) {
        if self.presence.anew_at.is_some_and(|due| due <= now) {
            self.presence.anew_from = now + limits::ANEW_EVERY;
            self.send(client_frame::Frame::Leave(Leave { room: self.room }));
            self.begin_anew();
        }
    }

    /// Somebody is no more with us, though the relay may still count him in.
    pub(super) fn part_with(&mut self, id: &MemberId, stage: Stage, now: Time) {
        let Some(peer) = self.peers.get_mut(id) else { return };
        let gone = Peer::new(stage, now);
        let peer = core::mem::replace(peer, gone);
        self.part(id, &peer, now);
    }

    /// Shows what is left of somebody who is no more among `peers`, and that he left; remembers where he stood.
    pub(super) fn part(&mut self, id: &MemberId, peer: &Peer, now: Time) {
        let Some(introduced) = peer.introduced() else { return };
        self.verifying.forget_commitment(id);
        let given_up =
            self.peers.get(id).is_some_and(|peer| matches!(peer.stage, Stage::GivenUp | Stage::Parted));
        self.departed.push(*id, introduced.member.nick.clone(), *introduced.heard.latest(), given_up);
        if self.peers.get(id).is_some_and(|peer| matches!(peer.stage, Stage::Parted)) {
            // He has not left: what became of him is told otherwise.
            self.show_held(id, peer);
        } else {
            self.show_left(id, peer);
        }
        self.view_changed(now);
        self.show_due(now);
    }

    /// Shows what waited of somebody, and that he left.
    pub(super) fn show_left(&mut self, id: &MemberId, peer: &Peer) {
        let Some(Member { nick, .. }) = peer.member().cloned() else { return };
        self.show_held(id, peer);
        self.show(Happening::MemberLeft { id: *id, nick });
    }

    fn show_held(&mut self, id: &MemberId, peer: &Peer) {
        let Some(Member { nick, .. }) = peer.member().cloned() else { return };
        while let Some(held) = self.waiting.pop_of(id) {
            self.warn_of_missing(&held);
            if let Some(text) = held.text {
                self.show(Happening::Message { from: *id, nick: nick.clone(), text: text.to_string() });
            }
        }
    }

    /// Shows every message that need not wait any more.
    pub(super) fn show_due(&mut self, now: Time) {
        loop {
            let (peers, waiting) = (&self.peers, &mut self.waiting);
            let received = |id: &MemberId| {
                peers.get(id).and_then(Peer::introduced).map(|introduced| introduced.heard.latest().count)
            };
            let Some(held) = waiting.pop(now, received) else { return };
            self.warn_of_missing(&held);
            self.compare(&held, now);
            let member = self.peers.get(&held.from).and_then(Peer::member).cloned();
            if let (Some(text), Some(Member { id: from, nick, .. })) = (held.text, member) {
                self.show(Happening::Message { from, nick, text: text.to_string() });
            }
        }
    }
}

/// A time as it stands in a frame.
pub(super) fn seconds(time: Duration) -> u32 {
    u32::try_from(time.as_secs()).unwrap_or(u32::MAX)
}

//! The way into a room and out of it with a lost session: who was there is waited for before anything is said.
//!
//! **In** a session, the number of those who are there, the time. **Out** a conversation, a phase. **Never** a text that
//! is said before those who are here were met, or could have been.

use std::mem;

use chatter_proto::relay::{Welcome, relay_frame};
use chatter_protocol::room::conversation::Conversation;
use chatter_protocol::room::identity::Keeping;
use chatter_protocol::time::Time;

use super::{Phase, Room, Shared};
use crate::app::returning::Return;
use crate::app::{ENTER_TIMEOUT, HOLD_TIMEOUT, Purpose, SETTLE_TIMEOUT};
use crate::event::Notice;
use crate::texts::text;

impl Room {
    /// There is a session: go in.
    pub(in crate::app) fn enter(&mut self, welcome: Option<&Welcome>, shared: &mut Shared, now: Time) {
        if self.purpose == Purpose::New && self.returning.is_none() {
            self.show_link(shared);
        }
        let kept = match shared.people.identity.clone() {
            Some(identity) => (identity, Keeping::Lasting),
            None => (self.identity.clone(), Keeping::Run),
        };
        let mut conversation = Conversation::known_again(
            &self.link.secret,
            &shared.server_key,
            self.nick.clone(),
            kept,
            self.number,
            self.entropy.fork(),
        );
        if let Some(welcome) = welcome {
            conversation.receive(relay_frame::Frame::Welcome(welcome.clone()), now);
        }
        shared.people.marked.iter().for_each(|key| conversation.confirm_key(*key));
        self.conversation = Some(conversation);
        self.phase = Phase::Entering { until: now + ENTER_TIMEOUT };
    }

    /// The session is lost: hands back what may not have been heard, keeps what was not said.
    pub(in crate::app) fn go_away(&mut self, reason: Option<&str>, shared: &mut Shared, now: Time) {
        if let Some(reason) = reason.filter(|_| self.returning.is_none() && self.phase != Phase::Outside) {
            self.returning = Some(Return { reason: reason.to_owned(), had_company: self.has_company() });
        }
        if self.phase != Phase::Outside {
            self.keep_company();
        }
        for (number, text) in mem::take(&mut self.untaken) {
            let resend = self.hand_back(text.clone(), shared);
            self.show(shared, Notice::NotAcknowledged { number, text, resend });
        }
        self.said_before = self.said;
        self.conversation = None;
        self.files.transfers.left();
        self.file_outputs(shared, now);
        self.listed = None;
        self.listed_told = 0;
        self.names.clear();
        self.phase = Phase::Outside;
    }

    pub(super) fn entered(&mut self, present: usize, shared: &mut Shared, now: Time) {
        if !matches!(self.phase, Phase::Entering { .. }) {
            return;
        }
        shared.entered = Some(now);
        self.company_until = self.announce_entry(present, shared, now);
        self.present = present;
        if present > 0 {
            self.show(shared, Notice::Progress(text!("meeting", count = present)));
        }
        let had_company = self.company.as_ref().is_some_and(|company| !company.is_empty());
        self.hold_until = had_company.then(|| now + HOLD_TIMEOUT);
        if matches!(self.purpose, Purpose::Send(_)) && present == 0 && self.has_awaited() {
            self.show(shared, Notice::Warning(text!("nobody-reads")));
        }
        self.ask_to_be_listed(shared);
        self.phase = Phase::Settling { count: usize::MAX, until: now + SETTLE_TIMEOUT };
    }

    /// Waits for those who were here, as long as they keep coming.
    pub(super) fn settle(&mut self, shared: &mut Shared, now: Time) {
        let left = self.conversation.as_ref().map_or(0, Conversation::settling);
        let Phase::Settling { count, until } = self.phase else { return };
        if let Some(until) = self.awaits_company(now) {
            self.phase = Phase::Settling { count, until };
            return;
        }
        if left == 0 {
            self.phase = Phase::Talking;
        } else if left < count {
            self.tell_met(left, shared);
            self.phase = Phase::Settling { count: left, until: now + SETTLE_TIMEOUT };
        } else if now >= until {
            self.show(shared, Notice::Progress(text!("unmet", count = left)));
            self.phase = Phase::Talking;
        }
    }

    /// How far the handshakes are, where several are under way: a few times, however many.
    fn tell_met(&self, left: usize, shared: &mut Shared) {
        let met = self.present.saturating_sub(left);
        let pace = self.present.div_ceil(MET_TOLD_MAX).max(1);
        if met > 0 && met.is_multiple_of(pace) {
            self.show(shared, Notice::Progress(text!("met", met = met, all = self.present)));
        }
    }

    /// Until when to wait for others who come back too, before what was kept is said to an empty room.
    fn awaits_company(&self, now: Time) -> Option<Time> {
        let is_alone = !self.has_company();
        self.company_until.filter(|until| is_alone && now < *until)
    }
}

/// So often, at most, it is told how many were met.
const MET_TOLD_MAX: usize = 4;

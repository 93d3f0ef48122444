//! Nothing typed is lost: what waits is said when its time has come, or handed back; how far it came is told.
//!
//! **In** lines, `/resend`, `/drop`, `/info`, what becomes of a stay. **Out** texts said, notices. **Never** a text said
//! again, nor said to others than it was typed for, without its writer's word.

use std::sync::Arc;

use chatter_protocol::room::conversation::{Conversation, Delivery};
use chatter_protocol::time::Time;

use super::outbox::{Company, Next};
use super::{Phase, Room, Shared};
use crate::app::returning::Return;
use crate::app::{ENTER_TIMEOUT, UNTAKEN_MAX};
use crate::event::Notice;
use crate::texts::text;

impl Room {
    /// Something to say was typed.
    pub(super) fn typed(&mut self, text: String, shared: &mut Shared) {
        let offline = self.phase != Phase::Talking || shared.broken;
        let company = self.company_now();
        let waits = offline || self.outbox.is_kept();
        let shown = waits.then(|| text.clone());
        self.outbox.push(text, company, offline);
        if let Some(text) = shown {
            let (waiting, full) = (self.outbox.len(), self.outbox.is_full());
            self.show(shared, Notice::Waiting { text, waiting, full });
        }
    }

    /// For whom something is that is typed now: those whom its writer sees here, and while we are not in, those who
    /// were here. None before we were in for the first time.
    fn company_now(&self) -> Option<Arc<Company>> {
        if self.phase == Phase::Outside {
            return self.company.clone();
        }
        let talks = self.phase == Phase::Talking;
        let before = self.company.as_ref().filter(|_| !talks);
        if !talks && before.is_none() {
            return None;
        }
        let mut company = before.map(|before| (**before).clone()).unwrap_or_default();
        let is_verified = |key| self.conversation.as_ref().is_some_and(|talk| talk.is_verified(key));
        for (member, label) in self.names.all() {
            company.insert(member.key, (label, is_verified(&member.key)));
        }
        Some(Arc::new(company))
    }

    /// The stay is over, by whatever it was: whoever was here is remembered, and what waits is for them.
    pub(in crate::app) fn keep_company(&mut self) {
        self.company = self.company_now();
        self.outbox.keep();
    }

    /// For whom what we say now is sealed.
    fn present(&self) -> Company {
        let hearers = self.conversation.iter().flat_map(Conversation::hearers);
        let mut present: Company = hearers.map(|key| (key, (text!("somebody"), false))).collect();
        for (member, label) in self.names.all() {
            present.entry(member.key).and_modify(|one| one.0 = label);
        }
        present
    }

    /// Says what waits, as far as it may be said.
    pub(super) fn say_waiting(&mut self, shared: &mut Shared, now: Time) {
        let _ = self.hold_until.take_if(|until| *until <= now);
        while self.may_say() && !shared.broken {
            let present = if self.outbox.is_kept() { self.present() } else { Company::new() };
            match self.outbox.next(&present, self.hold_until.is_some()) {
                Some(Next::Say(text)) => match self.awaited.to.clone() {
                    Some(nick) => self.say_to_one(&nick, text, shared, now),
                    None => self.say(text, shared, now),
                },
                Some(Next::HandBack(text, reason)) => {
                    let number = self.hand_back(text.clone(), shared);
                    self.show(shared, Notice::HandedBack { number, text, reason });
                }
                None => return,
            }
        }
    }

    /// Whether the room takes one more.
    fn may_say(&self) -> bool {
        let is_in = self.conversation.as_ref().is_some_and(Conversation::is_in);
        self.phase == Phase::Talking && is_in && self.untaken.len() < UNTAKEN_MAX && self.has_awaited()
    }

    /// Whether commands may be carried out: they do not overtake what was typed before them, unless that waits for
    /// others to come back.
    pub(super) fn may_attend(&self) -> bool {
        self.outbox.is_empty() || (self.outbox.is_kept() && self.hold_until.is_some())
    }

    /// Gives a line back to its writer: the number by which he sends or drops it.
    pub(in crate::app) fn hand_back(&mut self, text: String, shared: &mut Shared) -> u64 {
        let (number, forgotten) = self.outbox.hand_back(text);
        for number in forgotten {
            self.error(shared, text!("handed-back-forgotten", number = number));
        }
        number
    }

    /// We are thrown back to the room's door, in the same session: a new stay has begun there.
    pub(super) fn mind_stay(&mut self, now: Time) {
        let is_out = self.conversation.as_ref().is_some_and(|talk| !talk.is_in());
        if is_out && matches!(self.phase, Phase::Talking | Phase::Settling { .. }) {
            // Those whom the user still sees.
            let had_company = self.names.all().next().is_some();
            self.keep_company();
            let reason = text!("away-unheard");
            self.returning = Some(Return { reason, had_company });
            self.phase = Phase::Entering { until: now + ENTER_TIMEOUT };
        }
    }

    /// `/resend`: what was handed back is typed anew; where nothing was, what waits for others waits no longer.
    pub(super) fn resend(&mut self, rest: &str, shared: &mut Shared) {
        let Some(number) = self.number(rest, &text!("number-resend"), shared) else { return };
        let texts = self.outbox.take_back(number);
        if texts.is_empty() && number.is_none() && self.outbox.is_kept() && self.hold_until.take().is_some() {
            return;
        }
        if texts.is_empty() {
            return self.error(shared, text!("handed-back-none"));
        }
        texts.into_iter().for_each(|text| self.typed(text, shared));
    }

    /// `/drop`: what was handed back is forgotten; `/drop waiting`: what waits is.
    pub(super) fn drop_lines(&mut self, rest: &str, shared: &mut Shared) {
        if rest == "waiting" {
            let lines = self.outbox.drop_waiting();
            return self.show(shared, Notice::Dropped { lines, waiting: true });
        }
        let Some(number) = self.number(rest, &text!("number-drop"), shared) else { return };
        match self.outbox.take_back(number).len() {
            0 => self.error(shared, text!("handed-back-none")),
            lines => self.show(shared, Notice::Dropped { lines, waiting: false }),
        }
    }

    /// Some number, or none given; nothing where what is given is no number, which is told.
    fn number(&self, rest: &str, usage: &str, shared: &mut Shared) -> Option<Option<u64>> {
        if rest.is_empty() {
            return Some(None);
        }
        let number = rest.trim_start_matches('#').parse().ok();
        if number.is_none() {
            self.error(shared, text!("number-wrong", usage = usage));
        }
        number.map(Some)
    }

    /// `/info`: who has opened what we said last, or as the so-manieth.
    pub(super) fn tell_delivery(&mut self, rest: &str, shared: &mut Shared) {
        let Some(number) = self.number(rest, &text!("number-info"), shared) else { return };
        let Some(conversation) = &self.conversation else {
            return self.error(shared, text!("delivery-outside"));
        };
        let number = number
            .map(|number| number.saturating_sub(self.said_before))
            .or_else(|| conversation.delivered().next_back());
        let delivery = number.and_then(|number| Some((number, conversation.delivery(number)?)));
        match delivery {
            Some((number, delivery)) => self.delivered(number, &delivery, true, shared),
            None => self.error(shared, text!("delivery-unknown")),
        }
    }

    /// Somebody more has opened something.
    pub(super) fn opened(&mut self, number: u64, shared: &mut Shared) {
        let delivery = self.conversation.as_ref().and_then(|talk| talk.delivery(number));
        if let Some(delivery) = delivery {
            self.delivered(number, &delivery, false, shared);
        }
    }

    fn delivered(&self, number: u64, delivery: &Delivery, asked: bool, shared: &mut Shared) {
        let missing = delivery.missing.iter().map(|who| {
            let nick = || who.nick.as_ref().map_or_else(|| text!("somebody"), ToString::to_string);
            self.names.label(&who.id).unwrap_or_else(nick)
        });
        let missing = missing.collect();
        let (number, opened, of) = (self.said_before.saturating_add(number), delivery.opened, delivery.of);
        self.show(shared, Notice::Delivered { number, opened, of, missing, asked });
    }
}

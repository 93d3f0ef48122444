//! How a stay ends: asked to, refused, cut off, or at the end of its patience.
//!
//! **In** the wish to leave, the carrier's last word, the time. **Out** goodbyes, what was not taken, one
//! [`Outcome`]. **Never** an end that keeps quiet about what was typed and not taken by the relay.

use std::time::Duration;

use chatter_proto::relay::Quit;
use chatter_proto::relay::bye;
use chatter_proto::relay::client_frame::Frame;
use chatter_protocol::client::End;
use chatter_protocol::handshake::Refusal;
use chatter_protocol::time::Time;

use super::room::{self, Room, Shared};
use super::{App, Phase};
use crate::event::{Effect, Notice};
use crate::exit::{Failure, Outcome};
use crate::texts::text;

impl App {
    /// Leave once all that was typed is said and taken.
    pub(super) fn end_soon(&mut self, patience: Duration) {
        self.patience.get_or_insert(patience);
    }

    /// Says goodbye and waits a little for the answer; the second time, does not wait.
    pub(super) fn leave(&mut self, now: Time) {
        self.shared.patient_until = None;
        match self.phase {
            Phase::Opening | Phase::Away { .. } | Phase::Leaving { .. } => self.left(),
            Phase::Open => {
                self.phase = Phase::Leaving { until: now + LEAVE_TIMEOUT };
                for room in self.rooms.values_mut() {
                    room.say_goodbye(&mut self.shared, now);
                }
                self.shared.effects.push(Effect::Send(Frame::Quit(Quit {})));
            }
            Phase::Over => {}
        }
    }

    /// Leaves because of a failure.
    pub(super) fn fail(&mut self, failure: Failure, text: &str, now: Time) {
        if matches!(self.phase, Phase::Leaving { .. } | Phase::Over) {
            return;
        }
        self.error(text);
        self.shared.failure = Some(failure);
        self.leave(now);
    }

    /// The carrier's last word.
    pub(super) fn ended(&mut self, end: &End, trouble: Option<String>, now: Time) {
        let trouble = trouble.filter(|_| failure_of(end) == Failure::Unreachable);
        if self.comes_back_from(end) {
            return self.go_away(end, trouble, now);
        }
        match self.phase {
            Phase::Leaving { .. } => {
                if matches!(end, End::Bye(bye::Reason::Quit)) {
                    // All that we sent stood before our goodbye.
                    self.rooms.values_mut().for_each(|room| room.unconfirmed = None);
                }
                self.left();
            }
            Phase::Over => {}
            Phase::Opening | Phase::Away { .. } | Phase::Open => {
                let text = match trouble {
                    Some(trouble) => text!("no-connection", trouble = trouble),
                    None => end.to_string(),
                };
                self.error(text);
                self.name_untaken();
                self.finish(Outcome::Failed(failure_of(end)));
            }
        }
    }

    /// What the time alone brings to an end.
    pub(super) fn finish_when_due(&mut self, now: Time) {
        match self.phase {
            Phase::Open => self.end_when_taken(now),
            Phase::Leaving { until } if now >= until => self.left(),
            Phase::Opening | Phase::Away { .. } => self.give_up_when_due(now),
            Phase::Leaving { .. } | Phase::Over => {}
        }
    }

    /// Leaves when all is said and taken, or when that takes too long.
    fn end_when_taken(&mut self, now: Time) {
        let Some(patience) = self.patience else { return };
        // Those that are still being entered have bounds of their own.
        if self.rooms.values().any(|room| room.phase != room::Phase::Talking) {
            return;
        }
        // Whoever waits for others has a patience of his own.
        if self.rooms.values().any(Room::awaits) {
            return;
        }
        if self.rooms.values().all(Room::is_done) && !self.seeks() {
            if self.rooms.values().any(|room| room.outbox.has_back()) {
                self.fail(Failure::NotSaid, &text!("handed-back-unsent"), now);
            } else {
                self.leave(now);
            }
            return;
        }
        let until = *self.shared.patient_until.get_or_insert(now + patience);
        if now >= until {
            self.fail(Failure::NotSaid, &text!("relay-takes-nothing"), now);
        }
    }

    /// On the way back, whoever only wants to get rid of what he typed waits no longer than elsewhere.
    fn give_up_when_due(&mut self, now: Time) {
        let Some(patience) = self.patience.filter(|_| self.returning.is_some()) else { return };
        if self.rooms.values().all(|room| room.outbox.is_empty()) {
            self.leave(now);
            return;
        }
        let until = *self.shared.patient_until.get_or_insert(now + patience);
        if now >= until {
            self.fail(Failure::SessionLost, &text!("server-stays-away"), now);
        }
    }

    /// The stay is over, as asked or nearly so.
    fn left(&mut self) {
        let all_taken = self.rooms.values().all(|room| room.is_done() && !room.outbox.has_back());
        self.name_untaken();
        if self.rooms.values().any(|room| room.unconfirmed.is_some()) {
            self.shared.failure.get_or_insert(Failure::NotSaid);
        }
        match self.shared.failure {
            Some(failure) => self.finish(Outcome::Failed(failure)),
            None => {
                self.show(Notice::Left);
                self.finish(if all_taken { Outcome::Left } else { Outcome::Interrupted });
            }
        }
    }

    fn name_untaken(&mut self) {
        self.rooms.values().for_each(|room| room.name_untaken(&mut self.shared));
    }
}

impl Room {
    /// Names what was typed and never taken by the relay.
    pub(super) fn name_untaken(&self, shared: &mut Shared) {
        let texts: Vec<&String> =
            self.untaken.values().chain(&self.unconfirmed).chain(self.outbox.texts()).collect();
        for text in texts.iter().take(NAMED_MAX) {
            let cut = text.chars().count() > NAMED_CHARS_MAX;
            let start: String = text.chars().take(NAMED_CHARS_MAX).collect();
            let dots = if cut { "…" } else { "" };
            self.error(shared, text!("not-taken", text = format!("{start}{dots}")));
        }
        if let Some(more @ 1..) = texts.len().checked_sub(NAMED_MAX) {
            self.error(shared, text!("not-taken-more", lines = more));
        }
    }
}

/// What one can do about an end.
fn failure_of(end: &End) -> Failure {
    match end {
        End::PlainServer { .. } => Failure::PlainServer,
        End::Refused(Refusal::Full | Refusal::TooMany) => Failure::Full,
        End::Refused(Refusal::GateRetired) | End::Bye(bye::Reason::GateRetired) => Failure::PlainServer,
        End::Refused(Refusal::Version) => Failure::Local,
        End::Unreachable => Failure::Unreachable,
        End::ClockOff { .. } => Failure::Clock,
        End::Refused(Refusal::UnknownSession) | End::Lost { .. } | End::Tampered => Failure::SessionLost,
        End::Bye(
            bye::Reason::Quit
            | bye::Reason::Shutdown
            | bye::Reason::Purged
            | bye::Reason::TooSlow
            | bye::Reason::BrokeRules
            | bye::Reason::Unspecified,
        ) => Failure::SessionLost,
    }
}

/// A goodbye that is not answered within this was said in vain.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(2);
/// Of what was not taken, this much is named.
const NAMED_MAX: usize = 10;
const NAMED_CHARS_MAX: usize = 80;

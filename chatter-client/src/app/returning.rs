//! The way back into the rooms of a session that was lost: what is kept, what is handed back, how long each try waits.
//!
//! **In** the carrier's last word, the time, randomness for the waits. **Out** words about what was lost, another try.
//! **Never** a text said a second time by itself: whether it was heard is not known, so its sender decides.
//!
//! ```text
//! Open ──session lost──> Away ──time──> Opening ──> Open: each room enters again
//!                         ^────no door────┘
//! ```
//!
//! docs/protocol.md §5.10.

use std::time::Duration;

use chatter_proto::relay::bye;
use chatter_protocol::client::End;
use chatter_protocol::handshake::Refusal;
use chatter_protocol::time::Time;

use super::room::{Room, Shared};
use super::{App, Phase, Purpose};
use crate::dial::is_onion;
use crate::event::{Effect, Notice};
use crate::texts::text;

/// A way back that has begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Return {
    /// What had happened, for the sentence that tells of the return.
    pub(super) reason: String,
    /// Whether others were there before.
    pub(super) had_company: bool,
}

/// What is said of a Tor that may look for the service where it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Advice {
    /// There is a connection, or none to an onion service.
    #[default]
    None,
    /// There is none: if that stays so, it is given then.
    At(Time),
    /// Said, once for each time that the connection was lost.
    Given,
}

impl App {
    /// Whether this end is one to come back from.
    pub(super) fn comes_back_from(&self, end: &End) -> bool {
        if matches!(self.phase, Phase::Leaving { .. } | Phase::Over) {
            return false;
        }
        let has_begun = self.phase != Phase::Opening || self.returning.is_some();
        // Whoever only waits for the last acknowledgements is told that there are none.
        let has_unsaid = self.rooms.values().any(|room| !room.outbox.is_empty());
        let has_untaken = self.rooms.values().any(|room| !room.untaken.is_empty());
        let has_more = self.patience.is_none() || (has_unsaid && !has_untaken);
        self.rejoins && has_begun && has_more && reason(end, self.returning.is_some()).is_some()
    }

    /// Hands back what may not have been heard, keeps what was not said, and waits for the next try.
    pub(super) fn go_away(&mut self, end: &End, trouble: Option<String>, now: Time) {
        let text = trouble.unwrap_or_else(|| end.to_string());
        self.returning = self.returning.take().or_else(|| reason(end, false));
        for room in self.rooms.values_mut() {
            room.go_away(self.returning.as_deref(), &mut self.shared, now);
        }
        self.shared.broken = false;
        self.forget_listing();
        if self.entered_at.take().is_some_and(|entered_at| entered_at + STABLE_MIN <= now) {
            self.returns = 0;
        }
        let wait = DELAY_MIN * 2_u32.saturating_pow(self.returns.min(DOUBLINGS_MAX));
        let wait = wait.min(DELAY_MAX);
        let wait = self.entropy.between(wait * 3 / 4, wait * 5 / 4);
        self.returns = self.returns.saturating_add(1);
        self.phase = Phase::Away { until: now + wait };
        self.show(Notice::Away { text, seconds: wait.as_secs().max(1) });
    }

    /// `/reconnect`: tries at once, whatever the time; but no more often than that, whoever asks.
    pub(super) fn reconnect(&mut self, now: Time) {
        if self.asked_at.is_some_and(|asked_at| now.saturating_since(asked_at) < ASKED_MIN) {
            return;
        }
        self.asked_at = Some(now);
        if matches!(self.phase, Phase::Away { .. }) {
            self.phase = Phase::Away { until: now };
        } else if matches!(self.phase, Phase::Open | Phase::Opening) {
            self.shared.effects.push(Effect::Reconnect);
        }
    }

    /// Whether there is no connection, as far as we know.
    pub(super) fn is_cut(&self) -> bool {
        matches!(self.phase, Phase::Away { .. }) || self.shared.broken
    }

    /// Tor asks no directory twice within a quarter of an hour, and believes introduction points that answer for a host which
    /// is gone: whoever uses it can have it forget, we can't.
    pub(super) fn advise_when_due(&mut self, now: Time) {
        let is_lost = self.is_cut() || self.phase == Phase::Opening;
        self.advice = match self.advice {
            _ if !is_lost || !is_onion(&self.access.address.host) => Advice::None,
            Advice::None => Advice::At(now + ADVICE_DELAY),
            Advice::At(at) if at <= now => {
                self.show(Notice::Warning(text!("tor-outdated")));
                Advice::Given
            }
            Advice::At(_) | Advice::Given => self.advice,
        };
    }

    /// When advice is due.
    pub(super) fn advice_at(&self) -> Option<Time> {
        match self.advice {
            Advice::At(at) => Some(at),
            Advice::None | Advice::Given => None,
        }
    }

    /// Tries again when it is time.
    pub(super) fn come_back_when_due(&mut self, now: Time) {
        let Phase::Away { until } = self.phase else { return };
        if now >= until {
            self.phase = Phase::Opening;
            self.shared.effects.push(Effect::Open);
        }
    }
}

impl Room {
    /// In the room, for the first time or again: until when to wait for others who come back.
    pub(super) fn announce_entry(&mut self, present: usize, shared: &mut Shared, now: Time) -> Option<Time> {
        if let Some(Return { reason, had_company }) = self.returning.take() {
            self.show(shared, Notice::Rejoined { text: reason, present });
            return Some(now + COMPANY_TIMEOUT).filter(|_| had_company);
        }
        self.show(shared, Notice::Entered { present });
        if matches!(self.purpose, Purpose::Join) && present == 0 {
            self.show(shared, Notice::Progress(text!("entered-alone")));
        }
        None
    }
}

/// What had happened where one comes back from this end; none where it means to stay away. On the way back, a door
/// that is not there or full is one to wait for.
fn reason(end: &End, returning: bool) -> Option<String> {
    match end {
        End::Bye(bye::Reason::Shutdown) => Some(text!("away-restarted")),
        End::Bye(bye::Reason::TooSlow) => Some(text!("away-slow")),
        End::Lost { .. } | End::Refused(Refusal::UnknownSession) => Some(text!("away-lost")),
        End::Unreachable | End::Refused(Refusal::Full | Refusal::TooMany) if returning => Some(String::new()),
        End::Unreachable
        | End::Refused(Refusal::Full | Refusal::TooMany | Refusal::GateRetired | Refusal::Version)
        | End::Bye(
            bye::Reason::Quit
            | bye::Reason::Purged
            | bye::Reason::GateRetired
            | bye::Reason::BrokeRules
            | bye::Reason::Unspecified,
        )
        | End::PlainServer { .. }
        | End::ClockOff { .. }
        | End::Tampered => None,
    }
}

/// The first try waits so long, give or take a quarter; each further one twice as long …
const DELAY_MIN: Duration = Duration::from_secs(1);
const DOUBLINGS_MAX: u32 = 6;
/// … up to this: a server that returns is found within a minute, and a few hundred members don't find it at once.
const DELAY_MAX: Duration = Duration::from_secs(60);
/// Others try again within so long, unless the server was away for more than a few minutes.
const COMPANY_TIMEOUT: Duration = Duration::from_secs(60);
/// A script that sends empty lines must not beat at the door.
const ASKED_MIN: Duration = Duration::from_secs(1);
/// Without a connection to an onion service for so long: any other reason is over by then, mostly.
const ADVICE_DELAY: Duration = Duration::from_secs(60);
/// A stay that has lasted so long was one: the next loss begins anew.
const STABLE_MIN: Duration = Duration::from_secs(60);

//! How links come and go: opened, dated, refused, lost, resumed, renewed.
//!
//! **In** what became of a link. **Out** the next try, or the end. **Never** a session given up while the server may
//! still keep it: only time, or what the server sealed, says that it is over.
//!
//! docs/protocol.md §2.4, §3.7, §5.5–5.7.

use alloc::vec::Vec;
use core::time::Duration;

use super::{Phase, Session};
use crate::client::link::{Link, cookie};
use crate::client::output::{DAY, End, Output};
use crate::frame::FrameBuffer;
use crate::handshake::{self, Refusal, Request};
use crate::ids::LinkId;
use crate::limits;
use crate::time::{Time, WallTime};

impl Session {
    pub(super) fn open(&mut self, now: Time, wall: WallTime) {
        self.open_at = None;
        let request = match self.way_back.newest() {
            Some(handle) => Request::Resume { handle, down_offset: self.down_next },
            None => Request::Fresh,
        };
        let time = self.clock.token_time(wall);
        let (token, offered) =
            handshake::offer_with(self.chaff, &self.code, &self.keys, &request, time, &mut self.entropy);
        let id = LinkId(self.next_link);
        self.next_link += 1;
        let mut newer = Link::new(id, offered, self.code.preamble_len, self.down_next, now);
        newer.be_patient(self.patience);
        self.newer = Some(newer);
        self.outputs.push_back(Output::Open {
            link: id,
            path: self.code.carrier_path.as_str().into(),
            cookie: cookie(self.cookie_name, &token),
        });
    }

    /// When a newer link is to be opened beside the one in use: for fresh keys, or since nothing that is sent over
    /// this one is acknowledged any more.
    pub(super) fn renewal_at(&self) -> Option<Time> {
        let stuck_at = if self.can_send() { self.up.stuck_at() } else { None };
        let idle = self.link.is_some() && self.newer.is_none() && self.open_at.is_none();
        self.renew_at.into_iter().chain(stuck_at).min().filter(|_| idle)
    }

    /// The answer was a file server's: the token came too late, twice, with another clock, or to somebody else.
    pub(super) fn plain_answer(&mut self, now: Time, wall: WallTime) {
        if let Some(newer) = self.newer.take() {
            self.outputs.push_back(Output::Close { link: newer.id });
        }
        self.plain_answers += 1;
        let news = self.clock.refused();
        if self.link.is_some() {
            if self.plain_answers >= limits::PLAIN_ANSWERS_MAX {
                // A renewal came to nothing; what carries the session still does.
                self.plain_answers = 0;
                self.up.renewed_in_vain(now);
                self.renew_at = Some(now + self.entropy.between(limits::REKEY_MIN, limits::REKEY_MAX));
                return;
            }
        } else if self.way_back.newest().is_none() {
            let too_many = self.plain_answers >= limits::PLAIN_ANSWERS_MAX;
            if too_many || self.clock.difference() > DAY {
                return self.give_up_as_plain();
            }
        } else if self.plain_answers >= limits::PLAIN_ANSWERS_RESUMING_MAX {
            return self.give_up_as_plain();
        }
        if self.plain_answers == 1 {
            return self.open(now, wall);
        }
        let tries = usize::try_from(self.plain_answers).unwrap_or(usize::MAX);
        let usual = PLAIN_DELAYS.get(tries - 2).copied().unwrap_or(RETRY_DELAY_MAX);
        self.open_at = Some(now + if news { usual / 2 } else { usual });
    }

    pub(super) fn refused(&mut self, refusal: Refusal, now: Time) {
        if refusal == Refusal::UnknownSession {
            return self.find_way_back(now);
        }
        // A broken session may be resumed once the server has room again; by a code that is no more it never may.
        let lasting = matches!(refusal, Refusal::GateRetired | Refusal::Version);
        if let (false, Some(newer), Some(_)) = (lasting, &self.newer, self.way_back.newest()) {
            self.lose_link(newer.id, now, true);
        } else {
            self.finish(End::Refused(refusal));
        }
    }

    /// The server does not know the handle, but may know an older one. Where none was ever confirmed and nothing was
    /// taken, a fresh session loses nothing.
    fn find_way_back(&mut self, now: Time) {
        let leads_on = self.way_back.newest_is_unknown();
        if self.way_back.newest().is_none() {
            if !leads_on || self.up.was_taken() {
                return self.give_up();
            }
            (self.down_next, self.down_acked, self.frames) = (0, 0, FrameBuffer::default());
            let dead = self.link.take().into_iter();
            self.outputs.extend(dead.map(|link| Output::Close { link: link.id }));
        }
        if let Some(newer) = self.newer.take() {
            self.outputs.push_back(Output::Close { link: newer.id });
        }
        self.open_at = Some(now);
    }

    /// The first record of the newer link has come: it carries the session now.
    pub(super) fn take_over(&mut self, id: LinkId, now: Time) {
        let Some(newer) = self.newer.take_if(|newer| newer.id == id) else { return };
        if let Some(old) = self.link.replace(newer) {
            self.outputs.push_back(Output::Close { link: old.id });
        }
        self.up.new_link(id, now);
        self.renew_at = Some(now + self.entropy.between(limits::REKEY_MIN, limits::REKEY_MAX));
        let warning = self.clock.link_stands();
        self.outputs.extend(warning.map(Output::Warning));
        (self.plain_answers, self.failures, self.broken_at, self.open_at) = (0, 0, None, None);
        if self.phase == Phase::Broken {
            self.outputs.push_back(Output::Resumed);
            self.phase = Phase::Live;
        }
    }

    /// A link is of no more use. While another carries the session that is no loss.
    pub(super) fn lose_link(&mut self, id: LinkId, now: Time, close: bool) {
        let newer = self.newer.take_if(|newer| newer.id == id);
        let current = self.link.take_if(|link| link.id == id);
        if (newer.is_none() && current.is_none()) || self.phase == Phase::Ended {
            return;
        }
        if close {
            self.outputs.push_back(Output::Close { link: id });
        }
        let is_first = self.phase == Phase::Opening && self.way_back.newest().is_none();
        if self.link.is_none() && !is_first {
            self.broken_at.get_or_insert(now);
        }
        if self.link.is_none() && self.phase == Phase::Live {
            self.phase = Phase::Broken;
            self.outputs.push_back(Output::Broken);
        }
        if is_first && self.failures + 1 >= self.first_tries {
            return self.finish(End::Unreachable);
        }
        if self.newer.is_none() && self.open_at.is_none() {
            let delay = RETRY_DELAYS.get(usize::try_from(self.failures).unwrap_or(usize::MAX));
            self.failures = self.failures.saturating_add(1);
            self.open_at = Some(now + delay.copied().unwrap_or(RETRY_DELAY_MAX));
        }
    }

    /// Closes the links that brought nothing for too long.
    pub(super) fn close_silent_links(&mut self, now: Time, wall: WallTime) {
        let links = self.link.iter().chain(&self.newer);
        let silent: Vec<LinkId> = links.filter(|link| link.dead_at() <= now).map(|link| link.id).collect();
        for link in silent {
            self.outputs.push_back(Output::Close { link });
            self.link_closed(link, now, wall);
        }
    }

    /// The session can't be resumed any more.
    pub(super) fn give_up(&mut self) {
        self.finish(End::Lost { unacknowledged: self.up.unacknowledged() });
    }

    fn give_up_as_plain(&mut self) {
        let difference = self.clock.difference();
        self.finish(if difference > DAY {
            End::ClockOff { seconds: difference }
        } else {
            End::PlainServer { tries: self.plain_answers }
        });
    }
}

/// Waits after plain answers but the first: a server that has just restarted needs a moment before the third try.
const PLAIN_DELAYS: [Duration; 2] = [Duration::from_secs(2), Duration::from_secs(4)];
/// Waits between attempts to resume, and the last one for ever after.
const RETRY_DELAYS: [Duration; 5] = [
    Duration::from_millis(100),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];
const RETRY_DELAY_MAX: Duration = Duration::from_secs(8);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{AccessCode, AccessSecret, CarrierPath, ServerSecret};
    use crate::entropy::Entropy;

    fn session() -> Session {
        let mut entropy = Entropy::new([1; 32]);
        let code = AccessCode {
            server_key: ServerSecret::generate(&mut entropy).key(),
            secret: AccessSecret::generate(&mut entropy),
            carrier_path: CarrierPath::parse("/data.enc").expect("a path"),
            preamble_len: 16,
        };
        Session::new(&code, entropy, Time::ZERO, WALL)
    }

    /// The link that it asks for; none where it has ended.
    fn opened(session: &mut Session) -> Option<LinkId> {
        let output = session.poll_output().expect("something to do");
        if let Output::Open { link, .. } = output {
            return Some(link);
        }
        assert_eq!(output, Output::Ended(End::Unreachable));
        None
    }

    #[test]
    fn a_way_that_has_to_be_built_is_waited_for_and_tried_again() {
        let mut near = session();
        assert_eq!(near.poll_timeout(), Some(Time::ZERO + limits::OPENED_TIMEOUT));
        let link = opened(&mut near).expect("a link");
        near.link_closed(link, Time::ZERO, WALL);
        assert_eq!(opened(&mut near), None);

        let mut far = session().far();
        assert_eq!(far.poll_timeout(), Some(Time::ZERO + limits::FAR_OPENED_TIMEOUT));
        let link = opened(&mut far).expect("a link");
        let later = Time::ZERO + limits::FAR_OPENED_TIMEOUT;
        far.link_closed(link, later, WALL);
        assert_eq!(far.poll_output(), None, "not in the same instant");
        let again = far.poll_timeout().expect("another try");
        assert!(again < later + Duration::from_secs(1));
        far.handle_timeout(again, WALL);
        let link = opened(&mut far).expect("another link");
        assert_eq!(far.poll_timeout(), Some(again + limits::FAR_OPENED_TIMEOUT));
        far.link_closed(link, again, WALL);
        assert_eq!(opened(&mut far), None);
    }

    const WALL: WallTime = WallTime(1_000_000);
}

//! How often holders may have the server compute on the curve: a steady rate and a burst, for each gate and origin.
//!
//! **In** whose opening it is, the time. **Out** whether it is heard, refused, or not even looked at. **Never** a
//! stranger: what comes here bore a genuine MAC, was timely and new.
//!
//! A refusal is said in message 2 and costs the same curve work as a session, so it has a bound, too: beyond a second
//! burst the file's own bytes go out.
//!
//! docs/protocol.md §3.3.

use alloc::collections::BTreeMap;
use core::time::Duration;

use super::bounds::{Bounds, Origin};
use super::gatekeeper::GateId;
use crate::limits;
use crate::time::Time;

/// What becomes of an opening.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Hearing {
    /// It is judged as what it asks for.
    Heard,
    /// Message 2 says that there were too many.
    TooMany,
    /// No curve work is done for it.
    Unheard,
}

/// Up to when the openings so far use up what may come, by gate and by origin.
#[derive(Debug, Default)]
pub(super) struct Openings {
    gates: BTreeMap<GateId, Time>,
    origins: BTreeMap<Origin, Time>,
    /// When to look for those who came long ago.
    forget_at: Option<Time>,
}

impl Openings {
    /// Counts an opening, if it is not unheard.
    pub(super) fn hear(
        &mut self,
        gate: GateId,
        origin: Option<Origin>,
        bounds: &Bounds,
        now: Time,
    ) -> Hearing {
        let by_gate = Line::of(self.gates.get(&gate), bounds.gate_openings_max, now);
        let from = origin.filter(|origin| self.has_place_for(*origin, now));
        let by_origin =
            from.map(|origin| (origin, Line::of(self.origins.get(&origin), bounds.origin_openings_max, now)));
        let hearing = by_gate.hearing.max(by_origin.map_or(Hearing::Heard, |(_, line)| line.hearing));
        if hearing != Hearing::Unheard {
            self.gates.insert(gate, by_gate.then);
            if let Some((origin, line)) = by_origin {
                self.origins.insert(origin, line.then);
            }
            self.forget_at.get_or_insert(now + limits::OPENINGS_BURST);
        }
        hearing
    }

    /// When [`forget`](Self::forget) next has something to do.
    pub(super) fn next(&self) -> Option<Time> {
        self.forget_at
    }

    /// Leaves nothing of those whose openings are long ago.
    pub(super) fn forget(&mut self, now: Time) {
        // Made anew: a table keeps the bytes of what was taken out of it.
        self.gates = core::mem::take(&mut self.gates).into_iter().filter(|(_, until)| *until > now).collect();
        self.origins =
            core::mem::take(&mut self.origins).into_iter().filter(|(_, until)| *until > now).collect();
        let left = !self.gates.is_empty() || !self.origins.is_empty();
        self.forget_at = left.then(|| now + limits::OPENINGS_BURST);
    }

    fn has_place_for(&mut self, origin: Origin, now: Time) -> bool {
        let full = |origins: &BTreeMap<Origin, Time>| origins.len() >= limits::OPENINGS_ORIGINS_MAX;
        if !full(&self.origins) || self.origins.contains_key(&origin) {
            return true;
        }
        self.origins.retain(|_, until| *until > now);
        !full(&self.origins)
    }
}

/// One more opening in one line.
#[derive(Clone, Copy)]
struct Line {
    hearing: Hearing,
    then: Time,
}

impl Line {
    fn of(until: Option<&Time>, per_second: u32, now: Time) -> Self {
        let until = until.copied().unwrap_or(now).max(now);
        let ahead = until.saturating_since(now);
        let hearing = if ahead < limits::OPENINGS_BURST {
            Hearing::Heard
        } else if ahead < limits::OPENINGS_BURST * 2 {
            Hearing::TooMany
        } else {
            Hearing::Unheard
        };
        Self { hearing, then: until + Duration::from_secs(1) / per_second.max(1) }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    const GATE: GateId = GateId(1);

    fn bounds(origin: u32, gate: u32) -> Bounds {
        Bounds { origin_openings_max: origin, gate_openings_max: gate, ..Bounds::default() }
    }

    fn at(seconds: u64) -> Time {
        Time::from_start(Duration::from_secs(seconds))
    }

    fn count(hearings: &[Hearing]) -> [usize; 3] {
        [Hearing::Heard, Hearing::TooMany, Hearing::Unheard]
            .map(|wanted| hearings.iter().filter(|hearing| **hearing == wanted).count())
    }

    #[test]
    fn a_burst_is_heard_a_second_one_refused_and_the_rest_costs_nothing() {
        let mut openings = Openings::default();
        let bounds = bounds(10, 1000);
        let mut flood = |origin, now| {
            let hear = |_| openings.hear(GATE, Some(Origin(origin)), &bounds, now);
            count(&(0..500).map(hear).collect::<Vec<_>>())
        };
        assert_eq!(flood(1, at(0)), [80, 80, 340]);
        assert_eq!(flood(1, at(1)), [0, 10, 490], "as many a second as there may be");
        assert_eq!(flood(2, at(1)), [80, 80, 340], "another origin has its own");
        assert_eq!(flood(1, at(17)), [80, 80, 340], "after a pause all is as before");
    }

    #[test]
    fn many_origins_by_one_code_share_the_code_s_bound() {
        let mut openings = Openings::default();
        let bounds = bounds(10, 100);
        let hear = |number| openings.hear(GATE, Some(Origin(number)), &bounds, at(0));
        assert_eq!(count(&(0..5000).map(hear).collect::<Vec<_>>()), [800, 800, 3400]);
        let exempt = openings.hear(GateId(2), None, &bounds, at(0));
        assert_eq!(exempt, Hearing::Heard, "another code has its own");
    }

    #[test]
    fn memory_is_bounded_and_given_back() {
        let mut openings = Openings::default();
        let bounds = bounds(1, u32::MAX);
        for number in 0..20_000 {
            openings.hear(GATE, Some(Origin(number)), &bounds, at(0));
        }
        assert_eq!(openings.origins.len(), limits::OPENINGS_ORIGINS_MAX);
        assert_eq!(openings.next(), Some(at(8)));
        openings.forget(at(8));
        assert_eq!((openings.origins.len(), openings.gates.len(), openings.next()), (0, 0, None));
    }
}

//! Each opening token counts once: the window of time, the floor, and the memory of what came.
//!
//! **In** recognised tokens' times and MACs, and the wall clock. **Out** whether a token is fresh. **Never** a way
//! to forget within the process: no purge, rotation or step of the clock empties the memory or lowers the floor.
//!
//! docs/protocol.md §2.

use alloc::collections::BTreeSet;

use crate::limits::{REFUSED_TOKENS_MAX, REPLAY_TOKENS_MAX, TOKEN_AGE_MAX, TOKEN_LEAD_MAX};
use crate::time::WallTime;

/// What has been seen since the process began.
#[derive(Clone, Debug)]
pub struct Replay {
    // A token's MAC covers its time, so the pair is as unique as the MAC; ordered by age.
    seen: BTreeSet<(WallTime, [u8; 16])>,
    // Refused since they came too early, or too late: their time may come, or come again. Without this, whoever records
    // a client whose clock is an hour ahead could deliver its first token an hour later.
    early: BTreeSet<(WallTime, [u8; 16])>,
    late: BTreeSet<(WallTime, [u8; 16])>,
    floor: WallTime,
    newest: WallTime,
    capacity: usize,
}

/// Why a process may trust tokens from before its start, or may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Past {
    /// The keys were made by this process: no older token exists.
    FreshKeys,
    /// The process before stopped cleanly, and this was the newest token it had seen.
    CleanStop(WallTime),
    /// Nothing is known: whatever was dated before the start, lead included, may have been seen.
    Unknown,
}

impl Replay {
    /// An empty memory of a process that starts at `start`.
    pub fn new(past: Past, start: WallTime) -> Self {
        let floor = match past {
            Past::FreshKeys => WallTime(0),
            Past::CleanStop(newest) => newest,
            Past::Unknown => WallTime(start.0.saturating_add(TOKEN_LEAD_MAX)),
        };
        Self {
            seen: BTreeSet::new(),
            early: BTreeSet::new(),
            late: BTreeSet::new(),
            floor,
            newest: floor,
            capacity: REPLAY_TOKENS_MAX,
        }
    }

    /// Remembers so many tokens, at least one. What is remembered beyond that goes as the next ones come.
    pub fn set_capacity(&mut self, tokens: usize) {
        self.capacity = tokens.max(1);
    }

    /// Whether the token dated `time` is in its window and comes for the first time; if so it is entered.
    pub fn admit(&mut self, mac: &[u8; 16], time: WallTime, now: WallTime) -> bool {
        if !self.would_admit(mac, time, now) {
            self.remember_refused(mac, time, now);
            return false;
        }
        self.seen.insert((time, *mac));
        self.newest = self.newest.max(time);
        while self.seen.len() > self.capacity {
            if let Some((oldest, _)) = self.seen.pop_first() {
                self.floor = self.floor.max(oldest);
            }
        }
        true
    }

    /// What [`admit`](Self::admit) would say, without entering anything.
    pub fn would_admit(&self, mac: &[u8; 16], time: WallTime, now: WallTime) -> bool {
        let earliest = now.0.saturating_sub(TOKEN_AGE_MAX);
        let latest = now.0.saturating_add(TOKEN_LEAD_MAX);
        let token = (time, *mac);
        let known = [&self.seen, &self.early, &self.late].iter().any(|memory| memory.contains(&token));
        (earliest..=latest).contains(&time.0) && time > self.floor && !known
    }

    /// Where there are too many, those go whose time is farthest away.
    fn remember_refused(&mut self, mac: &[u8; 16], time: WallTime, now: WallTime) {
        if time.0 > now.0.saturating_add(TOKEN_LEAD_MAX) {
            self.early.insert((time, *mac));
        } else if time.0 < now.0.saturating_sub(TOKEN_AGE_MAX) && time > self.floor {
            self.late.insert((time, *mac));
        }
        if self.early.len() > REFUSED_TOKENS_MAX {
            self.early.pop_last();
        }
        if self.late.len() > REFUSED_TOKENS_MAX {
            self.late.pop_first();
        }
    }

    /// The newest token seen; after a clean stop the next process starts with it.
    pub fn newest(&self) -> WallTime {
        self.newest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: WallTime = WallTime(1_000_000);

    fn at(offset: i64) -> WallTime {
        WallTime(NOW.0.saturating_add_signed(offset))
    }

    #[test]
    fn the_window_is_120_seconds_back_and_10_ahead() {
        let check = |offset| Replay::new(Past::FreshKeys, NOW).admit(&[1; 16], at(offset), NOW);
        assert!(check(-120) && check(0) && check(10));
        assert!(!check(-121) && !check(11));
    }

    #[test]
    fn a_token_counts_once_whatever_the_clock_does() {
        let mut replay = Replay::new(Past::FreshKeys, NOW);
        assert!(replay.would_admit(&[1; 16], NOW, NOW) && replay.would_admit(&[1; 16], NOW, NOW));
        assert!(replay.admit(&[1; 16], NOW, NOW));
        assert!(!replay.would_admit(&[1; 16], NOW, NOW));
        assert!(!replay.admit(&[1; 16], NOW, NOW));
        assert!(!replay.admit(&[1; 16], NOW, at(500)));
        assert!(!replay.admit(&[1; 16], NOW, at(0)), "the clock stepped back");
        assert!(replay.admit(&[2; 16], NOW, NOW));
    }

    #[test]
    fn the_floor_depends_on_the_past() {
        let mut unknown = Replay::new(Past::Unknown, NOW);
        assert!(!unknown.admit(&[1; 16], at(10), NOW));
        assert!(unknown.admit(&[1; 16], at(11), at(1)));
        let mut clean = Replay::new(Past::CleanStop(at(-5)), NOW);
        assert!(!clean.admit(&[1; 16], at(-5), NOW));
        assert!(clean.admit(&[1; 16], at(-4), NOW));
    }

    #[test]
    fn a_token_refused_for_its_time_is_not_good_when_its_time_comes() {
        let mut replay = Replay::new(Past::FreshKeys, NOW);
        assert!(!replay.admit(&[1; 16], at(3600), NOW), "from a clock that is ahead");
        assert!(!replay.admit(&[1; 16], at(3600), at(3600)), "delivered by who recorded it");
        assert!(!replay.admit(&[2; 16], at(-3600), NOW), "from a clock that is behind");
        assert!(!replay.admit(&[2; 16], at(-3600), at(-3600)), "the server's clock was set back");
        assert!(replay.admit(&[3; 16], at(3600), at(3600)) && replay.admit(&[3; 16], at(-3600), at(-3600)));
    }

    #[test]
    fn refused_tokens_are_bounded() {
        let mut replay = Replay::new(Past::FreshKeys, NOW);
        for second in 0..2 * i64::try_from(REFUSED_TOKENS_MAX).expect("few") {
            assert!(!replay.admit(&[1; 16], at(100 + second), NOW));
            assert!(!replay.admit(&[1; 16], at(-200 - second), NOW));
        }
        assert_eq!((replay.early.len(), replay.late.len()), (REFUSED_TOKENS_MAX, REFUSED_TOKENS_MAX));
        assert!(!replay.admit(&[1; 16], at(100), at(100)), "the nearest are kept");
        assert!(!replay.admit(&[1; 16], at(-200), at(-200)));
    }

    #[test]
    fn when_full_the_floor_rises() {
        let mut replay = Replay::new(Past::FreshKeys, NOW);
        replay.set_capacity(3);
        for second in 0..5 {
            assert!(replay.admit(&[1; 16], at(second), NOW));
        }
        assert!(!replay.admit(&[1; 16], at(0), NOW), "forgotten, but below the floor");
        assert!(!replay.admit(&[9; 16], at(1), NOW), "at the floor");
        assert!(!replay.admit(&[1; 16], at(4), NOW), "remembered");
        assert_eq!(replay.newest(), at(4));
    }
}

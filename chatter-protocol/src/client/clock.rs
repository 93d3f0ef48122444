//! What the client knows of the server's wall clock: tokens are dated by that, not by ours.
//!
//! **In** the `Date` of answers beside our own clock. **Out** the time that the next token bears, and whether the two
//! differ. **Never** a `Date` more than a day away from our clock: whoever answers in the server's place could collect
//! tokens for a day to come.
//!
//! docs/protocol.md §2.4.

use alloc::string::String;

use super::output::DAY;
use crate::limits;
use crate::time::WallTime;

/// How far the server's wall clock is ahead of ours.
#[derive(Default)]
pub(super) struct ServerClock {
    /// By the newest answer, whoever gave it.
    told: Option<i64>,
    /// By the answer that the link in use came with.
    proven: i64,
    /// Plain answers since there was news.
    refusals: u32,
    news: bool,
    warned: bool,
}

impl ServerClock {
    /// An answer states this `Date`.
    pub(super) fn note(&mut self, date: WallTime, wall: WallTime) {
        let ahead = i128::from(date.0) - i128::from(wall.0);
        let ahead = i64::try_from(ahead).unwrap_or(if ahead < 0 { i64::MIN } else { i64::MAX });
        let before = self.told.replace(ahead);
        self.news = before.is_none_or(|before| before.abs_diff(ahead) > NEWS_MIN);
    }

    /// The answer was a plain one. True: it said something new of the server's clock, which is worth another try soon.
    pub(super) fn refused(&mut self) -> bool {
        let news = core::mem::take(&mut self.news);
        self.refusals = if news { 1 } else { self.refusals.saturating_add(1) };
        news
    }

    /// A link stands: its answer came from the server. What the user should be told, if anything.
    pub(super) fn link_stands(&mut self) -> Option<String> {
        (self.refusals, self.news) = (0, false);
        let ahead = self.told.filter(|_| self.difference() <= DAY)?;
        self.proven = ahead;
        if self.warned || ahead.unsigned_abs() <= limits::TOKEN_AGE_MAX / 2 {
            return None;
        }
        self.warned = true;
        let side = if ahead > 0 { "behind" } else { "ahead of" };
        let seconds = ahead.unsigned_abs();
        Some(alloc::format!("your clock is {seconds} seconds {side} the server's; one of them is wrong"))
    }

    /// How far the clocks are apart by the newest answer, in seconds.
    pub(super) fn difference(&self) -> u64 {
        self.told.map_or(0, i64::unsigned_abs)
    }

    /// The time of the next token: by what was right before, then by what the last answer said, then ahead of that, as
    /// far as the server's window goes. [One that has just restarted takes nothing that could have been used before,
    /// which is all that is dated up to its start and a full lead beyond; the wait before the third try gets past
    /// that.] Then from the beginning: answers may have come out of a cache.
    pub(super) fn token_time(&self, wall: WallTime) -> WallTime {
        let told = self.told.filter(|_| self.difference() <= DAY).unwrap_or(self.proven);
        let ahead = match self.refusals % 3 {
            0 => self.proven,
            1 => told,
            _ => told.saturating_add_unsigned(limits::TOKEN_LEAD_MAX - 1),
        };
        WallTime(wall.0.saturating_add_signed(ahead))
    }
}

/// By less than that, clocks and networks differ all the time.
const NEWS_MIN: u64 = 30;

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    const WALL: WallTime = WallTime(1_000_000);

    #[test]
    fn the_second_try_is_dated_by_the_answer_and_the_third_ahead_of_it() {
        let mut clock = ServerClock::default();
        let mut times = Vec::new();
        for _ in 0..4 {
            times.push(clock.token_time(WALL).0);
            clock.note(WallTime(WALL.0 - 3600), WALL);
            clock.refused();
        }
        assert_eq!(times, [WALL.0, WALL.0 - 3600, WALL.0 - 3591, WALL.0]);
    }

    #[test]
    fn what_was_right_once_is_tried_first_and_news_next() {
        let mut clock = ServerClock::default();
        clock.note(WallTime(WALL.0 + 3600), WALL);
        let said = clock.link_stands().expect("an hour is told");
        assert_eq!(said, "your clock is 3600 seconds behind the server's; one of them is wrong");
        assert_eq!(clock.link_stands(), None, "once");
        assert_eq!(clock.token_time(WallTime(WALL.0 + 10)), WallTime(WALL.0 + 3610));
        // An old answer out of a cache, then one of the server, whose clock was set meanwhile.
        clock.note(WallTime(WALL.0 - 7200), WALL);
        assert!(clock.refused());
        clock.note(WallTime(WALL.0 + 5), WALL);
        assert!(clock.refused());
        assert_eq!(clock.token_time(WALL), WallTime(WALL.0 + 5));
        clock.note(WallTime(WALL.0 + 6), WALL);
        assert!(!clock.refused(), "that is no news");
    }

    #[test]
    fn nothing_is_dated_more_than_a_day_away() {
        let mut clock = ServerClock::default();
        for date in [WallTime(WALL.0 + DAY + 1), WallTime(0), WallTime(u64::MAX)] {
            clock.note(date, WALL);
            assert!(clock.difference() > DAY);
            assert_eq!(clock.link_stands(), None);
            clock.refused();
            assert_eq!(clock.token_time(WALL), WALL);
        }
    }
}

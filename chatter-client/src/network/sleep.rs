//! Whether this machine has slept: its connections may lead nowhere, and nothing tells.
//!
//! **In** both clocks. **Out** whether much more time has passed than this program was there for. **Never** a judgement by
//! one clock alone: the steady one may stand still in sleep, the other may be set.

use std::time::Duration;

use chatter_protocol::time::{Time, WallTime};

/// Both clocks when they were last looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sleep {
    steady: Time,
    wall: WallTime,
}

impl Sleep {
    /// Looks for the first time.
    pub(super) fn watch(steady: Time, wall: WallTime) -> Self {
        Self { steady, wall }
    }

    /// Whether the wall clock has gone on for longer than the steady one, or both for longer than a program that runs
    /// is ever left alone.
    pub(super) fn has_slept(&mut self, steady: Time, wall: WallTime) -> bool {
        let by_steady = steady.saturating_since(self.steady);
        let by_wall = Duration::from_secs(wall.0.saturating_sub(self.wall.0));
        *self = Self { steady, wall };
        by_wall.saturating_sub(by_steady) >= LAPSE_MIN || by_steady >= LAPSE_LONG
    }
}

/// The wall clock shows seconds, and may be mended by a few.
const LAPSE_MIN: Duration = Duration::from_secs(20);
/// A link brings a record every 15 s, or is taken for dead after 30 s: longer than that nothing lets a program rest.
const LAPSE_LONG: Duration = Duration::from_secs(45);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sleep_shows_by_either_clock() {
        let at = |steady, wall| (Time::from_start(Duration::from_secs(steady)), WallTime(wall));
        let mut sleep = Sleep::watch(at(0, 1_000).0, WallTime(1_000));
        let mut check = |(steady, wall): (Time, WallTime), slept| {
            assert_eq!(sleep.has_slept(steady, wall), slept, "{steady:?} {wall:?}");
        };
        check(at(1, 1_001), false);
        check(at(30, 1_031), false);
        check(at(31, 1_100), true);
        check(at(32, 1_101), false);
        check(at(33, 900), false);
        check(at(34, 903), false);
        check(at(134, 1_003), true);
    }
}

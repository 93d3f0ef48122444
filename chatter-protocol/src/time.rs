//! The two clocks, both handed in by the caller.
//!
//! **In** what the owner's clock says. **Out** points in time that compare and add. **Never** a clock read here.

use core::ops::Add;
use core::time::Duration;

/// A point on the owner's steady clock, in microseconds since some start of the owner's choosing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Time(u64);

impl Time {
    /// The start.
    pub const ZERO: Self = Self(0);
    /// Later than anything that happens.
    pub const MAX: Self = Self(u64::MAX);

    /// The point that lies `since_start` after the start; what exceeds 584,000 years is cut.
    pub fn from_start(since_start: Duration) -> Self {
        Self(u64::try_from(since_start.as_micros()).unwrap_or(u64::MAX))
    }

    /// The time from `earlier` to this point, zero if that lies later.
    pub fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Time {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(Self::from_start(duration).0))
    }
}

/// Seconds since 1970 (UTC) by the wall clock: tokens carry it, so it needs to agree with the peer's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct WallTime(pub u64);

//! Randomness that the owner hands in once, as a seed, and the machines then draw on.
//!
//! **In** 32 bytes from the operating system. **Out** any number of unpredictable bytes. **Never** a second source:
//! with the same seed everything repeats, which is what tests and simulations live on.
//!
//! The generator erases as it goes (Bernstein, "Fast-key-erasure random-number generators", 2017): each draw
//! replaces the key, so a later copy of the state tells nothing of earlier draws.

use core::convert::Infallible;
use core::time::Duration;

use zeroize::{Zeroize, ZeroizeOnDrop};

/// A deterministic, forward-secure random generator.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Entropy {
    key: [u8; 32],
}

impl core::fmt::Debug for Entropy {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Entropy(…)")
    }
}

impl Entropy {
    /// A generator whose output is determined by `seed` alone.
    pub fn new(seed: [u8; 32]) -> Self {
        Self { key: seed }
    }

    /// Fills `out` with random bytes.
    pub fn fill(&mut self, out: &mut [u8]) {
        let mut stream = blake3::Hasher::new_keyed(&self.key).finalize_xof();
        stream.fill(&mut self.key);
        stream.fill(out);
        stream.zeroize();
    }

    /// `N` random bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut out = [0; N];
        self.fill(&mut out);
        out
    }

    /// A number in `0..bound`, or 0 where `bound` is 0. The bias is below 2⁻³².
    pub fn below(&mut self, bound: u32) -> u32 {
        let wide = u128::from(u64::from_le_bytes(self.bytes())) * u128::from(bound);
        u32::try_from(wide >> 64).unwrap_or(0)
    }

    /// A time drawn evenly between two, in whole milliseconds.
    pub fn between(&mut self, min: Duration, max: Duration) -> Duration {
        let spread = u32::try_from(max.saturating_sub(min).as_millis()).unwrap_or(u32::MAX);
        min + Duration::from_millis(u64::from(self.below(spread.saturating_add(1))))
    }

    /// A time to the next of events that come at random, `mean` apart: below `max`, and any such time may be drawn, whatever
    /// was before.
    pub fn wait(&mut self, mean: Duration, max: Duration) -> Duration {
        let chance = u32::try_from(mean.as_millis() / WAIT_STEP.as_millis()).unwrap_or(u32::MAX);
        let mut wait = Duration::ZERO;
        // A wait that has come to `max` begins again: that is how it is drawn under the condition of ending before.
        while self.below(chance) != 0 {
            wait += WAIT_STEP;
            if wait >= max {
                wait = Duration::ZERO;
            }
        }
        wait + self.between(Duration::ZERO, WAIT_STEP - Duration::from_millis(1))
    }

    /// An independent generator for another machine.
    pub fn fork(&mut self) -> Self {
        Self::new(self.bytes())
    }
}

/// How finely waits are tossed for.
const WAIT_STEP: Duration = Duration::from_millis(250);

impl rand_core::TryRng for Entropy {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_le_bytes(self.bytes()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_le_bytes(self.bytes()))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        self.fill(out);
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Entropy {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_differ_and_repeat_with_the_seed() {
        let mut one = Entropy::new([7; 32]);
        let mut two = Entropy::new([7; 32]);
        let first: [u8; 64] = one.bytes();
        assert_eq!(first, two.bytes::<64>());
        assert_ne!(first, one.bytes::<64>());
        assert_ne!(one.fork(), one);
    }

    #[test]
    fn below_stays_below() {
        let mut entropy = Entropy::new([1; 32]);
        assert!((0..1000).all(|_| entropy.below(7) < 7));
        assert_eq!(entropy.below(0), 0);
    }
}

//! What an observer may read from lengths and times: how sealed things are padded, and when empty ones go.
//!
//! **In** how many bytes there are to seal, the time, randomness. **Out** how long what is sealed shall be, when the
//! next empty one is due. **Never** a length or, at a constant rate, a time that depends on what is said beyond its bucket.
//!
//! ```text
//! bytes ──▶ the smallest bucket that holds them, not below the mode's floor ──▶ and a drawn few more
//! ```
//!
//! The few more are drawn apart from the bytes, so they hide nothing further and take nothing away: without them all that
//! we send would have one of a dozen lengths, which nobody else's has. docs/protocol.md §3.4, §4.1, §4.4, §5.9.

use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use chatter_proto::relay::chaff;

use crate::entropy::Entropy;
use crate::limits::{
    CHAFF_DOWN_MEAN, CHAFF_INTERVAL_MAX, CHAFF_INTERVAL_MIN, CHAFF_UP_MAX, CHAFF_UP_MEAN, CONSTANT_INTERVAL,
    KEEPALIVE_INTERVAL_MAX, KEEPALIVE_INTERVAL_MIN,
};
use crate::record::{DOWN_HEADER_LEN, UP_HEADER_LEN};
use crate::time::Time;

/// How much is sent that says nothing, from the least to the most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Chaff {
    /// What keeps a session alive, as short as can be.
    None,
    /// What looks like short lines, at times of its own.
    #[default]
    Usual,
    /// One length at one pace, whatever is said: that waits for its turn.
    Constant,
}

/// A name that is none of the three.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no chaff; there are \"none\", \"usual\" and \"constant\"")]
pub struct UnknownChaff(String);

impl FromStr for Chaff {
    type Err = UnknownChaff;

    fn from_str(name: &str) -> Result<Self, UnknownChaff> {
        let known = [Self::None, Self::Usual, Self::Constant].into_iter();
        known
            .map(|chaff| (chaff.name(), chaff))
            .find(|(known, _)| *known == name)
            .map(|(_, chaff)| chaff)
            .ok_or_else(|| UnknownChaff(name.into()))
    }
}

impl fmt::Display for Chaff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Chaff {
    fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Usual => "usual",
            Self::Constant => "constant",
        }
    }

    /// The most bytes of the stream that one down record holds.
    pub fn down_bytes_max(self) -> usize {
        let longest =
            if self == Self::Constant { CONSTANT_LEN } else { DOWN_BUCKETS[DOWN_BUCKETS.len() - 1] };
        longest - DOWN_HEADER_LEN
    }

    /// The most bytes of the stream that one up batch holds.
    pub fn up_bytes_max(self) -> usize {
        let longest = if self == Self::Constant { CONSTANT_LEN } else { UP_BUCKETS[UP_BUCKETS.len() - 1] };
        longest - UP_HEADER_LEN
    }

    /// How long the content of a down record with `bytes_len` bytes of the stream shall be.
    pub fn down_len(self, bytes_len: usize, entropy: &mut Entropy) -> usize {
        let floor = match self {
            Self::None => 0,
            Self::Usual => DOWN_FLOOR_USUAL,
            Self::Constant => return CONSTANT_LEN,
        };
        let length = bucket(&DOWN_BUCKETS, floor.max(DOWN_HEADER_LEN + bytes_len));
        length + few(length.div_euclid(4).min(DOWN_EXTRA_MAX), entropy)
    }

    /// How long an up batch with `bytes_len` bytes of the stream shall be.
    pub fn up_len(self, bytes_len: usize, entropy: &mut Entropy) -> usize {
        let floor = match self {
            Self::None => 0,
            Self::Usual => UP_FLOOR_USUAL,
            Self::Constant => return CONSTANT_LEN,
        };
        bucket(&UP_BUCKETS, floor.max(UP_HEADER_LEN + bytes_len)) + few(UP_EXTRA_MAX, entropy)
    }

    /// When the next record is due, with bytes or without, after the one that was due at `due`.
    pub fn next_down(self, due: Time, now: Time, entropy: &mut Entropy) -> Time {
        match self {
            Self::None => now + entropy.between(CHAFF_INTERVAL_MIN, CHAFF_INTERVAL_MAX),
            Self::Usual => now + entropy.wait(CHAFF_DOWN_MEAN, CHAFF_INTERVAL_MAX),
            Self::Constant => next_tick(due, now),
        }
    }

    /// When the next up token is due, with bytes or without, after the one that was due at `due`.
    pub fn next_up(self, due: Time, now: Time, entropy: &mut Entropy) -> Time {
        match self {
            Self::None => now + entropy.between(KEEPALIVE_INTERVAL_MIN, KEEPALIVE_INTERVAL_MAX),
            Self::Usual => now + entropy.wait(CHAFF_UP_MEAN, CHAFF_UP_MAX),
            Self::Constant => next_tick(due, now),
        }
    }

    /// How it is called in frames.
    pub fn to_frame(self) -> chaff::Rate {
        match self {
            Self::None => chaff::Rate::None,
            Self::Usual => chaff::Rate::Usual,
            Self::Constant => chaff::Rate::Constant,
        }
    }

    /// What a frame calls it; nothing where it says nothing that is known.
    pub fn from_frame(rate: chaff::Rate) -> Option<Self> {
        match rate {
            chaff::Rate::Unspecified => None,
            chaff::Rate::None => Some(Self::None),
            chaff::Rate::Usual => Some(Self::Usual),
            chaff::Rate::Constant => Some(Self::Constant),
        }
    }
}

/// Not counted from now: what a caller is late by would show how busy it is.
fn next_tick(due: Time, now: Time) -> Time {
    let next = due + CONSTANT_INTERVAL;
    if next > now { next } else { now + CONSTANT_INTERVAL }
}

fn bucket(buckets: &[usize], length: usize) -> usize {
    buckets.iter().copied().find(|&bucket| bucket >= length).unwrap_or(length)
}

/// 0 to `most`, evenly.
fn few(most: usize, entropy: &mut Entropy) -> usize {
    let bound = u32::try_from(most).unwrap_or(u32::MAX).saturating_add(1);
    usize::try_from(entropy.below(bound)).unwrap_or(0)
}

/// Sizes of a record's content, before the few more.
const DOWN_BUCKETS: [usize; 9] = [96, 256, 512, 1024, 2048, 4096, 8192, 16_384, 32_768];
/// Above it a quarter more would be a waste; a few segments' difference blurs a long record's length as well.
const DOWN_EXTRA_MAX: usize = 1024;
/// A short line with its key.
const DOWN_FLOOR_USUAL: usize = 512;
/// Sizes of a batch, before the few more. The first is as long as an opening's, the last fills a cookie of 4,000 bytes.
const UP_BUCKETS: [usize; 6] = [96, 256, 512, 1024, 2048, 2824];
const UP_EXTRA_MAX: usize = 96;
/// A short line with the keys for six others.
const UP_FLOOR_USUAL: usize = 1024;
/// Both ways. Long enough that a line of everyday length, with the keys for some others, takes one turn alone.
const CONSTANT_LEN: usize = 1024;

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;
    use core::time::Duration;

    use super::*;

    const MODES: [Chaff; 3] = [Chaff::None, Chaff::Usual, Chaff::Constant];

    #[test]
    fn lengths_hold_what_they_are_for() {
        let mut entropy = Entropy::new([1; 32]);
        for chaff in MODES {
            for bytes_len in 0..=chaff.down_bytes_max() {
                let length = chaff.down_len(bytes_len, &mut entropy);
                assert!(
                    length >= DOWN_HEADER_LEN + bytes_len && length <= 32_768 + 1024,
                    "{chaff:?} {length}"
                );
            }
            for bytes_len in 0..=chaff.up_bytes_max() {
                let length = chaff.up_len(bytes_len, &mut entropy);
                assert!(length >= UP_HEADER_LEN + bytes_len && length <= 2920, "{chaff:?} {length}");
            }
        }
    }

    #[test]
    fn what_is_drawn_says_nothing_of_the_bytes() {
        // With the same draws, all that fits one bucket comes to the same length.
        for chaff in MODES {
            let down = |bytes_len| chaff.down_len(bytes_len, &mut Entropy::new([2; 32]));
            let up = |bytes_len| chaff.up_len(bytes_len, &mut Entropy::new([2; 32]));
            assert_eq!((down(500), up(1030)), (down(1000), up(2030)), "{chaff:?}");
        }
        let usual = |bytes_len| Chaff::Usual.down_len(bytes_len, &mut Entropy::new([2; 32]));
        assert_eq!(usual(0), usual(498));
        assert_ne!(usual(498), usual(499));
    }

    #[test]
    fn a_constant_pace_does_not_drift() {
        let mut entropy = Entropy::new([1; 32]);
        let at = |milliseconds| Time::from_start(Duration::from_millis(milliseconds));
        let next = |due, now, entropy: &mut _| Chaff::Constant.next_up(at(due), at(now), entropy);
        assert_eq!(next(10_000, 10_007, &mut entropy), at(11_000));
        assert_eq!(next(10_000, 15_000, &mut entropy), at(16_000));
    }

    #[test]
    fn usual_times_are_anywhere_below_their_end() {
        let mut entropy = Entropy::new([1; 32]);
        let waits: BTreeSet<u128> = (0..4000)
            .map(|_| Chaff::Usual.next_down(Time::ZERO, Time::ZERO, &mut entropy))
            .map(|time| time.saturating_since(Time::ZERO).as_millis())
            .collect();
        assert!(waits.len() > 3000 && waits.first() < Some(&50) && waits.last() < Some(&15_000));
        assert!(waits.last() > Some(&14_000));
    }
}

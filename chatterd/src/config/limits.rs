//! `[limits]`: what members and holders of access codes may take of the machine.
//!
//! **In** numbers from file or environment. **Out** bounds within what makes sense, each with its default. **Never** a bound
//! that can be switched off.

use chatter_protocol::limits;
use chatter_protocol::server::bounds::Bounds;
use serde::Deserialize;

/// `[limits]`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitsConfig {
    /// Sessions in all.
    pub sessions_max: usize,
    /// In how many rooms one session may sit.
    pub rooms_per_session_max: usize,
    /// How many rooms may be listed; 0 switches that off.
    pub listed_rooms: usize,
    /// How many opening tokens are remembered.
    pub replay_tokens_max: usize,
    /// What one address, one access code, one session may take.
    pub bounds: Bounds,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Limits {
    pub(super) sessions_max: Option<Sessions>,
    pub(super) sessions_per_address_max: Option<Sessions>,
    pub(super) sessions_per_code_max: Option<Sessions>,
    pub(super) sessions_unconfirmed_max: Option<Sessions>,
    pub(super) rooms_per_session_max: Option<Within<1, 256>>,
    pub(super) listed_rooms: Option<Within<0, { limits::LISTED_ROOMS_MAX as u64 }>>,
    pub(super) queue_bytes_max: Option<QueueBytes>,
    pub(super) replay_tokens_max: Option<Within<1024, 16_777_216>>,
    pub(super) openings_per_address_max: Option<Openings>,
    pub(super) openings_per_code_max: Option<Openings>,
}

pub(super) type Sessions = Within<1, 65_536>;
pub(super) type Openings = Within<1, 10_000>;
/// The largest frame has to fit twice: one that is on its way, and the next.
pub(super) type QueueBytes = Within<524_288, 67_108_864>;

/// A whole number from the one to the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u64")]
pub(super) struct Within<const LEAST: u64, const MOST: u64>(u64);

impl<const LEAST: u64, const MOST: u64> TryFrom<u64> for Within<LEAST, MOST> {
    type Error = String;

    fn try_from(number: u64) -> Result<Self, String> {
        let fits = (LEAST..=MOST).contains(&number);
        fits.then_some(Self(number)).ok_or_else(|| format!("this goes from {LEAST} to {MOST}"))
    }
}

impl<const LEAST: u64, const MOST: u64> Within<LEAST, MOST> {
    fn or(number: Option<Self>, default: usize) -> usize {
        number.map_or(default, |number| usize::try_from(number.0).unwrap_or(usize::MAX))
    }
}

impl Limits {
    /// With the defaults where nothing is said.
    pub(super) fn settled(&self) -> LimitsConfig {
        let bounds = Bounds::default();
        let per_second = |number: Option<Openings>, default: u32| {
            number.map_or(default, |number| u32::try_from(number.0).unwrap_or(u32::MAX))
        };
        LimitsConfig {
            sessions_max: Within::or(self.sessions_max, limits::SESSIONS_MAX),
            rooms_per_session_max: Within::or(self.rooms_per_session_max, limits::SESSION_ROOMS_DEFAULT),
            listed_rooms: Within::or(self.listed_rooms, limits::LISTED_ROOMS_DEFAULT),
            replay_tokens_max: Within::or(self.replay_tokens_max, limits::REPLAY_TOKENS_MAX),
            bounds: Bounds {
                opened_max: Within::or(self.sessions_unconfirmed_max, bounds.opened_max),
                origin_sessions_max: Within::or(self.sessions_per_address_max, bounds.origin_sessions_max),
                named_sessions_max: Within::or(self.sessions_per_code_max, bounds.named_sessions_max),
                origin_openings_max: per_second(self.openings_per_address_max, bounds.origin_openings_max),
                gate_openings_max: per_second(self.openings_per_code_max, bounds.gate_openings_max),
                queue_len_max: Within::or(self.queue_bytes_max, bounds.queue_len_max),
            },
        }
    }
}

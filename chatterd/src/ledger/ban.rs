//! Bans: whose, since when, until when, why, and why not.
//!
//! **In** what the ledger knows. **Out** plain values for the report, the journal and the operator. **Never** a
//! decision.

use std::fmt;
use std::time::Duration;

use chatter_protocol::time::WallTime;

use super::Address;

/// Why an address is banned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// It knocked too often.
    Knocks,
    /// The operator said so.
    Operator,
}

impl Reason {
    /// The word for it in the journal, the report's companion and the admin API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Knocks => "knocks",
            Self::Operator => "operator",
        }
    }

    /// The reason that this word stands for.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Knocks, Self::Operator].into_iter().find(|reason| reason.as_str() == word)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Since when, how long and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// When the ban began.
    pub since: WallTime,
    /// When it ends; none: not until it is lifted.
    pub until: Option<WallTime>,
    /// What for.
    pub reason: Reason,
}

/// How long a ban by hand lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// As long as those for knocks: the setting `ban.for`.
    Usual,
    /// So long.
    For(Duration),
    /// For ever.
    UntilLifted,
}

/// A banned address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ban {
    /// Whose.
    pub address: Address,
    /// Its knocks, those after the ban included; 0: put there by hand.
    pub packets: u64,
    /// Since when, how long and why.
    pub terms: Terms,
}

/// A ban as the report has it: what its companion file adds may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecoveredBan {
    /// Whose.
    pub address: Address,
    /// Its knocks.
    pub packets: u64,
    /// The terms, where they are known.
    pub terms: Option<Terms>,
}

/// A ban that has just begun: to be told to the journal, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "the journal has to hear of it"]
pub struct NewBan {
    /// Whose.
    pub address: Address,
    /// Its knocks until now.
    pub packets: u64,
    /// What for.
    pub reason: Reason,
}

/// Why an address can't be banned by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BanError {
    /// By the setting.
    #[error("the address is exempt: take it out of ban.exempt first")]
    Exempt,
    /// Would tell the member's packet filter, and everybody who watches it.
    #[error("a member is behind this address now; end the session first")]
    Member,
    /// No room.
    #[error("the report is full; lift some bans first")]
    Full,
}

//! What the server asks of its caller, what it may be told, and what can be said of its sessions.
//!
//! **In** nothing. **Out** the types that `server.rs` speaks in. **Never** who talks to whom.

use alloc::vec::Vec;
use core::time::Duration;

use chatter_proto::relay::bye;

use super::gatekeeper::GateId;
use super::relay;
use super::session::State;
use crate::chaff::Chaff;
use crate::ids::{LinkId, SessionId};
use crate::tag::Tag;
use crate::time::Time;

/// What the operator may set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How long a broken session is kept.
    pub grace: Duration,
    /// Sessions in all.
    pub sessions_max: usize,
    /// The most chaff that a client gets, whatever it asks for.
    pub chaff_most: Chaff,
    /// What the rooms may hold.
    pub relay: relay::RelayLimits,
}

/// What the caller has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send these bytes down the link.
    Write {
        /// The link.
        link: LinkId,
        /// Sealed bytes.
        bytes: Vec<u8>,
    },
    /// The link sends no more: fill the carrier's length up with random bytes, as a download would end.
    Exhausted {
        /// The link.
        link: LinkId,
    },
    /// Close the link's connection, if the client has not.
    Close {
        /// The link.
        link: LinkId,
    },
    /// The session's peer proved to be one; by this link it is reached now.
    Confirmed {
        /// The session.
        session: SessionId,
        /// Its newest confirmed link.
        link: LinkId,
    },
    /// The tags that up tokens may bear have changed: a token under any other is none of ours.
    Tags {
        /// No longer awaited.
        left: Vec<Tag>,
        /// Awaited from now on.
        joined: Vec<Tag>,
    },
    /// The session is no more.
    Ended {
        /// The session.
        session: SessionId,
        /// Why.
        reason: EndReason,
    },
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndReason {
    /// Its member said so.
    Quit,
    /// It was never confirmed.
    Unconfirmed,
    /// It was away for longer than the grace time.
    Silence,
    /// Its queue was full.
    TooSlow,
    /// It sent what no client sends.
    BrokeRules,
    /// The daemon ends, or the operator ended it.
    Operator(bye::Reason),
}

/// What can be said of a session without saying who talks to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionInfo {
    /// The session's number.
    pub session: SessionId,
    /// Where it stands.
    pub state: State,
    /// The gate by which it came.
    pub gate: GateId,
    /// Since when it exists.
    pub opened_at: Time,
    /// In how many rooms it is.
    pub rooms: usize,
    /// Bytes that wait for it.
    pub queued: usize,
    /// Its newest link.
    pub link: Option<LinkId>,
}

/// How many entries the server's tables hold: what each session costs, and that nothing outlives it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Sessions.
    pub sessions: usize,
    /// Links of sessions.
    pub links: usize,
    /// Handles by which they are resumed.
    pub handles: usize,
    /// Tags that up tokens may bear.
    pub tags: usize,
    /// Sessions that want the time.
    pub alarms: usize,
    /// Connections that are closed soon, if their clients have not.
    pub lingering: usize,
    /// Seats in rooms.
    pub seats: usize,
}

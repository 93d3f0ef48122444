//! What the operator's API shows, in final types, and as `admin.proto` has it.
//!
//! **In** what the daemon's parts know. **Out** messages. **Never** who talks to whom, nor a decision.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use chatter_proto::admin as proto;
use chatter_proto::admin::session::State;
use chatter_protocol::time::WallTime;
use zeroize::Zeroizing;

use crate::circuits;
use crate::config::{Change, Changes, Setting};
use crate::entrance::Place;
use crate::ledger::{Address, Ban, Known};

/// An access link as text: wiped once it is sent.
pub type AccessLink = Zeroizing<String>;

/// What the next start brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reseeded {
    /// The access link from then on.
    pub access_link: AccessLink,
    /// Where the carrier will lie.
    pub carrier_path: String,
}

/// What the daemon is and how busy it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// When it started.
    pub started_at: WallTime,
    /// Where it answers.
    pub listening: Vec<Place>,
    /// The Tor hosts by their names, and where each connects to.
    pub tor_hosts: Vec<(String, Place)>,
    /// The `Server` header that strangers see.
    pub persona: String,
    /// The carrier's path; none: members can't come in.
    pub carrier_path: Option<String>,
    /// Sessions of members with a live connection.
    pub sessions_confirmed: u64,
    /// Sessions not yet confirmed.
    pub sessions_opened: u64,
    /// Broken sessions within their grace time.
    pub sessions_detached: u64,
    /// Rooms with somebody in them.
    pub rooms: u64,
    /// Memberships: one session in two rooms counts twice.
    pub members: u64,
    /// Addresses known to the ledger.
    pub addresses: u64,
    /// Addresses in the ban report.
    pub bans: u64,
    /// Knocks since the start.
    pub knocks: u64,
    /// The setting `ban.refuse`.
    pub refuses_banned: bool,
    /// The ban report; none: not written.
    pub report_path: Option<PathBuf>,
    /// Messages handed to members since the start.
    pub deliveries: u64,
    /// Nothing is kept.
    pub ephemeral: bool,
}

/// A session, without anything that says who talks to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Counts sessions since the start.
    pub number: u64,
    /// Where its newest link comes from.
    pub address: Option<IpAddr>,
    /// The circuit that it comes by, where it does.
    pub circuit: Option<CircuitName>,
    /// How far it is.
    pub state: SessionState,
    /// Since it was opened.
    pub age: Duration,
    /// How many rooms it is in.
    pub rooms: u64,
    /// Bytes waiting for it.
    pub queued_bytes: u64,
    /// The name of the access code it came in by; empty for the unnamed one.
    pub gate: String,
}

/// How far a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionState {
    /// A good token, nothing heard since.
    Opened,
    /// Its member proved himself and is connected.
    Confirmed,
    /// Its connection broke; it may be resumed.
    Detached,
}

/// An address, and all that is known about it at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// What the ledger knows.
    pub known: Known,
    /// Open downloads of sessions from there, those not yet confirmed included.
    pub links: u32,
}

/// A room, without anything that says who is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// 64 hexadecimal digits.
    pub id: String,
    /// How many are in it.
    pub members: u32,
}

/// How much to forget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PurgeScope {
    /// Knock counters, and addresses neither banned nor in use.
    Counters,
    /// One address's counter, and the sessions that come from it. A ban of it stays in the report.
    Address(Address),
    /// One circuit's counter, and the sessions that come by it.
    Circuit(CircuitName),
    /// The sessions that sit in the room whose id begins so.
    Room(String),
    /// All sessions and rooms, too. Bans stay in the report.
    Everything,
}

/// A circuit, as the operator names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CircuitName {
    /// The Tor host's name.
    pub host: String,
    /// Its tor's number for it.
    pub number: u32,
}

impl CircuitName {
    /// Reads `circuit 65 of tor0`, or `tor0/65` for short.
    pub fn parse(text: &str) -> Option<Self> {
        let long = || text.strip_prefix("circuit ")?.split_once(" of ").map(|(number, host)| (host, number));
        let (host, number) = long().or_else(|| text.split_once('/'))?;
        let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        Some(Self { host: host.to_owned(), number: number.parse().ok().filter(|_| digits)? })
    }
}

impl fmt::Display for CircuitName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "circuit {} of {}", self.number, self.host)
    }
}

/// What was forgotten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purged {
    /// Addresses.
    pub addresses: u64,
    /// Sessions.
    pub sessions: u64,
}

/// A ban by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddedBan {
    /// As it stands in the report.
    pub ban: Ban,
    /// It stood there before.
    pub already: bool,
}

/// The settings that hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// All of them.
    pub settings: Vec<Setting>,
    /// The file that they come from.
    pub file: Option<PathBuf>,
}

impl From<Status> for proto::StatusReply {
    fn from(status: Status) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: status.started_at.0,
            listening: status.listening.iter().map(ToString::to_string).collect(),
            tor_hosts: status.tor_hosts.into_iter().map(tor_host).collect(),
            persona: status.persona,
            carrier_path: status.carrier_path.unwrap_or_default(),
            sessions_confirmed: status.sessions_confirmed,
            sessions_opened: status.sessions_opened,
            sessions_detached: status.sessions_detached,
            rooms: status.rooms,
            members: status.members,
            addresses: status.addresses,
            bans: status.bans,
            knocks: status.knocks,
            refuses_banned: status.refuses_banned,
            report_path: status.report_path.map(|path| path.display().to_string()).unwrap_or_default(),
            deliveries: status.deliveries,
            ephemeral: status.ephemeral,
        }
    }
}

fn tor_host((name, place): (String, Place)) -> proto::TorHost {
    proto::TorHost { name, place: place.to_string() }
}

impl From<circuits::Known> for proto::CircuitBan {
    fn from(known: circuits::Known) -> Self {
        let name = CircuitName { host: known.host, number: known.circuit.number };
        Self {
            circuit: name.to_string(),
            packets: known.knocks,
            since: known.over.map_or(0, |since| since.0),
        }
    }
}

impl From<Seen> for proto::Address {
    fn from(Seen { known, links }: Seen) -> Self {
        let ban = |terms| Ban { address: known.address, packets: known.knocks, terms };
        Self {
            address: known.address.to_string(),
            knocks: known.knocks,
            last_knock_at: known.last_knock.map_or(0, |time| time.0),
            first_knock_at: known.first_knock.map_or(0, |time| time.0),
            banned: known.ban.is_some(),
            member: known.members > 0,
            exempt: known.exempt.is_some(),
            ban: known.ban.map(|terms| ban(terms).into()),
            exempt_by: known.exempt.map(|network| network.to_string()).unwrap_or_default(),
            members: known.members,
            links,
        }
    }
}

impl From<Session> for proto::Session {
    fn from(session: Session) -> Self {
        let state = match session.state {
            SessionState::Opened => State::Opened,
            SessionState::Confirmed => State::Confirmed,
            SessionState::Detached => State::Detached,
        };
        Self {
            number: session.number,
            address: session.address.map(|address| address.to_canonical().to_string()).unwrap_or_default(),
            state: state.into(),
            age_seconds: session.age.as_secs(),
            rooms: session.rooms,
            queued_bytes: session.queued_bytes,
            gate: session.gate,
            circuit: session.circuit.map(|circuit| circuit.to_string()).unwrap_or_default(),
        }
    }
}

impl From<Ban> for proto::Ban {
    fn from(ban: Ban) -> Self {
        Self {
            address: ban.address.to_string(),
            packets: ban.packets,
            since: ban.terms.since.0,
            until: ban.terms.until.map_or(0, |until| until.0),
            reason: ban.terms.reason.to_string(),
        }
    }
}

impl From<Settings> for proto::ListSettingsReply {
    fn from(Settings { settings, file }: Settings) -> Self {
        let setting = |setting: Setting| proto::Setting {
            key: setting.key.to_owned(),
            value: setting.value,
            needs_restart: setting.needs_restart,
        };
        Self {
            settings: settings.into_iter().map(setting).collect(),
            file: file.map(|file| file.display().to_string()).unwrap_or_default(),
        }
    }
}

impl From<Change> for proto::Change {
    fn from(Change { key, before, after, needs_restart }: Change) -> Self {
        Self { key: key.to_owned(), before, after, needs_restart }
    }
}

impl From<Changes> for proto::ReloadReply {
    fn from(Changes { changes, warnings }: Changes) -> Self {
        Self { changes: changes.into_iter().map(Into::into).collect(), warnings }
    }
}

impl From<Changes> for proto::CheckSettingsReply {
    fn from(Changes { changes, warnings }: Changes) -> Self {
        Self { changes: changes.into_iter().map(Into::into).collect(), warnings }
    }
}

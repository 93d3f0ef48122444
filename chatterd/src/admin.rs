//! The operator's API, method by method: converts, asks, converts back.
//!
//! **In** gRPC calls whose caller was checked by [`admin_socket`](crate::admin_socket). **Out** what [`Control`] says.
//! **Never** a decision: those are behind [`Control`].

pub mod codes;
pub mod health;
mod services;

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chatter_proto::admin as proto;
use chatter_proto::admin::session::State;
use chatter_protocol::time::WallTime;
use tonic::{Request, Response};
use zeroize::Zeroizing;

use crate::access::codes::CodeName;
use crate::entrance::Place;
use crate::ledger::{Address, AddressError, Ban, BanError, Known, Length};
use codes::{Front, Invite, Invited, NamedInvite, OldCode, Rotated};

pub use services::Services;

/// What the operator can ask of the daemon. The daemon implements it over ledger, relay and keys.
pub trait Control: Send + Sync + 'static {
    /// What the daemon is and how busy it is.
    fn status(&self) -> impl Future<Output = Result<Status, ControlError>> + Send;
    /// Every address that is known at this moment.
    fn addresses(&self) -> impl Future<Output = Result<Vec<Seen>, ControlError>> + Send;
    /// The sessions that exist.
    fn sessions(&self) -> impl Future<Output = Result<Vec<Session>, ControlError>> + Send;
    /// The rooms with somebody in them.
    fn rooms(&self) -> impl Future<Output = Result<Vec<Room>, ControlError>> + Send;
    /// Forgets.
    fn purge(&self, scope: PurgeScope) -> impl Future<Output = Result<Purged, ControlError>> + Send;
    /// Makes a new access code for everybody, and gives its link.
    fn rotate(&self, old: OldCode) -> impl Future<Output = Result<Rotated, ControlError>> + Send;
    /// The access link for everybody, or by a named code, which is made if there is none.
    fn invite(
        &self,
        named: Option<NamedInvite>,
        front: Front,
    ) -> impl Future<Output = Result<Invited, ControlError>> + Send;
    /// Ends a named code and the sessions that came by it; how many there were.
    fn revoke(&self, name: CodeName) -> impl Future<Output = Result<u64, ControlError>> + Send;
    /// All codes that let people in, or did so for somebody who is in.
    fn invites(&self) -> impl Future<Output = Result<Vec<Invite>, ControlError>> + Send;
    /// Draws the generated directory anew, for the next start.
    fn reseed_decoy(&self) -> impl Future<Output = Result<Reseeded, ControlError>> + Send;
    /// The ban report.
    fn bans(&self) -> impl Future<Output = Result<Vec<Ban>, ControlError>> + Send;
    /// Bans by hand; done once the report is written.
    fn add_ban(
        &self,
        address: Address,
        length: Length,
    ) -> impl Future<Output = Result<AddedBan, ControlError>> + Send;
    /// Lifts a ban, done once the report is written; [`ControlError::NotFound`] where there is none.
    fn lift_ban(&self, address: Address) -> impl Future<Output = Result<(), ControlError>> + Send;
}

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
    pub address: Option<std::net::IpAddr>,
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
    /// The sessions that sit in the room whose id begins so.
    Room(String),
    /// All sessions and rooms, too. Bans stay in the report.
    Everything,
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

/// Why something was not done. The texts are for the operator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    /// Not as things stand: the text says what to change.
    #[error("{0}")]
    Refused(String),
    /// There is no such thing.
    #[error("{0}")]
    NotFound(String),
    /// The daemon is ending.
    #[error("the daemon is shutting down")]
    Ending,
    /// A fault of the daemon or its machine.
    #[error("{0}")]
    Failed(String),
}

impl From<ControlError> for tonic::Status {
    fn from(error: ControlError) -> Self {
        let text = error.to_string();
        match error {
            ControlError::Refused(_) => Self::failed_precondition(text),
            ControlError::NotFound(_) => Self::not_found(text),
            ControlError::Ending => Self::unavailable(text),
            ControlError::Failed(_) => Self::internal(text),
        }
    }
}

impl From<BanError> for ControlError {
    fn from(error: BanError) -> Self {
        Self::Refused(error.to_string())
    }
}

/// The gRPC service over a [`Control`].
#[derive(Debug)]
pub struct Service<C>(Arc<C>);

impl<C: Control> Service<C> {
    /// A service that asks `control`.
    pub fn new(control: Arc<C>) -> Self {
        Self(control)
    }
}

type Reply<T> = Result<Response<T>, tonic::Status>;

#[tonic::async_trait]
impl<C: Control> proto::admin_server::Admin for Service<C> {
    async fn status(&self, _: Request<proto::StatusRequest>) -> Reply<proto::StatusReply> {
        Ok(Response::new(self.0.status().await?.into()))
    }

    async fn list_addresses(
        &self,
        _: Request<proto::ListAddressesRequest>,
    ) -> Reply<proto::ListAddressesReply> {
        let addresses = self.0.addresses().await?.into_iter().map(Into::into).collect();
        Ok(Response::new(proto::ListAddressesReply { addresses }))
    }

    async fn list_sessions(&self, _: Request<proto::ListSessionsRequest>) -> Reply<proto::ListSessionsReply> {
        let sessions = self.0.sessions().await?.into_iter().map(Into::into).collect();
        Ok(Response::new(proto::ListSessionsReply { sessions }))
    }

    async fn list_rooms(&self, _: Request<proto::ListRoomsRequest>) -> Reply<proto::ListRoomsReply> {
        let rooms = self.0.rooms().await?.into_iter();
        let rooms = rooms.map(|room| proto::Room { id: room.id, members: room.members }).collect();
        Ok(Response::new(proto::ListRoomsReply { rooms }))
    }

    async fn purge(&self, request: Request<proto::PurgeRequest>) -> Reply<proto::PurgeReply> {
        let purged = self.0.purge(scope(request.into_inner())?).await?;
        Ok(Response::new(proto::PurgeReply {
            addresses_forgotten: purged.addresses,
            sessions_ended: purged.sessions,
        }))
    }

    async fn rotate_access_code(
        &self,
        request: Request<proto::RotateAccessCodeRequest>,
    ) -> Reply<proto::RotateAccessCodeReply> {
        Ok(Response::new(self.0.rotate(codes::old_code(request.get_ref())?).await?.into()))
    }

    async fn create_invite(
        &self,
        request: Request<proto::CreateInviteRequest>,
    ) -> Reply<proto::CreateInviteReply> {
        let (named, front) = (codes::named_invite(request.get_ref())?, codes::front(request.get_ref())?);
        Ok(Response::new(self.0.invite(named, front).await?.into()))
    }

    async fn revoke_invite(
        &self,
        request: Request<proto::RevokeInviteRequest>,
    ) -> Reply<proto::RevokeInviteReply> {
        let sessions_ended = self.0.revoke(codes::name(&request.get_ref().name)?).await?;
        Ok(Response::new(proto::RevokeInviteReply { sessions_ended }))
    }

    async fn list_invites(&self, _: Request<proto::ListInvitesRequest>) -> Reply<proto::ListInvitesReply> {
        let invites = self.0.invites().await?.into_iter().map(Into::into).collect();
        Ok(Response::new(proto::ListInvitesReply { invites }))
    }

    async fn reseed_decoy(&self, _: Request<proto::ReseedDecoyRequest>) -> Reply<proto::ReseedDecoyReply> {
        let Reseeded { mut access_link, carrier_path } = self.0.reseed_decoy().await?;
        let access_link = std::mem::take(&mut *access_link);
        Ok(Response::new(proto::ReseedDecoyReply { access_link, carrier_path }))
    }

    async fn list_bans(&self, _: Request<proto::ListBansRequest>) -> Reply<proto::ListBansReply> {
        let bans = self.0.bans().await?.into_iter().map(Into::into).collect();
        Ok(Response::new(proto::ListBansReply { bans }))
    }

    async fn add_ban(&self, request: Request<proto::AddBanRequest>) -> Reply<proto::AddBanReply> {
        let length = match request.get_ref().for_seconds {
            None => Length::Usual,
            Some(0) => Length::UntilLifted,
            Some(seconds) => Length::For(Duration::from_secs(seconds)),
        };
        let added = self.0.add_ban(address(&request.get_ref().address)?, length).await?;
        Ok(Response::new(proto::AddBanReply { ban: Some(added.ban.into()), already: added.already }))
    }

    async fn lift_ban(&self, request: Request<proto::LiftBanRequest>) -> Reply<proto::LiftBanReply> {
        self.0.lift_ban(address(&request.get_ref().address)?).await?;
        Ok(Response::new(proto::LiftBanReply {}))
    }
}

fn scope(request: proto::PurgeRequest) -> Result<PurgeScope, tonic::Status> {
    match (request.everything, request.address.as_str(), request.room.as_str()) {
        (false, "", "") => Ok(PurgeScope::Counters),
        (true, "", "") => Ok(PurgeScope::Everything),
        (false, from, "") => Ok(PurgeScope::Address(address(from)?)),
        (false, "", _) => Ok(PurgeScope::Room(request.room)),
        _ => Err(tonic::Status::invalid_argument("purge an address, a room, or everything: one of them")),
    }
}

fn address(text: &str) -> Result<Address, tonic::Status> {
    text.parse().map_err(|error: AddressError| tonic::Status::invalid_argument(error.to_string()))
}

impl From<Status> for proto::StatusReply {
    fn from(status: Status) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: status.started_at.0,
            listening: status.listening.iter().map(ToString::to_string).collect(),
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

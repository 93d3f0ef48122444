//! The operator's API: what can be asked of the daemon, and who may ask.
//!
//! ```text
//! call ──services──> may he? (rights) ──> service, watch, health, reflection ──> Control
//! ```
//!
//! **In** gRPC calls over [`admin_socket`](crate::admin_socket). **Out** what [`Control`] says. **Never** a decision but who
//! may call: the others are behind [`Control`].

pub mod codes;
pub mod health;
pub mod rights;
mod service;
mod services;
pub mod views;
mod watch;

use std::future::Future;
use std::sync::Arc;

use chatter_proto::admin::reason::Reason;
use tokio::sync::broadcast::Receiver;

use crate::access::codes::CodeName;
use crate::circuits::Known;
use crate::config::Changes;
use crate::events::Event;
use crate::ledger::{Address, Ban, BanError, Length};
use codes::{Front, Invite, Invited, NamedInvite, OldCode, Rotated};
use rights::Rights;

pub use service::Service;
pub use services::Services;
pub use views::{
    AccessLink, AddedBan, CircuitName, PurgeScope, Purged, Reseeded, Room, Seen, Session, SessionState,
    Settings, Status,
};
pub use watch::Watchers;

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
    /// Lifts a ban, done once the report is written; [`Reason::NoSuchBan`] where there is none.
    fn lift_ban(&self, address: Address) -> impl Future<Output = Result<(), ControlError>> + Send;
    /// The circuits that are over their budget.
    fn circuits_over(&self) -> impl Future<Output = Result<Vec<Known>, ControlError>> + Send;
    /// Forgets that a circuit is over its budget; [`Reason::NoSuchBan`] where it is not.
    fn lift_circuit(&self, circuit: CircuitName) -> impl Future<Output = Result<(), ControlError>> + Send;
    /// Ends the session of this number.
    fn kick(&self, number: u64) -> impl Future<Output = Result<(), ControlError>> + Send;
    /// The settings that hold.
    fn settings(&self) -> Settings;
    /// What [`reload`](Self::reload) would do.
    fn check_settings(&self) -> impl Future<Output = Result<Changes, ControlError>> + Send;
    /// Reads the settings anew and applies what can be applied; all of it, or nothing.
    fn reload(&self) -> impl Future<Output = Result<Changes, ControlError>> + Send;
    /// Begins to end the daemon.
    fn shutdown(&self);
    /// Hears what happens from now on.
    fn watch(&self) -> Receiver<Arc<Event>>;
    /// Who may call what at this moment.
    fn rights(&self) -> Arc<Rights>;
}

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct ControlError {
    /// For programs.
    pub reason: Reason,
    /// For the operator: a sentence that says what to do.
    pub text: String,
}

impl ControlError {
    /// Not done for this reason.
    pub fn new(reason: Reason, text: impl Into<String>) -> Self {
        Self { reason, text: text.into() }
    }

    /// Not done, since the daemon is ending.
    pub fn ending() -> Self {
        Self::new(Reason::Ending, "the daemon is shutting down")
    }
}

impl From<ControlError> for tonic::Status {
    fn from(ControlError { reason, text }: ControlError) -> Self {
        reason.status(text)
    }
}

impl From<BanError> for ControlError {
    fn from(error: BanError) -> Self {
        let reason = match error {
            BanError::Exempt => Reason::Exempt,
            BanError::Member => Reason::Member,
            BanError::Full => Reason::TooManyBans,
        };
        Self::new(reason, error.to_string())
    }
}

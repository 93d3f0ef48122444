//! The gRPC service, method by method: converts, asks, converts back.
//!
//! **In** calls whose caller may make them. **Out** what [`Control`] says. **Never** a decision.

use std::sync::Arc;
use std::time::Duration;

use chatter_proto::admin as proto;
use chatter_proto::admin::reason::Reason;
use tonic::{Request, Response, Status};

use super::watch::{self, Watchers};
use super::{CircuitName, Control, PurgeScope, Reseeded, codes};
use crate::ledger::{Address, AddressError, Ban, Length};

/// The gRPC service over a [`Control`].
pub struct Service<C> {
    control: Arc<C>,
    watchers: Watchers,
}

impl<C: Control> Service<C> {
    /// A service that asks `control`, and lets so many watch.
    pub fn new(control: Arc<C>, watchers: Watchers) -> Self {
        Self { control, watchers }
    }
}

type Reply<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl<C: Control> proto::admin_server::Admin for Service<C> {
    async fn status(&self, _: Request<proto::StatusRequest>) -> Reply<proto::StatusReply> {
        Ok(Response::new(self.control.status().await?.into()))
    }

    async fn list_addresses(
        &self,
        _: Request<proto::ListAddressesRequest>,
    ) -> Reply<proto::ListAddressesReply> {
        let addresses = self.control.addresses().await?.into_iter().map(Into::into).collect();
        Ok(Response::new(proto::ListAddressesReply { addresses }))
    }

    async fn list_sessions(&self, _: Request<proto::ListSessionsRequest>) -> Reply<proto::ListSessionsReply> {
        let sessions = self.control.sessions().await?.into_iter().map(Into::into).collect();
        Ok(Response::new(proto::ListSessionsReply { sessions }))
    }

    async fn list_rooms(&self, _: Request<proto::ListRoomsRequest>) -> Reply<proto::ListRoomsReply> {
        let rooms = self.control.rooms().await?.into_iter();
        let rooms = rooms.map(|room| proto::Room { id: room.id, members: room.members }).collect();
        Ok(Response::new(proto::ListRoomsReply { rooms }))
    }

    async fn purge(&self, request: Request<proto::PurgeRequest>) -> Reply<proto::PurgeReply> {
        let purged = self.control.purge(scope(request.into_inner())?).await?;
        Ok(Response::new(proto::PurgeReply {
            addresses_forgotten: purged.addresses,
            sessions_ended: purged.sessions,
        }))
    }

    async fn rotate_access_code(
        &self,
        request: Request<proto::RotateAccessCodeRequest>,
    ) -> Reply<proto::RotateAccessCodeReply> {
        Ok(Response::new(self.control.rotate(codes::old_code(request.get_ref())?).await?.into()))
    }

    async fn create_invite(
        &self,
        request: Request<proto::CreateInviteRequest>,
    ) -> Reply<proto::CreateInviteReply> {
        let (named, front) = (codes::named_invite(request.get_ref())?, codes::front(request.get_ref())?);
        Ok(Response::new(self.control.invite(named, front).await?.into()))
    }

    async fn revoke_invite(
        &self,
        request: Request<proto::RevokeInviteRequest>,
    ) -> Reply<proto::RevokeInviteReply> {
        let sessions_ended = self.control.revoke(codes::name(&request.get_ref().name)?).await?;
        Ok(Response::new(proto::RevokeInviteReply { sessions_ended }))
    }

    async fn list_invites(&self, _: Request<proto::ListInvitesRequest>) -> Reply<proto::ListInvitesReply> {
        let invites = self.control.invites().await?.into_iter().map(Into::into).collect();
        Ok(Response::new(proto::ListInvitesReply { invites }))
    }

    async fn reseed_decoy(&self, _: Request<proto::ReseedDecoyRequest>) -> Reply<proto::ReseedDecoyReply> {
        let Reseeded { mut access_link, carrier_path } = self.control.reseed_decoy().await?;
        let access_link = std::mem::take(&mut *access_link);
        Ok(Response::new(proto::ReseedDecoyReply { access_link, carrier_path }))
    }

    async fn list_bans(&self, _: Request<proto::ListBansRequest>) -> Reply<proto::ListBansReply> {
        let bans = self.control.bans().await?.into_iter().map(Into::into).collect();
        let circuits = self.control.circuits_over().await?.into_iter().map(Into::into).collect();
        Ok(Response::new(proto::ListBansReply { bans, circuits }))
    }

    async fn add_ban(&self, request: Request<proto::AddBanRequest>) -> Reply<proto::AddBanReply> {
        let length = match request.get_ref().for_seconds {
            None => Length::Usual,
            Some(0) => Length::UntilLifted,
            Some(seconds) => Length::For(Duration::from_secs(seconds)),
        };
        let added = self.control.add_ban(address(&request.get_ref().address)?, length).await?;
        Ok(Response::new(proto::AddBanReply { ban: Some(added.ban.into()), already: added.already }))
    }

    async fn lift_ban(&self, request: Request<proto::LiftBanRequest>) -> Reply<proto::LiftBanReply> {
        match whom(&request.get_ref().address)? {
            Whom::Address(address) => self.control.lift_ban(address).await?,
            Whom::Circuit(circuit) => self.control.lift_circuit(circuit).await?,
        }
        Ok(Response::new(proto::LiftBanReply {}))
    }

    type ExportBanReportStream =
        tokio_stream::Iter<std::vec::IntoIter<Result<proto::ExportBanReportReply, Status>>>;

    async fn export_ban_report(
        &self,
        _: Request<proto::ExportBanReportRequest>,
    ) -> Reply<Self::ExportBanReportStream> {
        let bans = self.control.bans().await?;
        let part = |bans: &[Ban]| {
            Ok(proto::ExportBanReportReply { bans: bans.iter().copied().map(Into::into).collect() })
        };
        let parts: Vec<_> = bans.chunks(BANS_IN_A_PART).map(part).collect();
        Ok(Response::new(tokio_stream::iter(parts)))
    }

    type WatchStream = watch::Told;

    async fn watch(&self, request: Request<proto::WatchRequest>) -> Reply<Self::WatchStream> {
        let every = watch::figures_every(request.get_ref())?;
        let seat = self.watchers.seat()?;
        Ok(Response::new(watch::start(Arc::clone(&self.control), every, seat).await?))
    }

    async fn kick(&self, request: Request<proto::KickRequest>) -> Reply<proto::KickReply> {
        self.control.kick(request.get_ref().number).await?;
        Ok(Response::new(proto::KickReply {}))
    }

    async fn list_settings(&self, _: Request<proto::ListSettingsRequest>) -> Reply<proto::ListSettingsReply> {
        Ok(Response::new(self.control.settings().into()))
    }

    async fn check_settings(
        &self,
        _: Request<proto::CheckSettingsRequest>,
    ) -> Reply<proto::CheckSettingsReply> {
        Ok(Response::new(self.control.check_settings().await?.into()))
    }

    async fn reload(&self, _: Request<proto::ReloadRequest>) -> Reply<proto::ReloadReply> {
        Ok(Response::new(self.control.reload().await?.into()))
    }

    async fn shutdown(&self, _: Request<proto::ShutdownRequest>) -> Reply<proto::ShutdownReply> {
        self.control.shutdown();
        Ok(Response::new(proto::ShutdownReply {}))
    }
}

fn scope(request: proto::PurgeRequest) -> Result<PurgeScope, Status> {
    match (request.everything, request.address.as_str(), request.room.as_str()) {
        (false, "", "") => Ok(PurgeScope::Counters),
        (true, "", "") => Ok(PurgeScope::Everything),
        (false, from, "") => Ok(match whom(from)? {
            Whom::Address(address) => PurgeScope::Address(address),
            Whom::Circuit(circuit) => PurgeScope::Circuit(circuit),
        }),
        (false, "", _) => Ok(PurgeScope::Room(request.room)),
        _ => Err(Reason::WrongRequest.status("purge an address, a room, or everything: one of them")),
    }
}

/// Who is counted.
enum Whom {
    Address(Address),
    Circuit(CircuitName),
}

/// An address, or a circuit by its name; no host is called like an address that has a slash behind it.
fn whom(text: &str) -> Result<Whom, Status> {
    match (text.parse(), CircuitName::parse(text)) {
        (Ok(address), _) => Ok(Whom::Address(address)),
        (Err(_), Some(circuit)) if circuit.host.parse::<std::net::IpAddr>().is_err() => {
            Ok(Whom::Circuit(circuit))
        }
        (Err(_), _) => address(text).map(Whom::Address),
    }
}

fn address(text: &str) -> Result<Address, Status> {
    text.parse().map_err(|error: AddressError| Reason::WrongAddress.status(error.to_string()))
}

/// Some 40 kB.
const BANS_IN_A_PART: usize = 512;

//! A daemon that is made up: what it answers.

use std::time::Duration;

use chatter_proto::admin::admin_server::Admin;
use chatter_proto::admin::health::health_check_response::ServingStatus;
use chatter_proto::admin::health::health_server::Health as HealthService;
use chatter_proto::admin::health::{HealthCheckRequest, HealthCheckResponse};
use chatter_proto::admin::reason::Reason;
use chatter_proto::admin::*;
use tonic::{Request, Response, Status};

/// A daemon's answers, made up.
pub(crate) struct Fake;

type Reply<T> = Result<Response<T>, Status>;

pub(crate) fn ban(address: &str, until: u64) -> Ban {
    Ban { address: address.to_owned(), packets: 31, since: 1_795_384_220, until, reason: "knocks".to_owned() }
}

fn status() -> StatusReply {
    StatusReply {
        version: "9.8.7".to_owned(),
        started_at: 1_795_384_220,
        listening: vec!["0.0.0.0:8000".to_owned(), "[::]:8000".to_owned()],
        persona: "SimpleHTTP/0.6 Python/3.11.2\u{1b}[2J".to_owned(),
        carrier_path: String::new(),
        sessions_confirmed: 2,
        sessions_opened: 1,
        sessions_detached: 0,
        rooms: 1,
        members: 2,
        addresses: 3,
        bans: 2,
        knocks: 61,
        refuses_banned: true,
        report_path: "/var/lib/chatterd/report.txt".to_owned(),
        deliveries: 5,
        ephemeral: false,
        tor_hosts: vec![TorHost { name: "tor0".to_owned(), place: "unix:/run/chatterd/tor.sock".to_owned() }],
    }
}

#[tonic::async_trait]
impl Admin for Fake {
    async fn status(&self, _: Request<StatusRequest>) -> Reply<StatusReply> {
        Ok(Response::new(status()))
    }

    async fn list_addresses(&self, _: Request<ListAddressesRequest>) -> Reply<ListAddressesReply> {
        let address = |address: &str, knocks, last_knock_at, member| Address {
            address: address.to_owned(),
            knocks,
            last_knock_at,
            banned: knocks >= 30,
            member,
            exempt: address == "127.0.0.1",
            first_knock_at: last_knock_at,
            ban: (knocks >= 30).then(|| ban(address, 0)),
            exempt_by: if address == "127.0.0.1" { "127.0.0.0/8".to_owned() } else { String::new() },
            members: member.into(),
            links: if address == "198.51.100.7" { 1 } else { member.into() },
        };
        let addresses = vec![
            address("127.0.0.1", 0, 0, true),
            address("192.0.2.4", 4, 1_795_384_220, false),
            address("198.51.100.7", 0, 0, false),
            address("2001:db8:1:2::/64", 31, 1_795_384_221, false),
        ];
        Ok(Response::new(ListAddressesReply { addresses }))
    }

    async fn list_sessions(&self, _: Request<ListSessionsRequest>) -> Reply<ListSessionsReply> {
        let session = |number, state: i32, gate: &str| Session {
            number,
            address: if number < 20 { "198.51.100.7" } else { "" }.to_owned(),
            circuit: if number < 20 { "" } else { "circuit 65 of tor0" }.to_owned(),
            state,
            age_seconds: 3700,
            rooms: 1,
            queued_bytes: 70,
            gate: gate.to_owned(),
        };
        let confirmed = session::State::Confirmed.into();
        let sessions = vec![session(1, confirmed, ""), session(12, 99, "guests"), session(20, confirmed, "")];
        Ok(Response::new(ListSessionsReply { sessions }))
    }

    async fn list_rooms(&self, _: Request<ListRoomsRequest>) -> Reply<ListRoomsReply> {
        Ok(Response::new(ListRoomsReply { rooms: vec![Room { id: "0a".repeat(32), members: 2 }] }))
    }

    async fn purge(&self, request: Request<PurgeRequest>) -> Reply<PurgeReply> {
        let asked = request.get_ref();
        let (addresses_forgotten, sessions_ended) =
            match (asked.everything, asked.address.as_str(), asked.room.as_str()) {
                (true, "", "") => (1, 2),
                (false, "203.0.113.9", "") => (1, 1),
                (false, "", "0a") => (0, 2),
                (false, "", "") => (1, 0),
                _ => return Err(Reason::NoSuchRoom.status("no room's id begins so")),
            };
        Ok(Response::new(PurgeReply { addresses_forgotten, sessions_ended }))
    }

    async fn rotate_access_code(
        &self,
        request: Request<RotateAccessCodeRequest>,
    ) -> Reply<RotateAccessCodeReply> {
        let asked = request.get_ref();
        Ok(Response::new(RotateAccessCodeReply {
            access_link: "chatter://a:8000/#chatter1new".to_owned(),
            old_until: asked.keep_old_seconds.map_or(0, |seconds| 1_795_384_220 + seconds),
            sessions_ended: if asked.now { 3 } else { 0 },
        }))
    }

    async fn create_invite(&self, request: Request<CreateInviteRequest>) -> Reply<CreateInviteReply> {
        let asked = request.get_ref();
        if asked.name == "a/b" {
            return Err(Status::invalid_argument("no name"));
        }
        Ok(Response::new(CreateInviteReply {
            access_link: "chatter://a:8000/#chatter1old".to_owned(),
            name: format!("{}{}{}", asked.name, asked.https_host, asked.pin),
            made_at: if asked.name.is_empty() { 0 } else { 1_795_384_220 },
            expires_at: asked.for_seconds.map_or(0, |seconds| 1_795_384_220 + seconds),
            already: asked.name != "new",
        }))
    }

    async fn revoke_invite(&self, request: Request<RevokeInviteRequest>) -> Reply<RevokeInviteReply> {
        match request.get_ref().name.as_str() {
            "ben" => Ok(Response::new(RevokeInviteReply { sessions_ended: 1 })),
            _ => Err(Status::not_found("there is no access code of this name")),
        }
    }

    async fn list_invites(&self, _: Request<ListInvitesRequest>) -> Reply<ListInvitesReply> {
        let invite = |name: &str, made_at, expires_at, state, sessions| Invite {
            name: name.to_owned(),
            made_at,
            expires_at,
            state,
            sessions,
        };
        let invites = vec![
            invite("", 0, 1_795_384_221, invite::State::Retired.into(), 2),
            invite("", 1_795_384_220, 0, invite::State::Open.into(), 12),
            invite("ben", 1_795_384_220, 1_795_470_620, 99, 0),
        ];
        Ok(Response::new(ListInvitesReply { invites }))
    }

    async fn reseed_decoy(&self, _: Request<ReseedDecoyRequest>) -> Reply<ReseedDecoyReply> {
        Ok(Response::new(ReseedDecoyReply {
            access_link: "chatter://a:8000/#chatter1next".to_owned(),
            carrier_path: "/vault.enc".to_owned(),
        }))
    }

    async fn list_bans(&self, _: Request<ListBansRequest>) -> Reply<ListBansReply> {
        let circuit = "circuit 65 of tor0".to_owned();
        let circuits = vec![CircuitBan { circuit, packets: 30, since: 1_795_384_220 }];
        Ok(Response::new(ListBansReply {
            circuits,
            bans: vec![ban("203.0.113.9", 1_795_470_620), ban("2001:db8:1:2::/64", 0)],
        }))
    }

    async fn add_ban(&self, request: Request<AddBanRequest>) -> Reply<AddBanReply> {
        match request.get_ref().address.as_str() {
            "127.0.0.1" => return Err(Reason::Exempt.status("the address is exempt")),
            "x" => return Err(Reason::WrongAddress.status("this is not an IP address")),
            "203.0.113.8" => tokio::time::sleep(Duration::from_secs(60)).await,
            _ => {}
        }
        let already = request.get_ref().address == "203.0.113.9";
        let until = request.get_ref().for_seconds.map_or(0, |seconds| 1_795_384_220 + seconds);
        Ok(Response::new(AddBanReply { ban: Some(ban(&request.get_ref().address, until)), already }))
    }

    async fn lift_ban(&self, request: Request<LiftBanRequest>) -> Reply<LiftBanReply> {
        match request.get_ref().address.as_str() {
            "203.0.113.9" => Ok(Response::new(LiftBanReply {})),
            "10.0.0.1" => Err(Status::unimplemented("")),
            _ => Err(Status::not_found("this address is not in the report")),
        }
    }

    type ExportBanReportStream = tokio_stream::Iter<std::vec::IntoIter<Result<ExportBanReportReply, Status>>>;

    async fn export_ban_report(
        &self,
        _: Request<ExportBanReportRequest>,
    ) -> Reply<Self::ExportBanReportStream> {
        let part = |ban| Ok(ExportBanReportReply { bans: vec![ban] });
        let bans = vec![part(ban("203.0.113.9", 1_795_470_620)), part(ban("2001:db8:1:2::/64", 0))];
        Ok(Response::new(tokio_stream::iter(bans)))
    }

    type WatchStream = tokio_stream::Iter<std::vec::IntoIter<Result<WatchReply, Status>>>;

    async fn watch(&self, request: Request<WatchRequest>) -> Reply<Self::WatchStream> {
        let at = |event| Ok(WatchReply { at: 1_795_384_220, event: Some(event) });
        let mut events: Vec<_> = happening().into_iter().map(at).collect();
        // Of a newer daemon.
        events.push(Ok(WatchReply { at: 1_795_384_220, event: None }));
        events.push(match request.get_ref().figures_every_seconds {
            7 => Err(Reason::TooSlow.status("this watcher did not keep up")),
            _ => at(watch_reply::Event::Stopping(watch_reply::Stopping {})),
        });
        Ok(Response::new(tokio_stream::iter(events)))
    }

    async fn kick(&self, request: Request<KickRequest>) -> Reply<KickReply> {
        match request.get_ref().number {
            12 => Ok(Response::new(KickReply {})),
            _ => Err(Reason::NoSuchSession.status("there is no such session")),
        }
    }

    async fn list_settings(&self, _: Request<ListSettingsRequest>) -> Reply<ListSettingsReply> {
        let setting = |key: &str, value: &str, needs_restart| Setting {
            key: key.to_owned(),
            value: value.to_owned(),
            needs_restart,
        };
        let settings = vec![setting("ban.after", "30", false), setting("decoy.root", "", true)];
        Ok(Response::new(ListSettingsReply { settings, file: "/etc/chatterd/chatterd.toml".to_owned() }))
    }

    async fn check_settings(&self, _: Request<CheckSettingsRequest>) -> Reply<CheckSettingsReply> {
        Ok(Response::new(CheckSettingsReply { changes: Vec::new(), warnings: vec!["mind it".to_owned()] }))
    }

    async fn reload(&self, _: Request<ReloadRequest>) -> Reply<ReloadReply> {
        Ok(Response::new(reloaded()))
    }

    async fn shutdown(&self, _: Request<ShutdownRequest>) -> Reply<ShutdownReply> {
        Err(Reason::NoRight.status("your user does not have the right `operate`"))
    }
}

/// What changed in the settings.
fn reloaded() -> ReloadReply {
    let change = |key: &str, before: &str, after: &str, needs_restart| Change {
        key: key.to_owned(),
        before: before.to_owned(),
        after: after.to_owned(),
        needs_restart,
    };
    let changes = vec![change("ban.after", "30", "3", false), change("decoy.root", "", "\"/srv\"", true)];
    ReloadReply { changes, warnings: vec!["mind it".to_owned()] }
}

/// One event of each kind.
fn happening() -> Vec<watch_reply::Event> {
    use watch_reply::{BanLifted, CodeChanged, Event, SessionChanged, code_changed, session_changed};
    let figures = StatusReply { knocks: 62, ..status() };
    let session = SessionChanged { number: 12, change: session_changed::Change::CameBack.into() };
    let code = CodeChanged { name: "ben".to_owned(), change: code_changed::Change::Expired.into() };
    vec![
        Event::Snapshot(status()),
        Event::Banned(ban("203.0.113.9", 0)),
        Event::Lifted(BanLifted { address: "203.0.113.9".to_owned() }),
        Event::Session(session),
        Event::Code(code),
        Event::Reloaded(reloaded()),
        Event::Figures(figures),
    ]
}

/// A health service that says so.
pub(crate) struct Health(pub(crate) ServingStatus);

#[tonic::async_trait]
impl HealthService for Health {
    async fn check(&self, request: Request<HealthCheckRequest>) -> Reply<HealthCheckResponse> {
        assert_eq!(request.get_ref().service, "", "it asks for the daemon as a whole");
        Ok(Response::new(HealthCheckResponse { status: self.0.into() }))
    }

    type WatchStream = tokio_stream::Empty<Result<HealthCheckResponse, Status>>;

    async fn watch(&self, _: Request<HealthCheckRequest>) -> Reply<Self::WatchStream> {
        Err(Status::unimplemented(""))
    }
}

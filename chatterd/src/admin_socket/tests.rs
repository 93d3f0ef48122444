//! The socket with real files and calls, and a daemon made up.

use super::*;
use std::fs::Permissions;
use std::net::IpAddr;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::sync::Mutex;
use tokio::sync::broadcast::Receiver;

use chatter_proto::admin::reason::{self, Reason};
use chatter_proto::admin::watch_reply::Event as Shown;
use chatter_proto::admin::{
    AddBanRequest, ExportBanReportRequest, ListBansRequest, PurgeRequest, StatusRequest, connect,
};
use chatter_protocol::time::WallTime;
use tonic::Code;
use zeroize::Zeroizing;

use crate::access::codes::CodeName;
use crate::admin::codes::{Front, Invite, Invited, NamedInvite, OldCode, Rotated};
use crate::admin::rights::Rights;
use crate::admin::{
    AddedBan, ControlError, PurgeScope, Purged, Reseeded, Room, Seen, Session, SessionState, Settings,
};
use crate::config::Changes;
use crate::events::{CodeChange, Event, Events, SessionChange};
use crate::ledger::{self, Address, Ban, Known, Length, Terms};
use crate::socket_file::bound;
use socket2::{Domain, SockAddr, Socket, Type};

#[derive(Default)]
struct Fake {
    events: Events,
    rights: Mutex<Option<Rights>>,
    status: Mutex<Option<crate::admin::Status>>,
}

fn status() -> crate::admin::Status {
    crate::admin::Status {
        started_at: WallTime(10),
        listening: Vec::new(),
        tor_hosts: vec![(
            "tor0".to_owned(),
            crate::entrance::Place::Unix {
                path: "/run/chatterd/tor.sock".into(),
                access: crate::entrance::Callers::Owner,
            },
        )],
        persona: String::new(),
        carrier_path: None,
        sessions_confirmed: 0,
        sessions_opened: 0,
        sessions_detached: 0,
        rooms: 0,
        members: 0,
        addresses: 0,
        bans: 0,
        knocks: 1,
        refuses_banned: false,
        report_path: None,
        deliveries: 0,
        ephemeral: true,
    }
}

fn ban(address: Address) -> Ban {
    let terms = Terms { since: WallTime(10), until: None, reason: ledger::Reason::Operator };
    Ban { address, packets: 0, terms }
}

impl Control for Fake {
    async fn status(&self) -> Result<crate::admin::Status, ControlError> {
        self.status.lock().unwrap().clone().ok_or_else(ControlError::ending)
    }

    async fn addresses(&self) -> Result<Vec<Seen>, ControlError> {
        let known = Known {
            address: Address::from(IpAddr::from([203, 0, 113, 9])),
            knocks: 2,
            first_knock: None,
            last_knock: None,
            ban: None,
            members: 1,
            exempt: None,
        };
        Ok(vec![Seen { known, links: 1 }])
    }

    async fn rooms(&self) -> Result<Vec<Room>, ControlError> {
        Ok(vec![Room { id: "00ff".to_owned(), members: 2 }])
    }

    async fn sessions(&self) -> Result<Vec<Session>, ControlError> {
        Ok(vec![Session {
            number: 1,
            address: Some("::ffff:203.0.113.9".parse().unwrap()),
            circuit: None,
            state: SessionState::Detached,
            age: Duration::from_millis(2500),
            rooms: 1,
            queued_bytes: 7,
            gate: String::new(),
        }])
    }

    async fn purge(&self, scope: PurgeScope) -> Result<Purged, ControlError> {
        Ok(Purged { addresses: 3, sessions: u64::from(scope == PurgeScope::Everything) })
    }

    async fn rotate(&self, old: OldCode) -> Result<Rotated, ControlError> {
        let access_link = Zeroizing::new("chatter://new".to_owned());
        let sessions_ended = u64::from(old == OldCode::Ended);
        Ok(Rotated { access_link, old_until: None, sessions_ended })
    }

    async fn invite(&self, _: Option<NamedInvite>, _: Front) -> Result<Invited, ControlError> {
        Err(ControlError::new(Reason::NoCarrier, "set public-host"))
    }

    async fn revoke(&self, name: CodeName) -> Result<u64, ControlError> {
        Err(ControlError::new(Reason::NoSuchCode, format!("no code {name}")))
    }

    async fn invites(&self) -> Result<Vec<Invite>, ControlError> {
        Ok(Vec::new())
    }

    async fn reseed_decoy(&self) -> Result<Reseeded, ControlError> {
        Err(ControlError::new(Reason::NotGenerated, "the directory is your own"))
    }

    async fn bans(&self) -> Result<Vec<Ban>, ControlError> {
        Ok(vec![ban("203.0.113.9".parse().unwrap())])
    }

    async fn circuits_over(&self) -> Result<Vec<crate::circuits::Known>, ControlError> {
        let circuit = crate::circuit::Circuit { host: crate::circuit::TorHost(0), number: 65 };
        let known = crate::circuits::Known {
            circuit,
            host: "tor0".to_owned(),
            knocks: 30,
            last_knock: WallTime(10),
            over: Some(WallTime(10)),
            members: 0,
        };
        Ok(vec![known])
    }

    async fn lift_circuit(&self, circuit: crate::admin::CircuitName) -> Result<(), ControlError> {
        Err(ControlError::new(Reason::NoSuchBan, format!("{circuit} is not turned away")))
    }

    async fn add_ban(&self, address: Address, _: Length) -> Result<AddedBan, ControlError> {
        Ok(AddedBan { ban: ban(address), already: false })
    }

    async fn lift_ban(&self, _: Address) -> Result<(), ControlError> {
        Err(ControlError::new(Reason::NoSuchBan, "no such ban"))
    }

    async fn kick(&self, number: u64) -> Result<(), ControlError> {
        if number == 1 { Ok(()) } else { Err(ControlError::new(Reason::NoSuchSession, "no such session")) }
    }

    fn settings(&self) -> Settings {
        Settings { settings: Vec::new(), file: None }
    }

    async fn check_settings(&self) -> Result<Changes, ControlError> {
        Ok(Changes::default())
    }

    async fn reload(&self) -> Result<Changes, ControlError> {
        Err(ControlError::new(Reason::WrongSettings, "line 1"))
    }

    fn shutdown(&self) {}

    fn watch(&self) -> Receiver<Arc<Event>> {
        self.events.watch()
    }

    fn rights(&self) -> Arc<Rights> {
        let us = nix::unistd::geteuid().as_raw();
        Arc::new(self.rights.lock().unwrap().clone().unwrap_or_else(|| Rights::of_owner(us)))
    }
}

#[tokio::test]
async fn calls_are_answered_until_the_end_and_nothing_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run/admin.sock");
    let socket = AdminSocket::bind(&path, None).unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let served = tokio::spawn(socket.serve(Arc::<Fake>::default(), async {
        let _ = stopped.await;
    }));
    let mut client = connect(&path).await.unwrap();
    let bans = client.list_bans(ListBansRequest {}).await.unwrap().into_inner().bans;
    assert_eq!(
        (bans[0].address.as_str(), bans[0].until, bans[0].reason.as_str()),
        ("203.0.113.9", 0, "operator")
    );
    let sessions =
        client.list_sessions(chatter_proto::admin::ListSessionsRequest {}).await.unwrap().into_inner();
    assert_eq!((sessions.sessions[0].address.as_str(), sessions.sessions[0].age_seconds), ("203.0.113.9", 2));
    let purged = client
        .purge(PurgeRequest { everything: true, ..PurgeRequest::default() })
        .await
        .unwrap()
        .into_inner();
    assert_eq!((purged.addresses_forgotten, purged.sessions_ended), (3, 1));
    let added = client
        .add_ban(AddBanRequest { address: "2001:db8::1".to_owned(), for_seconds: None })
        .await
        .unwrap()
        .into_inner();
    assert_eq!(added.ban.unwrap().address, "2001:db8::/64");

    let wrong =
        client.add_ban(AddBanRequest { address: "x".to_owned(), for_seconds: None }).await.unwrap_err();
    assert_eq!(wrong.code(), Code::InvalidArgument);
    let gone = chatter_proto::admin::LiftBanRequest { address: "192.0.2.1".to_owned() };
    assert_eq!(client.lift_ban(gone).await.unwrap_err().code(), Code::NotFound);
    let refused =
        client.create_invite(chatter_proto::admin::CreateInviteRequest::default()).await.unwrap_err();
    assert_eq!((refused.code(), refused.message()), (Code::FailedPrecondition, "set public-host"));
    assert_eq!(client.status(StatusRequest {}).await.unwrap_err().code(), Code::Unavailable);
    let flood = AddBanRequest { address: "1".repeat(REQUEST_LEN_MAX + 1), for_seconds: None };
    assert_eq!(client.add_ban(flood).await.unwrap_err().code(), Code::OutOfRange);

    drop(stop);
    timeout(Duration::from_secs(2), served).await.expect("an open client does not hold up the end").unwrap();
    assert!(!path.exists());
    connect(&path).await.unwrap_err();
}

#[tokio::test]
async fn the_socket_has_its_mode_from_the_first_instant() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("admin.sock");
    for (access, mode) in [(Access::Owner, 0o600), (Access::Group(Some(ours())), 0o660)] {
        let _socket = bound(&path, access, BACKLOG).unwrap();
        let file = std::fs::metadata(&path).unwrap();
        assert_eq!((file.mode() & 0o777, file.gid()), (mode, ours()));
        std::fs::remove_file(&path).unwrap();
    }
    let path = folder.path().join("run/admin.sock");
    let _socket = AdminSocket::bind(&path, Some(&ours().to_string())).unwrap();
    let folder = std::fs::metadata(path.parent().unwrap()).unwrap();
    assert_eq!((std::fs::metadata(&path).unwrap().mode() & 0o777, folder.mode() & 0o777), (0o660, 0o711));
    let nobody = AdminSocket::bind(&path.with_extension("2"), Some("no-such-group")).unwrap_err();
    assert!(nobody.to_string().contains("no-such-group"), "{nobody}");
}

#[tokio::test]
async fn a_live_socket_is_never_taken_and_a_stale_one_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("admin.sock");
    let first = AdminSocket::bind(&path, None).unwrap();
    let error = AdminSocket::bind(&path, None).unwrap_err();
    assert!(matches!(error, AdminSocketError::File(SocketFileError::InUse(_))));
    assert!(error.to_string().contains("admin.sock") && error.to_string().contains("--admin-socket"));
    drop(first);
    assert!(!path.exists());

    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(path.exists(), "left behind, as by a kill");
    let second = AdminSocket::bind(&path, None).unwrap();
    assert_eq!(second.path(), path);
    // Somebody put his own in its place: that one stays.
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, "mine").unwrap();
    drop(second);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
}

#[tokio::test]
async fn a_daemon_that_hangs_is_still_alive() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("admin.sock");
    let _hung = bound(&path, Access::Owner, BACKLOG).unwrap();
    let mut waiting = Vec::new();
    let knock = || -> io::Result<Socket> {
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        socket.connect(&SockAddr::unix(&path)?).map(|()| socket)
    };
    while let Ok(socket) = knock() {
        waiting.push(socket);
    }
    assert!(matches!(AdminSocket::bind(&path, None), Err(AdminSocketError::File(SocketFileError::InUse(_)))));
}

#[tokio::test]
async fn no_place_no_socket() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    assert!(matches!(
        AdminSocket::bind(&file, None),
        Err(AdminSocketError::File(SocketFileError::NotASocket(_)))
    ));
    let under = AdminSocket::bind(&file.join("admin.sock"), None).unwrap_err();
    assert!(matches!(under, AdminSocketError::File(SocketFileError::Directory(_))), "{under}");
    let long = folder.path().join("x".repeat(200));
    assert!(matches!(
        AdminSocket::bind(&long, None),
        Err(AdminSocketError::File(SocketFileError::TooLong(_)))
    ));
    std::fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
    let open = AdminSocket::bind(&folder.path().join("admin.sock"), None).unwrap_err();
    assert!(open.to_string().contains("others may write"), "{open}");
}

fn ours() -> u32 {
    nix::unistd::getegid().as_raw()
}

/// A served socket, its control, a client, and what ends it when dropped.
async fn served(folder: &Path) -> (Arc<Fake>, chatter_proto::admin::Client, oneshot::Sender<()>) {
    let path = folder.join("run/admin.sock");
    let socket = AdminSocket::bind(&path, None).unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let control = Arc::<Fake>::default();
    tokio::spawn(socket.serve(Arc::clone(&control), async {
        let _ = stopped.await;
    }));
    (control, connect(&path).await.unwrap(), stop)
}

#[tokio::test]
async fn who_lacks_a_right_is_told_which_one() {
    let folder = tempfile::tempdir().unwrap();
    let (control, mut client, _stop) = served(folder.path()).await;
    let us = nix::unistd::geteuid().as_raw();
    client.list_bans(ListBansRequest {}).await.unwrap();
    // What holds changes between two calls of one connection.
    *control.rights.lock().unwrap() = Some(Rights::of_owner(us.wrapping_add(1)));
    let answer = client.list_bans(ListBansRequest {}).await;
    if us == 0 {
        answer.unwrap();
        return;
    }
    let refused = answer.unwrap_err();
    assert_eq!((refused.code(), reason::of(&refused).as_deref()), (Code::PermissionDenied, Some("NO_RIGHT")));
}

#[tokio::test]
async fn refusals_bear_their_reason() {
    let folder = tempfile::tempdir().unwrap();
    let (_control, mut client, _stop) = served(folder.path()).await;
    let check = |status: tonic::Status, word: &str| assert_eq!(reason::of(&status).as_deref(), Some(word));
    check(client.status(StatusRequest {}).await.unwrap_err(), "ENDING");
    check(client.reload(chatter_proto::admin::ReloadRequest {}).await.unwrap_err(), "WRONG_SETTINGS");
    let kick = |number| chatter_proto::admin::KickRequest { number };
    client.kick(kick(1)).await.unwrap();
    check(client.kick(kick(2)).await.unwrap_err(), "NO_SUCH_SESSION");
    let gone = chatter_proto::admin::LiftBanRequest { address: "x".to_owned() };
    check(client.lift_ban(gone).await.unwrap_err(), "WRONG_ADDRESS");
    let both =
        PurgeRequest { everything: true, address: "203.0.113.9".to_owned(), ..PurgeRequest::default() };
    check(client.purge(both).await.unwrap_err(), "WRONG_REQUEST");
    let often = chatter_proto::admin::WatchRequest { figures_every_seconds: 3601 };
    check(client.watch(often).await.unwrap_err(), "WRONG_REQUEST");
    let mut report = client.export_ban_report(ExportBanReportRequest {}).await.unwrap().into_inner();
    assert_eq!(report.message().await.unwrap().unwrap().bans.len(), 1);
    assert!(report.message().await.unwrap().is_none());
}

#[tokio::test]
async fn watching_begins_with_a_snapshot_and_ends_with_the_daemon() {
    let folder = tempfile::tempdir().unwrap();
    let (control, mut client, _stop) = served(folder.path()).await;
    *control.status.lock().unwrap() = Some(status());
    let every = chatter_proto::admin::WatchRequest { figures_every_seconds: 1 };
    let mut told = client.watch(every).await.unwrap().into_inner();
    let first = told.message().await.unwrap().unwrap();
    assert!(matches!(first.event, Some(Shown::Snapshot(shown)) if shown.knocks == 1) && first.at > 0);
    control.events.tell(|| Event::Session { number: 7, change: SessionChange::Came });
    let session = told.message().await.unwrap().unwrap().event;
    assert!(matches!(&session, Some(Shown::Session(session)) if session.number == 7), "{session:?}");
    control.status.lock().unwrap().as_mut().unwrap().knocks = 2;
    let figures = told.message().await.unwrap().unwrap().event;
    assert!(matches!(&figures, Some(Shown::Figures(shown)) if shown.knocks == 2), "{figures:?}");
    control.events.tell(|| Event::Stopping);
    let last = told.message().await.unwrap().unwrap().event;
    assert!(matches!(last, Some(Shown::Stopping(_))), "{last:?}");
    assert!(told.message().await.unwrap().is_none());
}

#[tokio::test]
async fn a_slow_watcher_is_told_and_cut_and_others_get_his_place() {
    let folder = tempfile::tempdir().unwrap();
    let (control, mut client, _stop) = served(folder.path()).await;
    *control.status.lock().unwrap() = Some(status());
    let every = chatter_proto::admin::WatchRequest { figures_every_seconds: 3600 };
    let mut slow = client.watch(every).await.unwrap().into_inner();
    // The second takes what comes, the first nothing.
    let mut quick = Vec::new();
    for _ in 1..WATCHERS_MAX {
        let mut other = connect(&folder.path().join("run/admin.sock")).await.unwrap();
        quick.push(other.watch(every).await.unwrap().into_inner());
    }
    let full = connect(&folder.path().join("run/admin.sock")).await.unwrap().watch(every).await.unwrap_err();
    assert_eq!(reason::of(&full).as_deref(), Some("TOO_MANY_WATCHERS"));
    drop(quick);
    let name = "n".repeat(2000);
    for _ in 0..6000 {
        control.events.tell(|| Event::Code { name: name.clone(), change: CodeChange::Made });
        tokio::task::yield_now().await;
    }
    let mut heard = 0;
    let end = loop {
        match slow.message().await {
            Ok(Some(_)) => heard += 1,
            other => break other.unwrap_err(),
        }
    };
    assert_eq!(reason::of(&end).as_deref(), Some("TOO_SLOW"), "{end:?}");
    assert!(heard < 6000, "{heard}");
    client.watch(every).await.unwrap();
}

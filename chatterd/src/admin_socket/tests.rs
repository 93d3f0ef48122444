//! The socket with real files and calls, and a daemon made up.

use super::*;
use std::fs::Permissions;
use std::net::IpAddr;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use chatter_proto::admin::{AddBanRequest, ListBansRequest, PurgeRequest, StatusRequest, connect};
use chatter_protocol::time::WallTime;
use tonic::Code;
use zeroize::Zeroizing;

use crate::access::codes::CodeName;
use crate::admin::codes::{Front, Invite, Invited, NamedInvite, OldCode, Rotated};
use crate::admin::{AddedBan, ControlError, PurgeScope, Purged, Reseeded, Room, Seen, Session, SessionState};
use crate::ledger::{Address, Ban, Known, Length, Reason, Terms};
use crate::socket_file::bound;
use socket2::{Domain, SockAddr, Socket, Type};

struct Fake;

fn ban(address: Address) -> Ban {
    let terms = Terms { since: WallTime(10), until: None, reason: Reason::Operator };
    Ban { address, packets: 0, terms }
}

impl Control for Fake {
    async fn status(&self) -> Result<crate::admin::Status, ControlError> {
        Err(ControlError::Ending)
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
        Err(ControlError::Refused("set public-host".to_owned()))
    }

    async fn revoke(&self, name: CodeName) -> Result<u64, ControlError> {
        Err(ControlError::NotFound(format!("no code {name}")))
    }

    async fn invites(&self) -> Result<Vec<Invite>, ControlError> {
        Ok(Vec::new())
    }

    async fn reseed_decoy(&self) -> Result<Reseeded, ControlError> {
        Err(ControlError::Refused("the directory is your own".to_owned()))
    }

    async fn bans(&self) -> Result<Vec<Ban>, ControlError> {
        Ok(vec![ban("203.0.113.9".parse().unwrap())])
    }

    async fn add_ban(&self, address: Address, _: Length) -> Result<AddedBan, ControlError> {
        Ok(AddedBan { ban: ban(address), already: false })
    }

    async fn lift_ban(&self, _: Address) -> Result<(), ControlError> {
        Err(ControlError::NotFound("no such ban".to_owned()))
    }
}

#[tokio::test]
async fn calls_are_answered_until_the_end_and_nothing_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run/admin.sock");
    let socket = AdminSocket::bind(&path).unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let served = tokio::spawn(socket.serve(Arc::new(Fake), async {
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
    let _socket = bound(&path, ACCESS, BACKLOG).unwrap();
    let file = std::fs::metadata(&path).unwrap();
    assert_eq!(file.mode() & 0o777, 0o600);
}

#[tokio::test]
async fn a_live_socket_is_never_taken_and_a_stale_one_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("admin.sock");
    let first = AdminSocket::bind(&path).unwrap();
    let error = AdminSocket::bind(&path).unwrap_err();
    assert!(matches!(error.0, SocketFileError::InUse(_)));
    assert!(error.to_string().contains("admin.sock") && error.to_string().contains("--admin-socket"));
    drop(first);
    assert!(!path.exists());

    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(path.exists(), "left behind, as by a kill");
    let second = AdminSocket::bind(&path).unwrap();
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
    let _hung = bound(&path, ACCESS, BACKLOG).unwrap();
    let mut waiting = Vec::new();
    let knock = || -> io::Result<Socket> {
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        socket.connect(&SockAddr::unix(&path)?).map(|()| socket)
    };
    while let Ok(socket) = knock() {
        waiting.push(socket);
    }
    assert!(matches!(AdminSocket::bind(&path), Err(AdminSocketError(SocketFileError::InUse(_)))));
}

#[tokio::test]
async fn no_place_no_socket() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    assert!(matches!(AdminSocket::bind(&file), Err(AdminSocketError(SocketFileError::NotASocket(_)))));
    let under = AdminSocket::bind(&file.join("admin.sock")).unwrap_err();
    assert!(matches!(under.0, SocketFileError::Directory(_)), "{under}");
    let long = folder.path().join("x".repeat(200));
    assert!(matches!(AdminSocket::bind(&long), Err(AdminSocketError(SocketFileError::TooLong(_)))));
    std::fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
    let open = AdminSocket::bind(&folder.path().join("admin.sock")).unwrap_err();
    assert!(open.to_string().contains("others may write"), "{open}");
}

#[tokio::test]
async fn callers_are_root_or_the_owner() {
    let (near, _far) = UnixStream::pair().unwrap();
    let us = nix::unistd::geteuid().as_raw();
    let call = |cred| {
        let mut call = Request::new(());
        call.extensions_mut().insert(UdsConnectInfo { peer_addr: None, peer_cred: cred });
        call
    };
    let cred = || Some(near.peer_cred().unwrap());
    check_caller(call(cred()), us).unwrap();
    // Root may always; anybody else only as owner.
    assert_eq!(check_caller(call(cred()), us + 1).is_ok(), us == 0);
    assert_eq!(check_caller(call(None), us).unwrap_err().code(), Code::PermissionDenied);
    assert_eq!(check_caller(Request::new(()), us).unwrap_err().code(), Code::PermissionDenied);
}

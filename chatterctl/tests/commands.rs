//! Transcripts: the real program against a daemon that says what the test wants, over a real socket.
#![expect(clippy::unwrap_used, reason = "in a test it is the failure")]

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use chatter_proto::admin::admin_server::{Admin, AdminServer};
use chatter_proto::admin::health::health_check_response::ServingStatus;
use chatter_proto::admin::health::health_server::{Health as HealthService, HealthServer};
use chatter_proto::admin::health::{HealthCheckRequest, HealthCheckResponse};
use chatter_proto::admin::*;
use serde_json::{Value, json};
use tokio::net::UnixListener;
use tokio::runtime::Runtime;
use tokio_stream::wrappers::UnixListenerStream;
use tonic::{Request, Response, Status};

/// A daemon's answers, made up.
struct Fake;

type Reply<T> = Result<Response<T>, Status>;

fn ban(address: &str, until: u64) -> Ban {
    Ban { address: address.to_owned(), packets: 31, since: 1_795_384_220, until, reason: "knocks".to_owned() }
}

#[tonic::async_trait]
impl Admin for Fake {
    async fn status(&self, _: Request<StatusRequest>) -> Reply<StatusReply> {
        Ok(Response::new(StatusReply {
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
        }))
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
        let session = |number, state, gate: &str| Session {
            number,
            address: "198.51.100.7".to_owned(),
            state,
            age_seconds: 3700,
            rooms: 1,
            queued_bytes: 70,
            gate: gate.to_owned(),
        };
        let sessions = vec![session(1, session::State::Confirmed.into(), ""), session(12, 99, "guests")];
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
                _ => return Err(Status::not_found("no room's id begins so")),
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
        Ok(Response::new(ListBansReply {
            bans: vec![ban("203.0.113.9", 1_795_470_620), ban("2001:db8:1:2::/64", 0)],
        }))
    }

    async fn add_ban(&self, request: Request<AddBanRequest>) -> Reply<AddBanReply> {
        match request.get_ref().address.as_str() {
            "127.0.0.1" => return Err(Status::failed_precondition("the address is exempt")),
            "x" => return Err(Status::invalid_argument("this is not an IP address")),
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
}

/// A health service that says so.
struct Health(ServingStatus);

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

#[test]
fn health_is_an_exit_code() {
    let check_health = |status, json: &[&str]| {
        let daemon = Daemon::serving(HealthServer::new(Health(status)));
        daemon.ctl(&[&["health"], json].concat())
    };
    check(&check_health(ServingStatus::Serving, &[]), 0, "serving\n", "");
    check(&check_health(ServingStatus::Serving, &["--json"]), 0, "{\"serving\":true}\n", "");
    let hangs = "chatterd does not answer: it is there, but its relay hangs. If it hangs, restart it; if this is another \
                 program's socket, give the right one to --socket";
    check(&check_health(ServingStatus::NotServing, &[]), 3, "", &format!("chatterctl: {hangs}\n"));
    let told = json!({"error": hangs, "kind": "unreachable"});
    let output = check_health(ServingStatus::NotServing, &["--json"]);
    check(&output, 3, &format!("{told}\n"), "");
    let nobody = chatterctl(&["health", "--json", "--socket", "/nowhere/admin.sock"]).output().unwrap();
    assert_eq!(nobody.status.code(), Some(3));
}

/// A running fake daemon and the folder of its socket.
struct Daemon {
    folder: tempfile::TempDir,
    _runtime: Runtime,
}

impl Daemon {
    fn start() -> Self {
        Self::serving(AdminServer::new(Fake))
    }

    fn serving<S>(service: S) -> Self
    where
        S: tonic::codegen::Service<
                tonic::codegen::http::Request<tonic::body::Body>,
                Response = tonic::codegen::http::Response<tonic::body::Body>,
                Error = std::convert::Infallible,
            > + Clone
            + Send
            + 'static,
        S::Future: Send,
    {
        let runtime = Runtime::new().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let listener = {
            let _inside = runtime.enter();
            UnixListener::bind(folder.path().join("admin.sock")).unwrap()
        };
        runtime.spawn(
            tonic::transport::Server::builder()
                .serve_with_incoming(service, UnixListenerStream::new(listener)),
        );
        Self { folder, _runtime: runtime }
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("admin.sock")
    }

    fn ctl(&self, arguments: &[&str]) -> Output {
        chatterctl(arguments).env("CHATTERD_ADMIN_SOCKET", self.socket()).output().unwrap()
    }

    fn json(&self, arguments: &[&str]) -> (i32, Value) {
        let output = self.ctl(&[&["--json"], arguments].concat());
        assert_eq!(text(&output.stderr), "");
        (output.status.code().unwrap(), serde_json::from_slice(&output.stdout).unwrap())
    }
}

fn chatterctl(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chatterctl"));
    command.args(arguments).env_clear().stdin(Stdio::null());
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[track_caller]
fn check(output: &Output, code: i32, stdout: &str, stderr: &str) {
    assert_eq!((text(&output.stdout), text(&output.stderr)), (stdout.to_owned(), stderr.to_owned()));
    assert_eq!(output.status.code(), Some(code));
}

#[test]
fn people_read_tables() {
    let daemon = Daemon::start();
    let version = env!("CARGO_PKG_VERSION");
    let status = format!(
        "chatterd     9.8.7\n\
         chatterctl   {version}\n\
         since        2026-11-22 21:50:20 UTC\n\
         listening    0.0.0.0:8000, [::]:8000\n\
         poses as     SimpleHTTP/0.6 Python/3.11.2\u{fffd}[2J\n\
         carrier      none: members can't come in; name a file with decoy.carrier\n\
         sessions     2 confirmed, 1 opened, 0 detached\n\
         chat         2 members in 1 room, 5 messages delivered\n\
         strangers    61 knocks from 3 addresses known, 2 banned\n\
         ban report   /var/lib/chatterd/report.txt\n\
         warning: ban.refuse is on; who is refused knows that this is no file server\n"
    );
    check(&daemon.ctl(&["status"]), 0, &status, "");
    let ips = "\
ADDRESS            KNOCKS  FIRST KNOCK              LAST KNOCK               WHY IT IS KNOWN
127.0.0.1               0  -                        -                        1 member; exempt by 127.0.0.0/8
192.0.2.4               4  2026-11-22 21:50:20 UTC  2026-11-22 21:50:20 UTC  counted
198.51.100.7            0  -                        -                        1 session opened
2001:db8:1:2::/64      31  2026-11-22 21:50:21 UTC  2026-11-22 21:50:21 UTC  banned for knocks since 2026-11-22 21:50:20 UTC until lifted
";
    check(&daemon.ctl(&["ips"]), 0, ips, "");
    let sessions = "\
NUMBER  ADDRESS       STATE      AGE    ROOMS  QUEUED BYTES  GATE
     1  198.51.100.7  confirmed  1h 1m      1            70  -
    12  198.51.100.7  unknown    1h 1m      1            70  guests
";
    check(&daemon.ctl(&["sessions"]), 0, sessions, "");
    let bans = "\
ADDRESS            PACKETS  SINCE                    UNTIL                    REASON
203.0.113.9             31  2026-11-22 21:50:20 UTC  2026-11-23 21:50:20 UTC  knocks
2001:db8:1:2::/64       31  2026-11-22 21:50:20 UTC  lifted                   knocks
";
    check(&daemon.ctl(&["bans"]), 0, bans, "");
    check(&daemon.ctl(&["bans", "list"]), 0, bans, "");
    let rooms = format!("ID{}  MEMBERS\n{}        2\n", " ".repeat(62), "0a".repeat(32));
    check(&daemon.ctl(&["rooms"]), 0, &rooms, "");
    let invites = "\
NAME  MADE                     EXPIRES                  STATE    SESSIONS
-     -                        2026-11-22 21:50:21 UTC  retired         2
-     2026-11-22 21:50:20 UTC  -                        open           12
ben   2026-11-22 21:50:20 UTC  2026-11-23 21:50:20 UTC  unknown         0
";
    check(&daemon.ctl(&["invites"]), 0, invites, "");
    check(&daemon.ctl(&["gates"]), 0, invites, "");
    let report = "\
Logged IP addresses flagged as potential DDOS threat
Integrate with fail2ban

203.0.113.9 -> 31x packets
2001:db8:1:2::/64 -> 31x packets
";
    check(&daemon.ctl(&["bans", "export"]), 0, report, "");
    let csv = "\
address,packets,since,until,reason
203.0.113.9,31,2026-11-22T21:50:20Z,2026-11-23T21:50:20Z,knocks
2001:db8:1:2::/64,31,2026-11-22T21:50:20Z,,knocks
";
    check(&daemon.ctl(&["bans", "export", "--format", "csv"]), 0, csv, "");
}

#[test]
fn people_are_told_what_was_done() {
    let daemon = Daemon::start();
    check(&daemon.ctl(&["purge"]), 0, "forgot 1 address; bans stay in the report\n", "");
    let all = "forgot 1 address, ended 2 sessions; bans stay in the report\n";
    check(&daemon.ctl(&["purge", "--everything"]), 0, all, "");
    let one = "forgot 1 address, ended 1 session; bans stay in the report\n";
    check(&daemon.ctl(&["purge", "--address", "203.0.113.9"]), 0, one, "");
    check(&daemon.ctl(&["purge", "--room", "0a"]), 0, "ended 2 sessions; bans stay in the report\n", "");
    check(&daemon.ctl(&["purge", "--room", "0b"]), 1, "", "chatterctl: no room's id begins so\n");
    check(
        &daemon.ctl(&["bans", "add", "203.0.113.7", "--for", "1d"]),
        0,
        "203.0.113.7 is in the report, until: 2026-11-23 21:50:20 UTC\n",
        "",
    );
    check(
        &daemon.ctl(&["bans", "add", "203.0.113.7"]),
        0,
        "203.0.113.7 is in the report, until: lifted\n",
        "",
    );
    let already = "203.0.113.9 was in the report already, until: lifted\n";
    check(&daemon.ctl(&["bans", "add", "203.0.113.9"]), 0, already, "");
    let lifted = daemon.ctl(&["bans", "lift", "203.0.113.9"]);
    assert!(text(&lifted.stdout).starts_with("203.0.113.9 is out of the report"));
    for (command, link) in
        [("invite", "chatter://a:8000/#chatter1old"), ("rotate", "chatter://a:8000/#chatter1new")]
    {
        let output = text(&daemon.ctl(&[command]).stdout);
        assert!(output.lines().count() > 2, "{output}");
        assert_eq!(output.lines().last(), Some(link));
        assert_eq!(output.matches("chatter://").count(), 1);
    }
}

#[test]
fn what_becomes_of_codes_is_told() {
    let daemon = Daemon::start();
    let fate = |arguments: &[&str], fate: &str| {
        let output = text(&daemon.ctl(arguments).stdout);
        assert!(output.contains(fate), "{fate:?} is missing in {output}");
        assert!(output.lines().last().unwrap().starts_with("chatter://"), "{output}");
    };
    fate(&["rotate"], "Whoever is in stays in.");
    fate(&["rotate", "--now"], "has ended, and 3 sessions with it: ");
    fate(&["rotate", "--keep-old", "1d"], "is good until 2026-11-23 21:50:20 UTC. Then it ends");
    fate(
        &["invite", "--name", "new"],
        "Its code new is good until `chatterctl revoke new`; the server can tell",
    );
    let week = ["invite", "--name", " ben ", "--for", "1d"];
    fate(&week, "Its code ben was there before, and is good until 2026-11-23 21:50:20 UTC, or `chatterctl");
    let revoked = "ben is revoked, 1 session ended; who comes by it meets a file server\n";
    check(&daemon.ctl(&["revoke", "ben"]), 0, revoked, "");
    let nobody = "chatterctl: there is no access code of this name\n";
    check(&daemon.ctl(&["revoke", "carol"]), 1, "", nobody);
    check(&daemon.ctl(&["invite", "--name", "a/b"]), 2, "", "chatterctl: no name\n");
    let empty = "chatterctl: the access code's name is empty\n";
    check(&daemon.ctl(&["revoke", " "]), 2, "", empty);
    check(&daemon.ctl(&["invite", "--name", ""]), 2, "", empty);
}

#[test]
fn a_reseeded_decoy_is_told_with_what_it_costs() {
    let daemon = Daemon::start();
    let told = "\
A new directory is drawn. The daemon goes on with the old one until it is restarted.
From then on the carrier is /vault.enc, every link given out so far is void, rooms' links included,
and this is the access link; hand it on by a way that you trust, not through this server:

chatter://a:8000/#chatter1next
";
    check(&daemon.ctl(&["decoy", "reseed"]), 0, told, "");
    let fields = json!({"access_link": "chatter://a:8000/#chatter1next", "carrier_path": "/vault.enc",
                        "takes_effect": "at the next start"});
    assert_eq!(daemon.json(&["decoy", "reseed"]), (0, fields));
    assert_eq!(daemon.ctl(&["decoy"]).status.code(), Some(2));
}

#[test]
fn scripts_read_fields_whose_names_stay() {
    let daemon = Daemon::start();
    let status = json!({
        "version": "9.8.7", "chatterctl_version": env!("CARGO_PKG_VERSION"), "started_at": 1_795_384_220,
        "listening": ["0.0.0.0:8000", "[::]:8000"], "persona": "SimpleHTTP/0.6 Python/3.11.2\u{1b}[2J",
        "carrier_path": null, "sessions_confirmed": 2, "sessions_opened": 1, "sessions_detached": 0, "rooms": 1,
        "members": 2, "deliveries": 5, "addresses": 3, "bans": 2, "knocks": 61, "refuses_banned": true,
        "report_path": "/var/lib/chatterd/report.txt", "ephemeral": false
    });
    assert_eq!(daemon.json(&["status"]), (0, status));
    let address = |address: &str, knocks: u64, at: Option<u64>, members: u32, links: u32| {
        let ban = json!({"address": address, "packets": 31, "since": 1_795_384_220, "until": null, "reason": "knocks"});
        let exempt = address == "127.0.0.1";
        json!({"address": address, "knocks": knocks, "first_knock_at": at, "last_knock_at": at,
               "banned": knocks >= 30, "ban": if knocks >= 30 { ban } else { Value::Null },
               "member": members > 0, "members": members, "links": links,
               "exempt": exempt, "exempt_by": exempt.then_some("127.0.0.0/8")})
    };
    let ips = json!({"addresses": [
        address("127.0.0.1", 0, None, 1, 1),
        address("192.0.2.4", 4, Some(1_795_384_220), 0, 0),
        address("198.51.100.7", 0, None, 0, 1),
        address("2001:db8:1:2::/64", 31, Some(1_795_384_221), 0, 0),
    ]});
    assert_eq!(daemon.json(&["ips"]), (0, ips));
    let session = |number: u64, state: &str, gate: &str| {
        json!({"number": number, "address": "198.51.100.7", "state": state, "age_seconds": 3700, "rooms": 1,
               "queued_bytes": 70, "gate": gate})
    };
    let sessions = json!({"sessions": [session(1, "confirmed", ""), session(12, "unknown", "guests")]});
    assert_eq!(daemon.json(&["sessions"]), (0, sessions));
    let ban = |address: &str, until: Option<u64>| json!({"address": address, "packets": 31, "since": 1_795_384_220, "until": until, "reason": "knocks"});
    let bans = json!({"bans": [ban("203.0.113.9", Some(1_795_470_620)), ban("2001:db8:1:2::/64", None)]});
    assert_eq!(daemon.json(&["bans"]), (0, bans.clone()));
    assert_eq!(daemon.json(&["bans", "export", "--format", "json"]), (0, bans.clone()));
    let exported = daemon.ctl(&["bans", "export", "--format", "json"]);
    assert_eq!(serde_json::from_slice::<Value>(&exported.stdout).unwrap(), bans);
    let exported = daemon.json(&["bans", "export", "--format", "ufw"]);
    let text = "ufw prepend deny from 203.0.113.9 comment 'chatterd ban'\n\
                ufw prepend deny from 2001:db8:1:2::/64 comment 'chatterd ban'\n";
    assert_eq!(exported, (0, json!({"format": "ufw", "text": text})));
    let rooms = json!({"rooms": [{"id": "0a".repeat(32), "members": 2}]});
    assert_eq!(daemon.json(&["rooms"]), (0, rooms));
    let purged = json!({"addresses_forgotten": 1, "sessions_ended": 2});
    assert_eq!(daemon.json(&["purge", "--everything"]), (0, purged));
    let invited = |name: &str, made_at: Option<u64>, expires_at: Option<u64>, already: bool| {
        json!({"access_link": "chatter://a:8000/#chatter1old", "name": name, "made_at": made_at,
               "expires_at": expires_at, "already": already})
    };
    assert_eq!(daemon.json(&["invite"]), (0, invited("", None, None, true)));
    let named = invited("new", Some(1_795_384_220), Some(1_795_384_310), false);
    assert_eq!(daemon.json(&["invite", "--name", "new", "--for", "90s"]), (0, named));
    let front = invited("a.example:84a7", None, None, true);
    assert_eq!(daemon.json(&["invite", "--https", "a.example:84", "--pin", "a7"]), (0, front));
    let rotated = |old_until: Option<u64>, sessions_ended: u64| {
        json!({"access_link": "chatter://a:8000/#chatter1new", "old_until": old_until,
               "sessions_ended": sessions_ended})
    };
    assert_eq!(daemon.json(&["rotate"]), (0, rotated(None, 0)));
    assert_eq!(daemon.json(&["rotate", "--now"]), (0, rotated(None, 3)));
    assert_eq!(daemon.json(&["rotate", "--keep-old", "90"]), (0, rotated(Some(1_795_384_310), 0)));
    assert_eq!(daemon.json(&["revoke", "ben"]), (0, json!({"revoked": "ben", "sessions_ended": 1})));
    let invite = |name: &str, made_at: Option<u64>, expires_at: Option<u64>, state: &str, sessions: u64| json!({"name": name, "made_at": made_at, "expires_at": expires_at, "state": state, "sessions": sessions});
    let invites = json!({"invites": [
        invite("", None, Some(1_795_384_221), "retired", 2),
        invite("", Some(1_795_384_220), None, "open", 12),
        invite("ben", Some(1_795_384_220), Some(1_795_470_620), "unknown", 0),
    ]});
    assert_eq!(daemon.json(&["invites"]), (0, invites));
    let added = json!({"ban": ban("203.0.113.9", None), "already": true});
    assert_eq!(daemon.json(&["bans", "add", " 203.0.113.9"]), (0, added));
    assert_eq!(daemon.json(&["bans", "lift", "203.0.113.9"]), (0, json!({"lifted": "203.0.113.9"})));
}

#[test]
fn refusals_are_told_both_ways() {
    let daemon = Daemon::start();
    check(&daemon.ctl(&["bans", "add", "127.0.0.1"]), 1, "", "chatterctl: the address is exempt\n");
    check(&daemon.ctl(&["bans", "add", "x"]), 2, "", "chatterctl: this is not an IP address\n");
    check(
        &daemon.ctl(&["bans", "lift", "192.0.2.1"]),
        1,
        "",
        "chatterctl: this address is not in the report\n",
    );
    let refused = json!({"error": "the address is exempt", "kind": "failed"});
    assert_eq!(daemon.json(&["bans", "add", "127.0.0.1"]), (1, refused));
    let old = daemon.json(&["bans", "lift", "10.0.0.1"]);
    assert_eq!((old.0, &old.1["kind"]), (1, &json!("failed")));
    assert!(old.1["error"].as_str().unwrap().contains("older than chatterctl"));
}

#[test]
fn wrong_usage_is_told_both_ways() {
    for wrong in [
        &["nonsense"][..],
        &[],
        &["bans", "add"],
        &["bans", "add", "a", "b"],
        &["purge", "--all"],
        &["bans", "add", "203.0.113.9", "--for", "2w"],
        &["bans", "export", "--format", "xml"],
        &["purge", "--everything", "--address", "203.0.113.9"],
        &["purge", "--room", ""],
        &["rotate", "--now", "--keep-old", "10m"],
        &["invite", "--for", "7d"],
        &["revoke"],
    ] {
        let output = chatterctl(wrong).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
        assert!(!output.stderr.is_empty());
    }
    let output = chatterctl(&["purge", "--all", "--json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["kind"], "usage");
    assert!(told["error"].as_str().unwrap().contains("--all"));
    let help = chatterctl(&["--help"]).output().unwrap();
    assert_eq!(help.status.code(), Some(0));
    let help = text(&help.stdout);
    for part in [
        "Examples:",
        "Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 no daemon answers",
        "--socket",
    ] {
        assert!(help.contains(part), "{part:?} is missing in {help}");
    }
}

/// Tells that nobody is there, where it looked, and what to try.
fn check_unreachable(mut command: Command, places: &[&str], advice: &str) {
    let output = command.output().unwrap();
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(3), ""));
    let told = text(&output.stderr);
    for part in places.iter().chain(&["no chatterd answers", advice]) {
        assert!(told.contains(part), "{part:?} is missing in {told}");
    }
}

#[test]
fn where_nobody_answers_it_says_where_it_looked() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("nothing.sock");
    let place = place.to_str().unwrap();
    check_unreachable(
        chatterctl(&["--socket", place, "status"]),
        &[place, "no such socket"],
        "--socket PATH",
    );
    let stale = folder.path().join("stale.sock");
    drop(std::os::unix::net::UnixListener::bind(&stale).unwrap());
    check_unreachable(
        chatterctl(&["status", "--socket", stale.to_str().unwrap()]),
        &["stale.sock", "nobody listens"],
        "systemctl status chatterd",
    );
    let output = chatterctl(&["bans", "--json", "--socket", place]).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["kind"], "unreachable");
    assert!(told["error"].as_str().unwrap().contains(place));
}

#[test]
fn a_named_socket_is_the_only_place_looked_at() {
    let daemon = Daemon::start();
    let output = chatterctl(&["--socket", "/nowhere/admin.sock", "purge"])
        .env("CHATTERD_ADMIN_SOCKET", daemon.socket())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(text(&output.stderr).matches("admin.sock").count(), 1);
}

/// The program run by somebody who is not root, since nothing is forbidden to root and its places are the system's.
fn as_somebody(folder: &Path, arguments: &[&str]) -> Command {
    if !nix::unistd::geteuid().is_root() {
        return chatterctl(arguments);
    }
    std::fs::set_permissions(folder, Permissions::from_mode(0o755)).unwrap();
    let program = folder.join("chatterctl");
    std::fs::copy(env!("CARGO_BIN_EXE_chatterctl"), &program).unwrap();
    let mut command = Command::new(program);
    command.args(arguments).env_clear().stdin(Stdio::null()).uid(NOBODY).gid(NOBODY);
    command
}

const NOBODY: u32 = 65534;

#[test]
fn the_usual_places_are_searched() {
    let daemon = Daemon::start();
    std::fs::set_permissions(daemon.socket(), Permissions::from_mode(0o666)).unwrap();
    let folder = daemon.folder.path().join("chatterd");
    std::fs::create_dir(&folder).unwrap();
    std::os::unix::fs::symlink(daemon.socket(), folder.join("admin.sock")).unwrap();
    let mut command = as_somebody(daemon.folder.path(), &["purge"]);
    let output = command.env("XDG_RUNTIME_DIR", daemon.folder.path()).output().unwrap();
    check(&output, 0, "forgot 1 address; bans stay in the report\n", "");
}

#[test]
fn a_daemon_that_hangs_or_speaks_something_else_is_told() {
    let daemon = Daemon::start();
    let hanging = daemon.ctl(&["bans", "add", "203.0.113.8", "--timeout", "1"]);
    assert_eq!(hanging.status.code(), Some(3));
    assert!(text(&hanging.stderr).contains("does not answer"), "{}", text(&hanging.stderr));

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.sock");
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let other = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        std::io::Write::write_all(&mut stream, b"220 mail.example ESMTP\r\n").unwrap();
    });
    let output = chatterctl(&["--json", "status", "--socket", path.to_str().unwrap()]).output().unwrap();
    other.join().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["kind"], "unreachable");
    assert!(told["error"].as_str().unwrap().contains("answer"));
}

#[test]
fn a_closed_pipe_is_no_failure_and_a_full_disk_is_one() {
    let daemon = Daemon::start();
    let shell = |line: &str| {
        let line = line.replace("CTL", env!("CARGO_BIN_EXE_chatterctl"));
        Command::new("/bin/sh")
            .args(["-c", &line])
            .env("CHATTERD_ADMIN_SOCKET", daemon.socket())
            .output()
            .unwrap()
    };
    let piped = shell("(sleep 0.1; CTL ips; echo $? >&2) | true");
    assert_eq!(text(&piped.stderr).trim(), "0");
    if Path::new("/dev/full").exists() {
        let full = shell("CTL ips >/dev/full");
        assert_eq!(full.status.code(), Some(1));
        assert!(text(&full.stderr).contains("cannot print"));
    }
}

#[test]
fn a_forbidden_socket_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("admin.sock");
    let _listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    std::fs::set_permissions(&path, Permissions::from_mode(0o000)).unwrap();
    let command = as_somebody(folder.path(), &["--socket", path.to_str().unwrap(), "status"]);
    check_unreachable(command, &["permission denied"], "as root or as the user who runs chatterd");
}

//! Start and stop, as one list.
//!
//! **In** the settings. **Out** a daemon that runs until it is told to end, and what it says on standard output.
//! **Never** a decision that belongs into a room of its own.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chatter_proto::relay::{Visit, bye};
use chatter_protocol::access::CarrierPath;
use chatter_protocol::entropy::Entropy;
use chatter_protocol::invite::{Address as LinkAddress, Transport};
use chatter_protocol::server::gatekeeper::Gatekeeper;
use chatter_protocol::server::relay::RelayLimits;
use chatter_protocol::server::{Server, Settings};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::info;
use zeroize::Zeroizing;

use crate::access::{Keys, KeysError, SharedLedger, lock, wall_now};
use crate::admin_socket::{AdminSocket, AdminSocketError};
use crate::config::Config;
use crate::decoy::{Decoy, Root};
use crate::directory::{self, DirectoryError};
use crate::door::Door;
use crate::entrance::{Entrance, Place};
use crate::exit::Exit;
use crate::ledger::Ledger;
use crate::listener::{Listener, ListenerError};
use crate::operator::{Books, Carrier, Facts, Keyring, Operator, Reach, Shared, codes};
use crate::relay::Which;
use crate::report::{self, ReportError, ReportFile};
use crate::{front, host_words, relay, systemd};

/// Why the daemon can't start, or ended badly.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// The keys.
    #[error("the keys can't be used: {0}")]
    Keys(#[from] KeysError),
    /// The state directory.
    #[error("the state directory can't be used: {0}")]
    StateDirectory(#[from] DirectoryError),
    /// The carrier.
    #[error("[decoy] carrier: {0}")]
    Carrier(String),
    /// A listening address.
    #[error("can't listen on {place}: {source}{hint}", hint = listen_hint(source))]
    Listen {
        /// Which.
        place: Place,
        /// What the system says.
        source: ListenerError,
    },
    /// The admin socket.
    #[error("{0}")]
    AdminSocket(#[from] AdminSocketError),
    /// The ban report.
    #[error("{0}")]
    Report(#[from] ReportError),
    /// No random numbers, no signals.
    #[error("the system fails us: {0}")]
    System(#[from] io::Error),
}

impl DaemonError {
    /// What the process ends with.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Listen { .. } | Self::AdminSocket(_) => Exit::Unavailable,
            Self::Keys(_) | Self::StateDirectory(_) | Self::Report(_) => Exit::Files,
            Self::Carrier(_) => Exit::Config,
            Self::System(_) => Exit::Software,
        }
    }
}

/// Runs a daemon until SIGINT or SIGTERM. What others rely on is written to `stdout`, a line each.
///
/// # Errors
/// [`DaemonError`] where it can't start.
pub async fn run(config: Config, mut stdout: impl Write) -> Result<(), DaemonError> {
    let mut signals = Signals::listen()?;
    let (stop, stopped) = watch::channel(false);
    let House { decoy, report, asked, ledger, listeners, listening, admin, operator, door, relay_task } =
        furnish(&config)?;
    let relay = door.relay().clone();
    let mut tasks = JoinSet::new();
    let relay_task = tokio::spawn(relay_task.run());
    let front = front::open(listeners, decoy, door, stopped.clone())?;
    let admin_path = admin.path().display().to_string();
    let (control, until_stop) = (Arc::clone(&operator), until(stopped.clone()));
    tasks.spawn(async move { admin.serve(control, until_stop).await });
    tasks.spawn(expire(Arc::clone(&ledger), Arc::clone(&operator), stopped.clone()));
    let report_ledger = Arc::clone(&ledger);
    let report = report.map(|file| {
        let changed = move |counts| lock(&report_ledger).poll_report(counts);
        tokio::spawn(report::keep(file, changed, asked, until(stopped.clone())))
    });

    announce(&mut stdout, &config, &operator, &listening, &admin_path);
    systemd::ready(&format!("listening on {}", joined(&listening)));
    info!("started");

    signals.ended().await;
    systemd::stopping();
    info!("stopping");
    let _ = relay.end(Which::All, bye::Reason::Shutdown).await;
    let _ = stop.send(true);
    // Members' connections take their farewell with them.
    tokio::time::sleep(FAREWELL).await;
    relay_task.abort();
    let drain = async {
        while tasks.join_next().await.is_some() {}
        let _ = tokio::task::spawn_blocking(move || front.join()).await;
        if let Some(report) = report {
            let _ = report.await;
        }
    };
    let _ = tokio::time::timeout(DRAIN, drain).await;
    operator.note_clean_stop()?;
    Ok(())
}

/// All that there is before anybody comes.
struct House {
    decoy: Arc<Decoy>,
    report: Option<ReportFile>,
    asked: report::Asked,
    ledger: SharedLedger,
    listeners: Vec<Listener>,
    listening: Vec<Place>,
    admin: AdminSocket,
    operator: Shared,
    door: Arc<Door>,
    relay_task: relay::Relay,
}

/// Not a part of [`run`], which lasts as long as the daemon and would keep the bytes of keys that it passed on.
fn furnish(config: &Config) -> Result<House, DaemonError> {
    let mut entropy = fresh_entropy()?;
    let keys = keys(config, &mut entropy)?;
    let decoy = Arc::new(decoy(config, &keys));
    let carrier = carrier(&decoy)?;
    let (report, ledger) = ledger(config, &mut entropy)?;
    let (listeners, listening) = bind(config)?;
    let admin = AdminSocket::bind(&config.admin.socket)?;
    let (keeper, asked) = report::keeper();
    let books = Books { ledger: Arc::clone(&ledger), keeper: report.is_some().then_some(keeper) };
    let (operator, door, relay_task) = assemble(config, keys, &decoy, carrier, books, &listening, entropy);
    Ok(House { decoy, report, asked, ledger, listeners, listening, admin, operator, door, relay_task })
}

/// A generator seeded by the operating system.
fn fresh_entropy() -> io::Result<Entropy> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(io::Error::other)?;
    Ok(Entropy::new(seed))
}

fn keys(config: &Config, entropy: &mut Entropy) -> Result<Keys, DaemonError> {
    let words = host_words::draw(entropy);
    match &config.state_directory {
        None => Ok(Keys::ephemeral(entropy, words)),
        Some(directory) => {
            directory::private(directory)?;
            let mut keys = Keys::load(directory, entropy, words)?;
            keys.codes = keys.codes.without_expired(wall_now());
            Ok(keys)
        }
    }
}

fn decoy(config: &Config, keys: &Keys) -> Decoy {
    let root = match &config.decoy.root {
        Some(path) => Root::Own { path: path.clone(), carrier: config.decoy.carrier.clone() },
        None => Root::generated(&keys.seed),
    };
    Decoy::new(root, config.decoy.python)
}

fn carrier(decoy: &Decoy) -> Result<Option<Carrier>, DaemonError> {
    Carrier::of(decoy).map_err(|path| {
        DaemonError::Carrier(format!("{path} is too long: give the file a name of at most 200 letters"))
    })
}

fn ledger(config: &Config, entropy: &mut Entropy) -> Result<(Option<ReportFile>, SharedLedger), DaemonError> {
    let mut ledger = Ledger::new(config.ledger_settings(), entropy.bytes());
    let report = match &config.ban.report {
        None => None,
        Some(path) => {
            let (file, bans) = ReportFile::open(path)?;
            ledger.restore(&bans, wall_now());
            // There from the start on: fail2ban does not start without the file that it is to read. If it can't be
            // written now, whoever keeps it will say so and try again.
            let _ = file.write(&ledger.bans());
            Some(file)
        }
    };
    Ok((report, Arc::new(Mutex::new(ledger))))
}

fn bind(config: &Config) -> Result<(Vec<Listener>, Vec<Place>), DaemonError> {
    let open = |entrance: &Entrance| {
        let failed = |source| DaemonError::Listen { place: entrance.place.clone(), source };
        let listener =
            Listener::open(entrance, &config.trusted_proxies, config.decoy.queue).map_err(failed)?;
        let place = match &entrance.place {
            Place::Tcp(_) => Place::Tcp(listener.local_addr()?),
            Place::Unix { .. } => entrance.place.clone(),
        };
        Ok((listener, place))
    };
    let opened = config.listen.iter().map(open).collect::<Result<Vec<_>, DaemonError>>()?;
    Ok(opened.into_iter().unzip())
}

fn assemble(
    config: &Config,
    keys: Keys,
    decoy: &Arc<Decoy>,
    carrier: Option<Carrier>,
    books: Books,
    listening: &[Place],
    mut entropy: Entropy,
) -> (Shared, Arc<Door>, relay::Relay) {
    // Without a carrier nothing is ever recognised, whatever the path.
    let path = carrier.as_ref().map_or_else(nowhere, |carrier| carrier.path.clone());
    let mut gatekeeper = Gatekeeper::new(keys.server.key(), path.clone(), keys.past, wall_now());
    gatekeeper.set_replay_capacity(config.limits.replay_tokens_max);
    for code in keys.codes.all() {
        // More than fit were never kept.
        let _ = codes::open(&mut gatekeeper, code);
    }
    let gatekeeper = Arc::new(Mutex::new(gatekeeper));
    let settings = Settings {
        grace: config.grace,
        sessions_max: config.limits.sessions_max,
        chaff_most: config.chaff,
        relay: RelayLimits {
            room_members_max: config.rooms.members_max,
            session_rooms_max: config.limits.rooms_per_session_max,
            listed_rooms_max: config.limits.listed_rooms,
        },
    };
    let mut server = Server::new(keys.server.clone(), path, visits(decoy), settings, entropy.fork());
    server.set_bounds(config.limits.bounds);
    let (relay, relay_task) = relay::relay(server, Arc::clone(&gatekeeper), Arc::clone(&books.ledger));
    let door = Door::new(
        &keys.server.key(),
        Arc::clone(&gatekeeper),
        Arc::clone(&books.ledger),
        relay.clone(),
        Arc::clone(decoy),
        config.ban.refuse,
    );
    let facts = Facts {
        started_at: wall_now(),
        listening: listening.to_vec(),
        persona: format!("SimpleHTTP/0.6 Python/{}", decoy.persona().version()),
        carrier,
        generated: config.decoy.root.is_none(),
        reach: reach(config, listening),
        report_path: config.ban.report.clone(),
        refuses_banned: config.ban.refuse,
        ephemeral: config.ephemeral,
    };
    let keyring = Keyring { keys, entropy };
    (Arc::new(Operator::new(facts, relay, books, gatekeeper, keyring)), Arc::new(door), relay_task)
}

/// What members' requests upwards ask for: files as a browser reloads them, or the listing where there are none.
fn visits(decoy: &Decoy) -> Vec<Visit> {
    let file = |(path, last_modified): (String, Option<String>)| Visit {
        path,
        last_modified: last_modified.unwrap_or_default(),
    };
    let mut visits: Vec<Visit> = decoy.visits().into_iter().map(file).take(VISITS_MAX).collect();
    if visits.is_empty() {
        visits.push(Visit { path: "/".to_owned(), last_modified: String::new() });
    }
    visits
}

/// Where people reach the server, and how.
fn reach(config: &Config, listening: &[Place]) -> Reach {
    match &config.public_host {
        Some(host) if host.https() => Reach::by_https(host, None),
        Some(_) | None => Reach { address: link_address(config, listening), transport: Transport::Http },
    }
}

fn link_address(config: &Config, listening: &[Place]) -> LinkAddress {
    // Others are a front's way in, not people's.
    let plain = config.listen.iter().zip(listening).filter(|(entrance, _)| entrance.is_plain());
    let first = plain.map(|(_, place)| place).find_map(|place| match place {
        Place::Tcp(address) => Some(*address),
        Place::Unix { .. } => None,
    });
    let own = first.filter(|address| !address.ip().is_unspecified()).map(|address| address.ip().to_string());
    let host = config.public_host.as_ref().map(|host| host.host().to_owned());
    let port = config.public_host.as_ref().and_then(crate::config::PublicHost::port);
    LinkAddress {
        host: host.or(own).unwrap_or_else(|| "127.0.0.1".to_owned()),
        port: port.or(first.map(|address| address.port())).unwrap_or(crate::config::PORT_DEFAULT),
    }
}

/// The lines that scripts and people read. A closed standard output is no reason to end.
fn announce(
    stdout: &mut impl Write,
    config: &Config,
    operator: &Operator,
    listening: &[Place],
    admin_path: &str,
) {
    let mut lines: String = listening.iter().map(|place| format!("listening on {place}\n")).collect();
    lines.push_str(&format!("admin socket {admin_path}\n"));
    if config.ephemeral
        && let Ok(link) = operator.access_link()
    {
        lines.push_str(&format!("access link {}\n", *link));
    }
    let _ = stdout.write_all(Zeroizing::new(lines).as_bytes());
    let _ = stdout.flush();
}

/// Bans and access codes that are over.
async fn expire(ledger: SharedLedger, operator: Shared, mut stopped: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(EXPIRY_PERIOD) => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
        lock(&ledger).handle_timeout(wall_now());
        operator.expire_codes().await;
    }
}

async fn until(mut stopped: watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stop| *stop).await;
}

fn nowhere() -> CarrierPath {
    CarrierPath::parse("/nowhere").expect("a proper path")
}

fn joined(addresses: &[Place]) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[expect(clippy::wildcard_enum_match_arm, reason = "any other kind speaks for itself")]
fn listen_hint(error: &ListenerError) -> &'static str {
    let ListenerError::Tcp(error) = error else { return "" };
    match error.kind() {
        io::ErrorKind::AddrInUse => "; another program listens there: stop it, or choose another --listen",
        io::ErrorKind::PermissionDenied => "; ports below 1024 need a privilege: see docs/operating.md",
        io::ErrorKind::AddrNotAvailable => "; this host has no such address",
        _ => "",
    }
}

struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn ended(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

const VISITS_MAX: usize = 64;
const EXPIRY_PERIOD: Duration = Duration::from_secs(1);
const FAREWELL: Duration = Duration::from_millis(200);
const DRAIN: Duration = Duration::from_millis(900);

//! Start and stop, as one list.
//!
//! **In** the settings. **Out** a daemon that runs until it is told to end, and what it says on standard output.
//! **Never** a decision that belongs into a room of its own.

use std::io::{self, IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chatter_proto::relay::{Visit, bye};
use chatter_protocol::access::CarrierPath;
use chatter_protocol::entropy::Entropy;
use chatter_protocol::server::Server;
use chatter_protocol::server::gatekeeper::Gatekeeper;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::{info, warn};
use zeroize::Zeroizing;

use crate::access::{HandedKeys, Keys, KeysError, SharedLedger, lock, wall_now};
use crate::accounts::UnknownAccount;
use crate::admin::Control as _;
use crate::admin::rights::Rights;
use crate::admin_socket::{AdminSocket, AdminSocketError};
use crate::circuit::TorHost;
use crate::circuits::Circuits;
use crate::config::{Config, Sources, listen_default};
use crate::decoy::{Decoy, Root};
use crate::directory::{self, DirectoryError};
use crate::door::Door;
use crate::entrance::{Callers, Entrance, Place};
use crate::events::Event;
use crate::exit::Exit;
use crate::handed::{Handed, Public};
use crate::journal::Volume;
use crate::ledger::Ledger;
use crate::listener::{Listener, ListenerError};
use crate::operator::settings::Steering;
use crate::operator::{Books, Carrier, Facts, Keyring, Operator, Shared, codes};
use crate::relay::Which;
use crate::report::{self, ReportError, ReportFile};
use crate::tally::Tally;
use crate::tor::keeper;
use crate::{front, host_words, relay, systemd, watchdog};

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
    /// Who may call the admin API.
    #[error("[admin] {0}")]
    Rights(#[from] UnknownAccount),
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
            Self::Carrier(_) | Self::Rights(_) => Exit::Config,
            Self::System(_) => Exit::Software,
        }
    }
}

/// Runs a daemon until SIGINT, SIGTERM or the operator's word; SIGHUP lets it read its settings anew from `sources`, and
/// ends one that keeps nothing with its terminal. What others rely on is written to `stdout`, a line each.
///
/// # Errors
/// [`DaemonError`] where it can't start.
pub async fn run(
    config: Config,
    sources: Sources,
    volume: Volume,
    handed: Handed,
    mut stdout: impl Write,
) -> Result<(), DaemonError> {
    let mut signals = Signals::listen(config.ephemeral && io::stdin().is_terminal())?;
    let (stop, stopped) = watch::channel(false);
    let House {
        decoy,
        report,
        asked,
        ledger,
        listeners,
        listening,
        admin,
        operator,
        door,
        relay_task,
        orders,
    } = furnish(&config, sources, volume, handed)?;
    let pulses = listeners.iter().map(Listener::pulse).collect();
    let relay = door.relay().clone();
    let mut tasks = JoinSet::new();
    let relay_task = tokio::spawn(relay_task.run());
    let tally = door.tally().clone();
    let front = front::open(listeners, decoy, door, stopped.clone())?;
    let admin_path = admin.path().display().to_string();
    let (control, until_stop) = (Arc::clone(&operator), until(stopped.clone()));
    tasks.spawn(async move { admin.serve(control, until_stop).await });
    tasks.spawn(expire(Arc::clone(&ledger), Arc::clone(&operator), stopped.clone()));
    for ((at, host), orders) in (0..).map(TorHost).zip(config.tor.clone()).zip(orders) {
        let circuits = Arc::clone(tally.circuits());
        tasks.spawn(keeper::keep(at, host, circuits, orders, stopped.clone()));
    }
    let report_ledger = Arc::clone(&ledger);
    let report = report.map(|file| {
        let changed = move |counts| lock(&report_ledger).poll_report(counts);
        tokio::spawn(report::keep(file, changed, asked, until(stopped.clone())))
    });

    announce(&mut stdout, &config, &operator, &listening, &admin_path);
    let status = format!("listening on {}", joined(&listening));
    systemd::ready(&status);
    tasks.spawn(watchdog::keep(Arc::clone(&operator), pulses, status, stopped.clone()));
    info!("started");

    let status = format!("listening on {}", joined(&listening));
    while signals.next(&operator).await == Word::Reload {
        // Not here: whatever it waits for, the word to end is heard.
        tokio::spawn(reload(Arc::clone(&operator), status.clone()));
    }
    systemd::stopping();
    info!("stopping");
    let _ = relay.end(Which::All, bye::Reason::Shutdown).await;
    relay.events().tell(|| Event::Stopping);
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
    listening: Vec<Entrance>,
    admin: AdminSocket,
    operator: Shared,
    door: Arc<Door>,
    relay_task: relay::Relay,
    /// Circuits to close, of each Tor host.
    orders: Vec<keeper::Orders>,
}

/// Not a part of [`run`], which lasts as long as the daemon and would keep the bytes of keys that it passed on.
fn furnish(config: &Config, sources: Sources, volume: Volume, handed: Handed) -> Result<House, DaemonError> {
    let mut entropy = fresh_entropy()?;
    let keys = keys(config, &mut entropy)?;
    let decoy = Arc::new(decoy(config, &keys));
    let carrier = carrier(&decoy)?;
    let (report, ledger) = ledger(config, &mut entropy)?;
    let (listeners, listening) = bind(config, handed.public)?;
    let rights = Rights::of(&config.admin, nix::unistd::geteuid().as_raw())?;
    let admin = match handed.admin {
        Some(socket) => AdminSocket::handed(socket)?,
        None => AdminSocket::bind(&config.admin.socket, config.admin.group.as_deref())?,
    };
    let manners = listening.iter().cloned().zip(listeners.iter().map(Listener::manners)).collect();
    let steering = Steering::new(config.clone(), sources, volume, manners, rights);
    let (keeper, asked) = report::keeper();
    let circuits = Arc::new(Mutex::new(Circuits::new(config.circuit_settings())));
    let keeper = report.is_some().then_some(keeper);
    let books = Books { ledger: Arc::clone(&ledger), circuits: Arc::clone(&circuits), keeper };
    let (closers, orders) = config.tor.iter().map(|_| keeper::orders()).unzip();
    let tally = Tally::new(Arc::clone(&ledger), circuits, closers);
    let (operator, door, relay_task) =
        assemble(keys, &decoy, carrier, (books, tally), &listening, entropy, steering);
    Ok(House {
        decoy,
        report,
        asked,
        ledger,
        listeners,
        listening,
        admin,
        operator,
        door,
        relay_task,
        orders,
    })
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
            let handed = HandedKeys::read(config.credentials.as_deref())?;
            let mut keys = Keys::load_with(directory, handed, entropy, words)?;
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

fn bind(config: &Config, handed: Vec<Public>) -> Result<(Vec<Listener>, Vec<Entrance>), DaemonError> {
    if !handed.is_empty() {
        return take(config, handed);
    }
    let open = |entrance: &Entrance| {
        let failed = |source| DaemonError::Listen { place: entrance.place.clone(), source };
        let listener =
            Listener::open(entrance, &config.trusted_proxies, config.decoy.queue).map_err(failed)?;
        let place = match &entrance.place {
            Place::Tcp(_) => Place::Tcp(listener.local_addr()?),
            Place::Unix { .. } => entrance.place.clone(),
        };
        Ok((listener, Entrance { place, ..entrance.clone() }))
    };
    let opened = config.entrances().map(open).collect::<Result<Vec<_>, DaemonError>>()?;
    Ok(opened.into_iter().unzip())
}

/// Sockets that systemd handed in are the only ways in; `listen` says how newcomers are met at those that it names.
fn take(config: &Config, handed: Vec<Public>) -> Result<(Vec<Listener>, Vec<Entrance>), DaemonError> {
    let open = |socket: Public| {
        let place = match &socket {
            Public::Tcp(socket) => Place::Tcp(socket.local_addr()?),
            Public::Unix(socket) => {
                let path = socket.local_addr()?.as_pathname().map_or_else(PathBuf::new, Path::to_owned);
                Place::Unix { path, access: Callers::Owner }
            }
        };
        let named = config.entrances().find(|entrance| entrance.place.is_same(&place));
        let entrance = Entrance {
            place: place.clone(),
            proxy_header: named.and_then(|entrance| entrance.proxy_header.clone()),
            trusted: named.is_some_and(|entrance| entrance.trusted),
            tor: named.and_then(|entrance| entrance.tor),
        };
        let failed = |source| DaemonError::Listen { place: place.clone(), source };
        let listener = Listener::handed(socket, &entrance, &config.trusted_proxies, config.decoy.queue);
        Ok((listener.map_err(failed)?, entrance))
    };
    let opened = handed.into_iter().map(open).collect::<Result<Vec<_>, DaemonError>>()?;
    for unopened in config.entrances().filter(|entrance| **entrance != listen_default()) {
        if !opened.iter().any(|(_, entrance)| entrance.place.is_same(&unopened.place)) {
            warn!("listen: {} is not opened, since systemd hands in the sockets", unopened.place);
        }
    }
    Ok(opened.into_iter().unzip())
}

fn assemble(
    keys: Keys,
    decoy: &Arc<Decoy>,
    carrier: Option<Carrier>,
    (books, tally): (Books, Tally),
    listening: &[Entrance],
    mut entropy: Entropy,
    steering: Steering,
) -> (Shared, Arc<Door>, relay::Relay) {
    let config = steering.config();
    // Without a carrier nothing is ever recognised, whatever the path.
    let path = carrier.as_ref().map_or_else(nowhere, |carrier| carrier.path.clone());
    let mut gatekeeper = Gatekeeper::new(keys.server.key(), path.clone(), keys.past, wall_now());
    gatekeeper.set_replay_capacity(config.limits.replay_tokens_max);
    for code in keys.codes.all() {
        // More than fit were never kept.
        let _ = codes::open(&mut gatekeeper, code);
    }
    let gatekeeper = Arc::new(Mutex::new(gatekeeper));
    let settings = config.relay_settings();
    let mut server = Server::new(keys.server.clone(), path, visits(decoy), settings, entropy.fork());
    server.set_bounds(config.limits.bounds);
    let (relay, relay_task) = relay::relay(server, Arc::clone(&gatekeeper), tally.clone());
    let door = Door::new(
        &keys.server.key(),
        Arc::clone(&gatekeeper),
        tally,
        relay.clone(),
        Arc::clone(decoy),
        steering.refusing(),
    );
    let facts = Facts {
        started_at: wall_now(),
        listening: listening.iter().map(|entrance| entrance.place.clone()).collect(),
        tor_hosts: config.tor.iter().map(|host| (host.name.clone(), host.entrance.place.clone())).collect(),
        persona: format!("SimpleHTTP/0.6 Python/{}", decoy.persona().version()),
        carrier,
        generated: config.decoy.root.is_none(),
        report_path: config.ban.report.clone(),
        ephemeral: config.ephemeral,
    };
    let keyring = Keyring { keys, entropy };
    (Arc::new(Operator::new(facts, relay, books, gatekeeper, keyring, steering)), Arc::new(door), relay_task)
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

/// The lines that scripts and people read. A closed standard output is no reason to end.
fn announce(
    stdout: &mut impl Write,
    config: &Config,
    operator: &Operator,
    listening: &[Entrance],
    admin_path: &str,
) {
    let mut lines: String =
        listening.iter().map(|entrance| format!("listening on {}\n", entrance.place)).collect();
    lines.push_str(&format!("admin socket {admin_path}\n"));
    if config.ephemeral
        && let Ok(link) = operator.access_link()
    {
        lines.push_str(&format!("access link {}\n", *link));
    }
    let _ = stdout.write_all(Zeroizing::new(lines).as_bytes());
    let _ = stdout.flush();
}

/// Bans and access codes that are over, and what watchers hear of bans.
async fn expire(ledger: SharedLedger, operator: Shared, mut stopped: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(EXPIRY_PERIOD) => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
        let news = {
            let mut ledger = lock(&ledger);
            lock(operator.circuits()).handle_timeout(wall_now());
            ledger.handle_timeout(wall_now());
            ledger.poll_news(operator.events().is_watched())
        };
        news.into_iter().for_each(|news| operator.events().tell(|| Event::Ledger(news)));
        operator.expire_codes().await;
    }
}

/// What comes of it is logged where it is done.
async fn reload(operator: Shared, status: String) {
    systemd::reloading();
    let _ = operator.reload().await;
    systemd::ready(&status);
}

async fn until(mut stopped: watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stop| *stop).await;
}

fn nowhere() -> CarrierPath {
    CarrierPath::parse("/nowhere").expect("a proper path")
}

fn joined(listening: &[Entrance]) -> String {
    listening.iter().map(|entrance| entrance.place.to_string()).collect::<Vec<_>>().join(", ")
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
    hang_up: tokio::signal::unix::Signal,
    /// What it means that the terminal is gone, or that somebody calls.
    hung_up: Word,
}

/// What the daemon is told to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Reload,
    End,
}

impl Signals {
    /// Where it is only `tried` at a terminal, it ends with that.
    fn listen(tried: bool) -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            hung_up: if tried { Word::End } else { Word::Reload },
        })
    }

    async fn next(&mut self, operator: &Operator) -> Word {
        tokio::select! {
            _ = self.interrupt.recv() => Word::End,
            _ = self.terminate.recv() => Word::End,
            () = operator.told_to_stop() => Word::End,
            _ = self.hang_up.recv() => self.hung_up,
        }
    }
}

const VISITS_MAX: usize = 64;
const EXPIRY_PERIOD: Duration = Duration::from_secs(1);
const FAREWELL: Duration = Duration::from_millis(200);
const DRAIN: Duration = Duration::from_millis(900);

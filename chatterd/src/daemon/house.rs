//! All that a daemon is made of, put together.
//!
//! **In** the settings, keys and sockets. **Out** a [`House`] in which nothing runs yet. **Never** anything that lasts: what
//! keys passed through is gone when it is made.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use chatter_proto::relay::Visit;
use chatter_protocol::access::CarrierPath;
use chatter_protocol::entropy::Entropy;
use chatter_protocol::server::Server;
use chatter_protocol::server::gatekeeper::Gatekeeper;
use tracing::warn;

use crate::access::{HandedKeys, Keys, SharedLedger, wall_now};
use crate::admin::rights::Rights;
use crate::admin_socket::AdminSocket;
use crate::circuits::Circuits;
use crate::config::{Config, Sources, listen_default};
use crate::decoy::{Decoy, Root};
use crate::door::Door;
use crate::entrance::{Callers, Entrance, Place};
use crate::handed::{Handed, Public};
use crate::journal::Volume;
use crate::ledger::Ledger;
use crate::listener::Listener;
use crate::operator::settings::Steering;
use crate::operator::{Books, Carrier, Facts, Keyring, Operator, Shared, codes};
use crate::report::{self, ReportFile};
use crate::tally::Tally;
use crate::tor::keeper;
use crate::{directory, host_words, relay};

use super::DaemonError;

/// All that there is before anybody comes.
pub(super) struct House {
    pub(super) decoy: Arc<Decoy>,
    pub(super) report: Option<ReportFile>,
    pub(super) asked: report::Asked,
    pub(super) ledger: SharedLedger,
    pub(super) listeners: Vec<Listener>,
    pub(super) listening: Vec<Entrance>,
    pub(super) admin: AdminSocket,
    pub(super) operator: Shared,
    pub(super) door: Arc<Door>,
    pub(super) relay_task: relay::Relay,
    /// Circuits to close, of each Tor host.
    pub(super) orders: Vec<keeper::Orders>,
}

impl House {
    /// Not a part of [`run`](super::run), which lasts as long as the daemon and would keep the bytes of keys that it passed on.
    pub(super) fn furnish(
        config: &Config,
        sources: Sources,
        volume: Volume,
        handed: Handed,
    ) -> Result<Self, DaemonError> {
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
        Ok(Self {
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

fn nowhere() -> CarrierPath {
    CarrierPath::parse("/nowhere").expect("a proper path")
}

const VISITS_MAX: usize = 64;

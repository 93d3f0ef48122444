//! Start and stop, as one list.
//!
//! **In** the settings. **Out** a daemon that runs until it is told to end, and what it says on standard output.
//! **Never** a decision that belongs into a room of its own.

mod house;
mod signals;

use std::io::{self, IsTerminal as _, Write};
use std::sync::Arc;
use std::time::Duration;

use chatter_proto::relay::bye;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::info;
use zeroize::Zeroizing;

use crate::access::{KeysError, SharedLedger, lock, wall_now};
use crate::accounts::UnknownAccount;
use crate::admin::Control as _;
use crate::admin_socket::AdminSocketError;
use crate::circuit::TorHost;
use crate::config::{Config, Sources};
use crate::directory::DirectoryError;
use crate::entrance::{Entrance, Place};
use crate::events::Event;
use crate::exit::Exit;
use crate::handed::Handed;
use crate::journal::Volume;
use crate::listener::{Listener, ListenerError};
use crate::operator::{Operator, Shared};
use crate::relay::Which;
use crate::report::{self, ReportError};
use crate::tor::keeper;
use crate::{front, systemd, watchdog};

use house::House;
use signals::{Signals, Word};

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
    let house = House::furnish(&config, sources, volume, handed)?;
    let (operator, ledger, listening) = (house.operator, house.ledger, house.listening);
    let pulses = house.listeners.iter().map(Listener::pulse).collect();
    let relay = house.door.relay().clone();
    let mut tasks = JoinSet::new();
    let relay_task = tokio::spawn(house.relay_task.run());
    let tally = house.door.tally().clone();
    let front = front::open(house.listeners, house.decoy, house.door, stopped.clone())?;
    let admin_path = house.admin.path().display().to_string();
    let (control, until_stop) = (Arc::clone(&operator), until(stopped.clone()));
    tasks.spawn(async move { house.admin.serve(control, until_stop).await });
    tasks.spawn(expire(Arc::clone(&ledger), Arc::clone(&operator), stopped.clone()));
    for ((at, host), orders) in (0..).map(TorHost).zip(config.tor.clone()).zip(house.orders) {
        let circuits = Arc::clone(tally.circuits());
        tasks.spawn(keeper::keep(at, host, circuits, orders, stopped.clone()));
    }
    let report = house.report.map(|file| {
        let changed = move |counts| lock(&ledger).poll_report(counts);
        tokio::spawn(report::keep(file, changed, house.asked, until(stopped.clone())))
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

const EXPIRY_PERIOD: Duration = Duration::from_secs(1);
const FAREWELL: Duration = Duration::from_millis(200);
const DRAIN: Duration = Duration::from_millis(900);

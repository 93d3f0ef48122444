//! The settings while the daemon runs: shown, looked at, read anew.
//!
//! **In** where they come from; SIGHUP and the operator's word. **Out** new settings in relay, ledger, gatekeeper, door,
//! listeners, log and rights. **Never** a part of them: whatever can fail comes before the first of these.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use chatter_proto::admin::reason::Reason;
use tokio::sync::{Mutex, Notify};
use tracing::{error, info, warn};

use super::{Operator, Reach};
use crate::access::lock;
use crate::admin::ControlError;
use crate::admin::rights::Rights;
use crate::config::{Change, Changes, Config, Finding, Sources};
use crate::entrance::Entrance;
use crate::events::Event;
use crate::journal::Volume;
use crate::listener::SharedManners;

/// What reloading turns.
pub struct Steering {
    sources: Sources,
    config: RwLock<Arc<Config>>,
    rights: RwLock<Arc<Rights>>,
    owner: u32,
    volume: Volume,
    /// How newcomers are met at each way in.
    manners: Vec<(Entrance, SharedManners)>,
    refusing: Arc<AtomicBool>,
    /// One at a time.
    reloading: Mutex<()>,
    stop: Notify,
}

/// Settings that would do, and what they would change.
pub(super) struct Look {
    config: Config,
    rights: Rights,
    pub(super) changes: Changes,
}

impl Steering {
    /// Of a daemon that runs with `config`, which `sources` came to; `manners` are its listeners'.
    pub fn new(
        config: Config,
        sources: Sources,
        volume: Volume,
        manners: Vec<(Entrance, SharedManners)>,
        rights: Rights,
    ) -> Self {
        Self {
            sources,
            refusing: Arc::new(AtomicBool::new(config.ban.refuse)),
            config: RwLock::new(Arc::new(config)),
            rights: RwLock::new(Arc::new(rights)),
            owner: nix::unistd::geteuid().as_raw(),
            volume,
            manners,
            reloading: Mutex::new(()),
            stop: Notify::new(),
        }
    }

    /// Whether banned addresses are refused at this moment.
    pub fn refusing(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.refusing)
    }

    /// The settings that hold at this moment.
    pub fn config(&self) -> Arc<Config> {
        Arc::clone(&self.config.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn rights(&self) -> Arc<Rights> {
        Arc::clone(&self.rights.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn file(&self) -> Option<PathBuf> {
        self.sources.file()
    }

    pub(super) fn stop(&self) {
        self.stop.notify_one();
    }

    /// Reads the settings as they are now; nothing is changed yet.
    pub(super) async fn look(&self) -> Result<Look, ControlError> {
        let (sources, running, owner) = (self.sources.clone(), self.config(), self.owner);
        let looked = tokio::task::spawn_blocking(move || look(&sources, &running, owner)).await;
        looked.map_err(|_| ControlError::ending())?
    }

    fn turn(&self, config: Config, rights: Rights) {
        for (entrance, manners) in &self.manners {
            manners.set(entrance.manners(&config.trusted_proxies));
        }
        self.refusing.store(config.ban.refuse, Ordering::Relaxed);
        self.volume.set(config.log);
        *self.rights.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(rights);
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
    }
}

fn look(sources: &Sources, running: &Config, owner: u32) -> Result<Look, ControlError> {
    let wrong = |text: String| ControlError::new(Reason::WrongSettings, text);
    let config = sources.load().map_err(|error| wrong(error.to_string()))?;
    let mut warnings = Vec::new();
    for finding in config.findings() {
        match finding {
            Finding::Error(text) => return Err(wrong(text)),
            Finding::Warning(text) => warnings.push(text),
            Finding::Fine(_) => {}
        }
    }
    let rights = Rights::of(&config.admin, owner).map_err(|error| wrong(format!("[admin] {error}")))?;
    let changes = Changes { changes: running.changes(&config), warnings };
    Ok(Look { config: running.applied(config), rights, changes })
}

impl Operator {
    /// Reads the settings anew and applies what can be applied: all of it, or nothing.
    pub(super) async fn reload_settings(&self) -> Result<Changes, ControlError> {
        let _alone = self.steering.reloading.lock().await;
        let Look { config, rights, changes } = match self.steering.look().await {
            Ok(look) => look,
            Err(error) => {
                error!("the settings stay as they were: {error}");
                return Err(error);
            }
        };
        // The relay may be gone, all else can't fail.
        self.relay.set(config.relay_settings(), config.limits.bounds).await?;
        lock(&self.books.ledger).set_settings(config.ledger_settings());
        lock(&self.books.circuits).set_settings(config.circuit_settings());
        lock(&self.gatekeeper).set_replay_capacity(config.limits.replay_tokens_max);
        self.steering.turn(config, rights);
        log(&changes);
        self.relay.events().tell(|| Event::Reloaded(changes.clone()));
        Ok(changes)
    }

    /// What links say of where the server is, at this moment.
    pub(super) fn present_reach(&self) -> Reach {
        Reach::of(&self.steering.config(), &self.facts.listening)
    }

    /// Resolves once the operator wants the daemon to end.
    pub async fn told_to_stop(&self) {
        self.steering.stop.notified().await;
    }
}

/// Keys alone: values may hold addresses.
fn log(Changes { changes, warnings }: &Changes) {
    let keys = |wanted: bool| {
        let of = |change: &&Change| change.needs_restart == wanted;
        changes.iter().filter(of).map(|change| change.key).collect::<Vec<_>>().join(", ")
    };
    let (applied, waiting) = (keys(false), keys(true));
    info!("the settings are read anew; changed: {}", if applied.is_empty() { "nothing" } else { &applied });
    if !waiting.is_empty() {
        warn!("these settings take effect at the next start: {waiting}");
    }
    warnings.iter().for_each(|warning| warn!("{warning}"));
}

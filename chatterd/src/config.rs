//! What the operator has settled: arguments, environment and `chatterd.toml`, made into one [`Config`].
//!
//! **In** the command line, the environment, the file's text. **Out** a [`Config`] whose every field is valid and
//! final, and [`findings`](Config::findings) for `--check`. Flags are stronger than the environment, that is stronger
//! than the file, that is stronger than the defaults, which stand here and nowhere else. **Never** a secret.

mod admin;
mod arguments;
mod environment;
mod file;
mod findings;
mod keys;
pub mod limits;
mod listen;
mod places;
mod tor;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use chatter_protocol::chaff::Chaff;
use chatter_protocol::limits::ROOM_MEMBERS_DEFAULT;
use chatter_protocol::server::{self, relay::RelayLimits};
use tracing::level_filters::LevelFilter;

use crate::circuits;
use crate::decoy::Persona;
use crate::decoy::persona::Unverified;
use crate::entrance::{Entrance, from_default};
use crate::ledger::{Network, Settings};
use crate::listener::Queue;
use crate::tor::Host;

pub use admin::Principal;
pub use arguments::Arguments;
pub use environment::Environment;
pub use file::{HostError, PublicHost};
pub use findings::Finding;
pub use keys::{Change, Changes, Setting};

/// All settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Nothing is kept: keys, bans and the generated directory live in memory alone.
    pub ephemeral: bool,
    /// Where strangers and members are answered; at least one.
    pub listen: Vec<Entrance>,
    /// The Tor hosts whose onion services lead here; [`TorHost`](crate::circuit::TorHost) counts them.
    pub tor: Vec<Host>,
    /// Proxies whose `X-Forwarded-For` says for whom they ask.
    pub trusted_proxies: Vec<Network>,
    /// The name that access links carry.
    pub public_host: Option<PublicHost>,
    /// Where keys, bans and the generated directory are kept; none where nothing is kept.
    pub state_directory: Option<PathBuf>,
    /// How long a broken session may be resumed.
    pub grace: Duration,
    /// The most chaff that members get.
    pub chaff: Chaff,
    /// How much the log says.
    pub log: LevelFilter,
    /// What strangers see.
    pub decoy: DecoyConfig,
    /// What rooms may hold.
    pub rooms: RoomsConfig,
    /// What members and holders of access codes may take.
    pub limits: limits::LimitsConfig,
    /// Who is banned.
    pub ban: BanConfig,
    /// When counters are forgotten.
    pub purge: PurgeConfig,
    /// Where the operator is heard.
    pub admin: AdminConfig,
    /// Where systemd puts the credentials of this service; none: it hands in none.
    pub credentials: Option<PathBuf>,
    /// `CHATTERD_…` variables that mean nothing to us (container engines set such), and CLI_Chatter's access code.
    pub unknown_variables: Vec<String>,
}

/// `[decoy]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecoyConfig {
    /// A directory of the operator's own; none: a generated one.
    pub root: Option<PathBuf>,
    /// The file in it, as a path from it, whose downloads carry sessions.
    pub carrier: Option<String>,
    /// The Python version to pose as.
    pub python: Persona,
    /// How newcomers wait to be accepted.
    pub queue: Queue,
}

/// `[rooms]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomsConfig {
    /// How many members a room may hold.
    pub members_max: usize,
}

/// `[ban]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BanConfig {
    /// The knock of this number puts an address into the report.
    pub after: u64,
    /// Whether the daemon closes on banned addresses by itself.
    pub refuse: bool,
    /// Who is never banned.
    pub exempt: Vec<Network>,
    /// How long bans last; none: until they are lifted.
    pub length: Option<Duration>,
    /// The report; none: bans are kept in memory alone.
    pub report: Option<PathBuf>,
    /// How many addresses are known at most; half as many are banned at most.
    pub addresses_max: usize,
}

/// `[purge]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PurgeConfig {
    /// After this many knocks all counters are forgotten.
    pub every_packets: u64,
}

/// `[admin]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminConfig {
    /// The Unix socket that chatterctl calls.
    pub socket: PathBuf,
    /// The group that may connect to it beside its owner; none: the owner alone.
    pub group: Option<String>,
    /// Who may see what there is, beside root and the daemon's user.
    pub read: Vec<Principal>,
    /// Who may also change what happens.
    pub operate: Vec<Principal>,
    /// Who may also see and make what lets people in.
    pub secret: Vec<Principal>,
}

/// Where settings come from: what does not change while the process runs, and names the file that may.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The command line.
    pub arguments: Arguments,
    /// The variables as they were at the start.
    pub environment: Environment,
}

impl Sources {
    /// What they come to now.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn load(&self) -> Result<Config, ConfigError> {
        Config::load(&self.arguments, &self.environment)
    }

    /// The file, if there is one.
    pub fn file(&self) -> Option<PathBuf> {
        self.arguments.config.clone().or_else(|| self.environment.path("CHATTERD_CONFIG"))
    }
}

/// Why there is no configuration. All of these are the operator's to mend (`EX_CONFIG`).
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The file can't be read.
    #[error("cannot read {}: {reason}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// The file can't be understood; the reason names line and key.
    #[error("{}: {reason}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What is wrong, where.
        reason: String,
    },
    /// A variable can't be understood.
    #[error("the environment's {name}: {reason}")]
    Environment {
        /// Which variable.
        name: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// Settings that exclude each other.
    #[error("decoy.carrier names a file in decoy.root, but decoy.root is not set")]
    CarrierWithoutRoot,
    /// A Python that nobody compared with.
    #[error("[decoy] python: {0}")]
    Python(#[from] Unverified),
    /// Nowhere to keep keys.
    #[error("no place to keep keys: set state-directory, or HOME, or run with --ephemeral")]
    NoStateDirectory,
}

/// The Python version that is claimed unless another one is set: Debian 12's.
pub const PYTHON_DEFAULT: &str = "3.11.2";
/// The port that `python3 -m http.server` takes.
pub const PORT_DEFAULT: u16 = 8000;
const GRACE_DEFAULT: Duration = Duration::from_secs(30);
/// Whoever wants it shall have it.
const CHAFF_DEFAULT: Chaff = Chaff::Constant;
const BAN_AFTER_DEFAULT: u64 = 30;
const BAN_LENGTH_DEFAULT: Duration = Duration::from_secs(24 * 60 * 60);
const ADDRESSES_MAX_DEFAULT: usize = 100_000;
const PURGE_EVERY_PACKETS_DEFAULT: u64 = 100;

impl Config {
    /// Puts together what arguments, environment and the file that they name say.
    ///
    /// # Errors
    /// Where the file or a variable can't be read or understood, or settings exclude each other.
    pub fn load(arguments: &Arguments, environment: &Environment) -> Result<Self, ConfigError> {
        let path = arguments.config.clone().or_else(|| environment.path("CHATTERD_CONFIG"));
        let file = path.as_deref().map(read).transpose()?.unwrap_or_default();
        Self::resolve(arguments, environment, file)
    }

    fn resolve(
        arguments: &Arguments,
        environment: &Environment,
        mut file: file::File,
    ) -> Result<Self, ConfigError> {
        let unknown_variables = environment::overlay(environment, &mut file)?;
        arguments.overlay(&mut file);
        if file.decoy.carrier.is_some() && file.decoy.root.is_none() {
            return Err(ConfigError::CarrierWithoutRoot);
        }
        let ephemeral = arguments.ephemeral;
        let state_directory = match (ephemeral, file.state_directory) {
            (true, _) => None,
            (false, Some(directory)) => Some(directory),
            (false, None) => Some(places::state_directory(environment).ok_or(ConfigError::NoStateDirectory)?),
        };
        let report = file.ban.report.or_else(|| Some(state_directory.as_ref()?.join("report.txt")));
        Ok(Self {
            ephemeral,
            listen: file.listen.map_or_else(|| vec![listen_default()], |listen| listen.0),
            tor: file.tor.unwrap_or_default().0,
            trusted_proxies: file.trusted_proxies.map_or_else(Vec::new, |proxies| proxies.0),
            public_host: file.public_host.or_else(|| ephemeral.then(PublicHost::loopback)),
            state_directory,
            grace: file.grace.map_or(GRACE_DEFAULT, |grace| grace.0),
            chaff: file.chaff.map_or(CHAFF_DEFAULT, |chaff| chaff.0),
            log: file.log.map_or(LevelFilter::INFO, |level| level.0),
            decoy: DecoyConfig {
                root: file.decoy.root,
                carrier: file.decoy.carrier.map(|carrier| carrier.0),
                python: Persona::parse(file.decoy.python.as_deref().unwrap_or(PYTHON_DEFAULT))?,
                queue: file.decoy.queue.map_or_else(Queue::default, |queue| queue.0),
            },
            rooms: RoomsConfig {
                members_max: file.rooms.members_max.map_or(ROOM_MEMBERS_DEFAULT, |members| members.0),
            },
            limits: file.limits.settled(),
            ban: BanConfig {
                after: file.ban.after.map_or(BAN_AFTER_DEFAULT, |after| after.0.get()),
                refuse: file.ban.refuse.unwrap_or(false),
                exempt: file.ban.exempt.map_or_else(exempt_default, |exempt| exempt.0),
                length: file.ban.length.map_or(Some(BAN_LENGTH_DEFAULT), |length| length.0),
                report,
                addresses_max: file.ban.addresses_max.map_or(ADDRESSES_MAX_DEFAULT, |addresses| addresses.0),
            },
            purge: PurgeConfig {
                every_packets: file
                    .purge
                    .every_packets
                    .map_or(PURGE_EVERY_PACKETS_DEFAULT, |every| every.0.get()),
            },
            admin: AdminConfig {
                socket: file.admin.socket.unwrap_or_else(|| places::admin_socket(environment)),
                group: file.admin.group,
                read: file.admin.read.unwrap_or_default().0,
                operate: file.admin.operate.unwrap_or_default().0,
                secret: file.admin.secret.unwrap_or_default().0,
            },
            credentials: environment.path("CREDENTIALS_DIRECTORY"),
            unknown_variables,
        })
    }

    /// All ways in.
    pub fn entrances(&self) -> impl Iterator<Item = &Entrance> {
        self.listen.iter().chain(self.tor.iter().map(|host| &host.entrance))
    }

    /// What circuits are counted by.
    pub fn circuit_settings(&self) -> circuits::Settings {
        let hosts = self.tor.iter().map(|host| circuits::Host {
            name: host.name.clone(),
            closes: host.control.is_some() && host.close_circuits,
        });
        circuits::Settings {
            ban_after: self.ban.after,
            purge_every: self.purge.every_packets,
            hosts: hosts.collect(),
        }
    }

    /// What sessions and rooms go by.
    pub fn relay_settings(&self) -> server::Settings {
        server::Settings {
            grace: self.grace,
            sessions_max: self.limits.sessions_max,
            chaff_most: self.chaff,
            relay: RelayLimits {
                room_members_max: self.rooms.members_max,
                session_rooms_max: self.limits.rooms_per_session_max,
                listed_rooms_max: self.limits.listed_rooms,
            },
        }
    }

    /// What the ledger goes by.
    pub fn ledger_settings(&self) -> Settings {
        Settings {
            ban_after: self.ban.after,
            ban_for: self.ban.length,
            exempt: self.never_banned(),
            purge_every: self.purge.every_packets,
            addresses_max: self.ban.addresses_max,
            // Counting goes on where all bans are taken.
            bans_max: self.ban.addresses_max / 2,
        }
    }
}

impl Config {
    /// Whom a ban must not hit: who is exempt, and the fronts that everybody else comes through.
    fn never_banned(&self) -> Vec<Network> {
        let from_elsewhere = |from: &&Vec<Network>| **from != from_default();
        let fronts =
            self.entrances().filter_map(|entrance| entrance.proxy_header.as_ref()).filter(from_elsewhere);
        let networks = [&self.ban.exempt, &self.trusted_proxies].into_iter().chain(fronts);
        networks.flatten().copied().collect()
    }
}

fn read(path: &Path) -> Result<file::File, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| ConfigError::Unreadable { path: path.to_owned(), reason: error.to_string() })?;
    file::parse(&text).map_err(|reason| ConfigError::File { path: path.to_owned(), reason })
}

/// As Python binds on Linux without `-b`.
pub fn listen_default() -> Entrance {
    Entrance::plain(SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), PORT_DEFAULT))
}

fn exempt_default() -> Vec<Network> {
    ["127.0.0.0/8", "::1"].map(|network| network.parse().expect("the defaults are networks")).to_vec()
}

#[cfg(test)]
mod tests;

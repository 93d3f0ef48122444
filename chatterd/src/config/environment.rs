//! What the environment says: `CHATTERD_…` settings, the places that systemd and the desktop name, and two names that
//! the Python program CLI_Chatter took.
//!
//! **In** the process's variables, taken once. **Out** settings laid over the file's. **Never** a secret's value,
//! **never** a read of the live environment after the start.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use super::ConfigError;
use super::admin::LogLevel;
use super::file::{Addresses, BanLength, Carrier, ChaffName, Count, File, Grace, QueueName, RoomMembers};
use super::limits::Within;
use crate::process::anew::TAKEN_OUT;

/// The variables as they were at the start, and who runs the process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    variables: BTreeMap<OsString, OsString>,
    uid: u32,
}

impl Environment {
    /// Of this process.
    pub fn of_process() -> Self {
        Self { variables: std::env::vars_os().collect(), uid: nix::unistd::geteuid().as_raw() }
    }

    /// These variables and this user; for tests.
    pub fn new<K: Into<OsString>, V: Into<OsString>>(
        variables: impl IntoIterator<Item = (K, V)>,
        uid: u32,
    ) -> Self {
        let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self { variables, uid }
    }

    /// Who runs the process.
    pub fn uid(&self) -> u32 {
        self.uid
    }

    /// A variable's value; an empty one counts as none.
    pub fn var(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(OsStr::new(name)).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }

    /// The variables that may hold a secret and have no business here: CLI_Chatter's access code, and whatever is called
    /// like a setting of ours and is none.
    pub fn secrets(&self) -> Vec<OsString> {
        let suspect = |name: &&OsString| {
            let text = name.to_string_lossy();
            text == SEED_ACCESS_CODE || (text.starts_with(PREFIX) && !is_ours(&text))
        };
        self.variables.keys().filter(suspect).cloned().collect()
    }

    /// Such variables that are gone already.
    fn taken_out(&self) -> impl Iterator<Item = String> {
        let list = self.var(TAKEN_OUT).map(|list| list.to_string_lossy().into_owned()).unwrap_or_default();
        let names: Vec<String> = list.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect();
        names.into_iter()
    }

    /// A variable that names a path.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.var(name).map(PathBuf::from)
    }
}

/// What stops a variable from being taken.
type Refusal = String;
/// Reads one variable into the settings.
type Read = fn(&str, &mut File) -> Result<(), Refusal>;

const PREFIX: &str = "CHATTERD_";
/// Read elsewhere.
const OTHERS: [&str; 2] = ["CHATTERD_CONFIG", TAKEN_OUT];
/// What CLI_Chatter took its password from. Ours is drawn, and lies in a file.
pub(super) const SEED_ACCESS_CODE: &str = "server_access_code_";
/// What CLI_Chatter took its limit of packets from.
pub(super) const SEED_PACKET_LIMIT: &str = "server_packet_limit";

/// Every setting of the file, by its variable. A test holds the two together.
pub(super) const VARIABLES: [(&str, Read); 35] = [
    ("CHATTERD_LISTEN", |text, file| put(&mut file.listen, text.parse())),
    ("CHATTERD_TOR", |text, file| put(&mut file.tor, text.parse())),
    ("CHATTERD_TRUSTED_PROXIES", |text, file| put(&mut file.trusted_proxies, text.parse())),
    ("CHATTERD_PUBLIC_HOST", |text, file| put(&mut file.public_host, text.parse())),
    ("CHATTERD_STATE_DIRECTORY", |text, file| put(&mut file.state_directory, text.parse())),
    ("CHATTERD_GRACE", |text, file| put(&mut file.grace, number(text).and_then(Grace::try_from))),
    ("CHATTERD_CHAFF", |text, file| put(&mut file.chaff, ChaffName::try_from(text.to_owned()))),
    ("CHATTERD_LOG", |text, file| put(&mut file.log, LogLevel::try_from(text.to_owned()))),
    ("CHATTERD_DECOY_ROOT", |text, file| put(&mut file.decoy.root, text.parse())),
    ("CHATTERD_DECOY_CARRIER", |text, file| put(&mut file.decoy.carrier, Carrier::try_from(text.to_owned()))),
    ("CHATTERD_DECOY_PYTHON", |text, file| put(&mut file.decoy.python, text.parse())),
    ("CHATTERD_DECOY_QUEUE", |text, file| put(&mut file.decoy.queue, QueueName::try_from(text.to_owned()))),
    ("CHATTERD_ROOMS_MEMBERS_MAX", |text, file| {
        put(&mut file.rooms.members_max, number(text).and_then(RoomMembers::try_from))
    }),
    ("CHATTERD_LIMITS_SESSIONS_MAX", |text, file| put(&mut file.limits.sessions_max, within(text))),
    ("CHATTERD_LIMITS_SESSIONS_PER_ADDRESS_MAX", |text, file| {
        put(&mut file.limits.sessions_per_address_max, within(text))
    }),
    ("CHATTERD_LIMITS_SESSIONS_PER_CODE_MAX", |text, file| {
        put(&mut file.limits.sessions_per_code_max, within(text))
    }),
    ("CHATTERD_LIMITS_SESSIONS_UNCONFIRMED_MAX", |text, file| {
        put(&mut file.limits.sessions_unconfirmed_max, within(text))
    }),
    ("CHATTERD_LIMITS_ROOMS_PER_SESSION_MAX", |text, file| {
        put(&mut file.limits.rooms_per_session_max, within(text))
    }),
    ("CHATTERD_LIMITS_LISTED_ROOMS", |text, file| put(&mut file.limits.listed_rooms, within(text))),
    ("CHATTERD_LIMITS_QUEUE_BYTES_MAX", |text, file| put(&mut file.limits.queue_bytes_max, within(text))),
    ("CHATTERD_LIMITS_REPLAY_TOKENS_MAX", |text, file| put(&mut file.limits.replay_tokens_max, within(text))),
    ("CHATTERD_LIMITS_OPENINGS_PER_ADDRESS_MAX", |text, file| {
        put(&mut file.limits.openings_per_address_max, within(text))
    }),
    ("CHATTERD_LIMITS_OPENINGS_PER_CODE_MAX", |text, file| {
        put(&mut file.limits.openings_per_code_max, within(text))
    }),
    ("CHATTERD_BAN_AFTER", |text, file| put(&mut file.ban.after, count(text))),
    ("CHATTERD_BAN_REFUSE", |text, file| put(&mut file.ban.refuse, truth(text))),
    ("CHATTERD_BAN_EXEMPT", |text, file| put(&mut file.ban.exempt, text.parse())),
    ("CHATTERD_BAN_FOR", |text, file| put(&mut file.ban.length, number(text).map(BanLength::from))),
    ("CHATTERD_BAN_REPORT", |text, file| put(&mut file.ban.report, text.parse())),
    ("CHATTERD_BAN_ADDRESSES_MAX", |text, file| {
        put(&mut file.ban.addresses_max, number(text).and_then(Addresses::try_from))
    }),
    ("CHATTERD_PURGE_EVERY_PACKETS", |text, file| put(&mut file.purge.every_packets, count(text))),
    ("CHATTERD_ADMIN_SOCKET", |text, file| put(&mut file.admin.socket, text.parse())),
    ("CHATTERD_ADMIN_GROUP", |text, file| put(&mut file.admin.group, text.parse())),
    ("CHATTERD_ADMIN_READ", |text, file| put(&mut file.admin.read, text.parse())),
    ("CHATTERD_ADMIN_OPERATE", |text, file| put(&mut file.admin.operate, text.parse())),
    ("CHATTERD_ADMIN_SECRET", |text, file| put(&mut file.admin.secret, text.parse())),
];

/// Lays the variables over the file's settings, and names those that are none of ours.
pub(super) fn overlay(environment: &Environment, file: &mut File) -> Result<Vec<String>, ConfigError> {
    let migrated: [(_, Read); 1] =
        [(SEED_PACKET_LIMIT, |text, file| put(&mut file.ban.after, count(text.trim())))];
    for (name, read) in migrated.into_iter().chain(VARIABLES) {
        let Some(value) = environment.var(name) else { continue };
        let refuse = |reason| ConfigError::Environment { name, reason };
        let text = value.to_str().ok_or_else(|| refuse("it is not valid UTF-8".to_owned()))?;
        read(text, file).map_err(refuse)?;
    }
    let present = environment.secrets().into_iter().map(|name| name.to_string_lossy().into_owned());
    let mut unknown: Vec<String> = present.chain(environment.taken_out()).collect();
    unknown.sort_unstable();
    unknown.dedup();
    Ok(unknown)
}

fn is_ours(name: &str) -> bool {
    OTHERS.contains(&name) || VARIABLES.iter().any(|(known, _)| *known == name)
}

fn put<T, E: ToString>(place: &mut Option<T>, value: Result<T, E>) -> Result<(), Refusal> {
    *place = Some(value.map_err(|error| error.to_string())?);
    Ok(())
}

fn number(text: &str) -> Result<u64, Refusal> {
    text.parse().map_err(|_| format!("{text:?} is not a whole number"))
}

fn within<const LEAST: u64, const MOST: u64>(text: &str) -> Result<Within<LEAST, MOST>, Refusal> {
    Within::try_from(number(text)?)
}

fn count(text: &str) -> Result<Count, Refusal> {
    Count::try_from(number(text)?).map_err(str::to_owned)
}

fn truth(text: &str) -> Result<bool, Refusal> {
    match text {
        "true" | "yes" | "on" | "1" => Ok(true),
        "false" | "no" | "off" | "0" => Ok(false),
        _ => Err(format!("{text:?} is neither true nor false")),
    }
}

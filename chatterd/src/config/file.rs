//! The shape of `chatterd.toml`.
//!
//! **In** the file's text, or one setting's text from the environment. **Out** settings in their final types, each
//! present or not: defaults are not known here. **Never** an unknown key let pass, **never** a value cut to fit.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU64;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;
use serde::de::Deserializer;

use chatter_protocol::chaff::{Chaff, UnknownChaff};
use chatter_protocol::limits::ROOM_MEMBERS_MAX;

use super::admin::{LogLevel, Principals};
use super::limits::Limits;
use super::listen::Listen;
use super::tor::Hosts;
use crate::ledger::Network;
use crate::listener::Queue;

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct File {
    pub(super) listen: Option<Listen>,
    pub(super) tor: Option<Hosts>,
    pub(super) trusted_proxies: Option<Networks>,
    pub(super) public_host: Option<PublicHost>,
    pub(super) state_directory: Option<PathBuf>,
    pub(super) grace: Option<Grace>,
    pub(super) chaff: Option<ChaffName>,
    pub(super) log: Option<LogLevel>,
    pub(super) decoy: Decoy,
    pub(super) rooms: Rooms,
    pub(super) limits: Limits,
    pub(super) ban: Ban,
    pub(super) purge: Purge,
    pub(super) admin: Admin,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Decoy {
    pub(super) root: Option<PathBuf>,
    pub(super) carrier: Option<Carrier>,
    pub(super) python: Option<String>,
    pub(super) queue: Option<QueueName>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Rooms {
    pub(super) members_max: Option<RoomMembers>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Ban {
    pub(super) after: Option<Count>,
    pub(super) refuse: Option<bool>,
    pub(super) exempt: Option<Networks>,
    #[serde(rename = "for")]
    pub(super) length: Option<BanLength>,
    pub(super) report: Option<PathBuf>,
    pub(super) addresses_max: Option<Addresses>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Purge {
    pub(super) every_packets: Option<Count>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Admin {
    pub(super) socket: Option<PathBuf>,
    pub(super) group: Option<String>,
    pub(super) read: Option<Principals>,
    pub(super) operate: Option<Principals>,
    pub(super) secret: Option<Principals>,
}

pub(super) fn parse(text: &str) -> Result<File, String> {
    toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())
}

/// Networks; in the environment separated by commas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Networks(pub(super) Vec<Network>);

/// Seconds, up to a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u64")]
pub(super) struct Grace(pub(super) Duration);

/// `none`, `usual` or `constant`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct ChaffName(pub(super) Chaff);

/// Seconds; 0: no end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "u64")]
pub(super) struct BanLength(pub(super) Option<Duration>);

/// A count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u64")]
pub(super) struct Count(pub(super) NonZeroU64);

/// How many addresses to know: enough to tell strangers apart, and not more than memory holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u64")]
pub(super) struct Addresses(pub(super) usize);

/// How many members a room may hold: two, or there is nobody to talk to, up to [`ROOM_MEMBERS_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u64")]
pub(super) struct RoomMembers(pub(super) usize);

/// A path from `decoy.root`, as a URL would name it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Carrier(pub(super) String);

/// `deep` or `python`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct QueueName(pub(super) Queue);

/// The name, and where it differs from the listening one the port, that access links carry; with `https://` before it the
/// links are for a front end that terminates TLS there.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct PublicHost {
    https: bool,
    host: String,
    port: Option<u16>,
}

/// Why a text is no host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// Not a name or address.
    #[error(
        "not a host; write it as chat.example.org, 203.0.113.9 or [2001:db8::1], without path, and without scheme but for \
         https:// where a front end speaks that (names with other letters than a to z in their xn-- form)"
    )]
    Host,
    /// Not a port.
    #[error("the port after the host goes from 1 to 65535")]
    Port,
}

const GRACE_MAX_SECONDS: u64 = 24 * 60 * 60;
const ADDRESSES_MIN: usize = 100;
/// Some 200 bytes each.
const ADDRESSES_MAX: usize = 10_000_000;
const HTTPS: &str = "https://";
const HOST_LEN_MAX: usize = 253;
const LABEL_LEN_MAX: usize = 63;

impl TryFrom<u64> for Grace {
    type Error = String;

    fn try_from(seconds: u64) -> Result<Self, String> {
        if seconds > GRACE_MAX_SECONDS {
            return Err(format!("the grace time is at most {GRACE_MAX_SECONDS} seconds, a day"));
        }
        Ok(Self(Duration::from_secs(seconds)))
    }
}

impl TryFrom<u64> for RoomMembers {
    type Error = String;

    fn try_from(members: u64) -> Result<Self, String> {
        let fits = usize::try_from(members).ok().filter(|members| (2..=ROOM_MEMBERS_MAX).contains(members));
        fits.map(Self).ok_or_else(|| format!("a room holds 2 to {ROOM_MEMBERS_MAX} members"))
    }
}

impl TryFrom<u64> for Addresses {
    type Error = String;

    fn try_from(addresses: u64) -> Result<Self, String> {
        let fits =
            usize::try_from(addresses).ok().filter(|count| (ADDRESSES_MIN..=ADDRESSES_MAX).contains(count));
        fits.map(Self).ok_or_else(|| format!("this goes from {ADDRESSES_MIN} to {ADDRESSES_MAX}"))
    }
}

impl From<u64> for BanLength {
    fn from(seconds: u64) -> Self {
        Self((seconds > 0).then(|| Duration::from_secs(seconds)))
    }
}

impl TryFrom<u64> for Count {
    type Error = &'static str;

    fn try_from(count: u64) -> Result<Self, &'static str> {
        NonZeroU64::new(count).map(Self).ok_or("this is counted from 1")
    }
}

impl TryFrom<String> for ChaffName {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        name.parse().map(Self).map_err(|error: UnknownChaff| error.to_string())
    }
}

impl TryFrom<String> for QueueName {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        match name.as_str() {
            "deep" => Ok(Self(Queue::Deep)),
            "python" => Ok(Self(Queue::Python)),
            _ => Err(format!("{name:?} is no queue; there are \"deep\" and \"python\"")),
        }
    }
}

impl TryFrom<String> for Carrier {
    type Error = &'static str;

    fn try_from(path: String) -> Result<Self, &'static str> {
        let path = path.strip_prefix('/').map_or(path.as_str(), |rest| rest);
        let plain = |part: &str| !part.is_empty() && part != "." && part != ".." && !part.contains('\0');
        if path.split('/').all(plain) {
            Ok(Self(path.to_owned()))
        } else {
            Err("decoy.carrier is the path of a file inside decoy.root, such as backup.img or old/disk.gpg")
        }
    }
}

impl PublicHost {
    pub(super) fn loopback() -> Self {
        Self { https: false, host: Ipv4Addr::LOCALHOST.to_string(), port: None }
    }

    /// Whether people reach it by HTTPS.
    pub fn https(&self) -> bool {
        self.https
    }

    /// The name or address; IPv6 without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port that links carry where it is not the one listened on, as behind a port mapping.
    pub fn port(&self) -> Option<u16> {
        self.port
    }
}

impl FromStr for PublicHost {
    type Err = HostError;

    fn from_str(text: &str) -> Result<Self, HostError> {
        let (https, text) = match text.strip_prefix(HTTPS) {
            Some(rest) => (true, rest.strip_suffix('/').unwrap_or(rest)),
            None => (false, text),
        };
        if text.parse::<Ipv6Addr>().is_ok() {
            return Ok(Self { https, host: text.to_owned(), port: None });
        }
        let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((v6, rest)) => {
                v6.parse::<Ipv6Addr>().map_err(|_| HostError::Host)?;
                (v6, rest)
            }
            None => {
                let (host, port) = text.split_at(text.find(':').unwrap_or(text.len()));
                if !is_name(host) {
                    return Err(HostError::Host);
                }
                (host, port)
            }
        };
        let port = match port.strip_prefix(':') {
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                Some(digits.parse().ok().filter(|port| *port > 0).ok_or(HostError::Port)?)
            }
            Some(_) => return Err(HostError::Host),
            None if port.is_empty() => None,
            None => return Err(HostError::Host),
        };
        Ok(Self { https, host: host.to_owned(), port })
    }
}

fn is_name(host: &str) -> bool {
    let digits = host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if digits {
        return host.parse::<Ipv4Addr>().is_ok();
    }
    let letters =
        |label: &str| label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    let label = |label: &str| {
        (1..=LABEL_LEN_MAX).contains(&label.len())
            && letters(label)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    host.len() <= HOST_LEN_MAX && host.split('.').all(label)
}

impl TryFrom<String> for PublicHost {
    type Error = HostError;

    fn try_from(text: String) -> Result<Self, HostError> {
        text.parse()
    }
}

impl fmt::Display for PublicHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.https {
            f.write_str(HTTPS)?;
        }
        if self.host.contains(':') {
            write!(f, "[{}]", self.host)?;
        } else {
            f.write_str(&self.host)?;
        }
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl FromStr for Networks {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        parts
            .map(|one| one.parse().map_err(|error| format!("{one:?}: {error}")))
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl<'de> Deserialize<'de> for Networks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Self)
    }
}

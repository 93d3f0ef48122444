//! The setting `listen`: an address and port, a list of such, or `[[listen]]` tables.
//!
//! **In** TOML, or text from the environment. **Out** entrances, at least one. **Never** a Unix socket that others than its
//! owner and its group can reach, nor a key that means nothing where it stands.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::file::Networks;
use crate::entrance::{Callers, Entrance, Place, from_default};

/// Ways in; in the environment addresses and ports, separated by commas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listen(pub(super) Vec<Entrance>);

/// One `[[listen]]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Table {
    pub(super) tcp: Option<String>,
    pub(super) unix: Option<PathBuf>,
    pub(super) mode: Option<u32>,
    pub(super) group: Option<String>,
    pub(super) trusted: Option<bool>,
    pub(super) proxy_protocol: bool,
    pub(super) from: Option<Networks>,
}

/// Every key of a table, for the test that holds the documents to them.
#[cfg(test)]
pub(super) const KEYS: [&str; 7] = ["tcp", "unix", "mode", "group", "trusted", "proxy-protocol", "from"];

impl TryFrom<Table> for Entrance {
    type Error = String;

    fn try_from(table: Table) -> Result<Self, String> {
        let place = match (&table.tcp, &table.unix) {
            (Some(address), None) => {
                let unix_alone = [
                    ("mode", table.mode.is_some()),
                    ("group", table.group.is_some()),
                    ("trusted", table.trusted.is_some()),
                ];
                if let Some((key, _)) = unix_alone.into_iter().find(|(_, set)| *set) {
                    let instead =
                        if key == "trusted" { "; list the proxy in trusted-proxies instead" } else { "" };
                    return Err(format!("{key} is for unix sockets, not for tcp{instead}"));
                }
                address.parse::<Entrance>()?.place
            }
            (None, Some(path)) => {
                if table.from.is_some() {
                    return Err(
                        "from is for tcp: whoever may connect to a unix socket, its mode says".to_owned()
                    );
                }
                let access = match (table.mode, table.group) {
                    (None | Some(0o660), group) => Callers::Group(group),
                    (Some(0o600), None) => Callers::Owner,
                    (Some(0o600), Some(_)) => return Err("with mode 0o600 no group may connect".to_owned()),
                    (Some(other), _) => {
                        return Err(format!(
                            "mode is 0o600, for the owner, or 0o660, for its group as well: 0o{other:o} is neither"
                        ));
                    }
                };
                Place::Unix { path: path.clone(), access }
            }
            (Some(_), Some(_)) | (None, None) => {
                return Err("each table has either tcp (address and port) or unix (a path)".to_owned());
            }
        };
        if table.from.is_some() && !table.proxy_protocol {
            return Err("from is for proxy-protocol = true: it names who may send PROXY headers".to_owned());
        }
        if table.trusted.is_some() && table.proxy_protocol {
            return Err(
                "trusted is for X-Forwarded-For; with proxy-protocol = true the header tells".to_owned()
            );
        }
        let from = || table.from.map_or_else(from_default, |from| from.0);
        let proxy_header = table.proxy_protocol.then(from);
        Ok(Self { place, proxy_header, trusted: table.trusted.unwrap_or(false), tor: None })
    }
}

impl From<Vec<SocketAddr>> for Listen {
    fn from(addresses: Vec<SocketAddr>) -> Self {
        Self(addresses.into_iter().map(Entrance::plain).collect())
    }
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.split(',').map(|one| one.trim().parse()).collect::<Result<_, _>>().map(Self)
    }
}

/// One of a list.
struct One(Entrance);

impl<'de> Deserialize<'de> for One {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOf)
    }
}

struct OneOf;

impl<'de> Visitor<'de> for OneOf {
    type Value = One;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an address and port such as \"0.0.0.0:8000\", or a [[listen]] table")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<One, E> {
        text.parse().map(One).map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<One, A::Error> {
        let table = Table::deserialize(MapAccessDeserializer::new(table))?;
        Entrance::try_from(table).map(One).map_err(A::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Listen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrMany)
    }
}

struct OneOrMany;

impl<'de> Visitor<'de> for OneOrMany {
    type Value = Listen;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an address and port such as \"0.0.0.0:8000\", a list of such, or [[listen]] tables")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Listen, E> {
        text.parse().map(|one| Listen(vec![one])).map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Listen, A::Error> {
        let mut all = Vec::new();
        while let Some(One(entrance)) = list.next_element()? {
            all.push(entrance);
        }
        if all.is_empty() {
            return Err(A::Error::custom("listen needs at least one address and port"));
        }
        Ok(Listen(all))
    }
}

/// An address and port, as `--listen` takes it.
pub(super) fn socket_address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        format!("{text:?} is not an address and port, such as 0.0.0.0:8000, [::]:8000 or 127.0.0.1:0")
    })
}

//! The setting `tor`: Tor hosts whose onion services lead here, as `[[tor]]` tables.
//!
//! **In** TOML, or text from the environment. **Out** hosts, maybe none. **Never** an entrance for circuits that everybody
//! reaches without a word about it, nor a password: that lies in a file.

use std::path::PathBuf;
use std::str::FromStr;

use serde::Deserialize;

use super::file::Networks;
use super::listen;
use crate::circuit::TorHost;
use crate::entrance::Entrance;
use crate::tor::{Control, Host};
use chatter_tor_control::{Place, Proof};

/// The hosts; in the environment the places of their entrances, separated by commas.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<One>")]
pub(super) struct Hosts(pub(super) Vec<Host>);

/// A place alone, or a table.
#[derive(Clone, Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "a [[tor]] table has unix or tcp (where this host's tor connects to), and maybe name, mode, \
                               group, from, control, cookie-file or password-file, close-circuits"
)]
enum One {
    Place(String),
    Table(Table),
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct Table {
    name: Option<String>,
    unix: Option<PathBuf>,
    mode: Option<u32>,
    group: Option<String>,
    tcp: Option<String>,
    from: Option<Networks>,
    control: Option<String>,
    cookie_file: Option<PathBuf>,
    password_file: Option<PathBuf>,
    close_circuits: bool,
}

/// Every key of a table, for the test that holds the documents to them.
#[cfg(test)]
pub(super) const KEYS: [&str; 10] = [
    "name",
    "unix",
    "mode",
    "group",
    "tcp",
    "from",
    "control",
    "cookie-file",
    "password-file",
    "close-circuits",
];

impl TryFrom<Vec<One>> for Hosts {
    type Error = String;

    fn try_from(list: Vec<One>) -> Result<Self, String> {
        if list.len() > HOSTS_MAX {
            return Err(format!("there are at most {HOSTS_MAX} Tor hosts"));
        }
        let mut hosts: Vec<Host> = Vec::new();
        for (at, one) in (0..).zip(list) {
            let table = match one {
                One::Table(table) => table,
                One::Place(place) => table(&place),
            };
            let host = host(TorHost(at), table)?;
            if hosts.iter().any(|other| other.name == host.name) {
                return Err(format!("two [[tor]] have the name {:?}", host.name));
            }
            hosts.push(host);
        }
        Ok(Self(hosts))
    }
}

impl FromStr for Hosts {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        parts.map(|place| One::Place(place.to_owned())).collect::<Vec<_>>().try_into()
    }
}

fn table(place: &str) -> Table {
    let path = place.strip_prefix("unix:").unwrap_or(place);
    if path.starts_with('/') {
        Table { unix: Some(path.into()), ..Table::default() }
    } else {
        Table { tcp: Some(place.to_owned()), ..Table::default() }
    }
}

fn host(at: TorHost, table: Table) -> Result<Host, String> {
    let Table { name, unix, mode, group, tcp, from, control, cookie_file, password_file, close_circuits } =
        table;
    let name = name.unwrap_or_else(|| format!("tor{}", at.0));
    let plain = |char: char| char.is_ascii_alphanumeric() || "-._".contains(char);
    if name.is_empty() || name.len() > NAME_LEN_MAX || !name.chars().all(plain) {
        return Err(format!(
            "a Tor host's name is 1 to {NAME_LEN_MAX} of a-z, A-Z, 0-9 and -._: {name:?} is not"
        ));
    }
    let entrance =
        listen::Table { tcp, unix, mode, group, from, proxy_protocol: true, ..listen::Table::default() };
    let entrance = Entrance { tor: Some(at), ..Entrance::try_from(entrance)? };
    let proof = match (cookie_file, password_file) {
        (None, None) => Proof::Told,
        (Some(file), None) => Proof::Cookie(file),
        (None, Some(file)) => Proof::Password(file),
        (Some(_), Some(_)) => return Err("tor takes a cookie-file or a password-file, not both".to_owned()),
    };
    let control = match control {
        Some(text) => {
            Some(Control { place: text.parse::<Place>().map_err(|error| error.to_string())?, proof })
        }
        None if proof != Proof::Told => {
            return Err("cookie-file and password-file are for control: it says where tor's control port is"
                .to_owned());
        }
        None if close_circuits => {
            return Err("close-circuits needs control: it says where tor's control port is".to_owned());
        }
        None => None,
    };
    Ok(Host { name, entrance, control, close_circuits })
}

const HOSTS_MAX: usize = 64;
const NAME_LEN_MAX: usize = 32;

//! Every setting by its key: what it comes to, and when a change of it takes effect.
//!
//! **In** a [`Config`], or two. **Out** texts as the file would have them, and what changed. **Never** a setting that is
//! missing here: a test holds the list to the variables, the sample and docs/operating.md.

use super::Config;
use crate::entrance::{Entrance, Place};
use crate::tor::Host;

/// A setting and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// As in the file, with its table.
    pub key: &'static str,
    /// As it would stand there; empty: not set.
    pub value: String,
    /// Whether a change waits for the next start.
    pub needs_restart: bool,
}

/// A setting that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// As in the file, with its table.
    pub key: &'static str,
    /// The value that held.
    pub before: String,
    /// The value in the file.
    pub after: String,
    /// Whether it waits for the next start.
    pub needs_restart: bool,
}

/// What reading the settings anew comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// What differs.
    pub changes: Vec<Change>,
    /// What the operator should know, a sentence each.
    pub warnings: Vec<String>,
}

/// One key.
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) needs_restart: bool,
    value: fn(&Config) -> String,
}

/// Applied when the settings are read anew.
const fn live(name: &'static str, value: fn(&Config) -> String) -> Key {
    Key { name, needs_restart: false, value }
}

/// Taken at the start alone.
const fn fixed(name: &'static str, value: fn(&Config) -> String) -> Key {
    Key { name, needs_restart: true, value }
}

/// In the order of the sample file.
pub(super) const KEYS: [Key; 35] = [
    fixed("listen", |config| listed(config.listen.iter().map(entrance))),
    fixed("tor", |config| listed(config.tor.iter().map(tor))),
    live("trusted-proxies", |config| listed(&config.trusted_proxies)),
    live("public-host", |config| config.public_host.as_ref().map(quoted).unwrap_or_default()),
    fixed("state-directory", |config| path(config.state_directory.as_deref())),
    live("grace", |config| config.grace.as_secs().to_string()),
    live("chaff", |config| quoted(config.chaff)),
    live("log", |config| quoted(config.log)),
    fixed("decoy.root", |config| path(config.decoy.root.as_deref())),
    fixed("decoy.carrier", |config| config.decoy.carrier.as_ref().map(quoted).unwrap_or_default()),
    fixed("decoy.python", |config| quoted(config.decoy.python.version())),
    fixed("decoy.queue", |config| quoted(config.decoy.queue)),
    live("rooms.members-max", |config| config.rooms.members_max.to_string()),
    live("limits.sessions-max", |config| config.limits.sessions_max.to_string()),
    live("limits.sessions-per-address-max", |config| config.limits.bounds.origin_sessions_max.to_string()),
    live("limits.sessions-per-code-max", |config| config.limits.bounds.named_sessions_max.to_string()),
    live("limits.sessions-unconfirmed-max", |config| config.limits.bounds.opened_max.to_string()),
    live("limits.rooms-per-session-max", |config| config.limits.rooms_per_session_max.to_string()),
    live("limits.listed-rooms", |config| config.limits.listed_rooms.to_string()),
    live("limits.queue-bytes-max", |config| config.limits.bounds.queue_len_max.to_string()),
    live("limits.replay-tokens-max", |config| config.limits.replay_tokens_max.to_string()),
    live("limits.openings-per-address-max", |config| config.limits.bounds.origin_openings_max.to_string()),
    live("limits.openings-per-code-max", |config| config.limits.bounds.gate_openings_max.to_string()),
    live("ban.after", |config| config.ban.after.to_string()),
    live("ban.refuse", |config| config.ban.refuse.to_string()),
    live("ban.exempt", |config| listed(&config.ban.exempt)),
    live("ban.for", |config| config.ban.length.map_or(0, |length| length.as_secs()).to_string()),
    fixed("ban.report", |config| path(config.ban.report.as_deref())),
    live("ban.addresses-max", |config| config.ban.addresses_max.to_string()),
    live("purge.every-packets", |config| config.purge.every_packets.to_string()),
    fixed("admin.socket", |config| path(Some(&config.admin.socket))),
    fixed("admin.group", |config| config.admin.group.as_ref().map(quoted).unwrap_or_default()),
    live("admin.read", |config| listed(&config.admin.read)),
    live("admin.operate", |config| listed(&config.admin.operate)),
    live("admin.secret", |config| listed(&config.admin.secret)),
];

impl Config {
    /// All settings as they hold.
    pub fn settings(&self) -> Vec<Setting> {
        let setting =
            |key: &Key| Setting { key: key.name, value: (key.value)(self), needs_restart: key.needs_restart };
        KEYS.iter().map(setting).collect()
    }

    /// What is different in `new`.
    pub fn changes(&self, new: &Self) -> Vec<Change> {
        let change = |key: &Key| {
            let (before, after) = ((key.value)(self), (key.value)(new));
            (before != after).then_some(Change {
                key: key.name,
                before,
                after,
                needs_restart: key.needs_restart,
            })
        };
        KEYS.iter().filter_map(change).collect()
    }

    /// What holds after `new` is applied to a daemon that runs with `self`: its settings, but for those that take a restart.
    #[must_use]
    pub fn applied(&self, new: Self) -> Self {
        let running = self.clone();
        Self {
            ephemeral: running.ephemeral,
            listen: running.listen,
            tor: running.tor,
            state_directory: running.state_directory,
            decoy: running.decoy,
            ban: super::BanConfig { report: running.ban.report, ..new.ban },
            admin: super::AdminConfig {
                socket: running.admin.socket,
                group: running.admin.group,
                ..new.admin
            },
            ..new
        }
    }
}

fn quoted(value: impl ToString) -> String {
    format!("{:?}", value.to_string())
}

fn listed(values: impl IntoIterator<Item = impl ToString>) -> String {
    let values: Vec<String> = values.into_iter().map(quoted).collect();
    format!("[{}]", values.join(", "))
}

fn path(path: Option<&std::path::Path>) -> String {
    path.map(|path| quoted(path.display())).unwrap_or_default()
}

/// All that a `[[listen]]` says, so that no change of it goes unnoticed.
fn entrance(entrance: &Entrance) -> String {
    let mut text = entrance.place.to_string();
    if let Place::Unix { access, .. } = &entrance.place {
        text.push_str(&format!(" for {access:?}"));
    }
    if entrance.trusted {
        text.push_str(" trusted");
    }
    if let Some(from) = &entrance.proxy_header {
        let from: Vec<String> = from.iter().map(ToString::to_string).collect();
        text.push_str(&format!(" proxy-protocol from {}", from.join(" ")));
    }
    text
}

/// All that a `[[tor]]` says.
fn tor(host: &Host) -> String {
    let mut text = format!("{} {}", host.name, entrance(&host.entrance));
    if let Some(control) = &host.control {
        text.push_str(&format!(" control {control}"));
    }
    if host.close_circuits {
        text.push_str(" close-circuits");
    }
    text
}

#[cfg(test)]
mod tests;

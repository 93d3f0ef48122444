//! What `--check` says: what the settings come to, and what is risky about them.
//!
//! **In** a [`Config`] and a look at the files that it names. **Out** [`Finding`]s. **Never** a change to anything.

use std::fmt;
use std::path::Path;

use super::Config;
use super::environment::SEED_ACCESS_CODE;
use crate::admin::rights::Rights;
use crate::entrance::{Callers, Place};
use crate::exit::Exit;
use crate::ledger::Network;

/// One line of `--check`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// As it should be.
    Fine(String),
    /// It will run, but the operator should know.
    Warning(String),
    /// It will not run.
    Error(String),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fine(text) => f.write_str(text),
            Self::Warning(text) => write!(f, "warning: {text}"),
            Self::Error(text) => write!(f, "error: {text}"),
        }
    }
}

fn unknown_variable(name: &str) -> Finding {
    Finding::Warning(if name == SEED_ACCESS_CODE {
        format!(
            "the variable {name} is not used: the access code is drawn at the first start and no password; take the \
             variable away, and hand out the link that `chatterctl invite` prints"
        )
    } else {
        format!("the variable {name} means nothing to chatterd")
    })
}

impl Config {
    /// Everything that there is to say about these settings.
    pub fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        findings.extend(self.ways_in());
        findings.push(self.host());
        findings.push(match &self.state_directory {
            Some(directory) => Finding::Fine(format!("keeps keys in {}", directory.display())),
            None => Finding::Fine("keeps nothing: keys live in memory and go with the process".to_owned()),
        });
        findings.extend(self.directory());
        findings.push(Finding::Fine(format!("rooms of up to {} members", self.rooms.members_max)));
        findings.push(Finding::Fine(format!(
            "up to {} sessions, of these {} from one address and {} by one named access code",
            self.limits.sessions_max,
            self.limits.bounds.origin_sessions_max,
            self.limits.bounds.named_sessions_max
        )));
        findings.push(Finding::Fine(format!("chaff up to \"{}\" for who asks for it", self.chaff)));
        findings.extend(self.bans());
        findings.extend(self.callers());
        findings.extend(self.unknown_variables.iter().map(|name| unknown_variable(name)));
        findings
    }

    fn callers(&self) -> Vec<Finding> {
        let admin = &self.admin;
        let group =
            admin.group.as_ref().map(|group| format!(", open to the group {group}")).unwrap_or_default();
        let mut findings = vec![Finding::Fine(format!("admin socket {}{group}", admin.socket.display()))];
        let named = [("read", &admin.read), ("operate", &admin.operate), ("secret", &admin.secret)];
        for (right, who) in named.into_iter().filter(|(_, who)| !who.is_empty()) {
            let who: Vec<String> = who.iter().map(ToString::to_string).collect();
            findings.push(Finding::Fine(format!("admin.{right} for {}, too", who.join(", "))));
        }
        if admin.group.is_none()
            && !(admin.read.is_empty() && admin.operate.is_empty() && admin.secret.is_empty())
        {
            findings.push(Finding::Warning(
                "admin.read, operate or secret name somebody, but the socket is open to its owner alone: set admin.group to a \
                 group that they are in"
                    .to_owned(),
            ));
        }
        if let Err(error) = Rights::of(admin, 0) {
            findings.push(Finding::Error(format!("[admin] {error}")));
        }
        findings
    }

    /// What `--check` prints, and what it exits with: warnings are no reason not to start.
    pub fn check(&self) -> (String, Exit) {
        let findings = self.findings();
        let fatal = findings.iter().any(|finding| matches!(finding, Finding::Error(_)));
        let lines: Vec<_> = findings.iter().map(ToString::to_string).collect();
        (lines.join("\n"), if fatal { Exit::Config } else { Exit::Done })
    }

    /// The warnings alone, for the log at start.
    pub fn warnings(&self) -> impl Iterator<Item = String> {
        self.findings().into_iter().filter_map(|finding| match finding {
            Finding::Warning(text) => Some(text),
            Finding::Fine(_) | Finding::Error(_) => None,
        })
    }

    fn ways_in(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let listed =
            |networks: &[Network]| networks.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        for entrance in self.entrances() {
            let who = match (&entrance.place, &entrance.proxy_header) {
                (Place::Tcp(_), Some(from)) if entrance.tor.is_some() => {
                    format!(", for an onion service, by tor at {} alone", listed(from))
                }
                (Place::Unix { .. }, Some(_)) if entrance.tor.is_some() => {
                    ", for an onion service".to_owned()
                }
                (Place::Tcp(_), Some(from)) => format!(", with a PROXY header, from {} alone", listed(from)),
                (Place::Unix { .. }, Some(_)) => ", with a PROXY header".to_owned(),
                (Place::Unix { .. }, None) if entrance.trusted => {
                    ", for whom X-Forwarded-For names".to_owned()
                }
                (Place::Unix { .. }, None) => ", for nobody who could be banned".to_owned(),
                (Place::Tcp(_), None) => String::new(),
            };
            findings.push(Finding::Fine(format!("listens on {}{who}", entrance.place)));
            if entrance.tor.is_some()
                && matches!(&entrance.place, Place::Unix { access: Callers::Group(None), .. })
            {
                findings.push(Finding::Warning(format!(
                    "{}: its group is the daemon's own, so that tor may not connect: set group to the one that tor runs \
                     under (debian-tor on Debian)",
                    entrance.place
                )));
            }
            if entrance.proxy_header.as_ref().is_some_and(|from| from.iter().any(Network::is_everybody)) {
                findings.push(Finding::Warning(format!(
                    "{}: from holds everybody: whoever connects there can have anybody banned, and never be banned himself",
                    entrance.place
                )));
            }
        }
        if !self.trusted_proxies.is_empty() {
            let proxies = listed(&self.trusted_proxies);
            findings
                .push(Finding::Fine(format!("takes X-Forwarded-For from {proxies} and from nobody else")));
        }
        if self.trusted_proxies.iter().any(Network::is_everybody) {
            findings.push(Finding::Warning(
                "trusted-proxies holds everybody: any stranger can have anybody banned, and never be banned himself"
                    .to_owned(),
            ));
        }
        findings
    }

    fn host(&self) -> Finding {
        match &self.public_host {
            Some(host) => Finding::Fine(format!("access links name {host}")),
            None => Finding::Warning(
                "public-host is not set: `chatterctl invite` can't know by which name people reach this machine; \
                 set it to a name or address"
                    .to_owned(),
            ),
        }
    }

    fn directory(&self) -> Vec<Finding> {
        let persona = Finding::Fine(format!("poses as Python {}", self.decoy.python.version()));
        let Some(root) = &self.decoy.root else {
            return vec![persona, Finding::Fine("shows strangers a generated directory".to_owned())];
        };
        let mut findings = vec![persona];
        match std::fs::read_dir(root) {
            Ok(_) => findings.push(Finding::Fine(format!("shows strangers {}", root.display()))),
            Err(error) => findings.push(Finding::Error(format!("decoy.root {}: {error}", root.display()))),
        }
        findings.push(match &self.decoy.carrier {
            None => Finding::Warning(
                "decoy.carrier is not set: strangers are served, but members can't come in; name a large file in \
                 decoy.root"
                    .to_owned(),
            ),
            Some(carrier) => carrier_finding(root, carrier),
        });
        findings
    }

    fn bans(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let length = match self.ban.length {
            Some(length) => format!("for {} seconds", length.as_secs()),
            None => "until lifted".to_owned(),
        };
        let place = match &self.ban.report {
            Some(report) => format!("in {}", report.display()),
            None => "in memory alone (ban.report is not set)".to_owned(),
        };
        findings.push(Finding::Fine(format!(
            "reports an address after {} knocks, {length}, {place}",
            self.ban.after
        )));
        if self.ban.refuse {
            findings.push(Finding::Warning(format!(
                "ban.refuse = true: a file server that stops answering is no file server. {} requests then unmask this \
                 server, and tell whether a member is behind an address (it goes on being answered). Better leave it \
                 false and let fail2ban or the packet filter act on the report",
                self.ban.after.saturating_add(1)
            )));
        }
        if self.purge.every_packets < self.ban.after {
            findings.push(Finding::Warning(format!(
                "purge.every-packets ({}) is below ban.after ({}): counters are forgotten before anybody is ever \
                 reported",
                self.purge.every_packets, self.ban.after
            )));
        }
        if self.ban.exempt.is_empty() {
            findings.push(Finding::Warning(
                "ban.exempt is empty: even this machine's own addresses are reported".to_owned(),
            ));
        }
        findings
    }
}

fn carrier_finding(root: &Path, carrier: &str) -> Finding {
    let path = root.join(carrier);
    match std::fs::metadata(&path) {
        Ok(file) if file.is_file() && file.len() < CARRIER_LEN_SMALL => Finding::Warning(format!(
            "the carrier {} has {} bytes only: each member's connection carries no more than that and is then made \
             anew, which shows, and below a few hundred bytes nobody comes in; name a file of some megabytes",
            path.display(),
            file.len()
        )),
        Ok(file) if file.is_file() => {
            Finding::Fine(format!("carrier {} of {} bytes", path.display(), file.len()))
        }
        Ok(_) => {
            Finding::Warning(format!("the carrier {} is not a file: members can't come in", path.display()))
        }
        Err(error) => {
            Finding::Warning(format!("the carrier {}: {error}; members can't come in", path.display()))
        }
    }
}

/// Below this, chaff alone uses a carrier up within hours, at a constant rate within minutes.
const CARRIER_LEN_SMALL: u64 = 1024 * 1024;

//! One way in: where it is, and whose word is taken there.
//!
//! **In** a `[[listen]]` of the settings, or an address and port alone. **Out** an [`Entrance`], final. **Never** a
//! socket.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

use crate::circuit::TorHost;
use crate::ledger::Network;
use crate::source::{Source, Trust};

/// A way in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entrance {
    /// Where it is.
    pub place: Place,
    /// Who may connect, where every connection has to begin with a PROXY header.
    pub proxy_header: Option<Vec<Network>>,
    /// Whether who comes by a Unix socket is a trusted proxy.
    pub trusted: bool,
    /// The Tor host whose onion service leads here: every connection has to begin with its line about the circuit.
    pub tor: Option<TorHost>,
}

/// Where a way in is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// An address and port.
    Tcp(SocketAddr),
    /// A file, for its owner and its group.
    Unix {
        /// Which.
        path: PathBuf,
        /// For whom.
        access: Callers,
    },
}

/// Who may connect to a Unix socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Callers {
    /// Its owner.
    Owner,
    /// Its owner and its group: a name or a number; none: the daemon's own.
    Group(Option<String>),
}

/// How newcomers at one entrance are met.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manners {
    /// Who may connect, where every connection has to begin with a PROXY header.
    pub proxy_header: Option<Vec<Network>>,
    /// Whose `X-Forwarded-For` holds.
    pub trust: Trust,
    /// The Tor host that tells of circuits here, instead of PROXY headers.
    pub tor: Option<TorHost>,
}

impl Entrance {
    /// An entrance for everybody, who comes by himself.
    pub fn plain(address: SocketAddr) -> Self {
        Self { place: Place::Tcp(address), proxy_header: None, trusted: false, tor: None }
    }

    /// How newcomers are met here where these are the trusted proxies.
    pub fn manners(&self, trusted_proxies: &[Network]) -> Manners {
        let trust = Trust { proxies: trusted_proxies.to_vec(), local: self.trusted };
        Manners { proxy_header: self.proxy_header.clone(), trust, tor: self.tor }
    }

    /// Whether strangers connect here by themselves, as links would have it.
    pub fn is_plain(&self) -> bool {
        self.proxy_header.is_none() && matches!(self.place, Place::Tcp(_))
    }
}

impl Place {
    /// Whether both are one address or one file, whoever may connect.
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Tcp(one), Self::Tcp(other)) => one == other,
            (Self::Unix { path: one, .. }, Self::Unix { path: other, .. }) => one == other,
            (Self::Tcp(_), Self::Unix { .. }) | (Self::Unix { .. }, Self::Tcp(_)) => false,
        }
    }
}

impl Manners {
    /// Whether this peer may connect at all.
    pub fn lets_in(&self, peer: Source) -> bool {
        match (&self.proxy_header, peer) {
            (None, _) | (Some(_), Source::Local | Source::Circuit(_)) => true,
            (Some(from), Source::Address(address)) => from.iter().any(|network| network.contains(address)),
        }
    }

    /// Whether the peer himself is who counts, whatever he sends.
    pub fn is_final(&self, peer: Source) -> bool {
        self.proxy_header.is_none() && !self.trust.is_proxy(peer)
    }
}

/// Who may send PROXY headers unless the setting names others: this machine.
pub fn from_default() -> Vec<Network> {
    let v4 = Network::new(Ipv4Addr::new(127, 0, 0, 0).into(), 8);
    let v6 = Network::new(Ipv6Addr::LOCALHOST.into(), 128);
    [v4, v6].into_iter().flatten().collect()
}

impl FromStr for Entrance {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse().map(Self::plain).map_err(|_| {
            format!("{text:?} is not an address and port, such as 0.0.0.0:8000, [::]:8000 or 127.0.0.1:0")
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix { path, .. } => write!(f, "unix:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        SocketAddr::new(text.parse().unwrap(), 1).into()
    }

    #[test]
    fn only_who_is_listed_may_send_a_proxy_header() {
        let manners = Manners { proxy_header: Some(from_default()), ..Manners::default() };
        for peer in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            assert!(manners.lets_in(source(peer)), "{peer}");
        }
        for peer in ["128.0.0.1", "::2", "10.0.0.1"] {
            assert!(!manners.lets_in(source(peer)), "{peer}");
        }
        assert!(manners.lets_in(Source::Local), "the file's mode lets him in, or not");
        assert!(Manners::default().lets_in(source("10.0.0.1")));
    }

    #[test]
    fn who_speaks_for_others_is_not_who_counts() {
        let header = Manners { proxy_header: Some(from_default()), ..Manners::default() };
        assert!(!header.is_final(source("127.0.0.1")));
        let listed = Manners {
            trust: Trust { proxies: vec!["10.0.0.1".parse().unwrap()], local: false },
            ..Manners::default()
        };
        assert!(!listed.is_final(source("10.0.0.1")) && listed.is_final(source("10.0.0.2")));
        assert!(Manners::default().is_final(Source::Local));
    }
}

//! Where people reach the server, as links say it.
//!
//! **In** the settings, where the daemon listens. **Out** a [`Reach`]. **Never** a look at the machine's own names.

use chatter_protocol::invite::{Address as LinkAddress, CertificatePin, Transport};

use crate::config::{Config, PORT_DEFAULT, PublicHost};
use crate::entrance::Place;

/// Where people reach the server, and what is spoken there.
#[derive(Clone, Debug)]
pub struct Reach {
    /// Its name or address, and port.
    pub address: LinkAddress,
    /// HTTP, or HTTPS by a front end.
    pub transport: Transport,
}

impl Reach {
    /// What the settings say, for a daemon that listens there.
    pub fn of(config: &Config, listening: &[Place]) -> Self {
        match &config.public_host {
            Some(host) if host.https() => Self::by_https(host, None),
            Some(_) | None => Self { address: address(config, listening), transport: Transport::Http },
        }
    }

    /// By HTTP at this host, at port 80 unless it names another.
    pub fn by_http(host: &PublicHost) -> Self {
        let port = host.port().unwrap_or(80);
        Self { address: LinkAddress { host: host.host().to_owned(), port }, transport: Transport::Http }
    }

    /// By HTTPS at this host, where the front end shows the pinned key, if any is pinned.
    pub fn by_https(host: &PublicHost, pin: Option<CertificatePin>) -> Self {
        let transport = Transport::Https { pin };
        let port = host.port().unwrap_or(transport.port_default());
        Self { address: LinkAddress { host: host.host().to_owned(), port }, transport }
    }
}

fn address(config: &Config, listening: &[Place]) -> LinkAddress {
    // Others are a front's way in, not people's.
    let plain = config.listen.iter().zip(listening).filter(|(entrance, _)| entrance.is_plain());
    let first = plain.map(|(_, place)| place).find_map(|place| match place {
        Place::Tcp(address) => Some(*address),
        Place::Unix { .. } => None,
    });
    let own = first.filter(|address| !address.ip().is_unspecified()).map(|address| address.ip().to_string());
    let host = config.public_host.as_ref().map(|host| host.host().to_owned());
    let port = config.public_host.as_ref().and_then(PublicHost::port);
    LinkAddress {
        host: host.or(own).unwrap_or_else(|| "127.0.0.1".to_owned()),
        port: port.or(first.map(|address| address.port())).unwrap_or(PORT_DEFAULT),
    }
}

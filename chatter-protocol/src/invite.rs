//! Links that people hand to each other: how to reach the server, the access code, and for a room its secret.
//!
//! **In** a link's text. **Out** its parts, or what is wrong with it. **Never** a secret before the `#`: what
//! follows it stays with the program that opens a link.
//!
//! ```text
//! chatter://host[:port]/#chatter1…               an access link, for plain HTTP
//! chatter://host[:port]/label#chatter1….room1…   a room link
//! chatters://host[:port]/…#….cert1…              for HTTPS, the server's key pinned
//! …#….via1…                                      through a proxy, unless whoever opens it knows better
//! ```
//!
//! docs/protocol.md §1.4.

mod pin;
mod proxy;

use alloc::string::{String, ToString};
use core::fmt;

use zeroize::Zeroizing;

use crate::access::{AccessCode, AccessCodeError};
use crate::code::CodeError;
use crate::room::secret::{self, RoomSecret};

pub use pin::CertificatePin;
pub use proxy::{Credentials, Proxy, ProxyError, ProxyKind};

/// Where the server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// A name, an IPv4 address, or an IPv6 address without brackets.
    pub host: String,
    /// The TCP port.
    pub port: u16,
}

/// A link that lets its holder through the door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessLink {
    /// Where the server listens.
    pub address: Address,
    /// What the server speaks there.
    pub transport: Transport,
    /// A proxy on the way, where the link knows one that its reader needs.
    pub via: Option<Proxy>,
    /// What opens the door.
    pub code: AccessCode,
}

/// What carries the exchanges of a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    /// Plain HTTP: `chatter://`.
    #[default]
    Http,
    /// HTTP within TLS, by a front end that terminates it: `chatters://`.
    Https {
        /// The key that the server must show. Without one the platform's verifier decides, with one nothing else counts.
        pin: Option<CertificatePin>,
    },
}

/// A link that lets its holder into a room.
#[derive(Clone, Debug)]
pub struct RoomLink {
    /// How to reach and enter the server.
    pub access: AccessLink,
    /// What the room is called between people; the server never learns it.
    pub label: String,
    /// What opens the talk.
    pub secret: RoomSecret,
}

/// Either kind, as it comes from a person.
#[derive(Clone, Debug)]
pub enum Link {
    /// Lets its holder make rooms.
    Access(AccessLink),
    /// Lets its holder into one.
    Room(RoomLink),
}

/// What is wrong with a link. No variant repeats its secret parts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// Not a link of ours.
    #[error("a link begins with “{HTTP_SCHEME}” or “{HTTPS_SCHEME}”")]
    Scheme,
    /// Nothing after `#`, or no `#`: often cut off by a chat program or a shell.
    #[error("the link has no part after “#”: was it cut off, or not put in quotes?")]
    NoCode,
    /// No host, or one with impossible characters.
    #[error("the link names no usable host")]
    Host,
    /// A port that is no number from 1 to 65535.
    #[error("the link's port is no number from 1 to 65535")]
    Port,
    /// A label with impossible characters.
    #[error("the link's room name is damaged")]
    Label,
    /// The access code is wrong.
    #[error("{0}")]
    Code(#[from] AccessCodeError),
    /// The room secret is wrong.
    #[error("the link's room secret is damaged: {0}")]
    Secret(CodeError),
    /// The pin of the server's certificate is wrong.
    #[error("the link's pinned certificate is damaged: {0}")]
    Pin(CodeError),
    /// A certificate where there is no TLS.
    #[error("the link pins a certificate, so it must begin with “{HTTPS_SCHEME}”")]
    PinWithoutTls,
    /// The proxy is wrong.
    #[error("the link's proxy is damaged: {0}")]
    Via(CodeError),
    /// Another part, twice the same, or in another order.
    #[error(
        "the link has a part that this program does not know: it is damaged, or this program is too old for it"
    )]
    UnknownPart,
    /// An access link where a room link was needed.
    #[error("this link lets you in but names no room: use `new` to make one, or ask for the room's link")]
    NoRoom,
}

impl Link {
    /// The link that `text` spells.
    ///
    /// # Errors
    /// [`LinkError`] says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, LinkError> {
        let text = text.trim();
        let (mut transport, rest) = if let Some(rest) = text.strip_prefix(HTTP_SCHEME) {
            (Transport::Http, rest)
        } else if let Some(rest) = text.strip_prefix(HTTPS_SCHEME) {
            (Transport::Https { pin: None }, rest)
        } else {
            return Err(LinkError::Scheme);
        };
        let (place, fragment) = rest.split_once('#').ok_or(LinkError::NoCode)?;
        if fragment.is_empty() {
            return Err(LinkError::NoCode);
        }
        let (authority, label) = place.split_once('/').unwrap_or((place, ""));
        let address = Address::parse_or(authority, transport.port_default())?;
        let mut parts = fragment.split('.').peekable();
        let code = AccessCode::parse(parts.next().unwrap_or_default())?;
        let secret = parts.next_if(|part| is_kind(part, secret::HRP));
        let secret = secret.map(RoomSecret::parse).transpose().map_err(LinkError::Secret)?;
        if let Some(part) = parts.next_if(|part| is_kind(part, pin::HRP)) {
            let Transport::Https { pin } = &mut transport else { return Err(LinkError::PinWithoutTls) };
            *pin = Some(CertificatePin::parse(part).map_err(LinkError::Pin)?);
        }
        let via = parts.next_if(|part| is_kind(part, proxy::HRP));
        let via = via.map(Proxy::parse_part).transpose().map_err(LinkError::Via)?;
        if parts.next().is_some() {
            return Err(LinkError::UnknownPart);
        }
        let access = AccessLink { address, transport, via, code };
        match secret {
            None => Ok(Self::Access(access)),
            Some(secret) => Ok(Self::Room(RoomLink { access, label: parse_label(label)?, secret })),
        }
    }

    /// The part that reaches and enters the server.
    pub fn access(&self) -> &AccessLink {
        match self {
            Self::Access(access) => access,
            Self::Room(room) => &room.access,
        }
    }

    /// The room link.
    ///
    /// # Errors
    /// [`LinkError::NoRoom`] if this is an access link.
    pub fn into_room(self) -> Result<RoomLink, LinkError> {
        match self {
            Self::Room(room) => Ok(room),
            Self::Access(_) => Err(LinkError::NoRoom),
        }
    }
}

impl AccessLink {
    /// The link to a server that speaks plain HTTP there.
    pub fn new(address: Address, code: AccessCode) -> Self {
        Self { address, transport: Transport::Http, via: None, code }
    }

    /// The link as people copy it.
    pub fn to_text(&self) -> Zeroizing<String> {
        self.text("", None)
    }

    fn text(&self, label: &str, secret: Option<&RoomSecret>) -> Zeroizing<String> {
        let scheme = self.transport.scheme();
        let mut text =
            Zeroizing::new(alloc::format!("{scheme}{}/{label}#{}", self.address, *self.code.to_text()));
        let pin = self.transport.pin().map(|pin| Zeroizing::new(pin.to_string()));
        let via = self.via.as_ref().map(Proxy::to_part);
        for part in [secret.map(RoomSecret::to_text), pin, via].into_iter().flatten() {
            text.push('.');
            text.push_str(&part);
        }
        text
    }
}

impl RoomLink {
    /// The link as people copy it.
    pub fn to_text(&self) -> Zeroizing<String> {
        self.access.text(&self.label, Some(&self.secret))
    }
}

impl Transport {
    /// The key that the server must show.
    pub fn pin(&self) -> Option<CertificatePin> {
        match self {
            Self::Http => None,
            Self::Https { pin } => *pin,
        }
    }

    /// The port where a link names none.
    pub fn port_default(&self) -> u16 {
        match self {
            Self::Http => HTTP_PORT_DEFAULT,
            Self::Https { .. } => HTTPS_PORT_DEFAULT,
        }
    }

    fn scheme(&self) -> &'static str {
        match self {
            Self::Http => HTTP_SCHEME,
            Self::Https { .. } => HTTPS_SCHEME,
        }
    }
}

/// Whether a text is a link of some kind, damaged or not.
pub fn is_link(text: &str) -> bool {
    text.starts_with(HTTP_SCHEME) || text.starts_with(HTTPS_SCHEME)
}

impl Address {
    /// The address that `host[:port]` or `[IPv6][:port]` spells, for plain HTTP.
    ///
    /// # Errors
    /// [`LinkError::Host`], [`LinkError::Port`].
    pub fn parse(authority: &str) -> Result<Self, LinkError> {
        Self::parse_or(authority, HTTP_PORT_DEFAULT)
    }

    /// The same with another port where none is named.
    ///
    /// # Errors
    /// [`LinkError::Host`], [`LinkError::Port`].
    pub fn parse_or(authority: &str, port_default: u16) -> Result<Self, LinkError> {
        let (host, port) = match authority.strip_prefix('[') {
            Some(bracketed) => {
                let (host, rest) = bracketed.split_once(']').ok_or(LinkError::Host)?;
                host.parse::<core::net::Ipv6Addr>().map_err(|_| LinkError::Host)?;
                (host, rest)
            }
            None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
        };
        let proper = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | ':');
        if host.is_empty() || host.len() > HOST_LEN_MAX || !host.chars().all(proper) {
            return Err(LinkError::Host);
        }
        let port = match port {
            "" => port_default,
            _ => parse_port(port.strip_prefix(':').ok_or(LinkError::Port)?)?,
        };
        Ok(Self { host: host.to_string(), port })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// Whether `text` can stand as a room's label in a link.
///
/// # Errors
/// [`LinkError::Label`] if it is too long or holds other characters than letters, digits and `-._~`.
pub fn parse_label(text: &str) -> Result<String, LinkError> {
    let text = if text.is_empty() { LABEL_DEFAULT } else { text };
    let proper = text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~'));
    (proper && text.len() <= LABEL_LEN_MAX).then(|| text.to_string()).ok_or(LinkError::Label)
}

/// Whether a part of a fragment says of itself that it is of this kind.
fn is_kind(part: &str, hrp: &str) -> bool {
    part.split_once('1').is_some_and(|(prefix, _)| prefix.eq_ignore_ascii_case(hrp))
}

fn parse_port(digits: &str) -> Result<u16, LinkError> {
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|port| plain && *port != 0).ok_or(LinkError::Port)
}

const HTTP_SCHEME: &str = "chatter://";
const HTTPS_SCHEME: &str = "chatters://";
const LABEL_DEFAULT: &str = "room";
const LABEL_LEN_MAX: usize = 64;
/// RFC 1035 §2.3.4.
const HOST_LEN_MAX: usize = 253;
/// Where `python3 -m http.server` listens when nothing else is said.
const HTTP_PORT_DEFAULT: u16 = 8000;
const HTTPS_PORT_DEFAULT: u16 = 443;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{AccessSecret, CarrierPath, ServerSecret};
    use crate::entropy::Entropy;

    fn access() -> AccessLink {
        let mut entropy = Entropy::new([4; 32]);
        let code = AccessCode {
            server_key: ServerSecret::generate(&mut entropy).key(),
            secret: AccessSecret::generate(&mut entropy),
            carrier_path: CarrierPath::parse("/data.enc").expect("a path"),
            preamble_len: 16,
        };
        AccessLink::new(Address { host: "example.org".into(), port: 8000 }, code)
    }

    fn room() -> RoomLink {
        RoomLink {
            access: access(),
            label: "kitchen".into(),
            secret: RoomSecret::generate(&mut Entropy::new([5; 32])),
        }
    }

    #[test]
    fn links_survive_their_text() {
        let text = access().to_text();
        assert!(text.starts_with("chatter://example.org:8000/#chatter1"), "{}", *text);
        assert_eq!(Link::parse(&text).map(|link| link.access().clone()), Ok(access()));
        let text = room().to_text();
        let Ok(Link::Room(parsed)) = Link::parse(&text) else { panic!("{}", *text) };
        assert_eq!((parsed.access, parsed.label.as_str()), (access(), "kitchen"));
        assert_eq!(parsed.secret.as_bytes(), room().secret.as_bytes());
    }

    #[test]
    fn a_link_says_how_the_server_is_reached() {
        let pin = CertificatePin::from_bytes([9; 32]);
        let via = Proxy::parse("socks5h://u:p@127.0.0.1:9050").expect("a proxy");
        for transport in
            [Transport::Http, Transport::Https { pin: None }, Transport::Https { pin: Some(pin) }]
        {
            for via in [None, Some(via.clone())] {
                let access = AccessLink { transport, via, ..access() };
                assert_eq!(
                    Link::parse(&access.to_text()).map(|link| link.access().clone()),
                    Ok(access.clone())
                );
                let room = RoomLink { access: access.clone(), ..room() };
                let text = room.to_text();
                let Ok(Link::Room(parsed)) = Link::parse(&text) else { panic!("{}", *text) };
                assert_eq!((&parsed.access, *parsed.to_text() == *text), (&access, true));
            }
        }
        let text = access().to_text();
        let secure = |text: &str| text.replace("chatter://", "chatters://").replace(":8000", "");
        let parsed = Link::parse(&secure(&text)).expect("a link");
        assert_eq!(parsed.access().address.port, 443);
        assert_eq!(Link::parse(&alloc::format!("{}.{pin}", *text)).err(), Some(LinkError::PinWithoutTls));
        let (text, part) = (secure(&text), via.to_part());
        assert_eq!(
            Link::parse(&alloc::format!("{text}.{}.{pin}", *part)).err(),
            Some(LinkError::UnknownPart)
        );
        assert_eq!(Link::parse(&alloc::format!("{text}.{pin}.{pin}")).err(), Some(LinkError::UnknownPart));
        assert_eq!(Link::parse(&alloc::format!("{text}.more1x")).err(), Some(LinkError::UnknownPart));
        assert_eq!(Link::parse(&alloc::format!("{text}.")).err(), Some(LinkError::UnknownPart));
    }

    #[test]
    fn every_single_bit_of_a_fragment_is_guarded() {
        let mut room = room();
        let pin = Some(CertificatePin::from_bytes([9; 32]));
        room.access.transport = Transport::Https { pin };
        room.access.via = Proxy::parse("http://u:p@proxy.example:3128").ok();
        let text = room.to_text();
        let start = text.find('#').expect("a fragment") + 1;
        for bit in start * 8..text.len() * 8 {
            let mut damaged = text.as_bytes().to_vec();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let Ok(damaged) = String::from_utf8(damaged) else { continue };
            assert!(Link::parse(&damaged).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn addresses_are_judged() {
        let check = |text: &str| Address::parse(text).map(|address| address.to_string());
        assert_eq!(check("h"), Ok("h:8000".into()));
        assert_eq!(check("127.0.0.1:1"), Ok("127.0.0.1:1".into()));
        assert_eq!(check("[::1]:65535"), Ok("[::1]:65535".into()));
        assert_eq!(check("[::1]"), Ok("[::1]:8000".into()));
        for (text, error) in [
            ("", LinkError::Host),
            (":80", LinkError::Host),
            ("[x]", LinkError::Host),
            ("a b", LinkError::Host),
            ("h:", LinkError::Port),
            ("h:0", LinkError::Port),
            ("h:+1", LinkError::Port),
            ("h:65536", LinkError::Port),
            ("[::1]80", LinkError::Port),
        ] {
            assert_eq!(check(text), Err(error), "{text}");
        }
    }

    #[test]
    fn other_texts_are_told_apart() {
        let check = |text: &str| Link::parse(text).err();
        assert_eq!(check("http://x/#y"), Some(LinkError::Scheme));
        assert_eq!(check("chatter://x/"), Some(LinkError::NoCode));
        assert_eq!(check("chatter://x/#"), Some(LinkError::NoCode));
        assert!(matches!(check("chatter://x/#nonsense"), Some(LinkError::Code(_))));
        assert_eq!(
            Link::parse(&access().to_text()).expect("a link").into_room().err(),
            Some(LinkError::NoRoom)
        );
    }
}

//! Links that people hand to each other: how to reach the server, the access code, and for a room its secret.
//!
//! **In** a link's text. **Out** its parts, or what is wrong with it. **Never** a secret before the `#`: what
//! follows it stays with the program that opens a link.
//!
//! ```text
//! chatter://host[:port]/#chatter1…             an access link
//! chatter://host[:port]/label#chatter1….room1… a room link
//! ```
//!
//! docs/protocol.md §1.

use alloc::string::{String, ToString};
use core::fmt;

use zeroize::Zeroizing;

use crate::access::{AccessCode, AccessCodeError};
use crate::code::CodeError;
use crate::room::secret::RoomSecret;

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
    /// What opens the door.
    pub code: AccessCode,
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
    #[error("a link begins with “{SCHEME}”")]
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
        let rest = text.trim().strip_prefix(SCHEME).ok_or(LinkError::Scheme)?;
        let (place, fragment) = rest.split_once('#').ok_or(LinkError::NoCode)?;
        if fragment.is_empty() {
            return Err(LinkError::NoCode);
        }
        let (authority, label) = place.split_once('/').unwrap_or((place, ""));
        let address = Address::parse(authority)?;
        match fragment.split_once('.') {
            None => Ok(Self::Access(AccessLink { address, code: AccessCode::parse(fragment)? })),
            Some((code, secret)) => {
                let access = AccessLink { address, code: AccessCode::parse(code)? };
                let secret = RoomSecret::parse(secret).map_err(LinkError::Secret)?;
                Ok(Self::Room(RoomLink { access, label: parse_label(label)?, secret }))
            }
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
    /// The link as people copy it.
    pub fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(alloc::format!("{SCHEME}{}/#{}", self.address, *self.code.to_text()))
    }
}

impl RoomLink {
    /// The link as people copy it.
    pub fn to_text(&self) -> Zeroizing<String> {
        let code = self.access.code.to_text();
        let secret = self.secret.to_text();
        Zeroizing::new(alloc::format!("{SCHEME}{}/{}#{}.{}", self.access.address, self.label, *code, *secret))
    }
}

impl Address {
    /// The address that `host[:port]` or `[IPv6][:port]` spells.
    ///
    /// # Errors
    /// [`LinkError::Host`], [`LinkError::Port`].
    pub fn parse(authority: &str) -> Result<Self, LinkError> {
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
            "" => PORT_DEFAULT,
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

fn parse_port(digits: &str) -> Result<u16, LinkError> {
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|port| plain && *port != 0).ok_or(LinkError::Port)
}

const SCHEME: &str = "chatter://";
const LABEL_DEFAULT: &str = "room";
const LABEL_LEN_MAX: usize = 64;
/// RFC 1035 §2.3.4.
const HOST_LEN_MAX: usize = 253;
/// Where `python3 -m http.server` listens when nothing else is said.
const PORT_DEFAULT: u16 = 8000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{AccessSecret, CarrierPath, ServerSecret};
    use crate::entropy::Entropy;

    fn access() -> AccessLink {
        let mut entropy = Entropy::new([4; 32]);
        AccessLink {
            address: Address { host: "example.org".into(), port: 8000 },
            code: AccessCode {
                server_key: ServerSecret::generate(&mut entropy).key(),
                secret: AccessSecret::generate(&mut entropy),
                carrier_path: CarrierPath::parse("/data.enc").expect("a path"),
                preamble_len: 16,
            },
        }
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
    fn every_single_bit_of_a_fragment_is_guarded() {
        let text = room().to_text();
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

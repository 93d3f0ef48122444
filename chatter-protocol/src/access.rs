//! What opens the door: the server's identity, access secrets, the access code, and what derives from them.
//!
//! **In** random bytes, or an access code's text. **Out** keys for tokens and links, the code's text.
//! **Never** a room secret: the daemon can admit, never join.
//!
//! docs/protocol.md §1.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::code::{self, CodeError};
use crate::entropy::Entropy;
use crate::limits;
use crate::seal::{Key, kdf};

/// The server's X25519 secret.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct ServerSecret([u8; 32]);

/// The server's X25519 public key: its identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerKey([u8; 32]);

/// The 16 bytes that a gate and its holders share.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct AccessSecret([u8; 16]);

/// Where the carrier lies on the server, as it stands in a request line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CarrierPath(String);

/// Everything that a client needs to pass the door.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessCode {
    /// The only server that can answer.
    pub server_key: ServerKey,
    /// What the server's gate knows too.
    pub secret: AccessSecret,
    /// The file whose download is the session.
    pub carrier_path: CarrierPath,
    /// How many bytes of the carrier's own kind begin each download, before the session's.
    pub preamble_len: u16,
}

/// What a gate's tokens and links are made with.
#[derive(Clone)]
pub struct GateKeys {
    /// Authenticates opening tokens.
    pub mac: Key,
    /// Masks curve points.
    pub mask: Key,
    /// The pre-shared key of `NKpsk0`.
    pub psk: Key,
}

/// Why a text is no access code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessCodeError {
    /// The text is damaged.
    #[error("the access code is damaged: {0}")]
    Damaged(#[from] CodeError),
    /// Made by a later version.
    #[error("the access code is of version {0}, which this program does not know: a newer one may")]
    Version(u8),
    /// Intact, but not made by chatter.
    #[error("the access code holds no usable path")]
    Path,
}

impl ServerSecret {
    /// The secret of these bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A fresh one.
    pub fn generate(entropy: &mut Entropy) -> Self {
        Self(entropy.bytes())
    }

    /// Its bytes, for keeping.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The public key.
    pub fn key(&self) -> ServerKey {
        ServerKey(PublicKey::from(&StaticSecret::from(self.0)).to_bytes())
    }
}

impl ServerKey {
    /// The key of these bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The name of the cookie that carries tokens to this server: one of many common ones.
    pub fn cookie_name(&self) -> &'static str {
        let [drawn, ..] = *kdf("chatter v1 cookie name", &[&self.0]);
        COOKIE_NAMES.get(usize::from(drawn) % COOKIE_NAMES.len()).copied().unwrap_or("session")
    }
}

impl AccessSecret {
    /// The secret of these bytes.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// A fresh one.
    pub fn generate(entropy: &mut Entropy) -> Self {
        Self(entropy.bytes())
    }

    /// Its bytes, for keeping.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl CarrierPath {
    /// The path that `text` spells: a slash, then visible ASCII that ends no path.
    pub fn parse(text: &str) -> Option<Self> {
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#' | b'"'));
        let proper = text.starts_with('/') && !text.starts_with("//") && !text.ends_with('/');
        (visible && proper && text.len() <= limits::CARRIER_PATH_LEN_MAX).then(|| Self(text.to_string()))
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AccessCode {
    /// The code as people copy it: `chatter1…`.
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(FIXED_LEN + limits::CARRIER_PATH_LEN_MAX));
        bytes.push(VERSION);
        bytes.extend_from_slice(self.server_key.as_bytes());
        bytes.extend_from_slice(self.secret.as_bytes());
        bytes.extend_from_slice(&self.preamble_len.to_be_bytes());
        bytes.extend_from_slice(self.carrier_path.as_str().as_bytes());
        Zeroizing::new(code::encode(HRP, &bytes))
    }

    /// The code that `text` spells.
    ///
    /// # Errors
    /// [`AccessCodeError`] says what is wrong, and where if that can be told.
    pub fn parse(text: &str) -> Result<Self, AccessCodeError> {
        let bytes = code::decode(HRP, text)?;
        let (version, rest) = bytes.split_first().ok_or(AccessCodeError::Path)?;
        if *version != VERSION {
            return Err(AccessCodeError::Version(*version));
        }
        let (server_key, rest) = rest.split_first_chunk::<32>().ok_or(AccessCodeError::Path)?;
        let (secret, rest) = rest.split_first_chunk::<16>().ok_or(AccessCodeError::Path)?;
        let (preamble_len, path) = rest.split_first_chunk::<2>().ok_or(AccessCodeError::Path)?;
        let carrier_path =
            core::str::from_utf8(path).ok().and_then(CarrierPath::parse).ok_or(AccessCodeError::Path)?;
        Ok(Self {
            server_key: ServerKey(*server_key),
            secret: AccessSecret(*secret),
            carrier_path,
            preamble_len: u16::from_be_bytes(*preamble_len),
        })
    }

    /// The keys of this code's gate.
    pub fn gate_keys(&self) -> GateKeys {
        GateKeys::derive(&self.secret, &self.server_key)
    }
}

impl GateKeys {
    /// The keys of the gate with this secret at this server.
    pub fn derive(secret: &AccessSecret, server_key: &ServerKey) -> Self {
        let gate = kdf("chatter v1 gate", &[secret.as_bytes(), server_key.as_bytes()]);
        Self {
            mac: kdf("chatter v1 gate mac", &[&*gate]),
            mask: kdf("chatter v1 gate mask", &[&*gate]),
            psk: kdf("chatter v1 gate psk", &[&*gate]),
        }
    }
}

macro_rules! hide {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )*};
}
hide!(ServerSecret, AccessSecret, AccessCode, GateKeys);

const HRP: &str = "chatter";
const VERSION: u8 = 1;
const FIXED_LEN: usize = 1 + 32 + 16 + 2;

/// Cookies that any web site might set; which of them carries tokens, the server's key draws.
const COOKIE_NAMES: [&str; 16] = [
    "session",
    "sessionid",
    "sid",
    "SID",
    "PHPSESSID",
    "JSESSIONID",
    "connect.sid",
    "csrftoken",
    "XSRF-TOKEN",
    "auth",
    "token",
    "uid",
    "_session",
    "remember_token",
    "visitor",
    "state",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn code() -> AccessCode {
        let mut entropy = Entropy::new([4; 32]);
        AccessCode {
            server_key: ServerSecret::generate(&mut entropy).key(),
            secret: AccessSecret::generate(&mut entropy),
            carrier_path: CarrierPath::parse("/backup/home.tar.enc").expect("a path"),
            preamble_len: 16,
        }
    }

    #[test]
    fn a_code_survives_its_text() {
        let code = code();
        assert_eq!(AccessCode::parse(&code.to_text()), Ok(code));
    }

    #[test]
    fn damage_and_strangeness_are_told_apart() {
        let text = code().to_text();
        for bit in 0..text.len() * 8 {
            let mut damaged = text.as_bytes().to_vec();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let Ok(damaged) = String::from_utf8(damaged) else { continue };
            assert!(matches!(AccessCode::parse(&damaged), Err(AccessCodeError::Damaged(_))), "bit {bit}");
        }
        assert_eq!(AccessCode::parse(&code::encode(HRP, &[2; 60])), Err(AccessCodeError::Version(2)));
        assert_eq!(AccessCode::parse(&code::encode(HRP, &[1; 60])), Err(AccessCodeError::Path));
        assert_eq!(AccessCode::parse(&code::encode(HRP, &[1; 9])), Err(AccessCodeError::Path));
    }

    #[test]
    fn secrets_do_not_print() {
        assert_eq!(alloc::format!("{:?}", code()), "AccessCode(…)");
        assert_eq!(alloc::format!("{:?}", code().secret), "AccessSecret(…)");
    }

    #[test]
    fn carrier_paths_are_request_targets() {
        for path in ["/a", "/a/b%20c.enc", "/~x"] {
            assert!(CarrierPath::parse(path).is_some(), "{path}");
        }
        for path in ["", "a", "/", "//a", "/a/", "/a b", "/a?b", "/a#b", "/ä", "/a\r\n"] {
            assert_eq!(CarrierPath::parse(path), None, "{path}");
        }
    }
}

//! A pinned certificate: the one key that a server reached by HTTPS may show.
//!
//! **In** the SHA-256 of a public key, or a text that spells it. **Out** the other. **Never** a certificate: whoever
//! speaks TLS computes the hash and compares.
//!
//! docs/protocol.md §1.4.

use alloc::string::String;
use core::fmt;

use crate::code::{self, CodeError};

/// SHA-256 over a certificate's SubjectPublicKeyInfo, DER as it stands there: no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CertificatePin([u8; 32]);

impl CertificatePin {
    /// The pin of a key whose SubjectPublicKeyInfo has this SHA-256.
    pub const fn from_bytes(sha256: [u8; 32]) -> Self {
        Self(sha256)
    }

    /// The SHA-256.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads what [`Display`](fmt::Display) wrote (`cert1…`, in either case), or the 64 hexadecimal digits that tools print,
    /// with or without colons between the bytes.
    ///
    /// # Errors
    /// [`CodeError`] says what is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        if let Some(bytes) = hexadecimal(text) {
            return Ok(Self(bytes));
        }
        let bytes = code::decode(HRP, text)?;
        bytes.as_slice().try_into().map(Self).map_err(|_| CodeError::Length)
    }
}

impl fmt::Display for CertificatePin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&code::encode(HRP, &self.0))
    }
}

fn hexadecimal(text: &str) -> Option<[u8; 32]> {
    let digits: String = text.chars().filter(|c| *c != ':').collect();
    if digits.len() != 64 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; 32];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(at * 2..at * 2 + 2)?, 16).ok()?;
    }
    Some(bytes)
}

/// What the text begins with, before the 1.
pub(super) const HRP: &str = "cert";

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn both_spellings_are_read() {
        let pin = CertificatePin([0xa7; 32]);
        assert!(pin.to_string().starts_with("cert1"), "{pin}");
        assert_eq!(CertificatePin::parse(&pin.to_string()), Ok(pin));
        assert_eq!(CertificatePin::parse(&"a7".repeat(32)), Ok(pin));
        assert_eq!(CertificatePin::parse(&["A7"; 32].join(":")), Ok(pin));
        assert_eq!(CertificatePin::parse(&"a7".repeat(31)), Err(CodeError::OtherKind(HRP)));
        assert_eq!(CertificatePin::parse(&format!("é{}", "a".repeat(62))), Err(CodeError::OtherKind(HRP)));
        assert_eq!(CertificatePin::parse(&code::encode(HRP, &[1; 31])), Err(CodeError::Length));
    }
}

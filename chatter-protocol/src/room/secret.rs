//! The room secret: 128 bits that open a talk, known to its members and never to the daemon (§6).
//!
//! **In** entropy, or the text that stands in a room link. **Out** the room's id, which the relay sees, and the key
//! that every pair handshake mixes in. **Never** a secret in a debug print, nor one that outlives its owner in memory.
//!
//! A passphrase will become a secret here too, through Argon2id salted with the server's key and the room's name.

use alloc::string::{String, ToString};

use bech32::primitives::decode::UncheckedHrpstring;
use bech32::{Bech32m, Hrp};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::entropy::Entropy;
use crate::ids::RoomId;
use crate::seal::{self, Key};

/// What whoever wants into a room must hold.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct RoomSecret([u8; 16]);

/// Why a text is no room secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoomSecretError {
    /// It holds a character that bech32 does not use, lacks its `room1`, or mixes upper and lower case.
    #[error("this is no room secret: {0}")]
    Unreadable(String),
    /// It is something else in bech32m.
    #[error("this is no room secret: it begins with \"{0}1\", a room secret with \"room1\"")]
    OtherKind(String),
    /// Characters were mistyped or lost.
    #[error("the room secret is damaged: its checksum is wrong; copy it again, whole")]
    Damaged,
    /// The checksum is right, the content is not.
    #[error("the room secret has the wrong length; a newer version may have made it")]
    Length,
}

impl RoomSecret {
    /// A fresh secret, for a new room.
    pub fn generate(entropy: &mut Entropy) -> Self {
        Self(entropy.bytes())
    }

    /// The secret of exactly these bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The secret's bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The secret as it stands in a link: bech32m, `room1…`.
    pub fn to_text(&self) -> Zeroizing<String> {
        let text = bech32::encode::<Bech32m>(KIND, &self.0);
        Zeroizing::new(text.expect("16 bytes are within bech32m's length"))
    }

    /// Reads what [`to_text`](Self::to_text) wrote, in either case.
    ///
    /// # Errors
    /// [`RoomSecretError`] says what is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, RoomSecretError> {
        let unchecked =
            UncheckedHrpstring::new(text).map_err(|error| RoomSecretError::Unreadable(error.to_string()))?;
        let checked =
            unchecked.validate_and_remove_checksum::<Bech32m>().map_err(|_| RoomSecretError::Damaged)?;
        if checked.hrp() != KIND {
            return Err(RoomSecretError::OtherKind(checked.hrp().to_lowercase()));
        }
        let mut bytes = checked.byte_iter();
        let mut secret = Self([0; 16]);
        for slot in &mut secret.0 {
            *slot = bytes.next().ok_or(RoomSecretError::Length)?;
        }
        // The last character has two bits to spare; a secret has one text.
        if bytes.next().is_some() || !secret.to_text().eq_ignore_ascii_case(text) {
            return Err(RoomSecretError::Length);
        }
        Ok(secret)
    }

    /// The room's id on the server whose public key this is. The relay can't tell the secret from it.
    pub fn room_id(&self, server_key: &[u8; 32]) -> RoomId {
        RoomId::new(*seal::kdf("chatter v1 room id", &[&self.0, server_key]))
    }

    /// The key that every pair handshake in this room mixes in.
    pub fn psk(&self, server_key: &[u8; 32]) -> Key {
        seal::kdf("chatter v1 room psk", &[&self.0, server_key])
    }
}

impl core::fmt::Debug for RoomSecret {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("RoomSecret(…)")
    }
}

/// What the text begins with, before the 1.
const KIND: Hrp = Hrp::parse_unchecked("room");

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::String;

    use super::*;

    #[test]
    fn the_text_comes_back() {
        let mut entropy = Entropy::new([4; 32]);
        for _ in 0..200 {
            let secret = RoomSecret::generate(&mut entropy);
            assert_eq!(RoomSecret::parse(&secret.to_text()), Ok(secret.clone()));
            assert_eq!(RoomSecret::parse(&secret.to_text().to_uppercase()), Ok(secret.clone()));
            assert!(secret.to_text().starts_with("room1"));
        }
    }

    #[test]
    fn every_damaged_bit_is_refused() {
        let text = RoomSecret::generate(&mut Entropy::new([5; 32])).to_text();
        for bit in 0..text.len() * 8 {
            let mut damaged = text.as_bytes().to_vec();
            damaged[bit / 8] ^= 1 << (bit % 8);
            if let Ok(damaged) = String::from_utf8(damaged) {
                assert!(RoomSecret::parse(&damaged).is_err(), "bit {bit}: {damaged}");
            }
        }
        for end in 0..text.len() {
            assert!(RoomSecret::parse(&text[..end]).is_err(), "cut at {end}");
        }
    }

    #[test]
    fn errors_say_what_is_wrong() {
        let check = |text: &str| RoomSecret::parse(text).expect_err("no secret");
        let encode = |kind, bytes: &[u8]| {
            bech32::encode::<Bech32m>(Hrp::parse(kind).expect("a kind"), bytes).expect("short")
        };
        assert_eq!(check(&encode("chatter", &[1; 16])), RoomSecretError::OtherKind("chatter".into()));
        assert_eq!(check(&encode("room", &[1; 17])), RoomSecretError::Length);
        assert_eq!(check(&encode("room", &[1; 15])), RoomSecretError::Length);
        assert!(matches!(check("room"), RoomSecretError::Unreadable(_)));
        assert!(matches!(check(""), RoomSecretError::Unreadable(_)));
        let text = RoomSecret::from_bytes([1; 16]).to_text();
        assert_eq!(check(&text.replace("qy", "qq")), RoomSecretError::Damaged);
    }

    #[test]
    fn ids_and_keys_differ_with_secret_and_server() {
        let (one, two) = (RoomSecret::from_bytes([1; 16]), RoomSecret::from_bytes([2; 16]));
        assert_ne!(one.room_id(&[7; 32]), two.room_id(&[7; 32]));
        assert_ne!(one.room_id(&[7; 32]), one.room_id(&[8; 32]));
        assert_ne!(*one.psk(&[7; 32]), *two.psk(&[7; 32]));
        assert_ne!(&*one.psk(&[7; 32]), one.room_id(&[7; 32]).as_bytes());
        assert_eq!(format!("{one:?}"), "RoomSecret(…)");
    }
}

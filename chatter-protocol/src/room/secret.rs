//! The room secret: 128 bits that open a talk, known to its members and never to the daemon (§6).
//!
//! **In** entropy, or the text that stands in a room link. **Out** the room's id, which the relay sees, and the key
//! that every pair handshake mixes in. **Never** a secret in a debug print, nor one that outlives its owner in memory.
//!
//! A passphrase becomes one in `passphrase`.

use alloc::boxed::Box;
use alloc::string::String;

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::code::{self, CodeError};
use crate::entropy::Entropy;
use crate::ids::RoomId;
use crate::seal::{self, Key};

/// What whoever wants into a room must hold.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct RoomSecret(
    // Boxed: a secret that is moved about would leave copies of itself behind.
    Box<[u8; 16]>,
);

impl RoomSecret {
    /// A fresh secret, for a new room.
    pub fn generate(entropy: &mut Entropy) -> Self {
        let mut secret = Self(Box::default());
        entropy.fill(&mut *secret.0);
        secret
    }

    /// The secret of exactly these bytes.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Box::new(bytes))
    }

    /// The secret of these bytes, if there are as many as it takes; they go nowhere on the way.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        let mut secret = Self(Box::default());
        (bytes.len() == secret.0.len()).then(|| {
            secret.0.copy_from_slice(bytes);
            secret
        })
    }

    /// The secret's bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The secret as it stands in a link: bech32m, `room1…`.
    pub fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(code::encode(HRP, &*self.0))
    }

    /// Reads what [`to_text`](Self::to_text) wrote, in either case.
    ///
    /// # Errors
    /// [`CodeError`] says what is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        let bytes = code::decode(HRP, text)?;
        let mut secret = Self(Box::default());
        if bytes.len() != secret.0.len() {
            return Err(CodeError::Length);
        }
        secret.0.copy_from_slice(&bytes);
        Ok(secret)
    }

    /// The room's id on the server whose public key this is. The relay can't tell the secret from it.
    pub fn room_id(&self, server_key: &[u8; 32]) -> RoomId {
        RoomId::new(*seal::kdf("chatter v1 room id", &[&*self.0, server_key]))
    }

    /// The key that every pair handshake in this room mixes in.
    pub fn psk(&self, server_key: &[u8; 32]) -> Key {
        seal::kdf("chatter v1 room psk", &[&*self.0, server_key])
    }
}

impl core::fmt::Debug for RoomSecret {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("RoomSecret(…)")
    }
}

/// What the text begins with, before the 1.
pub(crate) const HRP: &str = "room";

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
        assert_eq!(check(&code::encode("chatter", &[1; 16])), CodeError::OtherKind("room"));
        assert_eq!(check(&code::encode("room", &[1; 17])), CodeError::Length);
        assert_eq!(check(&code::encode("room", &[1; 15])), CodeError::Length);
        assert_eq!(check("room"), CodeError::OtherKind("room"));
        assert_eq!(check(""), CodeError::OtherKind("room"));
        let text = RoomSecret::from_bytes([1; 16]).to_text();
        assert!(matches!(check(&text.replace("qy", "qq")), CodeError::Checksum { .. }));
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

//! What a member shows everybody in the room before a word is spoken: versions and a post-quantum key.
//!
//! **In** the bytes that the relay hands around. **Out** a key to encapsulate to, and the hash that binds the hello
//! into every handshake. **Never** trust in it: until a handshake over its hash is done, the relay may have made it up.

use alloc::vec::Vec;

use chatter_proto::room::Hello as Wire;
use ml_kem::kem::{Encapsulate, Key, KeyExport};
use ml_kem::{DecapsulationKey, EncapsulationKey, Generate, MlKem768};
use prost::Message;
use prost::bytes::Bytes;

use crate::entropy::Entropy;
use crate::limits;
use crate::seal;

/// Another member's hello, readable and of a version that we speak.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    hash: [u8; 32],
    kem_key: Vec<u8>,
}

/// Why a hello is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HelloError {
    /// Too long, or no hello at all.
    #[error("the hello can't be read")]
    Unreadable,
    /// The other speaks no version that we speak.
    #[error("the other speaks versions {0} to {1} of the protocol, this program version {VERSION}")]
    Version(u32, u32),
    /// No ML-KEM-768 key: without it there is no channel.
    #[error("the hello lacks its post-quantum key")]
    Key,
}

/// The post-quantum key of one's own stay.
pub struct KemSecret(DecapsulationKey<MlKem768>);

impl Hello {
    /// Reads what the relay says is another member's hello.
    ///
    /// # Errors
    /// [`HelloError`] says why no handshake can be had with it.
    pub fn parse(bytes: &[u8]) -> Result<Self, HelloError> {
        if bytes.len() > limits::HELLO_LEN_MAX {
            return Err(HelloError::Unreadable);
        }
        let wire = Wire::decode(bytes).map_err(|_| HelloError::Unreadable)?;
        if !(wire.version_min..=wire.version_max).contains(&VERSION) {
            return Err(HelloError::Version(wire.version_min, wire.version_max));
        }
        if wire.kem_public_key.len() != KEM_KEY_LEN {
            return Err(HelloError::Key);
        }
        Ok(Self { hash: hash(bytes), kem_key: wire.kem_public_key })
    }

    /// The hash over all of its bytes, those included that we don't understand.
    pub fn hash(&self) -> &[u8; 32] {
        &self.hash
    }

    /// A fresh secret for whoever holds the hello's key: the ciphertext and the secret.
    pub fn encapsulate(&self, entropy: &mut Entropy) -> Option<(Vec<u8>, seal::Key)> {
        let key = Key::<EncapsulationKey<MlKem768>>::try_from(self.kem_key.as_slice()).ok()?;
        let (ciphertext, secret) =
            EncapsulationKey::<MlKem768>::new(&key).ok()?.encapsulate_with_rng(entropy);
        Some((ciphertext.to_vec(), seal::Key::new(secret.into())))
    }
}

impl KemSecret {
    /// A fresh key, and the hello that shows its public half.
    pub fn generate(entropy: &mut Entropy) -> (Self, Bytes) {
        let secret = DecapsulationKey::generate_from_rng(entropy);
        let kem_public_key = secret.encapsulation_key().to_bytes().to_vec();
        let hello = Wire { version_min: VERSION, version_max: VERSION, kem_public_key };
        (Self(secret), hello.encode_to_vec().into())
    }

    /// The secret in a ciphertext; none where it has not a ciphertext's length. A forged one gives some other secret.
    pub fn decapsulate(&self, ciphertext: &[u8]) -> Option<seal::Key> {
        use ml_kem::kem::Decapsulate;
        let secret = self.0.decapsulate_slice(ciphertext).ok()?;
        Some(seal::Key::new(secret.into()))
    }
}

impl core::fmt::Debug for KemSecret {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("KemSecret(…)")
    }
}

/// The hash that stands for a hello in a handshake's prologue.
pub fn hash(hello: &[u8]) -> [u8; 32] {
    *blake3::hash(hello).as_bytes()
}

/// The only version of the end-to-end protocol so far.
pub const VERSION: u32 = 1;

const KEM_KEY_LEN: usize = 1184;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_get_the_secret() {
        let mut entropy = Entropy::new([3; 32]);
        let (secret, hello) = KemSecret::generate(&mut entropy);
        assert!(hello.len() <= limits::HELLO_LEN_MAX);
        let parsed = Hello::parse(&hello).expect("a hello");
        let (ciphertext, ours) = parsed.encapsulate(&mut entropy).expect("a key");
        assert_eq!(ciphertext.len(), 1088);
        assert_eq!(secret.decapsulate(&ciphertext).as_deref(), Some(&*ours));
        assert_eq!(secret.decapsulate(&ciphertext[1..]), None);
    }

    #[test]
    fn errors_say_what_is_wrong() {
        let check = |version_min, version_max, key: usize| {
            let wire = Wire { version_min, version_max, kem_public_key: alloc::vec![0; key] };
            Hello::parse(&wire.encode_to_vec()).map(|_| ())
        };
        assert_eq!(check(1, 1, 1184), Ok(()));
        assert_eq!(check(1, 9, 1184), Ok(()));
        assert_eq!(check(2, 3, 1184), Err(HelloError::Version(2, 3)));
        assert_eq!(check(1, 1, 1183), Err(HelloError::Key));
        assert_eq!(check(1, 1, 3000), Err(HelloError::Unreadable));
        assert_eq!(Hello::parse(&[0xff; 9]), Err(HelloError::Unreadable));
    }
}

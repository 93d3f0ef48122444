//! Noise handshakes by `snow`, with randomness that is handed in and a curve that wipes its keys.
//!
//! **In** a pattern's name and an [`Entropy`]. **Out** a builder whose handshake repeats exactly with the same
//! entropy. **Never** the operating system's random source.

use alloc::boxed::Box;

use snow::params::{CipherChoice, DHChoice, HashChoice};
use snow::resolvers::{CryptoResolver, DefaultResolver};
use snow::types::{Cipher, Dh, Hash, Random};
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use crate::entropy::Entropy;

/// A builder for the handshake `pattern`, such as `Noise_NKpsk0_25519_ChaChaPoly_BLAKE2s`.
///
/// # Panics
/// If `pattern` is no Noise name; callers pass constants.
pub fn builder<'a>(pattern: &'static str, entropy: &mut Entropy) -> snow::Builder<'a> {
    let params = pattern.parse().expect("the pattern is a constant Noise name");
    snow::Builder::with_resolver(params, Box::new(Resolver { entropy: entropy.fork() }))
}

struct Resolver {
    entropy: Entropy,
}

impl CryptoResolver for Resolver {
    fn resolve_rng(&self) -> Option<Box<dyn Random>> {
        Some(Box::new(Source(self.entropy.clone())))
    }

    fn resolve_dh(&self, choice: &DHChoice) -> Option<Box<dyn Dh>> {
        (*choice == DHChoice::Curve25519).then(|| Box::<X25519>::default() as Box<dyn Dh>)
    }

    fn resolve_hash(&self, choice: &HashChoice) -> Option<Box<dyn Hash>> {
        DefaultResolver.resolve_hash(choice)
    }

    fn resolve_cipher(&self, choice: &CipherChoice) -> Option<Box<dyn Cipher>> {
        DefaultResolver.resolve_cipher(choice)
    }
}

struct Source(Entropy);

impl Random for Source {
    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), snow::Error> {
        self.0.fill(out);
        Ok(())
    }
}

struct X25519 {
    secret: StaticSecret,
    // `Dh` lends the secret as a slice.
    bytes: Zeroizing<[u8; 32]>,
    public: PublicKey,
}

impl Default for X25519 {
    fn default() -> Self {
        let secret = StaticSecret::from([0; 32]);
        // Never used: snow sets or generates a key first. Any point will do.
        Self { secret, bytes: Zeroizing::new([0; 32]), public: PublicKey::from([0; 32]) }
    }
}

impl X25519 {
    fn load(&mut self, bytes: [u8; 32]) {
        #[cfg(test)]
        work::count();
        self.bytes = Zeroizing::new(bytes);
        self.secret = StaticSecret::from(bytes);
        self.public = PublicKey::from(&self.secret);
    }
}

impl Dh for X25519 {
    fn name(&self) -> &'static str {
        "25519"
    }

    fn pub_len(&self) -> usize {
        32
    }

    fn priv_len(&self) -> usize {
        32
    }

    fn set(&mut self, privkey: &[u8]) {
        self.load(privkey.try_into().expect("snow sets keys of priv_len bytes"));
    }

    fn generate(&mut self, rng: &mut dyn Random) -> Result<(), snow::Error> {
        let mut bytes = Zeroizing::new([0; 32]);
        rng.try_fill_bytes(&mut *bytes)?;
        self.load(*bytes);
        Ok(())
    }

    fn pubkey(&self) -> &[u8] {
        self.public.as_bytes()
    }

    fn privkey(&self) -> &[u8] {
        &*self.bytes
    }

    fn dh(&self, pubkey: &[u8], out: &mut [u8]) -> Result<(), snow::Error> {
        #[cfg(test)]
        work::count();
        let theirs: [u8; 32] = pubkey.get(..32).and_then(|key| key.try_into().ok()).ok_or(snow::Error::Dh)?;
        let shared = self.secret.diffie_hellman(&PublicKey::from(theirs));
        // A low-order point would make the secret public (RFC 7748 §6.1).
        if !shared.was_contributory() {
            return Err(snow::Error::Dh);
        }
        out.get_mut(..32).ok_or(snow::Error::Dh)?.copy_from_slice(shared.as_bytes());
        Ok(())
    }
}

/// How many multiplications on the curve this thread's handshakes have come to, for tests that are about their number.
#[cfg(test)]
pub(crate) mod work {
    use core::cell::Cell;

    std::thread_local! {
        static DONE: Cell<u32> = const { Cell::new(0) };
    }

    pub(super) fn count() {
        DONE.set(DONE.get() + 1);
    }

    pub(crate) fn done() -> u32 {
        DONE.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handshake_repeats_with_its_entropy_and_meets_its_peer() {
        let server = StaticSecret::from([9; 32]);
        let public = PublicKey::from(&server);
        let first = |seed| {
            let mut entropy = Entropy::new([seed; 32]);
            let mut client = builder("Noise_NKpsk0_25519_ChaChaPoly_BLAKE2s", &mut entropy)
                .psk(0, &[5; 32])
                .and_then(|b| b.remote_public_key(public.as_bytes()))
                .and_then(snow::Builder::build_initiator)
                .expect("a complete builder");
            let mut message = [0; 100];
            let length = client.write_message(b"hi", &mut message).expect("message 1");
            message[..length].to_vec()
        };
        assert_eq!(first(1), first(1));
        assert_ne!(first(1), first(2));

        let mut server = builder("Noise_NKpsk0_25519_ChaChaPoly_BLAKE2s", &mut Entropy::new([3; 32]))
            .psk(0, &[5; 32])
            .and_then(|b| b.local_private_key(server.as_bytes()))
            .and_then(snow::Builder::build_responder)
            .expect("a complete builder");
        let mut payload = [0; 100];
        assert_eq!(server.read_message(&first(1), &mut payload), Ok(2));
        assert_eq!(&payload[..2], b"hi");
    }
}

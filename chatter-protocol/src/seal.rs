//! The few primitives that everything above Noise is made of: one AEAD, one KDF, one XOF.
//!
//! **In** keys and bytes. **Out** sealed bytes, derived keys. **Never** a key that seals twice under one nonce
//! number: callers derive a fresh key for each thing they seal.
//!
//! XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03), BLAKE3 (derive_key, keyed hash, extendable output).

use alloc::vec::Vec;

use chacha20poly1305::aead::{Aead, AeadInOut, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use zeroize::{Zeroize, Zeroizing};

/// What sealing adds to the plaintext: the Poly1305 tag.
pub const TAG_LEN: usize = 16;

/// A 32-byte secret that is wiped when dropped.
pub type Key = Zeroizing<[u8; 32]>;

/// Seals `plain` under `key` and nonce number `nonce`, bound to `ad`. Returns ciphertext and tag.
pub fn seal(key: &[u8; 32], nonce: u64, ad: &[u8], plain: &[u8]) -> Vec<u8> {
    let mut sealed = Vec::with_capacity(plain.len() + TAG_LEN);
    sealed.extend_from_slice(plain);
    seal_end(key, nonce, ad, &mut sealed, 0);
    sealed
}

/// Seals what stands in `out` from `start` on, where it stands, and puts the tag behind it.
pub fn seal_end(key: &[u8; 32], nonce: u64, ad: &[u8], out: &mut Vec<u8>, start: usize) {
    let plain = out.get_mut(start..).unwrap_or_default();
    let tag = XChaCha20Poly1305::new(key.into())
        .encrypt_inout_detached(&xnonce(nonce), ad, plain.into())
        .expect("a plaintext below 256 GiB can be sealed");
    out.extend_from_slice(&tag);
}

/// Opens what [`seal`] made with the same key, nonce number and `ad`; nothing else opens.
pub fn open(key: &[u8; 32], nonce: u64, ad: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    XChaCha20Poly1305::new(key.into())
        .decrypt(&xnonce(nonce), Payload { msg: sealed, aad: ad })
        .ok()
        .map(Zeroizing::new)
}

/// BLAKE3 `derive_key` with `context` over the concatenation of `material`.
pub fn kdf(context: &'static str, material: &[&[u8]]) -> Key {
    let mut hasher = blake3::Hasher::new_derive_key(context);
    for part in material {
        hasher.update(part);
    }
    let key = Key::new(*hasher.finalize().as_bytes());
    hasher.zeroize();
    key
}

/// BLAKE3 keyed with `key` over `input`, extended to fill `out`.
pub fn xof(key: &[u8; 32], input: &[u8], out: &mut [u8]) {
    let mut hasher = blake3::Hasher::new_keyed(key);
    hasher.update(input);
    let mut stream = hasher.finalize_xof();
    stream.fill(out);
    stream.zeroize();
    hasher.zeroize();
}

fn xnonce(number: u64) -> XNonce {
    let mut nonce = [0; 24];
    nonce[16..].copy_from_slice(&number.to_be_bytes());
    nonce.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_sealed_opens() {
        let key = kdf("chatter test", &[b"a", b"b"]);
        let sealed = seal(&key, 3, b"ad", b"plain");
        assert_eq!(sealed.len(), 5 + TAG_LEN);
        assert_eq!(open(&key, 3, b"ad", &sealed).as_deref().map(Vec::as_slice), Some(&b"plain"[..]));
        assert_eq!(open(&key, 2, b"ad", &sealed), None);
        assert_eq!(open(&key, 3, b"da", &sealed), None);
        for bit in 0..sealed.len() * 8 {
            let mut damaged = sealed.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(open(&key, 3, b"ad", &damaged), None, "bit {bit}");
        }
    }

    #[test]
    fn kdf_is_blake3_over_the_concatenation() {
        assert_eq!(*kdf("chatter test", &[b"a", b"b"]), blake3::derive_key("chatter test", b"ab"));
    }
}

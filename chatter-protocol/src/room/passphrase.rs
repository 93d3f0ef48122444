//! Secrets that people can say: stretched by Argon2id, so that guessing costs (§6.7).
//!
//! **In** what somebody typed, or entropy. **Out** six words; keys of 32 bytes; a room's secret. **Never** a passphrase
//! in a debug print, nor one that outlives its owner in memory.
//!
//! ```text
//! normal = NFKC(lower case(NFKC(typed))), each run of white space as one space, none at the ends
//! key    = Argon2id(normal, salt, 256 MiB, 3 passes, 1 lane)
//! room secret = first 16 bytes of the key with salt H(server key ‖ room name)
//! ```

use alloc::string::String;

use argon2::{Algorithm, Argon2, Params, Version};
use unicode_normalization::UnicodeNormalization as _;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::entropy::Entropy;
use crate::room::secret::RoomSecret;
use crate::room::words;
use crate::seal::Key;

/// A passphrase in its normal form: how it was typed does not matter.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Passphrase(String);

/// What one guess costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    memory_kib: u32,
    passes: u32,
}

/// Why a passphrase of somebody's own is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this passphrase could be guessed: take at least {WORDS_MIN} different words of {WORD_CHARS_MIN} letters or more, or \
     {CHARS_MIN} characters of which {DIFFERENT_MIN} differ; better, let six words be drawn for you"
)]
pub struct Weak;

impl Passphrase {
    /// What was typed, in its normal form.
    pub fn new(typed: &str) -> Self {
        // Large enough for all that follows, so that nothing is left behind by growing.
        let mut lower = String::with_capacity(typed.len() * GROWTH_MAX);
        lower.extend(typed.nfkc().flat_map(char::to_lowercase));
        let mut normal = String::with_capacity(lower.len() * GROWTH_MAX);
        for c in lower.nfkc() {
            if !c.is_whitespace() {
                normal.push(c);
            } else if !normal.is_empty() && !normal.ends_with(' ') {
                normal.push(' ');
            }
        }
        normal.truncate(normal.trim_end().len());
        lower.zeroize();
        Self(normal)
    }

    /// Six words drawn at random: 66 bits.
    pub fn generate(entropy: &mut Entropy) -> Self {
        Self(words::draw::<6>(entropy))
    }

    /// The passphrase, for those who are to remember it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Judges a passphrase that somebody thought of himself. No rule can tell a famous quotation from a good one.
    ///
    /// # Errors
    /// [`Weak`] says what is asked for.
    pub fn judge(&self) -> Result<(), Weak> {
        let different =
            |texts: &mut dyn Iterator<Item = &str>| texts.collect::<alloc::collections::BTreeSet<_>>().len();
        let mut long = self.0.split(' ').filter(|word| word.chars().count() >= WORD_CHARS_MIN);
        let characters = self.0.chars().count();
        let varied = self.0.chars().collect::<alloc::collections::BTreeSet<_>>().len();
        let strong =
            different(&mut long) >= WORDS_MIN || (characters >= CHARS_MIN && varied >= DIFFERENT_MIN);
        strong.then_some(()).ok_or(Weak)
    }

    /// The key that this passphrase gives with `salt`.
    pub fn stretch(&self, salt: &[u8], cost: Cost) -> Key {
        let params = Params::new(cost.memory_kib, cost.passes, 1, Some(32)).expect("costs are constants");
        let mut key = Key::default();
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(self.0.as_bytes(), salt, &mut *key)
            .expect("salts have 8 bytes or more, passphrases less than 4 GiB");
        key
    }

    /// The secret of the room called `name` on the server with this public key.
    pub fn room_secret(&self, server_key: &[u8; 32], name: &str, cost: Cost) -> RoomSecret {
        let salt = *blake3::Hasher::new().update(server_key).update(name.as_bytes()).finalize().as_bytes();
        let key = self.stretch(&salt, cost);
        let (secret, _) = key.split_first_chunk().expect("a key has more than 16 bytes");
        RoomSecret::from_bytes(*secret)
    }
}

impl Cost {
    /// What rooms and identity files use: 256 MiB, three passes. Half a second for whoever knows it, and for each guess.
    pub const FULL: Self = Self { memory_kib: 256 * 1024, passes: 3 };
    /// Next to nothing, for tests.
    pub const TRIVIAL: Self = Self { memory_kib: 8, passes: 1 };
}

impl core::fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Passphrase(…)")
    }
}

const WORDS_MIN: usize = 5;
const WORD_CHARS_MIN: usize = 3;
const CHARS_MIN: usize = 16;
const DIFFERENT_MIN: usize = 10;
/// What NFKC and lower case make of a byte at most: UAX #15 states 11 for NFKC of UTF-8.
const GROWTH_MAX: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_it_was_typed_does_not_matter() {
        let check =
            |typed: &str, normal: &str| assert_eq!(Passphrase::new(typed).expose(), normal, "{typed:?}");
        check("Abandon  ability\u{a0}Zoo \n", "abandon ability zoo");
        check("  u\u{308}ber", "über");
        check("ＦＵＬＬ ﬁne", "full fine");
        check("STRASSE ẞ", "strasse ß");
        check(" \t", "");
    }

    #[test]
    fn weak_ones_are_told_apart() {
        let check = |typed: &str| Passphrase::new(typed).judge().is_ok();
        for weak in [
            "",
            "hunter2",
            "aaaaaaaaaaaaaaaaaaaaaaaa",
            "abababababababababab",
            "one two one two one two",
            "a b c d e f",
        ] {
            assert!(!check(weak), "{weak}");
        }
        assert!(check("seven tired whales hum gently"));
        assert!(check("xK9#mQ2$vL5@wR8!"));
        let mut entropy = Entropy::new([1; 32]);
        // Six draws out of 2,048 may repeat; five different ones of them remain nearly always.
        assert!(check(Passphrase::generate(&mut entropy).expose()));
    }

    #[test]
    fn secrets_differ_with_phrase_server_and_name() {
        let secret = |phrase: &str, server: u8, name: &str| {
            let room = Passphrase::new(phrase).room_secret(&[server; 32], name, Cost::TRIVIAL);
            *room.as_bytes()
        };
        assert_eq!(secret("a b", 1, "room"), secret(" A  B", 1, "room"));
        assert_ne!(secret("a b", 1, "room"), secret("a c", 1, "room"));
        assert_ne!(secret("a b", 1, "room"), secret("a b", 2, "room"));
        assert_ne!(secret("a b", 1, "room"), secret("a b", 1, "kitchen"));
    }

    /// Computed with the reference implementation of RFC 9106 by its Python binding, argon2-cffi.
    #[test]
    fn stretching_is_argon2id() {
        let key = Passphrase::new("open sesame").stretch(&[7; 16], Cost::TRIVIAL);
        let hex: String = key.iter().map(|byte| alloc::format!("{byte:02x}")).collect();
        assert_eq!(hex, "6a67ce8b851b33dc4d6f900f87c387b2a0a5dbf4cbe824e6659166a3e02493f7");
    }
}

//! Who a member is, beyond his nickname: the key that he proves to hold, for one stay or for as long as he likes (§7, §10).
//!
//! **In** entropy, the text of an identity file, its passphrase. **Out** stay keys, marks that tell namesakes apart,
//! safety numbers. **Never** a lasting secret in a debug print, nor one that outlives its owner in memory.
//!
//! ```text
//! identity file      bech32m “identity” over version 1 ‖ secret 32
//!    with passphrase bech32m “lockedidentity” over version 1 ‖ salt 16 ‖ AEAD(Argon2id(passphrase, salt), 0, "", secret)
//! ```

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use crate::code::{self, CodeError};
use crate::entropy::Entropy;
use crate::ids::{MemberId, RoomId};
use crate::room::passphrase::{Cost, Passphrase};
use crate::seal;

/// The public half of a member's stay key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StayKey([u8; 32]);

/// A stay key that is kept: its owner is known again by it.
#[derive(Clone)]
pub struct Identity(StaticSecret);

/// For how long others may know us again by our stay key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeping {
    /// As long as this program runs: nobody is told that it lasts.
    Run,
    /// For good: a lasting identity, and shown as such.
    Lasting,
}

/// Why a text is no identity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// Not the text of an identity file, or a damaged one.
    #[error("this is no identity file, or a damaged one: {0}")]
    Damaged(#[from] CodeError),
    /// Made by a newer program.
    #[error("this identity file has version {0}, which this program does not know")]
    Version(u8),
    /// It is locked, and no passphrase was given.
    #[error("this identity file is locked with a passphrase")]
    Locked,
    /// It does not open with this passphrase.
    #[error("the passphrase does not open this identity file")]
    Passphrase,
}

impl StayKey {
    /// The key of exactly these bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The key's bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The key as text that people may copy: bech32m, `member1…`.
    pub fn to_text(&self) -> String {
        code::encode(MEMBER, &self.0)
    }

    /// Reads what [`to_text`](Self::to_text) wrote.
    ///
    /// # Errors
    /// [`CodeError`] says what is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        let bytes = code::decode(MEMBER, text)?;
        bytes.as_slice().try_into().map(Self).map_err(|_| CodeError::Length)
    }

    /// What tells this member from namesakes: as many characters of it as are needed, at least [`MARK_LEN_MIN`]. The
    /// first come from the key and so stay with a lasting identity, the others from the id: no two are alike.
    pub fn mark(&self, id: &MemberId) -> String {
        let mut mark = base32(seal::kdf("chatter v1 mark", &[&self.0]).iter().take(MARK_KEY_LEN));
        mark.push_str(&base32(id.as_bytes().iter()));
        mark
    }
}

/// The sixty digits, in twelve groups, that two members see alike exactly if nobody sits between them.
pub fn safety_number(room: &RoomId, one: &StayKey, other: &StayKey) -> String {
    let (low, high) = if one <= other { (one, other) } else { (other, one) };
    let key = seal::kdf("chatter v1 safety number", &[room.as_bytes(), &low.0, &high.0]);
    let mut bytes = [0; GROUPS * GROUP_BYTES];
    seal::xof(&key, b"", &mut bytes);
    let group = |bytes: &[u8]| {
        let number = bytes.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
        alloc::format!("{:05}", number % 100_000)
    };
    bytes.chunks_exact(GROUP_BYTES).map(group).collect::<Vec<_>>().join(" ")
}

impl Identity {
    /// A fresh identity.
    pub fn generate(entropy: &mut Entropy) -> Self {
        Self(StaticSecret::from(entropy.bytes::<32>()))
    }

    /// What others know it by.
    pub fn key(&self) -> StayKey {
        StayKey(PublicKey::from(&self.0).to_bytes())
    }

    pub(super) fn secret(&self) -> &StaticSecret {
        &self.0
    }

    /// The text of an identity file, locked where there is a passphrase.
    pub fn to_text(&self, lock: Option<(&Passphrase, Cost)>, entropy: &mut Entropy) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(1 + SALT_LEN + 32 + seal::TAG_LEN));
        bytes.push(VERSION);
        let prefix = match lock {
            None => {
                bytes.extend_from_slice(self.0.as_bytes());
                OPEN
            }
            Some((passphrase, cost)) => {
                let salt: [u8; SALT_LEN] = entropy.bytes();
                let key = passphrase.stretch(&salt, cost);
                bytes.extend_from_slice(&salt);
                bytes.extend_from_slice(&seal::seal(&key, 0, b"", self.0.as_bytes()));
                LOCKED
            }
        };
        Zeroizing::new(code::encode(prefix, &bytes))
    }

    /// Whether the text is that of a file that only a passphrase opens.
    pub fn is_locked(text: &str) -> bool {
        text.trim().split_once('1').is_some_and(|(prefix, _)| prefix.eq_ignore_ascii_case(LOCKED))
    }

    /// Reads what [`to_text`](Self::to_text) wrote.
    ///
    /// # Errors
    /// [`IdentityError`] says why it can't be had.
    pub fn parse(text: &str, unlock: Option<(&Passphrase, Cost)>) -> Result<Self, IdentityError> {
        let text = text.trim();
        let locked = Self::is_locked(text);
        let bytes = code::decode(if locked { LOCKED } else { OPEN }, text)?;
        let (version, rest) = bytes.split_first().ok_or(CodeError::Length)?;
        if *version != VERSION {
            return Err(IdentityError::Version(*version));
        }
        let secret = if locked {
            let (passphrase, cost) = unlock.ok_or(IdentityError::Locked)?;
            let (salt, sealed) = rest.split_first_chunk::<SALT_LEN>().ok_or(CodeError::Length)?;
            let key = passphrase.stretch(salt, cost);
            seal::open(&key, 0, b"", sealed).ok_or(IdentityError::Passphrase)?
        } else {
            Zeroizing::new(rest.to_vec())
        };
        let secret: Zeroizing<[u8; 32]> =
            Zeroizing::new(secret.as_slice().try_into().map_err(|_| CodeError::Length)?);
        Ok(Self(StaticSecret::from(*secret)))
    }
}

/// Five bits a character; the last may hold fewer.
fn base32<'a>(bytes: impl Iterator<Item = &'a u8>) -> String {
    let (mut held, mut bits, mut out) = (0_u32, 0, String::new());
    let mut put = |five: u32| {
        let digit = usize::try_from(five & 31).ok().and_then(|five| DIGITS.get(five));
        out.push(char::from(*digit.unwrap_or(&b'-')));
    };
    for byte in bytes {
        held = held << 8 | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            put(held >> bits);
        }
    }
    if bits > 0 {
        put(held << (5 - bits));
    }
    out
}

impl fmt::Debug for StayKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, ..] = self.0;
        write!(f, "StayKey({a:02x}{b:02x}{c:02x}{d:02x}…)")
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(…)")
    }
}

/// The fewest characters of a mark that are shown.
pub const MARK_LEN_MIN: usize = 4;
/// Bytes of a mark that come from the key: eight characters.
const MARK_KEY_LEN: usize = 5;
/// Neither i, l, o nor u: they look like others, or spell things.
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const GROUPS: usize = 12;
/// The bias of a group is below 2⁻²³.
const GROUP_BYTES: usize = 5;
const MEMBER: &str = "member";
const OPEN: &str = "identity";
const LOCKED: &str = "lockedidentity";
const VERSION: u8 = 1;
const SALT_LEN: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> (Identity, Entropy) {
        let mut entropy = Entropy::new([6; 32]);
        (Identity::generate(&mut entropy), entropy)
    }

    #[test]
    fn an_identity_survives_its_file() {
        let (identity, mut entropy) = identity();
        let text = identity.to_text(None, &mut entropy);
        assert!(text.starts_with("identity1") && !Identity::is_locked(&text));
        let again = Identity::parse(&alloc::format!("{}\n", *text), None).expect("an identity");
        assert_eq!(again.key(), identity.key());
        assert_eq!(StayKey::parse(&identity.key().to_text()), Ok(identity.key()));
        assert_eq!(alloc::format!("{identity:?}"), "Identity(…)");
    }

    #[test]
    fn a_locked_one_opens_with_its_passphrase_alone() {
        let (identity, mut entropy) = identity();
        let right = Passphrase::new("open sesame");
        let text = identity.to_text(Some((&right, Cost::TRIVIAL)), &mut entropy);
        assert!(Identity::is_locked(&text));
        let open = |phrase: &str| {
            let phrase = Passphrase::new(phrase);
            Identity::parse(&text, Some((&phrase, Cost::TRIVIAL))).map(|identity| identity.key())
        };
        assert_eq!(open("open sesame"), Ok(identity.key()));
        assert_eq!(open("open sesam"), Err(IdentityError::Passphrase));
        assert_eq!(Identity::parse(&text, None).map(|_| ()), Err(IdentityError::Locked));
        for bit in 0..text.len() * 8 {
            let mut damaged = text.as_bytes().to_vec();
            damaged[bit / 8] ^= 1 << (bit % 8);
            if let Ok(damaged) = String::from_utf8(damaged) {
                assert!(Identity::parse(&damaged, None).is_err(), "bit {bit}");
            }
        }
    }

    #[test]
    fn other_texts_are_told_apart() {
        let check = |text: &str| Identity::parse(text, None).map(|_| ()).expect_err("none");
        assert!(matches!(check("room1xyz"), IdentityError::Damaged(CodeError::OtherKind("identity"))));
        assert_eq!(check(&code::encode(OPEN, &[1; 32])), CodeError::Length.into());
        assert_eq!(check(&code::encode(OPEN, &[2; 33])), IdentityError::Version(2));
        assert_eq!(check(&code::encode(OPEN, &[])), CodeError::Length.into());
    }

    #[test]
    fn safety_numbers_are_sixty_digits_and_the_same_at_both_ends() {
        let (one, other) = (StayKey::new([1; 32]), StayKey::new([2; 32]));
        let room = RoomId::new([3; 32]);
        let number = safety_number(&room, &one, &other);
        assert_eq!(number, safety_number(&room, &other, &one));
        assert_eq!(number.len(), 71);
        assert!(number.split(' ').all(|group| group.len() == 5 && group.parse::<u32>().is_ok()));
        assert_ne!(number, safety_number(&RoomId::new([4; 32]), &one, &other));
        assert_ne!(number, safety_number(&room, &one, &StayKey::new([4; 32])));
    }

    #[test]
    fn marks_stay_with_the_key_at_their_start_and_differ_in_the_end() {
        let (key, one, two) = (StayKey::new([1; 32]), MemberId::new([1; 16]), MemberId::new([2; 16]));
        let (first, second) = (key.mark(&one), key.mark(&two));
        assert_eq!(first[..8], second[..8]);
        assert_ne!(first, second);
        assert_ne!(first[..4], StayKey::new([2; 32]).mark(&one)[..4]);
        assert_eq!((base32([0xff, 0].iter()), base32([].iter())), ("zw00".into(), String::new()));
    }
}

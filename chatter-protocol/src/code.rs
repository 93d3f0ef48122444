//! Secrets as text that people copy: bech32m (BIP 350), which notices damage and often can say where.
//!
//! **In** bytes and a prefix, or a text. **Out** the other. **Never** a text accepted that differs from the one
//! its bytes would print as.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use bech32::primitives::decode::{
    CharError, CheckedHrpstring, CheckedHrpstringError, UncheckedHrpstringError,
};
use bech32::{Bech32m, Hrp};
use zeroize::Zeroizing;

/// Why a text is no code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// It begins otherwise.
    #[error("it does not begin with “{0}1”")]
    OtherKind(&'static str),
    /// A character that no code holds.
    #[error("“{0}” can't occur in it")]
    Character(char),
    /// Capital and small letters together.
    #[error("it mixes capital and small letters")]
    MixedCase,
    /// The checksum fails.
    #[error("its checksum does not fit: {}", place(*.at))]
    Checksum {
        /// The character, counted from 1, that is wrong if only one is.
        at: Option<usize>,
    },
    /// Too short, too long, or with bits set that mean nothing.
    #[error("it is cut off or has something added")]
    Length,
}

fn place(at: Option<usize>) -> String {
    match at {
        Some(at) => alloc::format!("if one character is wrong, it is the {at}th"),
        None => "some characters are wrong or missing".to_string(),
    }
}

/// Prints `bytes` with the prefix `hrp`.
///
/// # Panics
/// If `bytes` is longer than 600 bytes: callers bound what they print.
pub fn encode(hrp: &'static str, bytes: &[u8]) -> String {
    bech32::encode::<Bech32m>(Hrp::parse_unchecked(hrp), bytes).expect("callers bound the length")
}

/// Reads what [`encode`] printed with the same `hrp`.
///
/// # Errors
/// [`CodeError`] says how the text is damaged.
pub fn decode(hrp: &'static str, text: &str) -> Result<Zeroizing<Vec<u8>>, CodeError> {
    let prefix = text.split_once('1').map(|(prefix, _)| prefix);
    if !prefix.is_some_and(|prefix| prefix.eq_ignore_ascii_case(hrp)) {
        return Err(CodeError::OtherKind(hrp));
    }
    let checked = CheckedHrpstring::new::<Bech32m>(text).map_err(|error| diagnose(&error, text))?;
    let bytes = Zeroizing::new(checked.byte_iter().collect::<Vec<u8>>());
    let canonical = Zeroizing::new(encode(hrp, &bytes));
    if !canonical.eq_ignore_ascii_case(text) {
        return Err(CodeError::Length);
    }
    Ok(bytes)
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the errors of bech32 may grow")]
fn diagnose(error: &CheckedHrpstringError, text: &str) -> CodeError {
    match error {
        CheckedHrpstringError::Parse(UncheckedHrpstringError::Char(CharError::InvalidChar(c))) => {
            CodeError::Character(*c)
        }
        CheckedHrpstringError::Parse(UncheckedHrpstringError::Char(CharError::MixedCase)) => {
            CodeError::MixedCase
        }
        CheckedHrpstringError::Checksum(_) => CodeError::Checksum { at: single_error(text) },
        _ => CodeError::Length,
    }
}

/// The place whose change alone makes the checksum fit. Tried out: the crate's own correction panics on some texts that
/// hold several errors.
fn single_error(text: &str) -> Option<usize> {
    let first = text.find('1')? + 1;
    if !text.is_ascii() || text.len() > SEARCH_LEN_MAX {
        return None;
    }
    (first..text.len())
        .find(|&index| {
            let (before, after) =
                (text.get(..index).unwrap_or_default(), text.get(index + 1..).unwrap_or_default());
            ALPHABET.chars().any(|other| {
                let tried = Zeroizing::new(alloc::format!("{}{other}{}", before, after).to_ascii_lowercase());
                CheckedHrpstring::new::<Bech32m>(&tried).is_ok()
            })
        })
        .map(|index| index + 1)
}

const ALPHABET: &str = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
/// No code is longer.
const SEARCH_LEN_MAX: usize = 700;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_with_several_errors_is_refused_calmly() {
        let text = "chatter1r8xmyd3ljtmpja5n39xl4wh85jnh063masdggq9sthsveatxnxt7";
        assert_eq!(decode("chatter", text), Err(CodeError::Checksum { at: None }));
    }

    #[test]
    fn every_single_bit_damage_is_refused() {
        let text = encode("chatter", &[0x5a; 69]);
        assert_eq!(decode("chatter", &text).map(|bytes| bytes.to_vec()), Ok([0x5a; 69].to_vec()));
        for bit in 0..text.len() * 8 {
            let mut damaged = text.clone().into_bytes();
            damaged[bit / 8] ^= 1 << (bit % 8);
            if let Ok(damaged) = String::from_utf8(damaged) {
                assert!(decode("chatter", &damaged).is_err(), "bit {bit}");
            }
        }
    }

    #[test]
    fn one_wrong_character_is_named() {
        let mut text = encode("chatter", &[0x5a; 69]);
        let other = if &text[20..21] == "q" { "p" } else { "q" };
        text.replace_range(20..21, other);
        assert_eq!(decode("chatter", &text), Err(CodeError::Checksum { at: Some(21) }));
    }

    #[test]
    fn damage_is_described() {
        let text = encode("chatter", b"abc");
        assert_eq!(decode("room", &text), Err(CodeError::OtherKind("room")));
        assert_eq!(decode("chatter", "chatter1b"), Err(CodeError::Character('b')));
        assert!(matches!(decode("chatter", &text[..text.len() - 1]), Err(CodeError::Checksum { .. })));
        assert!(decode("chatter", &text.to_uppercase()).is_ok());
    }
}

//! Names of things, parsed once and valid ever after.
//!
//! **In** bytes and text from outside. **Out** ids that compare, order and print shortly. **Never** a nickname
//! that could play tricks on a screen.

use alloc::string::{String, ToString};
use core::fmt;

use unicode_normalization::UnicodeNormalization as _;
pub use unicode_normalization::char::is_combining_mark;

/// A room as the relay knows it: 32 bytes derived from the room secret and the server's key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomId([u8; 32]);

/// A member of a room for one stay: 16 bytes that bind his stay key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberId([u8; 16]);

/// A session, numbered by the daemon from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u64);

/// A link (one down connection and what belongs to it), numbered by its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u64);

macro_rules! byte_id {
    ($name:ident, $length:literal) => {
        impl $name {
            /// The id of exactly these bytes.
            pub const fn new(bytes: [u8; $length]) -> Self {
                Self(bytes)
            }

            /// The id, where `bytes` has its length.
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self)
            }

            /// The id's bytes.
            pub const fn as_bytes(&self) -> &[u8; $length] {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let [a, b, c, d, ..] = self.0;
                write!(f, concat!(stringify!($name), "({:02x}{:02x}{:02x}{:02x}…)"), a, b, c, d)
            }
        }
    };
}

byte_id!(RoomId, 32);
byte_id!(MemberId, 16);

/// What a member calls himself: 1 to 32 characters, none of which can move a cursor or hide.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nickname(String);

/// Why a text is no nickname.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NicknameError {
    /// Nothing, or only spaces.
    #[error("a nickname needs at least one character")]
    Empty,
    /// Too many characters.
    #[error("a nickname has at most {NICKNAME_CHARS_MAX} characters")]
    TooLong,
    /// A control, bidirectional or invisible character.
    #[error("a nickname holds no control, invisible or direction-changing characters")]
    Trickery,
    /// The character that stands before the mark by which namesakes are told apart.
    #[error("a nickname holds no #")]
    Mark,
    /// White space at an end.
    #[error("a nickname neither begins nor ends with white space")]
    Padded,
}

impl Nickname {
    /// The nickname that `text` spells.
    ///
    /// # Errors
    /// [`NicknameError`] says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, NicknameError> {
        if text.trim().is_empty() {
            return Err(NicknameError::Empty);
        }
        if text.trim() != text {
            return Err(NicknameError::Padded);
        }
        if text.chars().count() > NICKNAME_CHARS_MAX {
            return Err(NicknameError::TooLong);
        }
        let blank = |c: char| c == '\u{2800}' || (c.is_whitespace() && c != ' ');
        if text.chars().any(|c| is_trickery(c) || blank(c)) || text.contains("  ") || is_pile(text) {
            return Err(NicknameError::Trickery);
        }
        if text.contains('#') {
            return Err(NicknameError::Mark);
        }
        Ok(Self(text.to_string()))
    }

    /// What nicknames have in common that look alike, but for letters of different alphabets: NFKC in small letters.
    pub fn likeness(&self) -> String {
        self.0.nfkc().flat_map(char::to_lowercase).nfkc().collect()
    }

    /// The nickname as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Nickname {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a character can move a cursor, turn the direction of writing or hide: control and format characters.
pub fn is_trickery(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether marks stand on nothing, or so many in a row that they leave their line.
fn is_pile(text: &str) -> bool {
    let mut row = MARKS_MAX;
    text.chars().any(|c| {
        row = if is_combining_mark(c) { row + 1 } else { 0 };
        row > MARKS_MAX
    })
}

/// More combining marks in a row than any language puts on one letter.
pub const MARKS_MAX: usize = 4;

/// The longest nickname, in characters: it must fit beside a message on a narrow screen.
const NICKNAME_CHARS_MAX: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nicknames_are_judged() {
        let check = |text: &str| Nickname::parse(text).map(|nick| nick.to_string());
        assert_eq!(check("anna"), Ok("anna".into()));
        assert_eq!(check("Åsa von Ö"), Ok("Åsa von Ö".into()));
        assert_eq!(check("  "), Err(NicknameError::Empty));
        assert_eq!(check(" ben"), Err(NicknameError::Padded));
        assert_eq!(check("a\u{1b}[2J"), Err(NicknameError::Trickery));
        assert_eq!(check("an\u{202e}na"), Err(NicknameError::Trickery));
        assert_eq!(check("an\u{200b}na"), Err(NicknameError::Trickery));
        assert_eq!(check(&"x".repeat(33)), Err(NicknameError::TooLong));
        for trick in [
            "a\u{a0}b",
            "a\u{3000}b",
            "a\u{2800}",
            "a  b",
            "\u{301}a",
            "a\u{301}\u{301}\u{301}\u{301}\u{301}",
        ] {
            assert_eq!(check(trick), Err(NicknameError::Trickery), "{trick:?}");
        }
        assert_eq!(check("anna#k3f9"), Err(NicknameError::Mark));
        assert_eq!(check("ấn"), Ok("ấn".into()));
    }

    #[test]
    fn nicknames_that_look_alike_are_alike() {
        let check = |one: &str, other: &str| {
            let likeness = |text| Nickname::parse(text).expect("a nickname").likeness();
            likeness(one) == likeness(other)
        };
        assert!(check("anna", "Anna") && check("anna", "ａｎｎａ") && check("\u{e5}sa", "a\u{30a}sa"));
        assert!(!check("anna", "anne"));
    }

    #[test]
    fn ids_have_one_length() {
        assert_eq!(MemberId::from_slice(&[1; 16]), Some(MemberId::new([1; 16])));
        assert_eq!(MemberId::from_slice(&[1; 17]), None);
        assert_eq!(alloc::format!("{:?}", RoomId::new([0xab; 32])), "RoomId(abababab…)");
    }
}

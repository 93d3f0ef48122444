//! The access codes: the unnamed one that is for everybody, the named ones, and those that are being rotated out.
//!
//! **In** what is kept of them, names from outside. **Out** each code's secret and terms. **Never** a secret that prints.

use std::fmt;
use std::str::FromStr;

use chatter_protocol::access::AccessSecret;
use chatter_protocol::entropy::Entropy;
use chatter_protocol::time::WallTime;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::{hex, unhex, wall_now};

/// One access code.
#[derive(Clone, PartialEq, Eq)]
pub struct Code {
    /// What it is called; empty: it has no name.
    pub name: String,
    /// What opens the door.
    pub secret: AccessSecret,
    /// When it was drawn.
    pub made_at: WallTime,
    /// From when on it opens nothing; none: until it is revoked or rotated out.
    pub expires: Option<WallTime>,
}

/// All of them.
#[derive(Clone, PartialEq, Eq)]
pub struct Codes {
    /// The unnamed one that `invite` prints.
    pub open: Code,
    /// Named ones, and unnamed ones that are being rotated out.
    pub others: Vec<Code>,
}

/// What an operator calls an access code: 1 to 32 letters, digits and `-._`, a letter or digit first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeName(String);

/// A text is no name for an access code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "an access code's name has 1 to {NAME_LEN_MAX} letters of a to z, digits and -._, a letter or digit first"
)]
pub struct CodeNameError;

/// A code as it is kept.
#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct KeptCode {
    name: String,
    secret: String,
    /// Seconds since 1970.
    made_at: u64,
    /// Seconds since 1970; 0: never.
    expires: u64,
}

impl Code {
    /// A fresh one, drawn now.
    pub fn draw(name: String, expires: Option<WallTime>, entropy: &mut Entropy) -> Self {
        Self { name, secret: AccessSecret::generate(entropy), made_at: wall_now(), expires }
    }
}

impl Codes {
    /// One unnamed code.
    pub fn new(open: Code) -> Self {
        Self { open, others: Vec::new() }
    }

    /// What was kept; none where a secret is damaged.
    pub(super) fn from_kept(secret: &str, made_at: u64, others: &[KeptCode]) -> Option<Self> {
        let secret = AccessSecret::from_bytes(*unhex(secret)?);
        let open = Code { name: String::new(), secret, made_at: WallTime(made_at), expires: None };
        let others = others.iter().map(KeptCode::code).collect::<Option<_>>()?;
        Some(Self { open, others })
    }

    /// All of them, the open one first.
    pub fn all(&self) -> impl Iterator<Item = &Code> {
        std::iter::once(&self.open).chain(&self.others)
    }

    /// The code of this name.
    pub fn named(&self, name: &CodeName) -> Option<&Code> {
        self.others.iter().find(|code| code.name == name.0)
    }

    /// Without those whose time is over.
    pub fn without_expired(mut self, now: WallTime) -> Self {
        self.others.retain(|code| code.expires.is_none_or(|expires| expires > now));
        self
    }
}

impl CodeName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CodeName {
    type Err = CodeNameError;

    fn from_str(text: &str) -> Result<Self, CodeNameError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        let starts = text.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric());
        let fits = starts && text.bytes().all(plain) && text.len() <= NAME_LEN_MAX;
        fits.then(|| Self(text.to_owned())).ok_or(CodeNameError)
    }
}

impl fmt::Display for CodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl KeptCode {
    pub(super) fn of(code: &Code) -> Self {
        Self {
            name: code.name.clone(),
            secret: hex(code.secret.as_bytes()),
            made_at: code.made_at.0,
            expires: code.expires.map_or(0, |expires| expires.0),
        }
    }

    fn code(&self) -> Option<Code> {
        let secret = AccessSecret::from_bytes(*unhex(&self.secret)?);
        let expires = Some(WallTime(self.expires)).filter(|expires| expires.0 > 0);
        Some(Code { name: self.name.clone(), secret, made_at: WallTime(self.made_at), expires })
    }
}

const NAME_LEN_MAX: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain() {
        for name in ["ben", "Ben-2.old_x", "7", &"x".repeat(32)] {
            assert_eq!(name.parse::<CodeName>().map(|parsed| parsed.to_string()).as_deref(), Ok(name));
        }
        for name in ["", "-x", ".x", "a b", "ä", "a\n", "a/b", &"x".repeat(33)] {
            assert_eq!(name.parse::<CodeName>(), Err(CodeNameError), "{name:?}");
        }
    }

    #[test]
    fn what_is_kept_comes_back_and_damage_does_not() {
        let mut entropy = Entropy::new([1; 32]);
        let open = Code::draw(String::new(), None, &mut entropy);
        let ben = Code::draw("ben".to_owned(), Some(WallTime(9)), &mut entropy);
        let mut kept = [KeptCode::of(&ben)];
        let secret = hex(open.secret.as_bytes());
        let codes = Codes::from_kept(&secret, open.made_at.0, &kept).expect("whole");
        assert!(codes == Codes { open: open.clone(), others: vec![ben.clone()] });
        assert!(codes.clone().without_expired(WallTime(8)) == codes);
        assert!(codes.without_expired(WallTime(9)) == Codes::new(open));
        kept[0].secret.pop();
        assert!(Codes::from_kept(&secret, 0, &kept).is_none());
    }
}

//! `[admin]` and `log`: who may call the operator's API, and how much the log says.
//!
//! **In** names from file or environment. **Out** final types. **Never** a look at the machine's users: whether there are
//! such is known when it starts.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use tracing::level_filters::LevelFilter;

/// A user, or all users of a group; by name or number.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Principal {
    /// One user.
    User(String),
    /// Who runs under a group or is listed in it.
    Group(String),
}

impl FromStr for Principal {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, make): (&str, fn(String) -> Self) = match text.strip_prefix('@') {
            Some(group) => (group, Self::Group),
            None => (text, Self::User),
        };
        let plain = |char: char| !char.is_whitespace() && !char.is_control() && !",:@/\"".contains(char);
        if name.is_empty() || !name.chars().all(plain) {
            return Err(format!(
                "{text:?} is neither a user, such as \"anna\" or \"1000\", nor a group, such as \"@adm\""
            ));
        }
        Ok(make(name.to_owned()))
    }
}

impl TryFrom<String> for Principal {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(name) => f.write_str(name),
            Self::Group(name) => write!(f, "@{name}"),
        }
    }
}

/// Users and groups; in the environment separated by commas.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(super) struct Principals(pub(super) Vec<Principal>);

impl FromStr for Principals {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        parts.map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

/// `error`, `warn`, `info`, `debug`, `trace` or `off`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct LogLevel(pub(super) LevelFilter);

impl TryFrom<String> for LogLevel {
    type Error = String;

    fn try_from(word: String) -> Result<Self, String> {
        let level = word.parse().map(Self);
        level.map_err(|_| format!("{word:?} is none of error, warn, info, debug, trace, off"))
    }
}

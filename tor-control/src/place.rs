//! Where a control port is, and what proves that one may use it.
//!
//! **In** the operator's words. **Out** final types. **Never** the proof itself: that lies in a file.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

/// Where tor listens for commands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A Unix socket: torrc's `ControlSocket`.
    Unix(PathBuf),
    /// An address: torrc's `ControlPort`.
    Tcp(SocketAddr),
}

/// What is shown to tor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Proof {
    /// The cookie in the file that tor itself names, where it wants one; else nothing.
    #[default]
    Told,
    /// The cookie in this file: torrc's `CookieAuthFile`, as it is seen from here.
    Cookie(PathBuf),
    /// The password in this file: what torrc's `HashedControlPassword` is the hash of. A line end is no part of it.
    Password(PathBuf),
}

/// A text is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "tor's control port is a path such as /run/tor/control, or an address and port such as 127.0.0.1:9051"
)]
pub struct NoPlace;

impl FromStr for Place {
    type Err = NoPlace;

    fn from_str(text: &str) -> Result<Self, NoPlace> {
        let path = text.strip_prefix("unix:").unwrap_or(text);
        if path.starts_with('/') {
            return Ok(Self::Unix(PathBuf::from(path)));
        }
        text.parse().map(Self::Tcp).map_err(|_| NoPlace)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Tcp(address) => address.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_paths_or_addresses() {
        for (text, place) in [
            ("/run/tor/control", Place::Unix("/run/tor/control".into())),
            ("unix:/run/tor/control", Place::Unix("/run/tor/control".into())),
            ("127.0.0.1:9051", Place::Tcp(([127, 0, 0, 1], 9051).into())),
            ("[::1]:9051", Place::Tcp(SocketAddr::new("::1".parse().unwrap(), 9051))),
        ] {
            assert_eq!(text.parse(), Ok(place.clone()));
            assert_eq!(place.to_string().parse(), Ok(place));
        }
        for text in ["", "9051", "localhost:9051", "unix:", "unix:control", "control"] {
            assert_eq!(text.parse::<Place>(), Err(NoPlace), "{text}");
        }
    }
}

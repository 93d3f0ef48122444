//! The Tor hosts whose onion services lead here.
//!
//! **In** the `[[tor]]` of the settings. **Out** a [`Host`] each. **Never** a key of an onion service: publishing is
//! `chatterctl onion`'s.

use std::fmt;

use chatter_tor_control::{Place, Proof};

use crate::entrance::Entrance;

/// One `[[tor]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// What the operator calls it.
    pub name: String,
    /// Where its tor connects to.
    pub entrance: Entrance,
    /// Its tor's control port, where the daemon may use it.
    pub control: Option<Control>,
    /// Whether circuits that knock too often are closed there.
    pub close_circuits: bool,
}

/// A control port that the daemon may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Control {
    /// Where it is.
    pub place: Place,
    /// What it is shown.
    pub proof: Proof,
}

impl fmt::Display for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.place.fmt(f)?;
        match &self.proof {
            Proof::Told => Ok(()),
            Proof::Cookie(file) => write!(f, " with the cookie {}", file.display()),
            Proof::Password(file) => write!(f, " with the password in {}", file.display()),
        }
    }
}

//! What a stay is to be.
//!
//! **In** a link, a nick, wishes. **Out** [`Options`] for [`start`](super::start). **Never** anything done yet.

use std::path::PathBuf;

use chatter_protocol::chaff::Chaff;
use chatter_protocol::ids::Nickname;
use chatter_protocol::invite::{AccessLink, RoomLink};
use chatter_protocol::room::identity::Identity;
use chatter_protocol::room::secret::RoomSecret;

use super::{StartError, entropy};
use crate::app::{Awaited, Downloads, People, Purpose};
use crate::known::Known;
use crate::route::Route;

/// Which room to enter, as whom, what for.
#[derive(Debug)]
pub struct Options {
    pub(super) goal: Goal,
    pub(super) nick: Nickname,
    pub(super) purpose: Purpose,
    pub(super) people: People,
    /// Where known identities are kept.
    pub(super) memory: Option<PathBuf>,
    pub(super) route: Route,
    pub(super) chaff: Chaff,
    pub(super) rejoins: bool,
    pub(super) has_passphrase: bool,
    pub(super) listed: Option<Nickname>,
    pub(super) awaited: Awaited,
    pub(super) downloads: Downloads,
}

/// Where to go.
#[derive(Debug)]
pub(super) enum Goal {
    Room(RoomLink),
    /// The room that is listed by this name.
    Listed(AccessLink, String),
    /// No room: only see which are listed.
    List(AccessLink),
}

impl Options {
    /// Make a new room behind the door of `access` and enter it. `label` is what its link calls it.
    ///
    /// # Errors
    /// [`StartError::NoRandomness`]: a room begins with a secret.
    pub fn new_room(access: AccessLink, label: String, nick: Nickname) -> Result<Self, StartError> {
        let secret = RoomSecret::generate(&mut entropy()?);
        Ok(Self::stay(RoomLink { access, label, secret }, nick, Purpose::New))
    }

    /// Enter the room of `link`.
    pub fn join(link: RoomLink, nick: Nickname) -> Self {
        Self::stay(link, nick, Purpose::Join)
    }

    /// Enter the room of `link`, say `text` to whoever is there, leave.
    pub fn send(link: RoomLink, nick: Nickname, text: String) -> Self {
        Self::stay(link, nick, Purpose::Send(text))
    }

    /// Saying it only when so many others are there. Without a bound: whoever waits long enough may
    /// [interrupt](super::Handle::interrupt) the stay.
    #[must_use]
    pub fn when_others_are_there(mut self, others: usize) -> Self {
        self.awaited.company = others;
        self
    }

    /// Saying it to the member of this name alone, when he is there.
    #[must_use]
    pub fn to_one(mut self, nick: String) -> Self {
        self.awaited.to = Some(nick);
        self
    }

    /// Keeping accepted files there where `/accept` names no directory.
    #[must_use]
    pub fn downloading_to(self, directory: PathBuf) -> Self {
        Self { downloads: Downloads::In(directory), ..self }
    }

    /// Keeping no file for which `/accept` names no directory.
    #[must_use]
    pub fn downloading_nowhere(self) -> Self {
        Self { downloads: Downloads::Nowhere, ..self }
    }

    /// The same for a room that is there already, by a passphrase: its link is shown.
    pub fn new_by_passphrase(link: RoomLink, nick: Nickname) -> Self {
        Self { has_passphrase: true, ..Self::stay(link, nick, Purpose::New) }
    }

    /// With the room listed by this name for everybody who holds the server's access code. One without a passphrase is
    /// open to them all, and its secret is then known to the server.
    #[must_use]
    pub fn listed(self, name: Nickname) -> Self {
        Self { listed: Some(name), ..self }
    }

    /// Enter the room that the server lists by this name.
    pub fn join_listed(access: AccessLink, name: String, nick: Nickname) -> Self {
        Self::with_goal(Goal::Listed(access, name), nick, Purpose::Join)
    }

    /// See which rooms the server lists, and leave. Nobody hears of `nick`.
    pub fn list(access: AccessLink, nick: Nickname) -> Self {
        Self::with_goal(Goal::List(access), nick, Purpose::Join)
    }

    /// Shown as the owner of this identity, instead of by a fresh key.
    #[must_use]
    pub fn identified(mut self, identity: Identity) -> Self {
        self.people.identity = Some(identity);
        self
    }

    /// Knowing these, and keeping what is learnt of others in that file.
    #[must_use]
    pub fn remembering(mut self, known: Known, file: PathBuf) -> Self {
        (self.people.known, self.people.remembers) = (known, true);
        Self { memory: Some(file), ..self }
    }

    /// By this way instead of the one that the link names.
    #[must_use]
    pub fn by(self, route: Route) -> Self {
        Self { route, ..self }
    }

    /// With so much chaff; [`Chaff::Usual`] otherwise.
    #[must_use]
    pub fn with_chaff(self, chaff: Chaff) -> Self {
        Self { chaff, ..self }
    }

    /// Ending where the session is lost, instead of coming back by another.
    #[must_use]
    pub fn without_return(self) -> Self {
        Self { rejoins: false, ..self }
    }

    /// What its link or the server's list calls the room; empty where nothing does.
    pub fn label(&self) -> &str {
        match &self.goal {
            Goal::Room(link) => &link.label,
            Goal::Listed(_, name) => name.as_ref(),
            Goal::List(_) => "",
        }
    }

    /// As whom it is entered.
    pub fn nick(&self) -> &Nickname {
        &self.nick
    }

    /// The part of the link that reaches the server.
    pub fn access(&self) -> &AccessLink {
        match &self.goal {
            Goal::Room(link) => &link.access,
            Goal::Listed(access, _) | Goal::List(access) => access,
        }
    }

    fn stay(link: RoomLink, nick: Nickname, purpose: Purpose) -> Self {
        Self::with_goal(Goal::Room(link), nick, purpose)
    }

    fn with_goal(goal: Goal, nick: Nickname, purpose: Purpose) -> Self {
        let route = match &goal {
            Goal::Room(link) => Route::of_link(&link.access),
            Goal::Listed(access, _) | Goal::List(access) => Route::of_link(access),
        };
        let people = People::default();
        Self {
            goal,
            nick,
            purpose,
            people,
            memory: None,
            route,
            chaff: Chaff::default(),
            rejoins: true,
            has_passphrase: false,
            listed: None,
            awaited: Awaited::default(),
            downloads: Downloads::default(),
        }
    }
}

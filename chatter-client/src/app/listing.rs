//! Rooms that the server lists for everybody who holds its access code: ours are offered, others are looked for.
//!
//! **In** `/list`, `/unlist`, `/join NAME`, what the relay tells. **Out** what is asked of it, notices. **Never** a
//! secret in a listing that the user did not ask for, nor a name that breaks the rules of nicknames.
//!
//! docs/protocol.md §13.

use std::mem;

use chatter_proto::relay::client_frame::Frame;
use chatter_proto::relay::{List, ListRooms, Listed, ListedRoom, Refused, Unlist, refused};
use chatter_protocol::ids::Nickname;
use chatter_protocol::invite::{RoomLink, parse_label};
use chatter_protocol::limits;
use chatter_protocol::room::secret::RoomSecret;
use chatter_protocol::time::Time;

use super::room::{Room, Shared};
use super::{App, ENTER_TIMEOUT, Phase, Purpose};
use crate::event::{Effect, ListedInfo, Notice};
use crate::exit::Failure;
use crate::texts::text;

/// As what a room is to be listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    pub(crate) name: Nickname,
    /// Whether the listing shall lead in. Else it shows that the room is there.
    pub(crate) open: bool,
}

/// What we have asked the relay for.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// Until when an answer is due.
    asked: Option<Time>,
    /// Whether it is to be shown.
    shown: bool,
    /// Whether the stay is for nothing else.
    alone: bool,
    /// Names to join.
    sought: Vec<String>,
}

impl Listing {
    /// Looks for a room from the start.
    pub(super) fn of(name: String) -> Self {
        Self { sought: vec![name], ..Self::default() }
    }

    /// Wants to know what is listed, and nothing else.
    pub(super) fn alone() -> Self {
        Self { alone: true, ..Self::default() }
    }

    pub(super) fn until(&self) -> Option<Time> {
        self.asked
    }
}

impl Room {
    /// `/list`: everybody who holds the access code may see and enter this room.
    pub(super) fn list(&mut self, name: &str, shared: &mut Shared) {
        if self.purpose != Purpose::New {
            return self.error(shared, text!("not-listed", reason = text!("list-by-maker")));
        }
        match Nickname::parse(name.trim()) {
            Ok(name) => {
                self.wish = Some(Wish { name, open: !self.has_passphrase });
                self.ask_to_be_listed(shared);
            }
            Err(error) => self.error(shared, text!("list-name", error = error.to_string())),
        }
    }

    /// `/unlist`.
    pub(super) fn unlist(&mut self, shared: &mut Shared) {
        if self.wish.take().is_none() && self.listed.is_none() {
            return self.error(shared, text!("unlisted-already"));
        }
        shared.effects.push(Effect::Send(Frame::Unlist(Unlist { room: self.number })));
    }

    /// Where it is to be listed, asks for that.
    pub(super) fn ask_to_be_listed(&mut self, shared: &mut Shared) {
        let Some(wish) = &self.wish else { return };
        if shared.listed_max == 0 {
            self.wish = None;
            return self.error(shared, text!("not-listed", reason = text!("list-none")));
        }
        let secret = if wish.open { self.link.secret.as_bytes().to_vec() } else { Vec::new() };
        let list = List { room: self.number, name: wish.name.to_string(), secret };
        shared.effects.push(Effect::Send(Frame::List(list)));
    }
}

impl App {
    /// Asks which rooms there are, to show them.
    pub(super) fn ask_for_listing(&mut self, now: Time) {
        if self.phase == Phase::Open && self.welcome.is_some() && self.shared.listed_max > 0 {
            self.listing.shown = true;
            self.ask(now);
        }
    }

    /// Looks for a listed room, to join it.
    pub(super) fn seek(&mut self, what: &str, now: Time) {
        if self.listing.sought.len() >= SOUGHT_MAX {
            return self.error(text!("sought-too-many"));
        }
        self.listing.sought.push(what.trim().to_owned());
        self.ask_what_waited(now);
    }

    /// Whether a room to join is still being looked for.
    pub(super) fn seeks(&self) -> bool {
        !self.listing.sought.is_empty() || self.listing.alone
    }

    /// Asks for what was looked for before there was a session.
    pub(super) fn ask_what_waited(&mut self, now: Time) {
        if !self.seeks() || self.phase != Phase::Open || self.welcome.is_none() {
            return;
        }
        self.listing.shown |= self.listing.alone;
        if self.shared.listed_max > 0 {
            return self.ask(now);
        }
        self.listing.sought.clear();
        self.not_found(&text!("list-none"), now);
    }

    /// Says that the relay has not answered, when it is time.
    pub(super) fn miss_listing(&mut self, now: Time) {
        if self.listing.asked.is_none_or(|until| now < until) {
            return;
        }
        self.listing.asked = None;
        self.listing.shown = false;
        self.listing.sought.clear();
        self.not_found(&text!("list-silent"), now);
    }

    /// The session is lost, and with it the answer.
    pub(super) fn forget_listing(&mut self) {
        self.listing.asked = None;
        self.listing.shown = false;
        self.shared.listed_max = 0;
        self.welcome = None;
    }

    /// The rooms that are listed.
    pub(super) fn take_listing(&mut self, listing: &chatter_proto::relay::Listing, now: Time) {
        if self.listing.asked.take().is_none() {
            return;
        }
        let rooms = listing.rooms.iter().take(limits::LISTED_ROOMS_MAX).filter(|room| is_proper(room));
        let mut rooms: Vec<&ListedRoom> = rooms.collect();
        rooms.sort_unstable_by_key(|room| room.name.to_lowercase());
        if mem::take(&mut self.listing.shown) {
            let info = |room: &&ListedRoom| ListedInfo {
                name: room.name.clone(),
                members: room.members,
                open: !room.secret.is_empty(),
            };
            self.show(Notice::ListedRooms { rooms: rooms.iter().map(info).collect() });
        }
        if self.listing.alone {
            return self.leave(now);
        }
        for what in mem::take(&mut self.listing.sought) {
            self.join_listed(&what, &rooms, now);
        }
    }

    /// The relay lists one of our rooms, or does so no longer.
    pub(super) fn is_listed(&mut self, listed: &Listed) {
        let Some(room) = self.rooms.get_mut(&listed.room) else { return };
        let name = Some(listed.name.clone()).filter(|name| Nickname::parse(name).is_ok());
        if room.listed == name {
            return;
        }
        room.listed = name.clone();
        // A relay could go on for ever.
        room.listed_told += 1;
        if room.listed_told > LISTED_TOLD_MAX {
            return;
        }
        room.show(&mut self.shared, Notice::Listed { name, open: listed.open });
    }

    /// Whether this refuses to list a room.
    pub(super) fn was_not_listed(&mut self, refused: &Refused) -> bool {
        let why = match refused.reason() {
            refused::Reason::NameTaken => text!("list-name-taken"),
            refused::Reason::ListingFull => text!("list-full"),
            refused::Reason::NotListed => text!("list-of-another"),
            refused::Reason::Unspecified
            | refused::Reason::RoomFull
            | refused::Reason::MemberIdTaken
            | refused::Reason::TooManyRooms
            | refused::Reason::NotInRoom
            | refused::Reason::NoSuchMember
            | refused::Reason::Malformed => return false,
        };
        if let Some(room) = self.rooms.get_mut(&refused.room) {
            room.wish = None;
            room.error(&mut self.shared, text!("not-listed", reason = why));
        }
        true
    }

    fn ask(&mut self, now: Time) {
        if self.listing.asked.is_none() {
            self.listing.asked = Some(now + ENTER_TIMEOUT);
            self.shared.effects.push(Effect::Send(Frame::ListRooms(ListRooms {})));
        }
    }

    /// Without a room there is nothing to stay for.
    fn not_found(&mut self, text: &str, now: Time) {
        if self.rooms.is_empty() { self.fail(Failure::Link, text, now) } else { self.error(text) }
    }

    fn join_listed(&mut self, name: &str, rooms: &[&ListedRoom], now: Time) {
        let is_named = |room: &&&ListedRoom| room.name.to_lowercase() == name.to_lowercase();
        let Some(room) = rooms.iter().find(is_named) else {
            return self.not_found(&text!("list-no-such"), now);
        };
        let Some(secret) = RoomSecret::from_slice(&room.secret) else {
            return self.not_found(&text!("list-closed"), now);
        };
        // A label is of letters and digits; a listed name may be of any.
        let label = parse_label(&room.name).or_else(|_| parse_label("")).unwrap_or_default();
        let link = RoomLink { access: self.access.clone(), label, secret };
        let Some(number) = self.join_room(room.name.clone(), link, "", now) else { return };
        // Whether the relay repeats it or not.
        if let Some(entered) = self.rooms.get_mut(&number) {
            entered.listed = Some(room.name.clone());
            let notice = Notice::Listed { name: Some(room.name.clone()), open: true };
            entered.show(&mut self.shared, notice);
        }
    }
}

/// Whether an honest relay would tell of such a room.
fn is_proper(room: &ListedRoom) -> bool {
    Nickname::parse(&room.name).is_ok() && matches!(room.secret.len(), 0 | 16)
}

/// How often it is told that a room is listed otherwise than before.
const LISTED_TOLD_MAX: usize = 16;
/// Names that wait for one answer.
const SOUGHT_MAX: usize = 16;

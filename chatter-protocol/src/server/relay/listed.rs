//! Rooms that are listed for every session that asks (docs/protocol.md §13).
//!
//! **In** what a member wants his room to be called there. **Out** who hears of it, the whole list. **Never** a name
//! that could trick who reads it, a secret that leads elsewhere, nor an entry that outlives its lister's seat.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use chatter_proto::relay::{List, Listed, ListedRoom, Listing, refused, relay_frame};

use super::{Delivery, Relay, Seat};
use crate::ids::{MemberId, Nickname, RoomId, SessionId};
use crate::limits;
use crate::room::secret::RoomSecret;

/// A room that is listed.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    lister: MemberId,
    session: SessionId,
    name: String,
    likeness: String,
    /// None where the listing does not lead in.
    secret: Option<RoomSecret>,
}

impl Relay {
    /// Lists the room of a seat, or changes as what.
    pub(super) fn list(&mut self, session: SessionId, list: List) -> Result<(), refused::Reason> {
        let seat = self.seat(session, list.room)?;
        let name = Nickname::parse(&list.name).map_err(|_| refused::Reason::Malformed)?;
        let secret = self.secret_of(&seat, &list.secret)?;
        let before = self.listed.get(&seat.room);
        if before.is_some_and(|entry| entry.lister != seat.member) {
            return Err(refused::Reason::NotListed);
        }
        let likeness = name.likeness();
        if self.listed.iter().any(|(room, entry)| *room != seat.room && entry.likeness == likeness) {
            return Err(refused::Reason::NameTaken);
        }
        let of_session = self.listed.values().filter(|entry| entry.session == session).count();
        let is_full =
            self.listed.len() >= self.limits.listed_rooms_max || of_session >= limits::SESSION_LISTED_MAX;
        if before.is_none() && is_full {
            return Err(refused::Reason::ListingFull);
        }
        let entry = Entry { lister: seat.member, session, name: name.to_string(), likeness, secret };
        self.listed.insert(seat.room, entry);
        self.tell_listed(seat.room);
        Ok(())
    }

    /// Lists the room of a seat no longer.
    pub(super) fn unlist(&mut self, session: SessionId, number: u32) -> Result<(), refused::Reason> {
        let seat = self.seat(session, number)?;
        if self.forget_listing(&seat) { Ok(()) } else { Err(refused::Reason::NotListed) }
    }

    /// Forgets what whoever sat here has listed, and tells those who stay. False where he has not.
    pub(super) fn forget_listing(&mut self, seat: &Seat) -> bool {
        if self.listed.get(&seat.room).is_none_or(|entry| entry.lister != seat.member) {
            return false;
        }
        self.listed.remove(&seat.room);
        self.tell_listed(seat.room);
        true
    }

    /// As what a room is listed, for a member with this number for it.
    pub(super) fn listed_frame(&self, room: RoomId, number: u32) -> Option<relay_frame::Frame> {
        self.listed.get(&room).map(|entry| {
            let (name, open) = (entry.name.clone(), entry.secret.is_some());
            relay_frame::Frame::Listed(Listed { room: number, name, open })
        })
    }

    /// The list, for the next session that has asked: one answer for however many questions came at once.
    pub(super) fn next_listing(&mut self) -> Option<Delivery> {
        let session = self.asking.pop_first()?;
        let rooms = self.listed.iter().map(|(id, entry)| ListedRoom {
            name: entry.name.clone(),
            members: self
                .rooms
                .get(id)
                .map_or(0, |room| u32::try_from(room.members.len()).unwrap_or(u32::MAX)),
            secret: entry.secret.as_ref().map(|secret| secret.as_bytes().to_vec()).unwrap_or_default(),
        });
        let listing = Listing { rooms: rooms.collect() };
        Some(Delivery { session, frame: relay_frame::Frame::Listing(listing) })
    }

    fn tell_listed(&mut self, id: RoomId) {
        let Some(room) = self.rooms.get(&id) else { return };
        let told: Vec<Delivery> = room
            .members
            .values()
            .map(|member| {
                let none = || relay_frame::Frame::Listed(Listed { room: member.number, ..Listed::default() });
                let frame = self.listed_frame(id, member.number).unwrap_or_else(none);
                Delivery { session: member.session, frame }
            })
            .collect();
        self.output.extend(told);
    }

    /// The secret that leads into the room of this seat, or none where the listing is not to hold one.
    fn secret_of(&self, seat: &Seat, bytes: &[u8]) -> Result<Option<RoomSecret>, refused::Reason> {
        if bytes.is_empty() {
            return Ok(None);
        }
        let secret = RoomSecret::from_slice(bytes).ok_or(refused::Reason::Malformed)?;
        // Else a name could lead into another room than the one whose members are counted.
        let leads_here = self.server_key.is_some_and(|key| secret.room_id(key.as_bytes()) == seat.room);
        if leads_here { Ok(Some(secret)) } else { Err(refused::Reason::Malformed) }
    }
}

/// By room.
pub(super) type Entries = BTreeMap<RoomId, Entry>;

//! All rooms of the daemon. Dumb on purpose: it knows opaque ids, sizes and sealed bytes, and hands them on.
//!
//! **In** frames of sessions, and word that a session ended. **Out** frames to sessions, in the order in which each is
//! to have them. **Never** a look into what members say, nor a frame for somebody who is not in the room.
//!
//! Whatever a session sends costs bounded memory here and only ever a `Refused` in return. Queues towards the
//! members are the sessions' own.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;

use chatter_proto::relay::{
    Ack, FromMember, Join, Joined, Left, Message, Occupant, Publish, Refused, Roster, ToMember, client_frame,
    refused, relay_frame,
};

use crate::access::ServerKey;
use crate::ids::{MemberId, RoomId, SessionId};
use crate::limits;

mod listed;
mod room;

use listed::Entries;
use room::{Member, Room};

/// All rooms, who sits in them, and what is to be delivered.
#[derive(Clone, Debug)]
pub struct Relay {
    limits: RelayLimits,
    rooms: BTreeMap<RoomId, Room>,
    sessions: BTreeMap<SessionId, BTreeMap<u32, Seat>>,
    listed: Entries,
    /// Sessions that want to know what is listed.
    asking: BTreeSet<SessionId>,
    server_key: Option<ServerKey>,
    output: VecDeque<Delivery>,
}

/// What the operator allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RelayLimits {
    /// How many members a room may hold.
    pub room_members_max: usize,
    /// In how many rooms one session may sit.
    pub session_rooms_max: usize,
    /// How many rooms may be listed; 0 for none.
    pub listed_rooms_max: usize,
}

/// A frame for a session.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// Who is to have it.
    pub session: SessionId,
    /// What he is to have.
    pub frame: relay_frame::Frame,
}

/// Where a session sits, under its own number for the room.
#[derive(Clone, Copy, Debug)]
struct Seat {
    room: RoomId,
    member: MemberId,
}

impl Default for RelayLimits {
    fn default() -> Self {
        Self {
            room_members_max: limits::ROOM_MEMBERS_DEFAULT,
            session_rooms_max: limits::SESSION_ROOMS_DEFAULT,
            listed_rooms_max: limits::LISTED_ROOMS_DEFAULT,
        }
    }
}

impl Relay {
    /// A relay without rooms.
    pub fn new(limits: RelayLimits) -> Self {
        Self {
            limits,
            rooms: BTreeMap::new(),
            sessions: BTreeMap::new(),
            listed: Entries::new(),
            asking: BTreeSet::new(),
            server_key: None,
            output: VecDeque::new(),
        }
    }

    /// The same of the server with this key: it can tell whether a secret leads into a room, so that rooms can be listed
    /// with theirs.
    #[must_use]
    pub fn of_server(self, key: ServerKey) -> Self {
        Self { server_key: Some(key), ..self }
    }

    /// Carries out what `session` asks for. To quit is to leave every room; the rest of it is the session's.
    pub fn receive(&mut self, session: SessionId, frame: client_frame::Frame) {
        let (number, done) = match frame {
            client_frame::Frame::Join(join) => (join.room, self.join(session, join)),
            client_frame::Frame::Leave(leave) => (leave.room, self.leave(session, leave.room)),
            client_frame::Frame::Publish(publish) => (publish.room, self.publish(session, publish)),
            client_frame::Frame::Direct(direct) => (direct.room, self.direct(session, direct)),
            client_frame::Frame::List(list) => (list.room, self.list(session, list)),
            client_frame::Frame::Unlist(unlist) => (unlist.room, self.unlist(session, unlist.room)),
            client_frame::Frame::ListRooms(_) => {
                self.asking.insert(session);
                return;
            }
            client_frame::Frame::Quit(_) => return self.session_ended(session),
            // The session's own business, which is dealt with before.
            client_frame::Frame::Chaff(_) => return,
        };
        if let Err(reason) = done {
            let refused = Refused { room: number, reason: reason.into() };
            self.deliver(session, relay_frame::Frame::Refused(refused));
        }
    }

    /// Takes a session that is no more out of all its rooms.
    pub fn session_ended(&mut self, session: SessionId) {
        self.asking.remove(&session);
        for seat in self.sessions.remove(&session).unwrap_or_default().into_values() {
            self.vacate(seat);
        }
    }

    /// Leaves nothing in memory of rooms and seats that are no more.
    pub(super) fn renew_tables(&mut self) {
        super::renew(&mut self.rooms);
        super::renew(&mut self.sessions);
        super::renew(&mut self.listed);
        self.rooms.values_mut().for_each(|room| super::renew(&mut room.members));
        self.output.shrink_to_fit();
    }

    /// The next frame to deliver; drain it after each call above.
    pub fn poll_output(&mut self) -> Option<Delivery> {
        self.output.pop_front().or_else(|| self.next_listing())
    }

    /// How many rooms have somebody in them.
    pub fn rooms(&self) -> usize {
        self.rooms.len()
    }

    /// How many seats are taken, over all rooms.
    pub fn memberships(&self) -> usize {
        self.rooms.values().map(|room| room.members.len()).sum()
    }

    /// The rooms that have somebody in them, and how many each holds.
    pub fn occupied(&self) -> impl Iterator<Item = (RoomId, usize)> {
        self.rooms.iter().map(|(id, room)| (*id, room.members.len()))
    }

    /// Who sits in a room.
    pub fn sessions_in(&self, room: RoomId) -> BTreeSet<SessionId> {
        let members = self.rooms.get(&room).into_iter().flat_map(|room| room.members.values());
        members.map(|member| member.session).collect()
    }

    /// In how many rooms a session sits.
    pub fn rooms_of(&self, session: SessionId) -> usize {
        self.sessions.get(&session).map_or(0, BTreeMap::len)
    }

    fn join(&mut self, session: SessionId, join: Join) -> Result<(), refused::Reason> {
        let room_id = RoomId::from_slice(&join.room_id).ok_or(refused::Reason::Malformed)?;
        let id = MemberId::from_slice(&join.member_id).ok_or(refused::Reason::Malformed)?;
        if join.hello.len() > limits::HELLO_LEN_MAX || self.seat(session, join.room).is_ok() {
            return Err(refused::Reason::Malformed);
        }
        if self.rooms_of(session) >= self.limits.session_rooms_max {
            return Err(refused::Reason::TooManyRooms);
        }
        if let Some(room) = self.rooms.get(&room_id) {
            if room.members.contains_key(&id) {
                return Err(refused::Reason::MemberIdTaken);
            }
            if room.members.len() >= self.limits.room_members_max {
                return Err(refused::Reason::RoomFull);
            }
        }
        let room = self.rooms.entry(room_id).or_default();
        let occupant = Occupant { member_id: join.member_id, hello: join.hello };
        let mut occupants = Vec::with_capacity(room.members.len());
        for (present_id, present) in &room.members {
            occupants
                .push(Occupant { member_id: present_id.as_bytes().to_vec(), hello: present.hello.clone() });
            let joined = Joined { room: present.number, occupant: Some(occupant.clone()) };
            self.output
                .push_back(Delivery { session: present.session, frame: relay_frame::Frame::Joined(joined) });
        }
        room.members.insert(id, Member { session, number: join.room, hello: occupant.hello });
        self.sessions.entry(session).or_default().insert(join.room, Seat { room: room_id, member: id });
        self.deliver(session, relay_frame::Frame::Roster(Roster { room: join.room, occupants }));
        if let Some(listed) = self.listed_frame(room_id, join.room) {
            self.deliver(session, listed);
        }
        Ok(())
    }

    fn leave(&mut self, session: SessionId, number: u32) -> Result<(), refused::Reason> {
        let seats = self.sessions.get_mut(&session).ok_or(refused::Reason::NotInRoom)?;
        let seat = seats.remove(&number).ok_or(refused::Reason::NotInRoom)?;
        if seats.is_empty() {
            self.sessions.remove(&session);
        }
        self.vacate(seat);
        Ok(())
    }

    fn publish(&mut self, session: SessionId, publish: Publish) -> Result<(), refused::Reason> {
        let Publish { room: number, number: count, body, wraps } = publish;
        let seat = self.seat(session, number)?;
        if body.len() > limits::BODY_LEN_MAX {
            return Err(refused::Reason::Malformed);
        }
        let room = self.rooms.get(&seat.room).ok_or(refused::Reason::NotInRoom)?;
        let sender_id = seat.member.as_bytes();
        for (member, wrap) in room.match_wraps(&seat.member, wraps) {
            let message =
                Message { room: member.number, sender_id: sender_id.to_vec(), body: body.clone(), wrap };
            self.output
                .push_back(Delivery { session: member.session, frame: relay_frame::Frame::Message(message) });
        }
        self.deliver(session, relay_frame::Frame::Ack(Ack { room: number, number: count }));
        Ok(())
    }

    fn direct(&mut self, session: SessionId, direct: ToMember) -> Result<(), refused::Reason> {
        let seat = self.seat(session, direct.room)?;
        let to = MemberId::from_slice(&direct.member_id).ok_or(refused::Reason::Malformed)?;
        if direct.payload.len() > limits::DIRECT_LEN_MAX || to == seat.member {
            return Err(refused::Reason::Malformed);
        }
        let room = self.rooms.get(&seat.room).ok_or(refused::Reason::NotInRoom)?;
        let member = room.members.get(&to).ok_or(refused::Reason::NoSuchMember)?;
        let (session, room) = (member.session, member.number);
        let sender_id = seat.member.as_bytes().to_vec();
        let direct = FromMember { room, sender_id, payload: direct.payload };
        self.deliver(session, relay_frame::Frame::Direct(direct));
        Ok(())
    }

    /// Frees a seat that its session no longer holds and tells those who stay.
    fn vacate(&mut self, seat: Seat) {
        let Some(room) = self.rooms.get_mut(&seat.room) else { return };
        room.members.remove(&seat.member);
        for member in room.members.values() {
            let left = Left { room: member.number, member_id: seat.member.as_bytes().to_vec() };
            self.output
                .push_back(Delivery { session: member.session, frame: relay_frame::Frame::Left(left) });
        }
        if room.members.is_empty() {
            self.rooms.remove(&seat.room);
        }
        self.forget_listing(&seat);
    }

    fn seat(&self, session: SessionId, number: u32) -> Result<Seat, refused::Reason> {
        let seats = self.sessions.get(&session).ok_or(refused::Reason::NotInRoom)?;
        seats.get(&number).copied().ok_or(refused::Reason::NotInRoom)
    }

    fn deliver(&mut self, session: SessionId, frame: relay_frame::Frame) {
        self.output.push_back(Delivery { session, frame });
    }
}

#[cfg(test)]
mod tests;

//! Who comes in: a recognised opening heard, judged, and put under a session.
//!
//! **In** a recognised opening. **Out** message 2, and a link under a new session or one that is resumed. **Never** curve
//! work for an opening beyond the bounds; never a word to who only knows a code that is no more.
//!
//! docs/protocol.md §2.6, §3.3, §5.2, §5.6.

use alloc::vec::Vec;

use chatter_proto::relay::{Welcome, relay_frame};

use super::bounds::Bounds;
use super::gatekeeper::{GateId, Recognised, Standing};
use super::openings::Hearing;
use super::output::EndReason;
use super::session::{Link, Session, State};
use super::{Server, push_frame};
use crate::chaff::Chaff;
use crate::frame::wide;
use crate::handshake::{self, Answer, Asked, Refusal, Request};
use crate::ids::{LinkId, SessionId};
use crate::limits;
use crate::seal::Key;
use crate::time::Time;

impl Server {
    /// A recognised token came to the carrier: runs the handshake. True: what the link sends takes the place of
    /// `room_left` bytes of the carrier. False: the decoy's own body goes out.
    pub fn open(&mut self, link: LinkId, recognised: &Recognised, room_left: u64, now: Time) -> bool {
        self.now = now;
        let Recognised { keys, opening, gate, origin, .. } = recognised;
        let hearing = self.openings.hear(*gate, *origin, &self.bounds, now);
        if hearing == Hearing::Unheard {
            return false;
        }
        let path = self.carrier_path.as_str();
        let Ok((request, asked)) = handshake::hear(&self.secret, keys, path, opening, &mut self.entropy)
        else {
            return false;
        };
        if !self.answers(recognised, &request) {
            return false;
        }
        let Some(room_left) = room_left.checked_sub(wide(handshake::ANSWER_LEN)) else { return false };
        let judged = match hearing {
            Hearing::Heard => self.judge(&asked, &request, recognised),
            Hearing::TooMany | Hearing::Unheard => Err(Refusal::TooMany),
        };
        match judged {
            Err(refusal) => {
                self.write(link, asked.answer(&Answer::Refused(refusal)));
                self.lingering.insert((now + limits::LINGER, link));
            }
            Ok(resumed) => {
                let root = Key::new(self.entropy.bytes());
                let down_offset = resumed.map_or(0, |(_, offset)| offset);
                self.write(link, asked.answer(&Answer::Accepted { root: root.clone(), down_offset }));
                let link = |offset| Link::new(link, *origin, &root, offset, room_left, now);
                match resumed {
                    Some((session, down_offset)) => self.attach(session, link(down_offset)),
                    None => self.begin(*gate, link(0)),
                }
            }
        }
        true
    }

    /// Who comes anew with a code that is no more meets a file server. Of those who resume, only who was in is told.
    fn answers(&self, recognised: &Recognised, request: &Request) -> bool {
        match (self.standing(recognised), request) {
            (Standing::Open, _) | (Standing::Retired, Request::Resume { .. }) => true,
            (Standing::Closed, Request::Resume { handle, .. }) => self.closed.ended(handle),
            (Standing::Retired | Standing::Closed, Request::Fresh) => false,
        }
    }

    /// The gate may have been closed while the opening was on its way from the gatekeeper.
    fn standing(&self, recognised: &Recognised) -> Standing {
        if self.closed.contains(recognised.gate) { Standing::Closed } else { recognised.standing }
    }

    fn judge(
        &mut self,
        asked: &Asked,
        request: &Request,
        recognised: &Recognised,
    ) -> Result<Option<(SessionId, u64)>, Refusal> {
        if !asked.speaks_our_version() {
            return Err(Refusal::Version);
        }
        match request {
            Request::Fresh => {
                self.make_room()?;
                self.make_room_beside(recognised)?;
                Ok(None)
            }
            Request::Resume { handle, .. } if self.closed.ended(handle) => Err(Refusal::GateRetired),
            Request::Resume { handle, down_offset } => {
                let id = self.handles.get(handle).copied().ok_or(Refusal::UnknownSession)?;
                let session = self.sessions.get(&id).ok_or(Refusal::UnknownSession)?;
                let offset = session.resume_offset(*down_offset).ok_or(Refusal::UnknownSession)?;
                Ok(Some((id, offset)))
            }
        }
    }

    /// Where sessions that nobody has confirmed fill their places, or the last one of all, the oldest of them goes: a
    /// member confirms at once, and whoever only delivers tokens keeps nobody out.
    fn make_room(&mut self) -> Result<(), Refusal> {
        let opened = |session: &Session| session.state() == State::Opened;
        let _ = self.make_room_among(opened, self.bounds.opened_max);
        self.make_room_among(|_| true, self.settings.sessions_max).map_err(|()| Refusal::Full)
    }

    /// The same among those who come from the same origin, and among those who come by the same name.
    fn make_room_beside(&mut self, recognised: &Recognised) -> Result<(), Refusal> {
        let Bounds { origin_sessions_max, named_sessions_max, .. } = self.bounds;
        let Recognised { gate, named, origin, .. } = recognised;
        if origin.is_some() {
            self.make_room_among(|session| session.origin == *origin, origin_sessions_max)
                .map_err(|()| Refusal::TooMany)?;
        }
        if *named {
            self.make_room_among(|session| session.gate == *gate, named_sessions_max)
                .map_err(|()| Refusal::TooMany)?;
        }
        Ok(())
    }

    fn make_room_among(&mut self, among: impl Fn(&Session) -> bool, max: usize) -> Result<(), ()> {
        let (mut count, mut oldest) = (0, None);
        for (id, session) in self.sessions.iter().filter(|(_, session)| among(session)) {
            count += 1;
            if oldest.is_none() && session.state() == State::Opened {
                oldest = Some(*id);
            }
        }
        match oldest {
            _ if count < max => Ok(()),
            Some(oldest) => {
                self.end(oldest, EndReason::Unconfirmed);
                Ok(())
            }
            None => Err(()),
        }
    }

    fn begin(&mut self, gate: GateId, link: Link) {
        self.opened += 1;
        let id = SessionId(self.opened);
        self.note_link(id, &link);
        let mut session = Session::new(gate, link, self.now);
        session.set_chaff(Chaff::default().min(self.settings.chaff_most), self.now);
        let welcome = Welcome {
            visits: self.visits.clone(),
            grace_seconds: u32::try_from(self.settings.grace.as_secs()).unwrap_or(u32::MAX),
            room_members_max: u32::try_from(self.settings.relay.room_members_max).unwrap_or(u32::MAX),
            listed_rooms_max: u32::try_from(self.settings.relay.listed_rooms_max).unwrap_or(u32::MAX),
            chaff_most: self.settings.chaff_most.to_frame().into(),
        };
        push_frame(&mut session, relay_frame::Frame::Welcome(welcome));
        self.sessions.insert(id, session);
        self.touch(id);
    }

    fn attach(&mut self, id: SessionId, mut link: Link) {
        // Told at once that the link stands, even if there is nothing to send.
        link.owe_record();
        self.note_link(id, &link);
        let replaced = self.sessions.get_mut(&id).and_then(|session| session.attach(link));
        if let Some(replaced) = replaced {
            self.forget_link(&replaced);
        }
        self.touch(id);
    }

    fn note_link(&mut self, id: SessionId, link: &Link) {
        self.links.insert(link.id, id);
        self.handles.insert(link.handle, id);
        let joined = link.window.tags().map(|(index, tag)| (tag, (id, link.id, index))).collect();
        self.change_tags(Vec::new(), joined);
    }
}

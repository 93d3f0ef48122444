//! Several rooms in one session: joined, left, named, switched between.
//!
//! **In** what the user types after `/join`, `/new`, `/leave`, `/room`, `/in`. **Out** rooms that come and go. **Never** a link
//! in an answer, nor a session with another server.

use chatter_protocol::ids::Nickname;
use chatter_protocol::invite::{Link, RoomLink, is_link, parse_label};
use chatter_protocol::room::secret::RoomSecret;
use chatter_protocol::time::Time;

use super::room::{Over, Room};
use super::{App, Phase, Purpose, QUIT_PATIENCE};
use crate::event::{Notice, RoomInfo};
use crate::texts::text;

/// A name or number that names none of our rooms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", text!("room-unknown"))]
pub(super) struct RoomError;

impl App {
    /// One more room; it becomes the current one.
    pub(super) fn add_room(&mut self, name: String, link: RoomLink, nick: Nickname, purpose: Purpose) -> u32 {
        self.joined += 1;
        let number = self.joined;
        let is_taken = self.rooms.values().any(|room| room.name.to_lowercase() == name.to_lowercase());
        let name = if is_taken { format!("{name}#{number}") } else { name };
        let room = Room::new(number, name, link, nick, purpose, self.entropy.fork());
        self.rooms.insert(number, room);
        self.current = number;
        self.shared.several |= number > 1;
        number
    }

    /// `/join`: a link, and perhaps what one is called there; or the name of a listed room.
    pub(super) fn join(&mut self, what: &str, now: Time) {
        if matches!(self.phase, Phase::Leaving { .. } | Phase::Over) {
            return;
        }
        let (first, nick) = what.split_once(char::is_whitespace).unwrap_or((what, ""));
        if !is_link(first) {
            return self.seek(what, now);
        }
        let link = match Link::parse(first).and_then(Link::into_room) {
            Ok(link) => link,
            Err(error) => return self.error(error),
        };
        if link.access.code.server_key != self.access.code.server_key {
            return self.error(text!("room-elsewhere"));
        }
        self.join_room(link.label.clone(), link, nick.trim(), now);
    }

    /// `/new`: a room of this server that nobody else knows yet; its link is shown.
    pub(super) fn make_room(&mut self, name: &str, now: Time) {
        if matches!(self.phase, Phase::Leaving { .. } | Phase::Over) {
            return;
        }
        let Ok(label) = parse_label(name) else {
            return self.error(text!("room-name"));
        };
        let secret = RoomSecret::generate(&mut self.entropy);
        let link = RoomLink { access: self.access.clone(), label: label.clone(), secret };
        self.enter_room(label, link, self.nick.clone(), Purpose::New, now);
    }

    /// Enters one more room; its number.
    pub(super) fn join_room(&mut self, name: String, link: RoomLink, nick: &str, now: Time) -> Option<u32> {
        let nick = match nick {
            "" => self.nick.clone(),
            nick => match Nickname::parse(nick) {
                Ok(nick) => nick,
                Err(error) => {
                    self.error(error);
                    return None;
                }
            },
        };
        if let Some(room) = self.rooms.values().find(|room| room.link.secret == link.secret) {
            let text = text!("room-entered-already", number = room.number);
            self.error(text);
            return None;
        }
        Some(self.enter_room(name, link, nick, Purpose::Join, now))
    }

    fn enter_room(
        &mut self,
        name: String,
        link: RoomLink,
        nick: Nickname,
        purpose: Purpose,
        now: Time,
    ) -> u32 {
        let number = self.add_room(name, link, nick, purpose);
        self.show_current();
        if self.phase == Phase::Open
            && let Some(room) = self.rooms.get_mut(&number)
        {
            room.enter(self.welcome.as_ref(), &mut self.shared, now);
        }
        number
    }

    /// `/leave`: the last room is left as by `/quit`.
    pub(super) fn leave_room(&mut self, number: u32, now: Time) {
        if self.rooms.len() <= 1 {
            return self.end_soon(QUIT_PATIENCE);
        }
        match self.rooms.get_mut(&number) {
            Some(room) => {
                room.leaving.get_or_insert(now + QUIT_PATIENCE);
            }
            None => self.error(RoomError),
        }
    }

    /// `/room`: what is typed from now on is said there.
    pub(super) fn switch(&mut self, which: &str) {
        match self.find_room(which) {
            Ok((number, "")) => {
                self.current = number;
                self.show_current();
            }
            Ok(_) | Err(RoomError) => self.error(RoomError),
        }
    }

    /// `/rooms`: ours at once, the server's when it has told them.
    pub(super) fn show_rooms(&mut self, now: Time) {
        let info = |room: &Room| RoomInfo {
            number: room.number,
            name: room.name.clone(),
            members: 1 + room.conversation.as_ref().map_or(0, |talk| talk.members().count()),
            current: room.number == self.current,
            listed: room.listed.clone(),
        };
        let rooms = self.rooms.values().map(info).collect();
        self.show(Notice::Rooms { rooms });
        self.ask_for_listing(now);
    }

    /// Which room the beginning of `text` names, by number or name, and what stands behind it. Numbers go first, then the
    /// longest name: names may hold spaces.
    pub(super) fn find_room<'a>(&self, text: &'a str) -> Result<(u32, &'a str), RoomError> {
        let (first, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        if let Some(room) = first.parse().ok().and_then(|number| self.rooms.get(&number)) {
            return Ok((room.number, rest.trim_start()));
        }
        let named = self.rooms.values().filter_map(|room| Some((after_name(text, &room.name)?, room.number)));
        let (rest, number) = named.min_by_key(|(rest, _)| rest.len()).ok_or(RoomError)?;
        Ok((number, rest.trim_start()))
    }

    /// Drops the rooms that are over; with the last one the stay ends.
    pub(super) fn drop_rooms(&mut self, now: Time) {
        while !matches!(self.phase, Phase::Leaving { .. } | Phase::Over) {
            let Some(number) = self.rooms.values().find(|room| room.over.is_some()).map(|room| room.number)
            else {
                return;
            };
            if self.rooms.len() == 1 {
                self.end_with_room(number, now);
                return;
            }
            let Some(mut room) = self.rooms.remove(&number) else { return };
            if let Some(Over::Failed(_, text)) = room.over.take() {
                room.error(&mut self.shared, text);
            }
            room.say_goodbye(&mut self.shared, now);
            room.name_untaken(&mut self.shared);
            room.show(&mut self.shared, Notice::RoomLeft);
            if self.current == number {
                self.current = self.rooms.keys().next().copied().unwrap_or_default();
                self.show_current();
            }
        }
    }

    fn end_with_room(&mut self, number: u32, now: Time) {
        let Some(room) = self.rooms.get_mut(&number) else { return };
        match room.over.take() {
            Some(Over::Failed(failure, text)) => {
                room.error(&mut self.shared, text);
                self.shared.failure = Some(failure);
                self.leave(now);
            }
            Some(Over::Left) => self.leave(now),
            None => {}
        }
    }

    fn show_current(&mut self) {
        if let Some(room) = self.rooms.get(&self.current) {
            room.show(&mut self.shared, Notice::Current);
        }
    }
}

/// What stands behind `name` where `text` begins with it, capitals or not.
fn after_name<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (given, rest) = text.split_at_checked(name.len())?;
    let is_whole = rest.is_empty() || rest.starts_with(char::is_whitespace);
    (is_whole && (given == name || given.to_lowercase() == name.to_lowercase())).then_some(rest)
}

//! A session with its rooms, from opening the door to leaving: decides what is sent, said, shown, and when it is over.
//!
//! **In** [`Event`]s and the time. **Out** [`Effect`]s. **Never** a socket, a terminal, a clock.
//!
//! ```text
//! Opening ──Connected──> Open: each room enters ──> Leaving ──> Over
//!    ^───────── Away <─────┴──session lost
//! ```
//!
//! How far each room is, `room.rs` knows. What is typed goes to the *current* room.

mod ending;
mod files;
mod listing;
mod names;
mod returning;
mod room;
mod rooms;

use std::collections::BTreeMap;
use std::mem;
use std::path::PathBuf;
use std::time::Duration;

use chatter_proto::relay::{Welcome, relay_frame};
use chatter_protocol::entropy::Entropy;
use chatter_protocol::ids::Nickname;
use chatter_protocol::invite::{AccessLink, RoomLink};
use chatter_protocol::time::Time;

use crate::command::Command;
use crate::event::{Effect, Event, NetworkEvent, Notice};
use crate::exit::Outcome;
use crate::texts::text;
use listing::{Listing, Wish};
use returning::Advice;
pub(crate) use room::{Awaited, People};
use room::{Room, Shared};

/// Where files go for which no directory is named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Downloads {
    /// Where downloads go on this platform.
    #[default]
    Usual,
    /// Here.
    In(PathBuf),
    /// Nowhere: one has to be named.
    Nowhere,
}

/// What a stay is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Make a room: its link is shown.
    New,
    /// Talk in a room.
    Join,
    /// Say this and leave.
    Send(String),
}

/// A session with its rooms.
pub(crate) struct App {
    access: AccessLink,
    nick: Nickname,
    /// The way to the server in words, where it is not the straight one.
    way: Option<String>,
    entropy: Entropy,
    phase: Phase,
    rooms: BTreeMap<u32, Room>,
    /// Where what is typed is said.
    current: u32,
    /// The newest room's number.
    joined: u32,
    shared: Shared,
    listing: Listing,
    /// What the session's first frame said, for rooms that are joined later.
    welcome: Option<Welcome>,
    /// Leave once all is said and taken, but wait no longer than this for the next to be taken.
    patience: Option<Duration>,
    tries: u32,
    /// Whether a lost session is followed by another.
    rejoins: bool,
    /// What had happened, on the way back.
    returning: Option<String>,
    /// Tries to come back since a stay that lasted.
    returns: u32,
    entered_at: Option<Time>,
    /// Whether the user was told which files leaving would end.
    asked_to_stay: bool,
    /// When the user last asked for another try.
    asked_at: Option<Time>,
    advice: Advice,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Opening,
    /// Without a session, until the next try.
    Away {
        until: Time,
    },
    Open,
    Leaving {
        until: Time,
    },
    Over,
}

impl App {
    /// A stay that begins with opening the door.
    pub(crate) fn new(
        link: RoomLink,
        nick: Nickname,
        purpose: Purpose,
        way: Option<String>,
        entropy: Entropy,
    ) -> Self {
        let patience = matches!(purpose, Purpose::Send(_)).then_some(PATIENCE);
        let mut app = Self::without_room(link.access.clone(), nick.clone(), way, entropy);
        app.patience = patience;
        app.add_room(link.label.clone(), link, nick, purpose);
        app
    }

    /// A stay in the room that the server lists by this name.
    pub(crate) fn seeking(
        access: AccessLink,
        nick: Nickname,
        name: String,
        way: Option<String>,
        entropy: Entropy,
    ) -> Self {
        Self { listing: Listing::of(name), ..Self::without_room(access, nick, way, entropy) }
    }

    /// No stay in any room: it ends when it is known which are listed.
    pub(crate) fn listing(access: AccessLink, nick: Nickname, way: Option<String>, entropy: Entropy) -> Self {
        Self { listing: Listing::alone(), ..Self::without_room(access, nick, way, entropy) }
    }

    fn without_room(access: AccessLink, nick: Nickname, way: Option<String>, entropy: Entropy) -> Self {
        let shared = Shared {
            people: People::default(),
            server_key: *access.code.server_key.as_bytes(),
            effects: Vec::new(),
            several: false,
            broken: false,
            patient_until: None,
            failure: None,
            has_marked: false,
            entered: None,
            listed_max: 0,
            transfers: 0,
            downloads: Downloads::default(),
        };
        Self {
            access,
            nick,
            way,
            entropy,
            phase: Phase::Opening,
            rooms: BTreeMap::new(),
            current: 0,
            joined: 0,
            shared,
            listing: Listing::default(),
            welcome: None,
            patience: None,
            tries: 0,
            rejoins: true,
            returning: None,
            returns: 0,
            entered_at: None,
            asked_to_stay: false,
            asked_at: None,
            advice: Advice::default(),
        }
    }

    /// The same, as somebody, knowing somebody.
    pub(crate) fn with(mut self, people: People) -> Self {
        self.shared.people = people;
        self
    }

    /// The same, where a lost session ends the stay.
    pub(crate) fn without_return(self) -> Self {
        Self { rejoins: false, ..self }
    }

    /// The same, with what is to be said waiting for somebody.
    pub(crate) fn awaiting(mut self, awaited: &Awaited) -> Self {
        self.rooms.values_mut().for_each(|room| room.awaited = awaited.clone());
        self
    }

    /// The same, with files that go there where no directory is named; none: nowhere.
    pub(crate) fn downloading_to(mut self, downloads: Downloads) -> Self {
        self.shared.downloads = downloads;
        self
    }

    /// The same, with a room that a passphrase leads into: a listing of it leads nowhere.
    pub(crate) fn by_passphrase(mut self) -> Self {
        self.rooms.values_mut().for_each(|room| room.has_passphrase = true);
        self
    }

    /// The same, with its room listed by this name.
    pub(crate) fn listed(mut self, name: Nickname) -> Self {
        for room in self.rooms.values_mut() {
            room.wish = Some(Wish { name: name.clone(), open: !room.has_passphrase });
        }
        self
    }

    /// What is to be done about `event`.
    pub(crate) fn update(&mut self, event: Event, now: Time) -> Vec<Effect> {
        match event {
            Event::Network(event) => self.network(event, now),
            Event::Line(line) => self.line(self.current, &line, now),
            Event::LineIn(room, line) => self.line(room, &line, now),
            Event::Say(text) => self.command(self.current, Command::Say(text), now),
            Event::SayIn(room, text) => self.command(room, Command::Say(text), now),
            Event::InputEnded => self.end_soon(PATIENCE),
            Event::Interrupted => self.leave(now),
            Event::Disk(room, news) => {
                // One that was left in the meantime has told the disk so.
                if let Some(room) = self.rooms.get_mut(&room) {
                    room.disk_news(news, &mut self.shared, now);
                }
            }
            Event::Roomy => {
                let shared = &mut self.shared;
                let _ = self.rooms.values_mut().any(|room| room.read_piece(shared));
            }
            Event::Randomness(fresh) => {
                for conversation in self.rooms.values_mut().filter_map(|room| room.conversation.as_mut()) {
                    conversation.stir(&fresh);
                }
            }
            Event::Timeout => {}
        }
        self.step(now);
        mem::take(&mut self.shared.effects)
    }

    /// Whether more may be typed: not while much of it waits, nor when leaving.
    pub(crate) fn accepts_lines(&self) -> bool {
        // What is typed before there is a room is for the one that is looked for.
        let has_room = !self.rooms.is_empty() || !self.seeks();
        has_room && self.rooms.values().all(Room::accepts_lines) && self.patience.is_none()
    }

    /// Whether pieces of files wait for [`Event::Roomy`].
    pub(crate) fn has_pieces(&self) -> bool {
        self.phase == Phase::Open && self.rooms.values().any(|room| room.files.transfers.has_more())
    }

    /// When [`Event::Timeout`] is due.
    pub(crate) fn poll_timeout(&self) -> Option<Time> {
        let phase = match self.phase {
            Phase::Away { until } | Phase::Leaving { until } => Some(until),
            Phase::Opening | Phase::Open | Phase::Over => None,
        };
        let rooms = self.rooms.values().filter_map(Room::poll_timeout).min();
        let others = [self.shared.patient_until, self.listing.until(), self.advice_at()];
        [phase, rooms].into_iter().chain(others).flatten().min()
    }

    /// Carries out a line that was typed in this room, or for another.
    fn line(&mut self, room: u32, line: &str, now: Time) {
        match Command::parse(line) {
            Ok(Command::In(rest)) => match self.find_room(rest.expose()) {
                Ok((room, line)) => match Command::parse(line) {
                    Ok(command) => self.command(room, command, now),
                    Err(error) => self.error(error),
                },
                Err(error) => self.error(error),
            },
            Ok(command) => self.command(room, command, now),
            Err(error) => self.error(error),
        }
    }

    fn command(&mut self, room: u32, command: Command, now: Time) {
        if let Command::Send(_) | Command::Accept(_) = command {
            // What begins now was not asked about yet.
            self.asked_to_stay = false;
        }
        match command {
            Command::Help => self.show(Notice::Help),
            Command::Quit => self.quit(),
            Command::Files => self.show_files(),
            // Whoever waits for the connection and presses Enter wants it now.
            Command::Nothing if self.is_cut() => self.reconnect(now),
            Command::Nothing => {}
            Command::Reconnect => self.reconnect(now),
            Command::Join(what) => self.join(what.expose(), now),
            Command::New(name) => self.make_room(&name, now),
            Command::Nick(name) => {
                if let Some(room) = self.rooms.get_mut(&room) {
                    room.rename(name.trim(), &mut self.shared, now);
                }
            }
            Command::Leave => self.leave_room(room, now),
            Command::Rooms => self.show_rooms(now),
            Command::Room(which) => self.switch(&which),
            Command::In(_) => self.error(text!("in-once")),
            Command::Accept(ref rest) | Command::Cancel(ref rest) => {
                let number = rest.split_whitespace().next().and_then(|number| number.parse().ok());
                let of = |room: &&mut Room| number.is_some_and(|number| room.files.has(number));
                match self.rooms.values_mut().find(of) {
                    Some(room) => room.command(command, &mut self.shared),
                    None => self.error(text!("file-unknown")),
                }
            }
            Command::Say(_)
            | Command::Resend(_)
            | Command::Drop(_)
            | Command::Info(_)
            | Command::Private(_)
            | Command::Send(_)
            | Command::Who
            | Command::Verify(_)
            | Command::Lock
            | Command::Unlock
            | Command::Remove(_)
            | Command::Ignore(_)
            | Command::Unignore(_)
            | Command::Rekey
            | Command::Link
            | Command::List(_)
            | Command::Unlist => match self.rooms.get_mut(&room) {
                Some(room) => room.command(command, &mut self.shared),
                None => self.error(rooms::RoomError),
            },
        }
    }

    fn network(&mut self, event: NetworkEvent, now: Time) {
        match event {
            NetworkEvent::Connecting if self.phase == Phase::Opening && self.returning.is_none() => {
                self.tries += 1;
                let text = match self.tries {
                    1 => {
                        let address = self.access.address.to_string();
                        match &self.way {
                            Some(way) => text!("door-opening-by", address = address, way = way),
                            None => text!("door-opening", address = address),
                        }
                    }
                    tries => text!("door-again", tries = tries),
                };
                self.show(Notice::Progress(text));
            }
            NetworkEvent::Connecting => {}
            NetworkEvent::Connected if self.phase == Phase::Opening => {
                self.phase = Phase::Open;
                self.show(Notice::Connected);
                for room in self.rooms.values_mut() {
                    room.enter(None, &mut self.shared, now);
                }
            }
            NetworkEvent::Connected => {}
            NetworkEvent::Broken => {
                self.shared.broken = true;
                self.rooms.values_mut().for_each(|room| room.outbox.keep());
                self.show(Notice::Broken);
            }
            NetworkEvent::Resumed => {
                self.shared.broken = false;
                self.show(Notice::Resumed);
            }
            NetworkEvent::Warning(text) => self.show(Notice::Warning(text)),
            NetworkEvent::Frame(frame) => self.frame(frame, now),
            NetworkEvent::Ended { end, trouble } => self.ended(&end, trouble, now),
        }
    }

    fn frame(&mut self, frame: relay_frame::Frame, now: Time) {
        let number = match &frame {
            relay_frame::Frame::Roster(frame) => frame.room,
            relay_frame::Frame::Joined(frame) => frame.room,
            relay_frame::Frame::Left(frame) => frame.room,
            relay_frame::Frame::Message(frame) => frame.room,
            relay_frame::Frame::Direct(frame) => frame.room,
            relay_frame::Frame::Ack(frame) => frame.room,
            relay_frame::Frame::Refused(refused) => {
                if self.was_not_listed(refused) {
                    return;
                }
                refused.room
            }
            relay_frame::Frame::Listed(listed) => return self.is_listed(listed),
            relay_frame::Frame::Listing(listing) => return self.take_listing(listing, now),
            relay_frame::Frame::Welcome(welcome) => {
                self.welcomed(welcome, now);
                for room in self.rooms.values_mut() {
                    room.receive(frame.clone(), now);
                }
                return;
            }
            relay_frame::Frame::Bye(_) => return,
        };
        if let Some(room) = self.rooms.get_mut(&number) {
            room.receive(frame, now);
        }
    }

    fn welcomed(&mut self, welcome: &Welcome, now: Time) {
        self.shared.listed_max = welcome.listed_rooms_max;
        self.welcome = Some(welcome.clone());
        self.ask_what_waited(now);
    }

    /// All that follows from what happened, or from the time alone.
    fn step(&mut self, now: Time) {
        self.come_back_when_due(now);
        self.advise_when_due(now);
        for room in self.rooms.values_mut() {
            match self.phase {
                Phase::Opening | Phase::Away { .. } | Phase::Open => {
                    room.step(&mut self.shared, now);
                    room.rename_when_due(self.welcome.as_ref(), &mut self.shared, now);
                }
                Phase::Leaving { .. } | Phase::Over => room.converse(&mut self.shared, now),
            }
        }
        if mem::take(&mut self.shared.has_marked) {
            // A lasting identity is the same in every room.
            let marked = &self.shared.people.marked;
            for talk in self.rooms.values_mut().filter_map(|room| room.conversation.as_mut()) {
                marked.iter().for_each(|key| talk.confirm_key(*key));
            }
        }
        if let Some(entered_at) = self.shared.entered.take() {
            self.entered_at = Some(entered_at);
            self.returning = None;
        }
        self.drop_rooms(now);
        self.miss_listing(now);
        self.finish_when_due(now);
    }

    fn show(&mut self, notice: Notice) {
        self.shared.show(notice);
    }

    fn error(&mut self, text: impl ToString) {
        self.show(Notice::Error(text.to_string()));
    }

    fn finish(&mut self, outcome: Outcome) {
        self.phase = Phase::Over;
        self.shared.effects.push(Effect::Finish(outcome));
    }
}

/// Commands that wait in one room until they can be carried out; beyond them, whoever types waits.
const COMMANDS_MAX: usize = 64;
/// Messages of one room under way to the relay at once.
const UNTAKEN_MAX: usize = 32;
/// Fresh ids tried where the relay says that one is taken.
const FRESH_IDS_MAX: u32 = 3;
/// A relay that works tells who is in a room within a round trip, and a broken link is back within the grace time.
const ENTER_TIMEOUT: Duration = Duration::from_secs(60);
/// Who was here is met within two round trips; somebody who has just vanished never is.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(6);
/// Back in a room: how long what was kept waits for those for whom it was typed, where some of them are there.
const HOLD_TIMEOUT: Duration = Duration::from_secs(20);
/// At the end of input: how long the relay may take for the next message.
const PATIENCE: Duration = Duration::from_secs(60);
/// The same at `/quit`, where somebody waits.
const QUIT_PATIENCE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests;

//! One stay in a room, from opening the door to leaving: decides what is sent, said, shown, and when it is over.
//!
//! **In** [`Event`]s and the time. **Out** [`Effect`]s. **Never** a socket, a terminal, a clock.
//!
//! ```text
//! Opening ──Connected──> Entering ──Entered──> Settling ──all met──> Talking ──> Leaving ──> Over
//!    ^──────── Away <────────┴──session lost───────┴────────────────────┘
//! ```
//!
//! What is typed before `Talking` waits: said earlier it would miss those with whom a handshake is still under way.

mod ending;
mod names;
mod people;
mod returning;

use std::collections::{BTreeMap, VecDeque};
use std::mem;
use std::time::Duration;

use chatter_proto::relay::{refused, relay_frame};
use chatter_protocol::entropy::Entropy;
use chatter_protocol::ids::Nickname;
use chatter_protocol::invite::RoomLink;
use chatter_protocol::room::conversation::{Conversation, Happening, Output};
use chatter_protocol::time::Time;

use crate::command::Command;
use crate::event::{Effect, Event, NetworkEvent, Notice};
use crate::exit::{Failure, Outcome};
pub(crate) use people::People;
use returning::Return;

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

/// A stay in a room.
pub(crate) struct App {
    link: RoomLink,
    nick: Nickname,
    purpose: Purpose,
    /// The way to the server in words, where it is not the straight one.
    way: Option<String>,
    entropy: Entropy,
    conversation: Option<Conversation>,
    phase: Phase,
    /// Typed and not yet said.
    unsaid: VecDeque<String>,
    /// Said and not yet taken by the relay, by number in this stay.
    untaken: BTreeMap<u64, String>,
    /// The newest number in this stay …
    said: u64,
    /// … and before this session: the conversation counts anew in each.
    said_before: u64,
    /// Leave once all is said and taken, but wait no longer than this for the next to be taken.
    patience: Option<Duration>,
    /// When patience ends.
    patient_until: Option<Time>,
    /// What makes this stay a failure even when it ends cleanly.
    failure: Option<Failure>,
    people: People,
    tries: u32,
    /// Fresh ids tried.
    fresh_ids: u32,
    /// Whether a lost session is followed by another.
    rejoins: bool,
    /// The way back, while it is one.
    returning: Option<Return>,
    /// Tries to come back since a stay that lasted.
    returns: u32,
    entered_at: Option<Time>,
    /// Back in an empty room: until when to wait for the others.
    company_until: Option<Time>,
    effects: Vec<Effect>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Opening,
    /// Without a session, until the next try.
    Away {
        until: Time,
    },
    Entering {
        until: Time,
    },
    Settling {
        count: usize,
        until: Time,
    },
    Talking,
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
        let (unsaid, patience) = match &purpose {
            Purpose::Send(text) => (VecDeque::from([text.clone()]), Some(PATIENCE)),
            Purpose::New | Purpose::Join => (VecDeque::new(), None),
        };
        Self {
            link,
            nick,
            purpose,
            way,
            entropy,
            conversation: None,
            phase: Phase::Opening,
            unsaid,
            untaken: BTreeMap::new(),
            said: 0,
            said_before: 0,
            patience,
            patient_until: None,
            failure: None,
            people: People::default(),
            tries: 0,
            fresh_ids: 0,
            rejoins: true,
            returning: None,
            returns: 0,
            entered_at: None,
            company_until: None,
            effects: Vec::new(),
        }
    }

    /// The same, as somebody, knowing somebody.
    pub(crate) fn with(self, people: People) -> Self {
        Self { people, ..self }
    }

    /// The same, where a lost session ends the stay.
    pub(crate) fn without_return(self) -> Self {
        Self { rejoins: false, ..self }
    }

    /// What is to be done about `event`.
    pub(crate) fn update(&mut self, event: Event, now: Time) -> Vec<Effect> {
        match event {
            Event::Network(event) => self.network(event, now),
            Event::Line(line) | Event::LineIn(ROOM, line) => self.line(&line),
            Event::Say(text) | Event::SayIn(ROOM, text) => self.unsaid.push_back(text),
            Event::LineIn(..) | Event::SayIn(..) => {
                self.show(Notice::Error("you are in no room of that number".to_owned()));
            }
            Event::InputEnded => self.end_soon(PATIENCE),
            Event::Interrupted => self.leave(now),
            Event::Randomness(fresh) => {
                if let Some(conversation) = &mut self.conversation {
                    conversation.stir(&fresh);
                }
            }
            Event::Timeout => {}
        }
        self.step(now);
        mem::take(&mut self.effects)
    }

    /// Whether more may be typed: not while much of it waits, nor when leaving.
    pub(crate) fn accepts_lines(&self) -> bool {
        self.unsaid.len() + self.people.waiting.len() < UNSAID_MAX && self.patience.is_none()
    }

    /// When [`Event::Timeout`] is due.
    pub(crate) fn poll_timeout(&self) -> Option<Time> {
        let phase = match self.phase {
            Phase::Away { until }
            | Phase::Entering { until }
            | Phase::Settling { until, .. }
            | Phase::Leaving { until } => Some(until),
            Phase::Opening | Phase::Talking | Phase::Over => None,
        };
        let conversation = self.conversation.as_ref().and_then(Conversation::poll_timeout);
        [phase, conversation, self.patient_until].into_iter().flatten().min()
    }

    fn line(&mut self, line: &str) {
        match Command::parse(line) {
            Ok(Command::Say(text)) => self.unsaid.push_back(text),
            Ok(
                command @ (Command::Private(_)
                | Command::Verify(_)
                | Command::Lock
                | Command::Unlock
                | Command::Remove(_)
                | Command::Rekey),
            ) => self.wait_with(command),
            Ok(Command::Who) => self.who(),
            Ok(Command::Link) => self.show_link(),
            Ok(Command::Help) => self.show(Notice::Help),
            Ok(Command::Quit) => self.end_soon(QUIT_PATIENCE),
            Ok(Command::Nothing) => {}
            Err(error) => self.show(Notice::Error(error.to_string())),
        }
    }

    fn network(&mut self, event: NetworkEvent, now: Time) {
        match event {
            NetworkEvent::Connecting if self.phase == Phase::Opening && self.returning.is_none() => {
                self.tries += 1;
                let text = match self.tries {
                    1 => {
                        let way = self.way.iter().flat_map(|way| [", ", way]).collect::<String>();
                        format!("opening the door at {}{way}", self.link.access.address)
                    }
                    tries => format!("it did not open; trying again ({tries})"),
                };
                self.show(Notice::Progress(text));
            }
            NetworkEvent::Connecting => {}
            NetworkEvent::Connected if self.phase == Phase::Opening => self.enter(now),
            NetworkEvent::Connected => {}
            NetworkEvent::Broken => self.show(Notice::Broken),
            NetworkEvent::Resumed => self.show(Notice::Resumed),
            NetworkEvent::Warning(text) => self.show(Notice::Warning(text)),
            NetworkEvent::Frame(frame) => {
                if let Some(conversation) =
                    self.conversation.as_mut().filter(|_| room_of(&frame).is_none_or(|room| room == ROOM))
                {
                    conversation.receive(frame, now);
                }
            }
            NetworkEvent::Ended { end, trouble } => self.ended(&end, trouble, now),
        }
    }

    /// The door is open: show the room's link, enter.
    fn enter(&mut self, now: Time) {
        self.show(Notice::Connected);
        if self.purpose == Purpose::New && self.returning.is_none() {
            self.show_link();
        }
        self.conversation = Some(Conversation::with_identity(
            &self.link.secret,
            self.link.access.code.server_key.as_bytes(),
            self.nick.clone(),
            self.people.identity.clone(),
            ROOM,
            self.entropy.fork(),
        ));
        self.mark_again();
        self.phase = Phase::Entering { until: now + ENTER_TIMEOUT };
    }

    /// All that follows from what happened, or from the time alone.
    fn step(&mut self, now: Time) {
        self.converse(now);
        self.come_back_when_due(now);
        if let Phase::Settling { .. } = self.phase {
            self.settle(now);
        }
        while self.phase == Phase::Talking && self.untaken.len() < UNTAKEN_MAX {
            let Some(text) = self.unsaid.pop_front() else { break };
            self.say(text, now);
        }
        self.attend(now);
        self.converse(now);
        self.finish_when_due(now);
    }

    /// Lets the conversation work and takes what it has to say.
    fn converse(&mut self, now: Time) {
        let Some(conversation) = self.conversation.as_mut() else { return };
        if conversation.poll_timeout().is_some_and(|timeout| timeout <= now) {
            conversation.handle_timeout(now);
        }
        while let Some(output) = self.conversation.as_mut().and_then(Conversation::poll_output) {
            match output {
                Output::Send(frame) => self.effects.push(Effect::Send(frame)),
                Output::Show(happening) => self.happened(happening, now),
            }
        }
    }

    fn happened(&mut self, happening: Happening, now: Time) {
        match happening {
            Happening::Entered { present } => self.entered(present, now),
            Happening::MemberJoined { id, nick } => self.met(&id, &nick),
            Happening::MemberLeft { id, nick } => {
                let nick = self.gone(&id, &nick);
                self.show(Notice::MemberLeft { nick });
            }
            Happening::Message { from, nick, text } => {
                let from = self.label(&from, &nick);
                self.show(Notice::Message { from, text });
            }
            Happening::Acknowledged { number } => self.taken(self.said_before.saturating_add(number)),
            Happening::Warning(warning) => self.warned(&warning),
            Happening::Refused(reason) => self.refused(reason, now),
            Happening::Private { .. }
            | Happening::VerifyBegun { .. }
            | Happening::VerifyWords { .. }
            | Happening::VerifyVoid(_)
            | Happening::Locked { .. }
            | Happening::KeptOut
            | Happening::Removed { .. }
            | Happening::Parted { .. }
            | Happening::Moving { .. }
            | Happening::Moved { .. } => self.people_happened(happening, now),
        }
    }

    fn entered(&mut self, present: usize, now: Time) {
        if !matches!(self.phase, Phase::Entering { .. }) {
            return;
        }
        self.announce_entry(present, now);
        if matches!(self.purpose, Purpose::Send(_)) && present == 0 {
            self.show(Notice::Warning("nobody else is in this room: nobody will read it".to_owned()));
        }
        self.phase = Phase::Settling { count: usize::MAX, until: now + SETTLE_TIMEOUT };
    }

    /// Waits for those who were here, as long as they keep coming.
    fn settle(&mut self, now: Time) {
        let left = self.conversation.as_ref().map_or(0, Conversation::settling);
        let Phase::Settling { count, until } = self.phase else { return };
        if let Some(until) = self.awaits_company(now) {
            self.phase = Phase::Settling { count, until };
            return;
        }
        if left == 0 {
            self.phase = Phase::Talking;
        } else if left < count {
            self.phase = Phase::Settling { count: left, until: now + SETTLE_TIMEOUT };
        } else if now >= until {
            let text = format!(
                "{left} who should be here could not be met yet (is the room locked?) and will miss what is said now"
            );
            self.show(Notice::Progress(text));
            self.phase = Phase::Talking;
        }
    }

    fn say(&mut self, text: String, now: Time) {
        let Some(conversation) = self.conversation.as_mut() else { return };
        match conversation.say(&text, now) {
            Ok(number) => {
                self.said = self.said_before.saturating_add(number);
                self.show(Notice::Said { number: self.said, text: text.clone() });
                self.untaken.insert(self.said, text);
            }
            Err(error) => {
                self.show(Notice::Error(format!("not said: {error}")));
                if matches!(self.purpose, Purpose::Send(_)) {
                    self.failure = Some(Failure::NotSaid);
                }
            }
        }
    }

    fn taken(&mut self, number: u64) {
        if self.untaken.remove(&number).is_some() {
            self.patient_until = None;
            self.show(Notice::Acknowledged { number });
        }
    }

    fn refused(&mut self, reason: refused::Reason, now: Time) {
        match reason {
            refused::Reason::RoomFull | refused::Reason::TooManyRooms => {
                self.fail(Failure::Full, "the room is full: try again when somebody has left", now);
            }
            refused::Reason::MemberIdTaken if self.fresh_ids < FRESH_IDS_MAX => {
                self.fresh_ids += 1;
                if let Some(conversation) = self.conversation.as_mut() {
                    conversation.rejoin(now);
                }
            }
            refused::Reason::NotInRoom | refused::Reason::MemberIdTaken => {
                self.fail(Failure::SessionLost, "the relay does not count us in any more: join again", now);
            }
            refused::Reason::Malformed | refused::Reason::Unspecified => match self.phase {
                Phase::Entering { .. } => {
                    self.fail(
                        Failure::SessionLost,
                        "the relay refuses us: is this client too old for it?",
                        now,
                    );
                }
                Phase::Opening
                | Phase::Away { .. }
                | Phase::Settling { .. }
                | Phase::Talking
                | Phase::Leaving { .. }
                | Phase::Over => {
                    self.show(Notice::Error("the relay refused something that was said".to_owned()));
                }
            },
            // Whoever it was for has left in the meantime.
            refused::Reason::NoSuchMember => {}
        }
    }

    fn show(&mut self, notice: Notice) {
        self.effects.push(Effect::Show(notice.into()));
    }

    fn finish(&mut self, outcome: Outcome) {
        self.phase = Phase::Over;
        self.effects.push(Effect::Finish(outcome));
    }
}

/// The room that a frame belongs to.
fn room_of(frame: &relay_frame::Frame) -> Option<u32> {
    match frame {
        relay_frame::Frame::Roster(frame) => Some(frame.room),
        relay_frame::Frame::Joined(frame) => Some(frame.room),
        relay_frame::Frame::Left(frame) => Some(frame.room),
        relay_frame::Frame::Message(frame) => Some(frame.room),
        relay_frame::Frame::Direct(frame) => Some(frame.room),
        relay_frame::Frame::Ack(frame) => Some(frame.room),
        relay_frame::Frame::Refused(frame) => Some(frame.room),
        relay_frame::Frame::Welcome(_) | relay_frame::Frame::Bye(_) => None,
    }
}

/// This client's number for its one room.
const ROOM: u32 = 1;
/// Typed lines that wait to be said; beyond them, whoever types waits.
const UNSAID_MAX: usize = 64;
/// Messages under way to the relay at once.
const UNTAKEN_MAX: usize = 32;
/// Fresh ids tried where the relay says that one is taken.
const FRESH_IDS_MAX: u32 = 3;
/// A relay that works tells who is in a room within a round trip, and a broken link is back within the grace time.
const ENTER_TIMEOUT: Duration = Duration::from_secs(60);
/// Who was here is met within two round trips; somebody who has just vanished never is.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(6);
/// At the end of input: how long the relay may take for the next message.
const PATIENCE: Duration = Duration::from_secs(60);
/// The same at `/quit`, where somebody waits.
const QUIT_PATIENCE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests;

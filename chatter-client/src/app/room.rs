//! One room of a session: what is said there and not yet taken, who is there, how far we are in.
//!
//! **In** lines for this room, the relay's frames about it, the time. **Out** effects, each with the room's name; the
//! wish to be dropped. **Never** a word to another room.
//!
//! ```text
//! Outside ──session──> Entering ──Entered──> Settling ──all met──> Talking
//!    ^─────────────────session lost────────────┴─────────────────────┘
//! ```
//!
//! What is typed before `Talking` waits: said earlier it would miss those with whom a handshake is still under way.

mod awaiting;
mod entering;
mod files;
mod outbox;
mod people;
mod staying;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use chatter_proto::relay::{refused, relay_frame};
use chatter_protocol::entropy::Entropy;
use chatter_protocol::ids::{MemberId, Nickname};
use chatter_protocol::invite::RoomLink;
use chatter_protocol::room::conversation::{Conversation, Happening, Output};
use chatter_protocol::room::identity::Identity;
use chatter_protocol::time::Time;

pub(crate) use awaiting::Awaited;
use files::Files;
use outbox::{Company, Outbox};
pub(crate) use people::People;

use super::Wish;
use super::names::Names;
use super::returning::Return;
use super::{COMMANDS_MAX, Downloads, ENTER_TIMEOUT, FRESH_IDS_MAX, Purpose};
use crate::command::Command;
use crate::event::{Effect, Notice, Place, Told};
use crate::exit::Failure;
use crate::texts::text;

/// One room.
pub(super) struct Room {
    pub(super) number: u32,
    /// What it is called here.
    pub(super) name: String,
    pub(super) link: RoomLink,
    pub(super) nick: Nickname,
    pub(super) purpose: Purpose,
    entropy: Entropy,
    /// By which others know us again here, as long as this program runs.
    identity: Identity,
    pub(super) conversation: Option<Conversation>,
    pub(super) phase: Phase,
    /// Typed and not yet said, or handed back.
    pub(super) outbox: Outbox,
    /// Who was here when a session was lost: what is typed meanwhile is for them. None before the first time that we
    /// were in.
    company: Option<Arc<Company>>,
    /// Back again: until when what was kept waits for those of them who are not.
    hold_until: Option<Time>,
    /// Said and not yet taken by the relay, by number in this stay.
    pub(super) untaken: BTreeMap<u64, String>,
    /// The newest number in this stay …
    said: u64,
    /// … and before this session: the conversation counts anew in each.
    said_before: u64,
    /// Fresh ids tried.
    fresh_ids: u32,
    pub(super) names: Names,
    /// Commands that were typed before those whom they concern could be met.
    pub(super) waiting: VecDeque<Command>,
    /// The way back, while it is one.
    pub(super) returning: Option<Return>,
    /// Back in an empty room: until when to wait for the others.
    company_until: Option<Time>,
    /// Whether a passphrase leads in.
    pub(super) has_passphrase: bool,
    /// As what it shall be listed.
    pub(super) wish: Option<Wish>,
    /// As what it is listed, as far as we know.
    pub(super) listed: Option<String>,
    /// How often that was told in this session.
    pub(super) listed_told: usize,
    /// Left once all is said and taken, and no later than this.
    pub(super) leaving: Option<Time>,
    /// Why it is to be dropped.
    pub(super) over: Option<Over>,
    pub(super) files: Files,
    /// For whom what is to be said waits.
    pub(super) awaited: Awaited,
    told_awaited: bool,
    /// Said to one alone, and perhaps not taken by the relay.
    pub(super) unconfirmed: Option<String>,
    /// What we are called as soon as all is taken.
    renaming: Option<Nickname>,
    /// Whose words are not shown.
    ignored: BTreeSet<MemberId>,
    /// How many were here when we came.
    present: usize,
}

/// Why a room is to be dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Over {
    /// As asked.
    Left,
    /// It can't be entered or kept.
    Failed(Failure, String),
}

/// How far we are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// There is no session.
    Outside,
    Entering {
        until: Time,
    },
    Settling {
        count: usize,
        until: Time,
    },
    Talking,
}

/// What the rooms of a session have in common.
pub(super) struct Shared {
    pub(super) people: People,
    pub(super) server_key: [u8; 32],
    pub(super) effects: Vec<Effect>,
    /// Whether there was ever more than one room.
    pub(super) several: bool,
    /// Whether there is a session without a connection.
    pub(super) broken: bool,
    /// When patience ends.
    pub(super) patient_until: Option<Time>,
    /// What makes this stay a failure even when it ends cleanly.
    pub(super) failure: Option<Failure>,
    /// Whether somebody was marked as verified in this turn.
    pub(super) has_marked: bool,
    /// When a room was entered in this turn.
    pub(super) entered: Option<Time>,
    /// How many rooms the server lists at most; none where it lists none.
    pub(super) listed_max: u32,
    /// The newest number of a file that was offered, by us or to us.
    pub(super) transfers: u32,
    pub(super) downloads: Downloads,
}

impl Shared {
    /// Shows something that is about no room.
    pub(super) fn show(&mut self, notice: Notice) {
        self.effects.push(Effect::Show(notice.into()));
    }
}

impl Room {
    pub(super) fn new(
        number: u32,
        name: String,
        link: RoomLink,
        nick: Nickname,
        purpose: Purpose,
        entropy: Entropy,
    ) -> Self {
        let mut outbox = Outbox::default();
        if let Purpose::Send(text) = &purpose {
            outbox.push(text.clone(), None, false);
        }
        let mut entropy = entropy;
        let files = Files::new(entropy.fork());
        let identity = Identity::generate(&mut entropy);
        Self {
            identity,
            files,
            number,
            name,
            link,
            nick,
            purpose,
            entropy,
            conversation: None,
            phase: Phase::Outside,
            outbox,
            company: None,
            hold_until: None,
            untaken: BTreeMap::new(),
            said: 0,
            said_before: 0,
            fresh_ids: 0,
            names: Names::default(),
            waiting: VecDeque::new(),
            returning: None,
            company_until: None,
            has_passphrase: false,
            wish: None,
            listed: None,
            listed_told: 0,
            leaving: None,
            over: None,
            awaited: Awaited::default(),
            told_awaited: false,
            unconfirmed: None,
            renaming: None,
            ignored: BTreeSet::new(),
            present: 0,
        }
    }

    /// Shows something that happened here.
    pub(super) fn show(&self, shared: &mut Shared, notice: Notice) {
        let place = Place { number: self.number, name: self.name.clone(), named: shared.several };
        shared.effects.push(Effect::Show(Told { room: Some(place), notice }));
    }

    pub(super) fn error(&self, shared: &mut Shared, text: impl ToString) {
        self.show(shared, Notice::Error(text.to_string()));
    }

    /// Whether more may be typed for this room.
    pub(super) fn accepts_lines(&self) -> bool {
        !self.outbox.is_full() && self.waiting.len() < COMMANDS_MAX
    }

    /// Whether nothing waits to be said or taken.
    pub(super) fn is_done(&self) -> bool {
        self.outbox.is_empty() && self.untaken.is_empty()
    }

    /// Whether others are here with whom we can talk.
    pub(super) fn has_company(&self) -> bool {
        self.conversation.iter().any(|talk| talk.members().next().is_some())
    }

    /// Carries out a command that is about one room, now or when it can be.
    pub(super) fn command(&mut self, command: Command, shared: &mut Shared) {
        match command {
            Command::Say(text) => self.typed(text, shared),
            Command::Resend(rest) => self.resend(rest.trim(), shared),
            Command::Drop(rest) => self.drop_lines(rest.trim(), shared),
            Command::Info(rest) => self.tell_delivery(rest.trim(), shared),
            Command::Who => self.who(shared),
            Command::Link => self.show_link(shared),
            Command::Private(_)
            | Command::Send(_)
            | Command::Accept(_)
            | Command::Cancel(_)
            | Command::Verify(_)
            | Command::Lock
            | Command::Unlock
            | Command::Remove(_)
            | Command::Ignore(_)
            | Command::Unignore(_)
            | Command::Rekey
            | Command::List(_)
            | Command::Unlist => self.waiting.push_back(command),
            // About no single room.
            Command::Join(_)
            | Command::New(_)
            | Command::Nick(_)
            | Command::Leave
            | Command::Files
            | Command::Rooms
            | Command::Room(_)
            | Command::In(_)
            | Command::Help
            | Command::Reconnect
            | Command::Quit
            | Command::Nothing => {}
        }
    }

    /// A frame of the relay that is about this room, or about the session.
    pub(super) fn receive(&mut self, frame: relay_frame::Frame, now: Time) {
        if let Some(conversation) = &mut self.conversation {
            conversation.receive(frame, now);
        }
    }

    /// All that follows from what happened, or from the time alone.
    pub(super) fn step(&mut self, shared: &mut Shared, now: Time) {
        self.converse(shared, now);
        if let Phase::Settling { .. } = self.phase {
            self.settle(shared, now);
        }
        self.say_waiting(shared, now);
        if self.phase == Phase::Talking {
            self.tell_awaited(shared);
        }
        self.attend(shared, now);
        self.converse(shared, now);
        self.end_when_due(shared, now);
    }

    /// When the next step is due by itself.
    pub(super) fn poll_timeout(&self) -> Option<Time> {
        let phase = match self.phase {
            Phase::Entering { until } | Phase::Settling { until, .. } => Some(until),
            Phase::Outside | Phase::Talking => None,
        };
        let conversation = self.conversation.as_ref().and_then(Conversation::poll_timeout);
        [phase, conversation, self.leaving, self.hold_until].into_iter().flatten().min()
    }

    /// Lets the conversation work and takes what it has to say.
    pub(super) fn converse(&mut self, shared: &mut Shared, now: Time) {
        let Some(conversation) = self.conversation.as_mut() else { return };
        if conversation.poll_timeout().is_some_and(|timeout| timeout <= now) {
            conversation.handle_timeout(now);
        }
        self.mind_stay(now);
        while let Some(output) = self.conversation.as_mut().and_then(Conversation::poll_output) {
            match output {
                Output::Send(frame) => shared.effects.push(Effect::Send(frame)),
                Output::Show(happening) => self.happened(happening, shared, now),
            }
        }
    }

    /// Says goodbye to everybody here.
    pub(super) fn say_goodbye(&mut self, shared: &mut Shared, now: Time) {
        self.end_files(shared, now);
        self.phase = Phase::Outside;
        if let Some(conversation) = self.conversation.as_mut() {
            conversation.leave(now);
        }
        self.converse(shared, now);
    }

    fn happened(&mut self, happening: Happening, shared: &mut Shared, now: Time) {
        match happening {
            Happening::Entered { present } => {
                if let Some(own) = self.conversation.as_ref().and_then(Conversation::own_id) {
                    self.files.transfers.entered(*own);
                }
                self.entered(present, shared, now);
            }
            Happening::MemberJoined { id, nick } => {
                self.met(&id, &nick, shared);
                if self.conversation.as_ref().is_some_and(|talk| talk.takes_files(&id)) {
                    self.files.transfers.member_joined(id);
                    self.file_outputs(shared, now);
                }
            }
            Happening::MemberLeft { id, nick } => {
                let nick = self.gone(&id, &nick);
                self.show(shared, Notice::MemberLeft { nick });
                self.files.transfers.member_left(&id);
                self.file_outputs(shared, now);
            }
            Happening::Message { from, .. } | Happening::Private { from, .. }
                if self.ignored.contains(&from) => {}
            Happening::Message { from, nick, text } => {
                let from = self.label(&from, &nick);
                self.show(shared, Notice::Message { from, text });
            }
            Happening::Opened { number } => self.opened(number, shared),
            Happening::Acknowledged { number } => {
                self.taken(self.said_before.saturating_add(number), shared);
            }
            Happening::Transfer { from, step } => {
                self.files.transfers.receive(from, step);
                self.file_outputs(shared, now);
            }
            Happening::Warning(warning) => self.warned(&warning, shared),
            Happening::Refused(reason) => self.refused(reason, shared, now),
            Happening::Private { .. }
            | Happening::VerifyBegun { .. }
            | Happening::VerifyWords { .. }
            | Happening::VerifyVoid(_)
            | Happening::Locked { .. }
            | Happening::KeptOut
            | Happening::Removed { .. }
            | Happening::Parted { .. }
            | Happening::Moving { .. }
            | Happening::Moved { .. } => self.people_happened(happening, shared, now),
        }
    }

    fn say(&mut self, text: String, shared: &mut Shared, now: Time) {
        let Some(conversation) = self.conversation.as_mut() else { return };
        match conversation.say(&text, now) {
            Ok(number) => {
                self.said = self.said_before.saturating_add(number);
                self.show(shared, Notice::Said { number: self.said, text: text.clone() });
                self.untaken.insert(self.said, text);
            }
            Err(error) => {
                self.error(shared, text!("not-said", reason = error.to_string()));
                if matches!(self.purpose, Purpose::Send(_)) {
                    shared.failure = Some(Failure::NotSaid);
                }
            }
        }
    }

    fn taken(&mut self, number: u64, shared: &mut Shared) {
        if self.untaken.remove(&number).is_some() {
            shared.patient_until = None;
            self.show(shared, Notice::Acknowledged { number });
        }
    }

    fn refused(&mut self, reason: refused::Reason, shared: &mut Shared, now: Time) {
        match reason {
            refused::Reason::RoomFull => {
                self.fail(Failure::Full, text!("room-full"));
            }
            refused::Reason::TooManyRooms => {
                self.fail(Failure::Full, text!("rooms-too-many"));
            }
            refused::Reason::MemberIdTaken if self.fresh_ids < FRESH_IDS_MAX => {
                self.fresh_ids += 1;
                if let Some(conversation) = self.conversation.as_mut() {
                    conversation.rejoin(now);
                }
            }
            refused::Reason::NotInRoom | refused::Reason::MemberIdTaken => {
                self.fail(Failure::SessionLost, text!("relay-lost-us"));
            }
            refused::Reason::Malformed | refused::Reason::Unspecified => match self.phase {
                Phase::Entering { .. } => {
                    self.fail(Failure::SessionLost, text!("relay-refuses"));
                }
                Phase::Outside | Phase::Settling { .. } | Phase::Talking => {
                    self.error(shared, text!("relay-refused-text"));
                }
            },
            // Whoever it was for has left in the meantime; lists are not the conversation's business.
            refused::Reason::NoSuchMember
            | refused::Reason::NameTaken
            | refused::Reason::ListingFull
            | refused::Reason::NotListed => {}
        }
    }

    fn fail(&mut self, failure: Failure, text: String) {
        self.over.get_or_insert(Over::Failed(failure, text));
    }

    /// What the time alone brings to an end, or that all was taken before leaving.
    fn end_when_due(&mut self, shared: &Shared, now: Time) {
        match self.phase {
            // What it says is on its way.
            Phase::Entering { until } if now >= until && shared.broken => {
                self.phase = Phase::Entering { until: now + ENTER_TIMEOUT };
            }
            Phase::Entering { until } if now >= until => {
                self.fail(Failure::SessionLost, text!("relay-silent"));
            }
            Phase::Outside | Phase::Entering { .. } | Phase::Settling { .. } | Phase::Talking => {}
        }
        let has_all = self.phase == Phase::Talking && self.is_done() && self.waiting.is_empty();
        if self.leaving.is_some_and(|until| has_all || now >= until) {
            self.over.get_or_insert(Over::Left);
        }
    }
}

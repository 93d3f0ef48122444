//! A tiny world in memory: one relay, some members, a seed that decides whose frame is carried next.
//!
//! **In** what members do. **Out** what each of them saw. **Never** a frame out of order within one session, unless a
//! test bends it.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use chatter_proto::relay::{client_frame, relay_frame};
use chatter_protocol::entropy::Entropy;
use chatter_protocol::ids::{MemberId, Nickname, SessionId};
use chatter_protocol::room::conversation::{Conversation, Happening, Output, SayError};
use chatter_protocol::room::identity::Identity;
use chatter_protocol::room::secret::RoomSecret;
use chatter_protocol::server::relay::{Relay, RelayLimits};
use chatter_protocol::time::Time;

/// How finely time goes by.
const TICK: Duration = Duration::from_secs(1);

pub(crate) const SERVER_KEY: [u8; 32] = [5; 32];

pub(crate) struct World {
    pub(crate) relay: Relay,
    pub(crate) clients: Vec<Client>,
    pub(crate) entropy: Entropy,
    pub(crate) now: Time,
    /// Which frames to whom a lying relay keeps back, and those that it kept.
    rule: Option<Rule>,
    withheld: Vec<(usize, relay_frame::Frame)>,
}

type Rule = Box<dyn Fn(usize, &relay_frame::Frame) -> bool>;

/// One stay of one member in a session of its own.
pub(crate) struct Client {
    pub(crate) conversation: Conversation,
    pub(crate) nick: String,
    pub(crate) id: Option<MemberId>,
    pub(crate) hello: prost::bytes::Bytes,
    pub(crate) room: u32,
    pub(crate) session: SessionId,
    pub(crate) up: VecDeque<client_frame::Frame>,
    pub(crate) down: VecDeque<relay_frame::Frame>,
    pub(crate) seen: Vec<Happening>,
    pub(crate) said: Vec<Said>,
    pub(crate) whispered: Vec<Whispered>,
    pub(crate) state: State,
    /// Until when nothing reaches or leaves him: his network is gone, and comes back.
    pub(crate) stalled_until: Time,
    /// Until when his machine sleeps: nothing reaches or leaves him, and his program does not run.
    pub(crate) asleep_until: Time,
    /// How much of the time his clock has missed: some stand still while the machine sleeps.
    pub(crate) slept: Duration,
    /// How often he joined.
    pub(crate) stays: usize,
    /// What his program began with, and all that it was told since: whoever knows both has its whole state.
    begun: Begun,
    told: Vec<(Input, Time)>,
    /// All frames that came down to him.
    pub(crate) received: Vec<relay_frame::Frame>,
}

#[derive(Clone)]
struct Begun {
    secret: RoomSecret,
    identity: Option<Identity>,
    room: u32,
    entropy: Entropy,
}

#[derive(Clone)]
enum Input {
    Frame(relay_frame::Frame),
    Say(String),
    Leave,
    Rejoin,
    Timeout,
    Stir([u8; 32]),
}

/// A text and those who must get it.
pub(crate) struct Said {
    pub(crate) from: MemberId,
    pub(crate) text: String,
    pub(crate) audience: Vec<MemberId>,
    /// How much its sender had been shown before.
    pub(crate) shown: usize,
}

/// A text to one alone.
pub(crate) struct Whispered {
    pub(crate) from: MemberId,
    pub(crate) to: MemberId,
    pub(crate) text: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum State {
    Here,
    /// Said goodbye; the session ends when all of its frames are carried.
    Leaving,
    /// The session was cut.
    Cut,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_be_bytes());
        let relay = Relay::new(RelayLimits::default());
        Self {
            relay,
            clients: Vec::new(),
            entropy: Entropy::new(bytes),
            now: Time::ZERO,
            rule: None,
            withheld: Vec::new(),
        }
    }

    /// A world in which members of these nicks have settled and seen each other.
    pub(crate) fn settled(nicks: &[&str]) -> Self {
        let mut world = Self::new(7);
        for nick in nicks {
            world.join(nick);
        }
        world.settle();
        for client in &mut world.clients {
            client.seen.clear();
        }
        world
    }

    pub(crate) fn join(&mut self, nick: &str) -> usize {
        self.join_with(nick, &RoomSecret::from_bytes([1; 16]))
    }

    pub(crate) fn join_with(&mut self, nick: &str, secret: &RoomSecret) -> usize {
        self.join_as(nick, secret, None)
    }

    pub(crate) fn join_as(&mut self, nick: &str, secret: &RoomSecret, identity: Option<Identity>) -> usize {
        let number = self.clients.len();
        let nickname = Nickname::parse(nick).expect("a nickname");
        let room = u32::try_from(number).expect("few") + 3;
        let begun = Begun { secret: secret.clone(), identity, room, entropy: self.entropy.fork() };
        self.clients.push(Client {
            conversation: begun.conversation(nickname),
            begun,
            told: Vec::new(),
            received: Vec::new(),
            nick: nick.into(),
            id: None,
            hello: Default::default(),
            room,
            session: SessionId(number as u64),
            up: VecDeque::new(),
            down: VecDeque::new(),
            seen: Vec::new(),
            said: Vec::new(),
            whispered: Vec::new(),
            state: State::Here,
            stalled_until: Time::ZERO,
            asleep_until: Time::ZERO,
            slept: Duration::ZERO,
            stays: 0,
        });
        // Its clock began when the program did.
        self.clients[number].slept = self.now.saturating_since(Time::ZERO);
        self.drain(number);
        number
    }

    pub(crate) fn say(&mut self, who: usize, text: &str) {
        let now = self.clock(who);
        let client = &mut self.clients[who];
        let audience = client.conversation.members().map(|member| member.id).collect();
        if client.take(Input::Say(text.into()), now) {
            let shown = client.seen.len();
            client.said.push(Said { from: client.id(), text: text.into(), audience, shown });
        }
        self.drain(who);
    }

    pub(crate) fn whisper(&mut self, who: usize, to: usize, text: &str) -> Result<(), SayError> {
        let to = self.clients[to].id();
        self.act(who, |conversation, now| conversation.say_privately(&to, text, now))?;
        let client = &mut self.clients[who];
        client.whispered.push(Whispered { from: client.id(), to, text: text.into() });
        Ok(())
    }

    /// Lets somebody do something that his copies will not repeat, and takes what comes of it.
    pub(crate) fn act<T>(&mut self, who: usize, act: impl FnOnce(&mut Conversation, Time) -> T) -> T {
        let now = self.clock(who);
        let done = act(&mut self.clients[who].conversation, now);
        self.drain(who);
        done
    }

    pub(crate) fn leave(&mut self, who: usize) {
        let now = self.clock(who);
        self.clients[who].take(Input::Leave, now);
        self.clients[who].state = State::Leaving;
        self.drain(who);
    }

    pub(crate) fn cut(&mut self, who: usize) {
        let client = &mut self.clients[who];
        client.state = State::Cut;
        client.up.clear();
        client.down.clear();
        self.relay.session_ended(client.session);
        self.drain_relay();
    }

    /// Cuts a member's session; his program begins a fresh one and joins again.
    pub(crate) fn rejoin(&mut self, who: usize) {
        self.cut(who);
        let client = &mut self.clients[who];
        client.state = State::Here;
        let now = self.clock(who);
        self.clients[who].take(Input::Rejoin, now);
        self.drain(who);
    }

    /// Carries one frame up to the relay.
    pub(crate) fn carry_up(&mut self, who: usize) -> bool {
        if !self.is_reached(who) {
            return false;
        }
        let Some(frame) = self.clients[who].up.pop_front() else { return false };
        self.relay.receive(self.clients[who].session, frame);
        let client = &self.clients[who];
        if client.state == State::Leaving && client.up.is_empty() {
            self.relay.session_ended(client.session);
        }
        self.drain_relay();
        true
    }

    /// Carries one frame down to a member.
    pub(crate) fn carry_down(&mut self, who: usize) -> bool {
        if !self.is_reached(who) {
            return false;
        }
        let Some(frame) = self.clients[who].down.pop_front() else { return false };
        self.show(who, frame);
        true
    }

    /// Gives a member a frame, whether the relay made it or a test.
    pub(crate) fn show(&mut self, who: usize, frame: relay_frame::Frame) {
        let now = self.clock(who);
        self.clients[who].received.push(frame.clone());
        self.clients[who].take(Input::Frame(frame), now);
        self.drain(who);
    }

    /// Carries one frame of somebody, drawn at random; false when none is left.
    pub(crate) fn carry_any(&mut self) -> bool {
        let ways = self.clients.len() * 2;
        let first = self.below(ways);
        (0..ways).any(|step| {
            let way = (first + step) % ways;
            if way.is_multiple_of(2) { self.carry_up(way / 2) } else { self.carry_down(way / 2) }
        })
    }

    /// Carries everything that is on its way.
    pub(crate) fn settle(&mut self) {
        while self.carry_any() {}
    }

    /// Carries everything up, and nothing down.
    pub(crate) fn settle_up(&mut self) {
        for who in 0..self.clients.len() {
            while self.carry_up(who) {}
        }
    }

    /// Time goes by, and nothing is carried.
    pub(crate) fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        while self.now < until {
            self.now = until.min(self.now + TICK);
            for who in 0..self.clients.len() {
                self.tick(who);
            }
        }
        for who in 0..self.clients.len() {
            self.drain(who);
        }
    }

    /// Time goes by, and all that is said in it is carried at once.
    pub(crate) fn live(&mut self, time: Duration) {
        let until = self.now + time;
        while self.now < until {
            self.pass(TICK);
            self.settle();
        }
    }

    /// A member's program looks at its clock, where it runs.
    pub(crate) fn tick(&mut self, who: usize) {
        let now = self.clock(who);
        let client = &mut self.clients[who];
        if client.asleep_until > self.now || client.state == State::Cut {
            return;
        }
        if client.conversation.poll_timeout().is_some_and(|due| due <= now) {
            client.take(Input::Timeout, now);
        }
        self.drain(who);
    }

    /// From now on the relay keeps back what `rule` says.
    pub(crate) fn withhold(&mut self, rule: impl Fn(usize, &relay_frame::Frame) -> bool + 'static) {
        self.rule = Some(Box::new(rule));
    }

    /// The relay hands on what it kept back, and is honest from now on.
    pub(crate) fn hand_on(&mut self) {
        self.rule = None;
        for (to, frame) in core::mem::take(&mut self.withheld) {
            self.clients[to].down.push_back(frame);
        }
    }

    /// A member's program takes fresh randomness.
    pub(crate) fn stir(&mut self, who: usize) {
        let (fresh, now) = (self.entropy.bytes(), self.clock(who));
        self.clients[who].take(Input::Stir(fresh), now);
    }

    /// A member's network is gone for a while, not long enough for the relay to end the session.
    pub(crate) fn stall(&mut self, who: usize, time: Duration) {
        self.clients[who].stalled_until = self.now + time;
    }

    /// A member's machine sleeps for a while, not long enough for the relay to end the session. Its clock may stand
    /// still.
    pub(crate) fn sleep(&mut self, who: usize, time: Duration, clock_stands: bool) {
        let client = &mut self.clients[who];
        client.asleep_until = self.now + time;
        if clock_stands {
            client.slept += time;
        }
    }

    /// Whether a member's program runs and frames come through.
    pub(crate) fn is_reached(&self, who: usize) -> bool {
        self.clients[who].stalled_until <= self.now && self.clients[who].asleep_until <= self.now
    }

    /// What a member's own clock says.
    pub(crate) fn clock(&self, who: usize) -> Time {
        let client = &self.clients[who];
        // What he is yet to sleep of a sleep in which the clock stands is already taken off.
        Time::ZERO + self.now.saturating_since(Time::ZERO + client.slept)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.entropy.below(u32::try_from(bound).expect("small")) as usize
    }

    fn drain(&mut self, who: usize) {
        let client = &mut self.clients[who];
        while let Some(output) = client.conversation.poll_output() {
            match output {
                Output::Send(frame) => {
                    if let client_frame::Frame::Join(join) = &frame {
                        client.id = MemberId::from_slice(&join.member_id);
                        client.hello = join.hello.clone();
                        client.stays += 1;
                    }
                    if client.state != State::Cut {
                        client.up.push_back(frame);
                    }
                }
                Output::Show(happening) => client.seen.push(happening),
            }
        }
    }

    fn drain_relay(&mut self) {
        while let Some(delivery) = self.relay.poll_output() {
            let to = self.clients.iter().position(|client| client.session == delivery.session);
            let Some(to) = to else { continue };
            assert_ne!(self.clients[to].state, State::Cut, "nothing is delivered to a session that ended");
            if self.rule.as_ref().is_some_and(|rule| rule(to, &delivery.frame)) {
                self.withheld.push((to, delivery.frame));
            } else {
                self.clients[to].down.push_back(delivery.frame);
            }
        }
    }
}

impl Begun {
    fn conversation(&self, nick: Nickname) -> Conversation {
        let (identity, entropy) = (self.identity.clone(), self.entropy.clone());
        Conversation::with_identity(&self.secret, &SERVER_KEY, nick, identity, self.room, entropy)
    }
}

impl Input {
    fn apply(self, conversation: &mut Conversation, now: Time) -> bool {
        match self {
            Self::Frame(frame) => conversation.receive(frame, now),
            Self::Say(text) => return conversation.say(&text, now).is_ok(),
            Self::Leave => conversation.leave(now),
            Self::Rejoin => conversation.rejoin(now),
            Self::Timeout => conversation.handle_timeout(now),
            Self::Stir(fresh) => conversation.stir(&fresh),
        }
        true
    }
}

impl Client {
    fn take(&mut self, input: Input, now: Time) -> bool {
        self.told.push((input.clone(), now));
        input.apply(&mut self.conversation, now)
    }

    /// A copy of the whole program with every secret in it: the same beginning, told the same.
    pub(crate) fn copied(&self) -> Conversation {
        let mut copy = self.begun.conversation(Nickname::parse(&self.nick).expect("a nickname"));
        for (input, now) in &self.told {
            input.clone().apply(&mut copy, *now);
        }
        while copy.poll_output().is_some() {}
        copy
    }

    pub(crate) fn id(&self) -> MemberId {
        self.id.expect("joined at once")
    }

    pub(crate) fn warnings(&self) -> Vec<String> {
        let warnings = self.seen.iter().filter_map(|happening| {
            let Happening::Warning(warning) = happening else { return None };
            Some(warning.to_string())
        });
        warnings.collect()
    }

    /// All texts that were said to him alone, with their senders.
    pub(crate) fn whispers(&self) -> Vec<(MemberId, &str)> {
        let whispers = self.seen.iter().filter_map(|happening| {
            let Happening::Private { from, text, .. } = happening else { return None };
            Some((*from, text.as_str()))
        });
        whispers.collect()
    }

    /// The words that he has read, round by round.
    pub(crate) fn words(&self) -> Vec<[&'static str; 5]> {
        let words = self.seen.iter().filter_map(|happening| {
            let Happening::VerifyWords { words } = happening else { return None };
            Some(*words)
        });
        words.collect()
    }

    /// All texts, by sender.
    pub(crate) fn heard(&self) -> BTreeMap<MemberId, Vec<String>> {
        heard(&self.seen)
    }

    /// All texts, as shown.
    pub(crate) fn texts(&self) -> Vec<String> {
        let texts = self.seen.iter().filter_map(|happening| {
            let Happening::Message { text, .. } = happening else { return None };
            Some(text.clone())
        });
        texts.collect()
    }

    /// Nicks of those who joined and left, as shown.
    pub(crate) fn comings(&self) -> Vec<String> {
        let comings = self.seen.iter().filter_map(|happening| match happening {
            Happening::MemberJoined { nick, .. } => Some(format!("+{nick}")),
            Happening::MemberLeft { nick, .. } => Some(format!("-{nick}")),
            Happening::Entered { .. }
            | Happening::Message { .. }
            | Happening::Private { .. }
            | Happening::VerifyBegun { .. }
            | Happening::VerifyWords { .. }
            | Happening::VerifyVoid(_)
            | Happening::Locked { .. }
            | Happening::KeptOut
            | Happening::Removed { .. }
            | Happening::Transfer { .. }
            | Happening::Parted { .. }
            | Happening::Moving { .. }
            | Happening::Moved { .. }
            | Happening::Acknowledged { .. }
            | Happening::Opened { .. }
            | Happening::Warning(_)
            | Happening::Refused(_) => None,
        });
        comings.collect()
    }
}

/// The room and the sender of what a member sent.
pub(crate) fn from_member(frame: &mut relay_frame::Frame) -> Option<(&mut u32, &mut Vec<u8>)> {
    match frame {
        relay_frame::Frame::Message(message) => Some((&mut message.room, &mut message.sender_id)),
        relay_frame::Frame::Direct(direct) => Some((&mut direct.room, &mut direct.sender_id)),
        relay_frame::Frame::Welcome(_)
        | relay_frame::Frame::Roster(_)
        | relay_frame::Frame::Joined(_)
        | relay_frame::Frame::Left(_)
        | relay_frame::Frame::Ack(_)
        | relay_frame::Frame::Refused(_)
        | relay_frame::Frame::Listed(_)
        | relay_frame::Frame::Listing(_)
        | relay_frame::Frame::Bye(_) => None,
    }
}

/// All texts in what was shown, by sender.
pub(crate) fn heard(seen: &[Happening]) -> BTreeMap<MemberId, Vec<String>> {
    let mut heard: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for happening in seen {
        if let Happening::Message { from, text, .. } = happening {
            heard.entry(*from).or_default().push(text.clone());
        }
    }
    heard
}

//! One room from a member's side: the corridor between relay frames and what people say and read.
//!
//! **In** relay frames, texts to say. **Out** client frames, happenings to show. **Never** belief in the relay:
//! whatever it sends costs bounded memory and is proven by a pair channel, shown as a warning, or dropped.
//!
//! ```text
//! Join ─> Roster: a handshake with everybody there · Joined: the newcomer begins one
//! finished channel ─> profile over it, both ways ─> MemberJoined ─> wraps, checked numbers and chains
//! Goodbye over the channel, or the relay's Left ─> MemberLeft, keys wiped
//! ```
//!
//! Absent so far, with their places: heads and beacons (beside number and chain in `message`, their timers in
//! `handle_timeout`), views and verification (over `members`, beside the profile).

use alloc::collections::{BTreeMap, VecDeque};
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use chatter_proto::relay::{
    FromMember, Join, Leave, Message, Occupant, Publish, Refused, Roster, ToMember, Wrap, client_frame,
    refused, relay_frame,
};
use chatter_proto::room::{Goodbye, PairFrame, Private, Profile, pair_frame, private};
use prost::Message as _;

use crate::entropy::Entropy;
use crate::ids::{MemberId, Nickname};
use crate::limits;
use crate::room::hello::Hello;
use crate::room::message::{self, Chain, Origin};
use crate::room::pair::{Initiator, RoomKeys, Stay};
use crate::room::secret::RoomSecret;
use crate::time::Time;

mod peer;
mod warning;

use peer::{News, Ourselves, Peer, Stage};
pub use warning::{Warning, Who};

/// One room, end to end.
#[derive(Debug)]
pub struct Conversation {
    keys: RoomKeys,
    nick: Nickname,
    room: u32,
    entropy: Entropy,
    /// None while we are in no room.
    stay: Option<Stay>,
    entered: bool,
    /// How far we have spoken in this stay.
    said: Chain,
    /// The number of the last Publish; it never starts again.
    published: u64,
    unacknowledged: VecDeque<u64>,
    peers: BTreeMap<MemberId, Peer>,
    output: VecDeque<Output>,
}

/// What the conversation wants done.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// To be sent to the relay.
    Send(client_frame::Frame),
    /// To be shown to the user.
    Show(Happening),
}

/// Something that happened in the room.
#[derive(Clone, Debug, PartialEq)]
pub enum Happening {
    /// We are in. The others show up as their channels are finished.
    Entered {
        /// How many others the relay says are there.
        present: usize,
    },
    /// Somebody is there and proved to hold the room secret.
    MemberJoined {
        /// His id for this stay.
        id: MemberId,
        /// What he calls himself.
        nick: Nickname,
    },
    /// Somebody who was there has left.
    MemberLeft {
        /// His id.
        id: MemberId,
        /// What he called himself.
        nick: Nickname,
    },
    /// Somebody said something.
    Message {
        /// Who.
        from: MemberId,
        /// What he calls himself.
        nick: Nickname,
        /// What he said; it may hold control characters, which must be shown harmlessly.
        text: String,
    },
    /// The relay has taken what [`Conversation::say`] gave this number.
    Acknowledged {
        /// The number.
        number: u64,
    },
    /// Something is wrong, and an honest relay is not the cause.
    Warning(Warning),
    /// The relay did not carry out what we asked; where that was to join, we are in no room.
    Refused(refused::Reason),
}

/// Somebody with whom we have a finished channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// His id for this stay.
    pub id: MemberId,
    /// What he calls himself.
    pub nick: Nickname,
}

/// Why something can't be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SayError {
    /// Longer than [`limits::TEXT_LEN_MAX`].
    #[error("a message holds at most {max} KiB; send it in parts", max = limits::TEXT_LEN_MAX / 1024)]
    TooLong,
    /// The relay has not let us in yet, or we have left.
    #[error("you are not in the room yet, or not any more")]
    NotInRoom,
}

impl Conversation {
    /// Joins the room of `secret` on the server with the key `server_key`, as `nick`. `room` is the session's own
    /// number for it.
    pub fn new(
        secret: &RoomSecret,
        server_key: &[u8; 32],
        nick: Nickname,
        room: u32,
        entropy: Entropy,
    ) -> Self {
        let mut conversation = Self {
            keys: RoomKeys::new(secret, server_key),
            nick,
            room,
            entropy,
            stay: None,
            entered: false,
            said: Chain { count: 0, hash: [0; 32] },
            published: 0,
            unacknowledged: VecDeque::new(),
            peers: BTreeMap::new(),
            output: VecDeque::new(),
        };
        conversation.join();
        conversation
    }

    /// Takes a frame of the relay; those for other rooms or for the session itself are not ours.
    pub fn receive(&mut self, frame: relay_frame::Frame, now: Time) {
        match frame {
            relay_frame::Frame::Roster(roster) if roster.room == self.room => self.enter(roster, now),
            relay_frame::Frame::Refused(refused) if refused.room == self.room => self.refused(&refused),
            // Before the roster nothing can concern this stay.
            _ if !self.entered => {}
            relay_frame::Frame::Joined(joined) if joined.room == self.room => {
                self.joined(joined.occupant.unwrap_or_default(), now);
            }
            relay_frame::Frame::Left(left) if left.room == self.room => self.left(&left.member_id),
            relay_frame::Frame::Message(message) if message.room == self.room => self.message(&message),
            relay_frame::Frame::Direct(direct) if direct.room == self.room => self.direct(&direct, now),
            relay_frame::Frame::Ack(ack) if ack.room == self.room => self.acknowledged(ack.number),
            relay_frame::Frame::Welcome(_)
            | relay_frame::Frame::Bye(_)
            | relay_frame::Frame::Roster(_)
            | relay_frame::Frame::Refused(_)
            | relay_frame::Frame::Joined(_)
            | relay_frame::Frame::Left(_)
            | relay_frame::Frame::Message(_)
            | relay_frame::Frame::Direct(_)
            | relay_frame::Frame::Ack(_) => {}
        }
    }

    /// Says `text` to everybody with whom a channel is finished. Gives the number that
    /// [`Happening::Acknowledged`] will name.
    ///
    /// # Errors
    /// [`SayError`] says why nothing was sent.
    pub fn say(&mut self, text: &str, now: Time) -> Result<u64, SayError> {
        let Some(stay) = self.stay.as_ref().filter(|_| self.entered) else { return Err(SayError::NotInRoom) };
        if text.len() > limits::TEXT_LEN_MAX {
            return Err(SayError::TooLong);
        }
        let origin = Origin { room: *self.keys.id(), sender: *stay.id() };
        let sealed = message::seal(&origin, &self.said, text, &mut self.entropy);
        let mut wraps = Vec::new();
        for (id, peer) in &mut self.peers {
            if let Some(channel) = peer.channel() {
                let sealed = channel.ratchet.seal(&sealed.hash, &*sealed.seed, now);
                wraps.push(Wrap { member_id: id.as_bytes().to_vec(), sealed });
            }
        }
        self.said = self.said.after(&sealed.body);
        self.published += 1;
        self.unacknowledged.push_back(self.published);
        let publish = Publish { room: self.room, number: self.published, body: sealed.body, wraps };
        self.send(client_frame::Frame::Publish(publish));
        Ok(self.published)
    }

    /// Says goodbye over every channel, leaves, and wipes all keys of the stay.
    pub fn leave(&mut self, now: Time) {
        if self.stay.is_none() {
            return;
        }
        for (id, mut peer) in core::mem::take(&mut self.peers) {
            if peer.channel().is_some() {
                self.tell(&id, &mut peer, private::Content::Goodbye(Goodbye {}), now);
            }
        }
        self.send(client_frame::Frame::Leave(Leave { room: self.room }));
        self.forget_stay();
    }

    /// Begins a new stay in a fresh session: new keys, new ids. What was not acknowledged stays so.
    pub fn rejoin(&mut self, _now: Time) {
        for peer in core::mem::take(&mut self.peers).into_values() {
            self.show_left(&peer);
        }
        self.forget_stay();
        self.join();
    }

    /// Stops waiting for those who take too long; they may still come.
    pub fn handle_timeout(&mut self, now: Time) {
        for peer in self.peers.values_mut() {
            if peer.is_settling() && peer::late_at(peer) <= now {
                peer.late = true;
            }
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called.
    pub fn poll_timeout(&self) -> Option<Time> {
        self.peers.values().filter(|peer| peer.is_settling()).map(peer::late_at).min()
    }

    /// The next thing to do; drain it after each call above.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.output.pop_front()
    }

    /// Those with whom we have a finished channel.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        self.peers.values().filter_map(Peer::member)
    }

    /// How many present members are still shaking hands with us.
    pub fn settling(&self) -> usize {
        self.peers.values().filter(|peer| peer.is_settling()).count()
    }

    fn join(&mut self) {
        let stay = Stay::begin(&mut self.entropy);
        let origin = Origin { room: *self.keys.id(), sender: *stay.id() };
        self.said = origin.start();
        self.send(client_frame::Frame::Join(Join {
            room: self.room,
            room_id: self.keys.id().as_bytes().to_vec(),
            member_id: stay.id().as_bytes().to_vec(),
            hello: stay.hello().clone(),
        }));
        self.stay = Some(stay);
    }

    fn forget_stay(&mut self) {
        self.stay = None;
        self.entered = false;
        self.unacknowledged.clear();
    }

    fn enter(&mut self, roster: Roster, now: Time) {
        if self.stay.is_none() {
            return;
        }
        if core::mem::replace(&mut self.entered, true) {
            return self.warn(Warning::Server { did: "told twice who is in the room" });
        }
        self.show(Happening::Entered { present: roster.occupants.len() });
        for occupant in roster.occupants {
            let Some((id, hello)) = self.meet(&occupant, now) else { continue };
            let Some(stay) = &self.stay else { return };
            let (initiator, first) = Initiator::begin(&self.keys, stay, &id, &hello, &mut self.entropy);
            self.peers.insert(id, Peer::new(Stage::Initiated(initiator, hello), now));
            self.send_pair(&id, pair_frame::Frame::First(first));
        }
        self.forget_kem();
    }

    fn joined(&mut self, occupant: Occupant, now: Time) {
        if let Some((id, hello)) = self.meet(&occupant, now) {
            self.peers.insert(id, Peer::new(Stage::Awaited(hello), now));
        }
    }

    /// Judges a new name on the relay's list; whoever can't be talked with is remembered as such.
    fn meet(&mut self, occupant: &Occupant, now: Time) -> Option<(MemberId, Hello)> {
        let did = match MemberId::from_slice(&occupant.member_id) {
            None => "named a member that can't be one",
            Some(id) if self.peers.contains_key(&id) => "named a member twice",
            Some(id) if self.stay.as_ref().is_some_and(|stay| *stay.id() == id) => {
                "named you as somebody else"
            }
            Some(_) if self.peers.len() >= limits::OCCUPANTS_MAX => "named more members than any room holds",
            Some(id) => match Hello::parse(&occupant.hello) {
                Ok(hello) => return Some((id, hello)),
                Err(error) => {
                    self.peers.insert(id, Peer::new(Stage::Unfit, now));
                    let who = Who { id, nick: None };
                    self.warn(Warning::OtherVersion { who, error });
                    return None;
                }
            },
        };
        self.warn(Warning::Server { did });
        None
    }

    fn left(&mut self, id: &[u8]) {
        let Some(peer) = MemberId::from_slice(id).and_then(|id| self.peers.remove(&id)) else {
            return self.warn(Warning::Server { did: "said that somebody left who was not there" });
        };
        self.show_left(&peer);
        self.forget_kem();
    }

    fn refused(&mut self, refused: &Refused) {
        let reason = refused.reason();
        // Members leave while something for them is on its way.
        if reason == refused::Reason::NoSuchMember {
            return;
        }
        if !self.entered {
            self.forget_stay();
        }
        self.show(Happening::Refused(reason));
    }

    fn acknowledged(&mut self, number: u64) {
        if self.unacknowledged.front() != Some(&number) {
            return self.warn(Warning::Server { did: "acknowledged something that was not said" });
        }
        self.unacknowledged.pop_front();
        self.show(Happening::Acknowledged { number });
    }

    fn message(&mut self, message: &Message) {
        let Some(id) = MemberId::from_slice(&message.sender_id) else {
            return self.warn(Warning::Server { did: "handed on a message of nobody" });
        };
        let origin = Origin { room: *self.keys.id(), sender: id };
        let Some(peer) = self.peers.get_mut(&id) else {
            return self.warn(Warning::Absent { who: Who { id, nick: None } });
        };
        let heard: Result<Option<_>, peer::Trouble> = match &mut peer.stage {
            Stage::Open(channel) => channel.take_message(&origin, &message.body, &message.wrap),
            Stage::Gone => Err(|who| Warning::Absent { who }),
            // Said before the channel with us was finished, by somebody who could not wrap it for us.
            Stage::Awaited(_) | Stage::Initiated(..) | Stage::Responding(_) if message.wrap.is_empty() => {
                Ok(None)
            }
            Stage::Awaited(_) | Stage::Initiated(..) | Stage::Responding(_) => {
                Err(|who| Warning::DidNotOpen { who })
            }
            Stage::Unfit => Ok(None),
        };
        match heard {
            Ok(None) => {}
            Ok(Some((text, findings))) => {
                peer.strikes = 0;
                let Some(Member { id: from, nick }) = peer.member().cloned() else { return };
                self.warn_of(&id, findings);
                self.show(Happening::Message { from, nick, text: text.to_string() });
            }
            Err(trouble) => self.strike(&id, trouble),
        }
    }

    fn direct(&mut self, direct: &FromMember, now: Time) {
        let Some(id) = MemberId::from_slice(&direct.sender_id) else {
            return self.warn(Warning::Server { did: "handed on a frame of nobody" });
        };
        let Some(mut peer) = self.peers.remove(&id) else {
            return self.warn(Warning::Absent { who: Who { id, nick: None } });
        };
        let done = self.take_pair_frame(&id, &mut peer, &direct.payload, now);
        self.peers.insert(id, peer);
        if let Err(trouble) = done {
            self.strike(&id, trouble);
        }
        self.forget_kem();
    }

    fn take_pair_frame(
        &mut self,
        id: &MemberId,
        peer: &mut Peer,
        payload: &[u8],
        now: Time,
    ) -> Result<(), peer::Trouble> {
        let Some(stay) = &self.stay else { return Ok(()) };
        let ourselves = Ourselves { keys: &self.keys, stay };
        let frame = PairFrame::decode(payload).ok().and_then(|frame| frame.frame);
        match frame.ok_or((|who| Warning::DidNotOpen { who }) as peer::Trouble)? {
            pair_frame::Frame::First(message) => {
                if let Some(answer) = peer.take_first(id, ourselves, &message, &mut self.entropy)? {
                    self.send_pair(id, pair_frame::Frame::Second(answer));
                }
            }
            pair_frame::Frame::Second(message) => {
                let answer = peer.take_second(stay, &message, now)?;
                self.send_pair(id, pair_frame::Frame::Third(answer));
                self.introduce(id, peer, now);
            }
            pair_frame::Frame::Third(message) => {
                peer.take_third(ourselves, &message, now)?;
                self.introduce(id, peer, now);
            }
            pair_frame::Frame::Sealed(frame) => return self.take_private(id, peer, &frame),
        }
        peer.strikes = 0;
        Ok(())
    }

    fn take_private(&mut self, id: &MemberId, peer: &mut Peer, frame: &[u8]) -> Result<(), peer::Trouble> {
        let Some(channel) = peer.channel() else { return Err(|who| Warning::DidNotOpen { who }) };
        let (news, findings) = channel.take_private(id, frame)?;
        peer.strikes = 0;
        let nick = peer.member().map(|member| member.nick.clone());
        for finding in findings {
            self.warn(finding.about(Who { id: *id, nick: nick.clone() }));
        }
        match (news, nick) {
            (News::Joined, Some(nick)) => self.show(Happening::MemberJoined { id: *id, nick }),
            (News::Left, _) => {
                self.show_left(peer);
                peer.stage = Stage::Gone;
            }
            (News::Joined | News::Nothing, _) => {}
        }
        Ok(())
    }

    /// Our first frame over a finished channel: who we are and where our wraps for him begin.
    fn introduce(&mut self, id: &MemberId, peer: &mut Peer, now: Time) {
        let profile = Profile { nick: self.nick.to_string() };
        self.tell(id, peer, private::Content::Profile(profile), now);
    }

    fn tell(&mut self, id: &MemberId, peer: &mut Peer, content: private::Content, now: Time) {
        let Some(channel) = peer.channel() else { return };
        let (sent, chain) = (self.said.count, self.said.hash.to_vec());
        let plain = message::pad(&Private { content: Some(content), sent, chain });
        let sealed = channel.ratchet.seal(b"", &plain, now);
        self.send_pair(id, pair_frame::Frame::Sealed(sealed));
    }

    /// Erases the decapsulation key as soon as nobody's message 2 is awaited.
    fn forget_kem(&mut self) {
        let awaited = self.peers.values().any(|peer| matches!(peer.stage, Stage::Initiated(..)));
        if let Some(stay) = self.stay.as_mut().filter(|_| self.entered && !awaited) {
            stay.forget_kem();
        }
    }

    /// Warns of a frame that failed, unless that is only one more in a row.
    fn strike(&mut self, id: &MemberId, trouble: peer::Trouble) {
        let Some(peer) = self.peers.get_mut(id) else { return };
        let nick = peer.member().map(|member| member.nick.clone());
        if peer.strikes < limits::STRIKES_MAX {
            peer.strikes += 1;
            self.warn(trouble(Who { id: *id, nick }));
        }
    }

    fn warn_of(&mut self, id: &MemberId, findings: Vec<peer::Finding>) {
        let nick = self.peers.get(id).and_then(Peer::member).map(|member| member.nick.clone());
        for finding in findings {
            self.warn(finding.about(Who { id: *id, nick: nick.clone() }));
        }
    }

    fn show_left(&mut self, peer: &Peer) {
        if let Some(Member { id, nick }) = peer.member().cloned() {
            self.show(Happening::MemberLeft { id, nick });
        }
    }

    fn send_pair(&mut self, id: &MemberId, frame: pair_frame::Frame) {
        let payload = PairFrame { frame: Some(frame) }.encode_to_vec();
        let direct = ToMember { room: self.room, member_id: id.as_bytes().to_vec(), payload };
        self.send(client_frame::Frame::Direct(direct));
    }

    fn send(&mut self, frame: client_frame::Frame) {
        self.output.push_back(Output::Send(frame));
    }

    fn show(&mut self, happening: Happening) {
        self.output.push_back(Output::Show(happening));
    }

    fn warn(&mut self, warning: Warning) {
        self.show(Happening::Warning(warning));
    }
}

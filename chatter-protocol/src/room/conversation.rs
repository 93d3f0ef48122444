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
//! `handle_timeout`), views (over `members`, beside the profile).

use alloc::collections::{BTreeMap, VecDeque};
use alloc::string::ToString as _;
use alloc::vec::Vec;

use chatter_proto::relay::{Join, Leave, Publish, ToMember, Wrap, client_frame};
use chatter_proto::room::{Goodbye, PairFrame, Private, Profile, pair_frame, private};
use prost::Message as _;
use zeroize::Zeroize as _;

use crate::entropy::Entropy;
use crate::ids::{MemberId, Nickname};
use crate::limits;
use crate::room::identity::Identity;
use crate::room::message::{self, Chain, Origin};
use crate::room::pair::{RoomKeys, Stay};
use crate::room::secret::RoomSecret;
use crate::seal;
use crate::time::Time;

mod happening;
mod house;
mod peer;
mod privately;
mod receive;
mod verifying;
mod warning;

pub use happening::{Happening, Member, Output, SayError};
use house::House;
use peer::Peer;
use verifying::Verifying;
pub use verifying::{ConfirmError, VerifyError, Void};
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
    house: House,
    verifying: Verifying,
    output: VecDeque<Output>,
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
        Self::with_identity(secret, server_key, nick, None, room, entropy)
    }

    /// The same, shown as the owner of a lasting identity where there is one.
    pub fn with_identity(
        secret: &RoomSecret,
        server_key: &[u8; 32],
        nick: Nickname,
        identity: Option<Identity>,
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
            house: House::new(*server_key, identity),
            verifying: Verifying::default(),
            output: VecDeque::new(),
        };
        conversation.join();
        conversation
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
                let sealed = channel.ratchet.seal(&sealed.hash, &*sealed.seed, &mut self.entropy, now);
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

    /// Mixes fresh randomness in. Whoever stole all secrets of an earlier moment can foretell every key that is drawn
    /// from them alone; after this and a turn of each side he opens nothing more.
    pub fn stir(&mut self, fresh: &[u8; 32]) {
        let seed = seal::kdf("chatter v1 stir", &[&self.entropy.bytes::<32>(), fresh]);
        self.entropy = Entropy::new(*seed);
    }

    /// Stops waiting for those who take too long; they may still come.
    pub fn handle_timeout(&mut self, now: Time) {
        for peer in self.peers.values_mut() {
            if peer.is_settling() && peer::late_at(peer) <= now {
                peer.late = true;
            }
        }
        self.end_rounds(now);
        self.move_when_due(now);
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called.
    pub fn poll_timeout(&self) -> Option<Time> {
        let settling = self.peers.values().filter(|peer| peer.is_settling()).map(peer::late_at).min();
        [settling, self.verifying.poll_timeout(), self.house.poll_timeout()].into_iter().flatten().min()
    }

    /// The next thing to do; drain it after each call above.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.output.pop_front()
    }

    /// Those with whom we have a finished channel.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        self.peers.values().filter_map(Peer::member)
    }

    /// Somebody with whom we have a finished channel.
    pub fn member(&self, id: &MemberId) -> Option<&Member> {
        self.peers.get(id).and_then(Peer::member)
    }

    /// How many present members are still shaking hands with us.
    pub fn settling(&self) -> usize {
        self.peers.values().filter(|peer| peer.is_settling()).count()
    }

    fn join(&mut self) {
        let stay = Stay::begin(self.house.identity(), &mut self.entropy);
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
        self.verifying.forget_rounds();
    }

    /// Our first frame over a finished channel: who we are and where our wraps for him begin.
    fn introduce(&mut self, id: &MemberId, peer: &mut Peer, now: Time) {
        let profile = Profile { nick: self.nick.to_string() };
        self.tell(id, peer, private::Content::Profile(profile), now);
    }

    fn tell(&mut self, id: &MemberId, peer: &mut Peer, content: private::Content, now: Time) {
        let Some(channel) = peer.channel() else { return };
        let (sent, chain) = (self.said.count, self.said.hash.to_vec());
        let mut private = Private { content: Some(content), sent, chain };
        let plain = message::pad(&private);
        match &mut private.content {
            Some(private::Content::Text(text)) => text.zeroize(),
            Some(private::Content::Moved(secret)) => secret.zeroize(),
            Some(_) | None => {}
        }
        let sealed = channel.ratchet.seal(b"", &plain, &mut self.entropy, now);
        self.send_pair(id, pair_frame::Frame::Sealed(sealed));
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

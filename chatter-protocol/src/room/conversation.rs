//! One room from a member's side: the corridor between relay frames and what people say and read.
//!
//! **In** relay frames, texts to say. **Out** client frames, happenings to show. **Never** belief in the relay:
//! whatever it sends costs bounded memory and is proven by a pair channel, shown as a warning, or dropped.
//!
//! ```text
//! Join ─> Roster: a handshake with everybody there · Joined: the newcomer begins one
//! finished channel ─> profile over it, both ways ─> MemberJoined ─> wraps, checked numbers and chains
//! message ─> held until those that its sender had heard are shown ─> its view and heads compared with ours
//! Goodbye over the channel, the relay's Left, or silence ─> MemberLeft, keys wiped
//! ```

use alloc::collections::{BTreeMap, VecDeque};
use alloc::string::ToString as _;
use alloc::vec::Vec;

use chatter_proto::relay::{Join, Leave, Publish, ToMember, Wrap, client_frame};
use chatter_proto::room::{Goodbye, PairFrame, Private, Profile, Transfer, pair_frame, private, transfer};
use prost::Message as _;
use zeroize::Zeroize as _;

use crate::entropy::Entropy;
use crate::ids::{MemberId, Nickname};
use crate::limits;
use crate::room::identity::{Identity, Keeping, StayKey};
use crate::room::message::{self, Origin, Statement};
use crate::room::pair::{RoomKeys, Stay};
use crate::room::secret::RoomSecret;
use crate::room::view::ViewId;
use crate::seal;
use crate::time::Time;

mod channel;
mod compare;
mod delivery;
mod departed;
mod happening;
mod held;
mod history;
mod house;
mod memory;
mod peer;
mod presence;
mod privately;
mod receive;
mod verifying;
mod warning;

use compare::Told;
use delivery::Deliveries;
pub use delivery::Delivery;
use departed::Departed;
pub use happening::{Happening, Member, Output, SayError};
use held::Waiting;
use history::History;
use house::House;
pub use memory::Memory;
use peer::Peer;
use presence::Presence;
use verifying::Verifying;
pub use verifying::{ConfirmError, VerifyError, Void};
pub use warning::{Warning, Who};

/// What the relay has not taken yet.
#[derive(Clone, Copy, Debug)]
struct Unacknowledged {
    published: u64,
    /// Its number among the texts; none for a beacon.
    text: Option<u64>,
}

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
    /// How far we have spoken in this stay, beacons included.
    said: History,
    /// The number of the last Publish; it never starts again.
    published: u64,
    /// The number of the last text; it never starts again.
    texts: u64,
    unacknowledged: VecDeque<Unacknowledged>,
    peers: BTreeMap<MemberId, Peer>,
    house: House,
    verifying: Verifying,
    departed: Departed,
    waiting: Waiting,
    presence: Presence,
    told: Told,
    deliveries: Deliveries,
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
        Self::with(secret, server_key, nick, None, room, entropy)
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
        let identity = identity.map(|identity| (identity, Keeping::Lasting));
        Self::with(secret, server_key, nick, identity, room, entropy)
    }

    /// The same, shown by a stay key that is `kept` in any case: for good, or for as long as the program runs, so that
    /// others know after a lost session who has come back.
    pub fn known_again(
        secret: &RoomSecret,
        server_key: &[u8; 32],
        nick: Nickname,
        kept: (Identity, Keeping),
        room: u32,
        entropy: Entropy,
    ) -> Self {
        Self::with(secret, server_key, nick, Some(kept), room, entropy)
    }

    fn with(
        secret: &RoomSecret,
        server_key: &[u8; 32],
        nick: Nickname,
        identity: Option<(Identity, Keeping)>,
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
            said: History::from(message::Chain { count: 0, hash: [0; 32] }),
            published: 0,
            texts: 0,
            unacknowledged: VecDeque::new(),
            peers: BTreeMap::new(),
            house: House::new(*server_key, identity),
            verifying: Verifying::default(),
            departed: Departed::default(),
            waiting: Waiting::default(),
            presence: Presence::default(),
            told: Told::default(),
            deliveries: Deliveries::default(),
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
        self.wake(now);
        if self.stay.is_none() || !self.entered {
            return Err(SayError::NotInRoom);
        }
        if text.len() > limits::TEXT_LEN_MAX {
            return Err(SayError::TooLong);
        }
        self.publish(Some(text), now);
        Ok(self.texts)
    }

    /// Says goodbye over every channel, leaves, and wipes all keys of the stay.
    pub fn leave(&mut self, now: Time) {
        if self.stay.is_none() {
            return;
        }
        for (id, mut peer) in core::mem::take(&mut self.peers) {
            if peer.channel().is_some() {
                self.tell(&id, &mut peer, private::Content::Goodbye(Goodbye { given_up: false }), now);
            }
        }
        self.send(client_frame::Frame::Leave(Leave { room: self.room }));
        self.forget_stay();
    }

    /// Begins a new stay in a fresh session: new keys, new ids. What was not acknowledged stays so.
    pub fn rejoin(&mut self, _now: Time) {
        self.unacknowledged.clear();
        self.begin_anew();
    }

    /// Mixes fresh randomness in. Whoever stole all secrets of an earlier moment can foretell every key that is drawn
    /// from them alone; after this and a turn of each side he opens nothing more.
    pub fn stir(&mut self, fresh: &[u8; 32]) {
        let seed = seal::kdf("chatter v1 stir", &[&self.entropy.bytes::<32>(), fresh]);
        self.entropy = Entropy::new(*seed);
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

    /// The keys of those for whom what is said now is sealed: members, and those whose word who they are is on its way.
    pub fn hearers(&self) -> impl Iterator<Item = StayKey> {
        self.peers.values().filter_map(Peer::hearer)
    }

    /// Our view: ourselves and those with whom we have a finished channel, and what everybody calls himself.
    pub fn view(&self) -> &ViewId {
        self.presence.view()
    }

    /// How many are here, as far as the relay says, who could not be met: they may have no room secret, or keep us out.
    pub fn unmet(&self) -> usize {
        self.peers.values().filter(|peer| peer.is_unmet()).count()
    }

    /// Whether the relay has taken all that was said, to everybody's ears or to nobody's, in this conversation.
    pub fn all_acknowledged(&self) -> bool {
        self.unacknowledged.is_empty()
    }

    /// Whether the relay has let us in, and we have not left: what is said goes out.
    pub fn is_in(&self) -> bool {
        self.stay.is_some() && self.entered
    }

    /// How many present members are still shaking hands with us.
    pub fn settling(&self) -> usize {
        self.peers.values().filter(|peer| peer.is_settling()).count()
    }

    fn join(&mut self) {
        let stay = Stay::begin(self.house.identity(), &mut self.entropy);
        let origin = Origin { room: *self.keys.id(), sender: *stay.id() };
        self.said = History::from(origin.start());
        self.send(client_frame::Frame::Join(Join {
            room: self.room,
            room_id: self.keys.id().as_bytes().to_vec(),
            member_id: stay.id().as_bytes().to_vec(),
            hello: stay.hello().clone(),
        }));
        self.stay = Some(stay);
    }

    fn begin_anew(&mut self) {
        for (id, peer) in core::mem::take(&mut self.peers) {
            self.show_left(&id, &peer);
        }
        self.forget_stay();
        self.join();
    }

    fn forget_stay(&mut self) {
        self.stay = None;
        self.entered = false;
        self.verifying.forget_rounds();
        self.house.forget_stay();
        self.departed = Departed::default();
        self.waiting.clear();
        self.presence.forget_view();
        self.told = Told::default();
        self.deliveries = Deliveries::default();
    }

    /// Publishes a text or a beacon to everybody with whom a channel is finished.
    fn publish(&mut self, text: Option<&str>, now: Time) {
        let Some(stay) = &self.stay else { return };
        let origin = Origin { room: *self.keys.id(), sender: *stay.id() };
        let before = *self.said.latest();
        let heads = self.heads(&before);
        let statement = Statement { text, view: self.presence.view(), heads: &heads };
        let sealed = message::seal(&origin, &before, statement, &mut self.entropy);
        let (mut wraps, mut receivers) = (Vec::new(), Vec::new());
        for (id, peer) in &mut self.peers {
            if let Some(channel) = peer.channel() {
                let sealed = channel.ratchet.seal(&sealed.hash, &*sealed.seed, &mut self.entropy, now);
                wraps.push(Wrap { member_id: id.as_bytes().to_vec(), sealed });
                receivers.push(*id);
            }
        }
        self.said.push(before.after(&sealed.body));
        self.presence.spoke(self.said.latest().count, &mut self.entropy, now);
        self.published += 1;
        self.texts += u64::from(text.is_some());
        let text = text.is_some().then_some(self.texts);
        if let Some(number) = text {
            self.deliveries.said(number, self.said.latest().count, &receivers);
        }
        self.unacknowledged.push_back(Unacknowledged { published: self.published, text });
        let publish = Publish { room: self.room, number: self.published, body: sealed.body, wraps };
        self.send(client_frame::Frame::Publish(publish));
    }

    /// Our first frame over a finished channel: who we are and where our wraps for him begin.
    fn introduce(&mut self, id: &MemberId, peer: &mut Peer, now: Time) {
        let profile = Profile {
            nick: self.nick.to_string(),
            here_seconds: presence::seconds(now.saturating_since(self.presence.entered)),
            known_seconds: presence::seconds(now.saturating_since(peer.since)),
            takes_files: true,
        };
        self.tell(id, peer, private::Content::Profile(profile), now);
    }

    fn tell(&mut self, id: &MemberId, peer: &mut Peer, content: private::Content, now: Time) {
        let Some(channel) = peer.channel() else { return };
        let (sent, chain) = (self.said.latest().count, self.said.latest().hash.to_vec());
        let mut private = Private { content: Some(content), sent, chain };
        let plain = message::pad(&private);
        match &mut private.content {
            Some(private::Content::Text(text)) => text.zeroize(),
            Some(private::Content::Moved(secret)) => secret.zeroize(),
            Some(private::Content::Transfer(Transfer { step: Some(transfer::Step::Chunk(chunk)) })) => {
                chunk.data.zeroize();
            }
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

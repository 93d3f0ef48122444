//! One room and what is said in it: the first member speaks, the others hear.
//!
//! **In** what each member sees of the room. **Out** who is ready, what to say next, how much was delivered.
//! **Never** a message that is lost, doubled, out of order or wrapped for somebody else without the run failing.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use chatter_proto::relay::{Join, Message, Publish, Wrap, client_frame, relay_frame};
use chatter_protocol::entropy::Entropy;
use chatter_protocol::ids::{MemberId, RoomId};
use chatter_protocol::limits::WRAP_LEN;
use chatter_protocol::room::message::{self, Origin, Statement};
use chatter_protocol::room::view::{Heads, ViewId};
use tokio::sync::Notify;

/// One room. All its members live in one thread.
pub(crate) struct Talk {
    room_id: [u8; 32],
    ids: Vec<[u8; 16]>,
    hello: Vec<u8>,
    body: Vec<u8>,
    wrap: [u8; WRAP_LEN],
    window: usize,
    state: RefCell<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    speaking: bool,
    /// How much is to be said at most.
    said_max: u64,
    said: u64,
    /// For each message under way, how many have yet to hear it; the oldest first.
    under_way: VecDeque<usize>,
    /// Since when; the oldest first.
    said_at: VecDeque<Instant>,
    /// How long it took until everybody had heard, of each message that everybody has.
    latencies: Vec<Duration>,
    /// What each member has seen.
    seats: Vec<Seat>,
}

#[derive(Clone, Default)]
struct Seat {
    others: usize,
    heard: u64,
}

impl Talk {
    /// A room for `members`, in which `window` messages may be under way at once.
    pub(crate) fn new(members: usize, window: usize, entropy: &mut Entropy) -> Self {
        let mut hello = vec![0; HELLO_LEN];
        entropy.fill(&mut hello);
        let mut body = vec![0; body_len(members, entropy)];
        entropy.fill(&mut body);
        Self {
            room_id: entropy.bytes(),
            ids: (0..members).map(|_| entropy.bytes()).collect(),
            hello,
            body,
            wrap: entropy.bytes(),
            window,
            state: RefCell::new(State { seats: vec![Seat::default(); members], ..State::default() }),
            changed: Notify::new(),
        }
    }

    /// How many members it is made for.
    pub(crate) fn members(&self) -> usize {
        self.ids.len()
    }

    /// By what `member` enters.
    pub(crate) fn join(&self, member: usize) -> client_frame::Frame {
        client_frame::Frame::Join(Join {
            room: ROOM,
            room_id: self.room_id.to_vec(),
            member_id: self.ids[member].to_vec(),
            hello: self.hello.clone().into(),
        })
    }

    /// What the speaker says next, if he should.
    pub(crate) fn next(&self) -> Option<client_frame::Frame> {
        let mut state = self.state.borrow_mut();
        if !state.speaking || state.said >= state.said_max || state.under_way.len() >= self.window {
            return None;
        }
        state.said += 1;
        state.under_way.push_back(self.members() - 1);
        state.said_at.push_back(Instant::now());
        Some(self.publish(state.said))
    }

    /// Waits until there may be something new to say.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Lets the speaker speak, or stops him.
    pub(crate) fn speak(&self, speaking: bool) {
        let mut state = self.state.borrow_mut();
        state.speaking = speaking;
        state.said_max = u64::MAX;
        self.changed.notify_one();
    }

    /// Lets the speaker say one thing more.
    pub(crate) fn speak_once(&self) {
        let mut state = self.state.borrow_mut();
        state.speaking = true;
        state.said_max = state.said + 1;
        self.changed.notify_one();
    }

    /// How long each message took to reach everybody, since this was last asked.
    pub(crate) fn take_latencies(&self) -> Vec<Duration> {
        std::mem::take(&mut self.state.borrow_mut().latencies)
    }

    /// Whether everybody has seen everybody.
    pub(crate) fn is_complete(&self) -> bool {
        self.state.borrow().seats.iter().all(|seat| seat.others + 1 == self.members())
    }

    /// Whether everybody has heard everything that was said.
    pub(crate) fn is_silent(&self) -> bool {
        self.state.borrow().under_way.is_empty()
    }

    /// Messages handed to members so far.
    pub(crate) fn delivered(&self) -> u64 {
        self.state.borrow().seats.iter().map(|seat| seat.heard).sum()
    }

    /// Takes what the relay tells `member`.
    pub(crate) fn take(&self, member: usize, frame: relay_frame::Frame) -> anyhow::Result<()> {
        match frame {
            relay_frame::Frame::Roster(roster) => self.meet(member, roster.occupants.len()),
            relay_frame::Frame::Joined(_) => self.meet(member, 1),
            relay_frame::Frame::Message(message) => return self.hear(member, &message),
            relay_frame::Frame::Ack(_) | relay_frame::Frame::Welcome(_) => {}
            relay_frame::Frame::Left(_)
            | relay_frame::Frame::Direct(_)
            | relay_frame::Frame::Refused(_)
            | relay_frame::Frame::Listed(_)
            | relay_frame::Frame::Listing(_)
            | relay_frame::Frame::Bye(_) => anyhow::bail!("member {member} was told {frame:?}"),
        }
        Ok(())
    }

    fn meet(&self, member: usize, others: usize) {
        self.state.borrow_mut().seats[member].others += others;
    }

    fn hear(&self, member: usize, message: &Message) -> anyhow::Result<()> {
        let mut state = self.state.borrow_mut();
        let seat = &mut state.seats[member];
        seat.heard += 1;
        let expected = self.stamp(seat.heard, member);
        let behind = state.said.checked_sub(state.seats[member].heard).context("heard what nobody said")?;
        ensure!(
            message.body.len() == self.body.len()
                && message.body.starts_with(&expected[..8])
                && message.wrap.len() == WRAP_LEN
                && message.wrap.starts_with(&expected),
            "member {member} did not get message {} as it was sent",
            state.seats[member].heard
        );
        let place = state.under_way.len().checked_sub(usize::try_from(behind)? + 1).context("heard twice")?;
        state.under_way[place] -= 1;
        while state.under_way.front() == Some(&0) {
            state.under_way.pop_front();
            let said_at = state.said_at.pop_front().context("heard what was said at no time")?;
            state.latencies.push(said_at.elapsed());
            self.changed.notify_one();
        }
        Ok(())
    }

    fn publish(&self, number: u64) -> client_frame::Frame {
        let mut body = self.body.clone();
        body[..8].copy_from_slice(&number.to_be_bytes());
        let wrap = |(member, id): (usize, &[u8; 16])| {
            let mut sealed = self.wrap.to_vec();
            sealed[..STAMP_LEN].copy_from_slice(&self.stamp(number, member));
            Wrap { member_id: id.to_vec(), sealed }
        };
        let wraps = self.ids.iter().enumerate().skip(1).map(wrap).collect();
        client_frame::Frame::Publish(Publish { room: ROOM, number, body: body.into(), wraps })
    }

    /// What a wrap begins with; the body begins with the number alone.
    fn stamp(&self, number: u64, member: usize) -> [u8; STAMP_LEN] {
        let mut stamp = [0; STAMP_LEN];
        stamp[..8].copy_from_slice(&number.to_be_bytes());
        stamp[8..].copy_from_slice(&self.ids[member][..STAMP_LEN - 8]);
        stamp
    }
}

/// How long the body of a text of [`TEXT_LEN`] bytes is, where its sender has heard all the others.
pub(crate) fn body_len(members: usize, entropy: &mut Entropy) -> usize {
    let origin = Origin { room: RoomId::new([1; 32]), sender: MemberId::new([2; 16]) };
    let before = origin.start();
    let stands = (1..members).map(|_| (MemberId::new(entropy.bytes()), before)).collect();
    let text = "x".repeat(TEXT_LEN);
    let statement =
        Statement { text: Some(&text), view: &ViewId::default(), heads: &Heads::state(&before, &stands) };
    message::seal(&origin, &before, statement, entropy).body.len()
}

/// What is said, in bytes.
pub(crate) const TEXT_LEN: usize = 100;
/// An ML-KEM-768 key and the versions, as a member's hello holds them.
pub(crate) const HELLO_LEN: usize = 1_191;
const ROOM: u32 = 1;
const STAMP_LEN: usize = 16;

//! How the rest of the daemon reaches the relay: what can be asked of it.
//!
//! **In** openings, up tokens, closed links, the operator's wishes. **Out** orders in the relay's queue, and its answers.
//! **Never** a wait of who brings an up token.

use std::net::IpAddr;
use std::sync::Arc;

use chatter_proto::relay::bye;
use chatter_protocol::ids::{LinkId, RoomId, SessionId};
use chatter_protocol::server::bounds::Bounds;
use chatter_protocol::server::gatekeeper::{GateId, Recognised};
use chatter_protocol::server::{SessionInfo, Settings};
use tokio::sync::{mpsc, oneshot};

use super::live_tags::LiveTags;
use super::outbox::Outbox;
use crate::circuit::Circuit;
use crate::events::Events;
use crate::ledger::Address;
use crate::source::Source;

/// How the rest of the daemon reaches the relay.
#[derive(Clone, Debug)]
pub struct Handle {
    pub(super) orders: mpsc::UnboundedSender<Box<Order>>,
    pub(super) ups: mpsc::Sender<Box<Up>>,
    pub(super) live_tags: Arc<LiveTags>,
    pub(super) events: Events,
}

/// The relay has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the relay has ended")]
pub struct RelayEnded;

/// Why a token was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// It bears no tag that is awaited.
    #[error("no session awaits this token")]
    Unknown,
    /// It is dropped; a member sends it again.
    #[error("too many tokens wait for the relay")]
    Flooded,
}

/// What the relay holds, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Sessions not yet confirmed.
    pub opened: u64,
    /// Sessions with a live link.
    pub confirmed: u64,
    /// Broken sessions within their grace time.
    pub detached: u64,
    /// Rooms.
    pub rooms: u64,
    /// Memberships.
    pub members: u64,
    /// Messages handed to members since the start.
    pub deliveries: u64,
}

/// One session, as the operator may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionView {
    /// What the protocol tells.
    pub info: SessionInfo,
    /// Where its newest link comes from.
    pub source: Option<Source>,
    /// Since when it exists.
    pub age: std::time::Duration,
}

/// Whose sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Everybody's.
    All,
    /// Those that come from this address, or would be resumed from it.
    From(Address),
    /// Those that come by this circuit.
    By(Circuit),
    /// Those that sit in this room.
    In(RoomId),
    /// This one.
    One(SessionId),
}

// Channels and tables keep the bytes of what was taken out of them, and of what lay on the stack where a smaller variant has no
// bytes of its own. So all goes through them in boxes, which are wiped when they are given back.
pub(super) enum Order {
    Open(Open),
    Closed(LinkId),
    Sessions(oneshot::Sender<Vec<SessionView>>),
    Counts(oneshot::Sender<Counts>),
    Rooms(oneshot::Sender<Vec<(RoomId, usize)>>),
    Peers(oneshot::Sender<Vec<IpAddr>>),
    End { which: Which, reason: bye::Reason, reply: oneshot::Sender<u64> },
    CloseGate { gate: GateId, reply: oneshot::Sender<u64> },
    ForgetRetired,
    Settings { settings: Settings, bounds: Bounds, reply: oneshot::Sender<()> },
}

pub(super) struct Open {
    pub(super) recognised: Recognised,
    pub(super) room_left: u64,
    pub(super) source: Source,
    pub(super) reply: oneshot::Sender<(LinkId, Arc<Outbox>)>,
}

#[derive(Debug)]
pub(super) struct Up {
    pub(super) token: Vec<u8>,
    pub(super) source: Source,
}

impl Handle {
    /// Opens a link for a recognised token, whose records may take `room_left` bytes. `None`: the decoy's own body
    /// goes out.
    pub async fn open(
        &self,
        recognised: Recognised,
        room_left: u64,
        source: Source,
    ) -> Option<(LinkId, Arc<Outbox>)> {
        let (reply, answer) = oneshot::channel();
        let open = Open { recognised, room_left, source, reply };
        self.orders.send(Box::new(Order::Open(open))).ok()?;
        answer.await.ok()
    }

    /// Hands a token upwards, if its tag is awaited; the relay is not woken by others.
    ///
    /// # Errors
    /// [`NotTaken`].
    pub fn up(&self, token: Vec<u8>, source: Source) -> Result<(), NotTaken> {
        if !self.live_tags.contain(&token) {
            return Err(NotTaken::Unknown);
        }
        self.ups.try_send(Box::new(Up { token, source })).map_err(|_| NotTaken::Flooded)
    }

    /// A link's connection is gone.
    pub fn closed(&self, link: LinkId) {
        let _ = self.orders.send(Box::new(Order::Closed(link)));
    }

    /// Ends the sessions that came by this gate; how many there were.
    ///
    /// # Errors
    /// [`RelayEnded`].
    pub async fn close_gate(&self, gate: GateId) -> Result<u64, RelayEnded> {
        self.ask(|reply| Order::CloseGate { gate, reply }).await
    }

    /// Lets the gatekeeper forget retired gates that no session came by.
    pub fn forget_retired(&self) {
        let _ = self.orders.send(Box::new(Order::ForgetRetired));
    }

    /// All sessions.
    ///
    /// # Errors
    /// [`RelayEnded`].
    pub async fn sessions(&self) -> Result<Vec<SessionView>, RelayEnded> {
        self.ask(Order::Sessions).await
    }

    /// What the relay holds.
    ///
    /// # Errors
    /// [`RelayEnded`].
    pub async fn counts(&self) -> Result<Counts, RelayEnded> {
        self.ask(Order::Counts).await
    }

    /// The rooms, and how many members each has.
    ///
    /// # Errors
    /// [`RelayEnded`].
    pub async fn rooms(&self) -> Result<Vec<(RoomId, usize)>, RelayEnded> {
        self.ask(Order::Rooms).await
    }

    /// Where the links come from, each link once.
    ///
    /// # Errors
    /// [`RelayEnded`].
    pub async fn peers(&self) -> Result<Vec<IpAddr>, RelayEnded> {
        self.ask(Order::Peers).await
    }

    /// Ends these sessions and tells them why; how many there were.
    ///
    /// # Errors
    /// [`RelayEnded`].
    pub async fn end(&self, which: Which, reason: bye::Reason) -> Result<u64, RelayEnded> {
        self.ask(|reply| Order::End { which, reason, reply }).await
    }

    /// Goes by these from now on.
    ///
    /// # Errors
    /// [`RelayEnded`].
    pub async fn set(&self, settings: Settings, bounds: Bounds) -> Result<(), RelayEnded> {
        self.ask(|reply| Order::Settings { settings, bounds, reply }).await
    }

    /// Where it tells what happens.
    pub fn events(&self) -> &Events {
        &self.events
    }

    async fn ask<T>(&self, order: impl FnOnce(oneshot::Sender<T>) -> Order) -> Result<T, RelayEnded> {
        let (reply, answer) = oneshot::channel();
        self.orders.send(Box::new(order(reply))).map_err(|_| RelayEnded)?;
        answer.await.map_err(|_| RelayEnded)
    }
}

//! The task that owns all sessions and rooms. It carries bytes to `chatter_protocol`'s server and carries out what
//! that says; nothing is decided here.
//!
//! **In** openings and up tokens from the door, closed links, the operator's wishes. **Out** bytes into outboxes,
//! confirmations to the ledger. **Never** an answer to a stranger: nobody on the port waits for this task but a member
//! whose token was recognised.

pub mod live_tags;
pub mod outbox;

use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use chatter_proto::relay::bye;
use chatter_protocol::ids::{LinkId, RoomId, SessionId};
use chatter_protocol::server::bounds::Origin;
use chatter_protocol::server::gatekeeper::{GateId, Recognised};
use chatter_protocol::server::session::State;
use chatter_protocol::server::{EndReason, Output, Server, SessionInfo};
use chatter_protocol::time::Time;
use tokio::sync::{mpsc, oneshot};

use crate::access::{SharedGatekeeper, SharedLedger, lock, wall_now};
use crate::journal;
use crate::ledger::Address;
use crate::source::Source;
use live_tags::LiveTags;
use outbox::Outbox;

/// How the rest of the daemon reaches the relay.
#[derive(Clone, Debug)]
pub struct Handle {
    orders: mpsc::UnboundedSender<Order>,
    ups: mpsc::Sender<Box<Up>>,
    live_tags: Arc<LiveTags>,
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
    /// Its newest link's address.
    pub address: Option<IpAddr>,
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
    /// Those that sit in this room.
    In(RoomId),
}

enum Order {
    Open(Box<Open>),
    Closed(LinkId),
    Sessions(oneshot::Sender<Vec<SessionView>>),
    Counts(oneshot::Sender<Counts>),
    Rooms(oneshot::Sender<Vec<(RoomId, usize)>>),
    Peers(oneshot::Sender<Vec<IpAddr>>),
    End { which: Box<Which>, reason: bye::Reason, reply: oneshot::Sender<u64> },
    CloseGate { gate: GateId, reply: oneshot::Sender<u64> },
    ForgetRetired,
}

// Channels and tables keep the bytes of what was taken out of them. What says who came with which token or where goes through
// them in boxes, which are wiped when they are given back.

struct Open {
    recognised: Recognised,
    room_left: u64,
    source: Source,
    reply: oneshot::Sender<(LinkId, Arc<Outbox>)>,
}

#[derive(Debug)]
struct Up {
    token: Vec<u8>,
    source: Source,
}

struct Link {
    outbox: Arc<Outbox>,
    source: Source,
}

/// The task's state.
pub struct Relay {
    server: Server,
    gatekeeper: SharedGatekeeper,
    ledger: SharedLedger,
    orders: mpsc::UnboundedReceiver<Order>,
    ups: mpsc::Receiver<Box<Up>>,
    live_tags: Arc<LiveTags>,
    links: HashMap<LinkId, Box<Link>>,
    // Where each confirmed session comes from: what the ledger was told, to be taken back at its end.
    members: HashMap<SessionId, Box<Source>>,
    next_link: u64,
    // Under it addresses are hashed, so that none outlives its use.
    key: RandomState,
    start: Instant,
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
        self.orders.send(Order::Open(Box::new(Open { recognised, room_left, source, reply }))).ok()?;
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
        let _ = self.orders.send(Order::Closed(link));
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
        let _ = self.orders.send(Order::ForgetRetired);
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
        self.ask(|reply| Order::End { which: Box::new(which), reason, reply }).await
    }

    async fn ask<T>(&self, order: impl FnOnce(oneshot::Sender<T>) -> Order) -> Result<T, RelayEnded> {
        let (reply, answer) = oneshot::channel();
        self.orders.send(order(reply)).map_err(|_| RelayEnded)?;
        answer.await.map_err(|_| RelayEnded)
    }
}

/// A relay over `server`, and how to reach it; it lives while [`Relay::run`] runs.
pub fn relay(server: Server, gatekeeper: SharedGatekeeper, ledger: SharedLedger) -> (Handle, Relay) {
    let (orders, orders_in) = mpsc::unbounded_channel();
    let (ups, ups_in) = mpsc::channel(UPS_WAITING_MAX);
    let live_tags = Arc::<LiveTags>::default();
    let relay = Relay {
        server,
        gatekeeper,
        ledger,
        orders: orders_in,
        ups: ups_in,
        live_tags: Arc::clone(&live_tags),
        links: HashMap::new(),
        members: HashMap::new(),
        next_link: 0,
        key: RandomState::new(),
        start: Instant::now(),
    };
    (Handle { orders, ups, live_tags }, relay)
}

impl Relay {
    /// Runs until all handles are gone.
    pub async fn run(mut self) {
        loop {
            let wake = self
                .server
                .poll_timeout()
                .map(|time| tokio::time::Instant::from_std(self.start + time.saturating_since(Time::ZERO)));
            tokio::select! {
                order = self.orders.recv() => match order {
                    Some(order) => self.obey(order),
                    None => return,
                },
                Some(up) = self.ups.recv() => self.up(&up),
                () = sleep_until(wake) => {}
            }
            self.take_waiting();
            let renewals = self.server.renewals();
            self.server.handle_timeout(self.now());
            self.carry_out();
            if self.server.renewals() != renewals {
                self.live_tags.renew();
                self.forget_retired();
            }
        }
    }

    /// What has come meanwhile is taken in the same turn, so that each member gets one write for all of it.
    fn take_waiting(&mut self) {
        for _ in 0..TURN_MAX {
            if let Ok(up) = self.ups.try_recv() {
                self.up(&up);
            } else if let Ok(order) = self.orders.try_recv() {
                self.obey(order);
            } else {
                return;
            }
        }
    }

    fn up(&mut self, up: &Up) {
        if !self.server.up(&up.token, self.now())
            && let Some(address) = up.source.address()
        {
            let ban = lock(&self.ledger).knock(address, wall_now());
            ban.iter().for_each(journal::ban);
        }
    }

    fn obey(&mut self, order: Order) {
        let now = self.now();
        match order {
            Order::Open(mut open) => {
                open.recognised.origin = open.source.address().and_then(|address| self.origin(address));
                let link = LinkId(self.next_link);
                self.next_link += 1;
                if self.server.open(link, &open.recognised, open.room_left, now) {
                    let outbox = Arc::new(Outbox::default());
                    self.links
                        .insert(link, Box::new(Link { outbox: Arc::clone(&outbox), source: open.source }));
                    // Message 2 and the first record go out in the body's first write.
                    self.carry_out();
                    if open.reply.send((link, outbox)).is_err() {
                        self.close(link);
                    }
                }
            }
            Order::Closed(link) => self.close(link),
            Order::Sessions(reply) => {
                let _ = reply.send(self.views());
            }
            Order::Counts(reply) => {
                let _ = reply.send(self.counts());
            }
            Order::Rooms(reply) => {
                let _ = reply.send(self.server.relay().occupied().collect());
            }
            Order::Peers(reply) => {
                let _ = reply.send(self.links.values().filter_map(|link| link.source.address()).collect());
            }
            Order::End { which, reason, reply } => {
                let ending = self.sessions(*which);
                let ended = self.server.end_where(|id| ending.contains(&id), reason, now);
                self.carry_out();
                let _ = reply.send(ended);
            }
            Order::CloseGate { gate, reply } => {
                let ended = self.server.close_gate(gate, now);
                self.carry_out();
                let _ = reply.send(ended);
            }
            Order::ForgetRetired => self.forget_retired(),
        }
    }

    /// Who shares an address is bounded together, but for exempt ones: a proxy stands there, or the operator's friends.
    fn origin(&self, peer: IpAddr) -> Option<Origin> {
        let address = Address::from(peer);
        let exempt = lock(&self.ledger).is_exempt(address);
        (!exempt).then(|| Origin(self.key.hash_one(address)))
    }

    fn sessions(&self, which: Which) -> BTreeSet<SessionId> {
        match which {
            Which::All => self.server.sessions().map(|info| info.session).collect(),
            Which::In(room) => self.server.relay().sessions_in(room),
            Which::From(address) => {
                let from_here = |source: &Source| source.address().map(Address::from) == Some(address);
                let links = self.links.iter().filter(|(_, link)| from_here(&link.source));
                let linked = links.filter_map(|(link, _)| self.server.session_of(*link));
                let members = self.members.iter().filter(|(_, source)| from_here(source)).map(|(id, _)| *id);
                linked.chain(members).collect()
            }
        }
    }

    fn close(&mut self, link: LinkId) {
        self.links.remove(&link);
        self.server.link_closed(link, self.now());
    }

    fn carry_out(&mut self) {
        while let Some(output) = self.server.poll_output() {
            match output {
                Output::Write { link, bytes } => self.outbox(link, |outbox| outbox.put(bytes)),
                Output::Exhausted { link } => self.outbox(link, Outbox::exhaust),
                Output::Close { link } => {
                    self.outbox(link, Outbox::close);
                    self.links.remove(&link);
                }
                Output::Confirmed { session, link } => self.confirmed(session, link),
                Output::Tags { left, joined } => self.live_tags.change(&left, &joined),
                Output::Ended { session, reason } => self.ended(session, reason),
            }
        }
    }

    fn outbox(&self, link: LinkId, act: impl FnOnce(&Outbox)) {
        if let Some(link) = self.links.get(&link) {
            act(&link.outbox);
        }
    }

    fn confirmed(&mut self, session: SessionId, link: LinkId) {
        let Some(source) = self.links.get(&link).map(|link| link.source) else { return };
        let before = self.members.insert(session, Box::new(source));
        let mut ledger = lock(&self.ledger);
        if let Some(address) = source.address() {
            ledger.confirmed(address);
        }
        if let Some(address) = before.and_then(|before| before.address()) {
            ledger.session_ended(address);
        }
    }

    fn ended(&mut self, session: SessionId, reason: EndReason) {
        if let Some(address) = self.members.remove(&session).and_then(|source| source.address()) {
            let mut ledger = lock(&self.ledger);
            ledger.session_ended(address);
            if reason == EndReason::Quit {
                ledger.forget(address.into());
            }
        }
        self.forget_retired();
    }

    fn forget_retired(&self) {
        lock(&self.gatekeeper).forget_retired(|gate: GateId| self.server.uses_gate(gate));
    }

    fn views(&self) -> Vec<SessionView> {
        let now = self.now();
        self.server
            .sessions()
            .map(|info| SessionView {
                address: info.link.and_then(|link| self.links.get(&link)?.source.address()),
                age: now.saturating_since(info.opened_at),
                info,
            })
            .collect()
    }

    fn counts(&self) -> Counts {
        let mut counts = Counts {
            rooms: self.server.relay().rooms() as u64,
            members: self.server.relay().memberships() as u64,
            deliveries: self.server.delivered(),
            ..Counts::default()
        };
        for info in self.server.sessions() {
            match info.state {
                State::Opened => counts.opened += 1,
                State::Confirmed => counts.confirmed += 1,
                State::Detached => counts.detached += 1,
            }
        }
        counts
    }

    fn now(&self) -> Time {
        Time::from_start(self.start.elapsed())
    }
}

async fn sleep_until(wake: Option<tokio::time::Instant>) {
    match wake {
        Some(wake) => tokio::time::sleep_until(wake).await,
        None => std::future::pending().await,
    }
}

/// Tokens that wait for the relay; the next ones are dropped, which members make good.
const UPS_WAITING_MAX: usize = 4096;
/// How much is taken in one turn before members get their share.
const TURN_MAX: usize = 512;

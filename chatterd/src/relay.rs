//! The task that owns all sessions and rooms. It carries bytes to `chatter_protocol`'s server and carries out what
//! that says; nothing is decided here.
//!
//! **In** openings and up tokens from the door, closed links, the operator's wishes. **Out** bytes into outboxes,
//! confirmations to the ledger. **Never** an answer to a stranger: nobody on the port waits for this task but a member
//! whose token was recognised.

pub mod handle;
pub mod live_tags;
pub mod outbox;

use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::time::Instant;

use chatter_protocol::ids::{LinkId, SessionId};
use chatter_protocol::server::bounds::Origin;
use chatter_protocol::server::gatekeeper::GateId;
use chatter_protocol::server::session::State;
use chatter_protocol::server::{EndReason, Output, Server};
use chatter_protocol::time::Time;
use tokio::sync::mpsc;

use crate::access::{SharedGatekeeper, lock};
use crate::events::{Event, Events, SessionChange};
use crate::ledger::Address;
use crate::source::Source;
use crate::tally::Tally;
use handle::{Order, Up};
use live_tags::LiveTags;
use outbox::Outbox;

pub use handle::{Counts, Handle, NotTaken, RelayEnded, SessionView, Which};

struct Link {
    outbox: Arc<Outbox>,
    source: Source,
}

/// The task's state.
pub struct Relay {
    server: Server,
    gatekeeper: SharedGatekeeper,
    tally: Tally,
    orders: mpsc::UnboundedReceiver<Box<Order>>,
    ups: mpsc::Receiver<Box<Up>>,
    live_tags: Arc<LiveTags>,
    events: Events,
    links: HashMap<LinkId, Box<Link>>,
    // Where each confirmed session comes from: what the ledger was told, to be taken back at its end.
    members: HashMap<SessionId, Box<Source>>,
    next_link: u64,
    // Under it addresses are hashed, so that none outlives its use.
    key: RandomState,
    start: Instant,
}

/// A relay over `server`, and how to reach it; it lives while [`Relay::run`] runs.
pub fn relay(server: Server, gatekeeper: SharedGatekeeper, tally: Tally) -> (Handle, Relay) {
    let (orders, orders_in) = mpsc::unbounded_channel();
    let (ups, ups_in) = mpsc::channel(UPS_WAITING_MAX);
    let live_tags = Arc::<LiveTags>::default();
    let events = Events::default();
    let relay = Relay {
        server,
        gatekeeper,
        tally,
        orders: orders_in,
        ups: ups_in,
        live_tags: Arc::clone(&live_tags),
        events: events.clone(),
        links: HashMap::new(),
        members: HashMap::new(),
        next_link: 0,
        key: RandomState::new(),
        start: Instant::now(),
    };
    (Handle { orders, ups, live_tags, events }, relay)
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
        if !self.server.up(&up.token, self.now()) {
            self.tally.knock(up.source);
        }
    }

    fn obey(&mut self, order: Box<Order>) {
        let now = self.now();
        match *order {
            Order::Open(mut open) => {
                open.recognised.origin = self.origin(open.source);
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
                let ending = self.sessions(which);
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
            Order::Settings { settings, bounds, reply } => {
                self.server.set_settings(settings);
                self.server.set_bounds(bounds);
                let _ = reply.send(());
            }
        }
    }

    /// Who shares an address is bounded together, but for exempt ones: a proxy stands there, or the operator's friends.
    fn origin(&self, source: Source) -> Option<Origin> {
        match source {
            Source::Address(peer) => {
                let address = Address::from(peer);
                let exempt = lock(self.tally.ledger()).is_exempt(address);
                (!exempt).then(|| Origin(self.key.hash_one(address)))
            }
            Source::Circuit(circuit) => Some(Origin(self.key.hash_one(circuit))),
            Source::Local => None,
        }
    }

    fn sessions(&self, which: Which) -> BTreeSet<SessionId> {
        match which {
            Which::All => self.server.sessions().map(|info| info.session).collect(),
            Which::One(session) => {
                self.server.sessions().map(|info| info.session).filter(|id| *id == session).collect()
            }
            Which::In(room) => self.server.relay().sessions_in(room),
            Which::From(_) | Which::By(_) => {
                let from_here = |source: &Source| match which {
                    Which::From(address) => source.address().map(Address::from) == Some(address),
                    Which::By(circuit) => source.circuit() == Some(circuit),
                    Which::All | Which::One(_) | Which::In(_) => false,
                };
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
        let change = if before.is_some() { SessionChange::CameBack } else { SessionChange::Came };
        self.events.tell(|| Event::Session { number: session.0, change });
        self.tally.confirmed(source);
        if let Some(before) = before {
            self.tally.session_ended(*before, false);
        }
    }

    fn ended(&mut self, session: SessionId, reason: EndReason) {
        let member = self.members.remove(&session);
        if member.is_some() {
            let change = match reason {
                EndReason::Quit | EndReason::Unconfirmed | EndReason::Silence => SessionChange::Left,
                EndReason::TooSlow | EndReason::BrokeRules | EndReason::Operator(_) => SessionChange::Ended,
            };
            self.events.tell(|| Event::Session { number: session.0, change });
        }
        if let Some(source) = member {
            self.tally.session_ended(*source, reason == EndReason::Quit);
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
                source: info.link.and_then(|link| Some(self.links.get(&link)?.source)),
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

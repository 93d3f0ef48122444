//! The daemon's side: sessions under their tags and handles, and the relay above them.
//!
//! ```text
//! recognised opening ─▶ open ─┐                       ┌─▶ Output::Write, to links
//! up token ───────────▶ up  ──┼─▶ session ─▶ relay ───┤
//! broken connection ──▶ link_closed                   └─▶ Output::Confirmed, Ended, Close
//! ```
//!
//! **In** recognised tokens, up tokens, closed connections, the time. **Out** [`Output`]s, drained by
//! [`Server::poll_output`]; sealing happens there, so what one turn of the caller brought goes out in one write per
//! member. **Never** a socket, an address, or an answer to a stranger.
//!
//! docs/protocol.md §3–6.

mod admission;
pub mod bounds;
mod closed;
pub mod gatekeeper;
mod openings;
mod output;
pub mod relay;
pub mod session;

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;

use chatter_proto::relay::{Bye, ClientFrame, RelayFrame, Visit, bye, client_frame, relay_frame};

pub use self::output::{EndReason, Held, Output, SessionInfo, Settings};

use self::bounds::Bounds;
use self::closed::Closed;
use self::gatekeeper::GateId;
use self::openings::Openings;
use self::relay::Relay;
use self::session::{Link, Session, State};
use crate::access::{CarrierPath, ServerSecret};
use crate::chaff::Chaff;
use crate::entropy::Entropy;
use crate::frame::{self, wide};
use crate::handshake::Handle;
use crate::ids::{LinkId, SessionId};
use crate::limits;
use crate::record;
use crate::tag::Tag;
use crate::time::Time;

/// All sessions and rooms.
pub struct Server {
    secret: ServerSecret,
    carrier_path: CarrierPath,
    settings: Settings,
    bounds: Bounds,
    visits: Vec<Visit>,
    entropy: Entropy,
    openings: Openings,
    closed: Closed,
    relay: Relay,
    sessions: BTreeMap<SessionId, Session>,
    opened: u64,
    delivered: u64,
    tags: BTreeMap<Tag, (SessionId, LinkId, u32)>,
    handles: BTreeMap<Handle, SessionId>,
    links: BTreeMap<LinkId, SessionId>,
    // When each session next wants the time. May be too early, never too late.
    alarms: BTreeSet<(Time, SessionId)>,
    alarm_of: BTreeMap<SessionId, Time>,
    lingering: BTreeSet<(Time, LinkId)>,
    unflushed: BTreeSet<SessionId>,
    outputs: VecDeque<Output>,
    // When the tables are to be made anew, since somebody is gone; and when they may be next.
    renew_at: Option<Time>,
    renew_next: Time,
    renewals: u64,
    now: Time,
}

impl Server {
    /// A server without sessions. `visits` is what clients may ask for on their way up.
    pub fn new(
        secret: ServerSecret,
        carrier_path: CarrierPath,
        visits: Vec<Visit>,
        settings: Settings,
        entropy: Entropy,
    ) -> Self {
        let relay = Relay::new(settings.relay).of_server(secret.key());
        Self {
            secret,
            carrier_path,
            settings,
            bounds: Bounds::default(),
            visits,
            entropy,
            openings: Openings::default(),
            closed: Closed::default(),
            relay,
            sessions: BTreeMap::new(),
            opened: 0,
            delivered: 0,
            tags: BTreeMap::new(),
            handles: BTreeMap::new(),
            links: BTreeMap::new(),
            alarms: BTreeSet::new(),
            alarm_of: BTreeMap::new(),
            lingering: BTreeSet::new(),
            unflushed: BTreeSet::new(),
            outputs: VecDeque::new(),
            renew_at: None,
            renew_next: Time::ZERO,
            renewals: 0,
            now: Time::ZERO,
        }
    }

    /// Bounds what may be taken from now on.
    pub fn set_bounds(&mut self, bounds: Bounds) {
        self.bounds = bounds;
    }

    /// A token came upwards. True: it was live, and counted. False: it was none of ours.
    pub fn up(&mut self, token: &[u8], now: Time) -> bool {
        self.now = now;
        let Some((tag, sealed)) = record::split_up(token) else { return false };
        let Some(&(id, link_id, index)) = self.tags.get(tag) else { return false };
        let Some(session) = self.sessions.get_mut(&id) else { return false };
        let Some(link) = session.link_mut(link_id) else { return false };
        let Some(batch) = link.window.key(index).and_then(|key| record::open_up(tag, key, sealed)) else {
            return false;
        };
        let (left, joined) = link.window.accept(index);
        let confirmation = session.confirm(link_id, now);
        session.receive(link_id, batch, now);
        self.change_tags(left, joined.into_iter().map(|(index, tag)| (tag, (id, link_id, index))).collect());
        if let Some(confirmation) = confirmation {
            if let Some(replaced) = confirmation.replaced {
                self.forget_link(&replaced);
            }
            self.outputs.push_back(Output::Confirmed { session: id, link: link_id });
        }
        self.touch(id);
        self.take_frames(id);
        self.deliver();
        true
    }

    /// The link's connection is gone, or is of no more use.
    pub fn link_closed(&mut self, link: LinkId, now: Time) {
        self.now = now;
        self.lingering.retain(|(_, lingering)| *lingering != link);
        let Some(id) = self.links.get(&link).copied() else { return };
        if let Some(session) = self.sessions.get_mut(&id) {
            session.link_closed(link, now);
            self.set_alarm(id);
        }
    }

    /// Lets time pass: chaff, dead links, sessions that outlived their patience.
    pub fn handle_timeout(&mut self, now: Time) {
        self.now = now;
        while let Some((time, link)) = self.lingering.first().copied() {
            if time > now {
                break;
            }
            self.lingering.remove(&(time, link));
            self.outputs.push_back(Output::Close { link });
        }
        while let Some((time, id)) = self.alarms.first().copied() {
            if time > now {
                break;
            }
            self.alarms.remove(&(time, id));
            self.alarm_of.remove(&id);
            self.wake(id);
        }
        self.deliver();
        if self.closed.expire(now) {
            self.renew_soon();
        }
        if self.openings.next().is_some_and(|time| time <= now) {
            self.openings.forget(now);
        }
        if self.renew_at.is_some_and(|time| time <= now) {
            self.renew_tables();
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) next has something to do.
    pub fn poll_timeout(&self) -> Option<Time> {
        let alarm = self.alarms.first().map(|(time, _)| *time);
        let linger = self.lingering.first().map(|(time, _)| *time);
        let forget = self.closed.next().into_iter().chain(self.openings.next());
        alarm.into_iter().chain(linger).chain(self.renew_at).chain(forget).min()
    }

    /// How often the tables were made anew since somebody was gone, or a closed gate forgotten. Who keeps tables beside
    /// them renews those then.
    pub fn renewals(&self) -> u64 {
        self.renewals
    }

    /// The next thing to do; to be called until there is none.
    pub fn poll_output(&mut self) -> Option<Output> {
        if self.outputs.is_empty() {
            while let Some(id) = self.unflushed.pop_first() {
                self.flush(id);
            }
        }
        self.outputs.pop_front()
    }

    /// Ends all sessions, and says why.
    pub fn end_all(&mut self, reason: bye::Reason, now: Time) {
        self.end_where(|_| true, reason, now);
    }

    /// Ends these sessions, and tells them why; how many there were.
    pub fn end_where(&mut self, which: impl Fn(SessionId) -> bool, reason: bye::Reason, now: Time) -> u64 {
        self.now = now;
        let ending: Vec<SessionId> = self.sessions.keys().copied().filter(|id| which(*id)).collect();
        for id in &ending {
            self.end(*id, EndReason::Operator(reason));
        }
        self.deliver();
        wide(ending.len())
    }

    /// Ends the sessions that came by this gate; how many there were. None comes by it any more, and who was away is told
    /// so when he comes to resume.
    pub fn close_gate(&mut self, gate: GateId, now: Time) -> u64 {
        let sessions = self.sessions.iter().filter(|(_, session)| session.gate == gate);
        let sessions: BTreeSet<SessionId> = sessions.map(|(id, _)| *id).collect();
        self.closed.close(gate, now + self.settings.grace + limits::GATE_FAREWELL);
        for link in sessions.iter().filter_map(|id| self.sessions.get(id)).flat_map(Session::links) {
            self.closed.remember(link.handle, gate);
        }
        self.end_where(|id| sessions.contains(&id), bye::Reason::GateRetired, now)
    }

    /// Whether a session came by this gate, or there is somebody left to be told that it is closed.
    pub fn uses_gate(&self, gate: GateId) -> bool {
        self.closed.contains(gate) || self.sessions.values().any(|session| session.gate == gate)
    }

    /// The session that a link belongs to.
    pub fn session_of(&self, link: LinkId) -> Option<SessionId> {
        self.links.get(&link).copied()
    }

    /// What can be said of each session.
    pub fn sessions(&self) -> impl Iterator<Item = SessionInfo> {
        self.sessions.iter().map(|(id, session)| SessionInfo {
            session: *id,
            state: session.state(),
            gate: session.gate,
            opened_at: session.opened_at,
            rooms: self.relay.rooms_of(*id),
            queued: session.queued(),
            link: session.links().last().map(|link| link.id),
        })
    }

    /// How much is held, entry by entry; nothing once the last session is gone.
    pub fn held(&self) -> Held {
        Held {
            sessions: self.sessions.len(),
            links: self.links.len(),
            handles: self.handles.len(),
            tags: self.tags.len(),
            alarms: self.alarms.len().max(self.alarm_of.len()),
            lingering: self.lingering.len(),
            seats: self.relay.memberships(),
        }
    }

    /// The rooms.
    pub fn relay(&self) -> &Relay {
        &self.relay
    }

    /// Messages handed to members since the start.
    pub fn delivered(&self) -> u64 {
        self.delivered
    }

    fn change_tags(&mut self, left: Vec<Tag>, joined: Vec<(Tag, (SessionId, LinkId, u32))>) {
        for tag in &left {
            self.tags.remove(tag);
        }
        let awaited = joined.iter().map(|(tag, _)| *tag).collect();
        self.tags.extend(joined);
        self.outputs.push_back(Output::Tags { left, joined: awaited });
    }

    /// Erases a link's tags and handle; its connection closes soon, the client's side first.
    fn forget_link(&mut self, link: &Link) {
        let left = link.window.tags().map(|(_, tag)| tag).collect();
        self.change_tags(left, Vec::new());
        self.handles.remove(&link.handle);
        self.links.remove(&link.id);
        if link.live {
            self.lingering.insert((self.now + limits::LINGER, link.id));
        }
    }

    fn take_frames(&mut self, id: SessionId) {
        while let Some(session) = self.sessions.get_mut(&id) {
            match session.frames.next_frame::<ClientFrame>() {
                Ok(None) => return,
                Ok(Some(ClientFrame { frame: Some(client_frame::Frame::Quit(_)) })) => {
                    // What it said before is acknowledged before the Bye.
                    self.deliver();
                    self.end(id, EndReason::Quit);
                }
                Ok(Some(ClientFrame { frame: Some(client_frame::Frame::Chaff(asked)) })) => {
                    // A rate of a later version is none that this one has.
                    if let Some(chaff) = Chaff::from_frame(asked.rate()) {
                        session.set_chaff(chaff.min(self.settings.chaff_most), self.now);
                    }
                }
                Ok(Some(ClientFrame { frame: Some(frame) })) => self.relay.receive(id, frame),
                Ok(Some(ClientFrame { frame: None })) | Err(_) => self.end(id, EndReason::BrokeRules),
            }
        }
    }

    /// Puts what the relay has for members onto their streams; cuts those who don't read.
    fn deliver(&mut self) {
        while let Some(delivery) = self.relay.poll_output() {
            let Some(session) = self.sessions.get_mut(&delivery.session) else { continue };
            if matches!(delivery.frame, relay_frame::Frame::Message(_)) {
                self.delivered += 1;
            }
            push_frame(session, delivery.frame);
            if session.queued() > self.bounds.queue_len_max {
                self.end(delivery.session, EndReason::TooSlow);
            } else {
                self.unflushed.insert(delivery.session);
            }
        }
    }

    fn end(&mut self, id: SessionId, reason: EndReason) {
        self.relay.session_ended(id);
        let Some(mut session) = self.sessions.remove(&id) else { return };
        let said = match reason {
            EndReason::Quit => Some(bye::Reason::Quit),
            EndReason::TooSlow => Some(bye::Reason::TooSlow),
            EndReason::BrokeRules => Some(bye::Reason::BrokeRules),
            EndReason::Operator(reason) => Some(reason),
            EndReason::Unconfirmed | EndReason::Silence => None,
        };
        if let Some(reason) = said {
            push_frame(&mut session, relay_frame::Frame::Bye(Bye { reason: reason.into() }));
            for flushed in session.flush_all(self.now, &mut self.entropy) {
                self.put_out(flushed);
            }
        }
        for link in session.links() {
            self.forget_link(link);
        }
        self.unflushed.remove(&id);
        if let Some(time) = self.alarm_of.remove(&id) {
            self.alarms.remove(&(time, id));
        }
        self.outputs.push_back(Output::Ended { session: id, reason });
        self.renew_soon();
    }

    fn renew_soon(&mut self) {
        self.renew_at.get_or_insert(self.now.max(self.renew_next));
    }

    /// A table keeps the bytes of what was taken out of it until others come to stand there. Made anew, it gives all of
    /// its memory back, where an allocator can wipe it.
    fn renew_tables(&mut self) {
        self.renew_at = None;
        self.renewals += 1;
        self.renew_next = self.now + limits::RENEWAL_PAUSE;
        renew(&mut self.sessions);
        renew(&mut self.tags);
        renew(&mut self.handles);
        renew(&mut self.links);
        self.openings.forget(self.now);
        self.outputs.shrink_to_fit();
        self.relay.renew_tables();
    }

    fn wake(&mut self, id: SessionId) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let (silent, over) = session.expired(self.settings.grace, self.now);
        let state = session.state();
        for link in silent {
            self.outputs.push_back(Output::Close { link });
        }
        if over {
            let reason = if state == State::Opened { EndReason::Unconfirmed } else { EndReason::Silence };
            self.end(id, reason);
        } else {
            self.touch(id);
        }
    }

    /// Something changed: flush later, and look again at the right time.
    fn touch(&mut self, id: SessionId) {
        self.unflushed.insert(id);
        self.set_alarm(id);
    }

    fn set_alarm(&mut self, id: SessionId) {
        let Some(session) = self.sessions.get(&id) else { return };
        let deadline = session.deadline(self.settings.grace);
        match self.alarm_of.get(&id) {
            Some(set) if *set <= deadline => return,
            Some(set) => {
                self.alarms.remove(&(*set, id));
            }
            None => {}
        }
        self.alarms.insert((deadline, id));
        self.alarm_of.insert(id, deadline);
    }

    fn flush(&mut self, id: SessionId) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        for flushed in session.flush(self.now, &mut self.entropy) {
            self.put_out(flushed);
        }
        self.set_alarm(id);
    }

    fn put_out(&mut self, flushed: session::Flushed) {
        let link = flushed.link;
        self.write(link, flushed.records);
        if flushed.exhausted {
            self.outputs.push_back(Output::Exhausted { link });
        }
    }

    fn write(&mut self, link: LinkId, bytes: Vec<u8>) {
        if !bytes.is_empty() {
            self.outputs.push_back(Output::Write { link, bytes });
        }
    }
}

pub(super) fn renew<K: Ord, V>(table: &mut BTreeMap<K, V>) {
    *table = core::mem::take(table).into_iter().collect();
}

fn push_frame(session: &mut Session, frame: relay_frame::Frame) {
    frame::push(&RelayFrame { frame: Some(frame) }, session.down());
}

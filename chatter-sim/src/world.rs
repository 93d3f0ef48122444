//! A world in memory: one host, its clients, and what lies between them; time passes from event to event.
//!
//! **In** what clients say, how long to run. **Out** what each was told. **Never** a machine asked in vain: one that
//! wants the time again and again at one instant would keep a processor busy for nothing.

use std::time::Duration;

use chatter_proto::relay::client_frame;
use chatter_protocol::access::AccessCode;
use chatter_protocol::client::{self, Session};
use chatter_protocol::ids::LinkId;
use chatter_protocol::limits;
use chatter_protocol::replay::Past;
use chatter_protocol::server;
use chatter_protocol::time::{Time, WallTime};

use crate::dice::Dice;
use crate::host::Host;
use crate::network::{Event, Network};
use crate::peer::Peer;

/// Everything there is.
#[expect(missing_debug_implementations, reason = "sessions do not show their secrets")]
pub struct World {
    /// The server's machine.
    pub host: Host,
    /// Clients, in the order in which they came.
    pub peers: Vec<Peer>,
    /// What lies between.
    pub network: Network,
    /// What the server's processes told, bytes and tags aside.
    pub server_outputs: Vec<server::Output>,
    /// What happened, if it is to be told: see [`tell`](Self::tell).
    pub story: Option<Vec<String>>,
    clock: Duration,
    host_woken: (Duration, u32),
    deliveries: u64,
}

impl World {
    /// A world that `seed` determines.
    pub fn new(seed: u64) -> Self {
        Self::with(Dice::seeded(seed))
    }

    /// A world that these dice determine.
    pub fn with(mut dice: Dice) -> Self {
        Self {
            host: Host::new(dice.entropy()),
            peers: Vec::new(),
            network: Network::new(dice),
            server_outputs: Vec::new(),
            story: None,
            clock: Duration::ZERO,
            host_woken: (Duration::ZERO, 0),
            deliveries: 0,
        }
    }

    /// The time since the world began.
    pub fn clock(&self) -> Duration {
        self.clock
    }

    /// The clients' steady clock.
    pub fn now(&self) -> Time {
        Time::from_start(self.clock)
    }

    /// The server's wall clock.
    pub fn wall(&self) -> WallTime {
        self.host.wall(self.clock)
    }

    /// A client with the server's own code and a clock that is right.
    pub fn join(&mut self) -> usize {
        self.join_peer(&self.host.code.clone(), 0)
    }

    /// A client with this code, whose wall clock is off by so many seconds.
    pub fn join_peer(&mut self, code: &AccessCode, wall_offset: i64) -> usize {
        let wall = self.host.wall_elsewhere(self.clock, wall_offset);
        let entropy = self.network.dice.entropy();
        self.peers.push(Peer::new(Session::new(code, entropy, self.now(), wall), wall_offset));
        self.peers.len() - 1
    }

    /// Lets a client say something to the relay.
    pub fn send(&mut self, peer: usize, frame: client_frame::Frame) {
        let now = self.now();
        self.peers[peer].session.send(frame, now);
    }

    /// Cuts all of a client's downloads.
    pub fn cut(&mut self, peer: usize) {
        self.network.cut(peer, self.clock);
        self.settle();
    }

    /// The process of the server is killed, and another one starts that knows nothing of it.
    pub fn crash(&mut self) {
        self.restart(Past::Unknown);
    }

    /// The process of the server stops as told, and the next one reads its note.
    pub fn stop_and_start(&mut self) {
        let now = self.host.now(self.clock);
        self.host.server.end_all(chatter_proto::relay::bye::Reason::Shutdown, now);
        self.settle();
        self.restart(Past::CleanStop(self.host.keeper.newest()));
    }

    /// What anybody can do: ask for the carrier with a cookie. The server's link, if the token was good.
    pub fn deliver_open(&mut self, cookie: &str) -> Option<LinkId> {
        // Numbers that the network never comes to.
        self.deliveries += 1;
        let link = LinkId(1 << 40 | self.deliveries);
        self.host.open(link, cookie, self.clock).then_some(link)
    }

    /// What anybody can do: send a cookie upwards. True if it counted.
    pub fn deliver_up(&mut self, cookie: &str) -> bool {
        self.host.up(cookie, self.clock)
    }

    /// Lets `duration` pass and everything happen that then does.
    pub fn run(&mut self, duration: Duration) {
        let end = self.clock + duration;
        self.network.release(self.clock);
        self.host_woken.1 = 0;
        self.peers.iter_mut().for_each(|peer| peer.woken.1 = 0);
        loop {
            self.settle();
            let Some(next) = self.next_at().filter(|next| *next <= end) else { break };
            self.clock = self.clock.max(next);
            self.wake();
        }
        self.clock = end;
        self.wake();
        self.settle();
    }

    /// Writes down what happens, where that is wanted.
    pub fn tell(&mut self, what: impl FnOnce() -> String) {
        if let Some(story) = &mut self.story {
            let what: String = what().chars().take(120).collect();
            story.push(format!("{:9.3} {what}", self.clock.as_secs_f64()));
        }
    }

    fn restart(&mut self, past: Past) {
        self.network.server_died(self.clock);
        self.host.restart(past, self.clock);
        self.settle();
    }

    fn next_at(&self) -> Option<Duration> {
        let host = self.host.server.poll_timeout().map(|time| self.host.clock_at(time));
        let host = host.map(|at| at.max(self.host.frozen_until));
        let peers = self.peers.iter().filter_map(|peer| {
            let at = peer.session.poll_timeout()?.saturating_since(Time::ZERO);
            Some(at.max(peer.asleep_until))
        });
        peers.chain(host).chain(self.network.next_at()).min()
    }

    fn wake(&mut self) {
        let clock = self.clock;
        let now = self.host.now(clock);
        if self.host.frozen_until <= clock && self.host.server.poll_timeout().is_some_and(|due| due <= now) {
            note_wake(&mut self.host_woken, clock);
            self.host.server.handle_timeout(now);
        }
        let now = self.now();
        for peer in &mut self.peers {
            if peer.asleep_until <= clock && peer.session.poll_timeout().is_some_and(|due| due <= now) {
                note_wake(&mut peer.woken, clock);
                let wall = self.host.wall_elsewhere(clock, peer.wall_offset);
                peer.session.handle_timeout(now, wall);
            }
        }
    }

    fn settle(&mut self) {
        for _ in 0..200_000 {
            let mut busy = self.drain_clients();
            busy |= self.drain_server();
            busy |= self.carry();
            if !busy {
                return;
            }
        }
        panic!("the world never comes to rest");
    }

    fn carry(&mut self) -> bool {
        let Some((number, event)) = self.network.next_due(self.clock) else { return false };
        if self.network.silent && matches!(event, Event::Open { .. } | Event::Up { .. }) {
            self.network.hold(event);
            return true;
        }
        let until = if event.is_for_server() {
            self.host.frozen_until
        } else {
            self.receiver(&event).map_or(Duration::ZERO, |peer| self.peers[peer].asleep_until)
        };
        if until > self.clock {
            self.network.put_off(number, until, event);
        } else {
            self.happen(event);
        }
        true
    }

    fn receiver(&self, event: &Event) -> Option<usize> {
        match event {
            Event::UpDone { peer, .. } => Some(*peer),
            Event::Head { connection, .. }
            | Event::Bytes { connection, .. }
            | Event::ClientClosed { connection } => self.network.listener(*connection).map(|(peer, _)| peer),
            Event::Open { .. } | Event::Up { .. } | Event::ServerClosed { .. } => None,
        }
    }

    fn happen(&mut self, event: Event) {
        if !matches!(event, Event::Bytes { .. }) {
            self.tell(|| format!("{event:?}"));
        }
        let (clock, now) = (self.clock, self.now());
        match event {
            Event::Open { connection, cookie } => {
                let date = self.wall();
                if self.host.open(connection, &cookie, clock) {
                    self.network.answer_head(connection, date, clock);
                } else {
                    self.network.answer_plainly(connection, date, clock);
                }
            }
            Event::Up { cookie, asker } => {
                self.host.up(&cookie, clock);
                if let Some((peer, up, answered)) = asker {
                    self.network.answer_upwards(peer, up, answered, clock);
                }
            }
            Event::UpDone { peer, up, answered } => {
                let known = &mut self.peers[peer];
                assert!(known.open_ups.remove(&up), "a request is over once");
                known.session.up_done(up, answered, now);
            }
            Event::Head { connection, answer } => {
                if let Some((peer, link)) = self.network.listener(connection) {
                    let wall = self.peer_wall(peer);
                    self.peers[peer].session.link_answered(link, &answer, now, wall);
                }
            }
            Event::Bytes { connection, bytes } => {
                if let Some((peer, link)) = self.network.listener(connection) {
                    let wall = self.peer_wall(peer);
                    self.peers[peer].session.link_received(link, &bytes, now, wall);
                }
            }
            Event::ClientClosed { connection } => {
                if let Some((peer, link)) = self.network.client_told(connection) {
                    let wall = self.peer_wall(peer);
                    self.peers[peer].open_links.remove(&link);
                    self.peers[peer].session.link_closed(link, now, wall);
                }
            }
            Event::ServerClosed { connection } => {
                if self.network.server_told(connection) {
                    let now = self.host.now(clock);
                    self.host.server.link_closed(connection, now);
                }
            }
        }
    }

    fn peer_wall(&self, peer: usize) -> WallTime {
        self.host.wall_elsewhere(self.clock, self.peers[peer].wall_offset)
    }

    fn drain_clients(&mut self) -> bool {
        let mut busy = false;
        for peer in 0..self.peers.len() {
            while let Some(output) = self.peers[peer].session.poll_output() {
                busy = true;
                self.client_output(peer, output);
            }
        }
        busy
    }

    fn client_output(&mut self, peer: usize, output: client::Output) {
        if !matches!(output, client::Output::Frame(_)) {
            self.tell(|| format!("peer {peer} wants {output:?}"));
        }
        let (clock, wall) = (self.clock, self.wall());
        let known = &mut self.peers[peer];
        assert_eq!(known.ended, None, "nothing comes after the end: {output:?}");
        match output {
            client::Output::Open { link, path, cookie } => {
                assert_eq!(path, self.host.code.carrier_path.as_str());
                assert!(known.open_links.insert(link), "a link is opened once");
                assert!(known.open_links.len() <= 2, "a client has one link and one newer");
                known.requests.push((path, cookie.clone()));
                self.network.ask_for_carrier(peer, link, cookie, clock, wall);
            }
            client::Output::Up { up, path, cookie, .. } => {
                assert!(known.open_ups.insert(up), "a token goes once");
                assert!(known.open_ups.len() <= limits::UP_REQUESTS_MAX, "six requests at once");
                known.requests.push((path, cookie.clone()));
                self.network.ask_upwards(peer, up, cookie, clock);
            }
            client::Output::Close { link } => {
                known.open_links.remove(&link);
                self.network.client_closes(peer, link, clock);
            }
            client::Output::Frame(frame) => known.frames.push(frame),
            client::Output::Connected => {
                assert!(!known.connected, "a session connects once");
                known.connected = true;
            }
            client::Output::Broken => known.broken += 1,
            client::Output::Resumed => {
                known.resumed += 1;
                assert_eq!(known.broken, known.resumed, "what is whole again was broken");
            }
            client::Output::Warning(text) => known.warnings.push(text),
            client::Output::Ended(end) => known.ended = Some(end),
        }
    }

    fn drain_server(&mut self) -> bool {
        let mut busy = false;
        while let Some(output) = self.host.server.poll_output() {
            busy = true;
            match &output {
                server::Output::Write { link, bytes } => self.network.send_down(*link, bytes, self.clock),
                server::Output::Exhausted { link } => {
                    // The rest of the file.
                    let rest = self.network.dice.filler(100);
                    self.network.send_down(*link, &rest, self.clock);
                    self.network.server_closes(*link, self.clock);
                }
                server::Output::Close { link } => self.network.server_closes(*link, self.clock),
                server::Output::Confirmed { .. }
                | server::Output::Tags { .. }
                | server::Output::Ended { .. } => {}
            }
            if !matches!(output, server::Output::Write { .. } | server::Output::Tags { .. }) {
                self.tell(|| format!("server: {output:?}"));
                self.server_outputs.push(output);
            }
        }
        busy
    }
}

/// Who is woken many times at one instant would be woken for ever.
fn note_wake(woken: &mut (Duration, u32), clock: Duration) {
    *woken = if woken.0 == clock { (clock, woken.1 + 1) } else { (clock, 1) };
    assert!(woken.1 < 50, "somebody wants the time again and again, at {clock:?}");
}

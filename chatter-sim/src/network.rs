//! What lies between clients and the server: requests on their way, downloads that break, copies, waits.
//!
//! **In** requests, bytes downwards, connections that an end gives up. **Out** events, each at its time. **Never**
//! bytes of one connection out of order, or a byte behind the place where it broke.

use std::collections::BTreeMap;
use std::time::Duration;

use chatter_protocol::client::{LinkAnswer, UpId};
use chatter_protocol::ids::LinkId;
use chatter_protocol::time::WallTime;

use crate::dice::Dice;
use crate::host::PREAMBLE;
use crate::weather::Weather;

/// Everything on its way.
#[derive(Debug)]
pub struct Network {
    /// What goes wrong.
    pub weather: Weather,
    /// What decides.
    pub dice: Dice,
    /// Requests wait on their way until this is over.
    pub silent: bool,
    /// A bit of what goes down, counted from the start of everything, that is flipped once.
    pub flip_down_bit: Option<usize>,
    queue: BTreeMap<(Duration, u64), Event>,
    held: Vec<Event>,
    connections: BTreeMap<LinkId, Connection>,
    next_event: u64,
    next_connection: u64,
}

/// Something that happens at one end.
#[derive(Debug)]
pub(crate) enum Event {
    /// A client's, or an observer's, request for the carrier arrives.
    Open { connection: LinkId, cookie: String },
    /// A request upwards arrives; who is to be told, if anybody, and whether he will be.
    Up { cookie: String, asker: Option<(usize, UpId, bool)> },
    /// A request upwards is over.
    UpDone { peer: usize, up: UpId, answered: bool },
    /// The head of a download arrives.
    Head { connection: LinkId, answer: LinkAnswer },
    /// Bytes of a download arrive.
    Bytes { connection: LinkId, bytes: Vec<u8> },
    /// The client hears that a download is over.
    ClientClosed { connection: LinkId },
    /// The server hears that a download is over.
    ServerClosed { connection: LinkId },
}

/// A connection that carries a download. The server knows its link by the same number.
#[derive(Debug)]
struct Connection {
    /// None: somebody else's, who shows the client nothing.
    owner: Option<(usize, LinkId)>,
    last_arrival: Duration,
    /// So many bytes go down before it breaks.
    breaks_after: Option<usize>,
    broken: bool,
    client_gone: bool,
    server_gone: bool,
}

impl Event {
    pub(crate) fn is_for_server(&self) -> bool {
        matches!(self, Self::Open { .. } | Self::Up { .. } | Self::ServerClosed { .. })
    }
}

impl Network {
    /// A network in good weather.
    pub fn new(dice: Dice) -> Self {
        Self {
            weather: Weather::default(),
            dice,
            silent: false,
            flip_down_bit: None,
            queue: BTreeMap::new(),
            held: Vec::new(),
            connections: BTreeMap::new(),
            next_event: 0,
            next_connection: 0,
        }
    }

    /// Loses the requests that are held back.
    pub fn forget_requests(&mut self) {
        self.held.clear();
    }

    pub(crate) fn ask_for_carrier(
        &mut self,
        peer: usize,
        client_link: LinkId,
        cookie: String,
        clock: Duration,
        server_wall: WallTime,
    ) {
        let connection = self.connect(Some((peer, client_link)), clock);
        if self.dice.chance(self.weather.refuse) {
            let at = clock + self.way();
            return self.close(connection, at, None);
        }
        if self.dice.chance(self.weather.cache_open) {
            let age = self.dice.below(7200).into();
            let date = WallTime(server_wall.0.saturating_sub(age));
            return self.answer_plainly(connection, date, clock);
        }
        if self.dice.chance(self.weather.cut) {
            let reach = [1, 160, 700, 5_000, 60_000][self.dice.below(5) as usize];
            let bytes = self.dice.below(reach) as usize;
            self.connections.entry(connection).and_modify(|known| known.breaks_after = Some(bytes));
        }
        let mut arrival = clock + self.way();
        if self.dice.chance(self.weather.twice) {
            // The first try is answered to nobody; the front gives it up later.
            self.copy_open(&cookie, arrival, Duration::from_secs(2));
            arrival += Duration::from_millis(1) + self.dice.up_to(Duration::from_secs(2));
        }
        if self.dice.chance(self.weather.steal) {
            let before = self.dice.chance(600);
            let late = self.dice.up_to(Duration::from_secs(30));
            self.copy_open(&cookie, if before { clock } else { arrival + late }, Duration::from_secs(40));
            arrival += Duration::from_millis(1);
        }
        self.put(arrival, Event::Open { connection, cookie });
    }

    pub(crate) fn ask_upwards(&mut self, peer: usize, up: UpId, cookie: String, clock: Duration) {
        let arrival = clock + self.way();
        if self.dice.chance(self.weather.lose_up) {
            return self.put(arrival, Event::UpDone { peer, up, answered: false });
        }
        if self.dice.chance(self.weather.cache_up) {
            return self.put(arrival, Event::UpDone { peer, up, answered: true });
        }
        for often in [self.weather.twice, self.weather.steal] {
            if self.dice.chance(often) {
                let late = self.dice.up_to(Duration::from_secs(5));
                let at = if self.dice.chance(500) { clock } else { arrival + late };
                self.put(at, Event::Up { cookie: cookie.clone(), asker: None });
            }
        }
        let answered = !self.dice.chance(self.weather.lose_up_answer);
        self.put(arrival, Event::Up { cookie, asker: Some((peer, up, answered)) });
    }

    pub(crate) fn answer_upwards(&mut self, peer: usize, up: UpId, answered: bool, clock: Duration) {
        let arrival = clock + self.way();
        self.put(arrival, Event::UpDone { peer, up, answered });
    }

    /// A file server's answer: what the file holds, as far as anybody cares.
    pub(crate) fn answer_plainly(&mut self, connection: LinkId, date: WallTime, clock: Duration) {
        self.answer_head(connection, date, clock);
        let file = self.dice.filler(400);
        self.send_down(connection, &file, clock);
    }

    pub(crate) fn answer_head(&mut self, connection: LinkId, date: WallTime, clock: Duration) {
        let way = self.way();
        let Some(known) = self.connections.get_mut(&connection) else { return };
        if known.broken {
            return;
        }
        if known.breaks_after == Some(0) {
            return self.break_connection(connection, clock);
        }
        known.last_arrival = known.last_arrival.max(clock + way);
        let at = known.last_arrival;
        self.put(
            at,
            Event::Head { connection, answer: LinkAnswer { status: 200, date: Some(date), length: None } },
        );
        self.send_down(connection, &PREAMBLE, clock);
    }

    pub(crate) fn send_down(&mut self, connection: LinkId, bytes: &[u8], clock: Duration) {
        let way = self.way();
        let Some(known) = self.connections.get_mut(&connection) else { return };
        if known.broken {
            return;
        }
        known.last_arrival = known.last_arrival.max(clock + way);
        let (mut at, mut count) = (known.last_arrival, bytes.len());
        let breaks = known.breaks_after.is_some_and(|left| left <= count);
        if let Some(left) = &mut known.breaks_after {
            count = count.min(*left);
            *left -= count;
        }
        let mut rest = bytes[..count].to_vec();
        self.flip_down_bit = match self.flip_down_bit {
            Some(bit) if bit / 8 < rest.len() => {
                rest[bit / 8] ^= 1 << (bit % 8);
                None
            }
            later => later.map(|bit| bit - rest.len() * 8),
        };
        while !rest.is_empty() {
            let whole = rest.len() < 2 || self.dice.chance(700);
            let piece = if whole { rest.len() } else { 1 + self.dice.below(3000) as usize };
            let tail = rest.split_off(piece.min(rest.len()));
            self.put(at, Event::Bytes { connection, bytes: rest });
            rest = tail;
            at += if rest.is_empty() { Duration::ZERO } else { self.way() };
        }
        self.connections.entry(connection).and_modify(|known| known.last_arrival = at);
        if breaks {
            self.break_connection(connection, clock);
        }
    }

    /// The server is done with the connection.
    pub(crate) fn server_closes(&mut self, connection: LinkId, clock: Duration) {
        let Some(known) = self.connections.get_mut(&connection) else { return };
        known.broken = true;
        let at = known.last_arrival.max(clock);
        self.close(connection, at, Some(clock));
    }

    /// The client is done with a connection.
    pub(crate) fn client_closes(&mut self, peer: usize, client_link: LinkId, clock: Duration) {
        let owner = Some((peer, client_link));
        let found = self.connections.iter_mut().find(|(_, known)| known.owner == owner);
        let Some((&connection, known)) = found else { return };
        (known.client_gone, known.broken) = (true, true);
        // Where nobody tells the server, it finds out by the silence.
        let at = clock + self.way();
        if !self.dice.chance(self.weather.half_open) {
            self.put(at, Event::ServerClosed { connection });
        }
    }

    /// Whose connection it is, while he still listens.
    pub(crate) fn listener(&self, connection: LinkId) -> Option<(usize, LinkId)> {
        self.connections.get(&connection).filter(|known| !known.client_gone)?.owner
    }

    /// The client knows now that the connection is over; whose it was.
    pub(crate) fn client_told(&mut self, connection: LinkId) -> Option<(usize, LinkId)> {
        let owner = self.listener(connection)?;
        self.connections.entry(connection).and_modify(|known| known.client_gone = true);
        self.forget_if_over(connection);
        Some(owner)
    }

    /// The server knows now that the connection is over; false if it knew.
    pub(crate) fn server_told(&mut self, connection: LinkId) -> bool {
        let Some(known) = self.connections.get_mut(&connection).filter(|known| !known.server_gone) else {
            return false;
        };
        (known.server_gone, known.broken) = (true, true);
        self.forget_if_over(connection);
        true
    }

    /// Breaks all of a peer's downloads; both ends know at once.
    pub(crate) fn cut(&mut self, peer: usize, clock: Duration) {
        let cut: Vec<LinkId> = self
            .connections
            .iter()
            .filter(|(_, known)| known.owner.is_some_and(|(owner, _)| owner == peer))
            .map(|(connection, _)| *connection)
            .collect();
        for connection in cut {
            self.connections.entry(connection).and_modify(|known| known.broken = true);
            self.close(connection, clock, Some(clock));
        }
    }

    /// The server's process is no more, nor what went to it.
    pub(crate) fn server_died(&mut self, clock: Duration) {
        let all: Vec<LinkId> = self.connections.keys().copied().collect();
        for connection in all {
            self.connections
                .entry(connection)
                .and_modify(|known| (known.server_gone, known.broken) = (true, true));
            self.close(connection, clock, None);
        }
    }

    /// What was held back goes on.
    pub(crate) fn release(&mut self, clock: Duration) {
        if !self.silent {
            for event in std::mem::take(&mut self.held) {
                self.put(clock, event);
            }
        }
    }

    pub(crate) fn next_at(&self) -> Option<Duration> {
        self.queue.keys().next().map(|(at, _)| *at)
    }

    /// The next event that is due, with its number.
    pub(crate) fn next_due(&mut self, clock: Duration) -> Option<(u64, Event)> {
        let entry = self.queue.first_entry().filter(|entry| entry.key().0 <= clock)?;
        let number = entry.key().1;
        Some((number, entry.remove()))
    }

    /// The event's end does nothing until `at`. Its number keeps it before what came after it.
    pub(crate) fn put_off(&mut self, number: u64, at: Duration, event: Event) {
        self.queue.insert((at, number), event);
    }

    pub(crate) fn hold(&mut self, event: Event) {
        self.held.push(event);
    }

    fn put(&mut self, at: Duration, event: Event) {
        self.next_event += 1;
        self.queue.insert((at, self.next_event), event);
    }

    fn connect(&mut self, owner: Option<(usize, LinkId)>, clock: Duration) -> LinkId {
        let connection = LinkId(self.next_connection);
        self.next_connection += 1;
        let known = Connection {
            client_gone: owner.is_none(),
            owner,
            last_arrival: clock,
            breaks_after: None,
            broken: false,
            server_gone: false,
        };
        self.connections.insert(connection, known);
        connection
    }

    /// Somebody asks with the same cookie over a connection of his own, and keeps that for up to `kept`.
    fn copy_open(&mut self, cookie: &str, at: Duration, kept: Duration) {
        let connection = self.connect(None, at);
        self.put(at, Event::Open { connection, cookie: cookie.to_owned() });
        let gone = at + Duration::from_millis(1) + self.dice.up_to(kept);
        self.put(gone, Event::ServerClosed { connection });
    }

    fn break_connection(&mut self, connection: LinkId, clock: Duration) {
        let Some(known) = self.connections.get_mut(&connection) else { return };
        known.broken = true;
        let arrived = known.last_arrival.max(clock);
        let one_end = self.dice.chance(self.weather.half_open);
        let client_end = self.dice.chance(500);
        let late = self.dice.up_to(Duration::from_secs(6));
        match (one_end, client_end) {
            (false, _) => self.close(connection, arrived, Some(clock)),
            (true, true) => self.close(connection, arrived, None),
            (true, false) => self.close(connection, arrived + late, Some(clock)),
        }
    }

    fn close(&mut self, connection: LinkId, client_at: Duration, server_at: Option<Duration>) {
        self.put(client_at, Event::ClientClosed { connection });
        if let Some(at) = server_at {
            self.put(at, Event::ServerClosed { connection });
        }
    }

    fn forget_if_over(&mut self, connection: LinkId) {
        if self.connections.get(&connection).is_some_and(|known| known.client_gone && known.server_gone) {
            self.connections.remove(&connection);
        }
    }

    /// How long something is on its way.
    fn way(&mut self) -> Duration {
        let usual = self.dice.up_to(self.weather.delay);
        let stalled = self.dice.chance(self.weather.stall);
        if stalled { usual + self.dice.up_to(Duration::from_secs(8)) } else { usual }
    }
}

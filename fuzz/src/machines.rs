//! Each end's session machine alone, called in any order with anything.
//!
//! **In**: a schedule of calls. **Out**: the machine's own promises. **Never**: the other end's good manners.

use chatter_proto::relay::{Join, Leave, List, ListRooms, Publish, Quit, Unlist, client_frame};
use chatter_protocol::client::{LinkAnswer, Output, Session, UpId};
use chatter_protocol::entropy::Entropy;
use chatter_protocol::ids::LinkId;
use chatter_protocol::limits;
use chatter_protocol::server;
use chatter_protocol::time::Time;
use chatter_sim::Host;
use chatter_sim::host::PREAMBLE;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// A client whose network reports whatever the schedule says, and whose server answers when it says so.
pub fn client_session(input: &[u8]) {
    let mut bench = Bench::new();
    for call in input.chunks(4).take(CALLS) {
        let byte = |index: usize| call.get(index).copied().unwrap_or(0);
        bench.call(byte(0), byte(1), u16::from_be_bytes([byte(2), byte(3)]));
        bench.drain();
        if bench.ended {
            break;
        }
        bench.check();
    }
}

/// A server that gets genuine tokens, old ones, anybody's closed connections, and time, as the schedule says.
pub fn server_session(input: &[u8]) {
    let mut bench = Bench::new();
    for call in input.chunks(4).take(CALLS) {
        let byte = |index: usize| call.get(index).copied().unwrap_or(0);
        bench.call_server(byte(0), byte(1), u16::from_be_bytes([byte(2), byte(3)]));
        bench.drain();
        let held = bench.host.server.held();
        let most = 2 * held.sessions;
        assert!(held.links <= most && held.handles <= most && held.alarms <= held.sessions, "{held:?}");
        assert!(held.tags <= most * (1 + limits::TAGS_BEHIND + limits::TAGS_AHEAD) as usize, "{held:?}");
    }
    // Nobody says anything more: the last session ends by itself.
    for _ in 0..100 {
        bench.clock += Duration::from_secs(10);
        bench.let_server_act();
    }
    assert_eq!(bench.host.server.held(), Default::default(), "something is left");
}

struct Bench {
    host: Host,
    session: Session,
    clock: Duration,
    open: BTreeSet<LinkId>,
    ups: BTreeSet<UpId>,
    ups_seen: Vec<(UpId, String)>,
    asked: Vec<(LinkId, String)>,
    /// What the server sent down each of its links and nobody has read.
    down: BTreeMap<LinkId, Vec<u8>>,
    next_link: u64,
    ended: bool,
}

impl Bench {
    fn new() -> Self {
        let host = Host::new(Entropy::new([1; 32]));
        let wall = host.wall(Duration::ZERO);
        let session = Session::new(&host.code, Entropy::new([2; 32]), Time::ZERO, wall);
        let mut bench = Self {
            host,
            session,
            clock: Duration::ZERO,
            open: BTreeSet::new(),
            ups: BTreeSet::new(),
            ups_seen: Vec::new(),
            asked: Vec::new(),
            down: BTreeMap::new(),
            next_link: 0,
            ended: false,
        };
        bench.drain();
        bench
    }

    fn call(&mut self, what: u8, which: u8, number: u16) {
        let (now, wall) = (Time::from_start(self.clock), self.host.wall(self.clock));
        let link = LinkId(u64::from(which) % (self.asked.len() as u64 + 1));
        match what % 10 {
            0 => self.serve(usize::from(which)),
            1 => self.pass(number),
            2 => {
                let bytes: Vec<u8> = number.to_be_bytes().into_iter().cycle().take(which.into()).collect();
                self.session.link_received(link, &bytes, now, wall);
            }
            3 => {
                let date = Some(self.host.wall_elsewhere(self.clock, i64::from(number) * 2 - 65_536));
                let status = [200, 200, 404, 502][usize::from(which) % 4];
                let answer = LinkAnswer { status, date, length: None };
                self.session.link_answered(link, &answer, now, wall);
            }
            4 => {
                self.open.remove(&link);
                self.session.link_closed(link, now, wall);
            }
            5 => {
                let up = UpId { link, index: number.into() };
                self.ups.remove(&up);
                self.session.up_done(up, which.is_multiple_of(2), now);
            }
            6 => {
                let all: Vec<UpId> = self.ups.iter().copied().collect();
                for up in all.into_iter().take(usize::from(which) % 7) {
                    self.ups.remove(&up);
                    self.session.up_done(up, number.is_multiple_of(2), now);
                }
            }
            7 => self.deliver_up(which),
            8 => self.hear(usize::from(number)),
            _ => self.say(which, number),
        }
    }

    fn call_server(&mut self, what: u8, which: u8, number: u16) {
        match what % 8 {
            0 => {
                let link = LinkId(u64::from(number) % (self.next_link + 2));
                self.host.server.link_closed(link, self.host.now(self.clock));
            }
            1 => self.pass(number),
            2 => self.deliver_up(which),
            3 if !self.ended => self.say(which, number),
            4 => {
                if let Some((_, cookie)) = self.asked.get(usize::from(which)).cloned() {
                    self.open_for(&cookie, None);
                }
            }
            5 => {
                let cookie =
                    format!("{}={}", self.host.code.server_key.cookie_name(), "A".repeat(which.into()));
                assert!(!self.host.up(&cookie, self.clock), "that was no token");
            }
            6 => self.hear(usize::from(number)),
            _ => self.serve(usize::from(which)),
        }
    }

    /// The server answers one of the client's last two requests for a link.
    fn serve(&mut self, which: usize) {
        let recent = self.asked.iter().rev().nth(which % 2).cloned();
        if let Some((link, cookie)) = recent {
            self.open_for(&cookie, Some(link));
        }
    }

    fn open_for(&mut self, cookie: &str, client: Option<LinkId>) {
        let number = LinkId(self.next_link);
        self.next_link += 1;
        let opened = self.host.open(number, cookie, self.clock);
        self.drain();
        if let Some(client) = client.filter(|_| opened) {
            let bytes = self.down.remove(&number).unwrap_or_default();
            let (now, wall) = (Time::from_start(self.clock), self.host.wall(self.clock));
            self.session.link_received(client, &[&PREAMBLE, &bytes[..]].concat(), now, wall);
        }
    }

    /// One of the client's tokens arrives, for the first time or once more.
    fn deliver_up(&mut self, which: u8) {
        let recent = self.ups_seen.iter().rev().nth(usize::from(which) % 30).cloned();
        if let Some((_, cookie)) = recent
            && self.host.up(&cookie, self.clock)
        {
            assert!(!self.host.up(&cookie, self.clock), "a token counts once");
        }
    }

    /// The client reads some of what the server sent.
    fn hear(&mut self, count: usize) {
        let Some((number, mut bytes)) = self.down.pop_last() else { return };
        let later = bytes.split_off(bytes.len().min(count));
        let (now, wall) = (Time::from_start(self.clock), self.host.wall(self.clock));
        if let Some((link, _)) = self.asked.last() {
            self.session.link_received(*link, &bytes, now, wall);
        }
        if !later.is_empty() {
            self.down.insert(number, later);
        }
    }

    fn say(&mut self, which: u8, number: u16) {
        let now = Time::from_start(self.clock);
        let room = u32::from(which % 3);
        let frame = match which % 5 {
            0 => client_frame::Frame::Join(Join {
                room,
                room_id: vec![7; 32],
                member_id: vec![which; 16],
                hello: vec![1; usize::from(number) % 3000].into(),
            }),
            1 => client_frame::Frame::Leave(Leave { room }),
            2 if number == 7 => client_frame::Frame::Quit(Quit {}),
            2 if number.is_multiple_of(3) => client_frame::Frame::List(List {
                room,
                name: format!("room {}", number % 9),
                secret: vec![which; usize::from(number) % 4 * 8],
            }),
            2 if number % 3 == 1 => client_frame::Frame::ListRooms(ListRooms {}),
            2 => client_frame::Frame::Unlist(Unlist { room }),
            _ => client_frame::Frame::Publish(Publish {
                room,
                number: number.into(),
                body: vec![1; number.into()].into(),
                wraps: Vec::new(),
            }),
        };
        self.session.send(frame, now);
    }

    fn pass(&mut self, number: u16) {
        self.clock += Duration::from_millis(u64::from(number) * u64::from(number) / 40_000);
        let (now, wall) = (Time::from_start(self.clock), self.host.wall(self.clock));
        if self.session.poll_timeout().is_some_and(|due| due <= now) {
            self.session.handle_timeout(now, wall);
        }
        self.let_server_act();
    }

    fn let_server_act(&mut self) {
        let now = self.host.now(self.clock);
        for round in 0.. {
            self.drain();
            if self.host.server.poll_timeout().is_none_or(|due| due > now) {
                return;
            }
            assert!(round < 20, "the server wants the time again and again");
            self.host.server.handle_timeout(now);
        }
    }

    fn drain(&mut self) {
        while let Some(output) = self.host.server.poll_output() {
            if let server::Output::Write { link, bytes } = output {
                self.down.entry(link).or_default().extend(bytes);
            }
        }
        while let Some(output) = self.session.poll_output() {
            assert!(!self.ended, "nothing comes after the end: {output:?}");
            match output {
                Output::Open { link, cookie, .. } => {
                    assert!(self.open.insert(link), "a link is opened once");
                    self.asked.push((link, cookie));
                }
                Output::Close { link } => {
                    self.open.remove(&link);
                }
                Output::Up { up, cookie, .. } => {
                    assert!(self.ups.insert(up), "a token goes once");
                    self.ups_seen.push((up, cookie));
                }
                Output::Ended(_) => self.ended = true,
                Output::Frame(_)
                | Output::Connected
                | Output::Broken
                | Output::Resumed
                | Output::Warning(_) => {}
            }
        }
    }

    fn check(&mut self) {
        assert!(self.open.len() <= 2 && self.ups.len() <= limits::UP_REQUESTS_MAX);
        let (now, wall) = (Time::from_start(self.clock), self.host.wall(self.clock));
        for round in 0.. {
            if self.session.poll_timeout().is_none_or(|due| due > now) {
                return;
            }
            assert!(round < 20, "the client wants the time again and again");
            self.session.handle_timeout(now, wall);
            self.drain();
        }
    }
}

/// A schedule is read no further than that.
const CALLS: usize = 250;

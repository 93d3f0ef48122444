//! Two members and their server in memory, with somebody who watches the first one's connection.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use chatter_proto::relay::{Join, Publish, Visit, Wrap, client_frame, relay_frame};
use chatter_protocol::access::{AccessCode, AccessSecret, CarrierPath, ServerSecret};
use chatter_protocol::chaff::Chaff;
use chatter_protocol::client::{self, LinkAnswer};
use chatter_protocol::entropy::Entropy;
use chatter_protocol::ids::LinkId;
use chatter_protocol::limits;
use chatter_protocol::replay::Past;
use chatter_protocol::server::gatekeeper::Gatekeeper;
use chatter_protocol::server::relay::RelayLimits;
use chatter_protocol::server::{self, Server, Settings};
use chatter_protocol::time::{Time, WallTime};
use chatter_protocol::token;

/// What the members do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Talk {
    /// Nothing.
    Idle,
    /// Lines of up to 60 letters, one in ten seconds by and by.
    Short,
    /// Lines of 200 to 2,000 letters, as often.
    Long,
}

/// One thing that the observer sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) at: Duration,
    /// A request with a cookie of this length; else bytes of the download.
    pub(crate) up: bool,
    pub(crate) len: usize,
}

impl Seen {
    /// What it comes to in packets, both ways: a request needs a connection and an answer, a record is acknowledged.
    pub(crate) fn packets_len(&self) -> usize {
        if self.up { self.len + REST_OF_REQUEST + ANSWER + 10 * PACKET } else { self.len + 2 * PACKET }
    }
}

struct Member {
    session: client::Session,
    said: u64,
    heard: u64,
    warned: bool,
    link: Option<(LinkId, LinkId)>,
    seen: Vec<Seen>,
}

/// Everything.
pub(crate) struct Wire {
    server: Server,
    keeper: Gatekeeper,
    code: AccessCode,
    members: Vec<Member>,
    now: Time,
    /// Times and lengths of lines: a source of its own, so that nothing else changes with what is said.
    lines: Entropy,
    links: BTreeMap<LinkId, (usize, LinkId)>,
    waiting: VecDeque<(LinkId, Vec<u8>)>,
    next_link: u64,
}

impl Wire {
    /// Two members who want `chaff` and get `most` at the most, in a room.
    pub(crate) fn new(chaff: Chaff, most: Chaff, seed: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let mut entropy = Entropy::new(bytes);
        let secret = ServerSecret::generate(&mut entropy);
        let path = CarrierPath::parse("/backup.tar.enc").expect("a path");
        let access = AccessSecret::generate(&mut entropy);
        let mut keeper = Gatekeeper::new(secret.key(), path.clone(), Past::FreshKeys, WALL);
        keeper.add(String::new(), &access).expect("room");
        let code = AccessCode {
            server_key: secret.key(),
            secret: access,
            carrier_path: path.clone(),
            preamble_len: 0,
        };
        let visits =
            vec![Visit { path: "/a.txt".into(), last_modified: "Sun, 06 Nov 1994 08:49:37 GMT".into() }];
        let settings = Settings {
            grace: limits::GRACE_DEFAULT,
            sessions_max: 10,
            chaff_most: most,
            relay: RelayLimits { room_members_max: 64, session_rooms_max: 16, listed_rooms_max: 64 },
        };
        let server = Server::new(secret, path, visits, settings, entropy.fork());
        let mut wire = Self {
            server,
            keeper,
            code,
            members: Vec::new(),
            now: Time::ZERO,
            lines: entropy.fork(),
            links: BTreeMap::new(),
            waiting: VecDeque::new(),
            next_link: 0,
        };
        for member in 0..2 {
            let session =
                client::Session::with_chaff(chaff, &wire.code, entropy.fork(), wire.now, wire.wall());
            let seen = Vec::new();
            wire.members.push(Member { session, said: 0, heard: 0, warned: false, link: None, seen });
            let join = Join {
                room: 1,
                room_id: vec![7; 32],
                member_id: vec![member; 16],
                hello: vec![1; 1200].into(),
            };
            wire.members[usize::from(member)].session.send(client_frame::Frame::Join(join), wire.now);
        }
        wire.wait(Duration::from_secs(10));
        wire
    }

    /// Lets both talk so.
    pub(crate) fn talk(&mut self, talk: Talk, duration: Duration) {
        let end = self.now + duration;
        let longest = Duration::from_secs(120);
        let mut next = self.now + self.lines.wait(BETWEEN_LINES, longest);
        while talk != Talk::Idle && next < end {
            self.run_to(next);
            let who = usize::from(self.lines.below(2) == 0);
            let length = match talk {
                Talk::Idle => 0,
                Talk::Short => self.lines.below(60),
                Talk::Long => 200 + self.lines.below(1800),
            };
            self.say(who, usize::try_from(length).expect("small"));
            next = self.now + self.lines.wait(BETWEEN_LINES, longest);
        }
        self.run_to(end);
    }

    /// Lets time pass.
    pub(crate) fn wait(&mut self, duration: Duration) {
        self.run_to(self.now + duration);
    }

    /// Breaks a member's download.
    pub(crate) fn cut(&mut self, who: usize) {
        let Some((client_link, link)) = self.members[who].link.take() else { return };
        self.links.remove(&link);
        self.server.link_closed(link, self.now);
        let wall = self.wall();
        self.members[who].session.link_closed(client_link, self.now, wall);
        self.settle();
    }

    /// What the observer of this member saw.
    pub(crate) fn seen(&self, who: usize) -> Vec<Seen> {
        self.members[who].seen.clone()
    }

    /// Lines said by both.
    pub(crate) fn said(&self) -> u64 {
        self.members.iter().map(|member| member.said).sum()
    }

    /// Lines heard by both, none twice.
    pub(crate) fn heard(&self) -> u64 {
        self.members.iter().map(|member| member.heard).sum()
    }

    /// Whether this member's client warned him.
    pub(crate) fn warned(&self, who: usize) -> bool {
        self.members[who].warned
    }

    /// A body and a wrap as long as those of a text of this length.
    fn say(&mut self, who: usize, text_len: usize) {
        let member = &mut self.members[who];
        member.said += 1;
        let padded = (text_len + MESSAGE_EXTRA).next_power_of_two().max(128);
        let mut body = member.said.to_be_bytes().to_vec();
        body.resize(48 + padded, 0);
        let wrap = Wrap { member_id: vec![u8::from(who == 0); 16], sealed: vec![0; limits::WRAP_LEN] };
        let publish = Publish { room: 1, number: member.said, body: body.into(), wraps: vec![wrap] };
        member.session.send(client_frame::Frame::Publish(publish), self.now);
        self.settle();
    }

    fn wall(&self) -> WallTime {
        WallTime(WALL.0 + self.now.saturating_since(Time::ZERO).as_secs())
    }

    fn run_to(&mut self, end: Time) {
        self.settle();
        loop {
            let times = self.members.iter().filter_map(|member| member.session.poll_timeout());
            let next = times.chain(self.server.poll_timeout()).min().unwrap_or(end).min(end).max(self.now);
            let still = next == self.now;
            self.now = next;
            self.server.handle_timeout(self.now);
            let wall = self.wall();
            for member in &mut self.members {
                member.session.handle_timeout(self.now, wall);
            }
            self.settle();
            if self.now >= end {
                return;
            }
            // Something due now that does not go away would turn for ever.
            if still {
                self.now = self.now + Duration::from_millis(1);
            }
        }
    }

    fn settle(&mut self) {
        loop {
            let mut busy = false;
            for who in 0..self.members.len() {
                while let Some(output) = self.members[who].session.poll_output() {
                    busy = true;
                    self.carry_up(who, output);
                }
            }
            while let Some(output) = self.server.poll_output() {
                busy = true;
                self.carry_out(output);
            }
            while let Some((link, bytes)) = self.waiting.pop_front() {
                busy = true;
                self.carry_down(link, &bytes);
            }
            if !busy {
                return;
            }
        }
    }

    fn carry_up(&mut self, who: usize, output: client::Output) {
        let at = self.now.saturating_since(Time::ZERO);
        let wall = self.wall();
        let member = &mut self.members[who];
        match output {
            client::Output::Open { link, cookie, .. } => {
                member.seen.push(Seen { at, up: true, len: cookie.len() });
                let token = token::from_cookies(self.code.server_key.cookie_name(), [cookie.as_bytes()])
                    .expect("one token");
                let recognised = self.keeper.recognise(&token, wall).expect("a good one");
                let server_link = LinkId(self.next_link);
                self.next_link += 1;
                self.links.insert(server_link, (who, link));
                let answer = LinkAnswer { status: 200, date: Some(wall), length: Some(1 << 40) };
                member.session.link_answered(link, &answer, self.now, wall);
                assert!(self.server.open(server_link, &recognised, 1 << 40, self.now));
            }
            client::Output::Up { up, cookie, .. } => {
                member.seen.push(Seen { at, up: true, len: cookie.len() });
                let token = token::from_cookies(self.code.server_key.cookie_name(), [cookie.as_bytes()])
                    .expect("one token");
                assert!(self.server.up(&token, self.now));
                member.session.up_done(up, true, self.now);
            }
            client::Output::Close { link } => {
                let closed = self.links.iter().find(|(_, known)| **known == (who, link));
                if let Some(closed) = closed.map(|(closed, _)| *closed) {
                    self.links.remove(&closed);
                    self.server.link_closed(closed, self.now);
                }
            }
            client::Output::Frame(relay_frame::Frame::Message(_)) => member.heard += 1,
            client::Output::Warning(_) => member.warned = true,
            client::Output::Ended(end) => panic!("{end}"),
            client::Output::Frame(_)
            | client::Output::Connected
            | client::Output::Broken
            | client::Output::Resumed => {}
        }
    }

    fn carry_out(&mut self, output: server::Output) {
        match output {
            server::Output::Write { link, bytes } => self.waiting.push_back((link, bytes)),
            server::Output::Close { .. } => {}
            server::Output::Exhausted { .. } => panic!("a carrier without end"),
            server::Output::Confirmed { .. } | server::Output::Tags { .. } | server::Output::Ended { .. } => {
            }
        }
    }

    fn carry_down(&mut self, link: LinkId, bytes: &[u8]) {
        let Some((who, client_link)) = self.links.get(&link).copied() else { return };
        let (at, wall) = (self.now.saturating_since(Time::ZERO), self.wall());
        let member = &mut self.members[who];
        member.link = Some((client_link, link));
        member.seen.push(Seen { at, up: false, len: bytes.len() });
        member.session.link_received(client_link, bytes, self.now, wall);
    }
}

const WALL: WallTime = WallTime(1_800_000_000);
const BETWEEN_LINES: Duration = Duration::from_secs(10);
/// Number, chain hash, length, and what names them.
const MESSAGE_EXTRA: usize = 48;
/// A reload's head without its cookie, and the answer to it; IPv4 and TCP with its time stamps.
const REST_OF_REQUEST: usize = 470;
const ANSWER: usize = 150;
const PACKET: usize = 52;

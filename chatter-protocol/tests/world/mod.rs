//! A world in memory: one server, its door, and clients, over connections that can be cut at any byte.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use chatter_proto::relay::{Visit, client_frame, relay_frame};
use chatter_protocol::access::{AccessCode, AccessSecret, CarrierPath, ServerSecret};
use chatter_protocol::chaff::Chaff;
use chatter_protocol::client::{self, End, LinkAnswer, UpId};
use chatter_protocol::entropy::Entropy;
use chatter_protocol::ids::LinkId;
use chatter_protocol::limits;
use chatter_protocol::replay::Past;
use chatter_protocol::server::gatekeeper::{GateId, Gatekeeper};
use chatter_protocol::server::relay::RelayLimits;
use chatter_protocol::server::{self, Server, Settings};
use chatter_protocol::time::{Time, WallTime};
use chatter_protocol::token;

/// What the server's virtual carrier begins with.
pub(crate) const PREAMBLE: [u8; 16] = *b"Salted__12345678";
const START: u64 = 1_700_000_000;

/// One client and what it has been told.
pub(crate) struct Peer {
    pub(crate) session: client::Session,
    pub(crate) frames: Vec<relay_frame::Frame>,
    pub(crate) connected: bool,
    pub(crate) broken: u32,
    pub(crate) resumed: u32,
    pub(crate) warnings: Vec<String>,
    pub(crate) ended: Option<End>,
    pub(crate) wall_offset: i64,
    /// Requests in the order they were made: path and cookie.
    pub(crate) requests: Vec<(String, String)>,
}

/// A connection that carries a download.
struct Download {
    peer: usize,
    client_link: LinkId,
    bytes: VecDeque<u8>,
}

/// What travels upwards.
enum Request {
    Open { peer: usize, link: LinkId, path: String, cookie: String },
    Up { peer: usize, up: UpId, cookie: String },
}

/// Chances per step, in 1/1000, that something goes wrong.
#[derive(Clone, Copy, Default)]
pub(crate) struct Weather {
    pub(crate) cut: u32,
    pub(crate) lose_up: u32,
    pub(crate) lose_up_answer: u32,
    pub(crate) refuse: u32,
}

pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) keeper: Gatekeeper,
    pub(crate) gate: GateId,
    pub(crate) code: AccessCode,
    pub(crate) peers: Vec<Peer>,
    pub(crate) weather: Weather,
    pub(crate) now: Time,
    pub(crate) server_outputs: Vec<server::Output>,
    /// Bytes of the carrier behind the preamble.
    pub(crate) carrier_len: u64,
    pub(crate) silent: bool,
    /// Something in between answers up requests and passes none on.
    pub(crate) swallow_ups: bool,
    /// A bit of what goes down, counted from the start of everything, that is flipped once.
    pub(crate) flip_down_bit: Option<usize>,
    clock: Duration,
    entropy: Entropy,
    downloads: BTreeMap<LinkId, Download>,
    requests: VecDeque<Request>,
    next_link: u64,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let mut entropy = Entropy::new(bytes);
        let secret = ServerSecret::generate(&mut entropy);
        let path = CarrierPath::parse("/backup.tar.enc").expect("a path");
        let access = AccessSecret::generate(&mut entropy);
        let mut keeper = Gatekeeper::new(secret.key(), path.clone(), Past::FreshKeys, WallTime(START));
        let gate = keeper.add(String::new(), &access).expect("room");
        let code = AccessCode {
            server_key: secret.key(),
            secret: access,
            carrier_path: path.clone(),
            preamble_len: 16,
        };
        let visits = vec![
            Visit { path: "/".into(), last_modified: String::new() },
            Visit { path: "/a.txt".into(), last_modified: "Sun, 06 Nov 1994 08:49:37 GMT".into() },
        ];
        let settings = Settings {
            grace: limits::GRACE_DEFAULT,
            sessions_max: 1000,
            chaff_most: Chaff::Constant,
            relay: RelayLimits { room_members_max: 64, session_rooms_max: 16 },
        };
        let server = Server::new(secret, path, visits, settings, entropy.fork());
        Self {
            server,
            keeper,
            gate,
            code,
            peers: Vec::new(),
            weather: Weather::default(),
            now: Time::ZERO,
            server_outputs: Vec::new(),
            carrier_len: 1 << 30,
            silent: false,
            swallow_ups: false,
            flip_down_bit: None,
            clock: Duration::ZERO,
            entropy,
            downloads: BTreeMap::new(),
            requests: VecDeque::new(),
            next_link: 0,
        }
    }

    pub(crate) fn wall(&self) -> WallTime {
        WallTime(START + self.clock.as_secs())
    }

    pub(crate) fn join_peer(&mut self, code: &AccessCode, wall_offset: i64) -> usize {
        let wall = WallTime(self.wall().0.saturating_add_signed(wall_offset));
        let session = client::Session::new(code, self.entropy.fork(), self.now, wall);
        self.peers.push(Peer {
            session,
            frames: Vec::new(),
            connected: false,
            broken: 0,
            resumed: 0,
            warnings: Vec::new(),
            ended: None,
            wall_offset,
            requests: Vec::new(),
        });
        self.peers.len() - 1
    }

    pub(crate) fn send(&mut self, peer: usize, frame: client_frame::Frame) {
        self.peers[peer].session.send(frame, self.now);
    }

    /// Loses the requests that are on their way.
    pub(crate) fn forget_requests(&mut self) {
        self.requests.clear();
    }

    /// Cuts all of a peer's downloads.
    pub(crate) fn cut(&mut self, peer: usize) {
        let cut: Vec<LinkId> = self
            .downloads
            .iter()
            .filter(|(_, download)| download.peer == peer)
            .map(|(link, _)| *link)
            .collect();
        for link in cut {
            self.cut_link(link);
        }
    }

    /// Lets everything that happens without waiting happen, then `duration` pass, in steps.
    pub(crate) fn run(&mut self, duration: Duration) {
        let end = self.clock + duration;
        loop {
            self.settle();
            if self.clock >= end {
                return;
            }
            let step = Duration::from_millis(50).min(end - self.clock);
            self.clock += step;
            self.now = Time::from_start(self.clock);
            self.server.handle_timeout(self.now);
            for peer in 0..self.peers.len() {
                let wall = self.peer_wall(peer);
                self.peers[peer].session.handle_timeout(self.now, wall);
            }
        }
    }

    fn settle(&mut self) {
        for _ in 0..10_000 {
            let mut busy = self.drain_clients();
            busy |= self.drain_server();
            busy |= self.carry_request();
            busy |= self.carry_bytes();
            if !busy {
                return;
            }
        }
        panic!("the world never comes to rest");
    }

    fn chance(&mut self, per_mille: u32) -> bool {
        self.entropy.below(1000) < per_mille
    }

    fn peer_wall(&self, peer: usize) -> WallTime {
        WallTime(self.wall().0.saturating_add_signed(self.peers[peer].wall_offset))
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
        let known = &mut self.peers[peer];
        match output {
            client::Output::Open { link, path, cookie } => {
                known.requests.push((path.clone(), cookie.clone()));
                self.requests.push_back(Request::Open { peer, link, path, cookie });
            }
            client::Output::Up { up, path, cookie, .. } => {
                known.requests.push((path, cookie.clone()));
                self.requests.push_back(Request::Up { peer, up, cookie });
            }
            client::Output::Close { link } => {
                let closed =
                    self.downloads.iter().find(|(_, down)| down.peer == peer && down.client_link == link);
                if let Some(closed) = closed.map(|(link, _)| *link) {
                    self.downloads.remove(&closed);
                    self.server.link_closed(closed, self.now);
                }
            }
            client::Output::Frame(frame) => known.frames.push(frame),
            client::Output::Connected => known.connected = true,
            client::Output::Broken => known.broken += 1,
            client::Output::Resumed => known.resumed += 1,
            client::Output::Warning(text) => known.warnings.push(text),
            client::Output::Ended(end) => known.ended = Some(end),
        }
    }

    fn drain_server(&mut self) -> bool {
        let mut busy = false;
        while let Some(output) = self.server.poll_output() {
            busy = true;
            match &output {
                server::Output::Write { link, bytes } => {
                    if let Some(download) = self.downloads.get_mut(link) {
                        download.bytes.extend(bytes);
                    }
                }
                server::Output::Close { link } | server::Output::Exhausted { link } => {
                    let link = *link;
                    self.deliver_all(link);
                    self.cut_link(link);
                }
                server::Output::Confirmed { .. }
                | server::Output::Tags { .. }
                | server::Output::Ended { .. } => {}
            }
            if !matches!(output, server::Output::Write { .. }) {
                self.server_outputs.push(output);
            }
        }
        busy
    }

    fn carry_request(&mut self) -> bool {
        if self.silent {
            return false;
        }
        let Some(request) = self.requests.pop_front() else { return false };
        match request {
            Request::Open { peer, link, path, cookie } => self.carry_open(peer, link, &path, &cookie),
            Request::Up { peer, up, cookie } => {
                let lost = self.chance(self.weather.lose_up);
                if !lost && !self.swallow_ups {
                    self.deliver_up(&cookie);
                }
                let answered = !lost && !self.chance(self.weather.lose_up_answer);
                self.peers[peer].session.up_done(up, answered, self.now);
            }
        }
        true
    }

    /// What anybody can do: send a cookie upwards. True if it counted.
    pub(crate) fn deliver_up(&mut self, cookie: &str) -> bool {
        let name = self.code.server_key.cookie_name();
        let Some(token) = token::from_cookies(name, [cookie.as_bytes()]) else { return false };
        self.server.up(&token, self.now)
    }

    /// What anybody can do: ask for the carrier with a cookie. The server's link, if the token was good.
    pub(crate) fn deliver_open(&mut self, cookie: &str) -> Option<LinkId> {
        let token = token::from_cookies(self.code.server_key.cookie_name(), [cookie.as_bytes()])?;
        let recognised = self.keeper.recognise(&token, self.wall())?;
        let link = LinkId(self.next_link);
        self.next_link += 1;
        self.server.open(link, &recognised, self.carrier_len, self.now).then_some(link)
    }

    fn carry_open(&mut self, peer: usize, client_link: LinkId, path: &str, cookie: &str) {
        let wall = self.peer_wall(peer);
        if self.chance(self.weather.refuse) {
            return self.peers[peer].session.link_closed(client_link, self.now, wall);
        }
        assert_eq!(path, self.code.carrier_path.as_str());
        let answer = LinkAnswer { status: 200, date: Some(self.wall()), length: Some(self.carrier_len + 16) };
        let opened = self.deliver_open(cookie);
        let known = &mut self.peers[peer].session;
        known.link_answered(client_link, &answer, self.now, wall);
        known.link_received(client_link, &PREAMBLE, self.now, wall);
        match opened {
            Some(link) => {
                self.downloads.insert(link, Download { peer, client_link, bytes: VecDeque::new() });
            }
            None => {
                let mut file = [0; 400];
                self.entropy.fill(&mut file);
                self.peers[peer].session.link_received(client_link, &file, self.now, wall);
            }
        }
    }

    fn carry_bytes(&mut self) -> bool {
        let links: Vec<LinkId> = self.downloads.keys().copied().collect();
        let mut busy = false;
        for link in links {
            let Some(download) = self.downloads.get_mut(&link) else { continue };
            if download.bytes.is_empty() {
                continue;
            }
            busy = true;
            let wanted = self.entropy.below(3000) as usize + 1;
            let cut = self.entropy.below(1000) < self.weather.cut;
            let count = wanted.min(download.bytes.len());
            let mut piece: Vec<u8> = download.bytes.drain(..count).collect();
            self.flip_down_bit = match self.flip_down_bit {
                Some(bit) if bit / 8 < piece.len() => {
                    piece[bit / 8] ^= 1 << (bit % 8);
                    None
                }
                later => later.map(|bit| bit - piece.len() * 8),
            };
            let (peer, client_link) = (download.peer, download.client_link);
            let wall = self.peer_wall(peer);
            self.peers[peer].session.link_received(client_link, &piece, self.now, wall);
            if cut {
                self.cut_link(link);
            }
        }
        busy
    }

    fn deliver_all(&mut self, link: LinkId) {
        let Some(download) = self.downloads.get_mut(&link) else { return };
        let bytes: Vec<u8> = download.bytes.drain(..).collect();
        let (peer, client_link) = (download.peer, download.client_link);
        let wall = self.peer_wall(peer);
        self.peers[peer].session.link_received(client_link, &bytes, self.now, wall);
    }

    fn cut_link(&mut self, link: LinkId) {
        let Some(download) = self.downloads.remove(&link) else { return };
        self.server.link_closed(link, self.now);
        let wall = self.peer_wall(download.peer);
        self.peers[download.peer].session.link_closed(download.client_link, self.now, wall);
    }
}

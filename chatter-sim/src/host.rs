//! The server's machine: its process, the door before it, its clocks.
//!
//! **In** cookies that came, the time that passed. **Out** whether they counted. **Never** a file: what a process notes
//! for the next is handed over by hand.

use std::time::Duration;

use chatter_proto::relay::Visit;
use chatter_protocol::access::{AccessCode, AccessSecret, CarrierPath, ServerSecret};
use chatter_protocol::chaff::Chaff;
use chatter_protocol::entropy::Entropy;
use chatter_protocol::ids::LinkId;
use chatter_protocol::limits;
use chatter_protocol::replay::Past;
use chatter_protocol::server::gatekeeper::{GateId, Gatekeeper};
use chatter_protocol::server::relay::RelayLimits;
use chatter_protocol::server::{Server, Settings};
use chatter_protocol::time::{Time, WallTime};
use chatter_protocol::token;

/// What the server's virtual carrier begins with.
pub const PREAMBLE: [u8; 16] = *b"Salted__12345678";

/// A server's process and what outlives it.
#[expect(missing_debug_implementations, reason = "a server does not show its secrets")]
pub struct Host {
    /// All sessions of this process.
    pub server: Server,
    /// Its gates and replay memory.
    pub keeper: Gatekeeper,
    /// The first gate.
    pub gate: GateId,
    /// The first gate's access code.
    pub code: AccessCode,
    /// Bytes of the carrier behind the preamble.
    pub carrier_len: u64,
    /// How far its wall clock is off, in seconds.
    pub wall_offset: i64,
    /// Until when the machine does nothing.
    pub frozen_until: Duration,
    secret: ServerSecret,
    settings: Settings,
    entropy: Entropy,
    /// When the process began, by the world's clock.
    epoch: Duration,
    /// What the clock of the world was worth at its start.
    start: WallTime,
}

impl Host {
    /// A machine whose process made its own keys.
    pub fn new(mut entropy: Entropy) -> Self {
        let secret = ServerSecret::generate(&mut entropy);
        let path = CarrierPath::parse("/backup.tar.enc").expect("a path");
        let access = AccessSecret::generate(&mut entropy);
        let code =
            AccessCode { server_key: secret.key(), secret: access, carrier_path: path, preamble_len: 16 };
        let settings = Settings {
            grace: limits::GRACE_DEFAULT,
            sessions_max: 1000,
            chaff_most: Chaff::Constant,
            relay: RelayLimits { room_members_max: 64, session_rooms_max: 16, listed_rooms_max: 64 },
        };
        let start = WallTime(1_700_000_000);
        let (server, keeper, gate) =
            process(&secret, &code, &settings, entropy.fork(), Past::FreshKeys, start);
        Self {
            server,
            keeper,
            gate,
            code,
            carrier_len: 1 << 30,
            wall_offset: 0,
            frozen_until: Duration::ZERO,
            secret,
            settings,
            entropy,
            epoch: Duration::ZERO,
            start,
        }
    }

    /// Another process with the same keys; of the one before it knows what `past` says.
    pub fn restart(&mut self, past: Past, clock: Duration) {
        let entropy = self.entropy.fork();
        let wall = self.wall(clock);
        (self.server, self.keeper, self.gate) =
            process(&self.secret, &self.code, &self.settings, entropy, past, wall);
        self.epoch = clock;
    }

    /// Another access code takes the first one's place, which is good for resuming alone from now on.
    pub fn rotate(&mut self) {
        self.keeper.retire(self.gate);
        self.code.secret = AccessSecret::generate(&mut self.entropy);
        self.gate = self.keeper.add(String::new(), &self.code.secret).expect("room for two gates");
    }

    /// Keeps broken sessions for so long, from the next process on.
    pub fn set_grace(&mut self, grace: Duration) {
        self.settings.grace = grace;
    }

    /// The process's steady clock.
    pub fn now(&self, clock: Duration) -> Time {
        Time::from_start(clock.saturating_sub(self.epoch))
    }

    /// The world's clock when the process's steady clock shows `time`.
    pub fn clock_at(&self, time: Time) -> Duration {
        self.epoch + time.saturating_since(Time::ZERO)
    }

    /// The machine's wall clock.
    pub fn wall(&self, clock: Duration) -> WallTime {
        WallTime((self.start.0 + clock.as_secs()).saturating_add_signed(self.wall_offset))
    }

    /// What the wall clock of a machine that is off by `offset` seconds shows.
    pub fn wall_elsewhere(&self, clock: Duration, offset: i64) -> WallTime {
        WallTime((self.start.0 + clock.as_secs()).saturating_add_signed(offset))
    }

    /// What anybody can do: send a cookie upwards. True if it counted.
    pub fn up(&mut self, cookie: &str, clock: Duration) -> bool {
        let now = self.now(clock);
        self.token(cookie).is_some_and(|token| self.server.up(&token, now))
    }

    /// What anybody can do: ask for the carrier with a cookie. True if the link's bytes take the place of the body's.
    pub fn open(&mut self, link: LinkId, cookie: &str, clock: Duration) -> bool {
        let (now, wall) = (self.now(clock), self.wall(clock));
        let Some(token) = self.token(cookie) else { return false };
        match self.keeper.recognise(&token, wall) {
            Some(recognised) => self.server.open(link, &recognised, self.carrier_len, now),
            // What is no opening may be an up token, on any path.
            None => {
                self.server.up(&token, now);
                false
            }
        }
    }

    fn token(&self, cookie: &str) -> Option<Vec<u8>> {
        token::from_cookies(self.code.server_key.cookie_name(), [cookie.as_bytes()])
    }
}

fn process(
    secret: &ServerSecret,
    code: &AccessCode,
    settings: &Settings,
    entropy: Entropy,
    past: Past,
    start: WallTime,
) -> (Server, Gatekeeper, GateId) {
    let path = code.carrier_path.clone();
    let mut keeper = Gatekeeper::new(code.server_key, path.clone(), past, start);
    let gate = keeper.add(String::new(), &code.secret).expect("room for the first gate");
    let visits = vec![
        Visit { path: "/".into(), last_modified: String::new() },
        Visit { path: "/a.txt".into(), last_modified: "Sun, 06 Nov 1994 08:49:37 GMT".into() },
    ];
    (Server::new(secret.clone(), path, visits, settings.clone(), entropy), keeper, gate)
}

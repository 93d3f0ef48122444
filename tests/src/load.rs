//! Floods of strangers, as somebody sends them who wants a server gone.
//!
//! **In** a kind of flood, a daemon, the moment of its end. **Out** how many connections it made. **Never** a connection
//! beyond the loopback, more open ones than [`OPEN_MAX`], or an attacker's address that is a member's.

use std::collections::VecDeque;
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use chatter_protocol::entropy::Entropy;
use chatter_protocol::invite::Link;
use chatter_protocol::token;

use crate::exchange::connect;

/// A kind of flood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flood {
    /// Connections that say nothing and go.
    ConnectAndGo,
    /// Requests whose second half never comes.
    HalfRequests,
    /// Requests of which a byte comes now and then.
    OneByteAtATime,
    /// Requests with what might be a token.
    LikelyTokens,
    /// Heads as large as the decoy takes them, and without an end.
    HugeHeads,
}

/// All of them.
pub const FLOODS: [Flood; 5] =
    [Flood::ConnectAndGo, Flood::HalfRequests, Flood::OneByteAtATime, Flood::LikelyTokens, Flood::HugeHeads];

/// How many connections a flood holds open.
pub const OPEN_MAX: usize = 400;
/// How many addresses it comes from.
pub const ADDRESSES: u32 = 500;

/// Who is flooded.
#[derive(Clone, Debug)]
pub struct Target {
    /// Where it listens.
    pub to: SocketAddr,
    carrier: String,
    cookie: &'static str,
}

impl Target {
    /// The daemon at this address, known by its access link.
    ///
    /// # Panics
    /// Where that is no link.
    pub fn new(to: SocketAddr, access_link: &str) -> Self {
        let code = Link::parse(access_link).expect("a link").access().code.clone();
        Self { to, carrier: code.carrier_path.as_str().to_owned(), cookie: code.server_key.cookie_name() }
    }
}

impl Flood {
    /// Floods `target` until `end`, and says how many connections that took.
    pub fn run(self, target: &Target, end: Instant) -> u64 {
        let mut entropy = Entropy::new([7; 32]);
        let mut open = VecDeque::new();
        let mut made = 0;
        while Instant::now() < end {
            // An address that gets no port, or is not let in just now, is left out.
            if let Ok(stream) = connect(target.to, attacker(made)) {
                made += 1;
                open.extend(self.begin(stream, target, made, &mut entropy));
            }
            if open.len() >= OPEN_MAX {
                open.pop_front();
            }
            if self == Self::OneByteAtATime {
                trickle(&mut open);
            }
        }
        u64::from(made)
    }

    /// What is done with a fresh connection; it comes back where it is to stay open.
    fn begin(
        self,
        mut stream: TcpStream,
        target: &Target,
        number: u32,
        entropy: &mut Entropy,
    ) -> Option<TcpStream> {
        // A server that has closed by then is no failure.
        stream.set_write_timeout(Some(STUCK)).ok()?;
        match self {
            Self::ConnectAndGo => return None,
            Self::HalfRequests => {
                let _ = stream.write_all(b"GET /half-of-it HTTP/1.1\r\nHost: h\r\nX-Rest: ");
            }
            Self::OneByteAtATime => stream.set_nonblocking(true).ok()?,
            Self::LikelyTokens => {
                let _ = stream.write_all(likely_token(target, number, entropy).as_bytes());
                stream.set_read_timeout(Some(STUCK)).ok()?;
                let _ = stream.read(&mut [0; 4096]);
                return None;
            }
            Self::HugeHeads => {
                let line = format!("X-Filler: {}\r\n", "f".repeat(60_000));
                let _ = stream.write_all(b"GET /huge HTTP/1.1\r\n");
                let _ = stream.write_all(line.repeat(HUGE_LINES).as_bytes());
            }
        }
        Some(stream)
    }
}

/// Looks like an opening at the carrier, like a word upwards elsewhere: their length, their letters, no key.
fn likely_token(target: &Target, number: u32, entropy: &mut Entropy) -> String {
    let mut bytes = vec![0; TOKEN_LEN + usize::try_from(entropy.below(64)).unwrap_or(0)];
    entropy.fill(&mut bytes);
    let path = if number.is_multiple_of(2) { target.carrier.as_str() } else { "/" };
    let value = token::to_cookie_value(&bytes);
    format!("GET {path} HTTP/1.1\r\nHost: h\r\nCookie: {}={value}\r\n\r\n", target.cookie)
}

/// A byte more on each connection; those that are closed go.
fn trickle(open: &mut VecDeque<TcpStream>) {
    open.retain_mut(|stream| stream.write(b"G").is_ok());
    std::thread::sleep(Duration::from_millis(1));
}

fn attacker(number: u32) -> IpAddr {
    Ipv4Addr::from(Ipv4Addr::new(127, 66, 0, 1).to_bits() + number % ADDRESSES).into()
}

const TOKEN_LEN: usize = 130;
/// Two thirds of what a head may hold.
const HUGE_LINES: usize = 60;
const STUCK: Duration = Duration::from_millis(500);

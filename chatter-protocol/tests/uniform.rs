//! Tokens and downloads, byte for byte: whoever has no code sees nothing but uniform bytes.
//!
//! **In** seeds that never change, and how many (`CHATTER_UNIFORM`, 3,000 where it is not set). **Out** chi-square for each
//! byte's place, counted from the front and from the back; the correlation of neighbours. **Never** chance: what passes
//! once passes always.
//!
//! That the measure has teeth is shown by what it says of the same bytes unmasked.

use std::thread;

use chatter_protocol::access::{AccessCode, AccessSecret, CarrierPath, ServerSecret};
use chatter_protocol::chaff::Chaff;
use chatter_protocol::entropy::Entropy;
use chatter_protocol::handshake::{self, ANSWER_LEN, Request};
use chatter_protocol::ids::LinkId;
use chatter_protocol::limits;
use chatter_protocol::record::{Up, seal_up};
use chatter_protocol::replay::Past;
use chatter_protocol::seal::Key;
use chatter_protocol::server::bounds::Bounds;
use chatter_protocol::server::gatekeeper::Gatekeeper;
use chatter_protocol::server::relay::RelayLimits;
use chatter_protocol::server::{Output, Server, Settings};
use chatter_protocol::tag::TagChain;
use chatter_protocol::time::{Time, WallTime};
use chatter_protocol::token;

/// How often each byte stood at each place, from one end of many strings.
struct Places {
    counts: Vec<[u32; 256]>,
    strings: u32,
    /// Sums over neighbours: x·y, x, x².
    sums: [f64; 3],
    pairs: f64,
}

impl Places {
    /// The first `places` of each string.
    fn new(places: usize) -> Self {
        Self { counts: vec![[0; 256]; places], strings: 0, sums: [0.0; 3], pairs: 0.0 }
    }

    fn merge(&mut self, other: &Self) {
        for (place, other) in self.counts.iter_mut().zip(&other.counts) {
            place.iter_mut().zip(other).for_each(|(count, other)| *count += other);
        }
        self.strings += other.strings;
        self.sums.iter_mut().zip(other.sums).for_each(|(sum, other)| *sum += other);
        self.pairs += other.pairs;
    }

    fn add<'a>(&mut self, bytes: impl Iterator<Item = &'a u8>) {
        self.strings += 1;
        let mut before = None;
        for (place, byte) in self.counts.iter_mut().zip(bytes) {
            place[usize::from(*byte)] += 1;
            let value = f64::from(*byte);
            if let Some(before) = before.replace(value) {
                self.sums[0] += before * value;
                self.sums[1] += value;
                self.sums[2] += value * value;
                self.pairs += 1.0;
            }
        }
    }

    /// The largest chi-square of all places, as so many deviations from what is to be expected; and its place.
    fn worst(&self) -> (f64, usize) {
        let expected = f64::from(self.strings) / 256.0;
        let deviation = |counts: &[u32; 256]| {
            let chi =
                counts.iter().map(|count| (f64::from(*count) - expected).powi(2) / expected).sum::<f64>();
            (chi - FREEDOM) / (2.0 * FREEDOM).sqrt()
        };
        let places = self.counts.iter().map(deviation).zip(0..);
        places.max_by(|one, other| one.0.abs().total_cmp(&other.0.abs())).expect("places")
    }

    /// How far neighbours follow each other, as so many deviations from not at all.
    fn serial(&self) -> f64 {
        let [product, sum, square] = self.sums.map(|sum| sum / self.pairs);
        (product - sum * sum) / (square - sum * sum) * self.pairs.sqrt()
    }

    #[track_caller]
    #[expect(clippy::print_stdout, reason = "figures, for who runs it with --nocapture")]
    fn assert_uniform(&self, what: &str) {
        let ((worst, place), serial) = (self.worst(), self.serial());
        println!(
            "{what}: {} strings, chi-square {worst:+.1} σ at place {place}, serial {serial:+.1} σ",
            self.strings
        );
        // Of some thousand places one is expected beyond 3.5, next to none beyond 5.
        assert!(worst.abs() < 5.5, "{what}: place {place} is off by {worst:.1} σ");
        assert!(serial.abs() < 4.5, "{what}: neighbours are off by {serial:.1} σ");
    }

    /// The bytes at one place and bit are known to any who look.
    #[track_caller]
    #[expect(clippy::print_stdout, reason = "figures, for who runs it with --nocapture")]
    fn assert_marked(&self, what: &str, place: usize) {
        let (worst, found) = self.worst();
        println!("{what}: {worst:+.1} σ at place {found}");
        assert!(worst > 30.0 && found == place, "{what}: {worst:.1} σ at {found}, not {place}: no teeth");
    }
}

/// From both ends, so that what stands at the end of strings of many lengths is looked at, too.
struct Ends(Places, Places);

impl Ends {
    fn new(places: usize) -> Self {
        Self(Places::new(places), Places::new(places))
    }

    fn add(&mut self, bytes: &[u8]) {
        assert!(bytes.len() >= self.0.counts.len(), "{} bytes", bytes.len());
        self.0.add(bytes.iter());
        self.1.add(bytes.iter().rev());
    }

    fn merge(&mut self, other: &Self) {
        self.0.merge(&other.0);
        self.1.merge(&other.1);
    }

    #[track_caller]
    fn assert_uniform(&self, what: &str) {
        self.0.assert_uniform(&format!("{what}, from the front"));
        self.1.assert_uniform(&format!("{what}, from the back"));
    }
}

fn rounds() -> u32 {
    let asked = std::env::var("CHATTER_UNIFORM").ok();
    asked.map_or(3_000, |count| count.parse().expect("a number of tokens"))
}

fn code(secret: &ServerSecret, entropy: &mut Entropy) -> AccessCode {
    AccessCode {
        server_key: secret.key(),
        secret: AccessSecret::generate(entropy),
        carrier_path: CarrierPath::parse("/backup.tar.enc").expect("a path"),
        preamble_len: 16,
    }
}

/// Openings, the bodies that answer them, and the curve points of both without their masks.
struct Openings {
    tokens: Ends,
    bodies: Ends,
    bare_offers: Places,
    bare_answers: Places,
}

impl Openings {
    fn gather(seed: u8, rounds: u32) -> Self {
        let mut entropy = Entropy::new([seed; 32]);
        let secret = ServerSecret::generate(&mut entropy);
        let code = code(&secret, &mut entropy);
        let keys = code.gate_keys();
        let path = code.carrier_path.clone();
        let mut keeper = Gatekeeper::new(secret.key(), path.clone(), Past::FreshKeys, NOW);
        keeper.add(String::new(), &code.secret).expect("room");
        let settings = Settings {
            grace: limits::GRACE_DEFAULT,
            sessions_max: 64,
            chaff_most: Chaff::Usual,
            relay: RelayLimits { room_members_max: 64, session_rooms_max: 16, listed_rooms_max: 64 },
        };
        let mut server = Server::new(secret, path, Vec::new(), settings, entropy.fork());
        // All in one second.
        server.set_bounds(Bounds { gate_openings_max: u32::MAX, ..Bounds::default() });
        let mut seen = Self {
            tokens: Ends::new(1024),
            bodies: Ends::new(600),
            bare_offers: Places::new(32),
            bare_answers: Places::new(32),
        };
        for round in 0..rounds {
            let chaff = if round % 2 == 0 { Chaff::Usual } else { Chaff::Constant };
            let (token, offered) =
                handshake::offer_with(chaff, &code, &keys, &Request::Fresh, NOW, &mut entropy);
            seen.tokens.add(&token);
            let recognised = keeper.recognise(&token, NOW).expect("a good token");
            seen.bare_offers.add(recognised.opening.message.iter().take(32));
            let ours = LinkId(round.into());
            assert!(server.open(ours, &recognised, 1 << 20, Time::ZERO));
            let mut body = Vec::new();
            while let Some(output) = server.poll_output() {
                if let Output::Write { link, bytes } = output
                    && link == ours
                {
                    body.extend(bytes);
                }
            }
            seen.bodies.add(&body);
            let (answer, _) = body.split_first_chunk::<ANSWER_LEN>().expect("message 2");
            let mut e = *answer.first_chunk::<32>().expect("a point");
            token::mask_answer(&keys, &recognised.opening.salt, &mut e);
            seen.bare_answers.add(e.iter());
            assert!(offered.finish(answer).is_ok());
        }
        seen
    }

    fn merge(mut self, other: &Self) -> Self {
        self.tokens.merge(&other.tokens);
        self.bodies.merge(&other.bodies);
        self.bare_offers.merge(&other.bare_offers);
        self.bare_answers.merge(&other.bare_answers);
        self
    }
}

#[test]
fn openings_and_their_answers_are_uniform() {
    let half = rounds().div_ceil(2);
    let seen = thread::scope(|scope| {
        let other = scope.spawn(|| Openings::gather(24, half));
        Openings::gather(21, half).merge(&other.join().expect("the other half"))
    });
    seen.tokens.assert_uniform("opening tokens");
    seen.bodies.assert_uniform("answers' bodies");
    // A curve point's last byte has its top bit clear.
    seen.bare_offers.assert_marked("openings' points unmasked", 31);
    seen.bare_answers.assert_marked("answers' points unmasked", 31);
}

#[test]
fn up_tokens_are_uniform() {
    let mut entropy = Entropy::new([22; 32]);
    let mut chain = TagChain::new(&[23; 32]);
    let (mut tokens, mut unsealed) = (Ends::new(128), Places::new(32));
    for round in 0..rounds() {
        // As little and as predictable as a batch can be: acknowledgements without bytes, offsets that hardly move.
        let batch = Up { down_ack: u64::from(round / 7), offset: 12, bytes: Vec::new() };
        let (_, tag, key): (_, _, Key) = chain.advance();
        let length = Chaff::None.up_len(0, &mut entropy);
        tokens.add(&seal_up(&tag, &key, &batch, length));
        unsealed.add([&tag[..], &batch.down_ack.to_be_bytes(), &batch.offset.to_be_bytes()].concat().iter());
    }
    tokens.assert_uniform("up tokens");
    assert!(unsealed.worst().0 > 1000.0, "no teeth");
}

const NOW: WallTime = WallTime(1_800_000_000);
const FREEDOM: f64 = 255.0;

//! Gates as they come and go, and what a token costs.

use super::*;
use crate::access::{AccessCode, ServerSecret};
use crate::entropy::Entropy;
use crate::handshake::{self, Request};
use crate::ids::LinkId;
use crate::noise::work;
use crate::server::bounds::Bounds;
use crate::server::{Server, Settings};
use crate::time::Time;

const NOW: WallTime = WallTime(1_000_000);

struct House {
    secret: ServerSecret,
    path: CarrierPath,
    codes: Vec<AccessCode>,
    entropy: Entropy,
}

impl House {
    fn new(codes: usize) -> Self {
        let mut entropy = Entropy::new([4; 32]);
        let secret = ServerSecret::generate(&mut entropy);
        let path = CarrierPath::parse("/c.enc").expect("a path");
        let code = |_| AccessCode {
            server_key: secret.key(),
            secret: AccessSecret::generate(&mut entropy),
            carrier_path: path.clone(),
            preamble_len: 16,
        };
        let codes = (0..codes).map(code).collect();
        Self { secret, path, codes, entropy }
    }

    fn keeper(&self) -> Gatekeeper {
        Gatekeeper::new(self.secret.key(), self.path.clone(), Past::FreshKeys, NOW)
    }

    fn token(&mut self, code: usize, time: WallTime) -> Vec<u8> {
        let code = &self.codes[code];
        handshake::offer(code, &code.gate_keys(), &Request::Fresh, time, &mut self.entropy).0
    }
}

fn at(seconds: u64) -> WallTime {
    WallTime(NOW.0 + seconds)
}

#[test]
fn gates_come_and_go() {
    let mut house = House::new(3);
    let mut keeper = house.keeper();
    let first = keeper.add("ben".into(), &house.codes[0].secret).expect("room");
    let second = keeper.add(String::new(), &house.codes[1].secret).expect("room");

    let ours = house.token(0, NOW);
    let recognised = keeper.recognise(&ours, NOW).expect("a genuine token");
    assert_eq!((recognised.gate, recognised.standing, keeper.name(first)), (first, Standing::Open, "ben"));
    assert!(recognised.named);
    assert!(keeper.recognise(&ours, NOW).is_none(), "a replay");
    assert!(keeper.recognise(&house.token(2, NOW), NOW).is_none(), "another code");
    assert!(keeper.recognise(&house.token(1, NOW), at(121)).is_none(), "too old");
    let by_second = keeper.recognise(&house.token(1, NOW), NOW).expect("a genuine token");
    assert_eq!((by_second.gate, by_second.named), (second, false));

    keeper.retire(first);
    let retired = keeper.recognise(&house.token(0, NOW), NOW).expect("known still");
    assert_eq!(retired.standing, Standing::Retired);
    keeper.forget_retired(|_| true);
    assert!(keeper.recognise(&house.token(0, NOW), NOW).is_some());
    keeper.close(first);
    let closed = keeper.recognise(&house.token(0, NOW), NOW).expect("known still");
    assert_eq!(closed.standing, Standing::Closed);
    keeper.retire(first);
    let closed = keeper.recognise(&house.token(0, NOW), NOW).expect("known still");
    assert_eq!(closed.standing, Standing::Closed, "what is closed stays closed");
    keeper.forget_retired(|_| false);
    assert!(keeper.recognise(&house.token(0, NOW), NOW).is_none());
    assert!(keeper.recognise(&house.token(1, NOW), NOW).is_some());
}

#[test]
fn a_gate_expires_by_the_clock_even_before_anybody_looks() {
    let mut house = House::new(2);
    let mut keeper = house.keeper();
    let lasting = keeper.add(String::new(), &house.codes[0].secret).expect("room");
    let passing = keeper.add_until("ben".into(), &house.codes[1].secret, NOW, Some(at(60))).expect("room");
    let mut standing = |keeper: &mut Gatekeeper, code, now| {
        keeper.recognise(&house.token(code, now), now).map(|recognised| recognised.standing)
    };
    assert_eq!(standing(&mut keeper, 1, at(59)), Some(Standing::Open));
    assert_eq!(standing(&mut keeper, 1, at(60)), Some(Standing::Closed));
    assert_eq!(keeper.expire(at(59)), []);
    assert_eq!(keeper.expire(at(60)), [passing]);
    assert_eq!(keeper.expire(at(61)), [], "once");
    assert_eq!(standing(&mut keeper, 1, at(0)), Some(Standing::Closed), "the clock stepped back");
    assert_eq!(standing(&mut keeper, 0, at(1_000_000)), Some(Standing::Open));
    keeper.set_expiry(lasting, Some(at(5)));
    assert_eq!(keeper.expire(at(5)), [lasting]);
}

#[test]
fn neither_gates_that_change_nor_a_clock_that_steps_open_the_replay_memory() {
    let mut house = House::new(2);
    let mut keeper = house.keeper();
    let old = keeper.add(String::new(), &house.codes[0].secret).expect("room");
    let used = house.token(0, NOW);
    assert!(keeper.recognise(&used, NOW).is_some());
    keeper.add(String::new(), &house.codes[1].secret).expect("room");
    keeper.retire(old);
    for now in [NOW, at(3600), NOW, at(60), WallTime(NOW.0 - 3600), NOW] {
        assert!(keeper.recognise(&used, now).is_none(), "at {now:?}");
        assert!(keeper.recognise(&house.token(1, now), now).is_some(), "nobody is locked out at {now:?}");
    }
}

#[test]
fn gates_are_bounded_and_closed_ones_make_room() {
    let house = House::new(1);
    let mut keeper = house.keeper();
    let secret = |number| AccessSecret::from_bytes([number; 16]);
    let gates: Vec<GateId> =
        (0..32).map(|number| keeper.add(String::new(), &secret(number)).expect("room")).collect();
    assert_eq!(keeper.add(String::new(), &secret(99)), Err(GatesFull));
    keeper.retire(gates[3]);
    assert_eq!(keeper.add(String::new(), &secret(99)), Err(GatesFull), "who came by it is still in");
    keeper.close(gates[3]);
    let added = keeper.add(String::new(), &secret(99)).expect("room");
    assert_eq!(keeper.terms().count(), 32);
    assert!(keeper.terms().all(|terms| terms.id != gates[3]) && added > gates[31]);
}

/// Nothing that is not recognised comes near the curve, and of what is recognised no more than the bounds let through.
#[test]
fn the_curve_is_for_what_is_genuine_timely_and_new() {
    let mut house = House::new(2);
    let mut keeper = house.keeper();
    keeper.add(String::new(), &house.codes[0].secret).expect("room");
    let bounds = Bounds { gate_openings_max: 2, ..Bounds::default() };
    let settings = Settings {
        grace: limits::GRACE_DEFAULT,
        sessions_max: 1000,
        chaff_most: crate::chaff::Chaff::Constant,
        relay: super::super::relay::RelayLimits::default(),
    };
    let mut server =
        Server::new(house.secret.clone(), house.path.clone(), Vec::new(), settings, house.entropy.fork());
    server.set_bounds(bounds);
    let mut links = 0;
    let mut come = |token: &[u8], now| {
        let before = work::done();
        let opened = keeper.recognise(token, now).map(|recognised| {
            links += 1;
            server.open(LinkId(links), &recognised, 1 << 20, Time::ZERO)
        });
        (opened, work::done() - before)
    };
    let genuine = house.token(0, NOW);
    for bit in 0..genuine.len() * 8 {
        let mut damaged = genuine.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(come(&damaged, NOW), (None, 0), "bit {bit}");
    }
    assert_eq!(come(&house.token(1, NOW), NOW), (None, 0), "another code's");
    assert_eq!(come(&house.token(0, NOW), at(121)), (None, 0), "a stale one");
    assert_eq!(come(&house.token(0, at(11)), NOW), (None, 0), "one from the future");
    let (opened, cost) = come(&genuine, NOW);
    assert_eq!(opened, Some(true));
    assert!(cost >= 3, "the server's key, es, e, ee: {cost}");
    assert_eq!(come(&genuine, NOW), (None, 0), "a replayed one");

    let flood: Vec<_> = (0..100).map(|_| come(&house.token(0, NOW), NOW)).collect();
    let worked = flood.iter().filter(|(_, cost)| *cost > 0).count();
    assert_eq!(worked, 31, "two bursts of eight seconds' openings, less the one before");
    assert!(flood.iter().all(|(opened, cost)| *opened == Some(*cost > 0)), "the rest gets the file");
}

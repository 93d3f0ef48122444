//! Single steps of the protocol, in this process.
//!
//! **In** nothing. **Out** the CPU time that each takes; what whole rooms cost their members (`room.rs`). **Never** a
//! socket, nor a time in which others had the processor.

use std::hint::black_box;
use std::time::Duration;

use chatter_proto::relay::{Join, Publish, Wrap, client_frame};
use chatter_protocol::access::{AccessCode, AccessSecret, CarrierPath, GateKeys, ServerSecret};
use chatter_protocol::entropy::Entropy;
use chatter_protocol::handshake::{self, Answer, Request};
use chatter_protocol::ids::SessionId;
use chatter_protocol::limits::{GATES_MAX, WRAP_LEN};
use chatter_protocol::record::{DownOpener, DownSealer, Up, open_up, seal_up, split_up};
use chatter_protocol::seal::Key;
use chatter_protocol::server::relay::{Relay, RelayLimits};
use chatter_protocol::tag::{TagChain, TagWindow};
use chatter_protocol::time::WallTime;
use chatter_protocol::token;
use nix::time::{ClockId, clock_gettime};

use crate::table::{nanoseconds, spread, table};
use crate::talk::{HELLO_LEN, body_len};

mod room;

/// Measures every step.
pub(crate) fn measure(quick: bool) -> String {
    let mut bench = Bench::new(quick);
    tokens(&mut bench);
    records(&mut bench);
    publish(&mut bench, 100);
    let mut rows = vec![vec!["step".to_owned(), "CPU time".to_owned()]];
    rows.append(&mut bench.rows);
    let steps = table(&format!("micro: single steps, {} batches each", bench.batches), &rows);
    format!("{steps}\n{}", room::measure(bench.batches))
}

/// The CPU time of this thread so far.
fn cpu() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).expect("Linux has such a clock").into()
}

struct Bench {
    batches: usize,
    batch_time: Duration,
    rows: Vec<Vec<String>>,
}

impl Bench {
    fn new(quick: bool) -> Self {
        let (batches, batch_time) = if quick { (3, 2) } else { (15, 20) };
        Self { batches, batch_time: Duration::from_millis(batch_time), rows: Vec::new() }
    }

    /// Times `step` over what `prepare` makes, which is not timed.
    fn step<P, T>(&mut self, name: &str, mut prepare: impl FnMut() -> P, mut step: impl FnMut(P) -> T) {
        let mut batch = |count: usize| {
            let prepared: Vec<P> = (0..count).map(|_| prepare()).collect();
            let start = cpu();
            for each in prepared {
                black_box(step(black_box(each)));
            }
            cpu() - start
        };
        let mut count = 1;
        while batch(count) < self.batch_time && count < COUNT_MAX {
            count *= 2;
        }
        let samples: Vec<f64> =
            (0..self.batches).map(|_| batch(count).as_secs_f64() * 1e9 / count as f64).collect();
        self.rows.push(vec![name.to_owned(), spread(&samples, nanoseconds)]);
    }
}

fn tokens(bench: &mut Bench) {
    let mut entropy = Entropy::new([1; 32]);
    let secret = ServerSecret::generate(&mut entropy);
    let code = AccessCode {
        server_key: secret.key(),
        secret: AccessSecret::generate(&mut entropy),
        carrier_path: CarrierPath::parse(CARRIER).expect("a path"),
        preamble_len: 16,
    };
    let keys = code.gate_keys();
    let mut gates: Vec<GateKeys> = (1..GATES_MAX)
        .map(|_| GateKeys::derive(&AccessSecret::generate(&mut entropy), &secret.key()))
        .collect();
    gates.push(keys.clone());
    let (token, _) = handshake::offer(&code, &keys, &Request::Fresh, WallTime(1), &mut entropy);
    bench.step("token: recognise, 1 gate", || (), |()| token::recognise([&keys], CARRIER, &token));
    let name = format!("token: recognise, {GATES_MAX} gates");
    bench.step(&name, || (), |()| token::recognise(&gates, CARRIER, &token));
    let offers = &mut entropy.fork();
    bench.step(
        "link handshake: client, both messages",
        || (),
        |()| handshake::offer(&code, &keys, &Request::Fresh, WallTime(1), offers),
    );
    let (_, opening) = token::recognise([&keys], CARRIER, &token).expect("our own");
    bench.step(
        "link handshake: server, both messages",
        || (),
        |()| {
            let (_, asked) =
                handshake::hear(&secret, &keys, CARRIER, &opening, &mut entropy).expect("genuine");
            asked.answer(&Answer::Accepted { root: Key::new([7; 32]), down_offset: 0 })
        },
    );
    bench.step("tags: window of a new link", || (), |()| TagWindow::new(&[7; 32]));
    let mut window = TagWindow::new(&[7; 32]);
    let mut index = 0;
    bench.step(
        "tags: accept the next",
        || (),
        |()| {
            index += 1;
            window.accept(index - 1)
        },
    );
}

fn records(bench: &mut Bench) {
    for length in [0, 420, 4_000, 32_000] {
        let mut sealer = DownSealer::new(&[1; 32]);
        let bytes = vec![5; length];
        let mut wire = Vec::new();
        bench.step(
            &format!("record: seal {length} bytes"),
            || (),
            |()| {
                wire.clear();
                sealer.seal(7, 3, &bytes, length, &mut wire);
            },
        );
        let (mut sealer, mut opener) = (DownSealer::new(&[2; 32]), DownOpener::new(&[2; 32]));
        bench.step(
            &format!("record: open {length} bytes"),
            || {
                let mut wire = Vec::new();
                sealer.seal(7, 3, &bytes, length, &mut wire);
                wire
            },
            |wire| {
                opener.receive(&wire);
                opener.next_record().expect("our own").expect("whole")
            },
        );
    }
    let (_, tag, key) = TagChain::new(&[3; 32]).advance();
    let batch = Up { down_ack: 1, offset: 2, bytes: vec![5; 2_000] };
    let token = seal_up(&tag, &key, &batch, 2_048);
    bench.step("up batch: seal 2000 bytes", || (), |()| seal_up(&tag, &key, &batch, 2_048));
    let open = |()| split_up(&token).and_then(|(tag, sealed)| open_up(tag, &key, sealed));
    bench.step("up batch: open 2000 bytes", || (), open);
}

fn publish(bench: &mut Bench, members: usize) {
    let mut entropy = Entropy::new([4; 32]);
    let mut relay =
        Relay::new(RelayLimits { room_members_max: members, session_rooms_max: 1, listed_rooms_max: 0 });
    let ids: Vec<[u8; 16]> = (0..members).map(|_| entropy.bytes()).collect();
    for (session, id) in (0..).zip(&ids) {
        let join =
            Join { room: 1, room_id: vec![1; 32], member_id: id.to_vec(), hello: vec![2; HELLO_LEN].into() };
        relay.receive(SessionId(session), client_frame::Frame::Join(join));
    }
    while relay.poll_output().is_some() {}
    let wrap = |id: &[u8; 16]| Wrap { member_id: id.to_vec(), sealed: vec![3; WRAP_LEN] };
    let body = vec![5; body_len(members, &mut entropy)].into();
    let wraps = ids.iter().skip(1).map(wrap).collect();
    let frame = client_frame::Frame::Publish(Publish { room: 1, number: 1, body, wraps });
    bench.step(
        &format!("relay: publish to a room of {members}"),
        || frame.clone(),
        |frame| {
            relay.receive(SessionId(0), frame);
            let mut deliveries = 0;
            while relay.poll_output().is_some() {
                deliveries += 1;
            }
            deliveries
        },
    );
}

const CARRIER: &str = "/backup/home.tar.enc";
/// Steps in a batch, at most.
const COUNT_MAX: usize = 1 << 20;

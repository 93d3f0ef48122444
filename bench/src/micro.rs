//! Single steps of the protocol, in this process.
//!
//! **In** nothing. **Out** how long each takes. **Never** a socket.

use std::hint::black_box;
use std::time::{Duration, Instant};

use chatter_proto::relay::{Join, Publish, Wrap, client_frame};
use chatter_protocol::access::{AccessCode, AccessSecret, CarrierPath, GateKeys, ServerSecret};
use chatter_protocol::entropy::Entropy;
use chatter_protocol::handshake::{self, Answer, Request};
use chatter_protocol::ids::{Nickname, SessionId};
use chatter_protocol::limits::{GATES_MAX, WRAP_LEN};
use chatter_protocol::record::{DownOpener, DownSealer, Up, open_up, seal_up, split_up};
use chatter_protocol::room::conversation::{Conversation, Happening, Output};
use chatter_protocol::room::secret::RoomSecret;
use chatter_protocol::seal::Key;
use chatter_protocol::server::relay::{Relay, RelayLimits};
use chatter_protocol::tag::{TagChain, TagWindow};
use chatter_protocol::time::{Time, WallTime};
use chatter_protocol::token;

use crate::table::{nanoseconds, spread, table};
use crate::talk::{HELLO_LEN, TEXT_LEN, body_len};

/// Measures every step.
pub(crate) fn measure(quick: bool) -> String {
    let mut bench = Bench::new(quick);
    tokens(&mut bench);
    records(&mut bench);
    publish(&mut bench, 100);
    for members in if quick { vec![2, 10] } else { vec![2, 10, 64] } {
        conversation(&mut bench, members);
    }
    let mut rows = vec![vec!["step".to_owned(), "time".to_owned()]];
    rows.append(&mut bench.rows);
    table(&format!("micro: single steps, {} batches each", bench.batches), &rows)
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
            let start = Instant::now();
            for each in prepared {
                black_box(step(black_box(each)));
            }
            start.elapsed()
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

/// From one member's lips to all others' ears, relay included: everything but links and sockets.
fn conversation(bench: &mut Bench, members: usize) {
    let mut room = Room::settled(members - 1);
    joining(bench, &mut room, members);
    let text = "x".repeat(TEXT_LEN);
    bench.step(
        &format!("room of {members}: say, relay, hear {} times", members - 1),
        || (),
        |()| {
            room.members[0].say(&text, Time::ZERO).expect("in the room");
            let heard = room.carry();
            assert_eq!(heard, members - 1, "everybody hears it");
        },
    );
    // Last, as nobody hears it.
    let speaker = &mut room.members[0];
    bench.step(
        &format!("room of {members}: say alone"),
        || (),
        |()| {
            speaker.say(&text, Time::ZERO).expect("in the room");
            while speaker.poll_output().is_some() {}
        },
    );
}

/// The last of `members` comes into the room: a handshake with each of the others. He stays.
fn joining(bench: &mut Bench, room: &mut Room, members: usize) {
    let (mut all, mut own) = (Vec::new(), Vec::new());
    for _ in 0..bench.batches {
        if room.members.len() == members {
            room.leave();
        }
        room.own_time = Duration::ZERO;
        let start = Instant::now();
        room.join();
        all.push(start.elapsed().as_secs_f64() * 1e9);
        own.push(room.own_time.as_secs_f64() * 1e9);
        assert_eq!(room.members.last().map(|member| member.members().count()), Some(members - 1));
    }
    let each: Vec<_> = all.iter().zip(&own).map(|(all, own)| (all - own) / (members - 1) as f64).collect();
    for (what, samples) in
        [("all that one joins costs", &all), ("the newcomer's part", &own), ("each other's part", &each)]
    {
        bench.rows.push(vec![format!("room of {members}: {what}"), spread(samples, nanoseconds)]);
    }
}

/// Members and a relay, with nothing between them.
struct Room {
    members: Vec<Conversation>,
    relay: Relay,
    entropy: Entropy,
    /// Sessions so far; those of the members are the last.
    sessions: Vec<SessionId>,
    begun: u64,
    /// What the newest member's program took.
    own_time: Duration,
}

impl Room {
    /// A room in which everybody has finished a channel with everybody, and which may grow by one.
    fn settled(members: usize) -> Self {
        let relay = Relay::new(RelayLimits {
            room_members_max: members + 1,
            session_rooms_max: 1,
            listed_rooms_max: 0,
        });
        let entropy = Entropy::new([6; 32]);
        let (members_now, sessions, own_time) = (Vec::new(), Vec::new(), Duration::ZERO);
        let mut room = Self { members: members_now, relay, entropy, sessions, begun: 0, own_time };
        for _ in 0..members {
            room.join();
        }
        room
    }

    fn join(&mut self) {
        let nick = Nickname::parse(&format!("member {}", self.begun)).expect("a nickname");
        let secret = RoomSecret::from_bytes([1; 16]);
        let start = Instant::now();
        self.members.push(Conversation::new(&secret, &SERVER_KEY, nick, 1, self.entropy.fork()));
        self.own_time += start.elapsed();
        self.sessions.push(SessionId(self.begun));
        self.begun += 1;
        self.carry();
    }

    /// The newest member leaves.
    fn leave(&mut self) {
        if let Some(member) = self.members.last_mut() {
            member.leave(Time::ZERO);
        }
        self.carry();
        self.members.pop();
        if let Some(session) = self.sessions.pop() {
            self.relay.session_ended(session);
        }
        while self.relay.poll_output().is_some() {}
    }

    /// Carries everything that is on its way; how many messages were shown.
    fn carry(&mut self) -> usize {
        let mut shown = 0;
        loop {
            let mut carried = false;
            let newest = self.members.len() - 1;
            for (place, member) in self.members.iter_mut().enumerate() {
                while let Some(output) = member.poll_output() {
                    match output {
                        Output::Send(frame) => {
                            self.relay.receive(self.sessions[place], frame);
                            carried = true;
                        }
                        Output::Show(happening) => {
                            shown += usize::from(matches!(happening, Happening::Message { .. }));
                        }
                    }
                }
            }
            while let Some(delivery) = self.relay.poll_output() {
                let place = self.sessions.iter().position(|session| *session == delivery.session);
                let place = place.expect("a session of ours");
                let start = Instant::now();
                self.members[place].receive(delivery.frame, Time::ZERO);
                if place == newest {
                    self.own_time += start.elapsed();
                }
                carried = true;
            }
            if !carried {
                return shown;
            }
        }
    }
}

const CARRIER: &str = "/backup/home.tar.enc";
const SERVER_KEY: [u8; 32] = [5; 32];
/// Steps in a batch, at most.
const COUNT_MAX: usize = 1 << 20;

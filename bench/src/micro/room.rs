//! Whole rooms without a network: what coming in and saying something cost each member, in CPU time and bytes.
//!
//! **In** how often. **Out** a table for rooms of 2, 10 and 64. **Never** links and sockets: bytes are those of the frames
//! inside them.

use std::time::Duration;

use chatter_proto::relay::{ClientFrame, RelayFrame};
use chatter_protocol::entropy::Entropy;
use chatter_protocol::frame;
use chatter_protocol::ids::{Nickname, SessionId};
use chatter_protocol::limits;
use chatter_protocol::room::conversation::{Conversation, Happening, Output};
use chatter_protocol::room::secret::RoomSecret;
use chatter_protocol::server::relay::{Relay, RelayLimits};
use chatter_protocol::time::Time;

use super::cpu;
use crate::table::{digits, nanoseconds, spread, table};
use crate::talk::TEXT_LEN;

/// What a text and a newcomer cost in rooms of each size.
pub(super) fn measure(batches: usize) -> String {
    let mut rows: Vec<Vec<String>> = ROWS.iter().map(|name| vec![(*name).to_owned()]).collect();
    let mut bytes_of_two = 0.0;
    for members in [2, 10, 64] {
        let cost = Cost::of(members, batches);
        if members == 2 {
            bytes_of_two = cost.up;
        }
        let more = (cost.up - bytes_of_two) / (members - 2) as f64;
        let time = |samples: &[f64]| spread(samples, nanoseconds);
        let cells = [
            format!("room of {members}"),
            time(&cost.joining),
            time(&cost.meeting),
            time(&cost.saying),
            time(&cost.saying_anew),
            time(&cost.hearing),
            time(&cost.hearing_anew),
            time(&cost.relaying),
            digits(cost.up),
            if members == 2 { "–".to_owned() } else { digits(more) },
            digits(cost.down),
        ];
        rows.iter_mut().zip(cells).for_each(|(row, cell)| row.push(cell));
    }
    table(
        &format!("micro: rooms, a text of {TEXT_LEN} bytes; CPU time, least / median / most of {batches}"),
        &rows,
    )
}

const ROWS: [&str; 11] = [
    "what",
    "coming in: the newcomer's CPU",
    "coming in: each other's CPU",
    "a text: its speaker's CPU",
    "a text that brings each a new key: its speaker's CPU",
    "a text: each hearer's CPU",
    "a text that brings a new key: each hearer's CPU",
    "a text: the relay's CPU",
    "a text: bytes up",
    "a text: bytes up for each member more than two",
    "a text: bytes down to each hearer",
];

/// Nanoseconds of each try, and bytes.
#[derive(Default)]
struct Cost {
    joining: Vec<f64>,
    meeting: Vec<f64>,
    saying: Vec<f64>,
    saying_anew: Vec<f64>,
    hearing: Vec<f64>,
    hearing_anew: Vec<f64>,
    relaying: Vec<f64>,
    up: f64,
    down: f64,
}

impl Cost {
    fn of(members: usize, batches: usize) -> Self {
        let mut cost = Self::default();
        let others = members - 1;
        let mut room = Room::settled(others);
        for _ in 0..batches {
            if room.seats.len() == members {
                room.leave();
            }
            room.count_anew();
            room.join();
            let newcomer = room.seats[others].cpu;
            cost.joining.push(nanos(newcomer));
            cost.meeting.push(nanos(room.cpu() - newcomer) / others as f64);
            assert_eq!(room.seats[others].conversation.members().count(), others, "he met everybody");
        }
        for _ in 0..batches {
            // The first of a turn brings new keys, the others until the next do not.
            room.now = room.now + limits::RATCHET_STEP_EVERY;
            room.say(0);
            cost.saying_anew.push(nanos(room.seats[0].cpu));
            cost.hearing_anew.push(nanos(room.cpu() - room.seats[0].cpu) / others as f64);
            (cost.up, cost.down) = (room.seats[0].up as f64, room.seats[1].down as f64);
            for _ in 0..TEXTS {
                room.say(0);
                cost.saying.push(nanos(room.seats[0].cpu));
                cost.hearing.push(nanos(room.cpu() - room.seats[0].cpu) / others as f64);
                cost.relaying.push(nanos(room.relay_cpu));
            }
            // It is the others' turn.
            room.now = room.now + limits::RATCHET_STEP_EVERY;
            (1..members).for_each(|who| room.say(who));
        }
        cost
    }
}

fn nanos(time: Duration) -> f64 {
    time.as_secs_f64() * 1e9
}

/// Members and a relay, with nothing between them.
struct Room {
    seats: Vec<Seat>,
    relay: Relay,
    relay_cpu: Duration,
    entropy: Entropy,
    begun: u64,
    now: Time,
}

/// A member, what his program took since it was last counted, and bytes of its frames.
struct Seat {
    conversation: Conversation,
    session: SessionId,
    cpu: Duration,
    up: usize,
    down: usize,
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
        let mut room =
            Self { seats: Vec::new(), relay, relay_cpu: Duration::ZERO, entropy, begun: 0, now: Time::ZERO };
        (0..members).for_each(|_| room.join());
        room
    }

    fn join(&mut self) {
        let nick = Nickname::parse(&format!("member {}", self.begun)).expect("a nickname");
        let secret = RoomSecret::from_bytes([1; 16]);
        let entropy = self.entropy.fork();
        let start = cpu();
        let conversation = Conversation::new(&secret, &[5; 32], nick, 1, entropy);
        let cpu = cpu() - start;
        self.seats.push(Seat { conversation, session: SessionId(self.begun), cpu, up: 0, down: 0 });
        self.begun += 1;
        self.carry();
    }

    /// The newest member leaves.
    fn leave(&mut self) {
        if let Some(seat) = self.seats.last_mut() {
            seat.conversation.leave(self.now);
        }
        self.carry();
        if let Some(seat) = self.seats.pop() {
            self.relay.session_ended(seat.session);
        }
        while self.relay.poll_output().is_some() {}
    }

    /// Somebody says something, and everybody hears it; only that is counted.
    fn say(&mut self, who: usize) {
        self.count_anew();
        let text = "x".repeat(TEXT_LEN);
        let seat = &mut self.seats[who];
        let start = cpu();
        seat.conversation.say(&text, self.now).expect("in the room");
        seat.cpu += cpu() - start;
        assert_eq!(self.carry(), self.seats.len() - 1, "everybody hears it");
    }

    fn count_anew(&mut self) {
        self.relay_cpu = Duration::ZERO;
        for seat in &mut self.seats {
            (seat.cpu, seat.up, seat.down) = (Duration::ZERO, 0, 0);
        }
    }

    /// What all members' programs took.
    fn cpu(&self) -> Duration {
        self.seats.iter().map(|seat| seat.cpu).sum()
    }

    /// Carries everything that is on its way; how many texts were shown.
    fn carry(&mut self) -> usize {
        let mut shown = 0;
        loop {
            let mut carried = false;
            for seat in &mut self.seats {
                while let Some(output) = seat.conversation.poll_output() {
                    match output {
                        Output::Send(frame) => {
                            let framed = ClientFrame { frame: Some(frame) };
                            let mut bytes = Vec::new();
                            frame::push(&framed, &mut bytes);
                            seat.up += bytes.len();
                            let Some(frame) = framed.frame else { continue };
                            let start = cpu();
                            self.relay.receive(seat.session, frame);
                            self.relay_cpu += cpu() - start;
                            carried = true;
                        }
                        Output::Show(Happening::Warning(warning)) => panic!("{warning}"),
                        Output::Show(happening) => {
                            shown += usize::from(matches!(happening, Happening::Message { .. }));
                        }
                    }
                }
            }
            loop {
                let start = cpu();
                let delivery = self.relay.poll_output();
                self.relay_cpu += cpu() - start;
                let Some(delivery) = delivery else { break };
                let seat = self.seats.iter_mut().find(|seat| seat.session == delivery.session);
                let seat = seat.expect("a session of ours");
                let framed = RelayFrame { frame: Some(delivery.frame) };
                let mut bytes = Vec::new();
                frame::push(&framed, &mut bytes);
                seat.down += bytes.len();
                let Some(frame) = framed.frame else { continue };
                let start = cpu();
                seat.conversation.receive(frame, self.now);
                seat.cpu += cpu() - start;
                carried = true;
            }
            if !carried {
                return shown;
            }
        }
    }
}

/// Texts of a turn.
const TEXTS: usize = 5;

//! Giver and taker against each other, a network between them that breaks, and strangers who guess.

use alloc::vec;
use alloc::vec::Vec;

use proptest::prelude::*;

use super::*;

/// One side: its machine, its file, what it was told.
#[derive(Default)]
struct Side {
    transfers: Transfers,
    file: Vec<u8>,
    /// What was handed over to be written.
    unwritten: u64,
    told: Vec<Output>,
}

const GIVER: u8 = 1;
const TAKER: u8 = 2;
const ID: TransferId = TransferId::new([7; 16]);

fn member(id: u8) -> MemberId {
    MemberId::new([id; 16])
}

impl Side {
    /// What it has to send; the rest is noted or written.
    fn drain(&mut self) -> Vec<(MemberId, Step)> {
        let mut steps = Vec::new();
        while let Some(output) = self.transfers.poll_output() {
            match output {
                // Over the wire and back: what is sent can be read.
                Output::Send(to, step) => steps.push((to, Step::decode(step.encode()).expect("a step"))),
                Output::Write(_, data) => {
                    self.file.extend_from_slice(&data);
                    self.unwritten += 1;
                }
                told @ (Output::Offered(..)
                | Output::Accepted(_)
                | Output::Given(..)
                | Output::Complete(_)
                | Output::Kept(_)
                | Output::Paused(_)
                | Output::Resumed(..)
                | Output::Ended(..)) => self.told.push(told),
            }
        }
        steps
    }

    fn write(&mut self) {
        self.unwritten = 0;
        self.transfers.written(&ID, wide(self.file.len()));
    }

    fn count(&self, what: fn(&Output) -> bool) -> usize {
        self.told.iter().filter(|told| what(told)).count()
    }
}

/// Both ends of a pair channel whose ids change when it breaks.
struct World {
    giver: Side,
    taker: Side,
    ids: (u8, u8),
    /// Under way, in order.
    down: VecDeque<Step>,
    up: VecDeque<Step>,
}

impl World {
    fn new(size: usize) -> Self {
        let file: Vec<u8> = (0..size).map(|at| u8::try_from(at % 251).expect("a byte")).collect();
        let giver = Side { file, ..Side::default() };
        let mut world = Self {
            giver,
            taker: Side::default(),
            ids: (GIVER, TAKER),
            down: VecDeque::new(),
            up: VecDeque::new(),
        };
        world.meet();
        let offer = Offer { name: FileName::tame("x"), size: wide(size), hash: [0; 32], directory: false };
        assert!(world.giver.transfers.offer(ID, member(TAKER), offer));
        world
    }

    fn meet(&mut self) {
        let (giver, taker) = (member(self.ids.0), member(self.ids.1));
        self.giver.transfers.entered(giver);
        self.taker.transfers.entered(taker);
        self.giver.transfers.member_joined(taker);
        self.taker.transfers.member_joined(giver);
    }

    /// Both sessions are lost, and what was under way.
    fn lose(&mut self) {
        self.giver.transfers.left();
        self.taker.transfers.left();
        self.drain();
        (self.down, self.up) = (VecDeque::new(), VecDeque::new());
        self.ids = (self.ids.0 + 2, self.ids.1 + 2);
        self.meet();
    }

    fn drain(&mut self) {
        self.down.extend(self.giver.drain().into_iter().map(|(_, step)| step));
        self.up.extend(self.taker.drain().into_iter().map(|(_, step)| step));
    }

    /// One thing happens.
    fn step(&mut self, what: u8) {
        match what % 4 {
            0 => {
                if let Some((id, offset, len)) = self.giver.transfers.next_read() {
                    let from = usize::try_from(offset).expect("small");
                    let data = Zeroizing::new(self.giver.file[from..from + len].to_vec());
                    self.giver.transfers.read(&id, offset, data);
                }
            }
            1 => {
                if let Some(step) = self.down.pop_front() {
                    self.taker.transfers.receive(member(self.ids.0), step);
                }
            }
            2 => {
                if let Some(step) = self.up.pop_front() {
                    self.giver.transfers.receive(member(self.ids.1), step);
                }
            }
            _ => self.taker.write(),
        }
        self.drain();
        let open: u64 = self.taker.transfers.taking.values().map(|it| it.until - it.written).sum();
        assert!(open <= limits::TAKING_WINDOW, "no more may be under way: {open}");
        if self.taker.told.contains(&Output::Complete(ID)) {
            self.taker.transfers.kept(&ID);
            self.drain();
        }
    }

    fn accept(&mut self) {
        self.drain();
        self.step(1);
        assert!(self.taker.transfers.accept(&ID));
        self.drain();
    }

    fn finish(&mut self) {
        for turn in 0..20_000_u32 {
            if self.giver.count(|told| matches!(told, Output::Kept(_))) > 0 {
                break;
            }
            self.step(u8::try_from(turn % 4).expect("small"));
        }
        assert_eq!(self.taker.file, self.giver.file);
        assert_eq!(self.giver.count(|told| matches!(told, Output::Kept(_))), 1, "{:?}", self.giver.told);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_breaks_the_file_arrives_once(size in 0_usize..600_000, happens in prop::collection::vec(0_u8..=255, 0..400)) {
        let mut world = World::new(size);
        world.accept();
        for what in happens {
            // One in sixteen breaks everything, unless it is over already.
            if what >= 240 { world.lose() } else { world.step(what) }
        }
        world.finish();
    }

    #[test]
    fn any_steps_in_any_order_are_survived(steps in prop::collection::vec((0_u8..4, 0_u8..6, 0_u64..70_000, 0_u64..70_000), 0..200)) {
        let mut side = Side::default();
        side.transfers.entered(member(9));
        (0..4).for_each(|id| side.transfers.member_joined(member(id)));
        for (who, kind, one, other) in steps {
            let id = TransferId::new([u8::try_from(one % 5).expect("small"); 16]);
            let offer = Offer { name: FileName::tame("x"), size: other, hash: [0; 32], directory: false };
            let step = match kind {
                0 => Step::Offer(id, offer),
                1 => Step::Grant { id, have: one.min(other), until: other },
                2 => Step::Resume { proof: id.proof(&member(who), &member(9)), have: one.min(other), until: other, kept: one % 2 == 0 },
                3 => Step::Chunk { id, offset: other, data: Zeroizing::new(vec![0; usize::try_from(one % 16_000).expect("small")]) },
                4 => Step::Kept(id),
                _ => Step::Cancel(id, Reason::Wish),
            };
            side.transfers.receive(member(who), step);
            match other % 7 {
                0 => { side.transfers.accept(&id); }
                1 => { side.transfers.offer(TransferId::new([u8::try_from(one % 7).expect("small"); 16]), member(who), Offer { name: FileName::tame("y"), size: one, hash: [0; 32], directory: true }); }
                2 => { side.transfers.member_left(&member(who)); side.transfers.member_joined(member(who)); }
                3 => { if let Some((id, offset, len)) = side.transfers.next_read() { side.transfers.read(&id, offset, Zeroizing::new(vec![0; len])); } }
                _ => side.transfers.written(&id, other),
            }
            side.drain();
            let waiting = side.transfers.taking.values().filter(|it| !it.accepted).count();
            prop_assert!(waiting <= limits::OFFERS_MAX);
            let open: u64 = side.transfers.taking.values().map(|it| it.until - it.written).sum();
            prop_assert!(open <= limits::TAKING_WINDOW);
        }
    }
}

#[test]
fn the_giver_hears_that_it_was_kept_before_he_was_found_again() {
    let mut world = World::new(100);
    world.accept();
    world.step(2); // The grant,
    world.step(0);
    world.step(1); // the only piece,
    world.lose(); // and before it is written the session is lost.
    world.step(3);
    world.finish();
}

#[test]
fn nothing_is_written_before_the_user_accepts() {
    let mut world = World::new(100);
    world.drain();
    world.step(1);
    let step = Step::Chunk { id: ID, offset: 0, data: Zeroizing::new(vec![1; 10]) };
    world.taker.transfers.receive(member(GIVER), step);
    world.drain();
    assert!(world.taker.file.is_empty());
    assert!(world.taker.told.contains(&Output::Ended(ID, Some(Reason::BrokeRules))));
}

#[test]
fn what_was_not_granted_ends_it() {
    let mut world = World::new(1_000_000);
    world.accept();
    let step = Step::Chunk { id: ID, offset: 16_000, data: Zeroizing::new(vec![1; 10]) };
    world.taker.transfers.receive(member(GIVER), step);
    world.drain();
    assert!(world.taker.told.contains(&Output::Ended(ID, Some(Reason::BrokeRules))));
    world.step(2);
    world.step(2);
    assert!(world.giver.told.contains(&Output::Ended(ID, Some(Reason::BrokeRules))));
}

#[test]
fn nobody_else_can_take_over() {
    let mut world = World::new(100_000);
    world.accept();
    (0..8).for_each(|turn| world.step(turn));
    let have = world.taker.file.len();
    assert!(have > 0);
    // A third member sends, cancels and asks under the right id, with the proof that somebody else made for him.
    let eve = member(99);
    let data = Zeroizing::new(vec![1; 10]);
    world.taker.transfers.receive(eve, Step::Chunk { id: ID, offset: wide(have), data });
    world.taker.transfers.receive(eve, Step::Cancel(ID, Reason::Wish));
    let proof = ID.proof(&member(TAKER), &eve);
    world.giver.transfers.receive(eve, Step::Resume { proof, have: 0, until: 10, kept: true });
    let proof = ID.proof(&member(TAKER), &member(GIVER));
    world.giver.transfers.receive(eve, Step::Resume { proof, have: 0, until: 10, kept: true });
    world.finish();
}

#[test]
fn offers_are_bounded() {
    let mut side = Side::default();
    side.transfers.entered(member(200));
    let offer = Offer { name: FileName::tame("x"), size: 1, hash: [0; 32], directory: false };
    for who in 0..20_u8 {
        for number in 0..20_u8 {
            let mut bytes = [who; 16];
            bytes[0] = number;
            side.transfers.receive(member(who), Step::Offer(TransferId::new(bytes), offer.clone()));
        }
    }
    let refused =
        side.drain().iter().filter(|(_, step)| matches!(step, Step::Cancel(_, Reason::Busy))).count();
    let shown = side.count(|told| matches!(told, Output::Offered(..)));
    assert_eq!((shown, refused), (limits::OFFERS_MAX, 400 - limits::OFFERS_MAX));
}

#[test]
fn a_wish_ends_it_on_both_sides() {
    for giver_wishes in [true, false] {
        let mut world = World::new(100_000);
        world.accept();
        (0..8).for_each(|turn| world.step(turn));
        let (one, other) = if giver_wishes {
            (&mut world.giver, &mut world.taker)
        } else {
            (&mut world.taker, &mut world.giver)
        };
        one.transfers.cancel(&ID, Reason::Wish);
        let from = if giver_wishes { GIVER } else { TAKER };
        for (_, step) in one.drain() {
            other.transfers.receive(member(from), step);
        }
        other.drain();
        assert!(other.told.contains(&Output::Ended(ID, Some(Reason::Wish))));
        assert!(one.transfers.giving.is_empty() && one.transfers.taking.is_empty());
        assert!(other.transfers.giving.is_empty() && other.transfers.taking.is_empty());
    }
}

use super::*;

/// Everybody who is seated, by the number that [`enter`] gave.
struct Hall {
    crowd: Arc<Crowd>,
    seats: BTreeMap<usize, Seat>,
    entered: usize,
}

impl Hall {
    fn new(limit: usize) -> Hall {
        Hall { crowd: Arc::new(Crowd::new(limit)), seats: BTreeMap::new(), entered: 0 }
    }

    fn enter(&mut self) -> usize {
        let (seat, _ticket) = self.crowd.admit();
        self.seats.insert(self.entered, seat);
        self.entered += 1;
        self.entered - 1
    }

    /// Those who have not been dismissed.
    fn present(&self) -> Vec<usize> {
        let seated = self.crowd.seats();
        let is_seated = |seat: &Seat| {
            let state = seat.0.as_ref().map(|(_, state)| state).expect("a real seat");
            seated.values().any(|other| Arc::ptr_eq(state, other))
        };
        self.seats.iter().filter(|(_, seat)| is_seated(seat)).map(|(number, _)| *number).collect()
    }
}

#[test]
fn the_one_idle_longest_goes_first() {
    let mut hall = Hall::new(3);
    for _ in 0..3 {
        hall.enter();
    }
    assert_eq!(hall.present(), [0, 1, 2], "nobody goes below the limit");
    hall.seats[&0].active();
    hall.enter();
    assert_eq!(hall.present(), [0, 2, 3], "0 did something, so 1 was idle longest");
    hall.seats[&2].active();
    hall.seats[&0].active();
    hall.enter();
    assert_eq!(hall.present(), [0, 2, 4]);
    hall.enter();
    assert_eq!(hall.present(), [0, 4, 5]);
    hall.seats.remove(&4);
    hall.enter();
    assert_eq!(hall.present(), [0, 5, 6], "whoever leaves makes room");
    hall.crowd.clear();
    assert_eq!(hall.present(), [0; 0]);
}

#[test]
fn who_is_dismissed_and_stays_is_waited_for() {
    let mut hall = Hall::new(10);
    for _ in 0..10 + LINGERING_MAX {
        hall.enter();
    }
    assert!(!hall.crowd.is_behind());
    hall.enter();
    assert!(hall.crowd.is_behind(), "one more was dismissed than may be on his way");
    hall.seats.remove(&(9 + LINGERING_MAX));
    assert!(hall.crowd.is_behind(), "he was none of them");
    hall.seats.remove(&0);
    assert!(!hall.crowd.is_behind());
    hall.crowd.clear();
    hall.seats.clear();
    assert_eq!(hall.crowd.lingering.load(Ordering::Relaxed), 0);
}

#[test]
fn it_is_always_the_one_that_a_look_at_all_of_them_finds() {
    let mut hall = Hall::new(20);
    // Each one's last activity, as a list from the oldest to the newest would have it.
    let mut order: Vec<usize> = Vec::new();
    let mut dice = 12_345_u64;
    for _ in 0..2_000 {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let pick = usize::try_from(dice >> 33).unwrap();
        match order.get(pick % order.len().max(1)) {
            Some(&number) if pick.is_multiple_of(3) => {
                hall.seats[&number].active();
                order.retain(|other| *other != number);
                order.push(number);
            }
            Some(&number) if pick.is_multiple_of(5) => {
                hall.seats.remove(&number);
                order.retain(|other| *other != number);
            }
            _ => {
                if order.len() == 20 {
                    order.remove(0);
                }
                order.push(hall.enter());
            }
        }
        let mut expected = order.clone();
        expected.sort_unstable();
        assert_eq!(hall.present(), expected);
    }
}

#[test]
fn whoever_holds_most_goes_when_all_hold_too_much() {
    let mut hall = Hall::new(10);
    for _ in 0..4 {
        hall.enter();
    }
    assert!(!hall.seats[&0].holds(HELD_MAX / 4));
    assert!(!hall.seats[&1].holds(HELD_MAX / 2));
    assert!(!hall.seats[&2].holds(HELD_MAX / 4));
    assert_eq!(hall.present(), [0, 1, 2, 3]);
    assert!(hall.seats[&3].holds(1));
    assert_eq!(hall.present(), [0, 2, 3], "the largest went");
    assert!(hall.seats[&3].holds(HELD_MAX / 4), "it is not gone yet");
    assert_eq!(hall.present(), [0, 2, 3], "but on its way");
    hall.seats.remove(&1);
    assert!(!hall.seats[&3].holds(HELD_MAX / 2), "what it held is free");
    assert!(!hall.seats[&0].holds(0));
    assert!(!hall.seats[&2].holds(HELD_MAX / 2));
    assert_eq!(hall.present(), [0, 2, 3], "and so is what is given back");
    hall.seats.clear();
    assert_eq!(hall.crowd.held.load(Ordering::Relaxed), 0);
    assert_eq!(hall.crowd.leaving.load(Ordering::Relaxed), 0);
    assert!(hall.crowd.seats().is_empty());
}

#[test]
fn the_dismissed_one_is_cut_and_counts_no_more() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let crowd = Arc::new(Crowd::new(1));
        let (seat, ticket) = crowd.admit();
        assert!(!seat.holds(1_000));
        let task = tokio::spawn(async move {
            let _seat = seat;
            std::future::pending::<()>().await;
        });
        ticket.seated(task.abort_handle());
        let (_second, _) = crowd.admit();
        assert!(task.await.unwrap_err().is_cancelled());
        assert_eq!((crowd.seats().len(), crowd.held.load(Ordering::Relaxed)), (1, 0));
    });
}

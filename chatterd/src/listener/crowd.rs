//! The strangers who are connected now, so that none of them can fill the house.
//!
//! **In**: connections come, do something, go. **Out**: when there are too many, or they hold too much, the one that has
//! been idle longest (or holds most) is dismissed.
//! **Never**: an address; members, who leave the crowd when they are admitted.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use tokio::task::AbortHandle;

/// All strangers.
#[derive(Debug)]
pub(crate) struct Crowd {
    limit: usize,
    seats: Mutex<HashMap<u64, Arc<State>>>,
    /// Counts what anybody does; a larger number is later.
    moments: AtomicU64,
    held: AtomicUsize,
}

#[derive(Debug, Default)]
struct State {
    active_at: AtomicU64,
    held: AtomicUsize,
    task: OnceLock<AbortHandle>,
}

/// One stranger's place in the crowd; dropping it gives it up.
#[derive(Debug, Default)]
pub(crate) struct Seat(Option<(Arc<Crowd>, u64, Arc<State>)>);

/// The other half of a seat, by which its task can be named once there is one.
#[derive(Debug)]
pub(crate) struct Ticket(Arc<State>);

impl Crowd {
    pub(crate) fn new(limit: usize) -> Crowd {
        Crowd { limit, seats: Mutex::default(), moments: AtomicU64::new(0), held: AtomicUsize::new(0) }
    }

    /// Lets one in; if that is one too many, the oldest idle one goes.
    pub(crate) fn admit(self: &Arc<Crowd>) -> (Seat, Ticket) {
        let state = Arc::new(State::default());
        let number = self.moment();
        state.active_at.store(number, Ordering::Relaxed);
        let mut seats = self.seats();
        if seats.len() >= self.limit {
            self.dismiss(&mut seats, |state| std::cmp::Reverse(state.active_at.load(Ordering::Relaxed)));
        }
        seats.insert(number, Arc::clone(&state));
        drop(seats);
        (Seat(Some((Arc::clone(self), number, Arc::clone(&state)))), Ticket(state))
    }

    /// Cuts the one that has been idle longest.
    pub(crate) fn dismiss_oldest(&self) {
        self.dismiss(&mut self.seats(), |state| std::cmp::Reverse(state.active_at.load(Ordering::Relaxed)));
    }

    /// Cuts them all.
    pub(crate) fn clear(&self) {
        for (_, state) in self.seats().drain() {
            self.cut(&state);
        }
    }

    fn dismiss<K: Ord>(&self, seats: &mut HashMap<u64, Arc<State>>, worst: impl Fn(&State) -> K) {
        let number = seats.iter().max_by_key(|(_, state)| worst(state)).map(|(number, _)| *number);
        if let Some(state) = number.and_then(|number| seats.remove(&number)) {
            self.cut(&state);
        }
    }

    fn cut(&self, state: &State) {
        self.held.fetch_sub(state.held.swap(0, Ordering::Relaxed), Ordering::Relaxed);
        if let Some(task) = state.task.get() {
            task.abort();
        }
    }

    fn moment(&self) -> u64 {
        self.moments.fetch_add(1, Ordering::Relaxed)
    }

    fn seats(&self) -> MutexGuard<'_, HashMap<u64, Arc<State>>> {
        // Nothing that holds the lock can panic half-way.
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ticket {
    /// Names the task that serves the seat.
    pub(crate) fn seated(self, task: AbortHandle) {
        // The only call.
        let _ = self.0.task.set(task);
    }
}

impl Seat {
    /// Its connection did something, and holds so many bytes of an unfinished head.
    pub(crate) fn active(&self, held: usize) {
        let Some((crowd, _, state)) = &self.0 else { return };
        state.active_at.store(crowd.moment(), Ordering::Relaxed);
        let before = state.held.swap(held, Ordering::Relaxed);
        if before == held {
            return;
        }
        let all = crowd.held.fetch_add(held, Ordering::Relaxed) + held - before;
        crowd.held.fetch_sub(before, Ordering::Relaxed);
        if all > HELD_MAX {
            crowd.dismiss(&mut crowd.seats(), |state| state.held.load(Ordering::Relaxed));
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some((crowd, number, state)) = self.0.take() {
            crowd.seats().remove(&number);
            crowd.held.fetch_sub(state.held.swap(0, Ordering::Relaxed), Ordering::Relaxed);
        }
    }
}

/// Bytes of unfinished heads that all strangers may hold together.
const HELD_MAX: usize = 128 << 20;

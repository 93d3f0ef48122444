//! The strangers who are connected now, so that none of them can fill the house.
//!
//! **In**: connections come, do something, go. **Out**: when there are too many, or they hold too much, the one that has
//! been idle longest (or holds most) is dismissed.
//! **Never**: an address; members, who leave the crowd when they are admitted.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use tokio::task::AbortHandle;

/// All strangers.
#[derive(Debug)]
pub(crate) struct Crowd {
    limit: usize,
    /// Everybody, by the last moment of activity that was looked at: later ones show when his turn comes.
    seats: Mutex<BTreeMap<u64, Arc<State>>>,
    /// Counts what anybody does; a larger number is later.
    moments: AtomicU64,
    held: AtomicUsize,
    /// What of it those hold who are dismissed and not yet gone.
    leaving: AtomicUsize,
    /// How many they are.
    lingering: AtomicUsize,
}

#[derive(Debug, Default)]
struct State {
    /// Under which he is seated.
    seat: AtomicU64,
    active_at: AtomicU64,
    held: AtomicUsize,
    leaving: AtomicUsize,
    is_dismissed: AtomicBool,
    task: OnceLock<AbortHandle>,
}

/// One stranger's place in the crowd; dropping it gives it up.
#[derive(Debug, Default)]
pub(crate) struct Seat(Option<(Arc<Crowd>, Arc<State>)>);

/// The other half of a seat, by which its task can be named once there is one.
#[derive(Debug)]
pub(crate) struct Ticket(Arc<State>);

impl Crowd {
    pub(crate) fn new(limit: usize) -> Crowd {
        Crowd {
            limit,
            seats: Mutex::default(),
            moments: AtomicU64::new(0),
            held: AtomicUsize::new(0),
            leaving: AtomicUsize::new(0),
            lingering: AtomicUsize::new(0),
        }
    }

    /// Whether many who are dismissed are not gone yet: they have to be before anybody else comes, or all bounds are words.
    pub(crate) fn is_behind(&self) -> bool {
        self.lingering.load(Ordering::Relaxed) > LINGERING_MAX
    }

    /// Lets one in; if that is one too many, the oldest idle one goes.
    pub(crate) fn admit(self: &Arc<Crowd>) -> (Seat, Ticket) {
        let state = Arc::new(State::default());
        let now = self.moment();
        state.seat.store(now, Ordering::Relaxed);
        state.active_at.store(now, Ordering::Relaxed);
        let mut seats = self.seats();
        if seats.len() >= self.limit {
            self.dismiss_first(&mut seats);
        }
        seats.insert(now, Arc::clone(&state));
        drop(seats);
        (Seat(Some((Arc::clone(self), Arc::clone(&state)))), Ticket(state))
    }

    /// Cuts the one that has been idle longest.
    pub(crate) fn dismiss_oldest(&self) {
        self.dismiss_first(&mut self.seats());
    }

    /// Cuts them all.
    pub(crate) fn clear(&self) {
        for state in std::mem::take(&mut *self.seats()).into_values() {
            self.cut(&state);
        }
    }

    /// Whoever did something since he was seated is seated anew, behind the others; the first who did not has to go.
    /// So a newcomer costs a look at few seats, however many there are.
    fn dismiss_first(&self, seats: &mut BTreeMap<u64, Arc<State>>) {
        while let Some((seated_at, state)) = seats.pop_first() {
            let active_at = state.active_at.load(Ordering::Relaxed);
            if active_at == seated_at {
                return self.cut(&state);
            }
            state.seat.store(active_at, Ordering::Relaxed);
            seats.insert(active_at, state);
        }
    }

    fn dismiss_largest(&self) {
        let mut seats = self.seats();
        let held = |state: &State| state.held.load(Ordering::Relaxed);
        let largest = seats.iter().max_by_key(|(_, state)| held(state)).map(|(seat, _)| *seat);
        if let Some(state) = largest.and_then(|seat| seats.remove(&seat)) {
            self.cut(&state);
        }
    }

    fn cut(&self, state: &State) {
        state.is_dismissed.store(true, Ordering::Relaxed);
        self.lingering.fetch_add(1, Ordering::Relaxed);
        let held = state.held.load(Ordering::Relaxed);
        state.leaving.store(held, Ordering::Relaxed);
        self.leaving.fetch_add(held, Ordering::Relaxed);
        if let Some(task) = state.task.get() {
            task.abort();
        }
    }

    fn moment(&self) -> u64 {
        self.moments.fetch_add(1, Ordering::Relaxed)
    }

    fn seats(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<State>>> {
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
    /// Its connection did something.
    pub(crate) fn active(&self) {
        if let Some((crowd, state)) = &self.0 {
            state.active_at.store(crowd.moment(), Ordering::Relaxed);
        }
    }

    /// Its connection holds so many bytes from now on: of what the stranger sent, or has yet to take. Whether all
    /// strangers together hold too much: then it lets others go first before it takes more.
    #[must_use]
    pub(crate) fn holds(&self, held: usize) -> bool {
        let Some((crowd, state)) = &self.0 else { return false };
        let before = state.held.swap(held, Ordering::Relaxed);
        let all = crowd.held.fetch_add(held, Ordering::Relaxed) + held - before;
        crowd.held.fetch_sub(before, Ordering::Relaxed);
        if all.saturating_sub(crowd.leaving.load(Ordering::Relaxed)) > HELD_MAX {
            crowd.dismiss_largest();
        }
        all > HELD_MAX
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some((crowd, state)) = self.0.take() {
            let mut seats = crowd.seats();
            seats.remove(&state.seat.load(Ordering::Relaxed));
            drop(seats);
            crowd.held.fetch_sub(state.held.load(Ordering::Relaxed), Ordering::Relaxed);
            crowd.leaving.fetch_sub(state.leaving.load(Ordering::Relaxed), Ordering::Relaxed);
            crowd.lingering.fetch_sub(state.is_dismissed.load(Ordering::Relaxed).into(), Ordering::Relaxed);
        }
    }
}

/// Bytes of requests and answers that all strangers may hold together: each could send 6 MiB of headers, and take as
/// large a listing as there is without reading it.
const HELD_MAX: usize = 128 << 20;
/// As many as come in one turn of the accepting task.
const LINGERING_MAX: usize = 128;

#[cfg(test)]
mod tests;

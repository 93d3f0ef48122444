//! Connections opened ahead of need, as a browser preconnects: a request on one takes one round trip instead of two, or
//! instead of four within TLS.
//!
//! **In** a peer, takers. **Out** connected streams, the newest first. **Never** a byte sent on one that nobody took, one kept
//! beyond [`IDLE_MAX`], or one opened where nobody took one before: an idle client has none.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::{Peer, Stream};

/// Spare connections to one peer. Dropping it closes them.
#[derive(Debug)]
pub(crate) struct Spares {
    peer: Peer,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// The newest last.
    ready: VecDeque<(Instant, Stream)>,
    opening: usize,
    /// Takers who wait for one that is being opened.
    waiting: usize,
    /// Raised by [`Spares::clear`]: what was being opened then is of no use.
    generation: u64,
    tasks: JoinSet<()>,
}

impl Spares {
    /// None yet.
    pub(crate) fn new(peer: Peer) -> Arc<Self> {
        Arc::new(Self { peer, state: Mutex::default(), changed: Notify::new() })
    }

    /// The peer itself.
    pub(crate) fn peer(&self) -> &Peer {
        &self.peer
    }

    /// A connection: a spare one, or one that is being opened, or a fresh one. Others are opened in its place, as many as
    /// there are takers at work: `running`, this one included.
    pub(crate) async fn take(self: &Arc<Self>, running: usize) -> Result<Stream, String> {
        loop {
            // Before the look, or what changes right after it would be missed.
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            match self.pop_or_wait() {
                Some(Found::Ready(mut stream)) => {
                    if is_alive(&mut stream).await {
                        self.prepare(running);
                        return Ok(stream);
                    }
                }
                Some(Found::Opening(_claim)) => {
                    self.prepare(running);
                    changed.await;
                }
                None => break,
            }
        }
        self.prepare(running);
        self.peer.connect().await
    }

    /// Closes all: they may lead where nobody is any more.
    pub(crate) fn clear(&self) {
        let mut state = self.state();
        state.generation += 1;
        state.ready.clear();
    }

    /// A spare one, or the right to wait for one, or none.
    fn pop_or_wait(&self) -> Option<Found<'_>> {
        let mut state = self.state();
        if let Some((_, stream)) = state.ready.pop_back() {
            return Some(Found::Ready(stream));
        }
        (state.waiting < state.opening).then(|| {
            state.waiting += 1;
            Found::Opening(Claim(self))
        })
    }

    /// Opens as many as are missing.
    fn prepare(self: &Arc<Self>, running: usize) {
        let mut state = self.state();
        while state.tasks.try_join_next().is_some() {}
        let wanted = running.clamp(1, SPARES_MAX) + state.waiting;
        for _ in state.ready.len() + state.opening..wanted {
            state.opening += 1;
            let (spares, peer, generation) = (Arc::downgrade(self), self.peer.clone(), state.generation);
            state.tasks.spawn(open(spares, peer, generation));
        }
    }

    fn opened(&self, stream: Option<Stream>, generation: u64) {
        let mut state = self.state();
        state.opening = state.opening.saturating_sub(1);
        if let Some(stream) = stream.filter(|_| state.generation == generation) {
            state.ready.push_back((Instant::now(), stream));
        }
        drop(state);
        // Waiters look again: there is one, or nothing to wait for.
        self.changed.notify_waiters();
    }

    fn close_idle(&self) {
        let now = Instant::now();
        self.state().ready.retain(|(since, _)| now.duration_since(*since) < IDLE_MAX);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Found<'a> {
    Ready(Stream),
    Opening(Claim<'a>),
}

/// Counts as waiting.
struct Claim<'a>(&'a Spares);

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.waiting = state.waiting.saturating_sub(1);
    }
}

/// Opens one, and closes it again where nobody takes it.
async fn open(spares: Weak<Spares>, peer: Peer, generation: u64) {
    let stream = peer.connect().await.ok();
    if let Some(spares) = spares.upgrade() {
        spares.opened(stream, generation);
    }
    sleep(IDLE_MAX).await;
    if let Some(spares) = spares.upgrade() {
        spares.close_idle();
    }
}

/// Whether nothing has come over it yet, not even its end: a server speaks second.
async fn is_alive(stream: &mut Stream) -> bool {
    timeout(Duration::ZERO, stream.read(&mut [0])).await.is_err()
}

/// How many are ready at once, at most: what keeps six requests going without a wait for connections, and no more.
const SPARES_MAX: usize = 4;
/// How long one waits for its taker. Somebody who talks says something, or acknowledges, more often.
const IDLE_MAX: Duration = Duration::from_secs(60);

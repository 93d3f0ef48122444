//! Connections opened ahead of need, as a browser preconnects: a request on one takes one round trip instead of two, or
//! instead of four within TLS.
//!
//! **In** a peer, takers. **Out** connected streams, to takers in the order in which they came: a request that others
//! overtake for long finds its tag too old (docs/protocol.md §4.2). **Never** a byte sent on one that nobody took, one kept
//! beyond [`IDLE_MAX`], or one opened where nobody took one before.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::{Peer, Stream};
use crate::texts::text;

/// Spare connections to one peer. Dropping it closes them.
#[derive(Debug)]
pub(crate) struct Spares {
    state: Mutex<State>,
    /// Changes when another way is taken.
    turned: watch::Sender<()>,
}

#[derive(Debug)]
struct State {
    peer: Peer,
    /// The newest last. None while somebody waits.
    ready: VecDeque<(Instant, Stream)>,
    /// The oldest first.
    waiting: VecDeque<oneshot::Sender<Result<Stream, String>>>,
    /// Of this generation.
    opening: usize,
    /// Raised by [`Spares::clear`]: what was being opened then is of no use.
    generation: u64,
    tasks: JoinSet<()>,
}

impl Spares {
    /// None yet.
    pub(crate) fn new(peer: Peer) -> Arc<Self> {
        let (ready, waiting, tasks) = (VecDeque::new(), VecDeque::new(), JoinSet::new());
        let state = State { peer, ready, waiting, opening: 0, generation: 0, tasks };
        Arc::new(Self { state: Mutex::new(state), turned: watch::Sender::new(()) })
    }

    /// The peer itself.
    pub(crate) fn peer(&self) -> Peer {
        self.state().peer.clone()
    }

    /// Takes another way to it from here on, where the one until now may lead nowhere any more.
    pub(crate) fn go_by(self: &Arc<Self>, peer: Peer) {
        self.state().peer = peer;
        self.clear();
        self.turned.send_replace(());
    }

    /// Comes when another way is taken: what is under way by the old one need not be waited for.
    pub(crate) fn turned(&self) -> watch::Receiver<()> {
        self.turned.subscribe()
    }

    /// A connection: a spare one, or the first that comes to be. Others are opened in its place, as many as there are
    /// takers at work: `running`, this one included.
    pub(crate) async fn take(self: &Arc<Self>, running: usize) -> Result<Stream, String> {
        while let Some(mut stream) = self.pop() {
            if is_alive(&mut stream).await {
                self.prepare(running, None);
                return Ok(stream);
            }
        }
        let (taker, taken) = oneshot::channel();
        self.prepare(running, Some(taker));
        taken.await.unwrap_or_else(|_| Err(text!("connection-given-up")))
    }

    /// Closes all: they may lead where nobody is any more.
    pub(crate) fn clear(self: &Arc<Self>) {
        let mut state = self.state();
        state.generation += 1;
        state.opening = 0;
        state.ready.clear();
        let is_waited_for = !state.waiting.is_empty();
        drop(state);
        if is_waited_for {
            self.prepare(1, None);
        }
    }

    fn pop(&self) -> Option<Stream> {
        self.state().ready.pop_back().map(|(_, stream)| stream)
    }

    /// Opens as many as are missing, after `taker` has got in line.
    fn prepare(self: &Arc<Self>, running: usize, taker: Option<oneshot::Sender<Result<Stream, String>>>) {
        let mut state = self.state();
        while state.tasks.try_join_next().is_some() {}
        state.waiting.extend(taker);
        let wanted = running.clamp(1, SPARES_MAX) + state.waiting.len();
        for _ in state.ready.len() + state.opening..wanted {
            state.opening += 1;
            let (spares, peer, generation) = (Arc::downgrade(self), state.peer.clone(), state.generation);
            state.tasks.spawn(open(spares, peer, generation));
        }
    }

    fn opened(self: &Arc<Self>, stream: Result<Stream, String>, generation: u64) {
        let mut state = self.state();
        if state.generation != generation {
            // Whoever waited for it waits for another already.
            return;
        }
        state.opening = state.opening.saturating_sub(1);
        let mut stream = stream;
        while let Some(taker) = state.waiting.pop_front() {
            match taker.send(stream) {
                Ok(()) => return,
                // It has stopped waiting.
                Err(back) => stream = back,
            }
        }
        if let Ok(stream) = stream {
            state.ready.push_back((Instant::now(), stream));
        }
    }

    fn close_idle(&self) {
        let now = Instant::now();
        self.state().ready.retain(|(since, _)| now.duration_since(*since) < IDLE_MAX);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opens one, and closes it again where nobody takes it.
async fn open(spares: Weak<Spares>, peer: Peer, generation: u64) {
    let stream = peer.connect().await;
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

/// How many are ready at once, at most: what keeps six requests going without much waiting for connections.
const SPARES_MAX: usize = 3;
/// How long one waits for its taker. Somebody who talks says something, or acknowledges, more often.
const IDLE_MAX: Duration = Duration::from_secs(60);

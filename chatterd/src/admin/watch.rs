//! Watching: a snapshot, then what happens, to each watcher at his own pace.
//!
//! **In** events, and the daemon's figures every so often. **Out** a stream for each watcher. **Never** more than some
//! thousand events kept for one of them: who does not keep up is told so, and cut.

use std::sync::Arc;
use std::time::Duration;

use chatter_proto::admin as proto;
use chatter_proto::admin::reason::Reason;
use chatter_proto::admin::watch_reply::code_changed::Change as Code;
use chatter_proto::admin::watch_reply::session_changed::Change as Session;
use chatter_proto::admin::watch_reply::{BanLifted, CodeChanged, Event as Shown, SessionChanged, Stopping};
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::sync::mpsc::{self, OwnedPermit, Sender};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{MissedTickBehavior, timeout};
use tokio_stream::wrappers::ReceiverStream;

use super::{Control, ControlError, Status};
use crate::access::wall_now;
use crate::events::{CodeChange, Event, SessionChange};
use crate::ledger::News;

/// What one watcher is told.
pub(super) type Told = ReceiverStream<Result<proto::WatchReply, tonic::Status>>;

/// How many may watch.
#[derive(Clone, Debug)]
pub struct Watchers(Arc<Semaphore>);

impl Watchers {
    /// So many.
    pub fn new(most: usize) -> Self {
        Self(Arc::new(Semaphore::new(most)))
    }

    /// A place for one more.
    ///
    /// # Errors
    /// Where there is none.
    pub(super) fn seat(&self) -> Result<OwnedSemaphorePermit, tonic::Status> {
        let seat = Arc::clone(&self.0).try_acquire_owned();
        seat.map_err(|_| {
            Reason::TooManyWatchers.status("as many watch already as may; end one of them first")
        })
    }
}

/// How often a watcher wants figures.
pub(super) fn figures_every(request: &proto::WatchRequest) -> Result<Duration, tonic::Status> {
    match request.figures_every_seconds {
        0 => Ok(Duration::from_secs(1)),
        seconds @ 1..=3600 => Ok(Duration::from_secs(seconds.into())),
        _ => Err(Reason::WrongRequest.status("figures come every 1 to 3600 seconds")),
    }
}

/// Begins to watch.
pub(super) async fn start<C: Control>(
    control: Arc<C>,
    every: Duration,
    seat: OwnedSemaphorePermit,
) -> Result<Told, ControlError> {
    // Heard before the snapshot is taken, so that nothing falls between.
    let events = control.watch();
    let shown = control.status().await?;
    let (sender, receiver) = mpsc::channel(WAITING_MAX + 2);
    let _ = sender.try_send(Ok(reply(Shown::Snapshot(shown.clone().into()))));
    // One place is kept for the word that it is over.
    let last = sender.clone().try_reserve_owned().map_err(|_| ControlError::ending())?;
    tokio::spawn(async move {
        let watcher = Watcher { control, sender, shown };
        let end = watcher.tell(events, every).await;
        // Whoever was cut may not hold a place for as long as he does not read.
        drop(seat);
        finish(last, end);
    });
    Ok(ReceiverStream::new(receiver))
}

fn finish(last: OwnedPermit<Result<proto::WatchReply, tonic::Status>>, end: End) {
    match end {
        End::Gone => drop(last),
        End::TooSlow => {
            let text = "this watcher did not keep up with what happens, and is cut; watch again";
            drop(last.send(Err(Reason::TooSlow.status(text))));
        }
        End::Stopping => drop(last.send(Ok(reply(Shown::Stopping(Stopping {}))))),
    }
}

/// Why watching ends.
enum End {
    /// The watcher has gone.
    Gone,
    /// He did not keep up.
    TooSlow,
    /// The daemon ends.
    Stopping,
}

struct Watcher<C> {
    control: Arc<C>,
    sender: Sender<Result<proto::WatchReply, tonic::Status>>,
    shown: Status,
}

impl<C: Control> Watcher<C> {
    async fn tell(mut self, mut events: Receiver<Arc<Event>>, every: Duration) -> End {
        let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + every, every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let told = tokio::select! {
                event = events.recv() => match event {
                    Ok(event) => match told(&event) {
                        Some(told) => told,
                        None => return End::Stopping,
                    },
                    Err(RecvError::Lagged(_)) => return End::TooSlow,
                    Err(RecvError::Closed) => return End::Stopping,
                },
                _ = ticks.tick() => match self.figures().await {
                    Ok(Some(told)) => told,
                    Ok(None) => continue,
                    Err(_) => return End::Stopping,
                },
                () = self.sender.closed() => return End::Gone,
            };
            match timeout(PATIENCE, self.sender.send(Ok(reply(told)))).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return End::Gone,
                Err(_) => return End::TooSlow,
            }
        }
    }

    async fn figures(&mut self) -> Result<Option<Shown>, ControlError> {
        let status = self.control.status().await?;
        if status == self.shown {
            return Ok(None);
        }
        self.shown = status.clone();
        Ok(Some(Shown::Figures(status.into())))
    }
}

fn reply(event: Shown) -> proto::WatchReply {
    proto::WatchReply { at: wall_now().0, event: Some(event) }
}

/// None: the daemon ends.
fn told(event: &Event) -> Option<Shown> {
    Some(match event {
        Event::Ledger(news) => match **news {
            News::Banned(ban) => Shown::Banned(ban.into()),
            News::Lifted(address) => Shown::Lifted(BanLifted { address: address.to_string() }),
        },
        Event::Session { number, change } => {
            let change = match change {
                SessionChange::Came => Session::Came,
                SessionChange::CameBack => Session::CameBack,
                SessionChange::Left => Session::Left,
                SessionChange::Ended => Session::Ended,
            };
            Shown::Session(SessionChanged { number: *number, change: change.into() })
        }
        Event::Code { name, change } => {
            let change = match change {
                CodeChange::Made => Code::Made,
                CodeChange::Rotated => Code::Rotated,
                CodeChange::Revoked => Code::Revoked,
                CodeChange::Expired => Code::Expired,
            };
            Shown::Code(CodeChanged { name: name.clone(), change: change.into() })
        }
        Event::Reloaded(changes) => Shown::Reloaded(changes.clone().into()),
        Event::Stopping => return None,
    })
}

/// Events that wait for one watcher's connection, beside those that he has not been offered.
const WAITING_MAX: usize = 64;
/// How long a watcher may take no event.
const PATIENCE: Duration = Duration::from_secs(5);

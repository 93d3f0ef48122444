//! The client as a library: starts a stay in a room, takes what is said, tells what happens.
//!
//! **In** [`Options`], then lines. **Out** [`Notice`]s, the last of them always [`Notice::Finished`].
//! **Never** a terminal; never more in memory than its channels hold.
//!
//! ```text
//! Handle ──Event──> drive ──> App ──Effect──> Notices
//!                     ^                  └──> Network ──> sockets
//!                     └──NetworkEvent─────────┘
//! ```

mod options;

use std::future::pending;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chatter_proto::relay::client_frame;
use chatter_protocol::chaff::Chaff;
use chatter_protocol::entropy::Entropy;
use chatter_protocol::invite::AccessLink;
use chatter_protocol::stack;
use tokio::sync::{Notify, mpsc};
use tokio::task::AbortHandle;
use zeroize::Zeroizing;

use crate::app::App;
use crate::command::Command;
use crate::dial::Peer;
use crate::disk::Disk;
use crate::event::{Effect, Event, NetworkEvent, Notice, Told};
use crate::exit::{Failure, Outcome};
use crate::files;
use crate::network::{Backlog, Clock, Network};
use crate::texts::text;

use options::Goal;
pub use options::Options;

/// Speaks for the user. When the last handle is dropped the room is left, as at the end of input.
#[derive(Clone, Debug)]
pub struct Handle {
    lines: mpsc::Sender<Event>,
    /// Commands about lines that wait: they can't wait behind them.
    overtaking: mpsc::Sender<Event>,
    urgent: mpsc::Sender<Event>,
}

/// What happens, in order.
#[derive(Debug)]
pub struct Notices(mpsc::Receiver<Told>);

/// Why a stay can't even begin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// The system gives no random bytes.
    #[error("{}", text!("no-randomness"))]
    NoRandomness,
    /// The link asks for HTTPS, and nothing here can judge certificates.
    #[error("{0}")]
    NoVerifier(String),
}

/// Starts a stay; call it within a tokio runtime.
///
/// # Errors
/// [`StartError`]. All else comes as a [`Notice`].
pub fn start(options: Options) -> Result<(Handle, Notices), StartError> {
    let mut entropy = entropy()?;
    let clock = Clock::start();
    let (lines, line_events) = mpsc::channel(LINES_MAX);
    let (overtaking, overtaking_events) = mpsc::channel(LINES_MAX);
    let (urgent, urgent_events) = mpsc::channel(1);
    let (notices, notices_receiver) = mpsc::channel(NOTICES_MAX);
    let access = options.access().clone();
    let Options {
        goal,
        nick,
        purpose,
        people,
        memory,
        route,
        chaff,
        rejoins,
        has_passphrase,
        listed,
        awaited,
        downloads,
    } = options;
    let peer = Peer::new(&access, &route).map_err(|error| StartError::NoVerifier(error.to_string()))?;
    let mut carriage = Carriage { access, chaff, peer, entropy: entropy.fork(), clock, carrier: None };
    carriage.start();
    let app = match goal {
        Goal::Room(link) => App::new(link, nick, purpose, route.words(), entropy),
        Goal::Listed(access, name) => App::seeking(access, nick, name, route.words(), entropy),
        Goal::List(access) => App::listing(access, nick, route.words(), entropy),
    };
    let app = app.with(people).awaiting(&awaited).downloading_to(downloads);
    let app = if rejoins { app } else { app.without_return() };
    let app = if has_passphrase { app.by_passphrase() } else { app };
    let app = listed.into_iter().fold(app, App::listed);
    tokio::spawn(
        Driver {
            app,
            clock,
            line_events,
            overtaking_events,
            urgent_events,
            carriage,
            notices,
            memory,
            disk: Disk::new(),
        }
        .run(),
    );
    Ok((Handle { lines, overtaking, urgent }, Notices(notices_receiver)))
}

impl Handle {
    /// Says `text` to the current room, whatever it begins with. False if the stay is over. Waits while many lines wait; if
    /// it is dropped before it is done, nothing was said.
    pub async fn say(&self, text: impl Into<String>) -> bool {
        self.lines.send(Event::Say(text.into())).await.is_ok()
    }

    /// The same to the room of this number ([`Place::number`](crate::Place::number)).
    pub async fn say_in(&self, room: u32, text: impl Into<String>) -> bool {
        self.lines.send(Event::SayIn(room, text.into())).await.is_ok()
    }

    /// Takes a line as a user types it: a command, or something to say. False if the stay is over.
    pub async fn line(&self, line: impl Into<String>) -> bool {
        let line = line.into();
        self.channel_of(&line).send(Event::Line(line)).await.is_ok()
    }

    /// The same in the room of this number, whichever is the current one.
    pub async fn line_in(&self, room: u32, line: impl Into<String>) -> bool {
        let line = line.into();
        self.channel_of(&line).send(Event::LineIn(room, line)).await.is_ok()
    }

    fn channel_of(&self, line: &str) -> &mpsc::Sender<Event> {
        if Command::overtakes(line) { &self.overtaking } else { &self.lines }
    }

    /// Nothing more will be said: leaves once everything has been taken by the relay.
    pub async fn end(&self) {
        // Fails only where the stay is over already.
        let _ = self.lines.send(Event::InputEnded).await;
    }

    /// Leaves at once.
    pub fn interrupt(&self) {
        // Full means that it has been said, closed that the stay is over.
        let _ = self.urgent.try_send(Event::Interrupted);
    }
}

impl Notices {
    /// What happened next; nothing after [`Notice::Finished`]. Cancel safe.
    pub async fn next(&mut self) -> Option<Told> {
        self.0.recv().await
    }

    /// What has happened already.
    pub(crate) fn try_next(&mut self) -> Option<Told> {
        self.0.try_recv().ok()
    }
}

/// Feeds the app and carries out its effects.
struct Driver {
    app: App,
    clock: Clock,
    line_events: mpsc::Receiver<Event>,
    overtaking_events: mpsc::Receiver<Event>,
    urgent_events: mpsc::Receiver<Event>,
    carriage: Carriage,
    notices: mpsc::Sender<Told>,
    memory: Option<PathBuf>,
    disk: Disk,
}

/// One session after the other, each by a carrier of its own.
struct Carriage {
    access: AccessLink,
    chaff: Chaff,
    peer: Peer,
    entropy: Entropy,
    clock: Clock,
    /// None once it has told its last.
    carrier: Option<Carrier>,
}

/// A running carrier. Dropping it stops it.
struct Carrier {
    events: mpsc::Receiver<NetworkEvent>,
    frames: mpsc::UnboundedSender<client_frame::Frame>,
    backlog: Arc<Backlog>,
    /// Tells it to try another connection now.
    nudge: Arc<Notify>,
    task: AbortHandle,
}

impl Carriage {
    fn start(&mut self) {
        let (sender, events) = mpsc::channel(NETWORK_EVENTS_MAX);
        let (frames, frames_receiver) = mpsc::unbounded_channel();
        let backlog = Arc::new(Backlog::new(self.chaff));
        let nudge = Arc::new(Notify::new());
        let network = Network::new(
            &self.access,
            self.chaff,
            self.peer.clone(),
            self.entropy.fork(),
            self.clock,
            (sender, Arc::clone(&backlog)),
        );
        let task = tokio::spawn(network.run(frames_receiver, Arc::clone(&nudge))).abort_handle();
        self.carrier = Some(Carrier { events, frames, backlog, nudge, task });
    }

    /// What happens next; none where the carrier stopped without a last word. Waits for ever where there is no carrier.
    async fn next(&mut self) -> Option<NetworkEvent> {
        let Some(carrier) = &mut self.carrier else { return pending().await };
        let event = carrier.events.recv().await;
        if matches!(event, Some(NetworkEvent::Ended { .. })) {
            self.carrier = None;
        }
        event
    }

    fn send(&self, frame: client_frame::Frame) {
        let Some(carrier) = &self.carrier else { return };
        carrier.backlog.queue(frame.encoded_len());
        // Fails only after the carrier has ended, which it told.
        let _ = carrier.frames.send(frame);
    }

    fn stir(&mut self, fresh: &[u8; 32]) {
        let mut seed = Zeroizing::new(self.entropy.bytes::<32>());
        seed.iter_mut().zip(fresh).for_each(|(byte, fresh)| *byte ^= fresh);
        self.entropy = Entropy::new(*seed);
    }
}

impl Drop for Carrier {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Driver {
    async fn run(mut self) {
        let mut lines_open = true;
        // Without it, whoever copied this process's memory once could foretell its keys for ever.
        let mut stirring = tokio::time::interval(STIR_PERIOD);
        loop {
            let backlog = self.carriage.carrier.as_ref().map(|carrier| Arc::clone(&carrier.backlog));
            let event = tokio::select! {
                biased;
                Some(event) = self.urgent_events.recv() => event,
                event = self.carriage.next() => match event {
                    Some(event) => Event::Network(event),
                    None => {
                        // The carrier's last word ends the stay, so it stopped without one.
                        self.carry_out(Effect::Finish(Outcome::Failed(Failure::Local))).await;
                        return;
                    }
                },
                () = self.clock.sleep_until(self.app.poll_timeout()) => Event::Timeout,
                _ = stirring.tick() => match randomness() {
                    Ok(fresh) => {
                        self.carriage.stir(&fresh);
                        Event::Randomness(fresh)
                    }
                    Err(_) => continue,
                },
                (room, news) = self.disk.next() => Event::Disk(room, news),
                Some(event) = self.overtaking_events.recv() => event,
                line = self.line_events.recv(), if lines_open && self.app.accepts_lines() => {
                    line.unwrap_or_else(|| {
                        lines_open = false;
                        Event::InputEnded
                    })
                }
                // Last: whatever else there is goes first.
                () = roomy(backlog), if self.app.has_pieces() => Event::Roomy,
            };
            let effects = self.app.update(event, self.clock.now());
            // Whichever thread this is, and whether it runs another time or not.
            stack::wipe();
            for effect in effects {
                if !self.carry_out(effect).await {
                    return;
                }
            }
        }
    }

    /// False once the stay is over.
    async fn carry_out(&mut self, effect: Effect) -> bool {
        match effect {
            Effect::Send(frame) => {
                self.carriage.send(frame);
                true
            }
            Effect::Disk(room, order) => {
                self.disk.carry_out(room, order);
                true
            }
            Effect::Open => {
                self.carriage.start();
                true
            }
            Effect::Reconnect => {
                self.carriage.carrier.iter().for_each(|carrier| carrier.nudge.notify_one());
                true
            }
            Effect::Show(told) => self.notices.send(told).await.is_ok(),
            Effect::Remember(text) => {
                let Some(file) = &self.memory else { return true };
                let Err(error) = files::keep(file, &text) else { return true };
                let text = text!("not-written", file = file.display().to_string(), error = error.to_string());
                self.notices.send(Notice::Error(text).into()).await.is_ok()
            }
            Effect::Finish(outcome) => {
                self.disk.close().await;
                let _ = self.notices.send(Notice::Finished(outcome).into()).await;
                false
            }
        }
    }
}

/// Waits until the connection has room for more than talk; for ever where there is none.
async fn roomy(backlog: Option<Arc<Backlog>>) {
    match backlog {
        Some(backlog) => backlog.roomy().await,
        None => pending().await,
    }
}

/// Randomness from the system.
fn entropy() -> Result<Entropy, StartError> {
    randomness().map(|seed| Entropy::new(*seed))
}

fn randomness() -> Result<Zeroizing<[u8; 32]>, StartError> {
    let mut fresh = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *fresh).map_err(|_| StartError::NoRandomness)?;
    Ok(fresh)
}

/// How often keys to come get fresh randomness.
const STIR_PERIOD: Duration = Duration::from_secs(60);
/// Lines that wait for the app; beyond them, whoever types waits.
const LINES_MAX: usize = 64;
/// Notices that wait to be shown; beyond them, the network waits: a paused terminal must not cost the session.
const NOTICES_MAX: usize = 1024;
const NETWORK_EVENTS_MAX: usize = 256;

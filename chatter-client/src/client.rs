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

use chatter_proto::relay::client_frame;
use chatter_protocol::entropy::Entropy;
use chatter_protocol::ids::Nickname;
use chatter_protocol::invite::{AccessLink, RoomLink};
use chatter_protocol::room::identity::Identity;
use chatter_protocol::room::secret::RoomSecret;
use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use zeroize::Zeroizing;

use crate::app::{App, People, Purpose};
use crate::dial::Peer;
use crate::event::{Effect, Event, NetworkEvent, Notice};
use crate::exit::{Failure, Outcome};
use crate::files;
use crate::known::Known;
use crate::network::{Clock, Network};

/// Which room to enter, as whom, what for.
#[derive(Debug)]
pub struct Options {
    link: RoomLink,
    nick: Nickname,
    purpose: Purpose,
    people: People,
    /// Where known identities are kept.
    memory: Option<PathBuf>,
}

/// Speaks for the user. When the last handle is dropped the room is left, as at the end of input.
#[derive(Clone, Debug)]
pub struct Handle {
    lines: mpsc::Sender<Event>,
    urgent: mpsc::Sender<Event>,
}

/// What happens, in order.
#[derive(Debug)]
pub struct Notices(mpsc::Receiver<Notice>);

/// Why a stay can't even begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// The system gives no random bytes.
    #[error("this system gives no random numbers, and without them there are no secrets")]
    NoRandomness,
}

impl Options {
    /// Make a new room behind the door of `access` and enter it. `label` is what its link calls it.
    ///
    /// # Errors
    /// [`StartError::NoRandomness`]: a room begins with a secret.
    pub fn new_room(access: AccessLink, label: String, nick: Nickname) -> Result<Self, StartError> {
        let secret = RoomSecret::generate(&mut entropy()?);
        Ok(Self::stay(RoomLink { access, label, secret }, nick, Purpose::New))
    }

    /// Enter the room of `link`.
    pub fn join(link: RoomLink, nick: Nickname) -> Self {
        Self::stay(link, nick, Purpose::Join)
    }

    /// Enter the room of `link`, say `text` to whoever is there, leave.
    pub fn send(link: RoomLink, nick: Nickname, text: String) -> Self {
        Self::stay(link, nick, Purpose::Send(text))
    }

    /// The same for a room that is there already, by a passphrase: its link is shown.
    pub fn new_by_passphrase(link: RoomLink, nick: Nickname) -> Self {
        Self::stay(link, nick, Purpose::New)
    }

    /// Shown as the owner of this identity, instead of by a fresh key.
    #[must_use]
    pub fn identified(mut self, identity: Identity) -> Self {
        self.people.identity = Some(identity);
        self
    }

    /// Knowing these, and keeping what is learnt of others in that file.
    #[must_use]
    pub fn remembering(mut self, known: Known, file: PathBuf) -> Self {
        (self.people.known, self.people.remembers) = (known, true);
        Self { memory: Some(file), ..self }
    }

    fn stay(link: RoomLink, nick: Nickname, purpose: Purpose) -> Self {
        Self { link, nick, purpose, people: People::default(), memory: None }
    }
}

/// Starts a stay; call it within a tokio runtime.
///
/// # Errors
/// [`StartError`]. All else comes as a [`Notice`].
pub fn start(options: Options) -> Result<(Handle, Notices), StartError> {
    let mut entropy = entropy()?;
    let clock = Clock::start();
    let (lines, line_events) = mpsc::channel(LINES_MAX);
    let (urgent, urgent_events) = mpsc::channel(1);
    let (notices, notices_receiver) = mpsc::channel(NOTICES_MAX);
    let (network_sender, network_events) = mpsc::channel(NETWORK_EVENTS_MAX);
    let (frames, frames_receiver) = mpsc::unbounded_channel();
    let Options { link, nick, purpose, people, memory } = options;
    let address = &link.access.address;
    let peer = Peer::new(&address.host, address.port);
    let network = Network::new(&link.access.code, peer, entropy.fork(), clock, network_sender);
    let carrier = tokio::spawn(network.run(frames_receiver)).abort_handle();
    let app = App::new(link, nick, purpose, entropy).with(people);
    let driver =
        Driver { app, clock, line_events, urgent_events, network_events, frames, notices, memory, carrier };
    tokio::spawn(driver.run());
    Ok((Handle { lines, urgent }, Notices(notices_receiver)))
}

impl Handle {
    /// Says `text` to the room, whatever it begins with. False if the stay is over.
    pub async fn say(&self, text: impl Into<String>) -> bool {
        self.lines.send(Event::Say(text.into())).await.is_ok()
    }

    /// Takes a line as a user types it: a command, or something to say. False if the stay is over.
    pub async fn line(&self, line: impl Into<String>) -> bool {
        self.lines.send(Event::Line(line.into())).await.is_ok()
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
    /// What happened next; nothing after [`Notice::Finished`].
    pub async fn next(&mut self) -> Option<Notice> {
        self.0.recv().await
    }
}

/// Feeds the app and carries out its effects.
struct Driver {
    app: App,
    clock: Clock,
    line_events: mpsc::Receiver<Event>,
    urgent_events: mpsc::Receiver<Event>,
    network_events: mpsc::Receiver<NetworkEvent>,
    frames: mpsc::UnboundedSender<client_frame::Frame>,
    notices: mpsc::Sender<Notice>,
    memory: Option<PathBuf>,
    carrier: AbortHandle,
}

impl Driver {
    async fn run(mut self) {
        let mut lines_open = true;
        // Without it, whoever copied this process's memory once could foretell its keys for ever.
        let mut stirring = tokio::time::interval(STIR_PERIOD);
        loop {
            let event = tokio::select! {
                biased;
                Some(event) = self.urgent_events.recv() => event,
                event = self.network_events.recv() => match event {
                    Some(event) => Event::Network(event),
                    None => {
                        // The carrier's last word ends the stay, so it stopped without one.
                        self.carry_out(Effect::Finish(Outcome::Failed(Failure::Local))).await;
                        return;
                    }
                },
                () = self.clock.sleep_until(self.app.poll_timeout()) => Event::Timeout,
                _ = stirring.tick() => match randomness() {
                    Ok(fresh) => Event::Randomness(fresh),
                    Err(_) => continue,
                },
                line = self.line_events.recv(), if lines_open && self.app.accepts_lines() => {
                    line.unwrap_or_else(|| {
                        lines_open = false;
                        Event::InputEnded
                    })
                }
            };
            for effect in self.app.update(event, self.clock.now()) {
                if !self.carry_out(effect).await {
                    self.carrier.abort();
                    return;
                }
            }
        }
    }

    /// False once the stay is over.
    async fn carry_out(&mut self, effect: Effect) -> bool {
        match effect {
            Effect::Send(frame) => {
                // Fails only after the carrier has ended, which it told.
                let _ = self.frames.send(frame);
                true
            }
            Effect::Show(notice) => self.notices.send(notice).await.is_ok(),
            Effect::Remember(text) => {
                let Some(file) = &self.memory else { return true };
                let Err(error) = files::keep(file, &text) else { return true };
                let text = format!("{} could not be written: {error}", file.display());
                self.notices.send(Notice::Error(text)).await.is_ok()
            }
            Effect::Finish(outcome) => {
                let _ = self.notices.send(Notice::Finished(outcome)).await;
                false
            }
        }
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

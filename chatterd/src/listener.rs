//! Accepts connections, as one server that nobody can fill up.
//!
//! **In**: an entrance and a queue. **Out**: one task for each connection.
//! **Never**: a log line about a peer; spinning when descriptors run out.

mod acceptor;
pub(crate) mod crowd;
pub(crate) mod refusal;
mod turns;

use crate::accounts::{self, UnknownAccount};
use crate::connection::{self, Caller, Doorkeeper};
use crate::decoy::Decoy;
use crate::directory;
use crate::entrance::{Callers, Entrance, Manners, Place};
use crate::handed::Public;
use crate::ledger::Network;
use crate::socket_file::{Access, SocketFile, SocketFileError};
use crate::watchdog::{self, Asked, Pulse};
use acceptor::{Acceptor, Arrival};
use crowd::Crowd;
use socket2::{Domain, SockRef, Socket, Type};
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixListener;
use std::sync::{Arc, PoisonError, RwLock};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::unix::AsyncFd;
use tokio::runtime::Handle;
use tokio::sync::watch;

/// A listening socket and the crowd of strangers that it lets in.
#[derive(Debug)]
pub struct Listener {
    socket: Acceptor,
    /// Goes when this goes.
    file: Option<SocketFile>,
    queue: Queue,
    crowd: Arc<Crowd>,
    manners: SharedManners,
    pulse: (Pulse, Asked),
    /// Whether its socket outlives it, and whoever comes now waits for the next daemon.
    handed: bool,
}

/// How newcomers are met, which may change while a listener listens.
#[derive(Clone, Debug, Default)]
pub struct SharedManners(Arc<RwLock<Arc<Manners>>>);

impl SharedManners {
    /// Meets who comes from now on in another way.
    pub fn set(&self, manners: Manners) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(manners);
    }

    fn now(&self) -> Arc<Manners> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Why there is no listener.
#[derive(Debug, thiserror::Error)]
pub enum ListenerError {
    /// A TCP socket.
    #[error("{0}")]
    Tcp(#[from] io::Error),
    /// A Unix socket.
    #[error("{0}")]
    Unix(#[from] SocketFileError),
    /// Its group.
    #[error("{0}")]
    Group(#[from] UnknownAccount),
}

/// How newcomers wait to be accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Queue {
    /// Long enough for any burst: nobody waits.
    #[default]
    Deep,
    /// Python's own: five, and one accepted a turn of its loop. Of a burst most wait a second for TCP's next try,
    /// members too.
    Python,
}

impl fmt::Display for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Queue::Deep => "deep",
            Queue::Python => "python",
        })
    }
}

impl Queue {
    fn backlog(self) -> i32 {
        match self {
            // A flood fills a hundred places while this thread waits for its turn, and whoever finds none, a member
            // perhaps, comes again a second later. The system makes it less where it is set to.
            Queue::Deep => 4096,
            Queue::Python => 5,
        }
    }
}

impl Listener {
    /// Opens an entrance.
    ///
    /// # Errors
    /// Where its place can't be had.
    pub fn open(
        entrance: &Entrance,
        trusted_proxies: &[Network],
        queue: Queue,
    ) -> Result<Listener, ListenerError> {
        let listener = match &entrance.place {
            Place::Tcp(address) => Listener::bind(*address, queue)?,
            Place::Unix { path, access } => {
                let access = match access {
                    Callers::Owner => Access::Owner,
                    Callers::Group(group) => {
                        Access::Group(group.as_deref().map(accounts::group_id).transpose()?)
                    }
                };
                let (socket, file) = SocketFile::bind(path, access, queue.backlog(), directory::passable)?;
                let socket = UnixListener::from(std::os::fd::OwnedFd::from(socket));
                Listener { file: Some(file), ..Listener::new(Acceptor::Unix(socket), queue) }
            }
        };
        listener.manners.set(entrance.manners(trusted_proxies));
        Ok(listener)
    }

    /// Takes a socket that listens already; newcomers are met as this entrance says.
    ///
    /// # Errors
    /// Where the system refuses.
    pub fn handed(
        socket: Public,
        entrance: &Entrance,
        trusted_proxies: &[Network],
        queue: Queue,
    ) -> Result<Listener, ListenerError> {
        let socket = match socket {
            Public::Tcp(socket) => Acceptor::Tcp(socket),
            Public::Unix(socket) => Acceptor::Unix(socket),
        };
        SockRef::from(&socket).set_nonblocking(true)?;
        SockRef::from(&socket).listen(queue.backlog())?;
        let listener = Listener { handed: true, ..Listener::new(socket, queue) };
        listener.manners.set(entrance.manners(trusted_proxies));
        Ok(listener)
    }

    /// Binds as Python does: SO_REUSEADDR, IPv6 open to IPv4, nothing else.
    pub fn bind(address: SocketAddr, queue: Queue) -> io::Result<Listener> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        if address.is_ipv6() {
            socket.set_only_v6(false)?;
        }
        socket.set_reuse_address(true)?;
        socket.bind(&address.into())?;
        socket.set_nonblocking(true)?;
        socket.listen(queue.backlog())?;
        Ok(Listener::new(Acceptor::Tcp(TcpListener::from(socket)), queue))
    }

    fn new(socket: Acceptor, queue: Queue) -> Listener {
        let crowd = Arc::new(Crowd::new(STRANGERS_MAX));
        let pulse = watchdog::pulse();
        Listener { socket, file: None, queue, crowd, manners: SharedManners::default(), pulse, handed: false }
    }

    /// What tells whether it accepts, once it runs.
    pub fn pulse(&self) -> Pulse {
        self.pulse.0.clone()
    }

    /// Sets how many strangers may be connected before the oldest idle one has to go.
    #[must_use]
    pub fn strangers_max(mut self, limit: usize) -> Listener {
        self.crowd = Arc::new(Crowd::new(limit));
        self
    }

    /// How newcomers are met here.
    pub fn manners(&self) -> SharedManners {
        self.manners.clone()
    }

    /// Where it listens.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        match &self.socket {
            Acceptor::Tcp(socket) => socket.local_addr(),
            Acceptor::Unix(_) => Err(io::ErrorKind::AddrNotAvailable.into()),
        }
    }

    /// Accepts until `shutdown` says true or is dropped; then strangers are cut, members go on: their downloads run
    /// on `members`' runtime.
    ///
    /// # Errors
    /// Where the socket can't be waited for.
    pub async fn run(
        self,
        decoy: Arc<Decoy>,
        door: Arc<impl Doorkeeper>,
        members: Handle,
        mut shutdown: watch::Receiver<bool>,
    ) -> io::Result<()> {
        let Listener { socket, file, queue, crowd, manners, pulse: (_, mut asked), handed } = self;
        let mut arrivals = match queue {
            Queue::Deep => Arrivals::AtOnce(polled(socket)?),
            Queue::Python => Arrivals::InTurns(turns::take(socket)),
        };
        let reception = Reception { crowd, manners, decoy, door, members };
        let mut turned_away = 0;
        loop {
            // Who comes is dealt with inside of the poll: this task lasts as long as the daemon and would keep his address.
            let mut received =
                poll_fn(|context| arrivals.poll(context).map(|arrival| reception.receive(arrival)));
            let received = tokio::select! {
                received = &mut received => received,
                () = asked.answer() => continue,
                _ = shutdown.wait_for(|stop| *stop) => break,
            };
            match received {
                Received::Seated => {
                    // Their tasks are in the queue already, and end when it is their turn.
                    while reception.crowd.is_behind() {
                        tokio::task::yield_now().await;
                    }
                }
                Received::TurnedAway => {
                    turned_away = (turned_away + 1) % TURNED_AWAY_IN_A_ROW;
                    if turned_away == 0 {
                        tokio::task::yield_now().await;
                    }
                }
                Received::Failed(error) if error.kind() == io::ErrorKind::BrokenPipe => return Err(error),
                Received::Failed(error) => recover(&reception.crowd, &error).await,
            }
        }
        drop(arrivals);
        if handed {
            // Who was let in a moment ago hears his answer: of a restart nobody is to notice more than a wait.
            tokio::time::sleep(LAST_ANSWERS).await;
        }
        reception.crowd.clear();
        drop(file);
        Ok(())
    }
}

/// Who deals with newcomers.
struct Reception<D> {
    crowd: Arc<Crowd>,
    manners: SharedManners,
    decoy: Arc<Decoy>,
    door: Arc<D>,
    members: Handle,
}

/// What became of one.
enum Received {
    Seated,
    TurnedAway,
    Failed(io::Error),
}

impl<D: Doorkeeper> Reception<D> {
    fn receive(&self, arrival: Arrival) -> Received {
        let (stream, peer) = match arrival {
            Ok(arrived) => arrived,
            Err(error) => return Received::Failed(error),
        };
        let (door, persona, manners) = (self.door.as_ref(), self.decoy.persona(), self.manners.now());
        let turned_away = !manners.lets_in(peer)
            || manners.is_final(peer) && refusal::is_turned_away(&stream, peer, persona, door);
        if turned_away {
            refusal::reset(&stream);
            return Received::TurnedAway;
        }
        let polled = stream.set_nonblocking(true).and_then(|()| tokio::net::TcpStream::from_std(stream));
        // The system has no room for one more; the peer sees its connection close.
        let Ok(stream) = polled else { return Received::Seated };
        let (seat, ticket) = self.crowd.admit();
        let caller = Caller { peer, manners };
        let (decoy, door) = (Arc::clone(&self.decoy), Arc::clone(&self.door));
        let serving = connection::serve_seated(stream, caller, decoy, door, seat, self.members.clone());
        ticket.seated(tokio::spawn(serving).abort_handle());
        Received::Seated
    }
}

/// Where connections come from.
enum Arrivals {
    // Not tokio's own, which would tell the poller of each connection before it is known whether it is worth that.
    AtOnce(AsyncFd<Acceptor>),
    InTurns(turns::Turns),
}

impl Arrivals {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Arrival> {
        match self {
            Arrivals::AtOnce(socket) => loop {
                let mut ready = std::task::ready!(socket.poll_read_ready(context))?;
                if let Ok(arrival) = ready.try_io(|socket| socket.get_ref().accept()) {
                    return Poll::Ready(arrival);
                }
            },
            Arrivals::InTurns(turns) => turns.poll(context),
        }
    }
}

fn polled(socket: Acceptor) -> io::Result<AsyncFd<Acceptor>> {
    #[expect(deprecated, reason = "its heir is unsafe, for descriptors that change under it; std's do not")]
    AsyncFd::new(socket)
}

/// Without descriptors the oldest idle stranger goes; whatever it was, a failing accept waits a moment.
async fn recover(crowd: &Crowd, error: &io::Error) {
    if error.kind() == io::ErrorKind::ConnectionAborted {
        return;
    }
    crowd.dismiss_oldest();
    tokio::time::sleep(ACCEPT_PAUSE).await;
}

/// Strangers who may be connected at once; with the usual 1,024 descriptors Python holds about as many.
pub const STRANGERS_MAX: usize = 1_000;
/// Connections that are turned away before others have their turn: a fraction of a millisecond.
const TURNED_AWAY_IN_A_ROW: u32 = 16;
/// What the answers under way take at the end.
const LAST_ANSWERS: Duration = Duration::from_millis(200);
/// How long a failed accept waits.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

//! Accepts connections, as one server that nobody can fill up.
//!
//! **In**: an address and a queue, or a socket handed over. **Out**: one task for each connection.
//! **Never**: a log line about a peer; spinning when descriptors run out.

pub(crate) mod crowd;
mod turns;

use crate::connection::{self, Doorkeeper};
use crate::decoy::Decoy;
use crowd::Crowd;
use socket2::{Domain, SockRef, Socket, Type};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::watch;

/// A listening socket and the crowd of strangers that it lets in.
#[derive(Debug)]
pub struct Listener {
    socket: std::net::TcpListener,
    queue: Queue,
    crowd: Arc<Crowd>,
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

impl Queue {
    fn backlog(self) -> i32 {
        match self {
            Queue::Deep => 128,
            Queue::Python => 5,
        }
    }
}

impl Listener {
    /// Binds as Python does: SO_REUSEADDR, IPv6 open to IPv4, nothing else.
    pub fn bind(address: SocketAddr, queue: Queue) -> io::Result<Listener> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        if address.is_ipv6() {
            socket.set_only_v6(false)?;
        }
        socket.set_reuse_address(true)?;
        socket.bind(&address.into())?;
        Listener::from_std(socket.into(), queue)
    }

    /// Takes over a bound socket.
    pub fn from_std(socket: std::net::TcpListener, queue: Queue) -> io::Result<Listener> {
        socket.set_nonblocking(true)?;
        SockRef::from(&socket).listen(queue.backlog())?;
        Ok(Listener { socket, queue, crowd: Arc::new(Crowd::new(STRANGERS_MAX)) })
    }

    /// Sets how many strangers may be connected before the oldest idle one has to go.
    #[must_use]
    pub fn strangers_max(mut self, limit: usize) -> Listener {
        self.crowd = Arc::new(Crowd::new(limit));
        self
    }

    /// Where it listens.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
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
        let Listener { socket, queue, crowd } = self;
        let mut arrivals = match queue {
            Queue::Deep => Arrivals::AtOnce(TcpListener::from_std(socket)?),
            Queue::Python => Arrivals::InTurns(turns::take(socket)),
        };
        loop {
            let accepted = tokio::select! {
                accepted = arrivals.next() => accepted,
                _ = shutdown.wait_for(|stop| *stop) => break,
            };
            match accepted {
                Ok((stream, peer)) => {
                    let (seat, ticket) = crowd.admit();
                    let (decoy, door) = (Arc::clone(&decoy), Arc::clone(&door));
                    let serving = connection::serve_seated(stream, peer, decoy, door, seat, members.clone());
                    ticket.seated(tokio::spawn(serving).abort_handle());
                }
                Err(error) => recover(&crowd, &error).await,
            }
        }
        crowd.clear();
        Ok(())
    }
}

/// Where connections come from.
enum Arrivals {
    AtOnce(TcpListener),
    InTurns(turns::Turns),
}

impl Arrivals {
    async fn next(&mut self) -> io::Result<(TcpStream, SocketAddr)> {
        match self {
            Arrivals::AtOnce(socket) => socket.accept().await,
            Arrivals::InTurns(turns) => turns.next().await,
        }
    }
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
/// How long a failed accept waits.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

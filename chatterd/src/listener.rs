//! Accepts connections, as one server that nobody can fill up.
//!
//! **In**: an address and Python's backlog, or a socket handed over. **Out**: one task for each connection.
//! **Never**: a log line about a peer; spinning when descriptors run out.

pub(crate) mod crowd;
pub(crate) mod refusal;

use crate::connection::{self, Doorkeeper};
use crate::decoy::Decoy;
use crowd::Crowd;
use socket2::{Domain, Socket, Type};
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::watch;

/// A listening socket and the crowd of strangers that it lets in.
#[derive(Debug)]
pub struct Listener {
    // Not tokio's own, which would tell the poller of each connection before it is known whether it is worth that.
    socket: AsyncFd<TcpListener>,
    crowd: Arc<Crowd>,
}

impl Listener {
    /// Binds as Python does: SO_REUSEADDR, IPv6 open to IPv4, nothing else.
    pub fn bind(address: SocketAddr, backlog: u32) -> io::Result<Listener> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        if address.is_ipv6() {
            socket.set_only_v6(false)?;
        }
        socket.set_reuse_address(true)?;
        socket.bind(&address.into())?;
        socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
        Listener::from_std(socket.into())
    }

    /// Takes over a socket that already listens.
    pub fn from_std(socket: TcpListener) -> io::Result<Listener> {
        socket.set_nonblocking(true)?;
        #[expect(
            deprecated,
            reason = "its heir is unsafe, for descriptors that change under it; std's do not"
        )]
        let socket = AsyncFd::new(socket)?;
        Ok(Listener { socket, crowd: Arc::new(Crowd::new(STRANGERS_MAX)) })
    }

    /// Sets how many strangers may be connected before the oldest idle one has to go.
    #[must_use]
    pub fn strangers_max(mut self, limit: usize) -> Listener {
        self.crowd = Arc::new(Crowd::new(limit));
        self
    }

    /// Where it listens.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.get_ref().local_addr()
    }

    /// Accepts until `shutdown` says true or is dropped; then strangers are cut, members go on.
    pub async fn run(
        self,
        decoy: Arc<Decoy>,
        door: Arc<impl Doorkeeper>,
        mut shutdown: watch::Receiver<bool>,
    ) {
        let mut turned_away = 0;
        loop {
            let accepted = tokio::select! {
                accepted = self.socket.async_io(Interest::READABLE, TcpListener::accept) => accepted,
                _ = shutdown.wait_for(|stop| *stop) => break,
            };
            match accepted {
                Ok((stream, peer))
                    if refusal::is_turned_away(&stream, peer, decoy.persona(), door.as_ref()) =>
                {
                    refusal::reset(&stream);
                    drop(stream);
                    turned_away = (turned_away + 1) % TURNED_AWAY_IN_A_ROW;
                    if turned_away == 0 {
                        // Members' sockets are looked at in between.
                        tokio::task::yield_now().await;
                    }
                }
                Ok((stream, peer)) => self.seat(stream, peer, &decoy, &door),
                Err(error) => self.recover(&error).await,
            }
        }
        self.crowd.clear();
    }

    fn seat(&self, stream: TcpStream, peer: SocketAddr, decoy: &Arc<Decoy>, door: &Arc<impl Doorkeeper>) {
        let polled = stream.set_nonblocking(true).and_then(|()| tokio::net::TcpStream::from_std(stream));
        // The system has no room for one more; the peer sees its connection close.
        let Ok(stream) = polled else { return };
        let (seat, ticket) = self.crowd.admit();
        let serving = connection::serve_seated(stream, peer, Arc::clone(decoy), Arc::clone(door), seat);
        ticket.seated(tokio::spawn(serving).abort_handle());
    }

    /// Without descriptors the oldest idle stranger goes; whatever it was, a failing accept waits a moment.
    async fn recover(&self, error: &io::Error) {
        if error.kind() == io::ErrorKind::ConnectionAborted {
            return;
        }
        self.crowd.dismiss_oldest();
        tokio::time::sleep(ACCEPT_PAUSE).await;
    }
}

/// Strangers who may be connected at once; with the usual 1,024 descriptors Python holds about as many.
pub const STRANGERS_MAX: usize = 1_000;
/// Connections that are turned away before others have their turn: a fraction of a millisecond.
const TURNED_AWAY_IN_A_ROW: u32 = 16;
/// How long a failed accept waits.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

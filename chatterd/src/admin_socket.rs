//! The Unix socket that the operator calls: whose path it is, who may connect, and who does.
//!
//! **In** a path, a group. **Out** served calls, each with its caller as the system tells him. **Never** a call of which that is
//! not known, **never** a folder that others may write to.

mod line;

use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::UnixListener;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Server;
use tracing::{error, warn};

use crate::accounts::{self, UnknownAccount};
use crate::admin::{Control, Services};
use crate::directory;
use crate::socket_file::{Access, SocketFile, SocketFileError};
use line::Line;

/// Why the operator can't be heard.
#[derive(Debug, thiserror::Error)]
pub enum AdminSocketError {
    /// Its file.
    #[error("{0}; choose another place with --admin-socket")]
    File(#[from] SocketFileError),
    /// Its group.
    #[error("[admin] group: {0}")]
    Group(#[from] UnknownAccount),
}

/// A bound socket. Its file goes when this is dropped.
#[derive(Debug)]
pub struct AdminSocket {
    /// Goes when this goes; none: it is systemd's.
    _file: Option<SocketFile>,
    path: PathBuf,
    listener: UnixListener,
}

const BACKLOG: i32 = 64;
/// Calls hold an address at most.
const REQUEST_LEN_MAX: usize = 64 * 1024;
const CALL_TIMEOUT: Duration = Duration::from_secs(30);
const CALLS_PER_CONNECTION: u32 = 16;
/// Beyond, newcomers wait until somebody goes.
const CONNECTIONS_MAX: usize = 64;
const WATCHERS_MAX: usize = 16;
/// A connection whose other end has stopped is closed after this, and as long again.
const ALIVE_EVERY: Duration = Duration::from_secs(20);
/// How long calls under way may take once the daemon ends.
const DRAIN: Duration = Duration::from_millis(500);
/// Before the next try where the system can't accept.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

impl AdminSocket {
    /// Takes the path, replacing a socket that nobody listens on any more, for its owner and the named group, if there is
    /// one. To be called within a tokio runtime.
    ///
    /// # Errors
    /// Where a daemon lives there, or something that is no socket, or the system refuses.
    pub fn bind(path: &Path, group: Option<&str>) -> Result<Self, AdminSocketError> {
        let (socket, file) = match group.map(accounts::group_id).transpose()? {
            None => SocketFile::bind(path, Access::Owner, BACKLOG, directory::private),
            Some(group) => SocketFile::bind(path, Access::Group(Some(group)), BACKLOG, directory::passable),
        }?;
        let listener = UnixListener::from_std(socket.into())
            .map_err(|source| SocketFileError::System { path: path.to_owned(), source })?;
        Ok(Self { _file: Some(file), path: path.to_owned(), listener })
    }

    /// Takes a socket that listens already. To be called within a tokio runtime.
    ///
    /// # Errors
    /// Where the system refuses.
    pub fn handed(socket: std::os::unix::net::UnixListener) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let path = socket.local_addr()?.as_pathname().map_or_else(PathBuf::new, Path::to_owned);
        let listener = UnixListener::from_std(socket)?;
        Ok(Self { _file: None, path, listener })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Answers calls until `shutdown` resolves, then removes the socket; calls under way get half a second.
    pub async fn serve<C: Control>(self, control: Arc<C>, shutdown: impl Future<Output = ()> + Send) {
        let (sender, lines) = mpsc::channel(1);
        let services = match Services::new(control, REQUEST_LEN_MAX, WATCHERS_MAX) {
            Ok(services) => services,
            Err(error) => return error!(%error, "the admin API ended"),
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let mut server = pin!(
            Server::builder()
                .timeout(CALL_TIMEOUT)
                .max_concurrent_streams(CALLS_PER_CONNECTION)
                .http2_keepalive_interval(Some(ALIVE_EVERY))
                .http2_keepalive_timeout(Some(ALIVE_EVERY))
                .serve_with_incoming_shutdown(services, ReceiverStream::new(lines), async {
                    // Dropping the other half is the signal.
                    let _ = stopped.await;
                })
        );
        tokio::select! {
            () = shutdown => {}
            () = self.accept(sender) => {}
            result = &mut server => return ended(result),
        }
        drop(stop);
        if let Ok(result) = timeout(DRAIN, server).await {
            ended(result);
        }
    }

    async fn accept(&self, lines: mpsc::Sender<io::Result<Line>>) {
        let seats = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        loop {
            let Ok(seat) = Arc::clone(&seats).acquire_owned().await else { return };
            let line = self.listener.accept().await.and_then(|(stream, _)| Line::new(stream, seat));
            match line {
                Ok(line) => {
                    if lines.send(Ok(line)).await.is_err() {
                        return;
                    }
                }
                Err(error) => {
                    warn!(%error, "the admin socket cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

fn ended(result: Result<(), tonic::transport::Error>) {
    if let Err(error) = result {
        error!(%error, "the admin API ended");
    }
}

#[cfg(test)]
mod tests;

//! The Unix socket that the operator calls: who may, and whose path it is.
//!
//! **In** a path. **Out** served calls of root and of the user who runs the daemon. **Never** a call of anybody else,
//! **never** a folder that others may write to.

use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Server;
use tonic::transport::server::UdsConnectInfo;
use tonic::{Request, Status};
use tracing::{error, warn};

use crate::admin::{Control, Services};
use crate::directory;
use crate::socket_file::{Access, SocketFile, SocketFileError};

/// Why the operator can't be heard.
#[derive(Debug, thiserror::Error)]
#[error("{0}; choose another place with --admin-socket")]
pub struct AdminSocketError(#[from] pub SocketFileError);

/// A bound socket. Its file goes when this is dropped.
#[derive(Debug)]
pub struct AdminSocket {
    /// Goes when this goes; none: it is systemd's.
    _file: Option<SocketFile>,
    path: PathBuf,
    listener: UnixListener,
    owner: u32,
}

/// For its owner alone.
const ACCESS: Access = Access::Owner;
const BACKLOG: i32 = 64;
/// Calls hold an address at most.
const REQUEST_LEN_MAX: usize = 64 * 1024;
const CALL_TIMEOUT: Duration = Duration::from_secs(30);
const CALLS_PER_CONNECTION: usize = 16;
/// How long calls under way may take once the daemon ends.
const DRAIN: Duration = Duration::from_millis(500);
/// Before the next try where the system can't accept.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

impl AdminSocket {
    /// Takes the path, replacing a socket that nobody listens on any more. To be called within a tokio runtime.
    ///
    /// # Errors
    /// Where a daemon lives there, or something that is no socket, or the system refuses.
    pub fn bind(path: &Path) -> Result<Self, AdminSocketError> {
        let (socket, file) = SocketFile::bind(path, ACCESS, BACKLOG, directory::private)?;
        let listener = UnixListener::from_std(socket.into())
            .map_err(|source| SocketFileError::System { path: path.to_owned(), source })?;
        Ok(Self {
            _file: Some(file),
            path: path.to_owned(),
            listener,
            owner: nix::unistd::geteuid().as_raw(),
        })
    }

    /// Takes a socket that listens already. To be called within a tokio runtime.
    ///
    /// # Errors
    /// Where the system refuses.
    pub fn handed(socket: std::os::unix::net::UnixListener) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let path = socket.local_addr()?.as_pathname().map_or_else(PathBuf::new, Path::to_owned);
        let listener = UnixListener::from_std(socket)?;
        Ok(Self { _file: None, path, listener, owner: nix::unistd::geteuid().as_raw() })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Answers calls until `shutdown` resolves, then removes the socket; calls under way get half a second.
    pub async fn serve<C: Control>(self, control: Arc<C>, shutdown: impl Future<Output = ()> + Send) {
        let (sender, streams) = mpsc::channel(1);
        let owner = self.owner;
        let services = Services::new(control, REQUEST_LEN_MAX);
        let guarded = InterceptedService::new(services, move |call| check_caller(call, owner));
        let (stop, stopped) = oneshot::channel::<()>();
        let mut server = pin!(
            Server::builder()
                .timeout(CALL_TIMEOUT)
                .concurrency_limit_per_connection(CALLS_PER_CONNECTION)
                .serve_with_incoming_shutdown(guarded, ReceiverStream::new(streams), async {
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

    async fn accept(&self, streams: mpsc::Sender<io::Result<UnixStream>>) {
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    if streams.send(Ok(stream)).await.is_err() {
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

fn check_caller(call: Request<()>, owner: u32) -> Result<Request<()>, Status> {
    let caller = call.extensions().get::<UdsConnectInfo>().and_then(|info| info.peer_cred.as_ref());
    let allowed = caller.is_some_and(|caller| caller.uid() == owner || caller.uid() == 0);
    if allowed {
        Ok(call)
    } else {
        Err(Status::permission_denied("only root and the user who runs chatterd may call it"))
    }
}

#[cfg(test)]
mod tests;

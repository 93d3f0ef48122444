//! The Unix socket that the operator calls: who may, and whose path it is.
//!
//! **In** a path. **Out** served calls of root and of the user who runs the daemon. **Never** a moment in which others
//! may connect, **never** a socket taken from a daemon that lives, **never** another's file removed.

use std::fs::{File, Permissions};
use std::future::Future;
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use nix::fcntl::{Flock, FlockArg};
use nix::sys::stat::{Mode, fchmod};
use socket2::{Domain, SockAddr, Socket, Type};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Server;
use tonic::transport::server::UdsConnectInfo;
use tonic::{Request, Status};
use tracing::{debug, error, warn};

use crate::admin::{Control, Services};
use crate::directory::{self, DirectoryError};

/// Why the operator can't be heard.
#[derive(Debug, thiserror::Error)]
pub enum AdminSocketError {
    /// Another daemon answers there.
    #[error(
        "a daemon already answers on {}: stop it, or give this one another place with --admin-socket",
        .0.display()
    )]
    InUse(PathBuf),
    /// There is something else under that name, and it stays.
    #[error("{} is no socket and stays as it is; choose another place with --admin-socket", .0.display())]
    NotASocket(PathBuf),
    /// The system's limit.
    #[error("the path {} is too long for a Unix socket; choose a shorter one with --admin-socket", .0.display())]
    TooLong(PathBuf),
    /// Its folder.
    #[error("no place for the admin socket: {0}; choose another one with --admin-socket")]
    Directory(#[from] DirectoryError),
    /// The system refuses.
    #[error("cannot listen on {}: {source}; choose another place with --admin-socket", path.display())]
    System {
        /// Which socket.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// A bound socket. Its file goes when this is dropped.
#[derive(Debug)]
pub struct AdminSocket {
    path: PathBuf,
    listener: UnixListener,
    /// Device and inode: what we made, and may remove.
    identity: (u64, u64),
    owner: u32,
}

/// For its owner alone.
const MODE: u32 = 0o600;
const BACKLOG: i32 = 64;
/// Linux's `sun_path`, less the closing zero.
const PATH_LEN_MAX: usize = 107;
/// Calls hold an address at most.
const REQUEST_LEN_MAX: usize = 64 * 1024;
const CALL_TIMEOUT: Duration = Duration::from_secs(30);
const CALLS_PER_CONNECTION: usize = 16;
/// How long calls under way may take once the daemon ends.
const DRAIN: Duration = Duration::from_millis(500);
/// Before the next try where the system can't accept.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
const LOCK_TRIES: u32 = 50;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

impl AdminSocket {
    /// Takes the path, replacing a socket that nobody listens on any more. To be called within a tokio runtime.
    ///
    /// # Errors
    /// Where a daemon lives there, or something that is no socket, or the system refuses.
    pub fn bind(path: &Path) -> Result<Self, AdminSocketError> {
        let system = |source| AdminSocketError::System { path: path.to_owned(), source };
        if path.as_os_str().len() > PATH_LEN_MAX {
            return Err(AdminSocketError::TooLong(path.to_owned()));
        }
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            Some(_) | None => Path::new("."),
        };
        directory::private(folder)?;
        // Between a look at what is there and the new socket, no second daemon may do the same.
        let lock = lock(folder).map_err(system)?;
        remove_stale(path)?;
        let socket = bound(path).map_err(system)?;
        drop(lock);
        let file = std::fs::symlink_metadata(path).map_err(system)?;
        let listener = UnixListener::from_std(socket.into()).map_err(system)?;
        let owner = nix::unistd::geteuid().as_raw();
        Ok(Self { path: path.to_owned(), listener, identity: (file.dev(), file.ino()), owner })
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

impl Drop for AdminSocket {
    fn drop(&mut self) {
        let ours =
            std::fs::symlink_metadata(&self.path).is_ok_and(|file| (file.dev(), file.ino()) == self.identity);
        if ours && let Err(error) = std::fs::remove_file(&self.path) {
            warn!(%error, "cannot remove the admin socket");
        }
    }
}

fn lock(folder: &Path) -> io::Result<Flock<File>> {
    let mut file = File::open(folder)?;
    for _ in 0..LOCK_TRIES {
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => return Ok(lock),
            Err((back, nix::Error::EWOULDBLOCK)) => file = back,
            Err((_, error)) => return Err(error.into()),
        }
        std::thread::sleep(LOCK_PAUSE);
    }
    Err(io::Error::new(io::ErrorKind::WouldBlock, "another process holds its folder's lock"))
}

fn remove_stale(path: &Path) -> Result<(), AdminSocketError> {
    let system = |source| AdminSocketError::System { path: path.to_owned(), source };
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(system(error)),
        Ok(file) if !file.file_type().is_socket() => {
            return Err(AdminSocketError::NotASocket(path.to_owned()));
        }
        Ok(_) => {}
    }
    // Only "connection refused" proves that nobody listens; in doubt it lives. Without blocking, since a daemon that
    // hangs would let us wait for ever.
    match connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            debug!("replacing an admin socket that nobody listens on");
            std::fs::remove_file(path).map_err(system)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Ok(()) | Err(_) => Err(AdminSocketError::InUse(path.to_owned())),
    }
}

fn connect(path: &Path) -> io::Result<()> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.connect(&SockAddr::unix(path)?)
}

/// A socket whose file has its mode from the first instant: Linux gives the file the mode of the unbound socket.
/// Elsewhere its folder keeps others out until the mode is set.
fn bound(path: &Path) -> io::Result<Socket> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    fchmod(&socket, Mode::from_bits_truncate(MODE))
        .or_else(|error| if cfg!(target_os = "linux") { Err(error) } else { Ok(()) })?;
    socket.bind(&SockAddr::unix(path)?)?;
    if !cfg!(target_os = "linux") {
        std::fs::set_permissions(path, Permissions::from_mode(MODE))?;
    }
    socket.listen(BACKLOG)?;
    Ok(socket)
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

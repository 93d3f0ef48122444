//! A listening Unix socket and the file that it is reached by.
//!
//! **In** a path, and who may connect. **Out** a bound socket; its file goes when this is dropped. **Never** a moment in
//! which others may connect, **never** a socket taken from a program that lives, **never** another's file removed.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::fcntl::{AT_FDCWD, Flock, FlockArg};
use nix::sys::stat::{FchmodatFlags, Mode, fchmod, fchmodat};
use socket2::{Domain, SockAddr, Socket, Type};
use tracing::{debug, warn};

use crate::directory::DirectoryError;

/// Why there is no socket.
#[derive(Debug, thiserror::Error)]
pub enum SocketFileError {
    /// Another program answers there.
    #[error("a daemon already answers on {}: stop it, or give this one another place", .0.display())]
    InUse(PathBuf),
    /// There is something else under that name, and it stays.
    #[error("{} is no socket and stays as it is", .0.display())]
    NotASocket(PathBuf),
    /// The system's limit.
    #[error("the path {} is too long for a Unix socket", .0.display())]
    TooLong(PathBuf),
    /// Its folder.
    #[error("no place for the socket: {0}")]
    Directory(#[from] DirectoryError),
    /// The system refuses.
    #[error("cannot listen on {}: {source}", path.display())]
    System {
        /// Which socket.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// Who may connect, by the file's mode and group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Its owner: 0600.
    Owner,
    /// Its owner and its group: 0660. None: the process's own group.
    Group(Option<u32>),
}

impl Access {
    fn mode(self) -> Mode {
        match self {
            Self::Owner => Mode::S_IRUSR | Mode::S_IWUSR,
            Self::Group(_) => Mode::S_IRUSR | Mode::S_IWUSR | Mode::S_IRGRP | Mode::S_IWGRP,
        }
    }
}

/// The file of a bound socket.
#[derive(Debug)]
pub struct SocketFile {
    path: PathBuf,
    /// Device and inode: what we made, and may remove.
    identity: (u64, u64),
}

impl SocketFile {
    /// Takes the path, replacing a socket that nobody listens on any more, and listens there. `prepare` sees to its
    /// folder.
    ///
    /// # Errors
    /// Where a program lives there, or something that is no socket, or the system refuses.
    pub fn bind(
        path: &Path,
        access: Access,
        backlog: i32,
        prepare: impl FnOnce(&Path) -> Result<(), DirectoryError>,
    ) -> Result<(Socket, SocketFile), SocketFileError> {
        let system = |source| SocketFileError::System { path: path.to_owned(), source };
        if path.as_os_str().len() > PATH_LEN_MAX {
            return Err(SocketFileError::TooLong(path.to_owned()));
        }
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            Some(_) | None => Path::new("."),
        };
        prepare(folder)?;
        // Between a look at what is there and the new socket, no second daemon may do the same.
        let lock = lock(folder).map_err(system)?;
        remove_stale(path)?;
        let socket = bound(path, access, backlog).map_err(system)?;
        drop(lock);
        let file = std::fs::symlink_metadata(path).map_err(system)?;
        Ok((socket, SocketFile { path: path.to_owned(), identity: (file.dev(), file.ino()) }))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let ours =
            std::fs::symlink_metadata(&self.path).is_ok_and(|file| (file.dev(), file.ino()) == self.identity);
        if ours && let Err(error) = std::fs::remove_file(&self.path) {
            warn!(%error, "cannot remove a socket");
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

fn remove_stale(path: &Path) -> Result<(), SocketFileError> {
    let system = |source| SocketFileError::System { path: path.to_owned(), source };
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(system(error)),
        Ok(file) if !file.file_type().is_socket() => {
            return Err(SocketFileError::NotASocket(path.to_owned()));
        }
        Ok(_) => {}
    }
    // Only "connection refused" proves that nobody listens; in doubt it lives. Without blocking, since a daemon that
    // hangs would let us wait for ever.
    match connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            debug!("replacing a socket that nobody listens on");
            std::fs::remove_file(path).map_err(system)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Ok(()) | Err(_) => Err(SocketFileError::InUse(path.to_owned())),
    }
}

fn connect(path: &Path) -> io::Result<()> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.connect(&SockAddr::unix(path)?)
}

/// A socket whose file has its mode from the first instant: Linux gives the file the mode of the unbound socket. Nobody
/// can connect before it listens, and by then the file is as it shall be everywhere.
pub(crate) fn bound(path: &Path, access: Access, backlog: i32) -> io::Result<Socket> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    fchmod(&socket, access.mode())
        .or_else(|error| if cfg!(target_os = "linux") { Err(error) } else { Ok(()) })?;
    socket.bind(&SockAddr::unix(path)?)?;
    let finished = finish(path, access).and_then(|()| socket.listen(backlog));
    if let Err(error) = finished {
        // What nobody listens on is in nobody's way, and still not left behind.
        let _ = std::fs::remove_file(path);
        return Err(error);
    }
    Ok(socket)
}

fn finish(path: &Path, access: Access) -> io::Result<()> {
    if let Access::Group(Some(group)) = access {
        std::os::unix::fs::lchown(path, None, Some(group))?;
    }
    // Whatever the umask made of it.
    Ok(fchmodat(AT_FDCWD, path, access.mode(), FchmodatFlags::FollowSymlink)?)
}

/// Linux's `sun_path`, less the closing zero.
const PATH_LEN_MAX: usize = 107;
const LOCK_TRIES: u32 = 50;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

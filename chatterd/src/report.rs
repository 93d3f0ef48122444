//! The ban report: `report.txt`, for fail2ban and for ourselves after a restart.
//!
//! **In** the bans as the ledger has them. **Out** a file that is always whole, the old one or the new one, in the
//! format that the seed's fail2ban filter reads; beside it `report.txt.json` with since when, until when and why, which
//! may be missing: the report alone is enough. **Never** a file of somebody else's overwritten, **never** two daemons on
//! one report, **never** a start or a chat stopped by a full disk.

mod text;

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use nix::fcntl::{Flock, FlockArg};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tracing::{error, info, warn};

use crate::ledger::{Ban, RecoveredBan};

/// The report, held by this process alone.
#[derive(Debug)]
pub struct ReportFile {
    path: PathBuf,
    /// What the files hold, as hashes; none where that is not known.
    written: Mutex<Written>,
    _lock: Flock<File>,
}

#[derive(Debug, Default)]
struct Written {
    report: Option<blake3::Hash>,
    companion: Option<blake3::Hash>,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// Another daemon writes it.
    #[error("another chatterd writes {}: stop it, or set another ban.report", .0.display())]
    InUse(PathBuf),
    /// It was there before us, and is none of ours.
    #[error("{} is not a ban report (its first line is another one) and stays as it is: set another ban.report", .0.display())]
    Foreign(PathBuf),
    /// A folder, device or pipe.
    #[error("{} is not a file: set another ban.report", .0.display())]
    NotAFile(PathBuf),
    /// The system refuses.
    #[error("cannot open the ban report {}: {source}", path.display())]
    System {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// How often the ledger is asked for changes: the report is right within this and the time of a write.
const PERIOD: Duration = Duration::from_millis(500);
/// How often counts alone are reason enough to write.
const COUNTS_PERIOD: Duration = Duration::from_secs(5);
/// Operators who wait at once; more of them wait to be heard.
const ASKING_MAX: usize = 16;
/// More than the ledger's greatest number of bans fills.
const REPORT_LEN_MAX: u64 = 64 * 1024 * 1024;
/// Where there was no report whose mode could be kept: fail2ban reads as root.
const REPORT_MODE: u32 = 0o640;
const PRIVATE_MODE: u32 = 0o600;

impl ReportFile {
    /// Takes the report for this process and reads the bans in it.
    ///
    /// # Errors
    /// Where another daemon has it, or it is no report, or the system refuses.
    pub fn open(path: &Path) -> Result<(Self, Vec<RecoveredBan>), ReportError> {
        let system = |source| ReportError::System { path: path.to_owned(), source };
        if let Some(folder) = path.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(system)?;
        }
        // A link is followed once, here, so that replacing the report replaces what it points to.
        let path = match path.canonicalize() {
            Ok(path) => path,
            Err(error) if error.kind() == io::ErrorKind::NotFound => path.to_owned(),
            Err(error) => return Err(system(error)),
        };
        let lock = take_lock(&path)?;
        let text = read(&path)?.unwrap_or_default();
        if !text::is_report(&text) {
            return Err(ReportError::Foreign(path));
        }
        let (packets, unreadable) = text::parse(&text);
        if unreadable > 0 {
            warn!(lines = unreadable, "the ban report has lines that are none of ours; they will be dropped");
        }
        let companion = beside(&path, "json");
        let terms = match read(&companion) {
            Ok(json) => json.and_then(|json| text::parse_companion(&json)),
            Err(error) => {
                warn!(%error, "the bans' times can't be read; the report alone has to do");
                None
            }
        };
        let terms = terms.unwrap_or_default();
        let recovered =
            |(address, packets)| RecoveredBan { address, packets, terms: terms.get(&address).copied() };
        let bans = packets.into_iter().map(recovered).collect();
        Ok((Self { path, written: Mutex::default(), _lock: lock }, bans))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the files hold these bans, durably; does nothing where they do already.
    ///
    /// # Errors
    /// What the system says. The files then hold what they held before.
    pub fn write(&self, bans: &[Ban]) -> io::Result<()> {
        let mut bans = bans.to_vec();
        bans.sort_unstable_by_key(|ban| ban.address);
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        // The report first: a ban without times is still a ban, times without a ban are none.
        replace(&self.path, &text::render(&bans), REPORT_MODE, &mut written.report)?;
        replace(
            &beside(&self.path, "json"),
            &text::render_companion(&bans),
            PRIVATE_MODE,
            &mut written.companion,
        )
    }
}

/// By which those who changed a ban wait until the report on the disk says so.
#[derive(Clone, Debug)]
pub struct Keeper(mpsc::Sender<oneshot::Sender<Result<(), String>>>);

/// What [`keep`] hears of [`Keeper`]s.
#[derive(Debug)]
pub struct Asked(mpsc::Receiver<oneshot::Sender<Result<(), String>>>);

/// Both ends.
pub fn keeper() -> (Keeper, Asked) {
    let (ask, asked) = mpsc::channel(ASKING_MAX);
    (Keeper(ask), Asked(asked))
}

impl Keeper {
    /// Waits until all that the ledger knew before this call is written.
    ///
    /// # Errors
    /// What the system says; it will be tried again.
    pub async fn written(&self) -> Result<(), String> {
        let ended = || "the daemon is shutting down".to_owned();
        let (reply, answer) = oneshot::channel();
        self.0.send(reply).await.map_err(|_| ended())?;
        answer.await.map_err(|_| ended())?
    }
}

/// Keeps the report as the ledger has it until `shutdown` resolves, and then once more. `changed` gives the bans where
/// they changed since it was last asked; told true, also where only their counts did, which is asked less often: many
/// may be knocking, and what reads the report takes nothing from a count. A failure is logged once and tried again
/// until it goes away.
pub async fn keep(
    file: ReportFile,
    mut changed: impl FnMut(bool) -> Option<Vec<Ban>> + Send,
    mut asked: Asked,
    shutdown: impl Future<Output = ()> + Send,
) {
    let file = Arc::new(file);
    let mut shutdown = pin!(shutdown);
    let mut pending: Option<Arc<Vec<Ban>>> = None;
    let mut failing = false;
    let mut ending = false;
    let mut counts_due = Instant::now() + COUNTS_PERIOD;
    while !ending {
        let mut waiting = Vec::new();
        ending = tokio::select! {
            () = &mut shutdown => true,
            () = tokio::time::sleep(PERIOD) => false,
            Some(ask) = asked.0.recv() => {
                waiting.push(ask);
                false
            }
        };
        waiting.extend(std::iter::from_fn(|| asked.0.try_recv().ok()));
        let counts = ending || Instant::now() >= counts_due;
        if counts {
            counts_due = Instant::now() + COUNTS_PERIOD;
        }
        pending = changed(counts).map(Arc::new).or(pending);
        let result = match &pending {
            None => Ok(()),
            Some(bans) => {
                let (file, bans) = (Arc::clone(&file), Arc::clone(bans));
                let written = tokio::task::spawn_blocking(move || file.write(&bans)).await;
                written.unwrap_or_else(|panic| Err(io::Error::other(panic)))
            }
        };
        for ask in waiting {
            let _ = ask.send(result.as_ref().map_err(ToString::to_string).copied());
        }
        match result {
            Ok(()) => {
                pending = None;
                if std::mem::take(&mut failing) {
                    info!("the ban report is written again");
                }
            }
            Err(error) if !failing => {
                failing = true;
                error!(%error, "the ban report can't be written; chat goes on, and it will be tried again");
            }
            Err(_) => {}
        }
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    name.into()
}

/// The lock is a file of its own, since the report is replaced; it stays, since removing it would open a gap.
fn take_lock(path: &Path) -> Result<Flock<File>, ReportError> {
    let system = |source| ReportError::System { path: path.to_owned(), source };
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(PRIVATE_MODE)
        .open(beside(path, "lock"))
        .map_err(system)?;
    Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|(_, error)| {
        if error == nix::Error::EWOULDBLOCK {
            ReportError::InUse(path.to_owned())
        } else {
            system(error.into())
        }
    })
}

/// A file's text, wrong UTF-8 replaced; none where there is no file.
fn read(path: &Path) -> Result<Option<String>, ReportError> {
    let system = |source| ReportError::System { path: path.to_owned(), source };
    match std::fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(system(error)),
        // Before opening: to open a pipe would wait for its other end.
        Ok(file) if !file.is_file() => return Err(ReportError::NotAFile(path.to_owned())),
        Ok(_) => {}
    }
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(REPORT_LEN_MAX).read_to_end(&mut bytes)).map_err(system)?;
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

/// Puts a whole, synced file in the place of the old one.
fn replace(path: &Path, text: &str, mode: u32, written: &mut Option<blake3::Hash>) -> io::Result<()> {
    let hash = blake3::hash(text.as_bytes());
    if *written == Some(hash) && path.exists() {
        return Ok(());
    }
    *written = None;
    let new = beside(path, "new");
    let result =
        write_new(&new, text, std::fs::metadata(path).map_or(mode, |file| file.permissions().mode()))
            .and_then(|()| std::fs::rename(&new, path));
    if result.is_err() {
        // Room on a full disk is better than half a report; nothing to be done if this fails, too.
        let _ = std::fs::remove_file(&new);
    }
    result?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    *written = Some(hash);
    Ok(())
}

fn write_new(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    // One may be left from a kill; anew, so that nobody's link is followed and nobody's descriptor written to.
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(PRIVATE_MODE).open(path)?;
    file.write_all(text.as_bytes())?;
    file.set_permissions(Permissions::from_mode(mode & 0o777))?;
    file.sync_all()
}

#[cfg(test)]
mod tests;

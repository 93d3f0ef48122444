//! Files that are sent and received, on threads that may wait for a disk.
//!
//! **In** orders. **Out** news, each about one room. **Never** a byte written without an order, nor the loop held up.
//!
//! ```text
//! Order ──> one thread for each file (disk/source.rs, disk/part.rs) ──> News
//! ```

mod part;
mod source;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc as threads;
use std::time::Duration;

use chatter_protocol::room::transfer::{FileName, TransferId};
use directories::UserDirs;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::timeout;
use zeroize::Zeroizing;

use part::Part;
pub(crate) use part::Unkept;
pub(crate) use source::Found;
use source::Source;

use crate::texts::text;

/// Something to do.
#[derive(Debug)]
pub(crate) enum Order {
    /// See which of these is there first, and what it holds.
    Look {
        /// Names the answer.
        number: u32,
        /// As they were typed.
        candidates: Vec<PathBuf>,
    },
    /// Read a piece.
    Read {
        /// Of this.
        id: TransferId,
        /// What was found.
        found: Found,
        /// From here on.
        offset: u64,
        /// Bytes.
        len: usize,
    },
    /// Make the file into which it is written.
    Create {
        /// For this.
        id: TransferId,
        /// Where; none: where downloads go.
        directory: Option<PathBuf>,
        /// As it was offered.
        name: FileName,
        /// Bytes that there must be room for.
        size: u64,
    },
    /// Write a piece behind the others.
    Write {
        /// Of this.
        id: TransferId,
        /// What.
        data: Zeroizing<Vec<u8>>,
    },
    /// Compare the hash and keep the file.
    Finish {
        /// This.
        id: TransferId,
        /// BLAKE3 of the whole.
        hash: [u8; 32],
    },
    /// Nothing more is wanted of it: what was not kept is removed.
    Drop {
        /// This.
        id: TransferId,
    },
}

/// Something that was done.
#[derive(Debug)]
pub(crate) enum News {
    /// One of the candidates is there.
    Found(u32, usize, Found),
    /// None is, or it can't be read: why.
    NotFound(u32, String),
    /// A piece was read.
    Read(TransferId, u64, Zeroizing<Vec<u8>>),
    /// The file is there, empty.
    Created(TransferId),
    /// So many bytes are written.
    Written(TransferId, u64),
    /// It is kept.
    Kept(TransferId, PathBuf),
    /// It is not what was offered, and removed.
    Mismatch(TransferId),
    /// It can't be read or written: why.
    Failed(TransferId, String),
}

/// All files that are open.
pub(crate) struct Disk {
    jobs: BTreeMap<(u32, TransferId), threads::Sender<Order>>,
    ending: Vec<JoinHandle<()>>,
    reporter: mpsc::Sender<(u32, News)>,
    news: mpsc::Receiver<(u32, News)>,
}

/// What a thread has open.
enum Job {
    Nothing,
    Reading(Source),
    Writing(Box<Part>),
}

impl Disk {
    /// With nothing open.
    pub(crate) fn new() -> Self {
        let (reporter, news) = mpsc::channel(NEWS_MAX);
        Self { jobs: BTreeMap::new(), ending: Vec::new(), reporter, news }
    }

    /// What was done next.
    pub(crate) async fn next(&mut self) -> (u32, News) {
        match self.news.recv().await {
            Some(news) => news,
            // We hold a sender ourselves.
            None => std::future::pending().await,
        }
    }

    /// Carries out an order for this room, some time.
    pub(crate) fn carry_out(&mut self, room: u32, order: Order) {
        let reporter = self.reporter.clone();
        let id = match &order {
            Order::Look { .. } => {
                spawn_blocking(move || {
                    if let Order::Look { number, candidates } = order {
                        let _ = reporter.blocking_send((room, look(number, &candidates)));
                    }
                });
                return;
            }
            Order::Drop { id } => {
                self.jobs.remove(&(room, *id));
                return;
            }
            Order::Read { id, .. }
            | Order::Create { id, .. }
            | Order::Write { id, .. }
            | Order::Finish { id, .. } => *id,
        };
        self.ending.retain(|job| !job.is_finished());
        let job = self.jobs.entry((room, id)).or_insert_with(|| {
            let (sender, orders) = threads::channel();
            self.ending.push(spawn_blocking(move || work(room, &orders, &reporter)));
            sender
        });
        // Fails only after the job has failed, which it told.
        let _ = job.send(order);
    }

    /// Closes all and waits a little: nothing half is to stay behind.
    pub(crate) async fn close(&mut self) {
        self.jobs.clear();
        self.news.close();
        while self.news.try_recv().is_ok() {}
        for job in self.ending.drain(..) {
            let _ = timeout(CLOSE_TIMEOUT, job).await;
        }
    }
}

/// One file's thread, until nobody has orders for it.
fn work(room: u32, orders: &threads::Receiver<Order>, reporter: &mpsc::Sender<(u32, News)>) {
    let mut job = Job::Nothing;
    while let Ok(order) = orders.recv() {
        let news = job.carry_out(order);
        let failed = matches!(news, News::Failed(..) | News::Mismatch(_) | News::Kept(..));
        if reporter.blocking_send((room, news)).is_err() || failed {
            return;
        }
    }
}

impl Job {
    fn carry_out(&mut self, order: Order) -> News {
        let failed = |id, error: io::Error| News::Failed(id, words(&error));
        match (std::mem::replace(self, Self::Nothing), order) {
            (job, Order::Read { id, found, offset, len }) => {
                let source = match job {
                    Self::Reading(source) if source.at() == offset => Ok(source),
                    Self::Reading(_) | Self::Writing(_) | Self::Nothing => Source::open(&found, offset),
                };
                match source.and_then(|mut source| source.read(len).map(|data| (source, data))) {
                    Ok((source, data)) => {
                        *self = Self::Reading(source);
                        News::Read(id, offset, data)
                    }
                    Err(error) => failed(id, error),
                }
            }
            (_, Order::Create { id, directory, name, size }) => {
                match Part::create(directory.unwrap_or_else(downloads), name, size) {
                    Ok(part) => {
                        *self = Self::Writing(Box::new(part));
                        News::Created(id)
                    }
                    Err(error) => failed(id, error),
                }
            }
            (Self::Writing(mut part), Order::Write { id, data }) => match part.write(&data) {
                Ok(written) => {
                    *self = Self::Writing(part);
                    News::Written(id, written)
                }
                Err(error) => failed(id, error),
            },
            (Self::Writing(part), Order::Finish { id, hash }) => match part.finish(&hash) {
                Ok(path) => News::Kept(id, path),
                Err(Unkept::Mismatch) => News::Mismatch(id),
                Err(Unkept::Disk(error)) => failed(id, error),
            },
            (_, Order::Write { id, .. } | Order::Finish { id, .. } | Order::Drop { id }) => {
                News::Failed(id, text!("disk-closed"))
            }
            (_, Order::Look { number, candidates }) => look(number, &candidates),
        }
    }
}

fn look(number: u32, candidates: &[PathBuf]) -> News {
    let mut trouble = None;
    for (which, path) in candidates.iter().enumerate() {
        match Found::at(&expanded(path)) {
            Ok(found) => return News::Found(number, which, found),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                trouble.get_or_insert((path, error));
            }
            Err(error) => {
                trouble = Some((path, error));
                break;
            }
        }
    }
    let text = trouble.map(|(path, error)| format!("{}: {error}", path.display()));
    News::NotFound(number, text.unwrap_or_else(|| text!("disk-no-name")))
}

/// What went wrong, for people.
fn words(error: &io::Error) -> String {
    let full = [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded].contains(&error.kind());
    // What we say ourselves says more.
    if full && error.get_ref().is_none() { text!("disk-full") } else { error.to_string() }
}

/// Where downloads go on this platform, or where we are.
fn downloads() -> PathBuf {
    let known = UserDirs::new().and_then(|dirs| dirs.download_dir().map(Path::to_owned));
    known.filter(|path| path.is_dir()).unwrap_or_else(|| PathBuf::from("."))
}

/// `~/` stands for the home directory, which no shell has put in.
pub(crate) fn expanded(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), UserDirs::new()) {
        (Ok(rest), Some(dirs)) => dirs.home_dir().join(rest),
        (Ok(_) | Err(_), _) => path.to_owned(),
    }
}

/// What is in a directory, as far as its names are text: each, and whether it is a directory itself. Nothing where it can't
/// be read.
pub(crate) fn folder(path: &Path) -> Vec<(String, bool)> {
    let Ok(entries) = fs::read_dir(expanded(path)) else { return Vec::new() };
    let entries = entries.take(ENTRIES_MAX).filter_map(Result::ok);
    entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let kind = entry.file_type().ok()?;
            let directory = kind.is_dir() || (kind.is_symlink() && entry.path().is_dir());
            Some((name, directory))
        })
        .collect()
}

/// Beyond so many names, filling one in helps nobody.
const ENTRIES_MAX: usize = 10_000;
/// News that wait for the loop; beyond them the threads wait.
const NEWS_MAX: usize = 64;
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

//! The directory that the decoy serves: one on disk, or one that exists in memory only.
//!
//! **In**: places. **Out**: what `stat`, `listdir` and `open` say there.
//! **Never**: a decision about the answer; nothing is ever written.

use super::at_hand;
use super::carrier_file::Carrier;
use super::dates::Stamp;
use super::generated::{Seed, Tree};
use super::listing::Entry;
use super::target::Place;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What the decoy serves.
#[derive(Debug, Clone)]
pub enum Root {
    /// A directory of the operator's.
    Own {
        /// The directory, as `-d` would name it.
        path: PathBuf,
        /// The carrier: a file's path below it.
        carrier: Option<String>,
    },
    /// A directory drawn from a seed, which is in memory only.
    Generated(Box<Tree>),
}

/// What stands at a place.
pub(super) enum Kind {
    Directory,
    File,
    /// A FIFO without a writer blocks whoever opens it.
    Fifo,
    Other,
    Missing,
}

/// An open file.
pub(super) struct Opened {
    pub size: u64,
    pub modified: Stamp,
    pub content: Content,
}

/// Where an open file's bytes come from.
pub(super) enum Content {
    Disk(File),
    Memory(Arc<[u8]>),
    Virtual(Carrier),
}

impl Root {
    /// A directory generated from a seed.
    pub fn generated(seed: &Seed) -> Root {
        Root::Generated(Box::new(Tree::grow(seed)))
    }

    /// The root's own path, as `-d` would name it.
    pub(super) fn path(&self) -> &[u8] {
        match self {
            Root::Own { path, .. } => path.as_os_str().as_bytes(),
            Root::Generated(tree) => tree.path().as_bytes(),
        }
    }

    /// Whether what stands at a place is in memory.
    pub(super) fn is_at_hand(&self, place: impl FnOnce() -> Place) -> bool {
        match self {
            Root::Own { .. } => place().bytes.as_deref().is_none_or(at_hand::is_at_hand),
            Root::Generated(_) => true,
        }
    }

    /// What stands at a place.
    pub(super) fn kind(&self, place: &Place) -> Kind {
        match self {
            Root::Own { .. } => place.bytes.as_deref().map_or(Kind::Missing, kind_on_disk),
            Root::Generated(tree) if place.bytes.is_some() => tree.kind(&place.names, place.slash),
            Root::Generated(_) => Kind::Missing,
        }
    }

    /// The entries of a directory, in the order of `readdir`.
    pub(super) fn entries(&self, place: &Place) -> io::Result<Vec<Entry>> {
        match self {
            Root::Own { .. } => entries_on_disk(path_of(place.bytes.as_deref().unwrap_or_default())),
            Root::Generated(tree) => tree.entries(&place.names).ok_or_else(|| io::ErrorKind::NotFound.into()),
        }
    }

    /// Opens a file.
    pub(super) fn open(&self, place: &Place, now: Stamp) -> io::Result<Opened> {
        match self {
            Root::Own { .. } => open_on_disk(path_of(place.bytes.as_deref().unwrap_or_default())),
            Root::Generated(tree) => {
                tree.open(&place.names, now).ok_or_else(|| io::ErrorKind::NotFound.into())
            }
        }
    }

    /// Ordinary files at the top, as paths from the root.
    pub(super) fn files(&self) -> Vec<Vec<u8>> {
        let mut found = Vec::new();
        match self {
            Root::Own { path, .. } => walk(path, &[], &mut found),
            Root::Generated(tree) => found = tree.files(),
        }
        found.sort();
        found.truncate(FILES_MAX);
        found
    }

    /// The carrier's path from the root.
    pub(super) fn carrier(&self) -> Option<&str> {
        match self {
            Root::Own { carrier, .. } => carrier.as_deref(),
            Root::Generated(tree) => Some(tree.carrier()),
        }
    }
}

fn path_of(bytes: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(bytes))
}

fn kind_on_disk(path: &[u8]) -> Kind {
    let Ok(metadata) = fs::metadata(path_of(path)) else { return Kind::Missing };
    let kind = metadata.file_type();
    match () {
        () if kind.is_dir() => Kind::Directory,
        () if kind.is_file() => Kind::File,
        () if kind.is_fifo() => Kind::Fifo,
        () => Kind::Other,
    }
}

fn entries_on_disk(path: &Path) -> io::Result<Vec<Entry>> {
    fs::read_dir(path)?
        .map(|entry| {
            let entry = entry?;
            // What the directory itself calls a file needs no question; of what else it names, Python's `stat` may
            // learn less, as where a directory may be listed but not entered.
            let plain = entry.file_type().is_ok_and(|kind| kind.is_file());
            let full = || path.join(entry.file_name());
            Ok(Entry {
                name: entry.file_name().into_vec(),
                directory: !plain && fs::metadata(full()).is_ok_and(|metadata| metadata.is_dir()),
                link: !plain && fs::symlink_metadata(full()).is_ok_and(|metadata| metadata.is_symlink()),
            })
        })
        .collect()
}

fn open_on_disk(path: &Path) -> io::Result<Opened> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let modified = Stamp { seconds: metadata.mtime(), nanoseconds: metadata.mtime_nsec() };
    Ok(Opened { size: metadata.len(), modified, content: Content::Disk(file) })
}

/// Regular, readable files of a directory and of those right below it.
fn walk(directory: &Path, names: &[u8], found: &mut Vec<Vec<u8>>) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten().take(ENTRIES_MAX) {
        let Ok(kind) = entry.file_type() else { continue };
        let name = [names, entry.file_name().as_bytes()].concat();
        if kind.is_dir() && names.is_empty() {
            walk(&entry.path(), &[&name, &b"/"[..]].concat(), found);
        } else if kind.is_file() && File::open(entry.path()).is_ok() {
            found.push(name);
        }
    }
}

/// Files that `files` names at most.
const FILES_MAX: usize = 64;
/// Entries of one directory that `files` looks at.
const ENTRIES_MAX: usize = 256;

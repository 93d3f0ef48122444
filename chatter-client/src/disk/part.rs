//! What is received: written beside its place, and put there when its hash is right.
//!
//! **In** bytes in their order. **Out** a file of the user's alone. **Never** one written over, a link followed, something that
//! can be run, or half of it left behind.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf, absolute};

use chatter_protocol::room::transfer::FileName;

use crate::files;
use crate::plain::bytes;
use crate::texts::text;

/// A file that is not whole yet. Dropping it removes it.
#[derive(Debug)]
pub(super) struct Part {
    file: File,
    path: PathBuf,
    directory: PathBuf,
    name: FileName,
    hasher: blake3::Hasher,
    written: u64,
    kept: bool,
}

/// Why it is not kept.
#[derive(Debug)]
pub(crate) enum Unkept {
    /// It is not what was offered.
    Mismatch,
    /// The system refuses.
    Disk(io::Error),
}

impl Part {
    /// A file in this directory, empty, that will bear that name or one like it and hold so many bytes.
    ///
    /// # Errors
    /// Where the system refuses, or has no room for as much.
    pub(super) fn create(directory: PathBuf, name: FileName, size: u64) -> io::Result<Self> {
        if let Some(free) = free(&directory).filter(|free| *free < size) {
            let directory = directory.display().to_string();
            let text = text!("disk-room", directory = directory, free = bytes(free), size = bytes(size));
            return Err(io::Error::new(io::ErrorKind::StorageFull, text));
        }
        let (file, path) = new_file(&directory, &name, ".part")?;
        Ok(Self { file, path, directory, name, hasher: blake3::Hasher::new(), written: 0, kept: false })
    }

    /// Writes the next bytes; gives how many there are by now.
    ///
    /// # Errors
    /// Where the system refuses, such as for a full disk.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<u64> {
        self.file.write_all(bytes)?;
        self.hasher.update(bytes);
        self.written = self.written.saturating_add(bytes.len() as u64);
        Ok(self.written)
    }

    /// Puts it in its place; gives that.
    ///
    /// # Errors
    /// [`Unkept`]; then nothing of it is left.
    pub(super) fn finish(mut self, hash: &[u8; 32]) -> Result<PathBuf, Unkept> {
        if self.hasher.finalize() != blake3::Hash::from_bytes(*hash) {
            return Err(Unkept::Mismatch);
        }
        self.file.sync_all().map_err(Unkept::Disk)?;
        // The empty file holds the place, which nobody else can have taken then; what is renamed onto it replaces it, or a
        // link that somebody has put there, and follows none.
        let (place, path) = new_file(&self.directory, &self.name, "").map_err(Unkept::Disk)?;
        drop(place);
        fs::rename(&self.path, &path).map_err(|error| {
            let _ = fs::remove_file(&path);
            Unkept::Disk(error)
        })?;
        self.kept = true;
        // Windows' canonical paths (\\?\C:\…) are none that people know.
        Ok(absolute(&path).unwrap_or(path))
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.kept {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// How many bytes can still be written there, where the system tells.
#[cfg(unix)]
fn free(directory: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(directory).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}

#[cfg(not(unix))]
fn free(_: &Path) -> Option<u64> {
    None
}

/// A file that was not there before, under this name or a numbered one.
fn new_file(directory: &Path, name: &FileName, suffix: &str) -> io::Result<(File, PathBuf)> {
    for number in 1..=NUMBER_MAX {
        let name = if number == 1 { name.to_string() } else { name.numbered(number) };
        let path = directory.join(format!("{name}{suffix}"));
        match files::private(OpenOptions::new().write(true).create_new(true)).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            opened => return opened.map(|file| (file, path)),
        }
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, text!("disk-names")))
}

const NUMBER_MAX: u32 = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    fn part(folder: &Path, bytes: &[u8]) -> Part {
        let mut part = Part::create(folder.to_owned(), FileName::tame("x.sh"), 3).expect("made");
        assert_eq!(part.write(bytes).expect("written"), bytes.len() as u64);
        part
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("a folder");
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn what_is_right_is_kept_and_writes_nothing_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let hash = |bytes: &[u8]| *blake3::hash(bytes).as_bytes();
        let (one, other) = (part(folder.path(), b"one"), part(folder.path(), b"two"));
        assert_eq!(names(folder.path()), ["x (2).sh.part", "x.sh.part"]);
        let path = one.finish(&hash(b"one")).expect("kept");
        assert_eq!(path.file_name(), Some("x.sh".as_ref()));
        let path = other.finish(&hash(b"two")).expect("kept");
        assert_eq!(fs::read(&path).expect("read"), b"two");
        assert_eq!(names(folder.path()), ["x (2).sh", "x.sh"]);
        assert_eq!(fs::read(folder.path().join("x.sh")).expect("read"), b"one");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(&path).expect("there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn what_is_wrong_or_unfinished_is_removed() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(matches!(part(folder.path(), b"one").finish(&[0; 32]), Err(Unkept::Mismatch)));
        drop(part(folder.path(), b"half"));
        assert!(names(folder.path()).is_empty());
        assert!(Part::create(folder.path().join("none"), FileName::tame("x"), 1).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn what_has_no_room_is_not_begun() {
        let folder = tempfile::tempdir().expect("a folder");
        let error =
            Part::create(folder.path().to_owned(), FileName::tame("x"), u64::MAX).expect_err("no room");
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert!(error.to_string().contains(" has room for "), "{error}");
        assert!(names(folder.path()).is_empty());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn links_are_not_followed_and_a_full_disk_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let target = folder.path().join("target");
        for name in ["x.sh.part", "x.sh"] {
            std::os::unix::fs::symlink(&target, folder.path().join(name)).expect("made");
        }
        let path = part(folder.path(), b"one").finish(blake3::hash(b"one").as_bytes()).expect("kept");
        assert_eq!(path.file_name(), Some("x (2).sh".as_ref()));
        assert!(!target.exists());
        let mut full = part(folder.path(), b"");
        full.file = OpenOptions::new().write(true).open("/dev/full").expect("a full disk");
        assert_eq!(full.write(b"x").expect_err("no place").kind(), io::ErrorKind::StorageFull);
    }
}

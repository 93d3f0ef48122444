//! Folders that belong to us alone.
//!
//! **In** a path. **Out** the folder, made where it was missing, ours. **Never** a change to a folder that was there:
//! one that others can write to is refused instead.

use std::fs::{DirBuilder, Metadata};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

/// Why a folder can't be used.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// The system refuses.
    #[error("cannot make or open the folder {}: {source}", path.display())]
    System {
        /// Which folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// There is something else under that name.
    #[error("{} is not a folder", .0.display())]
    NotAFolder(PathBuf),
    /// Somebody else's: he could put his own files in place of ours.
    #[error("the folder {} belongs to another user (uid {owner})", path.display())]
    Foreign {
        /// Which folder.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
    },
    /// Others may write into it.
    #[error("others may write into the folder {} (mode {mode:o}): chmod go-w it or choose another one", path.display())]
    Writable {
        /// Which folder.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
}

const WRITABLE_BY_OTHERS: u32 = 0o022;
const STICKY: u32 = 0o1000;

/// Makes the folder, 0700, with what is missing above it. One that is there must be ours or root's, and others must
/// not be able to replace what is in it.
///
/// # Errors
/// Where there is no such folder afterwards.
pub fn private(path: &Path) -> Result<(), DirectoryError> {
    ours(path, 0o700)
}

/// The same, 0711 where it is made: what is in it can be reached by whoever its own mode lets, and not be listed.
///
/// # Errors
/// Where there is no such folder afterwards.
pub fn passable(path: &Path) -> Result<(), DirectoryError> {
    ours(path, 0o711)
}

fn ours(path: &Path, mode: u32) -> Result<(), DirectoryError> {
    let system = |source| DirectoryError::System { path: path.to_owned(), source };
    DirBuilder::new().recursive(true).mode(mode).create(path).map_err(|error| {
        if error.kind() == io::ErrorKind::AlreadyExists {
            DirectoryError::NotAFolder(path.to_owned())
        } else {
            system(error)
        }
    })?;
    check(path, &std::fs::metadata(path).map_err(system)?, nix::unistd::geteuid().as_raw())
}

fn check(path: &Path, folder: &Metadata, uid: u32) -> Result<(), DirectoryError> {
    let path = path.to_owned();
    let mode = folder.mode();
    // In a sticky folder, such as /tmp, nobody can rename or remove what is ours.
    let protected = mode & WRITABLE_BY_OTHERS == 0 || mode & STICKY != 0;
    if !folder.is_dir() {
        Err(DirectoryError::NotAFolder(path))
    } else if folder.uid() != uid && folder.uid() != 0 {
        Err(DirectoryError::Foreign { path, owner: folder.uid() })
    } else if !protected {
        Err(DirectoryError::Writable { path, mode: mode & 0o7777 })
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_missing_folder_is_made_for_us_alone() {
        let above = tempfile::tempdir().unwrap();
        let path = above.path().join("a/b");
        private(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o700);
        private(&path).unwrap();
    }

    #[test]
    fn what_others_could_tamper_with_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
        assert!(matches!(private(folder.path()), Err(DirectoryError::Writable { .. })));
        set_permissions(folder.path(), Permissions::from_mode(0o1777)).unwrap();
        private(folder.path()).unwrap();

        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert!(matches!(private(&file), Err(DirectoryError::NotAFolder(_))));
        if nix::unistd::geteuid().is_root() {
            std::os::unix::fs::chown(folder.path(), Some(12345), None).unwrap();
        }
        let owner = std::fs::metadata(folder.path()).unwrap();
        assert!(matches!(check(folder.path(), &owner, 54321), Err(DirectoryError::Foreign { .. })));
    }
}

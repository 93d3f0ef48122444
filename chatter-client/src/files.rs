//! Files that are nobody else's business: identities, passphrases, the list of those who are known.
//!
//! **In** paths, texts. **Out** the same. **Never** a secret file that others may read, nor one written over.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use crate::secret::SecretText;
use crate::texts::text;

/// Makes a file that nobody else may read, holding `text` and a line's end.
///
/// # Errors
/// Where there is such a file already, or the system refuses.
pub fn create(path: &Path, text: &str) -> io::Result<()> {
    let mut file = private(OpenOptions::new().write(true).create_new(true)).open(path)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.write_all(b"\n"));
    let kept = written.and_then(|()| file.sync_all());
    if kept.is_err() {
        // Half an identity is of no use, and would be in the way of the next try.
        let _ = fs::remove_file(path);
    }
    kept
}

/// Reads a file that holds a secret.
///
/// # Errors
/// Where others may read it, it is longer than any such file, or the system refuses.
pub fn read_secret(path: &Path) -> io::Result<SecretText> {
    let file = File::open(path)?;
    if is_open_to_others(&file)? {
        let text = text!("secret-open");
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, text));
    }
    // Large enough from the start, so that growing leaves no copy behind.
    let mut text = String::with_capacity(SECRET_LEN_MAX + 1);
    file.take(SECRET_LEN_MAX as u64 + 1).read_to_string(&mut text)?;
    let text = SecretText::new(text);
    if text.expose().len() > SECRET_LEN_MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidData, text!("secret-too-long")));
    }
    Ok(text)
}

/// Reads a list that [`keep`] wrote; there may be none yet.
///
/// # Errors
/// Where the system refuses.
pub fn read_kept(path: &Path) -> io::Result<String> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        read => read,
    }
}

/// Puts `text` in the place of what the file held, whole or not at all.
///
/// # Errors
/// Where the system refuses.
pub fn keep(path: &Path, text: &str) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let new = path.with_file_name(name);
    let mut file = private(OpenOptions::new().write(true).create(true).truncate(true)).open(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, path)
}

#[cfg(unix)]
pub(crate) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    options.mode(0o600)
}

/// Elsewhere a user's files are nobody else's unless he shares them.
#[cfg(not(unix))]
pub(crate) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

#[cfg(unix)]
pub(crate) fn is_open_to_others(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = file.metadata()?;
    // A pipe (`<(…)`, /dev/stdin) has no readers but its own.
    Ok(metadata.is_file() && metadata.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
pub(crate) fn is_open_to_others(_: &File) -> io::Result<bool> {
    Ok(false)
}

const SECRET_LEN_MAX: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_file_is_made_once_and_read_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("me.identity");
        create(&path, "secret").expect("made");
        assert_eq!(read_secret(&path).expect("read").expose(), "secret\n");
        let again = create(&path, "another").expect_err("it is there");
        assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(read_secret(&path).expect("read").expose(), "secret\n");
        fs::write(&path, "x".repeat(5000)).expect("written");
        assert!(read_secret(&path).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn what_others_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("me.identity");
        create(&path, "secret").expect("made");
        let mode = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("changed");
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        for open in [0o640, 0o604, 0o644, 0o610] {
            mode(open);
            let error = read_secret(&path).expect_err("others may read it");
            assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
        }
        mode(0o400);
        assert!(read_secret(&path).is_ok());
    }

    #[test]
    fn a_kept_list_is_replaced_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("known");
        assert_eq!(read_kept(&path).expect("none yet"), "");
        for text in ["one\ntwo\n", "three\n"] {
            keep(&path, text).expect("kept");
            assert_eq!(read_kept(&path).expect("there"), text);
        }
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }
}

//! Whether tor can keep a key in a folder. A tor that is told of one that it can't have does not refuse: it ends itself, and
//! every other service with it.
//!
//! **In** a folder, the user that tor runs as. **Out** what is wrong with it. **Never** a change.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// What hides from who calls is left to tor, which mends modes by itself.
pub(super) fn check(key_dir: &Path, tor: Option<u32>) -> Result<(), String> {
    let place = key_dir.display();
    match look(key_dir) {
        Look::Hidden => Ok(()),
        Look::Missing => match key_dir.parent().map_or(Look::Missing, look) {
            Look::Hidden => Ok(()),
            Look::There(parent) if tor.is_none_or(|tor| may_write(&parent, tor)) => Ok(()),
            Look::There(_) | Look::Missing => Err(format!(
                "tor can't make the folder {place} for the key, and would end itself over it: let it be in one that is there and \
                 the tor user's own, such as /var/lib/tor"
            )),
        },
        Look::There(folder) => {
            let key = look(&key_dir.join("hs_ed25519_secret_key"));
            let foreign = |file: &Metadata| tor.is_some_and(|tor| file.uid() != tor);
            let key_is_foreign = matches!(&key, Look::There(key) if foreign(key));
            if !folder.is_dir() || foreign(&folder) || key_is_foreign {
                return Err(format!(
                    "tor can't use {place}, and would end itself over it: it and the key in it have to be owned by the user \
                     that tor runs as"
                ));
            }
            Ok(())
        }
    }
}

enum Look {
    There(Metadata),
    Missing,
    /// Not for who calls to see.
    Hidden,
}

fn look(path: &Path) -> Look {
    match fs::metadata(path) {
        Ok(file) => Look::There(file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Look::Missing,
        Err(_) => Look::Hidden,
    }
}

/// By its owner's rights, or everybody's; tor's groups are not looked at.
fn may_write(folder: &Metadata, user: u32) -> bool {
    user == 0 || folder.uid() == user && folder.mode() & 0o200 != 0 || folder.mode() & 0o002 != 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn only_a_folder_that_tor_can_have_is_let_through() {
        let place = tempfile::tempdir().expect("a folder");
        let uid = nix::unistd::geteuid().as_raw();
        let mode = |path: &Path, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("our own");
        };
        let key_dir = place.path().join("key");
        mode(place.path(), 0o755);
        assert_eq!(check(&key_dir, Some(uid)), Ok(()), "tor makes it");
        assert_eq!(check(&key_dir, None), Ok(()));
        assert!(check(&key_dir, Some(uid + 4711)).is_err(), "another's folder");
        assert!(check(&key_dir.join("deeper"), Some(uid)).is_err());
        fs::create_dir(&key_dir).expect("room");
        mode(&key_dir, 0o700);
        assert_eq!(check(&key_dir, Some(uid)), Ok(()));
        assert!(check(&key_dir, Some(uid + 4711)).is_err());
        fs::write(place.path().join("file"), "").expect("room");
        assert!(check(&place.path().join("file"), Some(uid)).is_err());
    }
}

//! Where the admin socket usually lies, for both ends.
//!
//! **In** who runs the program and `$XDG_RUNTIME_DIR`. **Out** paths. **Never** a look at the file system.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// The socket's name in its folder.
pub const NAME: &str = "admin.sock";

/// Of a daemon that root or systemd runs.
pub const SYSTEM: &str = "/run/chatterd/admin.sock";

/// Where the daemon of this user puts its socket unless told otherwise.
pub fn default(uid: u32, xdg_runtime_dir: Option<&OsStr>) -> PathBuf {
    if uid == 0 {
        return PathBuf::from(SYSTEM);
    }
    match xdg_runtime_dir.map(Path::new).filter(|directory| directory.is_absolute()) {
        Some(directory) => directory.join("chatterd").join(NAME),
        None => temporary(uid),
    }
}

/// Where this user's daemon puts it when the session has no runtime folder. Others may write beside it, so its folder
/// counts only where it belongs to this user.
pub fn temporary(uid: u32) -> PathBuf {
    PathBuf::from(format!("/tmp/chatterd-{uid}")).join(NAME)
}

/// All the places where a daemon may be found, this user's own first.
pub fn usual(uid: u32, xdg_runtime_dir: Option<&OsStr>) -> Vec<PathBuf> {
    let mut places = vec![default(uid, xdg_runtime_dir)];
    for place in [temporary(uid), PathBuf::from(SYSTEM)] {
        if !places.contains(&place) {
            places.push(place);
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_always_among_the_usual_places() {
        let check = |uid, runtime: Option<&str>, expected: &[&str]| {
            let runtime = runtime.map(OsStr::new);
            let usual = usual(uid, runtime);
            assert_eq!(usual, expected.iter().map(PathBuf::from).collect::<Vec<_>>());
            assert_eq!(usual.first(), Some(&default(uid, runtime)));
        };
        check(0, None, &["/run/chatterd/admin.sock", "/tmp/chatterd-0/admin.sock"]);
        check(
            7,
            Some("/run/user/7"),
            &["/run/user/7/chatterd/admin.sock", "/tmp/chatterd-7/admin.sock", "/run/chatterd/admin.sock"],
        );
        check(7, None, &["/tmp/chatterd-7/admin.sock", "/run/chatterd/admin.sock"]);
        check(7, Some("relative"), &["/tmp/chatterd-7/admin.sock", "/run/chatterd/admin.sock"]);
    }
}

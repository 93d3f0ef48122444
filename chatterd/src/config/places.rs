//! Where things lie unless the operator says otherwise.
//!
//! **In** the environment. **Out** paths. **Never** a look at the file system.

use std::path::PathBuf;

use chatter_proto::admin::sockets;

use super::Environment;

/// systemd's, root's, or the user's own.
pub(super) fn state_directory(environment: &Environment) -> Option<PathBuf> {
    // systemd lists several directories with colons; ours is the first.
    let systemd = environment.var("STATE_DIRECTORY").and_then(|list| std::env::split_paths(list).next());
    systemd.or_else(|| {
        if environment.uid() == 0 {
            return Some(PathBuf::from("/var/lib/chatterd"));
        }
        let state = environment.path("XDG_STATE_HOME").filter(|path| path.is_absolute());
        let state = state.or_else(|| environment.path("HOME").map(|home| home.join(".local/state")));
        state.map(|state| state.join("chatterd"))
    })
}

/// systemd's, root's, the session's, or one among the temporary files.
pub(super) fn admin_socket(environment: &Environment) -> PathBuf {
    let systemd = environment.var("RUNTIME_DIRECTORY").and_then(|list| std::env::split_paths(list).next());
    match systemd {
        Some(directory) => directory.join(sockets::NAME),
        None => sockets::default(environment.uid(), environment.var("XDG_RUNTIME_DIR")),
    }
}

//! What the process may do and what can be seen of it from outside.
//!
//! **In** nothing. **Out** a process whose memory other programs of the same user can't read and no crash writes to
//! disk, with room for many connections; and a word on what the system refused. **Never** unsafe code.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Something that the system refused; the daemon runs without it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {reason}")]
pub struct Refused {
    what: &'static str,
    reason: String,
}

/// Closes the process off and gives it all the descriptors that it may have. To be called first of all.
pub fn harden() -> Vec<Refused> {
    let results = [
        ("memory dumps can't be switched off", undumpable()),
        ("core files can't be switched off", setrlimit(Resource::RLIMIT_CORE, 0, 0)),
        ("the limit of open files can't be raised", raise_files()),
    ];
    let refused = |(what, result): (_, nix::Result<()>)| {
        result.err().map(|error| Refused { what, reason: error.to_string() })
    };
    results.into_iter().filter_map(refused).collect()
}

#[cfg(target_os = "linux")]
fn undumpable() -> nix::Result<()> {
    nix::sys::prctl::set_dumpable(false)
}

#[cfg(not(target_os = "linux"))]
fn undumpable() -> nix::Result<()> {
    Ok(())
}

fn raise_files() -> nix::Result<()> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    if soft < hard { setrlimit(Resource::RLIMIT_NOFILE, hard, hard) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_is_closed_off() {
        assert_eq!(harden(), []);
        assert_eq!(getrlimit(Resource::RLIMIT_CORE).unwrap(), (0, 0));
        let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        assert_eq!(soft, hard);
        #[cfg(target_os = "linux")]
        assert!(!nix::sys::prctl::get_dumpable().unwrap());
        assert_eq!(harden(), [], "a second time changes nothing");
    }
}

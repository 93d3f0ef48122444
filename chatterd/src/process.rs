//! What the process may do and what can be seen of it from outside.
//!
//! **In** nothing. **Out** a process whose memory other programs of the same user can't read, no crash writes to disk
//! and no shortage of memory to the swap, with room for many connections; and a word on what the system refused.
//! **Never** unsafe code.

pub mod anew;

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
    let plain = |result: nix::Result<()>| result.map_err(|error| error.to_string());
    let results = [
        ("memory dumps can't be switched off", plain(undumpable())),
        ("core files can't be switched off", plain(setrlimit(Resource::RLIMIT_CORE, 0, 0))),
        ("memory can't be locked, keys may reach the swap", lock_memory()),
        ("the limit of open files can't be raised", plain(raise(Resource::RLIMIT_NOFILE))),
    ];
    let refused =
        |(what, result): (_, Result<(), String>)| result.err().map(|reason| Refused { what, reason });
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

/// All memory, present and future: keys of sessions come and go everywhere in it. Pages are locked as they are first
/// used, so that nothing grows by it. Not under a limit, whatever its size: whoever fills it would get no memory at all.
#[cfg(target_os = "linux")]
fn lock_memory() -> Result<(), String> {
    use nix::sys::mman::{MlockAllFlags, mlockall};
    let plain = |error: nix::Error| error.to_string();
    raise(Resource::RLIMIT_MEMLOCK).map_err(plain)?;
    let (limit, _) = getrlimit(Resource::RLIMIT_MEMLOCK).map_err(plain)?;
    if limit != nix::libc::RLIM_INFINITY && !may_lock_all() {
        return Err(format!("the limit of locked memory is {limit} bytes, it has to be infinite"));
    }
    let when_used = MlockAllFlags::from_bits_retain(nix::libc::MCL_ONFAULT);
    mlockall(MlockAllFlags::MCL_CURRENT | MlockAllFlags::MCL_FUTURE | when_used).map_err(plain)
}

#[cfg(not(target_os = "linux"))]
fn lock_memory() -> Result<(), String> {
    Err("this system has no way to lock memory as it is used".to_owned())
}

/// Whether no limit of locked memory holds for this process.
#[cfg(target_os = "linux")]
fn may_lock_all() -> bool {
    const CAP_IPC_LOCK: u32 = 14;
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let effective = effective.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok()).unwrap_or(0);
    effective >> CAP_IPC_LOCK & 1 == 1
}

fn raise(resource: Resource) -> nix::Result<()> {
    let (soft, hard) = getrlimit(resource)?;
    if soft < hard { setrlimit(resource, hard, hard) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_is_closed_off() {
        let refused = harden();
        // Locking is a privilege; everything else is anybody's.
        let locked = refused.iter().all(|refused| !refused.what.starts_with("memory can't be locked"));
        assert!(refused.len() <= usize::from(!locked), "{refused:?}");
        assert_eq!(getrlimit(Resource::RLIMIT_CORE).unwrap(), (0, 0));
        let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        assert_eq!(soft, hard);
        #[cfg(target_os = "linux")]
        {
            assert!(!nix::sys::prctl::get_dumpable().unwrap());
            let unlimited = getrlimit(Resource::RLIMIT_MEMLOCK).unwrap().1 == nix::libc::RLIM_INFINITY;
            assert_eq!(locked, unlimited || may_lock_all(), "{refused:?}");
        }
        assert_eq!(harden(), refused, "a second time changes nothing");
    }
}

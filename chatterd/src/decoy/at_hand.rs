//! What the kernel has in memory: asked here, nobody waits for a disk.
//!
//! **In**: a path, an open file. **Out**: whether it is at hand; its bytes, if they are. Elsewhere than on Linux, or where
//! the file system or a sandbox knows no such question, nothing ever is.
//! **Never**: a wait.

use std::fs::File;

/// Whether asking for this path needs no disk, and what stands there lets itself be opened at once: a file, a
/// directory that is soon listed, or nothing.
#[cfg(target_os = "linux")]
pub(crate) fn is_at_hand(path: &[u8]) -> bool {
    use rustix::fs::{CWD, FileType, Mode, OFlags, ResolveFlags, fstat, openat2};
    use rustix::io::Errno;

    match openat2(CWD, path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty(), ResolveFlags::CACHED) {
        Ok(found) => fstat(&found).is_ok_and(|stat| {
            let kind = FileType::from_raw_mode(stat.st_mode);
            kind == FileType::RegularFile || kind == FileType::Directory && stat.st_size <= SMALL_DIRECTORY
        }),
        Err(Errno::NOENT | Errno::NOTDIR | Errno::ACCESS | Errno::LOOP | Errno::NAMETOOLONG) => true,
        Err(_) => false,
    }
}

/// The first `length` bytes of a file, if all of them are at hand.
#[cfg(target_os = "linux")]
pub(crate) fn read(file: &File, length: usize) -> Option<Vec<u8>> {
    use rustix::io::{ReadWriteFlags, preadv2};
    use std::io::IoSliceMut;

    let mut bytes = vec![0; length];
    let read = preadv2(file, &mut [IoSliceMut::new(&mut bytes)], 0, ReadWriteFlags::NOWAIT);
    (read == Ok(length)).then_some(bytes)
}

/// What a directory of some hundred names may say of its size; while a large one is listed, others would wait.
#[cfg(target_os = "linux")]
const SMALL_DIRECTORY: i64 = 8_192;

/// Nothing is.
#[cfg(not(target_os = "linux"))]
pub(crate) fn is_at_hand(_: &[u8]) -> bool {
    false
}

/// Nothing is.
#[cfg(not(target_os = "linux"))]
pub(crate) fn read(_: &File, _: usize) -> Option<Vec<u8>> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStrExt;

    #[test]
    fn what_was_just_used_is_at_hand_and_a_fifo_never_is() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("file");
        std::fs::write(&path, b"bytes").expect("a file");
        let file = File::open(&path).expect("the file is there");
        assert_eq!(read(&file, 9), None, "more than there is");
        // A sandbox may know no such question; then all of it is a disk's.
        if is_at_hand(path.as_os_str().as_bytes()) {
            assert!(read(&file, 5).is_none_or(|bytes| bytes == b"bytes"));
            let fifo = directory.path().join("fifo");
            nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).expect("a FIFO");
            assert!(!is_at_hand(fifo.as_os_str().as_bytes()));
        }
    }
}

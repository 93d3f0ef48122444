//! Standard input that keeps nothing of what was read: the standard library's own buffer would, for as long as the
//! process lives.
//!
//! **In** bytes of stdin. **Out** the same, once. **Never** a byte that stays in the buffer after it was taken.

use std::io::{self, BufRead, Read};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use zeroize::{Zeroize as _, Zeroizing};

/// A buffered reader that wipes what is taken from it.
#[derive(Debug)]
pub(super) struct Wiping<R> {
    source: R,
    buffer: Zeroizing<Vec<u8>>,
    start: usize,
    end: usize,
}

/// Whatever lines come from.
pub(super) type Input = Wiping<Source>;

/// This process's standard input, for as long as the guard lives.
pub(super) fn lock() -> MutexGuard<'static, Input> {
    static INPUT: LazyLock<Mutex<Input>> = LazyLock::new(|| Mutex::new(Wiping::new(Source::open())));
    INPUT.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<R> Wiping<R> {
    pub(super) fn new(source: R) -> Self {
        Self { source, buffer: Zeroizing::new(vec![0; BUFFER_LEN]), start: 0, end: 0 }
    }
}

impl<R: Read> Read for Wiping<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let length = self.fill_buf()?.read(out)?;
        self.consume(length);
        Ok(length)
    }
}

impl<R: Read> BufRead for Wiping<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.start == self.end {
            self.start = 0;
            self.end = self.source.read(&mut self.buffer)?;
        }
        Ok(self.buffer.get(self.start..self.end).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        let taken = self.end.min(self.start.saturating_add(amount));
        if let Some(taken) = self.buffer.get_mut(self.start..taken) {
            taken.zeroize();
        }
        self.start = taken;
    }
}

/// Stdin past the standard library's buffer.
#[cfg(unix)]
#[derive(Debug)]
pub(super) struct Source(io::Result<std::fs::File>);

#[cfg(unix)]
impl Source {
    fn open() -> Self {
        use std::os::fd::AsFd as _;
        Self(io::stdin().as_fd().try_clone_to_owned().map(Into::into))
    }
}

#[cfg(unix)]
impl Read for Source {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match &mut self.0 {
            Ok(file) => file.read(out),
            Err(error) => Err(error.kind().into()),
        }
    }
}

/// Elsewhere a console's characters need the standard library, and so its buffer.
#[cfg(not(unix))]
#[derive(Debug)]
pub(super) struct Source(io::Stdin);

#[cfg(not(unix))]
impl Source {
    fn open() -> Self {
        Self(io::stdin())
    }
}

#[cfg(not(unix))]
impl Read for Source {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.0.read(out)
    }
}

const BUFFER_LEN: usize = 8 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taken_is_gone() {
        let mut input = Wiping::new(&b"one\ntwo\n"[..]);
        let mut line = Vec::new();
        input.read_until(b'\n', &mut line).expect("readable");
        assert_eq!(line, b"one\n");
        assert_eq!(input.buffer[..8], *b"\0\0\0\0two\n");
        let mut rest = String::new();
        input.read_to_string(&mut rest).expect("readable");
        assert_eq!(rest, "two\n");
        assert!(input.buffer.iter().all(|byte| *byte == 0));
    }

    #[test]
    fn much_passes_through() {
        let much = vec![7; 3 * BUFFER_LEN + 5];
        let mut input = Wiping::new(&much[..]);
        let mut read = Vec::new();
        input.read_to_end(&mut read).expect("readable");
        assert_eq!(read, much);
    }
}

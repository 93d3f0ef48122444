//! The virtual carrier: a file that some job seems to rewrite all the time.
//!
//! **In**: its kind and size, drawn from a seed. **Out**: for each download fresh bytes that begin with the kind's
//! true magic, generated in pieces.
//! **Never**: the same bytes twice; a byte beyond the stated size.

mod kind;

pub use kind::Kind;

use super::PIECE;
use blake3::{Hasher, OutputReader};
use zeroize::Zeroize;

/// The carrier of a generated directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Carrier {
    pub(super) kind: Kind,
    pub(super) size: u64,
}

/// The body of one download of the virtual carrier.
pub struct CarrierStream {
    magic: Vec<u8>,
    taken: usize,
    left: u64,
    bytes: OutputReader,
}

impl std::fmt::Debug for CarrierStream {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("CarrierStream").field("left", &self.left).finish_non_exhaustive()
    }
}

impl Carrier {
    /// The first bytes of the kind's format; `fill` gives the random ones among them.
    pub fn magic(&self, fill: &mut dyn FnMut(&mut [u8])) -> Vec<u8> {
        self.kind.magic(self.size, fill)
    }

    /// A fresh body under a key of its own.
    pub(super) fn stream(&self, mut key: [u8; 32]) -> CarrierStream {
        let mut bytes = Hasher::new_keyed(&key).update(b"carrier file").finalize_xof();
        key.zeroize();
        let magic = self.magic(&mut |part| bytes.fill(part));
        CarrierStream { magic, taken: 0, left: self.size, bytes }
    }
}

impl CarrierStream {
    /// The next piece, 64 KiB but for the last; empty at the end.
    pub fn piece(&mut self) -> Vec<u8> {
        let length = usize::try_from(self.left).unwrap_or(PIECE).min(PIECE);
        let mut piece = vec![0; length];
        let rest = self.magic.get(self.taken..).unwrap_or_default();
        let known = rest.len().min(length);
        let (head, tail) = piece.split_at_mut(known);
        head.copy_from_slice(rest.get(..known).unwrap_or_default());
        self.bytes.fill(tail);
        self.taken += known;
        self.left -= u64::try_from(length).unwrap_or(self.left);
        piece
    }
}

#[cfg(test)]
mod tests;

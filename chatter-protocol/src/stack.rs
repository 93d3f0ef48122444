//! What finished calls leave on a thread's stack.
//!
//! **In** a thread that is about to wait. **Out** nothing of what its calls before held: keys, tokens, addresses.
//! **Never** a byte of a frame that is still in use.

use core::hint::black_box;

/// Overwrites what calls that have returned left below the caller. Cheap enough for every time a thread goes to sleep.
#[inline(never)]
pub fn wipe() {
    black_box(&mut [0_u8; DEPTH]);
}

/// As much as the deepest of our calls takes, a handshake or a link's parser, and far less than any thread has. Without
/// optimisation the same calls take far more.
const DEPTH: usize = if cfg!(debug_assertions) { 512 * 1024 } else { 64 * 1024 };

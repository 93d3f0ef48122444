//! limits

use core::time::Duration;

// Rooms: what members and the relay accept of each other.

/// The longest text of one message, in bytes of UTF-8: a page of source code fits, a film does not.
pub const TEXT_LEN_MAX: usize = 64 * 1024;

/// The longest sealed body: the longest text with its number, chain hash and padding, and what may join them later.
pub const BODY_LEN_MAX: usize = 72 * 1024;

/// The longest payload for one member alone.
pub const DIRECT_LEN_MAX: usize = BODY_LEN_MAX;

/// The longest hello: an ML-KEM-768 key of 1,184 bytes and room for the versions to come.
pub const HELLO_LEN_MAX: usize = 2 * 1024;

/// A wrap: ratchet header (40), seed (32), tag (16).
pub const WRAP_LEN: usize = 88;

/// How many members a client keeps in mind, whatever the relay claims: above what any relay admits.
pub const OCCUPANTS_MAX: usize = 1024;

/// How many members a room holds unless the operator says otherwise.
pub const ROOM_MEMBERS_DEFAULT: usize = 64;

/// In how many rooms one session may sit unless the operator says otherwise.
pub const SESSION_ROOMS_DEFAULT: usize = 16;

/// How many lost frames of a pair are stepped over; a larger gap is refused and leaves the pair as it was.
pub const RATCHET_GAP_MAX: u32 = 64;

/// How often at most a side of a pair draws a new Diffie-Hellman key.
pub const RATCHET_STEP_EVERY: Duration = Duration::from_secs(30);

/// How long a member counts as settling: whoever has not finished by then may have no room secret, or no network.
pub const SETTLING_MAX: Duration = Duration::from_secs(10);

/// After how many warnings in a row about frames of one member that do not open further ones are dropped silently.
pub const STRIKES_MAX: u8 = 3;

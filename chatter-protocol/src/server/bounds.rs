//! How much of the server may be taken: by one address, by one access code, by all.
//!
//! **In** nothing. **Out** the operator's bounds, and who counts as one. **Never** an address: whoever owns the sockets
//! says which of them share an origin.
//!
//! docs/protocol.md §5.2.

use crate::limits;

/// Whoever shares a line to the server, such as an IPv4 address or an IPv6 network, as a number that says nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin(pub u64);

/// What may be taken before holders are refused, or their oldest unconfirmed session goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Sessions that nobody has confirmed.
    pub opened_max: usize,
    /// Sessions from one origin.
    pub origin_sessions_max: usize,
    /// Sessions by one named gate.
    pub named_sessions_max: usize,
    /// Openings a second from one origin whose curve work is done, beyond a burst.
    pub origin_openings_max: u32,
    /// Openings a second by one gate whose curve work is done, beyond a burst.
    pub gate_openings_max: u32,
    /// Bytes that wait for one session.
    pub queue_len_max: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            opened_max: limits::SESSIONS_OPENED_MAX,
            origin_sessions_max: limits::SESSIONS_ORIGIN_MAX,
            named_sessions_max: limits::SESSIONS_NAMED_MAX,
            origin_openings_max: limits::OPENINGS_ORIGIN_MAX,
            gate_openings_max: limits::OPENINGS_GATE_MAX,
            queue_len_max: limits::QUEUE_LEN_MAX,
        }
    }
}

//! One client's session, and what it has told.
//!
//! **In** the session's outputs. **Out** what a test asks after. **Never** an output after the last.

use std::collections::BTreeSet;
use std::time::Duration;

use chatter_proto::relay::relay_frame;
use chatter_protocol::client::{End, Session, UpId};
use chatter_protocol::ids::LinkId;

/// A client and what it has been told.
#[expect(missing_debug_implementations, reason = "a session does not show its secrets")]
pub struct Peer {
    /// The machine itself.
    pub session: Session,
    /// All frames, in order.
    pub frames: Vec<relay_frame::Frame>,
    /// Whether the session stood once.
    pub connected: bool,
    /// How often it broke.
    pub broken: u32,
    /// How often it was whole again.
    pub resumed: u32,
    /// What the user was told.
    pub warnings: Vec<String>,
    /// How it ended.
    pub ended: Option<End>,
    /// How far its wall clock is off, in seconds.
    pub wall_offset: i64,
    /// Requests in the order they were made: path and cookie.
    pub requests: Vec<(String, String)>,
    /// Until when its machine sleeps.
    pub asleep_until: Duration,
    pub(crate) open_links: BTreeSet<LinkId>,
    pub(crate) open_ups: BTreeSet<UpId>,
    pub(crate) woken: (Duration, u32),
}

impl Peer {
    pub(crate) fn new(session: Session, wall_offset: i64) -> Self {
        Self {
            session,
            frames: Vec::new(),
            connected: false,
            broken: 0,
            resumed: 0,
            warnings: Vec::new(),
            ended: None,
            wall_offset,
            requests: Vec::new(),
            asleep_until: Duration::ZERO,
            open_links: BTreeSet::new(),
            open_ups: BTreeSet::new(),
            woken: (Duration::ZERO, 0),
        }
    }
}

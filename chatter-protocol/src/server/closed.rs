//! Gates that are closed: what is left to say to those who came by them.
//!
//! **In** gates as they close, the handles of the sessions that ended with them, the time. **Out** whether a handle was
//! one of those. **Never** a word to who only knows the code: he meets a file server.
//!
//! docs/protocol.md §2.6.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::gatekeeper::GateId;
use crate::handshake::Handle;
use crate::time::Time;

/// Closed gates, until when each is known, and whose sessions ended with them.
#[derive(Debug, Default)]
pub(super) struct Closed {
    gates: BTreeMap<GateId, Time>,
    handles: BTreeMap<Handle, GateId>,
}

impl Closed {
    /// This gate is closed from now on, and known until then.
    pub(super) fn close(&mut self, gate: GateId, until: Time) {
        self.gates.insert(gate, until);
    }

    /// A link of a session that ended with its gate.
    pub(super) fn remember(&mut self, handle: Handle, gate: GateId) {
        self.handles.insert(handle, gate);
    }

    /// Whether the gate is closed and still known.
    pub(super) fn contains(&self, gate: GateId) -> bool {
        self.gates.contains_key(&gate)
    }

    /// Whether this handle named a session that ended with its gate.
    pub(super) fn ended(&self, handle: &Handle) -> bool {
        self.handles.contains_key(handle)
    }

    /// When [`expire`](Self::expire) next has something to do.
    pub(super) fn next(&self) -> Option<Time> {
        self.gates.values().min().copied()
    }

    /// Forgets gates whose time is over; whether there were any.
    pub(super) fn expire(&mut self, now: Time) -> bool {
        let over = |until: &Time| *until <= now;
        let gates: Vec<GateId> =
            self.gates.iter().filter(|(_, until)| over(until)).map(|(gate, _)| *gate).collect();
        if gates.is_empty() {
            return false;
        }
        self.gates.retain(|_, until| !over(until));
        // Made anew: a table keeps the bytes of what was taken out of it.
        self.handles = core::mem::take(&mut self.handles)
            .into_iter()
            .filter(|(_, gate)| self.gates.contains_key(gate))
            .collect();
        true
    }
}

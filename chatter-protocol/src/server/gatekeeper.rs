//! The gates and the replay memory: which tokens are genuine, timely and new.
//!
//! **In** gates as the operator makes, retires and closes them, tokens, the wall clock. **Out** recognised openings.
//! **Never** curve work, a session, or a different amount of work for one gate than for another.
//!
//! ```text
//! Open ──rotated──▶ Retired ──last session gone──▶ forgotten
//!  └──revoked, expired──▶ Closed ──who was away is told──▶ forgotten
//! ```
//!
//! docs/protocol.md §1, §2.

use alloc::string::String;
use alloc::vec::Vec;

use super::bounds::Origin;
use crate::access::{AccessSecret, CarrierPath, GateKeys, ServerKey};
use crate::limits;
use crate::replay::{Past, Replay};
use crate::time::WallTime;
use crate::token::{self, Opening};

/// Numbers a gate within the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GateId(pub u32);

/// What the door knows: who may come in, and who has come.
pub struct Gatekeeper {
    server_key: ServerKey,
    carrier_path: CarrierPath,
    gates: Vec<Gate>,
    next_id: u32,
    replay: Replay,
}

struct Gate {
    terms: Terms,
    keys: GateKeys,
}

/// What can be said of a gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Its number.
    pub id: GateId,
    /// Its name, empty where it has none.
    pub name: String,
    /// When it was made.
    pub made_at: WallTime,
    /// From when on it is closed; none: until somebody closes it.
    pub expires: Option<WallTime>,
    /// What it is good for.
    pub standing: Standing,
}

/// What a gate is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It lets people in.
    Open,
    /// It lets nobody new in; sessions that came by it go on, and resume.
    Retired,
    /// It lets nobody in; sessions that came by it have ended, and are told so when they come to resume.
    Closed,
}

/// A recognised opening and the gate it came to.
#[derive(Clone, Debug)]
pub struct Recognised {
    /// The gate.
    pub gate: GateId,
    /// Whether it has a name.
    pub named: bool,
    /// Its keys, for the handshake.
    pub keys: GateKeys,
    /// What it is good for.
    pub standing: Standing,
    /// What the token says.
    pub opening: Opening,
    /// Who is bounded together with whom, for the caller to say; none: nobody but by the gate.
    pub origin: Option<Origin>,
    // Nobody but the gatekeeper makes one: curve work begins behind the MAC, the time and the replay memory.
    _judged: Judged,
}

#[derive(Clone, Copy, Debug)]
struct Judged;

/// A gate too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there are {max} access codes already: revoke one first", max = limits::GATES_MAX)]
pub struct GatesFull;

impl Gatekeeper {
    /// A keeper without gates, of a process that starts at `start`.
    pub fn new(server_key: ServerKey, carrier_path: CarrierPath, past: Past, start: WallTime) -> Self {
        let replay = Replay::new(past, start);
        Self { server_key, carrier_path, gates: Vec::new(), next_id: 0, replay }
    }

    /// Remembers so many tokens.
    pub fn set_replay_capacity(&mut self, tokens: usize) {
        self.replay.set_capacity(tokens);
    }

    /// Opens a gate until it is closed; `name` is empty for the unnamed one.
    ///
    /// # Errors
    /// [`GatesFull`].
    pub fn add(&mut self, name: String, secret: &AccessSecret) -> Result<GateId, GatesFull> {
        self.add_until(name, secret, WallTime::default(), None)
    }

    /// Opens a gate that was made at a time, and may expire at one. Closed gates make room for it.
    ///
    /// # Errors
    /// [`GatesFull`].
    pub fn add_until(
        &mut self,
        name: String,
        secret: &AccessSecret,
        made_at: WallTime,
        expires: Option<WallTime>,
    ) -> Result<GateId, GatesFull> {
        if self.gates.len() >= limits::GATES_MAX {
            let closed = self.gates.iter().position(|gate| gate.terms.standing == Standing::Closed);
            self.gates.remove(closed.ok_or(GatesFull)?);
        }
        let id = GateId(self.next_id);
        self.next_id = self.next_id.saturating_add(1);
        let keys = GateKeys::derive(secret, &self.server_key);
        let terms = Terms { id, name, made_at, expires, standing: Standing::Open };
        self.gates.push(Gate { terms, keys });
        Ok(id)
    }

    /// Lets nobody new in by this gate; sessions that came by it may still resume.
    pub fn retire(&mut self, id: GateId) {
        self.change(id, |terms| {
            if terms.standing == Standing::Open {
                (terms.standing, terms.expires) = (Standing::Retired, None);
            }
        });
    }

    /// Lets nobody in by this gate. Its sessions are for the caller to end.
    pub fn close(&mut self, id: GateId) {
        self.change(id, |terms| terms.standing = Standing::Closed);
    }

    /// Closes the gates whose time is over; those that were not closed before.
    pub fn expire(&mut self, now: WallTime) -> Vec<GateId> {
        let expired = self.terms().filter(|terms| terms.standing == Standing::Open && terms.is_over(now));
        let expired: Vec<GateId> = expired.map(|terms| terms.id).collect();
        expired.iter().for_each(|id| self.close(*id));
        expired
    }

    /// Changes when a gate expires.
    pub fn set_expiry(&mut self, id: GateId, expires: Option<WallTime>) {
        self.change(id, |terms| terms.expires = expires);
    }

    /// Forgets the retired and closed gates that `in_use` does not name.
    pub fn forget_retired(&mut self, in_use: impl Fn(GateId) -> bool) {
        self.gates.retain(|gate| gate.terms.standing == Standing::Open || in_use(gate.terms.id));
    }

    /// What can be said of each gate, the closed ones that are still known included.
    pub fn terms(&self) -> impl Iterator<Item = &Terms> {
        self.gates.iter().map(|gate| &gate.terms)
    }

    /// The gate's name, empty where it has none.
    pub fn name(&self, id: GateId) -> &str {
        self.terms().find(|terms| terms.id == id).map_or("", |terms| &terms.name)
    }

    /// Recognises a token that came to the carrier: MAC, then time, then replay memory. Each counts once.
    pub fn recognise(&mut self, token: &[u8], now: WallTime) -> Option<Recognised> {
        let keys = self.gates.iter().map(|gate| &gate.keys);
        let (index, opening) = token::recognise(keys, self.carrier_path.as_str(), token)?;
        if !self.replay.admit(&opening.mac, opening.time, now) {
            return None;
        }
        let Gate { terms, keys } = self.gates.get(index)?;
        // Nobody has closed it yet, but its time is over.
        let standing = if terms.is_over(now) { Standing::Closed } else { terms.standing };
        Some(Recognised {
            gate: terms.id,
            named: !terms.name.is_empty(),
            keys: keys.clone(),
            standing,
            opening,
            origin: None,
            _judged: Judged,
        })
    }

    /// Whether a token would be recognised, without counting it.
    pub fn is_genuine(&self, token: &[u8], now: WallTime) -> bool {
        let keys = self.gates.iter().map(|gate| &gate.keys);
        token::recognise(keys, self.carrier_path.as_str(), token)
            .is_some_and(|(_, opening)| self.replay.would_admit(&opening.mac, opening.time, now))
    }

    /// The newest token seen; after a clean stop the next process starts with it.
    pub fn newest(&self) -> WallTime {
        self.replay.newest()
    }

    fn change(&mut self, id: GateId, change: impl FnOnce(&mut Terms)) {
        if let Some(gate) = self.gates.iter_mut().find(|gate| gate.terms.id == id) {
            change(&mut gate.terms);
        }
    }
}

impl Terms {
    fn is_over(&self, now: WallTime) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
}

#[cfg(test)]
mod tests;

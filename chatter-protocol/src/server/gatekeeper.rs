//! The gates and the replay memory: which tokens are genuine, timely and new.
//!
//! **In** gates as the operator makes and retires them, tokens, the wall clock. **Out** recognised openings.
//! **Never** curve work, a session, or a different amount of work for one gate than for another.
//!
//! docs/protocol.md §1, §2.

use alloc::string::String;
use alloc::vec::Vec;

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
    id: GateId,
    name: String,
    keys: GateKeys,
    retired: bool,
}

/// A recognised opening and the gate it came to.
#[derive(Clone, Debug)]
pub struct Recognised {
    /// The gate.
    pub gate: GateId,
    /// Its keys, for the handshake.
    pub keys: GateKeys,
    /// Whether the gate takes resumptions alone.
    pub retired: bool,
    /// What the token says.
    pub opening: Opening,
}

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

    /// Opens a gate; `name` is empty for the unnamed one.
    ///
    /// # Errors
    /// [`GatesFull`].
    pub fn add(&mut self, name: String, secret: &AccessSecret) -> Result<GateId, GatesFull> {
        if self.gates.len() >= limits::GATES_MAX {
            return Err(GatesFull);
        }
        let id = GateId(self.next_id);
        self.next_id = self.next_id.saturating_add(1);
        let keys = GateKeys::derive(secret, &self.server_key);
        self.gates.push(Gate { id, name, keys, retired: false });
        Ok(id)
    }

    /// Lets nobody new in by this gate; sessions that came by it may still resume.
    pub fn retire(&mut self, id: GateId) {
        self.gates.iter_mut().filter(|gate| gate.id == id).for_each(|gate| gate.retired = true);
    }

    /// Forgets the retired gates that `in_use` does not name.
    pub fn forget_retired(&mut self, in_use: impl Fn(GateId) -> bool) {
        self.gates.retain(|gate| !gate.retired || in_use(gate.id));
    }

    /// The gate's name, empty where it has none.
    pub fn name(&self, id: GateId) -> &str {
        self.gates.iter().find(|gate| gate.id == id).map_or("", |gate| &gate.name)
    }

    /// Recognises a token that came to the carrier: MAC, then time, then replay memory. Each counts once.
    pub fn recognise(&mut self, token: &[u8], now: WallTime) -> Option<Recognised> {
        let keys = self.gates.iter().map(|gate| &gate.keys);
        let (index, opening) = token::recognise(keys, self.carrier_path.as_str(), token)?;
        if !self.replay.admit(&opening.mac, opening.time, now) {
            return None;
        }
        let gate = self.gates.get(index)?;
        Some(Recognised { gate: gate.id, keys: gate.keys.clone(), retired: gate.retired, opening })
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{AccessCode, ServerSecret};
    use crate::entropy::Entropy;
    use crate::handshake::{self, Request};

    const NOW: WallTime = WallTime(1_000_000);

    #[test]
    fn gates_come_and_go() {
        let mut entropy = Entropy::new([4; 32]);
        let secret = ServerSecret::generate(&mut entropy);
        let path = CarrierPath::parse("/c.enc").expect("a path");
        let codes: Vec<AccessCode> = (0..3)
            .map(|_| AccessCode {
                server_key: secret.key(),
                secret: AccessSecret::generate(&mut entropy),
                carrier_path: path.clone(),
                preamble_len: 16,
            })
            .collect();
        let mut token = |code: &AccessCode| {
            handshake::offer(code, &code.gate_keys(), &Request::Fresh, NOW, &mut entropy).0
        };
        let mut keeper = Gatekeeper::new(secret.key(), path.clone(), Past::FreshKeys, NOW);
        let first = keeper.add("ben".into(), &codes[0].secret).expect("room");
        let second = keeper.add(String::new(), &codes[1].secret).expect("room");

        let ours = token(&codes[0]);
        let recognised = keeper.recognise(&ours, NOW).expect("a genuine token");
        assert_eq!((recognised.gate, recognised.retired, keeper.name(first)), (first, false, "ben"));
        assert!(keeper.recognise(&ours, NOW).is_none(), "a replay");
        assert!(keeper.recognise(&token(&codes[2]), NOW).is_none(), "another code");
        assert!(keeper.recognise(&token(&codes[1]), WallTime(NOW.0 + 121)).is_none(), "too old");
        assert_eq!(keeper.recognise(&token(&codes[1]), NOW).map(|found| found.gate), Some(second));

        keeper.retire(first);
        assert!(keeper.recognise(&token(&codes[0]), NOW).expect("known still").retired);
        keeper.forget_retired(|_| true);
        assert!(keeper.recognise(&token(&codes[0]), NOW).is_some());
        keeper.forget_retired(|_| false);
        assert!(keeper.recognise(&token(&codes[0]), NOW).is_none());
        assert!(keeper.recognise(&token(&codes[1]), NOW).is_some());
    }

    #[test]
    fn gates_are_bounded() {
        let mut keeper = Gatekeeper::new(
            ServerKey::from_bytes([1; 32]),
            CarrierPath::parse("/c").expect("a path"),
            Past::FreshKeys,
            NOW,
        );
        for number in 0..32 {
            assert!(keeper.add(String::new(), &AccessSecret::from_bytes([number; 16])).is_ok());
        }
        assert_eq!(keeper.add(String::new(), &AccessSecret::from_bytes([99; 16])), Err(GatesFull));
    }
}

//! Counts requests against whoever they come from, in the book that is his.
//!
//! **In** a [`Source`], and what happened. **Out** the ledger, for addresses; the circuits, for who comes by an onion
//! service; a line for the journal where an address is banned, a word to its Tor host where a circuit is to be closed.
//! **Never** a wait; a circuit in the ledger, and so in the report.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use tokio::sync::mpsc;

use crate::access::{SharedLedger, lock, wall_now};
use crate::circuit::Circuit;
use crate::circuits::Circuits;
use crate::journal;
use crate::source::Source;

/// The circuits' book, as the daemon's parts share it.
pub type SharedCircuits = Arc<Mutex<Circuits>>;

/// Both books.
#[derive(Clone, Debug)]
pub struct Tally {
    ledger: SharedLedger,
    circuits: SharedCircuits,
    /// By whom circuits are closed, each host's at its place.
    closers: Arc<[mpsc::Sender<u32>]>,
}

impl Tally {
    /// Of these books.
    pub fn new(ledger: SharedLedger, circuits: SharedCircuits, closers: Vec<mpsc::Sender<u32>>) -> Self {
        Self { ledger, circuits, closers: closers.into() }
    }

    /// The addresses' book.
    pub fn ledger(&self) -> &SharedLedger {
        &self.ledger
    }

    /// The circuits' book.
    pub fn circuits(&self) -> &SharedCircuits {
        &self.circuits
    }

    /// Counts a request without a live token.
    pub fn knock(&self, source: Source) {
        match source {
            Source::Address(address) => {
                let ban = lock(&self.ledger).knock(address, wall_now());
                ban.iter().for_each(journal::ban);
            }
            Source::Circuit(circuit) => self.knock_by(circuit),
            Source::Local => {}
        }
    }

    fn knock_by(&self, circuit: Circuit) {
        let close = {
            let mut circuits = lock(&self.circuits);
            circuits.knock(circuit, wall_now()) && circuits.closes(circuit.host)
        };
        if close && let Some(closer) = self.closers.get(usize::from(circuit.host.0)) {
            // Where so many wait already, it is turned away here until its host closes all that are over their budget.
            let _ = closer.try_send(circuit.number);
        }
    }

    /// Whether requests from there may be turned away; `refuses` is the setting `ban.refuse`.
    pub fn shuns(&self, source: Source, refuses: bool) -> bool {
        let banned = |address: IpAddr| lock(&self.ledger).is_banned(address, wall_now());
        match source {
            Source::Address(address) => refuses && banned(address),
            Source::Circuit(circuit) => lock(&self.circuits).shuns(circuit, refuses),
            Source::Local => false,
        }
    }

    /// A session from there proved itself.
    pub fn confirmed(&self, source: Source) {
        match source {
            Source::Address(address) => lock(&self.ledger).confirmed(address),
            Source::Circuit(circuit) => lock(&self.circuits).confirmed(circuit, wall_now()),
            Source::Local => {}
        }
    }

    /// A confirmed session from there is over, or goes on from elsewhere; where its member said so, nothing is to be left.
    pub fn session_ended(&self, source: Source, by_its_member: bool) {
        match source {
            Source::Address(address) => {
                let mut ledger = lock(&self.ledger);
                ledger.session_ended(address);
                if by_its_member {
                    ledger.forget(address.into());
                }
            }
            Source::Circuit(circuit) => lock(&self.circuits).session_ended(circuit),
            Source::Local => {}
        }
    }
}

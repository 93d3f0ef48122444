//! What the ledger is for addresses, for circuits: counts their knocks, knows which are over their budget, and forgets.
//!
//! **In** circuits that knock, circuits that members come by, what the operator says, and the time. **Out** which are to
//! be closed or turned away, and what the operator may see. **Never** a word to the ban report or the journal: a
//! circuit has no address that a packet filter could hit; never one closed that a member comes by; never unbounded memory.
//!
//! ```text
//! knock ──> count per circuit ──(ban.after)──> over ──(lift, age, its tor starts anew)──> forgotten
//!                 └──(purge.every-packets, purge, age, room needed)──> forgotten
//! ```

use std::collections::BTreeMap;
use std::time::Duration;

use chatter_protocol::time::WallTime;

use crate::circuit::{Circuit, TorHost};

/// What circuits are counted by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The knock of this number puts a circuit over its budget.
    pub ban_after: u64,
    /// After this many knocks all counters are forgotten.
    pub purge_every: u64,
    /// The hosts, each at its [`TorHost`]'s place.
    pub hosts: Vec<Host>,
}

/// A Tor host, as far as counting goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// What the operator calls it.
    pub name: String,
    /// Whether circuits that are over their budget are closed there.
    pub closes: bool,
}

/// What is known about a circuit, for the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Which.
    pub circuit: Circuit,
    /// What its host is called.
    pub host: String,
    /// Its knocks, none of which are counted while a member comes by it.
    pub knocks: u64,
    /// When the last of them was heard.
    pub last_knock: WallTime,
    /// Over its budget since when.
    pub over: Option<WallTime>,
    /// Confirmed sessions by it.
    pub members: u32,
}

#[derive(Clone, Copy, Debug)]
struct Record {
    knocks: u64,
    last: WallTime,
    over: Option<WallTime>,
    members: u32,
    /// Its place in the order of forgetting; none while a member comes by it.
    turn: Option<u64>,
}

/// The counts and the forgetting.
#[derive(Debug)]
pub struct Circuits {
    settings: Settings,
    records: BTreeMap<Circuit, Record>,
    /// By when they last knocked.
    forgettable: BTreeMap<u64, Circuit>,
    next_turn: u64,
    knocks_since_purge: u64,
}

impl Circuits {
    /// None known.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            records: BTreeMap::new(),
            forgettable: BTreeMap::new(),
            next_turn: 0,
            knocks_since_purge: 0,
        }
    }

    /// Goes by other settings from now on.
    pub fn set_settings(&mut self, settings: Settings) {
        self.settings = settings;
    }

    /// Counts a request without a live token; whether the circuit is over its budget by it.
    pub fn knock(&mut self, circuit: Circuit, now: WallTime) -> bool {
        self.handle_timeout(now);
        let ban_after = self.settings.ban_after;
        let record = self.enter(circuit, now);
        let mut new = false;
        if record.members == 0 {
            record.knocks = record.knocks.saturating_add(1);
            record.last = now;
            new = record.over.is_none() && record.knocks >= ban_after;
            if new {
                record.over = Some(now);
            }
            self.settle(circuit);
        }
        self.knocks_since_purge += 1;
        if self.knocks_since_purge >= self.settings.purge_every {
            self.purge();
        }
        new
    }

    /// A session by it proved itself: its knocks are cleared, and none are counted until as many
    /// [`session_ended`](Self::session_ended) are heard as this was.
    pub fn confirmed(&mut self, circuit: Circuit, now: WallTime) {
        let record = self.enter(circuit, now);
        (record.knocks, record.over) = (0, None);
        record.members = record.members.saturating_add(1);
        self.settle(circuit);
    }

    /// A confirmed session by it is over, or goes on by another. After the last one nothing is left of it.
    pub fn session_ended(&mut self, circuit: Circuit) {
        if let Some(record) = self.records.get_mut(&circuit) {
            record.members = record.members.saturating_sub(1);
            self.settle(circuit);
        }
    }

    /// Whether requests by it are turned away: it is over its budget, and about to be closed, or `refuses` says so.
    pub fn shuns(&self, circuit: Circuit, refuses: bool) -> bool {
        (refuses || self.closes(circuit.host)) && self.is_over(circuit)
    }

    /// Whether circuits over their budget are closed at this host.
    pub fn closes(&self, host: TorHost) -> bool {
        self.settings.hosts.get(usize::from(host.0)).is_some_and(|host| host.closes)
    }

    /// Whether it is over its budget.
    pub fn is_over(&self, circuit: Circuit) -> bool {
        self.records.get(&circuit).is_some_and(|record| record.over.is_some())
    }

    /// Those of a host that are over their budget.
    pub fn over(&self, host: TorHost) -> Vec<Circuit> {
        let over =
            self.records.iter().filter(|(circuit, record)| circuit.host == host && record.over.is_some());
        over.map(|(circuit, _)| *circuit).collect()
    }

    /// Forgets that it is over its budget, and its count; false where it was not.
    pub fn lift(&mut self, circuit: Circuit) -> bool {
        self.is_over(circuit) && self.clear(circuit)
    }

    /// Forgets its count, unless it is over its budget or members come by it; whether there was something to forget.
    pub fn forget(&mut self, circuit: Circuit) -> bool {
        !self.is_over(circuit) && self.clear(circuit)
    }

    /// Whether nothing is left of it.
    fn clear(&mut self, circuit: Circuit) -> bool {
        let Some(record) = self.records.get_mut(&circuit) else { return false };
        (record.knocks, record.over) = (0, None);
        self.settle(circuit);
        !self.records.contains_key(&circuit)
    }

    /// Forgets all of a host: its tor counts circuits anew.
    pub fn forget_host(&mut self, host: TorHost) {
        self.records.retain(|circuit, _| circuit.host != host);
        self.forgettable.retain(|_, circuit| circuit.host != host);
    }

    /// Forgets all counters of circuits that are neither over their budget nor in use, and says how many those were.
    pub fn purge(&mut self) -> usize {
        self.knocks_since_purge = 0;
        let before = self.records.len();
        self.records.retain(|_, record| record.over.is_some() || record.members > 0);
        self.forgettable.retain(|_, circuit| self.records.contains_key(circuit));
        before - self.records.len()
    }

    /// Forgets whom nothing was heard of for long: circuits come and go, and none tells when.
    pub fn handle_timeout(&mut self, now: WallTime) {
        while let Some((turn, circuit)) =
            self.forgettable.first_key_value().map(|(turn, circuit)| (*turn, *circuit))
            && self.records.get(&circuit).is_none_or(|record| record.last.0 + KEPT.as_secs() <= now.0)
        {
            self.forgettable.remove(&turn);
            self.records.remove(&circuit);
        }
    }

    /// All that is known, by host and number.
    pub fn known(&self) -> Vec<Known> {
        let known = |(circuit, record): (&Circuit, &Record)| Known {
            circuit: *circuit,
            host: self.host_name(circuit.host).to_owned(),
            knocks: record.knocks,
            last_knock: record.last,
            over: record.over,
            members: record.members,
        };
        self.records.iter().map(known).collect()
    }

    /// The host of this name.
    pub fn host(&self, name: &str) -> Option<TorHost> {
        let at = self.settings.hosts.iter().position(|host| host.name == name)?;
        u8::try_from(at).ok().map(TorHost)
    }

    /// What the operator calls it.
    pub fn host_name(&self, host: TorHost) -> &str {
        self.settings.hosts.get(usize::from(host.0)).map_or("", |host| &host.name)
    }

    fn enter(&mut self, circuit: Circuit, now: WallTime) -> &mut Record {
        if !self.records.contains_key(&circuit)
            && self.records.len() >= CIRCUITS_MAX
            && let Some((_, oldest)) = self.forgettable.pop_first()
        {
            self.records.remove(&oldest);
        }
        let new = Record { knocks: 0, last: now, over: None, members: 0, turn: None };
        self.records.entry(circuit).or_insert(new)
    }

    /// Puts a record where it now belongs. To be called after every change of one.
    fn settle(&mut self, circuit: Circuit) {
        let Some(record) = self.records.get_mut(&circuit) else { return };
        if let Some(turn) = record.turn.take() {
            self.forgettable.remove(&turn);
        }
        if record.members > 0 {
            return;
        }
        if record.knocks == 0 && record.over.is_none() {
            self.records.remove(&circuit);
            return;
        }
        record.turn = Some(self.next_turn);
        self.forgettable.insert(self.next_turn, circuit);
        self.next_turn += 1;
    }
}

/// Circuits that are known at most, some 100 bytes each; sessions bound those that members come by.
const CIRCUITS_MAX: usize = 65_536;
/// How long a circuit that knocks no more is known. Nobody keeps one for longer but for a stream that lasts.
const KEPT: Duration = Duration::from_secs(60 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: WallTime = WallTime(1_000_000);

    fn circuits(closes: bool) -> Circuits {
        let host = |name: &str| Host { name: name.to_owned(), closes };
        Circuits::new(Settings { ban_after: 3, purge_every: 1000, hosts: vec![host("a"), host("b")] })
    }

    fn circuit(host: u8, number: u32) -> Circuit {
        Circuit { host: TorHost(host), number }
    }

    fn knock_thrice(circuits: &mut Circuits) {
        for _ in 0..3 {
            circuits.knock(circuit(0, 7), NOW);
        }
    }

    #[test]
    fn each_circuit_of_each_host_has_a_budget_of_its_own() {
        let mut circuits = circuits(true);
        assert!(!circuits.knock(circuit(0, 7), NOW) && !circuits.knock(circuit(0, 7), NOW));
        assert!(!circuits.knock(circuit(1, 7), NOW), "the other host's seventh is another");
        assert!(circuits.knock(circuit(0, 7), NOW), "the third knock is too many");
        assert!(!circuits.knock(circuit(0, 7), NOW), "that is told once");
        assert!(circuits.shuns(circuit(0, 7), false) && !circuits.shuns(circuit(1, 7), true));
        assert_eq!(circuits.over(TorHost(0)), [circuit(0, 7)]);
        assert!(circuits.over(TorHost(1)).is_empty());
    }

    #[test]
    fn without_closing_only_a_daemon_that_refuses_turns_them_away() {
        let mut circuits = circuits(false);
        knock_thrice(&mut circuits);
        assert!(circuits.is_over(circuit(0, 7)));
        assert!(!circuits.shuns(circuit(0, 7), false) && circuits.shuns(circuit(0, 7), true));
    }

    #[test]
    fn a_members_circuit_is_never_over_and_nothing_is_left_after_him() {
        let mut circuits = circuits(true);
        knock_thrice(&mut circuits);
        circuits.confirmed(circuit(0, 7), NOW);
        (0..9).for_each(|_| assert!(!circuits.knock(circuit(0, 7), NOW)));
        assert!(!circuits.shuns(circuit(0, 7), true));
        circuits.session_ended(circuit(0, 7));
        assert!(circuits.known().is_empty());
        circuits.session_ended(circuit(0, 7));
    }

    #[test]
    fn a_tor_that_starts_anew_counts_anew() {
        let mut circuits = circuits(true);
        knock_thrice(&mut circuits);
        circuits.knock(circuit(1, 7), NOW);
        circuits.forget_host(TorHost(0));
        assert!(!circuits.is_over(circuit(0, 7)));
        assert_eq!(circuits.known().len(), 1);
    }

    #[test]
    fn circuits_are_lifted_purged_and_forgotten_by_age() {
        let mut circuits = circuits(true);
        knock_thrice(&mut circuits);
        circuits.knock(circuit(0, 8), NOW);
        assert!(!circuits.forget(circuit(0, 7)) && !circuits.lift(circuit(0, 8)));
        assert_eq!(circuits.purge(), 1);
        assert!(circuits.lift(circuit(0, 7)) && circuits.known().is_empty());
        circuits.knock(circuit(0, 9), NOW);
        circuits.handle_timeout(WallTime(NOW.0 + KEPT.as_secs() - 1));
        assert_eq!(circuits.known().len(), 1);
        circuits.handle_timeout(WallTime(NOW.0 + KEPT.as_secs()));
        assert!(circuits.known().is_empty() && circuits.forgettable.is_empty());
    }

    #[test]
    fn memory_is_bounded_and_members_stay() {
        let mut circuits = circuits(true);
        circuits.confirmed(circuit(0, 0), NOW);
        for number in 1..u32::try_from(CIRCUITS_MAX).unwrap() + 10 {
            circuits.knock(circuit(0, number), NOW);
            if number % 900 == 0 {
                circuits.knocks_since_purge = 0;
            }
        }
        assert_eq!((circuits.records.len(), circuits.forgettable.len()), (CIRCUITS_MAX, CIRCUITS_MAX - 1));
        assert_eq!(circuits.known()[0].members, 1);
    }
}

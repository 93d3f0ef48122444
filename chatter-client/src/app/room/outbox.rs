//! What was typed and has not arrived: lines that wait to be said, and those that are their writer's again.
//!
//! **In** lines, each with who was there when it was typed; who is there now. **Out** what may be said, what goes back to
//! its writer, and why. **Never** a line to somebody who was not there when it was typed, once it had to wait: whoever can
//! cut a connection could let a stranger in and get words that were meant for others.
//!
//! ```text
//! typed ──> waiting ──same company──> said ──> taken by the relay
//!              │                        └─session lost─┐
//!              └──another company──> handed back <─────┘ ──/resend──> typed,  ──/drop──> gone
//! ```
//!
//! docs/protocol.md §5.11.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use chatter_protocol::room::identity::StayKey;

use crate::texts::text;

/// Who is here, by stay key: what each is called, and whether the user has verified him.
pub(in crate::app) type Company = BTreeMap<StayKey, (String, bool)>;

/// The lines of one room that have not arrived.
#[derive(Debug, Default)]
pub(in crate::app) struct Outbox {
    waiting: VecDeque<Line>,
    waiting_bytes: usize,
    /// Handed back, by number.
    back: BTreeMap<u64, String>,
    back_bytes: usize,
    /// The newest number.
    number: u64,
}

#[derive(Debug)]
struct Line {
    text: String,
    /// Who was there when it was typed; none where its writer had not been in yet: it is for whoever is there.
    company: Option<Arc<Company>>,
    /// Whether a connection was lost since it was typed.
    kept: bool,
}

/// What becomes of the next line.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::app) enum Next {
    /// Its time has come.
    Say(String),
    /// It is its writer's again, for this reason (a clause).
    HandBack(String, String),
}

/// What stands against saying a line.
#[derive(Debug, PartialEq, Eq)]
enum Obstacle {
    /// Some of those for whom it was typed may still come.
    Wait,
    Changed(String),
}

impl Outbox {
    /// Takes what was typed; `kept` where there is no connection now.
    pub(in crate::app) fn push(&mut self, text: String, company: Option<Arc<Company>>, kept: bool) {
        self.waiting_bytes += text.len();
        self.waiting.push_back(Line { text, company, kept });
    }

    /// The connection is lost: whatever waits is said to those alone who were there when it was typed.
    pub(in crate::app) fn keep(&mut self) {
        self.waiting.iter_mut().for_each(|line| line.kept = true);
    }

    /// What becomes of the first line, where these are `present`. `awaits`: some who were there may still come back.
    pub(in crate::app) fn next(&mut self, present: &Company, awaits: bool) -> Option<Next> {
        let obstacle = self.waiting.front()?.obstacle(present, awaits);
        if obstacle == Some(Obstacle::Wait) {
            return None;
        }
        let Line { text, .. } = self.waiting.pop_front()?;
        self.waiting_bytes = self.waiting_bytes.saturating_sub(text.len());
        Some(match obstacle {
            Some(Obstacle::Changed(why)) => Next::HandBack(text, why),
            Some(Obstacle::Wait) | None => Next::Say(text),
        })
    }

    /// Keeps a line for its writer: the number by which he sends or drops it, and what had to go for it.
    pub(in crate::app) fn hand_back(&mut self, text: String) -> (u64, Vec<u64>) {
        self.number += 1;
        self.back_bytes += text.len();
        self.back.insert(self.number, text);
        let mut forgotten = Vec::new();
        while self.back.len() > LINES_MAX || (self.back_bytes > BYTES_MAX && self.back.len() > 1) {
            let Some((number, text)) = self.back.pop_first() else { break };
            self.back_bytes = self.back_bytes.saturating_sub(text.len());
            forgotten.push(number);
        }
        (self.number, forgotten)
    }

    /// Takes out what was handed back under this number, or all of it, in order.
    pub(in crate::app) fn take_back(&mut self, number: Option<u64>) -> Vec<String> {
        let taken = match number {
            Some(number) => self.back.remove(&number).into_iter().collect(),
            None => std::mem::take(&mut self.back).into_values().collect::<Vec<_>>(),
        };
        self.back_bytes = self.back_bytes.saturating_sub(taken.iter().map(String::len).sum());
        taken
    }

    /// Drops what waits: how many lines that was.
    pub(in crate::app) fn drop_waiting(&mut self) -> usize {
        self.waiting_bytes = 0;
        std::mem::take(&mut self.waiting).len()
    }

    /// How many lines wait to be said.
    pub(in crate::app) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether no line waits to be said.
    pub(in crate::app) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Whether as much waits as may.
    pub(in crate::app) fn is_full(&self) -> bool {
        self.waiting.len() >= LINES_MAX || self.waiting_bytes >= BYTES_MAX
    }

    /// Whether the first line waits for those who were there when it was typed.
    pub(in crate::app) fn is_kept(&self) -> bool {
        self.waiting.front().is_some_and(|line| line.kept)
    }

    /// Whether lines were handed back and neither sent nor dropped.
    pub(in crate::app) fn has_back(&self) -> bool {
        !self.back.is_empty()
    }

    /// All texts that have not arrived, handed back ones first.
    pub(in crate::app) fn texts(&self) -> impl Iterator<Item = &String> {
        self.back.values().chain(self.waiting.iter().map(|line| &line.text))
    }
}

impl Line {
    fn obstacle(&self, present: &Company, awaits: bool) -> Option<Obstacle> {
        let company = self.company.as_ref().filter(|_| self.kept)?;
        if let Some((_, (name, _))) = present.iter().find(|(key, _)| !company.contains_key(key)) {
            let is_namesake = company.values().any(|(other, _)| other == name);
            return Some(Obstacle::Changed(if is_namesake {
                text!("company-namesake", nick = name)
            } else {
                text!("company-new", nick = name)
            }));
        }
        let mut gone = company.iter().filter(|(key, _)| !present.contains_key(key)).peekable();
        if gone.peek().is_some() && awaits {
            return Some(Obstacle::Wait);
        }
        if present.is_empty() && !company.is_empty() {
            return Some(Obstacle::Changed(text!("company-none")));
        }
        let (_, (name, _)) = gone.find(|(_, (_, verified))| *verified)?;
        Some(Obstacle::Changed(text!("company-verified-gone", nick = name)))
    }
}

/// Lines that wait in one room, and as many handed back; beyond them, whoever types waits.
pub(in crate::app) const LINES_MAX: usize = 64;
/// Bytes of either.
const BYTES_MAX: usize = 256 * 1024;

#[cfg(test)]
mod tests;

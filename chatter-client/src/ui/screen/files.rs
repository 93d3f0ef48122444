//! Files on offer and on their way, as the screen keeps them.
//!
//! **In** notices. **Out** what is drawn and filled in. **Never** more of them than the app has, nor a name that was not
//! cleaned.

use std::collections::BTreeMap;

use super::super::clean;
use super::super::entry::Kind;
use super::{Deed, Screen, When};
use crate::event::Notice;
use crate::plain;
use crate::secret::SecretText;

/// All of them, by number and by the other's nickname: one offer may be for many.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Files(BTreeMap<(u32, String), Transfer>);

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Transfer {
    pub(crate) number: u32,
    /// Cleaned.
    pub(crate) name: String,
    /// The other; cleaned.
    pub(crate) nick: String,
    /// Whether it is ours.
    pub(crate) sending: bool,
    /// Bytes.
    pub(crate) size: u64,
    /// Bytes that have arrived.
    pub(crate) done: u64,
    pub(crate) state: State,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Nobody has said yes yet.
    Offered,
    /// On its way.
    Going {
        /// Bytes a second.
        rate: u64,
        /// Seconds that are left; none where nothing moves.
        left: Option<u64>,
    },
    /// Until the other is back.
    Waiting,
}

impl Files {
    /// Keeps what a notice tells of files; most tell nothing.
    pub(crate) fn take(&mut self, notice: &Notice) {
        if let Notice::FileOffered { number, from, name, size, .. } = notice {
            self.offered((*number, from), name, *size, false);
        } else if let Notice::FileOfferSent { number, name, size, to } = notice {
            to.iter().for_each(|nick| self.offered((*number, nick), name, *size, true));
        } else if let Notice::FileProgress { number, nick, done, rate, seconds_left, .. } = notice {
            if let Some(transfer) = self.0.get_mut(&(*number, nick.clone())) {
                transfer.done = *done;
                transfer.state = State::Going { rate: *rate, left: *seconds_left };
            }
        } else if let Notice::FileWaits { number, nick, .. } = notice {
            if let Some(transfer) = self.0.get_mut(&(*number, nick.clone())) {
                transfer.state = State::Waiting;
            }
        } else if let Notice::FileReceived { number, nick, .. }
        | Notice::FileSent { number, nick, .. }
        | Notice::FileEnded { number, nick, .. } = notice
        {
            self.0.remove(&(*number, nick.clone()));
        }
    }

    fn offered(&mut self, (number, nick): (u32, &String), name: &str, size: u64, sending: bool) {
        let (name, cleaned) = (clean::line(name), clean::line(nick));
        let state = State::Offered;
        let transfer = Transfer { number, name, nick: cleaned, sending, size, done: 0, state };
        self.0.insert((number, nick.clone()), transfer);
    }

    /// Those that have a row: what is under way, then what waits for our answer.
    pub(crate) fn shown(&self) -> Vec<&Transfer> {
        let offered = |transfer: &&Transfer| transfer.state == State::Offered;
        let going = self.0.values().filter(|transfer| !offered(transfer));
        going.chain(self.0.values().filter(|transfer| offered(transfer) && !transfer.sending)).collect()
    }

    /// The numbers that `/accept` takes.
    pub(crate) fn acceptable(&self) -> Vec<u32> {
        let waits = |transfer: &&Transfer| transfer.state == State::Offered && !transfer.sending;
        self.0.values().filter(waits).map(|transfer| transfer.number).collect()
    }

    /// The numbers that `/cancel` takes.
    pub(crate) fn numbers(&self) -> Vec<u32> {
        let mut numbers: Vec<u32> = self.0.keys().map(|(number, _)| *number).collect();
        numbers.dedup();
        numbers
    }

    /// Whether leaving would end something.
    pub(crate) fn under_way(&self) -> bool {
        self.0.values().any(|transfer| transfer.state != State::Offered)
    }
}

impl Screen {
    /// A file is offered to us: as a line, beside its row, unless its giver is not to be seen.
    pub(super) fn offered(&mut self, at: usize, from: &str, notice: &Notice) {
        let ignores = |(_, tab): &(u32, super::Tab)| tab.ignored.contains(&clean::line(from));
        if self.tabs.get(at).is_some_and(ignores) {
            return self.files.forget(notice);
        }
        let lines = plain::lines_of(notice);
        let text = lines.talk.as_ref().map(SecretText::expose).unwrap_or_default();
        self.push(at, Kind::Offer, "", text.strip_prefix("* ").unwrap_or(text));
        if self.when != When::None {
            self.deeds.push(Deed::Alert);
        }
    }
}

impl Files {
    fn forget(&mut self, notice: &Notice) {
        if let Notice::FileOffered { number, from, .. } = notice {
            self.0.remove(&(*number, from.clone()));
        }
    }
}

//! The client's end of one link: from the carrier's own first bytes to sealed records.
//!
//! **In** the bytes of a download, as they come. **Out** what they turn out to be. **Never** a byte of the stream
//! that the server did not seal.
//!
//! docs/protocol.md §3; the server's end is in `server/session.rs`.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::time::Duration;

use zeroize::Zeroizing;

use super::up::UpId;
use crate::frame::wide;
use crate::handshake::{self, ANSWER_LEN, Answer, Handle, Offered, Refusal};
use crate::ids::LinkId;
use crate::limits;
use crate::record::{self, Down, DownOpener, Up};
use crate::tag::TagChain;
use crate::time::Time;
use crate::token;

/// One down connection.
pub(super) struct Link {
    pub(super) id: LinkId,
    state: State,
    /// Where the next record's bytes lie in the stream downwards.
    offset: u64,
    tags: Option<TagChain>,
    handle: Option<Handle>,
    heard_at: Time,
    answered: bool,
    /// How long it may take to stand.
    patience: Duration,
}

enum State {
    /// The preamble and message 2 are still to come; so many bytes of the preamble.
    Waiting {
        preamble_left: usize,
        offered: Box<Offered>,
        message: Zeroizing<Vec<u8>>,
    },
    Open(DownOpener),
    Over,
}

/// What came over a link.
pub(super) enum Received {
    /// An ordinary file.
    Plain,
    /// The server knows us and says no.
    Refused(Refusal),
    /// The link stands; this names it.
    Accepted(Handle),
    /// A record whose bytes begin at `offset`.
    Record { offset: u64, record: Down },
    /// Something the server did not seal, after what it did.
    Tampered,
}

impl Link {
    pub(super) fn new(id: LinkId, offered: Offered, preamble_len: u16, offset: u64, now: Time) -> Self {
        let state = State::Waiting {
            preamble_left: preamble_len.into(),
            offered: Box::new(offered),
            message: Zeroizing::default(),
        };
        let patience = limits::OPENED_TIMEOUT;
        Self { id, state, offset, tags: None, handle: None, heard_at: now, answered: false, patience }
    }

    /// How long it may take to stand.
    pub(super) fn be_patient(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// Takes the next bytes of the body.
    pub(super) fn receive(&mut self, bytes: &[u8], now: Time) -> Vec<Received> {
        let mut received = Vec::new();
        let mut rest = bytes;
        if let State::Waiting { preamble_left, message, .. } = &mut self.state {
            let skipped = rest.len().min(*preamble_left);
            *preamble_left -= skipped;
            rest = rest.get(skipped..).unwrap_or_default();
            let wanted = rest.len().min(ANSWER_LEN - message.len());
            let (head, tail) = rest.split_at(wanted);
            message.extend_from_slice(head);
            rest = tail;
            if message.len() < ANSWER_LEN {
                return received;
            }
            received.push(self.finish_handshake(now));
        }
        let State::Open(opener) = &mut self.state else { return received };
        opener.receive(rest);
        loop {
            match opener.next_record() {
                Ok(None) => return received,
                Ok(Some(record)) => {
                    self.heard_at = now;
                    let offset = self.offset;
                    self.offset = offset.saturating_add(wide(record.bytes.len()));
                    received.push(Received::Record { offset, record });
                }
                Err(_) => {
                    self.state = State::Over;
                    received.push(Received::Tampered);
                    return received;
                }
            }
        }
    }

    /// Seals a batch, padded to `length`, under the link's next tag; nothing before the link stands.
    pub(super) fn seal_up(&mut self, batch: &Up, length: usize) -> Option<(UpId, Vec<u8>)> {
        let (index, tag, key) = self.tags.as_mut()?.advance();
        Some((UpId { link: self.id, index }, record::seal_up(&tag, &key, batch, length)))
    }

    /// The head of an answer came.
    pub(super) fn note_answer(&mut self) {
        self.answered = true;
    }

    /// Whether the head of an answer came.
    pub(super) fn is_answered(&self) -> bool {
        self.answered
    }

    /// Whether message 2 was read.
    pub(super) fn stands(&self) -> bool {
        self.tags.is_some()
    }

    /// Names the link, once message 2 was read.
    pub(super) fn handle(&self) -> Option<Handle> {
        self.handle
    }

    /// When the link counts as dead if nothing comes.
    pub(super) fn dead_at(&self) -> Time {
        self.heard_at + if self.stands() { limits::LINK_SILENCE_MAX } else { self.patience }
    }

    fn finish_handshake(&mut self, now: Time) -> Received {
        let State::Waiting { offered, message, .. } = core::mem::replace(&mut self.state, State::Over) else {
            return Received::Tampered;
        };
        match offered.finish(&message) {
            Err(_) => Received::Plain,
            Ok(Answer::Refused(refusal)) => Received::Refused(refusal),
            // What it leaves out was acknowledged, so it has come.
            Ok(Answer::Accepted { down_offset, .. }) if down_offset < self.offset => Received::Tampered,
            Ok(Answer::Accepted { root, down_offset }) => {
                self.heard_at = now;
                self.offset = down_offset;
                self.tags = Some(TagChain::new(&root));
                self.state = State::Open(DownOpener::new(&root));
                let handle = handshake::handle(&root);
                self.handle = Some(handle);
                Received::Accepted(handle)
            }
        }
    }
}

/// The value of the `Cookie` header that carries `token`.
pub(super) fn cookie(name: &str, token: &[u8]) -> alloc::string::String {
    alloc::format!("{name}={}", token::to_cookie_value(token))
}

//! Another member as we see him: from the first word of him to his goodbye.
//!
//! ```text
//! told by Roster ─> Initiated ── message 2 ──┐
//!                       │ (crossing)         ├─> Open ── profile ─> introduced ── goodbye ─> Gone
//! told by Joined ─> Awaited ─> Responding ───┘
//! ```
//!
//! **In** handshake messages. **Out** answers, and a [`Channel`] in the end. **Never** a step back: one handshake for each
//! pair of ids; a failed message leaves everything as it was.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::entropy::Entropy;
use crate::ids::MemberId;
use crate::limits;
use crate::room::hello::{Hello, HelloError};
use crate::room::identity::StayKey;
use crate::room::pair::{FIRST_LEN, Failure, Initiator, PairError, Responder, RoomKeys, Stay};
use crate::time::Time;

use super::Member;
use super::channel::{Channel, Introduced, Trouble};
use super::warning::Warning;

/// Somebody whom the relay names as present.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) stage: Stage,
    pub(super) since: Time,
    /// Whether he was here when we came.
    pub(super) before_us: bool,
    /// When anything that only he can have made came last.
    pub(super) heard_at: Time,
    /// Took longer than [`limits::SETTLING_MAX`] and is not waited for any more.
    pub(super) late: bool,
    /// Warnings in a row about frames of his that did not open.
    pub(super) strikes: u8,
}

/// How far the two of us have come.
#[derive(Debug)]
pub(super) enum Stage {
    /// He came after us: his message 1 is awaited.
    Awaited(Hello),
    /// He was here before us: his message 2 is awaited.
    Initiated(Initiator, Hello),
    /// His message 3 is awaited.
    Responding(Responder),
    /// The channel is finished.
    Open(Box<Channel>),
    /// He said goodbye; the relay's Left is awaited.
    Gone,
    /// He came while the room was locked; his message 1, if it has come, waits for the room to be unlocked.
    Kept { hello: Hello, first: Option<Vec<u8>> },
    /// One of us has parted with the other: nothing is wrapped for him, nothing of his is heard.
    Parted,
    /// One of us said goodbye, as nothing was heard of the other for too long; what still comes of him is dropped.
    GivenUp,
    /// No channel can be had with him.
    Unfit,
}

/// What handshakes need of ourselves.
#[derive(Clone, Copy)]
pub(super) struct Ourselves<'a> {
    pub(super) keys: &'a RoomKeys,
    pub(super) stay: &'a Stay,
}

impl Peer {
    pub(super) fn new(stage: Stage, now: Time) -> Self {
        let before_us = matches!(stage, Stage::Initiated(..));
        Self { stage, since: now, before_us, heard_at: now, late: false, strikes: 0 }
    }

    /// Whether his handshake or introduction is still to come.
    pub(super) fn is_settling(&self) -> bool {
        match &self.stage {
            Stage::Awaited(_) | Stage::Initiated(..) | Stage::Responding(_) => !self.late,
            Stage::Open(channel) => channel.introduced.is_none() && !self.late,
            Stage::Gone | Stage::GivenUp | Stage::Kept { .. } | Stage::Parted | Stage::Unfit => false,
        }
    }

    /// Whether he is here, as far as the relay says, and no words pass between us.
    pub(super) fn is_unmet(&self) -> bool {
        match &self.stage {
            Stage::Awaited(_)
            | Stage::Initiated(..)
            | Stage::Responding(_)
            | Stage::Kept { .. }
            | Stage::Unfit => true,
            Stage::Open(channel) => channel.introduced.is_none(),
            Stage::Gone | Stage::GivenUp | Stage::Parted => false,
        }
    }

    pub(super) fn channel(&mut self) -> Option<&mut Channel> {
        if let Stage::Open(channel) = &mut self.stage { Some(channel) } else { None }
    }

    /// His stay key, where what we say is sealed for him.
    pub(super) fn hearer(&self) -> Option<StayKey> {
        if let Stage::Open(channel) = &self.stage { Some(channel.key) } else { None }
    }

    /// Who he is, once his profile has come.
    pub(super) fn member(&self) -> Option<&Member> {
        self.introduced().map(|introduced| &introduced.member)
    }

    pub(super) fn introduced(&self) -> Option<&Introduced> {
        let Stage::Open(channel) = &self.stage else { return None };
        channel.introduced.as_ref()
    }

    pub(super) fn introduced_mut(&mut self) -> Option<&mut Introduced> {
        self.channel().and_then(|channel| channel.introduced.as_mut())
    }

    /// Something came that only he can have made.
    pub(super) fn proved(&mut self, now: Time) {
        self.strikes = 0;
        self.heard_at = now;
    }

    /// Lets in whoever was kept out; gives his message 1 if it has come.
    pub(super) fn let_in(&mut self) -> Option<Vec<u8>> {
        if !matches!(self.stage, Stage::Kept { .. }) {
            return None;
        }
        let Stage::Kept { hello, first } = core::mem::replace(&mut self.stage, Stage::Unfit) else {
            return None;
        };
        self.stage = Stage::Awaited(hello);
        self.late = false;
        first
    }

    /// Takes message 1 and gives message 2, or nothing where our own message 1 stands.
    pub(super) fn take_first(
        &mut self,
        id: &MemberId,
        ourselves: Ourselves<'_>,
        message: &[u8],
        entropy: &mut Entropy,
    ) -> Result<Option<Vec<u8>>, Trouble> {
        let hello = match &mut self.stage {
            Stage::Kept { first, .. } => {
                if message.len() == FIRST_LEN {
                    first.get_or_insert_with(|| message.to_vec());
                }
                return Ok(None);
            }
            Stage::Awaited(hello) => &*hello,
            // Both were told by Roster, which an honest relay does not do: the lower id's message 1 stands.
            Stage::Initiated(..) if ourselves.stay.id() < id => return Ok(None),
            Stage::Initiated(_, hello) => &*hello,
            Stage::Responding(_) | Stage::Open(_) | Stage::Gone => {
                return Err(|who| Warning::HandshakeRepeated { who });
            }
            Stage::GivenUp | Stage::Parted | Stage::Unfit => return Ok(None),
        };
        let answer = Responder::answer(ourselves.keys, ourselves.stay, id, hello, message, entropy);
        match answer {
            Ok((responder, answer)) => {
                self.stage = Stage::Responding(responder);
                Ok(Some(answer))
            }
            Err(PairError::NoKem) => {
                self.stage = Stage::Unfit;
                Err(|who| Warning::OtherVersion { who, error: HelloError::Key })
            }
            Err(PairError::Forged | PairError::Unreadable | PairError::OtherMember) => {
                Err(|who| Warning::Intruder { who })
            }
        }
    }

    /// Takes message 2 and gives message 3; the channel is then open.
    pub(super) fn take_second(&mut self, stay: &Stay, message: &[u8], now: Time) -> Result<Vec<u8>, Trouble> {
        let (initiator, hello) = match core::mem::replace(&mut self.stage, Stage::Unfit) {
            Stage::Initiated(initiator, hello) => (initiator, hello),
            stage @ (Stage::Awaited(_)
            | Stage::Responding(_)
            | Stage::Open(_)
            | Stage::Gone
            | Stage::Kept { .. }
            | Stage::Parted
            | Stage::GivenUp
            | Stage::Unfit) => {
                return Err(self.back_to(stage));
            }
        };
        match initiator.finish(message, stay, now) {
            Ok((finished, answer)) => {
                self.stage = Channel::open(finished, now);
                Ok(answer)
            }
            Err(Failure { still: Some(initiator), .. }) => {
                Err(self.back_to(Stage::Initiated(initiator, hello)))
            }
            Err(Failure { still: None, .. }) => Err(|who| Warning::Impostor { who }),
        }
    }

    /// Takes message 3; the channel is then open.
    pub(super) fn take_third(
        &mut self,
        ourselves: Ourselves<'_>,
        message: &[u8],
        now: Time,
    ) -> Result<(), Trouble> {
        let responder = match core::mem::replace(&mut self.stage, Stage::Unfit) {
            Stage::Responding(responder) => responder,
            stage @ (Stage::Awaited(_)
            | Stage::Initiated(..)
            | Stage::Open(_)
            | Stage::Gone
            | Stage::Kept { .. }
            | Stage::Parted
            | Stage::GivenUp
            | Stage::Unfit) => {
                return Err(self.back_to(stage));
            }
        };
        match responder.finish(ourselves.keys, ourselves.stay, message, now) {
            Ok(finished) => {
                self.stage = Channel::open(finished, now);
                Ok(())
            }
            Err(Failure { still: Some(responder), .. }) => Err(self.back_to(Stage::Responding(responder))),
            Err(Failure { still: None, .. }) => Err(|who| Warning::Impostor { who }),
        }
    }

    fn back_to(&mut self, stage: Stage) -> Trouble {
        self.stage = stage;
        |who| Warning::DidNotOpen { who }
    }
}

/// When a peer is not waited for any more.
pub(super) fn late_at(peer: &Peer) -> Time {
    peer.since + limits::SETTLING_MAX
}

//! Another member as we see him: from the first word of him to his goodbye.
//!
//! ```text
//! told by Roster ─> Initiated ── message 2 ──┐
//!                       │ (crossing)         ├─> Open ── profile ─> introduced ── goodbye ─> Gone
//! told by Joined ─> Awaited ─> Responding ───┘
//! ```
//!
//! **In** handshake messages, frames, bodies and wraps. **Out** answers, what he says, and findings: what is missing or
//! false in it. **Never** a step back: one handshake for each pair of ids; a failed frame leaves everything as it was.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use chatter_proto::room::{Private, private::Content};
use zeroize::Zeroizing;

use crate::entropy::Entropy;
use crate::ids::{MemberId, Nickname};
use crate::limits;
use crate::room::hello::{Hello, HelloError};
use crate::room::identity::StayKey;
use crate::room::message::{self, Chain, Origin};
use crate::room::pair::{FIRST_LEN, Failure, Finished, Initiator, PairError, Responder, RoomKeys, Stay};
use crate::room::ratchet::{Ratchet, RatchetError};
use crate::time::Time;

use super::Member;
use super::warning::{Warning, Who};

/// Somebody whom the relay names as present.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) stage: Stage,
    pub(super) since: Time,
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
    /// No channel can be had with him.
    Unfit,
}

/// A finished channel.
#[derive(Debug)]
pub(super) struct Channel {
    pub(super) ratchet: Ratchet,
    /// What he is known by, and whether he says that it lasts longer than this stay.
    pub(super) key: StayKey,
    pub(super) lasting: bool,
    /// Known from his first private frame on.
    pub(super) introduced: Option<Introduced>,
}

/// Who he is, and how far we have heard him.
#[derive(Debug)]
pub(super) struct Introduced {
    pub(super) member: Member,
    heard: Chain,
}

/// Makes a warning of whom it is about; what a failed frame gives.
pub(super) type Trouble = fn(Who) -> Warning;

/// What a private frame brought.
#[derive(Debug, PartialEq)]
pub(super) enum News {
    /// His profile: he is in.
    Joined,
    /// He is gone.
    Left,
    /// Something to us alone.
    Told(Content),
    /// Nothing to show.
    Nothing,
}

/// A message that is to be shown.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) text: Zeroizing<String>,
    pub(super) findings: Vec<Finding>,
}

/// What was missing or false in a frame that opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    Withheld(u64),
    FramesLost(u32),
    ChainMismatch,
}

/// What handshakes need of ourselves.
#[derive(Clone, Copy)]
pub(super) struct Ourselves<'a> {
    pub(super) keys: &'a RoomKeys,
    pub(super) stay: &'a Stay,
}

impl Peer {
    pub(super) fn new(stage: Stage, now: Time) -> Self {
        Self { stage, since: now, late: false, strikes: 0 }
    }

    /// Whether his handshake or introduction is still to come.
    pub(super) fn is_settling(&self) -> bool {
        match &self.stage {
            Stage::Awaited(_) | Stage::Initiated(..) | Stage::Responding(_) => !self.late,
            Stage::Open(channel) => channel.introduced.is_none() && !self.late,
            Stage::Gone | Stage::Kept { .. } | Stage::Parted | Stage::Unfit => false,
        }
    }

    pub(super) fn channel(&mut self) -> Option<&mut Channel> {
        if let Stage::Open(channel) = &mut self.stage { Some(channel) } else { None }
    }

    /// Who he is, once his profile has come.
    pub(super) fn member(&self) -> Option<&Member> {
        let Stage::Open(channel) = &self.stage else { return None };
        channel.introduced.as_ref().map(|introduced| &introduced.member)
    }

    /// Lets in whoever was kept out; gives his message 1 if it has come.
    pub(super) fn let_in(&mut self, now: Time) -> Option<Vec<u8>> {
        if !matches!(self.stage, Stage::Kept { .. }) {
            return None;
        }
        let Stage::Kept { hello, first } = core::mem::replace(&mut self.stage, Stage::Unfit) else {
            return None;
        };
        *self = Self::new(Stage::Awaited(hello), now);
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
            Stage::Parted | Stage::Unfit => return Ok(None),
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
            | Stage::Unfit) => {
                return Err(self.back_to(stage));
            }
        };
        match initiator.finish(message, stay, now) {
            Ok((finished, answer)) => {
                self.stage = Channel::open(finished);
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
            | Stage::Unfit) => {
                return Err(self.back_to(stage));
            }
        };
        match responder.finish(ourselves.keys, ourselves.stay, message, now) {
            Ok(finished) => {
                self.stage = Channel::open(finished);
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

impl Channel {
    fn open(Finished { ratchet, key, lasting }: Finished) -> Stage {
        Stage::Open(Box::new(Self { ratchet, key, lasting, introduced: None }))
    }

    /// Takes a sealed private frame.
    pub(super) fn take_private(
        &mut self,
        id: &MemberId,
        frame: &[u8],
    ) -> Result<(News, Vec<Finding>), Trouble> {
        let opened = self.ratchet.open(b"", frame).map_err(trouble)?;
        let private: Private = message::unpad(&opened.plain).ok_or(UNREADABLE)?;
        let hash = private.chain.as_slice().try_into().map_err(|_| UNREADABLE)?;
        let stands = Chain { count: private.sent, hash };
        let Some(introduced) = &mut self.introduced else {
            let findings =
                if opened.lost > 0 { [Finding::FramesLost(opened.lost)].into() } else { Vec::new() };
            let profile = match private.content {
                Some(Content::Profile(profile)) => profile,
                Some(Content::Goodbye(_)) => return Ok((News::Left, findings)),
                None => return Ok((News::Nothing, findings)),
                Some(_) => return Err(|who| Warning::Unintroduced { who }),
            };
            let nick = Nickname::parse(&profile.nick).map_err(|_| UNREADABLE)?;
            let (key, lasting) = (self.key, self.lasting);
            // What he said before has no wrap for us: here is where we begin to hear him.
            self.introduced =
                Some(Introduced { member: Member { id: *id, nick, key, lasting }, heard: stands });
            return Ok((News::Joined, findings));
        };
        let findings = introduced.compare(&stands, opened.lost);
        introduced.heard = stands;
        let news = match private.content {
            Some(Content::Goodbye(_)) => News::Left,
            Some(Content::Profile(_)) | None => News::Nothing,
            Some(content) => News::Told(content),
        };
        Ok((news, findings))
    }

    /// Takes a message; nothing where it was published before he could wrap for us.
    pub(super) fn take_message(
        &mut self,
        origin: &Origin,
        body: &[u8],
        wrap: &[u8],
    ) -> Result<Option<Heard>, Trouble> {
        let Some(introduced) = &mut self.introduced else {
            return if wrap.is_empty() { Ok(None) } else { Err(|who| Warning::Unintroduced { who }) };
        };
        if wrap.is_empty() {
            return Err(|who| Warning::WrapMissing { who });
        }
        let seed = self.ratchet.open(blake3::hash(body).as_bytes(), wrap).map_err(trouble)?;
        let Ok(opened) = message::open(origin, body, &seed.plain) else {
            introduced.heard = introduced.heard.after(body);
            return Err(UNREADABLE);
        };
        if opened.before.count < introduced.heard.count {
            return Err(|who| Warning::Repeated { who });
        }
        let findings = introduced.compare(&opened.before, seed.lost);
        introduced.heard = opened.before.after(body);
        Ok(Some(Heard { text: opened.text, findings }))
    }
}

impl Introduced {
    /// What is wrong, where he says that he `stands` there and `lost` frames of the pair are missing.
    fn compare(&self, stands: &Chain, lost: u32) -> Vec<Finding> {
        let withheld = stands.count.saturating_sub(self.heard.count);
        let mut findings = Vec::new();
        if withheld > 0 {
            findings.push(Finding::Withheld(withheld));
        } else if *stands != self.heard {
            findings.push(Finding::ChainMismatch);
        }
        let others = u64::from(lost).saturating_sub(withheld);
        if let Ok(others @ 1..) = u32::try_from(others) {
            findings.push(Finding::FramesLost(others));
        }
        findings
    }
}

impl Finding {
    pub(super) fn about(self, who: Who) -> Warning {
        match self {
            Self::Withheld(count) => Warning::Withheld { who, count },
            Self::FramesLost(count) => Warning::FramesLost { who, count },
            Self::ChainMismatch => Warning::ChainMismatch { who },
        }
    }
}

const UNREADABLE: Trouble = |who| Warning::Unreadable { who };

fn trouble(error: RatchetError) -> Trouble {
    match error {
        RatchetError::Repeated => |who| Warning::Repeated { who },
        RatchetError::Gap(_) => |who| Warning::TooManyLost { who },
        RatchetError::Short | RatchetError::Forged => |who| Warning::DidNotOpen { who },
    }
}

/// When a peer is not waited for any more.
pub(super) fn late_at(peer: &Peer) -> Time {
    peer.since + limits::SETTLING_MAX
}

#[cfg(test)]
impl Channel {
    fn finished(ratchet: Ratchet) -> Self {
        Self { ratchet, key: StayKey::new([1; 32]), lasting: false, introduced: None }
    }
}

#[cfg(test)]
mod tests;

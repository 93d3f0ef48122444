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
use core::time::Duration;

use chatter_proto::room::{Private, Profile, Roll, private::Content};
use zeroize::Zeroizing;

use crate::entropy::Entropy;
use crate::ids::{MemberId, Nickname};
use crate::limits;
use crate::room::hello::{Hello, HelloError};
use crate::room::identity::StayKey;
use crate::room::message::{self, Chain, Origin};
use crate::room::pair::{FIRST_LEN, Failure, Finished, Initiator, PairError, Responder, RoomKeys, Stay};
use crate::room::ratchet::{Ratchet, RatchetError};
use crate::room::view::{self, Heads, ViewId};
use crate::time::Time;

use super::Member;
use super::compare::Difference;
use super::history::History;
use super::warning::{Warning, Who};

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

/// A finished channel.
#[derive(Debug)]
pub(super) struct Channel {
    pub(super) ratchet: Ratchet,
    /// What he is known by, and whether he says that it lasts longer than this stay.
    pub(super) key: StayKey,
    pub(super) lasting: bool,
    /// When it was finished.
    pub(super) opened: Time,
    /// Known from his first private frame on.
    pub(super) introduced: Option<Introduced>,
    /// What was found missing and not minded yet.
    pub(super) gaps: Gaps,
}

/// What is missing of what somebody sent us.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Gaps {
    /// Frames of the pair, whatever they held.
    pub(super) frames: bool,
    /// Messages: the first and the last number.
    pub(super) missed: Option<(u64, u64)>,
}

/// Who he is, and how far we have heard him.
#[derive(Debug)]
pub(super) struct Introduced {
    pub(super) member: Member,
    /// Whether his program understands transfers.
    pub(super) takes_files: bool,
    pub(super) profile: [u8; 32],
    pub(super) heard: History,
    /// Up to which of his messages the user was told if one is missing.
    pub(super) told_to: u64,
    /// How his view and what he has heard differ from ours.
    pub(super) difference: Difference,
}

/// Makes a warning of whom it is about; what a failed frame gives.
pub(super) type Trouble = fn(Who) -> Warning;

/// What a private frame brought.
#[derive(Debug, PartialEq)]
pub(super) enum News {
    /// His profile: he is in, by his clock for so long, and so long he has known of us.
    Joined { here: Duration, known: Duration },
    /// He is gone.
    Left,
    /// Something to us alone.
    Told(Content),
    /// He has heard nothing of us for too long.
    GivenUp,
    /// Whom he sees.
    Roll(Roll),
    /// Nothing to show.
    Nothing,
}

/// A message that came in its place.
#[derive(Debug)]
pub(super) struct Heard {
    /// Where he stood before it.
    pub(super) before: Chain,
    pub(super) text: Option<Zeroizing<String>>,
    pub(super) view: ViewId,
    pub(super) heads: Heads,
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

impl Channel {
    fn open(Finished { ratchet, key, lasting }: Finished, now: Time) -> Stage {
        Stage::Open(Box::new(Self {
            ratchet,
            key,
            lasting,
            opened: now,
            introduced: None,
            gaps: Gaps::default(),
        }))
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
        self.gaps.frames |= opened.lost > 0;
        let Some(introduced) = &mut self.introduced else {
            let findings =
                if opened.lost > 0 { [Finding::FramesLost(opened.lost)].into() } else { Vec::new() };
            let profile = match private.content {
                Some(Content::Profile(profile)) => profile,
                Some(Content::Goodbye(_)) => return Ok((News::Left, findings)),
                Some(Content::Roll(_)) | None => return Ok((News::Nothing, findings)),
                Some(_) => return Err(|who| Warning::Unintroduced { who }),
            };
            let (introduced, news) =
                Introduced::by(*id, (self.key, self.lasting), &profile, stands).ok_or(UNREADABLE)?;
            self.introduced = Some(introduced);
            return Ok((news, findings));
        };
        self.gaps.miss(introduced.heard.latest().count, stands.count);
        let findings = introduced.compare(&stands, opened.lost);
        introduced.heard.push(stands);
        let news = match private.content {
            Some(Content::Goodbye(goodbye)) if goodbye.given_up => News::GivenUp,
            Some(Content::Goodbye(_)) => News::Left,
            Some(Content::Roll(roll)) => News::Roll(roll),
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
        self.gaps.frames |= seed.lost > 0;
        let heard = introduced.heard.latest().count;
        let Ok(opened) = message::open(origin, body, &seed.plain) else {
            self.gaps.miss(heard, heard.saturating_add(1));
            introduced.heard.push(introduced.heard.latest().after(body));
            return Err(UNREADABLE);
        };
        if opened.before.count < heard {
            return Err(|who| Warning::Repeated { who });
        }
        self.gaps.miss(heard, opened.before.count);
        let findings = introduced.compare(&opened.before, seed.lost);
        let message::Opened { before, text, view, heads } = opened;
        introduced.heard.push(before);
        introduced.heard.push(before.after(body));
        Ok(Some(Heard { before, text, view, heads, findings }))
    }
}

impl Gaps {
    /// He has sent up to `count`, of which we have up to `heard`.
    fn miss(&mut self, heard: u64, count: u64) {
        if count > heard {
            let first = self.missed.map_or(heard.saturating_add(1), |(first, _)| first);
            self.missed = Some((first, count));
        }
    }
}

impl Introduced {
    /// Whoever says that he is this and stands there: what he said before has no wrap for us.
    fn by(
        id: MemberId,
        (key, lasting): (StayKey, bool),
        profile: &Profile,
        stands: Chain,
    ) -> Option<(Self, News)> {
        let nick = Nickname::parse(&profile.nick).ok()?;
        let introduced = Self {
            profile: view::profile_hash(&nick),
            member: Member { id, nick, key, lasting },
            takes_files: profile.takes_files,
            heard: History::from(stands),
            told_to: stands.count,
            difference: Difference::default(),
        };
        let here = Duration::from_secs(profile.here_seconds.into());
        let known = Duration::from_secs(profile.known_seconds.into());
        Some((introduced, News::Joined { here, known }))
    }

    /// What is wrong, where he says that he `stands` there and `lost` frames of the pair are missing.
    fn compare(&mut self, stands: &Chain, lost: u32) -> Vec<Finding> {
        let heard = self.heard.latest();
        let withheld = stands.count.saturating_sub(heard.count);
        let mut findings = Vec::new();
        if withheld == 0 && stands != heard {
            findings.push(Finding::ChainMismatch);
        }
        if let untold @ 1.. = self.untold(stands.count) {
            findings.push(Finding::Withheld(untold));
        }
        let others = u64::from(lost).saturating_sub(withheld);
        if let Ok(others @ 1..) = u32::try_from(others) {
            findings.push(Finding::FramesLost(others));
        }
        findings
    }

    /// How many messages up to `count` are missing of which the user was not told; he is now.
    pub(super) fn untold(&mut self, count: u64) -> u64 {
        let known = self.heard.latest().count.max(self.told_to);
        self.told_to = known.max(count);
        count.saturating_sub(known)
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
        Self {
            ratchet,
            key: StayKey::new([1; 32]),
            lasting: false,
            opened: Time::ZERO,
            introduced: None,
            gaps: Gaps::default(),
        }
    }
}

#[cfg(test)]
mod tests;

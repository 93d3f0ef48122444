//! The finished channel to another member: what comes through it, and what is missing or false in that.
//!
//! **In** sealed frames, bodies and wraps. **Out** what he says, and findings. **Never** a step of the ratchet for a frame
//! that does not open.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use chatter_proto::room::{Private, Profile, Roll, private::Content};
use zeroize::Zeroizing;

use crate::ids::{MemberId, Nickname};
use crate::room::identity::StayKey;
use crate::room::message::{self, Chain, Origin};
use crate::room::pair::Finished;
use crate::room::ratchet::{Ratchet, RatchetError};
use crate::room::view::{self, Heads, ViewId};
use crate::time::Time;

use super::Member;
use super::compare::Difference;
use super::history::History;
use super::peer::Stage;
use super::warning::{Warning, Who};

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

impl Channel {
    pub(super) fn open(Finished { ratchet, key, lasting }: Finished, now: Time) -> Stage {
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

//! What the relay's frames do to a conversation.
//!
//! **In** frames, each of which may be a lie. **Out** handshakes carried on, happenings. **Never** a warning about
//! something that an honest relay does: a member may leave, join, or speak before his channel with us is finished,
//! while anything of his or ours is on its way.

use alloc::vec::Vec;

use chatter_proto::relay::{FromMember, Message, Occupant, Refused, Roster, refused, relay_frame};
use chatter_proto::room::{PairFrame, pair_frame};
use prost::Message as _;

use super::channel::{Finding, Heard, News, Trouble};
use super::held::Held;
use super::peer::{Ourselves, Peer, Stage};
use super::{Conversation, Happening, Member, Warning, Who};
use crate::ids::MemberId;
use crate::limits;
use crate::room::hello::Hello;
use crate::room::message::Origin;
use crate::room::pair::Initiator;
use crate::time::Time;

impl Conversation {
    /// Takes a frame of the relay; those for other rooms or for the session itself are not ours.
    pub fn receive(&mut self, frame: relay_frame::Frame, now: Time) {
        self.wake(now);
        match frame {
            relay_frame::Frame::Welcome(welcome) => self.presence.believe_grace(welcome.grace_seconds),
            // What was said before we left may be acknowledged after it.
            relay_frame::Frame::Ack(ack) if ack.room == self.room => self.acknowledged(ack.number),
            relay_frame::Frame::Roster(roster) if roster.room == self.room => self.enter(roster, now),
            relay_frame::Frame::Refused(refused) if refused.room == self.room => self.refused(&refused),
            // Before the roster nothing can concern this stay.
            _ if !self.entered => {}
            relay_frame::Frame::Joined(joined) if joined.room == self.room => {
                self.joined(joined.occupant.unwrap_or_default(), now);
            }
            relay_frame::Frame::Left(left) if left.room == self.room => self.left(&left.member_id, now),
            relay_frame::Frame::Message(message) if message.room == self.room => self.message(&message, now),
            relay_frame::Frame::Direct(direct) if direct.room == self.room => self.direct(&direct, now),
            relay_frame::Frame::Bye(_)
            | relay_frame::Frame::Listed(_)
            | relay_frame::Frame::Listing(_)
            | relay_frame::Frame::Roster(_)
            | relay_frame::Frame::Refused(_)
            | relay_frame::Frame::Joined(_)
            | relay_frame::Frame::Left(_)
            | relay_frame::Frame::Message(_)
            | relay_frame::Frame::Direct(_)
            | relay_frame::Frame::Ack(_) => {}
        }
    }

    fn enter(&mut self, roster: Roster, now: Time) {
        if self.stay.is_none() {
            return;
        }
        if core::mem::replace(&mut self.entered, true) {
            return self.warn(Warning::Server { did: "told twice who is in the room" });
        }
        self.enter_view(now);
        self.house.put_off_move(now);
        self.show(Happening::Entered { present: roster.occupants.len() });
        if roster.occupants.len() > limits::OCCUPANTS_MAX {
            self.warn(Warning::Server { did: CROWD });
        }
        for occupant in roster.occupants.into_iter().take(limits::OCCUPANTS_MAX) {
            let Some((id, hello)) = self.meet(&occupant, now) else { continue };
            let Some(stay) = &self.stay else { return };
            let (initiator, first) = Initiator::begin(&self.keys, stay, &id, &hello, &mut self.entropy);
            self.peers.insert(id, Peer::new(Stage::Initiated(initiator, hello), now));
            self.send_pair(&id, pair_frame::Frame::First(first));
        }
        self.forget_kem();
    }

    fn joined(&mut self, occupant: Occupant, now: Time) {
        if let Some((id, hello)) = self.meet(&occupant, now) {
            let stage = if self.house.is_locked() {
                self.show(Happening::KeptOut);
                Stage::Kept { hello, first: None }
            } else {
                Stage::Awaited(hello)
            };
            self.peers.insert(id, Peer::new(stage, now));
        }
    }

    /// Judges a new name on the relay's list; whoever can't be talked with is remembered as such.
    fn meet(&mut self, occupant: &Occupant, now: Time) -> Option<(MemberId, Hello)> {
        let did = match MemberId::from_slice(&occupant.member_id) {
            None => "named a member that can't be one",
            Some(id) if self.peers.contains_key(&id) => "named a member twice",
            Some(id) if self.stay.as_ref().is_some_and(|stay| *stay.id() == id) => {
                "named you as somebody else"
            }
            Some(_) if self.peers.len() >= limits::OCCUPANTS_MAX => CROWD,
            Some(id) => match Hello::parse(&occupant.hello) {
                Ok(hello) => return Some((id, hello)),
                Err(error) => {
                    self.peers.insert(id, Peer::new(Stage::Unfit, now));
                    let who = Who { id, nick: None };
                    self.warn(Warning::OtherVersion { who, error });
                    return None;
                }
            },
        };
        self.warn(Warning::Server { did });
        None
    }

    fn left(&mut self, id: &[u8], now: Time) {
        let peer = MemberId::from_slice(id).and_then(|id| self.peers.remove_entry(&id));
        let Some((id, peer)) = peer else {
            return self.warn(Warning::Server { did: "said that somebody left who was not there" });
        };
        self.part(&id, &peer, now);
        self.forget_kem();
    }

    fn refused(&mut self, refused: &Refused) {
        let reason = refused.reason();
        // Members leave while something for them is on its way.
        if reason == refused::Reason::NoSuchMember {
            return;
        }
        if !self.entered {
            self.forget_stay();
        }
        self.show(Happening::Refused(reason));
    }

    fn acknowledged(&mut self, number: u64) {
        let place = self.unacknowledged.iter().position(|said| said.published == number);
        let Some(said) = place.and_then(|place| self.unacknowledged.remove(place)) else {
            return self.warn(Warning::Server { did: "acknowledged something that was not said" });
        };
        if let Some(number) = said.text {
            self.show(Happening::Acknowledged { number });
        }
    }

    fn message(&mut self, message: &Message, now: Time) {
        let Some(id) = MemberId::from_slice(&message.sender_id) else {
            return self.warn(Warning::Server { did: "handed on a message of nobody" });
        };
        let origin = Origin { room: *self.keys.id(), sender: id };
        let Some(peer) = self.peers.get_mut(&id) else {
            return self.warn(Warning::Absent { who: Who { id, nick: None } });
        };
        let heard: Result<Option<_>, Trouble> = match &mut peer.stage {
            _ if message.body.len() > limits::BODY_LEN_MAX => Err(|who| Warning::DidNotOpen { who }),
            Stage::Open(channel) => channel.take_message(&origin, &message.body, &message.wrap),
            Stage::Gone => Err(|who| Warning::Absent { who }),
            // Said before the channel with us was finished, by somebody who could not wrap it for us.
            Stage::Awaited(_) | Stage::Initiated(..) | Stage::Responding(_) if message.wrap.is_empty() => {
                Ok(None)
            }
            Stage::Awaited(_) | Stage::Initiated(..) | Stage::Responding(_) => {
                Err(|who| Warning::DidNotOpen { who })
            }
            // A locked room's newcomer wraps for nobody who has not let him in.
            Stage::Kept { .. } if message.wrap.is_empty() => Ok(None),
            Stage::Kept { .. } => Err(|who| Warning::DidNotOpen { who }),
            Stage::GivenUp | Stage::Parted | Stage::Unfit => Ok(None),
        };
        // Before what he says: frames that are missing may have taken it back.
        self.mind_gaps(&id, now);
        match heard {
            Ok(None) => {}
            Ok(Some(heard)) => {
                self.peers.entry(id).and_modify(|peer| peer.proved(now));
                self.hold(id, heard, now);
                self.show_due(now);
            }
            Err(trouble) => self.strike(&id, trouble),
        }
    }

    /// Puts a message where it waits for those that its sender had heard, if any is missing.
    fn hold(&mut self, from: MemberId, heard: Heard, now: Time) {
        let Heard { before, text, view, heads, findings } = heard;
        self.warn_of(&from, findings);
        let known = self.stay.iter().map(|stay| stay.id()).chain(self.known());
        let named = heads.read(&before, known);
        let (number, until) = (before.count.saturating_add(1), now + limits::HOLD_MAX);
        self.waiting.push(Held { from, number, text, view, heads, named, until });
    }

    fn direct(&mut self, direct: &FromMember, now: Time) {
        let Some(id) = MemberId::from_slice(&direct.sender_id) else {
            return self.warn(Warning::Server { did: "handed on a frame of nobody" });
        };
        let Some(mut peer) = self.peers.remove(&id) else {
            return self.warn(Warning::Absent { who: Who { id, nick: None } });
        };
        let done = self.take_pair_frame(&id, &mut peer, &direct.payload, now);
        self.peers.insert(id, peer);
        self.mind_gaps(&id, now);
        match done {
            Ok(news) => self.hear_news(&id, news, now),
            Err(trouble) => self.strike(&id, trouble),
        }
        self.forget_kem();
    }

    /// Takes a frame of the pair; gives what it brought.
    fn take_pair_frame(
        &mut self,
        id: &MemberId,
        peer: &mut Peer,
        payload: &[u8],
        now: Time,
    ) -> Result<News, Trouble> {
        let Some(stay) = self.stay.as_ref().filter(|_| !matches!(peer.stage, Stage::GivenUp | Stage::Parted))
        else {
            return Ok(News::Nothing);
        };
        let ourselves = Ourselves { keys: &self.keys, stay };
        let frame = PairFrame::decode(payload).ok().and_then(|frame| frame.frame);
        match frame.ok_or((|who| Warning::DidNotOpen { who }) as Trouble)? {
            pair_frame::Frame::First(message) => {
                if let Some(answer) = peer.take_first(id, ourselves, &message, &mut self.entropy)? {
                    self.send_pair(id, pair_frame::Frame::Second(answer));
                }
            }
            pair_frame::Frame::Second(message) => {
                let answer = peer.take_second(stay, &message, now)?;
                self.send_pair(id, pair_frame::Frame::Third(answer));
                self.introduce(id, peer, now);
            }
            pair_frame::Frame::Third(message) => {
                peer.take_third(ourselves, &message, now)?;
                self.introduce(id, peer, now);
            }
            pair_frame::Frame::Sealed(frame) => {
                let Some(channel) = peer.channel() else { return Err(|who| Warning::DidNotOpen { who }) };
                let (news, findings) = channel.take_private(id, &frame)?;
                let nick = peer.member().map(|member| member.nick.clone());
                for finding in findings {
                    self.warn(finding.about(Who { id: *id, nick: nick.clone() }));
                }
                peer.proved(now);
                return Ok(news);
            }
        }
        peer.proved(now);
        Ok(News::Nothing)
    }

    fn hear_news(&mut self, id: &MemberId, news: News, now: Time) {
        match news {
            News::Joined { here, known } => {
                let Some(Member { id, nick, .. }) = self.peers.get(id).and_then(Peer::member).cloned() else {
                    return;
                };
                self.show(Happening::MemberJoined { id, nick });
                self.compare_arrivals(&id, here, known, now);
                self.view_changed(now);
            }
            News::Left => self.part_with(id, Stage::Gone, now),
            News::GivenUp => {
                self.part_with(id, Stage::GivenUp, now);
                self.presence.want_anew(now);
                self.begin_anew_if_due(now);
            }
            News::Roll(roll) => self.take_roll(id, &roll, now),
            News::Told(content) => self.told(id, content, now),
            News::Nothing => {}
        }
    }

    /// Erases the decapsulation key as soon as nobody's message 2 is awaited.
    fn forget_kem(&mut self) {
        let awaited = self.peers.values().any(|peer| matches!(peer.stage, Stage::Initiated(..)));
        if let Some(stay) = self.stay.as_mut().filter(|_| self.entered && !awaited) {
            stay.forget_kem();
        }
    }

    /// Warns of a frame that failed, unless that is only one more in a row.
    pub(super) fn strike(&mut self, id: &MemberId, trouble: Trouble) {
        let Some(peer) = self.peers.get_mut(id) else { return };
        let nick = peer.member().map(|member| member.nick.clone());
        if peer.strikes < limits::STRIKES_MAX {
            peer.strikes += 1;
            self.warn(trouble(Who { id: *id, nick }));
        }
    }

    fn warn_of(&mut self, id: &MemberId, findings: Vec<Finding>) {
        for finding in findings {
            self.warn(finding.about(self.who(id)));
        }
    }
}

const CROWD: &str = "named more members than any room holds";

//! What is done with single members, and with the room as a house: private words, verification, the door.
//!
//! **In** commands, happenings. **Out** what the conversation does about them, notices. **Never** a mark that the user did
//! not ask for, nor a changed identity that passes without a shout.

use std::collections::{BTreeSet, VecDeque};

use chatter_protocol::ids::{MemberId, Nickname};
use chatter_protocol::room::conversation::{Happening, Member, Void, Warning};
use chatter_protocol::room::identity::{Identity, StayKey};
use chatter_protocol::room::secret::RoomSecret;
use chatter_protocol::time::Time;

use super::names::{NameError, Names};
use super::{App, ENTER_TIMEOUT, Phase};
use crate::command::Command;
use crate::event::{Effect, Notice};
use crate::known::{Known, Meeting};
use crate::secret::SecretText;

/// Who we are, and whom we know.
#[derive(Debug, Default)]
pub(crate) struct People {
    /// What we show in place of a fresh key.
    pub(crate) identity: Option<Identity>,
    /// Who was met before.
    pub(crate) known: Known,
    /// Whether that is to be remembered beyond this run.
    pub(crate) remembers: bool,
    pub(super) names: Names,
    /// The keys of those who were verified: a lost session does not change theirs.
    pub(super) marked: BTreeSet<StayKey>,
    /// Commands that were typed before those whom they concern could be met.
    pub(super) waiting: VecDeque<Command>,
}

impl App {
    /// Carries out a command that concerns members, now or when they have been met.
    pub(super) fn wait_with(&mut self, command: Command) {
        self.people.waiting.push_back(command);
    }

    /// Carries out what has waited.
    pub(super) fn attend(&mut self, now: Time) {
        while self.phase == Phase::Talking && self.unsaid.is_empty() {
            let Some(command) = self.people.waiting.pop_front() else { return };
            match command {
                Command::Private(rest) => self.say_privately(&rest, now),
                Command::Verify(rest) => self.verify(rest.trim(), now),
                Command::Lock => self.lock(true, now),
                Command::Unlock => self.lock(false, now),
                Command::Remove(rest) => self.remove(rest.trim(), now),
                Command::Rekey => self.rekey(now),
                // Carried out at once.
                Command::Say(_)
                | Command::Who
                | Command::Link
                | Command::Help
                | Command::Quit
                | Command::Nothing => {}
            }
        }
    }

    pub(super) fn who(&mut self) {
        let you = self.nick.to_string();
        let mut notice = (vec![you.clone()], Vec::new(), Vec::new());
        for (member, label) in self.people.names.all() {
            if self.conversation.as_ref().is_some_and(|conversation| conversation.is_verified(&member.key)) {
                notice.1.push(label.clone());
            }
            if member.lasting {
                notice.2.push(label.clone());
            }
            notice.0.push(label);
        }
        let (members, verified, lasting) = notice;
        self.show(Notice::Who { you, members, verified, lasting });
    }

    pub(super) fn show_link(&mut self) {
        let link = SecretText::new(std::mem::take(&mut *self.link.to_text()));
        self.show(Notice::Room { link });
    }

    /// Marks those in a new conversation who were marked in the one before.
    pub(super) fn mark_again(&mut self) {
        let Some(conversation) = self.conversation.as_mut() else { return };
        self.people.marked.iter().for_each(|key| conversation.confirm_key(*key));
    }

    /// Somebody's channel is finished.
    pub(super) fn met(&mut self, id: &MemberId, nick: &Nickname) {
        let Some(member) =
            self.conversation.as_ref().and_then(|conversation| conversation.member(id)).cloned()
        else {
            // He has left again by now.
            return self.show(Notice::MemberJoined { nick: nick.to_string() });
        };
        self.people.names.joined(member.clone(), &self.nick);
        let label = self.label(id, nick);
        self.show(Notice::MemberJoined { nick: label.clone() });
        match self.people.known.meet(&member) {
            Meeting::Stranger | Meeting::Same { verified: false } => {}
            Meeting::Same { verified: true } => {
                self.people.marked.insert(member.key);
                if let Some(conversation) = self.conversation.as_mut() {
                    conversation.confirm_key(member.key);
                }
            }
            Meeting::New => self.remember(),
            Meeting::Other { before } => {
                let shows = if member.lasting {
                    format!("shows another: {}", member.key.to_text())
                } else {
                    "shows none".to_owned()
                };
                self.show(Notice::Warning(format!(
                    "THIS IS NOT THE {nick} YOU KNEW: {label} {shows}. The one you knew showed {}. Believe \
                     nothing until you have compared numbers by another way: /verify {label}",
                    before.to_text()
                )));
            }
        }
    }

    /// A warning, with the marks of those whom it names where they have namesakes.
    pub(super) fn warned(&mut self, warning: &Warning) {
        let mut text = warning.to_string();
        for who in warning.about() {
            let label = self.people.names.label(&who.id).filter(|label| label.contains('#'));
            if let (Some(nick), Some(label)) = (&who.nick, label) {
                text.push_str(&format!(" ({nick} is {label})"));
            }
        }
        self.show(Notice::Warning(text));
    }

    /// Somebody's channel is over: what he was called.
    pub(super) fn gone(&mut self, id: &MemberId, nick: &Nickname) -> String {
        self.people.names.left(id).unwrap_or_else(|| nick.to_string())
    }

    /// What a member is called here.
    pub(super) fn label(&self, id: &MemberId, nick: &Nickname) -> String {
        self.people.names.label(id).unwrap_or_else(|| nick.to_string())
    }

    fn label_of(&self, member: &Member) -> String {
        self.label(&member.id, &member.nick)
    }

    /// What happened with single members, or to the room's door.
    pub(super) fn people_happened(&mut self, happening: Happening, now: Time) {
        match happening {
            Happening::Private { from, nick, text } => {
                let from = self.label(&from, &nick);
                self.show(Notice::Private { from, text });
            }
            Happening::VerifyBegun { by } => {
                let by = self.label_of(&by);
                self.show(Notice::VerifyBegun { by });
            }
            Happening::VerifyWords { words } => {
                let words = words.iter().map(|word| (*word).to_owned()).collect();
                self.show(Notice::VerifyWords { words });
            }
            // The other one goes on and shows its words.
            Happening::VerifyVoid(Void::Crossed) => {}
            Happening::VerifyVoid(void) => self.show(Notice::VerifyVoid { reason: void.to_string() }),
            Happening::Locked { by, locked } => {
                let by = self.label_of(&by);
                self.show(Notice::Locked { by, locked });
            }
            Happening::KeptOut => self.show(Notice::KeptOut),
            Happening::Removed { by, whom } => {
                let (by, nick) = (Some(self.label_of(&by)), self.label_of(&whom));
                self.show(Notice::Removed { by, nick });
            }
            Happening::Parted { by } => {
                let nick = self.gone(&by.id, &by.nick);
                self.show(Notice::Parted { nick });
            }
            Happening::Moving { by } => {
                let by = self.label_of(&by);
                self.show(Notice::Moving { by });
            }
            Happening::Moved { secret } => self.moved(secret, now),
            Happening::Entered { .. }
            | Happening::MemberJoined { .. }
            | Happening::MemberLeft { .. }
            | Happening::Message { .. }
            | Happening::Acknowledged { .. }
            | Happening::Warning(_)
            | Happening::Refused(_) => {}
        }
    }

    fn say_privately(&mut self, rest: &str, now: Time) {
        let found = self.people.names.find(rest).map(|(member, text)| (member.id, text.to_owned()));
        let (id, text) = match found {
            Ok((_, text)) if text.is_empty() => {
                return self.show(Notice::Error("not said: there is no text behind the name".to_owned()));
            }
            Ok(found) => found,
            Err(error) => return self.show(Notice::Error(format!("not said: {error}"))),
        };
        let to = self.people.names.label(&id).unwrap_or_default();
        let Some(conversation) = self.conversation.as_mut() else { return };
        match conversation.say_privately(&id, &text, now) {
            Ok(()) => self.show(Notice::PrivateSent { to, text }),
            Err(error) => self.show(Notice::Error(format!("not said: {error}"))),
        }
    }

    fn verify(&mut self, rest: &str, now: Time) {
        let Some(conversation) = self.conversation.as_mut() else { return };
        match rest {
            "" => match conversation.verify(now) {
                Ok(()) => self.show(Notice::VerifyBegun { by: self.nick.to_string() }),
                Err(error) => self.show(Notice::Error(error.to_string())),
            },
            "yes" => match conversation.confirm() {
                Ok(members) => self.verified(&members),
                Err(error) => self.show(Notice::Error(error.to_string())),
            },
            "no" => self.show(Notice::Warning(MISMATCH.to_owned())),
            _ => self.verify_one(rest),
        }
    }

    fn verify_one(&mut self, rest: &str) {
        let found = self.people.names.find(rest).map(|(member, rest)| (member.clone(), rest.to_owned()));
        let (member, rest) = match found {
            Ok(found) => found,
            Err(error) => return self.show(Notice::Error(error.to_string())),
        };
        let Some(conversation) = self.conversation.as_mut() else { return };
        match rest.as_str() {
            "" => {
                let Some(number) = conversation.safety_number(&member) else { return };
                let nick = self.label_of(&member);
                self.show(Notice::SafetyNumber { nick, number });
            }
            "yes" => {
                conversation.confirm_key(member.key);
                self.verified(&[member]);
            }
            "no" => self.show(Notice::Warning(MISMATCH.to_owned())),
            _ => {
                let text = "after the name comes nothing, “yes” (the numbers match) or “no”";
                self.show(Notice::Error(text.to_owned()));
            }
        }
    }

    fn verified(&mut self, members: &[Member]) {
        let mut news = false;
        for member in members {
            self.people.marked.insert(member.key);
            news |= self.people.known.verified(member);
        }
        if news {
            self.remember();
        }
        let members = members.iter().map(|member| self.label_of(member)).collect();
        self.show(Notice::Verified { members });
    }

    fn remember(&mut self) {
        if self.people.remembers {
            self.effects.push(Effect::Remember(self.people.known.to_text()));
        }
    }

    fn lock(&mut self, locked: bool, now: Time) {
        let Some(conversation) = self.conversation.as_mut() else { return };
        match conversation.lock(locked, now) {
            Ok(()) => self.show(Notice::Locked { by: self.nick.to_string(), locked }),
            Err(error) => self.show(Notice::Error(error.to_string())),
        }
    }

    fn remove(&mut self, rest: &str, now: Time) {
        let found: Result<MemberId, NameError> = match self.people.names.find(rest) {
            Ok((member, "")) => Ok(member.id),
            Ok(_) => Err(NameError::Nobody),
            Err(error) => Err(error),
        };
        let id = match found {
            Ok(id) => id,
            Err(error) => return self.show(Notice::Error(error.to_string())),
        };
        let Some(conversation) = self.conversation.as_mut() else { return };
        match conversation.remove(&id, now) {
            Ok(()) => {
                let nick = self.people.names.left(&id).unwrap_or_default();
                self.show(Notice::Removed { by: None, nick });
            }
            Err(error) => self.show(Notice::Error(error.to_string())),
        }
    }

    fn rekey(&mut self, now: Time) {
        let Some(conversation) = self.conversation.as_mut() else { return };
        match conversation.move_room(now) {
            Ok(()) => self.show(Notice::Moving { by: self.nick.to_string() }),
            Err(error) => self.show(Notice::Error(error.to_string())),
        }
    }

    fn moved(&mut self, secret: RoomSecret, now: Time) {
        self.link.secret = secret;
        self.people.names.clear();
        self.show(Notice::Moved);
        if !matches!(self.phase, Phase::Leaving { .. } | Phase::Over) {
            self.phase = Phase::Entering { until: now + ENTER_TIMEOUT };
        }
    }
}

const MISMATCH: &str = "if what you read differs, somebody sits between you: he reads and can change all that is said. \
                        Whoever made the room should make a new one and hand its link over by a way that nobody else sees";

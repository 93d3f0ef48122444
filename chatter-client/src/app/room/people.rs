//! What is done with single members, and with the room as a house: private words, verification, the door.
//!
//! **In** commands, happenings. **Out** what the conversation does about them, notices. **Never** a mark that the user did
//! not ask for, nor a changed identity that passes without a shout.

use std::collections::BTreeSet;

use chatter_proto::relay::Welcome;
use chatter_protocol::ids::{MemberId, Nickname};
use chatter_protocol::room::conversation::{Conversation, Happening, Member, Void, Warning, Who};
use chatter_protocol::room::identity::{Identity, StayKey};
use chatter_protocol::room::secret::RoomSecret;
use chatter_protocol::time::Time;

use super::{Phase, Room, Shared};
use crate::app::ENTER_TIMEOUT;
use crate::app::names::NameError;
use crate::command::Command;
use crate::event::{Effect, Notice};
use crate::known::{Known, Meeting};
use crate::secret::SecretText;
use crate::texts::text;

/// Who we are, and whom we know.
#[derive(Debug, Default)]
pub(crate) struct People {
    /// What we show in place of a fresh key.
    pub(crate) identity: Option<Identity>,
    /// Who was met before.
    pub(crate) known: Known,
    /// Whether that is to be remembered beyond this run.
    pub(crate) remembers: bool,
    /// The keys of those who were verified: neither a lost session nor another room changes theirs.
    pub(in crate::app) marked: BTreeSet<StayKey>,
}

impl Room {
    /// Carries out what has waited.
    pub(super) fn attend(&mut self, shared: &mut Shared, now: Time) {
        while self.phase == Phase::Talking && self.may_attend() {
            let Some(command) = self.waiting.pop_front() else { return };
            match command {
                Command::Private(rest) => self.say_privately(&rest, shared, now),
                Command::Send(rest) => self.send_file(rest.trim(), shared),
                Command::Accept(rest) => self.accept_file(rest.trim(), shared),
                Command::Cancel(rest) => self.cancel_file(rest.trim(), shared, now),
                Command::Verify(rest) => self.verify(rest.trim(), shared, now),
                Command::Lock => self.lock(true, shared, now),
                Command::Unlock => self.lock(false, shared, now),
                Command::Remove(rest) => self.remove(rest.trim(), shared, now),
                Command::Ignore(rest) => self.ignore(rest.trim(), true, shared),
                Command::Unignore(rest) => self.ignore(rest.trim(), false, shared),
                Command::Rekey => self.rekey(shared, now),
                Command::List(name) => self.list(&name, shared),
                Command::Unlist => self.unlist(shared),
                // Carried out at once, or about no single room.
                Command::Say(_)
                | Command::Resend(_)
                | Command::Drop(_)
                | Command::Info(_)
                | Command::Reconnect
                | Command::Who
                | Command::Link
                | Command::Join(_)
                | Command::New(_)
                | Command::Nick(_)
                | Command::Leave
                | Command::Files
                | Command::Rooms
                | Command::Room(_)
                | Command::In(_)
                | Command::Help
                | Command::Quit
                | Command::Nothing => {}
            }
        }
    }

    pub(super) fn who(&self, shared: &mut Shared) {
        let you = self.nick.to_string();
        let mut notice = (vec![you.clone()], Vec::new(), Vec::new());
        for (member, label) in self.names.all() {
            if self.conversation.as_ref().is_some_and(|conversation| conversation.is_verified(&member.key)) {
                notice.1.push(label.clone());
            }
            if member.lasting {
                notice.2.push(label.clone());
            }
            notice.0.push(label);
        }
        let (members, verified, lasting) = notice;
        self.show(shared, Notice::Who { you, members, verified, lasting });
        let Some(conversation) = &self.conversation else { return };
        let label = |who: &Who| {
            let nick = || who.nick.as_ref().map_or_else(|| text!("somebody"), ToString::to_string);
            self.names.label(&who.id).unwrap_or_else(nick)
        };
        let pairs =
            conversation.unconnected().map(|(one, other)| (label(&one), label(&other))).collect::<Vec<_>>();
        let unmet = conversation.unmet();
        if unmet > 0 || !pairs.is_empty() {
            self.show(shared, Notice::Unconnected { unmet, pairs });
        }
    }

    pub(super) fn show_link(&self, shared: &mut Shared) {
        let link = SecretText::new(std::mem::take(&mut *self.link.to_text()));
        self.show(shared, Notice::Room { link });
    }

    /// Somebody's channel is finished.
    pub(super) fn met(&mut self, id: &MemberId, nick: &Nickname, shared: &mut Shared) {
        let Some(member) =
            self.conversation.as_ref().and_then(|conversation| conversation.member(id)).cloned()
        else {
            // He has left again by now.
            return self.show(shared, Notice::MemberJoined { nick: nick.to_string() });
        };
        self.names.joined(member.clone(), &self.nick);
        let label = self.label(id, nick);
        self.show(shared, Notice::MemberJoined { nick: label.clone() });
        match shared.people.known.meet(&member) {
            Meeting::Stranger | Meeting::Same { verified: false } => {}
            Meeting::Same { verified: true } => {
                shared.has_marked |= shared.people.marked.insert(member.key);
                if let Some(conversation) = self.conversation.as_mut() {
                    conversation.confirm_key(member.key);
                }
            }
            Meeting::New => Self::remember(shared),
            Meeting::Other { before } => {
                let (nick, before) = (nick.to_string(), before.to_text());
                let text = if member.lasting {
                    let key = member.key.to_text();
                    text!("identity-other", nick = nick, label = label, key = key, before = before)
                } else {
                    text!("identity-none", nick = nick, label = label, before = before)
                };
                self.show(shared, Notice::Warning(text));
            }
        }
    }

    /// A warning, with the marks of those whom it names where they have namesakes.
    pub(super) fn warned(&self, warning: &Warning, shared: &mut Shared) {
        let mut text = warning.to_string();
        for who in warning.about() {
            let label = self.names.label(&who.id).filter(|label| label.contains('#'));
            if let (Some(nick), Some(label)) = (&who.nick, label) {
                text = text!("warning-about", warning = text, nick = nick.to_string(), label = label);
            }
        }
        self.show(shared, Notice::Warning(text));
    }

    /// Somebody's channel is over: what he was called.
    pub(super) fn gone(&mut self, id: &MemberId, nick: &Nickname) -> String {
        self.names.left(id).unwrap_or_else(|| nick.to_string())
    }

    /// What a member is called here.
    pub(super) fn label(&self, id: &MemberId, nick: &Nickname) -> String {
        self.names.label(id).unwrap_or_else(|| nick.to_string())
    }

    fn label_of(&self, member: &Member) -> String {
        self.label(&member.id, &member.nick)
    }

    /// What happened with single members, or to the room's door.
    pub(super) fn people_happened(&mut self, happening: Happening, shared: &mut Shared, now: Time) {
        match happening {
            Happening::Private { from, nick, text } => {
                let from = self.label(&from, &nick);
                self.show(shared, Notice::Private { from, text });
            }
            Happening::VerifyBegun { by } => {
                let by = self.label_of(&by);
                self.show(shared, Notice::VerifyBegun { by });
            }
            Happening::VerifyWords { words } => {
                let words = words.iter().map(|word| (*word).to_owned()).collect();
                self.show(shared, Notice::VerifyWords { words });
            }
            // The other one goes on and shows its words.
            Happening::VerifyVoid(Void::Crossed) => {}
            Happening::VerifyVoid(void) => self.show(shared, Notice::VerifyVoid { reason: void.to_string() }),
            Happening::Locked { by, locked } => {
                let by = self.label_of(&by);
                self.show(shared, Notice::Locked { by, locked });
            }
            Happening::KeptOut => self.show(shared, Notice::KeptOut),
            Happening::Removed { by, whom } => {
                let (by, nick) = (Some(self.label_of(&by)), self.label_of(&whom));
                self.show(shared, Notice::Removed { by, nick });
            }
            Happening::Parted { by } => {
                let nick = self.gone(&by.id, &by.nick);
                self.show(shared, Notice::Parted { nick });
                self.files.transfers.member_left(&by.id);
                self.file_outputs(shared, now);
            }
            Happening::Moving { by } => {
                let by = self.label_of(&by);
                self.show(shared, Notice::Moving { by });
            }
            Happening::Moved { secret } => self.moved(secret, shared, now),
            Happening::Entered { .. }
            | Happening::MemberJoined { .. }
            | Happening::MemberLeft { .. }
            | Happening::Message { .. }
            | Happening::Transfer { .. }
            | Happening::Acknowledged { .. }
            | Happening::Opened { .. }
            | Happening::Warning(_)
            | Happening::Refused(_) => {}
        }
    }

    fn say_privately(&mut self, rest: &str, shared: &mut Shared, now: Time) {
        let found = self.names.find(rest).map(|(member, text)| (member.id, text.to_owned()));
        let (id, text) = match found {
            Ok((_, text)) if text.is_empty() => {
                return self.error(shared, text!("not-said", reason = text!("private-empty")));
            }
            Ok(found) => found,
            Err(error) => return self.error(shared, text!("not-said", reason = error.to_string())),
        };
        let to = self.names.label(&id).unwrap_or_default();
        let Some(conversation) = self.conversation.as_mut() else { return };
        match conversation.say_privately(&id, &text, now) {
            Ok(()) => self.show(shared, Notice::PrivateSent { to, text }),
            Err(error) => self.error(shared, text!("not-said", reason = error.to_string())),
        }
    }

    fn verify(&mut self, rest: &str, shared: &mut Shared, now: Time) {
        let Some(conversation) = self.conversation.as_mut() else { return };
        match rest {
            "" => match conversation.verify(now) {
                Ok(()) => self.show(shared, Notice::VerifyBegun { by: self.nick.to_string() }),
                Err(error) => self.error(shared, error),
            },
            "yes" => match conversation.confirm() {
                Ok(members) => self.verified(&members, shared),
                Err(error) => self.error(shared, error),
            },
            "no" => self.show(shared, Notice::Warning(text!("verify-differs"))),
            _ => self.verify_one(rest, shared),
        }
    }

    fn verify_one(&mut self, rest: &str, shared: &mut Shared) {
        let found = self.names.find(rest).map(|(member, rest)| (member.clone(), rest.to_owned()));
        let (member, rest) = match found {
            Ok(found) => found,
            Err(error) => return self.error(shared, error),
        };
        let Some(conversation) = self.conversation.as_mut() else { return };
        match rest.as_str() {
            "" => {
                let Some(number) = conversation.safety_number(&member) else { return };
                let nick = self.label_of(&member);
                self.show(shared, Notice::SafetyNumber { nick, number });
            }
            "yes" => {
                conversation.confirm_key(member.key);
                self.verified(&[member], shared);
            }
            "no" => self.show(shared, Notice::Warning(text!("verify-differs"))),
            _ => {
                self.error(shared, text!("verify-usage"));
            }
        }
    }

    fn verified(&mut self, members: &[Member], shared: &mut Shared) {
        let mut news = false;
        for member in members {
            shared.has_marked |= shared.people.marked.insert(member.key);
            news |= shared.people.known.verified(member);
        }
        if news {
            Self::remember(shared);
        }
        let members = members.iter().map(|member| self.label_of(member)).collect();
        self.show(shared, Notice::Verified { members });
    }

    fn remember(shared: &mut Shared) {
        if shared.people.remembers {
            shared.effects.push(Effect::Remember(shared.people.known.to_text()));
        }
    }

    fn lock(&mut self, locked: bool, shared: &mut Shared, now: Time) {
        let Some(conversation) = self.conversation.as_mut() else { return };
        match conversation.lock(locked, now) {
            Ok(()) => self.show(shared, Notice::Locked { by: self.nick.to_string(), locked }),
            Err(error) => self.error(shared, error),
        }
    }

    fn remove(&mut self, rest: &str, shared: &mut Shared, now: Time) {
        let found: Result<MemberId, NameError> = match self.names.find(rest) {
            Ok((member, "")) => Ok(member.id),
            Ok(_) => Err(NameError::Nobody),
            Err(error) => Err(error),
        };
        let id = match found {
            Ok(id) => id,
            Err(error) => return self.error(shared, error),
        };
        let Some(conversation) = self.conversation.as_mut() else { return };
        match conversation.remove(&id, now) {
            Ok(()) => {
                let nick = self.names.left(&id).unwrap_or_default();
                self.show(shared, Notice::Removed { by: None, nick });
                self.files.transfers.member_left(&id);
                self.file_outputs(shared, now);
            }
            Err(error) => self.error(shared, error),
        }
    }

    /// What somebody says is not shown any more, or shown again; nobody else hears of it.
    fn ignore(&mut self, rest: &str, ignore: bool, shared: &mut Shared) {
        let found = match self.names.find(rest) {
            Ok((member, "")) => Ok((member.id, self.label_of(member))),
            Ok(_) => Err(NameError::Nobody),
            Err(error) => Err(error),
        };
        let (id, label) = match found {
            Ok(found) => found,
            Err(error) => return self.error(shared, error),
        };
        let text = if ignore {
            self.ignored.insert(id);
            text!("ignored", nick = label)
        } else if self.ignored.remove(&id) {
            text!("ignored-no-longer", nick = label)
        } else {
            return self.error(shared, text!("ignored-not", nick = label));
        };
        self.show(shared, Notice::Progress(text));
    }

    fn rekey(&mut self, shared: &mut Shared, now: Time) {
        let Some(conversation) = self.conversation.as_mut() else { return };
        match conversation.move_room(now) {
            Ok(()) => self.show(shared, Notice::Moving { by: self.nick.to_string() }),
            Err(error) => self.error(shared, error),
        }
    }

    /// `/nick`: goes out and comes in again under another name. Marks stay, since they are about keys.
    pub(in crate::app) fn rename(&mut self, name: &str, shared: &mut Shared, now: Time) {
        let nick = match Nickname::parse(name) {
            Ok(nick) => nick,
            Err(error) => return self.error(shared, error),
        };
        if self.phase == Phase::Outside {
            self.nick = nick;
            return self.show(shared, Notice::Progress(text!("nick-next", nick = name)));
        }
        if self.phase != Phase::Talking || !self.is_done() {
            return self.error(shared, text!("nick-later"));
        }
        // Whoever misses it sees somebody leave and somebody come.
        self.say(format!("/me {}", text!("does-rename", nick = name)), shared, now);
        self.renaming = Some(nick);
    }

    /// Once all that was said under the old name is taken: what is taken later would be news of another stay.
    pub(in crate::app) fn rename_when_due(
        &mut self,
        welcome: Option<&Welcome>,
        shared: &mut Shared,
        now: Time,
    ) {
        if self.phase == Phase::Outside {
            if let Some(nick) = self.renaming.take() {
                self.nick = nick;
            }
            return;
        }
        let all_taken =
            self.untaken.is_empty() && self.conversation.as_ref().is_some_and(Conversation::all_acknowledged);
        let Some(nick) = self.renaming.take_if(|_| self.phase == Phase::Talking && all_taken) else { return };
        self.say_goodbye(shared, now);
        self.files.transfers.left();
        self.file_outputs(shared, now);
        self.names.clear();
        self.said_before = self.said;
        self.nick = nick;
        self.enter(welcome, shared, now);
    }

    fn moved(&mut self, secret: RoomSecret, shared: &mut Shared, now: Time) {
        self.link.secret = secret;
        self.names.clear();
        self.files.transfers.left();
        self.file_outputs(shared, now);
        self.show(shared, Notice::Moved);
        // Nothing was lost: we have only gone elsewhere.
        self.returning = None;
        // Who is to be kept out by the move reads lists, too.
        self.wish = None;
        if self.listed.take().is_some() {
            self.show(shared, Notice::Listed { name: None, open: false });
        }
        if self.phase != Phase::Outside {
            self.phase = Phase::Entering { until: now + ENTER_TIMEOUT };
        }
    }
}

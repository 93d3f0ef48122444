//! Saying one thing when those are there for whom it is, for `send` with `--to` and `--wait-for`.
//!
//! **In** who is here. **Out** whether it may be said; the text, to one alone where it is for one. **Never** a success
//! for a private text of which the relay may not have heard: the answer to our goodbye comes behind it.

use chatter_protocol::time::Time;

use super::{Room, Shared};
use crate::event::Notice;
use crate::exit::Failure;
use crate::texts::text;

/// For whom a text waits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Awaited {
    /// The one to whom it is said, and nobody else.
    pub(crate) to: Option<String>,
    /// How many others have to be there.
    pub(crate) company: usize,
}

impl Room {
    /// Whether what is to be said waits for somebody.
    pub(in crate::app) fn awaits(&self) -> bool {
        !self.outbox.is_empty() && !self.has_awaited()
    }

    pub(super) fn has_awaited(&self) -> bool {
        let Awaited { to, company } = &self.awaited;
        let is_here = |nick: &String| matches!(self.names.find(nick), Ok((_, "")));
        self.names.all().count() >= *company && to.as_ref().is_none_or(is_here)
    }

    /// Says for whom it waits, once.
    pub(super) fn tell_awaited(&mut self, shared: &mut Shared) {
        if !self.awaits() || std::mem::replace(&mut self.told_awaited, true) {
            return;
        }
        let text = match &self.awaited {
            Awaited { to: Some(nick), .. } => text!("awaiting-member", nick = nick),
            Awaited { company, .. } => text!("awaiting-others", count = *company),
        };
        self.show(shared, Notice::Progress(text));
    }

    /// Says it to the one for whom it is.
    pub(super) fn say_to_one(&mut self, nick: &str, text: String, shared: &mut Shared, now: Time) {
        let Ok((id, "")) = self.names.find(nick).map(|(member, rest)| (member.id, rest)) else { return };
        let Some(conversation) = self.conversation.as_mut() else { return };
        match conversation.say_privately(&id, &text, now) {
            Ok(()) => {
                let to = self.names.label(&id).unwrap_or_else(|| nick.to_owned());
                self.unconfirmed = Some(text.clone());
                self.show(shared, Notice::PrivateSent { to, text });
            }
            Err(error) => {
                self.error(shared, text!("not-said", reason = error.to_string()));
                shared.failure = Some(Failure::NotSaid);
            }
        }
    }
}

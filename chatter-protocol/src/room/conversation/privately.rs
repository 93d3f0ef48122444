//! What is told to one member alone, or to each alone: over the pair channel, never through the room (§7.7).
//!
//! **In** texts for one, contents of private frames. **Out** private frames, happenings; what concerns verification and
//! the house goes on to their rooms. **Never** a private text in the clear, nor to anybody but its receiver.

use chatter_proto::room::private::Content;
use zeroize::Zeroize as _;

use super::{Conversation, Happening, Member, Peer, SayError, Warning};
use crate::ids::MemberId;
use crate::limits;
use crate::room::transfer::Step;
use crate::time::Time;

impl Conversation {
    /// Says `text` to one member alone. The relay does not acknowledge it: what it withholds shows with the next frame
    /// of the pair.
    ///
    /// # Errors
    /// [`SayError`] says why nothing was sent.
    pub fn say_privately(&mut self, to: &MemberId, text: &str, now: Time) -> Result<(), SayError> {
        if self.stay.is_none() || !self.entered {
            return Err(SayError::NotInRoom);
        }
        if text.len() > limits::TEXT_LEN_MAX {
            return Err(SayError::TooLong);
        }
        if self.member(to).is_none() {
            return Err(SayError::NoSuchMember);
        }
        self.tell_one(to, Content::Text(text.into()), now);
        Ok(())
    }

    /// Whether a member's program understands steps of sending files.
    pub fn takes_files(&self, id: &MemberId) -> bool {
        self.peers.get(id).and_then(Peer::introduced).is_some_and(|introduced| introduced.takes_files)
    }

    /// Sends a member a step of sending a file. Whoever has left in the meantime gets none: that shows by itself.
    pub fn send_step(&mut self, to: &MemberId, step: &Step, now: Time) {
        if self.entered && self.takes_files(to) {
            self.tell_one(to, Content::Transfer(step.encode()), now);
        }
    }

    /// Takes what a member told us alone.
    pub(super) fn told(&mut self, id: &MemberId, content: Content, now: Time) {
        let Some(by) = self.member(id).cloned() else { return };
        match content {
            Content::Text(text) => self.told_text(by, text),
            Content::Commit(commit) => self.take_commit(id, &commit, now),
            Content::Reveal(reveal) => self.take_reveal(id, &reveal, now),
            Content::Locked(locked) => self.told_lock(by, locked),
            Content::Removed(removed) => self.told_removal(by, &removed),
            Content::Parted(_) => self.told_parted(by, now),
            Content::Moved(mut secret) => {
                self.told_move(by, &secret, now);
                secret.zeroize();
            }
            Content::Transfer(transfer) => match Step::decode(transfer) {
                Some(step) => self.show(Happening::Transfer { from: by.id, step }),
                None => self.strike(id, |who| Warning::Unreadable { who }),
            },
            Content::Missed(missed) => self.told_missed(id, &missed),
            // The channel has taken these.
            Content::Profile(_) | Content::Goodbye(_) | Content::Roll(_) => {}
        }
    }

    fn told_text(&mut self, by: Member, mut text: alloc::string::String) {
        if text.len() > limits::TEXT_LEN_MAX {
            text.zeroize();
            return self.strike(&by.id, |who| Warning::Unreadable { who });
        }
        self.show(Happening::Private { from: by.id, nick: by.nick, text });
    }

    pub(super) fn tell_one(&mut self, to: &MemberId, content: Content, now: Time) {
        let Some(mut peer) = self.peers.remove(to) else { return };
        self.tell(to, &mut peer, content, now);
        self.peers.insert(*to, peer);
    }

    /// Tells each of those with whom we have a finished channel.
    pub(super) fn tell_each(&mut self, content: &Content, now: Time) {
        let mut peers = core::mem::take(&mut self.peers);
        for (id, peer) in peers.iter_mut().filter(|(_, peer)| Peer::member(peer).is_some()) {
            self.tell(id, peer, content.clone(), now);
        }
        self.peers = peers;
    }
}

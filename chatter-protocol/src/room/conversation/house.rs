//! Who may be here: locking the room, parting with somebody, moving to a new secret, and the identity that we show.
//!
//! **In** the user's wishes, what others tell. **Out** private frames, happenings. **Never** power over others: each
//! program keeps its own door, and does what others ask for because its user would.

use alloc::collections::BTreeSet;

use chatter_proto::room::{Parted, pair_frame::Frame, private::Content};

use super::peer::{Ourselves, Stage};
use super::{Conversation, Happening, Member, SayError, Warning, Who};
use crate::ids::MemberId;
use crate::limits;
use crate::room::identity::{Identity, Keeping, StayKey, safety_number};
use crate::room::pair::RoomKeys;
use crate::room::secret::RoomSecret;
use crate::time::Time;

/// What a member knows of his house.
#[derive(Debug)]
pub(super) struct House {
    server_key: [u8; 32],
    identity: Option<(Identity, Keeping)>,
    locked: bool,
    /// Who has told us that he parted with whom: that they do not see each other is nobody's fault.
    removals: BTreeSet<(MemberId, MemberId)>,
    /// The secret of the room to which we move, and when.
    moving: Option<(RoomSecret, Time)>,
}

impl House {
    pub(super) fn new(server_key: [u8; 32], identity: Option<(Identity, Keeping)>) -> Self {
        Self { server_key, identity, locked: false, removals: BTreeSet::new(), moving: None }
    }

    pub(super) fn identity(&self) -> Option<(&Identity, Keeping)> {
        self.identity.as_ref().map(|(identity, keeping)| (identity, *keeping))
    }

    pub(super) fn is_locked(&self) -> bool {
        self.locked
    }

    /// Whether one of them has parted with the other.
    pub(super) fn have_parted(&self, one: &MemberId, other: &MemberId) -> bool {
        self.removals.contains(&(*one, *other)) || self.removals.contains(&(*other, *one))
    }

    /// Who was not in when it was time to move does so from now on.
    pub(super) fn put_off_move(&mut self, now: Time) {
        if let Some((_, at)) = &mut self.moving {
            *at = (*at).max(now);
        }
    }

    /// How many removals are remembered.
    pub(super) fn removals(&self) -> usize {
        self.removals.len()
    }

    /// Nothing of that outlasts a stay.
    pub(super) fn forget_stay(&mut self) {
        self.locked = false;
        self.removals.clear();
    }

    pub(super) fn poll_timeout(&self) -> Option<Time> {
        self.moving.as_ref().map(|(_, at)| *at)
    }
}

impl Conversation {
    /// The key that we show in this stay.
    pub fn own_key(&self) -> Option<StayKey> {
        Some(self.stay.as_ref()?.key())
    }

    /// Our id in this stay.
    pub fn own_id(&self) -> Option<&MemberId> {
        Some(self.stay.as_ref()?.id())
    }

    /// The sixty digits that this member reads alike exactly if nobody sits between us.
    pub fn safety_number(&self, member: &Member) -> Option<alloc::string::String> {
        Some(safety_number(self.keys.id(), &self.own_key()?, &member.key))
    }

    /// Whether newcomers are kept out.
    pub fn is_locked(&self) -> bool {
        self.house.locked
    }

    /// Keeps newcomers out, or lets them in again, and asks everybody else's program to do the same.
    ///
    /// # Errors
    /// [`SayError::NotInRoom`].
    pub fn lock(&mut self, locked: bool, now: Time) -> Result<(), SayError> {
        self.in_room()?;
        self.tell_each(&Content::Locked(locked), now);
        self.set_lock(locked);
        Ok(())
    }

    /// Parts with a member: wraps nothing more for him, hears nothing of him, and tells him and everybody else.
    ///
    /// # Errors
    /// [`SayError::NoSuchMember`], [`SayError::NotInRoom`].
    pub fn remove(&mut self, id: &MemberId, now: Time) -> Result<(), SayError> {
        self.in_room()?;
        if self.member(id).is_none() {
            return Err(SayError::NoSuchMember);
        }
        self.tell_one(id, Content::Parted(Parted {}), now);
        self.part_with(id, Stage::Parted, now);
        self.tell_each(&Content::Removed(id.as_bytes().to_vec()), now);
        Ok(())
    }

    /// Draws a new secret for the room and moves there with everybody who has a channel with us.
    ///
    /// # Errors
    /// [`SayError::NotInRoom`].
    pub fn move_room(&mut self, now: Time) -> Result<(), SayError> {
        self.in_room()?;
        let secret = RoomSecret::generate(&mut self.entropy);
        self.tell_each(&Content::Moved(secret.as_bytes().to_vec()), now);
        self.choose(secret, now);
        Ok(())
    }

    pub(super) fn told_lock(&mut self, by: Member, locked: bool) {
        if self.house.locked != locked {
            self.set_lock(locked);
            self.show(Happening::Locked { by, locked });
        }
    }

    pub(super) fn told_removal(&mut self, by: Member, removed: &[u8]) {
        let whom = MemberId::from_slice(removed).and_then(|id| self.member(&id).cloned());
        if let Some(whom) = whom {
            if self.house.removals.len() >= limits::REMOVALS_MAX
                || !self.house.removals.insert((by.id, whom.id))
            {
                return;
            }
            self.show(Happening::Removed { by, whom });
        }
    }

    pub(super) fn told_parted(&mut self, by: Member, now: Time) {
        self.part_with(&by.id, Stage::Parted, now);
        self.show(Happening::Parted { by });
    }

    pub(super) fn told_move(&mut self, by: Member, secret: &[u8], now: Time) {
        let Ok(secret) = secret.try_into() else {
            return self.strike(&by.id, |who| Warning::Unreadable { who });
        };
        self.show(Happening::Moving { by });
        self.choose(RoomSecret::from_bytes(secret), now);
    }

    /// Moves when everybody has had time to hear of it.
    pub(super) fn move_when_due(&mut self, now: Time) {
        // Two ways in at once could not be told apart: whoever comes back meanwhile moves when he is in.
        if !self.entered {
            return;
        }
        let Some((secret, _)) = self.house.moving.take_if(|(_, at)| *at <= now) else { return };
        self.leave(now);
        self.keys = RoomKeys::new(&secret, &self.house.server_key);
        self.join();
        self.show(Happening::Moved { secret });
    }

    /// Of two secrets drawn at once everybody takes the one whose room has the lower id.
    fn choose(&mut self, secret: RoomSecret, now: Time) {
        let id = |secret: &RoomSecret| secret.room_id(&self.house.server_key);
        match &self.house.moving {
            Some((chosen, _)) if id(chosen) <= id(&secret) => {}
            Some((_, at)) => self.house.moving = Some((secret, *at)),
            None => self.house.moving = Some((secret, now + limits::MOVE_DELAY)),
        }
    }

    fn in_room(&self) -> Result<(), SayError> {
        (self.stay.is_some() && self.entered).then_some(()).ok_or(SayError::NotInRoom)
    }

    /// Whoever was kept out is let in when the lock goes.
    fn set_lock(&mut self, locked: bool) {
        self.house.locked = locked;
        if locked {
            return;
        }
        let mut peers = core::mem::take(&mut self.peers);
        for (id, peer) in &mut peers {
            let Some(first) = peer.let_in() else { continue };
            let Some(stay) = &self.stay else { continue };
            let ourselves = Ourselves { keys: &self.keys, stay };
            match peer.take_first(id, ourselves, &first, &mut self.entropy) {
                Ok(Some(answer)) => self.send_pair(id, Frame::Second(answer)),
                Ok(None) => {}
                Err(trouble) => self.warn(trouble(Who { id: *id, nick: None })),
            }
        }
        self.peers = peers;
    }
}

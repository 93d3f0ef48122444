//! One room as the relay sees it.
//!
//! **In** members by id, wraps by id. **Out** who gets which wrap. **Never** a wrap for somebody else's eyes.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use chatter_proto::relay::Wrap;
use prost::bytes::Bytes;

use crate::ids::{MemberId, SessionId};
use crate::limits;

/// Those who are in it. A backplane between machines would stand here.
#[derive(Clone, Debug, Default)]
pub(super) struct Room {
    pub(super) members: BTreeMap<MemberId, Member>,
}

/// Somebody in a room.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) session: SessionId,
    /// The session's own number for the room.
    pub(super) number: u32,
    pub(super) hello: Bytes,
}

impl Room {
    /// Everybody but the sender, each with his own wrap, or none where the sender made none. Wraps for others are
    /// dropped. Both sides are walked once, in the order of their ids, in which clients send wraps anyway.
    pub(super) fn match_wraps(
        &self,
        sender: &MemberId,
        mut wraps: Vec<Wrap>,
    ) -> impl Iterator<Item = (&Member, Vec<u8>)> {
        wraps.sort_unstable_by(|one, two| one.member_id.cmp(&two.member_id));
        let mut wraps = wraps.into_iter().peekable();
        self.members.iter().filter(move |(id, _)| *id != sender).map(move |(id, member)| {
            while wraps.next_if(|wrap| wrap.member_id.as_slice() < id.as_bytes().as_slice()).is_some() {}
            let wrap = wraps.next_if(|wrap| wrap.member_id == id.as_bytes());
            let sealed = wrap.map(|wrap| wrap.sealed).filter(|sealed| sealed.len() <= limits::WRAP_LEN);
            (member, sealed.unwrap_or_default())
        })
    }
}

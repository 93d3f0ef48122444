//! The steps of sending a file as they travel, and as they are once they have been judged (§14).
//!
//! **In** what came over a pair channel. **Out** steps whose lengths and numbers are within their limits. **Never** a name
//! that could leave its folder.

use chatter_proto::room::transfer::Step as Wire;
use chatter_proto::room::{
    FileCancel, FileChunk, FileGrant, FileKept, FileOffer, FileResume, Transfer, file_cancel,
};
use core::fmt;
use zeroize::Zeroizing;

use super::FileName;
use crate::ids::MemberId;
use crate::limits;
use crate::seal;

/// Names one file on its way to one taker. Nobody but giver and taker knows it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransferId([u8; 16]);

/// What is offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// What it is called.
    pub name: FileName,
    /// Bytes.
    pub size: u64,
    /// BLAKE3 of the whole.
    pub hash: [u8; 32],
    /// Whether it is a directory, sent as tar.
    pub directory: bool,
}

/// Why a transfer came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The user's wish.
    Wish,
    /// What came is not what was offered.
    Mismatch,
    /// It could not be read or written.
    Disk,
    /// There are too many already.
    Busy,
    /// A step that can't have been meant.
    BrokeRules,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The giver has a file.
    Offer(TransferId, Offer),
    /// The taker has the bytes before `have` and wants those before `until`.
    Grant {
        /// Which.
        id: TransferId,
        /// Bytes.
        have: u64,
        /// Bytes.
        until: u64,
    },
    /// The same over a new channel, to somebody who may be the giver.
    Resume {
        /// [`TransferId::proof`].
        proof: [u8; 32],
        /// Bytes.
        have: u64,
        /// Bytes.
        until: u64,
        /// Whether it is there as a whole, and right.
        kept: bool,
    },
    /// Bytes of the file.
    Chunk {
        /// Which.
        id: TransferId,
        /// Where they belong.
        offset: u64,
        /// None where it only says that the giver is here again.
        data: Zeroizing<alloc::vec::Vec<u8>>,
    },
    /// The whole has arrived.
    Kept(TransferId),
    /// Nothing more comes of it.
    Cancel(TransferId, Reason),
}

impl TransferId {
    /// The id of these bytes, which must be drawn anew for each taker.
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// What only giver and taker can make, for these two member ids alone: who is sent one can't show it to a third.
    pub fn proof(&self, taker: &MemberId, giver: &MemberId) -> [u8; 32] {
        *seal::kdf("chatter v1 file", &[&self.0, taker.as_bytes(), giver.as_bytes()])
    }
}

impl fmt::Debug for TransferId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TransferId(…)")
    }
}

impl Step {
    /// As it travels.
    pub fn encode(&self) -> Transfer {
        let bytes = |id: &TransferId| id.0.to_vec();
        let step = match self {
            Self::Offer(id, Offer { name, size, hash, directory }) => Wire::Offer(FileOffer {
                id: bytes(id),
                name: name.as_str().into(),
                size: *size,
                hash: hash.to_vec(),
                directory: *directory,
            }),
            Self::Grant { id, have, until } => {
                Wire::Grant(FileGrant { id: bytes(id), have: *have, until: *until })
            }
            Self::Resume { proof, have, until, kept } => {
                Wire::Resume(FileResume { proof: proof.to_vec(), have: *have, until: *until, kept: *kept })
            }
            Self::Chunk { id, offset, data } => {
                Wire::Chunk(FileChunk { id: bytes(id), offset: *offset, data: data.to_vec() })
            }
            Self::Kept(id) => Wire::Kept(FileKept { id: bytes(id) }),
            Self::Cancel(id, reason) => {
                Wire::Cancel(FileCancel { id: bytes(id), reason: reason.to_wire().into() })
            }
        };
        Transfer { step: Some(step) }
    }

    /// What travelled; nothing where it breaks the rules or is of a kind that is not known here.
    pub fn decode(transfer: Transfer) -> Option<Self> {
        let id = |bytes: alloc::vec::Vec<u8>| bytes.try_into().ok().map(TransferId);
        let step = match transfer.step? {
            Wire::Offer(offer) => {
                if offer.size > limits::FILE_LEN_MAX || offer.name.len() > limits::FILE_NAME_LEN_MAX {
                    return None;
                }
                let hash = offer.hash.try_into().ok()?;
                let name = FileName::tame(&offer.name);
                Self::Offer(id(offer.id)?, Offer { name, size: offer.size, hash, directory: offer.directory })
            }
            Wire::Grant(FileGrant { id: bytes, have, until }) if is_window(have, until) => {
                Self::Grant { id: id(bytes)?, have, until }
            }
            Wire::Resume(FileResume { proof, have, until, kept }) if is_window(have, until) => {
                Self::Resume { proof: proof.try_into().ok()?, have, until, kept }
            }
            Wire::Grant(_) | Wire::Resume(_) => return None,
            Wire::Chunk(FileChunk { id: bytes, offset, data }) => {
                let data = Zeroizing::new(data);
                if data.len() > limits::CHUNK_LEN_MAX || offset > limits::FILE_LEN_MAX {
                    return None;
                }
                Self::Chunk { id: id(bytes)?, offset, data }
            }
            Wire::Kept(kept) => Self::Kept(id(kept.id)?),
            Wire::Cancel(cancel) => {
                let reason = Reason::from_wire(cancel.reason());
                Self::Cancel(id(cancel.id)?, reason)
            }
        };
        Some(step)
    }
}

impl Reason {
    fn to_wire(self) -> file_cancel::Reason {
        match self {
            Self::Wish => file_cancel::Reason::Wish,
            Self::Mismatch => file_cancel::Reason::Mismatch,
            Self::Disk => file_cancel::Reason::Disk,
            Self::Busy => file_cancel::Reason::Busy,
            Self::BrokeRules => file_cancel::Reason::BrokeRules,
        }
    }

    fn from_wire(reason: file_cancel::Reason) -> Self {
        match reason {
            file_cancel::Reason::Unspecified | file_cancel::Reason::Wish => Self::Wish,
            file_cancel::Reason::Mismatch => Self::Mismatch,
            file_cancel::Reason::Disk => Self::Disk,
            file_cancel::Reason::Busy => Self::Busy,
            file_cancel::Reason::BrokeRules => Self::BrokeRules,
        }
    }
}

fn is_window(have: u64, until: u64) -> bool {
    have <= until && until <= limits::FILE_LEN_MAX
}

//! What a conversation gives its owner: frames to send, things to show.
//!
//! **In** what the corridor found. **Out** closed lists of effects. **Never** a text that was not proven to come from
//! the member it names.

use alloc::string::String;

use chatter_proto::relay::{client_frame, refused};

use super::verifying::Void;
use super::warning::Warning;
use crate::ids::{MemberId, Nickname};
use crate::limits;
use crate::room::identity::StayKey;
use crate::room::secret::RoomSecret;
use crate::room::transfer::Step;
use crate::room::verify::WORDS;

/// What the conversation wants done.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// To be sent to the relay.
    Send(client_frame::Frame),
    /// To be shown to the user.
    Show(Happening),
}

/// Something that happened in the room.
#[derive(Clone, Debug, PartialEq)]
pub enum Happening {
    /// We are in. The others show up as their channels are finished.
    Entered {
        /// How many others the relay says are there.
        present: usize,
    },
    /// Somebody is there and proved to hold the room secret.
    MemberJoined {
        /// His id for this stay.
        id: MemberId,
        /// What he calls himself.
        nick: Nickname,
    },
    /// Somebody who was there has left.
    MemberLeft {
        /// His id.
        id: MemberId,
        /// What he called himself.
        nick: Nickname,
    },
    /// Somebody said something.
    Message {
        /// Who.
        from: MemberId,
        /// What he calls himself.
        nick: Nickname,
        /// What he said; it may hold control characters, which must be shown harmlessly.
        text: String,
    },
    /// Somebody more has opened something that we said: [`Conversation::delivery`](super::Conversation::delivery) says
    /// how many have.
    Opened {
        /// Which of our texts.
        number: u64,
    },
    /// Somebody said something to us alone.
    Private {
        /// Who.
        from: MemberId,
        /// What he calls himself.
        nick: Nickname,
        /// What he said; it may hold control characters, which must be shown harmlessly.
        text: String,
    },
    /// A step of sending a file, for [`Transfers`](crate::room::transfer::Transfers).
    Transfer {
        /// Whose.
        from: MemberId,
        /// What.
        step: Step,
    },
    /// A round of verification has begun; it goes on by itself.
    VerifyBegun {
        /// Who began it.
        by: Member,
    },
    /// Everybody in the view reads the same words, if nobody sits between any of them.
    VerifyWords {
        /// To be compared by voice.
        words: [&'static str; WORDS],
    },
    /// The round came to nothing.
    VerifyVoid(Void),
    /// Somebody has locked the room, or unlocked it: our program does the same.
    Locked {
        /// Who.
        by: Member,
        /// Whether it is locked now.
        locked: bool,
    },
    /// Somebody came while the room is locked and is kept out.
    KeptOut,
    /// Somebody has parted with somebody else, and thinks that we should, too.
    Removed {
        /// Who has.
        by: Member,
        /// With whom.
        whom: Member,
    },
    /// Somebody has parted with us: neither hears the other any more.
    Parted {
        /// Who.
        by: Member,
    },
    /// Somebody has drawn a new secret for the room; our program moves with the others in a moment.
    Moving {
        /// Who.
        by: Member,
    },
    /// We have left the room and are entering the one of this secret.
    Moved {
        /// The way into it.
        secret: RoomSecret,
    },
    /// The relay has taken what [`Conversation::say`](super::Conversation::say) gave this number.
    Acknowledged {
        /// The number.
        number: u64,
    },
    /// Something is wrong, and an honest relay is not the cause.
    Warning(Warning),
    /// The relay did not carry out what we asked; where that was to join, we are in no room.
    Refused(refused::Reason),
}

/// Somebody with whom we have a finished channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// His id for this stay.
    pub id: MemberId,
    /// What he calls himself.
    pub nick: Nickname,
    /// The key that he has proven to hold.
    pub key: StayKey,
    /// Whether he says that he shows it in other stays, too: a lasting identity.
    pub lasting: bool,
}

/// Why something can't be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SayError {
    /// Longer than [`limits::TEXT_LEN_MAX`].
    #[error("a message holds at most {max} KiB; send it in parts", max = limits::TEXT_LEN_MAX / 1024)]
    TooLong,
    /// The relay has not let us in yet, or we have left.
    #[error("you are not in the room yet, or not any more")]
    NotInRoom,
    /// There is no channel with him, or not any more.
    #[error("whoever that is for is not here, or not any more")]
    NoSuchMember,
}

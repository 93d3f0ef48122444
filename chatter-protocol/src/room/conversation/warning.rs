//! What can be wrong in a room, in words that its members understand.
//!
//! **In** what the conversation noticed. **Out** one sentence. **Never** a warning that an honest relay could cause.

use core::fmt;

use crate::ids::{MemberId, Nickname};

/// Who a warning is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    /// His id in the room.
    pub id: MemberId,
    /// What he calls himself, as far as he has told us.
    pub nick: Option<Nickname>,
}

/// Something that only a lying server or a misbehaving member can have caused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Warning {
    /// Numbers are missing in what somebody says.
    Withheld {
        /// Whose messages.
        who: Who,
        /// How many.
        count: u64,
    },
    /// Frames of a pair are missing that were no messages.
    FramesLost {
        /// Who sent them.
        who: Who,
        /// How many.
        count: u32,
    },
    /// So many frames are missing that the rest can't be opened.
    TooManyLost {
        /// Who sent them.
        who: Who,
    },
    /// A number that was there before.
    Repeated {
        /// Whose message.
        who: Who,
    },
    /// What we were shown of somebody's messages differs from what he published.
    ChainMismatch {
        /// Whose messages.
        who: Who,
    },
    /// Somebody has heard something else than we.
    HeardOtherwise {
        /// Who.
        who: Who,
    },
    /// Two were shown different messages of one sender.
    Differs {
        /// Whose messages; none where they are our own.
        who: Option<Who>,
        /// With whom we differ.
        between: Who,
    },
    /// Somebody is here who is kept from us.
    Hidden {
        /// Who.
        who: Who,
        /// Who sees him.
        seen_by: Who,
    },
    /// Two of those whom we see do not see each other.
    Apart {
        /// The one who said so.
        who: Who,
        /// The other.
        from: Who,
    },
    /// Somebody has been here for long, and the server kept the two of us apart.
    Split {
        /// Who.
        who: Who,
        /// For how long.
        minutes: u64,
    },
    /// A message without a key for us although its sender has a channel with us.
    WrapMissing {
        /// Whose message.
        who: Who,
    },
    /// A message or frame that nobody with its keys made so.
    DidNotOpen {
        /// Whose it claims to be.
        who: Who,
    },
    /// A message that its sender made so that it can't be read, or reads differently for others.
    Unreadable {
        /// Who made it.
        who: Who,
    },
    /// Something said by somebody whose introduction never came.
    Unintroduced {
        /// Who said it.
        who: Who,
    },
    /// Something said by somebody who is not in the room.
    Absent {
        /// Who is said to have said it.
        who: Who,
    },
    /// A handshake by somebody without the room secret, or changed on its way.
    Intruder {
        /// Under which id.
        who: Who,
    },
    /// A handshake by somebody who has the room secret and is not who he claims to be.
    Impostor {
        /// Under which id.
        who: Who,
    },
    /// A second handshake where there is one already.
    HandshakeRepeated {
        /// Under which id.
        who: Who,
    },
    /// Somebody's program speaks another version of the protocol.
    OtherVersion {
        /// Whose.
        who: Who,
        /// What is wrong with his hello.
        error: crate::room::hello::HelloError,
    },
    /// The server did what an honest one does not.
    Server {
        /// What it did.
        did: &'static str,
    },
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(nick) = &self.nick {
            return nick.fmt(f);
        }
        f.write_str("somebody unknown (")?;
        for byte in self.id.as_bytes().iter().take(4) {
            write!(f, "{byte:02x}")?;
        }
        f.write_str(")")
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Withheld { who, count: 1 } => write!(f, "a message of {who} was withheld from you"),
            Self::Withheld { who, count } => write!(f, "{count} messages of {who} were withheld from you"),
            Self::FramesLost { who, count } => {
                write!(f, "the server withheld {count} private frames of {who} from you")
            }
            Self::TooManyLost { who } => {
                write!(
                    f,
                    "so much of {who} was withheld from you that nothing opens any more; leave and join again"
                )
            }
            Self::Repeated { who } => write!(f, "a message of {who} came twice or too late; it is not shown"),
            Self::ChainMismatch { who } => {
                write!(f, "what {who} has said differs from what you were shown of it")
            }
            Self::HeardOtherwise { who } => write!(f, "what you and {who} have heard differs"),
            Self::Differs { who: Some(who), between } => {
                write!(f, "{who}'s messages differ between you and {between}")
            }
            Self::Differs { who: None, between } => {
                write!(f, "your own messages differ between you and {between}")
            }
            Self::Hidden { who, seen_by } => {
                write!(f, "{seen_by} sees {who}, whom you don't: the server keeps you apart")
            }
            Self::Apart { who, from } => {
                write!(f, "{who} does not see {from}: the server keeps them apart")
            }
            Self::Split { who, minutes } => {
                write!(
                    f,
                    "this room was split until now: the server kept {who} from you for {minutes} minutes"
                )
            }
            Self::WrapMissing { who } => {
                write!(f, "{who} said something, but its key was withheld from you")
            }
            Self::DidNotOpen { who } => {
                write!(f, "something that claims to come from {who} does not open: it was forged or damaged")
            }
            Self::Unreadable { who } => {
                write!(f, "{who} said something that can't be read; his program or he broke the rules")
            }
            Self::Unintroduced { who } => {
                write!(f, "{who} said something, but the server withheld his introduction; it is not shown")
            }
            Self::Absent { who } => write!(f, "the server says that {who}, who is not here, said something"),
            Self::Intruder { who } => write!(f, "{who} tried to get in without the room secret"),
            Self::Impostor { who } => {
                write!(f, "{who} knows the room secret but is not who he claims to be; he was kept out")
            }
            Self::HandshakeRepeated { who } => {
                write!(f, "a second handshake of {who} came and was ignored: somebody repeats or forges")
            }
            Self::OtherVersion { who, error } => write!(f, "no talk with {who} is possible: {error}"),
            Self::Server { did } => write!(f, "the server broke the rules: it {did}"),
        }
    }
}

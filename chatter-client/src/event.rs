//! All that can happen to a stay in a room, all that can be done about it, and all that can be shown of it.
//!
//! **In** nothing. **Out** the words that `network`, `client`, `app`, `plain` and `json` share.
//! **Never** a decision.

use chatter_proto::relay::{client_frame, relay_frame};
use chatter_protocol::client::End;
use zeroize::Zeroizing;

use crate::exit::Outcome;
use crate::secret::SecretText;

/// Something that happened.
#[derive(Debug)]
pub(crate) enum Event {
    /// The carrier has news.
    Network(NetworkEvent),
    /// The user typed a line: a command, or something to say.
    Line(String),
    /// Something is to be said, whatever it begins with.
    Say(String),
    /// Nothing more will be typed: leave once all is said and taken.
    InputEnded,
    /// Leave at once.
    Interrupted,
    /// Fresh randomness from the system, once in a while.
    Randomness(Zeroizing<[u8; 32]>),
    /// Time has passed.
    Timeout,
}

/// What the carrier tells.
#[derive(Debug)]
pub(crate) enum NetworkEvent {
    /// A connection is being made.
    Connecting,
    /// The door has opened.
    Connected,
    /// The connection broke; the carrier tries to get it back.
    Broken,
    /// The connection is whole again, nothing was lost.
    Resumed,
    /// Something that the user should know.
    Warning(String),
    /// The relay sent something.
    Frame(relay_frame::Frame),
    /// The session is over; the last thing that the carrier tells.
    Ended {
        /// How it ended.
        end: End,
        /// What last went wrong with a connection, as a clause.
        trouble: Option<String>,
    },
}

/// Something to be done.
#[derive(Debug)]
pub(crate) enum Effect {
    /// To the relay.
    Send(client_frame::Frame),
    /// Another session, in place of the one that has ended.
    Open,
    /// To the user.
    Show(Notice),
    /// Into the file of known identities: its whole text.
    Remember(String),
    /// The stay is over.
    Finish(Outcome),
}

/// Something to be shown. Texts and nicknames come from others: whoever prints them makes them harmless.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// What is being done, for those who wait.
    Progress(String),
    /// The door has opened.
    Connected,
    /// The room's link, to be handed to those who may come in.
    Room {
        /// `chatter://…`
        link: SecretText,
    },
    /// The words that lead into the room, with the access link and the room's name.
    Passphrase {
        /// Six words, or what the user chose.
        passphrase: SecretText,
    },
    /// The room was entered.
    Entered {
        /// How many were there already.
        present: usize,
    },
    /// Somebody came, or was met who was there already.
    MemberJoined {
        /// What he calls himself.
        nick: String,
    },
    /// Somebody left.
    MemberLeft {
        /// What he called himself.
        nick: String,
    },
    /// Something was said.
    Message {
        /// The sender's nickname.
        from: String,
        /// As it was said.
        text: String,
    },
    /// Something was said to us alone.
    Private {
        /// The sender's nickname.
        from: String,
        /// As it was said.
        text: String,
    },
    /// We said something to one alone.
    PrivateSent {
        /// The receiver's nickname.
        to: String,
        /// As it was said.
        text: String,
    },
    /// Words to compare are being made.
    VerifyBegun {
        /// Who asked for them.
        by: String,
    },
    /// Everybody here reads the same words if nobody sits in between.
    VerifyWords {
        /// Five of them.
        words: Vec<String>,
    },
    /// No words came of it.
    VerifyVoid {
        /// Why, as a clause.
        reason: String,
    },
    /// The number that a member and we read alike if nobody sits in between.
    SafetyNumber {
        /// The member.
        nick: String,
        /// Sixty digits in groups of five.
        number: String,
    },
    /// These members were marked.
    Verified {
        /// Their nicknames.
        members: Vec<String>,
    },
    /// Newcomers are kept out, or let in again.
    Locked {
        /// Who asked for it.
        by: String,
        /// Whether they are kept out.
        locked: bool,
    },
    /// Somebody came and was kept out.
    KeptOut,
    /// Somebody says nothing more to somebody else, and hears nothing of him.
    Removed {
        /// Who; nobody where we ourselves do.
        by: Option<String>,
        /// To whom.
        nick: String,
    },
    /// Somebody says nothing more to us, and hears nothing of us.
    Parted {
        /// Who.
        nick: String,
    },
    /// Everybody is about to move to a new link.
    Moving {
        /// Who asked for it.
        by: String,
    },
    /// We have moved.
    Moved,
    /// Something was said here: it is sealed and under way.
    Said {
        /// The how-manieth in this stay, from 1.
        number: u64,
        /// As it was said.
        text: String,
    },
    /// The relay has taken something that was said here.
    Acknowledged {
        /// The how-manieth said in this stay, from 1.
        number: u64,
    },
    /// Who is here.
    Who {
        /// One's own nickname.
        you: String,
        /// All members, oneself first.
        members: Vec<String>,
        /// Those of them whom the user has verified.
        verified: Vec<String>,
        /// Those of them who show a lasting identity.
        lasting: Vec<String>,
    },
    /// What can be typed.
    Help,
    /// Something about the room or the connection that should not be overlooked.
    Warning(String),
    /// The connection broke and is being made again.
    Broken,
    /// The connection is whole again.
    Resumed,
    /// The session was lost; another one is tried for by itself. Nobody counts as present any more.
    Away {
        /// Why.
        text: String,
        /// When it is tried next.
        seconds: u64,
    },
    /// In the room again, by another session. What was said there meanwhile was missed.
    Rejoined {
        /// What had happened.
        text: String,
        /// How many are there.
        present: usize,
    },
    /// Said in the lost session, and never taken by the relay: it may or may not have been heard.
    NotAcknowledged {
        /// The how-manieth said in this stay.
        number: u64,
        /// As it was said.
        text: String,
    },
    /// Something did not work.
    Error(String),
    /// The room was left, as asked.
    Left,
    /// The stay is over; always the last.
    Finished(Outcome),
}

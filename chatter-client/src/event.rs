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

//! All that can happen to a stay in a room, all that can be done about it, and all that can be shown of it.
//!
//! **In** nothing. **Out** the words that `network`, `client`, `app`, `plain` and `json` share.
//! **Never** a decision.

use chatter_proto::relay::{client_frame, relay_frame};
use chatter_protocol::client::End;
use zeroize::Zeroizing;

use crate::disk::{News, Order};
use crate::exit::Outcome;
use crate::secret::SecretText;

/// Something that happened.
#[derive(Debug)]
pub(crate) enum Event {
    /// The carrier has news.
    Network(NetworkEvent),
    /// The user typed a line: a command, or something to say.
    Line(String),
    /// The same in the room of this number, whichever is the current one.
    LineIn(u32, String),
    /// Something is to be said, whatever it begins with.
    Say(String),
    /// The same in the room of this number.
    SayIn(u32, String),
    /// Nothing more will be typed: leave once all is said and taken.
    InputEnded,
    /// Leave at once.
    Interrupted,
    /// The disk has done something for this room.
    Disk(u32, News),
    /// The connection has room for a piece of a file.
    Roomy,
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
    /// To the disk, for this room.
    Disk(u32, Order),
    /// Another session, in place of the one that has ended.
    Open,
    /// Another connection for the session that there is, now.
    Reconnect,
    /// To the user.
    Show(Told),
    /// Into the file of known identities: its whole text.
    Remember(String),
    /// The stay is over.
    Finish(Outcome),
}

/// A notice, and the room that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// None where it is about the session, or about no room in particular.
    pub room: Option<Place>,
    /// What happened there.
    pub notice: Notice,
}

/// One of the rooms of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// From 1 in the order of joining. No number is given twice in a run.
    pub number: u32,
    /// What it is called here: as its link or its listing says, and `#NUMBER` behind it where another room of ours was
    /// called so already. It stays the same for as long as we are there.
    pub name: String,
    /// Whether lines should name it: not before a second room was joined in this run.
    pub named: bool,
}

/// One of our rooms, as [`Notice::Rooms`] shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomInfo {
    /// As in [`Place`].
    pub number: u32,
    /// As in [`Place`].
    pub name: String,
    /// How many are there with whom we can talk, ourselves included.
    pub members: usize,
    /// Whether it is the one in which we say what we type.
    pub current: bool,
    /// Under which name it is listed, where it is.
    pub listed: Option<String>,
}

/// A room that the server lists, as [`Notice::ListedRooms`] shows it. The relay says so, and proves nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedInfo {
    /// What whoever lists it calls it: kept to the rules of nicknames.
    pub name: String,
    /// How many the relay counts there.
    pub members: u32,
    /// Whether the listing leads in; else its link or its passphrase is needed.
    pub open: bool,
}

/// A file that is on offer or on its way, as [`Notice::Files`] shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileInfo {
    /// By which it is accepted or cancelled.
    pub number: u32,
    /// What it is called: harmless already.
    pub name: String,
    /// The other.
    pub nick: String,
    /// Whether it is ours.
    pub sending: bool,
    /// Bytes that have arrived.
    pub done: u64,
    /// Bytes.
    pub size: u64,
    /// How far it is.
    pub stage: FileStage,
}

/// How far a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileStage {
    /// Nobody has said yes yet.
    Offered,
    /// On its way.
    Going,
    /// Until the other is back.
    Waiting,
}

impl From<Notice> for Told {
    fn from(notice: Notice) -> Self {
        Self { room: None, notice }
    }
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
    /// A file was offered to us; nothing of it comes before `/accept`.
    FileOffered {
        /// By which it is accepted or cancelled.
        number: u32,
        /// Who.
        from: String,
        /// What it is called: harmless already.
        name: String,
        /// Bytes.
        size: u64,
        /// Whether it is a directory, as tar.
        directory: bool,
    },
    /// We have offered a file.
    FileOfferSent {
        /// By which it is cancelled.
        number: u32,
        /// What it is called.
        name: String,
        /// Bytes.
        size: u64,
        /// To whom.
        to: Vec<String>,
    },
    /// How far a file is; at most once a second.
    FileProgress {
        /// The offer's number.
        number: u32,
        /// What it is called.
        name: String,
        /// The other.
        nick: String,
        /// Whether it is ours.
        sending: bool,
        /// Bytes that have arrived.
        done: u64,
        /// Bytes.
        size: u64,
        /// Bytes a second.
        rate: u64,
        /// Seconds that the rest takes at this rate; none where nothing moves.
        seconds_left: Option<u64>,
    },
    /// A file goes on when the other is back.
    FileWaits {
        /// The offer's number.
        number: u32,
        /// What it is called.
        name: String,
        /// The other.
        nick: String,
    },
    /// A file was received whole: its hash is the one that was offered.
    FileReceived {
        /// The offer's number.
        number: u32,
        /// What it is called.
        name: String,
        /// The sender.
        nick: String,
        /// Where it is.
        path: String,
    },
    /// Our file was received whole.
    FileSent {
        /// The offer's number.
        number: u32,
        /// What it is called.
        name: String,
        /// The receiver.
        nick: String,
    },
    /// Nothing more comes of a file.
    FileEnded {
        /// The offer's number.
        number: u32,
        /// What it is called.
        name: String,
        /// The other.
        nick: String,
        /// Why, as a clause.
        reason: String,
    },
    /// All files that are on offer or on their way, by their numbers.
    Files {
        /// All of them.
        files: Vec<FileInfo>,
    },
    /// Leaving now would end files that are on their way: `/quit` once more does.
    QuitAsks {
        /// Files of ours.
        sending: usize,
        /// Files of others.
        receiving: usize,
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
    /// Something waits to be said until there is a connection, or others were met.
    Waiting {
        /// As it was typed.
        text: String,
        /// How many lines wait now.
        waiting: usize,
        /// Whether nothing more is read from whoever types until some of it was said or dropped.
        full: bool,
    },
    /// Something that had to wait is not said by itself any more, since others are there now than when it was typed.
    HandedBack {
        /// By which `/resend` says and `/drop` forgets it.
        number: u64,
        /// As it was typed.
        text: String,
        /// Why, as a clause.
        reason: String,
    },
    /// Lines that waited, or were handed back, are forgotten.
    Dropped {
        /// How many.
        lines: usize,
        /// Whether they waited.
        waiting: bool,
    },
    /// How many have opened something that was said here: whenever one more has, and when the user asked.
    Delivered {
        /// The how-manieth said in this stay, from 1.
        number: u64,
        /// How many have.
        opened: usize,
        /// For how many it was sealed.
        of: usize,
        /// Who has not, as far as they have told.
        missing: Vec<String>,
        /// Whether the user asked.
        asked: bool,
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
    /// Of those who are here, who does not reach whom; comes behind [`Notice::Who`] where there is somebody.
    Unconnected {
        /// How many the relay says are here whom we could not meet.
        unmet: usize,
        /// The first does not see the second yet, as far as we know.
        pairs: Vec<(String, String)>,
    },
    /// The rooms in which we are, in the order of their numbers.
    Rooms {
        /// All of them.
        rooms: Vec<RoomInfo>,
    },
    /// The rooms that the server lists for everybody who holds its access code.
    ListedRooms {
        /// By name.
        rooms: Vec<ListedInfo>,
    },
    /// What is typed is said in this room from now on.
    Current,
    /// The relay lists this room for everybody who holds the server's access code, or does so no longer.
    Listed {
        /// Under which name; none where it is not listed any more.
        name: Option<String>,
        /// Whether the listing holds the room's secret: then the server knows it.
        open: bool,
    },
    /// One of several rooms was left; the others are not.
    RoomLeft,
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
        /// By which `/resend` says it again and `/drop` forgets it.
        resend: u64,
    },
    /// Something did not work.
    Error(String),
    /// The room was left, as asked.
    Left,
    /// The stay is over; always the last.
    Finished(Outcome),
}

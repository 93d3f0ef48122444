//! What a session asks of its caller, and how it ends, in words that say what to try.
//!
//! **In** nothing. **Out** the types that `session.rs` speaks in. **Never** a secret in a text.

use alloc::string::String;

use chatter_proto::relay::{bye, relay_frame};

use super::up::UpId;
use crate::handshake::Refusal;
use crate::ids::LinkId;
use crate::time::WallTime;

/// What the caller has to do, or to know.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// `GET path` with this cookie, as a fresh download, over a new connection; feed back all that comes.
    Open {
        /// Names the connection from here on.
        link: LinkId,
        /// The request's target.
        path: String,
        /// The `Cookie` header's value.
        cookie: String,
    },
    /// Close the link's connection.
    Close {
        /// The link.
        link: LinkId,
    },
    /// `GET path` with this cookie, as a reload, over a new connection; call [`Session::up_done`](super::Session::up_done) afterwards.
    Up {
        /// Names the request.
        up: UpId,
        /// The request's target.
        path: String,
        /// The `Cookie` header's value.
        cookie: String,
        /// The `If-Modified-Since` header's value.
        if_modified_since: Option<String>,
    },
    /// A frame from the relay.
    Frame(relay_frame::Frame),
    /// The session stands for the first time.
    Connected,
    /// The link broke; it is being renewed.
    Broken,
    /// The link is whole again, nothing was lost.
    Resumed,
    /// Something the user should know.
    Warning(String),
    /// The session is over.
    Ended(End),
}

/// Why a session is over. The texts say what to try.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum End {
    /// The relay said good-bye.
    #[error("{}", bye_text(*.0))]
    Bye(bye::Reason),
    /// The server answered like a plain file server each time.
    #[error(
        "the server just looks like a file server ({tries} tries): the access code is wrong or was retired, \
         your address is banned for knocking too often, or a cache stands between you and it. Ask for a fresh link"
    )]
    PlainServer {
        /// How often it was tried.
        tries: u32,
    },
    /// The server knows the code and refuses.
    #[error("{0}")]
    Refused(Refusal),
    /// Nobody answers.
    #[error(
        "nobody answers there: is the address right, is the server running, does a firewall stand between?"
    )]
    Unreachable,
    /// The clocks differ by more than a day.
    #[error(
        "the server's clock and yours differ by {} days: set yours right, then try again",
        .seconds / DAY
    )]
    ClockOff {
        /// By how much.
        seconds: u64,
    },
    /// The session was broken for longer than the server keeps it; so many bytes were never acknowledged.
    #[error("the connection was lost for too long{}", unacknowledged_text(*.unacknowledged))]
    Lost {
        /// Bytes said and not taken by the relay.
        unacknowledged: usize,
    },
    /// What came was not sealed by the server.
    #[error("the server sent what it can't have meant: something between you and it changes what it says")]
    Tampered,
}

/// The head of the answer to an opening request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkAnswer {
    /// The status code.
    pub status: u16,
    /// The `Date` header.
    pub date: Option<WallTime>,
    /// The `Content-Length` header.
    pub length: Option<u64>,
}

fn bye_text(reason: bye::Reason) -> &'static str {
    match reason {
        bye::Reason::Quit => "you have left",
        bye::Reason::Shutdown => "the server was shut down",
        bye::Reason::Purged => "the server's operator ended this session",
        bye::Reason::GateRetired => "the access code you came by was retired: ask for a fresh link",
        bye::Reason::TooSlow => "the server gave up on your connection: it could not take what others said",
        bye::Reason::BrokeRules => "the server did not understand this program: update it",
        bye::Reason::Unspecified => "the server ended the session",
    }
}

fn unacknowledged_text(bytes: usize) -> &'static str {
    if bytes == 0 { "" } else { "; the last things you said may not have arrived" }
}

/// A day's seconds: clocks further apart are nobody's drift.
pub(super) const DAY: u64 = 24 * 60 * 60;

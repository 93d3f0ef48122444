//! Why a call was refused, as a word that stays: in the status's details, as `google.rpc.ErrorInfo`.
//!
//! **In** a reason and a sentence for the operator. **Out** a gRPC status, and the reason out of one. **Never** a reason that
//! `admin.proto` does not list.

use std::collections::HashMap;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

/// The domain of all reasons.
pub const DOMAIN: &str = "admin.chatter";

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $code:ident;)*) => {
        /// Why not.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Reason {
            $($(#[$doc])* $name,)*
        }

        impl Reason {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The word that stays.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }

            /// The kind of failure, in gRPC's words.
            pub fn code(self) -> Code {
                match self {
                    $(Self::$name => Code::$code,)*
                }
            }
        }
    };
}

reasons! {
    /// The caller's user lacks a right.
    NoRight = "NO_RIGHT", PermissionDenied;
    /// Fields that exclude each other.
    WrongRequest = "WRONG_REQUEST", InvalidArgument;
    /// Not an IP address.
    WrongAddress = "WRONG_ADDRESS", InvalidArgument;
    /// No name for an access code.
    WrongName = "WRONG_NAME", InvalidArgument;
    /// Not a host, or not the hash of a key.
    WrongHost = "WRONG_HOST", InvalidArgument;
    /// The address is not banned.
    NoSuchBan = "NO_SUCH_BAN", NotFound;
    /// No access code of this name.
    NoSuchCode = "NO_SUCH_CODE", NotFound;
    /// No room's id begins so.
    NoSuchRoom = "NO_SUCH_ROOM", NotFound;
    /// No session of this number.
    NoSuchSession = "NO_SUCH_SESSION", NotFound;
    /// More than one room's id begins so.
    SeveralRooms = "SEVERAL_ROOMS", FailedPrecondition;
    /// The address is never banned, by the settings.
    Exempt = "EXEMPT", FailedPrecondition;
    /// A member is behind the address.
    Member = "MEMBER", FailedPrecondition;
    /// As many are banned as there may be.
    TooManyBans = "TOO_MANY_BANS", FailedPrecondition;
    /// There are as many access codes as there may be.
    TooManyCodes = "TOO_MANY_CODES", FailedPrecondition;
    /// Nobody could come in.
    NoCarrier = "NO_CARRIER", FailedPrecondition;
    /// A key is pinned where nobody speaks HTTPS.
    NoHttps = "NO_HTTPS", FailedPrecondition;
    /// The decoy's directory is the operator's own.
    NotGenerated = "NOT_GENERATED", FailedPrecondition;
    /// The daemon keeps nothing.
    Ephemeral = "EPHEMERAL", FailedPrecondition;
    /// The settings as they stand on the disk can't be used.
    WrongSettings = "WRONG_SETTINGS", FailedPrecondition;
    /// As many watch as may.
    TooManyWatchers = "TOO_MANY_WATCHERS", ResourceExhausted;
    /// The watcher did not keep up.
    TooSlow = "TOO_SLOW", ResourceExhausted;
    /// The daemon is ending.
    Ending = "ENDING", Unavailable;
    /// A fault of the daemon or its machine.
    Fault = "FAULT", Internal;
}

impl Reason {
    /// A status with this reason.
    pub fn status(self, text: impl Into<String>) -> Status {
        self.status_with(text, HashMap::new())
    }

    /// The same, with what a program may want to know beside it.
    pub fn status_with(self, text: impl Into<String>, metadata: HashMap<String, String>) -> Status {
        let details = ErrorDetails::with_error_info(self.as_str(), DOMAIN, metadata);
        Status::with_error_details(self.code(), text, details)
    }
}

/// The word for why, where the status has one of ours: perhaps one that only a newer daemon knows.
pub fn of(status: &Status) -> Option<String> {
    let info = status.get_details_error_info()?;
    let word = |reason: &str| {
        !reason.is_empty() && reason.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
    };
    (info.domain == DOMAIN && word(&info.reason)).then_some(info.reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROTO: &str = include_str!("../../proto/admin.proto");

    #[test]
    fn the_document_lists_every_reason_with_its_code() {
        let listed: Vec<(String, String)> = PROTO
            .lines()
            .take_while(|line| line.starts_with("//"))
            .filter_map(|line| line.strip_prefix("//   "))
            .map(|line| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
            .filter(|words| words.len() > 2 && words.iter().take(2).all(|word| is_constant(word)))
            .map(|words| (words[0].clone(), words[1].clone()))
            .collect();
        let known: Vec<(String, String)> = Reason::ALL
            .iter()
            .map(|reason| (reason.as_str().to_owned(), constant(&format!("{:?}", reason.code()))))
            .collect();
        assert_eq!(listed, known);
    }

    fn is_constant(word: &str) -> bool {
        word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
    }

    /// `NotFound` as `NOT_FOUND`.
    fn constant(name: &str) -> String {
        let mut text = String::new();
        for letter in name.chars() {
            if letter.is_ascii_uppercase() && !text.is_empty() {
                text.push('_');
            }
            text.push(letter.to_ascii_uppercase());
        }
        text
    }

    #[test]
    fn a_reason_survives_the_wire_and_others_are_not_taken_for_ours() {
        for reason in Reason::ALL {
            let status = reason.status("no");
            assert_eq!((status.code(), status.message()), (reason.code(), "no"));
            assert_eq!(of(&status).as_deref(), Some(reason.as_str()));
        }
        assert_eq!(of(&Status::internal("x")), None);
        let foreign = ErrorDetails::with_error_info("EXEMPT", "elsewhere", HashMap::new());
        assert_eq!(of(&Status::with_error_details(Code::Internal, "x", foreign)), None);
        let odd = ErrorDetails::with_error_info("a\u{1b}[2J", DOMAIN, HashMap::new());
        assert_eq!(of(&Status::with_error_details(Code::Internal, "x", odd)), None);
    }
}

//! What can go wrong, by what the caller can do about it.
//!
//! **In** errors of the daemon, the connection and the command line. **Out** a text for the operator, a word for
//! scripts, an exit code. **Never** a gRPC word.

use std::io;
use std::path::PathBuf;

use chatter_proto::admin::reason::{self, Reason};
use tonic::Code;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The daemon said no, or could not.
    #[error("{text}")]
    Failed {
        /// For the operator.
        text: String,
        /// For scripts: a word that stays, where the daemon gave one.
        reason: Option<String>,
    },
    /// Asked wrongly.
    #[error("{text}")]
    Usage {
        /// For the operator.
        text: String,
        /// As above.
        reason: Option<String>,
    },
    /// The caller's user has no right to this.
    #[error("{0}")]
    Forbidden(String),
    /// The operator was asked, and did not say yes.
    #[error("nothing was done")]
    Declined,
    /// Whoever read what is told has gone, as `head` does.
    #[error("nobody reads any more")]
    Unread,
    /// It answered, and is ending.
    #[error("chatterd is shutting down")]
    Ended,
    /// Nobody answers, at any of these places.
    #[error("{}", unreachable_text(.0))]
    Unreachable(Vec<(PathBuf, io::Error)>),
    /// No tor answers.
    #[error("{0}")]
    NoTor(String),
    /// Somebody took the call, and did not answer or not as a daemon does.
    #[error(
        "chatterd does not answer: {0}. If it hangs, restart it; if this is another program's socket, give the right one to --socket"
    )]
    Silent(String),
}

impl Failure {
    /// As documented in `--help`.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Unread => 0,
            Self::Failed { .. } | Self::Declined => 1,
            Self::Usage { .. } => 2,
            Self::Unreachable(_) | Self::Silent(_) | Self::Ended | Self::NoTor(_) => 3,
            Self::Forbidden(_) => 4,
        }
    }

    /// For scripts.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Failed { .. } => "failed",
            Self::Declined => "declined",
            Self::Unread => "unread",
            Self::Usage { .. } => "usage",
            Self::Unreachable(_) | Self::Silent(_) | Self::Ended | Self::NoTor(_) => "unreachable",
            Self::Forbidden(_) => "forbidden",
        }
    }

    /// For scripts, too: what `admin.proto` lists, where the daemon said no.
    pub(crate) fn reason(&self) -> Option<&str> {
        match self {
            Self::Failed { reason, .. } | Self::Usage { reason, .. } => reason.as_deref(),
            Self::Forbidden(_) => Some(Reason::NoRight.as_str()),
            Self::Ended => Some(Reason::Ending.as_str()),
            Self::Declined | Self::Unread | Self::Unreachable(_) | Self::Silent(_) | Self::NoTor(_) => None,
        }
    }

    /// Failed without a word of the daemon's.
    pub(crate) fn failed(text: impl Into<String>) -> Self {
        Self::Failed { text: text.into(), reason: None }
    }

    /// Asked wrongly, as is known here already.
    pub(crate) fn usage(text: impl Into<String>) -> Self {
        Self::Usage { text: text.into(), reason: None }
    }
}

impl From<tonic::Status> for Failure {
    fn from(status: tonic::Status) -> Self {
        let text = status.message().to_owned();
        // The daemon's own refusals come without a cause; what comes with one went wrong on the way.
        if std::error::Error::source(&status).is_some() {
            return Self::Silent(text);
        }
        let reason = reason::of(&status);
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "the daemon uses few of these; the others are failures"
        )]
        match status.code() {
            Code::InvalidArgument => Self::Usage { text, reason },
            Code::PermissionDenied => Self::Forbidden(text),
            Code::Unavailable if reason.as_deref() == Some(Reason::Ending.as_str()) => Self::Ended,
            Code::Unavailable | Code::Cancelled => Self::Silent(text),
            Code::Unimplemented => Self::failed(
                "the daemon does not know this command: it is older than chatterctl; restart it after an upgrade",
            ),
            code => Self::Failed { text: if text.is_empty() { code.to_string() } else { text }, reason },
        }
    }
}

fn unreachable_text(places: &[(PathBuf, io::Error)]) -> String {
    let mut text = "no chatterd answers. Looked at:\n".to_owned();
    for (path, error) in places {
        text.push_str(&format!("  {}: {}\n", path.display(), reason(error)));
    }
    let denied = places.iter().any(|(_, error)| error.kind() == io::ErrorKind::PermissionDenied);
    text.push_str(if denied {
        "Run chatterctl as root or as the user who runs chatterd, or name another socket with --socket PATH."
    } else {
        "Is it running (`systemctl status chatterd`)? Is its socket elsewhere? chatterd prints the path when it starts: \
         give it to --socket PATH."
    });
    text
}

fn reason(error: &io::Error) -> String {
    let words = [
        (io::ErrorKind::NotFound, "there is no such socket"),
        (io::ErrorKind::ConnectionRefused, "a socket, but nobody listens on it any more"),
        (io::ErrorKind::PermissionDenied, "permission denied"),
    ];
    let known = words.iter().find(|(kind, _)| *kind == error.kind());
    known.map_or_else(|| error.to_string(), |(_, word)| (*word).to_owned())
}

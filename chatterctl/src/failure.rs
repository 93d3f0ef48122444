//! What can go wrong, by what the caller can do about it.
//!
//! **In** errors of the daemon, the connection and the command line. **Out** a text for the operator, a word for
//! scripts, an exit code. **Never** a gRPC word.

use std::io;
use std::path::PathBuf;

use tonic::Code;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The daemon said no, or could not.
    #[error("{0}")]
    Failed(String),
    /// Asked wrongly.
    #[error("{0}")]
    Usage(String),
    /// Nobody answers, at any of these places.
    #[error("{}", unreachable_text(.0))]
    Unreachable(Vec<(PathBuf, io::Error)>),
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
            Self::Failed(_) => 1,
            Self::Usage(_) => 2,
            Self::Unreachable(_) | Self::Silent(_) => 3,
        }
    }

    /// For scripts.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Failed(_) => "failed",
            Self::Usage(_) => "usage",
            Self::Unreachable(_) | Self::Silent(_) => "unreachable",
        }
    }
}

impl From<tonic::Status> for Failure {
    fn from(status: tonic::Status) -> Self {
        let text = status.message().to_owned();
        // The daemon's own refusals come without a cause; what comes with one went wrong on the way.
        if std::error::Error::source(&status).is_some() {
            return Self::Silent(text);
        }
        #[expect(clippy::wildcard_enum_match_arm, reason = "the daemon uses few of these; the others are failures")]
        match status.code() {
            Code::InvalidArgument => Self::Usage(text),
            Code::Unavailable | Code::Cancelled => Self::Silent(text),
            Code::Unimplemented => Self::Failed(
                "the daemon does not know this command: it is older than chatterctl; restart it after an upgrade".to_owned(),
            ),
            code => Self::Failed(if text.is_empty() { code.to_string() } else { text }),
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

//! Access codes in the operator's API.
//!
//! **In** and **out** what `admin.proto` says of them, in final types and back. **Never** a decision.

use std::time::Duration;

use chatter_proto::admin as proto;
use chatter_proto::admin::invite::State;
use chatter_proto::admin::reason::Reason;
use chatter_protocol::invite::CertificatePin;
use chatter_protocol::server::gatekeeper::Standing;
use chatter_protocol::time::WallTime;

use super::AccessLink;
use crate::access::codes::{CodeName, CodeNameError};
use crate::config::{HostError, PublicHost};

/// What becomes of the old code, and of those who came by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OldCode {
    /// It lets nobody new in; whoever is in stays in.
    Retired,
    /// It lets people in for so long still; then it and their sessions end.
    Kept(Duration),
    /// It and the sessions that came by it end at once.
    Ended,
}

/// What rotating came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotated {
    /// The link with the new code.
    pub access_link: AccessLink,
    /// How long the old code is good for; none: it is not.
    pub old_until: Option<WallTime>,
    /// Sessions that ended with their code.
    pub sessions_ended: u64,
}

/// A named code to make, or to tell the link of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedInvite {
    /// Its name.
    pub name: CodeName,
    /// How long it is good for from now on, if that is to be said.
    pub length: Option<Term>,
}

/// What a link is to say of a front end that terminates TLS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Front {
    /// Where it is; none: as the settings say.
    pub host: Option<PublicHost>,
    /// Another name by which the server is reached without TLS, such as an onion service's.
    pub plain: Option<PublicHost>,
    /// The key that it must show.
    pub pin: Option<CertificatePin>,
}

/// How long a code is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Term {
    /// Until it is revoked.
    UntilRevoked,
    /// For so long from now on.
    For(Duration),
}

/// An access link and what is known of its code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invited {
    /// The link.
    pub access_link: AccessLink,
    /// The code's name; empty: the one for everybody.
    pub name: String,
    /// When the code was made.
    pub made_at: WallTime,
    /// From when on it opens nothing; none: no such time is set.
    pub expires: Option<WallTime>,
    /// There was a code of this name before.
    pub already: bool,
}

/// A code, without anything that lets anybody in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invite {
    /// Its name; empty: it has none.
    pub name: String,
    /// When it was made.
    pub made_at: WallTime,
    /// From when on it opens nothing; none: no such time is set.
    pub expires: Option<WallTime>,
    /// What it is good for.
    pub standing: Standing,
    /// Sessions that came by it and are there now.
    pub sessions: u64,
}

pub(super) fn old_code(request: &proto::RotateAccessCodeRequest) -> Result<OldCode, tonic::Status> {
    match (request.now, request.keep_old_seconds) {
        (false, None | Some(0)) => Ok(OldCode::Retired),
        (false, Some(seconds)) => Ok(OldCode::Kept(Duration::from_secs(seconds))),
        (true, None) => Ok(OldCode::Ended),
        (true, Some(_)) => {
            Err(Reason::WrongRequest.status("the old code is kept or ends at once: one of them"))
        }
    }
}

pub(super) fn named_invite(
    request: &proto::CreateInviteRequest,
) -> Result<Option<NamedInvite>, tonic::Status> {
    let length = request.for_seconds.map(|seconds| match seconds {
        0 => Term::UntilRevoked,
        seconds => Term::For(Duration::from_secs(seconds)),
    });
    match (request.name.as_str(), length) {
        ("", None) => Ok(None),
        ("", Some(_)) => Err(Reason::WrongRequest
            .status("the access code for everybody does not expire: give it a name, or rotate it")),
        (text, length) => Ok(Some(NamedInvite { name: name(text)?, length })),
    }
}

pub(super) fn front(request: &proto::CreateInviteRequest) -> Result<Front, tonic::Status> {
    let wrong = |what: &str, reason: String| Reason::WrongHost.status(format!("{what}: {reason}"));
    let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let host = given(&request.https_host).map(|text| match text.starts_with("https://") {
        true => text.parse(),
        false => format!("https://{text}").parse(),
    });
    let host = host.transpose().map_err(|error: HostError| wrong("--https", error.to_string()))?;
    let pin = given(&request.pin).map(|text| CertificatePin::parse(&text));
    let pin = pin.transpose().map_err(|error| wrong("--pin", error.to_string()))?;
    let plain = given(&request.host).map(|text| text.parse::<PublicHost>());
    let plain = plain.transpose().map_err(|error| wrong("--host", error.to_string()))?;
    if plain.as_ref().is_some_and(PublicHost::https) || plain.is_some() && (host.is_some() || pin.is_some()) {
        return Err(Reason::WrongHost.status("--host is a name without TLS; one with it is for --https"));
    }
    Ok(Front { host, plain, pin })
}

pub(super) fn name(text: &str) -> Result<CodeName, tonic::Status> {
    text.parse().map_err(|error: CodeNameError| Reason::WrongName.status(error.to_string()))
}

fn seconds(time: Option<WallTime>) -> u64 {
    time.map_or(0, |time| time.0)
}

impl From<Rotated> for proto::RotateAccessCodeReply {
    fn from(Rotated { mut access_link, old_until, sessions_ended }: Rotated) -> Self {
        Self { access_link: std::mem::take(&mut *access_link), old_until: seconds(old_until), sessions_ended }
    }
}

impl From<Invited> for proto::CreateInviteReply {
    fn from(Invited { mut access_link, name, made_at, expires, already }: Invited) -> Self {
        let access_link = std::mem::take(&mut *access_link);
        Self { access_link, name, made_at: made_at.0, expires_at: seconds(expires), already }
    }
}

impl From<Invite> for proto::Invite {
    fn from(invite: Invite) -> Self {
        let state = match invite.standing {
            Standing::Open => State::Open,
            Standing::Retired => State::Retired,
            Standing::Closed => State::Closed,
        };
        Self {
            name: invite.name,
            made_at: invite.made_at.0,
            expires_at: seconds(invite.expires),
            state: state.into(),
            sessions: invite.sessions,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_is_one_thing() {
        let rotate = |now, keep_old_seconds| {
            let asked = old_code(&proto::RotateAccessCodeRequest { keep_old_seconds, now });
            asked.map_err(|status| status.code())
        };
        assert_eq!(rotate(false, None), Ok(OldCode::Retired));
        assert_eq!(rotate(false, Some(0)), Ok(OldCode::Retired));
        assert_eq!(rotate(false, Some(9)), Ok(OldCode::Kept(Duration::from_secs(9))));
        assert_eq!(rotate(true, None), Ok(OldCode::Ended));
        assert_eq!(rotate(true, Some(9)), Err(tonic::Code::InvalidArgument));
        let invite = |name: &str, for_seconds| {
            let asked = named_invite(&proto::CreateInviteRequest {
                name: name.to_owned(),
                for_seconds,
                ..proto::CreateInviteRequest::default()
            });
            asked.map(|named| named.map(|named| named.length)).map_err(|status| status.code())
        };
        assert_eq!(invite("", None), Ok(None));
        assert_eq!(invite("", Some(9)), Err(tonic::Code::InvalidArgument));
        assert_eq!(invite("a/b", None), Err(tonic::Code::InvalidArgument));
        assert_eq!(invite("ben", None), Ok(Some(None)));
        assert_eq!(invite("ben", Some(0)), Ok(Some(Some(Term::UntilRevoked))));
        assert_eq!(invite("ben", Some(9)), Ok(Some(Some(Term::For(Duration::from_secs(9))))));
        let asked = |https_host: &str, pin: &str| {
            let (https_host, pin) = (https_host.to_owned(), pin.to_owned());
            let asked = front(&proto::CreateInviteRequest { https_host, pin, ..Default::default() });
            asked.map_err(|status| status.code())
        };
        let host = |text: &str| Some(text.parse().expect("a host"));
        assert_eq!(asked("", ""), Ok(Front::default()));
        for text in ["a.example:8443", "https://a.example:8443", " https://a.example:8443/\n"] {
            let front = Front { host: host("https://a.example:8443"), ..Front::default() };
            assert_eq!(asked(text, ""), Ok(front), "{text}");
        }
        assert_eq!(asked("", &"a7".repeat(32)).map(|front| front.pin.is_some()), Ok(true));
        for (https_host, pin) in [("a/b", ""), ("http://a", ""), ("a", "a7"), ("", "cert1nonsense")] {
            assert_eq!(asked(https_host, pin), Err(tonic::Code::InvalidArgument), "{https_host} {pin}");
        }
    }
}

//! Judges a request line as `BaseHTTPRequestHandler.parse_request` does.
//!
//! **In**: the line with its end. **Out**: a final request (most errors), or one whose headers are to be read.
//! **Never**: anything read beyond the line.

use super::latin1::{integer, repr, split_once, trim_end, words};
use super::{Outcome, Request};
use crate::decoy::persona::Persona;

/// What a request line leads to.
pub(super) enum Verdict {
    /// Python reads no further.
    Final(Request),
    /// The headers decide, or at least come first.
    Headers(Request),
}

/// Judges one request line.
pub(super) fn judge(line: &[u8], persona: Persona) -> Verdict {
    let line = trim_end(line, b"\r\n");
    let words = words(line);
    let Some(command) = words.first().copied() else {
        return Verdict::Final(Request::new(Outcome::Silence));
    };
    let target = words.get(1).copied().unwrap_or_default().to_vec();
    let mut bare = true;
    if words.len() >= 3 {
        let word = words.last().copied().unwrap_or_default();
        match version(word, persona) {
            Version::Good => bare = word == b"HTTP/0.9",
            Version::Bad => return refused(400, b"Bad request version (", &repr(word), true, target),
            Version::TooNew(number) => return refused(505, b"Invalid HTTP version (", number, true, target),
        }
    }
    if !(2..=3).contains(&words.len()) {
        return refused(400, b"Bad request syntax (", &repr(line), bare, target);
    }
    if words.len() == 2 && command != b"GET" {
        return refused(400, b"Bad HTTP/0.9 request type (", &repr(command), true, target);
    }
    let head_only = command == b"HEAD";
    let mut request = if head_only || command == b"GET" {
        Request::new(Outcome::Fetch)
    } else {
        let message = [&b"Unsupported method ("[..], &repr(command), b")"].concat();
        Request::refused(501, Some(message), None)
    };
    request.bare = bare;
    request.head_only = head_only;
    request.target = target;
    Verdict::Headers(request)
}

fn refused(code: u16, message: &[u8], quoted: &[u8], bare: bool, target: Vec<u8>) -> Verdict {
    let mut request = Request::refused(code, Some([message, quoted, b")"].concat()), None);
    request.bare = bare;
    request.target = target;
    Verdict::Final(request)
}

enum Version<'a> {
    Good,
    Bad,
    TooNew(&'a [u8]),
}

fn version(word: &[u8], persona: Persona) -> Version<'_> {
    let Some(number) = word.strip_prefix(b"HTTP/") else { return Version::Bad };
    let Some((major, minor)) = split_once(number, b'.') else { return Version::Bad };
    let part = |text: &[u8]| {
        let strict = persona.version_parts_are_digits();
        if strict && (text.len() > 10 || !text.iter().all(u8::is_ascii_digit)) { None } else { integer(text) }
    };
    match (part(major), part(minor)) {
        (Some(major), Some(minor)) if (major, minor) >= (2, 0) => Version::TooNew(number),
        (Some(_), Some(_)) => Version::Good,
        _ => Version::Bad,
    }
}

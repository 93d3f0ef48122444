//! Python's error page and the reasons and explanations in it.
//!
//! **In**: a refusal. **Out**: its reason (Latin-1, for the status line) and its page (UTF-8).
//! **Never**: headers.

use super::persona::Persona;
use crate::http::Refusal;

/// The reason of the status line, in Latin-1.
pub(super) fn reason(refusal: &Refusal, persona: Persona) -> Vec<u8> {
    match &refusal.message {
        Some(message) => message.clone(),
        None => standard(refusal.code, persona).0.as_bytes().to_vec(),
    }
}

/// The page.
pub(super) fn page(refusal: &Refusal, persona: Persona) -> Vec<u8> {
    let code = refusal.code;
    let message = escaped(&reason(refusal, persona));
    let explain = refusal.explain.unwrap_or_else(|| standard(code, persona).1);
    format!(
        "<!DOCTYPE HTML>\n<html lang=\"en\">\n    <head>\n        <meta charset=\"utf-8\">\n        \
         <title>Error response</title>\n    </head>\n    <body>\n        <h1>Error response</h1>\n        \
         <p>Error code: {code}</p>\n        <p>Message: {message}.</p>\n        \
         <p>Error code explanation: {code} - {explain}.</p>\n    </body>\n</html>\n"
    )
    .into_bytes()
}

/// `html.escape(text, quote=False)` of Latin-1 text.
fn escaped(text: &[u8]) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text {
        match byte {
            b'&' => out.push_str("&amp;"),
            b'<' => out.push_str("&lt;"),
            b'>' => out.push_str("&gt;"),
            _ => out.push(char::from(*byte)),
        }
    }
    out
}

/// Phrase and description of a status code.
fn standard(code: u16, persona: Persona) -> (&'static str, &'static str) {
    match code {
        400 => ("Bad Request", "Bad request syntax or unsupported method"),
        404 => ("Not Found", "Nothing matches the given URI"),
        414 => (persona.reason_414(), "URI is too long"),
        431 => (
            "Request Header Fields Too Large",
            "The server is unwilling to process the request because its header fields are too large",
        ),
        501 => ("Not Implemented", "Server does not support this operation"),
        505 => ("HTTP Version Not Supported", "Cannot fulfill request"),
        _ => ("???", "???"),
    }
}

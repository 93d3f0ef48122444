//! The content type of a message, with Python's ways to fail over its parameters.
//!
//! **In**: headers. **Out**: the type, and the boundary of a multipart (RFC 2231 continuations and charsets included).
//! **Never**: a decision about the message's body.

use super::super::latin1::{split_once, strip, strip_end};
use super::{Headers, Unparsable};
use crate::decoy::persona::Persona;

/// The content type in force for one message.
pub(super) struct ContentType {
    /// Lower case, with exactly one slash.
    kind: Vec<u8>,
    value: Option<Vec<u8>>,
}

impl ContentType {
    pub(super) fn of(headers: &Headers, in_digest: bool) -> ContentType {
        let value = headers.first("content-type").map(<[u8]>::to_vec);
        let kind = match &value {
            None if in_digest => b"message/rfc822".to_vec(),
            None => b"text/plain".to_vec(),
            Some(value) => {
                let kind = value.split(|byte| *byte == b';').next().unwrap_or_default();
                let kind = strip(kind).to_ascii_lowercase();
                let slashes = kind.iter().filter(|byte| **byte == b'/').count();
                if slashes == 1 { kind } else { b"text/plain".to_vec() }
            }
        };
        ContentType { kind, value }
    }

    pub(super) fn is(&self, kind: &str) -> bool {
        self.kind == kind.as_bytes()
    }

    pub(super) fn main(&self) -> &[u8] {
        self.kind.split(|byte| *byte == b'/').next().unwrap_or_default()
    }

    /// The boundary: none is stated, or one (`None` within: it holds characters that no line has).
    pub(super) fn boundary(&self, persona: Persona) -> Result<Option<Option<Vec<u8>>>, Unparsable> {
        let Some(value) = &self.value else { return Ok(None) };
        let parameters = decoded(&split(value))?;
        let Some((_, found)) =
            parameters.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(b"boundary"))
        else {
            return Ok(None);
        };
        let text = match found {
            Value::Plain(value) => Some(unquote(&unquote(&value))),
            Value::Extended { charset, text } => decode(&unquote(&text), charset.as_deref(), persona)?,
        };
        Ok(Some(text.map(|text| strip_end(&text).to_vec())))
    }
}

enum Value {
    Plain(Vec<u8>),
    Extended { charset: Option<Vec<u8>>, text: Vec<u8> },
}

/// Splits at semicolons that are not within quotes (`_parseparam`); names that have a value in lower case.
fn split(value: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut quotes = 0usize;
    let mut before = None;
    for (at, byte) in value.iter().enumerate() {
        match byte {
            b'"' if before != Some(b'\\') => quotes += 1,
            // A part that begins with a semicolon is empty, whatever the quotes say.
            b';' if at == start || quotes.is_multiple_of(2) => {
                found.push(parameter(value.get(start..at).unwrap_or_default()));
                start = at + 1;
                quotes = 0;
                before = None;
                continue;
            }
            _ => {}
        }
        before = Some(*byte);
    }
    found.push(parameter(value.get(start..).unwrap_or_default()));
    found
}

fn parameter(text: &[u8]) -> (Vec<u8>, Vec<u8>) {
    match split_once(text, b'=') {
        Some((name, value)) => (strip(name).to_ascii_lowercase(), strip(value).to_vec()),
        None => (strip(text).to_vec(), Vec::new()),
    }
}

/// One piece of a value that is spread over several parameters: number, text, whether it is percent-encoded.
type Piece = (Option<i64>, Vec<u8>, bool);

/// Joins RFC 2231 continuations (`decode_params`).
fn decoded(parameters: &[(Vec<u8>, Vec<u8>)]) -> Result<Vec<(Vec<u8>, Value)>, Unparsable> {
    let mut found = Vec::new();
    let mut spread: Vec<(Vec<u8>, Vec<Piece>)> = Vec::new();
    for (position, (name, value)) in parameters.iter().enumerate() {
        if position == 0 {
            found.push((name.clone(), Value::Plain(value.clone())));
            continue;
        }
        let encoded = name.ends_with(b"*");
        let value = unquote(value);
        let Some((name, number)) = continuation(name) else {
            found.push((name.clone(), Value::Plain(quoted(&value))));
            continue;
        };
        let number = match number {
            Some(digits) => Some(super::super::latin1::integer(digits).ok_or(Unparsable)?),
            None => None,
        };
        let piece = (number, value, encoded);
        match spread.iter_mut().find(|(own, _)| own == name) {
            Some((_, pieces)) => pieces.push(piece),
            None => spread.push((name.to_vec(), vec![piece])),
        }
    }
    for (name, mut pieces) in spread {
        let numbered = pieces.iter().filter(|(number, ..)| number.is_some()).count();
        if numbered != 0 && numbered != pieces.len() {
            return Err(Unparsable);
        }
        pieces.sort();
        found.push((name, joined(&pieces)));
    }
    Ok(found)
}

fn joined(pieces: &[Piece]) -> Value {
    let extended = pieces.iter().any(|(_, _, encoded)| *encoded);
    let mut text = Vec::new();
    for (_, piece, encoded) in pieces {
        if *encoded { text.extend(percent_decoded(piece)) } else { text.extend_from_slice(piece) }
    }
    if !extended {
        return Value::Plain(quoted(&text));
    }
    let text = escaped(&text);
    let mut parts = text.splitn(3, |byte| *byte == b'\'');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(charset), Some(_), Some(rest)) => {
            Value::Extended { charset: Some(charset.to_vec()), text: in_quotes(rest) }
        }
        _ => Value::Extended { charset: None, text: in_quotes(&text) },
    }
}

/// `name*`, `name*0` or `name*0*`: the name, and the number if there is one.
fn continuation(name: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    let (stem, rest) = split_once(name, b'*')?;
    if stem.is_empty() || !stem.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_') {
        return None;
    }
    if rest.is_empty() {
        return Some((stem, None));
    }
    let digits = rest.strip_suffix(b"*").unwrap_or(rest);
    (!digits.is_empty() && digits.iter().all(u8::is_ascii_digit)).then_some((stem, Some(digits)))
}

/// `email.utils.unquote`.
fn unquote(text: &[u8]) -> Vec<u8> {
    let inner = |open: u8, close: u8| match text {
        [first, inner @ .., last] if *first == open && *last == close => Some(inner),
        _ => None,
    };
    if let Some(inner) = inner(b'"', b'"') {
        return replaced(&replaced(inner, b"\\\\", b"\\"), b"\\\"", b"\"");
    }
    inner(b'<', b'>').unwrap_or(text).to_vec()
}

fn quoted(text: &[u8]) -> Vec<u8> {
    in_quotes(&escaped(text))
}

fn in_quotes(text: &[u8]) -> Vec<u8> {
    [b"\"", text, b"\""].concat()
}

fn escaped(text: &[u8]) -> Vec<u8> {
    replaced(&replaced(text, b"\\", b"\\\\"), b"\"", b"\\\"")
}

fn replaced(text: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        match rest.strip_prefix(old) {
            Some(after) => {
                out.extend_from_slice(new);
                rest = after;
            }
            None => {
                out.push(*first);
                rest = after;
            }
        }
    }
    out
}

fn percent_decoded(text: &[u8]) -> Vec<u8> {
    crate::decoy::text::percent_decoded(text)
}

/// `str(text, charset, 'replace')`, as far as it can fail or end in Latin-1 characters.
fn decode(text: &[u8], charset: Option<&[u8]>, persona: Persona) -> Result<Option<Vec<u8>>, Unparsable> {
    let Some(charset) = charset else { return Ok(ascii(text)) };
    if charset.contains(&0) {
        return Err(Unparsable);
    }
    let name = codec_name(charset);
    let fails = match name.as_slice() {
        b"idna" | b"undefined" => !text.is_empty(),
        b"punycode" => {
            let extended = text.rsplit(|byte| *byte == b'-').next().unwrap_or_default();
            persona.punycode_fails() && !extended.is_ascii()
        }
        _ => false,
    };
    if fails {
        return Err(Unparsable);
    }
    match name.as_slice() {
        b"us_ascii" | b"ascii" => Ok(ascii(text)),
        b"utf_8" | b"utf8" => {
            Ok(String::from_utf8_lossy(text).chars().map(|char| u8::try_from(u32::from(char)).ok()).collect())
        }
        _ => Ok(Some(text.to_vec())),
    }
}

fn ascii(text: &[u8]) -> Option<Vec<u8>> {
    text.is_ascii().then(|| text.to_vec())
}

/// A codec's name as the registry looks it up: lower case, one underscore for each run of other characters.
fn codec_name(charset: &[u8]) -> Vec<u8> {
    let mut name = Vec::new();
    let mut gap = false;
    for byte in charset {
        if byte.is_ascii_alphanumeric() || *byte == b'.' {
            if gap && !name.is_empty() {
                name.push(b'_');
            }
            gap = false;
            name.push(byte.to_ascii_lowercase());
        } else {
            gap = true;
        }
    }
    name
}

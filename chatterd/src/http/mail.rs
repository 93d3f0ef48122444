//! Header lines as Python's mail parser (`email.feedparser`) takes them apart.
//!
//! The parser goes on into the body of `multipart/*` and `message/*`, where there can be a body only because a bare
//! CR ends a line for it; and there, as in the content type itself, it can fail. Then Python answers nothing.
//!
//! **In**: all header lines, as bytes. **Out**: the top level's headers, or that Python raises.
//! **Never**: the contents of such bodies.

mod content_type;

use super::latin1::{trim_end, trim_start};
use crate::decoy::persona::Persona;
use content_type::ContentType;
use std::collections::VecDeque;

/// The headers of a request, as Python sees them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers(Vec<(Vec<u8>, Vec<u8>)>);

/// Python raises an exception while it parses the headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unparsable;

impl Headers {
    /// The value of the first header of that name, whatever its case.
    pub fn first(&self, name: &str) -> Option<&[u8]> {
        self.all(name).next()
    }

    /// The values of all headers of that name, whatever its case.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.0
            .iter()
            .filter(move |(own, _)| own.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, value)| value.as_slice())
    }

    /// Bytes held of them.
    pub(super) fn held(&self) -> usize {
        self.0.iter().map(|(name, value)| name.capacity() + value.capacity()).sum()
    }
}

/// Parses the header lines and, where Python does, the message below them.
pub(super) fn parse(text: &[u8], persona: Persona) -> Result<Headers, Unparsable> {
    let mut parser = Parser { lines: lines(text), stops: Vec::new(), persona };
    let headers = parser.headers();
    parser.body(&headers, false, 1)?;
    Ok(headers)
}

/// Where a part ends, although the input does not.
enum Stop {
    EmptyLine,
    Boundary(Vec<u8>),
    /// A boundary that holds characters beyond Latin-1, which no line has.
    Unreachable,
}

struct Parser<'a> {
    lines: VecDeque<&'a [u8]>,
    stops: Vec<Stop>,
    persona: Persona,
}

impl<'a> Parser<'a> {
    fn next_line(&mut self) -> Option<&'a [u8]> {
        let line = self.lines.front()?;
        if self.stops.iter().any(|stop| stop.matches(line)) { None } else { self.lines.pop_front() }
    }

    fn skip_rest(&mut self) {
        while self.next_line().is_some() {}
    }

    /// Reads and sorts one block of header lines.
    fn headers(&mut self) -> Headers {
        let mut block = Vec::new();
        while let Some(line) = self.next_line() {
            if !is_header_line(line) {
                if !is_line_end(line) {
                    self.lines.push_front(line);
                }
                break;
            }
            block.push(line);
        }
        self.sort(&block)
    }

    fn sort(&mut self, block: &[&'a [u8]]) -> Headers {
        let mut found = Headers::default();
        let mut open: Option<(Vec<u8>, Vec<u8>)> = None;
        for (number, line) in block.iter().enumerate() {
            if matches!(line.first(), Some(b' ' | b'\t')) {
                if let Some((_, value)) = &mut open {
                    value.extend_from_slice(line);
                }
                continue;
            }
            found.take(open.take());
            if line.starts_with(b"From ") {
                if number != 0 && number == block.len() - 1 {
                    self.lines.push_front(line);
                }
                continue;
            }
            open = match super::latin1::split_once(line, b':') {
                Some((name, value)) if !name.is_empty() => {
                    Some((name.to_vec(), trim_start(value, b" \t").to_vec()))
                }
                _ => None,
            };
        }
        found.take(open);
        found
    }

    /// Walks through what follows a block of headers, for the sake of what can fail there.
    fn body(&mut self, headers: &Headers, in_digest: bool, depth: usize) -> Result<(), Unparsable> {
        if depth > self.persona.message_depth_max() {
            return Err(Unparsable);
        }
        let content_type = ContentType::of(headers, in_digest);
        if content_type.is("message/delivery-status") {
            return self.delivery_status(depth);
        }
        match content_type.main() {
            b"message" => self.part(false, depth),
            b"multipart" => {
                let digest = content_type.is("multipart/digest");
                match content_type.boundary(self.persona)? {
                    Some(boundary) => self.multipart(boundary, digest, depth),
                    None => {
                        self.skip_rest();
                        Ok(())
                    }
                }
            }
            _ => {
                self.skip_rest();
                Ok(())
            }
        }
    }

    fn part(&mut self, in_digest: bool, depth: usize) -> Result<(), Unparsable> {
        let headers = self.headers();
        self.body(&headers, in_digest, depth + 1)
    }

    fn delivery_status(&mut self, depth: usize) -> Result<(), Unparsable> {
        loop {
            self.stops.push(Stop::EmptyLine);
            let outcome = self.part(false, depth);
            self.stops.pop();
            outcome?;
            self.next_line();
            match self.next_line() {
                Some(line) => self.lines.push_front(line),
                None => return Ok(()),
            }
        }
    }

    fn multipart(&mut self, boundary: Option<Vec<u8>>, digest: bool, depth: usize) -> Result<(), Unparsable> {
        let stop = || boundary.clone().map_or(Stop::Unreachable, Stop::Boundary);
        let own = stop();
        loop {
            let Some(line) = self.next_line() else { return Ok(()) };
            match own.closes(line) {
                None => {}
                Some(true) => {
                    self.skip_rest();
                    return Ok(());
                }
                Some(false) => {
                    while let Some(line) = self.next_line() {
                        if own.closes(line).is_none() {
                            self.lines.push_front(line);
                            break;
                        }
                    }
                    self.stops.push(stop());
                    let outcome = self.part(digest, depth);
                    self.stops.pop();
                    outcome?;
                }
            }
        }
    }
}

impl Stop {
    fn matches(&self, line: &[u8]) -> bool {
        match self {
            Stop::EmptyLine => is_line_end(line),
            Stop::Boundary(_) | Stop::Unreachable => self.closes(line).is_some(),
        }
    }

    /// Whether the line is this boundary, and whether it is the closing one.
    fn closes(&self, line: &[u8]) -> Option<bool> {
        let Stop::Boundary(boundary) = self else { return None };
        let rest = line.strip_prefix(b"--")?.strip_prefix(boundary.as_slice())?;
        let blank = |rest: &[u8]| trim_start(without_line_end(rest), b" \t").is_empty();
        match rest.strip_prefix(b"--") {
            Some(rest) if blank(rest) => Some(true),
            _ => blank(rest).then_some(false),
        }
    }
}

impl Headers {
    fn take(&mut self, header: Option<(Vec<u8>, Vec<u8>)>) {
        if let Some((name, mut value)) = header {
            value.truncate(trim_end(&value, b"\r\n").len());
            self.0.push((name, value));
        }
    }
}

/// The lines of a text, each with its end, which is CR, LF or CRLF.
fn lines(text: &[u8]) -> VecDeque<&[u8]> {
    let mut found = VecDeque::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = match memchr::memchr2(b'\r', b'\n', rest) {
            Some(at) if rest.get(at..at + 2) == Some(b"\r\n") => at + 2,
            Some(at) => at + 1,
            None => rest.len(),
        };
        let (line, after) = rest.split_at(end);
        found.push_back(line);
        rest = after;
    }
    found
}

fn is_line_end(line: &[u8]) -> bool {
    matches!(line.first(), Some(b'\r' | b'\n'))
}

fn without_line_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// `From `, a name of printable ASCII (or none) and a colon, or a continuation.
fn is_header_line(line: &[u8]) -> bool {
    if line.starts_with(b"From ") || matches!(line.first(), Some(b' ' | b'\t')) {
        return true;
    }
    let name = line.iter().take_while(|byte| matches!(byte, 0x21..=0x39 | 0x3b..=0x7e)).count();
    line.get(name) == Some(&b':')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decoy::persona::Persona;

    fn parsed(text: &str) -> Option<Vec<(String, String)>> {
        let own = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let headers = parse(text.as_bytes(), Persona::default()).ok()?;
        Some(headers.0.iter().map(|(name, value)| (own(name), own(value))).collect())
    }

    fn check(text: &str, expected: &[(&str, &str)]) {
        let expected =
            expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        assert_eq!(parsed(text), Some(expected), "{text:?}");
    }

    #[test]
    fn a_bare_carriage_return_ends_a_line() {
        check("A: 1\rB: 2\r\n\r\n", &[("A", "1"), ("B", "2")]);
        check("A: 1\r\rB: 2\r\n\r\n", &[("A", "1")]);
    }

    #[test]
    fn a_line_that_is_no_header_ends_them() {
        check("A: 1\r\nno colon\r\nB: 2\r\n\r\n", &[("A", "1")]);
        check("A: 1\r\nspace : 2\r\nB: 2\r\n\r\n", &[("A", "1")]);
    }

    #[test]
    fn folded_values_keep_their_line_ends() {
        check(" lost\r\nA: 1\r\n\t2\r\n\r\n", &[("A", "1\r\n\t2")]);
        check("From x\r\nA: 1\r\n: nameless\r\nFrom y\r\n z\r\nB:\r\n\r\n", &[("A", "1"), ("B", "")]);
    }

    #[test]
    fn some_content_types_raise() {
        for (content_type, fails) in [
            ("multipart/mixed; x*=1; x*0=2", true),
            ("multipart/mixed; x*=1; x*=2", false),
            ("multipart/mixed; boundary*=idna''x", true),
            ("multipart/mixed; boundary*=a%00''x", true),
            ("multipart/mixed; boundary*=utf-8''x", false),
            ("text/plain; x*=1; x*0=2", false),
        ] {
            let text = format!("Content-Type: {content_type}\r\n\r\n");
            assert_eq!(parsed(&text).is_none(), fails, "{content_type}");
        }
        let nested = "Content-Type: multipart/mixed; boundary=b\r\rx\r--b\r\
                      Content-Type: multipart/mixed; x*=1; x*0=2\r\r\r\n\r\n";
        assert_eq!(parsed(nested), None);
    }

    #[test]
    fn messages_within_messages_meet_pythons_recursion_limit() {
        let nested =
            |count: usize| parsed(&format!("{}\r\n\r\n", "Content-Type: message/rfc822\r\r".repeat(count)));
        assert!(nested(976).is_some());
        assert!(nested(977).is_none());
    }
}

//! Reads the head of one request as Python's `http.server` reads it: a pure, incremental parser.
//!
//! **In**: what `recv(8192)` gave, piece by piece, or the end of input.
//! **Out**: a `Request` as soon as Python would stop reading; every input, sane or insane, yields one, with its
//! outcome. Whoever feeds it must read from the socket only while there is no request yet, and 8,192 bytes at
//! most: what lies unread in the kernel at the end decides between FIN and RST.
//! **Never**: a socket, a clock, a panic, a judgement that Python would not make.

pub(crate) mod latin1;
mod mail;
mod request_line;

use crate::decoy::persona::Persona;
pub use mail::Headers;
use request_line::Verdict;

/// The reader of one request's head.
#[derive(Debug)]
pub struct HeadReader {
    persona: Persona,
    state: State,
    /// All that belongs to the present state: the request line, or the header lines so far.
    bytes: Vec<u8>,
    /// Where in `bytes` the unfinished line begins.
    line_start: usize,
    lines: usize,
}

#[derive(Debug)]
enum State {
    Line,
    Headers(Box<Request>),
    Done,
}

/// One request as far as Python reads it, with what it leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    outcome: Outcome,
    bare: bool,
    head_only: bool,
    target: Vec<u8>,
    headers: Headers,
}

/// What a head leads to, before the file system is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The connection is closed without a byte.
    Silence,
    /// An error page.
    Refused(Refusal),
    /// A well-formed GET or HEAD.
    Fetch,
}

/// An error as `send_error` takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The status code.
    pub code: u16,
    /// The reason, in Latin-1; `None`: the code's own.
    pub message: Option<Vec<u8>>,
    /// The explanation; `None`: the code's own.
    pub explain: Option<&'static str>,
}

impl HeadReader {
    /// A reader for a new connection.
    pub fn new(persona: Persona) -> HeadReader {
        HeadReader { persona, state: State::Line, bytes: Vec::new(), line_start: 0, lines: 0 }
    }

    /// Takes what one `recv` gave; a request once Python would read no further.
    pub fn receive(&mut self, mut input: &[u8]) -> Option<Request> {
        while !input.is_empty() && !matches!(self.state, State::Done) {
            let length = self.bytes.len() - self.line_start;
            let room = LINE_MAX + 1 - length;
            let window = input.get(..room).unwrap_or(input);
            let end = memchr::memchr(b'\n', window).map(|at| at + 1);
            let (taken, rest) = input.split_at(end.unwrap_or(window.len()));
            self.bytes.extend_from_slice(taken);
            input = rest;
            let too_long = length + taken.len() > LINE_MAX;
            if (end.is_some() || too_long)
                && let Some(request) = self.line_complete(too_long)
            {
                return Some(request);
            }
        }
        None
    }

    /// The peer has shut down its side: that counts as end of line and as end of headers.
    pub fn end_of_input(&mut self) -> Option<Request> {
        loop {
            match self.state {
                State::Done => return None,
                State::Line if self.bytes.is_empty() => {
                    self.state = State::Done;
                    return Some(Request::new(Outcome::Silence));
                }
                State::Line | State::Headers(_) => {}
            }
            if let Some(request) = self.line_complete(false) {
                return Some(request);
            }
        }
    }

    /// Whether not a byte has come.
    pub fn is_untouched(&self) -> bool {
        matches!(self.state, State::Line) && self.bytes.is_empty()
    }

    /// Bytes held for this head.
    pub fn held(&self) -> usize {
        let line = match &self.state {
            State::Headers(request) => request.held(),
            State::Line | State::Done => 0,
        };
        self.bytes.capacity() + line
    }

    fn line_complete(&mut self, too_long: bool) -> Option<Request> {
        match std::mem::replace(&mut self.state, State::Done) {
            State::Line => self.request_line_complete(too_long),
            State::Headers(request) => self.header_line_complete(request, too_long),
            State::Done => None,
        }
    }

    fn request_line_complete(&mut self, too_long: bool) -> Option<Request> {
        let line = std::mem::take(&mut self.bytes);
        if too_long {
            return Some(Request::refused(414, None, None));
        }
        match request_line::judge(&line, self.persona) {
            Verdict::Final(request) => Some(request),
            Verdict::Headers(request) => {
                self.state = State::Headers(Box::new(request));
                None
            }
        }
    }

    fn header_line_complete(&mut self, mut request: Box<Request>, too_long: bool) -> Option<Request> {
        if too_long {
            return Some(request.refuse(431, b"Line too long", LINE_TOO_LONG));
        }
        self.lines += 1;
        let line = self.bytes.get(self.line_start..).unwrap_or_default();
        if self.lines > HEADERS_MAX {
            return Some(request.refuse(431, b"Too many headers", TOO_MANY_HEADERS));
        }
        if !matches!(line, b"\r\n" | b"\n" | b"") {
            self.line_start = self.bytes.len();
            self.state = State::Headers(request);
            return None;
        }
        match mail::parse(&std::mem::take(&mut self.bytes), self.persona) {
            Ok(headers) => request.headers = headers,
            Err(mail::Unparsable) => request.outcome = Outcome::Silence,
        }
        Some(*request)
    }
}

impl Request {
    fn new(outcome: Outcome) -> Request {
        Request { outcome, bare: false, head_only: false, target: Vec::new(), headers: Headers::default() }
    }

    fn refused(code: u16, message: Option<Vec<u8>>, explain: Option<&'static str>) -> Request {
        Request::new(Outcome::Refused(Refusal { code, message, explain }))
    }

    fn refuse(mut self, code: u16, message: &[u8], explain: &'static str) -> Request {
        self.outcome =
            Outcome::Refused(Refusal { code, message: Some(message.to_vec()), explain: Some(explain) });
        self
    }

    /// What the head leads to.
    pub fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// Whether the answer has neither status line nor headers, as for HTTP/0.9.
    pub fn bare(&self) -> bool {
        self.bare
    }

    /// Whether the answer has no body because the method is HEAD.
    pub fn head_only(&self) -> bool {
        self.head_only
    }

    /// The target as it was sent; empty where the line has none.
    pub fn target(&self) -> &[u8] {
        &self.target
    }

    /// The target as Python goes on with it: several leading slashes are one.
    pub(crate) fn path(&self) -> &[u8] {
        let slashes = self.target.iter().take_while(|byte| **byte == b'/').count();
        self.target.get(slashes.saturating_sub(1)..).unwrap_or_default()
    }

    /// The headers as Python's mail parser sees them.
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// Bytes held of what was sent.
    pub fn held(&self) -> usize {
        self.target.capacity() + self.headers.held()
    }

    /// The values of all `Cookie` headers, in order.
    pub fn cookies(&self) -> impl Iterator<Item = &[u8]> {
        self.headers.all("cookie")
    }
}

/// Bytes of the longest line, its end included, that passes.
const LINE_MAX: usize = 65_536;
/// Header lines, the empty one included, that pass.
const HEADERS_MAX: usize = 100;
const LINE_TOO_LONG: &str = "got more than 65536 bytes when reading header line";
const TOO_MANY_HEADERS: &str = "got more than 100 headers";

#[cfg(test)]
mod tests;

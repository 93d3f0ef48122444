//! One request in all the other forms that somebody who holds it could give it.
//!
//! **In** a recorded request. **Out** it, cut off and changed at each byte, and rewritten, each with a name. **Never** a
//! form that both lists hold: either the answer is still the carrier, or the token in it must not count.

use chatter_protocol::token;
use chatter_tests::exchange::header;
use chatter_tests::ground::{CARRIER, Sent};
use memchr::memmem;

/// A recorded request, taken apart.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    text: String,
    line: String,
    cookie: String,
}

impl Form {
    pub(crate) fn of(request: &[u8]) -> Form {
        let text = String::from_utf8(request.to_vec()).expect("a request is text");
        let (line, _) = text.split_once("\r\n").expect("a request has a line");
        let cookie = header(request, "Cookie").expect("a token's cookie").to_owned();
        Form { line: line.to_owned(), cookie, text }
    }

    /// What it asks for.
    fn target(&self) -> &str {
        self.line.split(' ').nth(1).expect("a request has a target")
    }

    /// The same with another request line.
    pub(crate) fn with_line(&self, line: &str) -> Vec<u8> {
        self.text.replacen(&self.line, line, 1).into_bytes()
    }

    /// The same with something else in place of its `Cookie` header.
    fn with_cookie_line(&self, line: &str) -> Vec<u8> {
        self.text.replacen(&format!("Cookie: {}", self.cookie), line, 1).into_bytes()
    }

    /// The same with another value of its cookie.
    pub(crate) fn with_value(&self, value: &str) -> Vec<u8> {
        self.with_cookie_line(&format!("Cookie: {}={value}", self.name_and_value().0))
    }

    fn name_and_value(&self) -> (&str, &str) {
        self.cookie.split_once('=').expect("a cookie")
    }

    /// Where its cookie is whole.
    pub(crate) fn cookie_end(&self) -> usize {
        memmem::find(self.text.as_bytes(), self.cookie.as_bytes()).expect("it is there") + self.cookie.len()
    }

    /// Whether `bytes` hold the whole token still, where a token is looked for.
    pub(crate) fn is_held_by(&self, bytes: &[u8]) -> bool {
        let header = format!("cookie: {}", self.cookie);
        let same = |line: &[u8]| {
            line.len() == header.len()
                && line.get(..7).is_some_and(|name| name.eq_ignore_ascii_case(b"cookie:"))
                && line.ends_with(self.cookie.as_bytes())
        };
        let lines = bytes.split(|byte| matches!(byte, b'\n' | b'\r'));
        lines.map(<[u8]>::trim_ascii_end).any(same)
    }

    /// Whether `bytes` ask for the same as ever.
    pub(crate) fn is_asked_by(&self, bytes: &[u8]) -> bool {
        let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let line: String = line.iter().map(|byte| char::from(*byte)).collect();
        let words: Vec<&str> = line.split(is_space).filter(|word| !word.is_empty()).collect();
        let [method, target, version] = words.as_slice() else { return false };
        let answered = version.starts_with("HTTP/1.") || version.starts_with("HTTP/0.");
        *method == "GET" && *target == self.target() && answered && *version != "HTTP/0.9"
    }

    /// The token does not count in any of these; where it asks for the carrier, they all are answered otherwise, or
    /// hold it twice, or not whole.
    pub(crate) fn unspent(&self) -> Vec<Sent> {
        let mut forms: Vec<(String, Vec<u8>)> = Vec::new();
        let target = self.target();
        let methods = ["HEAD", "POST", "PUT", "OPTIONS", "TRACE", "get", "GET\0"];
        let mut lines: Vec<String> = methods.map(|method| format!("{method} {target} HTTP/1.1")).into();
        let versions =
            ["", " HTTP/0.9", " HTTP/2.0", " HTTP/1.1.1", " HTTP/1", " FTP/1.1", " http/1.1", " HTTP/1.1 x"];
        lines.extend(versions.map(|version| format!("GET {target}{version}")));
        lines.extend(OTHER_PATHS.map(|path| format!("GET {path} HTTP/1.1")));
        forms.extend(lines.into_iter().map(|line| (line.clone(), self.with_line(&line))));

        let (name, value) = self.name_and_value();
        let cookie = &self.cookie;
        let cookies = [
            ("a future date", format!("Cookie: {cookie}\r\nIf-Modified-Since: {FUTURE}")),
            ("a future date before it", format!("If-Modified-Since: {FUTURE}\r\nCookie: {cookie}")),
            ("twice in one head", format!("Cookie: {cookie}\r\nCookie: {cookie}")),
            ("two cookies", format!("Cookie: {cookie}; {cookie}")),
            ("two of its shape", format!("Cookie: {name}={}; {cookie}", "A".repeat(value.len()))),
            ("under another name", format!("Cookie: x{name}={value}")),
            ("in another header", format!("X-Cookie: {cookie}")),
            ("after the headers", format!("DNT: 1\r\n\r\nCookie: {cookie}")),
            ("after a line that is no header", format!("no header\r\nCookie: {cookie}")),
            ("no cookie", "DNT: 1".to_owned()),
            ("padded", format!("Cookie: {cookie}=")),
            ("quoted", format!("Cookie: {name}=\"{value}\"")),
            ("longer", format!("Cookie: {cookie}AAAA")),
            ("a hundred headers more", format!("{}Cookie: {cookie}", "A: b\r\n".repeat(100))),
            ("a header too long", format!("A: {}\r\nCookie: {cookie}", "b".repeat(70_000))),
        ];
        forms.extend(cookies.into_iter().map(|(what, line)| (what.to_owned(), self.with_cookie_line(&line))));
        let request = self.text.as_bytes();
        for (what, before) in [("after an empty line", "\r\n"), ("pipelined", PLAIN)] {
            forms.push((what.to_owned(), [before.as_bytes(), request].concat()));
        }
        let mut body = self.with_line(&format!("POST {target} HTTP/1.1"));
        body.extend_from_slice(request);
        forms.push(("in a POST's body".to_owned(), body));
        for cut in [1, 2, 3, 4, value.len() / 2, value.len()] {
            let kept = value.get(..value.len() - cut).expect("ASCII");
            forms.push((format!("{cut} characters cut"), self.with_value(kept)));
        }
        let token = token::from_cookie_value(value.as_bytes()).expect("a token");
        for index in 0..token.len() {
            let mut bytes = token.clone();
            bytes[index] ^= 1 << (index % 8);
            let what = format!("a bit of the token's byte {index} flipped");
            forms.push((what, self.with_value(&token::to_cookie_value(&bytes))));
        }
        forms.into_iter().map(|(what, bytes)| Sent::closing(what, bytes)).collect()
    }

    /// In these the carrier is still what is answered, so that the token counts in the first of them.
    pub(crate) fn spending(&self) -> Vec<(String, Vec<u8>)> {
        let (name, _) = self.name_and_value();
        let cookie = &self.cookie;
        let lines = ["HTTP/1.0", "HTTP/1.2", "HTTP/0.8", "HTTP/01.1", "  HTTP/1.1"]
            .map(|version| (version.to_owned(), self.with_line(&format!("GET {CARRIER} {version}"))));
        let cookies = [
            ("an old date", format!("Cookie: {cookie}\r\nIf-Modified-Since: {PAST}")),
            (
                "a future date with a tag",
                format!("Cookie: {cookie}\r\nIf-Modified-Since: {FUTURE}\r\nIf-None-Match: \"x\""),
            ),
            ("a tag", format!("Cookie: {cookie}\r\nIf-None-Match: *")),
            ("a range", format!("Cookie: {cookie}\r\nRange: bytes=0-9")),
            ("others beside it", format!("Cookie: a=b; {cookie}; {name}=short")),
            ("in lower case", format!("cookie:{cookie}")),
        ];
        let cookies = cookies.map(|(what, line)| (what.to_owned(), self.with_cookie_line(&line)));
        let mut more = self.text.clone().into_bytes();
        more.extend_from_slice(PLAIN.as_bytes());
        let around = [
            ("another request behind it".to_owned(), more),
            ("a space before it".to_owned(), [b" ", self.text.as_bytes()].concat()),
        ];
        lines.into_iter().chain(cookies).chain(around).collect()
    }
}

/// As Python splits a request line.
fn is_space(char: char) -> bool {
    char.is_whitespace() || matches!(char, '\x1c'..='\x1f')
}

/// A request cut off after each of its first `until` bytes.
pub(crate) fn cut(request: &[u8], until: usize, send: impl Fn(String, Vec<u8>) -> Sent) -> Vec<Sent> {
    let prefix =
        |len: usize| send(format!("cut after {len} bytes"), request.get(..len).expect("within").to_vec());
    (0..until).map(prefix).collect()
}

/// A request with each of its bytes changed, in each of some ways.
pub(crate) fn changed(request: &[u8], masks: &[u8]) -> Vec<Sent> {
    let places = (0..request.len()).flat_map(|index| masks.iter().map(move |mask| (index, mask)));
    let change = |(index, mask): (usize, &u8)| {
        let mut bytes = request.to_vec();
        bytes[index] ^= mask;
        Sent::closing(format!("byte {index} changed by {mask:#04x}"), bytes)
    };
    places.map(change).collect()
}

const FUTURE: &str = "Fri, 01 Jan 2038 00:00:00 GMT";
const PAST: &str = "Sat, 01 Jan 2000 00:00:00 GMT";
const PLAIN: &str = "GET /notes.txt HTTP/1.1\r\nHost: h\r\n\r\n";
/// None of them is the carrier's path, though some of them are the carrier's file.
const OTHER_PATHS: [&str; 14] = [
    "/",
    "/todo.md",
    "/nope",
    "/old%20photos",
    "/backup.enc?x",
    "/backup.enc#x",
    "/./backup.enc",
    "/backup%2eenc",
    "//backup.enc",
    "/old%20photos/../backup.enc",
    "/backup.enc/",
    "http://h/backup.enc",
    "backup.enc",
    "/BACKUP.ENC",
];

//! The whole decoy: what is answered to any bytes at all.
//!
//! **In**: bytes. **Out**: an answer whose parts agree with each other.
//! **Never**: a directory on disk.

use chatterd::decoy::generated::Seed;
use chatterd::decoy::{Answer, Body, Decoy, Persona, Root};
use chatterd::http::{HeadReader, Outcome, Request};
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

/// Whatever is sent is answered in Python's shape, and only a download of the carrier may hold a session.
pub fn decoy_answers(input: &[u8]) {
    for decoy in decoys() {
        let mut reader = HeadReader::new(decoy.persona());
        let request = reader.receive(input).or_else(|| reader.end_of_input());
        let Some(request) = request else { panic!("the end of input does not decide") };
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let answer = decoy.answer(&request, now);
        head_is_pythons(&request, &answer);
        body_is_as_stated(&request, &answer);
        carrier_is_a_download(decoy, &request, input, &answer);
    }
}

fn head_is_pythons(request: &Request, answer: &Answer) {
    let head = &answer.head;
    if head.is_empty() {
        return;
    }
    assert!(!request.bare(), "a bare answer has no head");
    assert!(head.starts_with(b"HTTP/1.0 "), "the status line");
    assert!(head.ends_with(b"\r\n\r\n"), "the end of the head");
    let lines: Vec<&[u8]> = head.split(|byte| *byte == b'\n').collect();
    assert!(lines.get(1).is_some_and(|line| line.starts_with(b"Server: SimpleHTTP/0.6 Python/3.")), "Server");
    assert!(lines.get(2).is_some_and(|line| line.starts_with(b"Date: ") && line.len() == 36), "Date");
    let within = head.get(..head.len() - 4).unwrap_or_default();
    assert!(!within.windows(4).any(|window| window == b"\r\n\r\n"), "the head ends early");
    assert!(head.len() < 400_000, "{} bytes of head", head.len());
}

fn body_is_as_stated(request: &Request, answer: &Answer) {
    let length = match &answer.body {
        Body::Empty => 0,
        Body::Page(bytes) => bytes.len() as u64,
        Body::Bytes(bytes) => bytes.len() as u64,
        Body::Carrier(_) => return,
        Body::File { .. } | Body::Never => panic!("the directory is in memory"),
    };
    let line = answer.content_length().map(|stated| format!("\r\nContent-Length: {stated}\r\n"));
    if let Some(line) = line.filter(|_| !answer.head.is_empty()) {
        let states = answer.head.windows(line.len()).any(|window| window == line.as_bytes());
        assert!(states, "the head states another length");
    }
    if request.head_only() {
        assert_eq!(length, 0, "HEAD has no body");
    } else if let Some(stated) = answer.content_length() {
        assert_eq!(length, stated, "the stated length is not that of the body");
    } else {
        assert_eq!(length, 0, "a body without a length");
    }
}

fn carrier_is_a_download(decoy: &Decoy, request: &Request, input: &[u8], answer: &Answer) {
    if !answer.carrier {
        return;
    }
    assert!(matches!(request.outcome(), Outcome::Fetch) && !request.bare() && !request.head_only());
    assert!(input.trim_ascii_start().starts_with(b"GET") || input.first().is_some_and(|byte| *byte >= 0x80));
    assert_eq!(Some(request.target()), decoy.carrier_path().map(str::as_bytes));
    assert!(answer.head.starts_with(b"HTTP/1.0 200 OK\r\n"), "the carrier is a 200");
    assert!(answer.content_length().is_some_and(|length| length > 0), "the carrier has a length");
    assert!(matches!(answer.body, Body::Carrier(_)), "the carrier has a body");
}

fn decoys() -> &'static [Decoy] {
    static DECOYS: OnceLock<Vec<Decoy>> = OnceLock::new();
    DECOYS.get_or_init(|| {
        let personas = Persona::verified().into_iter().filter_map(|version| Persona::parse(version).ok());
        personas.map(|persona| Decoy::new(Root::generated(&Seed::bare([7; 32])), persona)).collect()
    })
}

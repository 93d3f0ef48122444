//! **In**: heads of requests, whole, cut and random. **Out**: what they lead to. **Never**: a socket.

use super::*;
use proptest::prelude::*;

fn read(bytes: &[u8]) -> (Option<Request>, HeadReader) {
    let mut reader = HeadReader::new(Persona::default());
    (reader.receive(bytes), reader)
}

fn whole(bytes: &[u8]) -> Request {
    let (request, mut reader) = read(bytes);
    request.or_else(|| reader.end_of_input()).expect("the end of input always yields a request")
}

fn check(line: &str, message: &str, bare: bool) {
    let request = whole(format!("{line}\r\nA: 1\r\n\r\n").as_bytes());
    let Outcome::Refused(refusal) = request.outcome() else { panic!("{line}: {request:?}") };
    let own =
        refusal.message.as_deref().map(|text| text.iter().map(|byte| char::from(*byte)).collect::<String>());
    assert_eq!((own.as_deref(), request.bare()), (Some(message), bare), "{line}");
}

#[test]
fn lines_are_refused_in_pythons_words() {
    check("GET / HTTP/x", "Bad request version ('HTTP/x')", true);
    check("GET / HTTP/1.1.1", "Bad request version ('HTTP/1.1.1')", true);
    check("GET / HTTP/2.0", "Invalid HTTP version (2.0)", true);
    check("GET", "Bad request syntax ('GET')", true);
    check("GET / x HTTP/1.1", "Bad request syntax ('GET / x HTTP/1.1')", false);
    check("POST /", "Bad HTTP/0.9 request type ('POST')", true);
    check("it's / HTTP/1.0", "Unsupported method (\"it's\")", false);
}

#[test]
fn good_lines_wait_for_the_headers() {
    let (request, mut reader) = read(b"GET / HTTP/1.0\r\nCookie: a\r\ncookie:  b\r\n");
    assert_eq!(request, None);
    let request = reader.receive(b"\r\nbody").expect("the empty line ends the head");
    assert_eq!(request.outcome(), &Outcome::Fetch);
    assert_eq!(request.cookies().collect::<Vec<_>>(), [&b"a"[..], b"b"]);
    assert_eq!(reader.receive(b"GET / HTTP/1.0\r\n\r\n"), None);
}

#[test]
fn bad_lines_do_not_wait() {
    assert!(read(b"nonsense\n").0.is_some());
    assert_eq!(whole(b"\r\n").outcome(), &Outcome::Silence);
    assert_eq!(whole(b"").outcome(), &Outcome::Silence);
}

#[test]
fn the_end_of_input_ends_line_and_headers() {
    assert_eq!(whole(b"GET / HTTP/1.0").outcome(), &Outcome::Fetch);
    assert_eq!(whole(b"GET / HTTP/1.0\r\nA: 1").headers().first("a"), Some(&b"1"[..]));
}

#[test]
fn limits_are_met_at_the_very_byte() {
    let code = |bytes: &[u8]| match read(bytes).0.map(|request| request.outcome().clone()) {
        Some(Outcome::Refused(refusal)) => Some(refusal.code),
        Some(Outcome::Silence | Outcome::Fetch) | None => None,
    };
    assert_eq!(code(&[b'a'; 65_536]), None);
    assert_eq!(code(&[b'a'; 65_537]), Some(414));
    let line = b"GET / HTTP/1.0\r\n";
    assert_eq!(code(&[&line[..], &[b'a'; 65_536]].concat()), None);
    assert_eq!(code(&[&line[..], &[b'a'; 65_537]].concat()), Some(431));
    assert_eq!(code(&[&line[..], &b"A: 1\r\n".repeat(100)].concat()), None);
    assert_eq!(code(&[&line[..], &b"A: 1\r\n".repeat(100), b"\r\n"].concat()), Some(431));
    assert_eq!(whole(&[&line[..], &b"A: 1\r\n".repeat(99), b"\r\n"].concat()).outcome(), &Outcome::Fetch);
}

/// Bytes that are likely to mean something.
fn soup() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop::sample::select(vec![
        &b"GET "[..],
        b"HEAD ",
        b"/",
        b"//",
        b"?",
        b"#",
        b"%2e",
        b"%ff",
        b" HTTP/1.1",
        b" HTTP/0.9",
        b"\r\n",
        b"\r",
        b"\n",
        b" ",
        b"\t",
        b":",
        b"A: 1",
        b"From ",
        b"Content-Type: multipart/mixed; boundary=b",
        b"Content-Type: message/rfc822",
        b"--b",
        b"--b--",
        b"; x*=1",
        b"; x*0=\"a;b\"",
        b"message/delivery-status",
        b"\x00",
        b"\xff",
        b"If-Modified-Since: ",
        b"Sun, 13 Sep 2020 12:26:40 GMT",
        b"x://[::1]/",
    ]);
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..300),
        prop::collection::vec(pieces, 0..60).prop_map(|pieces| pieces.concat()),
    ]
}

proptest! {
    #[test]
    fn any_split_of_any_bytes_leads_to_the_same(bytes in soup(), cuts in prop::collection::vec(1usize..40, 0..30)) {
        let mut reader = HeadReader::new(Persona::default());
        let mut rest = bytes.as_slice();
        let mut found = None;
        for cut in cuts {
            let (now, later) = rest.split_at(cut.min(rest.len()));
            rest = later;
            found = reader.receive(now);
            if found.is_some() {
                break;
            }
        }
        let found = found.or_else(|| reader.receive(rest)).or_else(|| reader.end_of_input());
        prop_assert_eq!(found, Some(whole(&bytes)));
    }
}

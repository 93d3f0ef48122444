//! **In**: requests. **Out**: answers of a decoy on disk and of a generated one. **Never**: a socket.

use super::*;
use crate::http::HeadReader;
use proptest::prelude::*;
use std::time::Duration;

fn request(bytes: &[u8]) -> Request {
    let mut reader = HeadReader::new(Persona::default());
    reader.receive(bytes).or_else(|| reader.end_of_input()).expect("the end of input always yields a request")
}

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)
}

fn answer(decoy: &Decoy, head: &str) -> (Answer, String) {
    let answer = decoy.answer(&request(format!("{head}\r\n\r\n").as_bytes()), now());
    let text = String::from_utf8_lossy(&answer.head).into_owned();
    (answer, text)
}

fn generated() -> Decoy {
    Decoy::new(Root::generated(&Seed::bare([1; 32])), Persona::default())
}

#[test]
fn only_the_carrier_itself_may_carry() {
    let decoy = generated();
    let carrier = decoy.carrier_path().expect("a generated directory has one").to_owned();
    let carries = |line: String| answer(&decoy, &line).0.carrier;
    assert!(carries(format!("GET {carrier} HTTP/1.1")));
    for line in [
        format!("HEAD {carrier} HTTP/1.1"),
        format!("GET {carrier}"),
        format!("GET {carrier} HTTP/0.9"),
        format!("GET /{carrier} HTTP/1.1"),
        format!("GET {carrier}? HTTP/1.1"),
        format!("POST {carrier} HTTP/1.1"),
        format!("GET {carrier} HTTP/1.1\r\nIf-Modified-Since: Wed, 15 Nov 2023 12:00:00 GMT"),
        "GET / HTTP/1.1".to_owned(),
    ] {
        assert!(!carries(line.clone()), "{line}");
    }
}

#[test]
fn the_virtual_carrier_is_of_this_second_and_never_the_same() {
    let decoy = generated();
    let line = format!("GET {} HTTP/1.0", decoy.carrier_path().unwrap_or_default());
    let (one, head) = answer(&decoy, &line);
    let (other, _) = answer(&decoy, &line);
    assert!(head.contains("Last-Modified: Tue, 14 Nov 2023 22:13:20 GMT\r\n"), "{head}");
    let (Body::Carrier(mut one), Body::Carrier(mut other)) = (one.body, other.body) else {
        panic!("no stream")
    };
    assert_ne!(one.piece(), other.piece());
}

#[test]
fn a_visit_is_answered_by_304() {
    let decoy = generated();
    let visits = decoy.visits();
    assert!(visits.len() >= 7, "{visits:?}");
    for (path, modified) in visits {
        let modified = modified.expect("every file has a time");
        let (answer, head) = answer(&decoy, &format!("GET {path} HTTP/1.1\r\nIf-Modified-Since: {modified}"));
        assert!(
            head.starts_with("HTTP/1.0 304 Not Modified\r\nServer: SimpleHTTP/0.6 Python/3.11.2\r\n"),
            "{head}"
        );
        assert_eq!(answer.content_length(), None);
    }
}

#[test]
fn an_operators_directory_names_its_carrier_and_visits() {
    let directory = tempfile::tempdir().expect("a directory");
    std::fs::create_dir(directory.path().join("sub dir")).expect("a directory below");
    std::fs::write(directory.path().join("sub dir/backup.enc"), b"Salted__01234567 and more")
        .expect("a file");
    std::fs::write(directory.path().join("notes.txt"), b"x").expect("a file");
    let root =
        Root::Own { path: directory.path().to_owned(), carrier: Some("sub dir/backup.enc".to_owned()) };
    let decoy = Decoy::new(root, Persona::default());
    assert_eq!(decoy.carrier_path(), Some("/sub%20dir/backup.enc"));
    assert_eq!(decoy.visits().into_iter().map(|(path, _)| path).collect::<Vec<_>>(), ["/notes.txt"]);
    assert!(answer(&decoy, "GET /sub%20dir/backup.enc HTTP/1.1").0.carrier);
    let magic = decoy.carrier_magic(&mut |bytes| bytes.fill(7));
    assert_eq!(magic, b"Salted__01234567", "a member's download begins as everybody's");
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(target in prop::collection::vec(any::<u8>(), 0..80), headers in prop::collection::vec(any::<u8>(), 0..80)) {
        let decoy = generated();
        let head = [&b"GET "[..], &target, b" HTTP/1.1\r\nIf-Modified-Since: ", &headers, b"\r\n\r\n"].concat();
        let answer = decoy.answer(&request(&head), now());
        prop_assert!(answer.head.is_empty() || answer.head.ends_with(b"\r\n\r\n"));
    }
}

//! Reading one request's head.
//!
//! **In**: bytes, the first of which say how the rest is cut. **Out**: the same request however it is cut.
//! **Never**: more bytes held than Python would read.

use chatterd::decoy::Persona;
use chatterd::http::{HeadReader, Request};

/// The request does not depend on how its bytes come, nor does anything remain of it in the reader.
pub fn request_head(input: &[u8]) {
    let (cuts, bytes) = input.split_at(input.len().min(CUTS));
    for version in Persona::verified() {
        let Ok(persona) = Persona::parse(version) else { continue };
        let whole = read(persona, std::iter::once(bytes));
        let single = read(persona, bytes.chunks(1));
        assert_eq!(whole, single, "read byte by byte it is another request");
        let mut cuts = cuts.iter().cycle();
        let mut rest = bytes;
        let pieces = std::iter::from_fn(|| {
            let length = usize::from(*cuts.next().unwrap_or(&1)).min(rest.len());
            let (piece, after) = rest.split_at(length.max(usize::from(!rest.is_empty())));
            rest = after;
            (!piece.is_empty()).then_some(piece)
        });
        assert_eq!(whole, read(persona, pieces), "read in pieces it is another request");
    }
}

fn read<'a>(persona: Persona, pieces: impl Iterator<Item = &'a [u8]>) -> Option<Request> {
    let mut reader = HeadReader::new(persona);
    let mut taken = 0;
    for piece in pieces {
        taken += piece.len();
        let found = reader.receive(piece);
        assert!(reader.held() <= 2 * taken + HELD_MIN, "{} bytes are held for {taken}", reader.held());
        if found.is_some() {
            assert!(reader.receive(b"GET / HTTP/1.0\r\n\r\n").is_none(), "a second request is read");
            return found;
        }
    }
    let found = reader.end_of_input();
    assert!(found.is_some(), "the end of input does not decide");
    assert!(reader.end_of_input().is_none(), "a second request is read");
    found
}

/// Bytes of an input that say how the others are cut.
const CUTS: usize = 4;
/// What a reader may hold whatever came.
const HELD_MIN: usize = 4096;

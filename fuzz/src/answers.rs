//! Answers as the client reads them: from the server, or from whatever stands in front of it or in its place.
//!
//! **In**: how the bytes are cut, the bytes. **Out**: the same answer and content however they are cut. **Never**: more
//! content than bytes came.

use chatter_client::body::Body;
use chatter_client::response::HeadReader;
use chatter_protocol::client::LinkAnswer;

/// Neither head nor body depends on how its bytes come.
pub fn answers(input: &[u8]) {
    let (cut, bytes) = input.split_at(input.len().min(1));
    let piece = usize::from(cut.first().copied().unwrap_or(0)) + 1;
    let whole = read(bytes.chunks(bytes.len().max(1)));
    assert_eq!(whole, read(bytes.chunks(piece)), "cut in pieces of {piece} it is another answer");
    assert_eq!(whole, read(bytes.chunks(1)), "read byte by byte it is another answer");
}

/// The answer, its content up to what can't be read of it, and whether that was all.
#[derive(Debug, PartialEq)]
enum Answer {
    Refused,
    Cut,
    Whole { answer: LinkAnswer, content: Vec<u8>, is_over: bool, is_damaged: bool },
}

fn read<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Answer {
    let mut reader = HeadReader::new();
    let mut pieces = pieces;
    let head = loop {
        let Some(piece) = pieces.next() else { return Answer::Cut };
        match reader.receive(piece) {
            Ok(Some(head)) => break head,
            Ok(None) => {}
            Err(_) => return Answer::Refused,
        }
    };
    let mut body = Body::of(&head);
    let (mut content, mut came, mut is_damaged) = (Vec::new(), 0, false);
    for piece in std::iter::once(head.body).chain(pieces.map(<[u8]>::to_vec)) {
        came += piece.len();
        match body.receive(&piece) {
            Ok(more) => content.extend(more),
            Err(_) => {
                is_damaged = true;
                break;
            }
        }
        assert!(content.len() <= came, "more content than came");
    }
    // How much of a damaged body is content depends on where it is cut: nobody takes it for whole.
    if is_damaged {
        content.clear();
    }
    let is_over = !is_damaged && body.is_over();
    Answer::Whole { answer: head.answer, content, is_over, is_damaged }
}

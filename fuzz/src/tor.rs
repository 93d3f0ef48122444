//! What tor says: the line about a circuit at the entrance for it, replies on its control port.
//!
//! **In**: bytes, the first of which says how the rest is cut. **Out**: the same however it is cut, and what follows
//! untouched. **Never**: more held than is bounded.

use chatter_tor_control::proof::{Challenge, Wanted};
use chatter_tor_control::reply::{REPLY_LEN_MAX, Reply, ReplyError, ReplyReader};
use chatter_tor_control::words::{keyed, quoted, unquoted, value};
use chatterd::circuit::{CircuitReader, TorHost};
use chatterd::proxy_header::{HeaderError, LINE_MAX, Received};
use zeroize::Zeroizing;

use crate::proxy_header::read_by;

/// The circuit does not depend on how its line comes, nor on what comes behind it.
pub fn circuits(input: &[u8]) {
    let Some((cut, bytes)) = input.split_first() else { return };
    let whole = read_line(bytes, bytes.len().max(1));
    assert_eq!(whole, read_line(bytes, 1), "read byte by byte it is another circuit");
    assert_eq!(whole, read_line(bytes, usize::from(*cut).max(1)), "read in pieces it is another circuit");
    let Ok(received) = whole else { return };
    assert!(received.taken <= bytes.len().min(LINE_MAX), "it takes what is not its own");
    match received.source {
        None => assert_eq!(received.taken, bytes.len(), "it leaves what it waits for"),
        Some(source) => {
            assert!(source.circuit().is_some() && source.address().is_none(), "it is no circuit");
            let alone = bytes.get(..received.taken).unwrap_or_default();
            assert_eq!(whole, read_line(alone, alone.len()), "what follows changes it");
        }
    }
}

fn read_line(bytes: &[u8], length: usize) -> Result<Received, HeaderError> {
    let mut reader = CircuitReader::new(TorHost(0));
    read_by(bytes, length, |piece| reader.receive(piece))
}

/// Replies do not depend on how they come; whatever they say is read without a panic, and what is quoted comes back.
pub fn control_replies(input: &[u8]) {
    let Some((cut, bytes)) = input.split_first() else { return };
    let whole = read_replies(bytes, bytes.len().max(1));
    assert_eq!(whole, read_replies(bytes, usize::from(*cut).max(1)), "read in pieces they are others");
    for reply in whole.iter().flatten() {
        assert!(!reply.lines.is_empty(), "a reply has lines");
        let _ = Wanted::read(reply);
        let proved = Challenge::new([0; 32]).answer(reply, &Zeroizing::new([0; 32]));
        assert!(proved.is_err(), "nobody who can't know the cookie proves that he does");
        for line in &reply.lines {
            let word = quoted(&line.text);
            assert!(!word.contains(['\r', '\n']), "a quoted word is one line");
            assert_eq!(unquoted(&word), Some((line.text.clone(), "")), "a quoted word comes back");
            let _ = (value(&line.text), keyed(&line.text, "COOKIEFILE"));
            assert!(line.data.as_ref().is_none_or(|data| data.len() <= 3 * REPLY_LEN_MAX));
        }
    }
}

fn read_replies(bytes: &[u8], length: usize) -> Result<Vec<Reply>, ReplyError> {
    let mut reader = ReplyReader::default();
    let mut replies = Vec::new();
    for mut piece in bytes.chunks(length) {
        while !piece.is_empty() {
            let (taken, reply) = reader.receive(piece)?;
            piece = piece.get(taken..).unwrap_or_default();
            replies.extend(reply);
        }
    }
    Ok(replies)
}

//! An answer's body, however what stands in front of the server frames it: by its length, in chunks, or by its end.
//!
//! **In** what comes after the head. **Out** the content alone, and whether that was all. **Never** a byte of framing
//! taken for content, nor more than a line of it held.

use crate::response::Head;
use crate::texts::text;

/// The reader of one body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body(State);

/// Why a body can't be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Its chunks are no chunks.
    #[error("{}", text!("answer-damaged"))]
    Damaged,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    /// So many bytes are to come.
    Length(u64),
    UntilClosed,
    /// A chunk's line with its length, as far as it has come.
    ChunkLine(Vec<u8>),
    /// So many bytes of a chunk are to come, its line end included.
    Chunk(u64),
    /// Header lines behind the last chunk: so many bytes of one have come.
    Trailer(usize),
    Over,
}

impl Body {
    /// The body that follows this head.
    pub fn of(head: &Head) -> Self {
        let length = head.answer.length;
        Self(match (head.chunked, length) {
            _ if head.answer.status == NOT_MODIFIED => State::Over,
            (true, _) => State::ChunkLine(Vec::new()),
            (false, Some(0)) => State::Over,
            (false, Some(length)) => State::Length(length),
            (false, None) => State::UntilClosed,
        })
    }

    /// Whether nothing of it is to come.
    pub fn is_over(&self) -> bool {
        self.0 == State::Over
    }

    /// The content in the next bytes.
    ///
    /// # Errors
    /// [`BodyError`] where they can't be what the head announced.
    pub fn receive(&mut self, bytes: &[u8]) -> Result<Vec<u8>, BodyError> {
        let mut content = Vec::with_capacity(bytes.len());
        let mut rest = bytes;
        while !rest.is_empty() {
            match &mut self.0 {
                State::Over => break,
                State::UntilClosed => {
                    content.extend_from_slice(rest);
                    break;
                }
                State::Length(left) => {
                    rest = take(rest, left, 0, &mut content);
                    if *left == 0 {
                        self.0 = State::Over;
                    }
                }
                State::Chunk(left) => {
                    rest = take(rest, left, LINE_END, &mut content);
                    if *left == 0 {
                        self.0 = State::ChunkLine(Vec::new());
                    }
                }
                State::ChunkLine(line) => {
                    let (ended, after) = until_line_end(rest);
                    line.extend_from_slice(rest.get(..rest.len() - after.len()).unwrap_or_default());
                    rest = after;
                    if line.len() > LINE_MAX {
                        return Err(BodyError::Damaged);
                    }
                    if ended {
                        self.0 = match chunk_length(line).ok_or(BodyError::Damaged)? {
                            0 => State::Trailer(0),
                            length => State::Chunk(length.saturating_add(LINE_END)),
                        };
                    }
                }
                State::Trailer(length) => {
                    let (ended, after) = until_line_end(rest);
                    *length += rest.len() - after.len();
                    rest = after;
                    if *length > LINE_MAX {
                        return Err(BodyError::Damaged);
                    }
                    if ended {
                        self.0 = if *length <= 2 { State::Over } else { State::Trailer(0) };
                    }
                }
            }
        }
        Ok(content)
    }
}

/// Moves what belongs to `left`, of which the last `framing` bytes are no content; what is behind it comes back.
fn take<'a>(bytes: &'a [u8], left: &mut u64, framing: u64, content: &mut Vec<u8>) -> &'a [u8] {
    let ours = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
    let (ours, rest) = bytes.split_at(ours);
    let wanted = usize::try_from(left.saturating_sub(framing)).unwrap_or(usize::MAX);
    content.extend_from_slice(ours.get(..wanted).unwrap_or(ours));
    *left -= ours.len() as u64;
    rest
}

/// Whether a line ends here, and what is behind that end.
fn until_line_end(bytes: &[u8]) -> (bool, &[u8]) {
    match bytes.iter().position(|byte| *byte == b'\n') {
        Some(at) => (true, bytes.get(at + 1..).unwrap_or_default()),
        None => (false, &[]),
    }
}

/// `1a2b;extension`.
fn chunk_length(line: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(line).ok()?.trim_end();
    let digits = text.split(';').next()?.trim_end();
    if digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        u64::from_str_radix(digits, 16).ok()
    } else {
        None
    }
}

const NOT_MODIFIED: u16 = 304;
/// Behind a chunk: CR and LF.
const LINE_END: u64 = 2;
const LINE_MAX: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response::HeadReader;
    use proptest::prelude::*;

    fn body(head: &str) -> Body {
        let head =
            HeadReader::new().receive(format!("{head}\r\n\r\n").as_bytes()).expect("HTTP").expect("whole");
        Body::of(&head)
    }

    const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked";

    #[test]
    fn each_framing_ends_where_it_says() {
        let check = |head: &str, bytes: &[u8], content: &[u8], over: bool| {
            let mut body = body(head);
            assert_eq!(body.receive(bytes).as_deref(), Ok(content), "{head}");
            assert_eq!(body.is_over(), over, "{head}");
        };
        check("HTTP/1.0 200 OK\r\nContent-Length: 3", b"abcdef", b"abc", true);
        check("HTTP/1.0 200 OK\r\nContent-Length: 3", b"ab", b"ab", false);
        check("HTTP/1.0 200 OK\r\nContent-Length: 0", b"x", b"", true);
        check("HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked", b"x", b"", true);
        check("HTTP/1.0 200 OK", b"abc", b"abc", false);
        check(CHUNKED, b"3\r\nabc\r\n0A;x=y\r\n0123456789\r\n0\r\n\r\nmore", b"abc0123456789", true);
        check(CHUNKED, b"1\r\na\r\n0\r\nTrailer: x\r\n\r\n", b"a", true);
        // What stands in the same head besides chunks does not count.
        check(
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\ntransfer-encoding:  Chunked",
            b"2\r\nab\r\n",
            b"ab",
            false,
        );
    }

    #[test]
    fn what_is_no_chunk_is_refused() {
        for bytes in [
            &b"x\r\n"[..],
            b"-1\r\n",
            b"+1\r\n",
            b"11111111111111111\r\n",
            b"\xff\r\n",
            &[b'1'; LINE_MAX + 1],
        ] {
            assert_eq!(body(CHUNKED).receive(bytes), Err(BodyError::Damaged), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn chunks_come_together_however_they_are_cut(
            chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 0..6),
            piece in 1usize..30,
        ) {
            let mut sent = Vec::new();
            for chunk in &chunks {
                sent.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
                sent.extend(chunk);
                sent.extend(b"\r\n");
            }
            sent.extend(b"0\r\n\r\n");
            let mut body = body(CHUNKED);
            let mut content = Vec::new();
            for piece in sent.chunks(piece) {
                prop_assert!(!body.is_over());
                content.extend(body.receive(piece).expect("chunks"));
            }
            prop_assert!(body.is_over());
            prop_assert_eq!(content, chunks.concat());
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in "[0-9a-f;\r\n]{0,60}") {
            let _ = body(CHUNKED).receive(bytes.as_bytes());
        }
    }
}

//! Reads what tor says on its control port.
//!
//! **In** bytes, as they come. **Out** replies: lines with a status, some with data. **Never** a socket; more held than
//! [`REPLY_LEN_MAX`].
//!
//! ```text
//! 250-version=0.4.9.11      a line, more follow
//! 250+config-text=          a line with data, which ends at a line with a dot alone
//! .
//! 250 OK                    the last one
//! 650 CIRC …                an event is a reply that nobody asked for
//! ```

/// One reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The last line's status: 2xx done, 4xx and 5xx refused, 650 an event.
    pub status: u16,
    /// All lines, at least one.
    pub lines: Vec<Line>,
}

/// One line of a reply.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// What stands behind its status; wrong UTF-8 replaced.
    pub text: String,
    /// The data after it, lines ended by LF; none where it has none.
    pub data: Option<String>,
}

/// Why a connection must not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// No line of the protocol.
    #[error("this is not how tor's control port answers")]
    Damaged,
    /// More than is held.
    #[error("this reply is longer than {REPLY_LEN_MAX} bytes")]
    TooLong,
}

/// The reader of one connection.
#[derive(Clone, Debug, Default)]
pub struct ReplyReader {
    /// The line that is not over yet.
    begun: Vec<u8>,
    lines: Vec<Line>,
    /// Whether the last of them waits for the end of its data.
    in_data: bool,
    held: usize,
}

impl Reply {
    /// Whether it was done.
    pub fn is_done(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Whether nobody asked for it.
    pub fn is_event(&self) -> bool {
        self.status == EVENT
    }

    /// The last line's text, which says why something was refused.
    pub fn text(&self) -> &str {
        self.lines.last().map_or("", |line| &line.text)
    }

    /// What stands behind `key=` at the beginning of a line.
    pub fn values<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.lines.iter().filter_map(move |line| line.text.strip_prefix(key)?.strip_prefix('='))
    }
}

impl ReplyReader {
    /// Takes of `input` what belongs to the first reply in it: how many bytes, and the reply where it ends in them.
    ///
    /// # Errors
    /// As soon as these bytes can't become one.
    pub fn receive(&mut self, input: &[u8]) -> Result<(usize, Option<Reply>), ReplyError> {
        for (index, byte) in input.iter().enumerate() {
            self.held += 1;
            if self.held > REPLY_LEN_MAX {
                return Err(ReplyError::TooLong);
            }
            if *byte != b'\n' {
                self.begun.push(*byte);
                continue;
            }
            let line = std::mem::take(&mut self.begun);
            let line = line.strip_suffix(b"\r").unwrap_or(&line);
            if let Some(status) = self.line(line)? {
                self.held = 0;
                let lines = std::mem::take(&mut self.lines);
                return Ok((index + 1, Some(Reply { status, lines })));
            }
        }
        Ok((input.len(), None))
    }

    /// One line; the reply's status where it was the last.
    fn line(&mut self, line: &[u8]) -> Result<Option<u16>, ReplyError> {
        if self.in_data {
            self.data(line);
            return Ok(None);
        }
        let (head, text) = line.split_at_checked(4).ok_or(ReplyError::Damaged)?;
        let [first, second, third, mark] = *head else { return Err(ReplyError::Damaged) };
        let digit = |byte: u8| byte.is_ascii_digit().then(|| u16::from(byte - b'0')).ok_or(ReplyError::Damaged);
        let status = digit(first)? * 100 + digit(second)? * 10 + digit(third)?;
        self.in_data = mark == b'+';
        let text = String::from_utf8_lossy(text).into_owned();
        self.lines.push(Line { text, data: self.in_data.then(String::new) });
        match mark {
            b' ' => Ok(Some(status)),
            b'-' | b'+' => Ok(None),
            _ => Err(ReplyError::Damaged),
        }
    }

    fn data(&mut self, line: &[u8]) {
        if line == b"." {
            self.in_data = false;
            return;
        }
        let line = line.strip_prefix(b".").unwrap_or(line);
        if let Some(data) = self.lines.last_mut().and_then(|line| line.data.as_mut()) {
            data.push_str(&String::from_utf8_lossy(line));
            data.push('\n');
        }
    }
}

/// The longest reply that is held: a hundred times what we ask for has.
pub const REPLY_LEN_MAX: usize = 1024 * 1024;
const EVENT: u16 = 650;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<Vec<Reply>, ReplyError> {
        let (mut reader, mut rest, mut replies) = (ReplyReader::default(), text.as_bytes(), Vec::new());
        while !rest.is_empty() {
            let (taken, reply) = reader.receive(rest)?;
            rest = &rest[taken..];
            replies.extend(reply);
        }
        Ok(replies)
    }

    #[test]
    fn replies_end_at_their_last_line() {
        let replies = read(
            "250-version=0.4.9.11\r\n250+config=\r\nA 1\r\n..B\r\n.\r\n250 OK\r\n650 HS_DESC UPLOADED x\r\n552 no such key\r\n",
        )
        .unwrap();
        let [first, event, refused] = &replies[..] else { panic!("{replies:?}") };
        assert!(first.is_done() && !first.is_event() && event.is_event() && !event.is_done() && !refused.is_done());
        assert_eq!(first.values("version").collect::<Vec<_>>(), ["0.4.9.11"]);
        assert_eq!(first.lines[1].data.as_deref(), Some("A 1\n.B\n"));
        assert_eq!((refused.status, refused.text()), (552, "no such key"));
    }

    #[test]
    fn other_programs_are_told_apart() {
        for text in ["HTTP/1.1 200 OK\r\n", "25\r\n", "\r\n", "250*x\r\n", "2x0 OK\r\n"] {
            assert_eq!(read(text), Err(ReplyError::Damaged), "{text:?}");
        }
        assert_eq!(read(&"x".repeat(REPLY_LEN_MAX + 1)), Err(ReplyError::TooLong));
        let endless = "250-x\r\n".repeat(REPLY_LEN_MAX);
        assert_eq!(read(&endless), Err(ReplyError::TooLong));
    }

    proptest! {
        #[test]
        fn it_does_not_matter_how_bytes_come(
            text in "((250|650|552)[-+ ][ -~]{0,9}(\r\n|\n)|[.]{1,2}[a-z]?\r\n|[ -~]{0,3})*", cut in 1usize..9,
        ) {
            let whole = read(&text);
            let mut reader = ReplyReader::default();
            let mut replies = Ok(Vec::new());
            'pieces: for piece in text.as_bytes().chunks(cut) {
                let mut rest = piece;
                while !rest.is_empty() {
                    match reader.receive(rest) {
                        Ok((taken, reply)) => {
                            rest = &rest[taken..];
                            if let Ok(replies) = &mut replies { replies.extend(reply); }
                        }
                        Err(error) => { replies = Err(error); break 'pieces; }
                    }
                }
            }
            prop_assert_eq!(whole, replies);
        }
    }
}

//! The head of an answer: as much of HTTP as a session needs, read from a peer that may send anything.
//!
//! **In** bytes as they arrive. **Out** once, the answer's status, date and length, and the bytes of the body
//! that came along. **Never** more than [`HEAD_BYTES_MAX`] held, never a judgement on what the answer means.

use chatter_protocol::client::LinkAnswer;
use chatter_protocol::time::WallTime;

use crate::texts::text;

/// Gathers bytes until an answer's head is whole.
#[derive(Debug, Default)]
pub struct HeadReader {
    gathered: Vec<u8>,
}

/// An answer's head, and what followed it.
#[derive(Debug)]
pub struct Head {
    /// What the session wants to know of it.
    pub answer: LinkAnswer,
    /// Whether the body comes in chunks, as from a proxy in front of the server.
    pub chunked: bool,
    /// The first bytes of the body.
    pub body: Vec<u8>,
}

/// Why an answer can't be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResponseError {
    /// It does not begin as an HTTP answer.
    #[error("{}", text!("answer-no-http"))]
    NotHttp,
    /// Its head does not end.
    #[error("{}", text!("answer-head-long", bytes = HEAD_BYTES_MAX))]
    TooLong,
}

impl HeadReader {
    /// A reader that has read nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes; the head, as soon as it is whole.
    ///
    /// # Errors
    /// [`ResponseError`] as soon as these bytes can't become one.
    pub fn receive(&mut self, bytes: &[u8]) -> Result<Option<Head>, ResponseError> {
        self.gathered.extend_from_slice(bytes);
        let seen = self.gathered.len().min(MAGIC.len());
        if !self.gathered.get(..seen).is_some_and(|start| MAGIC.starts_with(start)) {
            return Err(ResponseError::NotHttp);
        }
        let Some((head_len, body_start)) = head_end(&self.gathered) else {
            let too_long = self.gathered.len() > HEAD_BYTES_MAX;
            return if too_long { Err(ResponseError::TooLong) } else { Ok(None) };
        };
        if head_len > HEAD_BYTES_MAX {
            return Err(ResponseError::TooLong);
        }
        let body = self.gathered.split_off(body_start);
        self.gathered.truncate(head_len);
        let (answer, chunked) = parse(&self.gathered)?;
        self.gathered.clear();
        Ok(Some(Head { answer, chunked, body }))
    }
}

/// Where the head ends and where the body starts: at an empty line, however its lines end.
fn head_end(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut line_start = 0;
    for (at, _) in bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n') {
        let line = bytes.get(line_start..at)?;
        if line.is_empty() || line == b"\r" {
            return Some((line_start, at + 1));
        }
        line_start = at + 1;
    }
    None
}

fn parse(head: &[u8]) -> Result<(LinkAnswer, bool), ResponseError> {
    let text = String::from_utf8_lossy(head);
    let mut lines = text.lines();
    let status = lines.next().and_then(status).ok_or(ResponseError::NotHttp)?;
    let mut answer = LinkAnswer { status, date: None, length: None };
    let mut chunked = false;
    for line in lines {
        let Some((name, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        if name.eq_ignore_ascii_case("date") {
            answer.date = answer.date.or_else(|| http_date(value));
        } else if name.eq_ignore_ascii_case("content-length") {
            answer.length = answer.length.or_else(|| value.parse().ok());
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            chunked = value.eq_ignore_ascii_case("chunked");
        }
    }
    Ok((answer, chunked))
}

/// The status code of `HTTP/1.0 200 OK`.
fn status(line: &str) -> Option<u16> {
    let mut words = line.split_ascii_whitespace();
    words.next()?.strip_prefix("HTTP/1.")?;
    let code = words.next()?;
    if code.len() == 3 { code.parse().ok() } else { None }
}

/// The time of `Sun, 06 Nov 1994 08:49:37 GMT`, the only form that servers send.
fn http_date(text: &str) -> Option<WallTime> {
    let (_, date) = text.split_once(", ")?;
    let mut words = date.split(' ');
    let (day, month, year) = (words.next()?, words.next()?, words.next()?);
    let mut clock = words.next()?.split(':').map(str::parse::<u64>);
    let day: u64 = day.parse().ok().filter(|day| (1..=31).contains(day))?;
    let year: u64 = year.parse().ok().filter(|year| (1970..=9999).contains(year))?;
    let month = MONTHS.iter().position(|name| *name == month)?;
    let (hours, minutes, seconds) = (clock.next()?.ok()?, clock.next()?.ok()?, clock.next()?.ok()?);
    if hours > 23 || minutes > 59 || seconds > 60 || words.next() != Some("GMT") {
        return None;
    }
    let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let leap_days = |before: u64| (before - 1) / 4 - (before - 1) / 100 + (before - 1) / 400;
    let year_days = (year - 1970) * 365 + leap_days(year) - leap_days(1970);
    let month_days: u64 = MONTH_DAYS.iter().take(month).sum();
    let leap_day = u64::from(month > 1 && leap(year));
    let days = year_days + month_days + leap_day + day - 1;
    Some(WallTime(days * 86_400 + hours * 3_600 + minutes * 60 + seconds))
}

/// A head may hold this much; Python's is below 300 bytes, a proxy in front adds some.
pub const HEAD_BYTES_MAX: usize = 16 * 1024;

const MAGIC: &[u8] = b"HTTP/1.";
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const MONTH_DAYS: [u64; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

#[cfg(test)]
mod tests {
    use super::*;

    const PYTHON: &[u8] = b"HTTP/1.0 200 OK\r\nServer: SimpleHTTP/0.6 Python/3.11.2\r\n\
        Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-type: application/octet-stream\r\n\
        Content-Length: 1048576\r\n\r\nSalted__";

    fn check(bytes: &[u8]) -> Result<Option<Head>, ResponseError> {
        HeadReader::new().receive(bytes)
    }

    #[test]
    fn reads_what_python_answers_however_it_is_cut() {
        for cut in 0..PYTHON.len() {
            let mut reader = HeadReader::new();
            let (before, after) = PYTHON.split_at(cut);
            let mut head = reader.receive(before).expect("http");
            let mut body = head.as_ref().map_or(Vec::new(), |head| head.body.clone());
            match head {
                Some(_) => body.extend_from_slice(after),
                None => {
                    head = reader.receive(after).expect("http");
                    body = head.as_ref().expect("whole").body.clone();
                }
            }
            let answer = head.expect("whole").answer;
            assert_eq!(answer.status, 200);
            assert_eq!(answer.date, Some(WallTime(784_111_777)));
            assert_eq!(answer.length, Some(1_048_576));
            assert_eq!(body, b"Salted__");
        }
    }

    #[test]
    fn tolerates_what_others_send() {
        let head = check(b"HTTP/1.1 304\nDATE:Thu, 29 Feb 2024 23:59:60 GMT\nnonsense\n\nx").expect("http");
        let Head { answer, body, .. } = head.expect("whole");
        assert_eq!((answer.status, answer.length), (304, None));
        assert_eq!(answer.date, Some(WallTime(1_709_251_200)));
        assert_eq!(body, b"x");
    }

    #[test]
    fn refuses_what_is_no_answer() {
        assert_eq!(check(b"<html>").err(), Some(ResponseError::NotHttp));
        assert_eq!(check(b"SSH-2.0-OpenSSH_9.2\r\n").err(), Some(ResponseError::NotHttp));
        assert_eq!(check(b"HTTP/1.0 x OK\r\n\r\n").err(), Some(ResponseError::NotHttp));
        assert!(check(b"HTT").expect("may become one").is_none());
        let endless = [b"HTTP/1.0 200 OK\r\n".as_slice(), &vec![b'a'; HEAD_BYTES_MAX]].concat();
        assert_eq!(check(&endless).err(), Some(ResponseError::TooLong));
    }

    #[test]
    fn dates_are_read_or_ignored() {
        assert_eq!(http_date("Thu, 01 Jan 1970 00:00:00 GMT"), Some(WallTime(0)));
        assert_eq!(http_date("Fri, 31 Dec 9999 23:59:59 GMT"), Some(WallTime(253_402_300_799)));
        assert_eq!(http_date("Sun, 22 Nov 2026 21:50:20 GMT"), Some(WallTime(1_795_384_220)));
        for wrong in ["", "now", "Sun, 99 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49 GMT", "Sun, 06 Nov"]
        {
            assert_eq!(http_date(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn no_bytes_make_it_panic() {
        let mut state = 1_u32;
        for length in 0..2000_usize {
            let mut bytes = PYTHON.to_vec();
            for _ in 0..8 {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let at = state as usize % bytes.len();
                bytes[at] = state.to_le_bytes()[3];
            }
            bytes.truncate(length % 200);
            drop(check(&bytes));
        }
    }
}

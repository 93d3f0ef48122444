//! Standard input and the two outputs: the only file that prints.
//!
//! **In** lines of stdin, at most [`LINE_BYTES_MAX`] long; notices. **Out** lines to a [`Handle`]; text on stdout and
//! stderr, flushed at once. **Never** a decision about what a line means.

use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::thread;

use tokio::runtime;
use zeroize::Zeroizing;

use crate::client::Handle;
use crate::event::{Notice, Told};
use crate::json::request::{Request, Wish};
use crate::secret::SecretText;
use crate::texts::text;
use crate::ui::{Charset, charset_of_locale};
use crate::{json, plain, qr};

mod input;

/// How notices are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Lines for people.
    Plain,
    /// A JSON object per line.
    Json,
}

/// Whether somebody sits at stdin.
pub fn is_interactive() -> bool {
    io::stdin().is_terminal()
}

/// Whether this terminal, if it is one, can show a full screen.
pub fn has_screen() -> bool {
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    is_interactive() && io::stdout().is_terminal() && !dumb
}

/// Writes a notice in this style.
///
/// # Errors
/// Where stdout is gone. Whether stderr is, nobody cares.
pub fn show(style: Style, told: &Told) -> io::Result<()> {
    let lines = plain::lines(told);
    if let Some(note) = &lines.note {
        // The order of both outputs on one terminal is that of the notices.
        let _ = writeln!(io::stderr().lock(), "{note}");
    }
    let mut stdout = io::stdout().lock();
    match style {
        Style::Plain => {
            if let Some(talk) = &lines.talk {
                write_line(&mut stdout, talk.expose())?;
            }
            if let (Notice::Room { link }, true) = (&told.notice, io::stdout().is_terminal()) {
                draw_code(&mut stdout, link.expose())?;
            }
        }
        Style::Json => {
            if let Some(line) = json::line(told) {
                write_line(&mut stdout, &line)?;
            }
        }
    }
    stdout.flush()
}

/// A link once more, for a camera, where the terminal has room for it.
fn draw_code(out: &mut impl Write, link: &str) -> io::Result<()> {
    let (columns, rows) = crossterm::terminal::size().unwrap_or_default();
    let variable = |name: &str| std::env::var(name).ok();
    let charset = charset_of_locale(["LC_ALL", "LC_CTYPE", "LANG"].map(variable));
    let ascii = charset != Charset::Unicode && !cfg!(windows);
    let room = usize::from(rows).saturating_sub(LINES_AROUND);
    match qr::lines(link, usize::from(columns), room, ascii) {
        Some(lines) => out.write_all(qr::on_white(&lines).as_bytes()),
        None => Ok(()),
    }
}

/// Writes a line in one go: pieces of it would stay in the output's buffer.
fn write_line(out: &mut impl Write, line: &str) -> io::Result<()> {
    let mut whole = Zeroizing::new(String::with_capacity(line.len() + 1));
    whole.push_str(line);
    whole.push('\n');
    out.write_all(whole.as_bytes())
}

/// Writes a line to stdout that is no notice.
///
/// # Errors
/// Where stdout is gone.
pub fn print(line: &str) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{line}")
}

/// The first line of this style's output.
///
/// # Errors
/// Where stdout is gone.
pub fn greet(style: Style) -> io::Result<()> {
    match style {
        Style::Plain => Ok(()),
        Style::Json => print(&json::hello()),
    }
}

/// Asks for something that may be seen, on a terminal.
///
/// # Errors
/// Where stdin or stderr fail, or the input ends.
pub fn ask(what: &str) -> io::Result<String> {
    let mut stderr = io::stderr().lock();
    write!(stderr, "{}", text!("prompt", what = what))?;
    stderr.flush()?;
    match read_line(&mut *input::lock())? {
        Line::Whole(line) => Ok(line.trim().to_owned()),
        Line::TooLong | Line::End => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

/// The first line of a pipe, where a link is expected.
///
/// # Errors
/// Where stdin fails, ends, or begins with something much longer than a link.
pub fn first_line() -> io::Result<SecretText> {
    match read_line(&mut *input::lock())? {
        Line::Whole(line) => Ok(SecretText::new(line)),
        Line::TooLong | Line::End => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

/// Hands lines of stdin to `handle` until either ends. Call it within a tokio runtime.
///
/// A thread of its own: a read of stdin can't be broken off, so nothing may wait for it.
pub fn read_lines(handle: Handle, style: Style) {
    let runtime = runtime::Handle::current();
    thread::spawn(move || {
        loop {
            let line = read_line(&mut *input::lock());
            let go_on = match line {
                Ok(Line::Whole(line)) if style == Style::Json => runtime.block_on(ask_for(&handle, line)),
                Ok(Line::Whole(line)) => runtime.block_on(handle.line(line)),
                Ok(Line::TooLong) => {
                    let text = text!("line-too-long", bytes = LINE_BYTES_MAX);
                    show(style, &Notice::Error(text).into()).is_ok()
                }
                Ok(Line::End) | Err(_) => {
                    runtime.block_on(handle.end());
                    false
                }
            };
            if !go_on {
                return;
            }
        }
    });
}

/// Hands on what a script asks for; false once the stay is over.
async fn ask_for(handle: &Handle, line: String) -> bool {
    match Request::parse(&line) {
        Ok(Request { room, wish: Wish::Say(text) }) => match room {
            Some(room) => handle.say_in(room, text).await,
            None => handle.say(text).await,
        },
        Ok(Request { room, wish: Wish::Line(line) }) => match room {
            Some(room) => handle.line_in(room, line.expose()).await,
            None => handle.line(line.expose()).await,
        },
        Err(text) => show(Style::Json, &Notice::Error(text).into()).is_ok(),
    }
}

/// All that stdin still holds, without the last line's end.
///
/// # Errors
/// Where stdin fails, or holds more than can be said at once.
pub fn rest() -> io::Result<SecretText> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(LINE_BYTES_MAX + 3));
    (&mut *input::lock()).take(LINE_BYTES_MAX as u64 + 3).read_to_end(&mut bytes)?;
    let mut text = String::from_utf8_lossy(&bytes).into_owned();
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    if text.len() > LINE_BYTES_MAX {
        let text = text!("stdin-too-long", bytes = LINE_BYTES_MAX);
        return Err(io::Error::new(io::ErrorKind::InvalidData, text));
    }
    Ok(SecretText::new(text))
}

#[derive(Debug, PartialEq, Eq)]
enum Line {
    /// Without its end.
    Whole(String),
    /// Read to its end and dropped.
    TooLong,
    End,
}

/// The next line; what is not UTF-8 in it becomes U+FFFD.
fn read_line(input: &mut impl BufRead) -> io::Result<Line> {
    let mut bytes = Vec::new();
    let bound = LINE_BYTES_MAX as u64 + 2;
    if input.take(bound).read_until(b'\n', &mut bytes)? == 0 {
        return Ok(Line::End);
    }
    let ended = bytes.pop_if(|byte| *byte == b'\n').is_some();
    if !ended && bytes.len() as u64 >= bound {
        input.skip_until(b'\n')?;
        return Ok(Line::TooLong);
    }
    bytes.pop_if(|byte| *byte == b'\r');
    if bytes.len() > LINE_BYTES_MAX {
        return Ok(Line::TooLong);
    }
    // A link is UTF-8 and leaves no copy here.
    let line = String::from_utf8(bytes);
    Ok(Line::Whole(line.unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())))
}

/// Of a terminal's rows, those that the link itself takes.
const LINES_AROUND: usize = 6;
/// The longest line that is read, just above the longest text that a room takes.
pub const LINE_BYTES_MAX: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_as_everywhere() {
        let mut input: &[u8] = b"one\ntwo\r\n\nf\xfcr\nlast";
        let mut check = |expected: Line| assert_eq!(read_line(&mut input).expect("readable"), expected);
        check(Line::Whole("one".into()));
        check(Line::Whole("two".into()));
        check(Line::Whole(String::new()));
        check(Line::Whole("f\u{fffd}r".into()));
        check(Line::Whole("last".into()));
        check(Line::End);
    }

    #[test]
    fn long_lines_are_dropped_whole() {
        for extra in 1..5 {
            let long = "x".repeat(LINE_BYTES_MAX + extra) + "\nnext\n";
            let mut input = long.as_bytes();
            assert_eq!(read_line(&mut input).expect("readable"), Line::TooLong, "{extra}");
            assert_eq!(read_line(&mut input).expect("readable"), Line::Whole("next".into()));
        }
        let longest = "x".repeat(LINE_BYTES_MAX);
        assert_eq!(read_line(&mut longest.as_bytes()).expect("readable"), Line::Whole(longest.clone()));
    }
}

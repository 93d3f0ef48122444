//! Prints, as the only file that does.
//!
//! **In** answers and failures. **Out** text for people or one JSON object for scripts, and the exit code.
//! **Never** a control character out of the daemon's mouth to the terminal, **never** a panic over a closed pipe.

use std::io::{self, Write};
use std::process::ExitCode;

use serde::Serialize;
use serde_json::json;

use crate::failure::Failure;

/// How to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Human,
    Json,
}

impl Format {
    pub(crate) fn new(json: bool) -> Self {
        if json { Self::Json } else { Self::Human }
    }
}

/// What a command found, both ways.
#[derive(Debug)]
pub(crate) struct Answer {
    json: String,
    text: String,
    exit: u8,
}

impl Answer {
    /// An answer whose JSON has the fields of `json`, and whose text has these lines.
    pub(crate) fn new(json: &impl Serialize, lines: &[String]) -> Self {
        let text: String = lines.iter().map(|line| format!("{}\n", printable(line))).collect();
        let json = serde_json::to_string(json).expect("fields are texts, numbers and lists of such");
        Self { json, text, exit: 0 }
    }

    /// An answer whose text is one of its fields, tabs and all: a script of ours for a shell.
    pub(crate) fn verbatim<T: Serialize>(fields: &T, text: impl FnOnce(&T) -> &str) -> Self {
        Self { text: text(fields).to_owned(), ..Self::new(fields, &[]) }
    }

    /// The same, with this exit code.
    pub(crate) fn exits(self, exit: u8) -> Self {
        Self { exit, ..self }
    }
}

/// A table with a heading, columns as wide as they need to be; numbers to the right.
pub(crate) fn table<const N: usize>(heading: [&str; N], rows: &[[String; N]]) -> Vec<String> {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain(heading.get(column).map(|title| title.chars().count())).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..N).map(width).collect();
    let line = |cells: [&str; N]| {
        let padded = cells.iter().zip(&widths).zip(0..N).map(|((cell, width), column)| {
            let number = rows.iter().filter_map(|row| row.get(column)).all(|cell| is_number(cell));
            if number { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
        });
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let body = rows.iter().map(|row| line(row.each_ref().map(String::as_str)));
    std::iter::once(line(heading)).chain(body).collect()
}

/// Prints an answer.
pub(crate) fn answer(answer: &Answer, format: Format) -> ExitCode {
    let result = match format {
        Format::Human => write(io::stdout(), &answer.text),
        Format::Json => write(io::stdout(), &format!("{}\n", answer.json)),
    };
    written(result, ExitCode::from(answer.exit))
}

/// Prints a failure: for people to stderr, for scripts to stdout, where they read.
pub(crate) fn failure(failure: &Failure, format: Format) -> ExitCode {
    let text = failure.to_string();
    let result = match format {
        Format::Human => {
            let lines: Vec<_> = text.lines().map(printable).collect();
            write(io::stderr(), &format!("chatterctl: {}\n", lines.join("\n")))
        }
        Format::Json => write(io::stdout(), &format!("{}\n", json!({"error": text, "kind": failure.kind()}))),
    };
    written(result, ExitCode::from(failure.exit_code()))
}

/// Prints what clap has to say: help, the version or a usage error.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    let code = u8::try_from(error.exit_code()).unwrap_or(2);
    written(error.print(), ExitCode::from(code))
}

fn write(mut stream: impl Write, text: &str) -> io::Result<()> {
    stream.write_all(text.as_bytes())?;
    stream.flush()
}

/// A reader that has seen enough, as `head`, is no failure; a full disk is.
fn written(result: io::Result<()>, code: ExitCode) -> ExitCode {
    match result {
        Ok(()) => code,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => code,
        Err(error) => {
            let _ = write(io::stderr(), &format!("chatterctl: cannot print: {error}\n"));
            ExitCode::FAILURE
        }
    }
}

fn is_number(cell: &str) -> bool {
    cell.bytes().all(|byte| byte.is_ascii_digit())
}

fn printable(line: &str) -> String {
    line.chars().map(|char| if char.is_control() { '\u{fffd}' } else { char }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_align() {
        let rows = [["203.0.113.9".to_owned(), "30".to_owned()], ["::/64".to_owned(), "4".to_owned()]];
        let expected = ["address      packets", "203.0.113.9       30", "::/64              4"];
        assert_eq!(table(["address", "packets"], &rows), expected);
        assert_eq!(table(["address", "why"], &[["a".to_owned(), String::new()]]), ["address  why", "a"]);
    }

    #[test]
    fn nothing_moves_the_cursor() {
        assert_eq!(printable("a\u{1b}[2Jb\tc\u{9b}"), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}");
    }
}

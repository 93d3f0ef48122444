//! Prints, as the only file that does.
//!
//! **In** answers and failures. **Out** text for people or one JSON object for scripts, and the exit code.
//! **Never** a control character out of the daemon's mouth to the terminal, **never** a panic over a closed pipe.

use std::io::{self, IsTerminal as _, Write};
use std::process::ExitCode;

use serde::Serialize;
use serde_json::json;
use terminal_size::terminal_size_of;

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
    lines: Vec<String>,
    /// How many of the lines, the first ones, are a table's.
    table_len: usize,
    redraws: bool,
    /// The program's exit code.
    exit: u8,
}

impl Answer {
    /// An answer whose JSON has the fields of `json`, and whose text has these lines.
    pub(crate) fn new(json: &impl Serialize, lines: &[String]) -> Self {
        let json = serde_json::to_string(json).expect("fields are texts, numbers and lists of such");
        let lines = lines.iter().map(|line| printable(line)).collect();
        Self { json, lines, table_len: 0, redraws: false, exit: 0 }
    }

    /// The same, with a table, or where it has no rows a word, before the lines.
    pub(crate) fn table<const N: usize>(
        json: &impl Serialize,
        heading: [&str; N],
        rows: &[[String; N]],
        nothing: &str,
        lines: &[String],
    ) -> Self {
        let mut all = if rows.is_empty() { vec![nothing.to_owned()] } else { table(heading, rows) };
        let table_len = if rows.is_empty() { 0 } else { all.len() };
        all.extend(lines.iter().cloned());
        Self { table_len, ..Self::new(json, &all) }
    }

    /// In place of what was on the terminal before.
    pub(crate) fn redrawn(self) -> Self {
        Self { redraws: true, ..self }
    }

    fn text(&self, screen: Screen) -> String {
        let mut text = String::new();
        if self.redraws && screen.width.is_some() {
            text.push_str(HOME);
        }
        for (at, line) in self.lines.iter().enumerate() {
            let cut = screen.width.filter(|_| at < self.table_len).map(|width| cut(line, width));
            let line = cut.as_deref().unwrap_or(line);
            let colour = match at {
                0 if self.table_len > 0 => Some(BOLD),
                _ if line.starts_with("warning: ") => Some(YELLOW),
                _ => None,
            };
            match colour.filter(|_| screen.colour) {
                Some(colour) => text.push_str(&format!("{colour}{line}{PLAIN}\n")),
                None => text.push_str(&format!("{line}\n")),
            }
        }
        text
    }

    /// An answer whose text is one of its fields, tabs and all: a script of ours for a shell.
    pub(crate) fn verbatim<T: Serialize>(fields: &T, text: impl FnOnce(&T) -> &str) -> Self {
        Self { lines: text(fields).lines().map(str::to_owned).collect(), ..Self::new(fields, &[]) }
    }

    /// The same, with this exit code.
    pub(crate) fn exits(self, exit: u8) -> Self {
        Self { exit, ..self }
    }
}

/// What standard output is.
#[derive(Clone, Copy, Debug)]
struct Screen {
    /// A terminal's width in columns.
    width: Option<usize>,
    colour: bool,
}

impl Screen {
    fn of_stdout() -> Self {
        let stdout = io::stdout();
        if !stdout.is_terminal() {
            return Self { width: None, colour: false };
        }
        let width = terminal_size_of(stdout).map_or(WIDTH_DEFAULT, |(width, _)| usize::from(width.0));
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let colour = set("NO_COLOR").is_none() && set("TERM").is_none_or(|term| term != "dumb");
        Self { width: Some(width), colour }
    }
}

/// How many columns a terminal has; none: standard output is none.
pub(crate) fn terminal_width() -> Option<usize> {
    Screen::of_stdout().width
}

/// Whether somebody sits there and can be asked.
pub(crate) fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks, and hears whether the answer is yes. Only that and nothing else is.
pub(crate) fn ask(question: &str) -> bool {
    let mut answer = String::new();
    let asked = write(io::stderr(), &format!("{} [y/N] ", printable(question)));
    asked.is_ok()
        && io::stdin().read_line(&mut answer).is_ok()
        && ["y", "yes"].contains(&answer.trim().to_ascii_lowercase().as_str())
}

/// A line's beginning, so that it fits; what is missing is shown by its end.
fn cut(line: &str, width: usize) -> String {
    if line.chars().count() <= width {
        return line.to_owned();
    }
    line.chars().take(width.saturating_sub(1)).chain(std::iter::once('…')).collect()
}

/// A table with a heading, columns as wide as they need to be; numbers to the right.
fn table<const N: usize>(heading: [&str; N], rows: &[[String; N]]) -> Vec<String> {
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
    written(show(answer, format), ExitCode::from(answer.exit))
}

/// Prints one answer of several.
///
/// # Errors
/// What the system says: nobody reads any more, the disk is full.
pub(crate) fn show(answer: &Answer, format: Format) -> io::Result<()> {
    match format {
        Format::Human => write(io::stdout(), &answer.text(Screen::of_stdout())),
        Format::Json => write(io::stdout(), &format!("{}\n", answer.json)),
    }
}

/// Tells people how far something is that takes its time; scripts wait for the end.
pub(crate) fn progress(format: Format, text: &str) {
    if format == Format::Human {
        // Nobody who reads it any more is no reason to stop.
        let _ = write(io::stderr(), &format!("{}\n", printable(text)));
    }
}

/// Prints a failure: for people to stderr, for scripts to stdout, where they read.
pub(crate) fn failure(failure: &Failure, format: Format) -> ExitCode {
    let text = failure.to_string();
    let result = match format {
        Format::Human => {
            let lines: Vec<_> = text.lines().map(printable).collect();
            write(io::stderr(), &format!("chatterctl: {}\n", lines.join("\n")))
        }
        Format::Json => {
            let told = json!({"error": text, "kind": failure.kind(), "reason": failure.reason()});
            write(io::stdout(), &format!("{told}\n"))
        }
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

const BOLD: &str = "\u{1b}[1m";
const YELLOW: &str = "\u{1b}[33m";
const PLAIN: &str = "\u{1b}[0m";
/// Clears the screen, and begins at its top.
const HOME: &str = "\u{1b}[2J\u{1b}[H";
/// Of a terminal that does not say how wide it is.
const WIDTH_DEFAULT: usize = 80;

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
    fn tables_fit_the_terminal_and_links_are_never_cut() {
        let rows = [["203.0.113.9".to_owned(), "banned for knocks".to_owned()]];
        let link = ["chatter://a.example:8000/#chatter1".to_owned()];
        let answer = Answer::table(&json!({}), ["ADDRESS", "WHY"], &rows, "nothing", &link);
        let shown = |width, colour| answer.text(Screen { width, colour });
        let narrow = "ADDRESS      WHY\n203.0.113.9  banned…\nchatter://a.example:8000/#chatter1\n";
        assert_eq!(shown(Some(20), false), narrow);
        assert!(shown(None, false).contains("banned for knocks\n"));
        assert!(shown(Some(80), true).starts_with("\u{1b}[1mADDRESS"));
        let empty = Answer::table(&json!({}), ["ADDRESS"], &[], "no address is known", &[]);
        assert_eq!(empty.text(Screen { width: Some(5), colour: true }), "no address is known\n");
    }

    #[test]
    fn nothing_moves_the_cursor() {
        assert_eq!(printable("a\u{1b}[2Jb\tc\u{9b}"), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}");
    }
}

//! The line that is being typed, in rows.
//!
//! **In** a [`Screen`], a width in columns. **Out** rows, and where the cursor stands among them. **Never** a link that
//! others could read on the screen.

use super::super::clean;
use super::super::screen::Screen;
use super::super::wrap;

/// What is typed, in rows.
pub(super) struct Input {
    pub(super) prompt: String,
    pub(super) rows: Vec<String>,
    /// Where the cursor stands.
    pub(super) row: usize,
    /// Behind the prompt.
    pub(super) column: usize,
}

impl Input {
    /// What is typed, in rows that fit into `width` with the prompt.
    pub(super) fn of(screen: &Screen, width: u16) -> Self {
        let width = usize::from(width);
        let you = screen.tab().map(|tab| tab.you.as_str()).unwrap_or_default();
        let prompt = if width < PROMPT_FROM || you.is_empty() {
            "> ".to_owned()
        } else {
            format!("{}> ", wrap::shorten(you, PROMPT_WIDTH_MAX, screen.theme.signs().more))
        };
        let room = width.saturating_sub(wrap::width(&prompt)).max(1);
        let (text, before) = (screen.input.text(), screen.input.before());
        if let Some(hidden) = hidden(text) {
            let column = wrap::width(&hidden).min(room - 1);
            return Self { prompt, rows: vec![wrap::start(&hidden, room).to_owned()], row: 0, column };
        }
        let line_of_cursor = before.matches('\n').count();
        let (mut rows, mut row, mut column) = (Vec::new(), 0, 0);
        for (number, line) in text.split('\n').enumerate() {
            let shown = clean::line(line);
            let ranges = wrap::rows(&shown, room, room);
            if number == line_of_cursor {
                let at = clean::line(before.rsplit('\n').next().unwrap_or_default()).len();
                let place = ranges.iter().rposition(|range| range.start <= at).unwrap_or(0);
                let start = ranges.get(place).map_or(0, |range| range.start);
                row = rows.len() + place;
                column = wrap::width(shown.get(start..at).unwrap_or_default());
            }
            rows.extend(ranges.into_iter().map(|range| shown.get(range).unwrap_or_default().to_owned()));
        }
        if column >= room {
            // Behind a full row there is another, if only for the cursor.
            row += 1;
            column = 0;
            rows.insert(row.min(rows.len()), String::new());
        }
        Self { prompt, rows, row, column }
    }
}

/// What is shown of a line that holds a link: others may look at this screen.
fn hidden(text: &str) -> Option<String> {
    let (command, rest) = text.split_once(char::is_whitespace)?;
    let secret = command.eq_ignore_ascii_case("/join") && rest.contains("chatter");
    secret.then(|| format!("{command} {}", "*".repeat(rest.chars().count())))
}

const PROMPT_FROM: usize = 60;
const PROMPT_WIDTH_MAX: usize = 16;

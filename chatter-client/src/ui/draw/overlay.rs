//! What lies over the talk: help, and ways into the room.
//!
//! **In** rows to show. **Out** cells. **Never** a frame around what is to be copied.

use chatter_protocol::invite::is_link;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use ratatui::text::Line;

use super::super::commands;
use super::super::theme::{Charset, Role};
use super::super::wrap;
use super::{Pen, fill, put};
use crate::qr;
use crate::texts::text;

impl Pen<'_> {
    pub(super) fn help(&self, buffer: &mut Buffer, area: Rect, first: usize) {
        self.bar(buffer, area, 0, &text!("screen-help"));
        let rows =
            help_rows(area.width).into_iter().skip(first).take(usize::from(area.height).saturating_sub(1));
        for (row, text) in rows.enumerate() {
            put(buffer, area, row + 1, &Line::styled(text, self.style(Role::Text)));
        }
    }

    /// The secret stands at the left margin in whole rows: so it can be marked and copied as one.
    pub(super) fn way(&self, buffer: &mut Buffer, area: Rect, title: &str, secret: &str) {
        self.bar(buffer, area, 0, title);
        let width = usize::from(area.width);
        let rows = secret.chars().collect::<Vec<_>>();
        let rows = rows.chunks(width.max(1));
        let behind = usize::from(WAY_ROW) + rows.len() + 1;
        for (row, chars) in rows.enumerate() {
            let text: String = chars.iter().collect();
            put(buffer, area, usize::from(WAY_ROW) + row, &Line::styled(text, self.style(Role::Text)));
        }
        let how = text!("screen-way-how");
        let help = wrap::rows(&how, width, width);
        let below = behind + help.len();
        for (row, range) in help.into_iter().enumerate() {
            let text = how.get(range).unwrap_or_default();
            put(buffer, area, behind + row, &Line::styled(text, self.style(Role::Faint)));
        }
        self.camera(buffer, area, below + 1, secret);
    }

    /// A link once more, for a camera: black on white, whatever the colours are. Nothing where there is no room.
    fn camera(&self, buffer: &mut Buffer, area: Rect, top: usize, secret: &str) {
        let rows = usize::from(area.height).saturating_sub(top);
        let ascii = self.screen.theme.charset != Charset::Unicode;
        let Some(lines) =
            is_link(secret).then(|| qr::lines(secret, usize::from(area.width), rows, ascii)).flatten()
        else {
            return;
        };
        let style = match ascii {
            // Signs are darker than nothing where both are on white.
            true => Style::new().fg(Color::Black).bg(Color::White),
            false => Style::new().fg(Color::Indexed(16)).bg(Color::Indexed(231)),
        };
        for (row, line) in lines.iter().enumerate() {
            put(buffer, area, top + row, &Line::styled(line.as_str(), style));
        }
    }

    fn bar(&self, buffer: &mut Buffer, area: Rect, row: usize, text: &str) {
        let style = self.style(Role::Bar);
        fill(buffer, Rect { height: area.height.min(1), ..area }, style);
        put(buffer, area, row, &Line::styled(format!(" {text}"), style));
    }
}

/// Help in rows of this width.
pub(crate) fn help_rows(width: u16) -> Vec<String> {
    let width = usize::from(width);
    // Continued below the explanation, not below the key.
    let indent = " ".repeat(HELP_INDENT.min(width / 3));
    let rest = width.saturating_sub(indent.len());
    let mut rows = Vec::new();
    for line in commands::help().lines() {
        for (number, range) in wrap::rows(line, width, rest).into_iter().enumerate() {
            let text = line.get(range).unwrap_or_default();
            rows.push(if number == 0 { text.to_owned() } else { format!("{indent}{text}") });
        }
    }
    rows
}

/// The row in which such a secret begins.
pub(super) const WAY_ROW: u16 = 2;
const HELP_INDENT: usize = 20;

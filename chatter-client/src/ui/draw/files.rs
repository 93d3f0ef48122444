//! Files on offer and on their way: a row for each, drawn anew in place.
//!
//! **In** transfers. **Out** rows above the status line. **Never** more of them than a fifth of the screen, nor a number
//! that a name could push aside.
//!
//! ```text
//!  ↓ 3 photo.jpg from ben       │ ████████░░░░░  61%  3.3 MB/s   0:12
//!  ? 4 film.mkv from carol      │ /accept 4 or /cancel 4, 1.2 GB
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{Pen, put};
use crate::plain::bytes;
use crate::texts::text;
use crate::ui::screen::{Screen, State, Transfer};
use crate::ui::theme::{Charset, Role};
use crate::ui::wrap;

/// How many rows they take on a screen of that height.
pub(super) fn rows(screen: &Screen, height: u16) -> u16 {
    let shown = u16::try_from(screen.files.shown().len()).unwrap_or(u16::MAX);
    shown.min(if height < HEIGHT_MIN { 0 } else { height / 5 })
}

/// The column of the line between names and figures.
pub(super) fn seam(width: u16) -> u16 {
    let right = RATE_WIDTH + bar_width(width) + if width < WIDE { 0 } else { 2 };
    width.saturating_sub(u16::try_from(right).unwrap_or(u16::MAX).saturating_add(2)).max(width.min(8))
}

impl Pen<'_> {
    pub(super) fn files(&self, buffer: &mut Buffer, area: Rect) {
        let shown = self.screen.files.shown();
        let room = usize::from(area.height);
        let whole = shown.len() <= room;
        let count = if whole { room } else { room.saturating_sub(1) };
        for (row, transfer) in shown.iter().take(count).enumerate() {
            self.transfer(
                buffer,
                Rect { y: area.y + u16::try_from(row).unwrap_or(0), height: 1, ..area },
                transfer,
            );
        }
        if !whole {
            let more = text!("screen-more-files", count = shown.len() - count);
            let more = format!(" {} {more}", self.screen.theme.signs().more);
            put(buffer, area, count, &Line::styled(more, self.style(Role::Faint)));
        }
    }

    fn transfer(&self, buffer: &mut Buffer, area: Rect, transfer: &Transfer) {
        let signs = self.screen.theme.signs();
        let seam = seam(area.width);
        let Transfer { number, name, nick, sending, .. } = transfer;
        let ascii = self.screen.theme.charset != Charset::Unicode;
        let (sign, role) = match (transfer.state, sending, ascii) {
            (State::Offered, ..) => ("?", Role::Mention),
            (_, true, true) => (">", Role::Text),
            (_, true, false) => ("↑", Role::Text),
            (_, false, true) => ("<", Role::Text),
            (_, false, false) => ("↓", Role::Text),
        };
        let head = format!(" {sign} {number} ");
        let room = usize::from(seam).saturating_sub(wrap::width(&head) + 1);
        let nick_room = room / 2;
        let nick = wrap::shorten(nick, nick_room, signs.more);
        let tail = if *sending {
            text!("screen-file-to", nick = nick)
        } else {
            text!("screen-file-from", nick = nick)
        };
        let tail = format!(" {tail}");
        let what = if area.width < WIDE {
            // To many goes one name: they are told apart by theirs.
            wrap::shorten(if *sending { &transfer.nick } else { name }, room, signs.more)
        } else {
            let room = room.saturating_sub(wrap::width(&tail));
            format!("{}{tail}", wrap::shorten(name, room, signs.more))
        };
        let left = Rect { width: seam, ..area };
        put(buffer, left, 0, &Line::styled(format!("{head}{what}"), self.style(role)));
        let right = Rect { x: area.x + seam, width: area.width - seam, ..area };
        let mut spans = vec![Span::styled(format!("{} ", signs.vertical), self.style(Role::Faint))];
        spans.extend(self.figures(transfer, area.width));
        put(buffer, right, 0, &Line::from(spans));
    }

    /// What stands to the right of a name.
    fn figures(&self, transfer: &Transfer, width: u16) -> Vec<Span<'static>> {
        let Transfer { number, nick, size, done, .. } = transfer;
        let wide = width >= WIDE;
        let percent = done.saturating_mul(100).checked_div(*size).unwrap_or(100).min(100);
        match transfer.state {
            State::Offered => {
                let size = bytes(*size);
                let text = if wide {
                    text!("screen-file-accept-or-cancel", number = number, size = size)
                } else {
                    text!("screen-file-accept", number = number, size = size)
                };
                vec![Span::styled(text, self.style(Role::Mention))]
            }
            State::Waiting => {
                let signs = self.screen.theme.signs();
                let waits = text!("screen-file-waits", nick = nick);
                let waits = wrap::shorten(&waits, RATE_WIDTH - 5, signs.more);
                let mut spans = self.gauge(percent, bar_width(width));
                spans.push(Span::styled(format!(" {percent:>3}% {waits}"), self.style(Role::Faint)));
                spans
            }
            State::Going { rate, left } => {
                let mut spans = self.gauge(percent, bar_width(width));
                let gap = if wide { "  " } else { " " };
                let text = format!(" {percent:>3}%{gap}{:>8}{gap}{:>5}", speed(rate), duration(left));
                spans.push(Span::styled(text, self.style(Role::Text)));
                spans
            }
        }
    }

    fn gauge(&self, percent: u64, width: usize) -> Vec<Span<'static>> {
        let (full, empty) =
            if self.screen.theme.charset == Charset::Unicode { ("█", "░") } else { ("#", "-") };
        let filled = usize::try_from(percent).unwrap_or(100) * width / 100;
        vec![
            Span::styled(full.repeat(filled), self.style(Role::Own)),
            Span::styled(empty.repeat(width - filled), self.style(Role::Faint)),
        ]
    }
}

fn bar_width(width: u16) -> usize {
    usize::from(width / 6).clamp(BAR_WIDTH_MIN, BAR_WIDTH_MAX)
}

/// Bytes a second in at most eight columns.
fn speed(rate: u64) -> String {
    let (unit, name) = match rate {
        0..1_000 => return format!("{rate} B/s"),
        1_000..1_000_000 => (1_000, "kB/s"),
        1_000_000..1_000_000_000 => (1_000_000, "MB/s"),
        _ => (1_000_000_000, "GB/s"),
    };
    let (whole, tenth) = (rate / unit, rate % unit * 10 / unit);
    if whole < 10 { format!("{whole}.{tenth} {name}") } else { format!("{} {name}", whole.min(999)) }
}

/// Seconds in at most five columns.
fn duration(seconds: Option<u64>) -> String {
    match seconds {
        None => "-:--".to_owned(),
        Some(seconds @ 0..3_600) => format!("{}:{:02}", seconds / 60, seconds % 60),
        Some(seconds @ 3_600..360_000) => format!("{}h{:02}", seconds / 3_600, seconds / 60 % 60),
        Some(_) => ">99h".to_owned(),
    }
}

/// Below that a screen holds talk alone; /files tells.
const HEIGHT_MIN: u16 = 8;
/// From here on, there is room for words.
const WIDE: u16 = 60;
const BAR_WIDTH_MIN: usize = 6;
const BAR_WIDTH_MAX: usize = 24;
/// ` 100% 3.3 MB/s 59:59`
const RATE_WIDTH: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_keep_their_columns() {
        for (rate, text) in [
            (0, "0 B/s"),
            (999, "999 B/s"),
            (1_000, "1.0 kB/s"),
            (9_999, "9.9 kB/s"),
            (999_999, "999 kB/s"),
            (3_350_000, "3.3 MB/s"),
            (123_456_789, "123 MB/s"),
            (u64::MAX, "999 GB/s"),
        ] {
            assert_eq!(speed(rate), text);
            assert!(text.len() <= 8);
        }
        for (seconds, text) in [
            (None, "-:--"),
            (Some(0), "0:00"),
            (Some(72), "1:12"),
            (Some(3_599), "59:59"),
            (Some(3_600), "1h00"),
            (Some(359_999), "99h59"),
            (Some(u64::MAX), ">99h"),
        ] {
            assert_eq!(duration(seconds), text);
            assert!(text.len() <= 5);
        }
    }
}

//! The screen as a frame.
//!
//! **In** a [`Screen`], an area of any size. **Out** cells. **Never** input or output, nor a change of the state.
//!
//! ```text
//! tabs
//! warning, as long as one waits
//! talk                              | members
//! status
//! input
//! ```

use std::borrow::Cow;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::screen::{Link, Overlay, Screen};
use super::tab::Tab;
use super::theme::{Charset, Role};
use super::wrap;
use crate::texts::text;
use input::Input;
use overlay::WAY_ROW;
pub(crate) use overlay::help_rows;

mod files;
mod input;
mod overlay;

/// Where things are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    tabs: Rect,
    pub(crate) alarm: Rect,
    pub(crate) talk: Rect,
    members: Rect,
    files: Rect,
    status: Rect,
    input: Rect,
}

/// The layout of a screen of its own size.
pub(crate) fn layout(screen: &Screen) -> Layout {
    layout_in(screen, screen.size)
}

fn layout_in(screen: &Screen, (width, height): (u16, u16)) -> Layout {
    let strip = |y: u16, rows: u16| Rect {
        x: 0,
        y: y.min(height),
        width,
        height: rows.min(height.saturating_sub(y)),
    };
    let input_rows =
        u16::try_from(Input::of(screen, width).rows.len()).unwrap_or(u16::MAX).min((height / 4).max(1));
    let status_rows = u16::from(height > 1);
    let tabs_rows = u16::from(height > 3);
    let files_rows = files::rows(screen, height);
    let left = height.saturating_sub(input_rows + status_rows + tabs_rows + files_rows);
    let alarm_rows = match screen.alarms.front() {
        Some(alarm) if left > 1 => {
            let rows = wrap::rows(alarm, usize::from(width), usize::from(width)).len() + 1;
            u16::try_from(rows).unwrap_or(u16::MAX).min((height / 3).max(2)).min(left - 1)
        }
        // Where there is room for one thing alone, it is this.
        Some(_) => left,
        None => 0,
    };
    let talk_rows = left.saturating_sub(alarm_rows);
    let members_width = match width {
        0..60 => 0,
        60..100 => 18,
        100.. => 26,
    };
    let talk = strip(tabs_rows + alarm_rows, talk_rows);
    let members = Rect { x: width - members_width, width: members_width, ..talk };
    Layout {
        tabs: strip(0, tabs_rows),
        alarm: strip(tabs_rows, alarm_rows),
        talk: Rect { width: width - members_width, ..talk },
        members,
        files: strip(height.saturating_sub(input_rows + status_rows + files_rows), files_rows),
        status: strip(height.saturating_sub(input_rows + status_rows), status_rows),
        input: strip(height.saturating_sub(input_rows), input_rows),
    }
}

/// Draws the screen.
pub(crate) fn draw(screen: &Screen, frame: &mut Frame<'_>) {
    let area = frame.area();
    let cursor = paint(screen, frame.buffer_mut(), area);
    if let Some(cursor) = cursor {
        frame.set_cursor_position(cursor);
    }
}

/// A secret that lies over the talk, and the row in which it begins; nothing where it does not fit.
pub(crate) fn way(screen: &Screen) -> Option<(u16, &str)> {
    let Some(Overlay::Way { secret, .. }) = &screen.overlay else { return None };
    let (width, height) = screen.size;
    let rows = secret.expose().len().div_ceil(usize::from(width.max(1)));
    let room = height.saturating_sub(layout(screen).alarm.height).saturating_sub(WAY_ROW);
    (rows < usize::from(room)).then(|| (WAY_ROW, secret.expose()))
}

fn paint(screen: &Screen, buffer: &mut Buffer, area: Rect) -> Option<Position> {
    let places = layout_in(screen, (area.width, area.height));
    let pen = Pen { screen };
    // A warning is seen whatever else is: below what lies over the talk.
    let over = Rect { height: area.height.saturating_sub(places.alarm.height), ..area };
    let below = Rect { y: over.height, ..places.alarm };
    let cursor = match &screen.overlay {
        Some(Overlay::Help(row)) => {
            pen.help(buffer, over, *row);
            pen.alarm(buffer, below);
            None
        }
        Some(Overlay::Way { title, secret }) => {
            pen.way(buffer, over, title, secret.expose());
            pen.alarm(buffer, below);
            None
        }
        None => {
            pen.tabs(buffer, places.tabs);
            pen.alarm(buffer, places.alarm);
            pen.talk(buffer, places.talk);
            pen.members(buffer, places.members);
            pen.files(buffer, places.files);
            pen.status(buffer, places.status);
            pen.input(buffer, places.input)
        }
    };
    match screen.theme.charset {
        Charset::Ascii => {
            buffer.content.iter_mut().filter(|cell| !cell.symbol().is_ascii()).for_each(|cell| {
                cell.set_symbol("?");
            })
        }
        Charset::Unicode => {
            if places.members.width > 0 {
                keep_apart(buffer, places.members.x, places.members);
            }
            keep_apart(buffer, files::seam(area.width), places.files);
        }
        Charset::AsciiSigns => {}
    }
    cursor
}

/// Draws parts.
struct Pen<'a> {
    screen: &'a Screen,
}

impl Pen<'_> {
    fn style(&self, role: Role) -> Style {
        self.screen.theme.style(role)
    }

    fn tabs(&self, buffer: &mut Buffer, area: Rect) {
        fill(buffer, area, self.style(Role::Bar));
        let labels: Vec<(String, Role)> =
            self.screen.tabs.iter().enumerate().map(|tab| self.label(tab)).collect();
        let widths = |from: usize| -> usize {
            labels.iter().take(self.screen.current + 1).skip(from).map(|(label, _)| wrap::width(label)).sum()
        };
        let hint = format!(" {} ", text!("screen-hint"));
        let hint_width = u16::try_from(wrap::width(&hint)).unwrap_or(u16::MAX).min(area.width);
        let room = usize::from(area.width - hint_width);
        let first =
            (0..self.screen.current).find(|from| widths(*from) <= room).unwrap_or(self.screen.current);
        let spans = labels.into_iter().skip(first).map(|(label, role)| Span::styled(label, self.style(role)));
        put(buffer, Rect { width: area.width - hint_width, ..area }, 0, &Line::from_iter(spans));
        let place = Rect { x: area.width - hint_width, width: hint_width, ..area };
        put(buffer, place, 0, &Line::styled(hint, self.style(Role::Bar)));
    }

    fn label(&self, (at, (_, tab)): (usize, &(u32, Tab))) -> (String, Role) {
        let title = wrap::shorten(&tab.title, TITLE_WIDTH_MAX, self.screen.theme.signs().more);
        let number = if self.screen.tabs.len() > 1 { format!("{} ", at + 1) } else { String::new() };
        let news = match (tab.unread, tab.mentions) {
            _ if at == self.screen.current => String::new(),
            (0, _) => String::new(),
            (unread, 0) => format!(" ({unread})"),
            (unread, mentions) => format!(" ({unread}, {mentions}!)"),
        };
        let role = if at == self.screen.current {
            Role::Current
        } else if tab.mentions > 0 {
            Role::Notable
        } else {
            Role::Bar
        };
        (format!(" {number}{title}{news} "), role)
    }

    fn alarm(&self, buffer: &mut Buffer, area: Rect) {
        let Some(alarm) = self.screen.alarms.front() else { return };
        let style = self.style(Role::Alarm);
        fill(buffer, area, style);
        let count = self.screen.alarms.len() + self.screen.more_alarms;
        let head =
            if count > 1 { text!("screen-warning-of", count = count) } else { text!("screen-warning") };
        put(buffer, area, 0, &Line::styled(format!("!! {head}"), style));
        let (width, room) = (usize::from(area.width), usize::from(area.height).saturating_sub(1));
        let rows = wrap::rows(alarm, width, width);
        let whole = rows.len() <= room;
        for (row, range) in rows.into_iter().take(room).enumerate() {
            let text = alarm.get(range).unwrap_or_default();
            let last = !whole && row + 1 == room;
            let mark = format!(" ... ({})", text!("screen-warning-below"));
            let text = if last {
                Cow::Owned(format!("{}{mark}", wrap::start(text, width.saturating_sub(wrap::width(&mark)))))
            } else {
                Cow::Borrowed(text)
            };
            put(buffer, area, row + 1, &Line::styled(text, style));
        }
    }

    fn talk(&self, buffer: &mut Buffer, area: Rect) {
        let Some(tab) = self.screen.tab() else { return };
        let found = self.screen.search.as_ref().map(|search| search.text.as_str());
        let height = usize::from(area.height);
        let rows = tab.visible(usize::from(area.width), height, self.screen.theme, found);
        let above = height - rows.len();
        for (row, line) in rows.iter().enumerate() {
            put(buffer, area, above + row, line);
        }
    }

    fn members(&self, buffer: &mut Buffer, area: Rect) {
        let (Some(tab), true) = (self.screen.tab(), area.width > 2) else { return };
        let signs = self.screen.theme.signs();
        let faint = self.style(Role::Faint);
        for row in 0..usize::from(area.height) {
            put(buffer, area, row, &Line::styled(signs.vertical, faint));
        }
        let ignored_mark = format!(" ({})", text!("screen-is-ignored"));
        let inner = Rect { x: area.x + 2, width: area.width - 2, ..area };
        let width = usize::from(inner.width);
        put(buffer, inner, 0, &Line::styled(text!("screen-here", count = tab.members.len() + 1), faint));
        let own = wrap::shorten(&tab.you, width - 2, signs.more);
        put(buffer, inner, 1, &Line::from(vec![Span::raw("  "), Span::styled(own, self.style(Role::Own))]));
        let room = usize::from(inner.height).saturating_sub(2);
        let shown = if tab.members.len() > room { room.saturating_sub(1) } else { room };
        for (row, (nick, marks)) in tab.members.iter().take(shown).enumerate() {
            let (sign, role) = match (marks.verified, marks.lasting) {
                (true, _) => (signs.verified, Role::Verified),
                (false, true) => (signs.lasting, Role::Faint),
                (false, false) => (" ", Role::Faint),
            };
            let ignored = tab.ignored.contains(nick);
            let role_of_nick =
                if ignored { Role::Faint } else { Role::Nick(super::theme::nick_colour(nick)) };
            let room = (width - 2).saturating_sub(if ignored { wrap::width(&ignored_mark) } else { 0 });
            let mut spans = vec![
                Span::styled(format!("{sign} "), self.style(role)),
                Span::styled(wrap::shorten(nick, room, signs.more), self.style(role_of_nick)),
            ];
            if ignored {
                spans.push(Span::styled(ignored_mark.clone(), faint));
            }
            put(buffer, inner, row + 2, &Line::from(spans));
        }
        if tab.members.len() > shown && room > 0 {
            let more = format!("  {}", text!("screen-more-members", count = tab.members.len() - shown));
            put(buffer, inner, shown + 2, &Line::styled(more, faint));
        }
    }

    fn status(&self, buffer: &mut Buffer, area: Rect) {
        fill(buffer, area, self.style(Role::Bar));
        let Some(tab) = self.screen.tab() else { return };
        let mut parts: Vec<(String, Role)> = Vec::new();
        if let Some(search) = &self.screen.search {
            let (at, all) = (search.at + 1, search.found.len());
            parts.push((text!("screen-find", at = at, all = all), Role::Notable));
        } else if tab.anchor.is_some() {
            let text = match tab.unread {
                0 => text!("screen-further-up"),
                unread => text!("screen-new-below", count = unread),
            };
            parts.push((text, Role::Notable));
        }
        parts.push(match (self.screen.link, tab.entered) {
            (Link::Opening, _) => (text!("screen-opening"), Role::Notable),
            (Link::Broken, _) => (text!("connection-lost"), Role::Notable),
            (Link::Away, _) => {
                let text = match self.screen.countdown() {
                    None => text!("screen-away"),
                    Some(seconds) => text!("screen-away-for", seconds = seconds),
                };
                (text, Role::Notable)
            }
            (Link::Connected, false) => (text!("screen-entering"), Role::Notable),
            (Link::Connected, true) => (text!("screen-connected"), Role::Bar),
        });
        if let Some(latency) = self.screen.latency {
            parts.push((format!("{} ms", latency.as_millis()), Role::Bar));
        }
        if tab.entered {
            parts.push((text!("screen-here", count = tab.members.len() + 1), Role::Bar));
            let verified = tab.members.values().filter(|marks| marks.verified).count();
            if !tab.members.is_empty() {
                parts.push((text!("screen-verified", count = verified), Role::Bar));
                parts.push(match tab.apart {
                    false => (text!("screen-views-agree"), Role::Bar),
                    true => (text!("screen-views-differ"), Role::Notable),
                });
            }
        }
        if tab.locked {
            parts.push((text!("screen-locked"), Role::Bar));
        }
        let warned = self.screen.warned;
        let role = if warned == 0 { Role::Bar } else { Role::Notable };
        parts.push((text!("screen-warnings", count = warned), role));
        let dot = format!(" {} ", self.screen.theme.signs().dot);
        let mut spans = vec![Span::styled(" ", self.style(Role::Bar))];
        for (number, (text, role)) in parts.into_iter().enumerate() {
            if number > 0 {
                spans.push(Span::styled(dot.clone(), self.style(Role::Bar)));
            }
            spans.push(Span::styled(text, self.style(role)));
        }
        put(buffer, area, 0, &Line::from(spans));
    }

    fn input(&self, buffer: &mut Buffer, area: Rect) -> Option<Position> {
        let input = Input::of(self.screen, area.width);
        let height = usize::from(area.height);
        let first = (input.row + 1).saturating_sub(height).min(input.rows.len().saturating_sub(height));
        for (row, text) in input.rows.iter().skip(first).take(height).enumerate() {
            let prompt = if first + row == 0 { input.prompt.as_str() } else { "" };
            let margin = " ".repeat(wrap::width(&input.prompt) - wrap::width(prompt));
            let spans = vec![
                Span::styled(prompt.to_owned(), self.style(Role::Own)),
                Span::raw(margin),
                Span::styled(text.as_str(), self.style(Role::Text)),
            ];
            put(buffer, area, row, &Line::from(spans));
        }
        let column = u16::try_from(wrap::width(&input.prompt) + input.column).ok()?;
        let row = u16::try_from(input.row.saturating_sub(first)).ok()?;
        let inside = area.width > 0 && area.height > 0;
        inside.then(|| Position {
            x: area.x + column.min(area.width - 1),
            y: area.y + row.min(area.height - 1),
        })
    }
}

/// Puts a line into a row of an area, no wider than that.
fn put(buffer: &mut Buffer, area: Rect, row: usize, line: &Line<'_>) {
    let inside = area.intersection(buffer.area);
    let Some(row) = u16::try_from(row).ok().filter(|row| *row < inside.height) else { return };
    if inside.width > 0 {
        buffer.set_line(inside.x, inside.y + row, line, inside.width);
    }
}

fn fill(buffer: &mut Buffer, area: Rect, style: Style) {
    buffer.set_style(area.intersection(buffer.area), style);
}

/// Terminals that turn writing from right to left would take what stands on both sides of the line in column `x` for one
/// text.
fn keep_apart(buffer: &mut Buffer, x: u16, rows: Rect) {
    for y in rows.top()..rows.bottom().min(buffer.area.bottom()) {
        let turns = (0..buffer.area.width).any(|x| {
            buffer.cell(Position { x, y }).is_some_and(|cell| cell.symbol().chars().any(is_right_to_left))
        });
        if let Some(cell) = buffer.cell_mut(Position { x, y }).filter(|_| turns) {
            let apart = format!("{}{LEFT_TO_RIGHT}", cell.symbol());
            cell.set_symbol(&apart);
        }
    }
}

fn is_right_to_left(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}' | '\u{10800}'..='\u{10fff}'
        | '\u{1e800}'..='\u{1efff}')
}

/// A mark without width.
pub(crate) const LEFT_TO_RIGHT: char = '\u{200e}';
const TITLE_WIDTH_MAX: usize = 20;

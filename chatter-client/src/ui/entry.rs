//! One thing in a room's talk, ready to be drawn.
//!
//! **In** a cleaned text and who said it. **Out** the same with its time, and rows of a width. **Never** a text that was
//! not cleaned first.

use ratatui::text::{Line, Span};

use super::theme::{Role, Theme, nick_colour};
use super::wrap;
use crate::texts::text;

/// One thing in the talk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Counts up by one in each room.
    pub(crate) number: u64,
    /// `03:27`
    pub(crate) time: Box<str>,
    pub(crate) kind: Kind,
    /// Who, where somebody said it; cleaned.
    pub(crate) who: Box<str>,
    /// Cleaned, with line ends.
    pub(crate) text: Box<str>,
}

/// What it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Somebody said it; perhaps naming us.
    Said { mention: bool },
    /// `/me`
    Did { mention: bool },
    /// We said or did it.
    Own { did: bool, state: Sent },
    /// To us alone.
    PrivateFrom,
    /// From us to one alone.
    PrivateTo,
    /// Somebody offers something: it waits for an answer.
    Offer,
    /// Something happened.
    Event,
    /// An answer to what we asked for.
    Answer,
    /// It should not be overlooked.
    Warning,
    /// It did not work.
    Error,
    /// A new day.
    Day,
}

/// How far something that we said has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    /// It waits for others to be met, or for a connection.
    Waiting,
    /// Sealed and under way.
    Said,
    /// The relay has it.
    Taken,
    /// So many of those for whom it was sealed have opened it.
    Opened { opened: usize, of: usize },
    /// It was not said, or got lost on the way.
    Lost,
}

impl Entry {
    /// About how much memory it takes, in bytes.
    pub(crate) fn cost(&self) -> usize {
        size_of::<Self>() + self.time.len() + self.who.len() + self.text.len() + ALLOCATIONS_COST
    }

    /// How many rows it takes.
    pub(crate) fn height(&self, width: usize) -> usize {
        let layout = self.layout(width);
        self.lines().enumerate().map(|(number, line)| layout.rows(number, line).len()).sum()
    }

    /// Its rows, each at most `width` columns.
    pub(crate) fn rows<'a>(&'a self, width: usize, theme: Theme, found: Option<&str>) -> Vec<Line<'a>> {
        let layout = self.layout(width);
        let mut rows = Vec::new();
        for (number, line) in self.lines().enumerate() {
            for (at, range) in layout.rows(number, line).into_iter().enumerate() {
                let mut spans = Vec::new();
                if number == 0 && at == 0 {
                    spans.extend(self.lead(layout.name_width, theme));
                } else {
                    spans.push(Span::raw(" ".repeat(layout.indent)));
                }
                let text = line.get(range).unwrap_or_default();
                spans.extend(marked(text, found, theme.style(self.text_role()), theme.style(Role::Found)));
                rows.push(Line::from(spans));
            }
        }
        if let (Kind::Own { state, .. }, Some(last)) = (self.kind, rows.last_mut()) {
            // The width leaves room for it.
            last.push_span(Span::styled(state.mark(theme), theme.style(Role::Faint)));
        }
        rows
    }

    /// What stands before the text: the time, and whose it is.
    fn lead(&self, name_width: usize, theme: Theme) -> Vec<Span<'_>> {
        let faint = theme.style(Role::Faint);
        let who = || {
            let role = match self.kind {
                Kind::Own { .. } => Role::Own,
                Kind::PrivateFrom | Kind::PrivateTo => Role::Private,
                Kind::Said { .. }
                | Kind::Did { .. }
                | Kind::Offer
                | Kind::Event
                | Kind::Answer
                | Kind::Warning
                | Kind::Error
                | Kind::Day => Role::Nick(nick_colour(&self.who)),
            };
            Span::styled(wrap::shorten(&self.who, name_width, "~"), theme.style(role))
        };
        let mut spans = vec![Span::styled(format!("{} ", self.time), faint)];
        let trouble = || theme.style(Role::Trouble);
        match self.kind {
            Kind::Said { .. } | Kind::Own { did: false, .. } => {
                spans.extend([Span::styled("<", faint), who(), Span::styled("> ", faint)]);
            }
            Kind::Did { .. } | Kind::Own { did: true, .. } => {
                spans.extend([Span::styled("* ", faint), who(), Span::raw(" ")]);
            }
            Kind::PrivateFrom => spans.extend([
                Span::styled("[", faint),
                who(),
                Span::styled(
                    format!(" {}] ", text!("screen-private-from", arrow = theme.signs().arrow)),
                    faint,
                ),
            ]),
            Kind::PrivateTo => spans.extend([
                Span::styled(format!("[{} ", text!("screen-private-to", arrow = theme.signs().arrow)), faint),
                who(),
                Span::styled("] ", faint),
            ]),
            Kind::Offer | Kind::Event | Kind::Answer | Kind::Day => spans.push(Span::styled("-- ", faint)),
            Kind::Warning => spans.push(Span::styled("!! ", trouble())),
            Kind::Error => spans.push(Span::styled("-! ", trouble())),
        }
        if let Kind::Own { state: Sent::Lost, .. } = self.kind {
            spans.push(Span::styled(format!("({}) ", text!("screen-not-heard")), trouble()));
        }
        spans
    }

    fn text_role(&self) -> Role {
        match self.kind {
            Kind::Said { mention: true } | Kind::Did { mention: true } | Kind::Offer => Role::Mention,
            Kind::Said { .. } | Kind::Did { .. } | Kind::Answer => Role::Text,
            Kind::PrivateFrom | Kind::PrivateTo => Role::Text,
            Kind::Own { state: Sent::Waiting, .. } | Kind::Event | Kind::Day => Role::Faint,
            Kind::Own { .. } => Role::Text,
            Kind::Warning | Kind::Error => Role::Trouble,
        }
    }

    fn lines(&self) -> impl Iterator<Item = &str> {
        self.text.split('\n')
    }

    fn layout(&self, width: usize) -> Layout {
        // A mark stands behind the last row; it changes, and no row with it.
        let own = matches!(self.kind, Kind::Own { .. });
        let width = width.saturating_sub(if own { MARK_WIDTH } else { 0 });
        let name_width = NAME_WIDTH_MAX.min(width / 3).max(1);
        let name = wrap::width(&self.who).min(name_width);
        let around = match self.kind {
            Kind::Said { .. } | Kind::Own { did: false, .. } => 3,
            Kind::Did { .. } | Kind::Own { did: true, .. } => 3,
            Kind::PrivateFrom => 4 + wrap::width(&text!("screen-private-from", arrow = WIDEST_ARROW)),
            Kind::PrivateTo => 4 + wrap::width(&text!("screen-private-to", arrow = WIDEST_ARROW)),
            Kind::Offer | Kind::Event | Kind::Answer | Kind::Day | Kind::Warning | Kind::Error => 3,
        };
        let is_lost = matches!(self.kind, Kind::Own { state: Sent::Lost, .. });
        let lost = if is_lost { 3 + wrap::width(&text!("screen-not-heard")) } else { 0 };
        let lead = wrap::width(&self.time) + 1 + name + around + lost;
        Layout { width, name_width, lead, indent: INDENT.min(width / 3) }
    }
}

impl Sent {
    /// What stands behind a line of ours, with the space before it; at most [`MARK_WIDTH`] columns.
    fn mark(self, theme: Theme) -> String {
        let signs = theme.signs();
        match self {
            Self::Waiting => format!(" {}", signs.waiting),
            Self::Said => format!(" {}", signs.under_way),
            Self::Opened { opened, of } if opened >= of && of > 0 => format!(" {0}{0}", signs.taken),
            Self::Opened { opened: opened @ 1.., of } => format!(" {}{opened}/{of}", signs.taken),
            Self::Taken | Self::Opened { .. } => format!(" {}", signs.taken),
            Self::Lost => String::new(),
        }
    }

    /// Whether this comes after `before`: news may come late.
    pub(crate) fn follows(self, before: Self) -> bool {
        let step = |state| match state {
            Self::Waiting => (0, 0),
            Self::Said => (1, 0),
            Self::Taken => (2, 0),
            Self::Opened { opened, .. } => (3, opened),
            Self::Lost => (4, 0),
        };
        step(self) > step(before)
    }
}

/// Where things stand in an entry's rows, in columns.
struct Layout {
    width: usize,
    name_width: usize,
    /// What stands before the text in the first row.
    lead: usize,
    /// What stands before it in the others: no row of a text begins where times and names do.
    indent: usize,
}

impl Layout {
    fn rows(&self, number: usize, line: &str) -> Vec<std::ops::Range<usize>> {
        let rest = self.width.saturating_sub(self.indent);
        let first = if number == 0 { self.width.saturating_sub(self.lead) } else { rest };
        wrap::rows(line, first, rest)
    }
}

/// `text` with what was searched for in another style.
fn marked<'a>(
    text: &'a str,
    found: Option<&str>,
    style: ratatui::style::Style,
    found_style: ratatui::style::Style,
) -> Vec<Span<'a>> {
    let Some(found) = found.filter(|found| !found.is_empty()) else {
        return vec![Span::styled(text, style)];
    };
    let mut spans = Vec::new();
    let mut rest = text;
    while let Some(range) = find(rest, found) {
        let (before, behind) = rest.split_at(range.end);
        let (before, hit) = before.split_at(range.start);
        spans.extend([Span::styled(before, style), Span::styled(hit, found_style)]);
        rest = behind;
    }
    spans.push(Span::styled(rest, style));
    spans
}

/// Where `wanted` (in small letters) first stands in `text`, in capitals or not.
pub(crate) fn find(text: &str, wanted: &str) -> Option<std::ops::Range<usize>> {
    text.char_indices().find_map(|(start, _)| {
        let rest = text.get(start..)?;
        let mut wanted = wanted.chars();
        let mut next = wanted.next()?;
        for (at, c) in rest.char_indices() {
            for small in c.to_lowercase() {
                if small != next {
                    return None;
                }
                match wanted.next() {
                    Some(more) => next = more,
                    None => return Some(start..start + at + c.len_utf8()),
                }
            }
        }
        None
    })
}

/// Continued rows begin so far to the right, behind the time.
const INDENT: usize = 8;
/// The longest nickname has 32 characters, and a mark.
const NAME_WIDTH_MAX: usize = 24;
/// A space, a sign, and `99/99`; a room has at most 100 members.
const MARK_WIDTH: usize = 7;
/// Of those that there are, so that no row depends on which it is.
const WIDEST_ARROW: &str = "->";
/// What the allocator takes beside the bytes of three short texts.
const ALLOCATIONS_COST: usize = 48;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ui::theme::Charset;

    const KINDS: [Kind; 16] = [
        Kind::Said { mention: false },
        Kind::Said { mention: true },
        Kind::Did { mention: false },
        Kind::Own { did: false, state: Sent::Waiting },
        Kind::Own { did: false, state: Sent::Lost },
        Kind::Own { did: true, state: Sent::Taken },
        Kind::Own { did: false, state: Sent::Said },
        Kind::Own { did: true, state: Sent::Opened { opened: 98, of: 99 } },
        Kind::Own { did: false, state: Sent::Opened { opened: 2, of: 2 } },
        Kind::PrivateFrom,
        Kind::PrivateTo,
        Kind::Event,
        Kind::Answer,
        Kind::Warning,
        Kind::Error,
        Kind::Day,
    ];

    proptest! {
        #[test]
        fn rows_are_as_many_as_said_and_fit(
            who in "\\PC{1,32}", text in "[\\PC\n]{0,200}", width in 40usize..100, kind in 0usize..16,
        ) {
            let (who, text) = (super::super::clean::line(&who).into(), super::super::clean::lines(&text).into());
            let entry = Entry { number: 0, time: "03:27".into(), kind: KINDS[kind], who, text };
            let rows = entry.rows(width, Theme::default(), Some("a"));
            prop_assert_eq!(rows.len(), entry.height(width));
            for row in rows {
                let text: String = row.spans.iter().map(|span| span.content.as_ref()).collect();
                prop_assert!(wrap::width(&text) <= width, "{:?} in {}", text, width);
            }
        }
    }

    #[test]
    fn marks_tell_how_far_a_line_has_come() {
        let mark = |state: Sent, charset| state.mark(Theme { charset, ..Theme::default() });
        let states = [
            Sent::Waiting,
            Sent::Said,
            Sent::Taken,
            Sent::Opened { opened: 0, of: 0 },
            Sent::Opened { opened: 2, of: 5 },
            Sent::Opened { opened: 5, of: 5 },
            Sent::Lost,
        ];
        let marks = |charset| states.map(|state| mark(state, charset));
        assert_eq!(marks(Charset::Unicode), [" …", " ·", " ✓", " ✓", " ✓2/5", " ✓✓", ""]);
        assert_eq!(marks(Charset::Ascii), [" ...", " -", " +", " +", " +2/5", " ++", ""]);
        assert!(Sent::Opened { opened: 2, of: 5 }.follows(Sent::Taken));
        assert!(!Sent::Taken.follows(Sent::Opened { opened: 1, of: 5 }), "late news");
    }

    #[test]
    fn finding_does_not_mind_capitals() {
        assert_eq!(find("Grüße AN alle", "an"), Some(8..10));
        assert_eq!(find("ÄRGER", "är"), Some(0..3));
        assert_eq!(find("abc", "x"), None);
        assert_eq!(find("İx", "x"), Some(2..3));
    }
}

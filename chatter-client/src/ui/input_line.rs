//! The line that is being typed, and those that were.
//!
//! **In** characters, pastes, [`Edit`]s. **Out** its text and where the cursor stands. **Never** half a grapheme removed,
//! a control character but line ends, or more than the longest message.

use chatter_protocol::limits::TEXT_LEN_MAX;
use unicode_segmentation::UnicodeSegmentation as _;

use super::keys::Edit;

/// What is being typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct InputLine {
    text: String,
    /// In bytes, on a grapheme's boundary.
    cursor: usize,
    /// What was cut last.
    cut: String,
    /// What was sent, the newest last.
    history: Vec<String>,
    /// Where in the history we are; at its end in what is new.
    at: usize,
    /// What was typed before the history was looked at.
    draft: String,
}

impl InputLine {
    /// What is typed.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Where the cursor stands, in bytes.
    #[cfg(test)]
    pub(crate) fn cursor(&self) -> usize {
        self.cursor
    }

    /// What stands before the cursor.
    pub(crate) fn before(&self) -> &str {
        self.text.get(..self.cursor).unwrap_or_default()
    }

    /// Puts `text` where the cursor is. False where it does not fit: then it is left out whole.
    pub(crate) fn insert(&mut self, text: &str) -> bool {
        let text: String = text.replace("\r\n", "\n").replace('\r', "\n");
        let text: String = text.chars().filter(|c| matches!(c, '\n' | '\t') || !c.is_control()).collect();
        if self.text.len() + text.len() > TEXT_LEN_MAX {
            return false;
        }
        self.text.insert_str(self.cursor, &text);
        self.cursor += text.len();
        self.settle();
        true
    }

    /// Puts `text` in place of what stands between `start` and the cursor.
    pub(crate) fn replace_from(&mut self, start: usize, text: &str) {
        if self.text.get(start..self.cursor).is_some() {
            self.text.replace_range(start..self.cursor, "");
            self.cursor = start;
            self.insert(text);
        }
    }

    /// Puts `text` in place of all that is typed.
    pub(crate) fn set(&mut self, text: &str) {
        self.text = text.to_owned();
        self.cursor = self.text.len();
    }

    /// Takes what is typed, and remembers it.
    pub(crate) fn take(&mut self) -> String {
        let text = std::mem::take(&mut self.text);
        (self.cursor, self.draft) = (0, String::new());
        if !text.trim().is_empty() && self.history.last() != Some(&text) {
            self.history.push(text.clone());
            if self.history.len() > HISTORY_MAX {
                self.history.remove(0);
            }
        }
        self.at = self.history.len();
        text
    }

    /// Takes back what [`take`](Self::take) has remembered last: links do not belong there.
    pub(crate) fn forget(&mut self, text: &str) {
        self.history.retain(|each| each != text);
        self.at = self.history.len();
    }

    /// Does this within the line.
    pub(crate) fn edit(&mut self, edit: Edit) {
        match edit {
            Edit::Left => self.cursor = self.left(),
            Edit::Right => self.cursor = self.right(),
            Edit::WordLeft => self.cursor = self.word_left(),
            Edit::WordRight => self.cursor = self.word_right(),
            Edit::Start => self.cursor = self.line_start(),
            Edit::End => self.cursor = self.line_end(),
            Edit::Backspace => {
                self.remove(self.left(), self.cursor);
            }
            Edit::Delete => {
                self.remove(self.cursor, self.right());
            }
            Edit::CutWordLeft => self.cut(self.word_left(), self.cursor),
            Edit::CutWordRight => self.cut(self.cursor, self.word_right()),
            Edit::CutToStart => self.cut(self.line_start(), self.cursor),
            Edit::CutToEnd => {
                let end = self.line_end();
                // At a line's end, its end goes.
                let end = if end == self.cursor { self.right() } else { end };
                self.cut(self.cursor, end);
            }
            Edit::Paste => {
                let cut = self.cut.clone();
                self.insert(&cut);
            }
            Edit::Swap => self.swap(),
        }
        self.settle();
    }

    /// A row up in what is typed, or in the history.
    pub(crate) fn up(&mut self) {
        let start = self.line_start();
        if let Some(end) = start.checked_sub(1) {
            let column = self.column();
            let above = self.text.get(..end).and_then(|text| text.rfind('\n')).map_or(0, |at| at + 1);
            return self.go_to_column(above, end, column);
        }
        if self.at == 0 {
            return;
        }
        if self.at == self.history.len() {
            self.draft.clone_from(&self.text);
        }
        self.at -= 1;
        self.show_history();
    }

    /// A row down in what is typed, or in the history.
    pub(crate) fn down(&mut self) {
        let end = self.line_end();
        if end < self.text.len() {
            let column = self.column();
            let below = self.text.get(end + 1..).unwrap_or_default();
            let below_end = below.find('\n').map_or(self.text.len(), |at| end + 1 + at);
            return self.go_to_column(end + 1, below_end, column);
        }
        if self.at >= self.history.len() {
            return;
        }
        self.at += 1;
        self.show_history();
    }

    fn show_history(&mut self) {
        let text = self.history.get(self.at).unwrap_or(&self.draft).clone();
        self.set(&text);
    }

    /// How many graphemes stand between the line's start and the cursor.
    fn column(&self) -> usize {
        self.text.get(self.line_start()..self.cursor).unwrap_or_default().graphemes(true).count()
    }

    fn go_to_column(&mut self, start: usize, end: usize, column: usize) {
        let line = self.text.get(start..end).unwrap_or_default();
        let length: usize = line.graphemes(true).take(column).map(str::len).sum();
        self.cursor = start + length;
    }

    fn left(&self) -> usize {
        self.before().grapheme_indices(true).next_back().map_or(0, |(at, _)| at)
    }

    fn right(&self) -> usize {
        self.cursor + self.after().graphemes(true).next().map_or(0, str::len)
    }

    fn after(&self) -> &str {
        self.text.get(self.cursor..).unwrap_or_default()
    }

    fn word_left(&self) -> usize {
        let word = self.before().trim_end_matches(|c: char| !c.is_alphanumeric());
        word.trim_end_matches(char::is_alphanumeric).len()
    }

    fn word_right(&self) -> usize {
        let rest = self.after().trim_start_matches(|c: char| !c.is_alphanumeric());
        self.text.len() - rest.trim_start_matches(char::is_alphanumeric).len()
    }

    fn line_start(&self) -> usize {
        self.before().rfind('\n').map_or(0, |at| at + 1)
    }

    fn line_end(&self) -> usize {
        self.after().find('\n').map_or(self.text.len(), |at| self.cursor + at)
    }

    fn remove(&mut self, start: usize, end: usize) -> String {
        if start >= end || self.text.get(start..end).is_none() {
            return String::new();
        }
        self.cursor = start;
        self.text.drain(start..end).collect()
    }

    fn cut(&mut self, start: usize, end: usize) {
        let removed = self.remove(start, end);
        if !removed.is_empty() {
            self.cut = removed;
        }
    }

    /// Swaps the two graphemes around the cursor; at the end the last two.
    fn swap(&mut self) {
        let middle = if self.cursor == self.text.len() { self.left() } else { self.cursor };
        let (before, after) = self.text.split_at(middle);
        let (Some(one), Some(other)) = (
            before.graphemes(true).next_back().map(str::to_owned),
            after.graphemes(true).next().map(str::to_owned),
        ) else {
            return;
        };
        let start = middle - one.len();
        self.text.replace_range(start..middle + other.len(), &format!("{other}{one}"));
        self.cursor = start + one.len() + other.len();
    }

    /// Puts the cursor on a boundary of graphemes: what came together may have become one.
    fn settle(&mut self) {
        if self.cursor >= self.text.len() {
            self.cursor = self.text.len();
            return;
        }
        let boundary = self.text.grapheme_indices(true).map(|(at, _)| at).find(|at| *at >= self.cursor);
        self.cursor = boundary.unwrap_or(self.text.len());
    }
}

/// Lines that can be had back.
const HISTORY_MAX: usize = 200;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(text: &str) -> InputLine {
        let mut line = InputLine::default();
        assert!(line.insert(text));
        line
    }

    #[test]
    fn edits_are_those_of_emacs() {
        let mut one = line("say hello wörld");
        one.edit(Edit::CutWordLeft);
        assert_eq!(one.text(), "say hello ");
        one.edit(Edit::Start);
        one.edit(Edit::Paste);
        assert_eq!((one.text(), one.cursor()), ("wörldsay hello ", 6));
        one.edit(Edit::WordRight);
        one.edit(Edit::CutToEnd);
        assert_eq!(one.text(), "wörldsay");
        one.edit(Edit::Backspace);
        one.edit(Edit::Swap);
        assert_eq!(one.text(), "wörldas");
        one.edit(Edit::CutToStart);
        assert_eq!((one.text(), one.cursor()), ("", 0));
        let mut family = line("a👩‍👩‍👧‍👦e\u{301}");
        family.edit(Edit::Backspace);
        family.edit(Edit::Backspace);
        assert_eq!(family.text(), "a");
    }

    #[test]
    fn pastes_keep_their_lines_and_lose_their_controls() {
        let pasted = line("one\r\ntwo\rthree\u{1b}[2J\u{7}\n");
        assert_eq!(pasted.text(), "one\ntwo\nthree[2J\n");
        assert!(!line("x").insert(&"y".repeat(TEXT_LEN_MAX)), "too long");
        let mut rows = line("long one\nab\nlonger");
        rows.up();
        assert_eq!(rows.before(), "long one\nab");
        rows.edit(Edit::Left);
        rows.up();
        assert_eq!(rows.before(), "l");
        rows.down();
        assert_eq!(rows.before(), "long one\na");
    }

    #[test]
    fn history_comes_back_and_so_does_the_draft() {
        let mut line = InputLine::default();
        for text in ["first", "second", "second", " "] {
            line.insert(text);
            line.take();
        }
        line.insert("draft");
        line.up();
        assert_eq!(line.text(), "second");
        line.up();
        line.up();
        assert_eq!(line.text(), "first");
        line.down();
        line.down();
        line.down();
        assert_eq!(line.text(), "draft");
        line.forget("second");
        line.up();
        assert_eq!(line.text(), "first");
    }

    proptest! {
        #[test]
        fn no_order_of_edits_leaves_the_text(
            steps in prop::collection::vec((0usize..18, "[a ü\u{301}👩\u{200d}\n]{0,3}"), 0..60),
        ) {
            const EDITS: [Edit; 14] = [
                Edit::Left, Edit::Right, Edit::WordLeft, Edit::WordRight, Edit::Start, Edit::End, Edit::Backspace,
                Edit::Delete, Edit::CutWordLeft, Edit::CutWordRight, Edit::CutToStart, Edit::CutToEnd, Edit::Paste,
                Edit::Swap,
            ];
            let mut line = InputLine::default();
            for (kind, text) in steps {
                match kind {
                    0 => line.up(),
                    1 => line.down(),
                    2 => { line.take(); }
                    3 => { line.insert(&text); }
                    _ => line.edit(EDITS[kind - 4]),
                }
                prop_assert!(line.text.is_char_boundary(line.cursor));
                let boundary = line.text.grapheme_indices(true).any(|(at, _)| at == line.cursor);
                prop_assert!(boundary || line.cursor == line.text.len());
            }
        }
    }
}

//! Lines cut into rows.
//!
//! **In** a line without its end, widths in columns. **Out** ranges of bytes. **Never** a grapheme cut, nor a row that
//! is wider than asked, unless a single grapheme is.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

/// How many columns `text` takes.
pub(crate) fn width(text: &str) -> usize {
    text.graphemes(true).map(Columns::columns).sum()
}

/// The rows of `line`: the first has `first` columns, the others `rest`. At least one, which may be empty.
pub(crate) fn rows(line: &str, first: usize, rest: usize) -> Vec<Range<usize>> {
    let mut rows = Vec::new();
    let mut start = 0;
    let mut room = first;
    while let Some(length) = line.get(start..).and_then(|left| row(left, room.max(1))) {
        rows.push(start..start + length);
        (start, room) = (start + length, rest);
    }
    rows.push(start..line.len());
    rows
}

/// How many bytes of `text` make a row; nothing where all of it does.
fn row(text: &str, room: usize) -> Option<usize> {
    let mut used = 0;
    // Where it had better end.
    let mut seam = None;
    for (at, grapheme) in text.grapheme_indices(true) {
        let columns = grapheme.columns();
        if used + columns > room && at > 0 {
            return Some(seam.unwrap_or(at));
        }
        used += columns;
        if grapheme == " " || columns > 1 {
            seam = Some(at + grapheme.len());
        }
    }
    None
}

/// As much of the start of `text` as fits into `columns`.
pub(crate) fn start(text: &str, columns: usize) -> &str {
    let mut used = 0;
    let mut end = 0;
    for (at, grapheme) in text.grapheme_indices(true) {
        used += grapheme.columns();
        if used > columns {
            break;
        }
        end = at + grapheme.len();
    }
    text.get(..end).unwrap_or_default()
}

/// `text`, shortened to `columns` with `mark` at its end where it is longer.
pub(crate) fn shorten(text: &str, columns: usize, mark: &str) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    format!("{}{mark}", start(text, columns.saturating_sub(width(mark))))
}

/// The width of one grapheme.
trait Columns {
    fn columns(self) -> usize;
}

impl Columns for &str {
    fn columns(self) -> usize {
        self.width()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cut(line: &str, first: usize, rest: usize) -> Vec<&str> {
        rows(line, first, rest).into_iter().map(|row| &line[row]).collect()
    }

    #[test]
    fn words_stay_together_where_they_can() {
        assert_eq!(cut("", 5, 5), [""]);
        assert_eq!(cut("one two three", 8, 8), ["one two ", "three"]);
        assert_eq!(cut("abcdefghij", 4, 4), ["abcd", "efgh", "ij"]);
        assert_eq!(cut("a abcdefghij", 4, 5), ["a ", "abcde", "fghij"]);
        assert_eq!(cut("世界世界", 5, 5), ["世界", "世界"]);
        assert_eq!(cut("e\u{301}e\u{301}e\u{301}", 2, 2), ["e\u{301}e\u{301}", "e\u{301}"]);
        assert_eq!(cut("👩‍👩‍👧‍👦👩‍👩‍👧‍👦", 3, 3), ["👩‍👩‍👧‍👦", "👩‍👩‍👧‍👦"]);
        assert_eq!(shorten("Grüße", 4, "…"), "Grü…");
        assert_eq!(start("世界", 3), "世");
    }

    proptest! {
        #[test]
        fn rows_are_the_line_and_fit(line in "\\PC{0,60}", first in 0usize..20, rest in 0usize..20) {
            let ranges = rows(&line, first, rest);
            let joined: String = ranges.iter().map(|row| &line[row.clone()]).collect();
            prop_assert_eq!(&joined, &line);
            for (number, row) in ranges.into_iter().enumerate() {
                let room = if number == 0 { first } else { rest };
                let row = &line[row];
                prop_assert!(width(row) <= room.max(1) || row.graphemes(true).count() == 1, "{:?}", row);
            }
        }
    }
}

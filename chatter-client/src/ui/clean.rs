//! Texts of others, made fit for the screen.
//!
//! **In** what somebody typed. **Out** lines of which each stays in its row. **Never** a character that moves a cursor,
//! hides, or turns the direction of writing; emoji that consist of several characters stay whole.

use chatter_protocol::ids::{is_combining_mark, is_trickery};
use unicode_segmentation::UnicodeSegmentation as _;

use crate::plain::harmless;
use crate::texts::text;

/// `text` as one line; line ends in it are spelled out.
pub(crate) fn line(text: &str) -> String {
    if !text.chars().any(|c| is_trickery(c) || is_combining_mark(c)) {
        return text.to_owned();
    }
    text.graphemes(true)
        .map(|grapheme| match grapheme {
            "\t" => TAB.to_owned(),
            _ if is_emoji(grapheme) => grapheme.to_owned(),
            _ => harmless(grapheme),
        })
        .collect()
}

/// `text` with its line ends, at most [`LINES_MAX`] lines of it.
pub(crate) fn lines(text: &str) -> String {
    let text = text.trim_end_matches(['\r', '\n']);
    let mut all = text.split('\n').map(|each| line(each.strip_suffix('\r').unwrap_or(each)));
    let mut shown: Vec<String> = all.by_ref().take(LINES_MAX).collect();
    match all.count() {
        0 => {}
        left => shown.push(format!("({})", text!("screen-lines-hidden", count = left))),
    }
    shown.join("\n")
}

/// Whether a grapheme is an emoji of several characters: pictures joined, of a skin colour, or asked to be in colour.
fn is_emoji(grapheme: &str) -> bool {
    #[derive(PartialEq)]
    enum Part {
        Start,
        Picture,
        Shade,
        Joiner,
    }
    let mut before = Part::Start;
    for c in grapheme.chars().take(EMOJI_CHARS_MAX + 1) {
        before = match (c, before) {
            (JOINER, Part::Picture | Part::Shade) => Part::Joiner,
            (IN_COLOUR | '\u{1f3fb}'..='\u{1f3ff}', Part::Picture) => Part::Shade,
            (c, Part::Start | Part::Joiner | Part::Picture) if is_picture(c) => Part::Picture,
            _ => return false,
        };
    }
    matches!(before, Part::Picture | Part::Shade) && (2..=EMOJI_CHARS_MAX).contains(&grapheme.chars().count())
}

fn is_picture(c: char) -> bool {
    matches!(c, '\u{2190}'..='\u{21ff}' | '\u{2300}'..='\u{23ff}' | '\u{25a0}'..='\u{27bf}' | '\u{2b00}'..='\u{2bff}'
        | '\u{1f000}'..='\u{1f3fa}' | '\u{1f400}'..='\u{1faff}')
}

const JOINER: char = '\u{200d}';
const IN_COLOUR: char = '\u{fe0f}';
const TAB: &str = "    ";
/// The longest emoji in use, a family in skin colours, has ten characters.
const EMOJI_CHARS_MAX: usize = 10;
/// More than anybody reads; a message of nothing but line ends would push all others off.
const LINES_MAX: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emoji_stay_whole_and_their_parts_alone_do_not_pass() {
        for whole in ["❤️", "👩‍👩‍👧‍👦", "👍🏽", "🏳️‍🌈", "🇩🇪", "Grüße, 世界 🎉", "שלום", "e\u{301}"]
        {
            assert_eq!(line(whole), whole);
        }
        for (tricky, spelled) in [
            ("a\u{200d}b", "a\\u{200d}b"),
            ("a\u{fe0f}", "a\\u{fe0f}"),
            ("👍\u{200d}", "👍\\u{200d}"),
            ("❤\u{fe0f}\u{fe0f}\u{fe0f}", "❤\\u{fe0f}\\u{fe0f}\\u{fe0f}"),
            ("\u{1b}]0;x\u{7}", "\\u{1b}]0;x\\u{7}"),
            ("a\rb\tc", "a\\u{d}b    c"),
        ] {
            assert_eq!(line(tricky), spelled);
        }
    }

    #[test]
    fn lines_stay_lines_and_are_counted() {
        assert_eq!(lines("a\r\nb\n\nc\n\n"), "a\nb\n\nc");
        let many = lines(&"\n".repeat(5000).replace('\n', "x\n"));
        assert_eq!(many.lines().count(), LINES_MAX + 1);
        assert!(many.ends_with("(4000 more lines are not shown)"));
        for c in (0..0x3000).chain(0xfe00..0x10000).chain(0xe0000..0xe0200).filter_map(char::from_u32) {
            let text = lines(&format!("a{c}b"));
            assert!(!text.chars().any(|c| c != '\n' && is_trickery(c)), "{c:?} becomes {text:?}");
        }
    }
}

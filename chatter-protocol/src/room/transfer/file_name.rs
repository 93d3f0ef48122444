//! What a file is called that somebody else named.
//!
//! **In** any text. **Out** a name that stands for one file in one folder, on every platform, and shows as it is.
//! **Never** a path, a device, a hidden file, nothing.

use alloc::string::String;
use core::fmt;

use crate::ids::{MARKS_MAX, is_combining_mark, is_trickery};

/// The name of a file, without a folder: at most 120 bytes of UTF-8.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileName(String);

impl FileName {
    /// The harmless name that is nearest to `proposed`.
    pub fn tame(proposed: &str) -> Self {
        let mut name = Self::tamer(proposed);
        // What is cut off may lay bare what is to be cut off, too.
        for _ in 0..ROUNDS_MAX {
            let tamer = Self::tamer(&name.0);
            if tamer == name {
                return name;
            }
            name = tamer;
        }
        Self(NAMELESS.into())
    }

    fn tamer(proposed: &str) -> Self {
        let last = proposed.rsplit(['/', '\\']).find(|part| !part.trim_matches(EDGE).is_empty());
        let mut name = String::new();
        let mut marks = MARKS_MAX;
        for c in last.unwrap_or_default().chars() {
            marks = if is_combining_mark(c) { marks + 1 } else { 0 };
            match c {
                _ if is_trickery(c) || marks > MARKS_MAX => {}
                '<' | '>' | ':' | '"' | '|' | '?' | '*' => name.push('_'),
                _ if c == '\u{2800}' || c.is_whitespace() => name.push(' '),
                _ => name.push(c),
            }
        }
        let name = name.trim_matches(EDGE);
        let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
        let extension = cut(extension, EXTENSION_LEN_MAX);
        let rest = NAME_LEN_MAX - extension.len() - 2;
        let stem = cut(stem, rest).trim_end_matches(EDGE);
        let device = is_device(stem);
        let mut tame = String::from(if device { "_" } else { "" });
        tame.push_str(if stem.is_empty() { NAMELESS } else { stem });
        if !extension.is_empty() {
            tame.push('.');
            tame.push_str(extension.trim_end_matches(EDGE));
        }
        Self(tame.trim_end_matches(EDGE).into())
    }

    /// The name with a number before its extension: `photo (2).jpg`.
    #[must_use]
    pub fn numbered(&self, number: u32) -> String {
        match self.0.rsplit_once('.') {
            Some((stem, extension)) => alloc::format!("{stem} ({number}).{extension}"),
            None => alloc::format!("{} ({number})", self.0),
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// As much of `text` as fits, cut between characters.
fn cut(text: &str, len_max: usize) -> &str {
    let end = text.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= len_max).last();
    text.get(..end.unwrap_or(0)).unwrap_or_default()
}

/// Whether Windows takes it for a device, whatever its extension. Its superscript digits count, too.
fn is_device(stem: &str) -> bool {
    let first = stem.split('.').next().unwrap_or_default().trim_end();
    let first = first.to_uppercase();
    if ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$"].contains(&first.as_str()) {
        return true;
    }
    let number = first.strip_prefix("COM").or_else(|| first.strip_prefix("LPT"));
    let mut rest = number.unwrap_or_default().chars();
    matches!((rest.next(), rest.next()), (Some('0'..='9' | '¹' | '²' | '³'), None))
}

/// Neither hidden files nor what Windows leaves out at the end; `~` and `-` would speak to shells and options.
const EDGE: [char; 4] = ['.', ' ', '~', '-'];
/// With ` (4294967295)` and `.part` behind it, below the 143 bytes that encrypted file systems take.
const NAME_LEN_MAX: usize = 120;
const EXTENSION_LEN_MAX: usize = 24;
const NAMELESS: &str = "file";
const ROUNDS_MAX: u32 = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_become_tame() {
        for (proposed, tame) in [
            ("photo.jpg", "photo.jpg"),
            ("Grüße, 世界.txt", "Grüße, 世界.txt"),
            ("../../etc/passwd", "passwd"),
            ("..\\..\\boot.ini", "boot.ini"),
            ("/etc/cron.d/x", "x"),
            ("C:\\Windows\\x.exe", "x.exe"),
            ("x/", "x"),
            ("..", "file"),
            (".", "file"),
            ("", "file"),
            ("...", "file"),
            (".bashrc", "bashrc"),
            ("..ssh", "ssh"),
            ("-rf", "rf"),
            ("~", "file"),
            ("a\u{0}b", "ab"),
            ("a\nb\r\u{1b}[2J", "ab[2J"),
            ("gpj\u{202e}exe.txt", "gpjexe.txt"),
            ("a\u{200b}b", "ab"),
            ("CON", "_CON"),
            ("con.txt", "_con.txt"),
            ("nul.tar.gz", "_nul.tar.gz"),
            ("COM1", "_COM1"),
            ("lpt³.x", "_lpt³.x"),
            ("COM10", "COM10"),
            ("a:stream", "a_stream"),
            ("a?*<>|\".b", "a______.b"),
            ("end. . ", "end"),
            ("x.  ", "x"),
            ("x\u{a0}y", "x y"),
            ("\u{301}x", "x"),
        ] {
            assert_eq!(FileName::tame(proposed).as_str(), tame, "{proposed:?}");
        }
        let long = FileName::tame(&alloc::format!("{}.tar.gz", "ü".repeat(500)));
        assert!(long.as_str().len() <= NAME_LEN_MAX && long.as_str().ends_with(".gz"), "{long}");
        assert_eq!(FileName::tame("a.b.c").numbered(2), "a.b (2).c");
        assert_eq!(FileName::tame("a").numbered(2), "a (2)");
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_proposed_names_one_file(proposed in proptest::arbitrary::any::<String>()) {
            let name = FileName::tame(&proposed);
            let text = name.as_str();
            proptest::prop_assert!(!text.is_empty() && text.len() <= NAME_LEN_MAX);
            proptest::prop_assert!(!text.contains(['/', '\\', ':']) && !text.starts_with(['.', ' ']));
            proptest::prop_assert!(!text.ends_with(['.', ' ']) && !text.chars().any(is_trickery));
            proptest::prop_assert!(!is_device(text));
            proptest::prop_assert_eq!(&FileName::tame(text), &name);
        }
    }
}

//! The page that lists a directory.
//!
//! **In**: a directory's entries in the order of `readdir`, and the target asked for. **Out**: the page, as bytes.
//! **Never**: the file system.

use super::persona::Persona;
use super::target::Place;
use super::text::{self, Text};
use std::fmt::Write;

/// One entry of a directory.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub name: Vec<u8>,
    /// Whether it is, or leads to, a directory.
    pub directory: bool,
    pub link: bool,
}

/// The page; nothing where Python fails to encode it.
pub(crate) fn page(
    target: &[u8],
    place: &Place,
    mut entries: Vec<Entry>,
    persona: Persona,
) -> Option<Vec<u8>> {
    entries.sort_by_cached_key(|entry| text::lower(&entry.name));
    let title = text::to_bytes(&text::escape(&title(target, place, persona)))?;
    let mut page = Vec::with_capacity(400 + 3 * title.len() + 100 * entries.len());
    page.extend_from_slice(b"<!DOCTYPE HTML>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    page.extend_from_slice(b"<title>Directory listing for ");
    page.extend_from_slice(&title);
    page.extend_from_slice(b"</title>\n</head>\n<body>\n<h1>Directory listing for ");
    page.extend_from_slice(&title);
    page.extend_from_slice(b"</h1>\n<hr>\n<ul>\n");
    for entry in &entries {
        item(entry, &mut page);
    }
    page.extend_from_slice(b"</ul>\n<hr>\n</body>\n</html>\n");
    Some(page)
}

fn title(target: &[u8], place: &Place, persona: Persona) -> Text {
    let target = text::from_latin1(target);
    text::unquote_strictly(&target).unwrap_or_else(|| {
        text::unquote(if persona.title_falls_back_to_the_path() { &place.text } else { &target })
    })
}

fn item(entry: &Entry, page: &mut Vec<u8>) {
    page.extend_from_slice(b"<li><a href=\"");
    page.extend_from_slice(quoted(&entry.name).as_bytes());
    if entry.directory {
        page.push(b'/');
    }
    page.extend_from_slice(b"\">");
    for byte in &entry.name {
        match byte {
            b'&' => page.extend_from_slice(b"&amp;"),
            b'<' => page.extend_from_slice(b"&lt;"),
            b'>' => page.extend_from_slice(b"&gt;"),
            _ => page.push(*byte),
        }
    }
    // A link to a directory shows as a link, and leads to the directory.
    match (entry.link, entry.directory) {
        (true, _) => page.push(b'@'),
        (false, true) => page.push(b'/'),
        (false, false) => {}
    }
    page.extend_from_slice(b"</a></li>\n");
}

/// `urllib.parse.quote(name, errors='surrogatepass')`: what is no UTF-8 is written as the surrogates that stand for it.
pub(crate) fn quoted(name: &[u8]) -> String {
    let mut out = String::with_capacity(name.len());
    for chunk in name.utf8_chunks() {
        for byte in chunk.valid().bytes() {
            percent_encoded(byte, &mut out);
        }
        for byte in chunk.invalid() {
            let low = 0x80 | (byte & 0x3f);
            let middle = 0xb0 | (byte >> 6 & 0x3);
            [0xed, middle, low].into_iter().for_each(|byte| percent_encoded(byte, &mut out));
        }
    }
    out
}

fn percent_encoded(byte: u8, out: &mut String) {
    if byte.is_ascii_alphanumeric() || b"_.-~/".contains(&byte) {
        out.push(char::from(byte));
    } else {
        // Writing to a String cannot fail.
        let _ = write!(out, "%{byte:02X}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_for_links() {
        assert_eq!(quoted(b"a b&\xc3\xa9~"), "a%20b%26%C3%A9~");
        assert_eq!(quoted(b"\xff"), "%ED%B3%BF");
        assert_eq!(quoted(b"\x80"), "%ED%B2%80");
    }
}

//! Python's `str` where Latin-1 is not enough: paths, file names and titles, surrogates included.
//!
//! **In**: bytes or code points. **Out**: the other, by the rules of `urllib.parse` and of the file system encoding
//! (UTF-8 with `surrogateescape`).
//! **Never**: a lossy step that Python would not take.

/// Code points, surrogates among them.
pub(crate) type Text = Vec<u32>;

/// Latin-1 bytes as text.
pub(crate) fn from_latin1(bytes: &[u8]) -> Text {
    bytes.iter().map(|byte| u32::from(*byte)).collect()
}

/// What to do with bytes that are no UTF-8.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Errors {
    SurrogatePass,
    SurrogateEscape,
    Replace,
}

/// `unquote(text, errors='surrogatepass')`; nothing where Python raises `UnicodeDecodeError`.
pub(crate) fn unquote_strictly(text: &[u32]) -> Option<Text> {
    unquote_with(text, Errors::SurrogatePass)
}

/// `unquote(text)`: U+FFFD stands for what is no UTF-8.
pub(crate) fn unquote(text: &[u32]) -> Text {
    unquote_with(text, Errors::Replace).unwrap_or_default()
}

fn unquote_with(text: &[u32], errors: Errors) -> Option<Text> {
    if !text.contains(&u32::from(b'%')) {
        return Some(text.to_vec());
    }
    let mut out = Text::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.first() {
        let ascii: Vec<u8> =
            rest.iter().map_while(|point| u8::try_from(*point).ok().filter(u8::is_ascii)).collect();
        if ascii.is_empty() {
            out.push(*first);
            rest = rest.get(1..)?;
        } else {
            rest = rest.get(ascii.len()..)?;
            decode(&percent_decoded(&ascii), errors, &mut out)?;
        }
    }
    Some(out)
}

/// `unquote_to_bytes`: a percent sign without two hexadecimal digits stays.
pub(crate) fn percent_decoded(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let digit = |at: usize| after.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                out.push(u8::try_from(high * 16 + low).unwrap_or_default());
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                out.push(*first);
                rest = after;
            }
        }
    }
    out
}

/// `os.fsdecode`.
pub(crate) fn from_file_name(name: &[u8]) -> Text {
    let mut out = Text::with_capacity(name.len());
    // Escaping takes any bytes.
    let _ = decode(name, Errors::SurrogateEscape, &mut out);
    out
}

fn decode(bytes: &[u8], errors: Errors, out: &mut Text) -> Option<()> {
    let mut rest = bytes;
    loop {
        let error = match std::str::from_utf8(rest) {
            Ok(valid) => {
                out.extend(valid.chars().map(u32::from));
                return Some(());
            }
            Err(error) => error,
        };
        let (valid, invalid) = rest.split_at(error.valid_up_to());
        out.extend(String::from_utf8_lossy(valid).chars().map(u32::from));
        let length = error.error_len().unwrap_or(invalid.len());
        let taken = match (errors, invalid) {
            (Errors::Replace, _) => {
                out.push(0xfffd);
                length
            }
            (Errors::SurrogateEscape, _) => {
                out.extend(invalid.iter().take(length).map(|byte| 0xdc00 + u32::from(*byte)));
                length
            }
            (Errors::SurrogatePass, [0xed, high @ 0xa0..=0xbf, low @ 0x80..=0xbf, ..]) => {
                out.push(0xd000 | (u32::from(*high) & 0x3f) << 6 | (u32::from(*low) & 0x3f));
                3
            }
            (Errors::SurrogatePass, _) => return None,
        };
        rest = invalid.get(taken..).unwrap_or_default();
    }
}

/// UTF-8 with `surrogateescape`; nothing where Python raises `UnicodeEncodeError`.
pub(crate) fn to_bytes(text: &[u32]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    for point in text {
        match point {
            0xdc80..=0xdcff => out.push(u8::try_from(point - 0xdc00).ok()?),
            _ => {
                let char = char::from_u32(*point)?;
                out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
    }
    Some(out)
}

/// `os.fsencode` for a system call: nothing where Python raises, as it does for NUL.
pub(crate) fn to_file_name(text: &[u32]) -> Option<Vec<u8>> {
    if text.contains(&0) { None } else { to_bytes(text) }
}

/// `str.lower()` of a file name.
pub(crate) fn lower(name: &[u8]) -> Text {
    if name.is_ascii() {
        return name.iter().map(|byte| u32::from(byte.to_ascii_lowercase())).collect();
    }
    let mut out = Text::with_capacity(name.len());
    for chunk in name.utf8_chunks() {
        lower_valid(chunk.valid(), &mut out);
        out.extend(chunk.invalid().iter().map(|byte| 0xdc00 + u32::from(*byte)));
    }
    out
}

fn lower_valid(text: &str, out: &mut Text) {
    let mut rest = text;
    while let Some(at) = rest.find(|char| YOUNG_CAPITALS.iter().any(|range| range.contains(&u32::from(char))))
    {
        let (before, from) = rest.split_at(at);
        out.extend(before.to_lowercase().chars().map(u32::from));
        let mut chars = from.chars();
        out.extend(chars.next().map(u32::from));
        rest = chars.as_str();
    }
    out.extend(rest.to_lowercase().chars().map(u32::from));
}

/// `html.escape(text, quote=False)`.
pub(crate) fn escape(text: &[u32]) -> Text {
    let mut out = Text::with_capacity(text.len());
    for point in text {
        let entity: &[u8] = match point {
            0x26 => b"&amp;",
            0x3c => b"&lt;",
            0x3e => b"&gt;",
            _ => {
                out.push(*point);
                continue;
            }
        };
        out.extend(entity.iter().map(|byte| u32::from(*byte)));
    }
    out
}

/// Capital letters younger than Unicode 14, which Python 3.11 goes by; for it they have no lower case.
const YOUNG_CAPITALS: [std::ops::RangeInclusive<u32>; 10] = [
    0xa7cb..=0xa7cb,
    0xa7cc..=0xa7cc,
    0xa7ce..=0xa7ce,
    0xa7d2..=0xa7d2,
    0xa7d4..=0xa7d4,
    0xa7da..=0xa7da,
    0xa7dc..=0xa7dc,
    0x10d50..=0x10d65,
    0x16ea0..=0x16eb8,
    0x1c89..=0x1c89,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_signs_decode_by_runs_of_ascii() {
        let text = |bytes: &[u8]| from_latin1(bytes);
        assert_eq!(unquote_strictly(&text(b"%c3%a9\xe9%4")), Some(vec![0xe9, 0xe9, 0x25, 0x34]));
        assert_eq!(unquote_strictly(&text(b"%c3\xa9")), None);
        assert_eq!(unquote(&text(b"%c3\xa9%ff")), vec![0xfffd, 0xa9, 0xfffd]);
        assert_eq!(unquote_strictly(&text(b"%ed%b3%bf")), Some(vec![0xdcff]));
    }

    #[test]
    fn names_that_are_no_utf8_come_back_as_they_were() {
        let name = b"raw-\xff\xe2\x82.txt";
        assert_eq!(to_file_name(&from_file_name(name)).as_deref(), Some(&name[..]));
        assert_eq!(to_file_name(&[0xd800]), None);
        assert_eq!(to_file_name(&[0]), None);
    }
}

//! Python's string methods on Latin-1 text, which is what a request is made of.
//!
//! **In**: bytes, each standing for the character of that number. **Out**: the same.
//! **Never**: characters beyond U+00FF.

/// Whether `str.isspace()` holds.
pub(crate) fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t'..=b'\r' | 0x1c..=0x1f | b' ' | 0x85 | 0xa0)
}

/// `str.split()`: the words between any white space.
pub(crate) fn words(text: &[u8]) -> Vec<&[u8]> {
    text.split(|byte| is_space(*byte)).filter(|word| !word.is_empty()).collect()
}

/// `str.strip()`.
pub(crate) fn strip(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|byte| !is_space(*byte)).unwrap_or(text.len());
    strip_end(text.get(start..).unwrap_or_default())
}

/// `str.rstrip()`.
pub(crate) fn strip_end(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|byte| !is_space(*byte)).map_or(0, |at| at + 1);
    text.get(..end).unwrap_or_default()
}

/// Takes all of the given bytes off the end, as `str.rstrip(bytes)` does.
pub(crate) fn trim_end<'a>(text: &'a [u8], of: &[u8]) -> &'a [u8] {
    let end = text.iter().rposition(|byte| !of.contains(byte)).map_or(0, |at| at + 1);
    text.get(..end).unwrap_or_default()
}

/// Takes all of the given bytes off the start, as `str.lstrip(bytes)` does.
pub(crate) fn trim_start<'a>(text: &'a [u8], of: &[u8]) -> &'a [u8] {
    let start = text.iter().position(|byte| !of.contains(byte)).unwrap_or(text.len());
    text.get(start..).unwrap_or_default()
}

/// The two parts around the first such byte, as `str.partition()` finds them.
pub(crate) fn split_once(text: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let position = memchr::memchr(at, text)?;
    Some((text.get(..position)?, text.get(position + 1..)?))
}

/// `int()`: a decimal number with Python's liberties; what does not fit is cut to the limits of `i64`.
pub(crate) fn integer(text: &[u8]) -> Option<i64> {
    let text = strip(text);
    let (negative, digits) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, text),
    };
    let mut value = 0i64;
    let mut count = 0usize;
    let mut after_digit = false;
    for byte in digits {
        match byte {
            b'0'..=b'9' => {
                value = value.saturating_mul(10).saturating_add(i64::from(byte - b'0'));
                count += 1;
                after_digit = true;
            }
            b'_' if after_digit => after_digit = false,
            _ => return None,
        }
    }
    let good = after_digit && count <= INTEGER_DIGITS_MAX;
    good.then_some(if negative { -value } else { value })
}

/// `repr()`: quoted, with escapes; other Latin-1 characters stay as they are.
pub(crate) fn repr(text: &[u8]) -> Vec<u8> {
    let quote = if text.contains(&b'\'') && !text.contains(&b'"') { b'"' } else { b'\'' };
    let mut out = Vec::with_capacity(text.len() + 2);
    out.push(quote);
    for byte in text {
        match byte {
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\\' => out.extend_from_slice(b"\\\\"),
            0..=0x1f | 0x7f..=0xa0 | 0xad => out.extend_from_slice(format!("\\x{byte:02x}").as_bytes()),
            _ if *byte == quote => out.extend_from_slice(&[b'\\', quote]),
            _ => out.push(*byte),
        }
    }
    out.push(quote);
    out
}

/// Python refuses to read longer decimal numbers (`sys.get_int_max_str_digits()`).
const INTEGER_DIGITS_MAX: usize = 4300;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_with_pythons_liberties() {
        for (text, value) in [
            (&b"12"[..], Some(12)),
            (b"-1", Some(-1)),
            (b"+0_1", Some(1)),
            (b"1__0", None),
            (b"_1", None),
            (b"1_", None),
            (b"", None),
            (b"-", None),
            (b"\xb2", None),
        ] {
            assert_eq!(integer(text), value, "{text:?}");
        }
        assert_eq!(integer(&[b'0'; 4300]), Some(0));
        assert_eq!(integer(&[b'0'; 4301]), None);
    }

    #[test]
    fn quoting_chooses_the_quote_that_needs_no_escape() {
        assert_eq!(repr(b"it's"), b"\"it's\"");
        assert_eq!(repr(b"it's \"so\""), b"'it\\'s \"so\"'");
        assert_eq!(repr(b"\x00\xff\xad\\"), b"'\\x00\xff\\xad\\\\'");
    }
}

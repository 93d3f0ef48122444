//! Quoted words of the control protocol, and hexadecimal digits.
//!
//! **In** texts. **Out** texts. **Never** a line end let through into a command.

/// A text as a quoted word, which tor takes back as it was. Control characters go as octal escapes.
pub fn quoted(text: &str) -> String {
    let mut word = String::from("\"");
    for char in text.chars() {
        match char {
            '"' | '\\' => word.extend(['\\', char]),
            '\n' => word.push_str("\\n"),
            '\r' => word.push_str("\\r"),
            '\t' => word.push_str("\\t"),
            _ if char.is_ascii_control() => word.push_str(&format!("\\{:03o}", u32::from(char))),
            _ => word.push(char),
        }
    }
    word.push('"');
    word
}

/// A quoted word at the beginning of a text, and what follows it. None: it is none.
pub fn unquoted(text: &str) -> Option<(String, &str)> {
    let rest = text.strip_prefix('"')?;
    let mut bytes = Vec::new();
    let mut chars = rest.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => {
                let after = rest.get(at + 1..)?;
                return Some((String::from_utf8_lossy(&bytes).into_owned(), after));
            }
            '\\' => {
                let (_, escaped) = chars.next()?;
                match escaped {
                    'n' => bytes.push(b'\n'),
                    'r' => bytes.push(b'\r'),
                    't' => bytes.push(b'\t'),
                    '0'..='7' => {
                        let mut value = escaped.to_digit(8)?;
                        for _ in 0..2 {
                            let next = chars.clone().next().and_then(|(_, char)| char.to_digit(8));
                            let Some(digit) = next else { break };
                            value = value * 8 + digit;
                            chars.next();
                        }
                        bytes.push(u8::try_from(value).ok()?);
                    }
                    other => push(&mut bytes, other),
                }
            }
            other => push(&mut bytes, other),
        }
    }
    None
}

/// A value that may be a quoted word, or is as it stands.
pub fn value(text: &str) -> String {
    match unquoted(text) {
        Some((word, "")) => word,
        Some(_) | None => text.to_owned(),
    }
}

/// What stands behind `key=` among words that spaces separate, a quoted one as a whole.
pub fn keyed(text: &str, key: &str) -> Option<String> {
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(' ');
        if rest.is_empty() {
            return None;
        }
        let end = rest.find([' ', '"']).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let (found, next) = match unquoted(after) {
            Some((found, next)) => (Some(found), next),
            None => (None, after.find(' ').and_then(|at| after.get(at..)).unwrap_or("")),
        };
        if let Some(plain) = word.strip_prefix(key).and_then(|rest| rest.strip_prefix('=')) {
            return Some(found.unwrap_or_else(|| plain.to_owned()));
        }
        rest = next;
    }
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What hexadecimal digits stand for. None: they don't, or for another number of bytes.
pub fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != 2 * N || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

fn push(bytes: &mut Vec<u8>, char: char) {
    bytes.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_are_found_by_their_keys() {
        let line = r#"AUTH METHODS=COOKIE,SAFECOOKIE COOKIEFILE="/a b/\"c\"" X="y" Z="#;
        assert_eq!(keyed(line, "METHODS").as_deref(), Some("COOKIE,SAFECOOKIE"));
        assert_eq!(keyed(line, "COOKIEFILE").as_deref(), Some("/a b/\"c\""));
        assert_eq!(keyed(line, "X").as_deref(), Some("y"));
        assert_eq!(keyed(line, "Z").as_deref(), Some(""));
        assert_eq!((keyed(line, "FILE"), keyed("X=\"", "Y"), keyed("\"X=1", "X")), (None, None, None));
        assert_eq!(value("\"a b\""), "a b");
        assert_eq!(value("a \"b"), "a \"b");
        assert_eq!(unquoted("\"\\303\\251\\\"\" x"), Some(("é\"".to_owned(), " x")));
    }

    #[test]
    fn digits_come_in_pairs() {
        assert_eq!(unhex("00fFa1"), Some([0, 255, 0xa1]));
        for wrong in ["", "00ff", "00ffa", "00ffag", "+0ffa1"] {
            assert_eq!(unhex::<3>(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn quoted_words_come_back_and_are_one_line(text in ".{0,40}", rest in "( [a-z]{0,5})?") {
            let word = quoted(&text);
            prop_assert!(!word.contains(['\r', '\n']));
            let all = format!("{word}{rest}");
            prop_assert_eq!(unquoted(&all), Some((text, rest.as_str())));
        }

        #[test]
        fn no_text_panics(text in "([ -~]|\\\\|\"|é|=){0,40}") {
            let _ = (unquoted(&text), value(&text), keyed(&text, "A"), unhex::<2>(&text));
        }
    }
}

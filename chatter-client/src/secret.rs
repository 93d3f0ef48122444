//! Texts that must not linger: asked for without an echo, wiped when dropped, left out of debug output.
//!
//! **In** what the user types, or the first line of a file. **Out** a [`SecretText`]. **Never** its content in an
//! error or a log.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::Path;

use zeroize::Zeroizing;

use crate::texts::text;

/// A text that is wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// Takes `text` over, its only copy if it was one.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text, for those who really need it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(…)")
    }
}

/// Asks for a secret on the terminal, without showing what is typed.
///
/// # Errors
/// Where there is no terminal, or the user broke off.
pub fn ask(what: &str) -> io::Result<SecretText> {
    rpassword::prompt_password(text!("prompt-hidden", what = what)).map(SecretText::new)
}

/// The first line of a file, without its end.
///
/// # Errors
/// Where it can't be read, or its line is much longer than any secret.
pub fn first_line_of(file: &Path) -> io::Result<SecretText> {
    let mut line = Zeroizing::new(String::with_capacity(LINE_BYTES_MAX));
    let read = BufReader::new(File::open(file)?.take(LINE_BYTES_MAX as u64)).read_line(&mut line)?;
    if read == LINE_BYTES_MAX {
        return Err(io::ErrorKind::InvalidData.into());
    }
    Ok(SecretText::new(line.trim_end_matches(['\r', '\n']).to_owned()))
}

const LINE_BYTES_MAX: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_hides_it() {
        let text = SecretText::new("chatter://secret".into());
        assert!(!format!("{text:?}").contains("secret"));
        assert_eq!(text.expose(), "chatter://secret");
    }
}

//! Links as people hand them over: in files, over pipes, pasted with what mail and chat programs put around them.
//!
//! **In** where a link comes from, or its text. **Out** a [`Link`], or what is wrong and what to do. **Never** a link's
//! secret part in an error.

use std::io;
use std::path::{Path, PathBuf};

use chatter_protocol::access::AccessCodeError;
use chatter_protocol::code::CodeError;
use chatter_protocol::invite::{Link, LinkError, is_link};

use crate::console;
use crate::exit::Failure;
use crate::files;
use crate::secret::{self, SecretText};
use crate::texts::text;

/// Where a link comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkSource {
    /// An argument.
    Text(SecretText),
    /// A file that nobody else can read.
    File(PathBuf),
    /// Asked for without an echo; where stdin is no terminal, its first line.
    Asked,
}

impl LinkSource {
    /// What an argument means: a link, `@FILE`, or `-`. None where it is something else, such as a profile's name.
    pub fn of(argument: &str) -> Option<Self> {
        if argument == "-" {
            return Some(Self::Asked);
        }
        if let Some(file) = argument.strip_prefix('@').filter(|file| !file.is_empty()) {
            return Some(Self::File(PathBuf::from(file)));
        }
        let text = tidy(argument);
        is_link(text.expose()).then_some(Self::Text(text))
    }

    /// The link.
    ///
    /// # Errors
    /// A failure, and what to say about it: nothing was given, a file can't be read, it is no link.
    pub fn link(&self, what: &str) -> Result<Link, (Failure, String)> {
        match self {
            Self::Text(text) => parse(text.expose()),
            Self::File(file) => parse(read(file)?.expose()),
            Self::Asked => asked(what),
        }
    }

    /// What to say where the link names no room and one is needed.
    pub fn no_room(&self, error: &LinkError) -> (Failure, String) {
        match self {
            Self::Text(text) => no_room(text.expose(), error),
            Self::File(_) | Self::Asked => (Failure::Link, error.to_string()),
        }
    }
}

/// The text of a link in a file, all of it.
///
/// # Errors
/// [`Failure::Usage`] where it can't be read, or others may read it.
pub fn read(file: &Path) -> Result<SecretText, (Failure, String)> {
    files::read_secret(file).map_err(|error| {
        (Failure::Usage, text!("link-file", file = file.display().to_string(), error = error.to_string()))
    })
}

/// The link that a text spells, whatever stands around it and wherever it was broken.
///
/// # Errors
/// [`Failure::Link`], and a sentence on what is wrong.
pub fn parse(text: &str) -> Result<Link, (Failure, String)> {
    let text = tidy(text);
    Link::parse(text.expose()).map_err(|error| (Failure::Link, explain(text.expose(), &error)))
}

/// What to say of a link's text that names no room where one is needed.
fn no_room(link: &str, error: &LinkError) -> (Failure, String) {
    let label = link.split_once("://").and_then(|(_, rest)| rest.split_once('#')).map(|(place, _)| place);
    let has_label = label.and_then(|place| place.split_once('/')).is_some_and(|(_, label)| !label.is_empty());
    let text = if has_label { text!("link-without-way-in") } else { error.to_string() };
    (Failure::Link, text)
}

/// A text without what no link holds: white space and invisible characters anywhere, quotes and brackets around it, the
/// full stop of the sentence that it ended.
pub fn tidy(text: &str) -> SecretText {
    let visible = |c: &char| !c.is_whitespace() && !c.is_control() && !INVISIBLE.contains(c);
    // As long as it can get: growing would leave copies behind.
    let mut kept = String::with_capacity(text.len());
    kept.extend(text.chars().filter(visible));
    let kept = SecretText::new(kept);
    SecretText::new(kept.expose().trim_start_matches(AROUND).trim_end_matches(AROUND).to_owned())
}

/// Asked for; a link that a mail program has broken goes on in the next lines.
fn asked(what: &str) -> Result<Link, (Failure, String)> {
    let missing = |_: io::Error| (Failure::Usage, text!("link-missing", what = what));
    let mut text = ask(what).map_err(missing)?;
    let first = match parse(text.expose()) {
        Ok(link) => return Ok(link),
        Err(refused) => refused,
    };
    if !is_link(tidy(text.expose()).expose()) {
        return Err(first);
    }
    for _ in 1..LINES_MAX {
        let Ok(more) = ask(&text!("ask-rest-of-link")) else { break };
        if tidy(more.expose()).expose().is_empty() {
            break;
        }
        let mut longer = String::with_capacity(text.expose().len() + more.expose().len());
        longer.push_str(text.expose());
        longer.push_str(more.expose());
        text = SecretText::new(longer);
        if let Ok(link) = parse(text.expose()) {
            return Ok(link);
        }
    }
    Err(first)
}

fn ask(what: &str) -> io::Result<SecretText> {
    if console::is_interactive() { secret::ask(what) } else { console::first_line() }
}

/// What is wrong with a link, and whether its end is missing.
fn explain(text: &str, error: &LinkError) -> String {
    let last = text.rsplit(['#', '.']).next().unwrap_or_default();
    match error {
        LinkError::Secret(CodeError::Checksum { at: None } | CodeError::Length) => {
            match ROOM_PART_LEN.checked_sub(last.len()) {
                Some(missing @ 1..) if last.starts_with(ROOM_PART) => {
                    text!("link-short", count = missing)
                }
                Some(_) | None => error.to_string(),
            }
        }
        // Codes differ in length: that the end is missing can only be guessed.
        LinkError::Code(AccessCodeError::Damaged(CodeError::Checksum { at: None } | CodeError::Length))
            if !text.contains('.') || last.starts_with(CODE_PART) =>
        {
            text!("link-maybe-short", error = error.to_string())
        }
        LinkError::Code(AccessCodeError::Damaged(CodeError::OtherKind(_))) if CODE_PART.starts_with(last) => {
            text!("link-without-code")
        }
        LinkError::UnknownPart if "room1".starts_with(last) || "cert1".starts_with(last) => {
            text!("link-short-behind-code")
        }
        LinkError::Scheme
        | LinkError::NoCode
        | LinkError::Host
        | LinkError::Port
        | LinkError::Label
        | LinkError::Code(_)
        | LinkError::Secret(_)
        | LinkError::Pin(_)
        | LinkError::PinWithoutTls
        | LinkError::Via(_)
        | LinkError::UnknownPart
        | LinkError::NoRoom => error.to_string(),
    }
}

/// What stands around pasted links.
const AROUND: [char; 18] =
    ['<', '>', '"', '\'', '`', '“', '”', '„', '‘', '’', '«', '»', '(', ')', '*', ',', ';', '.'];
/// Format characters that chat programs put into long words: soft hyphen, zero-width ones, word joiner, byte order mark.
const INVISIBLE: [char; 8] =
    ['\u{ad}', '\u{200b}', '\u{200c}', '\u{200d}', '\u{200e}', '\u{200f}', '\u{2060}', '\u{feff}'];
const CODE_PART: &str = "chatter1";
const ROOM_PART: &str = "room1";
/// A room's secret of 16 bytes: prefix, 26 characters, six of a checksum (BIP 350).
const ROOM_PART_LEN: usize = ROOM_PART.len() + 26 + 6;
/// Lines into which a mail program breaks a link.
const LINES_MAX: usize = 6;

#[cfg(test)]
mod tests {
    use chatter_protocol::access::{AccessCode, AccessSecret, CarrierPath, ServerSecret};
    use chatter_protocol::entropy::Entropy;
    use chatter_protocol::invite::{AccessLink, Address, RoomLink};
    use chatter_protocol::room::secret::RoomSecret;

    use super::*;

    fn room() -> String {
        let mut entropy = Entropy::new([4; 32]);
        let code = AccessCode {
            server_key: ServerSecret::generate(&mut entropy).key(),
            secret: AccessSecret::generate(&mut entropy),
            carrier_path: CarrierPath::parse("/data.enc").expect("a path"),
            preamble_len: 16,
        };
        let access = AccessLink::new(Address { host: "example.org".into(), port: 8000 }, code);
        let secret = RoomSecret::generate(&mut entropy);
        RoomLink { access, label: "tea".into(), secret }.to_text().to_string()
    }

    #[test]
    fn pasted_links_are_understood() {
        let link = room();
        let (one, rest) = link.split_at(40);
        let (two, three) = rest.split_at(70);
        for pasted in [
            format!("  {link}\n"),
            format!("<{link}>"),
            format!("\"{link}\""),
            format!("“{link}”."),
            format!("'{link}'"),
            format!("«{link}»,"),
            format!("{one}\n{two}\r\n  {three}"),
            format!("\u{feff}{one}\u{200b}{two}\u{ad}{three}"),
        ] {
            let parsed =
                parse(&pasted).and_then(|link| link.into_room().map_err(|error| no_room("", &error)));
            assert_eq!(*parsed.expect("a room link").to_text(), *link, "{pasted:?}");
        }
    }

    #[test]
    fn a_link_cut_anywhere_is_told_as_such() {
        let link = room();
        let secret = link.rsplit_once("room1").expect("a room part").1;
        let behind_code = link.rfind('.').expect("a room part");
        for end in link.find('#').expect("a fragment")..link.len() {
            let cut = &link[..end];
            let said = match parse(cut) {
                Ok(parsed) => no_room(cut, &parsed.into_room().expect_err("its end is missing")).1,
                Err((failure, said)) => {
                    assert_eq!(failure, Failure::Link);
                    said
                }
            };
            assert!(
                said.contains("cut short") || said.contains("cut off"),
                "{end} of {}: {said}",
                link.len()
            );
            assert!(!said.contains(&secret[..8]), "{said}");
            if end > behind_code + ROOM_PART.len() + 1 {
                assert!(said.contains(&format!("{} characters are missing", link.len() - end)), "{said}");
            }
        }
    }

    #[test]
    fn arguments_say_where_a_link_comes_from() {
        let link = room();
        assert_eq!(LinkSource::of("-"), Some(LinkSource::Asked));
        assert_eq!(LinkSource::of("@/a b"), Some(LinkSource::File("/a b".into())));
        assert_eq!(LinkSource::of(&format!("<{link}>")), Some(LinkSource::Text(SecretText::new(link))));
        for other in ["home", "@", "", "http://x/"] {
            assert_eq!(LinkSource::of(other), None, "{other}");
        }
    }
}

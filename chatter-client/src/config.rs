//! Settings in a file: defaults, and profiles by which a room is entered with one word.
//!
//! **In** a TOML file that its owner made. **Out** [`Settings`], in layers: flags, a profile, defaults. **Never** a
//! file that was not asked for, a secret from one that others may read, or a secret in an error.
//!
//! ```toml
//! nick = "anna"                # for all profiles, and without one
//! [profiles.home]              # chatter-client join home
//! link-file = "home.link"      # from the folder of this file
//! proxy = "socks5h://127.0.0.1:9050"
//! join = ["work"]              # this profile's room is entered, too
//! ```

mod settings;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use directories::BaseDirs;
use toml_edit::{DocumentMut, Item, Table, value};

use crate::command::distance;
use crate::exit::Failure;
use crate::files;
use crate::secret::SecretText;
use crate::texts::text;

pub use settings::{Setting, Settings};

/// A failure, and what to say about it.
type Refused = (Failure, String);

/// What a file of settings holds.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// For every stay.
    pub defaults: Settings,
    /// By name.
    pub profiles: BTreeMap<String, Settings>,
}

impl Config {
    /// What is in `given`, or else in this user's own file, if there is one.
    ///
    /// # Errors
    /// [`Failure::Usage`]: `given` is not there, it can't be read, it holds what is no setting, or it holds a secret and
    /// others may read it.
    pub fn load(given: Option<&Path>) -> Result<Self, Refused> {
        let Some(path) = given.map(Path::to_owned).or_else(usual_path) else { return Ok(Self::default()) };
        match read(&path) {
            Ok(file) => Self::parse(&path, file),
            Err(error) if given.is_none() && is_missing(&error) => Ok(Self::default()),
            Err(error) => Err(about(&path, &error)),
        }
    }

    /// The settings of a profile.
    ///
    /// # Errors
    /// [`Failure::Usage`], with the names of those that there are, if none is called so.
    pub fn profile(&self, name: &str) -> Result<&Settings, Refused> {
        self.profiles.get(name).ok_or_else(|| {
            let nearest = nearest(name, self.profiles.keys().map(String::as_str));
            let hint = match nearest {
                Some(nearest) => text!("did-you-mean", name = nearest),
                None => text!("profiles-shown"),
            };
            let shown: String = name.chars().take(NAME_LEN_MAX).collect();
            let text = text!("profile-unknown", given = format!("{shown:?}"), hint = hint);
            (Failure::Link, text)
        })
    }

    fn parse(path: &Path, Read { text, is_open }: Read) -> Result<Self, Refused> {
        let document = document(path, text.expose())?;
        let folder = path.parent().unwrap_or(Path::new("."));
        let mut config = Self::default();
        let wrong = |text: String| about(path, &text);
        let top = document.iter().filter(|(key, _)| *key != PROFILES);
        config.defaults = Settings::parse(top, folder).map_err(wrong)?;
        let table = |name: &str, item: &'_ Item| match item.is_table_like() {
            true => Ok(()),
            false => Err(wrong(text!("config-no-table", name = name))),
        };
        if let Some(item) = document.get(PROFILES) {
            table(PROFILES, item)?;
            for (name, item) in item.as_table_like().into_iter().flat_map(|profiles| profiles.iter()) {
                check_name(name).map_err(|(_, text)| wrong(text))?;
                let called = format!("{PROFILES}.{name}");
                table(&called, item)?;
                let items = item.as_table_like().into_iter().flat_map(|profile| profile.iter());
                let settings = Settings::parse(items, folder);
                let settings = settings.map_err(|error| wrong(format!("{called}: {error}")))?;
                config.profiles.insert(name.to_owned(), settings);
            }
        }
        let has_secret = config.profiles.values().chain([&config.defaults]).any(Settings::has_secret);
        if is_open && has_secret {
            return Err(wrong(text!("config-open")));
        }
        Ok(config)
    }
}

/// Where settings are looked for when no file is named; nowhere for a user without a home.
pub fn usual_path() -> Option<PathBuf> {
    BaseDirs::new().map(|dirs| dirs.config_dir().join("chatter").join("config.toml"))
}

/// Writes one more profile into the file, which is made if there is none: readable to nobody else.
///
/// # Errors
/// Where there is a profile of that name, the file is none of ours, or the system refuses.
pub fn add(given: Option<&Path>, name: &str, settings: &Settings) -> Result<PathBuf, Refused> {
    check_name(name)?;
    let path = own_path(given)?;
    let text = match read(&path) {
        Ok(file) => file.text,
        Err(error) if is_missing(&error) => SecretText::new(String::new()),
        Err(error) => return Err(about(&path, &error)),
    };
    let mut document = document(&path, text.expose())?;
    let profiles = document.entry(PROFILES).or_insert_with(|| {
        let mut table = Table::new();
        table.set_implicit(true);
        Item::Table(table)
    });
    let profiles =
        profiles.as_table_mut().ok_or_else(|| about(&path, &text!("config-no-table", name = PROFILES)))?;
    if profiles.contains_key(name) {
        let text = text!("profile-there", name = name);
        return Err((Failure::Usage, text));
    }
    let mut table = Table::new();
    for (key, setting) in settings.iter() {
        let item = match setting {
            Setting::Text(text) => value(text.expose()),
            Setting::Switch(on) => value(*on),
            Setting::List(names) => value(names.iter().collect::<toml_edit::Array>()),
        };
        table.insert(key, item);
    }
    profiles.insert(name, Item::Table(table));
    write(&path, document.to_string())?;
    Ok(path)
}

/// Takes a profile out of the file.
///
/// # Errors
/// Where there is none of that name, or the system refuses.
pub fn remove(given: Option<&Path>, name: &str) -> Result<PathBuf, Refused> {
    let path = own_path(given)?;
    let file = read(&path).map_err(|error| about(&path, &error))?;
    let mut document = document(&path, file.text.expose())?;
    let profiles = document.get_mut(PROFILES).and_then(Item::as_table_like_mut);
    if profiles.and_then(|profiles| profiles.remove(name)).is_none() {
        return Err((Failure::Usage, text!("profile-not-there", file = path.display().to_string())));
    }
    write(&path, document.to_string())?;
    Ok(path)
}

/// The settings that hold and where each comes from, with the names of secrets alone: the first layer counts.
pub fn shown(layers: &[(&str, &Settings)]) -> String {
    let mut text = String::new();
    for key in Settings::keys() {
        let found = layers.iter().find_map(|(origin, layer)| Some((*origin, layer.get(key)?)));
        // Writing to a String does not fail.
        let _ = match found {
            Some((origin, setting)) => writeln!(text, "{key} = {}  # {origin}", setting.shown(key)),
            None => writeln!(text, "{}", text!("setting-unset", key = key)),
        };
    }
    text
}

/// The one of `known` that was meant, if one is near.
pub(crate) fn nearest<'a>(given: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let short = given.chars().count() <= NAME_LEN_MAX;
    let near = known.filter(|_| short).map(|name| (distance(given, name), name)).min()?;
    (near.0 <= SLIPS_MAX).then_some(near.1)
}

struct Read {
    text: SecretText,
    /// Whether others may read it.
    is_open: bool,
}

fn read(path: &Path) -> io::Result<Read> {
    let file = File::open(path)?;
    let is_open = files::is_open_to_others(&file)?;
    let mut text = String::with_capacity(START_LEN);
    file.take(FILE_LEN_MAX + 1).read_to_string(&mut text)?;
    if text.len() as u64 > FILE_LEN_MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidData, text!("config-too-long")));
    }
    Ok(Read { text: SecretText::new(text), is_open })
}

fn write(path: &Path, text: String) -> Result<(), Refused> {
    let text = SecretText::new(text);
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder)
            .map_err(|error| (Failure::Local, format!("{}: {error}", folder.display())))?;
    }
    files::keep(path, text.expose()).map_err(|error| {
        (Failure::Local, text!("not-written", file = path.display().to_string(), error = error.to_string()))
    })
}

/// The document, or what is wrong in which line: the library's own words would quote it.
fn document(path: &Path, text: &str) -> Result<DocumentMut, Refused> {
    text.parse::<DocumentMut>().map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        about(path, &text!("config-line", line = before.matches('\n').count() + 1, error = error.message()))
    })
}

fn own_path(given: Option<&Path>) -> Result<PathBuf, Refused> {
    let none = || (Failure::Usage, text!("no-home"));
    given.map(Path::to_owned).or_else(usual_path).ok_or_else(none)
}

fn check_name(name: &str) -> Result<(), Refused> {
    let proper = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if name.is_empty() || name.len() > NAME_LEN_MAX || name.starts_with('-') || !name.chars().all(proper) {
        let text = text!("profile-name", most = NAME_LEN_MAX);
        return Err((Failure::Usage, text));
    }
    Ok(())
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn about(path: &Path, what: &impl std::fmt::Display) -> Refused {
    (Failure::Usage, format!("{}: {what}", path.display()))
}

const PROFILES: &str = "profiles";
const FILE_LEN_MAX: u64 = 256 * 1024;
/// Room for most files: growing leaves copies behind.
const START_LEN: usize = 16 * 1024;
const NAME_LEN_MAX: usize = 32;
/// More slips than this and another word was meant.
const SLIPS_MAX: usize = 2;

#[cfg(test)]
mod tests;

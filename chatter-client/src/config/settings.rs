//! One layer of settings: which there are, and what each may hold.
//!
//! **In** a table's keys and values, or flags. **Out** the same, judged. **Never** a value of a secret in an error.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chatter_protocol::chaff::Chaff;
use chatter_protocol::ids::Nickname;
use chatter_protocol::invite::parse_label;
use clap::ValueEnum as _;
use toml_edit::Item;

use super::nearest;
use crate::disk::expanded;
use crate::exit::Failure;
use crate::link;
use crate::route::Wish;
use crate::secret::SecretText;
use crate::texts::text;
use crate::ui::{How, Palette, When};

/// One layer: what is set, by key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings(BTreeMap<&'static str, Setting>);

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setting {
    /// A word, a path, a link.
    Text(SecretText),
    /// On or off.
    Switch(bool),
    /// Names.
    List(Vec<String>),
}

/// What a key takes.
enum Kind {
    /// A text, judged.
    Text(fn(&str) -> Result<(), String>),
    /// The same, and nobody else's business.
    Secret(fn(&str) -> Result<(), String>),
    Path,
    Switch,
    List,
}

impl Settings {
    /// All keys that there are.
    pub fn keys() -> impl Iterator<Item = &'static str> {
        KEYS.iter().map(|(key, _)| *key)
    }

    /// What a table holds; paths begin at `folder`.
    ///
    /// # Errors
    /// A clause that names the key: unknown, with another kind of value, or with one that is none.
    pub(super) fn parse<'a>(
        items: impl Iterator<Item = (&'a str, &'a Item)>,
        folder: &Path,
    ) -> Result<Self, String> {
        let mut settings = Self::default();
        for (key, item) in items {
            let Some((key, kind)) = KEYS.iter().find(|(known, _)| *known == key) else {
                let hint = match nearest(key, Self::keys()) {
                    Some(nearest) => text!("did-you-mean", name = nearest),
                    None => text!("settings-known", names = Self::keys().collect::<Vec<_>>().join(", ")),
                };
                let shown: String = key.chars().take(KEY_LEN_MAX).collect();
                return Err(text!("setting-unknown", given = format!("{shown:?}"), hint = hint));
            };
            let text = || item.as_str().ok_or_else(|| text!("setting-text", key = key));
            let setting = match kind {
                Kind::Text(judge) | Kind::Secret(judge) => {
                    judge(text()?).map_err(|error| format!("{key}: {error}"))?;
                    Setting::Text(SecretText::new(text()?.to_owned()))
                }
                Kind::Path => {
                    let path = folder.join(expanded(Path::new(text()?)));
                    Setting::Text(SecretText::new(path.to_string_lossy().into_owned()))
                }
                Kind::Switch => {
                    Setting::Switch(item.as_bool().ok_or_else(|| text!("setting-switch", key = key))?)
                }
                Kind::List => {
                    let names = item.as_array().and_then(|array| {
                        array.iter().map(|name| name.as_str().map(str::to_owned)).collect::<Option<_>>()
                    });
                    let wrong = || text!("setting-list", key = key);
                    Setting::List(names.ok_or_else(wrong)?)
                }
            };
            settings.0.insert(key, setting);
        }
        for (one, other) in EITHER {
            if settings.0.contains_key(one) && settings.0.contains_key(other) {
                return Err(text!("settings-both", one = one, other = other));
            }
        }
        Ok(settings)
    }

    /// These, and what they leave open as `below` has it.
    #[must_use]
    pub fn over(&self, below: &Self) -> Self {
        let mut both = below.clone();
        for (one, other) in EITHER {
            if self.0.contains_key(one) || self.0.contains_key(other) {
                both.0.remove(one);
                both.0.remove(other);
            }
        }
        both.0.extend(self.0.iter().map(|(key, setting)| (*key, setting.clone())));
        both
    }

    /// Whether something in it is nobody else's business.
    pub fn has_secret(&self) -> bool {
        KEYS.iter().any(|(key, kind)| match (kind, self.0.get(key)) {
            (Kind::Secret(_), Some(Setting::Text(text))) => *key != "proxy" || text.expose().contains('@'),
            _ => false,
        })
    }

    /// What is set, by key.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static str, &Setting)> {
        self.0.iter().map(|(key, setting)| (*key, setting))
    }

    /// What this key holds.
    pub fn get(&self, key: &str) -> Option<&Setting> {
        self.0.get(key)
    }

    /// What this key holds, where it is a text.
    pub fn text(&self, key: &str) -> Option<&str> {
        match self.0.get(key) {
            Some(Setting::Text(text)) => Some(text.expose()),
            Some(Setting::Switch(_) | Setting::List(_)) | None => None,
        }
    }

    /// The same as a path.
    pub fn path(&self, key: &str) -> Option<PathBuf> {
        self.text(key).map(PathBuf::from)
    }

    /// Whether this switch is on.
    pub fn is_on(&self, key: &str) -> bool {
        self.0.get(key) == Some(&Setting::Switch(true))
    }

    /// The names that this key holds.
    pub fn list(&self, key: &str) -> &[String] {
        match self.0.get(key) {
            Some(Setting::List(names)) => names,
            Some(Setting::Text(_) | Setting::Switch(_)) | None => &[],
        }
    }

    /// Sets a text, where there is one.
    pub fn set_text(&mut self, key: &'static str, text: Option<String>) {
        if let Some(text) = text {
            self.0.insert(key, Setting::Text(SecretText::new(text)));
        }
    }

    /// Sets a path, from where we are, where there is one.
    pub fn set_path(&mut self, key: &'static str, path: Option<&PathBuf>) {
        let absolute = path.map(|path| std::path::absolute(path).unwrap_or_else(|_| path.clone()));
        self.set_text(key, absolute.map(|path| path.to_string_lossy().into_owned()));
    }

    /// Sets names, where there are some.
    pub fn set_list(&mut self, key: &'static str, names: Vec<String>) {
        if !names.is_empty() {
            self.0.insert(key, Setting::List(names));
        }
    }

    /// These, if each text is one that its key takes.
    ///
    /// # Errors
    /// [`Failure::Usage`], and which is not.
    pub fn judged(self) -> Result<Self, (Failure, String)> {
        for (key, kind) in &KEYS {
            if let (Kind::Text(judge) | Kind::Secret(judge), Some(text)) = (kind, self.text(key)) {
                judge(text).map_err(|error| (Failure::Usage, format!("{key}: {error}")))?;
            }
        }
        Ok(self)
    }

    /// Switches on, where that was asked for.
    pub fn set_switch(&mut self, key: &'static str, on: bool) {
        if on {
            self.0.insert(key, Setting::Switch(true));
        }
    }
}

impl Setting {
    /// As it may be shown.
    pub(crate) fn shown(&self, key: &str) -> String {
        let is_secret = KEYS.iter().any(|(known, kind)| *known == key && matches!(kind, Kind::Secret(_)));
        match self {
            Self::Text(text) if is_secret => {
                // Where it leads is no secret; what stands behind the # or before the @ is.
                let place = text.expose().split(['#']).next().unwrap_or_default();
                let place = place.rsplit('@').next().unwrap_or_default();
                text!("setting-secret", place = format!("{place:?}"))
            }
            Self::Text(text) => format!("{:?}", text.expose()),
            Self::Switch(on) => on.to_string(),
            Self::List(names) => format!("{names:?}"),
        }
    }
}

const KEYS: [(&str, Kind); 19] = [
    ("link", Kind::Secret(|text| link::parse(text).map(|_| ()).map_err(|(_, error)| error))),
    ("link-file", Kind::Path),
    ("room", Kind::Text(|text| parse_label(text).map(|_| ()).map_err(|error| error.to_string()))),
    ("join", Kind::List),
    ("nick", Kind::Text(|text| Nickname::parse(text).map(|_| ()).map_err(|error| error.to_string()))),
    ("identity", Kind::Path),
    ("identity-passphrase-file", Kind::Path),
    ("known", Kind::Path),
    ("forget", Kind::Switch),
    ("downloads", Kind::Path),
    ("proxy", Kind::Secret(|text| Wish::parse(text).map(|_| ()).map_err(|error| error.to_string()))),
    ("proxy-file", Kind::Path),
    ("chaff", Kind::Text(|text| text.parse::<Chaff>().map(|_| ()).map_err(|error| error.to_string()))),
    ("no-rejoin", Kind::Switch),
    ("plain", Kind::Switch),
    ("theme", Kind::Text(|text| Palette::from_str(text, false).map(|_| ()))),
    ("ascii", Kind::Switch),
    ("ring", Kind::Text(|text| When::from_str(text, false).map(|_| ()))),
    ("ring-by", Kind::Text(|text| How::from_str(text, false).map(|_| ()))),
];

/// Of these only one counts.
const EITHER: [(&str, &str); 2] = [("link", "link-file"), ("proxy", "proxy-file")];
const KEY_LEN_MAX: usize = 32;

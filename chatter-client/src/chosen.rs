//! What holds for a stay: flags and environment over a profile over defaults, and where the link comes from.
//!
//! **In** the command line, the file of settings. **Out** [`Common`] filled in, the link's source, further rooms.
//! **Never** a setting of a profile that was not named.

use std::path::Path;

use chatter_protocol::invite::Link;

use crate::args::{Action, Common, ProfileAction};
use crate::config::{self, Config, Settings};
use crate::console;
use crate::exit::Failure;
use crate::link::{self, LinkSource};
use crate::secret::SecretText;
use crate::texts::text;

/// A failure, and what to say about it.
type Refused = (Failure, String);

/// What was chosen beside the flags.
#[derive(Debug)]
pub struct Chosen {
    /// Where the link comes from.
    pub source: LinkSource,
    /// What the room is called that a passphrase leads into.
    pub room: Option<String>,
    /// What a member would type to enter the further rooms.
    pub joins: Vec<SecretText>,
    /// What is shown instead of a stay.
    pub shown: Option<String>,
}

/// Fills in the action's flags.
///
/// # Errors
/// Where the file of settings is wrong, or names what is not there.
pub fn choose(
    action: &mut Action,
    file: Option<&Path>,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Chosen, Refused> {
    let has_file = action.common().is_some_and(|common| common.link_file.is_some());
    let argument = link_argument(action, has_file);
    let config = Config::load(file)?;
    let Some(common) = action.common_mut() else {
        return Ok(Chosen { source: LinkSource::Asked, room: None, joins: Vec::new(), shown: None });
    };
    let mut flags = common.settings(variable);
    let mut named = (String::new(), Settings::default());
    match argument.as_deref().map(|argument| (argument, LinkSource::of(argument))) {
        Some((_, Some(_))) if has_file => return Err(both()),
        Some((_, Some(LinkSource::Text(text)))) => flags.set_text("link", Some(text.expose().to_owned())),
        Some((_, Some(LinkSource::File(file)))) => flags.set_path("link-file", Some(&file)),
        // Asked for, whatever a default says.
        Some((_, Some(LinkSource::Asked))) => {}
        Some((text, None)) if text.contains("://") => {
            return Err(link::parse(text).err().unwrap_or_else(both));
        }
        Some((name, None)) => named = (text!("origin-profile", name = name), config.profile(name)?.clone()),
        None => {}
    }
    let (origin, profile) = &named;
    let settings = flags.over(profile).over(&config.defaults);
    let (arguments, defaults) = (text!("origin-arguments"), text!("origin-defaults"));
    let layers =
        [(arguments.as_str(), &flags), (origin.as_str(), profile), (defaults.as_str(), &config.defaults)];
    let shown = common.show_settings.then(|| config::shown(&layers));
    common.take(&settings);
    if common.forget && common.known.is_some() {
        return Err((Failure::Usage, text!("forget-known")));
    }
    // A name for all rooms ties them together: who sits at a terminal is asked.
    let own = flags.over(profile);
    if own.text("nick").is_none() {
        common.nick_offered = common.nick.take();
    }
    let asked = argument.as_deref() == Some("-");
    let source = if asked { LinkSource::Asked } else { source(&settings) };
    let room = settings.text("room").map(str::to_owned);
    let joins =
        settings.list("join").iter().map(|name| join(config.profile(name)?)).collect::<Result<_, _>>()?;
    Ok(Chosen { source, room, joins, shown })
}

/// Carries out what is to be done with profiles.
///
/// # Errors
/// Where it can't be done.
pub fn profile(what: ProfileAction, file: Option<&Path>) -> Result<(), Refused> {
    let print = |text: &str| console::print(text).map_err(|error| (Failure::Local, error.to_string()));
    match what {
        ProfileAction::Path => match file.map(Path::to_owned).or_else(config::usual_path) {
            Some(path) => print(&path.display().to_string()),
            None => Err((Failure::Local, text!("no-home"))),
        },
        ProfileAction::List => {
            let config = Config::load(file)?;
            config.profiles.iter().try_for_each(|(name, settings)| {
                let text = match (settings.get("link"), settings.text("link-file")) {
                    (Some(link), _) => format!("{name}: {}", link.shown("link")),
                    (None, Some(file)) => text!("profile-link-in", name = name, file = file),
                    (None, None) => text!("profile-no-link", name = name),
                };
                print(&text)
            })
        }
        ProfileAction::Add { name, link, room, join, common } => {
            let settings = new_profile(link, room, join, &common)?;
            let path = config::add(file, &name, &settings)?;
            print(&text!("profile-added", name = name, file = path.display().to_string()))
        }
        ProfileAction::Remove { name } => {
            let path = config::remove(file, &name)?;
            print(&text!("profile-removed", name = name, file = path.display().to_string()))
        }
    }
}

fn new_profile(
    link: Option<String>,
    room: Option<String>,
    join: Vec<String>,
    common: &Common,
) -> Result<Settings, Refused> {
    let mut settings = common.settings(|_| None);
    settings.set_text("room", room);
    settings.set_list("join", join);
    match (&common.link_file, link) {
        (Some(_), Some(_)) => return Err(both()),
        (Some(file), None) => {
            // Better told now than when somebody waits.
            link::parse(link::read(file)?.expose())?;
        }
        (None, link) => {
            let source = match link.as_deref().map(|text| (text, LinkSource::of(text))) {
                Some((_, Some(source))) => source,
                Some((text, None)) => return Err(link::parse(text).err().unwrap_or_else(both)),
                None => LinkSource::Asked,
            };
            let text = match source.link(&text!("ask-any-link"))? {
                Link::Room(link) => link.to_text(),
                Link::Access(link) => link.to_text(),
            };
            settings.set_text("link", Some(text.to_string()));
        }
    }
    settings.judged()
}

/// Takes the argument that says where the link comes from.
fn link_argument(action: &mut Action, has_file: bool) -> Option<String> {
    match action {
        Action::New { link, .. }
        | Action::Join { link, .. }
        | Action::Rooms { link, .. }
        | Action::Listen { link, .. } => link.take(),
        Action::Send { link_and_text, .. } => match link_and_text.as_slice() {
            [_, _] => Some(link_and_text.remove(0)),
            // One alone is the text, unless it can't be.
            [one] if one != "-" && !has_file && LinkSource::of(one).is_some() => link_and_text.pop(),
            _ => None,
        },
        Action::Profile { .. } | Action::Keygen { .. } | Action::Completions { .. } | Action::Man => None,
    }
}

fn source(settings: &Settings) -> LinkSource {
    match (settings.text("link"), settings.path("link-file")) {
        (Some(text), _) => LinkSource::Text(SecretText::new(text.to_owned())),
        (None, Some(file)) => LinkSource::File(file),
        (None, None) => LinkSource::Asked,
    }
}

fn join(profile: &Settings) -> Result<SecretText, Refused> {
    let source = source(profile);
    if source == LinkSource::Asked {
        return Err((Failure::Usage, text!("join-no-link")));
    }
    let text = match source.link(&text!("ask-room-link"))? {
        Link::Room(link) => link.to_text(),
        Link::Access(_) => {
            return Err((Failure::Link, text!("join-no-room")));
        }
    };
    let nick = profile.text("nick").unwrap_or_default();
    Ok(SecretText::new(format!("/join {} {nick}", *text).trim_end().to_owned()))
}

fn both() -> Refused {
    (Failure::Usage, text!("link-twice"))
}

//! What a user has to show or to say: passphrases, an identity, the list of those whom he knows.
//!
//! **In** flags, prompts, files. **Out** secrets in types that wipe them, or a sentence on what is wrong. **Never** a
//! secret from an argument or the environment, nor one that is weak unless it was insisted on.

use std::io;
use std::path::Path;

use chatter_protocol::entropy::Entropy;
use chatter_protocol::invite::{AccessLink, RoomLink};
use chatter_protocol::room::identity::{Identity, IdentityError};
use chatter_protocol::room::passphrase::{Cost, Passphrase};
use zeroize::Zeroizing;

use crate::args::{Common, NewWords};
use crate::client::Options;
use crate::console::{self, Style};
use crate::event::Notice;
use crate::exit::Failure;
use crate::files;
use crate::known::Known;
use crate::secret::{self, SecretText};
use crate::texts::text;

/// Where a passphrase comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PassphraseSource<'a> {
    /// It is drawn.
    Drawn,
    /// The user is asked.
    Asked,
    /// The first line of a file.
    File(&'a Path),
}

/// A failure, and what to say about it.
type Refused = (Failure, String);

impl<'a> PassphraseSource<'a> {
    /// What flags ask for, if for one at all.
    pub fn given(asked: bool, file: Option<&'a Path>) -> Option<Self> {
        file.map(Self::File).or(asked.then_some(Self::Asked))
    }

    /// The same for a new room, whose passphrase is drawn unless the user wants his own.
    pub fn of_new(words: &'a NewWords) -> Option<Self> {
        let own = Self::given(words.own_passphrase, words.passphrase_file.as_deref());
        own.or(words.passphrase.then_some(Self::Drawn))
    }
}

/// The passphrase of a room that is there.
///
/// # Errors
/// Where none can be had.
pub fn room_passphrase(source: PassphraseSource<'_>) -> Result<Passphrase, Refused> {
    let passphrase = obtain(source, &text!("ask-passphrase-of-room"))?;
    if passphrase.expose().is_empty() {
        return Err((Failure::Usage, text!("passphrase-missing")));
    }
    Ok(passphrase)
}

/// The passphrase of a new room; shown if it was drawn.
///
/// # Errors
/// Where none can be had, or it is weak and was not insisted on.
pub fn new_passphrase(source: PassphraseSource<'_>, weak: bool, style: Style) -> Result<Passphrase, Refused> {
    let passphrase = chosen(source, &text!("ask-passphrase-for-room"), weak)?;
    if source == PassphraseSource::Drawn {
        let shown = Notice::Passphrase { passphrase: SecretText::new(passphrase.expose().to_owned()) };
        console::show(style, &shown.into()).map_err(|error| (Failure::Local, error.to_string()))?;
    }
    Ok(passphrase)
}

/// The link of the room called `label` with this passphrase. Takes its time, and says so.
pub fn stretch(access: AccessLink, label: String, passphrase: &Passphrase, style: Style) -> RoomLink {
    let text = text!("passphrase-stretching", room = label);
    // Where that can't be told, the rest can't either, and says so.
    let _ = console::show(style, &Notice::Progress(text).into());
    let secret = passphrase.room_secret(access.code.server_key.as_bytes(), &label, Cost::FULL);
    RoomLink { access, label, secret }
}

/// Makes an identity file and prints what others will know its owner by.
///
/// # Errors
/// Where there is such a file already, no passphrase can be had, or the system refuses.
pub fn keygen(file: &Path, lock: Option<PassphraseSource<'_>>, weak: bool) -> Result<(), Refused> {
    let mut entropy = entropy()?;
    let identity = Identity::generate(&mut entropy);
    let passphrase =
        lock.map(|source| chosen(source, &text!("ask-passphrase-for-identity"), weak)).transpose()?;
    let text = identity.to_text(passphrase.as_ref().map(|passphrase| (passphrase, Cost::FULL)), &mut entropy);
    files::create(file, &text).map_err(|error| {
        let (path, why) = (file.display().to_string(), error.to_string());
        let text = if error.kind() == io::ErrorKind::AlreadyExists {
            text!("identity-is-there", file = path, error = why)
        } else {
            text!("identity-not-made", file = path, error = why)
        };
        (Failure::Local, text)
    })?;
    console::print(&identity.key().to_text()).map_err(|error| (Failure::Local, error.to_string()))
}

/// Adds identity and memory as the flags ask for.
///
/// # Errors
/// Where a file can't be read or is none of ours, or a passphrase is wrong.
pub fn equip(mut options: Options, common: &Common) -> Result<Options, Refused> {
    if let Some(file) = &common.identity {
        options = options.identified(identity(file, common.identity_passphrase_file.as_deref())?);
    }
    if let Some(file) = &common.known {
        let unusable = |error: &dyn std::error::Error| {
            let file = file.display().to_string();
            (Failure::Usage, text!("known-unusable", file = file, error = error.to_string()))
        };
        let text = files::read_kept(file).map_err(|error| unusable(&error))?;
        let known = Known::parse(&text).map_err(|error| unusable(&error))?;
        options = options.remembering(known, file.clone());
    }
    Ok(options)
}

fn identity(file: &Path, passphrase_file: Option<&Path>) -> Result<Identity, Refused> {
    let unusable = |error: &dyn std::error::Error| {
        let file = file.display().to_string();
        (Failure::Usage, text!("identity-unusable", file = file, error = error.to_string()))
    };
    let text = files::read_secret(file).map_err(|error| unusable(&error))?;
    if !Identity::is_locked(text.expose()) {
        return Identity::parse(text.expose(), None).map_err(|error| unusable(&error));
    }
    let source = passphrase_file.map_or(PassphraseSource::Asked, PassphraseSource::File);
    let passphrase = match source {
        // Not from stdin: there the link may come, and what is to be said.
        PassphraseSource::Asked => secret::ask(&text!("ask-passphrase-of-identity"))
            .map(|typed| Passphrase::new(typed.expose()))
            .map_err(|_| unusable(&IdentityError::Locked))?,
        PassphraseSource::Drawn | PassphraseSource::File(_) => {
            obtain(source, &text!("ask-passphrase-of-identity"))?
        }
    };
    Identity::parse(text.expose(), Some((&passphrase, Cost::FULL))).map_err(|error| unusable(&error))
}

/// A new passphrase, typed twice where it is typed, and judged.
fn chosen(source: PassphraseSource<'_>, what: &str, weak: bool) -> Result<Passphrase, Refused> {
    let passphrase = obtain(source, what)?;
    if source == PassphraseSource::Asked && console::is_interactive() {
        let again = obtain(source, &text!("ask-again"))?;
        if again != passphrase {
            return Err((Failure::Usage, text!("passphrases-differ")));
        }
    }
    if source != PassphraseSource::Drawn && !weak {
        passphrase
            .judge()
            .map_err(|error| (Failure::Usage, text!("passphrase-weak", error = error.to_string())))?;
    }
    Ok(passphrase)
}

fn obtain(source: PassphraseSource<'_>, what: &str) -> Result<Passphrase, Refused> {
    let missing =
        |error: io::Error| (Failure::Usage, text!("ask-failed", what = what, error = error.to_string()));
    let typed = match source {
        PassphraseSource::Drawn => return Ok(Passphrase::generate(&mut entropy()?)),
        PassphraseSource::Asked if console::is_interactive() => secret::ask(what).map_err(missing)?,
        PassphraseSource::Asked => console::first_line().map_err(missing)?,
        PassphraseSource::File(file) => files::read_secret(file).map_err(missing)?,
    };
    Ok(Passphrase::new(typed.expose().lines().next().unwrap_or_default()))
}

fn entropy() -> Result<Entropy, Refused> {
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *seed).map_err(|error| (Failure::Local, error.to_string()))?;
    Ok(Entropy::new(*seed))
}

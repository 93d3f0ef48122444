//! `chatterctl onion authorize`, `revoke`, `readers`: who finds the service at all.
//!
//! **In** names. **Out** a public key for tor in `authorized_clients/NAME.auth`, the private one for the reader, once.
//! **Never** the private key kept, or in a file, an argument, an error.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use data_encoding::BASE32_NOPAD;
use serde::Serialize;
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use super::publish::onion_name;
use super::{descriptor, services::Services};
use crate::args::onion::Tor;
use crate::failure::Failure;
use crate::output::Answer;
use chatter_tor_control::Connection;

#[derive(Serialize)]
struct AuthorizedFields<'a> {
    name: &'a str,
    auth_private: &'a str,
    readers: usize,
}

#[derive(Serialize)]
struct RevokedFields<'a> {
    revoked: &'a str,
    readers: usize,
}

#[derive(Serialize)]
struct ReadersFields {
    readers: Vec<String>,
}

pub(super) async fn authorize(tor: &Tor, name: &str) -> Result<Answer, Failure> {
    let file = file(tor, name)?;
    let (mut connection, services) = super::open(tor).await?;
    let onion = onion_name(&tor.key_dir)?;
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *seed).map_err(|error| Failure::failed(format!("no random numbers: {error}")))?;
    let secret = StaticSecret::from(*seed);
    let line = format!("descriptor:x25519:{}\n", BASE32_NOPAD.encode(PublicKey::from(&secret).as_bytes()));
    put(&tor.key_dir, &file, &line)?;
    if let Err(failure) = look_anew(&mut connection, tor, &services, &onion).await {
        let _ = fs::remove_file(&file);
        return Err(failure);
    }
    let private = Zeroizing::new(BASE32_NOPAD.encode(secret.as_bytes()));
    let line = Zeroizing::new(format!("{}:descriptor:x25519:{}", onion.trim_end_matches(".onion"), *private));
    let readers = names(&tor.key_dir).map_or(0, |names| names.len());
    let lines = [
        format!("{name} finds the service with the key below, and nobody without one."),
        "It is shown this once. It goes into the reader's tor: into a file ending in .auth_private in its ClientOnionAuthDir; Tor"
            .to_owned(),
        "Browser asks for what stands behind the last colon. Hand it on by a way that you trust.".to_owned(),
        String::new(),
        line.to_string(),
    ];
    Ok(Answer::new(&AuthorizedFields { name, auth_private: &line, readers }, &lines))
}

pub(super) async fn revoke(tor: &Tor, name: &str) -> Result<Answer, Failure> {
    let file = file(tor, name)?;
    let (mut connection, services) = super::open(tor).await?;
    let onion = onion_name(&tor.key_dir)?;
    fs::remove_file(&file).map_err(|error| {
        if error.kind() == io::ErrorKind::NotFound {
            return Failure::failed(format!("no reader is called {name}; see `chatterctl onion readers`"));
        }
        denied(&file, &error)
    })?;
    look_anew(&mut connection, tor, &services, &onion).await?;
    let readers = names(&tor.key_dir).map_or(0, |names| names.len());
    let mut lines = vec![format!(
        "{name}'s key finds the service no more; who is in by it stays until his circuit ends, or `chatterctl kick`"
    )];
    if readers == 0 {
        lines.push(
            "warning: that was the last key: everybody who has the name finds the service again".to_owned(),
        );
    }
    Ok(Answer::new(&RevokedFields { revoked: name, readers }, &lines))
}

pub(super) fn list(tor: &Tor) -> Result<Answer, Failure> {
    let readers = names(&tor.key_dir).map_err(|error| denied(&tor.key_dir.join(FOLDER), &error))?;
    let rows: Vec<[String; 1]> = readers.iter().map(|name| [name.clone()]).collect();
    let nothing = "no reader has a key: everybody who has the name finds the service";
    Ok(Answer::table(&ReadersFields { readers }, ["READER"], &rows, nothing, &[]))
}

/// The readers by name.
pub(super) fn names(key_dir: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(key_dir.join(FOLDER)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut names: Vec<String> = Vec::new();
    for entry in entries {
        let name = entry?.file_name();
        names.extend(name.to_str().and_then(|name| name.strip_suffix(".auth")).map(str::to_owned));
    }
    names.sort_unstable();
    Ok(names)
}

/// Tor reads the folder where its services are set, though they are the same ones; and its network learns of it. Only that
/// the last key is gone it does not notice: then the service is taken away and set again, which ends its circuits, and
/// members come back by new ones.
async fn look_anew(
    connection: &mut Connection,
    tor: &Tor,
    services: &Services,
    onion: &str,
) -> Result<(), Failure> {
    if services.find(&tor.key_dir).is_none() {
        return Ok(());
    }
    connection.ask("SETEVENTS HS_DESC").await?;
    if names(&tor.key_dir).is_ok_and(|names| names.is_empty()) {
        super::set(connection, &services.without(&tor.key_dir)).await?;
    }
    super::set(connection, services).await?;
    let (address, limit) = (onion.trim_end_matches(".onion"), super::wait(tor));
    let mut uploads = descriptor::wait(connection, address, limit.min(UPLOAD_TIMEOUT)).await?;
    if !uploads.are_over() {
        // A service that has only just begun sometimes tells the directories of one of its descriptors alone; taken out
        // and put back, it tells them of both.
        super::set(connection, &services.without(&tor.key_dir)).await?;
        super::set(connection, services).await?;
        uploads = descriptor::wait(connection, address, limit).await?;
    }
    if uploads.done == 0 {
        return Err(Failure::failed(format!(
            "tor knows of it, but its network does not after {} seconds: see `chatterctl onion status`",
            tor.wait
        )));
    }
    Ok(())
}

/// Uploads that have not ended by then are helped.
const UPLOAD_TIMEOUT: Duration = Duration::from_secs(12);

fn file(tor: &Tor, name: &str) -> Result<PathBuf, Failure> {
    let plain = |char: char| char.is_ascii_alphanumeric() || "-_".contains(char);
    if name.is_empty() || name.len() > NAME_LEN_MAX || !name.chars().all(plain) {
        return Err(Failure::usage(format!(
            "a reader's name is 1 to {NAME_LEN_MAX} of a-z, A-Z, 0-9 and -_"
        )));
    }
    Ok(tor.key_dir.join(FOLDER).join(format!("{name}.auth")))
}

/// Writes a new file, owned by whoever owns the key.
fn put(key_dir: &Path, file: &Path, line: &str) -> Result<(), Failure> {
    let written = || {
        let owner = fs::metadata(key_dir)?;
        let folder = key_dir.join(FOLDER);
        if !folder.exists() {
            fs::create_dir(&folder)?;
            chown(&folder, Some(owner.uid()), Some(owner.gid()))?;
        }
        let mut open = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
        open.write_all(line.as_bytes())?;
        open.sync_all()?;
        chown(file, Some(owner.uid()), Some(owner.gid()))
    };
    written().map_err(|error| {
        if error.kind() == io::ErrorKind::AlreadyExists {
            let what = "a reader of this name has a key already: revoke it first, or choose another name";
            return Failure::failed(what);
        }
        denied(file, &error)
    })
}

fn denied(file: &Path, error: &io::Error) -> Failure {
    let text = format!("{}: {error}", file.display());
    if error.kind() == io::ErrorKind::PermissionDenied {
        return Failure::Forbidden(format!("{text}: call this as root, or as the user that tor runs as"));
    }
    Failure::failed(text)
}

/// Where tor looks for readers' keys.
pub(super) const FOLDER: &str = "authorized_clients";
const NAME_LEN_MAX: usize = 32;

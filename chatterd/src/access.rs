//! Who may come in: the server's keys as they are kept, and what door and relay share.
//!
//! **In** the state directory, or nothing with `--ephemeral`. **Out** the identity, the access secrets, the decoy's
//! seed, and what the process before left to say about tokens. **Never** a key in a log, or readable by others.

pub mod codes;
mod handed;

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use chatter_protocol::access::{AccessSecret, ServerSecret};
use chatter_protocol::entropy::Entropy;
use chatter_protocol::replay::Past;
use chatter_protocol::server::gatekeeper::Gatekeeper;
use chatter_protocol::time::WallTime;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::decoy::Seed;
use crate::ledger::Ledger;
use codes::{Code, Codes, KeptCode};
pub use handed::{CREDENTIALS, HandedKeys};

/// The gatekeeper, asked by the door and changed by the operator.
pub type SharedGatekeeper = Arc<Mutex<Gatekeeper>>;
/// The ledger, told by door and relay.
pub type SharedLedger = Arc<Mutex<Ledger>>;

/// Everything that outlives the process.
pub struct Keys {
    /// The server's identity.
    pub server: ServerSecret,
    /// The access codes that let people in.
    pub codes: Codes,
    /// What the generated directory is drawn from.
    pub seed: Seed,
    /// What is known of tokens before this process.
    pub past: Past,
    directory: Option<PathBuf>,
    /// Which of them are not ours to keep.
    handed: HandedKeys,
}

/// Why keys can't be had or kept.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The system refused.
    #[error("{path}: {source}", path = .path.display())]
    System {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file that this program did not write.
    #[error(
        "{path} is damaged ({reason}); restore it from a backup, or remove it to start with new keys: links made \
         before then no longer work",
        path = .path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong; never its content.
        reason: &'static str,
    },
    /// What systemd hands in is no key.
    #[error(
        "the credential {path} is not {} hexadecimal digits, as `openssl rand -hex {bytes}` prints them", 2 * bytes,
        path = .path.display()
    )]
    Credential {
        /// The file.
        path: PathBuf,
        /// How long the key is.
        bytes: usize,
    },
    /// What systemd handed in before is not there any more.
    #[error(
        "{path} leaves {what} to systemd's credential {name}, which is not handed in; see `systemctl cat chatterd`",
        path = .path.display()
    )]
    Missing {
        /// The file.
        path: PathBuf,
        /// Which key.
        what: &'static str,
        /// What it is called.
        name: &'static str,
    },
    /// There is one of each, and they differ.
    #[error(
        "{path} holds {what} that is not the one of systemd's credential {name}: hand in that of the file, or take the \
         value out of the file (leave \"\") to have the other one from now on",
        path = .path.display()
    )]
    Contradicts {
        /// The file.
        path: PathBuf,
        /// Which key.
        what: &'static str,
        /// What it is called.
        name: &'static str,
    },
    /// It is not ours to change.
    #[error(
        "the access code for everybody is systemd's credential {}: put another one there and restart chatterd. Named codes \
         can be made and revoked here",
        handed::ACCESS
    )]
    Unchangeable,
}

/// The file's form.
#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Kept {
    server_secret: String,
    access_secret: String,
    decoy_seed: String,
    decoy_words: Vec<String>,
    /// Seconds since 1970; missing in files written before it was kept.
    #[serde(default)]
    decoy_drawn_at: i64,
    /// Of the unnamed access code; as above.
    #[serde(default)]
    access_made_at: u64,
    /// The other access codes; as above.
    #[serde(default)]
    codes: Vec<KeptCode>,
}

impl Keys {
    /// Fresh keys that are kept nowhere.
    pub fn ephemeral(entropy: &mut Entropy, words: Vec<String>) -> Self {
        Self {
            server: ServerSecret::generate(entropy),
            codes: Codes::new(Code::draw(String::new(), None, entropy)),
            seed: draw_seed(entropy, words),
            past: Past::FreshKeys,
            directory: None,
            handed: HandedKeys::default(),
        }
    }

    /// The keys kept in `directory`, made there at the first start.
    ///
    /// # Errors
    /// [`KeysError`] where they can't be read or written, or are damaged.
    pub fn load(directory: &Path, entropy: &mut Entropy, words: Vec<String>) -> Result<Self, KeysError> {
        Self::load_with(directory, HandedKeys::default(), entropy, words)
    }

    /// The same, but for those that were handed in: these are used, and never written.
    ///
    /// # Errors
    /// As above; and where file and credentials contradict each other.
    pub fn load_with(
        directory: &Path,
        handed: HandedKeys,
        entropy: &mut Entropy,
        words: Vec<String>,
    ) -> Result<Self, KeysError> {
        let path = directory.join(KEYS_FILE);
        match read_bounded(&path).map_err(|source| KeysError::System { path: path.clone(), source })? {
            Some(text) => {
                let damaged = |reason| KeysError::Damaged { path: path.clone(), reason };
                let kept: Kept =
                    toml::from_str(&text).map_err(|_| damaged("not the file that was written"))?;
                let short = || damaged("a key has the wrong length");
                let server = handed.server_or(&kept.server_secret, &path)?;
                let access = handed.access_or(&kept.access_secret, &path)?;
                let codes = Codes::from_kept(&access, kept.access_made_at, &kept.codes);
                let codes = codes.ok_or_else(short)?;
                let past = take_clean_stop(directory)?;
                let doubled = handed.server.is_some() && !kept.server_secret.is_empty()
                    || handed.access.is_some() && !kept.access_secret.is_empty();
                let keys = Self {
                    server: ServerSecret::from_bytes(*unhex(&server).ok_or_else(short)?),
                    codes,
                    seed: Seed {
                        bytes: *unhex(&kept.decoy_seed).ok_or_else(short)?,
                        words: kept.decoy_words.clone(),
                        drawn_at: kept.decoy_drawn_at,
                    },
                    past,
                    directory: Some(directory.to_owned()),
                    handed,
                };
                if doubled {
                    keys.keep()?;
                }
                Ok(keys)
            }
            None => {
                let mut keys = Self::ephemeral(entropy, words);
                keys.directory = Some(directory.to_owned());
                if let Some(server) = &handed.server {
                    keys.server = ServerSecret::from_bytes(**server);
                }
                if let Some(access) = &handed.access {
                    keys.codes.open.secret = AccessSecret::from_bytes(**access);
                }
                keys.handed = handed;
                keys.keep()?;
                Ok(keys)
            }
        }
    }

    /// Replaces the access codes, durably where keys are kept.
    ///
    /// # Errors
    /// [`KeysError`]; the old ones then stay.
    pub fn replace_codes(&mut self, codes: Codes) -> Result<(), KeysError> {
        if self.handed.access.is_some() && codes.open.secret != self.codes.open.secret {
            return Err(KeysError::Unchangeable);
        }
        let before = std::mem::replace(&mut self.codes, codes);
        self.keep().inspect_err(|_| self.codes = before)
    }

    /// Replaces what the generated directory is drawn from, durably; the next start takes it.
    ///
    /// # Errors
    /// [`KeysError`]; the old one then stays.
    pub fn replace_seed(&mut self, seed: Seed) -> Result<(), KeysError> {
        let before = std::mem::replace(&mut self.seed, seed);
        self.keep().inspect_err(|_| self.seed = before)
    }

    /// Notes, at a clean stop, the newest token seen.
    ///
    /// # Errors
    /// [`KeysError`]; the next start then waits a few seconds before it takes tokens.
    pub fn note_clean_stop(&self, newest: WallTime) -> Result<(), KeysError> {
        let Some(directory) = &self.directory else { return Ok(()) };
        write_private(&directory.join(CLEAN_STOP_FILE), newest.0.to_string().as_bytes())
    }

    fn keep(&self) -> Result<(), KeysError> {
        let Some(directory) = &self.directory else { return Ok(()) };
        let kept = Kept {
            server_secret: unless(self.handed.server.is_some(), || hex(self.server.as_bytes())),
            access_secret: unless(self.handed.access.is_some(), || hex(self.codes.open.secret.as_bytes())),
            decoy_seed: hex(&self.seed.bytes),
            decoy_words: self.seed.words.clone(),
            decoy_drawn_at: self.seed.drawn_at,
            access_made_at: self.codes.open.made_at.0,
            codes: self.codes.others.iter().map(KeptCode::of).collect(),
        };
        let text = Zeroizing::new(toml::to_string(&kept).expect("strings can be written as TOML"));
        write_private(&directory.join(KEYS_FILE), text.as_bytes())
    }
}

/// What is kept of a key: nothing where it is handed in at every start.
fn unless(handed: bool, key: impl FnOnce() -> String) -> String {
    if handed { String::new() } else { key() }
}

/// A seed drawn now.
pub fn draw_seed(entropy: &mut Entropy, words: Vec<String>) -> Seed {
    let drawn_at = i64::try_from(wall_now().0).unwrap_or_default();
    Seed { bytes: entropy.bytes(), words, drawn_at }
}

/// Takes what is shared, also after a panic of another task: each holder leaves it whole.
pub fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The wall clock.
pub fn wall_now() -> WallTime {
    WallTime(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()))
}

/// What the process before said at its end. The note is taken away: after a crash there is none.
fn take_clean_stop(directory: &Path) -> Result<Past, KeysError> {
    let path = directory.join(CLEAN_STOP_FILE);
    let system = |source| KeysError::System { path: path.clone(), source };
    let Some(text) = read_bounded(&path).map_err(system)? else { return Ok(Past::Unknown) };
    std::fs::remove_file(&path).and_then(|()| sync(directory)).map_err(system)?;
    Ok(text.trim().parse().map_or(Past::Unknown, |newest| Past::CleanStop(WallTime(newest))))
}

fn read_bounded(path: &Path) -> io::Result<Option<Zeroizing<String>>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let mut text = Zeroizing::new(String::new());
    file.take(FILE_LEN_MAX).read_to_string(&mut text)?;
    Ok(Some(text))
}

/// Writes the whole file or nothing, for the owner alone.
fn write_private(path: &Path, bytes: &[u8]) -> Result<(), KeysError> {
    let new = path.with_extension("new");
    let write = || {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&new, path)?;
        path.parent().map_or(Ok(()), sync)
    };
    write().map_err(|source| KeysError::System { path: path.to_owned(), source })
}

fn sync(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex<const N: usize>(text: &str) -> Option<Zeroizing<[u8; N]>> {
    let mut bytes = Zeroizing::new([0; N]);
    if text.len() != 2 * N || !text.is_ascii() {
        return None;
    }
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(bytes)
}

const KEYS_FILE: &str = "keys.toml";
const CLEAN_STOP_FILE: &str = "clean-stop";
const FILE_LEN_MAX: u64 = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_made_once_and_kept_privately() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().expect("a directory");
        let mut entropy = Entropy::new([1; 32]);
        let mut first = Keys::load(directory.path(), &mut entropy, vec!["word".into()]).expect("fresh keys");
        assert_eq!(first.past, Past::FreshKeys);
        let mode = std::fs::metadata(directory.path().join(KEYS_FILE)).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let second = Keys::load(directory.path(), &mut entropy, Vec::new()).expect("kept keys");
        assert_eq!((second.server.key(), &second.seed), (first.server.key(), &first.seed));
        assert_eq!((&second.seed.words, second.past), (&vec!["word".to_owned()], Past::Unknown));
        assert!(second.seed.drawn_at > 0);
        assert!(second.codes == first.codes);
        let mut codes = first.codes.clone();
        codes.open = Code::draw(String::new(), None, &mut entropy);
        codes.others.push(Code::draw("ben".to_owned(), Some(WallTime(77)), &mut entropy));
        first.replace_codes(codes).expect("room on the disk");
        let third = Keys::load(directory.path(), &mut entropy, Vec::new()).expect("kept keys");
        assert!(third.codes == first.codes && third.codes != second.codes);
        first.replace_seed(draw_seed(&mut entropy, Vec::new())).expect("room on the disk");
        let fourth = Keys::load(directory.path(), &mut entropy, Vec::new()).expect("kept keys");
        assert!(fourth.seed == first.seed && fourth.seed != third.seed && fourth.codes == third.codes);
    }

    #[test]
    fn a_file_of_an_older_daemon_is_taken() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut entropy = Entropy::new([1; 32]);
        let first = Keys::load(directory.path(), &mut entropy, Vec::new()).expect("fresh keys");
        let path = directory.path().join(KEYS_FILE);
        let text = std::fs::read_to_string(&path).expect("a file");
        let older: String = text
            .lines()
            .filter(|line| !line.contains("drawn-at") && !line.contains("made-at") && !line.contains("codes"))
            .fold(String::new(), |all, line| all + line + "\n");
        assert_ne!(older, text);
        std::fs::write(&path, older).expect("a file");
        let second = Keys::load(directory.path(), &mut entropy, Vec::new()).expect("kept keys");
        assert_eq!((second.seed.bytes, second.seed.drawn_at), (first.seed.bytes, 0));
        assert!(second.codes.open.secret == first.codes.open.secret && second.codes.others.is_empty());
    }

    #[test]
    fn a_clean_stop_counts_once() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut entropy = Entropy::new([1; 32]);
        let keys = Keys::load(directory.path(), &mut entropy, Vec::new()).expect("fresh keys");
        keys.note_clean_stop(WallTime(77)).expect("room on the disk");
        let past =
            |entropy: &mut Entropy| Keys::load(directory.path(), entropy, Vec::new()).expect("keys").past;
        assert_eq!(past(&mut entropy), Past::CleanStop(WallTime(77)));
        assert_eq!(past(&mut entropy), Past::Unknown);
    }

    #[test]
    fn damage_is_said_without_the_content() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut entropy = Entropy::new([1; 32]);
        for text in ["", "server-secret = 'f00'", "\u{0}", "server-secret = 'zz'\naccess-secret = ''\n"] {
            std::fs::write(directory.path().join(KEYS_FILE), text).expect("a file");
            let error =
                Keys::load(directory.path(), &mut entropy, Vec::new()).err().expect("damage").to_string();
            assert!(error.contains("is damaged") && !error.contains("f00"), "{error}");
        }
    }
}

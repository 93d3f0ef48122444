//! Keys that systemd hands in as credentials (`LoadCredential=`, `LoadCredentialEncrypted=`), so that no file of ours holds
//! them.
//!
//! **In** `$CREDENTIALS_DIRECTORY`. **Out** keys that are used as those of the file would be. **Never** written anywhere,
//! **never** a choice between two that differ.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::{KeysError, hex, read_bounded, unhex};

/// The credential with the server's key.
pub(super) const SERVER: &str = "chatterd.server-secret";
/// The credential with the access code's secret.
pub(super) const ACCESS: &str = "chatterd.access-secret";

/// All that the units load.
pub const CREDENTIALS: [&str; 2] = [SERVER, ACCESS];

/// What was handed in.
#[derive(Default)]
pub struct HandedKeys {
    pub(super) server: Option<Zeroizing<[u8; 32]>>,
    pub(super) access: Option<Zeroizing<[u8; 16]>>,
}

impl HandedKeys {
    /// Reads the credentials in this directory; nothing where there is none.
    ///
    /// # Errors
    /// Where one can't be read or is no key.
    pub fn read(directory: Option<&Path>) -> Result<Self, KeysError> {
        let Some(directory) = directory else { return Ok(Self::default()) };
        Ok(Self { server: key(directory.join(SERVER))?, access: key(directory.join(ACCESS))? })
    }

    /// The server's key, as hexadecimal digits: handed in, or else as kept.
    pub(super) fn server_or(&self, kept: &str, path: &Path) -> Result<Zeroizing<String>, KeysError> {
        one(self.server.as_ref().map(|key| &key[..]), kept, path, "a server key", SERVER)
    }

    /// The secret of the access code for everybody, likewise.
    pub(super) fn access_or(&self, kept: &str, path: &Path) -> Result<Zeroizing<String>, KeysError> {
        one(self.access.as_ref().map(|key| &key[..]), kept, path, "an access code", ACCESS)
    }
}

fn key<const N: usize>(path: PathBuf) -> Result<Option<Zeroizing<[u8; N]>>, KeysError> {
    match read_bounded(&path) {
        Ok(text) => {
            text.map(|text| unhex(text.trim()).ok_or(KeysError::Credential { path, bytes: N })).transpose()
        }
        Err(source) => Err(KeysError::System { path, source }),
    }
}

fn one(
    handed: Option<&[u8]>,
    kept: &str,
    path: &Path,
    what: &'static str,
    name: &'static str,
) -> Result<Zeroizing<String>, KeysError> {
    let handed = handed.map(|bytes| Zeroizing::new(hex(bytes)));
    match (handed, kept) {
        (None, "") => Err(KeysError::Missing { path: path.to_owned(), what, name }),
        (None, kept) => Ok(Zeroizing::new(kept.to_owned())),
        (Some(handed), "") => Ok(handed),
        // Both are the operator's own, on one machine: there is nobody to hide a difference from.
        (Some(handed), kept) if *handed == kept => Ok(handed),
        (Some(_), _) => Err(KeysError::Contradicts { path: path.to_owned(), what, name }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Keys, draw_seed};
    use super::*;
    use chatter_protocol::entropy::Entropy;

    fn credentials(names: &[(&str, &str)]) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in names {
            std::fs::write(directory.path().join(name), text).unwrap();
        }
        directory
    }

    fn load(state: &Path, credentials: &Path) -> Result<Keys, KeysError> {
        let handed = HandedKeys::read(Some(credentials))?;
        Keys::load_with(state, handed, &mut Entropy::new([1; 32]), Vec::new())
    }

    #[test]
    fn what_is_handed_in_is_used_and_never_written() {
        let (server, access) = ("5e".repeat(32), "ac".repeat(16));
        let handed = credentials(&[(SERVER, &format!("{server}\n")), (ACCESS, &access)]);
        let state = tempfile::tempdir().unwrap();
        let mut keys = load(state.path(), handed.path()).unwrap();
        assert_eq!(hex(keys.server.as_bytes()), server);
        assert_eq!(hex(keys.codes.open.secret.as_bytes()), access);
        keys.replace_seed(draw_seed(&mut Entropy::new([2; 32]), Vec::new())).unwrap();
        let mut named = keys.codes.clone();
        named.others.push(super::super::codes::Code::draw("ben".into(), None, &mut Entropy::new([3; 32])));
        keys.replace_codes(named).unwrap();
        let text = std::fs::read_to_string(state.path().join("keys.toml")).unwrap();
        assert!(!text.contains(&server) && !text.contains(&access) && text.contains("ben"), "{text}");

        let mut rotated = keys.codes.clone();
        rotated.open = super::super::codes::Code::draw(String::new(), None, &mut Entropy::new([4; 32]));
        assert!(matches!(keys.replace_codes(rotated), Err(KeysError::Unchangeable)));
        let again = load(state.path(), handed.path()).unwrap();
        assert!(again.codes == keys.codes && hex(again.server.as_bytes()) == server);

        let nothing = credentials(&[]);
        let error = load(state.path(), nothing.path()).err().unwrap().to_string();
        assert!(error.contains(SERVER) && error.contains("not handed in"), "{error}");
    }

    #[test]
    fn a_key_that_moves_into_a_credential_leaves_the_file() {
        let state = tempfile::tempdir().unwrap();
        let nothing = credentials(&[]);
        let kept = load(state.path(), nothing.path()).unwrap();
        let server = hex(kept.server.as_bytes());
        let other = credentials(&[(SERVER, &"0b".repeat(32))]);
        let error = load(state.path(), other.path()).err().unwrap().to_string();
        assert!(error.contains("not the one of") && !error.contains(&server), "{error}");
        let same = credentials(&[(SERVER, &server)]);
        let moved = load(state.path(), same.path()).unwrap();
        assert!(moved.server.key() == kept.server.key() && moved.codes == kept.codes);
        assert!(!std::fs::read_to_string(state.path().join("keys.toml")).unwrap().contains(&server));

        for text in ["", "5e", &"5g".repeat(16), &"5e".repeat(17), &"5e".repeat(32)] {
            let damaged = credentials(&[(ACCESS, text)]);
            let error = load(state.path(), damaged.path()).err().unwrap();
            assert!(matches!(error, KeysError::Credential { bytes: 16, .. }), "{error}");
        }
    }
}

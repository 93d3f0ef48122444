//! Proves to tor that one may use its control port.
//!
//! **In** what tor wants (`PROTOCOLINFO`), the cookie or password, a nonce. **Out** the words to say. **Never** the cookie
//! itself to whoever has not proved that he has it, where tor can do that; no socket, no randomness of its own.

use std::path::PathBuf;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::reply::Reply;
use crate::words::{hex, keyed, quoted, unhex};

/// What tor wants to see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Nothing.
    pub nothing: bool,
    /// The cookie, by proof of knowing it.
    pub safe_cookie: bool,
    /// The cookie itself.
    pub cookie: bool,
    /// A password.
    pub password: bool,
    /// Where the cookie is, as tor sees it.
    pub cookie_file: Option<PathBuf>,
    /// Tor's version.
    pub version: String,
}

/// A cookie: 32 bytes that whoever may read tor's file knows.
pub type Cookie = Zeroizing<[u8; COOKIE_LEN]>;

/// A proof by SAFECOOKIE that is under way.
#[derive(Debug)]
pub struct Challenge {
    nonce: [u8; NONCE_LEN],
}

/// Tor, or who poses as it, does not know the cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("whoever answers there does not know tor's cookie: it is another program, or another tor's cookie")]
pub struct NotTor;

impl Wanted {
    /// What a reply to `PROTOCOLINFO 1` says.
    pub fn read(reply: &Reply) -> Self {
        let line = |kind: &str| reply.lines.iter().find_map(|line| line.text.strip_prefix(kind)).unwrap_or("");
        let auth = line("AUTH ");
        let methods = keyed(auth, "METHODS").unwrap_or_default();
        let has = |method: &str| methods.split(',').any(|known| known == method);
        Self {
            nothing: has("NULL"),
            safe_cookie: has("SAFECOOKIE"),
            cookie: has("COOKIE"),
            password: has("HASHEDPASSWORD"),
            cookie_file: keyed(auth, "COOKIEFILE").map(PathBuf::from),
            version: keyed(line("VERSION "), "Tor").unwrap_or_default(),
        }
    }
}

impl Challenge {
    /// With a fresh nonce.
    pub fn new(nonce: [u8; NONCE_LEN]) -> Self {
        Self { nonce }
    }

    /// The command that begins it.
    pub fn command(&self) -> String {
        format!("AUTHCHALLENGE SAFECOOKIE {}", hex(&self.nonce))
    }

    /// The command that ends it, once tor has proved that it knows the cookie.
    ///
    /// # Errors
    /// Where it has not.
    pub fn answer(&self, reply: &Reply, cookie: &Cookie) -> Result<Zeroizing<String>, NotTor> {
        let text = reply.text();
        let word = |key| keyed(text, key).and_then(|digits| unhex::<32>(&digits)).ok_or(NotTor);
        let (hash, nonce) = (word("SERVERHASH")?, word("SERVERNONCE")?);
        self.mac(FROM_TOR, cookie, &nonce)?.verify_slice(&hash).map_err(|_| NotTor)?;
        let proof = self.mac(TO_TOR, cookie, &nonce)?.finalize().into_bytes();
        Ok(Zeroizing::new(format!("AUTHENTICATE {}", hex(&proof))))
    }

    fn mac(&self, key: &[u8], cookie: &Cookie, nonce: &[u8]) -> Result<Hmac<Sha256>, NotTor> {
        // Any length of a key will do; the type does not say so.
        let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(|_| NotTor)?;
        mac.update(&**cookie);
        mac.update(&self.nonce);
        mac.update(nonce);
        Ok(mac)
    }
}

/// The command that shows the cookie itself.
pub fn by_cookie(cookie: &Cookie) -> Zeroizing<String> {
    Zeroizing::new(format!("AUTHENTICATE {}", *Zeroizing::new(hex(&**cookie))))
}

/// The command that tells a password.
pub fn by_password(password: &str) -> Zeroizing<String> {
    Zeroizing::new(format!("AUTHENTICATE {}", *Zeroizing::new(quoted(password))))
}

/// Of tor's cookies.
pub const COOKIE_LEN: usize = 32;
/// Of ours; tor takes any.
pub const NONCE_LEN: usize = 32;
const FROM_TOR: &[u8] = b"Tor safe cookie authentication server-to-controller hash";
const TO_TOR: &[u8] = b"Tor safe cookie authentication controller-to-server hash";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reply::Line;

    fn reply(texts: &[&str]) -> Reply {
        let line = |text: &&str| Line { text: (*text).to_owned(), data: None };
        Reply { status: 250, lines: texts.iter().map(line).collect() }
    }

    #[test]
    fn what_tor_wants_is_read() {
        let wanted = Wanted::read(&reply(&[
            "PROTOCOLINFO 1",
            "AUTH METHODS=COOKIE,SAFECOOKIE,HASHEDPASSWORD COOKIEFILE=\"/run/tor/control.authcookie\"",
            "VERSION Tor=\"0.4.9.11\"",
            "OK",
        ]));
        assert!(wanted.safe_cookie && wanted.cookie && wanted.password && !wanted.nothing);
        assert_eq!(wanted.cookie_file, Some("/run/tor/control.authcookie".into()));
        assert_eq!(wanted.version, "0.4.9.11");
        assert!(Wanted::read(&reply(&["AUTH METHODS=NULL"])).nothing);
        assert_eq!(Wanted::read(&reply(&["OK"])), Wanted::default());
    }

    /// Reckoned by Python's hmac.
    #[test]
    fn only_who_knows_the_cookie_is_answered() {
        let cookie = Zeroizing::new([7; 32]);
        let challenge = Challenge::new([1; 32]);
        let nonce = hex(&[2; 32]);
        let said = format!("AUTHCHALLENGE SERVERHASH={SERVER_HASH} SERVERNONCE={nonce}");
        let answer = challenge.answer(&reply(&[&said]), &cookie);
        assert_eq!(answer.map(|text| text.to_string()), Ok(format!("AUTHENTICATE {CLIENT_HASH}")));
        let other = Zeroizing::new([8; 32]);
        assert_eq!(challenge.answer(&reply(&[&said]), &other).map(drop), Err(NotTor));
        for wrong in [said.replacen(SERVER_HASH, &hex(&[0; 32]), 1), "AUTHCHALLENGE".to_owned(), said.replace("NONCE", "X")] {
            assert_eq!(challenge.answer(&reply(&[&wrong]), &cookie).map(drop), Err(NotTor));
        }
    }

    const SERVER_HASH: &str = "143de95d0d10f5c5aead16693db53e611971b444476af4a4b232b5f57951affa";
    const CLIENT_HASH: &str = "33564648e2fac0cce6c2e12c0bb9af2ad09e39741a3dff0072e075cc11c53eae";

    #[test]
    fn a_password_is_one_word() {
        assert_eq!(by_password("a\"b\nc").as_str(), "AUTHENTICATE \"a\\\"b\\nc\"");
        assert_eq!(by_cookie(&Zeroizing::new([0xab; 32])).len(), "AUTHENTICATE ".len() + 64);
    }
}

//! A proxy between the client and the world, as its URL names it.
//!
//! **In** a URL from a flag, a file, the environment or a link. **Out** what kind, where, as whom. **Never** its password
//! in a debug print.
//!
//! ```text
//! socks5h://[user:password@]host[:port]    port 1080 if left out; socks5:// and socks:// mean the same
//! http://[user:password@]host[:port]       port 80 if left out; always by CONNECT
//! ```
//!
//! User and password are percent-encoded where they hold `:`, `@`, `/` or `%`. docs/protocol.md §1.4.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::Address;
use crate::code::{self, CodeError};

/// A proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    kind: ProxyKind,
    address: Address,
    credentials: Option<Credentials>,
}

/// What a proxy speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyKind {
    /// SOCKS version 5 (RFC 1928); names are resolved by the proxy, never by the client.
    Socks5,
    /// HTTP, by `CONNECT`.
    Http,
}

/// What a proxy asks for; at most 255 bytes each.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Credentials {
    user: String,
    password: String,
}

/// What is wrong with a proxy's URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProxyError {
    /// Neither kind.
    #[error("a proxy's URL begins with “socks5h://” or “http://”")]
    Scheme,
    /// No usable host or port.
    #[error("the proxy's URL names no usable host and port")]
    Address,
    /// A path, a query or a fragment.
    #[error("the proxy's URL goes on after its port")]
    Tail,
    /// User or password can't be read.
    #[error("the proxy's user and password can't be read: put %40 for @, %3A for :, %2F for / and %25 for %")]
    Credentials,
    /// Longer than a link holds.
    #[error("the proxy's URL is longer than {URL_LEN_MAX} characters")]
    TooLong,
}

impl Proxy {
    /// The proxy that a URL names.
    ///
    /// # Errors
    /// [`ProxyError`] says what is wrong with it.
    pub fn parse(url: &str) -> Result<Self, ProxyError> {
        let (scheme, rest) = url.trim().split_once("://").ok_or(ProxyError::Scheme)?;
        let scheme = scheme.to_ascii_lowercase();
        let (kind, port_default) = match scheme.as_str() {
            "socks5h" | "socks5" | "socks" => (ProxyKind::Socks5, SOCKS_PORT_DEFAULT),
            "http" => (ProxyKind::Http, HTTP_PORT_DEFAULT),
            _ => return Err(ProxyError::Scheme),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains(['/', '?', '#']) {
            return Err(ProxyError::Tail);
        }
        let (credentials, authority) = match rest.rsplit_once('@') {
            Some((credentials, authority)) => (Some(Credentials::parse(credentials)?), authority),
            None => (None, rest),
        };
        let address = Address::parse_or(authority, port_default).map_err(|_| ProxyError::Address)?;
        let proxy = Self { kind, address, credentials };
        if proxy.to_url().len() <= URL_LEN_MAX { Ok(proxy) } else { Err(ProxyError::TooLong) }
    }

    /// What it speaks.
    pub fn kind(&self) -> ProxyKind {
        self.kind
    }

    /// Where it listens.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// As whom one comes, where it wants to know.
    pub fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }

    /// The URL that names it, password and all.
    pub fn to_url(&self) -> Zeroizing<String> {
        let mut url = Zeroizing::new(String::from(self.scheme()));
        if let Some(Credentials { user, password }) = &self.credentials {
            push_encoded(&mut url, user);
            url.push(':');
            push_encoded(&mut url, password);
            url.push('@');
        }
        url.push_str(&self.address.to_string());
        url
    }

    /// As it stands in a link: bech32m over the URL, `via1…`.
    pub(super) fn to_part(&self) -> Zeroizing<String> {
        Zeroizing::new(code::encode(HRP, self.to_url().as_bytes()))
    }

    /// Reads what [`to_part`](Self::to_part) wrote. Bytes that are no URL of ours are of no length that one has.
    pub(super) fn parse_part(text: &str) -> Result<Self, CodeError> {
        let bytes = code::decode(HRP, text)?;
        let url = core::str::from_utf8(&bytes).map_err(|_| CodeError::Length)?;
        Self::parse(url).map_err(|_| CodeError::Length)
    }

    fn scheme(&self) -> &'static str {
        match self.kind {
            ProxyKind::Socks5 => "socks5h://",
            ProxyKind::Http => "http://",
        }
    }
}

/// Without user and password: what may be shown.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.scheme(), self.address)
    }
}

impl Credentials {
    /// The user's name, 1 to 255 bytes, without colons.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The password, at most 255 bytes.
    pub fn password(&self) -> &str {
        &self.password
    }

    fn parse(text: &str) -> Result<Self, ProxyError> {
        let (user, password) = text.split_once(':').unwrap_or((text, ""));
        let [user, password] = [user, password].map(decoded);
        let credentials = Self {
            user: user.ok_or(ProxyError::Credentials)?,
            password: password.ok_or(ProxyError::Credentials)?,
        };
        // RFC 1929: a byte tells the length. A colon in the name would end it (RFC 7617).
        let fits = |text: &str| text.len() <= CREDENTIAL_LEN_MAX && !text.chars().any(char::is_control);
        let proper = fits(&credentials.user) && fits(&credentials.password);
        let named = !credentials.user.is_empty() && !credentials.user.contains(':');
        if proper && named { Ok(credentials) } else { Err(ProxyError::Credentials) }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(…)")
    }
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        let digits = after.get(..2).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = after.get(2..)?;
    }
    bytes.extend_from_slice(rest.as_bytes());
    core::str::from_utf8(&bytes).ok().map(str::to_string)
}

fn push_encoded(url: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            url.push(char::from(byte));
        } else {
            url.push('%');
            for digit in [byte >> 4, byte & 15] {
                url.extend(char::from_digit(digit.into(), 16).map(|digit| digit.to_ascii_uppercase()));
            }
        }
    }
}

/// What the part of a link begins with, before the 1.
pub(super) const HRP: &str = "via";
/// RFC 1928 §3.
const SOCKS_PORT_DEFAULT: u16 = 1080;
const HTTP_PORT_DEFAULT: u16 = 80;
/// RFC 1929 §2.
const CREDENTIAL_LEN_MAX: usize = 255;
/// What bech32m takes, and a little less.
const URL_LEN_MAX: usize = 560;

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    #[test]
    fn urls_are_read_and_written() {
        let check = |text: &str, written: &str| {
            let proxy = Proxy::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(*proxy.to_url(), written);
            assert_eq!(Proxy::parse(written).as_ref(), Ok(&proxy));
            assert_eq!(Proxy::parse_part(&proxy.to_part()), Ok(proxy));
        };
        check("socks5h://127.0.0.1:9050", "socks5h://127.0.0.1:9050");
        check("socks5://h", "socks5h://h:1080");
        check("SOCKS://[::1]", "socks5h://[::1]:1080");
        check("http://proxy.example:3128/", "http://proxy.example:3128");
        check("http://u@h", "http://u:@h:80");
        check("http://u%40x:p%3a%2f@h:1", "http://u%40x:p%3A%2F@h:1");
        check("http://u:p@ss:wörd@h:1", "http://u:p%40ss%3Aw%C3%B6rd@h:1");
    }

    #[test]
    fn others_are_refused_in_words() {
        for (text, error) in [
            ("h:1", ProxyError::Scheme),
            ("https://h:1", ProxyError::Scheme),
            ("socks4://h:1", ProxyError::Scheme),
            ("http://", ProxyError::Address),
            ("http://h:0", ProxyError::Address),
            ("http://h:1/x", ProxyError::Tail),
            ("http://u:p%@h:1", ProxyError::Credentials),
            ("http://u:p%ff@h:1", ProxyError::Credentials),
            ("http://:p@h:1", ProxyError::Credentials),
            ("http://u%3ax:p@h:1", ProxyError::Credentials),
            ("http://u:p%0a@h:1", ProxyError::Credentials),
        ] {
            assert_eq!(Proxy::parse(text), Err(error), "{text}");
        }
        let with_password = |len| Proxy::parse(&format!("http://u:{}@h:1", "x".repeat(len)));
        assert_eq!(with_password(CREDENTIAL_LEN_MAX + 1), Err(ProxyError::Credentials));
        assert!(with_password(CREDENTIAL_LEN_MAX).is_ok());
        let encoded = format!("http://u:{}@h:1", "%ff%fe".repeat(100));
        assert_eq!(Proxy::parse(&encoded), Err(ProxyError::Credentials));
        let long = format!("http://{}:x@h:1", "%25".repeat(200));
        assert_eq!(Proxy::parse(&long), Err(ProxyError::TooLong));
    }

    #[test]
    fn the_longest_fits_a_link() {
        let password = "é".repeat(45);
        let host = "h".repeat(253);
        let start = URL_LEN_MAX - format!("socks5h://:@{host}:65535").len() - 6 * 45;
        let user = "u".repeat(start);
        let proxy = Proxy::parse(&format!("socks5h://{user}:{password}@{host}:65535")).expect("a proxy");
        assert_eq!(proxy.to_url().len(), URL_LEN_MAX);
        assert_eq!(Proxy::parse_part(&proxy.to_part()), Ok(proxy));
    }

    #[test]
    fn nothing_secret_is_shown() {
        let proxy = Proxy::parse("http://user:geheim@h:1").expect("a proxy");
        assert!(!format!("{proxy:?} {proxy}").contains("geheim"));
        assert!(!format!("{proxy:?} {proxy}").contains("user"));
    }
}

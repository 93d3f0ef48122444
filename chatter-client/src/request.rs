//! The two request heads that a session sends: a browser's fresh download and a browser's reload.
//!
//! **In** the server's host and port, a path, a cookie, a date. **Out** the bytes of one request. **Never** a
//! header that the copied browser would not send, nor its headers in another order; never a line break out of
//! a value.
//!
//! The browser is Chromium 156 on Linux, over plain HTTP to a host that is not this machine (to `localhost` it
//! adds the headers it keeps for secure origins). `tests/request_capture.txt` is what the real one sends. Number and
//! headers are copied together and change together: a number reckoned from the date would one day stand beside an
//! `Accept` that no browser of that number sends, or name one that was never released.

use std::net::Ipv6Addr;

use chatter_protocol::invite::Transport;

use crate::texts::text;

/// What stands in `Host`: the server as its link names it, without the port where that is its transport's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority(String);

/// Why a request can't be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// A character that could end a line or a value.
    #[error("{}", text!("request-character", part = .0))]
    Character(&'static str),
    /// More than servers read.
    #[error("{}", text!("request-too-long", part = .0))]
    TooLong(&'static str),
}

impl Authority {
    /// The authority of `host` (a name, or an address with or without brackets) and `port`, over plain HTTP.
    pub fn new(host: &str, port: u16) -> Self {
        Self::over(&Transport::Http, host, port)
    }

    /// The same, over this transport.
    pub fn over(transport: &Transport, host: &str, port: u16) -> Self {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let host = if bare.parse::<Ipv6Addr>().is_ok() { format!("[{bare}]") } else { bare.to_owned() };
        let usual = match transport {
            Transport::Http => HTTP_PORT,
            Transport::Https { .. } => HTTPS_PORT,
        };
        Self(if port == usual { host } else { format!("{host}:{port}") })
    }
}

/// A fresh download of `path`, as after following a link typed or pasted.
///
/// # Errors
/// [`RequestError`] where a value could not stand in a request.
pub fn download(authority: &Authority, path: &str, cookie: &str) -> Result<String, RequestError> {
    head(authority, path, cookie, "", "")
}

/// A reload of `path`, which the browser holds a copy of: last changed at `if_modified_since`, where the
/// server stated that.
///
/// # Errors
/// [`RequestError`] where a value could not stand in a request.
pub fn reload(
    authority: &Authority,
    path: &str,
    cookie: &str,
    if_modified_since: Option<&str>,
) -> Result<String, RequestError> {
    let condition = match if_modified_since {
        Some(date) => format!("If-Modified-Since: {}\r\n", value("date", date)?),
        None => String::new(),
    };
    head(authority, path, cookie, "Cache-Control: max-age=0\r\n", &condition)
}

/// The head that both have in common, with what a reload adds at its two places.
fn head(
    authority: &Authority,
    path: &str,
    cookie: &str,
    cache_control: &str,
    condition: &str,
) -> Result<String, RequestError> {
    let host = target("host", &authority.0)?;
    let path = target("path", path)?;
    let cookie = value("cookie", cookie)?;
    if !path.starts_with('/') {
        return Err(RequestError::Character("path"));
    }
    Ok(format!(
        "GET {path} HTTP/1.1\r\n\
         Host: {host}\r\n\
         Connection: keep-alive\r\n\
         {cache_control}\
         Upgrade-Insecure-Requests: 1\r\n\
         User-Agent: {USER_AGENT}\r\n\
         Accept: {ACCEPT}\r\n\
         Accept-Encoding: gzip, deflate\r\n\
         Accept-Language: en-US,en;q=0.9\r\n\
         Cookie: {cookie}\r\n\
         {condition}\
         \r\n"
    ))
}

/// `text`, if it may stand in a request line: visible ASCII without spaces.
fn target<'a>(what: &'static str, text: &'a str) -> Result<&'a str, RequestError> {
    if text.len() > VALUE_BYTES_MAX {
        return Err(RequestError::TooLong(what));
    }
    if text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(text)
    } else {
        Err(RequestError::Character(what))
    }
}

/// `text`, if it may stand as a header's value: visible ASCII and spaces.
fn value<'a>(what: &'static str, text: &'a str) -> Result<&'a str, RequestError> {
    if text.len() > VALUE_BYTES_MAX {
        return Err(RequestError::TooLong(what));
    }
    let fits = text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    if fits { Ok(text) } else { Err(RequestError::Character(what)) }
}

const HTTP_PORT: u16 = 80;
const HTTPS_PORT: u16 = 443;

/// Python reads lines of at most 65,536 bytes; nothing of ours comes near.
const VALUE_BYTES_MAX: usize = 8192;

/// What the copied browser calls itself.
pub(crate) const USER_AGENT: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36";
const ACCEPT: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,image/jxl,image/avif,image/webp,image/apng,\
                      */*;q=0.8,application/signed-exchange;v=b3;q=0.7";

#[cfg(test)]
mod first_packet;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_requests_equal_the_captured_ones() {
        let capture = include_str!("../tests/request_capture.txt").replace('\n', "\r\n");
        let (fresh, again) = capture.split_once("---\r\n").expect("two requests");
        let authority = Authority::new("files.example", 18123);
        assert_eq!(download(&authority, "/page.html", "a=b").as_deref(), Ok(fresh));
        let date = Some("Mon, 02 Nov 2026 10:00:00 GMT");
        assert_eq!(reload(&authority, "/page.html", "a=b", date).as_deref(), Ok(again));
    }

    #[test]
    fn authorities_are_written_as_browsers_do() {
        let check = |host, port, expected: &str| assert_eq!(Authority::new(host, port).0, expected);
        check("example.org", 80, "example.org");
        check("example.org", 8000, "example.org:8000");
        check("::1", 8000, "[::1]:8000");
        check("[2001:db8::1]", 80, "[2001:db8::1]");
        check("192.0.2.1", 8000, "192.0.2.1:8000");
        let secure = |port| Authority::over(&Transport::Https { pin: None }, "h", port).0;
        assert_eq!([secure(443), secure(80)], ["h", "h:80"]);
    }

    #[test]
    fn a_reload_without_a_date_states_none() {
        let request = reload(&Authority::new("h", 80), "/", "a=b", None).expect("a request");
        assert!(request.ends_with("Cookie: a=b\r\n\r\n"));
        assert!(request.contains("\r\nCache-Control: max-age=0\r\n"));
    }

    #[test]
    fn no_value_ends_its_line() {
        let authority = Authority::new("h", 80);
        assert_eq!(download(&authority, "/a b", "a=b"), Err(RequestError::Character("path")));
        assert_eq!(download(&authority, "a", "a=b"), Err(RequestError::Character("path")));
        assert_eq!(download(&authority, "/a", "a=b\r\nX: y"), Err(RequestError::Character("cookie")));
        assert_eq!(reload(&authority, "/", "a=b", Some("x\ny")), Err(RequestError::Character("date")));
        assert_eq!(
            download(&Authority::new("h\r\nX: y", 80), "/", "a=b"),
            Err(RequestError::Character("host"))
        );
        assert_eq!(download(&authority, &"/".repeat(9000), "a=b"), Err(RequestError::TooLong("path")));
    }
}

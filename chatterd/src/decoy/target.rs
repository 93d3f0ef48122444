//! From a request's target to a place in the directory, and to the address of a redirect.
//!
//! **In**: the target, Latin-1. **Out**: a path (`translate_path`), or where a directory without its slash is sent
//! (`urlsplit` and `urlunsplit`).
//! **Never**: the file system.

use super::persona::Persona;
use super::text::{self, Text};
use crate::http::latin1::{split_once, trim_start};

/// A target as a path below (or rather: instead of) the served directory.
pub(crate) struct Place {
    /// The path as Python's `str`.
    pub text: Text,
    /// The path for system calls; nothing where Python could not make one.
    pub bytes: Option<Vec<u8>>,
    /// The names below the root, for system calls.
    pub names: Vec<Vec<u8>>,
    /// Whether the path ends in a slash.
    pub slash: bool,
}

impl Place {
    /// The place of a name within this directory.
    pub(crate) fn join(&self, name: &str) -> Place {
        let with_name = |bytes: &Vec<u8>| {
            let slash: &[u8] = if bytes.last() == Some(&b'/') { b"" } else { b"/" };
            [bytes, slash, name.as_bytes()].concat()
        };
        let mut names = self.names.clone();
        names.push(name.as_bytes().to_vec());
        Place { text: Text::new(), bytes: self.bytes.as_ref().map(with_name), names, slash: false }
    }
}

/// `SimpleHTTPRequestHandler.translate_path`.
pub(crate) fn translate(target: &[u8], root: &[u8]) -> Place {
    let cut = |text: &'_ [u8], at: u8| text.split(|byte| *byte == at).next().map(<[u8]>::len);
    let target = target.get(..cut(target, b'?').unwrap_or_default()).unwrap_or_default();
    let target = target.get(..cut(target, b'#').unwrap_or_default()).unwrap_or_default();
    let slash = target.ends_with(b"/");
    let target = text::from_latin1(target);
    let decoded = text::unquote_strictly(&target).unwrap_or_else(|| text::unquote(&target));
    let mut path = text::from_file_name(root);
    let names = normal_names(&decoded);
    for name in &names {
        if path.last() != Some(&SLASH) {
            path.push(SLASH);
        }
        path.extend_from_slice(name);
    }
    if slash {
        path.push(SLASH);
    }
    let bytes = text::to_file_name(&path);
    let names = names.into_iter().filter_map(text::to_file_name).collect();
    Place { slash: path.last() == Some(&SLASH), text: path, bytes, names }
}

/// `normpath`, then without the parts that are no names.
fn normal_names(path: &[u32]) -> Vec<&[u32]> {
    let absolute = path.first() == Some(&SLASH);
    let mut parts: Vec<&[u32]> = Vec::new();
    for part in path.split(|point| *point == SLASH) {
        let climbs = part == UP;
        if part.is_empty() || part == HERE {
            continue;
        }
        let nowhere_up = if absolute { false } else { parts.is_empty() };
        if !climbs || nowhere_up || parts.last() == Some(&&UP[..]) {
            parts.push(part);
        } else {
            parts.pop();
        }
    }
    parts.retain(|part| *part != UP);
    parts
}

/// What a directory's target redirects to, if it does.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Redirect {
    /// The path already ends in a slash.
    Not,
    /// To this address.
    To(Vec<u8>),
    /// Python raises `ValueError`.
    Raises,
}

/// Where a directory is redirected to that was asked for by this target.
pub(crate) fn redirect(target: &[u8], persona: Persona) -> Redirect {
    let Some(parts) = split(target, persona) else { return Redirect::Raises };
    if parts.path.ends_with(b"/") {
        return Redirect::Not;
    }
    Redirect::To(parts.with_slash(persona))
}

struct Parts<'a> {
    scheme: Vec<u8>,
    authority: &'a [u8],
    path: &'a [u8],
    query: &'a [u8],
    fragment: &'a [u8],
}

/// `urlsplit`; nothing where it raises.
fn split(target: &[u8], persona: Persona) -> Option<Parts<'_>> {
    let control: Vec<u8> = (0..=b' ').collect();
    let mut rest = trim_start(target, &control);
    let mut scheme = Vec::new();
    if let Some((before, after)) = split_once(rest, b':')
        && before.first().is_some_and(u8::is_ascii_alphabetic)
        && before.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte))
    {
        scheme = before.to_ascii_lowercase();
        rest = after;
    }
    let mut authority: &[u8] = b"";
    if let Some(after) = rest.strip_prefix(b"//") {
        let end = after.iter().position(|byte| b"/?#".contains(byte)).unwrap_or(after.len());
        (authority, rest) = after.split_at(end);
        if !brackets_are_good(authority, persona) {
            return None;
        }
    }
    let (rest, fragment) = split_once(rest, b'#').unwrap_or((rest, b""));
    let (path, query) = split_once(rest, b'?').unwrap_or((rest, b""));
    Some(Parts { scheme, authority, path, query, fragment })
}

impl Parts<'_> {
    /// `urlunsplit`, with a slash after the path.
    fn with_slash(&self, persona: Persona) -> Vec<u8> {
        let mut url = [self.path, b"/"].concat();
        let rooted_only = persona.empty_authority_needs_a_rooted_path();
        let has_authority = match () {
            () if !self.authority.is_empty() => true,
            () if url.starts_with(b"//") => rooted_only,
            () => {
                let scheme_has_one = !self.scheme.is_empty() && persona.scheme_has_authority(&self.scheme);
                scheme_has_one && (!rooted_only || url.starts_with(b"/"))
            }
        };
        if has_authority {
            if !url.starts_with(b"/") {
                url.insert(0, b'/');
            }
            url = [b"//", self.authority, &url].concat();
        }
        if !self.scheme.is_empty() {
            url = [&self.scheme, &b":"[..], &url].concat();
        }
        if !self.query.is_empty() {
            url.push(b'?');
            url.extend_from_slice(self.query);
        }
        if !self.fragment.is_empty() {
            url.push(b'#');
            url.extend_from_slice(self.fragment);
        }
        url
    }
}

fn brackets_are_good(authority: &[u8], persona: Persona) -> bool {
    let (opens, closes) = (authority.contains(&b'['), authority.contains(&b']'));
    if !opens && !closes {
        return true;
    }
    if opens != closes {
        return false;
    }
    if !persona.brackets_enclose_the_host() {
        let after = split_once(authority, b'[').map_or(&b""[..], |(_, after)| after);
        return host_is_good(split_once(after, b']').map_or(after, |(host, _)| host));
    }
    let host_and_port = authority.rsplit(|byte| *byte == b'@').next().unwrap_or_default();
    let Some((before, bracketed)) = split_once(host_and_port, b'[') else {
        return host_is_good(split_once(host_and_port, b':').map_or(host_and_port, |(host, _)| host));
    };
    let (host, port) = split_once(bracketed, b']').unwrap_or((bracketed, b""));
    before.is_empty() && (port.is_empty() || port.starts_with(b":")) && host_is_good(host)
}

/// What may stand in brackets: an IPv6 address, or something of the form `v1.x`.
fn host_is_good(host: &[u8]) -> bool {
    if let Some(future) = host.strip_prefix(b"v") {
        let Some((version, rest)) = split_once(future, b'.') else { return false };
        let hexadecimal = !version.is_empty() && version.iter().all(u8::is_ascii_hexdigit);
        return hexadecimal && !rest.is_empty() && !rest.contains(&b'\n');
    }
    let (address, scope) = match split_once(host, b'%') {
        Some((address, scope)) => (address, Some(scope)),
        None => (host, None),
    };
    if scope.is_some_and(|scope| scope.is_empty() || scope.contains(&b'%')) || host.contains(&b'/') {
        return false;
    }
    std::str::from_utf8(address).is_ok_and(|address| address.parse::<std::net::Ipv6Addr>().is_ok())
}

const SLASH: u32 = 0x2f;
const HERE: [u32; 1] = [0x2e];
const UP: [u32; 2] = [0x2e, 0x2e];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_ends_up_below_the_directory() {
        for (target, path) in [
            (&b"/"[..], "/srv/"),
            (b"", "/srv"),
            (b"/a/../../b?c#d", "/srv/b"),
            (b"../../x/./y/", "/srv/x/y/"),
            (b"/%2e%2e/a%2f", "/srv/a"),
            (b"http://h/../../plain.txt", "/srv/plain.txt"),
        ] {
            let place = translate(target, b"/srv");
            assert_eq!(place.bytes.as_deref(), Some(path.as_bytes()), "{target:?}");
        }
        assert_eq!(translate(b"/%00", b"/srv").bytes, None);
        assert!(translate(b"/%00/..", b"/srv").bytes.is_some());
    }

    #[test]
    fn redirects_are_what_urlsplit_and_urlunsplit_make() {
        let persona = Persona::default();
        for (target, address) in [
            (&b"/sub"[..], Some(&b"/sub/"[..])),
            (b"/sub?x#y", Some(b"/sub/?x#y")),
            (b"/sub?#", Some(b"/sub/")),
            (b"HTTP:/..", Some(b"http:///../")),
            (b"x://[::1]/sub", Some(b"x://[::1]/sub/")),
            (b"x://[/../..", None),
            (b"x://[::1]x/../..", None),
            (b"x://[1.2.3.4]/../..", None),
        ] {
            let expected = address.map_or(Redirect::Raises, |address| Redirect::To(address.to_vec()));
            assert_eq!(redirect(target, persona), expected, "{target:?}");
        }
        assert_eq!(redirect(b"/sub/?x", persona), Redirect::Not);
    }
}

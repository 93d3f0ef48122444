//! What everybody sees of the port: whether it answers, as what, and what its directory tells.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chatter_proto::admin::StatusReply;

use super::fetch::{ask, header};
use super::finding::Finding;
use super::program::prints;

/// Where a stranger on this machine is answered as the daemon says; what is wrong elsewhere is found.
pub(super) fn port(status: &StatusReply, findings: &mut Vec<Finding>) -> Option<SocketAddr> {
    let mut good = None;
    for text in &status.listening {
        let Ok(address) = text.parse::<SocketAddr>() else { continue };
        let near = SocketAddr::new(nearest(address.ip()), address.port());
        match ask(near, "HEAD", "/") {
            Ok(answer) if header(&answer, "Server").as_deref() == Some(&status.persona) => {
                let what = format!(
                    "{text} answers as {}; whether a firewall lets others through, ask from elsewhere",
                    status.persona
                );
                findings.push(Finding::ok("port", what));
                good = good.or(Some(near));
            }
            // A front's entrance ends at once without its header.
            Ok(answer) if answer.is_empty() => findings.push(Finding::note(
                "port",
                format!("{text} says nothing: it is for a front end, or closed to this machine"),
                "what strangers see there was not looked at",
                "look at the front end instead",
            )),
            Ok(answer) => findings.push(Finding::problem(
                "port",
                format!(
                    "{text} answers as {}",
                    header(&answer, "Server").unwrap_or_else(|| "nobody known".to_owned())
                ),
                "another program has the port, or stands in between",
                "`ss -ltnp` tells which; a front end has to pass on the daemon's own bytes",
            )),
            Err(error) => findings.push(Finding::problem(
                "port",
                format!("{text}: {error}"),
                "neither strangers nor members are answered there",
                "see whether the daemon hangs (`chatterctl health`) and what filters packets on this machine",
            )),
        }
    }
    good
}

fn nearest(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        IpAddr::V4(_) | IpAddr::V6(_) => ip,
    }
}

/// Names and dates, as the listing and a few files show them.
pub(super) fn directory(address: SocketAddr, status: &StatusReply, findings: &mut Vec<Finding>) {
    let Ok(answer) = ask(address, "GET", "/") else { return };
    let text = String::from_utf8_lossy(&answer).into_owned();
    if !text.contains("Directory listing for") {
        findings.push(Finding::note(
            "directory",
            "there is no listing: an index.html stands in for it",
            "strangers see that page; its dates and links were not looked at",
            "see that it fits a machine that nobody looks after",
        ));
        return;
    }
    let names: Vec<String> =
        text.split("<li><a href=\"").skip(1).filter_map(|rest| rest.split('"').next()).map(decoded).collect();
    if names.is_empty() {
        findings.push(Finding::warning(
            "directory",
            "it is empty",
            "nobody serves an empty directory; and there is nothing for members to download",
            "put things into it that might lie on a forgotten server",
        ));
        return;
    }
    let suspect: Vec<String> = names.iter().filter(|name| suspicion(name).is_some()).cloned().collect();
    if suspect.is_empty() {
        findings.push(Finding::ok("directory", format!("{} names, none that tells", names.len())));
    } else {
        findings.push(told(&suspect));
    }
    // Some job seems to write the carrier anew all the time.
    let carrier = status.carrier_path.trim_start_matches('/');
    let others: Vec<String> = names.into_iter().filter(|name| name != carrier).collect();
    dates(address, &others, status.started_at, findings);
}

/// Why a name does not belong there.
pub(super) fn suspicion(name: &str) -> Option<&'static str> {
    let name = name.trim_end_matches('/').to_lowercase();
    if name.starts_with('.') {
        return Some("hidden files are seldom meant to be served");
    }
    let ours = ["chatter", "chatroom", "keys.toml", "clean-stop", "admin.sock"];
    ours.iter().any(|word| name.contains(word)).then_some("it names what runs here")
}

/// Names that tell.
pub(super) fn told(names: &[String]) -> Finding {
    let grave = names.iter().any(|name| {
        let name = name.rsplit('/').find(|part| !part.is_empty()).unwrap_or(name).to_lowercase();
        [".git", ".ssh", ".env", ".gnupg"].contains(&name.as_str()) || !name.starts_with('.')
    });
    let shown: Vec<&str> = names.iter().take(5).map(String::as_str).collect();
    let what = format!("strangers can read {}{}", shown.join(", "), if names.len() > 5 { ", …" } else { "" });
    let (why, remedy) = (
        "a hidden folder is a working copy or a home, kept by somebody; a name with chat in it says what this machine does",
        "take it out of decoy.root",
    );
    if grave {
        Finding::problem("directory", what, why, remedy)
    } else {
        Finding::warning("directory", what, why, remedy)
    }
}

fn dates(address: SocketAddr, names: &[String], started_at: u64, findings: &mut Vec<Finding>) {
    let files = names.iter().filter(|name| !name.ends_with('/') && !name.ends_with('@')).take(FILES_MAX);
    let dates: Vec<(&String, u64)> = files
        .filter_map(|name| {
            let answer = ask(address, "HEAD", &format!("/{}", encoded(name))).ok()?;
            Some((name, http_date(&header(&answer, "Last-Modified")?)?))
        })
        .collect();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since: Duration| since.as_secs());
    let named = |wanted: &dyn Fn(u64) -> bool| {
        let names: Vec<&str> =
            dates.iter().filter(|(_, date)| wanted(*date)).map(|(name, _)| name.as_str()).collect();
        Some(names.join(", ")).filter(|names| !names.is_empty())
    };
    if let Some(names) = named(&|date| date > now + DAY) {
        findings.push(Finding::warning(
            "dates",
            format!("from the future: {names}"),
            "no forgotten server has such files",
            "set the clock, then the dates: `touch -d`",
        ));
    } else if let Some(names) = named(&|date| date + DAY > started_at) {
        findings.push(Finding::warning(
            "dates",
            format!("not a day older than the server, or newer: {names}"),
            "a forgotten server's files are older than the last start; newer ones say that somebody is at work here",
            "give them older dates: `touch -d '8 months ago'`, each another",
        ));
    } else if !dates.is_empty() {
        findings.push(Finding::ok(
            "dates",
            format!("the {} files looked at are older than the server's start", dates.len()),
        ));
    }
}

/// What it poses as, and what this machine would really run.
pub(super) fn persona(persona: &str, findings: &mut Vec<Finding>) {
    let posed = persona.rsplit('/').next().unwrap_or_default();
    let Some(real) = prints("/usr/bin/python3", &["--version"]) else {
        findings.push(Finding::note(
            "persona",
            format!("poses as Python {posed}; this machine has no Python of its own"),
            "who learns what system this is (by its SSH, or another port) may know which Python belongs to it",
            "decoy.python can be set to the one that the system would have",
        ));
        return;
    };
    let real = real.trim_start_matches("Python ");
    if minor(real) == minor(posed) {
        findings.push(Finding::ok("persona", format!("poses as Python {posed}, the system's own is {real}")));
    } else {
        findings.push(Finding::note(
            "persona",
            format!("poses as Python {posed}, the system's own is {real}"),
            "who learns what system this is (by its SSH, or another port) may wonder",
            "set decoy.python to the version nearest to the system's",
        ));
    }
}

/// `3.11` of `3.11.2`.
pub(super) fn minor(version: &str) -> String {
    version.split('.').take(2).collect::<Vec<_>>().join(".")
}

/// `%41` and the entities that Python's listing writes.
fn decoded(href: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = href.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = (*first == b'%').then(|| after.get(..2)).flatten();
        let byte = hex.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8_lossy(&bytes).replace("&amp;", "&")
}

fn encoded(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    name.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// Seconds since 1970 of `Sun, 22 Nov 2026 21:50:20 GMT`.
fn http_date(text: &str) -> Option<u64> {
    let mut words = text.split_once(", ")?.1.split(' ');
    let day: i64 = words.next()?.parse().ok()?;
    let month = MONTHS.iter().position(|month| Some(*month) == words.clone().next())?;
    let mut words = words.skip(1);
    let year: i64 = words.next()?.parse().ok()?;
    let mut clock = words.next()?.split(':').map(|part| part.parse::<i64>().ok());
    let (hours, minutes, seconds) = (clock.next()??, clock.next()??, clock.next()??);
    // Days from civil: the year begins in March.
    let month = i64::try_from(month).ok()? + 1;
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1 - 719_468;
    u64::try_from(((days * 24 + hours) * 60 + minutes) * 60 + seconds).ok()
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAY: u64 = 86_400;
/// Looks are knocks where the loopback is not exempt.
const FILES_MAX: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read() {
        assert_eq!(http_date("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(http_date("Sun, 22 Nov 2026 21:50:20 GMT"), Some(1_795_384_220));
        assert_eq!(http_date("Thu, 29 Feb 2024 12:00:01 GMT"), Some(1_709_208_001));
        for text in
            ["", "Thu, x Jan 1970 00:00:00 GMT", "Thu, 01 Jan 1970 00:00", "Thu, 01 Foo 1970 00:00:00 GMT"]
        {
            assert_eq!(http_date(text), None, "{text}");
        }
    }

    #[test]
    fn names_are_judged() {
        for name in [".git/", ".bashrc", "chatterd.toml", "Chatter.zip", "keys.toml"] {
            assert!(suspicion(name).is_some(), "{name}");
        }
        for name in ["backup.tar.gz", "photos/", "notes.txt", "a.b"] {
            assert!(suspicion(name).is_none(), "{name}");
        }
        assert_eq!(decoded("a%20b%2"), "a b%2");
        assert_eq!(encoded("a b/ü"), "a%20b/%C3%BC");
    }
}

//! The ban report in other programs' words.
//!
//! **In** bans. **Out** a text that its reader takes as it is. **Never** a word into a shell or a packet filter that is not
//! an address, a number or our own: an address that does not read as one is left out.

use std::net::{IpAddr, Ipv6Addr};
use std::time::{SystemTime, UNIX_EPOCH};

use chatter_proto::admin::Ban;
use serde::Serialize;

use super::Row;
use crate::args::ReportFormat;
use crate::commands::time;
use crate::output::Answer;

#[derive(Serialize)]
struct ReportFields {
    bans: Vec<Row>,
}

#[derive(Serialize)]
struct TextFields<'a> {
    format: &'a str,
    text: String,
}

pub(super) fn answer(mut bans: Vec<Ban>, format: ReportFormat, port: Option<u16>) -> Answer {
    bans.retain(|ban| network(&ban.address).is_some());
    let (name, lines) = match format {
        ReportFormat::Json => return json(bans),
        ReportFormat::Seed => ("seed", seed(&bans)),
        ReportFormat::Csv => ("csv", csv(&bans)),
        ReportFormat::Ufw => ("ufw", ufw(&bans, port)),
        ReportFormat::Nftables => ("nftables", nftables(&bans, port, now())),
        ReportFormat::Iptables => ("iptables", iptables(&bans, port)),
    };
    let text = lines.iter().map(|line| format!("{line}\n")).collect();
    Answer::new(&TextFields { format: name, text }, &lines)
}

/// The same object with and without `--json`.
fn json(bans: Vec<Ban>) -> Answer {
    let fields = ReportFields { bans: bans.into_iter().map(Row::from).collect() };
    let line = serde_json::to_string(&fields).expect("fields are texts and numbers");
    Answer::new(&fields, &[line])
}

fn seed(bans: &[Ban]) -> Vec<String> {
    let header = ["Logged IP addresses flagged as potential DDOS threat", "Integrate with fail2ban", ""];
    let lines = bans.iter().map(|ban| format!("{} -> {}x packets", ban.address, ban.packets));
    header.map(str::to_owned).into_iter().chain(lines).collect()
}

fn csv(bans: &[Ban]) -> Vec<String> {
    let heading = "address,packets,since,until,reason".to_owned();
    let at = |seconds: u64| if seconds == 0 { String::new() } else { time::stamp(seconds) };
    // A reason of a newer daemon might hold anything.
    let word = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
    let line = |ban: &Ban| {
        [&ban.address, &ban.packets.to_string(), &at(ban.since), &at(ban.until), &word(&ban.reason)]
            .map(String::as_str)
            .join(",")
    };
    std::iter::once(heading).chain(bans.iter().map(line)).collect()
}

/// `prepend` puts a rule before those that let the port through, and ufw skips one that it has.
fn ufw(bans: &[Ban], port: Option<u16>) -> Vec<String> {
    let to = port.map(|port| format!(" to any port {port} proto tcp")).unwrap_or_default();
    let line = |ban: &Ban| format!("ufw prepend deny from {}{to} comment 'chatterd ban'", ban.address);
    bans.iter().map(line).collect()
}

/// One transaction: the old table goes as the new one comes. An element's timeout is what is left of its ban.
fn nftables(bans: &[Ban], port: Option<u16>, now: u64) -> Vec<String> {
    let elements = |wanted: Family| {
        let of = bans.iter().filter(|ban| family(ban) == wanted && (ban.until == 0 || ban.until > now));
        let element = |ban: &Ban| match ban.until {
            0 => ban.address.clone(),
            until => format!("{} timeout {}s", ban.address, until.saturating_sub(now)),
        };
        of.map(element).collect::<Vec<_>>()
    };
    let set = |name: &str, kind: &str, elements: Vec<String>| {
        let mut lines = vec![
            format!("    set {name} {{"),
            format!("        type {kind}"),
            "        flags interval, timeout".to_owned(),
        ];
        if !elements.is_empty() {
            lines.push(format!("        elements = {{ {} }}", elements.join(", ")));
        }
        lines.push("    }".to_owned());
        lines
    };
    let to = port.map(|port| format!(" tcp dport {port}")).unwrap_or_default();
    let mut lines = ["table inet chatterd", "delete table inet chatterd", "table inet chatterd {"]
        .map(str::to_owned)
        .to_vec();
    lines.extend(set("banned4", "ipv4_addr", elements(Family::V4)));
    lines.extend(set("banned6", "ipv6_addr", elements(Family::V6)));
    lines.extend([
        "    chain input {".to_owned(),
        "        type filter hook input priority -10; policy accept;".to_owned(),
        format!("        ip saddr @banned4{to} drop"),
        format!("        ip6 saddr @banned6{to} drop"),
        "    }".to_owned(),
        "}".to_owned(),
    ]);
    lines
}

/// A chain of its own, made where it is missing and emptied where it is not.
fn iptables(bans: &[Ban], port: Option<u16>) -> Vec<String> {
    let to = port.map(|port| format!(" -p tcp --dport {port}")).unwrap_or_default();
    let mut lines = Vec::new();
    for (program, wanted) in [("iptables -w", Family::V4), ("ip6tables -w", Family::V6)] {
        lines.push(format!("{program} -N chatterd 2>/dev/null || {program} -F chatterd"));
        lines.push(format!(
            "{program} -C INPUT{to} -j chatterd 2>/dev/null || {program} -I INPUT{to} -j chatterd"
        ));
        let of = bans.iter().filter(|ban| family(ban) == wanted);
        lines.extend(of.map(|ban| format!("{program} -A chatterd -s {} -j DROP", ban.address)));
    }
    lines
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    V4,
    V6,
}

fn family(ban: &Ban) -> Family {
    if network(&ban.address).is_some_and(|address| address.is_ipv4()) { Family::V4 } else { Family::V6 }
}

/// The address, where it is one that is banned: IPv4, or IPv6 with `/64`.
fn network(text: &str) -> Option<IpAddr> {
    match text.split_once('/') {
        None => text.parse().ok(),
        Some((address, "64")) => address.parse::<Ipv6Addr>().ok().map(IpAddr::from),
        Some(_) => None,
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bans() -> Vec<Ban> {
        let ban = |address: &str, packets, until, reason: &str| Ban {
            address: address.to_owned(),
            packets,
            since: 1_795_384_220,
            until,
            reason: reason.to_owned(),
        };
        vec![
            ban("203.0.113.9", 31, 1_795_470_620, "knocks"),
            ban("198.51.100.7", 0, 0, "operator"),
            ban("2001:db8:1:2::/64", 30, 1_795_470_620, "knocks"),
        ]
    }

    #[test]
    fn each_reader_gets_its_own_words() {
        let csv = csv(&bans());
        assert_eq!(csv[1], "203.0.113.9,31,2026-11-22T21:50:20Z,2026-11-23T21:50:20Z,knocks");
        assert_eq!(csv[2], "198.51.100.7,0,2026-11-22T21:50:20Z,,operator");
        assert_eq!(seed(&bans())[5], "2001:db8:1:2::/64 -> 30x packets");
        assert_eq!(ufw(&bans(), None)[0], "ufw prepend deny from 203.0.113.9 comment 'chatterd ban'");
        assert_eq!(
            ufw(&bans(), Some(80))[2],
            "ufw prepend deny from 2001:db8:1:2::/64 to any port 80 proto tcp comment 'chatterd ban'"
        );
        let nft = nftables(&bans(), Some(80), 1_795_470_600).join("\n");
        assert!(nft.contains("elements = { 203.0.113.9 timeout 20s, 198.51.100.7 }"), "{nft}");
        assert!(nft.contains("elements = { 2001:db8:1:2::/64 timeout 20s }"), "{nft}");
        assert!(nft.contains("ip saddr @banned4 tcp dport 80 drop"), "{nft}");
        let over = nftables(&bans(), None, 1_795_470_620).join("\n");
        assert!(!over.contains("203.0.113.9") && !over.contains("2001:db8"), "{over}");
        let iptables = iptables(&bans(), Some(80));
        assert_eq!(iptables[2], "iptables -w -A chatterd -s 203.0.113.9 -j DROP");
        assert_eq!(
            iptables.last().map(String::as_str),
            Some("ip6tables -w -A chatterd -s 2001:db8:1:2::/64 -j DROP")
        );
    }

    #[test]
    fn what_is_no_address_reaches_no_shell() {
        for wrong in
            ["203.0.113.9; reboot", "$(reboot)", "", "0.0.0.0/0", "::/0", "2001:db8::/64 x", "fe80::1%eth0"]
        {
            assert_eq!(network(wrong), None, "{wrong}");
        }
        for right in ["203.0.113.9", "2001:db8::/64", "2001:db8::1"] {
            assert!(network(right).is_some(), "{right}");
        }
    }
}

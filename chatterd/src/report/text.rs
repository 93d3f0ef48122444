//! The report's lines, and its companion's.
//!
//! **In** bans, or a file's text. **Out** the text, or what it says. Pure. **Never** an error for a line that makes no
//! sense: it is counted and passed over.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chatter_protocol::time::WallTime;
use serde::{Deserialize, Serialize};

use crate::ledger::{Address, Ban, Reason, Terms};

const HEADER: [&str; 2] = ["Logged IP addresses flagged as potential DDOS threat", "Integrate with fail2ban"];

pub(super) fn render(bans: &[Ban]) -> String {
    let mut text = format!("{}\n{}\n\n", HEADER[0], HEADER[1]);
    for ban in bans {
        writeln!(text, "{} -> {}x packets", ban.address, ban.packets).expect("strings take everything");
    }
    text
}

/// Whether a file may be replaced by a report: it is empty, or one.
pub(super) fn is_report(text: &str) -> bool {
    text.trim().is_empty() || text.lines().next().is_some_and(|first| first.trim() == HEADER[0])
}

/// The packets of each address, and how many lines were neither that nor the header.
pub(super) fn parse(text: &str) -> (BTreeMap<Address, u64>, usize) {
    let mut packets: BTreeMap<Address, u64> = BTreeMap::new();
    let mut unreadable = 0;
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !HEADER.contains(line)) {
        match parse_line(line) {
            Some((address, count)) => {
                let known = packets.entry(address).or_default();
                *known = count.max(*known);
            }
            None => unreadable += 1,
        }
    }
    (packets, unreadable)
}

fn parse_line(line: &str) -> Option<(Address, u64)> {
    let (address, packets) = line.split_once("->")?;
    let packets = packets.trim().strip_suffix("packets")?.trim_end().strip_suffix('x')?;
    let digits = !packets.is_empty() && packets.bytes().all(|byte| byte.is_ascii_digit());
    // A count beyond our numbers is still a ban.
    digits
        .then(|| packets.parse().unwrap_or(u64::MAX))
        .zip(address.trim().parse().ok())
        .map(|(count, who)| (who, count))
}

#[derive(Serialize, Deserialize)]
struct Companion {
    bans: Vec<CompanionBan>,
}

#[derive(Serialize, Deserialize)]
struct CompanionBan {
    address: String,
    since: u64,
    until: Option<u64>,
    reason: String,
}

/// Times and reasons alone: packets change with every knock, these do not.
pub(super) fn render_companion(bans: &[Ban]) -> String {
    let bans = bans.iter().map(|ban| CompanionBan {
        address: ban.address.to_string(),
        since: ban.terms.since.0,
        until: ban.terms.until.map(|until| until.0),
        reason: ban.terms.reason.to_string(),
    });
    let mut text = serde_json::to_string_pretty(&Companion { bans: bans.collect() })
        .expect("texts and numbers are JSON");
    text.push('\n');
    text
}

/// The terms of each address; none where it can't be read as a whole. A ban that makes no sense is passed over.
pub(super) fn parse_companion(json: &str) -> Option<BTreeMap<Address, Terms>> {
    let companion: Companion = serde_json::from_str(json).ok()?;
    let terms = companion.bans.into_iter().filter_map(|ban| {
        let reason = Reason::from_word(&ban.reason)?;
        let terms = Terms { since: WallTime(ban.since), until: ban.until.map(WallTime), reason };
        Some((ban.address.parse().ok()?, terms))
    });
    Some(terms.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ban(address: &str, packets: u64, until: Option<u64>, reason: Reason) -> Ban {
        let terms = Terms { since: WallTime(1000), until: until.map(WallTime), reason };
        Ban { address: address.parse().unwrap(), packets, terms }
    }

    #[test]
    fn the_report_is_the_seeds_to_the_byte() {
        let header = "Logged IP addresses flagged as potential DDOS threat\nIntegrate with fail2ban\n\n";
        assert_eq!(render(&[]), header);
        let bans = [
            ban("203.0.113.9", 30, None, Reason::Knocks),
            ban("2001:db8:1:2::3", 1234, None, Reason::Knocks),
            ban("198.51.100.1", 0, None, Reason::Operator),
        ];
        assert_eq!(
            render(&bans),
            format!(
                "{header}203.0.113.9 -> 30x packets\n2001:db8:1:2::/64 -> 1234x packets\n198.51.100.1 -> 0x packets\n"
            )
        );
    }

    #[test]
    fn lines_are_read_as_the_seed_or_an_editor_left_them() {
        let text = "Logged IP addresses flagged as potential DDOS threat\r\nIntegrate with fail2ban\r\n\r\n\
                    203.0.113.9 -> 30x packets\r\n\t203.0.113.9->31x packets \n2001:db8::5 -> 99999999999999999999x packets\n\
                    x -> 3x packets\n10.0.0.0/8 -> 3x packets\n10.0.0.1 -> x packets\n10.0.0.1 -> -3x packets\n10.0.0.2 -> 4x pack";
        let (packets, unreadable) = parse(text);
        let read: Vec<_> = packets.iter().map(|(address, count)| (address.to_string(), *count)).collect();
        assert_eq!(read, [("203.0.113.9".to_owned(), 31), ("2001:db8::/64".to_owned(), u64::MAX)]);
        assert_eq!(unreadable, 5);
    }

    #[test]
    fn only_reports_and_empty_files_are_replaced() {
        for text in ["", "\n\n", render(&[]).as_str(), "Logged IP addresses flagged as potential DDOS threat"]
        {
            assert!(is_report(text), "{text:?}");
        }
        for text in ["root:x:0:0:", "\u{fffd}", " x"] {
            assert!(!is_report(text), "{text:?}");
        }
    }

    #[test]
    fn the_companion_comes_back() {
        let bans = [
            ban("203.0.113.9", 30, Some(2000), Reason::Knocks),
            ban("2001:db8:1:2::3", 0, None, Reason::Operator),
        ];
        let read = parse_companion(&render_companion(&bans)).unwrap();
        assert_eq!(read, bans.iter().map(|ban| (ban.address, ban.terms)).collect());
        assert_eq!(parse_companion("{\"bans\": [{\"address\""), None);
        let strange = r#"{"bans":[{"address":"x","since":1,"until":null,"reason":"knocks"},
                                  {"address":"10.0.0.1","since":1,"until":null,"reason":"y"}]}"#;
        assert_eq!(parse_companion(strange), Some(BTreeMap::new()));
    }

    proptest! {
        #[test]
        fn reports_come_back(bans in prop::collection::btree_map(any::<[u8; 16]>(), any::<u64>(), 0..20)) {
            let bans: BTreeMap<Address, u64> =
                bans.into_iter().map(|(ip, count)| (std::net::IpAddr::from(ip).into(), count)).collect();
            let list: Vec<_> =
                bans.iter().map(|(address, count)| ban(&address.to_string(), *count, None, Reason::Knocks)).collect();
            prop_assert_eq!(parse(&render(&list)), (bans, 0));
        }

        #[test]
        fn no_text_panics(text in "(\\PC|\n|->|x packets|[0-9.:]){0,80}") {
            let _ = parse(&text);
            let _ = parse_companion(&text);
        }
    }
}

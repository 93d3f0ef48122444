//! The log as fail2ban reads it, and what it leaves out.

use super::*;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use regex::Regex;

use crate::ledger::Reason;

/// Collects what a log writes.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl io::Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The lines that stderr gets at this level.
fn log(level: LevelFilter, events: impl FnOnce()) -> String {
    let page = Page::default();
    let writer = page.clone();
    let subscriber =
        tracing_subscriber::registry().with(lines(move || writer.clone(), false).with_filter(filter(level)));
    tracing::subscriber::with_default(subscriber, events);
    let bytes = page.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

fn new_ban(address: &str) -> NewBan {
    NewBan { address: address.parse().unwrap(), packets: 30, reason: Reason::Knocks }
}

const BANNED: [(&str, &str); 3] = [
    ("203.0.113.9", "203.0.113.9"),
    ("::ffff:198.51.100.7", "198.51.100.7"),
    ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
];

fn repository(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// The patterns of a filter file, its continuation lines included.
fn failregexes(file: &str) -> Vec<Regex> {
    let text = std::fs::read_to_string(repository(file)).unwrap();
    let mut patterns: Vec<String> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        match line.strip_prefix("failregex = ") {
            Some(first) => patterns.push(first.to_owned()),
            None if inside && line.starts_with(' ') => patterns.push(line.trim().to_owned()),
            None => {
                inside = false;
                continue;
            }
        }
        inside = true;
    }
    assert!(!patterns.is_empty(), "{file} has no failregex");
    let subnet = r"\[?(?:::f{4,6}:)?(?P<host>[0-9.]+|[0-9a-fA-F:]+)(?:/(?P<cidr>\d+))?\]?";
    patterns.iter().map(|pattern| Regex::new(&pattern.replace("<SUBNET>", subnet)).unwrap()).collect()
}

fn matched(patterns: &[Regex], line: &str) -> Option<String> {
    let captures = patterns.iter().find_map(|pattern| pattern.captures(line))?;
    let host = captures.name("host")?.as_str();
    Some(captures.name("cidr").map_or_else(|| host.to_owned(), |cidr| format!("{host}/{}", cidr.as_str())))
}

#[test]
fn the_ban_line_is_what_the_filter_reads() {
    let patterns = failregexes("fail2ban/filter.d/chatterd.conf");
    for (address, reported) in BANNED {
        let line = log(LevelFilter::INFO, || ban(&new_ban(address)));
        // fail2ban cuts the time off before it looks.
        let (_time, rest) = line.trim_end().split_once(' ').unwrap();
        assert_eq!(matched(&patterns, rest).as_deref(), Some(reported), "{line}");
        let journal = format!("host chatterd[714]: ban {reported}");
        assert_eq!(matched(&patterns, &journal).as_deref(), Some(reported));
    }
    for line in [
        "host chatterd[714]: ban nobody",
        "host other[714]: ban 203.0.113.9",
        "host chatterd[714]: a ban 203.0.113.9",
        "host chatterd[714]: ban 203.0.113.9 and more",
        " INFO chatterd: ban 203.0.113.9",
    ] {
        assert_eq!(matched(&patterns, line), None, "{line}");
    }
}

#[test]
fn the_report_filter_reads_the_report() {
    let seed = vec![Regex::new(r"^(?P<host>[0-9.]+)\s+->\s+\d+x packets$").unwrap()];
    let ours = failregexes("fail2ban/filter.d/chatterd-report.conf");
    for (address, reported) in BANNED {
        let line = format!("{reported} -> 30x packets");
        assert_eq!(matched(&ours, &line).as_deref(), Some(reported));
        if !address.contains("2001") {
            assert_eq!(matched(&seed, &line).as_deref(), Some(reported));
        }
    }
    for line in ["Integrate with fail2ban", "", "203.0.113.9 -> x packets", "x 203.0.113.9 -> 3x packets"] {
        assert_eq!(matched(&ours, line), None, "{line}");
    }
}

/// Each sample, the filter that reads it, and the addresses that it is to find, in their order.
fn samples() -> Vec<(String, &'static str, Vec<String>)> {
    let filters =
        [("journal.log", "chatterd"), ("stderr.log", "chatterd"), ("report.txt", "chatterd-report")];
    let sample = |(file, filter): (&str, &'static str)| {
        let (name, _) = file.split_once('.').unwrap();
        let expected = repository(&format!("fail2ban/samples/{name}.expected"));
        let expected = std::fs::read_to_string(expected).unwrap().lines().map(str::to_owned).collect();
        (format!("fail2ban/samples/{file}"), filter, expected)
    };
    filters.map(sample).to_vec()
}

#[test]
fn the_filters_find_in_the_samples_what_they_should() {
    for (file, filter, expected) in samples() {
        let patterns = failregexes(&format!("fail2ban/filter.d/{filter}.conf"));
        let text = std::fs::read_to_string(repository(&file)).unwrap();
        // fail2ban cuts the time off before it looks.
        let bare = |line: &str| match line.split_once(' ') {
            Some((time, rest)) if time.starts_with("2026-") => rest.to_owned(),
            Some(_) | None => line.to_owned(),
        };
        let found: Vec<_> = text.lines().filter_map(|line| matched(&patterns, &bare(line))).collect();
        assert_eq!(found, expected, "{file}");
    }
}

/// The same by fail2ban itself.
#[test]
#[ignore = "needs fail2ban-regex (Debian: fail2ban); `.ci/run peers` runs it"]
fn fail2ban_finds_in_the_samples_what_it_should() {
    for (file, filter, expected) in samples() {
        let mut command = Command::new("fail2ban-regex");
        command.args(["--out", "<ip>"]).arg(repository(&file));
        let output = command.arg(repository(&format!("fail2ban/filter.d/{filter}.conf"))).output().unwrap();
        let found = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(found.lines().collect::<Vec<_>>(), expected, "{file}");
    }
}

/// What fail2ban itself makes of what we write.
#[test]
#[ignore = "needs fail2ban-regex (Debian: fail2ban); run with --ignored"]
fn fail2ban_reads_both() {
    let folder = tempfile::tempdir().unwrap();
    let check = |name: &str, filter: &str, text: &str| {
        let file = folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        let output =
            Command::new("fail2ban-regex").arg("-v").arg(&file).arg(repository(filter)).output().unwrap();
        let output = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.contains("3 matched"), "{output}");
        for (_, reported) in BANNED {
            assert!(output.contains(reported), "{reported} is missing in {output}");
        }
    };
    let bans = || BANNED.iter().for_each(|(address, _)| ban(&new_ban(address)));
    let noise = || info!(target: "chatterd", knocks = 3, "ready");
    let stderr = log(LevelFilter::INFO, || {
        noise();
        bans();
    });
    check("stderr.log", "fail2ban/filter.d/chatterd.conf", &stderr);
    let journal: Vec<_> = BANNED
        .iter()
        .map(|(_, reported)| format!("2026-11-22T21:50:20.123456+00:00 host chatterd[7]: ban {reported}\n"))
        .collect();
    check("journal.log", "fail2ban/filter.d/chatterd.conf", &journal.concat());
    let lines: Vec<_> = BANNED.iter().map(|(_, reported)| format!("{reported} -> 30x packets\n")).collect();
    let report = format!(
        "Logged IP addresses flagged as potential DDOS threat\nIntegrate with fail2ban\n\n{}",
        lines.concat()
    );
    check("report.txt", "fail2ban/filter.d/chatterd-report.conf", &report);
    // The filter that the seed came with knows IPv4 alone.
    let seed = folder.path().join("seed.conf");
    std::fs::write(&seed, "[Definition]\nfailregex = ^<HOST>\\s+->\\s+\\d+x packets$\ndatepattern = ^\n")
        .unwrap();
    let output =
        Command::new("fail2ban-regex").arg(folder.path().join("report.txt")).arg(&seed).output().unwrap();
    let output = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.contains("2 matched"), "{output}");
}

#[test]
fn levels_are_ours_and_bans_are_always_told() {
    let events = || {
        tracing::trace!(target: "chatterd::door", "ours");
        tracing::trace!(target: "h2::codec", "theirs");
        info!(target: "h2::codec", "theirs");
        tracing::error!(target: "h2::codec", "broken");
        ban(&new_ban("203.0.113.9"));
    };
    let all = log(LevelFilter::TRACE, events);
    assert!(all.contains("ours") && all.contains("broken") && !all.contains("theirs"), "{all}");
    let none = log(LevelFilter::OFF, events);
    assert_eq!(none.lines().count(), 1, "{none}");
    assert!(none.contains("ban 203.0.113.9 address=203.0.113.9 packets=30 reason=knocks"), "{none}");
}

#[test]
fn the_volume_can_be_changed_while_it_is_written() {
    let page = Page::default();
    let writer = page.clone();
    let (filter, volume) = reload::Layer::new(filter(LevelFilter::INFO));
    let subscriber =
        tracing_subscriber::registry().with(lines(move || writer.clone(), false).with_filter(filter));
    let volume = Volume(volume);
    tracing::subscriber::with_default(subscriber, || {
        tracing::debug!("quiet");
        volume.set(LevelFilter::DEBUG);
        tracing::debug!("loud");
        volume.set(LevelFilter::OFF);
        tracing::error!("nothing");
        ban(&new_ban("203.0.113.9"));
    });
    let text = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains("loud") && text.contains("ban 203.0.113.9"), "{text}");
    assert!(!text.contains("quiet") && !text.contains("nothing"), "{text}");
}

#[test]
fn stderr_is_the_journal_only_where_systemd_says_this_very_stream() {
    let stderr = nix::sys::stat::fstat(io::stderr().as_fd()).unwrap();
    let check = |stream: String| is_journal(&Environment::new([("JOURNAL_STREAM", stream)], 0));
    assert!(check(format!("{}:{}", stderr.st_dev, stderr.st_ino)));
    for other in ["".to_owned(), "8:1".to_owned(), "x".to_owned(), format!("{}:0", stderr.st_dev)] {
        assert!(!check(other));
    }
}

/// What the log says, in the sources, and what the document tells operators to do about it.
#[test]
fn every_line_is_in_the_document() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let document = std::fs::read_to_string(home.join("../docs/operating.md")).unwrap();
    // Fields stand before the text.
    let call = r#"\b(?:info|warn|error)!\((?:[^"()]|\([^()]*\))*"((?:[^"\\]|\\.)*)""#;
    let call = Regex::new(call).unwrap();
    let (place, whole) = (Regex::new(r"\{[^}]*\}").unwrap(), Regex::new(r"^(\{\w+\}|ban \{\})$").unwrap());
    let (mut folders, mut lines) = (vec![home.join("src")], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_some_and(|name| name != "tests.rs") {
                let text = std::fs::read_to_string(path).unwrap();
                let text = text.split("#[cfg(test)]").next().unwrap();
                let said = call.captures_iter(text).map(|call| call[1].to_owned());
                lines.extend(said.filter(|line| !whole.is_match(line)));
            }
        }
    }
    assert!(lines.len() > 15, "{lines:?}");
    for line in lines {
        let line = place.replace_all(&line, "\u{2026}").into_owned();
        assert!(document.contains(&line), "docs/operating.md does not say what to do about {line:?}");
    }
}

//! Names for a generated directory: words of the host's and of our own, put together as people do.
//!
//! **In**: chance, words. **Out**: names, none twice.
//! **Never**: white space or anything that would need quoting.

use super::super::carrier_file::Kind;
use super::super::dates;
use super::{Draw, Form};
use std::collections::BTreeSet;

/// The words there are, and the names already given.
pub(super) struct Names {
    host: Vec<String>,
    given: BTreeSet<String>,
}

impl Names {
    pub(super) fn new(words: &[String]) -> Names {
        let mut host: Vec<String> = words
            .iter()
            .map(|word| word.to_ascii_lowercase())
            .filter(|word| {
                (3..=12).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_alphanumeric())
            })
            .collect();
        host.sort();
        host.dedup();
        Names { host, given: BTreeSet::new() }
    }

    /// A word, the host's as often as our own.
    pub(super) fn word(&self, draw: &mut Draw) -> String {
        if !self.host.is_empty() && draw.chance(2) {
            let limit = u64::try_from(self.host.len()).unwrap_or(1);
            let at = usize::try_from(draw.below(limit)).unwrap_or_default();
            return self.host.get(at).cloned().unwrap_or_default();
        }
        let mut word = String::new();
        for _ in 0..draw.between(2, 3) {
            word.push_str(draw.pick(&ONSETS));
            word.push_str(draw.pick(&RIMES));
        }
        if draw.chance(2) { draw.pick(&WORDS).to_owned() } else { word }
    }

    /// Where the directory claims to lie.
    pub(super) fn root(&self, draw: &mut Draw) -> String {
        let place = draw.pick(&["/srv", "/home", "/mnt", "/var/lib", "/data", "/opt", "/media", "/export"]);
        let word = self.word(draw);
        match draw.below(3) {
            0 => format!("{place}/{word}"),
            1 => format!(
                "{place}/{word}/{}",
                draw.pick(&["files", "share", "public", "out", "export", "transfer"])
            ),
            _ => format!("{place}/{word}/{}", self.word(draw)),
        }
    }

    pub(super) fn directory(&mut self, draw: &mut Draw) -> String {
        self.fresh(draw, |names, draw| match draw.below(4) {
            0 => format!("{}{}", names.word(draw), draw.pick(&["", "-old", "_new", ".d", "-src"])),
            1 => draw.between(2015, 2025).to_string(),
            2 => format!("{}-{}", names.word(draw), names.word(draw)),
            _ => names.word(draw),
        })
    }

    /// A file's name, with an extension that fits its form.
    pub(super) fn file(&mut self, draw: &mut Draw, form: Form, modified: i64) -> String {
        let extensions: &[&str] = match form {
            Form::Log => &["log", "log.1", "txt", "out"],
            Form::Table => &["csv", "tsv"],
            Form::Notes => &["txt", "md", "org"],
            Form::Settings => &["conf", "ini", "cfg", "yml"],
            Form::Archive => &["tar.gz", "tgz", "tar.xz", "zip", "gz"],
            Form::Picture => &["jpg", "png", "JPG"],
            Form::Document => &["pdf"],
        };
        self.fresh(draw, |names, draw| {
            let stem = names.stem(draw, modified);
            format!("{stem}.{}", draw.pick(extensions))
        })
    }

    /// The carrier's name, which says what its kind would.
    pub(super) fn carrier(&mut self, draw: &mut Draw, kind: Kind) -> String {
        let extensions: &[&str] = match kind {
            Kind::OpensslEnc => &["enc", "tar.enc", "tar.gz.enc", "aes"],
            Kind::Gpg => &["gpg", "tar.gpg", "sql.gz.gpg"],
            Kind::Pgp => &["pgp", "tar.gz.gpg", "gpg"],
            Kind::Age => &["age", "tar.age", "tar.zst.age"],
            Kind::Luks => &["img", "luks", "raw"],
            Kind::Tomb => &["tomb"],
            Kind::Veracrypt => &["hc", "vc", "tc"],
            Kind::Zip => &["zip"],
            Kind::SevenZip => &["7z"],
            Kind::Rar => &["rar"],
            Kind::Qcow2 => &["qcow2", "img"],
            Kind::AesCrypt => &["aes", "tar.aes"],
            Kind::Ccrypt => &["cpt", "tar.cpt"],
        };
        self.fresh(draw, |names, draw| {
            let stem = match draw.below(3) {
                0 => names.word(draw),
                1 => format!("{}-{}", names.word(draw), draw.pick(&JOBS)),
                _ => format!("{}{}", names.word(draw), draw.between(1, 99)),
            };
            format!("{stem}.{}", draw.pick(extensions))
        })
    }

    fn stem(&self, draw: &mut Draw, modified: i64) -> String {
        let date = dates::format(modified).unwrap_or_default();
        let part = |from: usize, to: usize| date.get(from..to).unwrap_or_default();
        let month = dates::month_of(modified);
        let word = self.word(draw);
        match draw.below(7) {
            0 => format!("{word}-{}{month:02}{}", part(12, 16), part(5, 7)),
            1 => format!("{word}_{}-{month:02}-{}", part(12, 16), part(5, 7)),
            2 => format!("{word}-{}", self.word(draw)),
            3 => format!("{word}_{}", self.word(draw)),
            4 => format!("{word}{}", draw.between(1, 40)),
            5 => format!("{word}-{}.{}.{}", draw.below(4), draw.below(20), draw.below(10)),
            _ => word,
        }
    }

    fn fresh(&mut self, draw: &mut Draw, make: impl Fn(&Names, &mut Draw) -> String) -> String {
        loop {
            let name = make(self, draw);
            if self.given.insert(name.clone()) {
                return name;
            }
        }
    }
}

const JOBS: [&str; 10] =
    ["nightly", "full", "latest", "snapshot", "dump", "sync", "vault", "mirror", "disk", "archive"];
const ONSETS: [&str; 24] = [
    "b", "br", "c", "ch", "d", "dr", "f", "g", "gr", "h", "k", "kl", "l", "m", "n", "p", "pr", "r", "s",
    "st", "t", "tr", "v", "w",
];
const RIMES: [&str; 20] = [
    "a", "an", "ar", "e", "el", "en", "er", "i", "in", "is", "o", "ol", "on", "or", "os", "u", "ul", "um",
    "us", "y",
];
const WORDS: [&str; 72] = [
    "access", "album", "annex", "audit", "batch", "bench", "billing", "board", "branch", "build", "cabin",
    "cache", "camera", "catalog", "cellar", "chart", "client", "clinic", "course", "data", "deploy", "draft",
    "export", "family", "field", "firmware", "garden", "gateway", "house", "import", "index", "intake",
    "invoice", "kitchen", "lab", "ledger", "lesson", "library", "listing", "magazine", "mail", "manual",
    "measure", "meeting", "meter", "mirror", "music", "notes", "office", "orders", "outbox", "panel",
    "parts", "photos", "plan", "plant", "printer", "project", "radio", "record", "release", "report", "rig",
    "router", "sample", "scan", "school", "sensor", "station", "stock", "survey", "trip",
];

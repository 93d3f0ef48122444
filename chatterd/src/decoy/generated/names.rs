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
    own: Vec<&'static str>,
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
        Names { host, own: WORDS.split_ascii_whitespace().collect(), given: BTreeSet::new() }
    }

    /// A word, the host's as often as our own: for what is written in files.
    pub(super) fn word(&self, draw: &mut Draw) -> String {
        match draw.below(4) {
            0 | 1 if !self.host.is_empty() => self.host_word(draw),
            0 | 2 => draw.pick(&self.own).to_owned(),
            _ => coined(draw),
        }
    }

    fn host_word(&self, draw: &mut Draw) -> String {
        let limit = u64::try_from(self.host.len()).unwrap_or(1);
        let at = usize::try_from(draw.below(limit)).unwrap_or_default();
        self.host.get(at).cloned().unwrap_or_default()
    }

    /// Two or three parts, of which one at least is hardly ever drawn twice: hosts of one image share their words.
    fn label(&self, draw: &mut Draw) -> String {
        let own = draw.pick(&self.own);
        let joint = draw.pick(&["-", "_", "-", "."]);
        match draw.below(6) {
            0 => coined(draw),
            1 => format!("{}{joint}{own}", coined(draw)),
            2 => format!("{own}{joint}{}", coined(draw)),
            3 => format!("{}{joint}{}", self.word(draw), coined(draw)),
            4 => format!("{own}{joint}{}{joint}{:03}", draw.pick(&self.own), draw.between(1, 999)),
            _ => format!("{}{joint}{own}{joint}{:04}", self.word(draw), draw.between(1, 9_999)),
        }
    }

    /// Where the directory claims to lie.
    pub(super) fn root(&self, draw: &mut Draw) -> String {
        let place = draw.pick(&["/srv", "/home", "/mnt", "/var/lib", "/data", "/opt", "/media", "/export"]);
        let below = draw.pick(&["files", "share", "public", "out", "export", "transfer"]);
        match draw.below(3) {
            0 => format!("{place}/{}", self.label(draw)),
            1 => format!("{place}/{}/{below}", coined(draw)),
            _ => format!("{place}/{}/{}", self.word(draw), coined(draw)),
        }
    }

    pub(super) fn directory(&mut self, draw: &mut Draw, modified: i64) -> String {
        self.fresh(draw, |names, draw| {
            let (year, ..) = date(modified);
            match draw.below(4) {
                0 => format!("{}{}", coined(draw), draw.pick(&["", "-old", "_new", ".d", "-src"])),
                1 => format!("{}-{year}", coined(draw)),
                _ => names.label(draw),
            }
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
            Kind::Luks | Kind::Luks2 => &["img", "luks", "raw"],
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
                0 => coined(draw),
                1 => format!("{}-{}", coined(draw), draw.pick(&JOBS)),
                _ => names.label(draw),
            };
            format!("{stem}.{}", draw.pick(extensions))
        })
    }

    fn stem(&self, draw: &mut Draw, modified: i64) -> String {
        let (year, month, day) = date(modified);
        match draw.below(7) {
            0 => format!("{}-{year}{month:02}{day}", coined(draw)),
            1 => format!("{}_{}_{year}-{month:02}-{day}", self.word(draw), draw.pick(&self.own)),
            2 => format!("{}-{}.{}.{}", coined(draw), draw.below(4), draw.below(20), draw.below(10)),
            _ => self.label(draw),
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

/// A word that nobody has used yet: a product's, a person's, a machine's.
fn coined(draw: &mut Draw) -> String {
    let mut word = String::new();
    for _ in 0..draw.between(2, 3) {
        word.push_str(draw.pick(&ONSETS));
        word.push_str(draw.pick(&RIMES));
    }
    word
}

/// Year, month and day of a time.
fn date(time: i64) -> (String, i64, String) {
    let date = dates::format(time).unwrap_or_default();
    let part = |from: usize, to: usize| date.get(from..to).unwrap_or_default().to_owned();
    (part(12, 16), dates::month_of(time), part(5, 7))
}

const JOBS: [&str; 10] =
    ["nightly", "full", "latest", "snapshot", "dump", "sync", "vault", "mirror", "disk", "archive"];
const ONSETS: [&str; 34] = [
    "b", "bl", "br", "c", "ch", "cl", "d", "dr", "f", "fl", "g", "gl", "gr", "h", "j", "k", "kl", "l", "m",
    "n", "p", "pl", "pr", "r", "s", "sh", "st", "t", "th", "tr", "v", "w", "y", "z",
];
const RIMES: [&str; 30] = [
    "a", "al", "an", "ar", "as", "e", "el", "en", "er", "es", "i", "il", "im", "in", "is", "o", "ol", "om",
    "on", "or", "os", "u", "ul", "um", "un", "us", "y", "ai", "ea", "ou",
];
/// Our own words: what people call the things that they keep.
const WORDS: &str = "\
access album annex archive attic audit badge balance basement batch beacon bench billing binder board bookings \
border branch bridge budget build bulletin cabin cabinet cache calendar camera campus canal carton catalog \
cellar census chapel chart choir circle claims client clinic coast column compass contest contract corner \
costs counter courier course crew customs data deck demo deploy depot desk diary digest dispatch district dock \
draft drawing drill drum duty engine estate events exam expense export factory family farm ferry festival \
field figures film filter firmware floor folder forecast forest forms forum freight furnace gallery garage \
garden gate gateway glass goods grants grid guests guide hall handbook harbour harvest heating heritage \
history hotel house hydro import inbox index intake interview invoice island items journal junction kernel \
kitchen lab label ladder lamp lane laundry layout leaflet lease ledger lesson letters library lights listing \
loans locker lot lounge lumber machine magazine mail manual map market measure media meeting member memo menu \
meter mill minutes mirror model module monitor museum music network newsletter notes notice office orbit \
orchard orders outbox oven packing panel paper parade parcel parish parking parts patrol payroll permit photos \
piano pilot pipeline plan planner plant platform plot poll pool port poster press pricing printer probe \
project prospect pump quarry quota quote radio rail ranger rates rebuild receipt recipe record reef region \
register release rental repair report reserve resort results review rig river roster route router sample scan \
scenery schedule school scores season seats sensor service shelf shift shipping shop signal site sketch slides \
sluice solar spare stage station stock storage store studio summary supply survey switch tables talks tariff \
tasks team tender terrace theatre ticket timber toolbox tower track trade traffic training transit travel \
trial trip tunnel turbine valley vendor venue video village visit voucher ward warehouse water weather webcam \
wharf window winter wiring workshop yard yearbook";

//! The default directory: drawn from a seed, served from memory.
//!
//! **In**: a seed, words found on the host. **Out**: a tree of plausible files that stays the same for the same seed
//! and words, with one virtual carrier.
//! **Never**: a disk, the clock, or a name that two seeds share beyond chance.

mod contents;
mod names;

use super::carrier_file::{Carrier, Kind as CarrierKind};
use super::dates::Stamp;
use super::listing::Entry;
use super::root::{Content, Kind, Opened};
use blake3::OutputReader;
use names::Names;
use std::sync::Arc;

/// What a directory is drawn from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seed {
    /// Chance.
    pub bytes: [u8; 32],
    /// Words found on the host, which mix into the names.
    pub words: Vec<String>,
    /// When it was drawn, in seconds since 1970: the files have been forgotten for a while by then.
    pub drawn_at: i64,
}

impl Seed {
    /// One without words of a host, drawn at the turn of 2026.
    pub fn bare(bytes: [u8; 32]) -> Seed {
        Seed { bytes, words: Vec::new(), drawn_at: 1_767_225_600 }
    }
}

/// A directory that exists in memory only.
#[derive(Debug, Clone)]
pub struct Tree {
    path: String,
    top: Vec<Node>,
    carrier: String,
}

#[derive(Debug, Clone)]
struct Node {
    name: String,
    modified: i64,
    thing: Thing,
}

#[derive(Debug, Clone)]
enum Thing {
    Directory(Vec<Node>),
    File(Arc<[u8]>),
    Carrier(Carrier),
}

impl Tree {
    /// The tree of a seed.
    pub fn grow(seed: &Seed) -> Tree {
        let mut draw = Draw::new(&seed.bytes);
        // A clock that was never set is no reason to show files from before there were any.
        let drawn_at = seed.drawn_at.clamp(DRAWN_AT.0, DRAWN_AT.1);
        let newest = drawn_at - draw.between(FORGOTTEN.0 * DAY, FORGOTTEN.1 * DAY);
        let mut names = Names::new(&seed.words);
        let path = names.root(&mut draw);
        let mut top = files(&mut draw, &mut names, newest, (4, 14));
        for _ in 0..draw.below(5) {
            let mut inner = files(&mut draw, &mut names, newest, (1, 9));
            if draw.chance(4) {
                let files = files(&mut draw, &mut names, newest, (1, 6));
                inner.push(directory(&mut draw, &mut names, files));
            }
            top.push(directory(&mut draw, &mut names, inner));
        }
        let carrier = draw_carrier(&mut draw);
        let name = names.carrier(&mut draw, carrier.kind);
        let carrier_name = name.clone();
        top.push(Node { name, modified: newest, thing: Thing::Carrier(carrier) });
        Tree { path, top, carrier: carrier_name }
    }

    /// The same tree with a carrier of another size, for tests that download it.
    #[must_use]
    pub fn with_carrier_size(mut self, size: u64) -> Tree {
        for node in &mut self.top {
            if let Thing::Carrier(carrier) = &mut node.thing {
                carrier.size = size;
            }
        }
        self
    }

    /// The carrier, for whoever continues its bytes.
    pub fn carrier_file(&self) -> Option<Carrier> {
        self.top.iter().find_map(|node| match &node.thing {
            Thing::Carrier(carrier) => Some(*carrier),
            Thing::Directory(_) | Thing::File(_) => None,
        })
    }

    /// Where the tree claims to lie.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    pub(super) fn carrier(&self) -> &str {
        &self.carrier
    }

    pub(super) fn kind(&self, names: &[Vec<u8>], slash: bool) -> Kind {
        match self.find(names) {
            Some(Found::Directory(_)) => Kind::Directory,
            Some(Found::File(_)) if !slash => Kind::File,
            Some(Found::File(_)) | None => Kind::Missing,
        }
    }

    pub(super) fn entries(&self, names: &[Vec<u8>]) -> Option<Vec<Entry>> {
        let Some(Found::Directory(nodes)) = self.find(names) else { return None };
        let entry = |node: &Node| Entry {
            name: node.name.clone().into_bytes(),
            directory: matches!(node.thing, Thing::Directory(_)),
            link: false,
        };
        Some(nodes.iter().map(entry).collect())
    }

    pub(super) fn open(&self, names: &[Vec<u8>], now: Stamp) -> Option<Opened> {
        let Some(Found::File(node)) = self.find(names) else { return None };
        let modified = Stamp { seconds: node.modified, nanoseconds: 0 };
        match &node.thing {
            Thing::File(bytes) => {
                let size = u64::try_from(bytes.len()).ok()?;
                Some(Opened { size, modified, content: Content::Memory(Arc::clone(bytes)) })
            }
            Thing::Carrier(carrier) => {
                Some(Opened { size: carrier.size, modified: now, content: Content::Virtual(*carrier) })
            }
            Thing::Directory(_) => None,
        }
    }

    /// The ordinary files' paths, the carrier's not among them.
    pub(super) fn files(&self) -> Vec<Vec<u8>> {
        let mut found = Vec::new();
        name_files(&self.top, "", &mut found);
        found
    }

    fn find(&self, names: &[Vec<u8>]) -> Option<Found<'_>> {
        let mut nodes = &self.top;
        let mut names = names.iter();
        while let Some(name) = names.next() {
            let node = nodes.iter().find(|node| node.name.as_bytes() == name.as_slice())?;
            match &node.thing {
                Thing::Directory(inner) => nodes = inner,
                Thing::File(_) | Thing::Carrier(_) => {
                    return names.next().is_none().then_some(Found::File(node));
                }
            }
        }
        Some(Found::Directory(nodes))
    }
}

fn name_files(nodes: &[Node], above: &str, found: &mut Vec<Vec<u8>>) {
    for node in nodes {
        let path = format!("{above}{}", node.name);
        match &node.thing {
            Thing::File(_) => found.push(path.into_bytes()),
            Thing::Directory(nodes) => name_files(nodes, &format!("{path}/"), found),
            Thing::Carrier(_) => {}
        }
    }
}

enum Found<'a> {
    Directory(&'a [Node]),
    File(&'a Node),
}

fn files(draw: &mut Draw, names: &mut Names, newest: i64, count: (i64, i64)) -> Vec<Node> {
    let count = draw.between(count.0, count.1);
    (0..count)
        .map(|_| {
            let age = draw.age();
            let modified = newest - draw.between(0, age);
            let form = draw.form();
            let name = names.file(draw, form, modified);
            let content = contents::write(draw, names, form, &name, modified);
            Node { name, modified, thing: Thing::File(content.into()) }
        })
        .collect()
}

fn directory(draw: &mut Draw, names: &mut Names, inner: Vec<Node>) -> Node {
    let modified = inner.iter().map(|node| node.modified).max().unwrap_or_default();
    Node { name: names.directory(draw, modified), modified, thing: Thing::Directory(inner) }
}

fn draw_carrier(draw: &mut Draw) -> Carrier {
    let kind = draw.pick(&CARRIER_KINDS);
    let size = draw.between(CARRIER_SIZE.0, CARRIER_SIZE.1);
    let (unit, rest) = kind.grain();
    Carrier { kind, size: u64::try_from(size - size % unit + rest).unwrap_or_default() }
}

/// What a generated file looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Log,
    Table,
    Notes,
    Settings,
    Archive,
    Picture,
    Document,
}

/// Chance, drawn from the seed.
struct Draw(OutputReader);

impl Draw {
    fn new(seed: &[u8; 32]) -> Draw {
        Draw(blake3::Hasher::new_derive_key("chatter v1 generated directory").update(seed).finalize_xof())
    }

    fn fill(&mut self, bytes: &mut [u8]) {
        self.0.fill(bytes);
    }

    fn number(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn below(&mut self, limit: u64) -> u64 {
        u64::try_from((u128::from(self.number()) * u128::from(limit)) >> 64).unwrap_or_default()
    }

    /// A number between the two, both included.
    fn between(&mut self, low: i64, high: i64) -> i64 {
        let span = u64::try_from(high - low).unwrap_or_default() + 1;
        low + i64::try_from(self.below(span)).unwrap_or_default()
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        let limit = u64::try_from(from.len()).unwrap_or_default();
        let at = usize::try_from(self.below(limit)).unwrap_or_default();
        *from.get(at).expect("what is drawn from is never empty")
    }

    fn chance(&mut self, one_in: u64) -> bool {
        self.below(one_in) == 0
    }

    fn form(&mut self) -> Form {
        self.pick(&[
            Form::Log,
            Form::Table,
            Form::Notes,
            Form::Settings,
            Form::Archive,
            Form::Archive,
            Form::Picture,
            Form::Document,
        ])
    }

    /// How old a file may be, in seconds: mostly weeks, sometimes years.
    fn age(&mut self) -> i64 {
        let days = if self.chance(3) { 1200 } else { 90 };
        days * DAY
    }

    /// A size whose logarithm is even: many small files, few large ones.
    fn size(&mut self, low: u32, high: u32) -> usize {
        let power = self.between(i64::from(low), i64::from(high) - 1);
        usize::try_from(self.between(1 << power, (2 << power) - 1)).unwrap_or_default()
    }
}

/// For how many days nobody has touched the files by the time the seed is drawn.
const FORGOTTEN: (i64, i64) = (75, 900);
/// When a seed may have been drawn: 2025-09-01 to 2100-01-01.
const DRAWN_AT: (i64, i64) = (1_756_684_800, 4_102_444_800);
const DAY: i64 = 86_400;
/// The span of the carrier's size: 64 MiB to 1 GiB.
const CARRIER_SIZE: (i64, i64) = (64 << 20, 1 << 30);
const CARRIER_KINDS: [CarrierKind; 13] = [
    CarrierKind::OpensslEnc,
    CarrierKind::Gpg,
    CarrierKind::Pgp,
    CarrierKind::Age,
    CarrierKind::Luks,
    CarrierKind::Tomb,
    CarrierKind::Veracrypt,
    CarrierKind::Zip,
    CarrierKind::SevenZip,
    CarrierKind::Rar,
    CarrierKind::Qcow2,
    CarrierKind::AesCrypt,
    CarrierKind::Ccrypt,
];

#[cfg(test)]
mod tests;

//! **In**: seeds and words. **Out**: the trees that grow from them. **Never**: a disk.

use super::*;
use std::collections::{BTreeMap, BTreeSet};

/// Path, time and bytes of each plain file.
fn all(tree: &Tree) -> Vec<(String, i64, Arc<[u8]>)> {
    fn walk(nodes: &[Node], above: &str, found: &mut Vec<(String, i64, Arc<[u8]>)>) {
        for node in nodes {
            match &node.thing {
                Thing::File(bytes) => {
                    found.push((format!("{above}{}", node.name), node.modified, Arc::clone(bytes)));
                }
                Thing::Directory(inner) => walk(inner, &format!("{above}{}/", node.name), found),
                Thing::Carrier(_) => {}
            }
        }
    }
    let mut found = Vec::new();
    walk(&tree.top, "", &mut found);
    found
}

/// The last part of each path, that of directories and the carrier included.
fn names(tree: &Tree) -> Vec<String> {
    fn walk(nodes: &[Node], found: &mut Vec<String>) {
        for node in nodes {
            found.push(node.name.clone());
            if let Thing::Directory(inner) = &node.thing {
                walk(inner, found);
            }
        }
    }
    let mut found = Vec::new();
    walk(&tree.top, &mut found);
    found
}

fn words() -> Vec<String> {
    ["kernel", "debconf", "no space", "x", "postgres", "mailhost"].map(str::to_owned).to_vec()
}

/// Seeds that only differ by chance: all of one image's words, all drawn in the same second.
fn seed(number: u32) -> Seed {
    let bytes = *blake3::hash(&number.to_be_bytes()).as_bytes();
    Seed { words: words(), ..Seed::bare(bytes) }
}

#[test]
fn a_seed_and_its_words_always_give_the_same() {
    let (one, other) = (Tree::grow(&seed(3)), Tree::grow(&seed(3)));
    assert_eq!(all(&one), all(&other));
    assert_eq!(
        (one.path(), one.carrier(), one.carrier_file()),
        (other.path(), other.carrier(), other.carrier_file())
    );
    let opened = |tree: &Tree| {
        let names: Vec<Vec<u8>> = tree
            .files()
            .first()
            .map(|path| path.split(|byte| *byte == b'/').map(<[u8]>::to_vec).collect())
            .expect("a file");
        let opened = tree.open(&names, Stamp { seconds: 0, nanoseconds: 0 }).expect("it is there");
        let Content::Memory(bytes) = opened.content else { panic!("a plain file") };
        bytes
    };
    assert_eq!(opened(&one), opened(&other));
}

/// How often something that trees have occurs in how many of them.
#[derive(Default)]
struct Shared<T: Ord>(BTreeMap<T, u32>);

impl<T: Ord> Shared<T> {
    fn add(&mut self, things: impl IntoIterator<Item = T>) {
        for thing in things.into_iter().collect::<BTreeSet<T>>() {
            *self.0.entry(thing).or_default() += 1;
        }
    }

    /// How many things any two of so many trees share, on average.
    fn per_pair(&self, trees: u32) -> f64 {
        let pairs = |count: u32| f64::from(count) * f64::from(count.saturating_sub(1)) / 2.0;
        self.0.values().map(|count| pairs(*count)).sum::<f64>() / pairs(trees)
    }

    fn most(&self) -> u32 {
        self.0.values().copied().max().unwrap_or_default()
    }
}

/// Chance is what these bounds say. A tree has some 30 names; any two of 300 trees were measured to share none, no time and
/// no content. Sizes and shapes have fewer values: one pair in a hundred had a size in common, one in 250 the same shape.
#[test]
fn installations_share_no_name_size_or_time_beyond_chance() {
    let trees = std::env::var("CHATTER_DECOY_TREES").map_or(60, |count| count.parse().expect("a number"));
    let (mut all_names, mut times, mut sizes) = (Shared::default(), Shared::default(), Shared::default());
    let (mut contents, mut carriers, mut shapes, mut paths) =
        (Shared::default(), Shared::default(), Shared::default(), Shared::default());
    for number in 0..trees {
        let tree = Tree::grow(&seed(number));
        let files = all(&tree);
        all_names.add(names(&tree));
        times.add(files.iter().map(|(_, time, _)| *time));
        sizes.add(files.iter().map(|(_, _, bytes)| bytes.len()));
        contents.add(files.iter().map(|(_, _, bytes)| *blake3::hash(bytes).as_bytes()));
        carriers.add([tree.carrier().to_owned()]);
        paths.add([tree.path().to_owned()]);
        let shape = tree.top.iter().map(|node| match &node.thing {
            Thing::Directory(inner) => inner.len(),
            Thing::File(_) | Thing::Carrier(_) => 0,
        });
        let mut shape: Vec<usize> = shape.collect();
        shape.sort_unstable();
        shapes.add([shape]);
    }
    let found = format!(
        "{trees} trees; any two share, on average, {:.6} names, {:.6} times, {:.6} sizes, {:.6} contents, {:.6} carrier \
         names, {:.6} paths, {:.6} shapes; the commonest name is in {} of them",
        all_names.per_pair(trees),
        times.per_pair(trees),
        sizes.per_pair(trees),
        contents.per_pair(trees),
        carriers.per_pair(trees),
        paths.per_pair(trees),
        shapes.per_pair(trees),
        all_names.most(),
    );
    assert!(all_names.per_pair(trees) < 0.001 && all_names.most() <= 3, "{found}");
    assert!(times.per_pair(trees) < 0.001 && sizes.per_pair(trees) < 0.05, "{found}");
    assert!(contents.most() == 1 && carriers.per_pair(trees) < 0.001, "{found}");
    assert!(paths.per_pair(trees) < 0.001 && shapes.per_pair(trees) < 0.02, "{found}");
    // Shown with --nocapture.
    let _ = std::io::Write::write_all(&mut std::io::stdout(), format!("{found}\n").as_bytes());
}

#[test]
fn trees_are_of_a_plausible_size_and_age() {
    for number in 0..40 {
        for drawn_at in [1_767_225_600, 1_893_456_000] {
            let tree = Tree::grow(&Seed { words: Vec::new(), drawn_at, ..seed(number) });
            let files = all(&tree);
            assert!((4..=80).contains(&files.len()), "{}", files.len());
            let total: usize = files.iter().map(|(_, _, bytes)| bytes.len()).sum();
            assert!(total < 24 << 20, "{total} bytes");
            let newest = drawn_at - FORGOTTEN.0 * DAY;
            let oldest = drawn_at - (FORGOTTEN.1 + 1_200) * DAY;
            assert!(files.iter().all(|(_, time, _)| (oldest..=newest).contains(time)));
            assert!(files.iter().all(|(name, _, bytes)| name.is_ascii() && !bytes.is_empty()));
            let carrier = tree.carrier_file().expect("a carrier");
            assert!((63 << 20..=1 << 30).contains(&carrier.size));
            let (unit, rest) = carrier.kind.grain();
            assert_eq!(i64::try_from(carrier.size).expect("a size") % unit, rest);
        }
    }
}

#[test]
fn a_clock_that_was_never_set_shows_no_files_of_1970() {
    let tree = |drawn_at| Tree::grow(&Seed { drawn_at, ..Seed::bare([9; 32]) });
    for (drawn_at, year) in [(0, "20"), (i64::MIN, "20"), (i64::MAX, "20")] {
        for (_, time, _) in all(&tree(drawn_at)) {
            assert!(crate::decoy::dates::sortable(time).starts_with(year));
        }
    }
}

#[test]
fn a_carrier_of_another_size_streams_so_many_bytes() {
    let tree = Tree::grow(&seed(5)).with_carrier_size(200_003);
    let carrier = tree.carrier_file().expect("a carrier");
    let mut stream = carrier.stream([1; 32]);
    let mut lengths = Vec::new();
    let mut first = Vec::new();
    loop {
        let piece = stream.piece();
        if piece.is_empty() {
            break;
        }
        lengths.push(piece.len());
        first.extend(piece.into_iter().take(64));
    }
    assert_eq!(lengths, [65_536, 65_536, 65_536, 3_395]);
    let mut other = carrier.stream([1; 32]).piece();
    other.truncate(64);
    assert_eq!(first.get(..64), Some(other.as_slice()));
}

//! **In**: seeds and words. **Out**: the trees that grow from them. **Never**: a disk.

use super::*;

fn all(tree: &Tree) -> Vec<(String, i64, usize)> {
    let mut found = Vec::new();
    for node in &tree.top {
        match &node.thing {
            Thing::File(bytes) => found.push((node.name.clone(), node.modified, bytes.len())),
            Thing::Directory(nodes) => found.extend(nodes.iter().filter_map(|node| match &node.thing {
                Thing::File(bytes) => Some((node.name.clone(), node.modified, bytes.len())),
                Thing::Directory(_) | Thing::Carrier(_) => None,
            })),
            Thing::Carrier(_) => {}
        }
    }
    found
}

fn words() -> Vec<String> {
    ["kernel", "debconf", "no space", "x", "postgres", "mailhost"].map(str::to_owned).to_vec()
}

#[test]
fn a_seed_and_its_words_always_give_the_same() {
    let (one, other) = (Tree::grow(&[3; 32], &words()), Tree::grow(&[3; 32], &words()));
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

#[test]
fn two_seeds_share_nothing_beyond_chance() {
    let trees: Vec<Tree> = (0..20).map(|seed| Tree::grow(&[seed; 32], &words())).collect();
    let mut shared = 0;
    let mut compared = 0;
    for (position, one) in trees.iter().enumerate() {
        for other in trees.iter().skip(position + 1) {
            let (one, other) = (all(one), all(other));
            compared += one.len();
            shared += one.iter().filter(|(name, ..)| other.iter().any(|(own, ..)| own == name)).count();
            assert!(
                !one.iter()
                    .any(|(_, time, size)| other.iter().any(|(_, own, same)| (own, same) == (time, size)))
            );
        }
    }
    assert!(shared * 500 < compared, "{shared} of {compared} names are shared");
}

#[test]
fn trees_are_of_a_plausible_size() {
    for seed in 0..40 {
        let tree = Tree::grow(&[seed; 32], &[]);
        let files = all(&tree);
        assert!((7..=21).contains(&files.len()), "{}", files.len());
        assert!(files.iter().all(|(name, time, size)| name.is_ascii() && *time < NEWEST.1 && *size > 0));
        let carrier = tree.carrier_file().expect("a carrier");
        assert!((63 << 20..=1 << 30).contains(&carrier.size));
        assert!(carrier.kind != CarrierKind::OpensslEnc || carrier.size.is_multiple_of(16));
    }
}

#[test]
fn a_carrier_of_another_size_streams_so_many_bytes() {
    let tree = Tree::grow(&[5; 32], &[]).with_carrier_size(200_003);
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

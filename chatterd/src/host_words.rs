//! Words found on this host, so that a generated directory looks at home on it.
//!
//! **In** the host's name, its packages, its dictionary, where they can be read. **Out** some dozens of them, drawn at
//! random. **Never** a user's files.

use std::collections::BTreeSet;
use std::fs;

use chatter_protocol::entropy::Entropy;

/// Up to 48 words, drawn from what the host offers.
pub fn draw(entropy: &mut Entropy) -> Vec<String> {
    let mut drawn = BTreeSet::new();
    if let Ok(name) = nix::unistd::gethostname() {
        drawn.extend(usable(&name.to_string_lossy()));
    }
    for source in [packages(), dictionary()] {
        for _ in 0..WORDS_PER_SOURCE.min(source.len()) {
            let count = u32::try_from(source.len()).unwrap_or(u32::MAX);
            let index = usize::try_from(entropy.below(count)).unwrap_or(0);
            drawn.extend(source.get(index).and_then(|word| usable(word)));
        }
    }
    drawn.into_iter().collect()
}

/// What is installed, by the folders of its documentation.
fn packages() -> Vec<String> {
    let folders = fs::read_dir("/usr/share/doc").into_iter().flatten().flatten();
    folders.map(|folder| folder.file_name().to_string_lossy().into_owned()).collect()
}

fn dictionary() -> Vec<String> {
    let text = fs::read_to_string("/usr/share/dict/words").unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

fn usable(word: &str) -> Option<String> {
    let plain = word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    (plain && (3..=14).contains(&word.len())).then(|| word.to_owned())
}

const WORDS_PER_SOURCE: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_few_and_plain() {
        let words = draw(&mut Entropy::new([1; 32]));
        assert!(words.len() <= 2 * WORDS_PER_SOURCE + 1);
        assert!(words.iter().all(|word| usable(word).is_some()));
    }
}

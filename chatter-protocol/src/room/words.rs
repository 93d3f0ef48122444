//! Eleven bits as a word that can be read out: the English list of BIP-39.
//!
//! **In** bits. **Out** words. **Never** a word that begins with the same four letters as another: that is the list's
//! own promise.

use alloc::string::String;

use bip39::Language;

use crate::entropy::Entropy;

/// `N` words that spell the first 11 × `N` bits of `bytes`; what is missing counts as zeros.
pub fn spell<const N: usize>(bytes: &[u8]) -> [&'static str; N] {
    core::array::from_fn(|word| {
        let bits = (word * BITS..(word + 1) * BITS).map(|bit| {
            let byte = bytes.get(bit / 8).copied().unwrap_or(0);
            usize::from(byte >> (7 - bit % 8) & 1)
        });
        let index = bits.fold(0, |index, bit| index << 1 | bit);
        Language::English.word_list().get(index).copied().unwrap_or_default()
    })
}

/// `N` words drawn at random, with a space between.
pub fn draw<const N: usize>(entropy: &mut Entropy) -> String {
    let mut text = String::with_capacity(N * (WORD_LEN_MAX + 1));
    for _ in 0..N {
        let bytes: [u8; 2] = entropy.bytes();
        let [word] = spell::<1>(&bytes);
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(word);
    }
    text
}

/// Whether this is a word of the list.
pub fn is_word(text: &str) -> bool {
    Language::English.word_list().binary_search(&text).is_ok()
}

const BITS: usize = 11;
/// So that the text is allocated once, and no copy of its beginning stays behind.
const WORD_LEN_MAX: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_spell_bits() {
        assert_eq!(spell(&[0; 7]), ["abandon"; 5]);
        assert_eq!(spell(&[0xff; 7]), ["zoo"; 5]);
        assert_eq!(spell(&[0x00, 0x20, 0x04]), ["ability", "ability"]);
    }

    #[test]
    fn drawn_words_are_of_the_list() {
        let mut entropy = Entropy::new([2; 32]);
        for _ in 0..100 {
            let text = draw::<6>(&mut entropy);
            assert_eq!(text.split(' ').filter(|word| is_word(word)).count(), 6);
            assert!(text.len() < 6 * (WORD_LEN_MAX + 1));
        }
        assert!(!is_word("abandonment"));
    }
}

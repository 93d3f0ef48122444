//! What travels on a link: sealed records down, sealed batches up, padded so that lengths tell little.
//!
//! **In** stretches of the two byte streams with their offsets. **Out** sealed bytes, and back. **Never** two things
//! sealed under one key, or a length in the clear.
//!
//! ```text
//! down  sealed length (2 + 16) ‖ sealed (up_next 8 ‖ tags accepted 4 ‖ used 2 ‖ bytes ‖ zeros)
//! up    sealed (down_ack 8 ‖ offset 8 ‖ used 2 ‖ bytes ‖ zeros), behind its tag
//! ```
//!
//! docs/protocol.md §3–5.

use alloc::vec::Vec;

use zeroize::Zeroizing;

use crate::seal::{self, Key, TAG_LEN, kdf};
use crate::tag::Tag;

/// What a down record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Down {
    /// Everything upwards below this offset has arrived.
    pub up_next: u64,
    /// The highest tag accepted on this link plus one; 0: none, the link is not confirmed.
    pub tags_accepted: u32,
    /// The next bytes downwards; none in chaff.
    pub bytes: Vec<u8>,
}

/// What an up batch says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Up {
    /// Everything downwards below this offset has arrived.
    pub down_ack: u64,
    /// Where `bytes` lie in the stream upwards.
    pub offset: u64,
    /// Bytes upwards; none in a mere acknowledgement.
    pub bytes: Vec<u8>,
}

/// A record that no server makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a record is damaged: the connection was tampered with, or does not come from the server")]
pub struct RecordError;

/// The server's end of a link's records: each gets a fresh key.
pub struct DownSealer {
    chain: Key,
}

/// The client's end: takes bytes as they come.
pub struct DownOpener {
    chain: Key,
    buffer: Vec<u8>,
    // The length of the record that is coming, once its header was opened.
    coming: Option<usize>,
}

impl DownSealer {
    /// The sealer of the link with this root secret.
    pub fn new(root: &[u8; 32]) -> Self {
        Self { chain: first_down_key(root) }
    }

    /// Seals the record of [`Down`] with these fields onto the end of `out`, padded to `length`: both as
    /// [`Chaff`](crate::chaff::Chaff) gives them.
    pub fn seal(&mut self, up_next: u64, tags_accepted: u32, bytes: &[u8], length: usize, out: &mut Vec<u8>) {
        let used = u16::try_from(bytes.len()).expect("callers keep to the most bytes");
        let length = length.max(DOWN_HEADER_LEN + bytes.len());
        let sealed_len = u16::try_from(length + TAG_LEN).expect("buckets are below 64 KiB");
        let key = take_key(&mut self.chain);
        // Plaintext stands in `out` only until it is sealed in its place: it must not move while it does.
        out.reserve(LENGTH_LEN + length + TAG_LEN);
        let start = out.len();
        out.extend_from_slice(&sealed_len.to_be_bytes());
        seal::seal_end(&key, LENGTH_NONCE, b"", out, start);
        let start = out.len();
        out.extend_from_slice(&up_next.to_be_bytes());
        out.extend_from_slice(&tags_accepted.to_be_bytes());
        out.extend_from_slice(&used.to_be_bytes());
        out.extend_from_slice(bytes);
        out.resize(start + length, 0);
        seal::seal_end(&key, CONTENT_NONCE, b"", out, start);
    }

    /// How many bytes [`seal`](Self::seal) makes of a content padded to `length`.
    pub fn sealed_len(length: usize) -> usize {
        LENGTH_LEN + length + TAG_LEN
    }
}

impl DownOpener {
    /// The opener of the link with this root secret.
    pub fn new(root: &[u8; 32]) -> Self {
        Self { chain: first_down_key(root), buffer: Vec::new(), coming: None }
    }

    /// Takes bytes from the link.
    pub fn receive(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole record, if it has come.
    ///
    /// # Errors
    /// [`RecordError`] if what came was not sealed by the server; the link is of no more use.
    pub fn next_record(&mut self) -> Result<Option<Down>, RecordError> {
        let coming = match self.coming {
            Some(coming) => coming,
            None => {
                let Some(header) = self.buffer.get(..LENGTH_LEN) else { return Ok(None) };
                let length = seal::open(&self.chain_key(), LENGTH_NONCE, b"", header).ok_or(RecordError)?;
                let length = length.as_slice().try_into().map_err(|_| RecordError)?;
                *self.coming.insert(usize::from(u16::from_be_bytes(length)))
            }
        };
        let end = LENGTH_LEN + coming;
        let Some(sealed) = self.buffer.get(LENGTH_LEN..end) else { return Ok(None) };
        let plain = seal::open(&self.chain_key(), CONTENT_NONCE, b"", sealed).ok_or(RecordError)?;
        let record = parse_down(&plain).ok_or(RecordError)?;
        take_key(&mut self.chain);
        self.buffer.drain(..end);
        self.coming = None;
        Ok(Some(record))
    }

    fn chain_key(&self) -> Key {
        record_key(&self.chain)
    }
}

/// Makes the up token that carries `batch`, padded to `length`: both as [`Chaff`](crate::chaff::Chaff) gives them.
pub fn seal_up(tag: &Tag, key: &Key, batch: &Up, length: usize) -> Vec<u8> {
    let used = u16::try_from(batch.bytes.len()).expect("callers keep to the most bytes");
    let length = length.max(UP_HEADER_LEN + batch.bytes.len());
    let mut plain = Zeroizing::new(Vec::with_capacity(length));
    plain.extend_from_slice(&batch.down_ack.to_be_bytes());
    plain.extend_from_slice(&batch.offset.to_be_bytes());
    plain.extend_from_slice(&used.to_be_bytes());
    plain.extend_from_slice(&batch.bytes);
    plain.resize(length, 0);
    let mut token = tag.to_vec();
    token.extend_from_slice(&seal::seal(key, CONTENT_NONCE, tag, &plain));
    token
}

/// Splits a token into its tag and what is sealed behind it.
pub fn split_up(token: &[u8]) -> Option<(&Tag, &[u8])> {
    token.split_first_chunk::<16>()
}

/// Opens what [`seal_up`] sealed behind `tag`.
pub fn open_up(tag: &Tag, key: &Key, sealed: &[u8]) -> Option<Up> {
    let plain = seal::open(key, CONTENT_NONCE, tag, sealed)?;
    let (down_ack, rest) = plain.split_first_chunk::<8>()?;
    let (offset, rest) = rest.split_first_chunk::<8>()?;
    let (used, rest) = rest.split_first_chunk::<2>()?;
    let bytes = rest.get(..usize::from(u16::from_be_bytes(*used)))?.to_vec();
    Some(Up { down_ack: u64::from_be_bytes(*down_ack), offset: u64::from_be_bytes(*offset), bytes })
}

fn parse_down(plain: &[u8]) -> Option<Down> {
    let (up_next, rest) = plain.split_first_chunk::<8>()?;
    let (accepted, rest) = rest.split_first_chunk::<4>()?;
    let (used, rest) = rest.split_first_chunk::<2>()?;
    let bytes = rest.get(..usize::from(u16::from_be_bytes(*used)))?.to_vec();
    Some(Down { up_next: u64::from_be_bytes(*up_next), tags_accepted: u32::from_be_bytes(*accepted), bytes })
}

fn first_down_key(root: &[u8; 32]) -> Key {
    kdf("chatter v1 down root", &[root])
}

fn record_key(chain: &Key) -> Key {
    kdf("chatter v1 down key", &[&**chain])
}

/// The chain's key for this record; the chain steps on.
fn take_key(chain: &mut Key) -> Key {
    let key = record_key(chain);
    *chain = kdf("chatter v1 down chain", &[&**chain]);
    key
}

const LENGTH_LEN: usize = 2 + TAG_LEN;
const LENGTH_NONCE: u64 = 0;
const CONTENT_NONCE: u64 = 1;
pub(crate) const DOWN_HEADER_LEN: usize = 8 + 4 + 2;
pub(crate) const UP_HEADER_LEN: usize = 8 + 8 + 2;
/// What an up token has beside its batch's content.
pub(crate) const UP_TOKEN_EXTRA_LEN: usize = 16 + TAG_LEN;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::chaff::Chaff;
    use crate::entropy::Entropy;
    use crate::limits;
    use crate::token::to_cookie_value;

    fn record(bytes: &[u8]) -> Down {
        Down { up_next: 7, tags_accepted: 3, bytes: bytes.to_vec() }
    }

    #[test]
    fn records_arrive_whatever_the_pieces() {
        let mut sealer = DownSealer::new(&[1; 32]);
        let mut wire = Vec::new();
        let records = [record(b""), record(&[5; 82]), record(&[6; 83]), record(&[7; 32_754])];
        assert_eq!(Chaff::Usual.down_bytes_max(), 32_754);
        let mut entropy = Entropy::new([1; 32]);
        for record in &records {
            let before = wire.len();
            let length = Chaff::None.down_len(record.bytes.len(), &mut entropy);
            sealer.seal(record.up_next, record.tags_accepted, &record.bytes, length, &mut wire);
            assert_eq!(wire.len() - before, DownSealer::sealed_len(length));
        }
        for piece in [1, 7, 1000, wire.len()] {
            let mut opener = DownOpener::new(&[1; 32]);
            let mut opened = Vec::new();
            for bytes in wire.chunks(piece) {
                opener.receive(bytes);
                while let Some(record) = opener.next_record().expect("undamaged") {
                    opened.push(record);
                }
            }
            assert_eq!(opened, records, "pieces of {piece}");
        }
    }

    #[test]
    fn no_single_bit_of_a_record_or_batch_is_loose() {
        let mut wire = Vec::new();
        DownSealer::new(&[1; 32]).seal(7, 3, b"hi", 96, &mut wire);
        for bit in 0..wire.len() * 8 {
            let mut opener = DownOpener::new(&[1; 32]);
            let mut damaged = wire.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            opener.receive(&damaged);
            assert_eq!(opener.next_record(), Err(RecordError), "bit {bit}");
        }
        let key = Key::new([2; 32]);
        let batch = Up { down_ack: 1, offset: 2, bytes: b"hi".to_vec() };
        let token = seal_up(&[9; 16], &key, &batch, 96);
        assert_eq!(split_up(&token).and_then(|(tag, sealed)| open_up(tag, &key, sealed)), Some(batch));
        for bit in 0..token.len() * 8 {
            let mut damaged = token.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let (tag, sealed) = split_up(&damaged).expect("long enough");
            assert_eq!(open_up(tag, &key, sealed), None, "bit {bit}");
        }
    }

    #[test]
    fn the_largest_batch_fits_a_cookie() {
        let mut entropy = Entropy::new([1; 32]);
        let bytes = alloc::vec![0; Chaff::Usual.up_bytes_max()];
        let batch = Up { down_ack: 0, offset: 0, bytes };
        for _ in 0..1000 {
            let length = Chaff::Usual.up_len(batch.bytes.len(), &mut entropy);
            let value = to_cookie_value(&seal_up(&[9; 16], &Key::new([2; 32]), &batch, length));
            assert!("remember_token=".len() + value.len() <= limits::COOKIE_LEN_MAX, "{}", value.len());
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes: Vec<u8>) {
            let mut opener = DownOpener::new(&[1; 32]);
            opener.receive(&bytes);
            prop_assert!(opener.next_record() != Ok(Some(record(b""))));
            prop_assert_eq!(open_up(&[9; 16], &Key::new([2; 32]), &bytes), None);
            parse_down(&bytes);
        }
    }
}

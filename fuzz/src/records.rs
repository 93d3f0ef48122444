//! Sealed records down and sealed batches up, damaged anywhere.
//!
//! **In**: what was sent, how it is damaged and cut. **Out**: what is opened is a beginning of what was sealed.
//! **Never**: a record that nobody sealed.

use chatter_protocol::record::{self, Down, DownOpener, DownSealer, Up};
use chatter_protocol::seal::Key;

/// Records open as they were sealed up to the first damage, whatever the pieces; a damaged batch does not open.
pub fn records(input: &[u8]) {
    let (plan, rest) = input.split_at(input.len().min(PLAN));
    let byte = |index: usize| plan.get(index).copied().unwrap_or(0);
    let length = |index: usize| usize::from(byte(index)) * 16;
    let mut sealer = DownSealer::new(&[1; 32]);
    let (mut wire, mut ends) = (Vec::new(), Vec::new());
    let sent: Vec<Down> = (0..3)
        .map(|index| Down {
            up_next: u64::from(byte(index)) << (index * 20),
            tags_accepted: byte(index).into(),
            bytes: rest
                .iter()
                .copied()
                .cycle()
                .take(if rest.is_empty() { 0 } else { length(index) })
                .collect(),
        })
        .collect();
    for (index, record) in sent.iter().enumerate() {
        sealer.seal(record.up_next, record.tags_accepted, &record.bytes, length(3 + index), &mut wire);
        ends.push(wire.len());
    }
    let place = usize::from(u16::from_be_bytes([byte(6), byte(7)])) % wire.len();
    wire[place] ^= byte(8);
    let whole = if byte(8) == 0 { sent.len() } else { ends.iter().filter(|end| **end <= place).count() };
    wire.extend_from_slice(rest);

    let mut opener = DownOpener::new(&[1; 32]);
    let mut opened = Vec::new();
    'all: for piece in wire.chunks(usize::from(byte(9)) * 7 + 1) {
        opener.receive(piece);
        loop {
            match opener.next_record() {
                Ok(Some(record)) => opened.push(record),
                Ok(None) => break,
                Err(_) => break 'all,
            }
        }
    }
    assert_eq!(opened, sent[..whole], "another record than was sealed");
    batch(plan, rest);
}

fn batch(plan: &[u8], rest: &[u8]) {
    let key = Key::new([2; 32]);
    let tag = [9; 16];
    let bytes = rest.get(..rest.len().min(2000)).unwrap_or_default().to_vec();
    let batch = Up { down_ack: 1 << 40, offset: u64::MAX, bytes };
    let sealed = record::seal_up(&tag, &key, &batch, usize::from(plan.first().copied().unwrap_or(0)) * 10);
    let (found, content) = record::split_up(&sealed).expect("a tag stands before it");
    assert_eq!((found, record::open_up(found, &key, content)), (&tag, Some(batch)));
    assert_eq!(record::open_up(&tag, &key, rest), None, "nobody sealed that");
    assert_eq!(record::open_up(&[8; 16], &key, content), None, "that was another tag's");
}

/// Bytes of an input that say what is sealed and how it is damaged.
const PLAN: usize = 10;

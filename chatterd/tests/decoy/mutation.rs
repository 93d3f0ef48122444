//! Requests that nobody would write: pieces of the catalogue, cut, joined and bent by a seed.
//!
//! **In**: probes, a seed. **Out**: as many mutations as asked for, the same for the same seed.
//! **Never**: a request beyond some kilobytes.

use crate::grammar;
use crate::probe::{Probe, Step};

/// Mutations of what these probes send, and as many drawn requests of the same shapes.
pub(crate) fn mutated(probes: &[Probe], seed: u64, count: u64) -> Vec<Probe> {
    let mutator = Mutator::of(probes);
    let mut dice = Dice::new(seed);
    let steps = |dice: &mut Dice| {
        let bytes = match dice.below(4) {
            0 => grammar::request(dice),
            _ => mutator.bytes(dice),
        };
        paced(bytes, dice)
    };
    (0..count).map(|number| Probe::new(format!("mutation/{seed}/{number}"), steps(&mut dice))).collect()
}

/// Bends requests.
pub(crate) struct Mutator(Vec<Vec<u8>>);

impl Mutator {
    /// One that knows what these probes send.
    pub(crate) fn of(probes: &[Probe]) -> Mutator {
        let sent = probes.iter().flat_map(|probe| &probe.steps).filter_map(|step| match step {
            Step::Send(bytes) if bytes.len() < 3_000 => Some(bytes.clone()),
            Step::Send(_) | Step::Listen(_) | Step::HalfClose => None,
        });
        Mutator(sent.collect())
    }

    /// Something known, bent.
    pub(crate) fn bytes(&self, dice: &mut Dice) -> Vec<u8> {
        let known = self.0[dice.below(self.0.len())].clone();
        self.bent(known, dice)
    }

    /// These bytes, bent.
    pub(crate) fn bent(&self, mut bytes: Vec<u8>, dice: &mut Dice) -> Vec<u8> {
        for _ in 0..=dice.below(4) {
            let at = dice.below(bytes.len() + 1);
            let to = (at + dice.below(12)).min(bytes.len());
            match dice.below(7) {
                0 => bytes.truncate(at),
                1 => drop(bytes.drain(at..to)),
                2 => drop(bytes.splice(at..at, dice.pick(&TOKENS).iter().copied())),
                3 => drop(bytes.splice(at..to, dice.pick(&TOKENS).iter().copied())),
                4 => {
                    let byte = dice.byte();
                    bytes.iter_mut().skip(at).take(1).for_each(|old| *old = byte);
                }
                5 => {
                    let part = bytes[at..to].to_vec();
                    drop(bytes.splice(at..at, part));
                }
                _ => {
                    let other = &self.0[dice.below(self.0.len())];
                    let from = dice.below(other.len() + 1);
                    bytes.truncate(at);
                    bytes.extend_from_slice(&other[from..]);
                }
            }
        }
        bytes.truncate(6_000);
        bytes
    }
}

fn paced(mut bytes: Vec<u8>, dice: &mut Dice) -> Vec<Step> {
    match dice.below(8) {
        0 => vec![Step::Send(bytes)],
        1 | 2 => {
            bytes.extend_from_slice(b"\r\n\r\n");
            vec![Step::Send(bytes)]
        }
        _ => vec![Step::Send(bytes), Step::HalfClose],
    }
}

/// Chance by a seed (SplitMix64).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5bd1_e995)
    }

    pub(crate) fn pick<'a>(&mut self, from: &[&'a [u8]]) -> &'a [u8] {
        from[self.below(from.len())]
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).expect("it is below a usize")
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }
}

const TOKENS: [&[u8]; 56] = [
    b"\r\n",
    b"\r",
    b"\n",
    b"\n\n",
    b"\r\r",
    b" ",
    b"\t",
    b"\x0b",
    b"\x1c",
    b"\x85",
    b"\xa0",
    b"\x00",
    b"\xff",
    b"/",
    b"//",
    b"..",
    b"/../",
    b"?",
    b"#",
    b":",
    b";",
    b"=",
    b"\"",
    b"'",
    b"\\",
    b"<",
    b"&",
    b"%",
    b"%2f",
    b"%2F..",
    b"%00",
    b"%ff",
    b"%c3%a9",
    b"%ed%a0%80",
    b"%ed%b3%bf",
    b"%f0%9f%98%80",
    b"[",
    b"]",
    b"[::1]",
    b"http://h/",
    b"x:",
    b" HTTP/1.1",
    b" HTTP/0.9",
    b" HTTP/2.0",
    b"HTTP/",
    b"GET ",
    b"HEAD ",
    b"From ",
    b"If-Modified-Since: ",
    b"If-None-Match:",
    b"Content-Type: multipart/mixed; boundary=b\r\n",
    b"--b\r",
    b"*=",
    b"*0=",
    b"Sun, 13 Sep 2020 12:26:40 GMT",
    b"plain.txt",
];

//! Looks into a process's writable memory.
//!
//! **In** a process id, byte strings. **Out** which of them stand there; all that looks drawn at random. **Never** a look at what the process can't have
//! written: code and constants are left out.

use std::fs::File;
use std::os::unix::fs::FileExt as _;

use memchr::memmem;

/// Something that is looked for.
#[derive(Clone, Debug)]
pub struct Needle {
    /// What it is, for people.
    pub what: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Needle {
    /// These bytes, called `what`.
    pub fn new(what: &str, bytes: impl Into<Vec<u8>>) -> Self {
        Self { what: what.to_owned(), bytes: bytes.into() }
    }
}

/// What of `needles` is in `bytes`.
pub fn found_in(bytes: &[u8], needles: &[Needle]) -> Vec<String> {
    let found = |needle: &&Needle| memmem::find(bytes, &needle.bytes).is_some();
    needles.iter().filter(found).map(|needle| needle.what.clone()).collect()
}

/// What of `needles` is in the process's writable memory.
///
/// # Panics
/// Where the memory can't be read.
pub fn found_in_process(id: u32, needles: &[Needle]) -> Vec<String> {
    let mut found = Vec::new();
    each_mapping(id, |_, _, bytes| found.extend(found_in(bytes, needles)));
    found.sort_unstable();
    found.dedup();
    found
}

/// Memory that a process occupies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resident {
    /// Bytes now.
    pub now: usize,
    /// The most that it ever were.
    pub peak: usize,
}

/// What the process occupies.
///
/// # Panics
/// Where the system does not say.
pub fn resident(id: u32) -> Resident {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("the process runs");
    let bytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_suffix(" kB"));
        line.and_then(|number| number.parse::<usize>().ok()).expect("the system says") * 1024
    };
    Resident { now: bytes("VmRSS:"), peak: bytes("VmHWM:") }
}

/// Where in the process's writable memory `needles` are.
///
/// # Panics
/// Where the memory can't be read.
pub fn places_in_process(id: u32, needles: &[Needle]) -> Vec<String> {
    let mut places = Vec::new();
    each_mapping(id, |name, start, bytes| {
        for needle in needles {
            let found = memmem::find_iter(bytes, &needle.bytes);
            places.extend(found.map(|at| format!("{} at {name} {start:x}+{at:x}", needle.what)));
        }
    });
    places
}

/// The addresses at which these bytes stand in the process's writable memory.
///
/// # Panics
/// Where the memory can't be read.
pub fn addresses_in_process(id: u32, sought: &[u8]) -> Vec<u64> {
    let mut addresses = Vec::new();
    each_mapping(id, |_, start, bytes| {
        addresses.extend(memmem::find_iter(bytes, sought).map(|at| start + at as u64));
    });
    addresses
}

/// Sixteen bytes in a row.
pub type Window = [u8; 16];

/// Windows of memory, in order.
#[derive(Clone, Debug, Default)]
pub struct Windows(Vec<Window>);

impl Windows {
    /// Every window of the process's writable memory that looks drawn at random, as keys, tags and sealed bytes do.
    ///
    /// # Panics
    /// Where the memory can't be read.
    pub fn of_process(id: u32) -> Self {
        let mut found = Vec::new();
        each_random_window(id, |window, _| found.push(window));
        found.sort_unstable();
        found.dedup();
        Self(found)
    }

    /// Those of them that `keep` likes.
    #[must_use]
    pub fn filtered(&self, keep: impl Fn(&Window) -> bool) -> Self {
        Self(self.0.iter().filter(|window| keep(window)).copied().collect())
    }

    /// Whether this is one of them.
    pub fn contains(&self, window: &Window) -> bool {
        self.0.binary_search(window).is_ok()
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Which of them stand in the process's writable memory, and where.
    ///
    /// # Panics
    /// Where the memory can't be read.
    pub fn left_in_process(&self, id: u32) -> Vec<(u64, Window)> {
        let mut left = Vec::new();
        each_random_window(id, |window, place| {
            if self.contains(&window) {
                left.push((place, window));
            }
        });
        left
    }
}

fn each_random_window(id: u32, mut look: impl FnMut(Window, u64)) {
    each_mapping(id, |_, start, bytes| {
        for page in (0..bytes.len()).step_by(PAGE) {
            let end = bytes.len().min(page + PAGE + WINDOW - 1);
            let here = bytes.get(page..end).unwrap_or_default();
            if here.iter().all(|byte| *byte == 0) {
                continue;
            }
            let windows = here.windows(WINDOW).filter_map(|window| Window::try_from(window).ok());
            for (window, place) in windows.zip(start + page as u64..) {
                if looks_random(&window) {
                    look(window, place);
                }
            }
        }
    });
}

/// Text, addresses, counters and tables do not.
fn looks_random(window: &Window) -> bool {
    let high = window.iter().filter(|byte| **byte >= 0x80).count();
    if !(4..=12).contains(&high) {
        return false;
    }
    let mut seen = [0_u64; 4];
    for byte in window {
        if let Some(word) = seen.get_mut(usize::from(byte >> 6)) {
            *word |= 1 << (byte & 63);
        }
    }
    seen.iter().map(|word| word.count_ones()).sum::<u32>() >= 13
}

fn each_mapping(id: u32, mut look: impl FnMut(&str, u64, &[u8])) {
    let maps = std::fs::read_to_string(format!("/proc/{id}/maps")).expect("the maps can be read");
    let memory = File::open(format!("/proc/{id}/mem")).expect("the memory can be opened");
    let mut seen = 0;
    for line in maps.lines() {
        let Some((start, end)) = writable(line) else { continue };
        let bytes = read(&memory, start, end);
        seen += bytes.len();
        let name = line.split_whitespace().nth(5).unwrap_or_default();
        look(name, start, &bytes);
    }
    assert!(seen > 0, "nothing of the memory could be read");
}

/// The range of a line of `maps`, where it is writable and backed by memory.
fn writable(line: &str) -> Option<(u64, u64)> {
    let mut words = line.split_whitespace();
    let (start, end) = words.next()?.split_once('-')?;
    let permissions = words.next()?;
    let range = (u64::from_str_radix(start, 16).ok()?, u64::from_str_radix(end, 16).ok()?);
    permissions.starts_with("rw").then_some(range)
}

/// A whole mapping. A page that the system does not give reads as zeros.
fn read(memory: &File, start: u64, end: u64) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(end - start).expect("mappings fit into memory")];
    if memory.read_exact_at(&mut bytes, start).is_err() {
        for (index, page) in (0..).zip(bytes.chunks_mut(PAGE)) {
            let _ = memory.read_exact_at(page, start + index * PAGE as u64);
        }
    }
    bytes
}

const PAGE: usize = 4096;
const WINDOW: usize = size_of::<Window>();

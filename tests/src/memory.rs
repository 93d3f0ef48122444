//! Looks into a process's writable memory.
//!
//! **In** a process id, byte strings. **Out** which of them stand there. **Never** a look at what the process can't have
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
    let maps = std::fs::read_to_string(format!("/proc/{id}/maps")).expect("the maps can be read");
    let memory = File::open(format!("/proc/{id}/mem")).expect("the memory can be opened");
    let mut found = Vec::new();
    let mut seen = 0;
    for (start, end) in maps.lines().filter_map(writable) {
        let bytes = read(&memory, start, end);
        seen += bytes.len();
        found.extend(found_in(&bytes, needles));
    }
    assert!(seen > 0, "nothing of the memory could be read");
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

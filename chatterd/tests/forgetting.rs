//! What the ledger forgets is gone from memory. The test looks into its own process and proves its eye by what must
//! still be there.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "in a test it is the failure")]

use std::fs::File;
use std::net::{IpAddr, Ipv6Addr};
use std::os::unix::fs::FileExt as _;
use std::time::Duration;

use chatter_protocol::time::WallTime;
use chatterd::ledger::{Ledger, Settings};
use zeroize::Zeroize as _;

const ADDRESSES: u16 = 500;
const NOW: WallTime = WallTime(1_800_000_000);

fn settings() -> Settings {
    Settings {
        ban_after: 3,
        ban_for: Some(Duration::from_secs(60)),
        exempt: Vec::new(),
        purge_every: u64::MAX,
        addresses_max: 1000,
        bans_max: 10,
    }
}

/// Six bytes that stand nowhere in the program: the beginning of every address of `kind`.
fn marker(kind: u8) -> [u8; 6] {
    std::hint::black_box([0xdf, 0x24, 0x9b, 0x33, 0xc1, kind]).map(|byte: u8| !byte)
}

fn address(kind: u8, number: u16) -> IpAddr {
    let mut octets = [0; 16];
    octets[..6].copy_from_slice(&marker(kind));
    octets[6..8].copy_from_slice(&number.to_be_bytes());
    IpAddr::V6(Ipv6Addr::from(octets))
}

/// How often the marker stands in this process's writable memory, this thread's stack apart: that holds the marker
/// that is looked for.
fn count(kind: u8) -> usize {
    let here = 0u8;
    let here = (&raw const here).addr() as u64;
    let memory = File::open("/proc/self/mem").unwrap();
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let mut page = vec![0; 4096];
    let mut found = 0;
    for line in maps.lines() {
        let mut words = line.split_whitespace();
        let (start, end) = words.next().unwrap().split_once('-').unwrap();
        let range = u64::from_str_radix(start, 16).unwrap()..u64::from_str_radix(end, 16).unwrap();
        if !words.next().unwrap().starts_with("rw") || range.contains(&here) {
            continue;
        }
        for at in range.step_by(page.len()) {
            if memory.read_exact_at(&mut page, at).is_ok() {
                found += page.windows(6).filter(|window| **window == marker(kind)).count();
                // Else it would be found again where this page lies.
                page.as_mut_slice().zeroize();
            }
        }
    }
    found
}

#[test]
fn forgotten_addresses_are_gone_from_memory() {
    let (counted, banned, member) = (1, 2, 3);
    let mut ledger = Ledger::new(settings(), [7; 32]);
    for number in 0..ADDRESSES {
        assert!(ledger.knock(address(counted, number), NOW).is_none());
    }
    for _ in 0..3 {
        let _ = ledger.knock(address(banned, 0), NOW);
    }
    ledger.confirmed(address(member, 0));
    assert!(count(counted) >= usize::from(ADDRESSES) && count(banned) > 0 && count(member) > 0);

    assert_eq!(ledger.purge(), usize::from(ADDRESSES));
    assert_eq!(count(counted), 0);
    assert!(count(banned) > 0 && count(member) > 0);

    ledger.session_ended(address(member, 0));
    assert_eq!(count(member), 0);
    ledger.handle_timeout(WallTime(NOW.0 + 60));
    assert_eq!(count(banned), 0);
}

//! A flood: as many connections as the machine can make, of all kinds.

use std::io::Write as _;
use std::net::{Ipv4Addr, Shutdown};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use chatter_tests::exchange::connect;

use crate::{House, seconds};

#[test]
fn a_flood_of_connections() {
    let mut house = House::inhabited();
    let (connections, mut descriptors) = (AtomicU64::new(0), 0);
    house.bears("a flood", |daemon| {
        let until = Instant::now() + seconds();
        std::thread::scope(|scope| {
            for from in 0..SOURCES {
                let connections = &connections;
                scope.spawn(move || {
                    let mut held = Vec::new();
                    while Instant::now() < until {
                        for says in KINDS {
                            let Ok(mut stream) =
                                connect(daemon.address, Ipv4Addr::new(127, 0, 1, from).into())
                            else {
                                // Its ports wait to be free again.
                                continue;
                            };
                            connections.fetch_add(1, Ordering::Relaxed);
                            let _ = stream.write_all(says);
                            let _ = stream.shutdown(Shutdown::Write);
                            held.push(stream);
                        }
                        if held.len() > HELD {
                            held.clear();
                        }
                    }
                });
            }
            while Instant::now() < until {
                descriptors = descriptors.max(open_descriptors(daemon.process.id()));
                std::thread::sleep(Duration::from_millis(20));
            }
        });
    });
    eprintln!("{descriptors} descriptors at most");
    assert!(descriptors <= DESCRIPTORS_MAX, "who was dismissed has not gone: {descriptors} descriptors");
    let connections = connections.into_inner();
    eprintln!("{connections} connections in {:?}", seconds());
    assert!(connections > 100, "no flood: {connections}");
    house.calms_down();
}

fn open_descriptors(process: u32) -> usize {
    std::fs::read_dir(format!("/proc/{process}/fd")).map_or(0, Iterator::count)
}

/// A socket and a file for each of 1,000 strangers and of 128 who are on their way out, and what is not theirs.
const DESCRIPTORS_MAX: usize = 2 * (1_000 + 128) + 150;
/// Threads, each from an address of its own.
const SOURCES: u8 = 6;
/// Connections that each of them has at once.
const HELD: usize = 100;
const KINDS: [&[u8]; 6] = [
    b"",
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET /disk.img HTTP/1.1\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello",
    b"GET /backup.enc HTTP/1.1\r\nCookie: session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n\r\n",
];

//! Crowds that stand still: they say nothing, half of something, or do not take what they asked for.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use chatter_tests::process::until;
use chatter_tests::strangers::Strangers;

use crate::{House, STRANGERS_MAX, seconds};

#[test]
#[cfg_attr(not(files), ignore = "the limit of open files (ulimit -Hn) is below 12,000")]
fn ten_thousand_idle_connections() {
    let mut house = House::inhabited();
    house.bears("10,000 idle strangers", |daemon| {
        let strangers = Strangers::crowd(daemon.address, 10_000, b"");
        until("a thousand stay", || {
            let there = strangers.there().len();
            // Members' own requests are strangers' until they are read.
            ((STRANGERS_MAX - 50..=STRANGERS_MAX).contains(&there)).then_some(())
        });
    });
    house.calms_down();
}

#[test]
#[cfg_attr(not(files), ignore = "the limit of open files (ulimit -Hn) is below 12,000")]
fn five_thousand_half_sent_requests() {
    let mut house = House::inhabited();
    let line = [b"GET /".as_slice(), &[b'a'; 20_000]].concat();
    house.bears("5,000 half-sent request lines", |daemon| {
        drop(Strangers::crowd(daemon.address, 4_700, &line))
    });
    let headers = [b"GET / HTTP/1.1\r\n".as_slice(), &HEADER.repeat(15)].concat();
    house.bears("300 half-sent requests of 1 MiB", |daemon| {
        let strangers = Strangers::crowd(daemon.address, 300, &headers);
        // 128 MiB are what all strangers may hold together.
        until("as many stay as fit", || (strangers.there().len() <= 136).then_some(()));
        assert!(strangers.there().len() >= 64, "no more than necessary go");
    });
    house.calms_down();
}

#[test]
#[cfg_attr(not(files), ignore = "the limit of open files (ulimit -Hn) is below 12,000")]
fn answers_that_nobody_takes() {
    let mut house = House::inhabited();
    let odd = [b"GET /".as_slice(), &[1; 65_000], b" \x01 HTTP/1.1\r\n\r\n"].concat();
    let with_headers = [b"GET /disk.img HTTP/1.1\r\n".as_slice(), &HEADER.repeat(15), b"\r\n"].concat();
    let crowds: [(&str, usize, &[u8]); 4] = [
        ("listings", 1_000, b"GET /many/ HTTP/1.1\r\n\r\n"),
        ("error pages of 500 KiB", 1_000, &odd),
        ("a file of 1 GiB", 1_000, b"GET /disk.img HTTP/1.0\r\n\r\n"),
        ("a file of 1 GiB, asked for by 1 MiB", 300, &with_headers),
    ];
    for (what, count, says) in crowds {
        house.bears(what, |daemon| {
            let strangers = Strangers::crowd(daemon.address, count, says);
            std::thread::sleep(Duration::from_millis(500));
            drop(strangers);
        });
    }
    house.calms_down();
}

#[test]
#[cfg_attr(not(files), ignore = "the limit of open files (ulimit -Hn) is below 12,000")]
fn a_reader_of_one_byte_a_second() {
    let mut house = House::inhabited();
    let read = house.bears("one byte a second of 1 GiB", |daemon| {
        let mut stream = TcpStream::connect(daemon.address).expect("the daemon answers");
        stream.write_all(b"GET /disk.img HTTP/1.0\r\n\r\n").expect("the daemon reads");
        let until = Instant::now() + seconds();
        let mut read = 0;
        while Instant::now() < until {
            stream.read_exact(&mut [0]).expect("the file goes on");
            read += 1;
            std::thread::sleep(Duration::from_secs(1));
        }
        read
    });
    assert!(read >= 3);
    house.calms_down();
}

/// Nearly the longest header that Python reads.
const HEADER: &[u8] = &{
    let mut header = [b'b'; 65_500];
    header[0] = b'A';
    header[1] = b':';
    header[header.len() - 2] = b'\r';
    header[header.len() - 1] = b'\n';
    header
};

//! Headers by example, damaged, cut anywhere; any bytes at all.

use super::*;
use proptest::prelude::*;
use std::net::SocketAddr;

/// All of it at once: what it says, where what follows was left alone.
fn read(header: &[u8]) -> Result<Option<Source>, HeaderError> {
    let bytes = [header, b"GET / HTTP/1.1\r\n\r\n"].concat();
    let received = HeaderReader::default().receive(&bytes)?;
    if received.source.is_some() {
        assert_eq!(received.taken, header.len(), "{header:?}");
    }
    Ok(received.source)
}

fn at(address: &str) -> Result<Option<Source>, HeaderError> {
    Ok(Some(Source::Address(address.parse().unwrap())))
}

fn binary(version_and_command: u8, family_and_transport: u8, block: &[u8]) -> Vec<u8> {
    let length = u16::try_from(block.len()).unwrap().to_be_bytes();
    [SIGNATURE, &[version_and_command, family_and_transport], &length, block].concat()
}

fn inet(source: [u8; 4]) -> Vec<u8> {
    [&source[..], &[10, 0, 0, 1], &[0x12, 0x34, 0, 80]].concat()
}

fn inet6(source: [u8; 16]) -> Vec<u8> {
    [&source[..], &[1; 16], &[0x12, 0x34, 0, 80]].concat()
}

const LOCAL: Result<Option<Source>, HeaderError> = Ok(Some(Source::Local));

#[test]
fn lines_name_the_source() {
    for (line, expected) in [
        ("PROXY TCP4 203.0.113.9 10.0.0.1 4711 80\r\n", at("203.0.113.9")),
        ("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", at("255.255.255.255")),
        ("PROXY TCP6 2001:db8::9 ::1 4711 80\r\n", at("2001:db8::9")),
        ("PROXY TCP6 ::ffff:203.0.113.9 ::1 4711 80\r\n", at("203.0.113.9")),
        ("PROXY UNKNOWN\r\n", LOCAL),
        ("PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n", LOCAL),
    ] {
        assert_eq!(read(line.as_bytes()), expected, "{line:?}");
    }
}

#[test]
fn damaged_lines_are_refused() {
    for line in [
        "PROXY TCP4 203.0.113.9 10.0.0.1 4711\r\n",
        "PROXY TCP4 203.0.113.9 10.0.0.1 4711 80 90\r\n",
        "PROXY TCP4  203.0.113.9 10.0.0.1 4711 80\r\n",
        "PROXY TCP4 203.0.113.9 10.0.0.1 4711 80 \r\n",
        "PROXY TCP4 203.0.113.9 10.0.0.1 4711 80\n",
        "PROXY TCP4 203.0.113.9 10.0.0.1 -1 80\r\n",
        "PROXY TCP4 203.0.113.9 10.0.0.1 +1 80\r\n",
        "PROXY TCP4 203.0.113.9 10.0.0.1 65536 80\r\n",
        "PROXY TCP4 203.0.113.9 ::1 4711 80\r\n",
        "PROXY TCP4 2001:db8::9 ::1 4711 80\r\n",
        "PROXY TCP6 203.0.113.9 10.0.0.1 4711 80\r\n",
        "PROXY TCP4 203.0.113.256 10.0.0.1 4711 80\r\n",
        "PROXY tcp4 203.0.113.9 10.0.0.1 4711 80\r\n",
        "PROXY UDP4 203.0.113.9 10.0.0.1 4711 80\r\n",
        "PROXY UNKNOWNS\r\n",
        "PROXY \r\n",
    ] {
        assert_eq!(read(line.as_bytes()), Err(HeaderError::Damaged), "{line:?}");
    }
    let endless = format!("PROXY UNKNOWN {}\r\n", "x".repeat(LINE_MAX));
    assert_eq!(read(endless.as_bytes()), Err(HeaderError::TooLong));
    let longest = format!("PROXY UNKNOWN {}\r\n", "x".repeat(LINE_MAX - 16));
    assert_eq!(longest.len(), LINE_MAX);
    assert_eq!(read(longest.as_bytes()), LOCAL);
}

#[test]
fn what_is_no_header_is_refused_at_once() {
    for bytes in [&b"GET"[..], b"P/", b"PROXYX", b"proxy ", b"\r\n\r\nG", b"\n", b"\x16\x03\x01", b"\0"] {
        assert_eq!(HeaderReader::default().receive(bytes), Err(HeaderError::Missing), "{bytes:?}");
    }
}

#[test]
fn binary_headers_name_the_source() {
    let tail = [0x04, 0, 3, 1, 2, 3];
    for (header, expected) in [
        (binary(0x21, 0x11, &inet([203, 0, 113, 9])), at("203.0.113.9")),
        (binary(0x21, 0x12, &inet([203, 0, 113, 9])), at("203.0.113.9")),
        (binary(0x21, 0x11, &[&inet([203, 0, 113, 9])[..], &tail].concat()), at("203.0.113.9")),
        (binary(0x21, 0x21, &inet6([0x20; 16])), at("2020:2020:2020:2020:2020:2020:2020:2020")),
        (
            binary(0x21, 0x21, &[&inet6([0x20; 16])[..], &[9; 3000]].concat()),
            at("2020:2020:2020:2020:2020:2020:2020:2020"),
        ),
        // A front's own, whatever else it says.
        (binary(0x20, 0x00, &[]), LOCAL),
        (binary(0x20, 0x11, &inet([203, 0, 113, 9])), LOCAL),
        (binary(0x20, 0xff, &tail), LOCAL),
        // Somebody without an address.
        (binary(0x21, 0x00, &tail), LOCAL),
        (binary(0x21, 0x10, &inet([203, 0, 113, 9])), LOCAL),
        (binary(0x21, 0x31, &[b'/'; 216]), LOCAL),
    ] {
        assert_eq!(read(&header), expected, "{header:?}");
    }
}

#[test]
fn damaged_binary_headers_are_refused() {
    for header in [
        binary(0x11, 0x11, &inet([1; 4])),
        binary(0x31, 0x11, &inet([1; 4])),
        binary(0x22, 0x11, &inet([1; 4])),
        binary(0x21, 0x13, &inet([1; 4])),
        binary(0x21, 0x41, &inet([1; 4])),
        binary(0x21, 0x11, &inet([1; 4])[..11]),
        binary(0x21, 0x21, &inet6([1; 16])[..35]),
        binary(0x21, 0x31, &[b'/'; 215]),
    ] {
        assert_eq!(read(&header), Err(HeaderError::Damaged), "{header:?}");
    }
    assert_eq!(read(&binary(0x20, 0, &[0; BINARY_MAX - 15])), Err(HeaderError::TooLong));
    assert_eq!(read(&binary(0x20, 0, &[0; BINARY_MAX - 16])), LOCAL);
}

proptest! {
    #[test]
    fn both_versions_say_what_was_written(source: [u8; 16], v4: [u8; 4], ports: (u16, u16), tail in prop::collection::vec(any::<u8>(), 0..200)) {
        for address in [IpAddr::from(source), IpAddr::from(v4)] {
            let (word, family, block) = match address {
                IpAddr::V4(v4) => ("TCP4", 0x11, inet(v4.octets())),
                IpAddr::V6(v6) => ("TCP6", 0x21, inet6(v6.octets())),
            };
            let line = format!("PROXY {word} {address} {address} {} {}\r\n", ports.0, ports.1);
            let expected = Ok(Some(Source::from(SocketAddr::new(address, 1))));
            prop_assert_eq!(read(line.as_bytes()), expected);
            prop_assert_eq!(read(&binary(0x21, family, &[block, tail.clone()].concat())), expected);
        }
    }

    #[test]
    fn it_does_not_matter_how_bytes_come(start in 0usize..4, bytes in prop::collection::vec(any::<u8>(), 0..300), cut in 0usize..300) {
        let starts = [&b""[..], b"PROXY TCP4 1.2.3.4 ", SIGNATURE, &[SIGNATURE, &[0x21, 0x11, 0, 12]].concat()];
        let bytes = [starts[start], &bytes].concat();
        let whole = HeaderReader::default().receive(&bytes);
        let (first, second) = bytes.split_at(cut.min(bytes.len()));
        let mut reader = HeaderReader::default();
        let pieces = reader.receive(first).and_then(|received| match received.source {
            Some(_) => Ok(received),
            None => {
                assert_eq!(received.taken, first.len());
                reader.receive(second).map(|rest| Received { taken: first.len() + rest.taken, ..rest })
            }
        });
        prop_assert_eq!(whole, pieces);
        if let Ok(received) = whole {
            prop_assert!(received.taken <= bytes.len());
            prop_assert!(received.source.is_some() || received.taken == bytes.len());
        }
    }
}

//! The decoy beside the real thing: the machine's `python3 -m http.server` and ours on the same directory, compared by
//! every byte, by when it comes and by how the connection ends.
//!
//! **In**: a catalogue of probes and mutations of them (`CHATTER_DECOY_MUTATIONS` over sockets,
//! `CHATTER_DECOY_INSIDE` without; `CHATTER_DECOY_SEED`), `CHATTER_DECOY_PYTHON` to compare with one version only.
//! **Out**: no difference, for each verified Python that is installed. Without one these tests are ignored: install
//! python3 (3.11.2 is Debian 12's) and build again.
//! **Never**: another server than those started here.

mod catalogue;
mod directory;
mod files;
mod grammar;
mod inside;
mod mutation;
mod probe;
mod servers;

use probe::{Probe, Step, compare};
use servers::Pair;
use std::io::Write;

#[test]
#[cfg_attr(not(real_python), ignore = "no verified python3 is installed")]
fn the_catalogue_shows_no_difference() {
    let probes = catalogue::all();
    assert!(probes.len() >= 300, "only {} probes", probes.len());
    for pair in Pair::each() {
        let differing = compare(&pair, &probes);
        assert!(differing.is_empty(), "Python {}: {}", pair.version, differing.join("\n"));
        eprintln!("Python {}: {} probes, no difference", pair.version, probes.len());
    }
}

#[test]
#[cfg_attr(not(real_python), ignore = "no verified python3 is installed")]
fn mutated_requests_show_no_difference() {
    let (count, seed) = (number("CHATTER_DECOY_MUTATIONS", 1_000), number("CHATTER_DECOY_SEED", 1));
    for pair in Pair::each() {
        let probes = mutation::mutated(&catalogue::all(), seed, count);
        let differing = compare(&pair, &probes);
        assert!(differing.is_empty(), "Python {}: {}", pair.version, differing.join("\n"));
        eprintln!("Python {}: {} mutations of seed {seed}, no difference", pair.version, probes.len());
    }
}

/// `.ci/run peers` shows what this prints.
#[test]
fn pythons_without_a_persona_are_named() {
    for version in env!("CHATTER_PYTHONS_UNVERIFIED").split_terminator(';') {
        assert!(
            chatterd::decoy::Persona::parse(version).is_err(),
            "Python {version} could have been compared"
        );
        eprintln!("\nskipped: comparing the decoy with the installed Python {version} (it has no persona)");
    }
}

#[test]
#[cfg_attr(not(real_python), ignore = "no verified python3 is installed")]
fn requests_without_sockets_show_no_difference() {
    let (count, seed) = (number("CHATTER_DECOY_INSIDE", 20_000), number("CHATTER_DECOY_SEED", 1));
    for (version, path) in servers::pythons() {
        let differing = inside::compare(version, path, seed, usize::try_from(count).expect("not so many"));
        assert!(
            differing.is_empty(),
            "Python {version}, {} of {count}: {}",
            differing.len(),
            differing.join("\n")
        );
        eprintln!("Python {version}: {count} requests of seed {seed}, no difference");
    }
}

#[test]
#[cfg_attr(not(real_python), ignore = "no verified python3 is installed")]
fn every_known_suffix_has_pythons_type() {
    for (version, path) in servers::pythons() {
        let (count, differing) = inside::compare_types(version, path);
        assert!(count >= 250, "only {count} suffixes");
        assert!(differing.is_empty(), "Python {version}: {}", differing.join("\n"));
        eprintln!("Python {version}: {count} suffixes, no difference");
    }
}

#[test]
#[cfg_attr(not(real_python), ignore = "no verified python3 is installed")]
fn hundreds_of_idle_connections_change_nothing() {
    for pair in Pair::each() {
        let idle: Vec<_> = [pair.candidate, pair.reference]
            .iter()
            .flat_map(|address| std::iter::repeat_n(address, 300))
            .map(|address| {
                // Python's backlog holds six: in a burst, SYNs are lost and sent again a second later.
                std::thread::sleep(std::time::Duration::from_millis(4));
                std::net::TcpStream::connect(address).expect("both accept")
            })
            .collect();
        let probe = Probe::new("idle/crowd", [Step::Send(b"GET /sub/ HTTP/1.0\r\n\r\n".to_vec())]);
        let differing = compare(&pair, &[probe]);
        assert!(differing.is_empty(), "{}", differing.join("\n"));
        drop(idle);
    }
}

#[test]
#[cfg_attr(not(real_python), ignore = "no verified python3 is installed")]
fn those_who_leave_or_reset_change_nothing() {
    for pair in Pair::each() {
        for address in [pair.reference, pair.candidate] {
            for (turn, sent) in
                [&b""[..], b"G", b"GET /sub/ HTTP/1.0\r\n", b"GET /sizes/5242880.bin HTTP/1.0\r\n\r\n"]
                    .into_iter()
                    .cycle()
                    .take(64)
                    .enumerate()
            {
                let mut stream = std::net::TcpStream::connect(address).expect("both accept");
                // A server that resets first is as good.
                let _ = stream.write_all(sent);
                let linger = (turn % 8 < 4).then_some(std::time::Duration::ZERO);
                socket2::SockRef::from(&stream).set_linger(linger).expect("a TCP socket");
                drop(stream);
                std::thread::sleep(std::time::Duration::from_millis(4));
            }
        }
        let probe = Probe::new("resets/after", [Step::Send(b"GET /sub/ HTTP/1.0\r\n\r\n".to_vec())]);
        let differing = compare(&pair, &[probe]);
        assert!(differing.is_empty(), "{}", differing.join("\n"));
    }
}

/// A number from the environment.
fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

//! Files that change while they are sent, and files of every suffix.
//!
//! **In**: the running pairs. **Out**: no difference. **Never**: a file outside of their directory.

use crate::probe::{self, Probe, Step, compare};
use crate::servers::{self, Pair};
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::Command;

/// Bytes that both servers send of a file of `size` that `change` changes while a reader takes its time.
fn sent(pair: &Pair, size: usize, change: impl Fn(&Path)) -> [usize; 2] {
    let path = pair.directory().join("changing.bin");
    let sent = [pair.reference, pair.candidate].map(|address| {
        std::fs::write(&path, vec![1; size]).expect("the directory can be written");
        let mut reader = probe::slow_reader(address, b"GET /changing.bin HTTP/1.0\r\n\r\n");
        change(&path);
        reader.rest()
    });
    std::fs::remove_file(&path).expect("the file is there");
    sent
}

#[test]
#[cfg_attr(not(real_python), ignore = "no verified python3 is installed")]
fn a_file_that_grows_is_sent_to_its_new_end() {
    for pair in Pair::each() {
        let [real, ours] = sent(&pair, 16 << 20, |path| {
            let mut file = File::options().append(true).open(path).expect("the file is there");
            file.write_all(&[2; 1 << 20]).expect("the file can grow");
        });
        assert_eq!(real, ours, "Python {}", pair.version);
        assert!(real > 17 << 20);
    }
}

#[test]
#[cfg_attr(not(real_python), ignore = "no verified python3 is installed")]
fn a_file_that_shrinks_ends_the_answer_early() {
    for pair in Pair::each() {
        // More than sockets hold on both sides, so that neither server is near the new end yet.
        let [real, ours] = sent(&pair, 48 << 20, |path| {
            let file = File::options().write(true).open(path).expect("the file is there");
            file.set_len(40 << 20).expect("the file can shrink");
        });
        assert_eq!(real, ours, "Python {}", pair.version);
        assert!((40 << 20..41 << 20).contains(&real), "{real}");
    }
}

#[test]
#[cfg_attr(not(real_python), ignore = "no verified python3 is installed")]
fn every_suffix_that_python_knows_has_its_type() {
    for (pair, (version, path)) in Pair::each().zip(servers::pythons()) {
        let said =
            Command::new(path).args(["-c", SUFFIXES]).output().expect("python3 ran when this was built");
        let suffixes = String::from_utf8(said.stdout).expect("suffixes are ASCII");
        let mut probes = Vec::new();
        for (number, suffix) in suffixes.split_whitespace().enumerate() {
            let name = format!("suffixes/{number}{suffix}");
            let path = pair.directory().join(&name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("room");
            std::fs::write(&path, b"x").expect("room");
            let request = format!("HEAD /{name} HTTP/1.0\r\n\r\n");
            probes.push(Probe::new(format!("suffix/{name}"), [Step::Send(request.into_bytes())]));
        }
        assert!(probes.len() > 200, "Python {version} knows {} suffixes only", probes.len());
        let differing = compare(&pair, &probes);
        assert!(differing.is_empty(), "Python {version}: {}", differing.join("\n"));
        std::fs::remove_dir_all(pair.directory().join("suffixes")).expect("it was made here");
    }
}

/// Every suffix that the module knows after its first use, the system's included; those of encodings in upper case and
/// behind another one, too.
const SUFFIXES: &str = "\
import mimetypes as m
m.init()
coded = {*m.suffix_map, *m.encodings_map}
known = {*m.types_map, *m.common_types, *coded, *(suffix.upper() for suffix in coded), *('.tar' + suffix for suffix in coded)}
print(*(suffix for suffix in sorted(known) if suffix.isascii() and suffix.isprintable() and '/' not in suffix and ' ' not in suffix))
";

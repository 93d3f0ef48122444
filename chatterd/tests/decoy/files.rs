//! Files that change while they are sent.
//!
//! **In**: the running pairs. **Out**: no difference. **Never**: a file outside of their directory.

use crate::probe;
use crate::servers::Pair;
use std::fs::File;
use std::io::Write;
use std::path::Path;

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

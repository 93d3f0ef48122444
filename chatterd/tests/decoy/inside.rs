//! Python's `http.server` without its sockets, and our decoy without ours: many more requests than over connections.
//!
//! **In**: requests by a seed (`CHATTER_DECOY_INSIDE`, `CHATTER_DECOY_SEED`), each of which ends with its sender's half.
//! **Out**: no byte that differs. **Never**: pace, endings, blocking files: those are the probes' part.

use crate::directory::Directory;
use crate::mutation::{Dice, Mutator};
use crate::{catalogue, grammar};
use chatterd::decoy::{Answer, Body, Decoy, Persona, Root};
use chatterd::http::HeadReader;
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

/// Compares so many answers with those of one Python; the differences in words.
pub(crate) fn compare(version: &str, python: &str, seed: u64, count: usize) -> Vec<String> {
    let directory = Directory::create();
    std::fs::remove_file(directory.path().join("fifo")).expect("the directory holds a FIFO");
    std::fs::write(directory.path().join("sizes/5242880.bin"), b"not so long").expect("a file");
    compare_all(version, python, directory.path(), &requests_of(seed, count))
}

/// Compares the types of files of every suffix that this Python knows, be it from its own table or from the machine's.
pub(crate) fn compare_types(version: &str, python: &str) -> (usize, Vec<String>) {
    let known =
        Command::new(python).args(["-c", SUFFIXES]).output().expect("python3 ran when this was built");
    let known = String::from_utf8(known.stdout).expect("suffixes are text");
    let suffixes: BTreeSet<String> =
        known.split_whitespace().flat_map(|suffix| [suffix.to_owned(), suffix.to_uppercase()]).collect();
    let directory = tempfile::tempdir().expect("a temporary directory");
    let names = suffixes
        .iter()
        .flat_map(|suffix| [format!("a{suffix}"), format!("a{suffix}.gz"), format!("a{suffix}.br")]);
    let requests: Vec<Vec<u8>> = names
        .map(|name| {
            std::fs::write(directory.path().join(&name), b"x").expect("a file");
            format!("HEAD /{name} HTTP/1.0\r\n\r\n").into_bytes()
        })
        .collect();
    (suffixes.len(), compare_all(version, python, directory.path(), &requests))
}

fn compare_all(version: &str, python: &str, directory: &Path, all: &[Vec<u8>]) -> Vec<String> {
    let root = Root::Own { path: directory.to_owned(), carrier: None };
    let decoy = Decoy::new(root, Persona::parse(version).expect("only verified versions are listed"));
    let mut child = Command::new(python)
        .args(["-c", include_str!("inside.py")])
        .arg(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 ran when this was built");
    let (mut requests, mut answers) =
        (child.stdin.take().expect("it is piped"), child.stdout.take().expect("it is piped"));
    let differing = std::thread::scope(|scope| {
        scope.spawn(|| {
            for request in all {
                let length = u32::try_from(request.len()).expect("requests are short");
                let framed = [&length.to_le_bytes(), request.as_slice()].concat();
                requests.write_all(&framed).expect("python3 reads");
            }
            drop(requests);
        });
        let mut differing = Vec::new();
        for request in all {
            let mut length = [0; 4];
            answers.read_exact(&mut length).expect("python3 answers");
            let mut theirs = vec![0; u32::from_le_bytes(length) as usize];
            answers.read_exact(&mut theirs).expect("python3 answers");
            let ours = answer(&decoy, request);
            if theirs != ours {
                differing.push(words(request, &theirs, &ours));
            }
        }
        differing
    });
    child.wait().expect("it ends with its input");
    differing
}

/// Half of them bent pieces of the catalogue, half of them drawn from the grammar, some of those bent as well.
fn requests_of(seed: u64, count: usize) -> Vec<Vec<u8>> {
    let mutator = Mutator::of(&catalogue::all());
    let mut dice = Dice::new(seed);
    let one = |dice: &mut Dice| match dice.below(4) {
        0 | 1 => mutator.bytes(dice),
        2 => grammar::request(dice),
        _ => {
            let drawn = grammar::request(dice);
            mutator.bent(drawn, dice)
        }
    };
    (0..count).map(|_| one(&mut dice)).collect()
}

fn answer(decoy: &Decoy, request: &[u8]) -> Vec<u8> {
    let mut reader = HeadReader::new(decoy.persona());
    let read = reader.receive(request).or_else(|| reader.end_of_input()).expect("the end of input decides");
    let Answer { head, body, .. } = decoy.answer(&read, SystemTime::UNIX_EPOCH + Duration::from_secs(NOW));
    let body = match body {
        Body::Empty => Vec::new(),
        Body::Page(bytes) => bytes,
        Body::Bytes(bytes) => bytes.to_vec(),
        Body::File { mut file, begun: mut bytes } => {
            file.read_to_end(&mut bytes).expect("the file can be read");
            bytes
        }
        Body::Carrier(_) | Body::Never => panic!("the directory holds no such thing"),
    };
    [head, body].concat()
}

fn words(request: &[u8], theirs: &[u8], ours: &[u8]) -> String {
    let same = theirs.iter().zip(ours).take_while(|(one, two)| one == two).count();
    let around = |bytes: &[u8]| {
        let from = same.saturating_sub(60);
        bytes.get(from..bytes.len().min(same + 200)).unwrap_or_default().escape_ascii().to_string()
    };
    format!("{}\n  Python {}\n  ours   {}", request.escape_ascii(), around(theirs), around(ours))
}

/// The present, as `inside.py` has it.
const NOW: u64 = 1_700_000_000;
const SUFFIXES: &str =
    "import mimetypes as m; m.init(); print(*m.types_map, *m.suffix_map, *m.encodings_map)";

//! The virtual carrier over real connections: many at once, each complete, each another.
//!
//! **In** a generated tree with a smaller carrier. **Out** whole downloads. **Never** a member.
#![expect(clippy::unwrap_used, reason = "in a test it is the failure")]

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use chatterd::connection::Wall;
use chatterd::decoy::generated::Tree;
use chatterd::decoy::{Decoy, Persona, Root, Seed};
use chatterd::listener::{Listener, Queue};

const SIZE: u64 = (2 << 20) + 7;
const CLIENTS: usize = 20;

fn serve(seed: u8) -> (Arc<Decoy>, SocketAddr, tokio::runtime::Runtime, tokio::sync::watch::Sender<bool>) {
    let tree = Tree::grow(&Seed::bare([seed; 32])).with_carrier_size(SIZE);
    let decoy = Arc::new(Decoy::new(Root::Generated(Box::new(tree)), Persona::default()));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (stop, shutdown) = tokio::sync::watch::channel(false);
    let listener = {
        let _inside = runtime.enter();
        Listener::bind("127.0.0.1:0".parse().unwrap(), Queue::Deep).unwrap()
    };
    let address = listener.local_addr().unwrap();
    runtime.spawn(listener.run(Arc::clone(&decoy), Arc::new(Wall), runtime.handle().clone(), shutdown));
    (decoy, address, runtime, stop)
}

fn get(address: SocketAddr, path: &str, method: &str, headers: &str) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    write!(stream, "{method} {path} HTTP/1.1\r\nHost: a\r\n{headers}\r\n").unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    let body = bytes.split_off(end);
    (String::from_utf8(bytes).unwrap(), body)
}

fn header<'a>(head: &'a str, name: &str) -> &'a str {
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).unwrap()
}

#[test]
fn twenty_clients_at_once_each_get_a_whole_file_of_their_own() {
    let (decoy, address, runtime, _stop) = serve(11);
    let path = decoy.carrier_path().unwrap().to_owned();
    let barrier = Arc::new(Barrier::new(CLIENTS));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (path, barrier) = (path.clone(), Arc::clone(&barrier));
            std::thread::spawn(move || {
                barrier.wait();
                get(address, &path, "GET", "")
            })
        })
        .collect();
    let downloads: Vec<_> = clients.into_iter().map(|client| client.join().unwrap()).collect();
    // The bytes of the header that are no chance come each time.
    let fixed = |byte: u8| decoy.carrier_magic(&mut |part| part.fill(byte));
    let (zeros, ones) = (fixed(0), fixed(255));
    let mut blocks = BTreeSet::new();
    for (head, body) in &downloads {
        assert!(head.starts_with("HTTP/1.0 200 OK\r\n"), "{head}");
        assert_eq!(header(head, "Content-Length"), SIZE.to_string());
        assert_eq!(body.len() as u64, SIZE);
        assert_eq!(header(head, "Last-Modified"), header(head, "Date"), "rewritten this second");
        for ((byte, zero), one) in body.iter().zip(&zeros).zip(&ones) {
            assert!(zero != one || byte == zero, "the header of its kind");
        }
        for block in body.get(zeros.len()..).unwrap().chunks_exact(32) {
            assert!(blocks.insert(block), "32 bytes come again");
        }
    }
    assert_eq!(blocks.len(), CLIENTS * ((usize::try_from(SIZE).unwrap() - zeros.len()) / 32));
    runtime.shutdown_background();
}

#[test]
fn what_a_cache_would_ask_is_answered_as_for_a_file_of_this_second() {
    let (decoy, address, runtime, _stop) = serve(12);
    let path = decoy.carrier_path().unwrap();
    let (head, body) = get(address, path, "HEAD", "");
    assert_eq!((header(&head, "Content-Length"), body.len()), (SIZE.to_string().as_str(), 0));
    // An earlier copy is outdated; one of the future is not.
    let old = get(address, path, "GET", "If-Modified-Since: Sun, 13 Sep 2020 12:26:40 GMT\r\n");
    assert!(old.0.starts_with("HTTP/1.0 200 ") && old.1.len() as u64 == SIZE, "{}", old.0);
    let new = get(address, path, "GET", "If-Modified-Since: Sun, 13 Sep 2099 12:26:40 GMT\r\n");
    assert!(new.0.starts_with("HTTP/1.0 304 ") && new.1.is_empty(), "{}", new.0);
    runtime.shutdown_background();
}

//! The carrier, as strangers get it.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use chatter_protocol::invite::Link;
use chatter_tests::daemon::Home;
use chatter_tests::exchange::{Ending, connect, exchange, header};
#[cfg(python3)]
use chatter_tests::python::{PythonServer, VERSION};

#[test]
fn the_generated_one_is_as_long_as_it_says() {
    let home = Home::new();
    let daemon = home.ephemeral("");
    let path = daemon.operator().ask(&["status"])["carrier_path"].as_str().expect("a carrier").to_owned();
    let (head, length, start) = download(daemon.address, &path);
    assert_eq!(header(&head, "Content-Length"), Some(length.to_string().as_str()), "{path}");
    assert_eq!(header(&head, "Last-Modified"), header(&head, "Date"));
    assert!(length >= 63 << 20, "{length} bytes");
    let again = exchange_start(daemon.address, &path, start.len());
    assert_ne!(start, again, "another file each time");
}

/// Whoever asks, and whatever cookies he has: the operator's own file as it lies there, as Python gives it.
#[cfg_attr(not(python3), ignore = "needs a Python that the daemon poses as")]
#[test]
#[cfg(python3)]
fn an_operators_own_file_is_given_as_it_is() {
    let home = Home::new();
    let root = home.path("files");
    std::fs::create_dir(&root).expect("room");
    let noise: Vec<u8> =
        (0..700_001u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 11).to_le_bytes()[0]).collect();
    let file = [b"Salted__", noise.as_slice()].concat();
    std::fs::write(root.join("old.enc"), &file).expect("room");
    let version = VERSION.expect("a version");
    let daemon = home.ephemeral(&format!(
        "[decoy]\nroot = '{}'\ncarrier = 'old.enc'\npython = '{version}'\n",
        root.display()
    ));
    let python = PythonServer::start(&root);
    let link = Link::parse(&daemon.access_link()).expect("a link");
    let cookie = link.access().code.server_key.cookie_name();
    let token: String =
        (0..400u32).map(|at| char::from(b'A' + u8::try_from(at * 7 % 26).expect("a letter"))).collect();
    let cookies = [
        String::new(),
        format!("Cookie: {cookie}={token}\r\n"),
        format!("Cookie: {cookie}={}\r\n", &token[..22]),
        format!("Cookie: {cookie}={token}; {cookie}={token}\r\n"),
        format!("Cookie: other=1; {cookie}=\r\n"),
    ];
    let conditions = [
        "",
        "If-Modified-Since: Sun, 13 Sep 2020 12:26:40 GMT\r\n",
        "If-Modified-Since: Sun, 13 Sep 2099 12:26:40 GMT\r\n",
        "If-None-Match: \"a\"\r\nIf-Modified-Since: Sun, 13 Sep 2099 12:26:40 GMT\r\n",
        "Range: bytes=0-7\r\n",
    ];
    for start in
        ["GET /old.enc HTTP/1.1", "HEAD /old.enc HTTP/1.1", "GET /old.enc", "GET /./old.enc?x HTTP/1.0"]
    {
        for condition in conditions {
            for cookie in &cookies {
                let request = format!("{start}\r\nHost: a\r\n{condition}{cookie}\r\n");
                let [real, ours] = [python.address, daemon.address]
                    .map(|address| exchange(address, 3, request.as_bytes()).without_date());
                assert!(real == ours, "{request:?}: {real:?} and {ours:?}");
                assert_eq!(ours.ending, Ending::Fin);
                // Without a version there is no 304 to be seen, only its empty body.
                if start == "GET /old.enc" && !condition.starts_with("If-Modified-Since: Sun, 13 Sep 2099") {
                    assert!(ours.bytes == file, "{request:?}");
                }
            }
        }
    }
}

/// Head, count of the body's bytes, and the first of them.
fn download(address: SocketAddr, path: &str) -> (Vec<u8>, u64, Vec<u8>) {
    let mut stream = asked(address, path);
    let (head, start) = head_and_start(&mut stream);
    let mut chunk = vec![0; 256 * 1024];
    let mut length = start.len() as u64;
    loop {
        match stream.read(&mut chunk).expect("it goes on to its end") {
            0 => return (head, length, start),
            read => length += read as u64,
        }
    }
}

fn exchange_start(address: SocketAddr, path: &str, length: usize) -> Vec<u8> {
    let mut start = head_and_start(&mut asked(address, path)).1;
    start.truncate(length);
    start
}

fn asked(address: SocketAddr, path: &str) -> TcpStream {
    let mut stream = connect(address, [127, 0, 0, 4].into()).expect("it answers");
    stream.set_read_timeout(Some(chatter_tests::process::PATIENCE)).expect("a timeout can be set");
    write!(stream, "GET {path} HTTP/1.1\r\n\r\n").expect("it listens");
    stream
}

/// Reads the head and some thousand bytes more.
fn head_and_start(stream: &mut TcpStream) -> (Vec<u8>, Vec<u8>) {
    let mut bytes = vec![0; 65_536];
    stream.read_exact(&mut bytes).expect("so much comes");
    let end = memchr::memmem::find(&bytes, b"\r\n\r\n").expect("a head") + 4;
    let start = bytes.split_off(end);
    (bytes, start)
}

//! Servers behind which there is no room: none at all, a silent one, a plain file server.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::program::{access_link, finish, room_link, run, start};

/// A port on which nobody listens.
fn deaf_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port()
}

/// Answers every connection by `answer`, in a thread of its own; tells what was asked.
fn serve(answer: fn(&str) -> Vec<u8>) -> (u16, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (asked, requests) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let Some(request) = read_request(&mut stream) else { continue };
            let answer = answer(&request);
            // Told before it is answered: whoever has the answer may look at once.
            let _ = asked.send(request);
            // Fails where the client has gone on.
            let _ = stream.write_all(&answer);
        }
    });
    (port, requests)
}

fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        request.push(byte[0]);
    }
    String::from_utf8(request).ok()
}

/// A file, without a date: this server's clock is nobody's business.
fn file(_request: &str) -> Vec<u8> {
    answer_with("")
}

/// The same from a server whose clock stands still.
fn file_of_1994(_request: &str) -> Vec<u8> {
    answer_with("Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n")
}

fn answer_with(date: &str) -> Vec<u8> {
    let body = [b"Salted__".as_slice(), &[0xa5; 100_000]].concat();
    let head = format!(
        "HTTP/1.0 200 OK\r\nServer: SimpleHTTP/0.6 Python/3.11.2\r\n{date}\
         Content-type: application/octet-stream\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.into_bytes(), body].concat()
}

fn not_found(_request: &str) -> Vec<u8> {
    b"HTTP/1.0 404 File not found\r\nServer: SimpleHTTP/0.6 Python/3.11.2\r\nConnection: close\r\n\r\n"
        .to_vec()
}

fn ssh(_request: &str) -> Vec<u8> {
    b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n".to_vec()
}

#[test]
fn a_refused_connection_says_so() {
    let port = deaf_port();
    let ended = run(&["join", &room_link(port), "--nick", "ben", "--json"], "");
    ended.check(4, "refuses connections");
    assert!(ended.stdout.contains(r#""event":"error""#), "{ended:?}");
    run(&["new", &access_link(port), "--nick", "anna"], "").check(4, "refuses connections");
    run(&["send", &room_link(port), "hi", "--nick", "ben"], "").check(4, "not taken by the relay: hi");
}

#[test]
fn a_file_server_is_known_for_one() {
    for answer in [file, not_found] {
        let (port, requests) = serve(answer);
        let ended = run(&["join", &room_link(port), "--nick", "ben"], "");
        ended.check(5, "error: ");
        for word in ["code", "file server"] {
            assert!(ended.stderr.contains(word), "{word} is not in {ended:?}");
        }
        assert_eq!(ended.stdout, "", "no room was entered");
        let asked: Vec<String> = requests.try_iter().collect();
        assert_eq!(asked.len(), 3, "{asked:?}");
        for request in asked {
            assert!(request.starts_with("GET /data.enc HTTP/1.1\r\nHost: 127.0.0.1:"), "{request}");
            let last = request.trim_end().rsplit("\r\n").next().expect("a header");
            assert!(last.starts_with("Cookie: "), "{request}");
        }
    }
}

#[test]
fn a_clock_that_is_off_is_named() {
    let (port, _requests) = serve(file_of_1994);
    run(&["join", &room_link(port), "--nick", "ben"], "").check(6, "clock");
}

#[test]
fn a_name_that_nobody_knows_is_told() {
    let link = room_link(8000).replace("127.0.0.1", "no-such-host.invalid");
    let ended = run(&["join", &link, "--nick", "ben"], "");
    ended.check(4, "the name no-such-host.invalid is not known here (is the address right?)");
}

#[test]
fn what_is_no_web_server_is_no_way_in() {
    let (port, _requests) = serve(ssh);
    run(&["join", &room_link(port), "--nick", "ben"], "").check(4, "does not speak HTTP");
}

#[test]
#[cfg_attr(not(python3), ignore = "there is no python3 on this machine")]
fn the_real_file_server_is_known_too() {
    let python = Python::start();
    run(&["join", &room_link(python.port), "--nick", "ben"], "").check(5, "file server");
}

/// `python3 -m http.server` on a directory with the carrier's name in it.
struct Python {
    server: Child,
    port: u16,
    _root: tempfile::TempDir,
}

impl Python {
    fn start() -> Self {
        let root = tempfile::tempdir().expect("a directory");
        std::fs::write(root.path().join("data.enc"), [0xa5; 65_536]).expect("a file");
        let port = deaf_port();
        let mut command = Command::new("python3");
        command
            .args(["-m", "http.server", "--bind", "127.0.0.1", &port.to_string()])
            .current_dir(root.path());
        let server = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("python3");
        let python = Self { server, port, _root: root };
        let deadline = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < deadline, "python3 does not serve");
            thread::sleep(Duration::from_millis(50));
        }
        python
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_the_wait_for_a_silent_server() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let child = start(&["join", &room_link(port), "--nick", "ben", "--json"]);
    let (_stream, _) = listener.accept().expect("the client");
    let begin = Instant::now();
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill");
    assert!(kill.success());
    let ended = finish(child);
    ended.check(0, "opening the door");
    let lines: Vec<_> = ended.stdout.lines().skip(1).collect();
    assert_eq!(lines, [r#"{"event":"left"}"#]);
    assert!(begin.elapsed() < Duration::from_secs(5));
}

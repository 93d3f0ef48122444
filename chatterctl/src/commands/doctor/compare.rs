//! The decoy beside the real thing: a `python3 -m http.server` on the same directory, for a moment, on the loopback.
//!
//! **In** the decoy's address, its directory. **Out** what the two answer differently. **Never** a server left running.

use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use super::fetch::fetch;
use super::finding::Finding;
use super::strangers::minor;

/// A server that ends with this.
struct Python(Child);

impl Drop for Python {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(super) fn look(address: SocketAddr, persona: &str, root: &Path, findings: &mut Vec<Finding>) {
    let Some((_python, real)) = start(root) else {
        findings.push(Finding::note(
            "disguise",
            "not compared: no python3 serves the directory here",
            "",
            "",
        ));
        return;
    };
    let mut version = String::new();
    let mut differ = Vec::new();
    for (what, request) in REQUESTS {
        let request = request.replace("HOST", "server");
        let (Ok(ours), Ok(theirs)) = (fetch(address, request.as_bytes()), fetch(real, request.as_bytes()))
        else {
            differ.push(what);
            continue;
        };
        if let Some(server) = super::fetch::header(&theirs, "Server") {
            version = server.rsplit('/').next().unwrap_or_default().to_owned();
        }
        if undated(&ours) != undated(&theirs) {
            differ.push(what);
        }
    }
    let posed = persona.rsplit('/').next().unwrap_or_default();
    let compared = format!("{} requests against a real Python {version}", REQUESTS.len());
    if differ.is_empty() {
        findings.push(Finding::ok("disguise", format!("no difference in {compared}")));
    } else if minor(&version) != minor(posed) {
        findings.push(Finding::note(
            "disguise",
            format!("poses as {posed}; {compared} differ in: {}", differ.join(", ")),
            "versions of Python answer differently, so that this says little",
            "compare where that version is installed",
        ));
    } else {
        findings.push(Finding::problem(
            "disguise",
            format!("{compared} differ in: {}", differ.join(", ")),
            "whoever knows Python's server can tell this one from it",
            "see that the daemon may read all of decoy.root, as you can; otherwise report it as a fault of chatterd",
        ));
    }
}

fn start(root: &Path) -> Option<(Python, SocketAddr)> {
    let mut child = Command::new("python3")
        .args(["-I", "-u", "-m", "http.server", "--bind", "127.0.0.1", "0"])
        .current_dir(root)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let stdout = child.stdout.take();
    let python = Python(child);
    // "Serving HTTP on 127.0.0.1 port 40123 (http://127.0.0.1:40123/) ..."
    let (said, hears) = mpsc::channel();
    let stdout = stdout?;
    std::thread::spawn(move || {
        let mut line = String::new();
        let _ = BufReader::new(stdout).read_line(&mut line);
        let _ = said.send(line);
    });
    let line = hears.recv_timeout(START).ok()?;
    let port = line.split(" port ").nth(1)?.split(' ').next()?.parse().ok()?;
    Some((python, SocketAddr::from((Ipv4Addr::LOCALHOST, port))))
}

/// An answer without what differs from second to second and from release to release.
fn undated(answer: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(answer);
    let lines = text
        .split_inclusive('\n')
        .filter(|line| !line.starts_with("Date: ") && !line.starts_with("Server: "));
    lines.collect::<String>().into_bytes()
}

/// What tells servers apart, in few looks.
const REQUESTS: [(&str, &str); 10] = [
    ("the listing", "GET / HTTP/1.0\r\n\r\n"),
    ("HEAD", "HEAD / HTTP/1.1\r\nHost: HOST\r\n\r\n"),
    ("a missing file", "GET /no-such-file HTTP/1.1\r\nHost: HOST\r\n\r\n"),
    ("POST", "POST / HTTP/1.1\r\nHost: HOST\r\nContent-Length: 0\r\n\r\n"),
    ("OPTIONS", "OPTIONS * HTTP/1.1\r\nHost: HOST\r\n\r\n"),
    ("HTTP/0.9", "GET /\r\n\r\n"),
    ("a wrong version", "GET / HTTP/2.0\r\n\r\n"),
    ("no request at all", "\u{16}\u{3}\u{1}\r\n\r\n"),
    (
        "a long line",
        concat!(
            "GET /a?",
            "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
            " HTTP/1.1\r\n\r\n"
        ),
    ),
    ("a path upwards", "GET /../../etc/passwd HTTP/1.0\r\n\r\n"),
];
const START: Duration = Duration::from_secs(5);

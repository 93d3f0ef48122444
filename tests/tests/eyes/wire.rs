//! A whole session as tcpdump sees it, read by those who sort traffic.
//!
//! **In** real clients at a real daemon; curl and Chromium at the real Python. **Out** what tshark and nDPI say of both.
//! **Never** another interface than the loopback, or a packet of anybody else's.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use chatter_tests::client::Client;
use chatter_tests::daemon::Home;
use chatter_tests::process::{PATIENCE, Process, until};
use chatter_tests::python::PythonServer;
use nix::sys::signal::Signal;

use crate::chromium::Chromium;
use crate::pair::command;

/// Our session is HTTP to both, without an error, and nothing about it is more suspicious than what curl and Chromium do at
/// the real Python.
#[ignore = "needs tcpdump, tshark, ndpiReader, curl and chromium; `.ci/run peers` runs it"]
#[test]
fn ndpi_and_tshark_see_plain_http() {
    let home = Home::new();
    let root = home.path("shared");
    fs::create_dir_all(root.join("papers")).expect("room");
    fs::write(root.join("backup.enc"), [&b"Salted__"[..], &[7; 8_000_000]].concat()).expect("room");
    fs::write(root.join("notes.txt"), b"eggs, milk\n").expect("room");

    let real = downloads(&home, &root);
    let ours = session(&home, &root);
    println!("real: {real:#?}\nours: {ours:#?}");
    for read in [&real, &ours] {
        assert_eq!(read.malformed, 0, "malformed packets");
        assert_eq!(read.errors, BTreeSet::new(), "expert errors");
        assert_eq!(read.streams, read.http_streams, "connections that are not HTTP to tshark");
        let (silent, named): (Vec<_>, Vec<_>) =
            read.protocols.iter().partition(|(name, _)| *name == "Unknown");
        assert!(matches!(named[..], [(name, _)] if name == "HTTP"), "nDPI sees something else: {named:?}");
        // Of a connection without a byte nobody can say what it is.
        let silent: usize = silent.iter().map(|(_, count)| **count).sum();
        assert!(silent <= read.silent, "nDPI can't name {silent} of them, {} were silent", read.silent);
    }
    assert!(ours.streams > 10 && real.streams > 5, "{} and {} connections", ours.streams, real.streams);
    let more: Vec<_> = ours.risks.difference(&real.risks).collect();
    assert_eq!(more, [""; 0], "risks that only we have");
}

/// Two members who talk for a while, one of them at a constant rate.
fn session(home: &Home, root: &Path) -> Reading {
    let daemon = home.ephemeral(&format!("[decoy]\nroot = '{}'\ncarrier = 'backup.enc'\n", root.display()));
    let capture = Capture::start(home, "ours.pcap", daemon.address);
    let (mut anna, room) = Client::new_room(&daemon.access_link(), "room", "anna");
    let mut ben = Client::join_with(&room, "ben", &["--chaff", "constant"]);
    ben.entered();
    anna.met("ben");
    ben.met("anna");
    for line in 0..4 {
        anna.tell(&format!("line {line}, {}", "and more of it ".repeat(line * 20)), &[&ben]);
        ben.tell(&format!("answer {line}"), &[&anna]);
    }
    assert_eq!(ben.quit().code, Some(0));
    assert_eq!(anna.quit().code, Some(0));
    Reading::of(&capture.stop())
}

/// What people do at a file server: a download, some of it again, one broken off; pages, and their reloads.
fn downloads(home: &Home, root: &Path) -> Reading {
    let python = PythonServer::start(root);
    let capture = Capture::start(home, "real.pcap", python.address);
    let server = format!("http://{}/", python.address);
    let curl = |arguments: &[&str], path: &str| {
        let fixed = ["-s", "--noproxy", "*", "--output", "/dev/null"];
        let done = command("curl").args(fixed).args(arguments).arg(format!("{server}{path}")).status();
        done.expect("curl runs").success()
    };
    assert!(curl(&[], "backup.enc"));
    assert!(curl(&["-z", "2031-01-01"], "notes.txt"));
    assert!(!curl(&["--limit-rate", "20k", "--max-time", "1"], "backup.enc"), "broken off");
    let folder = home.path("browser");
    fs::create_dir_all(&folder).expect("room");
    let mut chromium = Chromium::start(&folder);
    chromium.set_cookie(&server, "session", "0123456789");
    for page in ["notes.txt", "papers/"] {
        chromium.visit(&format!("{server}{page}"));
        chromium.reload();
    }
    chromium.download(&format!("{server}backup.enc"));
    until("the download is asked for", || (python.asked_for("/backup.enc") == 3).then_some(()));
    // Connections that Chromium made ahead of need may stay; the download takes far less than this.
    let patience = Instant::now() + DOWNLOAD_TIME;
    while python_connections(python.address) > 0 && Instant::now() < patience {
        sleep(Duration::from_millis(50));
    }
    drop(chromium);
    Reading::of(&capture.stop())
}

const DOWNLOAD_TIME: Duration = Duration::from_secs(5);

/// How many connections of the server's are open, each seen from both of its ends.
fn python_connections(address: SocketAddr) -> usize {
    let port = format!(":{:04X} ", address.port());
    let table = fs::read_to_string("/proc/net/tcp").expect("the kernel tells");
    let open = |line: &&str| line.contains(&port) && line.split_whitespace().nth(3) == Some("01");
    table.lines().filter(open).count()
}

/// What both programs say of a capture.
#[derive(Debug)]
struct Reading {
    /// Connections with a byte in them. Browsers open some ahead of need, and close them again without one.
    streams: usize,
    silent: usize,
    http_streams: usize,
    malformed: usize,
    errors: BTreeSet<String>,
    /// Of the lesser things that tshark remarks, how many of each.
    #[expect(dead_code, reason = "for those who read the log")]
    remarks: BTreeMap<String, usize>,
    protocols: BTreeMap<String, usize>,
    risks: BTreeSet<String>,
}

impl Reading {
    fn of(capture: &Path) -> Self {
        let lines = |filter: &str, fields: &[&str]| {
            let mut tshark = command("tshark");
            tshark.arg("-r").arg(capture).args(["-n", "-Y", filter, "-T", "fields", "-E", "separator=|"]);
            tshark.args(fields.iter().flat_map(|field| ["-e", field]));
            let output = tshark.output().expect("tshark runs");
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect::<Vec<_>>()
        };
        let distinct = |lines: Vec<String>| lines.into_iter().collect::<BTreeSet<_>>().len();
        let mut remarks = BTreeMap::new();
        let mut errors = BTreeSet::new();
        for line in lines("_ws.expert", &["_ws.expert.severity", "_ws.expert.message"]) {
            let (severities, messages) = line.split_once('|').expect("two fields");
            // Several in one packet stand behind one another; messages with commas make more parts, and do no harm.
            let worst = severities.split(',').filter_map(|severity| severity.parse::<u32>().ok()).max();
            if worst >= Some(EXPERT_ERROR) {
                errors.insert(messages.to_owned());
            }
            if worst >= Some(EXPERT_WARNING) {
                *remarks.entry(messages.to_owned()).or_insert(0) += 1;
            }
        }
        let ndpi = command("ndpiReader").arg("-i").arg(capture).args(["-v", "2"]).output().expect("it runs");
        let ndpi = String::from_utf8_lossy(&ndpi.stdout).into_owned();
        let mut protocols = BTreeMap::new();
        let mut risks = BTreeSet::new();
        for flow in ndpi.lines().filter(|line| line.contains("TCP 127.0.0.1:") && line.contains("[proto: ")) {
            let between =
                |start: &str, end: &str| flow.split_once(start)?.1.split_once(end).map(|(found, _)| found);
            let protocol = between("[proto: ", "]").expect("a protocol");
            let name = protocol.split_once('/').map_or(protocol, |(_, name)| name);
            *protocols.entry(name.to_owned()).or_insert(0) += 1;
            let named = between("[Risk: ", "]").unwrap_or_default();
            risks.extend(named.split("**").map(str::trim).filter(|risk| !risk.is_empty()).map(str::to_owned));
        }
        let streams = distinct(lines("tcp.len > 0", &["tcp.stream"]));
        Self {
            streams,
            silent: distinct(lines("tcp", &["tcp.stream"])) - streams,
            http_streams: distinct(lines("http.request", &["tcp.stream"])),
            malformed: lines("_ws.malformed", &["frame.number"]).len(),
            errors,
            remarks,
            protocols,
            risks,
        }
    }
}

/// A running tcpdump.
struct Capture {
    process: Process,
    file: PathBuf,
}

impl Capture {
    fn start(home: &Home, name: &str, address: SocketAddr) -> Self {
        let file = home.path(name);
        let mut tcpdump = Command::new("tcpdump");
        tcpdump.args(["-i", "lo", "-n", "-s", "0", "-U", "-B", "65536", "-Z", "root", "-w"]).arg(&file);
        tcpdump.arg(format!("tcp port {}", address.port())).stdin(Stdio::null());
        let process = Process::start("tcpdump", tcpdump);
        process
            .stderr
            .wait(PATIENCE, |lines| lines.iter().any(|line| line.contains("listening on")).then_some(()))
            .unwrap_or_else(|| panic!("tcpdump: {:?}", process.stderr.all()));
        Self { process, file }
    }

    /// Ends it when all is written.
    fn stop(mut self) -> PathBuf {
        let mut before = 0;
        until("nothing more is written", || {
            let length = File::open(&self.file).and_then(|file| file.metadata()).map_or(0, |data| data.len());
            std::thread::sleep(std::time::Duration::from_millis(300));
            (std::mem::replace(&mut before, length) == length).then_some(())
        });
        self.process.signal(Signal::SIGINT);
        let ended = self.process.ended();
        assert!(ended.stderr.contains("\n0 packets dropped by kernel"), "{}", ended.stderr);
        self.file
    }
}

const EXPERT_WARNING: u32 = 0x0060_0000;
const EXPERT_ERROR: u32 = 0x0080_0000;

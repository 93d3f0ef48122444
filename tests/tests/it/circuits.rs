//! Who comes by an onion service: counted by his circuit, and by nothing else. Tor's part is played here: it says its line,
//! and hears which circuits to close.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chatter_tests::client::Client;
use chatter_tests::daemon::{Daemon, Home};
use chatter_tests::exchange::{Answer, Ending, exchange};
use chatter_tests::process::until;
use chatter_tests::recorder::Recorder;

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n";

/// A control port that takes everybody, and keeps what it is told.
struct Tor {
    path: PathBuf,
    told: Arc<Mutex<Vec<String>>>,
    uptime: Arc<AtomicU64>,
    connection: Arc<Mutex<Option<UnixStream>>>,
}

impl Tor {
    fn start(path: PathBuf) -> Self {
        let listener = UnixListener::bind(&path).expect("room for a socket");
        let (told, uptime) = (Arc::<Mutex<Vec<String>>>::default(), Arc::new(AtomicU64::new(1000)));
        let connection = Arc::<Mutex<Option<UnixStream>>>::default();
        let (heard, since, current) = (Arc::clone(&told), Arc::clone(&uptime), Arc::clone(&connection));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                *current.lock().expect("no panic") = stream.try_clone().ok();
                let mut answers = stream.try_clone().expect("a second handle");
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    let answer = match line.split(' ').next() {
                        Some("PROTOCOLINFO") => {
                            "250-AUTH METHODS=NULL\r\n250-VERSION Tor=\"0.4.9.11\"\r\n250 OK\r\n".to_owned()
                        }
                        Some("GETINFO") => {
                            format!("250-uptime={}\r\n250 OK\r\n", since.load(Ordering::SeqCst))
                        }
                        _ => "250 OK\r\n".to_owned(),
                    };
                    heard.lock().expect("no panic").push(line);
                    let _ = answers.write_all(answer.as_bytes());
                }
            }
        });
        Self { path, told, uptime, connection }
    }

    fn closed(&self) -> Vec<String> {
        let told = self.told.lock().expect("no panic");
        told.iter().filter_map(|line| line.strip_prefix("CLOSECIRCUIT ")).map(str::to_owned).collect()
    }

    /// Ends, as far as the daemon can see, and is there again as another process.
    fn start_anew(&self) {
        self.uptime.store(0, Ordering::SeqCst);
        if let Some(connection) = self.connection.lock().expect("no panic").take() {
            let _ = connection.shutdown(std::net::Shutdown::Both);
        }
    }
}

fn line(circuit: u32) -> String {
    format!(
        "PROXY TCP6 fc00:dead:beef:4dad::{:x}:{:x} ::1 {} 80\r\n",
        circuit >> 16,
        circuit & 0xffff,
        circuit & 0xffff
    )
}

/// All that is answered to who says this there.
fn said(path: &Path, bytes: &[u8]) -> Vec<u8> {
    let stream = UnixStream::connect(path).expect("it listens there");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
    answered(stream, bytes)
}

fn answered(mut stream: impl std::io::Read + std::io::Write, bytes: &[u8]) -> Vec<u8> {
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    Answer { bytes: answer, ending: Ending::Fin }.without_date().bytes
}

fn asked(path: &Path, circuit: u32) -> Vec<u8> {
    said(path, &[line(circuit).as_bytes(), REQUEST].concat())
}

fn circuits(daemon: &Daemon) -> Vec<String> {
    let circuits = daemon.operator().list("bans", "circuits");
    circuits.iter().map(|circuit| circuit["circuit"].as_str().unwrap_or_default().to_owned()).collect()
}

/// Two Tor hosts, the first with a control port.
fn settings(home: &Home, tor: &Tor) -> String {
    format!(
        "[ban]\nexempt = []\nafter = 5\n[purge]\nevery-packets = 1000\n{PLAIN}\
         [[tor]]\nname = 'a'\nunix = '{}'\nmode = 0o600\ncontrol = '{}'\nclose-circuits = true\n\
         [[tor]]\nname = 'b'\nunix = '{}'\nmode = 0o600\n[[tor]]\nname = 'c'\ntcp = '127.0.0.1:0'\n",
        home.path("a.sock").display(),
        tor.path.display(),
        home.path("b.sock").display()
    )
}

#[test]
fn a_circuit_that_knocks_too_often_is_closed_and_nobody_else_notices() {
    let home = Home::new();
    let tor = Tor::start(home.path("control.sock"));
    let daemon = home.lasting_by(&settings(&home, &tor));
    let (a, b) = (home.path("a.sock"), home.path("b.sock"));
    let expected = exchange(daemon.address, 3, REQUEST).without_date().bytes;
    assert!(expected.starts_with(b"HTTP/1.0 200 OK\r\n"));
    until("the control port is used", || {
        daemon.log().contains("the control port of a is open").then_some(())
    });
    for _ in 0..5 {
        assert_eq!(asked(&a, 65), expected, "an onion service's visitors see the same web server");
        assert_eq!(asked(&b, 65), expected);
    }
    until("the circuit is closed", || (tor.closed() == ["65"]).then_some(()));
    assert_eq!(asked(&a, 65), b"", "until it is gone nothing more is said by it");
    assert_eq!(asked(&a, 66), expected, "others come as before");
    assert_eq!(asked(&b, 65), expected, "of the other host it is another, and that one does not close any");
    assert_eq!(circuits(&daemon), ["circuit 65 of a", "circuit 65 of b"]);
    let report = std::fs::read_to_string(home.report()).expect("a report");
    assert!(!report.contains("->") && !daemon.log().contains(" ban "), "{report}");
    assert_eq!(daemon.operator().banned(), [""; 0]);
    let exported = daemon.operator().run(&["bans", "export", "--format", "nftables"]);
    assert!(!exported.stdout.contains("65") && !exported.stdout.contains("circuit"), "{exported:?}");
    assert!(!daemon.log().contains("4dad"), "no circuit stands in the log");

    // What the operator may do about it.
    assert_eq!(daemon.operator().run(&["bans", "lift", "a/65"]).code, Some(0));
    assert_eq!(asked(&a, 65), expected);
    assert_eq!(circuits(&daemon), ["circuit 65 of b"]);
    let purged = daemon.operator().ask(&["purge", "--address", "circuit 66 of a"]);
    assert_eq!(purged["addresses_forgotten"], 1, "{purged}");
    for wrong in ["d/65", "a/65", "a/x"] {
        assert_ne!(daemon.operator().run(&["bans", "lift", wrong]).code, Some(0), "{wrong}");
    }

    // A tor that was started anew counts its circuits from the beginning, and nobody pays for his number's past.
    (0..5).for_each(|_| drop(asked(&a, 7)));
    until("that one is closed, too", || tor.closed().contains(&"7".to_owned()).then_some(()));
    assert_eq!(asked(&a, 7), b"");
    tor.start_anew();
    until("it is noticed", || daemon.log().contains("the tor of a was started anew").then_some(()));
    assert_eq!(asked(&a, 7), expected);
}

#[test]
fn a_members_circuit_is_not_counted() {
    let home = Home::new();
    let tor = Tor::start(home.path("control.sock"));
    let daemon =
        home.ephemeral_by(&settings(&home, &tor).replace("name = 'b'\n", "").replace("name = 'c'\n", ""));
    let [_, by_tcp] = daemon.addresses()[..] else { panic!("{:?}", daemon.addresses()) };
    let circuit = Recorder::greeting(by_tcp, 4, line(9).as_bytes());
    let (mut anna, room) = Client::new_room(&circuit.link(&daemon.access_link()), "", "anna");
    let ben = Client::join(&room, "ben", &[&anna]);
    let strange = || {
        let stream = TcpStream::connect(circuit.address()).expect("the recorder listens");
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
        answered(stream, REQUEST)
    };
    let first = strange();
    assert!(first.starts_with(b"HTTP/1.0 200 OK\r\n"));
    (0..9).for_each(|_| assert_eq!(strange(), first));
    assert_eq!(circuits(&daemon), [""; 0]);
    anna.tell("by a circuit", &[&ben]);
    assert!(daemon.operator().known("127.0.0.4").is_none(), "tor itself is never counted");
}

#[test]
fn only_tors_own_line_opens_its_entrance_and_nobody_else_can_forge_one() {
    let home = Home::new();
    let tor = Tor::start(home.path("control.sock"));
    let front = "[[listen]]\ntcp = '127.0.0.1:0'\nproxy-protocol = true\n";
    let daemon = home.ephemeral_by(&format!("{}{front}", settings(&home, &tor)));
    let a = home.path("a.sock");
    for nonsense in [
        REQUEST,
        b"PROXY TCP4 203.0.113.9 10.0.0.1 4711 80\r\nGET / HTTP/1.0\r\n\r\n",
        b"PROXY UNKNOWN\r\nGET / HTTP/1.0\r\n\r\n",
        b"PROXY TCP6 fc00:dead:beef:4dae::0:41 ::1 65 80\r\nGET / HTTP/1.0\r\n\r\n",
        b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0GET / HTTP/1.0\r\n\r\n",
    ] {
        assert_eq!(said(&a, nonsense), b"", "{}", String::from_utf8_lossy(nonsense));
    }
    let forwarded = format!("{}GET / HTTP/1.1\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n", line(65));
    assert!(said(&a, forwarded.as_bytes()).starts_with(b"HTTP/1.0 200 OK\r\n"));
    assert_eq!(daemon.operator().known("203.0.113.9"), None, "what a visitor forwards means nothing");

    // The same line elsewhere: an address like any other of whoever may send headers there, and of others nothing.
    let [plain, front, ..] = daemon.addresses()[..] else { panic!("{:?}", daemon.addresses()) };
    let forged = [line(66).as_bytes(), REQUEST].concat();
    for _ in 0..5 {
        exchange(front, 4, &forged);
        exchange(plain, 5, &forged);
    }
    assert_eq!(circuits(&daemon), [""; 0]);
    assert_eq!(daemon.operator().banned(), ["127.0.0.5", "fc00:dead:beef:4dad::/64"]);
    assert!(tor.closed().is_empty());
    assert!(asked(&a, 66).starts_with(b"HTTP/1.0 200 OK\r\n"), "nor does it harm the circuit");
}

const PLAIN: &str = "[[listen]]\ntcp = '127.0.0.1:0'\n";

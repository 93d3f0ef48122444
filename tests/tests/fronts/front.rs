//! One front and the daemon behind it.
//!
//! **In** a sample's text. **Out** both running: the daemon by the settings that stand in the sample's head. **Never** a
//! sample that is not used as it stands, but for what `Replacement` names.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use chatter_tests::daemon::{Daemon, Home};
use chatter_tests::process::{Process, until};

/// A front, running.
pub(crate) struct Front {
    /// Where it answers.
    pub(crate) address: SocketAddr,
    tls: SocketAddr,
    /// Its certificate, where it speaks TLS.
    pub(crate) certificate: Option<PathBuf>,
    pub(crate) daemon: Daemon,
    _process: Process,
    _home: Home,
}

/// What starts a front: its program, its arguments before the file, what stands around the sample in that file.
pub(crate) struct Program {
    pub(crate) command: &'static [&'static str],
    pub(crate) around: fn(&str, &Home) -> String,
}

/// A text of the sample, and what stands in its place in the test.
pub(crate) type Replacement<'a> = (&'a str, String);

impl Front {
    /// Starts the daemon by the settings in the sample's comments, then the front by the sample. `replace` is told where
    /// both are.
    pub(crate) fn start(
        sample: &str,
        program: &Program,
        replace: impl Fn(&Places) -> Vec<Replacement<'static>>,
    ) -> Self {
        let home = Home::new();
        // A front that begins as root goes on as somebody else.
        std::fs::set_permissions(home.path(""), PermissionsExt::from_mode(0o755)).expect("our own folder");
        let socket = home.path("http.sock");
        let certificate = certificate(&home);
        let settings = settings(sample, &socket);
        let daemon = home.ephemeral_by(&settings);
        let places = Places {
            front: free_address(),
            tls: free_address(),
            daemon: daemon.addresses().first().copied(),
            socket: socket.display().to_string(),
            certificate: certificate.display().to_string(),
        };
        let mut text = sample.to_owned();
        for (old, new) in replace(&places) {
            assert!(text.contains(old), "the sample does not say {old:?} any more");
            text = text.replace(old, &new);
        }
        let file = home.path("front.conf");
        std::fs::write(&file, (program.around)(&text, &home)).expect("room");
        let mut command = Command::new(program.command[0]);
        command
            .args(&program.command[1..])
            .arg(&file)
            .env("HOME", home.path(""))
            .env("XDG_DATA_HOME", home.path("data"));
        let process = Process::start(program.command[0], command);
        until("the front listens", || TcpStream::connect(places.front).ok());
        Self {
            tls: places.tls,
            address: places.front,
            certificate: Some(certificate),
            daemon,
            _process: process,
            _home: home,
        }
    }
}

impl Front {
    /// The same, seen from its other way in.
    pub(crate) fn by_tls(self) -> Self {
        Self { address: self.tls, ..self }
    }
}

/// Where things are in this test.
pub(crate) struct Places {
    pub(crate) front: SocketAddr,
    /// Where it answers by TLS, if it does both.
    pub(crate) tls: SocketAddr,
    pub(crate) daemon: Option<SocketAddr>,
    pub(crate) socket: String,
    /// With the key behind it.
    pub(crate) certificate: String,
}

/// The settings in a sample's head, made to listen on a free port; who knocks is counted, loopback or not.
fn settings(sample: &str, socket: &Path) -> String {
    let indented = sample.lines().filter_map(|line| line.strip_prefix("#    "));
    let settings: String = indented.map(|line| format!("{line}\n")).collect();
    let settings = settings
        .replace("127.0.0.1:8000", "127.0.0.1:0")
        .replace("127.0.0.1:8001", "127.0.0.1:0")
        .replace("/run/chatterd/http.sock", &socket.display().to_string());
    assert!(
        settings.contains("127.0.0.1:0") || settings.contains("unix"),
        "no settings in the sample: {settings}"
    );
    let ban = "[ban]\nexempt = []\n[purge]\nevery-packets = 100000\n";
    match settings.split_once("[[listen]]") {
        // A daemon that is started by the tests has at least one way in by TCP, the first.
        Some((before, tables)) if !tables.contains("tcp") => {
            format!("{before}{ban}[[listen]]\ntcp = '127.0.0.1:0'\n[[listen]]{tables}")
        }
        Some((before, tables)) => format!("{before}{ban}[[listen]]{tables}"),
        None => settings + ban,
    }
}

/// A port that was free a moment ago, on an address that hardly anybody else asks for.
fn free_address() -> SocketAddr {
    let here = Ipv4Addr::new(127, 88, 7, 6);
    TcpListener::bind((here, 0)).and_then(|socket| socket.local_addr()).expect("a port")
}

/// A self-signed certificate for the front's address, its key behind it in the same file.
fn certificate(home: &Home) -> PathBuf {
    let [certificate, key] = ["certificate.pem", "key.pem"].map(|name| home.path(name));
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
        ])
        .args([
            "-subj",
            "/CN=files.example.org",
            "-addext",
            "subjectAltName=IP:127.88.7.6,DNS:files.example.org",
        ])
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .output()
        .expect("openssl runs");
    assert!(made.status.success(), "{made:?}");
    let both = [&certificate, &key].map(|file| std::fs::read(file).expect("openssl wrote it")).concat();
    std::fs::write(&certificate, both).expect("room");
    certificate
}

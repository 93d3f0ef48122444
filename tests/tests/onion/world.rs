//! The network as tests use it: services on its hosts, SOCKS ports of its clients, the control port of every node.
//!
//! **In** `CHATTER_TOR_NETWORK`. **Out** onion addresses, ports, what nodes answer. **Never** a network started here: one
//! takes a quarter of a minute and half a gigabyte.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use chatter_protocol::invite::{Address, Link};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

/// A private Tor network.
#[derive(Debug)]
pub(crate) struct World {
    root: PathBuf,
}

/// A published service.
#[derive(Clone, Debug)]
pub(crate) struct Onion {
    /// `….onion`.
    pub(crate) address: String,
    /// By which others reach it.
    pub(crate) port: u16,
    /// Its secret key, as tor keeps it.
    pub(crate) key_file: PathBuf,
}

impl World {
    /// The network that these tests were started with.
    ///
    /// # Panics
    /// Where there is none.
    pub(crate) fn here() -> Self {
        let root = std::env::var_os(VARIABLE);
        let root = root.unwrap_or_else(|| panic!("{VARIABLE} names no network: `.ci/run tor` starts one"));
        Self { root: root.into() }
    }

    /// Publishes a service on one of the hosts, `host1` to `host6`, which leads to `target`: `127.0.0.1:PORT` or
    /// `unix:PATH`; `more` are further arguments of `tor/testnet.py onion`. Once this returns, clients reach it.
    pub(crate) fn publish(&self, host: &str, target: &str, more: &[&str]) -> Onion {
        let said = self.testnet("onion", &[&["--host", host, "--target", target], more].concat());
        let text = |name: &str| said[name].as_str().expect("a text").to_owned();
        let port = said["port"].as_u64().and_then(|port| port.try_into().ok()).expect("a port");
        Onion { address: text("onion"), port, key_file: text("key_file").into() }
    }

    /// The SOCKS port of a client, `client1` or `client2`.
    pub(crate) fn socks(&self, client: &str) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port(client, "socks_port")))
    }

    /// It as `--proxy` takes it.
    pub(crate) fn proxy(&self, client: &str) -> String {
        format!("socks5h://{}", self.socks(client))
    }

    /// The control port of a node.
    pub(crate) fn control(&self, node: &str) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port(node, "control_port")))
    }

    /// Where a node keeps its files: `control_auth_cookie` and `tor.log` among them.
    pub(crate) fn directory(&self, node: &str) -> PathBuf {
        self.root.join(node)
    }

    /// What a node answers to one command of tor's control protocol, line by line, without the status.
    ///
    /// # Panics
    /// Where it refuses.
    pub(crate) fn ask(&self, node: &str, command: &str) -> Vec<String> {
        let cookie = std::fs::read(self.directory(node).join("control_auth_cookie")).expect("a cookie");
        let hexadecimal: String = cookie.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut stream = TcpStream::connect(self.control(node)).expect("the control port answers");
        stream.set_read_timeout(Some(ANSWER_TIMEOUT)).expect("a timeout");
        write!(stream, "AUTHENTICATE {hexadecimal}\r\n{command}\r\nQUIT\r\n").expect("it listens");
        let lines = BufReader::new(stream).lines().map(|line| line.expect("it answers"));
        let lines: Vec<String> = lines.collect();
        assert_eq!(lines.first().map(String::as_str), Some("250 OK"), "{lines:?}");
        let refused = lines.iter().any(|line| line.starts_with('5'));
        assert!(!refused, "{node} refuses {command}: {lines:?}");
        let answer = lines.iter().skip(1).take_while(|line| *line != "250 closing connection");
        answer.map(|line| line.get(4..).unwrap_or_default().to_owned()).collect()
    }

    /// Sends a node a signal: `SIGKILL`, `SIGSTOP`, `SIGCONT`.
    pub(crate) fn signal(&self, node: &str, signal: Signal) {
        let id = self.fact(node, "pid").as_i64().and_then(|id| id.try_into().ok()).expect("a process");
        kill(Pid::from_raw(id), signal).unwrap_or_else(|error| panic!("{signal} to {node}: {error}"));
    }

    /// Starts a node that was stopped, and waits until it is of use.
    pub(crate) fn start(&self, node: &str) {
        self.testnet("start", &[node]);
    }

    fn port(&self, node: &str, kind: &str) -> u16 {
        self.fact(node, kind).as_u64().and_then(|port| port.try_into().ok()).expect("a port")
    }

    fn fact(&self, node: &str, name: &str) -> Value {
        let text = std::fs::read_to_string(self.root.join("network.json")).expect("a network");
        let facts: Value = serde_json::from_str(&text).expect("JSON");
        facts["nodes"][node][name].clone()
    }

    fn testnet(&self, verb: &str, arguments: &[&str]) -> Value {
        let mut command = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("../tor/testnet.py"));
        command.arg(verb).arg(&self.root).args(arguments);
        let output = command.output().expect("Python 3 is there");
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }
}

impl Onion {
    /// The link `text`, leading to this service.
    pub(crate) fn link(&self, text: &str) -> String {
        let mut link = Link::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let address = Address { host: self.address.clone(), port: self.port };
        match &mut link {
            Link::Access(access) => access.address = address,
            Link::Room(room) => room.access.address = address,
        }
        match link {
            Link::Access(access) => access.to_text().to_string(),
            Link::Room(room) => room.to_text().to_string(),
        }
    }
}

const VARIABLE: &str = "CHATTER_TOR_NETWORK";
const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);

//! Runs the binary, and makes the links it is given.

use std::io::Write;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use chatter_protocol::access::{AccessCode, AccessSecret, CarrierPath, ServerSecret};
use chatter_protocol::entropy::Entropy;
use chatter_protocol::invite::{AccessLink, Address, RoomLink};
use chatter_protocol::room::secret::RoomSecret;

/// A room link to this port of this machine; its carrier is `/data.enc`.
pub(crate) fn room_link(port: u16) -> String {
    let secret = RoomSecret::generate(&mut Entropy::new([6; 32]));
    RoomLink { access: access(port), label: "room".into(), secret }.to_text().to_string()
}

/// The same server's access link.
pub(crate) fn access_link(port: u16) -> String {
    access(port).to_text().to_string()
}

fn access(port: u16) -> AccessLink {
    let mut entropy = Entropy::new([4; 32]);
    let code = AccessCode {
        server_key: ServerSecret::generate(&mut entropy).key(),
        secret: AccessSecret::generate(&mut entropy),
        carrier_path: CarrierPath::parse("/data.enc").expect("a path"),
        preamble_len: 16,
    };
    AccessLink::new(Address { host: "127.0.0.1".into(), port }, code)
}

/// Starts the program with these arguments.
pub(crate) fn start(arguments: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chatter-client"));
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("the program starts")
}

/// Waits for its end, no longer than a minute.
pub(crate) fn finish(mut child: Child) -> Ended {
    let deadline = Instant::now() + Duration::from_secs(60);
    while child.try_wait().expect("a child").is_none() {
        if Instant::now() > deadline {
            child.kill().expect("a child");
            panic!("the program does not end: {:?}", Ended::new(child.wait_with_output().expect("output")));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ended::new(child.wait_with_output().expect("output"))
}

/// Runs the program with these arguments and this input.
pub(crate) fn run(arguments: &[&str], input: &str) -> Ended {
    let mut child = start(arguments);
    // Fails where the program ends without reading.
    let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
    finish(child)
}

/// What the program left behind.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    fn new(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }

    /// Fails unless it ended with this code and said this on stderr.
    pub(crate) fn check(&self, code: i32, stderr: &str) {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert!(self.stderr.contains(stderr), "{stderr:?} is not in {self:?}");
    }
}

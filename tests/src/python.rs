//! The thing itself: `python3 -m http.server`.
//!
//! **In** a directory. **Out** a running server. **Never** a Python of a version that the daemon can't pose as.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use crate::process::Process;

/// The version to compare with, as `[decoy] python` names it; none where none is installed.
pub const VERSION: Option<&str> = option_env!("CHATTER_PYTHON_VERSION");

/// Its path.
pub const PROGRAM: Option<&str> = option_env!("CHATTER_PYTHON");

/// A running `http.server`.
#[derive(Debug)]
pub struct PythonServer {
    /// Where it answers.
    pub address: SocketAddr,
    process: Process,
}

impl PythonServer {
    /// Serves this directory.
    ///
    /// # Panics
    /// Where it does not start.
    pub fn start(directory: &Path) -> Self {
        let Some(python) = PROGRAM else { panic!("tests without Python are to be ignored") };
        let mut command = Command::new(python);
        command.args(["-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory"]).arg(directory);
        let process = Process::start("http.server", command);
        let address = process.wait("says where it listens", |lines| {
            // Serving HTTP on 127.0.0.1 port 40123 (http://127.0.0.1:40123/) ...
            let rest = lines.iter().find_map(|line| line.split_once("(http://"))?.1;
            rest.split_once('/')?.0.parse().ok()
        });
        Self { address, process }
    }

    /// How often it was asked for this, by its own log.
    pub fn asked_for(&self, path: &str) -> usize {
        let request = format!("\"GET {path} HTTP");
        self.process.stderr.all().iter().filter(|line| line.contains(&request)).count()
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }
}

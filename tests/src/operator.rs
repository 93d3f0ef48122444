//! The operator: chatterctl, run to its end.
//!
//! **In** a subcommand. **Out** its JSON, or how it failed. **Never** more than that it was asked.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::process::{Ended, Process};
use crate::programs;

/// chatterctl and the socket it is told.
#[derive(Clone, Debug)]
pub struct Operator {
    socket: PathBuf,
}

impl Operator {
    /// For the daemon behind this socket.
    pub fn new(socket: &Path) -> Self {
        Self { socket: socket.to_owned() }
    }

    /// Runs a subcommand, whatever comes of it.
    pub fn run(&self, arguments: &[&str]) -> Ended {
        let mut command = Command::new(programs::path("chatterctl"));
        command.arg("--socket").arg(&self.socket).args(arguments);
        Process::start("chatterctl", command).ended()
    }

    /// Runs a subcommand that has to succeed, and reads its JSON.
    ///
    /// # Panics
    /// Where it fails, or prints something else.
    pub fn ask(&self, arguments: &[&str]) -> Value {
        let ended = self.run(&[arguments, &["--json"]].concat());
        assert_eq!(ended.code, Some(0), "chatterctl {arguments:?}: {ended:?}");
        serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error} in {ended:?}"))
    }

    /// The list of this name that a subcommand answers with.
    ///
    /// # Panics
    /// Where there is none.
    pub fn list(&self, subcommand: &str, name: &str) -> Vec<Value> {
        self.list_of(&[subcommand], name)
    }

    /// The same, of a subcommand with arguments.
    ///
    /// # Panics
    /// Where there is none.
    pub fn list_of(&self, arguments: &[&str], name: &str) -> Vec<Value> {
        let answer = self.ask(arguments);
        answer[name].as_array().unwrap_or_else(|| panic!("no {name} in {answer}")).clone()
    }

    /// The addresses in the ban report, as the daemon tells them.
    pub fn banned(&self) -> Vec<String> {
        self.list("bans", "bans")
            .iter()
            .map(|ban| ban["address"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    /// What `chatterctl ips` says of an address.
    pub fn known(&self, address: &str) -> Option<Value> {
        self.list("ips", "addresses").into_iter().find(|known| known["address"] == address)
    }

    /// The link that `invite` or `rotate` prints as the last line.
    ///
    /// # Panics
    /// Where it prints none.
    pub fn link(&self, subcommand: &str) -> String {
        let ended = self.run(&[subcommand]);
        let link = ended.stdout.lines().last().unwrap_or_default();
        assert!(ended.code == Some(0) && link.starts_with("chatter://"), "{ended:?}");
        link.to_owned()
    }
}

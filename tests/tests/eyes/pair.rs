//! The pair that is looked at: both servers on one directory.
//!
//! **In** nothing. **Out** two addresses; what a program prints about each, made comparable. **Never** a difference
//! forgiven but the port, the current time and how long things took.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use chatter_tests::daemon::{Daemon, Home};
use chatter_tests::python::{PythonServer, VERSION};

/// Python and chatterd.
pub(crate) struct Pair {
    python: PythonServer,
    daemon: Daemon,
    home: Home,
}

impl Pair {
    /// Starts both; `settings` are the daemon's, its directory aside.
    pub(crate) fn start(settings: &str) -> Self {
        let home = Home::new();
        let root = home.path("shared files");
        furnish(&root);
        let python = PythonServer::start(&root);
        let daemon = home.ephemeral(&format!(
            "[decoy]\nroot = '{}'\ncarrier = 'backup-2019.enc'\npython = '{}'\n{settings}",
            root.display(),
            VERSION.expect("a Python that the daemon can pose as"),
        ));
        Self { python, daemon, home }
    }

    /// Where both answer: the real one, then ours.
    pub(crate) fn addresses(&self) -> [SocketAddr; 2] {
        [self.python.address, self.daemon.address]
    }

    /// The daemon, to ask what it noticed.
    pub(crate) fn daemon(&self) -> &Daemon {
        &self.daemon
    }

    /// The process of the real one.
    pub(crate) fn python_id(&self) -> u32 {
        self.python.id()
    }

    /// A fresh folder.
    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        let path = self.home.path(name);
        fs::create_dir_all(&path).expect("room");
        path
    }

    /// Runs a program against both, and compares what it prints and how it ends. What is common is returned.
    #[track_caller]
    pub(crate) fn compare(&self, program: &str, arguments: impl Fn(SocketAddr) -> Vec<String>) -> String {
        let [real, ours] = self.addresses().map(|address| seen(program, &arguments(address), address));
        if let Some((real, ours)) = real.lines().zip(ours.lines()).find(|(real, ours)| real != ours) {
            panic!("{program} {:?}: {real:?} is {ours:?} with us", arguments(self.daemon.address));
        }
        assert_eq!(real.len(), ours.len(), "{program} {:?}", arguments(self.daemon.address));
        real
    }
}

impl Pair {
    /// The same where the program races the server: it is still sending when the answer ends, and says one thing or
    /// another, whoever answers. Each of the two servers must be met with something that the other is met with, too.
    #[track_caller]
    pub(crate) fn compare_race(
        &self,
        program: &str,
        arguments: impl Fn(SocketAddr) -> Vec<String>,
    ) -> String {
        let mut outcomes = [BTreeSet::new(), BTreeSet::new()];
        for _ in 0..TRIES {
            for (address, outcomes) in self.addresses().into_iter().zip(&mut outcomes) {
                outcomes.insert(seen(program, &arguments(address), address));
            }
            if let Some(common) = outcomes[0].intersection(&outcomes[1]).next() {
                return common.clone();
            }
        }
        panic!("{program} {:?} tells the two apart: {outcomes:?}", arguments(self.daemon.address));
    }
}

/// How often a race is run before its outcomes count as different.
const TRIES: usize = 12;

/// What a program printed, its end included, without what may differ.
fn seen(program: &str, arguments: &[String], address: SocketAddr) -> String {
    let Output { status, stdout, stderr } = command(program).args(arguments).output().expect("it runs");
    let texts = [stdout, stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    let texts = texts.map(|text| {
        let mut lines: Vec<String> = text.lines().filter_map(|line| comparable(line, address)).collect();
        // nmap's scripts run side by side and are shown in the order in which they end.
        lines
            .chunk_by_mut(|one, next| one.starts_with('|') && next.starts_with('|'))
            .for_each(<[String]>::sort);
        lines
    });
    format!("{status}\n{}\n-- standard error --\n{}", texts[0].join("\n"), texts[1].join("\n"))
}

/// A line without the port and the time; none where a line is about nothing else.
fn comparable(line: &str, address: SocketAddr) -> Option<String> {
    let timing = ["Starting Nmap ", "Nmap done: ", "Host is up", "|_http-date: ", "| http-date: "];
    if timing.iter().any(|start| line.starts_with(start)) {
        return None;
    }
    let line = line.replace(&address.port().to_string(), "PORT");
    // How many bytes curl happened to find at once.
    if (line.starts_with("{ [") || line.starts_with("} [")) && line.ends_with(" bytes data]") {
        return None;
    }
    // Where in curl's memory something lies.
    if let Some((before, _)) = line.split_once("(easy handle 0x") {
        return Some(before.to_owned());
    }
    // `Date: …` as headers have it, whoever shows them.
    if let Some((before, _)) = line.split_once("Date: ")
        && before.chars().all(|character| character.is_whitespace() || character == '<')
    {
        return Some(format!("{before}Date: NOW"));
    }
    Some(line)
}

/// A program that no setting of this user's reaches.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env_clear().envs([("PATH", "/usr/bin:/bin"), ("LC_ALL", "C.UTF-8"), ("HOME", "/nonexistent")]);
    command
}

/// A directory as people leave them.
fn furnish(root: &Path) {
    let write = |name: &str, bytes: &[u8]| {
        let path = root.join(name);
        fs::create_dir_all(path.parent().expect("below the root")).expect("room");
        fs::write(path, bytes).expect("room");
    };
    write("notes.txt", b"eggs, milk\n");
    write("a b & c <d> 'e' \"f\" 50%.txt", b"awkward\n");
    write("stra\u{df}e \u{1f40d}.md", "# Gr\u{fc}\u{df}e\n".as_bytes());
    write(".hidden", b"");
    write("empty", b"");
    write("Makefile", b"all:\n\ttrue\n");
    write("photos/2019/list.csv", b"id,name\n1,a\n");
    write("photos/index of nothing.html", b"<p>no index</p>\n");
    write(
        "site/index.html",
        b"<!doctype html><title>Site</title><h1>It works</h1><p><a href=../notes.txt>notes</a>\n",
    );
    let noise: Vec<u8> =
        (0..300_000u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13).to_le_bytes()[0]).collect();
    write("backup-2019.enc", &[b"Salted__", noise.as_slice()].concat());
    std::os::unix::fs::symlink("notes.txt", root.join("link")).expect("room");
    std::os::unix::fs::symlink("photos", root.join("linked directory")).expect("room");
    std::os::unix::fs::symlink("nowhere", root.join("dangling")).expect("room");
}

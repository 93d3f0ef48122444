//! The two servers of a comparison: the machine's Python, and a whole chatterd with members behind it.
//!
//! **In** nothing. **Out** both on one directory full of what makes servers differ. **Never** a daemon without a
//! carrier: it could have no members.

use std::net::SocketAddr;

use chatter_tests::daemon::{Daemon, Home};
use chatter_tests::ground::carrier;
use chatter_tests::python::{PythonServer, VERSION};

use crate::directory::Directory;

/// The real server and ours, on the same directory.
pub(crate) struct Pair {
    pub reference: SocketAddr,
    pub candidate: SocketAddr,
    pub daemon: Daemon,
    _python: PythonServer,
    _home: Home,
    _directory: Directory,
}

impl Pair {
    pub(crate) fn start() -> Pair {
        let directory = Directory::create();
        std::fs::write(directory.path().join("backup.enc"), carrier(1 << 20)).expect("room");
        let python = PythonServer::start(directory.path());
        let home = Home::new();
        let version = VERSION.expect("tests without Python are ignored");
        let root = directory.path().display();
        let decoy = format!("[decoy]\nroot = '{root}'\ncarrier = 'backup.enc'\npython = '{version}'\n");
        let daemon = home.ephemeral(&format!("grace = 5\n{decoy}"));
        Pair {
            reference: python.address,
            candidate: daemon.address,
            daemon,
            _python: python,
            _home: home,
            _directory: directory,
        }
    }
}

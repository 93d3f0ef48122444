//! The two servers of a comparison.
//!
//! **In**: the pythons found when this was built. **Out**: for each a running pair on one directory; both end with it.
//! **Never**: a process that was not started here.

use crate::directory::Directory;
use chatterd::connection::Wall;
use chatterd::decoy::{Decoy, Persona, Root};
use chatterd::listener::{Listener, Queue};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::sync::watch;

/// The real server and ours, on the same directory.
pub(crate) struct Pair {
    pub version: String,
    pub reference: SocketAddr,
    pub candidate: SocketAddr,
    python: Child,
    directory: Directory,
    _stop: watch::Sender<bool>,
    _runtime: Runtime,
}

impl Pair {
    /// One pair after the other, for each Python.
    pub(crate) fn each() -> impl Iterator<Item = Pair> {
        pythons().map(|(version, path)| Pair::start(version, path))
    }

    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    fn start(version: &str, path: &str) -> Pair {
        let directory = Directory::create();
        let (python, reference) = python(path, directory.path());
        let runtime = Runtime::new().expect("a runtime");
        let (stop, shutdown) = watch::channel(false);
        let root = Root::Own { path: directory.path().to_owned(), carrier: None };
        let persona = Persona::parse(version).expect("only verified versions are listed");
        let decoy = Arc::new(Decoy::new(root, persona));
        let listener =
            Listener::bind(SocketAddr::from(([127, 0, 0, 1], 0)), Queue::Deep).expect("a port is free");
        let candidate = listener.local_addr().expect("it is bound");
        runtime.spawn(listener.run(decoy, Arc::new(Wall), runtime.handle().clone(), shutdown));
        Pair {
            version: version.to_owned(),
            reference,
            candidate,
            python,
            directory,
            _stop: stop,
            _runtime: runtime,
        }
    }
}

/// Version and path of each Python found when this was built; only one version, if `CHATTER_DECOY_PYTHON` names one.
pub(crate) fn pythons() -> impl Iterator<Item = (&'static str, &'static str)> {
    let only = std::env::var("CHATTER_DECOY_PYTHON").ok();
    env!("CHATTER_PYTHONS")
        .split(';')
        .filter_map(|found| found.split_once('='))
        .filter(move |(version, _)| only.as_deref().is_none_or(|only| only == *version))
}

impl Drop for Pair {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        let _ = self.python.kill();
        let _ = self.python.wait();
    }
}

fn python(path: &str, directory: &Path) -> (Child, SocketAddr) {
    let free =
        TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port is free");
    let mut child = Command::new(path)
        .args(["-m", "http.server", &free.port().to_string(), "--bind", "127.0.0.1", "--directory"])
        .arg(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("python3 ran when this was built");
    for _ in 0..200 {
        if TcpStream::connect(free).is_ok() {
            return (child, free);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    // What was started must not outlive the test; that it may be gone already is no matter.
    let _ = child.kill();
    let _ = child.wait();
    panic!("python3 does not listen");
}

//! One running program: what it prints as it prints it, and its certain end.
//!
//! **In** a command. **Out** its lines, its exit code, signals to it. **Never** a process that outlives its owner, and
//! **never** another process killed.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// How long anything may take that takes a moment on a fast and idle machine.
pub const PATIENCE: Duration = Duration::from_secs(40);

/// A running program. Dropping it kills it.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    stdin: Option<ChildStdin>,
    /// What it prints on standard output.
    pub stdout: Lines,
    /// What it prints on standard error.
    pub stderr: Lines,
}

/// How a program ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code; none where a signal ended it.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// All that it printed on standard output.
    pub stdout: String,
    /// All that it printed on standard error.
    pub stderr: String,
}

impl Process {
    /// Starts `command`, called `name` where something goes wrong.
    ///
    /// # Panics
    /// Where it can't be started.
    pub fn start(name: &str, mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        let stdout = Lines::read(child.stdout.take().expect("a pipe was asked for"));
        let stderr = Lines::read(child.stderr.take().expect("a pipe was asked for"));
        Self { name: name.to_owned(), stdin: child.stdin.take(), child, stdout, stderr }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Writes a line to its standard input; nothing where it reads no more.
    pub fn type_line(&mut self, line: &str) {
        if let Some(stdin) = self.stdin.as_mut() {
            let _ = stdin.write_all(format!("{line}\n").as_bytes());
        }
    }

    /// Ends its standard input.
    pub fn end_input(&mut self) {
        self.stdin = None;
    }

    /// Sends it a signal.
    ///
    /// # Panics
    /// Where it is gone.
    pub fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).expect("process ids are small");
        kill(Pid::from_raw(id), signal).unwrap_or_else(|error| panic!("{signal} to {}: {error}", self.name));
    }

    /// Waits until `find` finds something in standard output. `what` it is stands in the failure's text.
    ///
    /// # Panics
    /// Where that takes too long, or the program ends first.
    pub fn wait<T>(&self, what: &str, find: impl FnMut(&[String]) -> Option<T>) -> T {
        self.stdout.wait(PATIENCE, find).unwrap_or_else(|| {
            panic!(
                "{} did not come to this: {what}\nstdout: {}\nstderr: {}",
                self.name,
                tail(&self.stdout),
                tail(&self.stderr)
            )
        })
    }

    /// Waits for its end, `limit` at most.
    ///
    /// # Panics
    /// Where it does not end.
    pub fn ended_within(&mut self, limit: Duration) -> Ended {
        let deadline = Instant::now() + limit;
        // Both pipes end with the process, which is an event; its status follows at once.
        let over = self.stdout.ended_by(deadline) && self.stderr.ended_by(deadline);
        let status = over.then(|| self.status_by(deadline + Duration::from_secs(1))).flatten();
        let Some(status) = status else {
            panic!("{} does not end within {limit:?}\nstderr: {}", self.name, tail(&self.stderr));
        };
        Ended {
            code: status.code(),
            signal: status.signal(),
            stdout: self.stdout.all().join("\n"),
            stderr: self.stderr.all().join("\n"),
        }
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// Where it does not end.
    pub fn ended(&mut self) -> Ended {
        self.ended_within(PATIENCE)
    }

    /// Kills it, as `kill -9` does, and waits until it is gone.
    ///
    /// # Panics
    /// Where the system refuses.
    pub fn kill(&mut self) {
        self.child.kill().expect("a child can be killed");
        self.child.wait().expect("a child can be waited for");
    }

    fn status_by(&mut self, deadline: Instant) -> Option<ExitStatus> {
        loop {
            if let Some(status) = self.child.try_wait().expect("a child can be asked") {
                return Some(status);
            }
            if Instant::now() > deadline {
                return None;
            }
            thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Fails where it is gone already, as it should be.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn tail(lines: &Lines) -> String {
    let all = lines.all();
    let start = all.len().saturating_sub(12);
    all.get(start..).unwrap_or_default().join("\n        ")
}

/// Lines that keep coming.
#[derive(Clone, Debug)]
pub struct Lines(Arc<(Mutex<Gathered>, Condvar)>);

#[derive(Debug, Default)]
struct Gathered {
    lines: Vec<String>,
    ended: bool,
}

impl Lines {
    fn read(source: impl Read + Send + 'static) -> Self {
        let lines = Self(Arc::default());
        let filled = lines.clone();
        thread::spawn(move || {
            let mut source = BufReader::new(source);
            let mut line = Vec::new();
            while matches!(source.read_until(b'\n', &mut line), Ok(1..)) {
                let text = String::from_utf8_lossy(&line);
                filled.lock().lines.push(text.trim_end_matches(['\r', '\n']).to_owned());
                filled.0.1.notify_all();
                line.clear();
            }
            filled.lock().ended = true;
            filled.0.1.notify_all();
        });
        lines
    }

    /// All lines up to now.
    pub fn all(&self) -> Vec<String> {
        self.lock().lines.clone()
    }

    /// Waits until `find` finds something in all lines; none where time or the lines end first.
    pub fn wait<T>(&self, limit: Duration, mut find: impl FnMut(&[String]) -> Option<T>) -> Option<T> {
        let deadline = Instant::now() + limit;
        let mut read = self.lock();
        loop {
            if let Some(found) = find(&read.lines) {
                return Some(found);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if read.ended || left.is_zero() {
                return None;
            }
            read = self.0.1.wait_timeout(read, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn ended_by(&self, deadline: Instant) -> bool {
        let mut read = self.lock();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if read.ended || left.is_zero() {
                return read.ended;
            }
            read = self.0.1.wait_timeout(read, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Gathered> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits until `is_so` holds, for what can only be asked for again and again.
///
/// # Panics
/// Where it does not come to `what` in time.
pub fn until<T>(what: &str, mut find: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = find() {
            return found;
        }
        assert!(Instant::now() < deadline, "it did not come to this within {PATIENCE:?}: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

//! A real pseudo-terminal with a program in it, and a model of a terminal that reads what comes.
//!
//! **In** a command, keys. **Out** the screen as text, all bytes, the modes in which the terminal is. **Never** a program
//! that outlives its owner.

use std::fs::File;
use std::io::{Read, Write as _};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use nix::pty::{OpenptyResult, openpty};
use nix::sys::signal::{Signal, kill};
use nix::sys::termios::{LocalFlags, tcgetattr};
use nix::unistd::Pid;
use rustix::termios::{Winsize, tcsetwinsize};

use crate::process::until;

/// A terminal and what runs in it. Dropping it kills that.
pub struct Terminal {
    child: Child,
    master: File,
    /// Kept open: so what was drawn last can still be read, and the modes asked for.
    _slave: OwnedFd,
    seen: Arc<Mutex<Seen>>,
}

struct Seen {
    bytes: Vec<u8>,
    model: vt100::Parser<Reached>,
}

/// What the model was told to do beside showing text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reached(pub Vec<String>);

impl vt100::Callbacks for Reached {
    fn audible_bell(&mut self, _: &mut vt100::Screen) {
        self.0.push("bell".to_owned());
    }

    fn set_window_title(&mut self, _: &mut vt100::Screen, title: &[u8]) {
        self.0.push(format!("title {}", String::from_utf8_lossy(title)));
    }

    fn copy_to_clipboard(&mut self, _: &mut vt100::Screen, _: &[u8], data: &[u8]) {
        self.0.push(format!("clipboard {}", String::from_utf8_lossy(data)));
    }

    fn unhandled_osc(&mut self, _: &mut vt100::Screen, parameters: &[&[u8]]) {
        self.0.push(format!("OSC {parameters:?}"));
    }
}

impl Terminal {
    /// Runs `command` in a terminal of so many columns and rows, as the leader of its session.
    ///
    /// # Panics
    /// Where there is none to be had.
    pub fn start(command: &Command, columns: u16, rows: u16) -> Self {
        Self::launch(command, columns, rows, false)
    }

    /// The same, but that what it draws goes through a pipe: Wine's consoles take keys as they are, and garble what is drawn.
    ///
    /// # Panics
    /// Where there is none to be had.
    pub fn start_drawing_by_pipe(command: &Command, columns: u16, rows: u16) -> Self {
        Self::launch(command, columns, rows, true)
    }

    fn launch(command: &Command, columns: u16, rows: u16, by_pipe: bool) -> Self {
        let OpenptyResult { master, slave } = openpty(None, None).expect("a pseudo-terminal");
        tcsetwinsize(&slave, size(columns, rows)).expect("a terminal has a size");
        let mut session = Command::new("setsid");
        session.arg("--ctty").arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => session.env(name, value),
                None => session.env_remove(name),
            };
        }
        session.env("TERM", "xterm-256color").env("LC_ALL", "C.UTF-8").env_remove("NO_COLOR");
        let end = || slave.try_clone().expect("a descriptor");
        session.stdin(end()).stdout(end()).stderr(end());
        let pipe = by_pipe.then(|| std::io::pipe().expect("a pipe"));
        let drawn = pipe.map(|(reader, writer)| {
            session.stdout(writer);
            reader
        });
        let child = session.spawn().unwrap_or_else(|error| panic!("{session:?} does not start: {error}"));
        let model = vt100::Parser::new_with_callbacks(rows, columns, 0, Reached::default());
        let seen = Arc::new(Mutex::new(Seen { bytes: Vec::new(), model }));
        let filled = Arc::clone(&seen);
        let master = File::from(master);
        drop(session);
        let mut console = master.try_clone().expect("a descriptor");
        let mut source: Box<dyn Read + Send> = match drawn {
            None => Box::new(console),
            Some(drawn) => {
                // Read as well, lest the console waits for whoever looks at it.
                thread::spawn(move || std::io::copy(&mut console, &mut std::io::sink()));
                Box::new(drawn)
            }
        };
        thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(length @ 1..) = source.read(&mut piece) {
                let mut seen = filled.lock().unwrap_or_else(PoisonError::into_inner);
                let piece = piece.get(..length).unwrap_or_default();
                seen.bytes.extend_from_slice(piece);
                seen.model.process(piece);
            }
        });
        Self { child, master, _slave: slave, seen }
    }

    /// Types this.
    ///
    /// # Panics
    /// Where the terminal is gone.
    pub fn type_text(&mut self, text: &str) {
        self.master.write_all(text.as_bytes()).expect("the terminal takes keys");
    }

    /// Types this and Enter.
    pub fn type_line(&mut self, line: &str) {
        self.type_text(&format!("{line}\r"));
    }

    /// The screen as text.
    pub fn screen(&self) -> String {
        self.seen().model.screen().contents()
    }

    /// All bytes so far.
    pub fn bytes(&self) -> Vec<u8> {
        self.seen().bytes.clone()
    }

    /// What it was told to do beside showing text.
    pub fn reached(&self) -> Vec<String> {
        self.seen().model.callbacks().0.clone()
    }

    /// Waits until the screen holds `text`.
    ///
    /// # Panics
    /// Where it does not come to that.
    pub fn shows(&self, text: &str) {
        self.wait(&format!("{text:?} on the screen"), |screen| screen.contains(text));
    }

    /// Waits until the screen is as it should be.
    ///
    /// # Panics
    /// Where it does not come to that.
    pub fn wait(&self, what: &str, is_so: impl Fn(&str) -> bool) {
        let so = |screen: &str| is_so(screen).then_some(());
        let found =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| until(what, || so(&self.screen()))));
        assert!(found.is_ok(), "{what}; it shows\n{}", self.screen());
    }

    /// Gives it another size.
    ///
    /// # Panics
    /// Where the terminal is gone.
    pub fn resize(&self, columns: u16, rows: u16) {
        self.seen().model.screen_mut().set_size(rows, columns);
        tcsetwinsize(&self.master, size(columns, rows)).expect("a terminal has a size");
    }

    /// What is not as a shell wants it: nothing where all is.
    ///
    /// # Panics
    /// Where the terminal is gone.
    pub fn astray(&self) -> Vec<&'static str> {
        let modes = tcgetattr(&self.master).expect("a terminal has modes").local_flags;
        let seen = self.seen();
        let screen = seen.model.screen();
        let checks = [
            (!modes.contains(LocalFlags::ICANON | LocalFlags::ECHO | LocalFlags::ISIG), "raw mode"),
            (screen.alternate_screen(), "the other screen"),
            (screen.bracketed_paste(), "marked pastes"),
            (screen.hide_cursor(), "no cursor"),
            (screen.mouse_protocol_mode() != vt100::MouseProtocolMode::None, "mouse"),
            (screen.fgcolor() != vt100::Color::Default || screen.inverse(), "colours"),
        ];
        checks.into_iter().filter_map(|(astray, what)| astray.then_some(what)).collect()
    }

    /// Sends the program a signal.
    ///
    /// # Panics
    /// Where it is gone.
    pub fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).expect("process ids are small");
        kill(Pid::from_raw(id), signal).expect("a child can be signalled");
    }

    /// Waits for the program's end, and until what it wrote last has been read.
    ///
    /// # Panics
    /// Where it does not end.
    pub fn ended(&mut self) -> ExitStatus {
        let child = &mut self.child;
        let status = until("the program ends", || child.try_wait().expect("a child can be asked"));
        let mut length = usize::MAX;
        until("all is read", || {
            let before = std::mem::replace(&mut length, self.bytes().len());
            (before == length).then_some(())
        });
        status
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Fails where it is gone already, as it should be.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn size(columns: u16, rows: u16) -> Winsize {
    Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }
}

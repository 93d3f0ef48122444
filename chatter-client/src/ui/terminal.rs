//! The terminal: taken, drawn to, and given back as it was, whatever happens.
//!
//! **In** a screen, keys of whoever sits there. **Out** bytes on stdout, events. **Never** a terminal that stays in
//! raw mode or on the other screen; never a character of others outside of a cell.

use std::io::{self, Write};
use std::panic;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crossterm::cursor::{MoveTo, Show};
use crossterm::event::{self, DisableBracketedPaste, EnableBracketedPaste, Event};
use crossterm::style::{Attribute, Print, SetAttribute};
use crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode, size,
};
use crossterm::{execute, queue};
use ratatui::Terminal as Cells;
use ratatui::backend::CrosstermBackend;
use tokio::sync::mpsc;
use zeroize::Zeroizing;

use super::draw;
use super::screen::{How, Screen};
use crate::texts::text;

/// A terminal that is ours until this is dropped.
#[derive(Debug)]
pub struct Terminal {
    cells: Cells<CrosstermBackend<Output>>,
}

impl Terminal {
    /// Takes the terminal: raw mode, the other screen, pastes told as such. No mouse, no title.
    ///
    /// # Errors
    /// Where stdin or stdout is none.
    pub fn enter() -> io::Result<Self> {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let before = panic::take_hook();
            panic::set_hook(Box::new(move |info| {
                restore();
                before(info);
            }));
        });
        let terminal = Self { cells: Cells::new(CrosstermBackend::new(Output::open()?))? };
        take()?;
        Ok(terminal)
    }

    /// Its columns and rows.
    ///
    /// # Errors
    /// Where the terminal is gone.
    pub fn size(&self) -> io::Result<(u16, u16)> {
        size()
    }

    /// Draws what has changed; nothing while the terminal is given back.
    pub(crate) fn draw(&mut self, screen: &Screen) -> io::Result<()> {
        if !TAKEN.load(Ordering::SeqCst) {
            return Ok(());
        }
        self.cells.draw(|frame| draw::draw(screen, frame))?;
        if let Some((row, secret)) = draw::way(screen) {
            // In one go: terminals then copy it without line ends.
            let out = self.cells.backend_mut();
            execute!(out, MoveTo(0, row), Print(secret))?;
        }
        Ok(())
    }

    /// Draws everything at the next time.
    pub(crate) fn forget(&mut self) -> io::Result<()> {
        let mut out = Output::open()?;
        execute!(out, Clear(ClearType::All))?;
        // Clearing the old ones would ask the terminal where its cursor is, and wait for an answer among the keys.
        self.cells = Cells::new(CrosstermBackend::new(out))?;
        Ok(())
    }

    /// Makes somebody look here. It says the same, whatever was said.
    pub(crate) fn alert(&mut self, how: How) -> io::Result<()> {
        let bytes = match how {
            How::Bell => "\x07".to_owned(),
            How::Osc9 => format!("\x1b]9;chatter: {}\x07", text!("screen-alert")),
            How::Osc777 => format!("\x1b]777;notify;chatter;{}\x07", text!("screen-alert")),
        };
        let out = self.cells.backend_mut();
        out.write_all(bytes.as_bytes())?;
        Write::flush(out)
    }

    /// Takes the terminal again, whoever has had it meanwhile.
    pub(crate) fn take_again(&mut self) -> io::Result<()> {
        restore();
        take()?;
        self.forget()
    }
}

/// Gives the terminal back, and asks the system to stop this program and those that were started with it, as the shell's
/// Ctrl-Z does. That happens at any moment from now; or never, where nobody could let it go on.
#[cfg(unix)]
pub(crate) fn stop() -> io::Result<()> {
    use rustix::process::{Signal, kill_current_process_group};
    restore();
    Ok(kill_current_process_group(Signal::TSTP)?)
}

/// There are no such jobs here.
#[cfg(not(unix))]
pub(crate) fn stop() -> io::Result<()> {
    Ok(())
}

impl Drop for Terminal {
    fn drop(&mut self) {
        restore();
    }
}

/// Gives the terminal back as it was, if it was taken. From any thread, as often as one likes.
pub fn restore() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        // Whoever has no terminal any more needs none back.
        if let Ok(mut out) = Output::open() {
            let attributes = SetAttribute(Attribute::Reset);
            let _ = execute!(out, attributes, DisableBracketedPaste, LeaveAlternateScreen, Show);
        }
        let _ = disable_raw_mode();
    }
}

/// What the terminal tells: nothing more once it is gone.
///
/// A thread of its own: a read can't be broken off, so nothing may wait for it.
pub(crate) fn events() -> mpsc::Receiver<Event> {
    let (sender, receiver) = mpsc::channel(EVENTS_MAX);
    thread::spawn(move || {
        while let Ok(event) = event::read() {
            if sender.blocking_send(event).is_err() {
                return;
            }
        }
    });
    receiver
}

fn take() -> io::Result<()> {
    TAKEN.store(true, Ordering::SeqCst);
    enable_raw_mode()?;
    let mut out = Output::open()?;
    queue!(out, EnterAlternateScreen, EnableBracketedPaste)?;
    out.flush()
}

/// Stdout, a frame at a time, past the standard library's buffer: that would keep what was said.
#[derive(Debug)]
struct Output {
    frame: Zeroizing<Vec<u8>>,
    #[cfg(unix)]
    stdout: std::fs::File,
    #[cfg(not(unix))]
    stdout: io::Stdout,
}

impl Output {
    #[cfg(unix)]
    fn open() -> io::Result<Self> {
        use std::os::fd::AsFd as _;
        let stdout = io::stdout().as_fd().try_clone_to_owned()?.into();
        Ok(Self { frame: Zeroizing::default(), stdout })
    }

    #[cfg(not(unix))]
    fn open() -> io::Result<Self> {
        Ok(Self { frame: Zeroizing::default(), stdout: io::stdout() })
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.frame.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let frame = std::mem::take(&mut self.frame);
        self.stdout.write_all(&frame)?;
        self.stdout.flush()
    }
}

/// Whether the terminal is ours now.
static TAKEN: AtomicBool = AtomicBool::new(false);
/// Keys that wait; beyond them the terminal does.
const EVENTS_MAX: usize = 256;

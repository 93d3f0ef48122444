//! The full screen: the talk with everything around it, for whoever sits at a terminal.
//!
//! **In** keys and notices. **Out** frames, and lines for the app. **Never** a tick, but while seconds are counted:
//! nothing happens where nothing happened.
//!
//! ```text
//! terminal ──key──> keys ──> screen/typing ──Deed──> Handle
//!    ^                          Screen, Tab
//!    └──cells── draw <──────────┘   ^── screen/news <──Notice── Notices
//! ```

use std::io;
use std::time::{Duration, Instant};

use crossterm::event::Event;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use crate::client::{Handle, Notices};
use crate::disk;
use crate::event::{Notice, Told};
use crate::exit::{Failure, Outcome};

mod clean;
mod commands;
mod complete;
mod draw;
mod entry;
mod input_line;
mod keys;
mod screen;
mod tab;
pub mod terminal;
mod theme;
mod wrap;

pub use screen::{How, When};
pub use theme::{Charset, Palette, Theme, charset_of_locale};

use screen::{Deed, Moment, Screen};
use terminal::Terminal;

/// How the screen begins.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Colours and characters.
    pub theme: Theme,
    /// When it rings.
    pub when: When,
    /// How it rings.
    pub how: How,
    /// What the room is called.
    pub room: String,
    /// What the user is called.
    pub nick: String,
}

/// How it ended, and what has to be said when the screen is gone.
#[derive(Debug)]
pub struct Ended {
    /// The stay's.
    pub outcome: Outcome,
    /// Warnings that nobody has acknowledged, and why it ended.
    pub last: Vec<Notice>,
}

/// Shows a stay until it is over. The terminal is as it was when this comes back.
///
/// # Errors
/// Where the terminal can't be taken.
pub async fn run(settings: Settings, handle: Handle, notices: Notices) -> io::Result<Ended> {
    let terminal = Terminal::enter()?;
    let clock = Clock(Instant::now());
    let size = terminal.size()?;
    let mut screen = Screen::new(size, settings.theme, &settings.room, &settings.nick, clock.now());
    (screen.when, screen.how, screen.folder) = (settings.when, settings.how, disk::folder);
    let (deeds, waiting) = mpsc::unbounded_channel();
    tokio::spawn(hand_over(handle.clone(), waiting));
    Ok(Desk { terminal, screen, clock, handle, notices, deeds, rang: None }.work().await)
}

/// Everything around the screen.
struct Desk {
    terminal: Terminal,
    screen: Screen,
    clock: Clock,
    handle: Handle,
    notices: Notices,
    deeds: mpsc::UnboundedSender<Deed>,
    rang: Option<Instant>,
}

impl Desk {
    async fn work(mut self) -> Ended {
        let mut events = terminal::events();
        let mut continued = Continued::take();
        let mut there = true;
        self.draw();
        loop {
            tokio::select! {
                told = self.notices.next() => {
                    let Some(told) = told else { return self.end(Outcome::Failed(Failure::Local)) };
                    if let Some(outcome) = self.show(told) {
                        return self.end(outcome);
                    }
                    // What has come meanwhile is drawn with it.
                    for _ in 0..AT_ONCE_MAX {
                        let Some(told) = self.notices.try_next() else { break };
                        if let Some(outcome) = self.show(told) {
                            return self.end(outcome);
                        }
                    }
                }
                event = events.recv(), if there => match event {
                    Some(event) => {
                        self.take(event);
                        while let Ok(event) = events.try_recv() {
                            self.take(event);
                        }
                    }
                    None => {
                        there = false;
                        self.handle.interrupt();
                    }
                },
                () = sleep(SECOND), if self.screen.countdown().is_some() => self.screen.tick(self.clock.now()),
                () = continued.next() => self.or_leave(|desk| desk.terminal.take_again()),
            }
            if self.act() {
                self.or_leave(|_| terminal::stop());
                // Where it is not stopped, nothing tells.
                let _ = timeout(STOP_TIMEOUT, continued.next()).await;
                self.or_leave(|desk| desk.terminal.take_again());
            }
            self.draw();
        }
    }

    /// The outcome, where the notice was the last.
    fn show(&mut self, told: Told) -> Option<Outcome> {
        let Told { room, notice } = told;
        if let Notice::Finished(outcome) = notice {
            return Some(outcome);
        }
        let room = room.as_ref().map(|room| (room.number, room.name.as_str()));
        self.screen.notice(room, notice, self.clock.now());
        None
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Key(key) => self.screen.key(key, self.clock.now()),
            Event::Paste(text) => self.screen.paste(&text, self.clock.now()),
            Event::Resize(..) => self.or_leave(|desk| desk.terminal.forget()),
            Event::FocusGained | Event::FocusLost | Event::Mouse(_) => {}
        }
    }

    /// Does what the screen wants done. True where it wants to be stopped.
    fn act(&mut self) -> bool {
        let mut stops = false;
        for deed in self.screen.take_deeds() {
            match deed {
                Deed::Interrupt => self.handle.interrupt(),
                Deed::Suspend => stops = true,
                Deed::Redraw => self.or_leave(|desk| desk.terminal.forget()),
                Deed::Alert => self.ring(),
                Deed::Line(..) | Deed::Say(..) | Deed::End => {
                    // Fails only where the stay is over, which has been told.
                    let _ = self.deeds.send(deed);
                }
            }
        }
        stops
    }

    fn ring(&mut self) {
        if self.rang.is_none_or(|rang| rang.elapsed() >= RING_PAUSE) {
            self.rang = Some(Instant::now());
            let how = self.screen.how;
            self.or_leave(|desk| desk.terminal.alert(how));
        }
    }

    fn draw(&mut self) {
        self.or_leave(|desk| {
            desk.screen.resize(desk.terminal.size()?);
            desk.terminal.draw(&desk.screen)
        });
    }

    /// Without a terminal there is nobody to talk.
    fn or_leave(&mut self, deed: impl FnOnce(&mut Self) -> io::Result<()>) {
        if deed(self).is_err() {
            self.handle.interrupt();
        }
    }

    fn end(self, outcome: Outcome) -> Ended {
        let Self { terminal, screen, .. } = self;
        drop(terminal);
        let mut last: Vec<Notice> = screen.alarms.into_iter().map(Notice::Warning).collect();
        if let (Outcome::Failed(_), Some(error)) = (outcome, screen.last_error) {
            last.push(Notice::Error(error));
        }
        Ended { outcome, last }
    }
}

/// Hands deeds to the app, which may make whoever types wait, but not whoever looks.
async fn hand_over(handle: Handle, mut deeds: mpsc::UnboundedReceiver<Deed>) {
    while let Some(deed) = deeds.recv().await {
        let goes_on = match deed {
            Deed::Line(room, line) => handle.line_in(room, line).await,
            Deed::Say(room, text) => handle.say_in(room, text).await,
            Deed::End => {
                handle.end().await;
                true
            }
            Deed::Interrupt | Deed::Suspend | Deed::Redraw | Deed::Alert => true,
        };
        if !goes_on {
            return;
        }
    }
}

/// This machine's clocks.
struct Clock(Instant);

impl Clock {
    fn now(&self) -> Moment {
        let now = chrono::Local::now();
        Moment {
            elapsed: self.0.elapsed(),
            day: now.format("%Y-%m-%d").to_string(),
            time: now.format("%H:%M").to_string(),
        }
    }
}

/// That this program goes on after it was stopped: the shell has used the terminal meanwhile.
struct Continued {
    #[cfg(unix)]
    signal: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Continued {
    fn take() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let number = rustix::process::Signal::CONT.as_raw();
        Self { signal: signal(SignalKind::from_raw(number)).ok() }
    }

    async fn next(&mut self) {
        let told = match &mut self.signal {
            Some(signal) => signal.recv().await,
            None => None,
        };
        if told.is_none() {
            std::future::pending().await
        }
    }
}

#[cfg(not(unix))]
impl Continued {
    fn take() -> Self {
        Self {}
    }

    async fn next(&mut self) {
        std::future::pending().await
    }
}

#[cfg(test)]
mod tests;

/// How often seconds are counted.
const SECOND: Duration = Duration::from_secs(1);
/// Notices that are shown by one frame.
const AT_ONCE_MAX: usize = 256;
/// A program that is to be stopped is so at once.
const STOP_TIMEOUT: Duration = Duration::from_millis(500);
/// Who floods a room must not make a terminal ring on and on.
const RING_PAUSE: Duration = Duration::from_secs(3);

//! What the screen shows, and what keys and notices make of it.
//!
//! **In** notices, keys, pastes, sizes, the time. **Out** the state that `draw` draws, and [`Deed`]s. **Never** a terminal,
//! a socket, a clock.

use std::collections::VecDeque;
use std::time::Duration;

use super::clean;
use super::commands;
use super::complete;
use super::complete::{Completion, Folder};
use super::entry::Kind;
use super::input_line::InputLine;
use super::tab::Tab;
use super::theme::Theme;
use crate::secret::SecretText;
use crate::texts::text;
pub(crate) use files::{Files, State, Transfer};

mod files;
mod news;
mod typing;

/// Something that the screen wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    /// A line for the app, in this room.
    Line(u32, String),
    /// To be said in this room, whatever it begins with.
    Say(u32, String),
    /// Leave once all is said.
    End,
    /// Leave at once.
    Interrupt,
    /// Back to the shell for now.
    Suspend,
    /// Draw everything again.
    Redraw,
    /// Somebody should look here.
    Alert,
}

/// When it rings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum When {
    /// Whatever is said
    All,
    /// When you are named, spoken to alone, or warned
    #[default]
    Mentions,
    /// Never
    None,
}

/// How it rings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum How {
    /// The terminal's bell
    #[default]
    Bell,
    /// A desktop notification by OSC 9
    Osc9,
    /// A desktop notification by OSC 777
    Osc777,
}

/// The moment at which something happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    /// Since the start.
    pub(crate) elapsed: Duration,
    /// `2026-11-27`
    pub(crate) day: String,
    /// `03:27`
    pub(crate) time: String,
}

/// How the session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// The door is being opened.
    Opening,
    /// All is well.
    Connected,
    /// Broken, and being made again.
    Broken,
    /// The session is lost, another is tried for.
    Away,
}

/// What lies over the talk.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Overlay {
    /// What can be done: its first row that is shown.
    Help(usize),
    /// A way into the room, for copying.
    Way {
        /// What it is.
        title: String,
        /// A link, or words.
        secret: SecretText,
    },
}

/// What is searched for, and where it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Search {
    /// In small letters.
    pub(crate) text: String,
    pub(crate) found: Vec<u64>,
    pub(crate) at: usize,
}

/// The whole screen.
#[derive(Debug)]
pub(crate) struct Screen {
    /// Columns and rows.
    pub(crate) size: (u16, u16),
    pub(crate) theme: Theme,
    pub(crate) when: When,
    pub(crate) how: How,
    pub(crate) tabs: Vec<(u32, Tab)>,
    pub(crate) current: usize,
    pub(crate) input: InputLine,
    completion: Option<Completion>,
    /// How names of files are looked up.
    pub(crate) folder: Folder,
    /// What is on offer and on its way, in all rooms.
    pub(crate) files: Files,
    pub(crate) link: Link,
    /// When another session is tried for, while there is none.
    retry_at: Option<Duration>,
    /// Why there is no session, as it was last told.
    away_because: Option<String>,
    /// How long the relay took for the last thing said.
    pub(crate) latency: Option<Duration>,
    /// Warnings that were not acknowledged, the oldest first; cleaned.
    pub(crate) alarms: VecDeque<String>,
    /// Those of them that found no place.
    pub(crate) more_alarms: usize,
    /// All warnings so far.
    pub(crate) warned: usize,
    pub(crate) overlay: Option<Overlay>,
    pub(crate) search: Option<Search>,
    /// Rooms in which we asked who is here, and whether the user did.
    asked: VecDeque<(u32, bool)>,
    /// Whether the last answer was for the user: so is what comes behind it.
    answered: bool,
    /// The last thing that went wrong, for whoever looks at the terminal when this screen is gone.
    pub(crate) last_error: Option<String>,
    now: Moment,
    deeds: Vec<Deed>,
}

impl Screen {
    /// A screen before anything has happened, with one room.
    pub(crate) fn new(size: (u16, u16), theme: Theme, room: &str, nick: &str, now: Moment) -> Self {
        let mut screen = Self {
            size,
            theme,
            when: When::default(),
            how: How::default(),
            tabs: Vec::new(),
            current: 0,
            input: InputLine::default(),
            completion: None,
            folder: |_| Vec::new(),
            files: Files::default(),
            link: Link::Opening,
            retry_at: None,
            away_because: None,
            latency: None,
            alarms: VecDeque::new(),
            more_alarms: 0,
            warned: 0,
            overlay: None,
            search: None,
            asked: VecDeque::new(),
            answered: true,
            last_error: None,
            now,
            deeds: Vec::new(),
        };
        screen.tab_of(FIRST_ROOM, room);
        if let Some((_, tab)) = screen.tabs.first_mut() {
            tab.you = clean::line(nick);
        }
        screen
    }

    /// The tab that is shown.
    pub(crate) fn tab(&self) -> Option<&Tab> {
        self.tabs.get(self.current).map(|(_, tab)| tab)
    }

    /// What is to be done since it was last asked.
    pub(crate) fn take_deeds(&mut self) -> Vec<Deed> {
        std::mem::take(&mut self.deeds)
    }

    /// The terminal has another size.
    pub(crate) fn resize(&mut self, size: (u16, u16)) {
        self.size = size;
    }

    /// How many seconds it is until another session is tried for; none where that is under way, or there is one.
    pub(crate) fn countdown(&self) -> Option<u64> {
        let left = self.retry_at?.checked_sub(self.now.elapsed)?;
        (self.link == Link::Away && !left.is_zero())
            .then(|| left.as_secs() + u64::from(left.subsec_nanos() > 0))
    }

    /// Time has passed.
    pub(crate) fn tick(&mut self, now: Moment) {
        self.now = now;
    }

    fn tab_mut(&mut self) -> Option<&mut Tab> {
        self.tabs.get_mut(self.current).map(|(_, tab)| tab)
    }

    fn room(&self) -> u32 {
        self.tabs.get(self.current).map_or(FIRST_ROOM, |(number, _)| *number)
    }

    /// The place of a room's tab, which is made where there is none.
    fn tab_of(&mut self, number: u32, name: &str) -> usize {
        if let Some(at) = self.tabs.iter().position(|(room, _)| *room == number) {
            return at;
        }
        let title = if name.is_empty() { text!("screen-room-unnamed") } else { clean::line(name) };
        let you = self.tab().map(|tab| tab.you.clone()).unwrap_or_default();
        self.tabs.push((number, Tab::new(title, you)));
        self.tabs.len() - 1
    }

    /// Adds a line to the tab at this place; `who` and `text` must have been cleaned.
    fn push(&mut self, at: usize, kind: Kind, who: &str, text: &str) -> u64 {
        let seen = at == self.current;
        let Some((_, tab)) = self.tabs.get_mut(at) else { return 0 };
        let number = tab.push(&self.now.day, &self.now.time, kind, who, text);
        let (counts, mentions) = match kind {
            Kind::Said { mention } | Kind::Did { mention } => (true, mention),
            Kind::PrivateFrom | Kind::Offer | Kind::Warning => (true, true),
            Kind::Own { .. } | Kind::PrivateTo | Kind::Event | Kind::Answer | Kind::Error | Kind::Day => {
                (false, false)
            }
        };
        if counts && (!seen || tab.anchor.is_some()) {
            tab.unread += 1;
            tab.mentions += usize::from(mentions);
        }
        self.stay_small();
        number
    }

    /// Forgets the oldest lines of the largest tab where all together hold too much.
    fn stay_small(&mut self) {
        while self.tabs.iter().map(|(_, tab)| tab.cost()).sum::<usize>() > COST_MAX {
            let Some((_, largest)) = self.tabs.iter_mut().max_by_key(|(_, tab)| tab.cost()) else { return };
            largest.drop_oldest();
        }
    }

    /// Shows the tab at this place.
    fn turn_to(&mut self, at: usize) {
        let Some((_, tab)) = self.tabs.get_mut(at) else { return };
        if tab.anchor.is_none() {
            tab.newest();
        }
        self.current = at;
        self.search = None;
        self.completion = None;
    }

    /// Asks the app who is here; the answer is not shown unless the user wants to know.
    fn ask_who(&mut self, room: u32, for_user: bool) {
        if !for_user && self.asked.contains(&(room, false)) {
            return;
        }
        self.asked.push_back((room, for_user));
        self.deeds.push(Deed::Line(room, "/who".to_owned()));
    }

    /// An answer to what the user asked for.
    fn answer(&mut self, text: &str) {
        self.push(self.current, Kind::Answer, "", &clean::lines(text));
    }

    /// Something that did not work.
    fn error(&mut self, text: &str) {
        self.push(self.current, Kind::Error, "", &clean::lines(text));
    }

    /// All that can be typed, for Tab.
    fn complete(&mut self) {
        if let Some(completion) = self.completion.as_mut().filter(|completion| !completion.leads_on()) {
            completion.advance();
        } else {
            let Some((_, tab)) = self.tabs.get(self.current) else { return };
            let nicks = tab.members.keys().map(String::as_str);
            let before = self.input.before();
            let about_files = complete::Arguments {
                folder: self.folder,
                nicks: nicks.clone().collect(),
                acceptable: self.files.acceptable(),
                open: self.files.numbers(),
            };
            self.completion = match about_files.complete(before) {
                Some(found) => found,
                None => Completion::of(before, commands::names(), nicks),
            };
        }
        if let Some(completion) = &self.completion {
            self.input.replace_from(completion.start, completion.current());
        }
    }
}

/// The app's number for the room with which it begins.
const FIRST_ROOM: u32 = 1;
/// What the lines of all rooms may take together, in bytes.
const COST_MAX: usize = 12 * 1024 * 1024;
/// Warnings that wait to be acknowledged; all of them stand among the lines, too.
const ALARMS_MAX: usize = 20;

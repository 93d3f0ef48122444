//! What keys, pastes and the screen's own commands make of the screen.
//!
//! **In** keys. **Out** a changed line, another position, deeds. **Never** something said that was not entered with Enter.

use clap::ValueEnum as _;
use crossterm::event::KeyEvent;

use super::super::clean;
use super::super::commands::{self, Local, Typed};
use super::super::draw::{help_rows, layout};
use super::super::entry::{Kind, Sent};
use super::super::keys::{Action, Edit, Scroll, action};
use super::super::theme::Palette;
use super::{Deed, How, Link, Moment, Overlay, Screen, Search, When};
use crate::texts::text;

impl Screen {
    /// A key was pressed.
    pub(crate) fn key(&mut self, key: KeyEvent, now: Moment) {
        self.now = now;
        let Some(action) = action(key) else { return };
        if action != Action::Complete {
            self.completion = None;
        }
        if self.over(action) || self.searching(action) {
            return;
        }
        match action {
            Action::Insert(c) => self.insert(c.encode_utf8(&mut [0; 4])),
            Action::NewLine => self.insert("\n"),
            Action::Enter => self.enter(),
            Action::Edit(edit) => self.input.edit(edit),
            Action::Complete => self.complete(),
            Action::Up => self.input.up(),
            Action::Down => self.input.down(),
            Action::Scroll(scroll) => self.scroll(scroll),
            Action::Tab(at) => self.turn_to(at),
            Action::NextTab => self.turn_to((self.current + 1) % self.tabs.len().max(1)),
            Action::PreviousTab => {
                self.turn_to((self.current + self.tabs.len()).saturating_sub(1) % self.tabs.len().max(1));
            }
            Action::Escape => self.scroll(Scroll::Newest),
            Action::Help => self.overlay = Some(Overlay::Help(0)),
            Action::Acknowledge => self.acknowledge(),
            Action::Search => self.input.set("/search "),
            Action::Redraw => self.deeds.push(Deed::Redraw),
            Action::Interrupt => self.deeds.push(Deed::Interrupt),
            // As /quit does, it asks before it ends files that are on their way.
            Action::EndOfInput if self.input.text().is_empty() && self.files.under_way() => {
                self.deeds.push(Deed::Line(self.room(), "/quit".to_owned()));
            }
            Action::EndOfInput if self.input.text().is_empty() => self.deeds.push(Deed::End),
            Action::EndOfInput => self.input.edit(Edit::Delete),
            Action::Suspend => self.deeds.push(Deed::Suspend),
        }
    }

    /// Something was pasted: it goes into the line and no further.
    pub(crate) fn paste(&mut self, text: &str, now: Moment) {
        self.now = now;
        self.completion = None;
        self.close();
        // A line end behind a single line came along by accident.
        let text = text.strip_suffix('\n').unwrap_or(text);
        self.insert(text.strip_suffix('\r').unwrap_or(text));
    }

    fn insert(&mut self, text: &str) {
        if !self.input.insert(text) {
            self.error(&text!("screen-message-too-long"));
        }
    }

    /// What lies over the talk takes some keys, and goes at others. True where the key is used up.
    fn over(&mut self, action: Action) -> bool {
        let shown = usize::from(self.size.1.saturating_sub(layout(self).alarm.height)).saturating_sub(1);
        let page = shown.saturating_sub(2).max(1);
        let Some(overlay) = &mut self.overlay else { return false };
        let by = if [Action::Up, Action::Down].contains(&action) {
            1
        } else if matches!(action, Action::Scroll(_)) {
            page
        } else {
            0
        };
        if let (Overlay::Help(row), 1..) = (overlay, by) {
            let last = help_rows(self.size.0).len().saturating_sub(shown);
            let back = [Action::Up, Action::Scroll(Scroll::Older), Action::Scroll(Scroll::BitOlder)];
            *row = if back.contains(&action) {
                row.saturating_sub(by)
            } else {
                row.saturating_add(by).min(last)
            };
            return true;
        }
        // Whoever types wants to see what.
        let closes = [Action::Escape, Action::Enter, Action::Help].contains(&action);
        if closes || matches!(action, Action::Insert(_) | Action::Edit(_) | Action::Complete | Action::Tab(_))
        {
            self.close();
        }
        closes
    }

    /// Takes away what lies over the talk.
    pub(super) fn close(&mut self) {
        if self.overlay.take().is_some() {
            self.deeds.push(Deed::Redraw);
        }
    }

    /// Keys of a search. True where the key is used up.
    fn searching(&mut self, action: Action) -> bool {
        let Some(search) = &mut self.search else { return false };
        let last = search.found.len().saturating_sub(1);
        if action == Action::Escape {
            self.search = None;
            self.scroll(Scroll::Newest);
            return true;
        }
        let Action::Insert(letter @ ('n' | 'N')) = action else { return false };
        if !self.input.text().is_empty() {
            return false;
        }
        search.at = if letter == 'n' { search.at.saturating_sub(1) } else { (search.at + 1).min(last) };
        self.show_found();
        true
    }

    fn enter(&mut self) {
        let line = self.input.take();
        let word = line.split_whitespace().next().unwrap_or_default().to_lowercase();
        // A link is a secret: the next who sits here must not have it back.
        if word == "/join" {
            self.input.forget(&line);
        }
        match commands::parse(&line) {
            // Whoever waits for the connection and presses Enter wants it now.
            Typed::Nothing(None) if [Link::Broken, Link::Away].contains(&self.link) => {
                self.deeds.push(Deed::Line(self.room(), "/reconnect".to_owned()));
            }
            Typed::Nothing(None) => {}
            Typed::Nothing(Some(why)) => self.error(&why),
            Typed::Local(local) => self.local(local),
            Typed::Said(text) => self.say(text),
            Typed::Command if word == "/who" => self.ask_who(self.room(), true),
            Typed::Command => self.deeds.push(Deed::Line(self.room(), line)),
        }
    }

    /// Says this; it stands among the lines at once, and is marked until the relay has it.
    fn say(&mut self, text: String) {
        let did = text.strip_prefix("/me ");
        let kind = Kind::Own { did: did.is_some(), state: Sent::Waiting };
        let shown = clean::lines(did.unwrap_or(&text));
        let Some(tab) = self.tab_mut() else { return };
        tab.newest();
        let you = tab.you.clone();
        let entry = self.push(self.current, kind, &you, &shown);
        if let Some(tab) = self.tab_mut() {
            tab.typed(entry, text.clone());
        }
        self.deeds.push(Deed::Say(self.room(), text));
    }

    fn local(&mut self, local: Local) {
        match local {
            Local::Help => self.overlay = Some(Overlay::Help(0)),
            Local::Search(text) => self.find(&text),
            Local::Clear => {
                self.search = None;
                if let Some(tab) = self.tab_mut() {
                    tab.clear();
                }
            }
            Local::Bell(words) => self.bell(&words),
            Local::Theme(name) => match Palette::from_str(&name, true) {
                Ok(palette) => self.theme.palette = palette,
                Err(_) => self.error(&text!("screen-themes")),
            },
            Local::Ignore(nick) => self.ignore(&nick, true),
            Local::Unignore(nick) => self.ignore(&nick, false),
            Local::Me(text) => self.say(format!("/me {text}")),
            Local::Acknowledge => self.acknowledge(),
        }
    }

    fn bell(&mut self, words: &str) {
        let mut words = words.split_whitespace();
        let when = words.next().map(|word| When::from_str(word, true));
        let how = words.next().map(|word| How::from_str(word, true));
        match (when, how, words.next()) {
            (None, _, _) => {}
            (Some(Ok(when)), None, _) => self.when = when,
            (Some(Ok(when)), Some(Ok(how)), None) => (self.when, self.how) = (when, how),
            (Some(_), _, _) => {
                return self.error(&text!("screen-bell-usage"));
            }
        }
        let when = match self.when {
            When::All => text!("screen-bell-at-all"),
            When::Mentions => text!("screen-bell-at-mentions"),
            When::None => text!("screen-bell-never"),
        };
        let how = match self.how {
            How::Bell => text!("screen-bell-by-bell"),
            How::Osc9 => text!("screen-bell-by-osc", number = 9_u32),
            How::Osc777 => text!("screen-bell-by-osc", number = 777_u32),
        };
        self.answer(&text!("screen-bell-rings", when = when, how = how));
    }

    fn ignore(&mut self, nick: &str, ignore: bool) {
        let nick = clean::line(nick);
        let Some(tab) = self.tab_mut() else { return };
        if ignore && tab.members.contains_key(&nick) {
            tab.ignored.insert(nick.clone());
            self.answer(&text!("screen-ignored", nick = nick));
        } else if !ignore && tab.ignored.remove(&nick) {
            self.answer(&text!("screen-unignored", nick = nick));
        } else {
            self.error(&if ignore { text!("screen-nobody-here") } else { text!("screen-nobody-ignored") });
        }
    }

    fn acknowledge(&mut self) {
        if self.alarms.pop_front().is_none() {
            self.answer(&text!("screen-no-warning"));
        }
        if self.alarms.is_empty() && self.more_alarms > 0 {
            let more = std::mem::take(&mut self.more_alarms);
            self.alarms.push_back(text!("screen-more-warnings", count = more));
        }
    }

    fn find(&mut self, text: &str) {
        let text = text.to_lowercase();
        let found = self.tab().map(|tab| tab.holding(&text)).unwrap_or_default();
        if found.is_empty() {
            self.search = None;
            return self.error(&text!("screen-not-found"));
        }
        self.search = Some(Search { text, at: found.len() - 1, found });
        self.show_found();
    }

    fn show_found(&mut self) {
        let Some(number) = self.search.as_ref().and_then(|search| search.found.get(search.at)).copied()
        else {
            return;
        };
        let talk = layout(self).talk;
        if let Some(tab) = self.tab_mut() {
            tab.show(number, usize::from(talk.width), usize::from(talk.height));
        }
    }

    fn scroll(&mut self, scroll: Scroll) {
        let talk = layout(self).talk;
        let (width, height) = (usize::from(talk.width), usize::from(talk.height));
        let page = height.saturating_sub(2).max(1);
        let Some(tab) = self.tab_mut() else { return };
        match scroll {
            Scroll::Older => tab.older(page, width, height),
            Scroll::BitOlder => tab.older(SCROLL_ROWS, width, height),
            Scroll::Newer => tab.newer(page, width),
            Scroll::BitNewer => tab.newer(SCROLL_ROWS, width),
            Scroll::Oldest => tab.oldest(width, height),
            Scroll::Newest => tab.newest(),
        }
    }
}

/// What Ctrl-Up and Ctrl-Down move by.
const SCROLL_ROWS: usize = 3;

//! What notices make of the screen.
//!
//! **In** a [`Notice`] and its room. **Out** lines, marks, counts, warnings. **Never** a text of others that was not
//! cleaned.

use std::time::Duration;

use super::super::clean;
use super::super::entry::{Kind, Sent};
use super::super::tab::Marks;
use super::{ALARMS_MAX, Deed, FIRST_ROOM, Link, Moment, Overlay, Screen, When};
use crate::event::Notice;
use crate::plain;
use crate::secret::SecretText;
use crate::texts::text;

impl Screen {
    /// Something happened, in a room (its number and name) or to the session.
    pub(crate) fn notice(&mut self, room: Option<(u32, &str)>, notice: Notice, now: Moment) {
        self.now = now;
        let at = room.map_or(self.current, |(number, name)| self.tab_of(number, name));
        if let (Some((_, tab)), Some((_, name))) =
            (self.tabs.get_mut(at), room.filter(|(_, name)| !name.is_empty()))
        {
            tab.title = clean::line(name);
        }
        let number = self.tabs.get(at).map_or(FIRST_ROOM, |(number, _)| *number);
        self.files.take(&notice);
        match notice {
            Notice::Message { from, text } => self.heard(at, &from, &text, false),
            Notice::Private { from, text } => self.heard(at, &from, &text, true),
            Notice::PrivateSent { to, text } => {
                self.push(at, Kind::PrivateTo, &clean::line(&to), &clean::lines(&text));
            }
            Notice::Said { number, text } => self.said(at, number, &text),
            Notice::Acknowledged { number } => self.taken(at, number),
            Notice::NotAcknowledged { number, ref text, .. } => {
                if let Some((_, tab)) = self.tabs.get_mut(at) {
                    tab.lost(number);
                }
                self.push_back(at, &notice, text);
            }
            Notice::HandedBack { ref text, .. } => {
                if let Some((_, tab)) = self.tabs.get_mut(at) {
                    tab.unsaid(text);
                }
                self.push_back(at, &notice, text);
            }
            Notice::Delivered { number, opened, of, asked, .. } => {
                if let Some((_, tab)) = self.tabs.get_mut(at) {
                    tab.opened(number, opened, of);
                }
                if asked {
                    self.tell(at, &notice);
                }
            }
            Notice::Waiting { full, .. } => {
                if full {
                    self.tell(at, &notice);
                }
            }
            Notice::Dropped { waiting, .. } => {
                if let Some((_, tab)) = self.tabs.get_mut(at).filter(|_| waiting) {
                    tab.dropped();
                }
                self.tell(at, &notice);
            }
            Notice::Who { .. } => self.who(at, &notice),
            Notice::Unconnected { .. } => self.apart(at, &notice),
            Notice::Room { link } => self.way(text!("screen-way"), link),
            Notice::Passphrase { passphrase } => {
                let text = SecretText::new(clean::line(passphrase.expose()));
                self.push(at, Kind::Answer, "", &text!("screen-passphrase"));
                self.push(at, Kind::Answer, "", text.expose());
            }
            Notice::Warning(text) => self.warn(at, &text),
            Notice::Error(ref text) => {
                self.last_error = Some(clean::line(text));
                self.push(at, Kind::Error, "", &clean::lines(text));
            }
            Notice::Help => self.overlay = Some(Overlay::Help(0)),
            Notice::Finished(_) => {}
            Notice::MemberJoined { ref nick } => {
                if let Some((_, tab)) = self.tabs.get_mut(at) {
                    tab.members.entry(clean::line(nick)).or_default();
                }
                self.tell(at, &notice);
                self.ask_who(number, false);
            }
            Notice::MemberLeft { ref nick }
            | Notice::Parted { ref nick }
            | Notice::Removed { by: None, ref nick } => {
                if let Some((_, tab)) = self.tabs.get_mut(at) {
                    tab.members.remove(&clean::line(nick));
                }
                self.tell(at, &notice);
                self.ask_who(number, false);
            }
            Notice::Verified { .. } => {
                self.tell(at, &notice);
                self.ask_who(number, false);
            }
            Notice::Locked { locked, .. } => {
                if let Some((_, tab)) = self.tabs.get_mut(at) {
                    tab.locked = locked;
                }
                self.tell(at, &notice);
            }
            Notice::Connected | Notice::Resumed => {
                self.link = Link::Connected;
                self.tell(at, &notice);
            }
            Notice::Broken => {
                (self.link, self.latency) = (Link::Broken, None);
                self.tell(at, &notice);
            }
            Notice::Away { ref text, seconds } => {
                (self.link, self.latency) = (Link::Away, None);
                self.retry_at = Some(self.now.elapsed + Duration::from_secs(seconds));
                self.nobody(room.map(|_| at));
                // Said once for each reason: the status line counts the tries down.
                if self.away_because.as_deref() != Some(text) {
                    self.away_because = Some(text.clone());
                    self.tell(at, &notice);
                }
            }
            Notice::Entered { .. } | Notice::Rejoined { .. } => {
                (self.link, self.away_because) = (Link::Connected, None);
                if let Some((_, tab)) = self.tabs.get_mut(at) {
                    tab.entered = true;
                }
                self.tell(at, &notice);
                self.ask_who(number, false);
            }
            Notice::Moved => {
                self.nobody(Some(at));
                self.tell(at, &notice);
            }
            Notice::Current => self.turn_to(at),
            Notice::RoomLeft => self.part_with(at),
            Notice::FileOffered { ref from, .. } => self.offered(at, from, &notice),
            Notice::FileProgress { .. } => {}
            Notice::Progress(_)
            | Notice::FileOfferSent { .. }
            | Notice::FileWaits { .. }
            | Notice::FileReceived { .. }
            | Notice::FileSent { .. }
            | Notice::FileEnded { .. }
            | Notice::Files { .. }
            | Notice::QuitAsks { .. }
            | Notice::Rooms { .. }
            | Notice::ListedRooms { .. }
            | Notice::Listed { .. }
            | Notice::VerifyBegun { .. }
            | Notice::VerifyWords { .. }
            | Notice::VerifyVoid { .. }
            | Notice::SafetyNumber { .. }
            | Notice::KeptOut
            | Notice::Removed { by: Some(_), .. }
            | Notice::Moving { .. }
            | Notice::Left => self.tell(at, &notice),
        }
    }

    /// Shows what plain lines would say, in their words.
    fn tell(&mut self, at: usize, notice: &Notice) {
        let lines = plain::lines_of(notice);
        let talk = lines.talk.as_ref().map(SecretText::expose).unwrap_or_default();
        let (kind, text) = if let Some(text) = talk.strip_prefix("! ") {
            (Kind::Warning, text)
        } else {
            let asked = matches!(
                notice,
                Notice::VerifyWords { .. }
                    | Notice::SafetyNumber { .. }
                    | Notice::Who { .. }
                    | Notice::Files { .. }
                    | Notice::QuitAsks { .. }
                    | Notice::FileReceived { .. }
                    | Notice::FileEnded { .. }
                    | Notice::VerifyVoid { .. }
            );
            (if asked { Kind::Answer } else { Kind::Event }, talk.strip_prefix("* ").unwrap_or(talk))
        };
        let note = lines.note.as_deref().unwrap_or_default();
        let all = [text, note].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n");
        self.push(at, kind, "", &all);
    }

    fn heard(&mut self, at: usize, from: &str, text: &str, privately: bool) {
        let from = clean::line(from);
        let Some((_, tab)) = self.tabs.get(at) else { return };
        if tab.ignored.contains(&from) {
            return;
        }
        let did = text.strip_prefix("/me ");
        let shown = clean::lines(did.filter(|_| !privately).unwrap_or(text));
        let mention = privately || names(&shown, &tab.you);
        let kind = match (privately, did) {
            (true, _) => Kind::PrivateFrom,
            (false, Some(_)) => Kind::Did { mention },
            (false, None) => Kind::Said { mention },
        };
        let apart = tab.apart;
        let number = self.tabs.get(at).map(|(number, _)| *number);
        self.push(at, kind, &from, &shown);
        if let Some(number) = number.filter(|_| apart) {
            // He may have told meanwhile that he reaches all.
            self.ask_who(number, false);
        }
        if self.when == When::All || (self.when == When::Mentions && mention) {
            self.deeds.push(Deed::Alert);
        }
    }

    /// Something of ours was said: what was typed here stands there already.
    fn said(&mut self, at: usize, number: u64, text: &str) {
        let elapsed = self.now.elapsed;
        let Some((_, tab)) = self.tabs.get_mut(at) else { return };
        if tab.said(number, text, elapsed) {
            return;
        }
        // Said again by itself after a lost session.
        let (you, did) = (tab.you.clone(), text.strip_prefix("/me "));
        let kind = Kind::Own { did: did.is_some(), state: Sent::Waiting };
        let entry = self.push(at, kind, &you, &clean::lines(did.unwrap_or(text)));
        if let Some((_, tab)) = self.tabs.get_mut(at) {
            tab.typed(entry, text.to_owned());
            tab.said(number, text, elapsed);
        }
    }

    fn taken(&mut self, at: usize, number: u64) {
        let elapsed = self.now.elapsed;
        let latency: Option<Duration> = self.tabs.get_mut(at).and_then(|(_, tab)| tab.taken(number, elapsed));
        self.latency = latency.or(self.latency);
    }

    /// Something of ours is ours again: what is to be decided, and the text with its own lines.
    fn push_back(&mut self, at: usize, notice: &Notice, text: &str) {
        let lines = plain::lines_of(notice);
        let told = lines.talk.as_ref().map(SecretText::expose).unwrap_or_default();
        let told = told.trim_start_matches("! ");
        let told = told.strip_suffix(&plain::harmless(text)).unwrap_or(told);
        self.push(at, Kind::Warning, "", &format!("{told}{}", clean::lines(text)));
    }

    fn who(&mut self, at: usize, notice: &Notice) {
        let Notice::Who { you, members, verified, lasting } = notice else { return };
        if let Some((_, tab)) = self.tabs.get_mut(at) {
            tab.you = clean::line(you);
            tab.apart = false;
            tab.members = members
                .iter()
                .skip(1)
                .map(|nick| {
                    let marks = Marks { verified: verified.contains(nick), lasting: lasting.contains(nick) };
                    (clean::line(nick), marks)
                })
                .collect();
        }
        let number = self.tabs.get(at).map(|(number, _)| *number);
        let asked = self.asked.iter().position(|(room, _)| Some(*room) == number);
        // An answer to nobody's question was asked for elsewhere.
        self.answered = asked.and_then(|at| self.asked.remove(at)).is_none_or(|(_, for_user)| for_user);
        if self.answered {
            self.tell(at, notice);
        }
    }

    /// Not everybody reaches everybody.
    fn apart(&mut self, at: usize, notice: &Notice) {
        if let Some((_, tab)) = self.tabs.get_mut(at) {
            tab.apart = true;
        }
        if self.answered {
            self.tell(at, notice);
        }
    }

    /// Nobody counts as present any more: in this tab, or in all.
    fn nobody(&mut self, at: Option<usize>) {
        for (place, (_, tab)) in self.tabs.iter_mut().enumerate() {
            if at.is_none_or(|at| at == place) {
                tab.members.clear();
                tab.entered = false;
            }
        }
    }

    /// One of several rooms was left.
    fn part_with(&mut self, at: usize) {
        if self.tabs.len() > 1 && at < self.tabs.len() {
            let (_, tab) = self.tabs.remove(at);
            let current = if at < self.current { self.current - 1 } else { self.current };
            self.turn_to(current.min(self.tabs.len() - 1));
            self.push(self.current, Kind::Event, "", &text!("screen-room-left", room = tab.title));
        }
    }

    fn way(&mut self, title: String, secret: SecretText) {
        self.overlay = Some(Overlay::Way { title, secret });
        self.deeds.push(Deed::Redraw);
    }

    /// A warning stays on the screen until it is acknowledged.
    fn warn(&mut self, at: usize, text: &str) {
        let several = self.tabs.len() > 1;
        let title = self.tabs.get(at).filter(|_| several).map(|(_, tab)| format!("{}: ", tab.title));
        let shown = format!("{}{}", title.unwrap_or_default(), clean::line(text));
        self.warned += 1;
        if self.alarms.len() < ALARMS_MAX {
            self.alarms.push_back(shown);
        } else {
            self.more_alarms += 1;
        }
        self.push(at, Kind::Warning, "", &clean::lines(text));
        // Nothing lies over a warning.
        self.close();
        if self.when != When::None {
            self.deeds.push(Deed::Alert);
        }
    }
}

/// Whether `text` holds `nick` as a word, in capitals or not.
fn names(text: &str, nick: &str) -> bool {
    let (text, nick) = (text.to_lowercase(), nick.to_lowercase());
    !nick.is_empty()
        && text.match_indices(&nick).any(|(at, _)| {
            let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
            let before = text.get(..at).unwrap_or_default().chars().next_back();
            let after = text.get(at + nick.len()..).unwrap_or_default().chars().next();
            !is_word(before) && !is_word(after)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_count_as_words_alone() {
        assert!(names("hi Anna!", "anna") && names("anna", "anna") && names("@ANNA", "anna"));
        assert!(!names("annabel", "anna") && !names("hi", "anna") && !names("x", ""));
    }
}

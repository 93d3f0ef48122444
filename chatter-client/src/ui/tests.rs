//! Screens as text, and what keys and notices make of them.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;

use super::draw::draw;
use super::screen::{Deed, Moment, Screen, When};
use super::theme::{Charset, Palette, Theme};
use crate::event::Notice;
use crate::secret::SecretText;

mod attacks;
mod bounds;
mod camera;
mod files;
mod language;
mod marks;
mod picture;

/// A screen with hands.
pub(super) struct Play {
    pub(super) screen: Screen,
    elapsed: u64,
    pub(super) time: String,
}

impl Play {
    /// Anna's, in the kitchen, with ben and carol.
    pub(super) fn new(width: u16, height: u16) -> Self {
        let mut play = Self::alone(width, height);
        play.notice(Notice::Connected);
        play.notice(Notice::Entered { present: 2 });
        for nick in ["ben", "carol"] {
            play.notice(Notice::MemberJoined { nick: nick.into() });
        }
        play.who(&["ben"], &["carol"]);
        play.screen.take_deeds();
        play
    }

    pub(super) fn alone(width: u16, height: u16) -> Self {
        let theme = Theme { palette: Palette::Dark, charset: Charset::Unicode };
        let time = "18:02".to_owned();
        let screen = Screen::new((width, height), theme, "kitchen", "anna", moment(0, &time));
        Self { screen, elapsed: 0, time }
    }

    pub(super) fn now(&mut self) -> Moment {
        self.elapsed += 19;
        moment(self.elapsed, &self.time)
    }

    pub(super) fn notice(&mut self, notice: Notice) {
        self.notice_in(1, "kitchen", notice);
    }

    pub(super) fn notice_in(&mut self, room: u32, name: &str, notice: Notice) {
        let now = self.now();
        self.screen.notice(Some((room, name)), notice, now);
    }

    pub(super) fn says(&mut self, from: &str, text: &str) {
        self.notice(Notice::Message { from: from.into(), text: text.into() });
    }

    pub(super) fn who(&mut self, verified: &[&str], lasting: &[&str]) {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let members = names(&["anna", "ben", "carol"]);
        let (verified, lasting) = (names(verified), names(lasting));
        self.notice(Notice::Who { you: "anna".into(), members, verified, lasting });
    }

    pub(super) fn press(&mut self, code: KeyCode) {
        self.press_with(code, KeyModifiers::NONE);
    }

    pub(super) fn press_with(&mut self, code: KeyCode, modifiers: KeyModifiers) {
        let now = self.now();
        self.screen.key(KeyEvent::new(code, modifiers), now);
    }

    pub(super) fn type_text(&mut self, text: &str) {
        text.chars().for_each(|c| self.press(KeyCode::Char(c)));
    }

    pub(super) fn enter(&mut self, line: &str) -> Vec<Deed> {
        self.screen.take_deeds();
        self.type_text(line);
        self.press(KeyCode::Enter);
        self.screen.take_deeds()
    }

    pub(super) fn buffer(&self) -> Buffer {
        let (width, height) = self.screen.size;
        let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("no terminal to fail");
        terminal.draw(|frame| draw(&self.screen, frame)).expect("no terminal to fail");
        terminal.backend().buffer().clone()
    }

    /// The screen, row by row, without the spaces at their ends.
    pub(super) fn rows(&self) -> Vec<String> {
        let buffer = self.buffer();
        let width = usize::from(buffer.area.width.max(1));
        let row = |cells: &[ratatui::buffer::Cell]| {
            let mut text = String::new();
            let mut skip = 0;
            for cell in cells {
                if skip > 0 {
                    skip -= 1;
                    continue;
                }
                skip = super::wrap::width(cell.symbol()).saturating_sub(1);
                text.push_str(cell.symbol());
            }
            text.trim_end().to_owned()
        };
        buffer.content.chunks(width).map(row).collect()
    }

    pub(super) fn text(&self) -> String {
        self.rows().join("\n")
    }
}

fn moment(elapsed: u64, time: &str) -> Moment {
    Moment { elapsed: Duration::from_millis(elapsed), day: "2026-11-27".into(), time: time.into() }
}

#[test]
fn a_talk_looks_like_one() {
    let mut play = Play::new(80, 16);
    play.says("ben", "hi anna, did the flour come?");
    let deeds = play.enter("yes, and the eggs");
    assert_eq!(deeds, [Deed::Say(1, "yes, and the eggs".into())]);
    assert!(play.text().contains("<anna> yes, and the eggs …"), "it waits:\n{}", play.text());
    play.notice(Notice::Said { number: 1, text: "yes, and the eggs".into() });
    play.notice(Notice::Acknowledged { number: 1 });
    play.says("carol", "/me dances");
    play.notice(Notice::Private { from: "ben".into(), text: "the cake is a surprise".into() });
    play.notice(Notice::PrivateSent { to: "ben".into(), text: "of course".into() });
    play.type_text("what about the m");
    let expected = "\
\x20kitchen                                                               F1: help
                                                              │ 3 here
                                                              │   anna
                                                              │ ✓ ben
                                                              │ ◆ carol
18:02 -- the door is open                                     │
18:02 -- you are in the room; 2 others are here               │
18:02 -- ben joined                                           │
18:02 -- carol joined                                         │
18:02 <ben> hi anna, did the flour come?                      │
18:02 <anna> yes, and the eggs ✓                              │
18:02 * carol dances                                          │
18:02 [ben → you] the cake is a surprise                      │
18:02 [you → ben] of course                                   │
 connected · 19 ms · 3 here · 1 verified · views agree · no warnings
anna> what about the m";
    assert_eq!(play.text(), expected);
}

#[test]
fn a_small_terminal_still_holds_a_talk() {
    let mut play = Play::new(40, 10);
    play.says("ben", "a text that is longer than one row of such a terminal");
    let expected = "\
\x20kitchen                       F1: help
18:02 -- the door is open
18:02 -- you are in the room; 2 others
        are here
18:02 -- ben joined
18:02 -- carol joined
18:02 <ben> a text that is longer than
        one row of such a terminal
 connected · 3 here · 1 verified · views
>";
    assert_eq!(play.text(), expected);
}

#[test]
fn a_warning_stays_until_it_is_acknowledged() {
    let mut play = Play::new(70, 14);
    play.press(KeyCode::F(1));
    play.notice(Notice::Warning("THIS IS NOT THE ben YOU KNEW".into()));
    play.notice(Notice::Warning("2 messages of carol were withheld".into()));
    assert!(play.screen.take_deeds().contains(&Deed::Alert));
    for number in 0..50 {
        play.says("ben", &format!("chatter {number}"));
    }
    play.press(KeyCode::Enter);
    play.press(KeyCode::Esc);
    assert_eq!(play.rows()[1], "!! WARNING (1 of 2) - F2 or /ok: I have read it");
    assert_eq!(play.rows()[2], "THIS IS NOT THE ben YOU KNEW");
    play.press(KeyCode::F(1));
    assert_eq!(play.rows()[12], "!! WARNING (1 of 2) - F2 or /ok: I have read it", "below help");
    play.press(KeyCode::Esc);
    play.press(KeyCode::F(2));
    assert_eq!(play.rows()[2], "2 messages of carol were withheld");
    play.enter("/ok");
    assert!(!play.text().contains("F2 or"), "{}", play.text());
    assert!(play.text().contains("2 warnings"));
    for number in 0..100 {
        play.notice(Notice::Warning(format!("number {number}")));
    }
    for _ in 0..20 {
        play.press(KeyCode::F(2));
    }
    assert!(play.text().contains("80 more warnings stand among the lines"));
    play.press(KeyCode::F(2));
    assert!(!play.text().contains("F2 or"));
}

#[test]
fn warnings_are_seen_on_the_smallest_screen_too() {
    let mut play = Play::new(40, 10);
    play.notice(Notice::Warning("x ".repeat(200)));
    let rows = play.rows();
    assert_eq!(rows[1], "!! WARNING - F2 or /ok: I have read it");
    assert!(rows[3].ends_with("... (below, too)"), "{rows:?}");
    assert!(rows[9].starts_with('>'));
}

#[test]
fn rooms_are_tabs_that_count() {
    let mut play = Play::new(80, 12);
    play.notice_in(2, "garden", Notice::Entered { present: 1 });
    for text in ["one", "two", "and Anna!"] {
        play.notice_in(2, "garden", Notice::Message { from: "dora".into(), text: text.into() });
    }
    assert!(play.rows()[0].starts_with(" 1 kitchen  2 garden (3, 1!) "), "{}", play.rows()[0]);
    play.press_with(KeyCode::Char('2'), KeyModifiers::ALT);
    assert!(play.rows()[0].starts_with(" 1 kitchen  2 garden  "));
    assert!(play.text().contains("<dora> and Anna!") && !play.text().contains("ben joined"));
    assert_eq!(play.enter("hello"), [Deed::Say(2, "hello".into())]);
    play.says("ben", "are you there?");
    assert!(play.rows()[0].starts_with(" 1 kitchen (1)  2 garden  "));
    play.press_with(KeyCode::Left, KeyModifiers::ALT);
    assert!(play.rows()[0].starts_with(" 1 kitchen  2 garden  "));
    assert_eq!(play.enter("/lock"), [Deed::Line(1, "/lock".into())]);
    for room in 3..12 {
        play.notice_in(room, &format!("room-{room}"), Notice::Entered { present: 0 });
    }
    play.press_with(KeyCode::Left, KeyModifiers::ALT);
    assert!(play.rows()[0].contains(" 11 room-11 "), "the current one is seen: {}", play.rows()[0]);
}

#[test]
fn reading_further_up_is_left_in_peace() {
    let mut play = Play::new(60, 12);
    for number in 0..60 {
        play.says("ben", &format!("number {number}"));
    }
    play.press(KeyCode::PageUp);
    let before = play.rows()[1..9].to_vec();
    play.says("ben", "something new");
    assert_eq!(play.rows()[1..9], before);
    assert!(play.text().contains("1 new below: Esc goes there"));
    play.press_with(KeyCode::Home, KeyModifiers::CONTROL);
    assert!(play.rows()[1].contains("the door is open"));
    play.press(KeyCode::Esc);
    assert!(play.text().contains("something new") && !play.text().contains("new below"));
    play.enter("/search NUMBER 1");
    assert!(play.text().contains("find 11 of 11: n older, N newer") && play.text().contains("number 19"));
    for _ in 0..10 {
        play.type_text("n");
    }
    assert!(play.text().contains("find 1 of 11") && play.text().contains("> number 1 "), "{}", play.text());
    play.type_text("N");
    assert!(play.text().contains("find 2 of 11"));
    play.press(KeyCode::Esc);
    play.type_text("n");
    assert!(play.rows()[11].ends_with("> n"), "keys are text again");
}

#[test]
fn completion_and_history_fill_the_line() {
    let mut play = Play::new(80, 10);
    play.type_text("/ver");
    play.press(KeyCode::Tab);
    play.type_text("c");
    play.press(KeyCode::Tab);
    assert_eq!(play.rows()[9], "anna> /verify carol");
    assert_eq!(play.enter(""), [Deed::Line(1, "/verify carol ".into())]);
    play.type_text("b");
    play.press(KeyCode::Tab);
    assert_eq!(play.enter("hi"), [Deed::Say(1, "ben: hi".into())]);
    play.press(KeyCode::Up);
    assert_eq!(play.rows()[9], "anna> ben: hi");
    play.press(KeyCode::Up);
    play.press(KeyCode::Up);
    assert_eq!(play.rows()[9], "anna> /verify carol");
}

#[test]
fn a_paste_waits_for_enter() {
    let mut play = Play::new(80, 12);
    let now = play.now();
    play.screen.paste("/quit\r\nsecond\x1b[31m\nthird\n", now);
    assert_eq!(play.screen.take_deeds(), []);
    assert_eq!(play.rows()[9..], ["anna> /quit", "      second[31m", "      third"]);
    play.press_with(KeyCode::Char('a'), KeyModifiers::CONTROL);
    play.press(KeyCode::Up);
    play.press(KeyCode::Up);
    play.type_text("see: ");
    assert_eq!(play.enter(""), [Deed::Say(1, "see: /quit\nsecond[31m\nthird".into())]);
    let rows = play.rows();
    assert!(rows.iter().any(|row| row.starts_with("18:02 <anna> see: /quit ")), "{}", play.text());
    assert!(rows.iter().any(|row| row.starts_with("        second[31m ")), "{}", play.text());
}

#[test]
fn a_link_is_shown_whole_and_never_among_the_lines() {
    let mut play = Play::new(40, 12);
    let link = format!("chatter://example.org:8000/kitchen#chatter1{}", "q".repeat(60));
    play.notice(Notice::Room { link: SecretText::new(link.clone()) });
    let rows = play.rows();
    let shown: String = rows[2..5].concat();
    assert_eq!(shown, link);
    assert_eq!(super::draw::way(&play.screen), Some((2, link.as_str())));
    play.screen.resize((20, 7));
    assert_eq!(super::draw::way(&play.screen), None, "it would push the screen up");
    play.screen.resize((40, 12));
    play.press(KeyCode::Esc);
    assert!(!play.text().contains("chatter1"));
    play.type_text(&format!("/join {link}"));
    assert!(!play.text().contains("chatter1") && play.text().contains("/join ****"));
    play.enter("");
    play.press(KeyCode::Up);
    assert!(!play.text().contains("/join"), "nor can it be had back");
}

#[test]
fn the_screens_own_commands_do_what_they_say() {
    let mut play = Play::new(80, 20);
    play.enter("/ignore ben");
    play.says("ben", "unheard-of");
    play.says("carol", "heard");
    assert!(!play.text().contains("unheard-of") && play.text().contains("<carol> heard"));
    assert!(play.text().contains("ben (ignored)"));
    play.enter("/unignore ben");
    play.says("ben", "again");
    assert!(play.text().contains("<ben> again"));
    assert_eq!(play.enter("/me waves"), [Deed::Say(1, "/me waves".into())]);
    assert!(play.text().contains("* anna waves"));
    play.enter("/clear");
    assert!(!play.text().contains("* anna waves"));
    play.enter("/bell all osc9");
    play.says("carol", "ring");
    assert_eq!(play.screen.take_deeds(), [Deed::Alert]);
    play.enter("/bell none");
    play.says("carol", "anna!");
    assert_eq!((play.screen.take_deeds(), play.screen.when), (Vec::new(), When::None));
    play.enter("/theme light");
    assert_eq!(play.screen.theme.palette, Palette::Light);
    play.enter("/bell sometimes");
    play.enter("/ignore nobody");
    assert!(
        play.text().contains("-! type /bell all") && play.text().contains("-! nobody of that name is here")
    );
    play.enter("/help");
    assert!(play.rows()[0].contains("Esc closes"));
    for _ in 0..4 {
        play.press(KeyCode::PageDown);
    }
    assert!(play.text().contains("gone when you leave"), "{}", play.text());
    play.type_text("x");
    assert!(play.text().contains("anna> x"));
}

#[test]
fn members_and_marks_follow_what_the_app_knows() {
    let mut play = Play::new(80, 18);
    play.notice(Notice::MemberLeft { nick: "ben".into() });
    assert_eq!(play.screen.take_deeds(), [Deed::Line(1, "/who".into())]);
    play.notice(Notice::Verified { members: vec!["carol".into()] });
    assert_eq!(play.screen.take_deeds(), [], "one question is under way");
    let lines = play.rows().iter().filter(|row| row.contains("-- here:")).count();
    let who = |members: &[&str], verified: &[&str]| {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Notice::Who {
            you: "anna".into(),
            members: names(members),
            verified: names(verified),
            lasting: Vec::new(),
        }
    };
    play.notice(who(&["anna", "carol"], &["carol"]));
    assert!(play.text().contains("│ ✓ carol") && !play.text().contains("│   ben"));
    assert_eq!(
        play.rows().iter().filter(|row| row.contains("-- here:")).count(),
        lines,
        "nobody asked for lines"
    );
    assert_eq!(play.enter("/who"), [Deed::Line(1, "/who".into())]);
    play.notice(who(&["anna", "carol"], &["carol"]));
    assert!(play.text().contains("-- here: anna (you), carol (verified)"));
    play.screen.take_deeds();
    let apart = || Notice::Unconnected { unmet: 0, pairs: vec![("carol".into(), "anna".into())] };
    play.notice(apart());
    assert!(play.text().contains("views differ: /who"));
    play.says("carol", "hi");
    assert_eq!(play.screen.take_deeds(), [Deed::Line(1, "/who".into())], "it may be over");
    let before = play.rows().iter().filter(|row| row.contains("--")).count();
    play.notice(who(&["anna", "carol"], &[]));
    assert!(play.text().contains("views agree"));
    play.notice(apart());
    assert_eq!(play.rows().iter().filter(|row| row.contains("--")).count(), before, "nobody asked for lines");
    play.notice(Notice::Away { text: "the session was lost".into(), seconds: 2 });
    assert!(play.text().contains("session lost, trying again") && !play.text().contains("│ ✓ carol"));
    let told = |play: &Play| play.text().matches("-- the session was lost").count();
    play.notice(Notice::Away { text: "the session was lost".into(), seconds: 4 });
    assert_eq!(told(&play), 1, "what is known already is not said at each try");
    play.notice(Notice::Rejoined { text: "the server was restarted".into(), present: 0 });
    play.notice(Notice::Away { text: "the session was lost".into(), seconds: 2 });
    assert_eq!(told(&play), 2);
}

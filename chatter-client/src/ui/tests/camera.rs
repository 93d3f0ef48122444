//! A link for a camera, over the talk.

use ratatui::style::Color;

use super::super::theme::Charset;
use super::Play;
use crate::event::Notice;
use crate::qr;
use crate::secret::SecretText;

const LINK: &str = "chatter://example.org:8000/kitchen#chatter1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq";

fn shown(width: u16, height: u16, charset: Charset) -> Play {
    let mut play = Play::new(width, height);
    play.screen.theme.charset = charset;
    play.notice(Notice::Room { link: SecretText::new(LINK.into()) });
    play
}

/// Whether such a code stands somewhere, row below row.
fn holds(play: &Play, ascii: bool) -> bool {
    let lines = qr::lines(LINK, 1000, 1000, ascii).expect("it fits");
    let lines: Vec<&str> = lines.iter().map(|line| line.trim_end()).collect();
    play.rows().windows(lines.len()).any(|rows| rows == lines)
}

#[test]
fn where_there_is_room_a_link_is_drawn_in_its_own_colours() {
    let play = shown(120, 60, Charset::Unicode);
    assert!(holds(&play, false), "{}", play.text());
    let buffer = play.buffer();
    let white = buffer.content.iter().filter(|cell| cell.bg == Color::Indexed(231)).count();
    let lines = qr::lines(LINK, 1000, 1000, false).expect("it fits");
    assert_eq!(white, lines.len() * lines[0].chars().count(), "its margin is white, too");
    assert!(holds(&shown(120, 80, Charset::AsciiSigns), true));
    assert!(holds(&shown(120, 80, Charset::Ascii), true));
}

#[test]
fn where_there_is_none_the_text_stands_alone() {
    for (width, height) in [(40, 24), (30, 60), (120, 12)] {
        let play = shown(width, height, Charset::Unicode);
        assert!(!holds(&play, false));
        assert!(play.rows().concat().contains("chatter1qqq"));
    }
}

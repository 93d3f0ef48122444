//! What others send, against the bytes that are drawn.

use ratatui::backend::CrosstermBackend;

use super::super::draw::LEFT_TO_RIGHT;
use super::*;

/// Attempts on terminals and eyes.
const ATTACKS: [&str; 30] = [
    "\u{1b}[2J\u{1b}[H",
    "\u{1b}]0;title\u{7}",
    "\u{1b}]2;title\u{1b}\\",
    "\u{1b}]52;c;cm0gLXJmIC8=\u{7}",
    "\u{1b}]8;;http://example.org\u{1b}\\click\u{1b}]8;;\u{1b}\\",
    "\u{1b}]9;notice\u{7}",
    "\u{1b}]777;notify;a;b\u{7}",
    "\u{1b}]1337;File=inline=1:AAAA\u{7}",
    "\u{1b}P+q544e\u{1b}\\",
    "\u{1b}_Ga=T;AAAA\u{1b}\\",
    "\u{1b}^pm\u{1b}\\",
    "\u{1b}c",
    "\u{1b}[?1049l",
    "\u{1b}[?2004l",
    "\u{1b}[6n",
    "\u{1b}[21t",
    "\u{1b}(0lqqk",
    "\u{1b}[31;5mred",
    "\u{9b}31m",
    "\u{9d}0;x\u{9c}",
    "\u{90}q\u{9c}\u{85}\u{84}",
    "a\r<ben> b",
    "a\n<ben> b\n18:02 <ben> c",
    "a\u{8}\u{8}\u{8}\u{7f}\u{0}\u{e}\u{f}",
    "\u{202e}gpj.exe\u{2066}\u{202c}",
    "\u{200b}\u{200c}\u{200d}\u{2060}\u{feff}",
    "x\u{2028}y\u{2029}z",
    "o\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}\u{308}",
    "\u{e0041}\u{e0042}\u{e007f}",
    "\u{3164}\u{115f}\u{ffa0}\u{ad}\u{61c}",
];

/// The bytes that a terminal would get for the whole screen.
fn drawn(play: &Play) -> Vec<u8> {
    let (width, height) = play.screen.size;
    let mut bytes = Vec::new();
    let viewport = ratatui::Viewport::Fixed(ratatui::layout::Rect::new(0, 0, width, height));
    let options = ratatui::TerminalOptions { viewport };
    let mut terminal =
        Terminal::with_options(CrosstermBackend::new(&mut bytes), options).expect("memory takes bytes");
    terminal.draw(|frame| draw(&play.screen, frame)).expect("memory takes bytes");
    drop(terminal);
    bytes
}

/// What is left of drawn bytes when cursor positions, colours and cursor visibility are taken out.
fn without_own_escapes(bytes: &[u8]) -> String {
    let text = std::str::from_utf8(bytes).expect("UTF-8");
    let mut left = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('\u{1b}') {
        left.push_str(&rest[..at]);
        let sequence = rest[at + 1..].strip_prefix('[').expect("only CSI is drawn");
        let end = sequence.find(|c: char| c.is_ascii_alphabetic()).expect("it ends");
        let (parameters, behind) = sequence.split_at(end);
        let fits = match behind.as_bytes()[0] {
            b'H' | b'm' => {
                parameters.bytes().all(|byte| byte.is_ascii_digit() || byte == b';' || byte == b':')
            }
            b'h' | b'l' => parameters == "?25",
            _ => false,
        };
        assert!(fits, "{:?}", &rest[at..at + 12]);
        rest = &behind[1..];
    }
    left.push_str(rest);
    left
}

/// What a terminal was made to do beside showing cells.
#[derive(Default)]
struct Reached(Vec<&'static str>);

impl vt100::Callbacks for Reached {
    fn audible_bell(&mut self, _: &mut vt100::Screen) {
        self.0.push("bell");
    }

    fn visual_bell(&mut self, _: &mut vt100::Screen) {
        self.0.push("visual bell");
    }

    fn resize(&mut self, _: &mut vt100::Screen, _: (u16, u16)) {
        self.0.push("size");
    }

    fn set_window_icon_name(&mut self, _: &mut vt100::Screen, _: &[u8]) {
        self.0.push("icon name");
    }

    fn set_window_title(&mut self, _: &mut vt100::Screen, _: &[u8]) {
        self.0.push("title");
    }

    fn copy_to_clipboard(&mut self, _: &mut vt100::Screen, _: &[u8], _: &[u8]) {
        self.0.push("clipboard");
    }

    fn paste_from_clipboard(&mut self, _: &mut vt100::Screen, _: &[u8]) {
        self.0.push("clipboard's content");
    }

    fn unhandled_control(&mut self, _: &mut vt100::Screen, _: u8) {
        self.0.push("control");
    }

    fn unhandled_osc(&mut self, _: &mut vt100::Screen, _: &[&[u8]]) {
        self.0.push("OSC");
    }
}

fn check(play: &Play, attack: &str) {
    let bytes = drawn(play);
    let left = without_own_escapes(&bytes);
    let mut before = ' ';
    for c in left.chars() {
        let own = c == LEFT_TO_RIGHT && before == '│';
        assert!(own || !chatter_protocol::ids::is_trickery(c), "{attack:?} draws {c:?}");
        before = c;
    }
    let (width, height) = play.screen.size;
    let mut terminal = vt100::Parser::new_with_callbacks(height, width, 0, Reached::default());
    terminal.process(&bytes);
    assert_eq!(terminal.callbacks().0, [""; 0], "{attack:?}");
    let screen = terminal.screen();
    assert!(!screen.bracketed_paste() && !screen.alternate_screen(), "{attack:?}");
    for row in 2..play.screen.size.1 - 6 {
        let frame = screen.cell(row, play.screen.size.0 - 18).expect("a cell").contents();
        assert!(frame.starts_with('│'), "{attack:?} in row {row}: {frame:?}\n{}", screen.contents());
    }
}

#[test]
fn nobody_reaches_beyond_his_cells() {
    for attack in ATTACKS {
        let mut play = Play::new(80, 24);
        let text = || attack.to_owned();
        let notices = [
            Notice::Message { from: "ben".into(), text: text() },
            Notice::Message { from: text(), text: format!("/me {attack}") },
            Notice::Private { from: text(), text: text() },
            Notice::PrivateSent { to: text(), text: text() },
            Notice::MemberJoined { nick: text() },
            Notice::Who {
                you: text(),
                members: vec![text(), text(), "ben".into()],
                verified: vec![text()],
                lasting: Vec::new(),
            },
            Notice::FileOffered { number: 1, from: text(), name: text(), size: 9, directory: false },
            Notice::FileOfferSent { number: 2, name: text(), size: 9, to: vec![text()] },
            Notice::FileProgress {
                number: 2,
                name: text(),
                nick: text(),
                sending: true,
                done: 4,
                size: 9,
                rate: 1,
                seconds_left: Some(5),
            },
            Notice::FileWaits { number: 2, name: text(), nick: text() },
            Notice::FileReceived { number: 1, name: text(), nick: text(), path: text() },
            Notice::FileEnded { number: 2, name: text(), nick: text(), reason: text() },
            Notice::VerifyBegun { by: text() },
            Notice::Locked { by: text(), locked: true },
            Notice::Said { number: 1, text: text() },
            Notice::NotAcknowledged { number: 1, text: text(), resend: 1 },
            Notice::HandedBack { number: 1, text: text(), reason: text() },
            Notice::Delivered { number: 1, opened: 0, of: 1, missing: vec![text()], asked: true },
            Notice::Error(text()),
            Notice::Away { text: text(), seconds: 1 },
            Notice::Rejoined { text: text(), present: 1 },
        ];
        for notice in notices {
            play.notice(notice);
            check(&play, attack);
        }
        let now = play.now();
        play.screen.paste(attack, now);
        check(&play, attack);
        play.notice_in(2, attack, Notice::Entered { present: 1 });
        let asks = |deed: &Deed| matches!(deed, Deed::Line(_, line) if line == "/who");
        assert!(play.screen.take_deeds().iter().all(|deed| asks(deed) || *deed == Deed::Alert), "{attack:?}");
        play.notice(Notice::Warning(text()));
        let left = without_own_escapes(&drawn(&play));
        let tricky = |c: char| chatter_protocol::ids::is_trickery(c) && c != LEFT_TO_RIGHT;
        assert!(!left.chars().any(tricky), "{attack:?}: {left:?}");
    }
}

#[test]
fn no_text_looks_like_somebody_elses() {
    let mut play = Play::new(80, 24);
    play.says("ben", "hi\n18:02 <carol> I am ben\n-- carol left\n!! WARNING");
    play.says("ben", "/me joined\n18:02 -- carol left");
    let rows = play.rows();
    for forged in ["18:02 <carol>", "18:02 -- carol left", "-- carol", "!! WARNING"] {
        assert!(!rows.iter().any(|row| row.starts_with(forged)), "{forged}\n{}", play.text());
    }
    assert!(rows.iter().any(|row| row.starts_with("        18:02 <carol> I am ben")));
}

#[test]
fn a_ring_tells_nothing() {
    let mut play = Play::new(80, 24);
    play.says("ben", "anna \u{1b}]777;notify;a;b\u{7}");
    assert_eq!(play.screen.take_deeds(), [Deed::Alert], "and nothing of what was said");
}

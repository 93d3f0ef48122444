//! The picture for the README: the real screen, as SVG.
//!
//! `CHATTER_PICTURE=1 cargo test -p chatter-client picture` draws it anew; without, it has to be what the program draws.

use std::fmt::Write as _;
use std::path::Path;

use ratatui::style::{Color, Modifier};

use super::*;

#[test]
fn the_picture_is_what_the_program_draws() {
    let svg = svg(&session().buffer());
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/tui.svg");
    if std::env::var_os("CHATTER_PICTURE").is_some() {
        std::fs::write(&file, &svg).expect("the picture can be written");
    }
    let there = std::fs::read_to_string(&file).expect("there is a picture");
    assert!(
        there.replace("\r\n", "\n") == svg,
        "the screen looks different: CHATTER_PICTURE=1 draws the picture anew"
    );
}

fn session() -> Play {
    let mut play = Play::new(92, 24);
    play.screen.tabs[0].1.clear();
    play.notice_in(2, "garden", Notice::Entered { present: 3 });
    play.notice_in(2, "garden", Notice::Message { from: "dora".into(), text: "anna, the roses!".into() });
    let minutes = |play: &mut Play, time: &str| play.time = time.into();
    minutes(&mut play, "18:04");
    play.says("ben", "hi all, found the place: to everybody else it's a file server");
    let own = |play: &mut Play, number: u64, text: &str| {
        play.enter(text);
        play.notice(Notice::Said { number, text: text.into() });
        play.notice(Notice::Acknowledged { number });
    };
    own(&mut play, 1, "welcome! carol, will you compare words with us?");
    let missing = Vec::new();
    play.notice(Notice::Delivered { number: 1, opened: 2, of: 2, missing, asked: false });
    minutes(&mut play, "18:05");
    play.notice(Notice::VerifyBegun { by: "anna".into() });
    let words = ["orbit", "maple", "canyon", "velvet", "tiger"].map(str::to_owned).to_vec();
    play.notice(Notice::VerifyWords { words });
    minutes(&mut play, "18:06");
    play.says("carol", "orbit maple canyon velvet tiger: the same here, heard it on the phone");
    play.notice(Notice::Verified { members: vec!["ben".into(), "carol".into()] });
    play.who(&["ben", "carol"], &["carol"]);
    minutes(&mut play, "18:07");
    play.notice(Notice::Private { from: "ben".into(), text: "the cake is a surprise, not a word".into() });
    play.notice(Notice::Locked { by: "anna".into(), locked: true });
    play.says("carol", "/me looks for the flour");
    play.says("carol", "anna: is the cake gluten-free?");
    play.notice(Notice::Warning(
        "the server withheld 1 message of ben from you, or ben's client lost it: ask him what he said".into(),
    ));
    play.type_text("rye is all we h");
    play
}

/// A buffer as SVG: a rectangle for each background, a text for each run of one style.
fn svg(buffer: &Buffer) -> String {
    let (width, height) = (buffer.area.width, buffer.area.height);
    let (w, h) = (u32::from(width) * CELL_WIDTH + 2 * MARGIN, u32::from(height) * CELL_HEIGHT + 2 * MARGIN);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {w} {h}\" font-family=\"DejaVu Sans Mono, Menlo, \
         Consolas, monospace\" font-size=\"14\">\n<rect width=\"{w}\" height=\"{h}\" rx=\"8\" fill=\"#16181d\"/>\n"
    );
    for y in 0..height {
        let mut x = 0;
        while x < width {
            let cell = &buffer[(x, y)];
            let mut text = String::new();
            let start = x;
            while x < width && same(&buffer[(x, y)], cell) {
                let symbol = buffer[(x, y)].symbol();
                let columns = u16::try_from(super::super::wrap::width(symbol).max(1)).expect("few columns");
                // What is wide, and what follows it, stands where it does in a terminal.
                if columns > 1 && !text.is_empty() {
                    break;
                }
                text.push_str(symbol);
                x += columns;
                if columns > 1 {
                    break;
                }
            }
            draw_run(&mut svg, cell, &text, (start, x - start, y));
        }
    }
    svg + "</svg>\n"
}

fn same(one: &ratatui::buffer::Cell, other: &ratatui::buffer::Cell) -> bool {
    one.style() == other.style()
}

fn draw_run(svg: &mut String, cell: &ratatui::buffer::Cell, text: &str, (x, columns, y): (u16, u16, u16)) {
    let (left, top) = (u32::from(x) * CELL_WIDTH + MARGIN, u32::from(y) * CELL_HEIGHT + MARGIN);
    let width = u32::from(columns) * CELL_WIDTH;
    if let Some(background) = colour(cell.bg) {
        writeln!(svg, "<rect x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{CELL_HEIGHT}\" fill=\"{background}\"/>")
            .expect("memory");
    }
    if text.trim().is_empty() {
        return;
    }
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let fill = colour(cell.fg).unwrap_or("#d7dae0");
    let weight = if cell.modifier.contains(Modifier::BOLD) { " font-weight=\"bold\"" } else { "" };
    let faint = if cell.modifier.contains(Modifier::DIM) { " opacity=\"0.6\"" } else { "" };
    let baseline = top + 14;
    writeln!(
        svg,
        "<text x=\"{left}\" y=\"{baseline}\" textLength=\"{width}\" lengthAdjust=\"spacingAndGlyphs\" \
         xml:space=\"preserve\" fill=\"{fill}\"{weight}{faint}>{text}</text>"
    )
    .expect("memory");
}

fn colour(colour: Color) -> Option<&'static str> {
    Some(match colour {
        Color::Reset => return None,
        Color::Black => "#16181d",
        Color::Red => "#c8324b",
        Color::Green => "#7fc866",
        Color::Yellow => "#e0b04c",
        Color::Blue => "#2f6bd0",
        Color::Magenta => "#c678dd",
        Color::Cyan => "#4fb6c2",
        Color::Gray => "#b4bac4",
        Color::DarkGray => "#3a4050",
        Color::LightBlue => "#7aa7f7",
        Color::LightMagenta => "#e39af2",
        Color::LightCyan => "#8be3ee",
        Color::LightYellow => "#f4d58a",
        Color::White => "#ffffff",
        Color::LightRed | Color::LightGreen | Color::Rgb(..) | Color::Indexed(_) => {
            panic!("{colour} has no place in the picture")
        }
    })
}

const CELL_WIDTH: u32 = 9;
const CELL_HEIGHT: u32 = 19;
const MARGIN: u32 = 10;

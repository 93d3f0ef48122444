//! Any size, any amount.

use std::time::Instant;

use super::*;

#[test]
fn no_size_is_too_small_or_too_large() {
    let mut play = Play::new(80, 24);
    play.says("ben", "Grüße, 世界 👩‍👩‍👧‍👦 שלום, and a long line that has to be cut somewhere");
    play.notice(Notice::Warning("a warning that has to be read by whoever sits here".into()));
    play.type_text("typed\u{4e16}");
    play.press(KeyCode::PageUp);
    for charset in [Charset::Unicode, Charset::Ascii] {
        play.screen.theme.charset = charset;
        for width in (0..12).chain([20, 39, 40, 59, 60, 61, 99, 100, 300]) {
            for height in (0..12).chain([40, 100]) {
                play.screen.resize((width, height));
                let rows = play.rows();
                assert!(rows.iter().all(|row| super::super::wrap::width(row) <= usize::from(width) + 1));
                play.press(KeyCode::PageUp);
                play.press(KeyCode::F(1));
                play.rows();
                play.press(KeyCode::Esc);
                play.notice(Notice::Room { link: SecretText::new("x".repeat(200)) });
                play.rows();
                play.press(KeyCode::Esc);
            }
        }
    }
}

#[test]
fn much_talk_takes_little() {
    let mut play = Play::new(80, 24);
    for number in 0..20_000 {
        play.says("ben", &format!("{number} {}", "word ".repeat(30)));
    }
    let cost: usize = play.screen.tabs.iter().map(|(_, tab)| tab.cost()).sum();
    assert!(cost < 4 * 1024 * 1024, "{cost}");
    assert_eq!(play.screen.tabs[0].1.entries().count(), super::super::tab::LINES_MAX);
    for room in 0..4 {
        for _ in 0..50 {
            let text = "x".repeat(64 * 1024);
            play.notice_in(room, "large", Notice::Message { from: "ben".into(), text });
        }
    }
    let cost: usize = play.screen.tabs.iter().map(|(_, tab)| tab.cost()).sum();
    assert!(cost <= 12 * 1024 * 1024, "{cost}");
    let start = Instant::now();
    play.press_with(KeyCode::Home, KeyModifiers::CONTROL);
    play.rows();
    assert!(start.elapsed().as_secs() < 20, "scrolling ends");
}

#[test]
fn nothing_is_drawn_over_its_neighbour() {
    let mut play = Play::new(64, 12);
    for text in ["世".repeat(60), "e\u{301}".repeat(90), "👍🏽".repeat(40), "שלום ".repeat(30), "🇩🇪".repeat(30)]
    {
        play.says("ben", &text);
        for row in &play.buffer().content.chunks(64).skip(1).take(9).collect::<Vec<_>>() {
            assert!(row[46].symbol().starts_with('│'), "{text}: {:?}", row[46]);
        }
    }
}

#[test]
fn ascii_terminals_get_ascii() {
    let mut play = Play::new(80, 12);
    play.screen.theme.charset = Charset::AsciiSigns;
    play.says("ben", "Grüße");
    let text = play.text().replace("Grüße", "");
    assert!(text.is_ascii() && text.contains("| + ben") && text.contains("| = carol"), "{text}");
    play.screen.theme.charset = Charset::Ascii;
    play.says("ben", "世界!");
    assert!(play.text().is_ascii() && play.text().contains("<ben> Gr??e") && play.text().contains("> ? ? !"));
}

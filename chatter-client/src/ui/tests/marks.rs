//! How far one's own lines have come, as the screen shows it.

use super::*;

/// The rows of the talk in which anna says something.
fn own(play: &Play) -> Vec<String> {
    let row = |row: String| row.split('│').next().unwrap_or_default().trim_end().to_owned();
    play.rows().into_iter().map(row).filter(|row| row.contains("<anna>")).collect()
}

fn say(play: &mut Play, number: u64, text: &str) {
    play.enter(text);
    play.notice(Notice::Said { number, text: text.into() });
}

fn opened(number: u64, opened: usize, of: usize) -> Notice {
    Notice::Delivered { number, opened, of, missing: Vec::new(), asked: false }
}

#[test]
fn marks_follow_a_line_until_all_have_opened_it() {
    for (charset, expected) in [
        (
            Charset::Unicode,
            [
                "18:02 <anna> all of them ✓✓",
                "18:02 <anna> some of them ✓1/2",
                "18:02 <anna> the relay ✓",
                "18:02 <anna> under way ·",
                "18:02 <anna> waiting …",
            ],
        ),
        (
            Charset::Ascii,
            [
                "18:02 <anna> all of them ++",
                "18:02 <anna> some of them +1/2",
                "18:02 <anna> the relay +",
                "18:02 <anna> under way -",
                "18:02 <anna> waiting ...",
            ],
        ),
    ] {
        let mut play = Play::new(100, 20);
        play.screen.theme.charset = charset;
        for (number, text) in (1..).zip(["all of them", "some of them", "the relay", "under way"]) {
            say(&mut play, number, text);
        }
        for number in 1..=3 {
            play.notice(Notice::Acknowledged { number });
        }
        play.notice(opened(1, 2, 2));
        play.notice(opened(2, 1, 2));
        play.enter("waiting");
        let shown = if charset == Charset::Ascii {
            // There the members stand behind another line.
            play.rows()
                .into_iter()
                .filter(|row| row.contains("<anna>"))
                .map(|row| row.split('|').next().unwrap_or_default().trim_end().to_owned())
                .collect()
        } else {
            own(&play)
        };
        assert_eq!(shown, expected, "{}", play.text());
    }
}

#[test]
fn a_mark_moves_no_row() {
    let mut play = Play::new(60, 20);
    let text = "as long as a row takes, and then a few more words for the next one";
    play.enter(text);
    let rows = |play: &Play| play.rows().iter().position(|row| row.contains("next one"));
    let before = rows(&play);
    play.notice(Notice::Said { number: 1, text: text.into() });
    play.notice(Notice::Acknowledged { number: 1 });
    play.notice(opened(1, 98, 99));
    assert!(play.text().contains("next one ✓98/99"), "{}", play.text());
    assert_eq!(rows(&play), before);
}

#[test]
fn what_is_handed_back_says_what_to_do() {
    let mut play = Play::new(130, 20);
    play.enter("for ben");
    play.notice(Notice::Waiting { text: "for ben".into(), waiting: 1, full: false });
    play.notice(Notice::HandedBack {
        number: 1,
        text: "for ben".into(),
        reason: "nobody is here any more".into(),
    });
    assert_eq!(own(&play), ["18:02 <anna> (not heard) for ben"]);
    let told = "!! not sent, as nobody is here any more; /resend 1 sends it, /drop 1 does not";
    assert!(play.text().contains(told), "{}", play.text());
    say(&mut play, 1, "hello");
    play.notice(Notice::NotAcknowledged { number: 1, text: "hello".into(), resend: 2 });
    assert!(
        play.text().contains("<anna> (not heard) hello") && play.text().contains("/resend 2"),
        "{}",
        play.text()
    );
}

#[test]
fn seconds_are_counted_and_enter_does_not_wait_for_them() {
    let mut play = Play::new(100, 20);
    assert_eq!(play.enter(""), []);
    play.notice(Notice::Away { text: "the session was lost".into(), seconds: 2 });
    assert!(play.text().contains("trying again in 2 s (Enter: now)"), "{}", play.text());
    let mut later = play.now();
    later.elapsed += Duration::from_millis(1_500);
    play.screen.tick(later.clone());
    assert_eq!(play.screen.countdown(), Some(1));
    later.elapsed += Duration::from_secs(1);
    play.screen.tick(later);
    assert_eq!(play.screen.countdown(), None);
    assert_eq!(play.enter(""), [Deed::Line(1, "/reconnect".into())]);
}

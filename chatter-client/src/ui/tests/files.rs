//! Files on the screen: rows that are drawn anew in place, and what Tab knows of files.

use super::*;

fn offered(play: &mut Play, number: u32, from: &str, name: &str) {
    offered_of(play, number, (from, name), 1_200_000_000);
}

fn offered_of(play: &mut Play, number: u32, (from, name): (&str, &str), size: u64) {
    let (from, name) = (from.to_owned(), name.to_owned());
    play.notice(Notice::FileOffered { number, from, name, size, directory: false });
}

fn progress(play: &mut Play, number: u32, (nick, name): (&str, &str), sending: bool, percent: u64) {
    play.notice(Notice::FileProgress {
        number,
        name: name.into(),
        nick: nick.into(),
        sending,
        done: percent,
        size: 100,
        rate: 3_350_000,
        seconds_left: Some(12),
    });
}

/// Three files: one that comes, one that goes, one on offer.
fn three(width: u16, height: u16) -> Play {
    let mut play = Play::new(width, height);
    // So that percents are bytes.
    offered_of(&mut play, 3, ("ben", "photo.jpg"), 100);
    play.notice(Notice::FileOfferSent {
        number: 4,
        name: "list.txt".into(),
        size: 100,
        to: vec!["carol".into(), "ben".into()],
    });
    offered(&mut play, 5, "carol", "film.mkv");
    progress(&mut play, 3, ("ben", "photo.jpg"), false, 61);
    progress(&mut play, 4, ("carol", "list.txt"), true, 5);
    play
}

#[test]
fn each_has_a_row_in_place() {
    let mut play = three(80, 20);
    let before = play.rows();
    assert_eq!(
        before[15..18],
        [
            " ↓ 3 photo.jpg from ben                    │ ███████░░░░░░  61%  3.3 MB/s   0:12",
            " ↑ 4 list.txt to carol                     │ ░░░░░░░░░░░░░   5%  3.3 MB/s   0:12",
            " ? 5 film.mkv from carol                   │ /accept 5 or /cancel 5, 1.2 GB",
        ]
    );
    progress(&mut play, 3, ("ben", "photo.jpg"), false, 100);
    let after = play.rows();
    assert_eq!(after[15], " ↓ 3 photo.jpg from ben                    │ █████████████ 100%  3.3 MB/s   0:12");
    assert_eq!(after[..15], before[..15], "nothing is said a second time");
    play.notice(Notice::FileWaits { number: 4, name: "list.txt".into(), nick: "carol".into() });
    assert_eq!(
        play.rows()[16],
        " ↑ 4 list.txt to carol                     │ ░░░░░░░░░░░░░   5% waits carol"
    );
    let (name, nick) = ("photo.jpg".to_owned(), "ben".to_owned());
    play.notice(Notice::FileReceived { number: 3, name, nick, path: "/home/anna/photo.jpg".into() });
    let reason = "carol cancelled it".to_owned();
    play.notice(Notice::FileEnded { number: 4, name: "list.txt".into(), nick: "carol".into(), reason });
    let text = play.text();
    assert!(text.contains("photo.jpg from ben is in /home/anna/photo.jpg"), "{text}");
    assert!(text.contains("nothing more comes of file 4, list.txt with carol:"), "{text}");
    assert!(!text.contains("↓ 3") && !text.contains("↑ 4") && text.contains(" ? 5 film.mkv"), "{text}");
}

#[test]
fn rows_fit_a_small_screen_and_a_plain_one() {
    let mut play = three(40, 15);
    assert_eq!(
        play.rows()[10..13],
        [
            " ↓ 3 photo… │ ███░░░  61% 3.3 MB/s  0:12",
            " ↑ 4 carol  │ ░░░░░░   5% 3.3 MB/s  0:12",
            " ? 5 film.… │ /accept 5, 1.2 GB",
        ]
    );
    play.screen.theme.charset = Charset::AsciiSigns;
    assert_eq!(
        play.rows()[10..13],
        [
            " < 3 pho... | ###---  61% 3.3 MB/s  0:12",
            " > 4 carol  | ------   5% 3.3 MB/s  0:12",
            " ? 5 fil... | /accept 5, 1.2 GB",
        ]
    );
    // Where there is no room for all, talk goes first.
    play.screen.resize((40, 10));
    assert_eq!(play.rows()[6..8], [" < 3 pho... | ###---  61% 3.3 MB/s  0:12", " ... 2 more: /files"]);
    play.screen.resize((40, 7));
    assert!(!play.text().contains("3.3 MB/s"), "{}", play.text());
    for width in 0..30 {
        play.screen.resize((width, 15));
        play.rows();
    }
}

#[test]
fn an_offer_stands_out_and_rings_unless_its_giver_is_ignored() {
    let mut play = Play::new(80, 20);
    offered(&mut play, 3, "ben", "photo.jpg");
    assert_eq!(play.screen.take_deeds(), [Deed::Alert]);
    assert!(play.text().contains("ben offers the file photo.jpg (1.2 GB); /accept 3"), "{}", play.text());
    play.enter("/ignore carol");
    offered(&mut play, 4, "carol", "nuisance.jpg");
    assert_eq!(play.screen.take_deeds(), []);
    assert!(!play.text().contains("nuisance"), "{}", play.text());
}

#[test]
fn names_keep_to_their_cells() {
    for name in ["\u{1b}[2Jx", "a\nb", "gpj\u{202e}exe", "أبجد", "世界世界世界世界世界世界世界世界世界世界"]
    {
        let mut play = Play::new(80, 20);
        offered(&mut play, 3, "ben", name);
        let rows = play.rows();
        assert!(rows[17].starts_with(" ? 3 "), "{name:?}\n{}", play.text());
        let (_, figures) = rows[17].split_once('│').expect("two parts");
        assert_eq!(
            figures.trim_start_matches(crate::ui::draw::LEFT_TO_RIGHT),
            " /accept 3 or /cancel 3, 1.2 GB"
        );
        assert!(rows[18].starts_with(" connected"), "{}", play.text());
    }
}

#[test]
fn tab_fills_in_files_and_numbers() {
    let mut play = three(80, 20);
    play.screen.folder = |_| vec![("cake one.jpg".to_owned(), false), ("pie".to_owned(), true)];
    play.type_text("/send c");
    play.press(KeyCode::Tab);
    play.type_text("b");
    play.press(KeyCode::Tab);
    assert_eq!(play.enter(""), [Deed::Line(1, "/send \"cake one.jpg\" ben ".into())]);
    play.type_text("/send p");
    play.press(KeyCode::Tab);
    // What is in it comes next.
    play.press(KeyCode::Tab);
    assert_eq!(play.enter(""), [Deed::Line(1, "/send \"pie/cake one.jpg\" ".into())]);
    play.type_text("/accept ");
    play.press(KeyCode::Tab);
    assert_eq!(play.enter(""), [Deed::Line(1, "/accept 5 ".into())]);
    play.type_text("/cancel ");
    play.press(KeyCode::Tab);
    play.press(KeyCode::Tab);
    assert_eq!(play.enter(""), [Deed::Line(1, "/cancel 4 ".into())]);
}

#[test]
fn the_end_of_input_asks_as_quit_does() {
    let mut play = three(80, 20);
    play.screen.take_deeds();
    play.press_with(KeyCode::Char('d'), KeyModifiers::CONTROL);
    assert_eq!(play.screen.take_deeds(), [Deed::Line(1, "/quit".into())]);
    play.notice(Notice::QuitAsks { sending: 1, receiving: 1 });
    assert!(play.text().contains("/quit again leaves"), "{}", play.text());
    let mut idle = Play::new(80, 20);
    idle.press_with(KeyCode::Char('d'), KeyModifiers::CONTROL);
    assert_eq!(idle.screen.take_deeds(), [Deed::End]);
}

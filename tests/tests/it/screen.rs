//! The full screen in a real pseudo-terminal: what it shows, and that the terminal comes back as it was.

use std::process::Command;

use chatter_tests::client::{self, Client};
use chatter_tests::daemon::Home;
use chatter_tests::process::until;
use chatter_tests::terminal::Terminal;
use nix::sys::signal::Signal;

fn join(link: &str, nick: &str, further: &[&str]) -> Command {
    let mut command = client::command();
    command.args(["join", link, "--nick", nick]).args(further);
    command
}

#[test]
#[cfg_attr(not(setsid), ignore = "no setsid")]
fn two_talk_and_one_of_them_sees_it() {
    let home = Home::new();
    let daemon = home.ephemeral("grace = 2");
    let (mut ben, link) = Client::new_room(&daemon.access_link(), "kitchen", "ben");
    let mut anna = Terminal::start(&join(&link, "anna", &[]), 80, 24);
    anna.shows("ben joined");
    anna.shows("connected · 2 here");
    ben.met("anna");
    anna.type_line("hello ben");
    ben.heard("anna", "hello ben");
    ben.tell("Grüße, 世界 🎉", &[]);
    anna.shows("<ben> Grüße, 世界 🎉");
    anna.shows(" ms · 2 here");
    anna.wait("the relay has the line", |screen| {
        screen.lines().any(|row| row.contains("<anna> hello ben ") && !row.contains('…'))
    });
    // A paste is one message, and only Enter sends it.
    anna.type_text("\x1b[200~first\nsecond\x1b[201~");
    anna.shows("second");
    anna.type_text("\r");
    ben.heard("anna", "first\nsecond");
    let before = anna.reached().len();
    for attack in [
        "\x1b]0;title\x07",
        "\x1b]52;c;cm0=\x07",
        "\x1b[2J\x1b[H\x1b[?1049l",
        "\u{9d}0;x\u{9c}",
        "\u{202e}gpj",
    ] {
        ben.say(attack);
    }
    ben.say("anna: all of it is harmless");
    anna.shows("<ben> anna: all of it is harmless");
    anna.shows("\\u{1b}]52;c;cm0=\\u{7}");
    until("anna's bell rings once", || (anna.reached().len() > before).then_some(()));
    assert_eq!(anna.reached()[before..], ["bell"]);
    anna.resize(40, 10);
    anna.wait("a small screen", |screen| {
        let rows: Vec<_> = screen.lines().map(str::trim_end).collect();
        rows.first() == Some(&" kitchen                       F1: help") && rows.get(9) == Some(&">")
    });
    anna.resize(100, 30);
    anna.shows("anna> ");
    anna.type_text("\x1bOP");
    anna.shows("Esc closes");
    anna.type_text("\x1bOP");
    anna.wait("help is closed", |screen| !screen.contains("Esc closes"));
    anna.type_line("/quit");
    assert_eq!(anna.ended().code(), Some(0));
    assert_eq!(anna.astray(), [""; 0]);
    assert!(
        !anna.screen().contains("hello ben"),
        "nothing of the talk is left on the terminal:\n{}",
        anna.screen()
    );
    ben.saw_leave("anna", 1);
}

#[test]
#[cfg_attr(not(setsid), ignore = "no setsid")]
fn a_file_goes_from_screen_to_screen() {
    let home = Home::new();
    let daemon = home.ephemeral("grace = 2");
    let (_carol, link) = Client::new_room(&daemon.access_link(), "kitchen", "carol");
    let (path, into) = (home.path("my cake.jpg"), home.path("into"));
    std::fs::create_dir(&into).expect("made");
    // Longer than what could arrive in the meantime.
    std::fs::File::create(&path).and_then(|file| file.set_len(100_000_000)).expect("made");
    let mut anna = Terminal::start(&join(&link, "anna", &[]), 120, 24);
    let downloads = into.to_str().expect("text");
    let mut ben = Terminal::start(&join(&link, "ben", &["--downloads", downloads, "--ascii"]), 80, 24);
    anna.shows("ben joined");
    ben.shows("anna joined");
    let begun = path.to_str().expect("text").trim_end_matches("cake.jpg").trim_end();
    anna.type_text(&format!("/send {begun}\t"));
    anna.shows("my cake.jpg\"");
    anna.type_text("be\t");
    anna.shows("my cake.jpg\" ben");
    anna.type_text("\r");
    ben.shows("? 1 my cake.jpg from anna");
    ben.shows("/accept 1 or /cancel 1, 100.0 MB");
    ben.type_text("/accept \t\r");
    let row = |screen: &str, start: &str| {
        screen.lines().find(|line| line.starts_with(start)).map(str::to_owned).unwrap_or_default()
    };
    let moves = |screen: &str, start: &str| {
        let row = row(screen, start);
        row.contains("B/s") && row.contains('%') && !row.contains("  0%")
    };
    ben.wait("a bar", |screen| moves(screen, " < 1 my cake.jpg from anna"));
    anna.wait("a bar", |screen| moves(screen, " ↑ 1 my cake.jpg to ben"));
    assert!(row(&ben.screen(), " < 1").contains("--"), "{}", ben.screen());
    anna.type_text("\x04");
    anna.shows("one file is still being sent; /quit again leaves");
    anna.type_line("/files");
    anna.shows("-- files: 1 my cake.jpg (100.0 MB) to ben: ");
    ben.type_line("/cancel 1");
    anna.shows("ben cancelled it");
    anna.wait("no bar any more", |screen| row(screen, " ↑ 1").is_empty());
    ben.wait("no bar any more", |screen| row(screen, " < 1").is_empty());
    until("the half is removed", || (std::fs::read_dir(&into).ok()?.count() == 0).then_some(()));
    for terminal in [&mut anna, &mut ben] {
        terminal.type_line("/quit");
        assert_eq!(terminal.ended().code(), Some(0));
        assert_eq!(terminal.astray(), [""; 0]);
    }
}

#[test]
#[cfg_attr(not(setsid), ignore = "no setsid")]
fn every_way_out_leaves_the_terminal_as_it_was() {
    let home = Home::new();
    let daemon = home.ephemeral("grace = 2");
    let (_ben, link) = Client::new_room(&daemon.access_link(), "", "ben");
    type Out = fn(&mut Terminal);
    let ways: [(&str, Out, i32); 7] = [
        ("/quit", |terminal| terminal.type_line("/quit"), 0),
        ("Ctrl-C", |terminal| terminal.type_text("\x03"), 0),
        ("Ctrl-D", |terminal| terminal.type_text("\x04"), 0),
        ("SIGINT", |terminal| terminal.signal(Signal::SIGINT), 0),
        ("SIGTERM", |terminal| terminal.signal(Signal::SIGTERM), 0),
        ("SIGHUP", |terminal| terminal.signal(Signal::SIGHUP), 0),
        ("a lost session", |_| {}, 8),
    ];
    let mut terminals: Vec<_> = ways
        .iter()
        .map(|(what, ..)| {
            let nick = what.trim_matches('/').replace(' ', "-");
            Terminal::start(&join(&link, &nick, &["--no-rejoin"]), 80, 24)
        })
        .collect();
    for (terminal, (what, out, code)) in terminals.iter_mut().zip(ways).take(6) {
        terminal.shows("connected ·");
        assert!(!terminal.astray().is_empty(), "it takes the terminal");
        out(terminal);
        assert_eq!(terminal.ended().code(), Some(code), "{what}:\n{}", terminal.screen());
        assert_eq!(terminal.astray(), [""; 0], "{what}");
    }
    let last = terminals.last_mut().expect("seven");
    last.shows("connected ·");
    drop(daemon);
    let status = last.ended();
    assert!(status.code().is_some_and(|code| code != 0), "{status}");
    assert_eq!(last.astray(), [""; 0]);
    assert!(last.screen().contains("error: "), "it says why, where it can still be read:\n{}", last.screen());
}

#[test]
#[cfg_attr(not(all(setsid, bash)), ignore = "no setsid or no bash")]
fn the_shell_has_the_terminal_while_the_talk_is_stopped() {
    let home = Home::new();
    let daemon = home.ephemeral("grace = 60");
    let (mut ben, link) = Client::new_room(&daemon.access_link(), "", "ben");
    let mut shell = Command::new("bash");
    shell.args(["--norc", "--noprofile", "-i"]).env("PS1", "shell> ").env("HISTFILE", "/dev/null");
    let mut terminal = Terminal::start(&shell, 80, 24);
    terminal.shows("shell> ");
    let client = join(&link, "anna", &[]);
    let arguments: Vec<_> =
        client.get_args().map(|argument| format!("'{}'", argument.to_string_lossy())).collect();
    terminal.type_line(&format!("{} {}", client.get_program().to_string_lossy(), arguments.join(" ")));
    // What is said before they have met would miss her.
    terminal.shows("ben joined");
    ben.met("anna");
    terminal.type_text("\x1a");
    terminal.shows("Stopped");
    terminal.shows("shell> ");
    // The shell has a mode of its own while it reads a line, and leaves it for what it runs.
    terminal.type_line("stty -a | tr ' ' '\\n' | grep -cx -e icanon -e echo -e isig; echo checked");
    terminal.shows("\n3\r\nchecked".replace('\r', "").as_str());
    ben.say("while you were away");
    terminal.type_line("fg");
    terminal.shows("<ben> while you were away");
    terminal.type_line("back again");
    ben.heard("anna", "back again");
    terminal.type_line("/quit");
    terminal.shows("shell> ");
    terminal.type_line("exit");
    terminal.ended();
    assert_eq!(terminal.astray(), [""; 0]);
}

#[test]
#[cfg_attr(not(setsid), ignore = "no setsid")]
fn a_panic_gives_the_terminal_back_and_is_readable() {
    if std::env::var_os(PANICS).is_some() {
        panic_on_a_taken_terminal();
    }
    let mut command = Command::new(std::env::current_exe().expect("a test has a path"));
    let name = "screen::a_panic_gives_the_terminal_back_and_is_readable";
    command.args(["--exact", name, "--nocapture"]).env(PANICS, "1");
    // It would take the whole screen.
    command.env("RUST_BACKTRACE", "0");
    let mut terminal = Terminal::start(&command, 80, 24);
    assert!(!terminal.ended().success());
    assert!(String::from_utf8_lossy(&terminal.bytes()).contains("\x1b[?1049h"), "it was taken");
    assert_eq!(terminal.astray(), [""; 0]);
    assert!(terminal.screen().contains("on purpose"), "{}", terminal.screen());
}

/// Makes this test's own program, started once more, the one that panics.
const PANICS: &str = "CHATTER_TEST_PANICS";

fn panic_on_a_taken_terminal() {
    let _terminal = chatter_client::ui::terminal::Terminal::enter().expect("a terminal");
    // In another thread: nobody unwinds through the terminal's owner.
    let panicked = std::thread::spawn(|| panic!("on purpose")).join();
    assert!(panicked.is_ok(), "it panicked");
}

#[test]
#[cfg_attr(not(setsid), ignore = "no setsid")]
fn lines_stay_lines_where_they_are_asked_for() {
    let home = Home::new();
    let daemon = home.ephemeral("grace = 2");
    let (_ben, link) = Client::new_room(&daemon.access_link(), "", "ben");
    let mut dumb = join(&link, "dora", &[]);
    // The terminal's own variable is set by its model; a dumb one is made by env.
    dumb = {
        let mut command = Command::new("env");
        command.arg("TERM=dumb").arg(dumb.get_program()).args(dumb.get_args());
        command
    };
    for command in [join(&link, "carl", &["--plain"]), dumb] {
        let mut terminal = Terminal::start(&command, 80, 24);
        terminal.shows("you are in the room; one other is here");
        terminal.type_line("/quit");
        assert_eq!(terminal.ended().code(), Some(0));
        assert!(!terminal.bytes().contains(&0x1b), "{}", terminal.screen());
    }
}

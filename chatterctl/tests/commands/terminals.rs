//! The program on a terminal: what fits, what is coloured, what is asked.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::Stdio;

use nix::pty::{OpenptyResult, Winsize, openpty};

use super::{Daemon, chatterctl};

/// Runs it on a terminal of so many columns, types `typed`, and gives back what the screen got and the exit code.
fn on_terminal(
    daemon: &Daemon,
    columns: u16,
    arguments: &[&str],
    variables: &[(&str, &str)],
    typed: &str,
) -> (String, i32) {
    let size = Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    let OpenptyResult { master, slave } = openpty(&size, None).unwrap();
    let end = || Stdio::from(slave.try_clone().unwrap());
    let mut command = chatterctl(arguments);
    command.env("CHATTERD_ADMIN_SOCKET", daemon.socket()).envs(variables.iter().copied());
    let mut child = command.stdin(end()).stdout(end()).stderr(end()).spawn().unwrap();
    // The command holds the terminal's other end, too.
    drop((command, slave));
    let mut terminal = File::from(master);
    terminal.write_all(typed.as_bytes()).unwrap();
    let mut screen = Vec::new();
    // Linux says EIO where nobody holds the other end any more.
    let _ = terminal.read_to_end(&mut screen);
    let code = child.wait().unwrap().code().unwrap();
    (String::from_utf8(screen).unwrap().replace("\r\n", "\n"), code)
}

#[test]
fn tables_never_wrap_and_lose_their_right_end() {
    let daemon = Daemon::start();
    for columns in [20, 40, 80] {
        for command in ["ips", "sessions", "bans", "invites", "rooms"] {
            let (screen, code) = on_terminal(&daemon, columns, &[command], &[("NO_COLOR", "1")], "");
            assert_eq!(code, 0);
            let longest = screen.lines().map(|line| line.chars().count()).max().unwrap();
            assert!(longest <= usize::from(columns), "{command}: {screen}");
            assert!(!screen.contains('\u{1b}'), "{command}: {screen}");
        }
    }
    let (screen, _) = on_terminal(&daemon, 40, &["rooms"], &[("NO_COLOR", "1")], "");
    assert!(screen.lines().any(|line| line.starts_with("      2  0a0a") && line.ends_with('…')), "{screen}");
}

#[test]
fn colour_is_for_terminals_that_want_it() {
    let daemon = Daemon::start();
    let bold = |variables: &[(&str, &str)]| {
        on_terminal(&daemon, 80, &["bans"], variables, "").0.contains("\u{1b}[1mADDRESS")
    };
    assert!(bold(&[("TERM", "xterm")]));
    assert!(!bold(&[("TERM", "xterm"), ("NO_COLOR", "1")]) && !bold(&[("TERM", "dumb")]));
}

#[test]
fn what_ends_sessions_is_asked_before() {
    let daemon = Daemon::start();
    let run = |arguments: &[&str], typed: &str| on_terminal(&daemon, 120, arguments, &[], typed);
    for arguments in
        [&["rotate"][..], &["rotate", "--now"], &["purge", "--everything"], &["purge", "--room", "0a"]]
    {
        for typed in ["n\n", "\n", "yessir\n", "\u{4}"] {
            let (screen, code) = run(arguments, typed);
            assert_eq!(code, 1, "{arguments:?} {typed:?}: {screen}");
            assert!(screen.contains(" [y/N]") && screen.contains("nothing was done"), "{screen}");
            assert!(!screen.contains("chatter://"), "{screen}");
        }
        assert_eq!(run(arguments, "y\n").1, 0);
        let (screen, code) = run(&[arguments, &["--yes"]].concat(), "");
        assert!(code == 0 && !screen.contains("[y/N]"), "{screen}");
    }
    let (screen, code) = run(&["purge"], "");
    assert!(code == 0 && !screen.contains("[y/N]"), "counters alone end nobody's session: {screen}");
    let (screen, code) = run(&["shutdown"], "n\n");
    assert!(code == 1 && screen.contains("[y/N]"), "{screen}");
    let (screen, code) = run(&["rotate", "--json"], "n\n");
    assert!(code == 1 && screen.contains("\"kind\":\"declined\""), "{screen}");
}

#[test]
fn a_code_that_does_not_fit_is_not_drawn() {
    let daemon = Daemon::start();
    let (screen, code) = on_terminal(&daemon, 20, &["invite", "--qr"], &[], "");
    assert!(code == 1 && screen.contains("make it wider") && !screen.contains('█'), "{screen}");
    let (screen, code) = on_terminal(&daemon, 100, &["status", "--watch"], &[("TERM", "xterm")], "");
    assert!(code == 3 && screen.contains("\u{1b}[2J\u{1b}[H"), "{screen}");
}

//! The request heads of our client, and those of the browser that it copies.

use std::fs;

use chatter_tests::client::Client;
use chatter_tests::daemon::Home;
use chatter_tests::process::until;
use chatter_tests::recorder::{Exchange, Recorder};

use crate::chromium::Chromium;

/// A download and reloads, with and without a date, as both send them, are equal but for path, host, cookie, date and
/// the browser's version.
#[ignore = "needs chromium; `.ci/run peers` runs it"]
#[test]
fn chromium_sends_the_same_heads() {
    let home = Home::new();
    let root = home.path("shared");
    fs::create_dir_all(root.join("papers")).expect("room");
    fs::write(root.join("backup.enc"), [&b"Salted__"[..], &[7; 500_000]].concat()).expect("room");
    fs::write(root.join("notes.txt"), b"eggs, milk\n").expect("room");
    let settings = format!("[decoy]\nroot = '{}'\ncarrier = 'backup.enc'\n", root.display());
    let daemon = home.ephemeral(&settings);

    let seen_browser = Recorder::new(daemon.address, 5);
    let folder = home.path("browser");
    fs::create_dir_all(&folder).expect("room");
    // To this machine's own names a browser sends more: it trusts them.
    let server =
        seen_browser.link("chatter://127.0.0.1:1/").replace("chatter://127.0.0.1", "http://files.example");
    let mut chromium = Chromium::start(&folder);
    chromium.set_cookie(&server, "session", "0123456789");
    chromium.visit(&format!("{server}notes.txt"));
    chromium.reload();
    chromium.visit(&format!("{server}papers/"));
    chromium.reload();
    chromium.download(&format!("{server}backup.enc"));
    let browser_of = |path: &str, times| {
        until(&format!("Chromium asks for {path}"), || {
            let asked: Vec<Exchange> =
                seen_browser.exchanges().into_iter().filter(|one| one.is_get_of(path)).collect();
            let whole = asked.len() == times && asked.iter().all(|one| one.request.ends_with(b"\r\n\r\n"));
            whole.then(|| asked.iter().map(Head::of).collect::<Vec<_>>())
        })
    };
    let notes = browser_of("/notes.txt", 2);
    let listing = browser_of("/papers/", 2);
    let download = browser_of("/backup.enc", 1);
    // What it sends shows that it did what it was told: a visit, a reload that asks whether anything is newer, one that
    // has nothing to ask by.
    assert_eq!(notes[0].text, download[0].text, "a text and a download are asked for in different words");
    assert!(notes[1].text.contains("If-Modified-Since: DATE\r\n"), "{}", notes[1].text);
    assert!(!listing[1].text.contains("If-Modified-Since"), "{}", listing[1].text);

    let seen_client = Recorder::new(daemon.address, 6);
    let (client, _) = Client::new_room(&seen_client.link(&daemon.access_link()), "room", "anna");
    let (opening, up) = until("the client sends something up", || {
        let exchanges = seen_client.exchanges();
        let opening = exchanges.iter().find(|one| one.is_get_of("/backup.enc"))?;
        let up = exchanges.iter().find(|one| !one.is_get_of("/backup.enc") && !one.request.is_empty())?;
        Some((Head::of(opening), Head::of(up)))
    });
    // A version more or less is no difference, people update when they like; but what it accepts goes with its version.
    println!("Chromium here is {}, the client says {}", download[0].version, opening.version);
    let same = download[0].version == opening.version;
    let [opening, up, download, notes, listing] =
        [&opening, &up, &download[0], &notes[1], &listing[1]].map(|head| head.comparable(same));
    assert_eq!(opening, download, "openings are no downloads as Chromium sends them");
    let reload = if up.contains("If-Modified-Since") { notes } else { listing };
    assert_eq!(up, reload, "up requests are no reloads as Chromium sends them");
    assert_eq!(client.quit().code, Some(0));
}

/// A head without what may differ.
#[derive(Debug)]
struct Head {
    text: String,
    version: String,
}

impl Head {
    /// Without the media types where versions differ.
    fn comparable(&self, same_version: bool) -> String {
        let accept = |line: &str| line.starts_with("Accept: text/html,") && !same_version;
        let lines = self.text.split("\r\n");
        lines.map(|line| if accept(line) { "Accept: PAGES" } else { line }).collect::<Vec<_>>().join("\r\n")
    }

    fn of(exchange: &Exchange) -> Self {
        let text = String::from_utf8(exchange.request.clone()).expect("it is text");
        let mut version = String::new();
        let lines = text.split("\r\n").enumerate().map(|(number, line)| match line.split_once(": ") {
            None if number == 0 => "GET PATH HTTP/1.1".to_owned(),
            Some(("Host", _)) => "Host: HOST".to_owned(),
            Some(("Cookie", _)) => "Cookie: COOKIE".to_owned(),
            Some(("If-Modified-Since", _)) => "If-Modified-Since: DATE".to_owned(),
            // Without a window it says so; with one it does not.
            Some(("User-Agent", agent)) => {
                let agent = agent.replace("HeadlessChrome/", "Chrome/");
                let (before, rest) = agent.split_once("Chrome/").expect("it is Chrome");
                let (number, after) = rest.split_once(' ').expect("Safari follows");
                version = number.to_owned();
                format!("User-Agent: {before}Chrome/VERSION {after}")
            }
            _ => line.to_owned(),
        });
        let lines: Vec<String> = lines.collect();
        Self { text: lines.join("\r\n"), version }
    }
}

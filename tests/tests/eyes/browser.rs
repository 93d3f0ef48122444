//! Chromium, headless.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Output;

use crate::chromium::QUIET;
use crate::pair::{Pair, command};

#[ignore = "needs chromium; `.ci/run peers` runs it"]
#[test]
fn chromium_shows_the_same() {
    let pair = Pair::start("");
    for (number, path) in ["/", "/photos/", "/site/", "/notes.txt", "/gone"].iter().enumerate() {
        let [real, ours] = ["real", "ours"].map(|who| pair.folder(&format!("{who}-{number}")));
        let doms = [(pair.addresses()[0], &real), (pair.addresses()[1], &ours)]
            .map(|(address, folder)| text(&chromium(folder, &["--dump-dom".to_owned()], address, path)));
        assert_eq!(doms[0], doms[1], "Chromium reads {path} differently");
        assert!(doms[0].contains("<body"), "{}", doms[0]);
        let pictures = [(pair.addresses()[0], &real), (pair.addresses()[1], &ours)]
            .map(|(address, folder)| picture(folder, address, path));
        // The same pixels make the same file: it is one encoder's, and holds no time.
        assert!(pictures[0].starts_with(b"\x89PNG\r\n\x1a\n"), "no picture of {path}");
        assert!(pictures[0] == pictures[1], "Chromium draws {path} differently");
        if let Some(keep) = std::env::var_os("CHATTER_PICTURES") {
            std::fs::write(Path::new(&keep).join(format!("{number}.png")), &pictures[1]).expect("room");
        }
    }
}

fn picture(folder: &Path, address: SocketAddr, path: &str) -> Vec<u8> {
    let file = folder.join("picture.png");
    let arguments = [format!("--screenshot={}", file.display()), "--window-size=900,700".to_owned()];
    let output = chromium(folder, &arguments, address, path);
    std::fs::read(&file).unwrap_or_else(|error| panic!("{error}: {}", text(&output)))
}

/// A fresh Chromium that asks nobody else anything.
fn chromium(folder: &Path, arguments: &[String], address: SocketAddr, path: &str) -> Output {
    let profile = folder.join("profile");
    let _ = std::fs::remove_dir_all(&profile);
    let mut command = command("chromium");
    command.env("HOME", folder).args(QUIET);
    command.arg(format!("--user-data-dir={}", profile.display()));
    let output = command.args(arguments).arg(format!("http://{address}{path}")).output().expect("it runs");
    assert!(output.status.success(), "{}", text(&output));
    output
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

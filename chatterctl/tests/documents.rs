//! What packages carry beside the program: manual pages and completions, as the program writes them.
#![expect(clippy::unwrap_used, reason = "in a test it is the failure")]

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

fn chatterctl(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_chatterctl")).args(arguments).output().unwrap()
}

/// Whether this shell, where it is installed, can read the script.
fn reads(shell: &str, script: &[u8]) -> bool {
    let child = Command::new(shell).arg("-n").stdin(Stdio::piped()).stderr(Stdio::null()).spawn();
    let Ok(mut child) = child else { return true };
    child.stdin.take().unwrap().write_all(script).unwrap();
    child.wait().unwrap().success()
}

#[test]
fn each_shell_gets_a_script_that_it_can_read() {
    for shell in ["bash", "zsh", "fish"] {
        let output = chatterctl(&["completions", shell]);
        assert!(output.status.success());
        let script = String::from_utf8(output.stdout.clone()).unwrap();
        for word in ["doctor", "keep-old", "nftables"] {
            assert!(script.contains(word), "{shell} does not know {word}");
        }
        assert!(reads(shell, &output.stdout), "{shell} can't read it");
    }
    assert_eq!(chatterctl(&["completions", "tcsh"]).status.code(), Some(2));
}

#[test]
fn each_command_has_its_manual_page() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("man");
    assert!(chatterctl(&["man", place.to_str().unwrap()]).status.success());
    for page in ["chatterctl", "chatterctl-doctor", "chatterctl-bans-add", "chatterctl-rotate"] {
        let text = std::fs::read_to_string(place.join(format!("{page}.1"))).unwrap();
        assert!(text.contains(&format!(".TH {page} 1")) && text.contains(".SH SYNOPSIS"), "{page}: {text}");
    }
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    assert_eq!(chatterctl(&["man", file.to_str().unwrap()]).status.code(), Some(1));
}

//! Tells the tests whether their real peers are on this machine, so that a missing one counts as ignored.
//!
//! **In** the `PATH`. **Out** `cfg(python3)`, `cfg(strace)`. **Never** anything that the program itself is built from.

use std::process::{Command, Stdio};

fn main() {
    let found = Command::new("python3").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    let mut directives = String::from("cargo::rustc-check-cfg=cfg(python3)\n");
    directives += "cargo::rerun-if-env-changed=PATH\ncargo::rerun-if-changed=build.rs\n";
    if found.is_ok_and(|status| status.success()) {
        directives += "cargo::rustc-cfg=python3\n";
    }
    directives += "cargo::rustc-check-cfg=cfg(strace)\n";
    let mut strace = Command::new("strace");
    let traces = strace.args(["-f", "-o", "/dev/null", "true"]).stdout(Stdio::null()).stderr(Stdio::null());
    if traces.status().is_ok_and(|status| status.success()) {
        directives += "cargo::rustc-cfg=strace\n";
    }
    // Where cargo does not listen, the tests are ignored.
    let _ = std::io::Write::write_all(&mut std::io::stdout(), directives.as_bytes());
}

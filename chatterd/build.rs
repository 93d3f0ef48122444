//! Looks for the real servers that the decoy's tests compare it with.
//!
//! **In**: the machine's python3 commands, and the table of verified versions. **Out**: `CHATTER_PYTHONS` (path and version of
//! each, one a line), `CHATTER_PYTHONS_UNVERIFIED` (those from 3.11 on that no persona poses as) and the cfg `real_python` if there is one; without it those tests count as ignored.
//! **Never**: anything that the daemon itself is built from.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

fn main() {
    println!("cargo::rustc-check-cfg=cfg(real_python)");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={PERSONAS}");
    println!("cargo::rerun-if-env-changed=PATH");
    let personas = std::fs::read_to_string(PERSONAS).unwrap_or_default();
    let (verified, others): (BTreeMap<_, _>, BTreeMap<_, _>) =
        pythons().into_iter().partition(|(version, _)| personas.contains(&format!("version: \"{version}\"")));
    let found: Vec<String> =
        verified.into_iter().map(|(version, path)| format!("{version}={path}")).collect();
    let unverified: Vec<String> = others.into_keys().filter(|version| is_recent(version)).collect();
    if !found.is_empty() {
        println!("cargo::rustc-cfg=real_python");
    }
    println!("cargo::rustc-env=CHATTER_PYTHONS={}", found.join(";"));
    println!("cargo::rustc-env=CHATTER_PYTHONS_UNVERIFIED={}", unverified.join(";"));
}

/// Whether it is a 3.11 or later, whose pages are those that the decoy knows.
fn is_recent(version: &str) -> bool {
    let minor = version.strip_prefix("3.").and_then(|rest| rest.split('.').next());
    minor.and_then(|minor| minor.parse::<u32>().ok()).is_some_and(|minor| minor >= 11)
}

/// The pythons that run, by version; the system's own counts first.
fn pythons() -> BTreeMap<String, String> {
    let home = std::env::var("HOME").unwrap_or_default();
    let kept = std::fs::read_dir(PathBuf::from(home).join(".pyenv/versions")).into_iter().flatten().flatten();
    let mut folders = vec![PathBuf::from("/usr/bin")];
    folders.extend(kept.map(|entry| entry.path().join("bin")));
    folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    let mut found = BTreeMap::new();
    for folder in folders {
        for name in ["python3", "python3.11", "python3.12", "python3.13", "python3.14"] {
            let Ok(said) = Command::new(folder.join(name)).args(["-c", WHO]).output() else { continue };
            let said = String::from_utf8_lossy(&said.stdout).into_owned();
            if let Some((version, path)) = said.trim().split_once(' ') {
                found.entry(version.to_owned()).or_insert_with(|| path.to_owned());
            }
        }
    }
    found
}

const PERSONAS: &str = "src/decoy/persona.rs";
const WHO: &str = "import sys; print(sys.version.split()[0], sys.executable)";

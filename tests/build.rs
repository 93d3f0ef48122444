//! Looks for what some tests need beyond the programs themselves, so that a test without it counts as ignored and
//! says what is missing.
//!
//! **In** this machine: its Pythons, its programs, its kernel's permissions. **Out** cfgs `python3`, `bash`, `curl`, `setsid`, `wget`,
//! `ptrace`, `mount`, `netns` and `files`, the path and version of the Python found. **Never** a failure for the lack of them: a machine
//! without them builds all the same.

use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={PERSONAS}");
    for variable in ["PATH", "USER"] {
        println!("cargo::rerun-if-env-changed={variable}");
    }
    println!("cargo::rustc-check-cfg=cfg(python3)");
    for program in PROGRAMS {
        println!("cargo::rustc-check-cfg=cfg({program})");
        if folders().any(|folder| folder.join(program).is_file()) {
            println!("cargo::rustc-cfg={program}");
        }
    }
    println!("cargo::rustc-check-cfg=cfg(ptrace)");
    println!("cargo::rustc-check-cfg=cfg(files)");
    println!("cargo::rustc-check-cfg=cfg(mount)");
    println!("cargo::rustc-check-cfg=cfg(netns)");
    if let Some((path, version)) = python() {
        println!("cargo::rustc-cfg=python3");
        println!("cargo::rustc-env=CHATTER_PYTHON={}", path.display());
        println!("cargo::rustc-env=CHATTER_PYTHON_VERSION={version}");
    }
    if may_make_networks() {
        println!("cargo::rustc-cfg=netns");
    }
    if may_read_memory() {
        println!("cargo::rustc-cfg=ptrace");
    }
    if may_mount() {
        println!("cargo::rustc-cfg=mount");
    }
    if may_open_files() {
        println!("cargo::rustc-cfg=files");
    }
}

/// Whether a process may have a descriptor for each of ten thousand connections.
fn may_open_files() -> bool {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let hard = line.and_then(|line| line.split_whitespace().nth(1));
    hard.is_some_and(|hard| hard == "unlimited" || hard.parse().is_ok_and(|hard: u64| hard >= FILES))
}

/// A Python of a version that the daemon poses as.
fn python() -> Option<(PathBuf, String)> {
    let verified = verified();
    let pythons = folders().map(|folder| folder.join("python3"));
    let known =
        |python: PathBuf| Some((version(&python).filter(|version| verified.contains(version))?, python));
    pythons.filter_map(known).next().map(|(version, path)| (path, version))
}

/// Where programs are looked for, the system's own first.
fn folders() -> impl Iterator<Item = PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path: Vec<PathBuf> = std::env::split_paths(&path).collect();
    std::iter::once(PathBuf::from("/usr/bin")).chain(path)
}

/// The versions, from the one table of them.
fn verified() -> Vec<String> {
    let table = std::fs::read_to_string(PERSONAS).expect("the table of personas is in the workspace");
    let version =
        |line: &str| line.trim().strip_prefix("version: \"")?.strip_suffix("\",").map(str::to_owned);
    let verified: Vec<String> = table.lines().filter_map(version).collect();
    assert!(!verified.is_empty(), "{PERSONAS} is not written as expected any more: no versions were found");
    verified
}

fn version(python: &Path) -> Option<String> {
    let output = Command::new(python).arg("--version").output().ok()?;
    let version = String::from_utf8(output.stdout).ok()?;
    version.trim().strip_prefix("Python ").map(str::to_owned)
}

/// Whether a network namespace can be made and furnished; tried, since containers forbid it in many ways.
fn may_make_networks() -> bool {
    let script = "ip link set lo up && ip -6 route add local 2001:db8::/32 dev lo";
    let tried = Command::new("unshare").args(["--net", "sh", "-c", script]).output();
    tried.is_ok_and(|output| output.status.success())
}

/// Whether this user may read the memory of a process that has closed itself off.
fn may_read_memory() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let effective = effective.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok()).unwrap_or(0);
    let scope = std::fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope").unwrap_or_default();
    effective >> CAP_SYS_PTRACE & 1 == 1 && scope.trim() != NOBODY
}

/// Whether this user may have mounts of his own.
fn may_mount() -> bool {
    let mut command = Command::new("unshare");
    command.args(["--mount", "mount", "-t", "tmpfs", "tmpfs", "/tmp"]);
    command.output().is_ok_and(|output| output.status.success())
}

/// Peers that a plain `cargo test` asks where they are at hand; the slow ones wait for `.ci/run peers`.
const PROGRAMS: [&str; 4] = ["bash", "curl", "setsid", "wget"];
const PERSONAS: &str = "../chatterd/src/decoy/persona.rs";
const FILES: u64 = 12_000;
const CAP_SYS_PTRACE: u32 = 19;
/// Yama's last level.
const NOBODY: &str = "3";

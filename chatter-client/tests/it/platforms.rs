//! What the client is made of on each platform it is built for.
//!
//! **In** what cargo says of its dependencies. **Out** a failure that names a crate of another system, or one that brings a
//! library in another language.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// Name and version.
type Package = (String, String);

/// What cargo says. What it lacks for another platform it fetches, unless that is forbidden.
fn cargo(arguments: &[&str]) -> String {
    let run = |offline: &[&str]| {
        let mut command = Command::new(env!("CARGO"));
        command.args(arguments).args(offline).args(["--locked", "--manifest-path"]);
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"));
        command.output().expect("cargo runs where its tests run")
    };
    let mut output = run(&["--offline"]);
    if !output.status.success() {
        output = run(&[]);
    }
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("cargo writes UTF-8")
}

/// The packages that the client is made of on `target`, and what each says of itself.
fn made_of(target: &str) -> BTreeMap<Package, Value> {
    let tree =
        ["tree", "--package", "chatter-client", "--edges", "normal", "--prefix", "none", "--format", "{p}"];
    let tree = cargo(&[&tree[..], &["--target", target]].concat());
    let package = |line: &str| {
        let mut words = line.split_whitespace();
        Some((words.next()?.to_owned(), words.next()?.trim_start_matches('v').to_owned()))
    };
    let mut packages: BTreeSet<Package> = tree.lines().filter_map(package).collect();
    let told = cargo(&["metadata", "--format-version", "1", "--filter-platform", target]);
    let told: Value = serde_json::from_str(&told).expect("metadata is JSON");
    let mut found = BTreeMap::new();
    for about in told["packages"].as_array().expect("packages") {
        let text = |key: &str| about[key].as_str().unwrap_or_default().to_owned();
        let package = (text("name"), text("version"));
        if packages.remove(&package) {
            found.insert(package, about.clone());
        }
    }
    assert!(packages.is_empty(), "cargo tells nothing of {packages:?}: is the tree read rightly?");
    assert!(found.len() > 100, "only {} packages: is the tree read rightly?", found.len());
    found
}

/// Fails for a crate that says to be for systems of which none is among `systems`, for one of `never`, and for one that
/// brings a library which isn't known.
fn check(target: &str, systems: &[&str], never: &[&str]) {
    for ((name, version), about) in made_of(target) {
        let categories = about["categories"].as_array().expect("categories");
        let meant: Vec<_> =
            categories.iter().filter_map(|category| category.as_str()?.strip_prefix("os::")).collect();
        assert!(
            meant.is_empty() || meant.iter().any(|system| systems.contains(system)),
            "{name} {version} is for {meant:?}, and stands in the client for {target}"
        );
        assert!(
            !never.contains(&name.as_str()),
            "{name} {version} must not stand in the client for {target}"
        );
        // `ring` carries its own; what looks for one of the system's would not build for elsewhere, or not be static.
        assert!(about["links"].is_null() || name == "ring", "{name} {version} links {}", about["links"]);
    }
}

#[test]
fn nothing_of_unix_is_in_the_client_for_windows() {
    check("x86_64-pc-windows-gnu", &["windows-apis"], UNIX_ONLY);
}

#[test]
fn nothing_of_linux_is_in_the_client_for_macos() {
    for target in ["x86_64-apple-darwin", "aarch64-apple-darwin"] {
        check(
            target,
            &["unix-apis", "macos-apis"],
            &["nix", "linux-raw-sys", "sd-notify", "listenfd", "tracing-journald"],
        );
    }
}

#[test]
fn nothing_of_the_system_is_needed_by_the_client_with_musl() {
    check("x86_64-unknown-linux-musl", &["unix-apis", "linux-apis"], &["nix", "libsystemd", "native-tls"]);
}

/// Not all of them say so of themselves.
const UNIX_ONLY: &[&str] = &[
    "libc",
    "errno",
    "nix",
    "rustix",
    "linux-raw-sys",
    "signal-hook",
    "signal-hook-mio",
    "signal-hook-registry",
    "xattr",
    "sd-notify",
    "listenfd",
    "libsystemd",
    "tracing-journald",
    "core-foundation",
    "security-framework",
];

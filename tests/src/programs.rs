//! Where the built programs are.
//!
//! **In** a program's name. **Out** the path of a binary built from the sources as they are now, with the profile of
//! the running test; or of one in the folder that `CHATTER_PROGRAMS` names, where somebody wants those tested. **Never**
//! a stale binary otherwise: cargo is asked once per test run.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

/// The path of one of the programs.
///
/// # Panics
/// Where it can't be built.
pub fn path(name: &str) -> &'static Path {
    static PATHS: OnceLock<BTreeMap<String, PathBuf>> = OnceLock::new();
    let paths = PATHS
        .get_or_init(|| std::env::var_os("CHATTER_PROGRAMS").map_or_else(build, |folder| given(&folder)));
    paths.get(name).unwrap_or_else(|| panic!("cargo built no {name}, only {:?}", paths.keys()))
}

fn given(folder: &OsStr) -> BTreeMap<String, PathBuf> {
    let folder = Path::new(folder);
    let program = |name: &str| (name.to_owned(), folder.join(name));
    ["chatterd", "chatterctl", "chatter-client"].map(program).into()
}

fn build() -> BTreeMap<String, PathBuf> {
    let folder = profile_folder();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| env!("CARGO").into());
    let mut command = Command::new(cargo);
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    // As the README's command builds them: another selection of packages would build the dependencies once more.
    command.args([
        "test",
        "--workspace",
        "--no-run",
        "--message-format=json-render-diagnostics",
        "--target-dir",
    ]);
    command.arg(folder.parent().expect("a profile's folder lies in the target directory"));
    command.args(["--profile", profile(&folder)]);
    // What cargo tells this test of its package is none of the other's business: build scripts that look at it would run anew,
    // and everything above them be built again, at each change from one cargo to the other.
    let told = std::env::vars_os().map(|(name, _)| name);
    for name in told.filter(|name| name.to_str().is_some_and(is_of_this_package)) {
        command.env_remove(name);
    }
    let output = command.stderr(std::process::Stdio::inherit()).output().expect("cargo runs");
    assert!(output.status.success(), "the programs can't be built: {command:?}");
    String::from_utf8_lossy(&output.stdout).lines().filter_map(executable).collect()
}

fn is_of_this_package(variable: &str) -> bool {
    let about = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_CRATE_", "CARGO_BIN_", "CARGO_PRIMARY_"];
    variable == "OUT_DIR" || about.iter().any(|part| variable.starts_with(part))
}

/// The folder that holds `deps`, in which this test's own binary lies.
fn profile_folder() -> PathBuf {
    let own = std::env::current_exe().expect("a test has a path");
    let folder = own.parent().and_then(Path::parent).expect("tests lie in target/<profile>/deps");
    folder.to_owned()
}

fn profile(folder: &Path) -> &str {
    match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(name) => name,
    }
}

/// A program's name and path; none for what is a test.
fn executable(message: &str) -> Option<(String, PathBuf)> {
    let message: Value = serde_json::from_str(message).ok()?;
    if message.get("profile")?.get("test")?.as_bool()? {
        return None;
    }
    let path = message.get("executable")?.as_str()?;
    let name = message.get("target")?.get("name")?.as_str()?;
    Some((name.to_owned(), path.into()))
}

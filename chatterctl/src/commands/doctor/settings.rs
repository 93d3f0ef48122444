//! The operator's own directory: where it is, and what lies in it.

use std::fs;
use std::path::{Path, PathBuf};

use super::finding::Finding;
use super::strangers::{suspicion, told};
use crate::args::{CONFIG_DEFAULT, Doctor};

/// The setting `decoy.root`, where one can learn it.
pub(super) fn decoy_root(doctor: &Doctor, findings: &mut Vec<Finding>) -> Option<PathBuf> {
    if let Some(root) = std::env::var_os("CHATTERD_DECOY_ROOT").filter(|root| !root.is_empty()) {
        return Some(root.into());
    }
    let text = match (fs::read_to_string(&doctor.config), doctor.config == Path::new(CONFIG_DEFAULT)) {
        (Ok(text), _) => text,
        // Settings may all be variables.
        (Err(_), true) => return None,
        (Err(error), false) => {
            findings.push(unreadable(doctor, &error.to_string()));
            return None;
        }
    };
    match text.parse::<toml::Table>() {
        Ok(table) => table.get("decoy")?.get("root")?.as_str().map(PathBuf::from),
        Err(error) => {
            findings.push(unreadable(doctor, error.message()));
            None
        }
    }
}

fn unreadable(doctor: &Doctor, reason: &str) -> Finding {
    Finding::problem(
        "settings",
        format!("{}: {reason}", doctor.config.display()),
        "the daemon does not start with it",
        "`chatterd --config FILE --check` says more",
    )
}

/// Names below the first folder, which the listing at `/` does not show.
pub(super) fn on_disk(root: &Path, findings: &mut Vec<Finding>) {
    let mut names = Vec::new();
    let mut folders = vec![root.to_owned()];
    let mut left = ENTRIES_MAX;
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries.flatten().take(left) {
            left = left.saturating_sub(1);
            let name = entry.file_name().to_string_lossy().into_owned();
            if folder != root && suspicion(&name).is_some() {
                names.push(entry.path().strip_prefix(root).unwrap_or(&entry.path()).display().to_string());
            }
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(entry.path());
            }
        }
    }
    if !names.is_empty() {
        names.sort_unstable();
        findings.push(told(&names));
    }
}

/// Enough to judge a directory by.
const ENTRIES_MAX: usize = 5_000;

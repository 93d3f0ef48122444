//! Whether the ban report on the disk is the one that the daemon means.

use std::fs;
use std::path::Path;

use chatter_proto::admin::StatusReply;

use super::finding::Finding;

pub(super) fn look(status: &StatusReply, findings: &mut Vec<Finding>) {
    if status.report_path.is_empty() {
        findings.push(Finding::note(
            "report",
            "none is written",
            "bans live in memory: nothing acts on them, and a restart forgets them",
            "start it without --ephemeral, or set ban.report",
        ));
        return;
    }
    let path = Path::new(&status.report_path);
    match fs::read_to_string(path) {
        Err(error) => findings.push(Finding::problem(
            "report",
            format!("{}: {error}", path.display()),
            "whoever should act on bans has nothing to read, and a restart forgets them",
            "see that the folder is there and the daemon's own; `journalctl -u chatterd` says why it can't write",
        )),
        Ok(text) => {
            // A new ban is in it within a second.
            let bans = u64::try_from(text.lines().filter(|line| line.contains(" -> ")).count()).unwrap_or(u64::MAX);
            if bans.abs_diff(status.bans) > SLACK {
                findings.push(Finding::problem(
                    "report",
                    format!("{} holds {bans} bans, the daemon {}", path.display(), status.bans),
                    "it can't be written: a full disk, or rights; bans since then are known to nobody else",
                    "make room, or give the folder back to the daemon's user",
                ));
            } else {
                findings.push(Finding::ok("report", format!("{}, {bans} banned", path.display())));
            }
        }
    }
}

/// Bans that came while we looked.
const SLACK: u64 = 2;

//! The report through restarts, failures and strange files.

use super::*;
use std::future::pending;

use chatter_protocol::time::WallTime;

use crate::ledger::{Reason, Terms};

fn ban(address: &str, packets: u64) -> Ban {
    let terms = Terms { since: WallTime(10), until: Some(WallTime(20)), reason: Reason::Knocks };
    Ban { address: address.parse().unwrap(), packets, terms }
}

fn recovered(ban: &Ban) -> RecoveredBan {
    RecoveredBan { address: ban.address, packets: ban.packets, terms: Some(ban.terms) }
}

#[test]
fn bans_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/report.txt");
    let bans = [ban("203.0.113.9", 30), ban("2001:db8::1", 31)];
    let (file, before) = ReportFile::open(&path).unwrap();
    assert_eq!(before, []);
    file.write(&bans).unwrap();
    drop(file);
    let (_file, after) = ReportFile::open(&path).unwrap();
    assert_eq!(after, bans.iter().map(recovered).collect::<Vec<_>>());
    let mut names: Vec<_> =
        std::fs::read_dir(path.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["report.txt", "report.txt.json", "report.txt.lock"]);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, REPORT_MODE);
}

#[test]
fn the_report_alone_is_enough_and_rules() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.txt");
    let (file, _) = ReportFile::open(&path).unwrap();
    file.write(&[ban("203.0.113.9", 30), ban("203.0.113.10", 30)]).unwrap();
    drop(file);
    // The operator took a line out while the daemon was down, and the companion is damaged.
    let text = std::fs::read_to_string(&path).unwrap().replace("203.0.113.10 -> 30x packets\n", "");
    std::fs::write(&path, text).unwrap();
    let (file, bans) = ReportFile::open(&path).unwrap();
    assert_eq!(bans, [recovered(&ban("203.0.113.9", 30))]);
    drop(file);
    std::fs::write(beside(&path, "json"), "{").unwrap();
    let (_file, bans) = ReportFile::open(&path).unwrap();
    assert_eq!(bans, [RecoveredBan { terms: None, ..recovered(&ban("203.0.113.9", 30)) }]);
}

#[test]
fn two_daemons_cannot_share_a_report() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.txt");
    let (_first, _) = ReportFile::open(&path).unwrap();
    assert!(matches!(ReportFile::open(&path), Err(ReportError::InUse(_))));
}

#[test]
fn what_is_no_report_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("passwd");
    std::fs::write(&path, "root:x:0:0::/root:/bin/sh\n").unwrap();
    assert!(matches!(ReportFile::open(&path), Err(ReportError::Foreign(_))));
    assert!(std::fs::read_to_string(&path).unwrap().starts_with("root"));
    assert!(matches!(ReportFile::open(folder.path()), Err(ReportError::NotAFile(_))));
    let pipe = folder.path().join("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    assert!(matches!(ReportFile::open(&pipe), Err(ReportError::NotAFile(_))));
}

#[test]
fn a_link_is_followed_and_the_mode_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (real, link) = (folder.path().join("real.txt"), folder.path().join("link.txt"));
    std::fs::write(&real, "").unwrap();
    std::fs::set_permissions(&real, Permissions::from_mode(0o644)).unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    let (file, _) = ReportFile::open(&link).unwrap();
    file.write(&[ban("203.0.113.9", 30)]).unwrap();
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(std::fs::read_to_string(&real).unwrap().contains("203.0.113.9 -> 30x"));
    assert_eq!(std::fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o644);
}

#[test]
fn a_failed_write_leaves_the_old_report_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.txt");
    let (file, _) = ReportFile::open(&path).unwrap();
    file.write(&[ban("203.0.113.9", 30)]).unwrap();
    let before = std::fs::read_to_string(&path).unwrap();
    // A folder under the temporary name stands for every way in which the new file can't be made.
    std::fs::create_dir(beside(&path, "new")).unwrap();
    file.write(&[ban("203.0.113.9", 31)]).unwrap_err();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), before);
    std::fs::remove_dir(beside(&path, "new")).unwrap();
    file.write(&[ban("203.0.113.9", 31)]).unwrap();
    assert!(std::fs::read_to_string(&path).unwrap().contains("31x"));
}

#[tokio::test(start_paused = true)]
async fn changes_are_written_within_a_second_and_failures_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.txt");
    let (file, _) = ReportFile::open(&path).unwrap();
    std::fs::create_dir(beside(&path, "new")).unwrap();
    let mut changes = vec![vec![ban("203.0.113.9", 30)]];
    let keeping = tokio::spawn(keep(file, move |_| changes.pop(), keeper().1, pending()));
    let second = Duration::from_secs(1);
    tokio::time::sleep(second).await;
    assert!(!path.exists());
    std::fs::remove_dir(beside(&path, "new")).unwrap();
    tokio::time::sleep(second).await;
    assert!(std::fs::read_to_string(&path).unwrap().contains("30x"));
    keeping.abort();
}

#[tokio::test]
async fn the_last_change_is_written_at_shutdown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.txt");
    let (file, _) = ReportFile::open(&path).unwrap();
    let mut changes = vec![vec![ban("203.0.113.9", 30)]];
    keep(file, move |_| changes.pop(), keeper().1, async {}).await;
    assert!(std::fs::read_to_string(&path).unwrap().contains("203.0.113.9"));
}

//! The machine around the daemon: its clock, the admin socket's file, the process and its unit.

use std::fs;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::Path;

use super::finding::Finding;
use super::program::{is_there, prints};

/// Whether anything keeps the clock.
pub(super) fn clock(findings: &mut Vec<Finding>) {
    match prints("timedatectl", &["show", "-P", "NTPSynchronized"]).as_deref() {
        Some("yes") => findings.push(Finding::ok("clock", "kept by the network's time")),
        Some("no") => findings.push(Finding::warning(
            "clock",
            "nothing keeps it right",
            "tokens are good for minutes; clients bridge up to a day, but a clock that is set back keeps everybody out for as long",
            "`timedatectl set-ntp true`, or another time service",
        )),
        Some(_) | None => findings.push(Finding::note(
            "clock",
            "whether anything keeps it can't be told (no timedatectl answers)",
            "a clock that is set back keeps everybody out for as long",
            "compare it with another machine's",
        )),
    }
}

/// Who may call the daemon.
pub(super) fn socket(place: &Path, findings: &mut Vec<Finding>) {
    let shown = place.display();
    let folder = place.parent().unwrap_or(Path::new("/"));
    let (Ok(file), Ok(above)) = (fs::symlink_metadata(place), fs::metadata(folder)) else {
        findings.push(Finding::note("admin socket", format!("{shown} can't be looked at"), "", ""));
        return;
    };
    let open_folder = above.mode() & 0o002 != 0 && above.mode() & 0o1000 == 0;
    if !file.file_type().is_socket() || file.mode() & 0o007 != 0 || open_folder {
        findings.push(Finding::warning(
            "admin socket",
            format!("{shown} has mode {:04o}, its folder {:04o}", file.mode() & 0o7777, above.mode() & 0o7777),
            "anybody on this machine may knock there, or put another in its place; the daemon turns away who is neither \
             root nor its own user, and that alone is left",
            "chmod 0600 the socket, chmod go-w its folder",
        ));
    } else {
        findings.push(Finding::ok("admin socket", format!("{shown}, mode {:04o}", file.mode() & 0o7777)));
    }
}

/// The daemon's process id: whoever listens on the socket, or for whom systemd does.
pub(super) async fn process_of(place: &Path) -> Option<u32> {
    let stream = tokio::net::UnixStream::connect(place).await.ok()?;
    let peer = stream.peer_cred().ok()?.pid().and_then(|pid| u32::try_from(pid).ok());
    let is_daemon = |pid: &u32| {
        fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim() == "chatterd")
    };
    let by_unit =
        || prints("systemctl", &["show", "-P", "MainPID", "chatterd-activated.service"])?.parse().ok();
    peer.filter(is_daemon).or_else(|| by_unit().filter(is_daemon))
}

/// Its systemd unit.
pub(super) fn unit_of(pid: u32) -> Option<String> {
    let groups = fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()?;
    let last = groups.lines().filter_map(|line| line.rsplit('/').next());
    last.filter(|name| name.ends_with(".service")).map(str::to_owned).next()
}

/// Descriptors, locked memory, sandbox.
pub(super) fn process(pid: u32, findings: &mut Vec<Finding>) {
    descriptors(pid, findings);
    swap(pid, findings);
    sandbox(unit_of(pid).as_deref(), findings);
}

fn descriptors(pid: u32, findings: &mut Vec<Finding>) {
    let limits = fs::read_to_string(format!("/proc/{pid}/limits")).unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let soft = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    match soft {
        Some(soft) if soft < DESCRIPTORS_FEW => findings.push(Finding::warning(
            "descriptors",
            format!("it may open {soft} files"),
            "a stranger takes one or two, a member one; where they run out, the strangers idle longest are cut off, which shows",
            "LimitNOFILE=65536 in the unit, ulimit -n elsewhere",
        )),
        Some(soft) => findings.push(Finding::ok("descriptors", format!("it may open {soft} files"))),
        None => {}
    }
}

fn swap(pid: u32, findings: &mut Vec<Finding>) {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let locked = status.lines().find_map(|line| line.strip_prefix("VmLck:"));
    let locked = locked.is_some_and(|line| !line.trim().starts_with("0 "));
    let swaps = fs::read_to_string("/proc/swaps").map_or(0, |text| text.lines().skip(1).count());
    if locked || swaps == 0 {
        findings
            .push(Finding::ok("memory", if locked { "locked" } else { "not locked, and there is no swap" }));
    } else {
        findings.push(Finding::warning(
            "memory",
            "not locked, and this machine swaps",
            "keys may reach the disk and stay there",
            "LimitMEMLOCK=infinity in the unit; or switch the swap off, or encrypt it",
        ));
    }
}

fn sandbox(unit: Option<&str>, findings: &mut Vec<Finding>) {
    let Some(unit) = unit else {
        findings.push(Finding::note(
            "sandbox",
            "it runs under no systemd unit",
            "whatever breaks into it has all that its user has",
            "install systemd/chatterd.service, or run it in its container",
        ));
        return;
    };
    if !is_there("systemd-analyze") {
        return;
    }
    let said = prints("systemd-analyze", &["security", "--no-pager", unit]).unwrap_or_default();
    let exposure =
        said.lines().last().and_then(|line| line.rsplit(": ").next()?.split(' ').next()?.parse::<f32>().ok());
    match exposure {
        Some(exposure) if exposure > EXPOSURE_MOST => findings.push(Finding::warning(
            "sandbox",
            format!("{unit} has an exposure of {exposure}, of 10"),
            "as shipped it has 1.1: something of its sandbox was taken away",
            "`systemctl cat` and `systemd-analyze security` of the unit tell what",
        )),
        Some(exposure) => findings.push(Finding::ok("sandbox", format!("{unit}, exposure {exposure} of 10"))),
        None => {}
    }
}

/// Fewer than strangers, members and files can take.
const DESCRIPTORS_FEW: u64 = 4096;
/// As shipped, with a port below 1024 and a socket for a front end on top.
const EXPOSURE_MOST: f32 = 2.0;

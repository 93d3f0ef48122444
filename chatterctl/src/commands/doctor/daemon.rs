//! What the daemon says of itself.

use std::time::{SystemTime, UNIX_EPOCH};

use chatter_proto::admin::StatusReply;

use super::finding::Finding;
use crate::failure::Failure;

pub(super) fn unreachable(failure: &Failure) -> Finding {
    let what = failure.to_string().replace('\n', " ");
    Finding::problem(
        "daemon",
        what,
        "without it nobody is answered, and little else can be looked at",
        "`systemctl status chatterd` and `journalctl -u chatterd` tell why it does not run",
    )
}

pub(super) fn look(status: &StatusReply, findings: &mut Vec<Finding>) {
    let ours = env!("CARGO_PKG_VERSION");
    if status.version == ours {
        findings.push(Finding::ok("daemon", format!("chatterd {ours} answers")));
    } else {
        findings.push(Finding::note(
            "daemon",
            format!("chatterd is {}, chatterctl {ours}", status.version),
            "one of them was upgraded alone, or the daemon was not restarted since",
            "restart the daemon; sessions come back by themselves",
        ));
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    if status.started_at > now.saturating_add(CLOCK_SLACK) {
        findings.push(Finding::problem(
            "clock",
            format!("the clock stands {} s before the daemon's start", status.started_at - now),
            "it was set back since: until it has come as far again, nobody new gets in and nobody resumes",
            "set the clock right, then restart the daemon",
        ));
    }
    if status.carrier_path.is_empty() {
        findings.push(Finding::problem(
            "carrier",
            "there is none",
            "members can't come in: a session is the download of a large file",
            "put a file of some megabytes into decoy.root, name it with decoy.carrier, restart",
        ));
    } else {
        findings.push(Finding::ok("carrier", status.carrier_path.clone()));
    }
    if status.refuses_banned {
        findings.push(Finding::warning(
            "refusing",
            "ban.refuse is on",
            "a file server that stops answering is no file server: a few dozen requests unmask it",
            "set ban.refuse = false and let fail2ban, or a packet filter, act on the report",
        ));
    }
    if status.ephemeral {
        findings.push(Finding::note(
            "keys",
            "they live in memory alone (--ephemeral)",
            "every link given out is void after a restart",
            "start it without --ephemeral to keep keys and bans",
        ));
    }
}

/// A clock that is being slewed is none that jumped.
const CLOCK_SLACK: u64 = 5;

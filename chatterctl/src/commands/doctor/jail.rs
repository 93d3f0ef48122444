//! Whether fail2ban acts on what the daemon reports.

use chatter_proto::admin::StatusReply;

use super::finding::Finding;
use super::program::{is_there, prints};

/// `unit` is the daemon's, where it has one.
pub(super) fn look(status: &StatusReply, unit: Option<&str>, findings: &mut Vec<Finding>) {
    if !is_there("fail2ban-client") {
        findings.push(Finding::note(
            "fail2ban",
            "it is not installed",
            "the daemon only reports whom it would ban; nobody acts on it unless another program reads the report",
            "install fail2ban and switch its jail on, or use `chatterctl bans export`; see docs/operating.md, Bans",
        ));
        return;
    }
    let running = JAILS.iter().find(|jail| prints("fail2ban-client", &["status", jail]).is_some());
    let Some(jail) = running else {
        findings.push(Finding::warning(
            "fail2ban",
            "neither of the jails chatterd and chatterd-report runs",
            "who floods the port is reported and nothing else happens",
            "enabled = true for one of them in /etc/fail2ban/jail.local, then `systemctl restart fail2ban`",
        ));
        return;
    };
    let reads = |what: &str| prints("fail2ban-client", &["get", jail, what]).unwrap_or_default();
    let by_journal = unit.is_some_and(|unit| reads("journalmatch").contains(unit));
    let by_report = !status.report_path.is_empty() && reads("logpath").contains(&status.report_path);
    if by_journal || by_report {
        let from = if by_journal { "the journal" } else { "the report" };
        findings.push(Finding::ok("fail2ban", format!("the jail {jail} reads {from}")));
    } else {
        findings.push(Finding::warning(
            "fail2ban",
            format!("the jail {jail} reads neither this daemon's journal nor its report"),
            "who floods the port is reported and nothing else happens",
            "set journalmatch to the daemon's unit, or logpath to the report that `chatterctl status` names",
        ));
    }
}

const JAILS: [&str; 2] = ["chatterd", "chatterd-report"];

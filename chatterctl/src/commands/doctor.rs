//! `chatterctl doctor`: what is wrong or risky about this installation, and what to do about it.
//!
//! **In** a running daemon as its operator and as strangers see it, the machine around it. **Out** findings, and an exit code
//! for the worst of them. **Never** a change to anything; never so many looks at the port that they would be a ban.

mod compare;
mod daemon;
mod fetch;
mod finding;
mod jail;
mod machine;
mod program;
mod report;
mod settings;
mod strangers;

use std::path::Path;
use std::time::Duration;

use chatter_proto::admin::{ListAddressesRequest, StatusReply, StatusRequest};
use serde::Serialize;

use crate::args::{Arguments, Doctor};
use crate::failure::Failure;
use crate::output::Answer;
use crate::reach::Daemon;
use finding::{Finding, Level};

#[derive(Serialize)]
struct Fields<'a> {
    worst: Level,
    findings: &'a [Finding],
}

pub(super) async fn run(arguments: &Arguments, doctor: &Doctor) -> Result<Answer, Failure> {
    let timeout = Duration::from_secs(arguments.timeout.into());
    let mut findings = Vec::new();
    let mut root = settings::decoy_root(doctor, &mut findings);
    match Daemon::find(arguments.socket.as_deref(), timeout).await {
        Err(failure) => findings.push(daemon::unreachable(&failure)),
        Ok(mut daemon) => {
            let place = daemon.place().to_owned();
            match daemon.ask(async |client| client.status(StatusRequest {}).await).await {
                Err(failure) => findings.push(daemon::unreachable(&failure)),
                Ok(status) => {
                    daemon::look(&status, &mut findings);
                    around(&place, &status, &mut findings).await;
                    as_strangers(&mut daemon, &status, root.take().as_deref(), &mut findings).await;
                }
            }
        }
    }
    machine::clock(&mut findings);
    let worst = findings.iter().map(|finding| finding.level).max().unwrap_or(Level::Ok);
    let lines: Vec<String> = findings.iter().flat_map(Finding::lines).chain([verdict(worst)]).collect();
    Ok(Answer::new(&Fields { worst, findings: &findings }, &lines).exits(worst.exit_code()))
}

/// Sockets, process, unit, report and jail.
async fn around(place: &Path, status: &StatusReply, findings: &mut Vec<Finding>) {
    machine::socket(place, findings);
    let process = machine::process_of(place).await;
    match process {
        Some(pid) => machine::process(pid, findings),
        None => findings.push(Finding::note(
            "process",
            "the daemon's process can't be told from here",
            "its limits and its sandbox were not looked at",
            "run doctor as root, where the daemon runs",
        )),
    }
    report::look(status, findings);
    jail::look(status, process.and_then(machine::unit_of).as_deref(), findings);
}

/// What everybody can see, as long as looking costs nothing.
async fn as_strangers(
    daemon: &mut Daemon,
    status: &StatusReply,
    root: Option<&Path>,
    findings: &mut Vec<Finding>,
) {
    let Some(address) = strangers::port(status, findings) else { return };
    counted_by_now(daemon, status.knocks).await;
    let seen = daemon.ask(async |client| client.list_addresses(ListAddressesRequest {}).await).await;
    let own = address.ip().to_string();
    let counted = seen.is_ok_and(|reply| {
        reply.addresses.iter().any(|seen| seen.address == own && seen.knocks > 0 && !seen.exempt)
    });
    if counted {
        findings.push(Finding::warning(
            "knocks",
            format!("what {own} asks of the port is counted, as if it were a stranger"),
            "whoever looks from this machine, doctor too, comes nearer to a ban each time; it stops looking here",
            "put 127.0.0.0/8 and ::1 into ban.exempt",
        ));
        return;
    }
    strangers::directory(address, status, findings);
    strangers::persona(&status.persona, findings);
    if let Some(root) = root {
        settings::on_disk(root, findings);
        compare::look(address, &status.persona, root, findings);
    }
}

/// Waits until the look at the port is in the books: it is counted once it has been answered.
async fn counted_by_now(daemon: &mut Daemon, before: u64) {
    for _ in 0..LOOKS_MAX {
        let now = daemon.ask(async |client| client.status(StatusRequest {}).await).await;
        if now.map_or(true, |now| now.knocks > before) {
            return;
        }
        tokio::time::sleep(LOOK_PAUSE).await;
    }
}

/// Two seconds.
const LOOKS_MAX: u32 = 40;
const LOOK_PAUSE: Duration = Duration::from_millis(50);

fn verdict(worst: Level) -> String {
    match worst {
        Level::Ok | Level::Note => "Nothing here needs to be done.".to_owned(),
        Level::Warning => "It works, and something about it is risky.".to_owned(),
        Level::Problem => "Something is wrong.".to_owned(),
    }
}

//! `chatterctl bans [list | add ADDRESS | lift ADDRESS | export]`

mod export;

use chatter_proto::admin::{
    AddBanRequest, Ban, CircuitBan, ExportBanReportRequest, LiftBanRequest, ListBansRequest,
};
use serde::Serialize;

use super::time;
use crate::args::Bans;
use crate::failure::Failure;
use crate::output::Answer;
use crate::reach::Daemon;

#[derive(Serialize)]
struct ListFields {
    bans: Vec<Row>,
    circuits: Vec<CircuitRow>,
}

#[derive(Serialize)]
struct CircuitRow {
    circuit: String,
    packets: u64,
    since: Option<u64>,
}

#[derive(Serialize)]
struct AddFields {
    ban: Option<Row>,
    already: bool,
}

#[derive(Serialize)]
struct LiftFields<'a> {
    lifted: &'a str,
}

#[derive(Clone, Serialize)]
pub(super) struct Row {
    address: String,
    packets: u64,
    since: Option<u64>,
    until: Option<u64>,
    reason: String,
}

pub(super) async fn run(daemon: &mut Daemon, command: Option<&Bans>) -> Result<Answer, Failure> {
    match command {
        None | Some(Bans::List) => list(daemon).await,
        Some(Bans::Add { address, length }) => add(daemon, address.trim(), *length).await,
        Some(Bans::Export { format, port }) => Ok(export::answer(report(daemon).await?, *format, *port)),
        Some(Bans::Lift { address }) => lift(daemon, address.trim()).await,
    }
}

/// The report in parts, so that its length does not matter.
async fn report(daemon: &mut Daemon) -> Result<Vec<Ban>, Failure> {
    let mut parts =
        daemon.ask(async |client| client.export_ban_report(ExportBanReportRequest {}).await).await?;
    let mut bans = Vec::new();
    while let Some(part) = daemon.next(&mut parts).await? {
        bans.extend(part.bans);
    }
    Ok(bans)
}

async fn list(daemon: &mut Daemon) -> Result<Answer, Failure> {
    let reply = daemon.ask(async |client| client.list_bans(ListBansRequest {}).await).await?;
    let rows: Vec<_> = reply.bans.iter().map(cells).chain(reply.circuits.iter().map(circuit_cells)).collect();
    let heading = ["ADDRESS", "PACKETS", "SINCE", "UNTIL", "REASON"];
    let circuits = reply.circuits.into_iter().map(CircuitRow::from).collect();
    let fields = ListFields { bans: reply.bans.into_iter().map(Row::from).collect(), circuits };
    Ok(Answer::table(&fields, heading, &rows, "no address is banned", &[]))
}

async fn add(daemon: &mut Daemon, address: &str, length: Option<u64>) -> Result<Answer, Failure> {
    let request = AddBanRequest { address: address.to_owned(), for_seconds: length };
    let reply = daemon.ask(async |client| client.add_ban(request).await).await?;
    let (shown, until) = match &reply.ban {
        Some(ban) => (ban.address.clone(), ends(ban)),
        None => (address.to_owned(), "-".to_owned()),
    };
    let line = if reply.already {
        format!("{shown} was in the report already, until: {until}")
    } else {
        format!("{shown} is in the report, until: {until}")
    };
    Ok(Answer::new(&AddFields { ban: reply.ban.map(Row::from), already: reply.already }, &[line]))
}

async fn lift(daemon: &mut Daemon, address: &str) -> Result<Answer, Failure> {
    let request = LiftBanRequest { address: address.to_owned() };
    daemon.ask(async |client| client.lift_ban(request).await).await?;
    let line = if is_circuit(address) {
        format!("{address} is turned away no more")
    } else {
        format!(
            "{address} is out of the report; what acted on the report may have to be told (fail2ban-client unban)"
        )
    };
    Ok(Answer::new(&LiftFields { lifted: address }, &[line]))
}

impl From<Ban> for Row {
    fn from(ban: Ban) -> Self {
        let known = |at: u64| Some(at).filter(|at| *at > 0);
        Self {
            address: ban.address,
            packets: ban.packets,
            since: known(ban.since),
            until: known(ban.until),
            reason: ban.reason,
        }
    }
}

impl From<CircuitBan> for CircuitRow {
    fn from(ban: CircuitBan) -> Self {
        Self { circuit: ban.circuit, packets: ban.packets, since: Some(ban.since).filter(|at| *at > 0) }
    }
}

/// Addresses and networks begin with an address, circuits do not.
fn is_circuit(text: &str) -> bool {
    let host = text.split_once('/').map_or(text, |(host, _)| host);
    host.parse::<std::net::IpAddr>().is_err()
}

/// Until its host's tor is started anew, or an hour after its last knock.
fn circuit_cells(ban: &CircuitBan) -> [String; 5] {
    let since = if ban.since == 0 { "-".to_owned() } else { time::point(ban.since) };
    [ban.circuit.clone(), ban.packets.to_string(), since, "-".to_owned(), "knocks".to_owned()]
}

fn cells(ban: &Ban) -> [String; 5] {
    let since = if ban.since == 0 { "-".to_owned() } else { time::point(ban.since) };
    [ban.address.clone(), ban.packets.to_string(), since, ends(ban), ban.reason.clone()]
}

pub(super) fn ends(ban: &Ban) -> String {
    if ban.until == 0 { "lifted".to_owned() } else { time::point(ban.until) }
}

//! `chatterctl status`, once; `watch.rs` shows it again and again.

use chatter_proto::admin::{StatusReply, StatusRequest};
use serde::Serialize;

use super::{counted, time};
use crate::failure::Failure;
use crate::output::Answer;
use crate::reach::Daemon;

#[derive(Serialize)]
pub(super) struct Fields {
    version: String,
    chatterctl_version: &'static str,
    started_at: u64,
    listening: Vec<String>,
    persona: String,
    carrier_path: Option<String>,
    sessions_confirmed: u64,
    sessions_opened: u64,
    sessions_detached: u64,
    rooms: u64,
    members: u64,
    deliveries: u64,
    addresses: u64,
    bans: u64,
    knocks: u64,
    refuses_banned: bool,
    report_path: Option<String>,
    ephemeral: bool,
}

const OURS: &str = env!("CARGO_PKG_VERSION");

pub(super) async fn run(daemon: &mut Daemon) -> Result<Answer, Failure> {
    let reply = daemon.ask(async |client| client.status(StatusRequest {}).await).await?;
    Ok(answer(reply))
}

/// How things stand, both ways.
pub(super) fn answer(reply: StatusReply) -> Answer {
    let lines = lines(&reply);
    Answer::new(&Fields::from(reply), &lines)
}

impl From<StatusReply> for Fields {
    fn from(reply: StatusReply) -> Self {
        let some = |text: String| Some(text).filter(|text| !text.is_empty());
        Self {
            version: reply.version,
            chatterctl_version: OURS,
            started_at: reply.started_at,
            listening: reply.listening,
            persona: reply.persona,
            carrier_path: some(reply.carrier_path),
            sessions_confirmed: reply.sessions_confirmed,
            sessions_opened: reply.sessions_opened,
            sessions_detached: reply.sessions_detached,
            rooms: reply.rooms,
            members: reply.members,
            deliveries: reply.deliveries,
            addresses: reply.addresses,
            bans: reply.bans,
            knocks: reply.knocks,
            refuses_banned: reply.refuses_banned,
            report_path: some(reply.report_path),
            ephemeral: reply.ephemeral,
        }
    }
}

fn lines(reply: &StatusReply) -> Vec<String> {
    let carrier = match reply.carrier_path.as_str() {
        "" => "none: members can't come in; name a file with decoy.carrier",
        path => path,
    };
    let report = match reply.report_path.as_str() {
        "" => "not written; bans live in memory",
        path => path,
    };
    let memory = if reply.ephemeral { ", ephemeral: nothing is kept" } else { "" };
    let mut lines = vec![
        format!("chatterd     {}{memory}", reply.version),
        format!("chatterctl   {OURS}"),
        format!("since        {}", time::point(reply.started_at)),
        format!("listening    {}", reply.listening.join(", ")),
        format!("poses as     {}", reply.persona),
        format!("carrier      {carrier}"),
        format!(
            "sessions     {} confirmed, {} opened, {} detached",
            reply.sessions_confirmed, reply.sessions_opened, reply.sessions_detached
        ),
        format!(
            "chat         {} in {}, {} delivered",
            counted(reply.members, "member", "members"),
            counted(reply.rooms, "room", "rooms"),
            counted(reply.deliveries, "message", "messages")
        ),
        format!(
            "strangers    {} from {} known, {} banned",
            counted(reply.knocks, "knock", "knocks"),
            counted(reply.addresses, "address", "addresses"),
            reply.bans
        ),
        format!("ban report   {report}"),
    ];
    if reply.refuses_banned {
        lines.push("warning: ban.refuse is on; who is refused knows that this is no file server".to_owned());
    }
    lines
}

//! `chatterctl invites`

use chatter_proto::admin::invite::State;
use chatter_proto::admin::{Invite, ListInvitesRequest};
use serde::Serialize;

use super::time;
use crate::failure::Failure;
use crate::output::Answer;
use crate::reach::Daemon;

#[derive(Serialize)]
struct Fields {
    invites: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    name: String,
    made_at: Option<u64>,
    expires_at: Option<u64>,
    state: &'static str,
    sessions: u64,
}

pub(super) async fn run(daemon: &mut Daemon) -> Result<Answer, Failure> {
    let invites = daemon.ask(async |client| client.list_invites(ListInvitesRequest {}).await).await?.invites;
    let rows: Vec<_> = invites.iter().map(cells).collect();
    let heading = ["NAME", "MADE", "EXPIRES", "STATE", "SESSIONS"];
    let known = |at: u64| Some(at).filter(|at| *at > 0);
    let row = |invite: Invite| Row {
        state: state(&invite),
        name: invite.name,
        made_at: known(invite.made_at),
        expires_at: known(invite.expires_at),
        sessions: invite.sessions,
    };
    let fields = Fields { invites: invites.into_iter().map(row).collect() };
    Ok(Answer::table(&fields, heading, &rows, "there are no access codes", &[]))
}

fn cells(invite: &Invite) -> [String; 5] {
    let point = |at| if at == 0 { "-".to_owned() } else { time::point(at) };
    let name = if invite.name.is_empty() { "-".to_owned() } else { invite.name.clone() };
    let times = [point(invite.made_at), point(invite.expires_at)];
    let [made, expires] = times;
    [name, made, expires, state(invite).to_owned(), invite.sessions.to_string()]
}

fn state(invite: &Invite) -> &'static str {
    match State::try_from(invite.state) {
        Ok(State::Open) => "open",
        Ok(State::Retired) => "retired",
        Ok(State::Closed) => "closed",
        // Of a newer daemon.
        Ok(State::Unspecified) | Err(_) => "unknown",
    }
}

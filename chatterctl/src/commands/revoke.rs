//! `chatterctl revoke NAME`

use chatter_proto::admin::RevokeInviteRequest;
use serde::Serialize;

use super::counted;
use crate::failure::Failure;
use crate::output::Answer;
use crate::reach::Daemon;

#[derive(Serialize)]
struct Fields<'a> {
    revoked: &'a str,
    sessions_ended: u64,
}

pub(super) async fn run(daemon: &mut Daemon, name: String) -> Result<Answer, Failure> {
    let request = RevokeInviteRequest { name: name.clone() };
    let sessions_ended = daemon.ask(async |client| client.revoke_invite(request).await).await?.sessions_ended;
    let ended = counted(sessions_ended, "session", "sessions");
    let line = format!("{name} is revoked, {ended} ended; who comes by it meets a file server");
    Ok(Answer::new(&Fields { revoked: &name, sessions_ended }, &[line]))
}

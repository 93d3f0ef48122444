//! `chatterctl kick NUMBER`

use chatter_proto::admin::KickRequest;
use serde::Serialize;

use crate::failure::Failure;
use crate::output::Answer;
use crate::reach::Daemon;

#[derive(Serialize)]
struct Fields {
    kicked: u64,
}

pub(super) async fn run(daemon: &mut Daemon, number: u64) -> Result<Answer, Failure> {
    daemon.ask(async |client| client.kick(KickRequest { number }).await).await?;
    let line = format!(
        "session {number} is ended; its member may come again: `chatterctl revoke` or `rotate --now` end codes"
    );
    Ok(Answer::new(&Fields { kicked: number }, &[line]))
}

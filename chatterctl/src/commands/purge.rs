//! `chatterctl purge`

use chatter_proto::admin::PurgeRequest;
use serde::Serialize;

use super::counted;
use crate::failure::Failure;
use crate::output::Answer;
use crate::reach::Daemon;

#[derive(Serialize)]
struct Fields {
    addresses_forgotten: u64,
    sessions_ended: u64,
}

pub(super) async fn run(daemon: &mut Daemon, everything: bool) -> Result<Answer, Failure> {
    let reply = daemon.ask(async |client| client.purge(PurgeRequest { everything }).await).await?;
    let mut line = format!("forgot {}", counted(reply.addresses_forgotten, "address", "addresses"));
    if everything {
        line.push_str(&format!(", ended {}", counted(reply.sessions_ended, "session", "sessions")));
    }
    line.push_str("; bans stay in the report");
    let fields =
        Fields { addresses_forgotten: reply.addresses_forgotten, sessions_ended: reply.sessions_ended };
    Ok(Answer::new(&fields, &[line]))
}

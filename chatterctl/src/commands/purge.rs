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

/// What is to be confirmed.
pub(super) fn question(request: &PurgeRequest) -> String {
    match (request.address.as_str(), request.room.as_str()) {
        ("", "") => "End all sessions and rooms, and forget the counters?".to_owned(),
        ("", room) => format!("End the sessions of all who are in the room {room}…?"),
        (address, _) => format!("Forget what is known of {address}, and end the sessions that come from it?"),
    }
}

pub(super) async fn run(daemon: &mut Daemon, request: PurgeRequest) -> Result<Answer, Failure> {
    let counters_alone = request == PurgeRequest::default();
    let of_room = !request.room.is_empty();
    let reply = daemon.ask(async |client| client.purge(request).await).await?;
    let forgot = format!("forgot {}", counted(reply.addresses_forgotten, "address", "addresses"));
    let ended = format!("ended {}", counted(reply.sessions_ended, "session", "sessions"));
    let mut line = match (counters_alone, of_room) {
        (true, _) => forgot,
        (false, true) => ended,
        (false, false) => format!("{forgot}, {ended}"),
    };
    line.push_str("; bans stay in the report");
    let fields =
        Fields { addresses_forgotten: reply.addresses_forgotten, sessions_ended: reply.sessions_ended };
    Ok(Answer::new(&fields, &[line]))
}

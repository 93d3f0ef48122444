//! `chatterctl sessions`

use chatter_proto::admin::session::State;
use chatter_proto::admin::{ListSessionsRequest, Session};
use serde::Serialize;

use super::time;
use crate::failure::Failure;
use crate::output::Answer;
use crate::reach::Daemon;

#[derive(Serialize)]
struct Fields {
    sessions: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    number: u64,
    address: String,
    state: &'static str,
    age_seconds: u64,
    rooms: u64,
    queued_bytes: u64,
    gate: String,
    /// Where it comes by an onion service.
    #[serde(skip_serializing_if = "String::is_empty")]
    circuit: String,
}

pub(super) async fn run(daemon: &mut Daemon) -> Result<Answer, Failure> {
    let sessions =
        daemon.ask(async |client| client.list_sessions(ListSessionsRequest {}).await).await?.sessions;
    let rows: Vec<_> = sessions.iter().map(cells).collect();
    let heading = ["NUMBER", "ADDRESS", "STATE", "AGE", "ROOMS", "QUEUED BYTES", "GATE"];
    let row = |session: Session| Row {
        state: state(&session),
        number: session.number,
        address: session.address,
        age_seconds: session.age_seconds,
        rooms: session.rooms,
        queued_bytes: session.queued_bytes,
        gate: session.gate,
        circuit: session.circuit,
    };
    let fields = Fields { sessions: sessions.into_iter().map(row).collect() };
    Ok(Answer::table(&fields, heading, &rows, "no sessions", &[]))
}

fn cells(session: &Session) -> [String; 7] {
    let gate = if session.gate.is_empty() { "-" } else { session.gate.as_str() };
    [
        session.number.to_string(),
        if session.circuit.is_empty() { &session.address } else { &session.circuit }.clone(),
        state(session).to_owned(),
        time::length(session.age_seconds),
        session.rooms.to_string(),
        session.queued_bytes.to_string(),
        gate.to_owned(),
    ]
}

fn state(session: &Session) -> &'static str {
    match State::try_from(session.state) {
        Ok(State::Opened) => "opened",
        Ok(State::Confirmed) => "confirmed",
        Ok(State::Detached) => "detached",
        // Of a newer daemon.
        Ok(State::Unspecified) | Err(_) => "unknown",
    }
}

//! `chatterctl reload`, and what it says of changes, which `config check` and `watch` say, too.

use chatter_proto::admin::{Change, ReloadRequest};
use serde::Serialize;

use crate::failure::Failure;
use crate::output::Answer;
use crate::reach::Daemon;

#[derive(Serialize)]
pub(super) struct Fields {
    changes: Vec<Row>,
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct Row {
    key: String,
    before: Option<String>,
    after: Option<String>,
    needs_restart: bool,
}

pub(super) async fn run(daemon: &mut Daemon) -> Result<Answer, Failure> {
    let reply = daemon.ask(async |client| client.reload(ReloadRequest {}).await).await?;
    Ok(answer(reply.changes, reply.warnings, "nothing has changed in the settings", "applied"))
}

/// What changed, or would; `done` is the word for what needs no restart.
pub(super) fn answer(changes: Vec<Change>, warnings: Vec<String>, nothing: &str, done: &str) -> Answer {
    let value = |text: &str| if text.is_empty() { "-".to_owned() } else { text.to_owned() };
    let row = |change: &Change| {
        let effect = if change.needs_restart { "at the next start" } else { done };
        [change.key.clone(), effect.to_owned(), value(&change.before), value(&change.after)]
    };
    let rows: Vec<_> = changes.iter().map(row).collect();
    let lines: Vec<_> = warnings.iter().map(|warning| format!("warning: {warning}")).collect();
    let heading = ["KEY", "TAKES EFFECT", "BEFORE", "AFTER"];
    Answer::table(&fields(changes, warnings), heading, &rows, nothing, &lines)
}

pub(super) fn fields(changes: Vec<Change>, warnings: Vec<String>) -> Fields {
    let set = |text: String| Some(text).filter(|text| !text.is_empty());
    let row = |change: Change| Row {
        key: change.key,
        before: set(change.before),
        after: set(change.after),
        needs_restart: change.needs_restart,
    };
    Fields { changes: changes.into_iter().map(row).collect(), warnings }
}

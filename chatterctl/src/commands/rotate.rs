//! `chatterctl rotate [--keep-old TIME | --now]`

use chatter_proto::admin::RotateAccessCodeRequest;
use serde::Serialize;

use super::{counted, time};
use crate::failure::Failure;
use crate::output::Answer;
use crate::reach::Daemon;

#[derive(Serialize)]
struct Fields {
    access_link: String,
    old_until: Option<u64>,
    sessions_ended: u64,
}

/// What is to be confirmed.
pub(super) fn question(keep_old: Option<u64>, now: bool) -> &'static str {
    match (keep_old, now) {
        (_, true) => "End the access code for everybody at once, and the sessions of all who came by it?",
        (Some(_), false) => "Make a new access code for everybody, and end the present one in that time?",
        (None, false) => "Make a new access code for everybody? The present link then lets nobody new in.",
    }
}

pub(super) async fn run(daemon: &mut Daemon, request: RotateAccessCodeRequest) -> Result<Answer, Failure> {
    let now = request.now;
    let reply = daemon.ask(async |client| client.rotate_access_code(request).await).await?;
    let ended = counted(reply.sessions_ended, "session", "sessions");
    let fate = match (reply.old_until, now) {
        (0, true) => format!(
            "The old access code has ended, and {ended} with it: who comes with it meets a file server."
        ),
        (0, false) => {
            "The old access code is retired: who comes with it meets a file server. Whoever is in stays in."
                .to_owned()
        }
        (until, _) => format!(
            "The old access code is good until {}. Then it ends, and with it the sessions of all who came by it.",
            time::point(until)
        ),
    };
    let lines = [
        fate,
        "The new access link; hand it on by a way that you trust, not through this server:".to_owned(),
        String::new(),
        reply.access_link.clone(),
    ];
    let fields = Fields {
        access_link: reply.access_link,
        old_until: Some(reply.old_until).filter(|until| *until > 0),
        sessions_ended: reply.sessions_ended,
    };
    Ok(Answer::new(&fields, &lines))
}

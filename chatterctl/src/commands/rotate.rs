//! `chatterctl rotate`

use chatter_proto::admin::RotateAccessCodeRequest;
use serde::Serialize;

use crate::failure::Failure;
use crate::output::Answer;
use crate::reach::Daemon;

#[derive(Serialize)]
struct Fields {
    access_link: String,
}

pub(super) async fn run(daemon: &mut Daemon) -> Result<Answer, Failure> {
    let access_link = daemon
        .ask(async |client| client.rotate_access_code(RotateAccessCodeRequest {}).await)
        .await?
        .access_link;
    let lines = [
        "The old access code is retired: who comes with it meets a file server. Whoever is in stays in."
            .to_owned(),
        "The new access link; hand it on by a way that you trust, not through this server:".to_owned(),
        String::new(),
        access_link.clone(),
    ];
    Ok(Answer::new(&Fields { access_link }, &lines))
}

//! `chatterctl invite`

use chatter_proto::admin::CreateInviteRequest;
use serde::Serialize;

use crate::failure::Failure;
use crate::output::Answer;
use crate::reach::Daemon;

#[derive(Serialize)]
struct Fields {
    access_link: String,
}

pub(super) async fn run(daemon: &mut Daemon) -> Result<Answer, Failure> {
    let access_link =
        daemon.ask(async |client| client.create_invite(CreateInviteRequest {}).await).await?.access_link;
    let lines = [
        "Whoever has this access link can come in and open rooms (`chatter-client new`), but joins nobody's room without"
            .to_owned(),
        "its own link. Hand it on by a way that you trust. `chatterctl rotate` retires it.".to_owned(),
        String::new(),
        access_link.clone(),
    ];
    Ok(Answer::new(&Fields { access_link }, &lines))
}

//! `chatterctl invite [--qr] [--name NAME [--for TIME]]`

use chatter_proto::admin::{CreateInviteReply, CreateInviteRequest};
use serde::Serialize;

use super::{qr, time};
use crate::failure::Failure;
use crate::output::Answer;
use crate::reach::Daemon;

#[derive(Serialize)]
struct Fields {
    access_link: String,
    name: String,
    made_at: Option<u64>,
    expires_at: Option<u64>,
    already: bool,
}

pub(super) async fn run(
    daemon: &mut Daemon,
    request: CreateInviteRequest,
    drawn: bool,
) -> Result<Answer, Failure> {
    let reply = daemon.ask(async |client| client.create_invite(request).await).await?;
    let mut lines = vec![
        "Whoever has this access link can come in and open rooms (`chatter-client new`), but joins nobody's room without"
            .to_owned(),
        "its own link. Hand it on by a way that you trust.".to_owned(),
    ];
    lines.push(match reply.name.as_str() {
        "" => "`chatterctl rotate` retires it.".to_owned(),
        name => terms(name, &reply),
    });
    lines.push(String::new());
    if drawn {
        lines.extend(qr::lines(&reply.access_link)?);
        lines.push(String::new());
    }
    lines.push(reply.access_link.clone());
    let known = |at: u64| Some(at).filter(|at| *at > 0);
    let fields = Fields {
        made_at: known(reply.made_at),
        expires_at: known(reply.expires_at),
        access_link: reply.access_link,
        name: reply.name,
        already: reply.already,
    };
    Ok(Answer::new(&fields, &lines))
}

fn terms(name: &str, reply: &CreateInviteReply) -> String {
    let until = match reply.expires_at {
        0 => format!("until `chatterctl revoke {name}`"),
        at => format!("until {}, or `chatterctl revoke {name}`", time::point(at)),
    };
    let since = if reply.already { "was there before, and " } else { "" };
    format!("Its code {name} {since}is good {until}; the server can tell who came by it.")
}

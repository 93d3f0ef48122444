//! `chatterctl decoy`

use chatter_proto::admin::ReseedDecoyRequest;
use serde::Serialize;

use crate::args::Decoy;
use crate::failure::Failure;
use crate::output::Answer;
use crate::reach::Daemon;

#[derive(Serialize)]
struct Fields {
    access_link: String,
    carrier_path: String,
    takes_effect: &'static str,
}

pub(super) async fn run(daemon: &mut Daemon, command: &Decoy) -> Result<Answer, Failure> {
    match command {
        Decoy::Reseed => reseed(daemon).await,
    }
}

async fn reseed(daemon: &mut Daemon) -> Result<Answer, Failure> {
    let reply = daemon.ask(async |client| client.reseed_decoy(ReseedDecoyRequest {}).await).await?;
    let lines = [
        "A new directory is drawn. The daemon goes on with the old one until it is restarted.".to_owned(),
        format!(
            "From then on the carrier is {}, every link given out so far is void, rooms' links included,",
            reply.carrier_path
        ),
        "and this is the access link; hand it on by a way that you trust, not through this server:"
            .to_owned(),
        String::new(),
        reply.access_link.clone(),
    ];
    let fields = Fields {
        access_link: reply.access_link,
        carrier_path: reply.carrier_path,
        takes_effect: "at the next start",
    };
    Ok(Answer::new(&fields, &lines))
}

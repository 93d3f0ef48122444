//! `chatterctl health`: for a container engine or a monitor that asks again and again.

use chatter_proto::admin::health::HealthCheckRequest;
use chatter_proto::admin::health::health_check_response::ServingStatus;
use serde::Serialize;

use crate::failure::Failure;
use crate::output::Answer;
use crate::reach::Daemon;

#[derive(Serialize)]
struct Fields {
    serving: bool,
}

pub(super) async fn run(daemon: &mut Daemon) -> Result<Answer, Failure> {
    // The empty name stands for the daemon as a whole.
    let request = HealthCheckRequest { service: String::new() };
    let reply = daemon.ask_health(async |client| client.check(request).await).await?;
    if reply.status() == ServingStatus::Serving {
        return Ok(Answer::new(&Fields { serving: true }, &["serving".to_owned()]));
    }
    Err(Failure::Silent("it is there, but its relay hangs".to_owned()))
}

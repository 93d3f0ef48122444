//! `chatterctl shutdown`

use chatter_proto::admin::ShutdownRequest;
use serde::Serialize;

use crate::failure::Failure;
use crate::output::Answer;
use crate::reach::Daemon;

#[derive(Serialize)]
struct Fields {
    stopping: bool,
}

pub(super) async fn run(daemon: &mut Daemon) -> Result<Answer, Failure> {
    daemon.ask(async |client| client.shutdown(ShutdownRequest {}).await).await?;
    Ok(Answer::new(&Fields { stopping: true }, &["chatterd is shutting down".to_owned()]))
}

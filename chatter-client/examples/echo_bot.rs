//! Answers whoever says something that begins with its name: `echo: hi` is answered by `anna: hi`. Ctrl-C ends it.
//!
//! ```text
//! cargo run -p chatter-client --example echo_bot -- link.txt
//! ```
//!
//! The link stands in a file: arguments show in `ps`.

use std::error::Error;
use std::path::Path;

use chatter_client::exit::Outcome;
use chatter_client::{Notice, Options, link, start};
use chatter_protocol::ids::Nickname;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args_os().nth(1).ok_or("usage: echo_bot FILE (which holds a room link)")?;
    let text = link::read(Path::new(&file)).map_err(|(_, why)| why)?;
    let room = link::parse(text.expose()).map_err(|(_, why)| why)?.into_room()?;
    let (handle, mut notices) = start(Options::join(room, Nickname::parse("echo")?))?;
    while let Some(told) = notices.next().await {
        if let Notice::Message { from, text } = &told.notice
            && let Some(said) = text.strip_prefix("echo:")
        {
            handle.say(format!("{from}: {}", said.trim())).await;
        }
        if let Notice::Finished(outcome) = told.notice {
            return match outcome {
                Outcome::Left => Ok(()),
                Outcome::Interrupted | Outcome::Failed(_) => Err(format!("it ended: {outcome:?}").into()),
            };
        }
    }
    Err("the client stopped without a last word".into())
}

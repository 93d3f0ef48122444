//! The commands, one file each: asks the daemon one thing and puts the answer into words and fields.
//!
//! **In** a parsed command. **Out** an [`Answer`]. **Never** printing. The fields are an interface: `tests/commands.rs`
//! pins them.

mod bans;
mod decoy;
mod health;
mod invite;
mod ips;
mod purge;
mod rooms;
mod rotate;
mod sessions;
mod status;
mod time;

use std::time::Duration;

use chatter_proto::admin::PurgeRequest;

use crate::args::{Arguments, Command};
use crate::failure::Failure;
use crate::output::Answer;
use crate::reach::Daemon;

/// Carries out one command.
pub(crate) async fn run(arguments: &Arguments) -> Result<Answer, Failure> {
    let timeout = Duration::from_secs(arguments.timeout.into());
    let mut daemon = Daemon::find(arguments.socket.as_deref(), timeout).await?;
    match &arguments.command {
        Command::Status => status::run(&mut daemon).await,
        Command::Health => health::run(&mut daemon).await,
        Command::Ips => ips::run(&mut daemon).await,
        Command::Sessions => sessions::run(&mut daemon).await,
        Command::Rooms => rooms::run(&mut daemon).await,
        Command::Purge { address, room, everything } => {
            let text = |option: &Option<String>| option.as_deref().unwrap_or_default().trim().to_owned();
            let request = PurgeRequest { everything: *everything, address: text(address), room: text(room) };
            purge::run(&mut daemon, request).await
        }
        Command::Rotate => rotate::run(&mut daemon).await,
        Command::Invite => invite::run(&mut daemon).await,
        Command::Decoy { command } => decoy::run(&mut daemon, command).await,
        Command::Bans { command } => bans::run(&mut daemon, command.as_ref()).await,
    }
}

/// `1 address`, `2 addresses`.
fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

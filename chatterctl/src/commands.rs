//! The commands, one file each: asks the daemon one thing and puts the answer into words and fields.
//!
//! **In** a parsed command. **Out** an [`Answer`]. **Never** printing. The fields are an interface: `tests/commands.rs`
//! pins them.

mod bans;
mod health;
mod invite;
mod ips;
mod purge;
mod rotate;
mod sessions;
mod status;
mod time;

use std::time::Duration;

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
        Command::Purge { everything } => purge::run(&mut daemon, *everything).await,
        Command::Rotate => rotate::run(&mut daemon).await,
        Command::Invite => invite::run(&mut daemon).await,
        Command::Bans { command } => bans::run(&mut daemon, command.as_ref()).await,
    }
}

/// `1 address`, `2 addresses`.
fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

fn yes(flag: bool, word: &str) -> Option<&str> {
    flag.then_some(word)
}

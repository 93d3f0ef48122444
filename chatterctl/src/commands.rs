//! The commands, one file each: asks the daemon one thing and puts the answer into words and fields.
//!
//! **In** a parsed command. **Out** an [`Answer`], or one after the other while it watches. **Never** printing. The fields are an interface: `tests/commands/`
//! pins them.

mod bans;
mod config;
mod decoy;
mod doctor;
mod documents;
mod health;
mod invite;
mod invites;
mod ips;
mod kick;
mod onion;
mod purge;
mod qr;
mod reload;
mod revoke;
mod rooms;
mod rotate;
mod sessions;
mod shutdown;
mod status;
mod time;
mod watch;

use std::time::Duration;

use chatter_proto::admin::{CreateInviteRequest, PurgeRequest, RotateAccessCodeRequest};

use crate::args::{Arguments, Command, Here};
use crate::failure::Failure;
use crate::output::{self, Answer, Format};
use crate::reach::Daemon;

/// Carries out one command.
pub(crate) async fn run(arguments: &Arguments, format: Format) -> Result<Answer, Failure> {
    if let Command::Here(here) = &arguments.command {
        return by_itself(arguments, here).await;
    }
    if let Command::Onion { tor, command } = &arguments.command {
        return onion::run(arguments, tor, command, format).await;
    }
    let timeout = Duration::from_secs(arguments.timeout.into());
    let mut daemon = Daemon::find(arguments.socket.as_deref(), timeout).await?;
    match &arguments.command {
        Command::Here(here) => by_itself(arguments, here).await,
        Command::Onion { tor, command } => onion::run(arguments, tor, command, format).await,
        Command::Status { watch: false, .. } => status::run(&mut daemon).await,
        Command::Status { watch: true, every } => watch::figures(&mut daemon, *every, format).await,
        Command::Watch { every } => watch::run(&mut daemon, *every, format).await,
        Command::Health => health::run(&mut daemon).await,
        Command::Ips => ips::run(&mut daemon).await,
        Command::Sessions => sessions::run(&mut daemon).await,
        Command::Rooms => rooms::run(&mut daemon).await,
        Command::Kick { number } => kick::run(&mut daemon, *number).await,
        Command::Reload => reload::run(&mut daemon).await,
        Command::Shutdown { yes } => {
            confirm(*yes, "End the daemon, and everybody's session?")?;
            shutdown::run(&mut daemon).await
        }
        Command::Config { command } => config::run(&mut daemon, command).await,
        Command::Purge { address, room, everything, yes } => {
            let text = |option: &Option<String>| option.as_deref().unwrap_or_default().trim().to_owned();
            let request = PurgeRequest { everything: *everything, address: text(address), room: text(room) };
            if request != PurgeRequest::default() {
                confirm(*yes, &purge::question(&request))?;
            }
            purge::run(&mut daemon, request).await
        }
        Command::Rotate { keep_old, now, yes } => {
            confirm(*yes, rotate::question(*keep_old, *now))?;
            rotate::run(&mut daemon, RotateAccessCodeRequest { keep_old_seconds: *keep_old, now: *now }).await
        }
        Command::Invite { qr, name, length, https, pin, host } => {
            let name = name.as_deref().map(named).transpose()?.unwrap_or_default();
            let text = |option: &Option<String>| option.clone().unwrap_or_default();
            let (https_host, pin) = (text(https), text(pin));
            let request =
                CreateInviteRequest { name, for_seconds: *length, https_host, pin, host: text(host) };
            invite::run(&mut daemon, request, *qr).await
        }
        Command::Invites => invites::run(&mut daemon).await,
        Command::Revoke { name } => revoke::run(&mut daemon, named(name)?).await,
        Command::Decoy { command } => decoy::run(&mut daemon, command).await,
        Command::Bans { command } => bans::run(&mut daemon, command.as_ref()).await,
    }
}

/// Asks where somebody is there to answer; scripts are not asked.
fn confirm(yes: bool, question: &str) -> Result<(), Failure> {
    if yes || !output::can_ask() || output::ask(question) { Ok(()) } else { Err(Failure::Declined) }
}

/// What needs no daemon, or tells why there is none.
async fn by_itself(arguments: &Arguments, here: &Here) -> Result<Answer, Failure> {
    match here {
        Here::Doctor(doctor) => doctor::run(arguments, doctor).await,
        Here::Completions { shell } => Ok(documents::completions(*shell)),
        Here::Man { folder } => documents::man(folder),
    }
}

/// No name at all would mean the code for everybody.
fn named(text: &str) -> Result<String, Failure> {
    let name = text.trim();
    if name.is_empty() {
        return Err(Failure::usage("the access code's name is empty"));
    }
    Ok(name.to_owned())
}

/// `1 address`, `2 addresses`.
fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

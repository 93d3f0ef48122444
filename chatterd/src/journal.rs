//! The log: where it goes, how much of it, and the one line that names an address.
//!
//! **In** the setting `log`, `$JOURNAL_STREAM`, tracing's events. **Out** the journal where systemd connected us to it,
//! stderr elsewhere. **Never** stdout; never an address, nickname, room or text but in [`ban`], which fail2ban reads
//! (`fail2ban/filter.d/chatterd.conf`; a test holds them together). For the same reason no other program's part speaks
//! below WARN, whatever the level.

use std::io::{self, IsTerminal as _};
use std::os::fd::AsFd as _;

use tracing::level_filters::LevelFilter;
use tracing::{Subscriber, info};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer, Registry, fmt, reload};

use crate::config::Environment;
use crate::ledger::NewBan;

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Twice.
    #[error("the log was started before")]
    Started,
}

/// An address is now in the report. The only line that holds one.
pub fn ban(ban: &NewBan) {
    info!(
        target: BAN,
        address = %ban.address,
        packets = ban.packets,
        reason = %ban.reason,
        "ban {}", ban.address
    );
}

const BAN: &str = "ban";
const OURS: [&str; 2] = ["chatterd", "chatter_protocol"];
/// Journal fields are called CHATTERD_PACKETS and so on.
const FIELD_PREFIX: &str = "CHATTERD";

/// How much the log says, to be changed while it is written.
#[derive(Clone, Debug)]
pub struct Volume(reload::Handle<Targets, Registry>);

impl Volume {
    /// Says as much as this from now on.
    pub fn set(&self, level: LevelFilter) {
        // It fails where there is no log any more.
        let _ = self.0.reload(filter(level));
    }
}

/// Starts the log of this process.
///
/// # Errors
/// Where there is one.
pub fn start(level: LevelFilter, environment: &Environment) -> Result<Volume, JournalError> {
    let (filter, volume) = reload::Layer::new(filter(level));
    let journald = is_journal(environment).then(tracing_journald::layer).and_then(Result::ok);
    let registry = tracing_subscriber::registry();
    let started = match journald {
        Some(journald) => registry
            .with(journald.with_field_prefix(Some(FIELD_PREFIX.to_owned())).with_filter(filter))
            .try_init(),
        None => {
            let colour = io::stderr().is_terminal() && environment.var("NO_COLOR").is_none();
            registry.with(lines(io::stderr, colour).with_filter(filter)).try_init()
        }
    };
    started.map_err(|_| JournalError::Started)?;
    Ok(Volume(volume))
}

fn filter(level: LevelFilter) -> Targets {
    let others = level.min(LevelFilter::WARN);
    // Whatever is switched off: fail2ban must go on seeing bans.
    Targets::new()
        .with_default(others)
        .with_targets(OURS.map(|target| (target, level)))
        .with_target(BAN, LevelFilter::INFO)
}

fn lines<S, W>(writer: W, colour: bool) -> impl Layer<S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    W: for<'writer> MakeWriter<'writer> + 'static,
{
    // Nobody hears of a stderr that is gone; a panic over it would end the daemon.
    fmt::layer().with_writer(writer).with_ansi(colour).log_internal_errors(false)
}

/// systemd names the device and inode of the stream that it connected; stderr may have been sent elsewhere since.
fn is_journal(environment: &Environment) -> bool {
    let Some(stream) = environment.var("JOURNAL_STREAM").and_then(|stream| stream.to_str()) else {
        return false;
    };
    let Ok(stderr) = nix::sys::stat::fstat(io::stderr().as_fd()) else { return false };
    stream == format!("{}:{}", stderr.st_dev, stderr.st_ino)
}

#[cfg(test)]
mod tests;

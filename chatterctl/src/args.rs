//! The command line, as clap's tree.
//!
//! **In** the program's arguments. **Out** [`Arguments`]. **Never** a secret: arguments show in `ps`.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// See and steer a running chatterd.
#[derive(Debug, Parser)]
#[command(name = "chatterctl", version, after_help = NOTES, max_term_width = 100)]
pub(crate) struct Arguments {
    /// The daemon's admin socket [default: the first of the usual places where a daemon answers]
    #[arg(long, global = true, value_name = "PATH", env = "CHATTERD_ADMIN_SOCKET", hide_env_values = true)]
    pub(crate) socket: Option<PathBuf>,

    /// Answer with one JSON object, errors included
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// How long to wait for the daemon's answer
    #[arg(long, global = true, value_name = "SECONDS", default_value = "10", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) timeout: u32,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// What the daemon is and how busy it is
    Status,
    /// Whether the daemon is there and its relay works: exit code 0, else 3
    Health,
    /// Every address that the daemon knows at this moment, and why
    Ips,
    /// The sessions that exist, without anything that says who talks to whom
    Sessions,
    /// Forget knock counters, and addresses neither banned nor in use
    Purge {
        /// End all sessions and rooms, too; bans stay in the report
        #[arg(long)]
        everything: bool,
    },
    /// Retire the access code and print the link of a new one; whoever is in stays in
    Rotate,
    /// Print the access link that lets people in
    Invite,
    /// The ban report: see it, add to it, take out of it
    #[command(args_conflicts_with_subcommands = true)]
    Bans {
        #[command(subcommand)]
        command: Option<Bans>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Bans {
    /// Show the ban report (what `bans` alone does)
    List,
    /// Put an address into the report
    Add {
        /// An IPv4 address, or an IPv6 address, which stands for its network of 64 bits
        #[arg(value_name = "ADDRESS")]
        address: String,
    },
    /// Take an address out of the report
    Lift {
        /// An IPv4 address, or an IPv6 address, which stands for its network of 64 bits
        #[arg(value_name = "ADDRESS")]
        address: String,
    },
}

const NOTES: &str = "\
Examples:
  chatterctl status
  chatterctl invite | tail -n 1            the access link alone
  chatterctl bans add 203.0.113.9
  chatterctl bans --json | jq -r '.bans[].address'
  chatterctl --socket /run/chatterd/admin.sock sessions

Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 no daemon answers.";

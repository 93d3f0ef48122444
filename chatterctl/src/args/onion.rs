//! The command line of `onion`.

use std::net::SocketAddr;
use std::path::PathBuf;

use chatter_tor_control::Place;
use clap::{Args, Subcommand};

use super::examples;

/// Which tor, and which of its services.
#[derive(Debug, Clone, Args)]
pub(crate) struct Tor {
    /// Tor's control port: a path, or an address and port [default: /run/tor/control, else 127.0.0.1:9051]
    #[arg(long, global = true, value_name = "PLACE")]
    pub(crate) control: Option<Place>,

    /// The control port's cookie [default: where tor says that it is]
    #[arg(long, global = true, value_name = "FILE", conflicts_with = "password_file")]
    pub(crate) cookie_file: Option<PathBuf>,

    /// A file with the control port's password, in place of a cookie
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,

    /// The folder in which tor keeps the service's key; made by tor if there is none
    #[arg(long, global = true, value_name = "FOLDER", default_value = "/var/lib/tor/chatterd")]
    pub(crate) key_dir: PathBuf,

    /// How long to wait for tor and its network
    #[arg(long, global = true, value_name = "SECONDS", default_value = "180", value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub(crate) wait: u32,
}

#[derive(Debug, Clone, Subcommand)]
pub(crate) enum Onion {
    /// Publish the daemon as an onion service, wait until that is known in the network, and print the access link
    #[command(after_help = examples::ONION)]
    Publish(Publish),
    /// Publish at once what another host with the same key published until now: new clients come here
    #[command(after_help = examples::ONION)]
    TakeOver(Publish),
    /// Whether it is published: exit code 0, else 1
    #[command(after_help = examples::ONION)]
    Status,
    /// Take it off the network; whoever is in stays until the circuit ends, and the key stays unless --erase
    #[command(after_help = examples::ONION)]
    Withdraw {
        /// Delete its key as well: the address is lost for good
        #[arg(long)]
        erase: bool,

        /// Don't ask
        #[arg(long, short)]
        yes: bool,
    },
    /// Let a reader in by a key of his own, printed once; from the first on, nobody without one finds the service
    #[command(after_help = examples::ONION)]
    Authorize {
        /// 1 to 32 of a-z, A-Z, 0-9 and -_
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Take a reader's key back; with the last one everybody finds the service again
    #[command(after_help = examples::ONION)]
    Revoke {
        /// As `chatterctl onion readers` shows it
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// The readers that have keys
    #[command(after_help = examples::ONION)]
    Readers,
}

/// Of `publish` and `take-over`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Publish {
    /// The port of the onion service
    #[arg(long, value_name = "PORT", default_value = "80", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) port: u16,

    /// Where tor connects to: unix:PATH or an address and port [default: what the daemon has for this host]
    #[arg(long, value_name = "PLACE")]
    pub(crate) target: Option<Place>,

    /// Which of the daemon's `tor` entrances this is, where it has several
    #[arg(long, value_name = "NAME")]
    pub(crate) host: Option<String>,

    /// Keep the key in memory alone: --key-dir has to lie in a tmpfs, and the key is deleted by withdrawing
    #[arg(long)]
    pub(crate) ephemeral: bool,

    /// Have clients prove work when many come at once; takes a tor that can (tor --list-modules)
    #[arg(long)]
    pub(crate) pow: bool,

    /// Try whether it can be reached, through this SOCKS port of some tor
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) socks: Option<SocketAddr>,

    /// Stay, publish anew whenever tor forgets it (a restart, a reload), and withdraw it at the end
    #[arg(long, conflicts_with = "print_torrc")]
    pub(crate) stay: bool,

    /// Change nothing: print what belongs into torrc instead
    #[arg(long)]
    pub(crate) print_torrc: bool,
}

//! The command line, as clap's tree.
//!
//! **In** the program's arguments. **Out** [`Arguments`]. **Never** a secret: arguments show in `ps`.

mod examples;
pub(crate) mod onion;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

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
    #[command(after_help = examples::STATUS)]
    Status {
        /// Show it anew whenever it changes, until Ctrl-C; with --json an object a line
        #[arg(long)]
        watch: bool,

        /// With --watch: how often to look
        #[arg(long, value_name = "SECONDS", default_value = "1", requires = "watch", value_parser = clap::value_parser!(u32).range(1..=3600))]
        every: u32,
    },
    /// What happens, as it happens, until Ctrl-C: bans, sessions, access codes, figures; nothing that says who talks to whom
    #[command(after_help = examples::WATCH)]
    Watch {
        /// How often to tell figures, where they changed
        #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = clap::value_parser!(u32).range(1..=3600))]
        every: u32,
    },
    /// Whether the daemon is there and its relay works: exit code 0, else 3
    #[command(after_help = examples::HEALTH)]
    Health,
    /// Every address that the daemon knows at this moment, and why
    #[command(after_help = examples::IPS)]
    Ips,
    /// The sessions that exist, without anything that says who talks to whom
    #[command(after_help = examples::SESSIONS)]
    Sessions,
    /// The rooms with somebody in them, without anything that says who
    #[command(after_help = examples::ROOMS)]
    Rooms,
    /// End one session; its member is told that the operator ended it
    #[command(after_help = examples::KICK)]
    Kick {
        /// As `chatterctl sessions` shows it
        #[arg(value_name = "NUMBER")]
        number: u64,
    },
    /// Let the daemon read its settings anew; applies what needs no restart, all of it or nothing
    #[command(after_help = examples::RELOAD)]
    Reload,
    /// End the daemon, as SIGTERM does; asks first on a terminal
    #[command(after_help = examples::SHUTDOWN)]
    Shutdown {
        /// Don't ask
        #[arg(long, short)]
        yes: bool,
    },
    /// The daemon's settings
    #[command(after_help = examples::CONFIG)]
    Config {
        #[command(subcommand)]
        command: Config,
    },
    /// Forget knock counters and addresses neither banned nor in use, or more; bans stay in the report. Asks first on a
    /// terminal where it ends sessions
    #[command(after_help = examples::PURGE)]
    Purge {
        /// Forget this address's counter, and end the sessions that come from it
        #[arg(long, value_name = "ADDRESS", group = "what")]
        address: Option<String>,

        /// End the sessions of all who are in this room: its id as `chatterctl rooms` shows it, or its beginning
        #[arg(long, value_name = "ID", group = "what", value_parser = clap::builder::NonEmptyStringValueParser::new())]
        room: Option<String>,

        /// End all sessions and rooms, and forget the counters
        #[arg(long, group = "what")]
        everything: bool,

        /// Don't ask
        #[arg(long, short)]
        yes: bool,
    },
    /// Make a new access code for everybody and print its link; the old one lets nobody new in, and whoever is in stays in. Asks
    /// first on a terminal
    #[command(after_help = examples::ROTATE)]
    Rotate {
        /// Let the old code be good for so long still, as 90s, 10m, 12h or 7d; then it ends, and all who came by it with it
        #[arg(long, value_name = "TIME", value_parser = seconds, conflicts_with = "now")]
        keep_old: Option<u64>,

        /// End the old code at once, and the sessions of all who came by it
        #[arg(long)]
        now: bool,

        /// Don't ask
        #[arg(long, short)]
        yes: bool,
    },
    /// Print the access link that lets people in
    #[command(after_help = examples::INVITE)]
    Invite {
        /// Draw it as a QR code, too, for a telephone's camera
        #[arg(long)]
        qr: bool,

        /// By an access code of this name, which can be revoked alone; made if there is none. The server can tell by which code somebody came
        #[arg(long, value_name = "NAME")]
        name: Option<String>,

        /// How long the named code is good for from now on, as 90s, 10m, 12h or 7d; 0: until it is revoked
        #[arg(long = "for", value_name = "TIME", value_parser = seconds, requires = "name")]
        length: Option<u64>,

        /// For a front end that speaks HTTPS there, whatever the setting public-host says
        #[arg(long, value_name = "HOST[:PORT]")]
        https: Option<String>,

        /// The key that the front end shows, and no other: the SHA-256 of its public key, in hexadecimal digits. Without it the
        /// readers' own verifiers decide
        #[arg(long, value_name = "SHA256")]
        pin: Option<String>,

        /// With another name of the server in place of public-host, such as an onion service's
        #[arg(long, value_name = "HOST[:PORT]", conflicts_with_all = ["https", "pin"])]
        host: Option<String>,
    },
    /// The access codes: names, times, and how many came by each; nothing that lets anybody in
    #[command(visible_alias = "gates", after_help = examples::INVITES)]
    Invites,
    /// End a named access code, and the sessions of all who came by it
    #[command(after_help = examples::REVOKE)]
    Revoke {
        /// As `chatterctl invites` shows it
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// The directory that strangers see
    #[command(after_help = examples::DECOY)]
    Decoy {
        #[command(subcommand)]
        command: Decoy,
    },
    /// The daemon as an onion service of tor: publish it, take it over, let readers in
    #[command(after_help = examples::ONION)]
    Onion {
        #[command(flatten)]
        tor: onion::Tor,

        #[command(subcommand)]
        command: onion::Onion,
    },
    #[command(flatten)]
    Here(Here),
    /// The ban report: see it, add to it, take out of it
    #[command(args_conflicts_with_subcommands = true, after_help = examples::BANS)]
    Bans {
        #[command(subcommand)]
        command: Option<Bans>,
    },
}

/// What needs no daemon, or tells why there is none.
#[derive(Debug, Subcommand)]
pub(crate) enum Here {
    /// What is wrong or risky about this installation, and what to do: exit code 0 nothing or notes, 4 warnings, 5 problems
    #[command(after_help = examples::DOCTOR)]
    Doctor(Doctor),
    /// Print what a shell needs to complete chatterctl's words
    #[command(after_help = examples::COMPLETIONS)]
    Completions {
        #[arg(value_enum)]
        shell: Shell,
    },
    /// Write manual pages, one for each command, into a folder
    #[command(hide = true)]
    Man {
        #[arg(value_name = "FOLDER")]
        folder: PathBuf,
    },
}

/// Of `doctor`.
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// The daemon's settings, which tell where the decoy's directory is: it is then compared with a `python3 -m http.server` that
    /// runs on it, at the loopback, for a moment
    #[arg(long, value_name = "FILE", default_value = CONFIG_DEFAULT)]
    pub(crate) config: PathBuf,
}

/// The daemon's settings, as packages and the unit have them.
pub(crate) const CONFIG_DEFAULT: &str = "/etc/chatterd/chatterd.toml";

/// Shells that can complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shell {
    Bash,
    Zsh,
    Fish,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// What a reload would change, and what is risky about the settings, without changing anything
    #[command(after_help = examples::CONFIG)]
    Check,
    /// The settings that hold, and which of them take a restart to change
    #[command(after_help = examples::CONFIG)]
    Show,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Decoy {
    /// Draw the generated directory anew, for the daemon's next start; every link given out so far is void from then on
    #[command(after_help = examples::DECOY)]
    Reseed,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Bans {
    /// Show the ban report (what `bans` alone does)
    #[command(after_help = examples::BANS)]
    List,
    /// Put an address into the report
    #[command(after_help = examples::BANS)]
    Add {
        /// An IPv4 address, or an IPv6 address, which stands for its network of 64 bits
        #[arg(value_name = "ADDRESS")]
        address: String,

        /// How long, as 90s, 30m, 12h or 7d; 0: until it is lifted [default: the daemon's ban.for]
        #[arg(long = "for", value_name = "TIME", value_parser = seconds)]
        length: Option<u64>,
    },
    /// Print the report for other programs: each format is complete, and applying it twice changes nothing
    #[command(after_help = examples::BANS)]
    Export {
        /// What is to read it
        #[arg(long, value_enum, default_value = "seed")]
        format: ReportFormat,

        /// Of packet filters: close this port alone to the banned, not the whole machine
        #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
        port: Option<u16>,
    },
    /// Take an address out of the report
    #[command(after_help = examples::BANS)]
    Lift {
        /// An IPv4 address, or an IPv6 address, which stands for its network of 64 bits
        #[arg(value_name = "ADDRESS")]
        address: String,
    },
}

/// What an exported report is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// report.txt as the daemon writes it
    Seed,
    /// One object, as `bans list --json` prints
    Json,
    /// A table with a heading
    Csv,
    /// Commands for a shell: ufw
    Ufw,
    /// A file for `nft -f -`, in which bans end by themselves
    Nftables,
    /// Commands for a shell: iptables and ip6tables, a chain of their own
    Iptables,
}

/// A length of time in seconds.
fn seconds(text: &str) -> Result<u64, String> {
    let (digits, unit) = match text.char_indices().last() {
        Some((at, 's')) => (&text[..at], 1),
        Some((at, 'm')) => (&text[..at], 60),
        Some((at, 'h')) => (&text[..at], 3600),
        Some((at, 'd')) => (&text[..at], 86_400),
        _ => (text, 1),
    };
    let count: Option<u64> = digits.parse().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()));
    count
        .and_then(|count| count.checked_mul(unit))
        .ok_or_else(|| "write it as 90s, 30m, 12h, 7d, or 0 for no end".to_owned())
}

const NOTES: &str = "\
Examples:
  chatterctl status
  chatterctl invite | tail -n 1            the access link alone
  chatterctl invite --name ben --for 7d    one for ben, good for a week
  chatterctl bans add 203.0.113.9 --for 7d
  chatterctl bans export --format nftables | nft -f -
  chatterctl bans --json | jq -r '.bans[].address'
  chatterctl --socket /run/chatterd/admin.sock sessions
  chatterctl onion publish
  ssh -N -L /tmp/chatter.sock:/run/chatterd/admin.sock root@chat.example.org &
  chatterctl --socket /tmp/chatter.sock status

Colour appears on terminals alone, and never with NO_COLOR.

Exit codes: 0 done, 1 refused, failed or not confirmed, 2 wrong usage, 3 no daemon answers,
4 your user has no right to this; of doctor: 0 nothing or notes, 4 warnings, 5 problems.";

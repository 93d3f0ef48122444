//! The command line.
//!
//! **In** the program's arguments. **Out** what to measure, how often and how long. **Never** an unbounded run.

use std::path::PathBuf;
use std::time::Duration;

use chatter_protocol::limits::ROOM_MEMBERS_MAX;
use clap::{Parser, ValueEnum};

/// Measure what chatterd costs: deliveries per second and CPU second, memory per idle member, single steps.
#[derive(Clone, Debug, Parser)]
#[command(name = "chatter-bench", version, after_help = EXAMPLES, max_term_width = 100)]
pub(crate) struct Arguments {
    /// What to measure [default: all]
    #[arg(value_name = "PART")]
    parts: Vec<Part>,

    /// Few and short runs that take seconds and say little: does it still work?
    #[arg(long)]
    pub(crate) quick: bool,

    /// How often each figure is taken [default: 5, idle 1, --quick 1]
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=50))]
    runs: Option<u8>,

    /// How long each run of `relay` speaks [default: 3, --quick 0.3]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    seconds: Option<Duration>,

    /// Members of the rooms of `relay`, the speaker included
    #[arg(long, value_name = "N,…", value_delimiter = ',', default_value = "10,100",
          value_parser = clap::value_parser!(u16).range(2..=ROOM_MEMBERS_MAX as i64))]
    pub(crate) members: Vec<u16>,

    /// Messages of `relay` that may be under way, not yet with everybody
    #[arg(long, value_name = "N,…", value_delimiter = ',', default_value = "1,16",
          value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) windows: Vec<u16>,

    /// The server to measure [default: the chatterd beside this program]
    #[arg(long, value_name = "FILE")]
    pub(crate) chatterd: Option<PathBuf>,

    /// Of `latency`: go to the server whose access link is this file's first line, not to one of its own
    #[arg(long, value_name = "FILE")]
    pub(crate) link: Option<PathBuf>,

    /// With --link: by this proxy, through Tor for instance, each member as somebody else to it
    #[arg(long, value_name = "URL", requires = "link")]
    pub(crate) proxy: Option<String>,

    /// Keep the server to the first core and the members to the second: steadier, and one core's worth
    #[arg(long)]
    pub(crate) pin: bool,
}

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// One speaks, the others hear: deliveries per second and per CPU second of the server
    Relay,
    /// A thousand members who say nothing: bytes of the server's memory for each
    Idle,
    /// How long a message takes and how much goes up, near the daemon and over a round trip of 100 ms
    Latency,
    /// One stranger downloads: bytes per second of the generated carrier and of a real file of its size
    Carrier,
    /// Banned addresses knock as fast as they can while ten members talk, with ban.refuse on: CPU per refusal, latency
    Refuse,
    /// Cookies that look like tokens and are none, beside other cookies, with one access code and with all that may be: CPU
    Tokens,
    /// Single steps of the protocol, in this process
    Micro,
    /// Strangers' requests, beside Python and nginx: requests per second, CPU seconds per 10,000
    Decoy,
    /// Whether the time of an answer tells what the request's cookie held
    Pace,
    /// Connections begun at the same instant, beside Python
    Burst,
}

const EXAMPLES: &str = "\
Examples:
  cargo build --release -p chatterd -p chatter-bench
      first of all: a debug build measures the compiler's laziness
  target/release/chatter-bench
      everything, in some minutes
  target/release/chatter-bench relay --pin --members 100 --windows 1 --runs 10
      one figure, often
  target/release/chatter-bench --quick
      does it still work? In seconds
  target/release/chatter-bench latency --link link.txt --proxy socks5h://127.0.0.1:9050
      a server that runs already, an onion service for instance

Figures are shown as least / median / most of all runs. CPU seconds are user and system time of the server
process. Other work on the machine makes the same thing up to twice as dear: compare only what ran in turn
within the same minutes, and trust deliveries per CPU second more than deliveries per second, where the
members, who run on the same machine, may be the slower end.

What is sent: Publish frames whose body has the size that a text of 100 bytes is sealed to, with one wrap of
88 bytes for each member, both of random bytes: the relay can't tell. Everything below that is real: the
daemon, TCP over loopback, openings, records, requests upwards, acknowledgements. Every member checks that
each message comes once, in order and with his own wrap; a run in which one does not fails.

Exit codes: 0 measured, 1 something failed, 2 wrong arguments. No figure makes it fail.";

impl Arguments {
    pub(crate) fn parts(&self) -> Vec<Part> {
        if self.parts.is_empty() { Part::value_variants().to_vec() } else { self.parts.clone() }
    }

    /// How often, where it is usually `usually`.
    pub(crate) fn runs(&self, usually: u8) -> u8 {
        self.runs.unwrap_or(if self.quick { 1 } else { usually })
    }

    pub(crate) fn speaking_time(&self) -> Duration {
        self.seconds.unwrap_or(Duration::from_millis(if self.quick { 300 } else { 3000 }))
    }

    pub(crate) fn summary(&self) -> String {
        let pinned = if self.pin { "server on core 0, members on core 1" } else { "not pinned to cores" };
        let built =
            if cfg!(debug_assertions) { "; THIS IS A DEBUG BUILD, its figures mean nothing" } else { "" };
        format!("least / median / most of all runs; {pinned}{built}")
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| format!("{text:?} is not a number"))?;
    if (0.05..=60.0).contains(&seconds) {
        Ok(Duration::from_secs_f64(seconds))
    } else {
        Err("a run speaks for 0.05 to 60 seconds".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
        let parse = |arguments: &[&str]| Arguments::try_parse_from([&["chatter-bench"], arguments].concat());
        let quick = parse(&["--quick", "idle"]).unwrap();
        assert_eq!((quick.parts(), quick.runs(5)), (vec![Part::Idle], 1));
        let all = parse(&["--runs", "7", "--seconds", "0.5"]).unwrap();
        assert_eq!(
            (all.parts().len(), all.runs(5), all.speaking_time()),
            (Part::value_variants().len(), 7, Duration::from_millis(500))
        );
        for wrong in [["--members", "1"], ["--seconds", "0"], ["--runs", "0"], ["--windows", "0"]] {
            parse(&wrong).unwrap_err();
        }
    }
}

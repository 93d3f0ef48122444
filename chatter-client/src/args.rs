//! The command line.
//!
//! **In** arguments. **Out** [`Args`], or a usage error. **Never** a secret that could have been asked for instead: a
//! link may be left out.

use std::path::PathBuf;

use clap::{ArgGroup, Args as ClapArgs, Parser, Subcommand};

use chatter_protocol::chaff::Chaff;

use crate::console::Style;
use crate::exit::EXIT_CODES_HELP;

/// Chat in rooms that look like a forgotten file server from outside.
#[derive(Debug, Parser)]
#[command(name = "chatter-client", version, after_help = EXAMPLES, after_long_help = after_long_help())]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub action: Action,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Make a room and enter it; prints the link that lets others in
    New {
        /// Access link, as the server's operator gave it to you (chatter://…/#chatter1…); asked for if left out
        link: Option<String>,
        /// What the room's link shall call it (the server never learns it)
        #[arg(long, value_name = "NAME", default_value = "")]
        room: String,
        /// As whom, and how to write.
        #[command(flatten)]
        common: Common,
    },
    /// Enter a room
    Join {
        /// Room link, as a member gave it to you (chatter://…/…#chatter1….room1…); asked for if left out
        link: Option<String>,
        /// As whom, and how to write.
        #[command(flatten)]
        common: Common,
    },
    /// Say one thing to whoever is in a room, and leave
    Send {
        /// Room link (asked for if left out) and what to say
        #[arg(value_names = ["ROOM LINK", "TEXT"], num_args = 1..=2, required = true)]
        link_and_text: Vec<String>,
        /// As whom, and how to write.
        #[command(flatten)]
        common: Common,
    },
}

/// What every action takes.
#[derive(Debug, ClapArgs)]
#[command(group = ArgGroup::new("style").args(["plain", "json"]))]
pub struct Common {
    /// What you are called in the room; asked for on a terminal
    #[arg(long, value_name = "NAME")]
    pub nick: Option<String>,
    /// What is sent to hide when you and others speak: none, usual, or constant (a request and a record of one length
    /// every second, for which each line waits)
    #[arg(long, value_name = "HOW MUCH", default_value_t)]
    pub chaff: Chaff,
    /// Write a JSON object per line to stdout for everything that happens
    #[arg(long)]
    pub json: bool,
    /// Write plain lines (the default)
    #[arg(long)]
    pub plain: bool,
    /// End when the session is lost, as when the server restarts, instead of coming back
    #[arg(long)]
    pub no_rejoin: bool,
    /// Go by this proxy (socks5h://HOST:PORT or http://HOST:PORT), or by `none` whatever the environment and the link say
    #[arg(long, value_name = "URL", env = "CHATTER_PROXY", hide_env_values = true)]
    pub proxy: Option<String>,
    /// Go by the proxy whose URL is this file's first line: passwords belong there, not into arguments
    #[arg(long, value_name = "FILE")]
    pub proxy_file: Option<PathBuf>,
}

impl Action {
    /// What every action takes.
    pub fn common(&self) -> &Common {
        match self {
            Self::New { common, .. } | Self::Join { common, .. } | Self::Send { common, .. } => common,
        }
    }
}

impl Common {
    /// How to write.
    pub fn style(&self) -> Style {
        if self.json { Style::Json } else { Style::Plain }
    }
}

fn after_long_help() -> String {
    format!("{EXAMPLES}\n\n{LINKS_HELP}\n\n{PROXY_HELP}\n\n{JSON_HELP}\n\n{EXIT_CODES_HELP}")
}

const EXAMPLES: &str = "\
Examples:
  Make a room, and hand the link it prints to those who shall come in:
    chatter-client new 'chatter://HOST:8000/#chatter1…' --nick anna
  Come in:
    chatter-client join 'chatter://HOST:8000/room#chatter1….room1…' --nick ben
  The same, without the link in `ps` and in the shell's history (asks for it):
    chatter-client join --nick ben
  From a script, the link being in a file:
    chatter-client send --nick backup 'done, 0 errors' < link.txt
    { cat link.txt; echo hi; } | chatter-client join --nick bot --json

Arguments show in `ps` to everybody on this machine, and shells remember them:
put links there only where you are alone, in single quotes, for they hold a #.";

const LINKS_HELP: &str = "\
A link that is left out, or given as -, is asked for without an echo; where
stdin is no terminal, its first line is the link. In a room, /who, /quit and
/help are commands; all else that you type is said. At the end of input the
room is left when the relay has taken all you said. Ctrl-C leaves at once.";

const PROXY_HELP: &str = "\
A proxy is a SOCKS5 one (socks5h://, names are resolved there) or an HTTP one
(http://, by CONNECT), with USER:PASSWORD@ before its host where it wants them.
--proxy, --proxy-file and CHATTER_PROXY go first; then the environment as usual:
http_proxy for chatter://, https_proxy for chatters://, all_proxy, and no_proxy
for exemptions; then what the link says.";

const JSON_HELP: &str = "\
With --json, stdout has one object a line. These stay; more may join:
  {\"event\":\"connected\"}                         the door is open
  {\"event\":\"room\",\"link\":\"chatter://…\"}         of `new`: the way in
  {\"event\":\"entered\",\"present\":1}               so many others are there
  {\"event\":\"member-joined\",\"nick\":\"ben\"}        he can read you from here on
  {\"event\":\"member-left\",\"nick\":\"ben\"}
  {\"event\":\"message\",\"from\":\"anna\",\"text\":\"hi\"}
  {\"event\":\"acknowledged\",\"number\":1}           the relay took your first
  {\"event\":\"who\",\"you\":\"anna\",\"members\":[\"anna\",\"ben\"]}
  {\"event\":\"warning\",\"text\":\"…\"}
  {\"event\":\"error\",\"text\":\"…\"}
  {\"event\":\"broken\"}                            the connection is lost
  {\"event\":\"resumed\"}                           and whole again
  {\"event\":\"not-acknowledged\",\"number\":7,\"text\":\"hi\"}
                                              lost with its session, perhaps
  {\"event\":\"away\",\"text\":\"…\",\"seconds\":2}     the session is lost, another
                                              is tried for; nobody is present
  {\"event\":\"rejoined\",\"text\":\"…\",\"present\":1} in the room again
  {\"event\":\"left\"}                              you left; the last line";

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Args, clap::Error> {
        Args::try_parse_from(line.split(' '))
    }

    #[test]
    fn the_tree_is_sound() {
        <Args as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn lines_are_understood() {
        for line in [
            "c new",
            "c new chatter://x --nick anna --room kitchen --json",
            "c join - --nick ben --plain",
            "c send hi --nick ben",
            "c join --chaff constant",
            "c send chatter://x hi --nick ben",
        ] {
            assert!(parse(line).is_ok(), "{line}");
        }
        for line in [
            "c",
            "c send",
            "c send a b c",
            "c join --json --plain",
            "c jion",
            "c join a b",
            "c join --chaff much",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
        assert_eq!(parse("c join --json").expect("args").action.common().style(), Style::Json);
        assert_eq!(parse("c join").expect("args").action.common().style(), Style::Plain);
    }
}

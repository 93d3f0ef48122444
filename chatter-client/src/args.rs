//! The command line.
//!
//! **In** arguments. **Out** [`Args`], or a usage error. **Never** a secret that could have been asked for instead: a
//! link may be left out.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{ArgGroup, Args as ClapArgs, Parser, Subcommand};

use chatter_protocol::chaff::Chaff;

use crate::console::Style;
use crate::exit::EXIT_CODES_HELP;
use crate::texts::LANGUAGES;
use crate::ui::{Charset, How, Palette, Theme, When, charset_of_locale};

/// Chat in rooms that look like a forgotten file server from outside.
#[derive(Debug, Parser)]
#[command(name = "chatter-client", version, after_help = EXAMPLES, after_long_help = after_long_help())]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub action: Action,
    /// Speak this language; without it that of LC_ALL, LC_MESSAGES or LANG, where it is known, else English
    #[arg(long, global = true, value_name = "LANGUAGE", value_parser = languages())]
    pub lang: Option<String>,
}

fn languages() -> PossibleValuesParser {
    PossibleValuesParser::new(LANGUAGES.iter().map(|(tag, _)| *tag))
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
        /// Show the room by this name, and its number of members, to everybody who holds the access code. Without a
        /// passphrase they can all come in, and whoever runs the server could sit between you: see below
        #[arg(long, value_name = "NAME")]
        listed: Option<String>,
        /// The way in, if it is to be words.
        #[command(flatten)]
        words: NewWords,
        /// As whom, and how to write.
        #[command(flatten)]
        common: Common,
    },
    /// Enter a room
    Join {
        /// Room link, as a member gave it to you (chatter://…/…#chatter1….room1…); asked for if left out
        link: Option<String>,
        /// Enter the room that is listed by this name, with an access link instead of a room link
        #[arg(long, value_name = "NAME", conflicts_with_all = ["passphrase", "passphrase_file", "room"])]
        listed: Option<String>,
        /// The way in, if it is words.
        #[command(flatten)]
        words: Words,
        /// As whom, and how to write.
        #[command(flatten)]
        common: Common,
    },
    /// See which rooms a server lists
    Rooms {
        /// Access link (chatter://…/#chatter1…) or a room link of that server; asked for if left out
        link: Option<String>,
        /// How to get there, and how to write.
        #[command(flatten)]
        common: Common,
    },
    /// Say one thing to whoever is in a room, and leave
    Send {
        /// Room link (asked for if left out) and what to say
        #[arg(value_names = ["ROOM LINK", "TEXT"], num_args = 1..=2, required = true)]
        link_and_text: Vec<String>,
        /// The way in, if it is words.
        #[command(flatten)]
        words: Words,
        /// As whom, and how to write.
        #[command(flatten)]
        common: Common,
    },
    /// Make an identity by which you are known again, in a file that nobody else can read
    Keygen {
        /// Where to put it; a file that is there is left as it is
        file: PathBuf,
        /// Lock it with a passphrase, asked for on the terminal
        #[arg(long)]
        passphrase: bool,
        /// Lock it with the passphrase in this file (or pipe: /dev/fd/3)
        #[arg(long, value_name = "FILE", conflicts_with = "passphrase")]
        passphrase_file: Option<PathBuf>,
        /// Take a passphrase that could be guessed
        #[arg(long)]
        weak: bool,
    },
    /// Print what a shell needs to complete chatter-client's words
    #[command(hide = true)]
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    #[command(hide = true)]
    Man,
}

/// A passphrase as the way into a room.
#[derive(Debug, ClapArgs)]
pub struct Words {
    /// Enter by the room's passphrase (asked for) and name, with an access link instead of a room link
    #[arg(long)]
    pub passphrase: bool,
    /// The same, with the passphrase in this file (or pipe: /dev/fd/3)
    #[arg(long, value_name = "FILE", conflicts_with = "passphrase")]
    pub passphrase_file: Option<PathBuf>,
    /// With a passphrase: what the room was called by whoever made it
    #[arg(long, value_name = "NAME", default_value = "")]
    pub room: String,
}

/// A passphrase as the way into a new room.
#[derive(Debug, ClapArgs)]
pub struct NewWords {
    /// Draw six words by which others can come in, too, with the access link and the room's name
    #[arg(long)]
    pub passphrase: bool,
    /// The same with words of your own (asked for)
    #[arg(long, conflicts_with = "passphrase")]
    pub own_passphrase: bool,
    /// The same with the words in this file (or pipe: /dev/fd/3)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["passphrase", "own_passphrase"])]
    pub passphrase_file: Option<PathBuf>,
    /// Take words of your own that could be guessed
    #[arg(long)]
    pub weak: bool,
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
    /// Write plain lines (the default where stdin or stdout is no terminal; else a full screen is shown)
    #[arg(long)]
    pub plain: bool,
    /// How the full screen looks and rings.
    #[command(flatten)]
    pub screen: ScreenArgs,
    /// Show the identity in this file (see keygen), so that others know you again; asks if it is locked
    #[arg(long, value_name = "FILE")]
    pub identity: Option<PathBuf>,
    /// Unlock it with the passphrase in this file (or pipe: /dev/fd/3)
    #[arg(long, value_name = "FILE", requires = "identity")]
    pub identity_passphrase_file: Option<PathBuf>,
    /// Know others again by their identities, kept in this file; without it nothing is kept
    #[arg(long, value_name = "FILE")]
    pub known: Option<PathBuf>,
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

/// The full screen.
#[derive(Clone, Debug, ClapArgs)]
#[command(next_help_heading = "Full screen")]
pub struct ScreenArgs {
    /// Show it even where stdin or stdout is not known to be a terminal, such as under Windows programs that use pipes
    #[arg(long, conflicts_with_all = ["plain", "json"])]
    pub screen: bool,
    /// Colours; without this dark, or none where NO_COLOR is set
    #[arg(long, value_name = "THEME")]
    pub theme: Option<Palette>,
    /// Draw frames and signs with ASCII alone, as is done where the locale knows nothing else
    #[arg(long)]
    pub ascii: bool,
    /// When to ring
    #[arg(long, value_name = "WHEN", default_value = "mentions")]
    pub ring: When,
    /// How to ring; notifications hold no names and no words
    #[arg(long, value_name = "HOW", default_value = "bell")]
    pub ring_by: How,
}

impl ScreenArgs {
    /// Colours and characters, by these and what the environment says of the terminal.
    pub fn theme(&self, variable: impl Fn(&str) -> Option<String>) -> Theme {
        let colourless = variable("NO_COLOR").is_some_and(|value| !value.is_empty());
        let usual = if colourless { Palette::None } else { Palette::default() };
        // Windows' consoles take Unicode, whatever these say.
        let charset = match (cfg!(windows), charset_of_locale(["LC_ALL", "LC_CTYPE", "LANG"].map(variable))) {
            (true, _) => Charset::Unicode,
            (false, charset) => charset,
        };
        let charset = if self.ascii && charset == Charset::Unicode { Charset::AsciiSigns } else { charset };
        Theme { palette: self.theme.unwrap_or(usual), charset }
    }
}

impl Action {
    /// The full screen's arguments, where neither another style nor a single line was asked for.
    pub fn screen(&self) -> Option<&ScreenArgs> {
        match self {
            Self::New { common, .. } | Self::Join { common, .. } => {
                (!common.plain && !common.json).then_some(&common.screen)
            }
            Self::Send { .. }
            | Self::Rooms { .. }
            | Self::Keygen { .. }
            | Self::Completions { .. }
            | Self::Man => None,
        }
    }

    /// What every stay takes.
    pub fn common(&self) -> Option<&Common> {
        match self {
            Self::New { common, .. }
            | Self::Join { common, .. }
            | Self::Rooms { common, .. }
            | Self::Send { common, .. } => Some(common),
            Self::Keygen { .. } | Self::Completions { .. } | Self::Man => None,
        }
    }

    /// What is printed about the program itself, where that was asked for.
    pub fn document(&self) -> Option<Vec<u8>> {
        let mut text = Vec::new();
        let mut tree = <Args as clap::CommandFactory>::command();
        match self {
            Self::Completions { shell } => {
                clap_complete::generate(*shell, &mut tree, "chatter-client", &mut text);
                Some(text)
            }
            Self::Man => clap_mangen::Man::new(tree).render(&mut text).ok().map(|()| text),
            Self::New { .. }
            | Self::Join { .. }
            | Self::Rooms { .. }
            | Self::Send { .. }
            | Self::Keygen { .. } => None,
        }
    }

    /// How to write.
    pub fn style(&self) -> Style {
        self.common().map_or(Style::Plain, Common::style)
    }
}

impl Common {
    /// How to write.
    pub fn style(&self) -> Style {
        if self.json { Style::Json } else { Style::Plain }
    }
}

fn after_long_help() -> String {
    format!("{EXAMPLES}\n\n{LINKS_HELP}\n\n{ROOMS_HELP}\n\n{PROXY_HELP}\n\n{JSON_HELP}\n\n{EXIT_CODES_HELP}")
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
  A room whose way in can be told over the phone: six words, and its name:
    chatter-client new 'chatter://HOST:8000/#chatter1…' --room tea --passphrase
    chatter-client join 'chatter://HOST:8000/#chatter1…' --room tea --passphrase
  Be known again, and know others again:
    chatter-client keygen ~/.chatter-identity
    chatter-client join --nick ben --identity ~/.chatter-identity --known ~/.chatter-known

Arguments show in `ps` to everybody on this machine, and shells remember them:
put links there only where you are alone, in single quotes, for they hold a #.";

const LINKS_HELP: &str = "\
A link that is left out, or given as -, is asked for without an echo; where
stdin is no terminal, its first line is the link, and the next the passphrase
where --passphrase asks for one. In a room, what begins with / is a command
(/help shows them); all else that you type is said. On a terminal there is a
full screen for it: F1 shows its keys, --plain does without. At the end of input
the room is left when the relay has taken all you said. Ctrl-C leaves at once.";

const ROOMS_HELP: &str = "\
One session can sit in several rooms of a server: /join LINK enters another,
/room and /in say in which one you speak. Lines then begin with [ROOM].
A room that was made with --listed NAME is shown by /rooms to everybody who
holds the access code, as does `chatter-client rooms`; /join NAME enters it, as
does `join --listed NAME` with an access link. To let them in its secret
stands in the list, so whoever runs the server has it, too, and could sit
between you, read and change what is said, unless you /verify: do not list what
has to stay among you. With --passphrase the list shows the room and keeps no
secret of it; others come in by the passphrase. A listing ends when whoever
made it leaves the room.";

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
  {\"event\":\"private\",\"from\":\"anna\",\"text\":\"hi\"}    to you alone
  {\"event\":\"private-sent\",\"to\":\"anna\",\"text\":\"hi\"}
  {\"event\":\"who\",\"you\":\"anna\",\"members\":[\"anna\",\"ben\"],
   \"verified\":[\"ben\"],\"lasting\":[]}
  {\"event\":\"passphrase\",\"passphrase\":\"…\"}       of `new --passphrase`
  {\"event\":\"verify-begun\",\"by\":\"ben\"}           then one of the next two
  {\"event\":\"verify-words\",\"words\":[\"…\",\"…\",\"…\",\"…\",\"…\"]}
  {\"event\":\"verify-void\",\"reason\":\"…\"}
  {\"event\":\"safety-number\",\"nick\":\"ben\",\"number\":\"12345 …\"}
  {\"event\":\"verified\",\"members\":[\"ben\"]}
  {\"event\":\"locked\",\"by\":\"ben\"}                 newcomers are kept out
  {\"event\":\"unlocked\",\"by\":\"ben\"}
  {\"event\":\"kept-out\"}                          one was
  {\"event\":\"removed\",\"by\":\"anna\",\"nick\":\"ben\"}  (no `by`: you did it)
  {\"event\":\"parted\",\"nick\":\"anna\"}              anna removed you
  {\"event\":\"moving\",\"by\":\"ben\"}                 to a new link, in 3 s
  {\"event\":\"moved\"}                             `entered` follows
  {\"event\":\"warning\",\"text\":\"…\"}
  {\"event\":\"error\",\"text\":\"…\"}
  {\"event\":\"broken\"}                            the connection is lost
  {\"event\":\"resumed\"}                           and whole again
  {\"event\":\"not-acknowledged\",\"number\":7,\"text\":\"hi\"}
                                              lost with its session, perhaps
  {\"event\":\"away\",\"text\":\"…\",\"seconds\":2}     the session is lost, another
                                              is tried for; nobody is present
  {\"event\":\"rejoined\",\"text\":\"…\",\"present\":1} in the room again
  {\"event\":\"unconnected\",\"unmet\":1,\"pairs\":[[\"ben\",\"carol\"]]}
                                              behind who: so many could not be
                                              met; ben does not see carol yet
  {\"event\":\"rooms\",\"rooms\":[{\"number\":1,\"name\":\"tea\",\"members\":2,
   \"current\":true}]}                          of /rooms; `listed`: as what
  {\"event\":\"listed-rooms\",\"rooms\":[{\"name\":\"tea\",\"members\":2,
   \"open\":true}]}                             of /rooms: the server's
  {\"event\":\"listed\",\"name\":\"tea\",\"open\":true}  this room is; open: the
                                              server has its secret
  {\"event\":\"unlisted\"}                          it is no longer
  {\"event\":\"current\"}                           what you type goes there
  {\"event\":\"room-left\"}                         one of several rooms
  {\"event\":\"left\"}                              you left; the last line
From the second room on, what is about one has its name in \"room\":\"tea\", and a
line for one begins with /in: /in tea hello, /in tea /who.";

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
    fn it_documents_itself() {
        let text =
            |line: &str| String::from_utf8(parse(line).expect("args").action.document().expect("text"));
        let page = text("c man").expect("UTF-8");
        assert!(page.contains(".TH chatter-client 1") && page.contains("keygen"), "{page}");
        for shell in ["bash", "zsh", "fish"] {
            let script = text(&format!("c completions {shell}")).expect("UTF-8");
            assert!(script.contains("passphrase-file"), "{shell}: {script}");
        }
        assert!(parse("c join").expect("args").action.document().is_none());
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
            "c join chatter://x --passphrase --room tea --nick ben",
            "c new chatter://x --own-passphrase --weak",
            "c new chatter://x --listed tea --passphrase",
            "c join --identity f --identity-passphrase-file /dev/fd/3 --known k",
            "c keygen f --passphrase",
            "c join --screen --nick ben",
            "c join --theme light --ascii --ring all --ring-by osc777",
            "c rooms chatter://x --json",
            "c rooms chatter://x --lang en",
            "c join chatter://x --listed tea",
        ] {
            assert!(parse(line).is_ok(), "{line}");
        }
        for line in [
            "c",
            "c send",
            "c send a b c",
            "c join --json --plain",
            "c join --screen --plain",
            "c jion",
            "c join a b",
            "c keygen",
            "c join --chaff much",
            "c join --theme blue",
            "c join --lang klingon",
            "c join --listed tea --passphrase",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
        assert_eq!(parse("c join --json").expect("args").action.style(), Style::Json);
        assert_eq!(parse("c join").expect("args").action.style(), Style::Plain);
    }
}

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
    /// Take defaults and profiles from this file (else from chatter/config.toml where this user's settings are)
    #[arg(long, value_name = "FILE", global = true, env = "CHATTER_CONFIG")]
    pub config: Option<PathBuf>,
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
        /// Access link, as the server's operator gave it to you (chatter://…/#chatter1…), @FILE, or a profile's name; asked
        /// for if left out
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
        /// Room link, as a member gave it to you (chatter://…/…#chatter1….room1…), @FILE, or a profile's name; asked for if
        /// left out
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
        /// Room link, @FILE or a profile's name (asked for if left out), and what to say: - for all of stdin, as also where it
        /// is left out behind a link
        #[arg(value_names = ["ROOM LINK", "TEXT"], num_args = 0..=2)]
        link_and_text: Vec<String>,
        /// Say it to this member alone, as soon as he is there
        #[arg(long, value_name = "NICK")]
        to: Option<String>,
        /// Say it as soon as so many others are there
        #[arg(long, value_name = "N", default_value_t = 0)]
        wait_for: usize,
        /// Give up after so many seconds (with --to or --wait-for after 60, unless this says otherwise)
        #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=SECONDS_MAX))]
        timeout: Option<u64>,
        /// The way in, if it is words.
        #[command(flatten)]
        words: Words,
        /// As whom, and how to write.
        #[command(flatten)]
        common: Common,
    },
    /// Print what is said in a room, and say nothing
    Listen {
        /// Room link, @FILE or a profile's name; asked for if left out
        link: Option<String>,
        /// Leave after the first message
        #[arg(long, conflicts_with = "count")]
        once: bool,
        /// Leave after so many messages
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
        count: Option<u64>,
        /// Leave after so many seconds; where fewer messages came than --once or --count ask for, that is a failure
        #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=SECONDS_MAX))]
        timeout: Option<u64>,
        /// Print and count what this member says alone, by the name that /who shows
        #[arg(long, value_name = "NICK")]
        from: Option<String>,
        /// The way in, if it is words.
        #[command(flatten)]
        words: Words,
        /// As whom, and how to write.
        #[command(flatten)]
        common: Common,
    },
    /// Keep links and settings under a name, in a file that nobody else can read
    Profile {
        /// What to do with them.
        #[command(subcommand)]
        what: ProfileAction,
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

/// What to do with profiles.
#[derive(Debug, Subcommand)]
pub enum ProfileAction {
    /// Write a profile: then `join NAME` enters its room with these settings
    Add {
        /// What it is called
        name: String,
        /// Room link or access link, or @FILE; asked for if left out. With --link-file the file's name is kept instead
        link: Option<String>,
        /// What the room is called where a passphrase leads in
        #[arg(long, value_name = "NAME")]
        room: Option<String>,
        /// Enter this profile's room, too (may be given more than once)
        #[arg(long, value_name = "PROFILE")]
        join: Vec<String>,
        /// As whom, and how to write.
        #[command(flatten)]
        common: Box<Common>,
    },
    /// Show their names and where they lead
    List,
    /// Take one out
    Remove {
        /// What it is called
        name: String,
    },
    /// Print the file's name
    Path,
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
    #[arg(long, value_name = "NAME")]
    pub room: Option<String>,
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
    /// Take the link from this file, which others must not be able to read
    #[arg(long, value_name = "FILE")]
    pub link_file: Option<PathBuf>,
    /// What you are called in the room; asked for on a terminal
    #[arg(long, value_name = "NAME")]
    pub nick: Option<String>,
    /// Offered where it is asked for.
    #[arg(skip)]
    pub nick_offered: Option<String>,
    /// What is sent to hide when you and others speak: none, usual, or constant (a request and a record of one length
    /// every second, for which each line waits)
    #[arg(long, value_name = "HOW MUCH")]
    pub chaff: Option<Chaff>,
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
    /// Write nothing to any disk, and refuse what would: --known, and files without a named place (/accept N DIR)
    #[arg(long, conflicts_with_all = ["known", "downloads"])]
    pub forget: bool,
    /// Put files that you accept there, unless /accept names another place
    #[arg(long, value_name = "DIRECTORY")]
    pub downloads: Option<PathBuf>,
    /// Show the settings that hold and where each comes from, and do nothing else
    #[arg(long)]
    pub show_settings: bool,
    /// End when the session is lost, as when the server restarts, instead of coming back
    #[arg(long)]
    pub no_rejoin: bool,
    /// Go by this proxy (socks5h://HOST:PORT or http://HOST:PORT), or by `none` whatever the environment and the link say
    #[arg(long, value_name = "URL", env = "CHATTER_PROXY", hide_env_values = true)]
    pub proxy: Option<String>,
    /// Go through Tor, whatever the address: by --proxy where it is given, else by Tor on this machine
    #[arg(long)]
    pub tor: bool,
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
    /// When to ring (without this at mentions)
    #[arg(long, value_name = "WHEN")]
    pub ring: Option<When>,
    /// How to ring (without this by the bell); notifications hold no names and no words
    #[arg(long, value_name = "HOW")]
    pub ring_by: Option<How>,
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
            | Self::Listen { .. }
            | Self::Profile { .. }
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
            | Self::Listen { common, .. }
            | Self::Send { common, .. } => Some(common),
            Self::Profile { .. } | Self::Keygen { .. } | Self::Completions { .. } | Self::Man => None,
        }
    }

    /// The same, to be filled in.
    pub fn common_mut(&mut self) -> Option<&mut Common> {
        match self {
            Self::New { common, .. }
            | Self::Join { common, .. }
            | Self::Rooms { common, .. }
            | Self::Listen { common, .. }
            | Self::Send { common, .. } => Some(common),
            Self::Profile { .. } | Self::Keygen { .. } | Self::Completions { .. } | Self::Man => None,
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
            | Self::Listen { .. }
            | Self::Profile { .. }
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

mod settings;

/// A year.
const SECONDS_MAX: u64 = 366 * 24 * 3600;

fn after_long_help() -> String {
    format!(
        "{EXAMPLES}\n\n{LINKS_HELP}\n\n{PROFILES_HELP}\n\n{ROOMS_HELP}\n\n{FILES_HELP}\n\n{PROXY_HELP}\n\n{JSON_HELP}\n\n{EXIT_CODES_HELP}"
    )
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
    chatter-client send @link.txt --nick backup 'done, 0 errors'
    chatter-client listen @link.txt --nick watch --once --timeout 60
    { cat link.txt; echo hi; } | chatter-client join --nick bot --json
  A room whose way in can be told over the phone: six words, and its name:
    chatter-client new 'chatter://HOST:8000/#chatter1…' --room tea --passphrase
    chatter-client join 'chatter://HOST:8000/#chatter1…' --room tea --passphrase
  Come in with one word from now on:
    chatter-client profile add home --nick ben     (asks for the link)
    chatter-client join home
  Be known again, and know others again:
    chatter-client keygen ~/.chatter-identity
    chatter-client join --nick ben --identity ~/.chatter-identity --known ~/.chatter-known

Arguments show in `ps` to everybody on this machine, and shells remember them:
put links there only where you are alone, in single quotes, for they hold a #.";

const LINKS_HELP: &str = "\
A link that is left out, or given as -, is asked for without an echo; where
stdin is no terminal, its first line is the link, and the next the passphrase
where --passphrase asks for one. @FILE or --link-file FILE reads it from a file
that others must not be able to read. Blanks, line breaks, quotes and <> around
it do no harm. In a room, what begins with / is a command
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

const FILES_HELP: &str = "\
/send FILE offers a file or a directory (as tar) to all who are there, /send
FILE NICK to one; /accept N takes offer N, and before that nothing is written.
It goes to --downloads, or where downloads go on this platform, or into the
directory behind N; under the offered name made harmless, with a number where
there is such a file; readable by you alone, and never something that can be
run. Until all is there and its checksum right it is called NAME.part. /files
shows how far things are. Of links, devices and what can't be read in a
directory nothing is sent; they are named. At most: 64 GiB a file, 8 open offers
of one member, 64 of a room, 16 files taken at once. A lost connection or session
costs nothing; who leaves ends his files, and what was not whole is removed (only
a client that is killed leaves its .part behind: delete it).";

const PROXY_HELP: &str = "\
A proxy is a SOCKS5 one (socks5h://, names are resolved there) or an HTTP one
(http://, by CONNECT), with USER:PASSWORD@ before its host where it wants them.
--proxy, --proxy-file and CHATTER_PROXY go first, and then the same of a profile:
what was meant for chatter alone; then the environment as usual:
http_proxy for chatter://, https_proxy for chatters://, all_proxy, and no_proxy
for exemptions; then what the link says.

An address that ends with .onion is reached through Tor alone, any other with
--tor: by --proxy where it is given, for .onion also by a SOCKS proxy that the
environment or the link names, else by Tor on this machine (127.0.0.1:9050, as
the package tor has it, or :9150, Tor Browser while it is open). Each session
has circuits of its own. If no Tor answers, nothing else is tried.";

const JSON_HELP: &str = "\
With --json, stdout has one object a line, and a line of stdin that begins with
{ is a request. docs/json.md has an example of each; these stay, more may join:
  {\"event\":\"hello\",\"version\":1,…}             the first line
  {\"event\":\"room\",\"link\":\"chatter://…\"}         of `new`: the way in
  {\"event\":\"entered\",\"present\":1}               so many others are there
  {\"event\":\"member-joined\",\"nick\":\"ben\"}        he can read you from here on
  {\"event\":\"message\",\"from\":\"anna\",\"text\":\"hi\"}
  {\"event\":\"private\",\"from\":\"anna\",\"text\":\"hi\"}    to you alone
  {\"event\":\"acknowledged\",\"number\":1}           the relay took your first
  {\"event\":\"warning\",\"text\":\"…\"}                not to be overlooked
  {\"event\":\"error\",\"text\":\"…\"}                  what was not understood, too
  {\"event\":\"left\"}                              you left; the last line
  {\"request\":\"say\",\"text\":\"hi\"}               says it, whatever it is
  {\"request\":\"private\",\"to\":\"anna\",\"text\":\"hi\"}
From the second room on, what is about one has its name in \"room\":\"tea\", and a
request says by \"room\" for which one it is.";

const PROFILES_HELP: &str = "\
`profile add NAME` writes a link and settings into chatter/config.toml where this
user's settings are (`profile path` names it; --config and CHATTER_CONFIG name
another), and `join NAME` enters its room. Nothing is written unless you ask. By
hand: settings for every stay at its top, below [profiles.NAME] those of one.
Keys: link, link-file, room, join, nick, identity, identity-passphrase-file,
known, forget, downloads, proxy, proxy-file, chaff, no-rejoin, plain, theme,
ascii, ring, ring-by; as the flags of those names, and join = [\"PROFILE\"] enters
further rooms. A flag goes before the environment, that before the profile, that
before the top of the file: --show-settings shows what holds, and why. A file
with a link in it that others may read is refused.";

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
            "c send --link-file f - --to ben --timeout 5",
            "c listen home --count 2 --timeout 5 --from ben --json",
            "c join @f --forget --show-settings --config c",
            "c profile add home @f --nick anna --join work --join tea",
            "c profile list --config c",
            "c rooms chatter://x --lang en",
            "c join chatter://x --listed tea",
        ] {
            assert!(parse(line).is_ok(), "{line}");
        }
        for line in [
            "c",
            "c send a b c",
            "c send a b --timeout 0",
            "c listen a --once --count 2",
            "c listen a --count 0",
            "c join --forget --known k",
            "c profile",
            "c profile add",
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

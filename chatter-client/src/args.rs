//! The command line.
//!
//! **In** arguments. **Out** [`Args`], or a usage error. **Never** a secret that could have been asked for instead: a
//! link may be left out.

mod help;
mod settings;

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{ArgGroup, Args as ClapArgs, Parser, Subcommand};

use chatter_protocol::chaff::Chaff;

use crate::console::Style;
use crate::texts::LANGUAGES;
use crate::ui::{Charset, How, Palette, Theme, When, charset_of_locale};

/// Chat in rooms that look like a forgotten file server from outside.
#[derive(Debug, Parser)]
#[command(name = "chatter-client", version, after_help = help::EXAMPLES, after_long_help = help::after_long_help())]
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

/// A year.
const SECONDS_MAX: u64 = 366 * 24 * 3600;

#[cfg(test)]
mod tests;

//! How things look: colours and signs.
//!
//! **In** a role. **Out** a style. **Never** a meaning that stands in a colour alone: signs and words carry it too.

use clap::ValueEnum;
use ratatui::style::{Color, Modifier, Style};

/// Which colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Palette {
    /// For dark backgrounds
    #[default]
    Dark,
    /// For light backgrounds
    Light,
    /// No colours at all, as with the variable `NO_COLOR`
    None,
}

/// Which characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Charset {
    /// Lines and signs of Unicode.
    #[default]
    Unicode,
    /// Frames and signs out of ASCII; texts as they are.
    AsciiSigns,
    /// Nothing but ASCII, for terminals that would take other bytes for commands: what else there is becomes `?`.
    Ascii,
}

/// What a piece of the screen is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// What is said.
    Text,
    /// Times, frames, what happens around the talk.
    Faint,
    /// Oneself.
    Own,
    /// Somebody else, by the number of his colour.
    Nick(u8),
    /// Words that name us.
    Mention,
    /// To or from one alone.
    Private,
    /// A warning that waits to be read.
    Alarm,
    /// A warning or an error among the lines.
    Trouble,
    /// The line of tabs, the status line.
    Bar,
    /// In such a bar: where we are.
    Current,
    /// In such a bar: what wants to be seen.
    Notable,
    /// Verified.
    Verified,
    /// What was searched for.
    Found,
}

/// The signs of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Signs {
    pub(crate) vertical: &'static str,
    pub(crate) horizontal: &'static str,
    pub(crate) verified: &'static str,
    pub(crate) lasting: &'static str,
    pub(crate) more: &'static str,
    pub(crate) dot: &'static str,
    pub(crate) arrow: &'static str,
    pub(crate) waiting: &'static str,
    pub(crate) under_way: &'static str,
    pub(crate) taken: &'static str,
}

/// Colours and characters together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Theme {
    /// Which colours.
    pub palette: Palette,
    /// Which characters.
    pub charset: Charset,
}

impl Theme {
    /// The style of a role.
    pub(crate) fn style(self, role: Role) -> Style {
        let plain = Style::new();
        let bold = plain.add_modifier(Modifier::BOLD);
        let reversed = plain.add_modifier(Modifier::REVERSED);
        if self.palette == Palette::None {
            return match role {
                Role::Text | Role::Nick(_) | Role::Faint => plain,
                Role::Own | Role::Mention | Role::Private | Role::Trouble | Role::Verified => bold,
                Role::Alarm | Role::Current => reversed.add_modifier(Modifier::BOLD),
                Role::Bar | Role::Found => reversed,
                Role::Notable => reversed.add_modifier(Modifier::UNDERLINED),
            };
        }
        let light = self.palette == Palette::Light;
        match role {
            Role::Text => plain,
            Role::Faint => {
                plain.fg(if light { Color::DarkGray } else { Color::Gray }).add_modifier(Modifier::DIM)
            }
            Role::Own => bold.fg(Color::Green),
            Role::Nick(number) => {
                let nicks = if light { &LIGHT_NICKS[..] } else { &DARK_NICKS[..] };
                let colour = nicks.get(usize::from(number) % nicks.len()).copied();
                plain.fg(colour.unwrap_or(Color::Reset))
            }
            Role::Mention => bold.fg(if light { Color::Magenta } else { Color::LightYellow }),
            Role::Private => bold.fg(if light { Color::Blue } else { Color::LightMagenta }),
            Role::Alarm => bold.fg(Color::White).bg(Color::Red),
            Role::Trouble => bold.fg(Color::Red),
            Role::Bar => match light {
                true => plain.fg(Color::Black).bg(Color::Gray),
                false => plain.fg(Color::White).bg(Color::DarkGray),
            },
            Role::Current => bold.fg(Color::White).bg(Color::Blue),
            Role::Notable => bold.fg(Color::Black).bg(Color::Yellow),
            Role::Verified => plain.fg(Color::Green),
            Role::Found => plain.fg(Color::Black).bg(Color::Yellow),
        }
    }

    /// The signs to draw with.
    pub(crate) fn signs(self) -> Signs {
        match self.charset {
            Charset::Unicode => UNICODE,
            Charset::AsciiSigns | Charset::Ascii => ASCII,
        }
    }
}

/// The number of somebody's colour: the same in every session.
pub(crate) fn nick_colour(nick: &str) -> u8 {
    nick.bytes().fold(7_u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte)) % 35
}

/// Which characters a terminal in this locale takes, by the values of `LC_ALL`, `LC_CTYPE` and `LANG`.
pub fn charset_of_locale(variables: [Option<String>; 3]) -> Charset {
    let locale = variables.into_iter().flatten().find(|value| !value.is_empty()).unwrap_or_default();
    let upper = locale.to_uppercase();
    if upper.contains("UTF-8") || upper.contains("UTF8") {
        Charset::Unicode
    } else if matches!(upper.as_str(), "" | "C" | "POSIX") {
        // Says nothing about the terminal, and most are of this century.
        Charset::AsciiSigns
    } else {
        Charset::Ascii
    }
}

const UNICODE: Signs = Signs {
    vertical: "│",
    horizontal: "─",
    verified: "✓",
    lasting: "◆",
    more: "…",
    dot: "·",
    arrow: "→",
    waiting: "…",
    under_way: "·",
    taken: "✓",
};
const ASCII: Signs = Signs {
    vertical: "|",
    horizontal: "-",
    verified: "+",
    lasting: "=",
    more: "...",
    dot: "-",
    arrow: "->",
    waiting: "...",
    under_way: "-",
    taken: "+",
};

/// Green is one's own, red trouble's.
const DARK_NICKS: [Color; 7] = [
    Color::Cyan,
    Color::Yellow,
    Color::Magenta,
    Color::LightBlue,
    Color::LightCyan,
    Color::LightMagenta,
    Color::LightYellow,
];
const LIGHT_NICKS: [Color; 5] =
    [Color::Blue, Color::Magenta, Color::Cyan, Color::LightBlue, Color::LightMagenta];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_and_trouble_have_colours_of_their_own() {
        for palette in [Palette::Dark, Palette::Light] {
            let theme = Theme { palette, charset: Charset::Unicode };
            for number in 0..=255 {
                let nick = theme.style(Role::Nick(number)).fg;
                assert!(nick != theme.style(Role::Own).fg && nick != theme.style(Role::Trouble).fg);
            }
        }
        let none = Theme { palette: Palette::None, charset: Charset::Unicode };
        for role in [Role::Text, Role::Own, Role::Alarm, Role::Bar, Role::Nick(3), Role::Found] {
            assert_eq!((none.style(role).fg, none.style(role).bg), (None, None));
        }
    }

    #[test]
    fn locales_choose_the_characters() {
        let of = |all: &str, lang: &str| charset_of_locale([Some(all.into()), None, Some(lang.into())]);
        assert_eq!(of("", "de_DE.UTF-8"), Charset::Unicode);
        assert_eq!(of("C", "de_DE.UTF-8"), Charset::AsciiSigns);
        assert_eq!(of("", "de_DE.ISO-8859-1"), Charset::Ascii);
        assert_eq!(charset_of_locale([None, None, None]), Charset::AsciiSigns);
    }
}

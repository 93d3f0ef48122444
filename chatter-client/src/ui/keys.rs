//! What keys mean.
//!
//! **In** a key as the terminal told it. **Out** what it asks for. **Never** an effect.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// This character into the line.
    Insert(char),
    /// A new line within what is typed.
    NewLine,
    /// Send what is typed.
    Enter,
    /// Something within the line.
    Edit(Edit),
    /// Fill in a nickname or a command.
    Complete,
    /// One row up: in the text, or the history.
    Up,
    /// One row down.
    Down,
    /// Another part of the talk.
    Scroll(Scroll),
    /// To this tab, from 0.
    Tab(usize),
    /// To the next tab.
    NextTab,
    /// To the one before.
    PreviousTab,
    /// Close what lies over the talk.
    Escape,
    /// Show help.
    Help,
    /// I have read the warning.
    Acknowledge,
    /// Begin a search.
    Search,
    /// Draw everything again.
    Redraw,
    /// Leave at once.
    Interrupt,
    /// Delete to the right; on an empty line, leave.
    EndOfInput,
    /// Back to the shell for now.
    Suspend,
}

/// Which part of the talk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scroll {
    /// Up by a page.
    Older,
    /// Up by a few rows.
    BitOlder,
    /// Down by a page.
    Newer,
    /// Down by a few rows.
    BitNewer,
    /// The first line.
    Oldest,
    /// The last one.
    Newest,
}

/// Something within the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edit {
    Left,
    Right,
    WordLeft,
    WordRight,
    Start,
    End,
    Backspace,
    Delete,
    CutWordLeft,
    CutWordRight,
    CutToStart,
    CutToEnd,
    Paste,
    Swap,
}

/// What this key asks for; nothing where it means nothing here.
pub(crate) fn action(key: KeyEvent) -> Option<Action> {
    // Windows tells releases too.
    if key.kind == KeyEventKind::Release {
        return None;
    }
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    let alt = key.modifiers.contains(KeyModifiers::ALT);
    match key.code {
        // Of AltGr, Windows tells both.
        KeyCode::Char(c) if control && !(alt && cfg!(windows)) => with_control(c.to_ascii_lowercase()),
        KeyCode::Char(c) if alt && !control => with_alt(c),
        KeyCode::Char(c) => Some(Action::Insert(c)),
        KeyCode::Enter if alt || key.modifiers.contains(KeyModifiers::SHIFT) => Some(Action::NewLine),
        KeyCode::Enter => Some(Action::Enter),
        KeyCode::Tab => Some(Action::Complete),
        KeyCode::Backspace if alt || control => Some(Action::Edit(Edit::CutWordLeft)),
        KeyCode::Backspace => Some(Action::Edit(Edit::Backspace)),
        KeyCode::Delete if alt || control => Some(Action::Edit(Edit::CutWordRight)),
        KeyCode::Delete => Some(Action::Edit(Edit::Delete)),
        KeyCode::Left if alt => Some(Action::PreviousTab),
        KeyCode::Right if alt => Some(Action::NextTab),
        KeyCode::Left if control => Some(Action::Edit(Edit::WordLeft)),
        KeyCode::Right if control => Some(Action::Edit(Edit::WordRight)),
        KeyCode::Left => Some(Action::Edit(Edit::Left)),
        KeyCode::Right => Some(Action::Edit(Edit::Right)),
        KeyCode::Home if control => Some(Action::Scroll(Scroll::Oldest)),
        KeyCode::End if control => Some(Action::Scroll(Scroll::Newest)),
        KeyCode::Home => Some(Action::Edit(Edit::Start)),
        KeyCode::End => Some(Action::Edit(Edit::End)),
        KeyCode::Up if control || key.modifiers.contains(KeyModifiers::SHIFT) => {
            Some(Action::Scroll(Scroll::BitOlder))
        }
        KeyCode::Down if control || key.modifiers.contains(KeyModifiers::SHIFT) => {
            Some(Action::Scroll(Scroll::BitNewer))
        }
        KeyCode::Up => Some(Action::Up),
        KeyCode::Down => Some(Action::Down),
        KeyCode::PageUp if control => Some(Action::PreviousTab),
        KeyCode::PageDown if control => Some(Action::NextTab),
        KeyCode::PageUp => Some(Action::Scroll(Scroll::Older)),
        KeyCode::PageDown => Some(Action::Scroll(Scroll::Newer)),
        KeyCode::Esc => Some(Action::Escape),
        KeyCode::F(1) => Some(Action::Help),
        KeyCode::F(2) => Some(Action::Acknowledge),
        KeyCode::F(_)
        | KeyCode::BackTab
        | KeyCode::Insert
        | KeyCode::Null
        | KeyCode::CapsLock
        | KeyCode::ScrollLock
        | KeyCode::NumLock
        | KeyCode::PrintScreen
        | KeyCode::Pause
        | KeyCode::Menu
        | KeyCode::KeypadBegin
        | KeyCode::Media(_)
        | KeyCode::Modifier(_) => None,
    }
}

fn with_control(c: char) -> Option<Action> {
    Some(match c {
        'a' => Action::Edit(Edit::Start),
        'b' => Action::Edit(Edit::Left),
        'c' => Action::Interrupt,
        'd' => Action::EndOfInput,
        'e' => Action::Edit(Edit::End),
        'f' => Action::Edit(Edit::Right),
        'g' => Action::Escape,
        'h' => Action::Edit(Edit::Backspace),
        'i' => Action::Complete,
        'j' => Action::NewLine,
        'k' => Action::Edit(Edit::CutToEnd),
        'l' => Action::Redraw,
        'm' => Action::Enter,
        'n' => Action::Down,
        'p' => Action::Up,
        's' => Action::Search,
        't' => Action::Edit(Edit::Swap),
        'u' => Action::Edit(Edit::CutToStart),
        'v' => Action::Scroll(Scroll::Newer),
        'w' => Action::Edit(Edit::CutWordLeft),
        'y' => Action::Edit(Edit::Paste),
        'z' => Action::Suspend,
        _ => return None,
    })
}

fn with_alt(c: char) -> Option<Action> {
    Some(match c {
        'b' => Action::Edit(Edit::WordLeft),
        'f' => Action::Edit(Edit::WordRight),
        'd' => Action::Edit(Edit::CutWordRight),
        'v' => Action::Scroll(Scroll::Older),
        '<' => Action::Scroll(Scroll::Oldest),
        '>' => Action::Scroll(Scroll::Newest),
        'n' => Action::NextTab,
        'p' => Action::PreviousTab,
        '1'..='9' => Action::Tab(c.to_digit(10).map_or(0, |digit| digit as usize - 1)),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_mean_what_they_do_elsewhere() {
        let check = |code: KeyCode, modifiers: KeyModifiers, expected: Option<Action>| {
            assert_eq!(action(KeyEvent::new(code, modifiers)), expected, "{code:?} {modifiers:?}");
        };
        let (none, control, alt) = (KeyModifiers::NONE, KeyModifiers::CONTROL, KeyModifiers::ALT);
        check(KeyCode::Char('a'), none, Some(Action::Insert('a')));
        check(KeyCode::Char('Ä'), KeyModifiers::SHIFT, Some(Action::Insert('Ä')));
        let at = cfg!(windows).then_some(Action::Insert('@'));
        check(KeyCode::Char('@'), control | alt, at);
        check(KeyCode::Char('w'), control, Some(Action::Edit(Edit::CutWordLeft)));
        check(KeyCode::Char('c'), control, Some(Action::Interrupt));
        check(KeyCode::Char('z'), control, Some(Action::Suspend));
        check(KeyCode::Char('3'), alt, Some(Action::Tab(2)));
        check(KeyCode::Enter, none, Some(Action::Enter));
        check(KeyCode::Enter, alt, Some(Action::NewLine));
        check(KeyCode::F(9), none, None);
        check(KeyCode::Char('x'), control, None);
        let mut release = KeyEvent::new(KeyCode::Char('a'), none);
        release.kind = KeyEventKind::Release;
        assert_eq!(action(release), None);
    }
}

//! What Tab fills in behind `/send`, `/accept` and `/cancel`: paths, nicknames, the numbers that make sense.
//!
//! **In** what stands before the cursor, what there is. **Out** what could stand there instead. **Never** a name that could
//! not be typed, nor a hidden one unless it was begun with a dot.

use std::path::{Path, is_separator};

use super::Completion;
use crate::ui::clean;

/// Gives what is in a directory: names, and whether they are directories.
pub(crate) type Folder = fn(&Path) -> Vec<(String, bool)>;

/// What there is.
pub(crate) struct Arguments<'a> {
    /// On the disk.
    pub(crate) folder: Folder,
    /// In the room.
    pub(crate) nicks: Vec<&'a str>,
    /// Numbers for `/accept`.
    pub(crate) acceptable: Vec<u32>,
    /// Numbers for `/cancel`.
    pub(crate) open: Vec<u32>,
}

impl Arguments<'_> {
    /// What fits behind one of these commands; none where it is no such command.
    pub(crate) fn complete(&self, before: &str) -> Option<Option<Completion>> {
        let (command, rest) = before.split_once(' ')?;
        let start = command.len() + 1;
        let spaces = rest.len() - rest.trim_start().len();
        let (start, rest) = (start + spaces, rest.trim_start());
        match command.to_lowercase().as_str() {
            "/send" => Some(self.nick_behind(start, rest).or_else(|| self.path(start, rest, false))),
            "/accept" => Some(match rest.split_once(' ') {
                Some((number, path)) => self.path(start + number.len() + 1, path, true),
                None => numbers(start, rest, &self.acceptable),
            }),
            "/cancel" => Some(numbers(start, rest, &self.open)),
            _ => None,
        }
    }

    /// Nicknames, where what stands before them is a file.
    fn nick_behind(&self, start: usize, rest: &str) -> Option<Completion> {
        if let Some(quoted) = rest.strip_prefix('"') {
            let (path, behind) = quoted.split_once('"')?;
            let nick = behind.trim_start();
            let spaces = behind.len() - nick.len();
            return (spaces > 0).then(|| self.nicks(start + path.len() + 2 + spaces, nick)).flatten();
        }
        let splits = rest.char_indices().rev().filter(|(_, c)| *c == ' ').take(SPLITS_MAX);
        for (at, _) in splits {
            let (path, nick) = (rest.get(..at)?, rest.get(at + 1..)?);
            if self.is_there(path.trim_end())
                && let Some(found) = self.nicks(start + at + 1, nick)
            {
                return Some(found);
            }
        }
        None
    }

    fn nicks(&self, start: usize, begun: &str) -> Option<Completion> {
        let begun = begun.to_lowercase();
        let fits = |nick: &&&str| nick.to_lowercase().starts_with(&begun);
        Completion::among(start, self.nicks.iter().filter(fits).map(|nick| format!("{nick} ")).collect())
    }

    fn is_there(&self, path: &str) -> bool {
        let (parent, name) = split(path);
        !name.is_empty() && self.entries(parent).iter().any(|(entry, _)| entry == name)
    }

    fn entries(&self, parent: &str) -> Vec<(String, bool)> {
        (self.folder)(Path::new(if parent.is_empty() { "." } else { parent }))
    }

    /// Paths that begin so; with a quote at their start where they hold spaces.
    fn path(&self, start: usize, typed: &str, directories: bool) -> Option<Completion> {
        let quoted = typed.starts_with('"');
        let begun = typed.strip_prefix('"').unwrap_or(typed);
        if begun.contains('"') {
            return None;
        }
        if begun == "~" {
            return Completion::among(start, vec![written("~/", true, quoted)]);
        }
        let (parent, name) = split(begun);
        // Every system takes this one; where another was typed, it goes on with that.
        let separator = parent.chars().next_back().unwrap_or('/');
        let small = name.to_lowercase();
        let fits = |(entry, directory): &(String, bool)| {
            let hidden = entry.starts_with('.') && !name.starts_with('.');
            // What would be shown as something else can't be typed either.
            let plain = !entry.contains('"') && clean::line(entry) == *entry;
            entry.to_lowercase().starts_with(&small) && !hidden && plain && (*directory || !directories)
        };
        let mut entries: Vec<_> = self.entries(parent).into_iter().filter(fits).collect();
        entries.sort_unstable();
        let common = common(&entries);
        let mut found = Vec::new();
        if entries.len() > 1 && common.len() > name.len() && common.starts_with(name) {
            found.push(written(&format!("{parent}{common}"), true, quoted));
        }
        found.extend(entries.iter().map(|(entry, directory)| {
            let end = if *directory { String::from(separator) } else { String::new() };
            written(&format!("{parent}{entry}{end}"), *directory, quoted)
        }));
        Completion::among(start, found)
    }
}

/// A path as it is typed: in quotes where it must be, which stay open where more of it may follow.
fn written(path: &str, goes_on: bool, quoted: bool) -> String {
    match (quoted || path.contains(char::is_whitespace), goes_on) {
        (true, true) => format!("\"{path}"),
        (true, false) => format!("\"{path}\" "),
        (false, true) => path.to_owned(),
        (false, false) => format!("{path} "),
    }
}

/// A path's directory, with its last separator, and the name in it.
fn split(path: &str) -> (&str, &str) {
    path.split_at(path.rfind(is_separator).map_or(0, |at| at + 1))
}

/// How all of them begin.
fn common(entries: &[(String, bool)]) -> String {
    let Some((first, _)) = entries.first() else { return String::new() };
    let shared = |(entry, _): &(String, bool)| {
        let same = first.char_indices().zip(entry.chars()).take_while(|((_, a), b)| a == b);
        same.last().map_or(0, |((at, c), _)| at + c.len_utf8())
    };
    let len = entries.iter().map(shared).min().unwrap_or(0);
    first.get(..len).unwrap_or_default().to_owned()
}

fn numbers(start: usize, begun: &str, all: &[u32]) -> Option<Completion> {
    let all = all.iter().map(u32::to_string).filter(|number| number.starts_with(begun));
    Completion::among(start, all.map(|number| format!("{number} ")).collect())
}

/// Paths and nicknames hold spaces; hardly more than these.
const SPLITS_MAX: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(path: &Path) -> Vec<(String, bool)> {
        let names: &[(&str, bool)] = match path.to_str() {
            Some(".") => &[
                ("cake.jpg", false),
                ("cakes", true),
                (".hidden", false),
                ("my photos", true),
                ("a\u{1b}[2J", false),
                ("gpj\u{202e}exe", false),
                ("an \"odd\" one", false),
            ],
            Some("my photos/") => &[("one.png", false), ("two of us.png", false)],
            Some("~/") => &[("notes.txt", false)],
            Some("cakes/") => &[("IMG_1.jpg", false), ("IMG_2.jpg", false)],
            _ => &[],
        };
        names.iter().map(|(name, directory)| ((*name).to_owned(), *directory)).collect()
    }

    fn all(before: &str) -> Vec<String> {
        let nicks = vec!["ben", "Berta", "carol"];
        let there = Arguments { folder, nicks, acceptable: vec![3, 12], open: vec![1, 3, 10, 12] };
        let found = there.complete(before).expect("a command about files");
        found
            .map(|found| {
                (0..found.found.len())
                    .map(|at| {
                        let mut found = found.clone();
                        found.at = at;
                        format!("{}{}", &before[..found.start], found.current())
                    })
                    .collect()
            })
            .unwrap_or_default()
    }

    #[test]
    fn paths_are_filled_in_as_they_can_be_typed() {
        assert_eq!(all("/send ca"), ["/send cake", "/send cake.jpg ", "/send cakes/"]);
        assert_eq!(all("/send cake."), ["/send cake.jpg "]);
        assert_eq!(all("/send MY"), ["/send \"my photos/"]);
        assert_eq!(all("/send \"my photos/t"), ["/send \"my photos/two of us.png\" "]);
        assert_eq!(all("/send my photos/t"), ["/send \"my photos/two of us.png\" "]);
        assert_eq!(all("/send ~"), ["/send ~/"]);
        assert_eq!(all("/send ~/"), ["/send ~/notes.txt "]);
        assert_eq!(all("/send ."), ["/send .hidden "]);
        assert_eq!(
            all("/send cakes/"),
            ["/send cakes/IMG_", "/send cakes/IMG_1.jpg ", "/send cakes/IMG_2.jpg "]
        );
        assert_eq!(all("/send "), ["/send cake.jpg ", "/send cakes/", "/send \"my photos/"]);
        assert!(all("/send a").is_empty() && all("/send g").is_empty() && all("/send none/").is_empty());
    }

    #[test]
    fn behind_a_file_stands_a_nickname() {
        assert_eq!(all("/send cake.jpg b"), ["/send cake.jpg ben ", "/send cake.jpg Berta "]);
        assert_eq!(all("/send \"my photos/one.png\" c"), ["/send \"my photos/one.png\" carol "]);
        assert_eq!(all("/send my photos c"), ["/send my photos carol "]);
        assert!(all("/send \"my photos\"c").is_empty());
    }

    #[test]
    fn numbers_are_those_that_make_sense() {
        assert_eq!(all("/accept "), ["/accept 3 ", "/accept 12 "]);
        assert_eq!(all("/accept 1"), ["/accept 12 "]);
        assert_eq!(all("/accept 3 ca"), ["/accept 3 cakes/"]);
        assert_eq!(all("/cancel 1"), ["/cancel 1 ", "/cancel 10 ", "/cancel 12 "]);
        let nothing = Arguments { folder, nicks: Vec::new(), acceptable: Vec::new(), open: Vec::new() };
        assert_eq!(nothing.complete("/cancel "), Some(None));
        assert_eq!(nothing.complete("/msg b"), None);
    }
}

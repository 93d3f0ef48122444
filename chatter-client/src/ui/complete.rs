//! What Tab fills in: commands at the start of a line, nicknames elsewhere; behind some commands, files and numbers.
//!
//! **In** what stands before the cursor, what there is. **Out** what could stand there instead. **Never** more than one
//! word changed.

mod arguments;

pub(crate) use arguments::{Arguments, Folder};

/// A word that is being filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Completion {
    /// Where it begins, in bytes.
    pub(crate) start: usize,
    found: Vec<String>,
    at: usize,
}

impl Completion {
    /// What fits; nothing where nothing does. `commands` begin with a slash.
    pub(crate) fn of<'a, 'b>(
        before: &str,
        commands: impl Iterator<Item = &'a str>,
        nicks: impl Iterator<Item = &'b str>,
    ) -> Option<Self> {
        let start = before.rfind(char::is_whitespace).map_or(0, |at| {
            at + before.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8)
        });
        let word = before.get(start..).unwrap_or_default().to_lowercase();
        let fits = |candidate: &str| candidate.to_lowercase().starts_with(&word);
        let mut found: Vec<String> = if start == 0 && word.starts_with('/') {
            commands.filter(|command| fits(command)).map(|command| format!("{command} ")).collect()
        } else if word.is_empty() && start == 0 {
            Vec::new()
        } else {
            // At the start somebody is spoken to.
            let behind = if start == 0 { ": " } else { " " };
            nicks.filter(|nick| fits(nick)).map(|nick| format!("{nick}{behind}")).collect()
        };
        found.sort_unstable();
        found.dedup();
        Self::among(start, found)
    }

    /// One of these, from there on; nothing where there is none.
    fn among(start: usize, found: Vec<String>) -> Option<Self> {
        (!found.is_empty()).then_some(Self { start, found, at: 0 })
    }

    /// Whether what is filled in is a directory, and there was no other: what is in it comes next.
    pub(crate) fn leads_on(&self) -> bool {
        self.found.len() == 1 && self.current().ends_with(std::path::is_separator)
    }

    /// What to fill in now.
    pub(crate) fn current(&self) -> &str {
        self.found.get(self.at).map_or("", String::as_str)
    }

    /// Goes on to what else fits, and from the last to the first.
    pub(crate) fn advance(&mut self) {
        self.at = (self.at + 1) % self.found.len().max(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(before: &str) -> Vec<String> {
        let commands = ["/verify", "/who", "/quit"].into_iter();
        let nicks = ["ben", "Berta", "anna b", "ünal"].into_iter();
        Completion::of(before, commands, nicks).map(|found| found.found).unwrap_or_default()
    }

    #[test]
    fn commands_and_nicknames_are_filled_in() {
        assert_eq!(all("/w"), ["/who "]);
        assert_eq!(all("b"), ["Berta: ", "ben: "]);
        assert_eq!(all("hi BEN"), ["ben "]);
        assert_eq!(all("/msg Ü"), ["ünal "]);
        assert_eq!(all("/verify an"), ["anna b "]);
        assert!(all("").is_empty() && all("x").is_empty() && all("/x").is_empty());
        let mut found = Completion::of("b", [].into_iter(), ["ben", "bob"].into_iter()).expect("two fit");
        assert_eq!(found.current(), "ben: ");
        found.advance();
        assert_eq!(found.current(), "bob: ");
        found.advance();
        assert_eq!(found.current(), "ben: ");
    }
}

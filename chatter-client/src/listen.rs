//! What `listen` prints of what happens in a room, and when it has seen enough.
//!
//! **In** notices. **Out** whether to show them, whether that was the last. **Never** another's words under a name that
//! was asked for: namesakes have marks, which have to be named too.

use crate::event::{Notice, Told};

/// Whoever listens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listener {
    /// Whose words count; nobody's in particular where it is none.
    from: Option<String>,
    /// How many messages are wanted; all where it is none.
    wanted: Option<u64>,
    heard: u64,
}

/// What to do about a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hearing {
    /// Show it.
    Show,
    /// Show it, and leave.
    ShowAndLeave,
    /// Nothing.
    Skip,
}

impl Listener {
    /// One who wants so many messages, of one member or of all.
    pub fn new(wanted: Option<u64>, from: Option<String>) -> Self {
        Self { from, wanted, heard: 0 }
    }

    /// What to do about this.
    pub fn hear(&mut self, told: &Told, all: bool) -> Hearing {
        let (Notice::Message { from, .. } | Notice::Private { from, .. }) = &told.notice else {
            // Plain lines are for what is said; JSON tells all else by its event.
            let matters = all
                || matches!(
                    told.notice,
                    Notice::Warning(_)
                        | Notice::Error(_)
                        | Notice::Progress(_)
                        | Notice::Connected
                        | Notice::Entered { .. }
                        | Notice::Broken
                        | Notice::Resumed
                        | Notice::Away { .. }
                        | Notice::Rejoined { .. }
                );
            return if matters { Hearing::Show } else { Hearing::Skip };
        };
        if self.from.as_ref().is_some_and(|wanted| wanted != from) || self.has_enough() {
            return Hearing::Skip;
        }
        self.heard += 1;
        if self.has_enough() { Hearing::ShowAndLeave } else { Hearing::Show }
    }

    /// Whether all that was wanted has come; never where no number was.
    pub fn has_enough(&self) -> bool {
        self.wanted.is_some_and(|wanted| self.heard >= wanted)
    }

    /// Whether a number is wanted that has not come.
    pub fn lacks(&self) -> bool {
        self.wanted.is_some_and(|wanted| self.heard < wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(from: &str) -> Told {
        Notice::Message { from: from.into(), text: "hi".into() }.into()
    }

    #[test]
    fn messages_count_until_there_are_enough() {
        let mut listener = Listener::new(Some(2), Some("anna".into()));
        assert_eq!(listener.hear(&message("ben"), true), Hearing::Skip);
        assert_eq!(listener.hear(&message("anna#k3f9"), true), Hearing::Skip, "a namesake is another");
        assert_eq!(listener.hear(&Notice::Connected.into(), true), Hearing::Show);
        assert_eq!(listener.hear(&Notice::MemberLeft { nick: "anna".into() }.into(), false), Hearing::Skip);
        assert_eq!(listener.hear(&Notice::Warning("w".into()).into(), false), Hearing::Show);
        assert_eq!(listener.hear(&message("anna"), false), Hearing::Show);
        assert!(listener.lacks() && !listener.has_enough());
        let private = Notice::Private { from: "anna".into(), text: "hi".into() };
        assert_eq!(listener.hear(&private.into(), false), Hearing::ShowAndLeave);
        assert!(!listener.lacks());
        assert_eq!(listener.hear(&message("anna"), false), Hearing::Skip, "enough is enough");
        let mut all = Listener::default();
        assert_eq!(all.hear(&message("ben"), false), Hearing::Show);
        assert!(!all.lacks() && !all.has_enough());
    }
}

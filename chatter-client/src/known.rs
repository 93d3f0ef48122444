//! Lasting identities that were met before, by nickname.
//!
//! **In** members as they are met, the text of a file that was asked for. **Out** whether somebody is the one who bore
//! that name before; the file's new text. **Never** a change of an entry by a mere meeting: only the user's own
//! verification puts another key in its place.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chatter_protocol::ids::Nickname;
use chatter_protocol::room::conversation::Member;
use chatter_protocol::room::identity::StayKey;

use crate::texts::text;

/// Who is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known(BTreeMap<Nickname, Entry>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    key: StayKey,
    verified: bool,
}

/// Why a text is no list of known identities.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", wrong_line(.0))]
pub struct KnownError(usize);

/// What a meeting shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meeting {
    /// Nobody of that name is known, and he shows nothing by which he could be known again.
    Stranger,
    /// He is known from now on.
    New,
    /// He is the one who bore that name before.
    Same {
        /// Whether the user has verified him.
        verified: bool,
    },
    /// He is not, or does not show that he is.
    Other {
        /// By what the one before was known.
        before: StayKey,
    },
}

impl Known {
    /// Reads what [`to_text`](Self::to_text) wrote.
    ///
    /// # Errors
    /// [`KnownError`] names the line.
    pub fn parse(text: &str) -> Result<Self, KnownError> {
        let mut known = BTreeMap::new();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let entry = parse_line(line).ok_or(KnownError(number))?;
            known.insert(entry.0, entry.1);
        }
        Ok(Self(known))
    }

    /// A line each: key, `verified` or `seen`, nickname.
    pub fn to_text(&self) -> String {
        let mut text =
            "# Identities that chatter-client has met: key, how well it is known, nickname\n".to_owned();
        for (nick, Entry { key, verified }) in &self.0 {
            let word = if *verified { VERIFIED } else { SEEN };
            // Writing to a String does not fail.
            let _ = writeln!(text, "{} {word} {nick}", key.to_text());
        }
        text
    }

    /// Somebody was met.
    pub(crate) fn meet(&mut self, member: &Member) -> Meeting {
        match self.0.get(&member.nick) {
            Some(entry) if entry.key == member.key => Meeting::Same { verified: entry.verified },
            Some(entry) => Meeting::Other { before: entry.key },
            None if !member.lasting => Meeting::Stranger,
            None => {
                self.0.insert(member.nick.clone(), Entry { key: member.key, verified: false });
                Meeting::New
            }
        }
    }

    /// The user has verified him. True where that is something to remember.
    pub(crate) fn verified(&mut self, member: &Member) -> bool {
        let entry = Entry { key: member.key, verified: true };
        member.lasting && self.0.insert(member.nick.clone(), entry) != Some(entry)
    }
}

fn wrong_line(line: &usize) -> String {
    text!("known-line", line = line)
}

fn parse_line(line: &str) -> Option<(Nickname, Entry)> {
    let mut parts = line.splitn(3, ' ');
    let key = StayKey::parse(parts.next()?).ok()?;
    let verified = match parts.next()? {
        VERIFIED => true,
        SEEN => false,
        _ => return None,
    };
    let nick = Nickname::parse(parts.next()?).ok()?;
    Some((nick, Entry { key, verified }))
}

const VERIFIED: &str = "verified";
const SEEN: &str = "seen";

#[cfg(test)]
mod tests {
    use chatter_protocol::ids::MemberId;

    use super::*;

    fn member(nick: &str, key: u8, lasting: bool) -> Member {
        Member {
            id: MemberId::new([1; 16]),
            nick: Nickname::parse(nick).expect("a nickname"),
            key: StayKey::new([key; 32]),
            lasting,
        }
    }

    #[test]
    fn who_was_met_is_known_again_and_nobody_else_is() {
        let mut known = Known::default();
        assert_eq!(known.meet(&member("passer-by", 9, false)), Meeting::Stranger);
        assert_eq!(known.meet(&member("anna", 1, true)), Meeting::New);
        assert_eq!(known.meet(&member("anna", 1, true)), Meeting::Same { verified: false });
        let before = StayKey::new([1; 32]);
        assert_eq!(known.meet(&member("anna", 2, true)), Meeting::Other { before });
        assert_eq!(known.meet(&member("anna", 3, false)), Meeting::Other { before }, "shows none");
        assert_eq!(
            known.meet(&member("anna", 2, true)),
            Meeting::Other { before },
            "a meeting changes nothing"
        );
        assert!(known.verified(&member("anna", 2, true)) && !known.verified(&member("anna", 2, true)));
        assert_eq!(known.meet(&member("anna", 2, true)), Meeting::Same { verified: true });
        assert!(!known.verified(&member("passer-by", 9, false)), "nothing of him would be known again");
    }

    #[test]
    fn the_list_survives_its_text() {
        let mut known = Known::default();
        known.meet(&member("anna", 1, true));
        known.verified(&member("ben von Ö", 2, true));
        let text = known.to_text();
        assert!(text.contains(" seen anna\n") && text.contains(" verified ben von Ö\n"), "{text}");
        assert_eq!(Known::parse(&text), Ok(known));
        assert_eq!(Known::parse(""), Ok(Known::default()));
        for bad in ["x", "member1qq seen anna", &format!("{} often anna", StayKey::new([1; 32]).to_text())] {
            assert_eq!(Known::parse(&format!("# ok\n{bad}\n")), Err(KnownError(2)));
        }
    }
}

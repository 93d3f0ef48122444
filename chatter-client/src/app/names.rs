//! Who is called what, and how namesakes are told apart.
//!
//! **In** members as they come and go, nicknames that the user types. **Out** labels: a nickname, and a mark behind it
//! where another looks like it. **Never** a mark that goes away again because a namesake has: who stays behind would
//! take over the bare name.

use std::collections::{BTreeMap, BTreeSet};

use chatter_protocol::ids::{MemberId, Nickname};
use chatter_protocol::room::conversation::Member;
use chatter_protocol::room::identity::MARK_LEN_MIN;

use crate::texts::text;

/// The members that are here, by name.
#[derive(Debug, Default)]
pub(super) struct Names {
    members: BTreeMap<MemberId, Member>,
    /// Names that more than one has borne at a time.
    shared: BTreeSet<String>,
}

/// Why a name names nobody.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NameError {
    /// Nobody of that name is here.
    #[error("{}", text!("name-nobody"))]
    Nobody,
    /// More than one is.
    #[error("{}", several(.0))]
    Several(Vec<String>),
}

impl Names {
    /// Somebody has come. `you` is what we are called ourselves.
    pub(super) fn joined(&mut self, member: Member, you: &Nickname) {
        let likeness = member.nick.likeness();
        let others = self.members.values().filter(|other| other.id != member.id);
        if you.likeness() == likeness || others.map(|other| other.nick.likeness()).any(|it| it == likeness) {
            self.shared.insert(likeness);
        }
        self.members.insert(member.id, member);
    }

    /// Somebody has gone: what he was called.
    pub(super) fn left(&mut self, id: &MemberId) -> Option<String> {
        let label = self.label(id);
        self.members.remove(id);
        label
    }

    /// Everybody has gone.
    pub(super) fn clear(&mut self) {
        self.members.clear();
    }

    /// What a member is called here.
    pub(super) fn label(&self, id: &MemberId) -> Option<String> {
        self.members.get(id).map(|member| self.label_of(member))
    }

    /// All who are here, in the order of their ids.
    pub(super) fn all(&self) -> impl Iterator<Item = (&Member, String)> {
        self.members.values().map(|member| (member, self.label_of(member)))
    }

    /// Whom the beginning of `text` names, and what stands behind it. Names may hold spaces: the longest counts.
    pub(super) fn find<'a>(&self, text: &'a str) -> Result<(&Member, &'a str), NameError> {
        let mut best: Vec<(&Member, usize)> = Vec::new();
        for member in self.members.values() {
            let Some(length) = named_by(text, member) else { continue };
            match best.first() {
                Some((_, longest)) if *longest > length => {}
                Some((_, longest)) if *longest == length => best.push((member, length)),
                Some(_) | None => best = vec![(member, length)],
            }
        }
        match best[..] {
            [] => Err(NameError::Nobody),
            [(member, length)] => Ok((member, text.get(length..).unwrap_or_default().trim_start())),
            _ => Err(NameError::Several(best.iter().map(|(member, _)| self.label_of(member)).collect())),
        }
    }

    fn label_of(&self, member: &Member) -> String {
        let likeness = member.nick.likeness();
        if !self.shared.contains(&likeness) {
            return member.nick.to_string();
        }
        let mark = member.key.mark(&member.id);
        let namesakes = self.members.values().filter(|other| other.id != member.id);
        let marks: Vec<String> = namesakes
            .filter(|other| other.nick.likeness() == likeness)
            .map(|other| other.key.mark(&other.id))
            .collect();
        let length = (MARK_LEN_MIN..mark.len())
            .find(|length| !marks.iter().any(|other| other.get(..*length) == mark.get(..*length)));
        format!("{}#{}", member.nick, mark.get(..length.unwrap_or(mark.len())).unwrap_or_default())
    }
}

fn several(labels: &[String]) -> String {
    text!("name-several", names = labels.join(&text!("name-or")))
}

/// How many bytes at the start of `text` name this member, by his nickname alone or with the beginning of his mark.
fn named_by(text: &str, member: &Member) -> Option<usize> {
    let nick = member.nick.as_str();
    let length = nick.len();
    let given = text.get(..length)?;
    if given != nick && given.to_lowercase() != nick.to_lowercase() {
        return None;
    }
    let rest = text.get(length..)?;
    let end = |rest: &str| rest.is_empty() || rest.starts_with(char::is_whitespace);
    if end(rest) {
        return Some(length);
    }
    let marked = rest.strip_prefix('#')?;
    let mark = marked.split(char::is_whitespace).next().unwrap_or_default();
    let fits = mark.len() >= MARK_LEN_MIN && member.key.mark(&member.id).starts_with(&mark.to_lowercase());
    fits.then_some(length + 1 + mark.len())
}

#[cfg(test)]
mod tests {
    use chatter_protocol::room::identity::StayKey;

    use super::*;

    fn member(nick: &str, key: u8, id: u8) -> Member {
        Member {
            id: MemberId::new([id; 16]),
            nick: Nickname::parse(nick).expect("a nickname"),
            key: StayKey::new([key; 32]),
            lasting: false,
        }
    }

    fn names(members: &[Member]) -> Names {
        let mut names = Names::default();
        for member in members {
            names.joined(member.clone(), &Nickname::parse("me").expect("a nickname"));
        }
        names
    }

    fn labels(names: &Names) -> Vec<String> {
        names.all().map(|(_, label)| label).collect()
    }

    #[test]
    fn namesakes_get_marks_and_keep_them() {
        let mut names = names(&[member("anna", 1, 1), member("ben", 2, 2)]);
        assert_eq!(labels(&names), ["anna", "ben"]);
        names.joined(member("Anna", 3, 3), &Nickname::parse("me").expect("a nickname"));
        let [first, _, second] = &labels(&names)[..] else { panic!() };
        assert!(first.starts_with("anna#") && second.starts_with("Anna#"), "{first} {second}");
        assert_eq!((first.len(), second.len()), (9, 9));
        assert_ne!(first[4..], second[4..]);
        let first = first.clone();
        names.left(&MemberId::new([3; 16]));
        assert_eq!(labels(&names)[0], first, "the mark stays");
    }

    #[test]
    fn who_bears_our_own_name_gets_a_mark() {
        let names = names(&[member("Me", 1, 1)]);
        assert!(labels(&names)[0].starts_with("Me#"));
    }

    #[test]
    fn one_key_under_two_ids_gets_longer_marks() {
        let names = names(&[member("anna", 1, 1), member("anna", 1, 2)]);
        let labels = labels(&names);
        assert_ne!(labels[0], labels[1]);
        assert_eq!(labels[0][..13], labels[1][..13]);
    }

    #[test]
    fn names_are_found() {
        let names = names(&[
            member("anna", 1, 1),
            member("anna", 2, 2),
            member("ben", 3, 3),
            member("ben smith", 4, 4),
        ]);
        let find = |text: &'static str| {
            names.find(text).map(|(member, rest)| (member.id.as_bytes()[0], rest.to_owned()))
        };
        assert_eq!(find("ben hi there"), Ok((3, "hi there".into())));
        assert_eq!(find("BEN"), Ok((3, String::new())));
        assert_eq!(find("ben smith  hi"), Ok((4, "hi".into())));
        assert_eq!(find("bend it"), Err(NameError::Nobody));
        assert_eq!(find(""), Err(NameError::Nobody));
        let Err(NameError::Several(labels)) = find("anna hi") else { panic!("two are") };
        let typed = format!("{} hi", labels[1]);
        let (member, rest) = names.find(&typed).expect("one has this mark");
        assert_eq!((member.id.as_bytes()[0], rest), (2, "hi"));
        assert_eq!(names.find("anna#zzzz hi").map(|_| ()), Err(NameError::Nobody));
        assert_eq!(names.find("anna# hi").map(|_| ()), Err(NameError::Nobody));
        let error = find("anna").expect_err("two are").to_string();
        assert!(error.contains("type anna#") && error.contains(" or anna#"), "{error}");
    }
}

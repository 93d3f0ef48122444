//! The machine's users and groups.
//!
//! **In** names or numbers. **Out** numbers, and who belongs to a group. **Never** a guess: a name that nobody bears is
//! an error.

use nix::unistd::{Gid, Group, Uid, User};

/// A name that nobody bears.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnknownAccount {
    /// Of a user.
    #[error("there is no user {0:?} on this machine")]
    User(String),
    /// Of a group.
    #[error("there is no group {0:?} on this machine")]
    Group(String),
}

/// A group by its name, or by its number.
///
/// # Errors
/// Where there is none of that name.
pub fn group_id(group: &str) -> Result<u32, UnknownAccount> {
    let named = || Group::from_name(group).ok().flatten().map(|group| group.gid.as_raw());
    group.parse().ok().or_else(named).ok_or_else(|| UnknownAccount::Group(group.to_owned()))
}

/// A user by his name, or by his number.
///
/// # Errors
/// Where there is none of that name.
pub fn user_id(user: &str) -> Result<u32, UnknownAccount> {
    let named = || User::from_name(user).ok().flatten().map(|user| user.uid.as_raw());
    user.parse().ok().or_else(named).ok_or_else(|| UnknownAccount::User(user.to_owned()))
}

/// Whether the machine's list of a group names a user. The group that a process runs under is not looked at.
pub fn is_listed(user: u32, group: u32) -> bool {
    let Ok(Some(group)) = Group::from_gid(Gid::from_raw(group)) else { return false };
    let Ok(Some(user)) = User::from_uid(Uid::from_raw(user)) else { return false };
    group.mem.contains(&user.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_understood_and_others_refused() {
        assert_eq!((user_id("root"), user_id("0"), user_id("4711")), (Ok(0), Ok(0), Ok(4711)));
        assert_eq!(group_id("4711"), Ok(4711));
        assert_eq!(user_id("no-such-user"), Err(UnknownAccount::User("no-such-user".to_owned())));
        assert_eq!(group_id("-1"), Err(UnknownAccount::Group("-1".to_owned())));
        assert!(!is_listed(4_000_000_000, 0));
    }
}

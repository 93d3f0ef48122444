//! Who may do what over the operator's API.
//!
//! **In** the caller's user and group, as the system tells them, and the path of the method that he calls. **Out** whether he
//! may. **Never** a method that nobody thought of for anybody but root and the daemon's own user.

use crate::accounts::{self, UnknownAccount};
use crate::config::{AdminConfig, Principal};

/// What a method takes; each includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// Sees what there is.
    Read,
    /// Changes what happens.
    Operate,
    /// Sees or makes what lets people in.
    Secret,
}

/// Whoever is at the other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// His user.
    pub user: u32,
    /// The group that his program runs under.
    pub group: u32,
}

/// Who has which right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rights {
    owner: u32,
    granted: Vec<(Right, Account)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Account {
    User(u32),
    Group(u32),
}

impl Right {
    /// What the method at this path takes.
    pub fn of(path: &str) -> Self {
        if READABLE.iter().any(|service| path.starts_with(service)) {
            return Self::Read;
        }
        let known = METHODS.iter().find(|(method, _)| path.strip_prefix(ADMIN) == Some(*method));
        known.map_or(Self::Secret, |(_, right)| *right)
    }

    /// The word for it, in settings and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Operate => "operate",
            Self::Secret => "secret",
        }
    }
}

impl Rights {
    /// All for root and this user, nothing for others.
    pub fn of_owner(owner: u32) -> Self {
        Self { owner, granted: Vec::new() }
    }

    /// As the settings say, and all for root and the user who runs the daemon.
    ///
    /// # Errors
    /// Where they name somebody who is not there.
    pub fn of(config: &AdminConfig, owner: u32) -> Result<Self, UnknownAccount> {
        let lists =
            [(Right::Read, &config.read), (Right::Operate, &config.operate), (Right::Secret, &config.secret)];
        let named = lists.into_iter().flat_map(|(right, who)| who.iter().map(move |who| (right, who)));
        let granted = named.map(|(right, who)| Ok((right, account(who)?))).collect::<Result<_, _>>()?;
        if let Some(group) = &config.group {
            accounts::group_id(group)?;
        }
        Ok(Self { owner, granted })
    }

    /// Whether this caller has this right.
    pub fn allow(&self, caller: Caller, right: Right) -> bool {
        let is_meant = |account: &Account| match *account {
            Account::User(user) => caller.user == user,
            Account::Group(group) => caller.group == group || accounts::is_listed(caller.user, group),
        };
        let mut granted = self.granted.iter().filter(|(most, _)| *most >= right);
        caller.user == 0 || caller.user == self.owner || granted.any(|(_, account)| is_meant(account))
    }
}

fn account(principal: &Principal) -> Result<Account, UnknownAccount> {
    match principal {
        Principal::User(name) => accounts::user_id(name).map(Account::User),
        Principal::Group(name) => accounts::group_id(name).map(Account::Group),
    }
}

const ADMIN: &str = "/chatter.admin.v1.Admin/";
/// Services all of whose methods show what anybody may know who may see anything.
const READABLE: [&str; 3] = [
    "/grpc.health.v1.Health/",
    "/grpc.reflection.v1.ServerReflection/",
    "/grpc.reflection.v1alpha.ServerReflection/",
];
const METHODS: [(&str, Right); 20] = [
    ("Status", Right::Read),
    ("ListAddresses", Right::Read),
    ("ListSessions", Right::Read),
    ("ListRooms", Right::Read),
    ("Purge", Right::Operate),
    ("RotateAccessCode", Right::Secret),
    ("CreateInvite", Right::Secret),
    ("RevokeInvite", Right::Operate),
    ("ListInvites", Right::Read),
    ("ReseedDecoy", Right::Secret),
    ("ListBans", Right::Read),
    ("AddBan", Right::Operate),
    ("LiftBan", Right::Operate),
    ("ExportBanReport", Right::Read),
    ("Watch", Right::Read),
    ("Kick", Right::Operate),
    ("ListSettings", Right::Read),
    ("CheckSettings", Right::Read),
    ("Reload", Right::Operate),
    ("Shutdown", Right::Operate),
];

#[cfg(test)]
mod tests {
    use super::*;

    const PROTO: &str = include_str!("../../../proto/proto/admin.proto");

    #[test]
    fn every_method_takes_the_right_that_the_document_names() {
        let mut right = "";
        let mut documented = Vec::new();
        for line in PROTO.lines().map(str::trim) {
            if let Some(named) = line.strip_prefix("// Right: ") {
                right = named.trim_end_matches('.');
            } else if let Some(method) = line.strip_prefix("rpc ") {
                documented.push((method.split('(').next().unwrap_or_default(), right));
                right = "";
            }
        }
        let known: Vec<_> = METHODS.iter().map(|(method, right)| (*method, right.as_str())).collect();
        assert_eq!(documented, known);
    }

    #[test]
    fn rights_include_those_before_them_and_nobody_else_has_any() {
        let config = AdminConfig {
            socket: "/a".into(),
            group: None,
            read: vec!["4001".parse().unwrap()],
            operate: vec!["@4002".parse().unwrap()],
            secret: vec!["4003".parse().unwrap()],
        };
        let rights = Rights::of(&config, 4000).unwrap();
        let check = |user, group, most: Option<Right>| {
            for right in [Right::Read, Right::Operate, Right::Secret] {
                let may = most.is_some_and(|most| right <= most);
                assert_eq!(rights.allow(Caller { user, group }, right), may, "{user} {group} {right:?}");
            }
        };
        check(0, 0, Some(Right::Secret));
        check(4000, 4000, Some(Right::Secret));
        check(4001, 4001, Some(Right::Read));
        check(4009, 4002, Some(Right::Operate));
        check(4003, 4009, Some(Right::Secret));
        check(4009, 4001, None);
        assert!(!Rights::of_owner(4000).allow(Caller { user: 4001, group: 4000 }, Right::Read));
    }

    #[test]
    fn what_nobody_thought_of_takes_the_most() {
        assert_eq!(Right::of("/grpc.health.v1.Health/Check"), Right::Read);
        assert_eq!(Right::of("/chatter.admin.v1.Admin/Status"), Right::Read);
        for path in ["/chatter.admin.v1.Admin/Sta", "/chatter.admin.v1.Admin/Status/", "/x/Status", "", "/"] {
            assert_eq!(Right::of(path), Right::Secret, "{path}");
        }
    }
}

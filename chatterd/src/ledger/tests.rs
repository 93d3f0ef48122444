//! The ledger by example, and against a naive one.

use super::*;
use std::collections::BTreeMap;

use proptest::prelude::*;

const NOW: WallTime = WallTime(1_000_000);
const DAY: Duration = Duration::from_secs(86_400);

fn settings() -> Settings {
    Settings {
        ban_after: 3,
        ban_for: Some(DAY),
        exempt: vec!["127.0.0.0/8".parse().unwrap(), "::1".parse().unwrap()],
        purge_every: 1000,
        addresses_max: 10,
        bans_max: 4,
    }
}

fn ledger(change: impl FnOnce(&mut Settings)) -> Ledger {
    let mut settings = settings();
    change(&mut settings);
    Ledger::new(settings, [7; 32])
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

fn later(seconds: u64) -> WallTime {
    WallTime(NOW.0 + seconds)
}

/// Knocks so often and says how often that made a new ban.
fn knock(ledger: &mut Ledger, from: &str, times: u32) -> usize {
    (0..times).filter_map(|_| ledger.knock(ip(from), NOW)).count()
}

fn sorted_bans(ledger: &Ledger) -> Vec<Ban> {
    let mut bans = ledger.bans();
    bans.sort_unstable_by_key(|ban| ban.address);
    bans
}

fn known(ledger: &Ledger) -> Vec<Known> {
    let mut known = ledger.addresses();
    known.sort_unstable_by_key(|known| known.address);
    known
}

fn banned(ledger: &Ledger) -> Vec<String> {
    sorted_bans(ledger).iter().map(|ban| format!("{} {}", ban.address, ban.packets)).collect()
}

#[test]
fn the_last_allowed_knock_bans_once_and_counting_goes_on() {
    let mut ledger = ledger(|_| {});
    assert_eq!(knock(&mut ledger, "203.0.113.9", 2), 0);
    let expected = NewBan { address: address("203.0.113.9"), packets: 3, reason: Reason::Knocks };
    assert_eq!(ledger.knock(ip("203.0.113.9"), NOW), Some(expected));
    assert_eq!(knock(&mut ledger, "::ffff:203.0.113.9", 5), 0);
    assert_eq!(banned(&ledger), ["203.0.113.9 8"]);
    assert!(ledger.is_banned(ip("203.0.113.9"), NOW) && !ledger.is_banned(ip("203.0.113.8"), NOW));
    assert_eq!(ledger.counts(), Counts { addresses: 1, bans: 1, knocks: 8 });
}

#[test]
fn ipv6_counts_by_its_network() {
    let mut ledger = ledger(|_| {});
    for from in ["2001:db8::1", "2001:db8::2"] {
        assert_eq!(ledger.knock(ip(from), NOW), None);
    }
    assert!(ledger.knock(ip("2001:db8::ffff:3"), NOW).is_some());
    assert!(ledger.is_banned(ip("2001:db8::4"), NOW) && !ledger.is_banned(ip("2001:db8:0:1::4"), NOW));
    assert_eq!(banned(&ledger), ["2001:db8::/64 3"]);
}

#[test]
fn exempt_addresses_are_counted_and_never_banned() {
    let mut ledger = ledger(|_| {});
    assert_eq!(knock(&mut ledger, "127.0.0.1", 50) + knock(&mut ledger, "::1", 50), 0);
    assert_eq!(ledger.ban(address("127.0.0.1"), Length::Usual, NOW), Err(BanError::Exempt));
    let known = known(&ledger);
    assert!(known.iter().all(|known| known.exempt.is_some() && known.ban.is_none() && known.knocks == 50));
    assert_eq!(known.len(), 2);
}

#[test]
fn a_member_clears_exempts_and_lifts_until_the_last_one_leaves() {
    let mut ledger = ledger(|_| {});
    let from = "203.0.113.9";
    knock(&mut ledger, from, 3);
    ledger.poll_report(false);
    ledger.confirmed(ip(from));
    assert_eq!(ledger.poll_report(false), Some(vec![]), "lifted");
    ledger.confirmed(ip(from));
    assert_eq!(knock(&mut ledger, from, 9), 0);
    assert_eq!(ledger.ban(address(from), Length::Usual, NOW), Err(BanError::Member));
    ledger.session_ended(ip(from));
    assert_eq!(knock(&mut ledger, from, 9), 0);
    let [known] = ledger.addresses().try_into().unwrap();
    assert!(known.members == 1 && known.knocks == 0 && known.last_knock.is_none());
    ledger.session_ended(ip(from));
    assert_eq!(ledger.addresses(), [], "nothing is left of a member");
    assert_eq!(knock(&mut ledger, from, 3), 1);
    ledger.session_ended(ip("198.51.100.1"));
    ledger.session_ended(ip(from));
    assert!(ledger.is_banned(ip(from), NOW), "an end without a beginning changes nothing");
}

#[test]
fn bans_end_by_time_by_word_or_never() {
    let from = "203.0.113.9";
    let mut ends = ledger(|_| {});
    knock(&mut ends, from, 3);
    assert_eq!(ends.poll_timeout(), Some(later(DAY.as_secs())));
    assert!(ends.is_banned(ip(from), later(DAY.as_secs() - 1)));
    assert!(!ends.is_banned(ip(from), later(DAY.as_secs())), "over, even before the timeout is handled");
    ends.poll_report(false);
    ends.handle_timeout(later(DAY.as_secs()));
    assert_eq!(ends.poll_report(false), Some(vec![]));
    assert_eq!((ends.counts().addresses, ends.poll_timeout()), (0, None));

    let mut stays = ledger(|settings| settings.ban_for = None);
    knock(&mut stays, from, 3);
    stays.handle_timeout(WallTime(u64::MAX));
    assert!(stays.is_banned(ip(from), WallTime(u64::MAX)));
    assert!(stays.lift(address(from)));
    assert!(!stays.lift(address(from)));
    assert_eq!(stays.counts().addresses, 0);
    assert_eq!(knock(&mut stays, from, 2), 0, "a lifted address starts anew");
}

#[test]
fn the_operators_word_bans_too() {
    let mut ledger = ledger(|settings| settings.bans_max = 2);
    let expected = NewBan { address: address("203.0.113.9"), packets: 0, reason: Reason::Operator };
    assert_eq!(ledger.ban(address("203.0.113.9"), Length::Usual, NOW), Ok(Some(expected)));
    assert_eq!(ledger.ban(address("203.0.113.9"), Length::Usual, later(5)), Ok(None));
    let ban = ledger.find_ban(address("203.0.113.9")).unwrap();
    assert_eq!((ban.terms.since, ban.packets), (NOW, 0));
    assert_eq!(knock(&mut ledger, "203.0.113.9", 9), 0);
    assert_eq!(banned(&ledger), ["203.0.113.9 9"]);
    assert!(ledger.ban(address("203.0.113.10"), Length::Usual, NOW).unwrap().is_some());
    assert_eq!(ledger.ban(address("203.0.113.11"), Length::Usual, NOW), Err(BanError::Full));
    assert_eq!(ledger.find_ban(address("203.0.113.11")), None);
}

#[test]
fn the_operator_says_how_long_and_sees_why() {
    let mut ledger = ledger(|_| {});
    for (last, length, until) in [
        (1, Length::Usual, Some(later(DAY.as_secs()))),
        (2, Length::For(Duration::from_secs(60)), Some(later(60))),
        (3, Length::UntilLifted, None),
        (4, Length::For(Duration::MAX), Some(WallTime(u64::MAX))),
    ] {
        let address = Address::from(IpAddr::from([203, 0, 113, last]));
        assert!(ledger.ban(address, length, NOW).unwrap().is_some());
        assert_eq!(ledger.find(address).unwrap().ban.unwrap().until, until);
    }
    let _ = ledger.knock(ip("127.0.0.1"), NOW);
    let _ = ledger.knock(ip("127.0.0.1"), later(5));
    let known = ledger.find(address("127.0.0.1")).unwrap();
    assert_eq!((known.first_knock, known.last_knock, known.knocks), (Some(NOW), Some(later(5)), 2));
    assert_eq!(known.exempt.map(|network| network.to_string()).as_deref(), Some("127.0.0.0/8"));
    assert!(ledger.forget(address("127.0.0.1")) && ledger.find(address("127.0.0.1")).is_none());
    assert!(!ledger.forget(address("203.0.113.1")), "a ban stays");
}

#[test]
fn counters_are_forgotten_after_so_many_packets_and_bans_are_not() {
    let mut ledger = ledger(|settings| settings.purge_every = 8);
    ledger.confirmed(ip("192.0.2.1"));
    knock(&mut ledger, "203.0.113.9", 3);
    knock(&mut ledger, "198.51.100.1", 2);
    knock(&mut ledger, "127.0.0.1", 2);
    assert_eq!(ledger.counts().addresses, 4);
    knock(&mut ledger, "198.51.100.2", 1);
    let left: Vec<_> = known(&ledger).iter().map(|known| known.address.to_string()).collect();
    assert_eq!(left, ["192.0.2.1", "203.0.113.9"]);
    assert_eq!(knock(&mut ledger, "198.51.100.1", 2), 0);
    assert_eq!(ledger.purge(), 1);
    assert_eq!(ledger.purge(), 0);
}

#[test]
fn a_member_who_quits_is_forgotten_and_others_are_not() {
    let mut ledger = ledger(|_| {});
    knock(&mut ledger, "198.51.100.1", 2);
    ledger.forget(address("198.51.100.1"));
    ledger.forget(address("198.51.100.2"));
    assert_eq!(ledger.counts().addresses, 0);
    ledger.confirmed(ip("198.51.100.1"));
    knock(&mut ledger, "203.0.113.9", 3);
    ledger.forget(address("198.51.100.1"));
    ledger.forget(address("203.0.113.9"));
    assert_eq!(ledger.counts().addresses, 2);
    assert_eq!(banned(&ledger), ["203.0.113.9 3"]);
}

#[test]
fn memory_is_bounded_and_the_least_recent_knocker_goes_first() {
    let mut ledger = ledger(|_| {});
    knock(&mut ledger, "203.0.113.9", 3);
    for last in 0..200 {
        knock(&mut ledger, &format!("198.51.100.{last}"), 1);
        // This one stays, since it goes on knocking.
        if last % 5 == 0 && last < 5 {
            knock(&mut ledger, "192.0.2.1", 1);
        }
        assert!(ledger.counts().addresses <= 10);
    }
    assert!(ledger.is_banned(ip("203.0.113.9"), NOW));
    let left: Vec<_> = known(&ledger).iter().map(|known| known.address.to_string()).collect();
    assert_eq!(left.len(), 10);
    assert!(left.contains(&"198.51.100.199".to_owned()) && !left.contains(&"198.51.100.190".to_owned()));
}

#[test]
fn bans_are_bounded_and_wait_for_room() {
    let mut ledger = ledger(|_| {});
    for last in 1..=6 {
        knock(&mut ledger, &format!("198.51.100.{last}"), 3);
    }
    assert_eq!(ledger.counts().bans, 4);
    assert!(ledger.lift(address("198.51.100.1")));
    assert_eq!(knock(&mut ledger, "198.51.100.6", 1), 1);
    assert_eq!(ledger.counts().bans, 4);
}

#[test]
fn where_all_are_banned_or_in_use_nothing_more_is_known() {
    let mut ledger = ledger(|settings| settings.addresses_max = 2);
    knock(&mut ledger, "203.0.113.9", 3);
    ledger.confirmed(ip("192.0.2.1"));
    assert_eq!(knock(&mut ledger, "198.51.100.1", 50), 0);
    assert_eq!(ledger.ban(address("198.51.100.1"), Length::Usual, NOW), Err(BanError::Full));
    assert_eq!(ledger.counts(), Counts { addresses: 2, bans: 1, knocks: 53 });
}

#[test]
fn bans_are_taken_up_again() {
    let mut ledger = ledger(|_| {});
    let terms =
        |until: u64| Terms { since: WallTime(5), until: Some(WallTime(until)), reason: Reason::Operator };
    let recovered = |text: &str, packets, terms| RecoveredBan { address: address(text), packets, terms };
    ledger.restore(
        &[
            recovered("203.0.113.1", 30, None),
            recovered("203.0.113.2", 0, None),
            recovered("203.0.113.3", 31, Some(terms(NOW.0 + 1))),
            recovered("203.0.113.4", 32, Some(terms(NOW.0))),
            recovered("127.0.0.1", 33, None),
        ],
        NOW,
    );
    assert_eq!(banned(&ledger), ["203.0.113.1 30", "203.0.113.2 0", "203.0.113.3 31"]);
    let reasons: Vec<_> = sorted_bans(&ledger).iter().map(|ban| ban.terms.reason.as_str()).collect();
    assert_eq!(reasons, ["knocks", "operator", "operator"]);
    assert_eq!(ledger.poll_report(false).map(|bans| bans.len()), Some(3), "the file is put right");
    assert_eq!(ledger.poll_report(false), None);
    assert_eq!(knock(&mut ledger, "203.0.113.1", 1), 0);
    assert_eq!(ledger.poll_report(false), None, "a count alone can wait");
    let packets = |bans: Vec<Ban>| bans.iter().map(|ban| ban.packets).sum::<u64>();
    assert_eq!(ledger.poll_report(true).map(packets), Some(31 + 31));
    assert_eq!(ledger.poll_report(true), None);
}

#[test]
fn debug_output_holds_no_address() {
    let mut ledger = ledger(|_| {});
    knock(&mut ledger, "203.0.113.9", 3);
    let shown = format!("{ledger:?} {:?} {:?}", ledger.bans(), ledger.addresses());
    assert!(!shown.contains("203") && !shown.contains("113"), "{shown}");
}

/// The ledger again, as naive as can be: no bounds, no order, no wiping.
#[derive(Default)]
struct Reference {
    knocks: BTreeMap<u8, u64>,
    members: BTreeMap<u8, u32>,
    bans: BTreeMap<u8, u64>,
}

#[derive(Clone, Debug)]
enum Step {
    Knock(u8),
    Confirmed(u8),
    Ended(u8),
    Forget(u8),
    Ban(u8),
    Lift(u8),
    Purge,
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let who = 0u8..4;
    prop_oneof![
        8 => who.clone().prop_map(Step::Knock),
        1 => who.clone().prop_map(Step::Confirmed),
        1 => who.clone().prop_map(Step::Ended),
        1 => who.clone().prop_map(Step::Forget),
        1 => who.clone().prop_map(Step::Ban),
        1 => who.prop_map(Step::Lift),
        1 => Just(Step::Purge),
        1 => (0u64..60_000).prop_map(Step::Wait),
    ]
}

impl Reference {
    fn take(&mut self, step: &Step, now: u64) {
        self.bans.retain(|who, until| {
            let over = *until <= now;
            if over {
                self.knocks.remove(who);
            }
            !over
        });
        let until = now + DAY.as_secs();
        match step {
            Step::Knock(who) if self.members.contains_key(who) => {}
            Step::Knock(who) => {
                let count = self.knocks.entry(*who).or_default();
                *count += 1;
                if *count >= 3 && *who != 0 {
                    self.bans.entry(*who).or_insert(until);
                }
            }
            Step::Confirmed(who) => {
                self.knocks.remove(who);
                self.bans.remove(who);
                *self.members.entry(*who).or_default() += 1;
            }
            Step::Ended(who) => {
                if let Some(count) = self.members.get_mut(who) {
                    *count -= 1;
                    self.members.retain(|_, count| *count > 0);
                }
            }
            Step::Forget(who) if self.bans.contains_key(who) => {}
            Step::Forget(who) => drop(self.knocks.remove(who)),
            Step::Ban(who) if *who == 0 || self.members.contains_key(who) => {}
            Step::Ban(who) => drop(self.bans.entry(*who).or_insert(until)),
            Step::Lift(who) if self.bans.remove(who).is_some() => drop(self.knocks.remove(who)),
            Step::Purge => self.knocks.retain(|who, _| self.bans.contains_key(who)),
            Step::Lift(_) | Step::Wait(_) => {}
        }
    }
}

fn host(who: u8) -> IpAddr {
    IpAddr::from(if who == 0 { [127, 0, 0, 1] } else { [203, 0, 113, who] })
}

proptest! {
    #[test]
    fn agrees_with_the_naive_one(steps in prop::collection::vec(step(), 0..120)) {
        let mut ledger = ledger(|settings| settings.purge_every = u64::MAX);
        let mut reference = Reference::default();
        let mut now = NOW.0;
        for step in steps {
            if let Step::Wait(seconds) = step {
                now += seconds;
            }
            reference.take(&step, now);
            let time = WallTime(now);
            ledger.handle_timeout(time);
            match step {
                Step::Knock(who) => drop(ledger.knock(host(who), time)),
                Step::Confirmed(who) => ledger.confirmed(host(who)),
                Step::Ended(who) => ledger.session_ended(host(who)),
                Step::Forget(who) => drop(ledger.forget(host(who).into())),
                Step::Ban(who) => drop(ledger.ban(host(who).into(), Length::Usual, time)),
                Step::Lift(who) => drop(ledger.lift(host(who).into())),
                Step::Purge => drop(ledger.purge()),
                Step::Wait(_) => {}
            }
            for who in 0u8..4 {
                let from = Address::from(host(who));
                let known = ledger.addresses().into_iter().find(|known| known.address == from);
                prop_assert_eq!(ledger.is_banned(host(who), time), reference.bans.contains_key(&who));
                prop_assert_eq!(
                    known.map_or(0, |known| known.knocks),
                    reference.knocks.get(&who).copied().unwrap_or(0)
                );
                prop_assert_eq!(
                    known.is_some_and(|known| known.members > 0),
                    reference.members.contains_key(&who)
                );
            }
            prop_assert_eq!(ledger.counts().bans, reference.bans.len());
            prop_assert_eq!(ledger.poll_timeout().map(|end| end.0), reference.bans.values().min().copied());
        }
    }
}

#[test]
fn other_settings_hold_from_then_on() {
    let mut ledger = ledger(|settings| settings.addresses_max = 100);
    for _ in 0..2 {
        assert_eq!(ledger.knock(ip("203.0.113.1"), NOW), None);
        ledger.knock(ip("203.0.113.2"), NOW);
    }
    assert!(ledger.knock(ip("203.0.113.2"), NOW).is_some());
    let exempt = vec!["203.0.113.2".parse().unwrap()];
    ledger.set_settings(Settings { ban_after: 4, exempt, ..ledger.settings.clone() });
    assert!(!ledger.is_banned(ip("203.0.113.2"), NOW), "exempt by now");
    assert_eq!(ledger.knock(ip("203.0.113.1"), NOW), None, "the third");
    assert!(ledger.knock(ip("203.0.113.1"), NOW).is_some(), "the fourth");
    for last in 10..30 {
        ledger.knock(ip(&format!("203.0.113.{last}")), NOW);
    }
    ledger.set_settings(Settings { addresses_max: 5, ..ledger.settings.clone() });
    assert_eq!((ledger.counts().addresses, ledger.counts().bans), (5, 1), "the ban stays");
    assert!(ledger.find(address("203.0.113.29")).is_some(), "who knocked last is known");
}

#[test]
fn news_are_for_who_asks() {
    let mut ledger = ledger(|settings| settings.ban_after = 1);
    ledger.knock(ip("203.0.113.1"), NOW);
    assert_eq!(ledger.poll_news(false), []);
    ledger.want_news();
    ledger.knock(ip("203.0.113.2"), NOW);
    ledger.lift(address("203.0.113.1"));
    let news = ledger.poll_news(false);
    assert!(matches!(*news[0], News::Banned(ban) if ban.address == address("203.0.113.2")), "{news:?}");
    assert_eq!(*news[1], News::Lifted(address("203.0.113.1")));
    ledger.lift(address("203.0.113.2"));
    assert_eq!(ledger.poll_news(true), []);
}

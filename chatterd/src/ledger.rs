//! Counts knocks, knows who is banned and why, and forgets.
//!
//! **In** where requests without a live token came from, where members are, what the operator says, and the time. An
//! address is whatever the listener takes for the peer's: nothing here knows how that was learned.
//! **Out** new bans to tell the journal, the list for the report, what the operator may see. **Never** a socket, a
//! clock or a file; never a ban of an exempt address or of one that a member is behind; never unbounded memory.
//!
//! ```text
//! knock ──> count per address ──(ban.after)──> ban ──(ban.for, lift, confirmed)──> forgotten
//!                 └──(purge.every-packets, purge, forget, room needed)──> forgotten
//! ```

mod address;
mod ban;
mod news;
mod records;

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use chatter_protocol::time::WallTime;

pub use address::{Address, AddressError, Network, NetworkError};
pub use ban::{Ban, BanError, Length, NewBan, Reason, RecoveredBan, Terms};
pub use news::News;

use news::Gazette;
use records::{Records, Tag};

/// What the ledger goes by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The knock of this number puts its address into the report.
    pub ban_after: u64,
    /// How long a ban lasts; none: until it is lifted.
    pub ban_for: Option<Duration>,
    /// Who is never banned.
    pub exempt: Vec<Network>,
    /// After this many knocks all counters are forgotten.
    pub purge_every: u64,
    /// How many addresses are known at most; the one that has not knocked for longest goes first, never a ban.
    pub addresses_max: usize,
    /// How many addresses are banned at most. Further ones are counted and banned once there is room: to drop an
    /// old ban for a new one would let a flood of addresses lift bans.
    pub bans_max: usize,
}

/// What is known about an address, for the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// Which.
    pub address: Address,
    /// Its knocks, none of which are counted while a member is behind it.
    pub knocks: u64,
    /// When the first of them was heard.
    pub first_knock: Option<WallTime>,
    /// When the last of them was heard.
    pub last_knock: Option<WallTime>,
    /// In the report since when, until when and why.
    pub ban: Option<Terms>,
    /// Confirmed sessions from it.
    pub members: u32,
    /// What in the setting says that it is never banned.
    pub exempt: Option<Network>,
}

/// How much there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Addresses of which anything is known.
    pub addresses: usize,
    /// Those in the report.
    pub bans: usize,
    /// Knocks since the daemon started.
    pub knocks: u64,
}

/// The counts, the bans and the forgetting.
pub struct Ledger {
    settings: Settings,
    records: Records,
    /// Bans that end by themselves, by their end.
    ends: BTreeSet<(WallTime, Tag)>,
    bans: usize,
    knocks: u64,
    knocks_since_purge: u64,
    /// The report has other bans than there are.
    report_stale: bool,
    /// It has other counts.
    counts_stale: bool,
    gazette: Gazette,
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger").field("counts", &self.counts()).finish_non_exhaustive()
    }
}

impl Ledger {
    /// An empty ledger; `key` is fresh randomness that hides which addresses it holds.
    pub fn new(settings: Settings, key: [u8; 32]) -> Self {
        let records = Records::new(key, settings.addresses_max);
        Self {
            settings,
            records,
            ends: BTreeSet::new(),
            bans: 0,
            knocks: 0,
            knocks_since_purge: 0,
            report_stale: false,
            counts_stale: false,
            gazette: Gazette::default(),
        }
    }

    /// Goes by other settings from now on. Bans of who is exempt by them are lifted, and the addresses that have not knocked
    /// for longest are forgotten where fewer may be known; no other ban ends or changes its length.
    pub fn set_settings(&mut self, settings: Settings) {
        self.settings = settings;
        self.records.set_max(self.settings.addresses_max);
        let exempt: Vec<Address> = self
            .bans()
            .into_iter()
            .map(|ban| ban.address)
            .filter(|address| self.is_exempt(*address))
            .collect();
        for address in exempt {
            self.take_ban(address);
        }
    }

    /// Somebody will ask for news of what begins and ends from now on.
    pub fn want_news(&mut self) {
        self.gazette.want();
    }

    /// What began and ended since the last call, if somebody wanted it; and whether he still does.
    pub fn poll_news(&mut self, ask_again: bool) -> Vec<Box<News>> {
        self.gazette.take(ask_again)
    }

    /// Takes up the bans of an earlier run: those that are over or exempt by now are left out.
    pub fn restore(&mut self, bans: &[RecoveredBan], now: WallTime) {
        for ban in bans {
            let terms = ban.terms.unwrap_or_else(|| {
                let reason = if ban.packets == 0 { Reason::Operator } else { Reason::Knocks };
                self.terms(reason, now)
            });
            let over = terms.until.is_some_and(|until| until <= now);
            if !over && !self.is_exempt(ban.address) && self.bans < self.settings.bans_max {
                self.put(ban.address, ban.packets, terms);
            }
        }
        self.report_stale = true;
    }

    /// Counts a request without a live token. The answer to it does not depend on what comes of this.
    pub fn knock(&mut self, from: IpAddr, now: WallTime) -> Option<NewBan> {
        self.handle_timeout(now);
        let address = Address::from(from);
        let exempt = self.is_exempt(address);
        self.knocks += 1;
        let new = self.count(address, exempt, now);
        self.knocks_since_purge += 1;
        if self.knocks_since_purge >= self.settings.purge_every {
            self.purge();
        }
        new
    }

    fn count(&mut self, address: Address, exempt: bool, now: WallTime) -> Option<NewBan> {
        let terms = self.terms(Reason::Knocks, now);
        let (tag, record) = self.records.enter(address)?;
        if record.members > 0 {
            return None;
        }
        record.knock(now);
        let packets = record.knocks;
        let banned = record.ban.is_some();
        self.counts_stale |= banned;
        let due =
            !banned && !exempt && packets >= self.settings.ban_after && self.bans < self.settings.bans_max;
        if !due {
            self.records.settle(tag);
            return None;
        }
        self.put(address, packets, terms);
        Some(NewBan { address, packets, reason: Reason::Knocks })
    }

    /// A session from here proved itself: the address's knocks are cleared, its ban is lifted and none can come until
    /// as many [`session_ended`](Self::session_ended) are heard as this was.
    pub fn confirmed(&mut self, from: IpAddr) {
        let address = Address::from(from);
        self.take_ban(address);
        if let Some((tag, record)) = self.records.enter(address) {
            record.clear();
            record.members = record.members.saturating_add(1);
            self.records.settle(tag);
        }
    }

    /// A confirmed session from here is over, or goes on from elsewhere. After the last one nothing is left of it.
    pub fn session_ended(&mut self, from: IpAddr) {
        let tag = self.records.tag(Address::from(from));
        if let Some(record) = self.records.find_mut(tag) {
            record.members = record.members.saturating_sub(1);
            self.records.settle(tag);
        }
    }

    /// Forgets an address, unless it is banned or other members are behind it; whether there was something to forget.
    pub fn forget(&mut self, address: Address) -> bool {
        let tag = self.records.tag(address);
        let Some(record) = self.records.find_mut(tag).filter(|record| record.ban.is_none()) else {
            return false;
        };
        record.clear();
        self.records.settle(tag);
        self.records.find(tag).is_none()
    }

    /// Whether the address is banned at this moment.
    pub fn is_banned(&self, from: IpAddr, now: WallTime) -> bool {
        let record = self.records.find(self.records.tag(Address::from(from)));
        let terms = record.and_then(|record| record.ban);
        terms.is_some_and(|terms| terms.until.is_none_or(|until| until > now))
    }

    /// Whether the address is never banned, by the setting.
    pub fn is_exempt(&self, address: Address) -> bool {
        self.exempted_by(address).is_some()
    }

    fn exempted_by(&self, address: Address) -> Option<Network> {
        self.settings.exempt.iter().find(|network| network.overlaps(address)).copied()
    }

    /// Bans by the operator's word. `None`: it was banned already, which stays as it is.
    ///
    /// # Errors
    /// Where the address must not be banned, or there is no room.
    pub fn ban(
        &mut self,
        address: Address,
        length: Length,
        now: WallTime,
    ) -> Result<Option<NewBan>, BanError> {
        self.handle_timeout(now);
        if self.is_exempt(address) {
            return Err(BanError::Exempt);
        }
        let known = self.records.find(self.records.tag(address));
        if known.is_some_and(|record| record.members > 0) {
            return Err(BanError::Member);
        }
        if known.is_some_and(|record| record.ban.is_some()) {
            return Ok(None);
        }
        let packets = known.map_or(0, |record| record.knocks);
        let terms = match length {
            Length::Usual => self.terms(Reason::Operator, now),
            Length::For(length) => {
                Terms { since: now, until: Some(after(now, length)), reason: Reason::Operator }
            }
            Length::UntilLifted => Terms { since: now, until: None, reason: Reason::Operator },
        };
        if self.bans >= self.settings.bans_max || !self.put(address, packets, terms) {
            return Err(BanError::Full);
        }
        Ok(Some(NewBan { address, packets, reason: Reason::Operator }))
    }

    /// Lifts a ban and clears the count; false where there was none.
    pub fn lift(&mut self, address: Address) -> bool {
        self.take_ban(address)
    }

    /// The ban of an address.
    pub fn find_ban(&self, address: Address) -> Option<Ban> {
        let record = self.records.find(self.records.tag(address))?;
        record.ban.map(|terms| Ban { address, packets: record.knocks, terms })
    }

    /// Forgets all counters and all addresses that are neither banned nor in use, and says how many those were.
    pub fn purge(&mut self) -> usize {
        self.knocks_since_purge = 0;
        self.records.forget_free()
    }

    /// Ends the bans whose time is over.
    pub fn handle_timeout(&mut self, now: WallTime) {
        while let Some((until, tag)) = self.ends.first().copied()
            && until <= now
        {
            let address = self.records.find(tag).map(|record| record.address);
            self.ends.pop_first();
            if let Some(address) = address {
                self.take_ban(address);
            }
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) next has something to do.
    pub fn poll_timeout(&self) -> Option<WallTime> {
        self.ends.first().map(|(until, _)| *until)
    }

    /// The bans for the report, in no order, where they are others than at the last call; with `counts`, where some
    /// of them knocked meanwhile, too.
    pub fn poll_report(&mut self, counts: bool) -> Option<Vec<Ban>> {
        let stale = self.report_stale || counts && self.counts_stale;
        stale.then(|| {
            self.report_stale = false;
            self.counts_stale = false;
            self.bans()
        })
    }

    /// All bans, in no order.
    pub fn bans(&self) -> Vec<Ban> {
        let ban = |record: &records::Record| {
            record.ban.map(|terms| Ban { address: record.address, packets: record.knocks, terms })
        };
        self.records.iter().filter_map(ban).collect()
    }

    /// All that is known, in no order.
    pub fn addresses(&self) -> Vec<Known> {
        self.records.iter().map(|record| self.known(record)).collect()
    }

    /// What is known of one address.
    pub fn find(&self, address: Address) -> Option<Known> {
        self.records.find(self.records.tag(address)).map(|record| self.known(record))
    }

    /// Nothing, but whether it is exempt.
    pub fn unknown(&self, address: Address) -> Known {
        let exempt = self.exempted_by(address);
        Known { address, knocks: 0, first_knock: None, last_knock: None, ban: None, members: 0, exempt }
    }

    fn known(&self, record: &records::Record) -> Known {
        Known {
            address: record.address,
            knocks: record.knocks,
            first_knock: record.first_knock,
            last_knock: record.last_knock,
            ban: record.ban,
            members: record.members,
            exempt: self.exempted_by(record.address),
        }
    }

    /// How much there is.
    pub fn counts(&self) -> Counts {
        Counts { addresses: self.records.len(), bans: self.bans, knocks: self.knocks }
    }

    fn terms(&self, reason: Reason, now: WallTime) -> Terms {
        let until = self.settings.ban_for.map(|length| after(now, length));
        Terms { since: now, until, reason }
    }

    /// Bans; false where there is no room. A second ban of one address replaces the first one's terms.
    fn put(&mut self, address: Address, packets: u64, terms: Terms) -> bool {
        let Some((tag, record)) = self.records.enter(address) else { return false };
        record.knocks = packets.max(record.knocks);
        let before = record.ban.replace(terms);
        self.records.settle(tag);
        match before {
            Some(Terms { until: Some(until), .. }) => drop(self.ends.remove(&(until, tag))),
            Some(Terms { until: None, .. }) => {}
            None => self.bans += 1,
        }
        if let Some(until) = terms.until {
            self.ends.insert((until, tag));
        }
        self.gazette.print(|| News::Banned(Ban { address, packets, terms }));
        self.report_stale = true;
        true
    }

    fn take_ban(&mut self, address: Address) -> bool {
        let tag = self.records.tag(address);
        let Some(record) = self.records.find_mut(tag) else { return false };
        let Some(terms) = record.ban.take() else { return false };
        record.clear();
        self.records.settle(tag);
        if let Some(until) = terms.until {
            self.ends.remove(&(until, tag));
        }
        self.bans -= 1;
        self.gazette.print(|| News::Lifted(address));
        self.report_stale = true;
        true
    }
}

fn after(now: WallTime, length: Duration) -> WallTime {
    WallTime(now.0.saturating_add(length.as_secs()))
}

#[cfg(test)]
mod tests;

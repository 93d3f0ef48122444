//! One room as the screen shows it: its talk, who is here, what was not seen yet.
//!
//! **In** entries, names. **Out** rows for a height and width. **Never** more lines than a bound, nor a position that
//! moves because something was said while somebody reads further up.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use ratatui::text::Line;

use super::entry::{Entry, Kind, Sent, find};
use super::theme::Theme;

/// One room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tab {
    /// What it is called; cleaned.
    pub(crate) title: String,
    /// What we are called in it.
    pub(crate) you: String,
    entries: VecDeque<Entry>,
    cost: usize,
    next_number: u64,
    day: String,
    /// The lowest row that is shown; nothing while that is the newest.
    pub(crate) anchor: Option<Anchor>,
    /// What came since the tab, or its end, was last seen.
    pub(crate) unread: usize,
    /// Of these, what names us or is for us alone.
    pub(crate) mentions: usize,
    /// The others.
    pub(crate) members: BTreeMap<String, Marks>,
    /// Whose words are not shown.
    pub(crate) ignored: BTreeSet<String>,
    pub(crate) locked: bool,
    /// Whether some of those who should be here do not reach each other, or us.
    pub(crate) apart: bool,
    pub(crate) entered: bool,
    /// What we typed and what was not said yet, by the number of its entry.
    waiting: VecDeque<(u64, String)>,
    /// What was said and not taken yet: entry and moment, by the number in the stay.
    under_way: BTreeMap<u64, (u64, Duration)>,
    /// What the relay has and not everybody has opened: entry, by the number in the stay.
    taken: BTreeMap<u64, u64>,
}

/// A row of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Anchor {
    /// The entry's number.
    pub(crate) entry: u64,
    /// Which of its rows, from 0.
    pub(crate) row: usize,
}

/// What is known of a member.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Marks {
    pub(crate) verified: bool,
    pub(crate) lasting: bool,
}

impl Tab {
    /// A room without lines; its title and our name in it must have been cleaned.
    pub(crate) fn new(title: String, you: String) -> Self {
        Self { title, you, ..Self::default() }
    }

    /// Adds something; who and text must have been cleaned. Its number comes back.
    pub(crate) fn push(&mut self, day: &str, time: &str, kind: Kind, who: &str, text: &str) -> u64 {
        if self.day != day {
            let first = std::mem::replace(&mut self.day, day.to_owned()).is_empty();
            if !first {
                self.add(time, Kind::Day, "", day);
            }
        }
        self.add(time, kind, who, text)
    }

    fn add(&mut self, time: &str, kind: Kind, who: &str, text: &str) -> u64 {
        let number = self.next_number;
        self.next_number += 1;
        let entry = Entry { number, time: time.into(), kind, who: who.into(), text: text.into() };
        self.cost += entry.cost();
        self.entries.push_back(entry);
        if self.entries.len() > LINES_MAX {
            self.drop_oldest();
        }
        number
    }

    /// Forgets the oldest line.
    pub(crate) fn drop_oldest(&mut self) {
        if let Some(entry) = self.entries.pop_front() {
            self.cost -= entry.cost();
        }
    }

    /// Forgets all lines.
    pub(crate) fn clear(&mut self) {
        (self.entries, self.cost, self.anchor) = (VecDeque::new(), 0, None);
        (self.unread, self.mentions) = (0, 0);
    }

    /// About how much memory its lines take, in bytes.
    pub(crate) fn cost(&self) -> usize {
        self.cost
    }

    /// Its lines, the oldest first.
    #[cfg(test)]
    pub(crate) fn entries(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.entries.iter()
    }

    /// We typed this, and its entry has that number.
    pub(crate) fn typed(&mut self, entry: u64, text: String) {
        self.waiting.push_back((entry, text));
    }

    /// This was said as the so-manieth. False where it is none of what we typed here.
    pub(crate) fn said(&mut self, number: u64, text: &str, now: Duration) -> bool {
        let Some(at) = self.waiting.iter().position(|(_, typed)| typed == text) else { return false };
        // What was typed before it and not said will never be.
        let passed: Vec<u64> = self.waiting.drain(..at).map(|(entry, _)| entry).collect();
        passed.into_iter().for_each(|entry| self.sent(entry, Sent::Lost));
        if let Some((entry, _)) = self.waiting.pop_front() {
            self.sent(entry, Sent::Said);
            self.under_way.insert(number, (entry, now));
        }
        true
    }

    /// The relay has taken the so-manieth: how long that took.
    pub(crate) fn taken(&mut self, number: u64, now: Duration) -> Option<Duration> {
        let (entry, then) = self.under_way.remove(&number)?;
        self.sent(entry, Sent::Taken);
        self.taken.insert(number, entry);
        if self.taken.len() > TAKEN_MAX {
            self.taken.pop_first();
        }
        Some(now.saturating_sub(then))
    }

    /// So many have opened the so-manieth.
    pub(crate) fn opened(&mut self, number: u64, opened: usize, of: usize) {
        let under_way = self.under_way.get(&number).map(|(entry, _)| *entry);
        let Some(entry) = self.taken.get(&number).copied().or(under_way) else { return };
        self.sent(entry, Sent::Opened { opened, of });
        if opened >= of {
            self.taken.remove(&number);
        }
    }

    /// Something that waited will not be said by itself.
    pub(crate) fn unsaid(&mut self, text: &str) {
        let at = self.waiting.iter().position(|(_, typed)| typed == text);
        if let Some((entry, _)) = at.and_then(|at| self.waiting.remove(at)) {
            self.sent(entry, Sent::Lost);
        }
    }

    /// All that waited is dropped.
    pub(crate) fn dropped(&mut self) {
        let waiting: Vec<u64> = self.waiting.drain(..).map(|(entry, _)| entry).collect();
        waiting.into_iter().for_each(|entry| self.sent(entry, Sent::Lost));
    }

    /// The so-manieth may have been lost. False where we know nothing of it.
    pub(crate) fn lost(&mut self, number: u64) -> bool {
        let found = self.under_way.remove(&number);
        found.is_some_and(|(entry, _)| {
            self.sent(entry, Sent::Lost);
            self.entry(entry).is_some()
        })
    }

    fn sent(&mut self, entry: u64, state: Sent) {
        let first = self.entries.front().map_or(0, |entry| entry.number);
        let at = entry.checked_sub(first).and_then(|at| usize::try_from(at).ok());
        let kind = at.and_then(|at| self.entries.get_mut(at)).map(|entry| &mut entry.kind);
        if let Some(Kind::Own { state: now, .. }) = kind
            && state.follows(*now)
        {
            *now = state;
        }
    }

    fn entry(&self, number: u64) -> Option<&Entry> {
        let first = self.entries.front()?.number;
        self.entries.get(usize::try_from(number.checked_sub(first)?).ok()?)
    }

    /// The rows to show, at most `height`, the lowest last.
    pub(crate) fn visible(
        &self,
        width: usize,
        height: usize,
        theme: Theme,
        found: Option<&str>,
    ) -> Vec<Line<'_>> {
        let first = self.entries.front().map_or(0, |entry| entry.number);
        let bottom = match self.anchor {
            // It is among what had to go.
            Some(anchor) if anchor.entry < first => self.top(width, height),
            Some(anchor) => anchor,
            None => Anchor { entry: u64::MAX, row: usize::MAX },
        };
        let mut rows: Vec<Line<'_>> = Vec::new();
        for entry in self.entries.iter().rev().skip_while(|entry| entry.number > bottom.entry) {
            let mut of_entry = entry.rows(width, theme, found);
            if entry.number == bottom.entry {
                of_entry.truncate(bottom.row.saturating_add(1));
            }
            rows.extend(of_entry.into_iter().rev());
            if rows.len() >= height {
                break;
            }
        }
        rows.truncate(height);
        rows.reverse();
        rows
    }

    /// Moves by so many rows towards the oldest.
    pub(crate) fn older(&mut self, rows: usize, width: usize, height: usize) {
        let Some(last) = self.entries.back() else { return };
        let newest = Anchor { entry: last.number, row: last.height(width).saturating_sub(1) };
        let from = self.anchor.unwrap_or(newest);
        let wanted = self.above(from, rows, width);
        let highest = self.top(width, height);
        let anchor = wanted.filter(|wanted| !is_above(*wanted, highest)).unwrap_or(highest);
        // Where everything fits there is nothing to move.
        self.anchor = is_above(anchor, newest).then_some(anchor);
    }

    /// Moves by so many rows towards now.
    pub(crate) fn newer(&mut self, rows: usize, width: usize) {
        let Some(mut at) = self.anchor else { return };
        let mut left = rows;
        for entry in self.entries.iter().skip_while(|entry| entry.number < at.entry) {
            let from = if entry.number == at.entry { at.row } else { 0 };
            let end = entry.height(width);
            let first = usize::from(entry.number != at.entry);
            let can = (end + first).saturating_sub(from + 1);
            if left <= can {
                at = Anchor { entry: entry.number, row: (from + left).saturating_sub(first) };
                left = 0;
                break;
            }
            left -= can;
        }
        let end = self
            .entries
            .back()
            .map(|last| Anchor { entry: last.number, row: last.height(width).saturating_sub(1) });
        if left > 0 || end.is_none_or(|end| !is_above(at, end)) {
            return self.newest();
        }
        self.anchor = Some(at);
    }

    /// Shows the oldest line.
    pub(crate) fn oldest(&mut self, width: usize, height: usize) {
        self.older(usize::MAX, width, height);
    }

    /// Shows the newest line.
    pub(crate) fn newest(&mut self) {
        (self.anchor, self.unread, self.mentions) = (None, 0, 0);
    }

    /// Shows this entry, somewhere in the middle.
    pub(crate) fn show(&mut self, entry: u64, width: usize, height: usize) {
        let row = self.entry(entry).map_or(0, |entry| entry.height(width).saturating_sub(1));
        self.anchor = Some(Anchor { entry, row });
        self.newer(height / 2, width);
        // Nothing empty above the first.
        let highest = self.top(width, height);
        if let Some(anchor) = self.anchor.filter(|anchor| is_above(*anchor, highest)) {
            self.anchor = Some(highest.max_of(anchor));
        }
    }

    /// The numbers of the entries that hold `wanted` (in small letters), the oldest first.
    pub(crate) fn holding(&self, wanted: &str) -> Vec<u64> {
        let holds = |entry: &&Entry| entry.kind != Kind::Day && find(&entry.text, wanted).is_some();
        self.entries.iter().filter(holds).map(|entry| entry.number).collect()
    }

    /// So many rows above; nothing above the first.
    fn above(&self, from: Anchor, rows: usize, width: usize) -> Option<Anchor> {
        let mut left = rows;
        for entry in self.entries.iter().rev().skip_while(|entry| entry.number > from.entry) {
            let height = entry.height(width);
            let at = if entry.number == from.entry {
                from.row.min(height.saturating_sub(1))
            } else {
                height.saturating_sub(1)
            };
            let first = usize::from(entry.number != from.entry);
            let can = at + first;
            if left <= can {
                return Some(Anchor { entry: entry.number, row: can - left });
            }
            left -= can;
        }
        None
    }

    /// The highest position: the one at which the first row is the top one.
    fn top(&self, width: usize, height: usize) -> Anchor {
        let mut left = height.saturating_sub(1);
        let mut last = Anchor { entry: 0, row: 0 };
        for entry in &self.entries {
            let rows = entry.height(width);
            if left < rows {
                return Anchor { entry: entry.number, row: left };
            }
            left -= rows;
            last = Anchor { entry: entry.number, row: rows.saturating_sub(1) };
        }
        last
    }
}

impl Anchor {
    fn max_of(self, other: Self) -> Self {
        if is_above(self, other) { other } else { self }
    }
}

fn is_above(one: Anchor, other: Anchor) -> bool {
    (one.entry, one.row) < (other.entry, other.row)
}

/// Lines of ours of which it is followed who has opened them, as many as the app follows.
const TAKEN_MAX: usize = 64;
/// The lines of a room that can be had back.
pub(crate) const LINES_MAX: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn tab(lines: usize) -> Tab {
        let mut tab = Tab::default();
        for number in 0..lines {
            tab.push("d", "03:27", Kind::Event, "", &format!("line {number}\nand more"));
        }
        tab
    }

    fn shown(tab: &Tab, height: usize) -> Vec<String> {
        let rows = tab.visible(40, height, Theme::default(), None);
        rows.iter().map(|row| row.spans.iter().map(|span| span.content.trim()).collect::<String>()).collect()
    }

    #[test]
    fn scrolling_goes_row_by_row_and_stops_at_both_ends() {
        let mut tab = tab(10);
        assert_eq!(shown(&tab, 3), ["and more", "03:27--line 9", "and more"]);
        tab.older(1, 40, 3);
        assert_eq!(shown(&tab, 3), ["03:27--line 8", "and more", "03:27--line 9"]);
        tab.push("d", "03:27", Kind::Event, "", "new");
        assert_eq!(shown(&tab, 3), ["03:27--line 8", "and more", "03:27--line 9"], "new lines move nothing");
        for rows in 1..7 {
            let before = tab.anchor;
            tab.older(rows, 40, 3);
            tab.newer(rows, 40);
            assert_eq!(tab.anchor, before, "{rows}");
        }
        tab.oldest(40, 3);
        assert_eq!(shown(&tab, 3), ["03:27--line 0", "and more", "03:27--line 1"]);
        tab.older(5, 40, 3);
        assert_eq!(shown(&tab, 3), ["03:27--line 0", "and more", "03:27--line 1"]);
        tab.newer(1000, 40);
        assert_eq!(tab.anchor, None);
        let mut short = super::tests::tab(1);
        short.older(3, 40, 10);
        assert_eq!(short.anchor, None, "all of it is shown already");
    }

    #[test]
    fn what_is_found_is_shown() {
        let mut tab = tab(50);
        let found = tab.holding("line 2");
        assert_eq!(found, [2, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29]);
        for number in found {
            tab.show(number, 40, 7);
            assert!(shown(&tab, 7).contains(&format!("03:27--line {number}")), "{number}");
            assert_eq!(shown(&tab, 7).len(), 7);
        }
    }

    #[test]
    fn old_lines_go_and_positions_stay_valid() {
        let mut tab = tab(LINES_MAX);
        tab.oldest(40, 5);
        for _ in 0..100 {
            tab.push("d", "03:28", Kind::Event, "", "x");
        }
        assert_eq!(tab.entries().count(), LINES_MAX);
        assert_eq!(shown(&tab, 5)[0], "03:27--line 100");
        tab.older(2, 40, 5);
        assert_eq!(shown(&tab, 5)[0], "03:27--line 100");
        let cost: usize = tab.entries().map(Entry::cost).sum();
        assert_eq!(tab.cost(), cost);
        assert!(cost < 3 * 1024 * 1024, "{cost}");
        tab.clear();
        assert_eq!((tab.cost(), shown(&tab, 5).len()), (0, 0));
    }

    #[test]
    fn what_is_typed_is_followed_until_it_is_taken() {
        let mut tab = Tab::default();
        let own = Kind::Own { did: false, state: Sent::Waiting };
        for text in ["one", "two", "three"] {
            let entry = tab.push("d", "03:27", own, "me", text);
            tab.typed(entry, text.to_owned());
        }
        let states = |tab: &Tab| tab.entries().map(|entry| entry.kind).collect::<Vec<_>>();
        let of = |state| Kind::Own { did: false, state };
        assert!(!tab.said(1, "four", Duration::ZERO));
        assert!(tab.said(1, "one", Duration::from_millis(5)));
        assert_eq!(tab.taken(1, Duration::from_millis(47)), Some(Duration::from_millis(42)));
        assert!(tab.said(2, "three", Duration::ZERO), "two could not be said");
        assert!(tab.lost(2) && !tab.lost(3));
        assert_eq!(states(&tab), [of(Sent::Taken), of(Sent::Lost), of(Sent::Lost)]);
        tab.opened(1, 1, 2);
        assert_eq!(states(&tab)[0], of(Sent::Opened { opened: 1, of: 2 }));
        tab.opened(1, 2, 2);
        tab.opened(1, 1, 2);
        tab.opened(7, 1, 2);
        assert_eq!(states(&tab)[0], of(Sent::Opened { opened: 2, of: 2 }), "late news changes nothing");
        let entry = tab.push("d", "03:27", own, "me", "four");
        tab.typed(entry, "four".to_owned());
        tab.unsaid("four");
        assert_eq!(states(&tab)[3], of(Sent::Lost));
    }
}

//! Files on their way in one room: what the user calls by numbers, the protocol by ids.
//!
//! **In** commands, steps of others, news of the disk. **Out** steps, orders for the disk, notices. **Never** a byte on the disk
//! before `/accept`, nor a name shown or used as another spelled it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use chatter_protocol::entropy::Entropy;
use chatter_protocol::ids::MemberId;
use chatter_protocol::limits;
use chatter_protocol::room::transfer::{FileName, Offer, Output, Reason, TransferId, Transfers};
use chatter_protocol::time::Time;

use super::{Downloads, Room, Shared};
use crate::disk::{Found, News, Order, expanded};
use crate::event::{Effect, FileInfo, FileStage, Notice};
use crate::texts::text;

/// All of a room.
pub(in crate::app) struct Files {
    pub(in crate::app) transfers: Transfers,
    entropy: Entropy,
    /// Looked for on the disk: for whom, for each reading of what was typed.
    looking: BTreeMap<u32, Vec<Whom>>,
    items: BTreeMap<TransferId, Item>,
}

/// For whom a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Whom {
    Everybody,
    One(MemberId),
    /// Nobody is called that.
    Nobody(String),
}

/// One file on its way to or from one member.
struct Item {
    number: u32,
    name: String,
    /// What the other was called when it began.
    nick: String,
    size: u64,
    done: u64,
    stage: FileStage,
    pace: Pace,
    kind: Kind,
}

impl Item {
    fn new(number: u32, name: &str, nick: &str, size: u64, kind: Kind) -> Self {
        let (name, nick, stage) = (name.to_owned(), nick.to_owned(), FileStage::Offered);
        Self { number, name, nick, size, done: 0, stage, pace: Pace::default(), kind }
    }
}

enum Kind {
    Given(Found),
    /// And where it shall be kept, once the user said yes.
    Taken {
        offer: Offer,
        wanted: bool,
    },
}

/// How fast it goes.
#[derive(Default)]
struct Pace {
    /// Since when, and from which byte on.
    since: Option<(Time, u64)>,
    shown: Option<Time>,
}

impl Files {
    pub(super) fn new(entropy: Entropy) -> Self {
        Self { transfers: Transfers::default(), entropy, looking: BTreeMap::new(), items: BTreeMap::new() }
    }

    /// Whether this number is one of ours.
    pub(in crate::app) fn has(&self, number: u32) -> bool {
        self.items.values().any(|item| item.number == number) || self.looking.contains_key(&number)
    }

    /// All that is on offer or on its way.
    pub(in crate::app) fn open(&self) -> impl Iterator<Item = FileInfo> {
        self.items.values().map(|item| FileInfo {
            number: item.number,
            name: item.name.clone(),
            nick: item.nick.clone(),
            sending: matches!(item.kind, Kind::Given(_)),
            done: item.done,
            size: item.size,
            stage: item.stage,
        })
    }

    /// What goes by this number.
    fn of_number(&self, number: u32) -> Vec<TransferId> {
        self.items.iter().filter(|(_, item)| item.number == number).map(|(id, _)| *id).collect()
    }
}

impl Room {
    /// Takes the disk's news.
    pub(in crate::app) fn disk_news(&mut self, news: News, shared: &mut Shared, now: Time) {
        match news {
            News::Found(number, which, found) => self.offer_file(number, which, &found, shared),
            News::NotFound(number, text) => {
                if self.files.looking.remove(&number).is_some() {
                    self.error(shared, text!("not-sent", reason = text));
                }
            }
            News::Read(id, offset, data) => self.files.transfers.read(&id, offset, data),
            News::Created(id) => {
                if !self.files.transfers.accept(&id) {
                    self.order(shared, Order::Drop { id });
                    if self.files.transfers.is_offered(&id) {
                        self.unwanted(&id);
                        self.error(shared, text!("files-coming-most", count = limits::TAKING_MAX));
                    }
                } else {
                    self.progress(&id, 0, shared, now);
                }
            }
            News::Written(id, written) => {
                self.files.transfers.written(&id, written);
                self.progress(&id, written, shared, now);
            }
            News::Kept(id, path) => {
                self.files.transfers.kept(&id);
                self.order(shared, Order::Drop { id });
                if let Some(Item { number, name, nick, .. }) = self.files.items.remove(&id) {
                    let path = path.display().to_string();
                    self.show(shared, Notice::FileReceived { number, name, nick, path });
                }
            }
            News::Mismatch(id) => {
                self.files.transfers.cancel(&id, Reason::Mismatch);
                if let Some(item) = self.files.items.get(&id) {
                    let text = text!("file-changed", name = item.name, nick = item.nick);
                    self.show(shared, Notice::Warning(text));
                }
                self.end_item(&id, text!("file-checksum"), shared);
            }
            News::Failed(id, text) => self.disk_failed(&id, text, shared),
        }
        self.file_outputs(shared, now);
    }

    /// Has the next piece read, if any may be sent. False where none may.
    pub(in crate::app) fn read_piece(&mut self, shared: &mut Shared) -> bool {
        let Some((id, offset, len)) = self.files.transfers.next_read() else { return false };
        match self.files.items.get(&id).map(|item| &item.kind) {
            Some(Kind::Given(found)) => {
                let found = found.clone();
                self.order(shared, Order::Read { id, found, offset, len });
            }
            Some(Kind::Taken { .. }) | None => self.files.transfers.cancel(&id, Reason::Wish),
        }
        true
    }

    /// Ends all of them, because we leave.
    pub(super) fn end_files(&mut self, shared: &mut Shared, now: Time) {
        for id in self.files.items.keys().copied().collect::<Vec<_>>() {
            self.files.transfers.cancel(&id, Reason::Wish);
            self.end_item(&id, text!("file-you-leave"), shared);
        }
        self.files.looking.clear();
        self.file_outputs(shared, now);
    }

    /// Carries out what the machine says.
    pub(super) fn file_outputs(&mut self, shared: &mut Shared, now: Time) {
        while let Some(output) = self.files.transfers.poll_output() {
            match output {
                Output::Send(to, step) => {
                    if let Some(conversation) = self.conversation.as_mut() {
                        conversation.send_step(&to, &step, now);
                    }
                }
                Output::Offered(id, from, offer) => self.file_offered(id, &from, offer, shared),
                Output::Accepted(id) => self.progress(&id, 0, shared, now),
                Output::Given(id, done) => self.progress(&id, done, shared, now),
                Output::Write(id, data) => self.order(shared, Order::Write { id, data }),
                Output::Complete(id) => {
                    if let Some(Item { kind: Kind::Taken { offer, .. }, .. }) = self.files.items.get(&id) {
                        let hash = offer.hash;
                        self.order(shared, Order::Finish { id, hash });
                    }
                }
                Output::Kept(id) => {
                    self.order(shared, Order::Drop { id });
                    if let Some(Item { number, name, nick, .. }) = self.files.items.remove(&id) {
                        self.show(shared, Notice::FileSent { number, name, nick });
                    }
                }
                Output::Paused(id) => {
                    if let Some(item) = self.files.items.get_mut(&id) {
                        (item.pace, item.stage) = (Pace::default(), FileStage::Waiting);
                        let (number, name, nick) = (item.number, item.name.clone(), item.nick.clone());
                        self.show(shared, Notice::FileWaits { number, name, nick });
                    }
                }
                Output::Resumed(id, done) => self.progress(&id, done, shared, now),
                Output::Ended(id, reason) => {
                    let reason = self.files.items.get(&id).map(|item| words(item, reason));
                    self.end_item(&id, reason.unwrap_or_default(), shared);
                }
            }
        }
    }

    /// Reads the line as a path, and as a path with a nickname behind it: the disk knows which of them is there.
    pub(super) fn send_file(&mut self, rest: &str, shared: &mut Shared) {
        let mut candidates = Vec::new();
        if let Some(rest) = rest.strip_prefix('"') {
            // A quote that was not closed holds a path alone.
            let (path, nick) = rest.split_once('"').unwrap_or((rest, ""));
            candidates.push((PathBuf::from(path), self.whom(nick.trim())));
        } else {
            candidates.push((PathBuf::from(rest), Whom::Everybody));
            let splits = rest.char_indices().rev().filter(|(_, c)| c.is_whitespace()).take(SPLITS_MAX);
            for (at, _) in splits {
                let (path, nick) = rest.split_at(at);
                candidates.push((PathBuf::from(path.trim_end()), self.whom(nick.trim())));
            }
        }
        shared.transfers += 1;
        let number = shared.transfers;
        let (candidates, whom) = candidates.into_iter().unzip();
        self.files.looking.insert(number, whom);
        self.order(shared, Order::Look { number, candidates });
    }

    fn whom(&self, nick: &str) -> Whom {
        match self.names.find(nick) {
            _ if nick.is_empty() => Whom::Everybody,
            Ok((member, "")) => Whom::One(member.id),
            Ok(_) => Whom::Nobody(text!("name-no-such", nick = nick)),
            Err(error) => Whom::Nobody(error.to_string()),
        }
    }

    fn offer_file(&mut self, number: u32, which: usize, found: &Found, shared: &mut Shared) {
        let Some(whom) = self
            .files
            .looking
            .remove(&number)
            .and_then(|mut whom| (which < whom.len()).then(|| whom.swap_remove(which)))
        else {
            return;
        };
        let Some(conversation) = &self.conversation else {
            return self.error(shared, text!("not-sent", reason = text!("not-in-room")));
        };
        let everybody: Vec<MemberId> = match whom {
            Whom::Everybody => self.names.all().map(|(member, _)| member.id).collect(),
            Whom::One(id) => vec![id],
            Whom::Nobody(text) => return self.error(shared, text!("not-sent", reason = text)),
        };
        if let Some(left_out) = found.left_out_words() {
            self.error(shared, text!("file-left-out", name = found.name, left_out = left_out));
        }
        let (able, unable): (Vec<_>, Vec<_>) =
            everybody.into_iter().partition(|id| conversation.takes_files(id));
        let labels = |ids: &[MemberId]| ids.iter().filter_map(|id| self.names.label(id)).collect::<Vec<_>>();
        let (nicks, others) = (labels(&able), labels(&unable));
        if !others.is_empty() {
            self.error(shared, text!("file-too-old", nicks = others.join(", ")));
        }
        if nicks.is_empty() {
            if others.is_empty() {
                self.error(shared, text!("not-sent", reason = text!("nobody-else")));
            }
            return;
        }
        let offer = Offer {
            name: FileName::tame(&found.name),
            size: found.size,
            hash: found.hash,
            directory: found.directory,
        };
        let (name, size) = (offer.name.to_string(), found.size);
        let mut to = Vec::new();
        for (member, nick) in able.into_iter().zip(nicks) {
            let id = TransferId::new(self.files.entropy.bytes());
            if self.files.transfers.offer(id, member, offer.clone()) {
                let kind = Kind::Given(found.clone());
                self.files.items.insert(id, Item::new(number, &name, &nick, size, kind));
                to.push(nick);
            } else {
                self.error(shared, text!("file-offers-most", nick = nick));
            }
        }
        if !to.is_empty() {
            self.show(shared, Notice::FileOfferSent { number, name, size, to });
        }
    }

    fn file_offered(&mut self, id: TransferId, from: &MemberId, offer: Offer, shared: &mut Shared) {
        let nick = self.names.label(from).unwrap_or_default();
        shared.transfers += 1;
        let (number, name, size) = (shared.transfers, offer.name.to_string(), offer.size);
        let directory = offer.directory;
        let kind = Kind::Taken { offer, wanted: false };
        self.files.items.insert(id, Item::new(number, &name, &nick, size, kind));
        self.show(shared, Notice::FileOffered { number, from: nick, name, size, directory });
    }

    /// Takes what is offered: first there must be a place for it.
    pub(super) fn accept_file(&mut self, rest: &str, shared: &mut Shared) {
        let (number, directory) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        let ids = number.parse().map(|number| self.files.of_number(number)).unwrap_or_default();
        let directory = Some(directory.trim().trim_matches('"')).filter(|path| !path.is_empty());
        let directory = match (directory, &shared.downloads) {
            (Some(path), _) => Some(expanded(&PathBuf::from(path))),
            (None, Downloads::Usual) => None,
            (None, Downloads::In(path)) => Some(path.clone()),
            (None, Downloads::Nowhere) => {
                return self.error(shared, text!("file-nowhere", number = number));
            }
        };
        for id in ids {
            match self.files.items.get_mut(&id).map(|item| &mut item.kind) {
                Some(Kind::Taken { offer, wanted: wanted @ false }) => {
                    *wanted = true;
                    let (name, size) = (offer.name.clone(), offer.size);
                    return self.order(shared, Order::Create { id, directory, name, size });
                }
                Some(Kind::Taken { .. }) => return self.error(shared, text!("file-accepted-already")),
                Some(Kind::Given(_)) | None => {}
            }
        }
        self.error(shared, text!("file-own"));
    }

    /// Ends what goes by a number: an offer of ours for everybody whom it was made to.
    pub(super) fn cancel_file(&mut self, rest: &str, shared: &mut Shared, now: Time) {
        let Ok(number) = rest.parse() else { return };
        if self.files.looking.remove(&number).is_some() {
            return self.show(shared, Notice::Progress(text!("file-not-offered", number = number)));
        }
        for id in self.files.of_number(number) {
            self.files.transfers.cancel(&id, Reason::Wish);
            self.end_item(&id, text!("file-you-cancelled"), shared);
        }
        self.file_outputs(shared, now);
    }

    /// The disk can't go on with it.
    fn disk_failed(&mut self, id: &TransferId, text: String, shared: &mut Shared) {
        self.order(shared, Order::Drop { id: *id });
        if self.files.transfers.is_offered(id) {
            // Another place may do.
            self.unwanted(id);
            let number = self.files.items.get(id).map(|item| item.number).unwrap_or_default();
            return self.error(shared, text!("file-not-accepted", reason = text, number = number));
        }
        self.files.transfers.cancel(id, Reason::Disk);
        self.end_item(id, text, shared);
    }

    fn unwanted(&mut self, id: &TransferId) {
        if let Some(Item { kind: Kind::Taken { wanted, .. }, .. }) = self.files.items.get_mut(id) {
            *wanted = false;
        }
    }

    fn end_item(&mut self, id: &TransferId, reason: String, shared: &mut Shared) {
        self.order(shared, Order::Drop { id: *id });
        if let Some(Item { number, name, nick, .. }) = self.files.items.remove(id) {
            self.show(shared, Notice::FileEnded { number, name, nick, reason });
        }
    }

    /// Tells how far it is, unless that was told a moment ago.
    fn progress(&mut self, id: &TransferId, done: u64, shared: &mut Shared, now: Time) {
        let Some(item) = self.files.items.get_mut(id) else { return };
        (item.done, item.stage) = (done, FileStage::Going);
        let (since, from) = *item.pace.since.get_or_insert((now, done));
        if item.pace.shown.is_some_and(|shown| now < shown + PROGRESS_EVERY) || done >= item.size {
            return;
        }
        item.pace.shown = Some(now);
        let millis = u64::try_from(now.saturating_since(since).as_millis()).unwrap_or(u64::MAX);
        let moved = done.saturating_sub(from);
        let rate = moved.saturating_mul(1000).checked_div(millis).unwrap_or(0);
        let notice = Notice::FileProgress {
            number: item.number,
            name: item.name.clone(),
            nick: item.nick.clone(),
            sending: matches!(item.kind, Kind::Given(_)),
            done,
            size: item.size,
            rate,
            seconds_left: item.size.saturating_sub(done).checked_div(rate),
        };
        self.show(shared, notice);
    }

    fn order(&self, shared: &mut Shared, order: Order) {
        shared.effects.push(Effect::Disk(self.number, order));
    }
}

/// Why the other ended it.
fn words(item: &Item, reason: Option<Reason>) -> String {
    let nick = &item.nick;
    match reason {
        None => text!("file-gone", nick = nick),
        Some(Reason::Wish) => text!("file-cancelled", nick = nick),
        Some(Reason::Mismatch) => text!("file-arrived-changed", nick = nick),
        Some(Reason::Disk) => text!("file-disk", nick = nick),
        Some(Reason::Busy) => text!("file-busy", nick = nick),
        Some(Reason::BrokeRules) => text!("file-rules"),
    }
}

/// Paths and nicknames hold spaces; hardly more than these.
const SPLITS_MAX: usize = 8;
const PROGRESS_EVERY: Duration = Duration::from_secs(1);

//! Several rooms in one session, and listed ones: apps around the server's own relay.

use std::collections::BTreeSet;

use chatter_proto::relay::{ListedRoom, Listing, Welcome};
use chatter_protocol::ids::SessionId;
use chatter_protocol::server::relay::{Relay, RelayLimits};

use super::*;
use crate::event::{ListedInfo, Told};

struct Server {
    now: Time,
    relay: Relay,
    apps: Vec<App>,
    told: Vec<Vec<Told>>,
    outcomes: Vec<Option<Outcome>>,
    waiting: VecDeque<(usize, Up)>,
    welcome: Welcome,
}

impl Server {
    /// Apps by these names in the room of [`link`], the first of which has made it.
    fn new(names: &[&str], limits: RelayLimits) -> Self {
        let app = |(name, seed): (&&str, u8)| {
            let purpose = if seed == 0 { Purpose::New } else { Purpose::Join };
            let nick = Nickname::parse(name).expect("a nickname");
            App::new(link(), nick, purpose, None, Entropy::new([seed; 32]))
        };
        Self {
            now: Time::ZERO,
            relay: Relay::new(limits).of_server(link().access.code.server_key),
            apps: names.iter().zip(0..).map(app).collect(),
            told: vec![Vec::new(); names.len()],
            outcomes: vec![None; names.len()],
            waiting: VecDeque::new(),
            welcome: Welcome {
                listed_rooms_max: u32::try_from(limits.listed_rooms_max).expect("small"),
                ..Welcome::default()
            },
        }
    }

    /// All of them, connected.
    fn of(names: &[&str]) -> Self {
        let mut server = Self::new(names, RelayLimits::default());
        (0..names.len()).for_each(|who| server.connect(who));
        server
    }

    fn event(&mut self, who: usize, event: Event) {
        if self.outcomes[who].is_some() {
            return;
        }
        for effect in self.apps[who].update(event, self.now) {
            match effect {
                Effect::Send(frame) => self.waiting.push_back((who, frame)),
                Effect::Show(told) => self.told[who].push(told),
                Effect::Finish(outcome) => self.outcomes[who] = Some(outcome),
                Effect::Open | Effect::Reconnect | Effect::Disk(..) | Effect::Remember(_) => {}
            }
        }
    }

    fn frame(&mut self, who: usize, frame: Down) {
        self.event(who, Event::Network(NetworkEvent::Frame(frame)));
    }

    fn run(&mut self) {
        while let Some((who, frame)) = self.waiting.pop_front() {
            let quits = matches!(frame, Up::Quit(_));
            self.relay.receive(SessionId(who as u64), frame);
            while let Some(delivery) = self.relay.poll_output() {
                self.frame(usize::try_from(delivery.session.0).expect("small"), delivery.frame);
            }
            if quits {
                let end = End::Bye(bye::Reason::Quit);
                self.event(who, Event::Network(NetworkEvent::Ended { end, trouble: None }));
            }
        }
    }

    fn connect(&mut self, who: usize) {
        self.event(who, Event::Network(NetworkEvent::Connected));
        self.frame(who, Down::Welcome(self.welcome.clone()));
        self.run();
    }

    fn line(&mut self, who: usize, line: &str) {
        self.event(who, Event::Line(line.to_owned()));
        self.run();
    }

    fn wait(&mut self, duration: Duration) {
        self.now = self.now + duration;
        (0..self.apps.len()).for_each(|who| self.event(who, Event::Timeout));
        self.run();
    }

    /// The messages that somebody has, each behind its room's name where that is to be shown.
    fn heard(&self, who: usize) -> Vec<String> {
        let line = |told: &Told| {
            let Notice::Message { from, text } = &told.notice else { return None };
            let room = told.room.as_ref().filter(|room| room.named);
            Some(format!(
                "{}{from}: {text}",
                room.map(|room| format!("[{}] ", room.name)).unwrap_or_default()
            ))
        };
        self.told[who].iter().filter_map(line).collect()
    }

    fn errors(&self, who: usize) -> Vec<&str> {
        fn error(told: &Told) -> Option<&str> {
            if let Notice::Error(text) = &told.notice { Some(text) } else { None }
        }
        self.told[who].iter().filter_map(error).collect()
    }

    /// In which rooms somebody was told something like this.
    fn places(&self, who: usize, like: impl Fn(&Notice) -> bool) -> Vec<&str> {
        let told = self.told[who].iter().filter(|told| like(&told.notice));
        told.filter_map(|told| told.room.as_ref()).map(|room| room.name.as_str()).collect()
    }

    fn listed(&self, who: usize) -> Option<&Vec<ListedInfo>> {
        self.told[who].iter().rev().find_map(|told| {
            if let Notice::ListedRooms { rooms } = &told.notice { Some(rooms) } else { None }
        })
    }
}

/// A link to another room of the same server.
fn other(label: &str, seed: u8) -> String {
    let secret = RoomSecret::from_bytes([seed; 16]);
    RoomLink { label: label.into(), secret, ..link() }.to_text().to_string()
}

const ANNA: usize = 0;
const BEN: usize = 1;

#[test]
fn whoever_takes_another_name_says_so_and_comes_in_again() {
    let mut server = Server::of(&["anna", "ben"]);
    server.line(0, "/nick berta");
    server.wait(Duration::from_secs(1));
    server.line(0, "it is me");
    assert_eq!(server.heard(1), ["anna: /me is called berta from now on", "berta: it is me"]);
    let warned = |told: &Told| matches!(told.notice, Notice::Warning(_));
    assert!(!server.told.iter().flatten().any(warned), "nothing of the old stay is taken for the new one");
    server.line(1, "hi berta");
    assert_eq!(server.heard(0).last().map(String::as_str), Some("ben: hi berta"));
    server.line(0, "/nick \u{202e}x");
    assert!(!server.errors(0).is_empty(), "a name has its rules");
}

#[test]
fn a_room_made_on_the_way_is_one_that_others_come_into_by_its_link() {
    let mut server = Server::of(&["anna", "ben"]);
    server.line(0, "/new tea");
    let link = server.told[0].iter().rev().find_map(|told| {
        if let Notice::Room { link } = &told.notice { Some(link.expose().to_owned()) } else { None }
    });
    let link = link.expect("its link is shown");
    assert!(link.contains("/tea#"), "it is called so");
    server.line(1, &format!("/join {link}"));
    server.wait(Duration::from_secs(1));
    server.line(0, "milk?");
    assert_eq!(server.heard(1), ["[tea] anna: milk?"]);
    server.line(0, "/new no/such name");
    assert!(server.errors(0).last().expect("an error").contains("letters, digits"));
}

#[test]
fn two_rooms_are_talked_in_at_once() {
    let mut server = Server::of(&["anna", "ben"]);
    server.line(BEN, "in the first");
    assert_eq!(server.heard(ANNA), ["ben: in the first"], "one room has no name");
    for who in [ANNA, BEN] {
        server.line(who, &format!("/join {}", other("tea", 1)));
    }
    server.line(BEN, "in the second");
    server.line(BEN, "/in room back in the first");
    server.line(BEN, "/room 1");
    server.line(BEN, "still there");
    server.line(BEN, "/in 2 //quit");
    assert_eq!(
        server.heard(ANNA)[1..],
        [
            "[tea] ben: in the second",
            "[room] ben: back in the first",
            "[room] ben: still there",
            "[tea] ben: /quit"
        ]
    );
    // The same by number, for tabs and bots.
    server.event(BEN, Event::SayIn(2, "/who".into()));
    server.event(BEN, Event::LineIn(2, "/who".into()));
    server.run();
    assert_eq!(server.heard(ANNA).last().map(String::as_str), Some("[tea] ben: /who"));
    assert_eq!(server.places(BEN, |notice| matches!(notice, Notice::Who { .. })), ["tea"]);
    server.line(BEN, "/in tea /msg anna for you");
    assert_eq!(server.places(ANNA, |notice| matches!(notice, Notice::Private { .. })), ["tea"]);
    server.line(BEN, "/in 2 /lock");
    assert_eq!(server.places(ANNA, |notice| matches!(notice, Notice::Locked { .. })), ["tea"]);
    let acknowledged = server.places(BEN, |notice| matches!(notice, Notice::Acknowledged { .. }));
    assert_eq!(acknowledged.iter().filter(|room| **room == "tea").count(), 3, "rooms count for themselves");
}

#[test]
fn rooms_are_left_one_by_one() {
    let mut server = Server::of(&["anna", "ben"]);
    server.line(ANNA, &format!("/join {}", other("tea", 1)));
    server.line(BEN, &format!("/join {} benjamin", other("tea", 1)));
    assert!(server.told[ANNA].iter().any(|told| told.notice == joined("benjamin")), "another name there");
    server.line(BEN, "/leave");
    assert_eq!(server.places(BEN, |notice| *notice == Notice::RoomLeft), ["tea"]);
    assert_eq!(server.places(ANNA, |notice| matches!(notice, Notice::MemberLeft { .. })), ["tea"]);
    server.line(BEN, "in what is left");
    assert_eq!(server.heard(ANNA), ["[room] ben: in what is left"]);
    assert_eq!(server.outcomes[BEN], None);
    server.line(BEN, "/leave");
    assert_eq!(server.outcomes[BEN], Some(Outcome::Left), "the last one is left as by /quit");
    assert_eq!(server.told[BEN].last().map(|told| &told.notice), Some(&Notice::Left));
}

#[test]
fn names_of_rooms_differ_and_refusals_are_clear() {
    let mut server = Server::of(&["anna"]);
    let foreign = {
        let mut link = link();
        link.access.code.server_key = ServerSecret::generate(&mut Entropy::new([7; 32])).key();
        link.to_text().to_string()
    };
    for (line, error) in [
        (format!("/join {}", *link().to_text()), "you are in that room already: /room 1 goes there"),
        (format!("/join {foreign}"), "that room is on another server: start a second chatter-client for it"),
        (format!("/join {} a#b", other("tea", 1)), "a nickname"),
        (format!("/join {}", *link().access.to_text()), "names no room"),
        ("/join chatter://cut".to_owned(), "no part after"),
        ("/room 7".to_owned(), "you are in no such room"),
        ("/room room 7".to_owned(), "you are in no such room"),
        ("/in 7 hi".to_owned(), "you are in no such room"),
        ("/in 1 /in 1 hi".to_owned(), "once on a line"),
    ] {
        let before = server.told[ANNA].len();
        server.line(ANNA, &line);
        let last = server.errors(ANNA).last().copied().unwrap_or_default().to_owned();
        assert!(last.contains(error), "{line}: {last}");
        assert_eq!(server.told[ANNA].len(), before + 1);
        assert!(!last.contains("room1") && !last.contains("chatter1"), "no link is echoed: {last}");
    }
    server.line(ANNA, &format!("/join {}", other("ROOM", 1)));
    server.line(ANNA, "/rooms");
    let rooms = server.told[ANNA]
        .iter()
        .rev()
        .find_map(|told| if let Notice::Rooms { rooms } = &told.notice { Some(rooms.clone()) } else { None });
    let names: Vec<_> =
        rooms.expect("rooms").into_iter().map(|room| (room.number, room.name, room.current)).collect();
    assert_eq!(names, [(1, "room".to_owned(), false), (2, "ROOM#2".to_owned(), true)]);
}

#[test]
fn a_room_that_cannot_be_entered_costs_no_other() {
    let limits = RelayLimits { session_rooms_max: 2, room_members_max: 1, ..RelayLimits::default() };
    let mut server = Server::new(&["anna", "ben"], limits);
    server.connect(ANNA);
    server.line(ANNA, &format!("/join {}", other("tea", 1)));
    server.line(ANNA, &format!("/join {}", other("coffee", 2)));
    assert!(
        server.errors(ANNA)[0].contains("no more rooms at once")
            || server.errors(ANNA)[0].contains("in more rooms")
    );
    assert_eq!(server.places(ANNA, |notice| *notice == Notice::RoomLeft), ["coffee"]);
    // Full for ben, who is in none: his stay ends.
    server.connect(BEN);
    assert_eq!(server.outcomes, [None, Some(Outcome::Failed(Failure::Full))]);
}

#[test]
fn a_lost_session_brings_all_rooms_back() {
    let mut server = Server::of(&["anna", "ben"]);
    for who in [ANNA, BEN] {
        server.line(who, &format!("/join {}", other("tea", 1)));
    }
    for who in [ANNA, BEN] {
        server.relay.session_ended(SessionId(who as u64));
        while server.relay.poll_output().is_some() {}
        let end = End::Bye(bye::Reason::Shutdown);
        server.event(who, Event::Network(NetworkEvent::Ended { end, trouble: None }));
    }
    server.line(ANNA, "meanwhile");
    server.line(ANNA, "/in 1 here, too");
    server.line(ANNA, &format!("/join {}", other("coffee", 2)));
    server.wait(A_TRY);
    server.connect(BEN);
    server.connect(ANNA);
    let back: BTreeSet<&str> =
        server.places(ANNA, |notice| matches!(notice, Notice::Rejoined { .. })).into_iter().collect();
    assert_eq!(back, BTreeSet::from(["room", "tea"]));
    assert_eq!(
        server.places(ANNA, |notice| matches!(notice, Notice::Entered { .. })),
        ["room", "tea", "coffee"]
    );
    let heard: BTreeMap<String, usize> =
        server.heard(BEN).into_iter().fold(BTreeMap::new(), |mut all, line| {
            *all.entry(line).or_default() += 1;
            all
        });
    let expected = ["[room] anna: here, too", "[tea] anna: meanwhile"].map(|line| (line.to_owned(), 1));
    assert_eq!(heard, BTreeMap::from(expected), "each once and in its room");
}

#[test]
fn a_listed_room_is_found_and_entered_with_a_word_of_warning() {
    let mut server = Server::of(&["anna", "ben"]);
    server.line(BEN, &format!("/join {}", other("tea", 1)));
    server.line(BEN, "/list tea");
    assert!(server.errors(BEN)[0].contains("whoever made the room"));
    server.line(ANNA, "/list Anna's\u{202e} room");
    assert!(server.errors(ANNA)[0].starts_with("not listed; a room is named like a member: "));
    server.line(ANNA, "/list Anna's room");
    let named = |open| Notice::Listed { name: Some("Anna's room".into()), open };
    assert_eq!(server.places(BEN, |notice| *notice == named(true)), ["room"], "who is in hears of it");
    // Carol has the access code and another room.
    let mut carol = App::new(
        RoomLink { secret: RoomSecret::from_bytes([9; 16]), ..link() },
        Nickname::parse("carol").expect("a nickname"),
        Purpose::Join,
        None,
        Entropy::new([9; 32]),
    );
    carol.rooms.values_mut().for_each(|room| room.name = "hers".to_owned());
    server.apps.push(carol);
    server.told.push(Vec::new());
    server.outcomes.push(None);
    server.line(2, "/join anna's ROOM");
    server.connect(2);
    assert_eq!(server.places(2, |notice| *notice == named(true)), ["Anna's room"], "told once, and plainly");
    server.line(2, "found you");
    assert_eq!(server.heard(ANNA), ["carol: found you"]);
    server.line(2, "/rooms");
    let listed = ListedInfo { name: "Anna's room".into(), members: 3, open: true };
    assert_eq!(server.listed(2), Some(&vec![listed]));
    server.line(2, "/join nowhere");
    assert!(server.errors(2).last().expect("an error").contains("no room is listed by that name"));
    server.line(ANNA, "/unlist");
    assert_eq!(
        server.places(2, |notice| matches!(notice, Notice::Listed { name: None, .. })),
        ["Anna's room"]
    );
    server.line(ANNA, "/unlist");
    assert_eq!(server.errors(ANNA).last(), Some(&"this room is not listed"));
}

#[test]
fn a_room_with_a_passphrase_is_listed_without_its_way_in() {
    let mut server = Server::new(&["anna", "ben"], RelayLimits::default());
    let app = App::new(
        link(),
        Nickname::parse("anna").expect("a nickname"),
        Purpose::New,
        None,
        Entropy::new([0; 32]),
    );
    server.apps[ANNA] = app.by_passphrase().listed(Nickname::parse("words").expect("a name"));
    server.apps[BEN].rooms.get_mut(&ROOM).expect("a room").link.secret = RoomSecret::from_bytes([9; 16]);
    server.connect(ANNA);
    server.connect(BEN);
    server.line(BEN, "/rooms");
    let listed = ListedInfo { name: "words".into(), members: 1, open: false };
    assert_eq!(server.listed(BEN), Some(&vec![listed]));
    server.line(BEN, "/join words");
    assert!(server.errors(BEN)[0].contains("its link, or its passphrase"));
}

#[test]
fn a_move_takes_a_room_out_of_the_list() {
    let mut server = Server::of(&["anna", "ben"]);
    server.line(ANNA, "/list tea");
    server.line(ANNA, "/rekey");
    server.wait(chatter_protocol::limits::MOVE_DELAY);
    server.line(BEN, "/rooms");
    assert_eq!(server.listed(BEN), Some(&Vec::new()));
    assert!(server.told[ANNA].iter().any(|told| matches!(told.notice, Notice::Listed { name: None, .. })));
}

#[test]
fn a_server_that_lists_nothing_is_not_asked() {
    let limits = RelayLimits { listed_rooms_max: 0, ..RelayLimits::default() };
    let mut server = Server::new(&["anna"], limits);
    server.connect(ANNA);
    for line in ["/list tea", "/join tea", "/rooms"] {
        // To a server that does not know such frames they would be the end of the session.
        server.event(ANNA, Event::Line(line.to_owned()));
        assert!(server.waiting.is_empty(), "{line}");
    }
    assert!(server.errors(ANNA).iter().all(|error| error.contains("this server lists no rooms")));
    assert_eq!(server.errors(ANNA).len(), 2);
}

#[test]
fn a_hostile_listing_is_filtered_and_bounded() {
    let mut server = Server::of(&["anna"]);
    let room =
        |name: &str, secret: usize| ListedRoom { name: name.into(), members: 1, secret: vec![1; secret] };
    let unasked = Down::Listing(Listing { rooms: vec![room("unasked", 16)] });
    server.frame(ANNA, unasked);
    assert_eq!(server.listed(ANNA), None);
    server.event(ANNA, Event::Line("/rooms".into()));
    server.waiting.clear();
    let mut rooms = vec![
        room("a\u{1b}[2J", 16),
        room("a\u{202e}b", 16),
        room("", 16),
        room(&"x".repeat(10_000), 16),
        room("short", 15),
        room("long", 17),
        room("good", 16),
        room("closed", 0),
    ];
    rooms.extend((0..5000).map(|number| room(&format!("room {number}"), 16)));
    server.frame(ANNA, Down::Listing(Listing { rooms }));
    let names: Vec<&str> =
        server.listed(ANNA).expect("a list").iter().map(|room| room.name.as_str()).collect();
    assert!(names.contains(&"good") && names.contains(&"closed"));
    assert!(names.len() <= chatter_protocol::limits::LISTED_ROOMS_MAX);
    assert!(!names.iter().any(|name| ["short", "long", ""].contains(name) || name.contains('\u{202e}')));
}

#[test]
fn the_access_code_alone_leads_into_a_listed_room() {
    let mut server = Server::of(&["anna", "ben", "carol"]);
    server.line(ANNA, "/list tea");
    for who in [BEN, 2] {
        server.line(who, "/quit");
    }
    let mut come = |name: &str, says: &str| {
        let nick = Nickname::parse("ben").expect("a nickname");
        let entropy = Entropy::new([8; 32]);
        let access = link().access;
        server.apps[BEN] = match name {
            "" => App::listing(access, nick, None, entropy),
            name => App::seeking(access, nick, name.to_owned(), None, entropy),
        };
        (server.outcomes[BEN], server.told[BEN]) = (None, Vec::new());
        assert!(!server.apps[BEN].accepts_lines(), "what is typed waits for the room");
        server.connect(BEN);
        if server.outcomes[BEN].is_none() {
            assert!(server.apps[BEN].accepts_lines());
            server.line(BEN, says);
            server.line(BEN, "/quit");
        }
        (server.outcomes[BEN], server.errors(BEN).len(), server.listed(BEN).cloned())
    };
    assert_eq!(come("tea", "hi"), (Some(Outcome::Left), 0, None));
    let listed = ListedInfo { name: "tea".into(), members: 1, open: true };
    assert_eq!(come("", ""), (Some(Outcome::Left), 0, Some(vec![listed])));
    assert_eq!(come("coffee", ""), (Some(Outcome::Failed(Failure::Link)), 1, None));
    server.welcome.listed_rooms_max = 0;
    let nick = Nickname::parse("ben").expect("a nickname");
    server.apps[BEN] = App::seeking(link().access, nick, "tea".to_owned(), None, Entropy::new([8; 32]));
    (server.outcomes[BEN], server.told[BEN]) = (None, Vec::new());
    server.connect(BEN);
    assert_eq!(server.outcomes[BEN], Some(Outcome::Failed(Failure::Link)));
    assert_eq!(server.heard(ANNA), ["ben: hi"]);
}

#[test]
fn a_relay_that_does_not_answer_is_not_waited_for_for_ever() {
    let mut server = Server::of(&["anna"]);
    server.event(ANNA, Event::Line("/join tea".into()));
    server.waiting.clear();
    server.wait(ENTER_TIMEOUT);
    assert_eq!(server.errors(ANNA), ["the relay does not tell which rooms are listed"]);
    server.line(ANNA, "/rooms");
    assert_eq!(server.listed(ANNA), Some(&Vec::new()), "it can be asked again");
}

#[test]
fn a_relay_that_lists_and_unlists_without_end_is_not_listened_to() {
    let mut server = Server::of(&["anna"]);
    for number in 0..1000 {
        let name = format!("name {number}");
        server.frame(ANNA, Down::Listed(chatter_proto::relay::Listed { room: ROOM, name, open: true }));
        let elsewhere = chatter_proto::relay::Listed { room: 7, name: "x".into(), open: true };
        server.frame(ANNA, Down::Listed(elsewhere));
    }
    let told = server.places(ANNA, |notice| matches!(notice, Notice::Listed { .. }));
    assert!(!told.is_empty() && told.len() <= 16, "{}", told.len());
}

#[test]
fn who_is_verified_in_one_room_is_so_in_the_other() {
    let mut server = Server::new(&["anna", "ben"], RelayLimits::default());
    let identity = chatter_protocol::room::identity::Identity::generate(&mut Entropy::new([3; 32]));
    server.apps[BEN].shared.people.identity = Some(identity);
    for who in [ANNA, BEN] {
        server.connect(who);
        server.line(who, &format!("/join {}", other("tea", 1)));
    }
    server.line(ANNA, "/in 1 /verify ben yes");
    server.line(ANNA, "/in 2 /who");
    let verified = server.told[ANNA].iter().rev().find_map(|told| {
        if let Notice::Who { verified, .. } = &told.notice { Some(verified.clone()) } else { None }
    });
    assert_eq!(verified.expect("who"), ["ben"]);
}

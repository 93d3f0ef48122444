//! Stays in a room without a network: apps, and between them a relay of a few lines.

use std::collections::{BTreeMap, VecDeque};

use chatter_proto::relay::client_frame::Frame as Up;
use chatter_proto::relay::relay_frame::Frame as Down;
use chatter_proto::relay::{
    Ack, FromMember, Join, Joined, Left, Message, Occupant, Refused, Roster, bye, refused,
};
use chatter_protocol::access::{AccessCode, AccessSecret, CarrierPath, ServerSecret};
use chatter_protocol::client::End;
use chatter_protocol::invite::{AccessLink, Address};
use chatter_protocol::room::secret::RoomSecret;

use super::*;
use crate::exit::Failure;
use crate::secret::SecretText;

mod language;
mod people;
mod rooms;
mod staying;

/// Apps around one relay.
struct World {
    now: Time,
    apps: Vec<App>,
    shown: Vec<Vec<Notice>>,
    outcomes: Vec<Option<Outcome>>,
    /// What each would have written into its file of known identities.
    remembered: Vec<Option<String>>,
    /// Frames for the relay that it has not looked at yet.
    waiting: VecDeque<(usize, Up)>,
    members: BTreeMap<usize, Occupant>,
    acknowledges: bool,
    says_bye: bool,
    /// How many further sessions were asked for.
    opened: usize,
    /// How often another connection was.
    nudged: usize,
}

impl World {
    fn new(purposes: &[Purpose]) -> Self {
        let names = ["anna", "ben", "carol"];
        let app = |(purpose, seed): (&Purpose, u8)| {
            let nick = Nickname::parse(names[usize::from(seed)]).expect("a nickname");
            App::new(link(), nick, purpose.clone(), None, Entropy::new([seed; 32]))
        };
        Self {
            now: Time::ZERO,
            apps: purposes.iter().zip(0..).map(app).collect(),
            shown: vec![Vec::new(); purposes.len()],
            outcomes: vec![None; purposes.len()],
            remembered: vec![None; purposes.len()],
            waiting: VecDeque::new(),
            members: BTreeMap::new(),
            acknowledges: true,
            says_bye: true,
            opened: 0,
            nudged: 0,
        }
    }

    /// One event, and not yet what follows at the relay.
    fn event(&mut self, who: usize, event: Event) {
        if self.outcomes[who].is_some() {
            return;
        }
        for effect in self.apps[who].update(event, self.now) {
            match effect {
                Effect::Send(frame) => self.waiting.push_back((who, frame)),
                Effect::Disk(..) => {}
                Effect::Open => self.opened += 1,
                Effect::Reconnect => self.nudged += 1,
                Effect::Show(told) => self.shown[who].push(told.notice),
                Effect::Remember(text) => self.remembered[who] = Some(text),
                Effect::Finish(outcome) => self.outcomes[who] = Some(outcome),
            }
        }
    }

    fn frame(&mut self, who: usize, frame: Down) {
        self.event(who, Event::Network(NetworkEvent::Frame(frame)));
    }

    /// Lets the relay work until nothing is left to do.
    fn run(&mut self) {
        while let Some((who, frame)) = self.waiting.pop_front() {
            let Some(sender) = self.members.get(&who).map(|member| member.member_id.clone()) else {
                match frame {
                    Up::Join(join) => self.join(who, join),
                    Up::Leave(_) | Up::Publish(_) | Up::Direct(_) | Up::Quit(_) => self.quit(who),
                    Up::Chaff(_) | Up::List(_) | Up::Unlist(_) | Up::ListRooms(_) => panic!("{frame:?}"),
                }
                continue;
            };
            match frame {
                Up::Join(_) => panic!("joined twice"),
                Up::Publish(publish) => {
                    for (other, member) in self.others(who) {
                        let wrap = publish.wraps.iter().find(|wrap| wrap.member_id == member);
                        let wrap = wrap.map(|wrap| wrap.sealed.clone()).unwrap_or_default();
                        let body = publish.body.clone();
                        self.frame(
                            other,
                            Down::Message(Message { room: ROOM, sender_id: sender.clone(), body, wrap }),
                        );
                    }
                    if self.acknowledges {
                        self.frame(who, Down::Ack(Ack { room: ROOM, number: publish.number }));
                    }
                }
                Up::Direct(direct) => {
                    let to = self.others(who).into_iter().find(|(_, member)| *member == direct.member_id);
                    if let Some((other, _)) = to {
                        let payload = direct.payload;
                        self.frame(
                            other,
                            Down::Direct(FromMember { room: ROOM, sender_id: sender, payload }),
                        );
                    }
                }
                Up::Leave(_) => {
                    self.members.remove(&who);
                    for (other, _) in self.others(who) {
                        self.frame(other, Down::Left(Left { room: ROOM, member_id: sender.clone() }));
                    }
                }
                Up::Chaff(_) | Up::List(_) | Up::Unlist(_) | Up::ListRooms(_) => {
                    panic!("nobody asked for that")
                }
                Up::Quit(_) => self.quit(who),
            }
        }
    }

    fn join(&mut self, who: usize, join: Join) {
        let occupant = Occupant { member_id: join.member_id, hello: join.hello };
        let occupants = self.members.values().cloned().collect();
        self.members.insert(who, occupant.clone());
        self.frame(who, Down::Roster(Roster { room: ROOM, occupants }));
        for (other, _) in self.others(who) {
            self.frame(other, Down::Joined(Joined { room: ROOM, occupant: Some(occupant.clone()) }));
        }
    }

    fn quit(&mut self, who: usize) {
        if self.says_bye {
            let end = End::Bye(bye::Reason::Quit);
            self.event(who, Event::Network(NetworkEvent::Ended { end, trouble: None }));
        }
    }

    fn others(&self, who: usize) -> Vec<(usize, Vec<u8>)> {
        let others = self.members.iter().filter(|(other, _)| **other != who);
        others.map(|(other, member)| (*other, member.member_id.clone())).collect()
    }

    fn connect(&mut self, who: usize) {
        self.event(who, Event::Network(NetworkEvent::Connecting));
        self.event(who, Event::Network(NetworkEvent::Connected));
        self.run();
    }

    fn line(&mut self, who: usize, line: &str) {
        self.event(who, Event::Line(line.to_owned()));
        self.run();
    }

    fn wait(&mut self, duration: Duration) {
        self.now = self.now + duration;
        for who in 0..self.apps.len() {
            self.event(who, Event::Timeout);
        }
        self.run();
    }

    /// The relay forgets everybody, as when it restarts; this one hears of it so.
    fn lose(&mut self, who: usize, end: End) {
        self.members.remove(&who);
        self.waiting.clear();
        self.event(who, Event::Network(NetworkEvent::Ended { end, trouble: None }));
    }

    fn messages(&self, who: usize) -> Vec<String> {
        let messages = self.shown[who].iter().filter_map(|notice| {
            if let Notice::Message { from, text } = notice { Some(format!("{from}: {text}")) } else { None }
        });
        messages.collect()
    }

    fn errors(&self, who: usize) -> Vec<String> {
        let errors = self.shown[who]
            .iter()
            .filter_map(|notice| if let Notice::Error(text) = notice { Some(text.clone()) } else { None });
        errors.collect()
    }

    fn room(&self, who: usize) -> &Room {
        &self.apps[who].rooms[&ROOM]
    }

    fn has_left(&self, who: usize) -> bool {
        self.shown[who].last() == Some(&Notice::Left)
    }
}

fn link() -> RoomLink {
    let mut entropy = Entropy::new([4; 32]);
    let code = AccessCode {
        server_key: ServerSecret::generate(&mut entropy).key(),
        secret: AccessSecret::generate(&mut entropy),
        carrier_path: CarrierPath::parse("/data.enc").expect("a path"),
        preamble_len: 16,
    };
    let address = Address { host: "example.org".into(), port: 8000 };
    let secret = RoomSecret::generate(&mut entropy);
    RoomLink { access: AccessLink::new(address, code), label: "room".into(), secret }
}

/// Each one's number for the only room.
const ROOM: u32 = 1;
/// Longer than the first wait for another try, whatever is drawn.
const A_TRY: Duration = Duration::from_millis(1_300);

fn joined(nick: &str) -> Notice {
    Notice::MemberJoined { nick: nick.into() }
}

#[test]
fn a_room_is_made_entered_talked_in_and_left() {
    let mut world = World::new(&[Purpose::New, Purpose::Join]);
    world.connect(0);
    let expected = SecretText::new(link().to_text().to_string());
    assert!(world.shown[0].contains(&Notice::Room { link: expected }));
    world.connect(1);
    assert!(world.shown[0].contains(&joined("ben")) && world.shown[1].contains(&joined("anna")));
    assert!(!world.shown[1].iter().any(|notice| matches!(notice, Notice::Room { .. })));
    world.line(0, "hi");
    world.line(1, "//hello /there");
    assert_eq!(world.messages(1), ["anna: hi"]);
    assert_eq!(world.messages(0), ["ben: /hello /there"]);
    world.line(1, "/quit");
    assert!(world.has_left(1) && world.shown[0].contains(&Notice::MemberLeft { nick: "ben".into() }));
    assert_eq!(world.outcomes, [None, Some(Outcome::Left)]);
}

#[test]
fn what_is_typed_early_reaches_who_is_there() {
    let mut world = World::new(&[Purpose::Join, Purpose::Join]);
    world.connect(0);
    for line in ["one", "two", "three"] {
        world.line(1, line);
    }
    world.event(1, Event::InputEnded);
    assert_eq!(world.outcomes[1], None);
    world.connect(1);
    assert_eq!(world.messages(0), ["ben: one", "ben: two", "ben: three"]);
    assert_eq!(world.outcomes[1], Some(Outcome::Left));
    assert!(world.has_left(1));
}

#[test]
fn the_end_of_input_waits_for_what_was_said() {
    let mut world = World::new(&[Purpose::Join]);
    world.acknowledges = false;
    world.connect(0);
    world.line(0, "hi");
    world.event(0, Event::InputEnded);
    world.wait(Duration::from_secs(30));
    assert_eq!(world.outcomes[0], None);
    let number = *world.room(0).untaken.keys().next().expect("one untaken");
    world.frame(0, Down::Ack(Ack { room: ROOM, number }));
    world.run();
    assert!(world.shown[0].contains(&Notice::Acknowledged { number }));
    assert_eq!(world.outcomes[0], Some(Outcome::Left));
}

#[test]
fn a_relay_that_takes_nothing_wears_patience_out() {
    let mut world = World::new(&[Purpose::Send("important".into())]);
    world.acknowledges = false;
    world.connect(0);
    world.wait(PATIENCE);
    assert_eq!(world.outcomes[0], Some(Outcome::Failed(Failure::NotSaid)));
    assert!(world.errors(0).contains(&"not taken by the relay: important".to_owned()));
    assert!(!world.has_left(0));
}

#[test]
fn sending_says_one_thing_to_who_is_there() {
    let mut world = World::new(&[Purpose::Join, Purpose::Send("/quit is said".into())]);
    world.connect(0);
    world.connect(1);
    assert_eq!(world.messages(0), ["ben: /quit is said"]);
    assert_eq!(world.outcomes[1], Some(Outcome::Left));
}

#[test]
fn a_lost_session_names_what_was_not_taken() {
    let mut world = World::new(&[Purpose::Send("important".into())]);
    world.acknowledges = false;
    world.connect(0);
    world.event(
        0,
        Event::Network(NetworkEvent::Ended { end: End::Lost { unacknowledged: 9 }, trouble: None }),
    );
    assert_eq!(world.outcomes[0], Some(Outcome::Failed(Failure::SessionLost)));
    assert!(world.errors(0).contains(&"not taken by the relay: important".to_owned()));
}

#[test]
fn an_interrupt_leaves_at_once() {
    let mut world = World::new(&[Purpose::Join, Purpose::Join]);
    world.event(0, Event::Interrupted);
    assert_eq!(world.outcomes[0], Some(Outcome::Left), "before the door is open");
    assert!(world.has_left(0));
    world.connect(1);
    world.says_bye = false;
    world.event(1, Event::Interrupted);
    world.run();
    assert_eq!(world.outcomes[1], None);
    world.wait(Duration::from_secs(2));
    assert_eq!(world.outcomes[1], Some(Outcome::Left), "without a bye");
    assert!(world.has_left(1) && world.members.is_empty());
}

#[test]
fn an_interrupt_tells_what_was_not_taken() {
    let mut world = World::new(&[Purpose::Join]);
    world.acknowledges = false;
    world.connect(0);
    world.line(0, "hi");
    world.event(0, Event::Interrupted);
    world.event(0, Event::Interrupted);
    assert_eq!(world.outcomes[0], Some(Outcome::Interrupted));
    assert_eq!(world.errors(0), ["not taken by the relay: hi"]);
}

#[test]
fn what_is_taken_while_leaving_counts() {
    let mut world = World::new(&[Purpose::Join]);
    world.acknowledges = false;
    world.connect(0);
    world.line(0, "hi");
    let number = *world.room(0).untaken.keys().next().expect("one untaken");
    world.event(0, Event::Interrupted);
    world.frame(0, Down::Ack(Ack { room: ROOM, number }));
    world.run();
    assert_eq!(world.outcomes[0], Some(Outcome::Left));
}

#[test]
fn somebody_who_never_answers_is_not_waited_for_long() {
    let mut world = World::new(&[Purpose::Join, Purpose::Join]);
    world.connect(0);
    // Killed: the relay still counts him in.
    world.outcomes[0] = Some(Outcome::Interrupted);
    world.line(1, "hi");
    world.connect(1);
    assert_eq!(world.room(1).outbox.len(), 1);
    world.wait(SETTLE_TIMEOUT);
    assert_eq!(world.room(1).outbox.len(), 0);
}

#[test]
fn a_full_room_is_named() {
    let mut world = World::new(&[Purpose::Join]);
    world.event(0, Event::Network(NetworkEvent::Connected));
    world.waiting.clear();
    let reason = refused::Reason::RoomFull.into();
    world.frame(0, Down::Refused(Refused { room: ROOM, reason }));
    world.run();
    assert_eq!(world.outcomes[0], Some(Outcome::Failed(Failure::Full)));
    assert!(world.errors(0)[0].contains("room is full"));
}

#[test]
fn commands_are_answered() {
    let mut world = World::new(&[Purpose::Join, Purpose::Join]);
    world.line(0, "/who");
    world.connect(0);
    world.connect(1);
    world.line(0, "/who");
    world.line(0, "/hlep");
    world.line(0, "/help");
    let who = |members: &[&str]| Notice::Who {
        you: "anna".into(),
        members: members.iter().map(|name| (*name).to_owned()).collect(),
        verified: Vec::new(),
        lasting: Vec::new(),
    };
    assert!(world.shown[0].contains(&who(&["anna"])) && world.shown[0].contains(&who(&["anna", "ben"])));
    assert!(world.errors(0)[0].contains("did you mean /help?"));
    assert!(world.shown[0].contains(&Notice::Help));
    assert!(world.messages(1).is_empty());
}

#[test]
fn much_typed_at_once_is_said_in_order() {
    let mut world = World::new(&[Purpose::Join, Purpose::Join]);
    world.connect(0);
    world.connect(1);
    for number in 0..200 {
        world.event(0, Event::Say(number.to_string()));
    }
    world.run();
    let expected: Vec<String> = (0..200).map(|number| format!("anna: {number}")).collect();
    assert_eq!(world.messages(1), expected);
}

#[test]
fn a_restarted_server_is_come_back_to() {
    let mut world = World::new(&[Purpose::New, Purpose::Join]);
    world.connect(0);
    world.connect(1);
    world.line(0, "before");
    world.acknowledges = false;
    world.line(0, "into the void");
    world.acknowledges = true;
    for who in [0, 1] {
        world.lose(who, End::Bye(bye::Reason::Shutdown));
    }
    let unheard = Notice::NotAcknowledged { number: 2, text: "into the void".into(), resend: 1 };
    assert!(world.shown[0].contains(&unheard), "handed back");
    assert!(world.shown[0].iter().any(|notice| matches!(notice, Notice::Away { .. })));
    world.line(0, "meanwhile");
    assert_eq!(world.messages(1), ["anna: before", "anna: into the void"]);
    world.wait(A_TRY);
    assert_eq!((world.opened, &world.outcomes), (2, &vec![None, None]));
    world.connect(1);
    world.connect(0);
    let text = "the server was restarted".to_owned();
    assert!(world.shown[1].contains(&Notice::Rejoined { text: text.clone(), present: 0 }));
    assert!(world.shown[0].contains(&Notice::Rejoined { text, present: 1 }));
    assert_eq!(world.messages(1), ["anna: before", "anna: into the void", "anna: meanwhile"], "said once");
    assert!(world.shown[0].contains(&Notice::Acknowledged { number: 3 }), "numbers go on");
    let rooms = world.shown[0].iter().filter(|notice| matches!(notice, Notice::Room { .. })).count();
    assert_eq!(rooms, 1, "the link is shown once");
    world.line(1, "/quit");
    assert_eq!(world.outcomes, [None, Some(Outcome::Left)]);
}

#[test]
fn what_was_kept_waits_for_others_who_come_back() {
    for comes_back in [true, false] {
        let mut world = World::new(&[Purpose::Join, Purpose::Join]);
        world.connect(0);
        world.connect(1);
        for who in [0, 1] {
            world.lose(who, End::Bye(bye::Reason::Shutdown));
        }
        world.line(0, "kept");
        world.wait(A_TRY);
        world.connect(0);
        world.wait(Duration::from_secs(30));
        assert_eq!(world.room(0).outbox.len(), 1, "nobody would hear it");
        if comes_back {
            world.connect(1);
            assert_eq!(world.messages(1), ["anna: kept"]);
        } else {
            world.wait(Duration::from_secs(30));
            assert_eq!(world.room(0).outbox.len(), 0, "not for ever");
        }
    }
}

#[test]
fn tries_to_come_back_grow_rare_and_never_end() {
    let mut world = World::new(&[Purpose::Join]);
    world.connect(0);
    world.lose(0, End::Lost { unacknowledged: 0 });
    let mut waits = Vec::new();
    for _ in 0..12 {
        let until = world.apps[0].poll_timeout().expect("another try");
        let wait = until.saturating_since(world.now);
        waits.push(wait);
        world.wait(wait);
        world.event(0, Event::Network(NetworkEvent::Connecting));
        let trouble = Some("nobody there".to_owned());
        world.event(0, Event::Network(NetworkEvent::Ended { end: End::Unreachable, trouble }));
    }
    assert_eq!((world.opened, world.outcomes[0]), (12, None));
    assert!(waits.iter().all(|wait| (750..=75_000).contains(&wait.as_millis())), "{waits:?}");
    assert!(waits[0] < Duration::from_secs(2) && waits[11] >= Duration::from_secs(45), "{waits:?}");
    world.event(0, Event::Interrupted);
    assert_eq!(world.outcomes[0], Some(Outcome::Left));
}

#[test]
fn who_is_sent_away_stays_away() {
    for end in [
        End::Bye(bye::Reason::Purged),
        End::Bye(bye::Reason::GateRetired),
        End::Bye(bye::Reason::BrokeRules),
        End::Bye(bye::Reason::Quit),
        End::PlainServer { tries: 3 },
        End::Tampered,
    ] {
        let mut world = World::new(&[Purpose::Join]);
        world.connect(0);
        world.lose(0, end.clone());
        assert!(matches!(world.outcomes[0], Some(Outcome::Failed(_))), "{end:?}");
        // On the way back too.
        let mut world = World::new(&[Purpose::Join]);
        world.connect(0);
        world.lose(0, End::Bye(bye::Reason::Shutdown));
        world.wait(A_TRY);
        world.lose(0, end.clone());
        assert!(matches!(world.outcomes[0], Some(Outcome::Failed(_))), "{end:?}");
    }
    let mut world = World::new(&[Purpose::Join]);
    world.apps[0].rejoins = false;
    world.connect(0);
    world.lose(0, End::Bye(bye::Reason::Shutdown));
    assert_eq!(world.outcomes[0], Some(Outcome::Failed(Failure::SessionLost)), "nor who does not want to");
}

#[test]
fn nobody_waits_for_a_server_with_nothing_to_say() {
    let mut world = World::new(&[Purpose::Join, Purpose::Join]);
    world.connect(0);
    world.lose(0, End::Bye(bye::Reason::Shutdown));
    world.event(0, Event::InputEnded);
    assert_eq!(world.outcomes[0], Some(Outcome::Left));
    world.connect(1);
    world.lose(1, End::Bye(bye::Reason::Shutdown));
    world.line(1, "something");
    world.event(1, Event::InputEnded);
    assert_eq!(world.outcomes[1], None);
    world.wait(PATIENCE);
    assert_eq!(world.outcomes[1], Some(Outcome::Failed(Failure::SessionLost)));
    assert!(world.errors(1).contains(&"not taken by the relay: something".to_owned()));
}

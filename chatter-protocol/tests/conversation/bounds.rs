//! What a relay and members can make one of them hold: fed with the worst, it stays within its bounds.
//!
//! The relay here is the attacker's: it tells everybody whom it likes, and who is to hold much is told of all.

use std::time::Duration;

use chatter_proto::relay::{
    FromMember, Joined, Message, Occupant, Roster, client_frame::Frame as Up, relay_frame::Frame as Down,
};
use chatter_protocol::entropy::Entropy;
use chatter_protocol::ids::{MemberId, Nickname};
use chatter_protocol::limits;
use chatter_protocol::room::conversation::{Conversation, Memory, Output};
use chatter_protocol::room::secret::RoomSecret;
use chatter_protocol::time::Time;

use crate::world::SERVER_KEY;

const VICTIM: usize = 0;

/// Members, of whom all are shown to the first, and to each other only the first few.
struct Crowd {
    members: Vec<Member>,
    now: Time,
    /// Whose messages are kept from the victim.
    withheld: Option<usize>,
    /// The most that the victim has held.
    most: Memory,
}

struct Member {
    conversation: Conversation,
    id: MemberId,
    hello: prost::bytes::Bytes,
}

impl Crowd {
    fn new() -> Self {
        let mut crowd =
            Self { members: Vec::new(), now: Time::ZERO, withheld: None, most: Memory::default() };
        crowd.join();
        crowd
    }

    /// Those who are shown to each other: the victim and everybody, and the first few.
    fn is_shown(one: usize, other: usize) -> bool {
        one != other && (one.min(other) == VICTIM || one.max(other) < FRIENDS)
    }

    fn join(&mut self) -> usize {
        let who = self.members.len();
        let nick = Nickname::parse(&format!("member {who}")).expect("a nickname");
        let seed = [u8::try_from(who).expect("few"); 32];
        let secret = RoomSecret::from_bytes([1; 16]);
        let mut conversation = Conversation::new(&secret, &SERVER_KEY, nick, ROOM, Entropy::new(seed));
        let Some(Output::Send(Up::Join(join))) = conversation.poll_output() else { panic!("it joins") };
        let id = MemberId::from_slice(&join.member_id).expect("an id");
        self.members.push(Member { conversation, id, hello: join.hello });
        let occupants = (0..who).filter(|other| Self::is_shown(who, *other));
        let occupants = occupants.map(|other| self.occupant(other)).collect();
        self.show(who, Down::Roster(Roster { room: ROOM, occupants }));
        for other in (0..who).filter(|other| Self::is_shown(who, *other)) {
            let occupant = Some(self.occupant(who));
            self.show(other, Down::Joined(Joined { room: ROOM, occupant }));
        }
        self.carry();
        who
    }

    fn occupant(&self, who: usize) -> Occupant {
        let Member { id, hello, .. } = &self.members[who];
        Occupant { member_id: id.as_bytes().to_vec(), hello: hello.clone() }
    }

    fn show(&mut self, who: usize, frame: Down) {
        self.members[who].conversation.receive(frame, self.now);
        if who == VICTIM {
            self.measure();
        }
    }

    fn measure(&mut self) {
        let held = self.members[VICTIM].conversation.memory();
        assert!(held.members <= limits::OCCUPANTS_MAX, "{held:?}");
        assert!(held.waiting <= limits::HELD_MAX + 1, "{held:?}");
        assert!(held.departed <= limits::DEPARTED_MAX, "{held:?}");
        assert!(held.removals <= limits::REMOVALS_MAX, "{held:?}");
        assert!(held.commitments <= limits::OCCUPANTS_MAX, "{held:?}");
        assert!(held.beacons <= limits::BEACONS_UNACKNOWLEDGED_MAX, "{held:?}");
        assert!(held.differences <= limits::OCCUPANTS_MAX * 2 * limits::OCCUPANTS_MAX, "{held:?}");
        assert!(held.bytes <= limits::ROOM_MEMORY_MAX, "{held:?}");
        let Memory { members, differences, waiting, departed, told, removals, commitments, beacons, bytes } =
            &mut self.most;
        for (most, now) in [
            (members, held.members),
            (differences, held.differences),
            (waiting, held.waiting),
            (departed, held.departed),
            (told, held.told),
            (removals, held.removals),
            (commitments, held.commitments),
            (beacons, held.beacons),
            (bytes, held.bytes),
        ] {
            *most = now.max(*most);
        }
    }

    /// Carries all that is on its way, acknowledging nothing.
    fn carry(&mut self) {
        loop {
            let mut carried = false;
            for from in 0..self.members.len() {
                while let Some(output) = self.members[from].conversation.poll_output() {
                    if let Output::Send(frame) = output {
                        carried = true;
                        self.hand_on(from, frame);
                    }
                }
            }
            if !carried {
                return;
            }
        }
    }

    fn hand_on(&mut self, from: usize, frame: Up) {
        let sender_id = self.members[from].id.as_bytes().to_vec();
        let place = |id: &[u8]| self.members.iter().position(|member| member.id.as_bytes() == id);
        match frame {
            Up::Direct(direct) => {
                let Some(to) = place(&direct.member_id) else { return };
                let payload = direct.payload;
                self.show(to, Down::Direct(FromMember { room: ROOM, sender_id, payload }));
            }
            Up::Publish(publish) => {
                for to in (0..self.members.len()).filter(|to| Self::is_shown(from, *to)) {
                    if to == VICTIM && self.withheld == Some(from) {
                        continue;
                    }
                    let id = self.members[to].id;
                    let wrap = publish.wraps.iter().find(|wrap| wrap.member_id == id.as_bytes());
                    let wrap = wrap.map(|wrap| wrap.sealed.clone()).unwrap_or_default();
                    let (sender_id, body) = (sender_id.clone(), publish.body.clone());
                    self.show(to, Down::Message(Message { room: ROOM, sender_id, body, wrap }));
                }
            }
            Up::Join(_)
            | Up::Leave(_)
            | Up::List(_)
            | Up::Unlist(_)
            | Up::ListRooms(_)
            | Up::Quit(_)
            | Up::Chaff(_) => {}
        }
    }

    fn say(&mut self, who: usize, text: &str) {
        self.members[who].conversation.say(text, self.now).expect("in the room");
        self.carry();
    }

    fn live(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.now = self.now + Duration::from_secs(1);
            for who in 0..self.members.len() {
                let now = self.now;
                let conversation = &mut self.members[who].conversation;
                if conversation.poll_timeout().is_some_and(|due| due <= now) {
                    conversation.handle_timeout(now);
                }
            }
            self.measure();
            self.carry();
        }
    }
}

#[test]
fn the_worst_relay_makes_a_member_hold_a_bounded_amount() {
    let mut crowd = Crowd::new();
    crowd.join();
    let hello = crowd.members[1].hello.clone();
    let known = crowd.members[1].id.as_bytes().to_vec();
    for number in 0..3_000_u32 {
        let member_id = [&[7; 12][..], &number.to_be_bytes()].concat();
        let occupant = Some(Occupant { member_id: member_id.clone(), hello: hello.clone() });
        crowd.show(VICTIM, Down::Joined(Joined { room: ROOM, occupant }));
        for sender_id in [member_id, known.clone()] {
            let payload = vec![7; usize::try_from(number).expect("small")];
            let body = vec![1; limits::BODY_LEN_MAX].into();
            let direct = FromMember { room: ROOM, sender_id: sender_id.clone(), payload };
            crowd.show(VICTIM, Down::Direct(direct));
            let wrap = vec![1; limits::WRAP_LEN];
            crowd.show(VICTIM, Down::Message(Message { room: ROOM, sender_id, body, wrap }));
        }
        while crowd.members[VICTIM].conversation.poll_output().is_some() {}
    }
    crowd.live(600);
    let most = crowd.most;
    assert_eq!((most.members, most.waiting), (limits::OCCUPANTS_MAX, 0), "{most:?}");
    assert!(most.beacons == limits::BEACONS_UNACKNOWLEDGED_MAX && most.bytes < 1 << 20, "{most:?}");
}

#[test]
fn the_worst_member_makes_another_hold_a_bounded_amount() {
    let mut crowd = Crowd::new();
    for _ in 1..limits::OCCUPANTS_MAX + 5 {
        crowd.join();
    }
    let strangers = FRIENDS..limits::OCCUPANTS_MAX;
    assert_eq!(crowd.members[VICTIM].conversation.members().count(), limits::OCCUPANTS_MAX);
    // Each sees nobody but the victim, who notes for each whom he lacks.
    crowd.say(VICTIM, "who is here?");
    crowd.live(15);
    // Each begins rounds of his own view.
    for who in strangers.clone() {
        let _ = crowd.members[who].conversation.verify(crowd.now);
    }
    crowd.carry();
    // What one says is kept from the victim, what his friend answers has to wait: as much of it as can be said.
    crowd.withheld = Some(1);
    crowd.say(1, "unheard");
    let long = "x".repeat(limits::TEXT_LEN_MAX);
    for _ in 0..limits::HELD_MAX + 10 {
        crowd.say(2, &long);
    }
    let most = crowd.most;
    assert_eq!(most.members, limits::OCCUPANTS_MAX, "{most:?}");
    assert!(most.waiting >= limits::HELD_MAX, "{most:?}");
    assert!(most.differences >= strangers.len() * strangers.len(), "{most:?}");
    assert_eq!(most.commitments, strangers.len(), "{most:?}");
    assert!(most.bytes > limits::HELD_MAX * limits::TEXT_LEN_MAX, "{most:?}");
    // Those who leave are remembered for a while, and what is held of them is less.
    for who in strangers {
        let now = crowd.now;
        crowd.members[who].conversation.leave(now);
        crowd.carry();
    }
    let left = crowd.members[VICTIM].conversation.memory();
    assert!(left.commitments == 0 && left.differences < most.differences / 10, "{left:?}");
}

const ROOM: u32 = 1;
/// The victim and those who are shown to each other.
const FRIENDS: usize = 4;

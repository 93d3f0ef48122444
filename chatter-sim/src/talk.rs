//! Members in one room: they join, speak, come back when a session is over; and what must be true of what they hear.
//!
//! **In** what they do. **Out** a panic where something was lost unnamed, came twice or out of order. **Never** a frame's
//! sealed contents: bodies here are plain numbers, so that each can be told from every other.

use std::collections::BTreeMap;
use std::time::Duration;

use chatter_proto::relay::{Join, Publish, Quit, client_frame, relay_frame};
use chatter_protocol::client::End;
use chatter_protocol::limits;

use crate::world::World;

/// Members, and all that they said.
#[expect(missing_debug_implementations, reason = "a world does not show its secrets")]
pub struct Talk {
    /// Where it all happens.
    pub world: World,
    members: Vec<Member>,
    said: BTreeMap<Number, Said>,
    next_number: u64,
}

/// Numbers everything that is said in a talk.
type Number = u64;

struct Member {
    stays: Vec<Stay>,
    wall_offset: i64,
    /// When he comes in again; None: he is in, or has left.
    comes_at: Option<Duration>,
    leaving: bool,
}

/// One session of a member.
struct Stay {
    peer: usize,
    frames_seen: usize,
    joined: bool,
    in_room: bool,
    said: Vec<Number>,
    /// What was heard, by the sender's peer.
    heard: BTreeMap<usize, Vec<Number>>,
}

struct Said {
    acknowledged: bool,
    /// Peers who were in the room when it was said.
    audience: Vec<usize>,
}

impl Talk {
    /// A talk of so many members, who are all on their way in.
    pub fn new(mut world: World, members: usize) -> Self {
        let members = (0..members).map(|_| {
            let wall_offset = match world.network.dice.below(4) {
                0 => i64::from(world.network.dice.below(7200)) - 3600,
                _ => i64::from(world.network.dice.below(5)) - 2,
            };
            Member { stays: Vec::new(), wall_offset, comes_at: Some(Duration::ZERO), leaving: false }
        });
        let members = members.collect();
        let mut talk = Self { world, members, said: BTreeMap::new(), next_number: 1 };
        talk.act();
        talk
    }

    /// Lets time pass, while members take part.
    pub fn run(&mut self, duration: Duration) {
        let end = self.world.clock() + duration;
        while self.world.clock() < end {
            self.world.run(STEP.min(end - self.world.clock()));
            self.act();
        }
    }

    /// Lets time pass until `done`, or `at_most` is over. How long it took, if it came to be.
    pub fn run_until(&mut self, at_most: Duration, done: impl Fn(&Self) -> bool) -> Option<Duration> {
        let start = self.world.clock();
        while !done(self) {
            if self.world.clock() >= start + at_most {
                return None;
            }
            self.run(STEP);
        }
        Some(self.world.clock() - start)
    }

    /// How many members there are, those who have left included.
    pub fn members(&self) -> usize {
        self.members.len()
    }

    /// The peer of a member's present session.
    pub fn peer_of(&self, member: usize) -> Option<usize> {
        Some(self.members[member].stays.last()?.peer)
    }

    /// Whether a member sits in the room and his session lives.
    pub fn is_in(&self, member: usize) -> bool {
        let stay = self.members[member].stays.last();
        stay.is_some_and(|stay| stay.in_room && self.world.peers[stay.peer].ended.is_none())
    }

    /// How many sessions have ended without having been asked to.
    pub fn sessions_lost(&self) -> usize {
        self.members.iter().map(|member| member.stays.len().saturating_sub(1)).sum()
    }

    /// Lets a member say something of so many bytes, if he is in the room.
    pub fn say(&mut self, member: usize, length: usize) {
        if !self.is_in(member) || self.members[member].leaving {
            return;
        }
        let Some(peer) = self.peer_of(member) else { return };
        let audience = (0..self.members.len()).filter(|other| *other != member && self.is_in(*other));
        let audience = audience.filter_map(|other| self.peer_of(other)).collect();
        let number = self.next_number;
        self.next_number += 1;
        self.said.insert(number, Said { acknowledged: false, audience });
        self.members[member].stays.iter_mut().rev().take(1).for_each(|stay| stay.said.push(number));
        let mut body = [number.to_be_bytes(), wide(peer).to_be_bytes()].concat();
        body.resize(length.max(body.len()), 0x55);
        let publish = Publish { room: ROOM, number, body: body.into(), wraps: Vec::new() };
        self.world.send(peer, client_frame::Frame::Publish(publish));
    }

    /// Lets a member leave for good.
    pub fn quit(&mut self, member: usize) {
        let known = &mut self.members[member];
        (known.leaving, known.comes_at) = (true, None);
        if let Some(peer) = self.peer_of(member) {
            self.world.send(peer, client_frame::Frame::Quit(Quit {}));
        }
    }

    /// Whether everybody is in, and everything that a living session said was acknowledged and has come to all who were
    /// there.
    pub fn has_settled(&self) -> bool {
        let stays = self.members.iter().flat_map(|member| member.stays.last());
        (0..self.members.len()).all(|member| self.is_in(member))
            && stays.flat_map(|stay| &stay.said).all(|number| self.said[number].acknowledged)
            && self.missing().is_none()
    }

    /// Panics unless what must always be true is.
    pub fn check(&self) {
        let mut heard_by = BTreeMap::new();
        for (index, member) in self.members.iter().enumerate() {
            for stay in &member.stays {
                for (sender, heard) in &stay.heard {
                    for number in heard {
                        let before = heard_by.insert((index, *number), stay.peer);
                        assert_eq!(before, None, "member {index} heard number {number} twice");
                    }
                    self.check_order(*sender, heard);
                }
                self.check_end(stay.peer);
            }
        }
        self.check_bounds();
    }

    /// What a session heard of one sender is one unbroken piece of what he said.
    fn check_order(&self, sender: usize, heard: &[Number]) {
        let stays = self.members.iter().flat_map(|member| &member.stays);
        let said = stays.filter(|stay| stay.peer == sender).flat_map(|stay| &stay.said);
        let said: Vec<Number> =
            said.copied().skip_while(|number| Some(number) != heard.first()).take(heard.len()).collect();
        assert_eq!(said, heard, "another order, or something is missing in between");
    }

    fn check_end(&self, peer: usize) {
        use chatter_proto::relay::bye::Reason;
        match &self.world.peers[peer].ended {
            None
            | Some(
                End::Lost { .. }
                | End::Unreachable
                | End::PlainServer { .. }
                | End::Bye(Reason::Quit | Reason::Shutdown | Reason::TooSlow),
            ) => {}
            Some(other) => panic!("peer {peer} ended for no reason: {other:?}"),
        }
    }

    /// What the server holds is bounded by its sessions.
    fn check_bounds(&self) {
        let held = self.world.host.server.held();
        let links = 2 * held.sessions;
        assert!(held.links <= links && held.handles <= links, "{held:?}");
        assert!(held.tags <= links * (1 + limits::TAGS_BEHIND + limits::TAGS_AHEAD) as usize, "{held:?}");
        assert!(held.alarms <= held.sessions, "{held:?}");
        assert!(held.sessions <= self.world.peers.len() * 60 + 10, "{held:?}");
        let queued = self.world.host.server.sessions().map(|info| info.queued).max().unwrap_or(0);
        assert!(queued <= limits::QUEUE_LEN_MAX, "{queued} bytes wait");
    }

    /// Something acknowledged that somebody who was there and has not left did not hear: its number, and his peer.
    fn missing(&self) -> Option<(Number, usize)> {
        let living = self.members.iter().flat_map(|member| member.stays.last());
        let living: BTreeMap<usize, &Stay> = living
            .filter(|stay| self.world.peers[stay.peer].ended.is_none())
            .map(|stay| (stay.peer, stay))
            .collect();
        let acknowledged = self.said.iter().filter(|(_, said)| said.acknowledged);
        acknowledged.flat_map(|(number, said)| said.audience.iter().map(move |peer| (*number, *peer))).find(
            |(number, peer)| {
                let stay = living.get(peer);
                stay.is_some_and(|stay| !stay.heard.values().any(|heard| heard.contains(number)))
            },
        )
    }

    fn act(&mut self) {
        let now = self.world.clock();
        for member in 0..self.members.len() {
            if self.members[member].comes_at.is_some_and(|at| at <= now) {
                let code = self.world.host.code.clone();
                let peer = self.world.join_peer(&code, self.members[member].wall_offset);
                let known = &mut self.members[member];
                known.comes_at = None;
                known.stays.push(Stay {
                    peer,
                    frames_seen: 0,
                    joined: false,
                    in_room: false,
                    said: Vec::new(),
                    heard: BTreeMap::new(),
                });
            }
            self.take_part(member);
        }
    }

    fn take_part(&mut self, member: usize) {
        let Some(stay) = self.members[member].stays.last_mut() else { return };
        let peer = &self.world.peers[stay.peer];
        for frame in &peer.frames[stay.frames_seen..] {
            match frame {
                relay_frame::Frame::Roster(_) => stay.in_room = true,
                relay_frame::Frame::Ack(ack) => {
                    let said = self.said.get_mut(&ack.number).expect("what is acknowledged was said");
                    assert!(!said.acknowledged, "number {} was acknowledged twice", ack.number);
                    assert!(stay.said.contains(&ack.number), "somebody else said number {}", ack.number);
                    said.acknowledged = true;
                }
                relay_frame::Frame::Message(message) => {
                    let word = |at: usize| {
                        message.body[at..at + 8].try_into().map(u64::from_be_bytes).expect("eight bytes")
                    };
                    let sender = usize::try_from(word(8)).expect("few peers");
                    stay.heard.entry(sender).or_default().push(word(0));
                }
                relay_frame::Frame::Welcome(_)
                | relay_frame::Frame::Joined(_)
                | relay_frame::Frame::Left(_) => {}
                relay_frame::Frame::Direct(_)
                | relay_frame::Frame::Refused(_)
                | relay_frame::Frame::Listed(_)
                | relay_frame::Frame::Listing(_)
                | relay_frame::Frame::Bye(_) => panic!("nobody asked for {frame:?}"),
            }
        }
        stay.frames_seen = peer.frames.len();
        if peer.connected && !stay.joined && peer.ended.is_none() {
            stay.joined = true;
            let join = Join {
                room: ROOM,
                room_id: vec![7; 32],
                member_id: u128::from(wide(stay.peer)).to_be_bytes().to_vec(),
                hello: vec![1, 2, 3].into(),
            };
            let peer = stay.peer;
            self.world.send(peer, client_frame::Frame::Join(join));
        } else if peer.ended.is_some() && !self.members[member].leaving {
            let known = &mut self.members[member];
            known.comes_at = known.comes_at.or(Some(self.world.clock() + Duration::from_secs(2)));
        }
    }
}

fn wide(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// How finely members look at what has come.
const STEP: Duration = Duration::from_millis(100);
const ROOM: u32 = 1;

//! Gates that retire and close under sessions, and what holders of their codes may still learn; bounds on what they take.

use std::time::Duration;

use chatter_proto::relay::bye;
use chatter_protocol::access::{AccessCode, AccessSecret};
use chatter_protocol::client::End;
use chatter_protocol::entropy::Entropy;
use chatter_protocol::handshake::{self, ANSWER_LEN, Answer, Handle, Refusal, Request};
use chatter_protocol::ids::LinkId;
use chatter_protocol::server::Output;
use chatter_protocol::server::bounds::{Bounds, Origin};
use chatter_protocol::server::gatekeeper::GateId;

use chatter_sim::World;

const SECOND: Duration = Duration::from_secs(1);

/// Somebody who knows a code and sends what he likes.
struct Holder {
    code: AccessCode,
    entropy: Entropy,
    link: u64,
}

impl Holder {
    fn new(code: &AccessCode) -> Self {
        Self { code: code.clone(), entropy: Entropy::new([77; 32]), link: 1 << 40 }
    }

    /// What the server says in message 2; none: he gets the file.
    fn ask(&mut self, world: &mut World, request: &Request, origin: Option<Origin>) -> Option<Answer> {
        let keys = self.code.gate_keys();
        let (token, offered) = handshake::offer(&self.code, &keys, request, world.wall(), &mut self.entropy);
        let wall = world.wall();
        let mut recognised = world.host.keeper.recognise(&token, wall)?;
        recognised.origin = origin;
        self.link += 1;
        let (link, now) = (LinkId(self.link), world.now());
        if !world.host.server.open(link, &recognised, 1 << 20, now) {
            return None;
        }
        let mut said = None;
        while let Some(output) = world.host.server.poll_output() {
            if let Output::Write { link: to, bytes } = &output
                && *to == link
                && said.is_none()
            {
                said = Some(bytes[..ANSWER_LEN].to_vec());
            }
            world.server_outputs.push(output);
        }
        offered.finish(&said.expect("message 2")).ok()
    }

    fn resume(&mut self, world: &mut World, handle: Handle) -> Option<Answer> {
        self.ask(world, &Request::Resume { handle, down_offset: 0 }, None)
    }
}

fn another_gate(world: &mut World, name: &str) -> (AccessCode, GateId) {
    let secret = AccessSecret::from_bytes([name.len().try_into().expect("a short name"); 16]);
    let gate = world.host.keeper.add(name.to_owned(), &secret).expect("room");
    (AccessCode { secret, ..world.host.code.clone() }, gate)
}

const UNKNOWN: Handle = [9; 16];

#[test]
fn a_closed_gate_ends_its_sessions_alone_and_says_so_to_them_alone() {
    let mut world = World::new(1);
    let (code, gate) = another_gate(&mut world, "ben");
    let ours = world.host.code.clone();
    let (stays, present, away) =
        (world.join_peer(&ours, 0), world.join_peer(&code, 0), world.join_peer(&code, 0));
    world.run(SECOND);
    assert!(world.peers.iter().all(|peer| peer.connected));
    world.network.silent = true;
    world.cut(away);
    world.host.keeper.close(gate);
    let now = world.now();
    assert_eq!(world.host.server.close_gate(gate, now), 2);
    assert!(world.host.server.uses_gate(gate), "somebody has yet to be told");
    world.run(SECOND);
    let retired = Some(End::Bye(bye::Reason::GateRetired));
    assert_eq!((&world.peers[present].ended, &world.peers[away].ended), (&retired, &None));
    world.network.silent = false;
    world.run(3 * SECOND);
    assert_eq!(world.peers[away].ended, Some(End::Refused(Refusal::GateRetired)));
    assert_eq!(world.peers[stays].ended, None);

    // Who knows the code, and no handle of theirs, has a file server before him.
    let mut finder = Holder::new(&code);
    assert_eq!(finder.ask(&mut world, &Request::Fresh, None), None);
    assert_eq!(finder.resume(&mut world, UNKNOWN), None);
    let late = world.join_peer(&code, 0);
    world.run(60 * SECOND);
    assert_eq!(world.peers[late].ended, Some(End::PlainServer { tries: 3 }));
    assert!(!world.host.server.uses_gate(gate), "its time is over");
    let wall = world.wall();
    world.host.keeper.forget_retired(|_| false);
    let (token, _) =
        handshake::offer(&code, &code.gate_keys(), &Request::Fresh, wall, &mut Entropy::new([3; 32]));
    assert!(world.host.keeper.recognise(&token, wall).is_none());
    assert_eq!(world.peers[stays].ended, None);
}

#[test]
fn an_opening_that_was_on_its_way_when_the_gate_closed_comes_too_late() {
    let mut world = World::new(2);
    let (code, gate) = another_gate(&mut world, "ben");
    let wall = world.wall();
    let (token, _) =
        handshake::offer(&code, &code.gate_keys(), &Request::Fresh, wall, &mut Entropy::new([3; 32]));
    let recognised = world.host.keeper.recognise(&token, wall).expect("the gate is open");
    world.host.keeper.close(gate);
    let now = world.now();
    assert_eq!(world.host.server.close_gate(gate, now), 0);
    assert!(!world.host.server.open(LinkId(9), &recognised, 1 << 20, now));
    assert_eq!(world.host.server.sessions().count(), 0);
}

#[test]
fn by_a_retired_gate_a_way_back_is_found_and_none_anew() {
    let mut world = World::new(3);
    let code = world.host.code.clone();
    let peer = world.join_peer(&code, 0);
    world.run(SECOND);
    world.host.keeper.retire(world.host.gate);
    let mut holder = Holder::new(&code);
    assert_eq!(holder.ask(&mut world, &Request::Fresh, None), None);
    // Without this answer a client whose newest link came to nothing would not go back to the one before.
    assert_eq!(holder.resume(&mut world, UNKNOWN), Some(Answer::Refused(Refusal::UnknownSession)));
    world.cut(peer);
    world.run(3 * SECOND);
    assert_eq!((world.peers[peer].resumed, &world.peers[peer].ended), (1, &None));
}

#[test]
fn one_address_fills_its_own_places_and_its_oldest_unconfirmed_session_goes_first() {
    let mut world = World::new(4);
    world.host.server.set_bounds(Bounds {
        origin_sessions_max: 3,
        named_sessions_max: 2,
        ..Bounds::default()
    });
    let (named, _) = another_gate(&mut world, "ben");
    let open = world.host.code.clone();
    let here = Some(Origin(1));
    let accepted = |answer: Option<Answer>| matches!(answer, Some(Answer::Accepted { .. }));
    let mut holder = Holder::new(&open);
    for _ in 0..10 {
        assert!(accepted(holder.ask(&mut world, &Request::Fresh, here)), "nobody has confirmed any of them");
        assert!(world.host.server.sessions().count() <= 3);
    }
    assert!(accepted(holder.ask(&mut world, &Request::Fresh, Some(Origin(2)))));
    assert_eq!(world.host.server.sessions().count(), 4);
    let mut by_name = Holder::new(&named);
    by_name.entropy = Entropy::new([78; 32]);
    for _ in 0..5 {
        assert!(accepted(by_name.ask(&mut world, &Request::Fresh, None)));
    }
    assert_eq!(world.host.server.sessions().count(), 4 + 2);

    // Confirmed ones stay, and the next one is refused.
    let mut world = World::new(5);
    world.host.server.set_bounds(Bounds { named_sessions_max: 2, ..Bounds::default() });
    let (named, _) = another_gate(&mut world, "ben");
    let peers: Vec<usize> = (0..2).map(|_| world.join_peer(&named, 0)).collect();
    world.run(SECOND);
    assert!(peers.iter().all(|peer| world.peers[*peer].connected));
    let refused = Holder::new(&named).ask(&mut world, &Request::Fresh, None);
    assert_eq!(refused, Some(Answer::Refused(Refusal::TooMany)));
    world.cut(0);
    world.run(SECOND);
    assert_eq!((world.peers[0].resumed, &world.peers[0].ended), (1, &None), "to resume takes no place");
}

#[test]
fn too_many_openings_are_told_and_then_no_more_and_sessions_live_through_it() {
    let mut world = World::new(6);
    world.host.server.set_bounds(Bounds { origin_openings_max: 2, ..Bounds::default() });
    let code = world.host.code.clone();
    let peer = world.join_peer(&code, 0);
    world.run(SECOND);
    let mut holder = Holder::new(&code);
    let mut count = [0; 3];
    for _ in 0..100 {
        let place = match holder.ask(&mut world, &Request::Fresh, Some(Origin(1))) {
            Some(Answer::Accepted { .. }) => 0,
            Some(Answer::Refused(Refusal::TooMany)) => 1,
            Some(Answer::Refused(_)) => panic!("another refusal"),
            None => 2,
        };
        count[place] += 1;
    }
    assert_eq!(count, [16, 16, 68]);
    world.cut(peer);
    world.run(2 * SECOND);
    assert_eq!((world.peers[peer].resumed, &world.peers[peer].ended), (1, &None));
    world.run(20 * SECOND);
    let again = holder.ask(&mut world, &Request::Fresh, Some(Origin(1)));
    assert!(matches!(again, Some(Answer::Accepted { .. })));
}

#[test]
fn who_is_told_to_come_back_later_while_his_session_waits_does_so() {
    let mut world = World::new(7);
    world.host.server.set_bounds(Bounds { gate_openings_max: 1, ..Bounds::default() });
    let code = world.host.code.clone();
    let peer = world.join_peer(&code, 0);
    world.run(20 * SECOND);
    let mut holder = Holder::new(&code);
    while matches!(holder.ask(&mut world, &Request::Fresh, None), Some(Answer::Accepted { .. })) {}
    world.cut(peer);
    world.run(25 * SECOND);
    assert_eq!((world.peers[peer].resumed, &world.peers[peer].ended), (1, &None));
}

//! Sessions over a network that cuts, loses and repeats, with both ends' real state machines.

#![expect(clippy::wildcard_enum_match_arm, reason = "tests pick the frames they are about")]

use std::time::Duration;

use chatter_proto::relay::{Join, Publish, Quit, ToMember, bye, client_frame, relay_frame};
use chatter_protocol::access::{AccessCode, AccessSecret};
use chatter_protocol::client::End;
use chatter_protocol::limits;
use chatter_protocol::server::session::State;
use chatter_protocol::server::{EndReason, Output};

use chatter_sim::{Weather, World};

const SECOND: Duration = Duration::from_secs(1);

fn join(member: u8) -> client_frame::Frame {
    client_frame::Frame::Join(Join {
        room: 1,
        room_id: vec![7; 32],
        member_id: vec![member; 16],
        hello: vec![1, 2, 3].into(),
    })
}

fn say(number: u64, length: usize) -> client_frame::Frame {
    let mut body = number.to_be_bytes().to_vec();
    body.resize(length.max(8), 0x55);
    client_frame::Frame::Publish(Publish { room: 1, number, body: body.into(), wraps: Vec::new() })
}

/// The numbers that a peer heard, in order.
fn heard(world: &World, peer: usize) -> Vec<u64> {
    let number = |body: &[u8]| body[..8].try_into().map(u64::from_be_bytes).expect("a number");
    let frames = &world.peers[peer].frames;
    frames
        .iter()
        .filter_map(|frame| match frame {
            relay_frame::Frame::Message(message) => Some(number(&message.body)),
            _ => None,
        })
        .collect()
}

fn acknowledged(world: &World, peer: usize) -> Vec<u64> {
    let frames = &world.peers[peer].frames;
    frames
        .iter()
        .filter_map(|frame| match frame {
            relay_frame::Frame::Ack(ack) => Some(ack.number),
            _ => None,
        })
        .collect()
}

fn two_in_a_room(seed: u64) -> World {
    let mut world = World::new(seed);
    for member in [1, 2] {
        let peer = world.join();
        world.send(peer, join(member));
    }
    world.run(SECOND);
    assert!(world.peers.iter().all(|peer| peer.connected && peer.ended.is_none()));
    assert!(world.host.server.sessions().all(|session| session.state == State::Confirmed));
    world
}

#[test]
fn two_peers_hear_each_other() {
    let mut world = two_in_a_room(1);
    for number in 1..=50 {
        world.send(0, say(number, 100));
        world.send(1, say(number, 15_000));
    }
    world.run(20 * SECOND);
    let all: Vec<u64> = (1..=50).collect();
    assert_eq!((heard(&world, 1), heard(&world, 0)), (all.clone(), all.clone()));
    assert_eq!((acknowledged(&world, 0), acknowledged(&world, 1)), (all.clone(), all));
}

#[test]
fn an_hour_of_idling_keeps_everybody() {
    let mut world = two_in_a_room(2);
    world.run(3700 * SECOND);
    world.send(0, say(1, 10));
    world.run(SECOND);
    assert_eq!(heard(&world, 1), [1]);
    assert!(world.peers.iter().all(|peer| peer.broken == 0), "renewing a link breaks nothing");
    assert_eq!(world.host.server.sessions().count(), 2);
    let confirmed = world.server_outputs.iter().filter(|output| matches!(output, Output::Confirmed { .. }));
    assert!(confirmed.count() >= 4, "links were renewed");
}

#[test]
fn nothing_is_lost_or_repeated_in_any_weather() {
    for seed in 0..150 {
        let mut world = two_in_a_room(seed);
        world.network.weather =
            Weather { cut: 300, lose_up: 100, lose_up_answer: 100, refuse: 100, ..Weather::default() };
        for number in 1..=40 {
            world.send(0, say(number, 300));
            world.send(1, say(number, 3000));
            world.run(Duration::from_millis(300));
        }
        world.network.weather = Weather::default();
        world.run(40 * SECOND);
        let all: Vec<u64> = (1..=40).collect();
        for peer in 0..2 {
            assert_eq!(world.peers[peer].ended, None, "seed {seed}");
            assert_eq!(heard(&world, peer), all, "seed {seed}, peer {peer}");
            assert_eq!(acknowledged(&world, peer), all, "seed {seed}, peer {peer}");
            assert_eq!(world.peers[peer].broken, world.peers[peer].resumed, "seed {seed}, peer {peer}");
        }
    }
}

#[test]
fn the_carrier_s_end_is_no_hitch() {
    let mut world = World::new(3);
    world.host.carrier_len = 100_000;
    for member in [1, 2] {
        let peer = world.join();
        world.send(peer, join(member));
    }
    world.run(SECOND);
    for number in 1..=100 {
        world.send(0, say(number, 5000));
        world.run(SECOND);
    }
    assert_eq!(heard(&world, 1), (1..=100).collect::<Vec<u64>>());
    assert!(world.peers[1].resumed > 3);
}

#[test]
fn quitting_ends_at_once_and_silence_after_the_grace_time() {
    let mut world = two_in_a_room(4);
    let third = world.join();
    world.run(SECOND);
    world.send(0, say(1, 10));
    world.send(0, client_frame::Frame::Quit(Quit {}));
    world.run(SECOND);
    assert_eq!(world.peers[0].ended, Some(End::Bye(bye::Reason::Quit)));
    assert_eq!((acknowledged(&world, 0), heard(&world, 1)), (vec![1], vec![1]));
    assert!(world.peers[1].frames.iter().any(|frame| matches!(frame, relay_frame::Frame::Left(_))));

    // Killed: its connection closes and nothing follows.
    world.network.weather.refuse = 1000;
    world.cut(third);
    world.run(29 * SECOND);
    assert_eq!(world.host.server.sessions().count(), 2);
    world.run(2 * SECOND);
    assert_eq!(world.host.server.sessions().count(), 1);
    let ended: Vec<EndReason> = world
        .server_outputs
        .iter()
        .filter_map(|output| match output {
            Output::Ended { reason, .. } => Some(*reason),
            _ => None,
        })
        .collect();
    assert_eq!(ended, [EndReason::Quit, EndReason::Silence]);
    world.run(10 * SECOND);
    assert_eq!(world.peers[third].ended, Some(End::Lost { unacknowledged: 0 }));
}

#[test]
fn a_wrong_code_meets_a_file_server() {
    let mut world = World::new(5);
    let code = AccessCode { secret: AccessSecret::from_bytes([9; 16]), ..world.host.code.clone() };
    let peer = world.join_peer(&code, 0);
    world.run(5 * SECOND);
    assert_eq!(world.peers[peer].ended, Some(End::PlainServer { tries: 3 }));
    assert_eq!(world.host.server.sessions().count(), 0);
}

#[test]
fn a_clock_an_hour_off_is_told_and_works_and_one_two_days_off_is_refused() {
    let mut world = World::new(6);
    let code = world.host.code.clone();
    let behind = world.join_peer(&code, -3600);
    let beyond = world.join_peer(&code, 2 * 86_400);
    world.run(SECOND);
    assert!(world.peers[behind].connected);
    assert_eq!(world.peers[behind].warnings.len(), 1);
    assert_eq!(world.peers[beyond].ended, Some(End::ClockOff { seconds: 2 * 86_400 }));
}

#[test]
fn after_a_rotation_whoever_is_in_stays_and_can_resume() {
    let mut world = two_in_a_room(7);
    world.host.keeper.retire(world.host.gate);
    world.cut(0);
    world.run(2 * SECOND);
    assert_eq!((world.peers[0].resumed, &world.peers[0].ended), (1, &None));
    let late = world.join();
    world.run(5 * SECOND);
    assert_eq!(world.peers[late].ended, Some(End::PlainServer { tries: 3 }));
    assert!(world.host.server.uses_gate(world.host.gate));
}

#[test]
fn a_renewal_that_meets_a_file_server_harms_nobody() {
    let mut world = two_in_a_room(14);
    world.host.keeper.retire(world.host.gate);
    world.host.keeper.forget_retired(|_| false);
    world.run(4000 * SECOND);
    world.send(0, say(1, 10));
    world.run(SECOND);
    assert_eq!((heard(&world, 1), &world.peers[0].ended), (vec![1], &None));
    let opened = world.peers[0].requests.iter().filter(|(path, _)| path == "/backup.tar.enc").count();
    assert!(opened > 1, "it tried");
}

#[test]
fn what_was_recorded_counts_for_nothing() {
    let mut world = two_in_a_room(8);
    world.send(0, say(1, 10));
    world.run(30 * SECOND);
    let recorded: Vec<(String, String)> = world.peers.iter().flat_map(|peer| peer.requests.clone()).collect();
    assert!(recorded.len() > 6);
    for (_, cookie) in &recorded {
        assert!(!world.deliver_up(cookie));
        assert_eq!(world.deliver_open(cookie), None);
    }
}

#[test]
fn a_token_delivered_by_somebody_else_costs_nothing() {
    let mut world = two_in_a_room(9);
    // Requests wait on their way; somebody in between delivers them first, from his own connection.
    world.network.silent = true;
    world.cut(0);
    world.send(0, say(1, 10));
    world.run(SECOND);
    let stolen: Vec<(String, String)> = world.peers[0].requests.clone();
    for (_, cookie) in stolen {
        world.deliver_open(&cookie);
        world.deliver_up(&cookie);
    }
    world.network.silent = false;
    world.run(20 * SECOND);
    assert_eq!(world.peers[0].ended, None);
    assert_eq!(heard(&world, 1), [1]);
    assert_eq!(acknowledged(&world, 0), [1]);
}

#[test]
fn an_opened_session_that_never_confirms_is_gone_after_15_seconds() {
    let mut world = World::new(10);
    world.network.silent = true;
    let peer = world.join();
    world.run(Duration::ZERO);
    let (_, cookie) = world.peers[peer].requests[0].clone();
    assert!(world.deliver_open(&cookie).is_some());
    world.run(14 * SECOND);
    assert_eq!(
        world.host.server.sessions().map(|session| session.state).collect::<Vec<_>>(),
        [State::Opened]
    );
    world.run(2 * SECOND);
    assert_eq!(world.host.server.sessions().count(), 0);
}

#[test]
fn whoever_only_delivers_tokens_keeps_nobody_out() {
    let mut world = two_in_a_room(17);
    world.network.silent = true;
    let code = world.host.code.clone();
    for _ in 0..300 {
        let peer = world.join_peer(&code, 0);
        world.run(Duration::ZERO);
        let (_, cookie) = world.peers[peer].requests[0].clone();
        assert!(world.deliver_open(&cookie).is_some());
    }
    let opened = world.host.server.sessions().filter(|session| session.state == State::Opened).count();
    assert_eq!(opened, limits::SESSIONS_OPENED_MAX);
    world.network.forget_requests();
    world.network.silent = false;
    let member = world.join_peer(&code, 0);
    world.run(SECOND);
    assert!(world.peers[member].connected);
    assert!(world.peers[..2].iter().all(|peer| peer.ended.is_none()));
}

#[test]
fn a_reader_that_does_not_read_is_cut_and_the_room_goes_on() {
    let mut world = two_in_a_room(11);
    let slow = world.join();
    world.send(slow, join(3));
    world.run(SECOND);
    world.network.weather.refuse = 1000;
    world.cut(slow);
    for number in 1..=60 {
        world.send(0, say(number, 20_000));
        world.run(Duration::from_millis(200));
    }
    assert_eq!(heard(&world, 1).len(), 60);
    assert!(
        world
            .server_outputs
            .iter()
            .any(|output| matches!(output, Output::Ended { reason: EndReason::TooSlow, .. }))
    );
}

#[test]
fn what_no_client_sends_ends_the_session() {
    let mut world = two_in_a_room(12);
    let nobody = ToMember { room: 1, member_id: vec![99; 16], payload: vec![0; 300_000] };
    world.send(0, client_frame::Frame::Direct(nobody));
    world.run(5 * SECOND);
    assert_eq!(world.peers[0].ended, Some(End::Bye(bye::Reason::BrokeRules)));
    assert_eq!(world.host.server.sessions().count(), 1);
}

#[test]
fn the_daemon_s_end_is_said() {
    let mut world = two_in_a_room(13);
    world.host.server.end_all(bye::Reason::Shutdown, world.now());
    world.run(SECOND);
    assert!(world.peers.iter().all(|peer| peer.ended == Some(End::Bye(bye::Reason::Shutdown))));
}

#[test]
fn what_only_a_cache_answers_is_said() {
    let mut world = two_in_a_room(15);
    world.network.weather.cache_up = 1000;
    world.send(0, say(1, 10));
    world.run(20 * SECOND);
    assert_eq!(world.peers[0].warnings.len(), 1);
    assert!(world.peers[0].warnings[0].contains("answers in its place"));
    world.network.weather.cache_up = 0;
    world.run(20 * SECOND);
    assert_eq!((heard(&world, 1), world.peers[0].warnings.len()), (vec![1], 1));
}

#[test]
fn a_server_that_goes_away_before_the_first_record_is_given_up() {
    let mut world = World::new(16);
    let peer = world.join();
    // Message 2 comes, and nothing after it.
    world.host.carrier_len = 200;
    world.run(SECOND);
    world.network.weather.refuse = 1000;
    world.cut(peer);
    world.run(60 * SECOND);
    assert_eq!(world.peers[peer].ended, Some(End::Lost { unacknowledged: 0 }));
}

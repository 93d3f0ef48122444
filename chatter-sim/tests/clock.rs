//! Clocks that are wrong or jump, restarts, purges and rotations: no token counts twice, and nobody is locked out.

use std::time::Duration;

use chatter_proto::relay::bye;
use chatter_protocol::client::End;
use chatter_sim::{Talk, World};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: i64 = 3600;

/// Comes in, talks a little, and is on its way to say more.
fn talking(seed: u64) -> Talk {
    let mut talk = Talk::new(World::new(seed), 2);
    settles(&mut talk, 10 * SECOND);
    talk
}

fn settles(talk: &mut Talk, at_most: Duration) {
    talk.say(0, 100);
    talk.say(1, 100);
    assert!(talk.run_until(at_most, Talk::has_settled).is_some(), "somebody is locked out");
    talk.check();
}

/// Delivers again all that was ever sent; nothing of it may count.
fn nothing_counts_twice(talk: &mut Talk) {
    let requests = talk.world.peers.iter().flat_map(|peer| peer.requests.clone());
    let recorded: Vec<(String, String)> = requests.collect();
    assert!(!recorded.is_empty());
    for (_, cookie) in recorded {
        assert_eq!(talk.world.deliver_open(&cookie), None, "a recorded token opens a link");
        assert!(!talk.world.deliver_up(&cookie), "a recorded token is taken");
    }
}

/// Breaks everybody's links: whoever is in comes back by a token of now.
fn cut_all(talk: &mut Talk) {
    for member in 0..talk.members() {
        if let Some(peer) = talk.peer_of(member) {
            talk.world.cut(peer);
        }
    }
}

#[test]
fn a_client_s_clock_may_be_an_hour_off_and_the_user_is_told() {
    for (offset, side) in [(-HOUR, "behind"), (HOUR, "ahead of")] {
        let mut world = World::new(1);
        let code = world.host.code.clone();
        let peer = world.join_peer(&code, offset);
        world.run(SECOND);
        let known = &world.peers[peer];
        assert!(known.connected);
        let said = format!("your clock is 3600 seconds {side} the server's; one of them is wrong");
        assert_eq!(known.warnings, [said]);
        // To resume costs no second try: by then it knows.
        let before = known.requests.len();
        world.cut(peer);
        world.run(SECOND);
        let opened =
            world.peers[peer].requests[before..].iter().filter(|(path, _)| path == "/backup.tar.enc");
        assert_eq!((opened.count(), world.peers[peer].resumed), (1, 1));
    }
}

#[test]
fn a_client_s_clock_that_is_set_right_meanwhile_costs_one_more_try() {
    let mut world = World::new(2);
    let code = world.host.code.clone();
    let peer = world.join_peer(&code, HOUR);
    world.run(SECOND);
    world.peers[peer].wall_offset = 0;
    world.cut(peer);
    world.run(SECOND);
    assert_eq!((world.peers[peer].resumed, &world.peers[peer].ended), (1, &None));
}

#[test]
fn the_server_s_clock_may_jump_either_way() {
    for jump in [-HOUR, -600, -121, -60, 60, 121, 600, HOUR] {
        let mut talk = talking(3);
        talk.world.host.wall_offset += jump;
        nothing_counts_twice(&mut talk);
        cut_all(&mut talk);
        settles(&mut talk, 5 * SECOND);
        // And somebody new comes in.
        let peer = talk.world.join();
        talk.run(5 * SECOND);
        assert!(talk.world.peers[peer].connected, "jump of {jump}");
        talk.world.host.wall_offset -= jump;
        nothing_counts_twice(&mut talk);
        cut_all(&mut talk);
        settles(&mut talk, 5 * SECOND);
        assert_eq!(talk.sessions_lost(), 0, "jump of {jump}");
        nothing_counts_twice(&mut talk);
    }
}

#[test]
fn a_crash_and_restart_inside_the_window() {
    let mut talk = talking(4);
    talk.world.crash();
    nothing_counts_twice(&mut talk);
    // Sessions are gone with the process; their members come back, each with a word, within seconds.
    settles(&mut talk, 30 * SECOND);
    assert_eq!(talk.sessions_lost(), 2);
    for member in [0, 1] {
        assert!(matches!(talk.world.peers[member].ended, Some(End::Lost { .. })));
    }
    nothing_counts_twice(&mut talk);
    // Also where they are dated in the window for minutes still, and were never delivered before the crash.
    talk.run(2 * MINUTE);
    nothing_counts_twice(&mut talk);
}

#[test]
fn a_crash_that_swallowed_tokens_leaves_none_of_them_good() {
    let mut talk = talking(5);
    // Tokens of the last second, one of them on its way when the process dies.
    talk.world.network.silent = true;
    cut_all(&mut talk);
    talk.run(SECOND);
    talk.world.crash();
    nothing_counts_twice(&mut talk);
    talk.world.network.silent = false;
    settles(&mut talk, 30 * SECOND);
}

#[test]
fn a_stop_and_start_inside_the_window() {
    let mut talk = talking(6);
    talk.world.stop_and_start();
    nothing_counts_twice(&mut talk);
    settles(&mut talk, 20 * SECOND);
    for member in [0, 1] {
        assert_eq!(talk.world.peers[member].ended, Some(End::Bye(bye::Reason::Shutdown)));
    }
    nothing_counts_twice(&mut talk);
}

#[test]
fn a_purge_does_not_open_the_replay_memory() {
    let mut talk = talking(7);
    let now = talk.world.now();
    talk.world.host.server.end_all(bye::Reason::Purged, now);
    talk.world.run(SECOND);
    for peer in &talk.world.peers {
        assert_eq!(peer.ended, Some(End::Bye(bye::Reason::Purged)));
    }
    nothing_counts_twice(&mut talk);
    let peer = talk.world.join();
    talk.world.run(SECOND);
    assert!(talk.world.peers[peer].connected, "whoever comes anew is let in");
}

#[test]
fn a_rotation_does_not_open_the_replay_memory() {
    let mut talk = talking(8);
    let old = talk.world.host.code.clone();
    talk.world.host.rotate();
    nothing_counts_twice(&mut talk);
    // Who is in stays and can resume; who comes by the new code is let in, by the old one is not.
    cut_all(&mut talk);
    talk.run(5 * SECOND);
    assert_eq!(talk.sessions_lost(), 0);
    let (late, anew) = (talk.world.join_peer(&old, 0), talk.world.join());
    talk.run(5 * SECOND);
    assert!(talk.world.peers[anew].connected);
    assert_eq!(talk.world.peers[late].ended, Some(End::PlainServer { tries: 3 }));
    nothing_counts_twice(&mut talk);
}

/// What a process that knows nothing of the one before can't help: it takes no token from before its start, so where the
/// clock is set back behind that, nobody new comes in until it has come as far again. Whoever is in stays.
#[test]
fn a_clock_set_back_behind_the_start_keeps_newcomers_out_until_it_is_there_again() {
    let mut world = World::new(9);
    world.crash();
    let mut talk = Talk::new(world, 2);
    settles(&mut talk, 60 * SECOND);
    talk.run(5 * MINUTE);
    talk.world.host.wall_offset -= 600;
    settles(&mut talk, 5 * SECOND);
    let peer = talk.world.join();
    talk.run(10 * SECOND);
    assert_eq!(talk.world.peers[peer].ended, Some(End::PlainServer { tries: 3 }));
    nothing_counts_twice(&mut talk);
    talk.run(5 * MINUTE);
    settles(&mut talk, 5 * SECOND);
    let peer = talk.world.join();
    talk.run(10 * SECOND);
    assert!(talk.world.peers[peer].connected);
    nothing_counts_twice(&mut talk);
}

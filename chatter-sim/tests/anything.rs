//! Anything at all, put in where strangers and tamperers can put it in a world of whole sessions.

use std::time::Duration;

use chatter_proto::relay::{Join, client_frame};
use chatter_protocol::ids::LinkId;
use chatter_protocol::time::{Time, WallTime};
use chatter_protocol::token;
use chatter_sim::World;
use proptest::prelude::*;

#[test]
fn a_download_changed_anywhere_is_noticed() {
    for flipped in (0..1200_u16).step_by(37) {
        let mut world = World::new(flipped.into());
        world.network.flip_down_bit = Some(usize::from(flipped) * 8 + 3);
        let peer = world.join();
        let join = Join { room: 1, room_id: vec![7; 32], member_id: vec![1; 16], hello: vec![1; 900].into() };
        world.send(peer, client_frame::Frame::Join(join));
        world.run(Duration::from_secs(20));
        let known = &world.peers[peer];
        // One link was lost to it; the next one was whole, so nobody suffers.
        assert!(known.connected && known.ended.is_none(), "byte {flipped}: {:?}", known.ended);
        assert_eq!(
            world.host.server.sessions().filter(|session| session.rooms == 1).count(),
            1,
            "byte {flipped}"
        );
    }
}

proptest! {
    #[test]
    fn a_server_survives_any_token(tokens: Vec<Vec<u8>>) {
        let mut world = World::new(1);
        for token in &tokens {
            prop_assert!(!world.host.server.up(token, Time::ZERO));
            prop_assert!(world.host.keeper.recognise(token, WallTime(1_700_000_000)).is_none());
        }
    }

    #[test]
    fn a_server_survives_what_a_holder_makes_up(message in proptest::collection::vec(any::<u8>(), 32..300)) {
        let mut world = World::new(1);
        let token = token::seal(
            &world.host.code.gate_keys(), "/backup.tar.enc", &[1; 16], WallTime(1_700_000_000), &message,
        );
        let recognised = world.host.keeper.recognise(&token, WallTime(1_700_000_000)).expect("its mac is right");
        prop_assert!(!world.host.server.open(LinkId(9), &recognised, 1 << 20, Time::ZERO));
        prop_assert_eq!(world.host.server.sessions().count(), 0);
    }
}

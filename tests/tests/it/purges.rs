//! A purge by address, by room, and the daemon's end: what goes is nowhere in its memory, what stays works on.

use chatter_tests::client::Client;
use chatter_tests::daemon::{Daemon, Home};
use chatter_tests::ending::AtItsEnd;
use chatter_tests::forgetting::{
    Family, KEY_WINDOWS, family, gone, knock, remembered, secrets_of, sees, way, windows_gone,
};
use chatter_tests::memory::{Needle, Windows};
use chatter_tests::namespaces::{address, on_a_loopback};
use chatter_tests::recorder::Recorder;
use nix::sys::signal::Signal;

const ANNA: Family = [0xfd, 0x9b, 0xd3, 0x62, 0xee, 0x17];
const BEN: Family = [0xfd, 0xa9, 0x4c, 0xf1, 0x85, 0xd0];
const CAROL: Family = [0xfd, 0x37, 0xbe, 0x90, 0x4f, 0xc8];
const STRANGERS: Family = [0xfd, 0xe2, 0x71, 0xac, 0x96, 0x58];
const SERVER: &str = "[fd00::1]:0";
const SETTINGS: &str = "[ban]\nafter = 1000";

#[test]
#[cfg_attr(not(ptrace), ignore = "the memory of other processes can't be read here (needs CAP_SYS_PTRACE)")]
#[cfg_attr(not(netns), ignore = "no network namespace can be made here (needs CAP_SYS_ADMIN, ip, unshare)")]
fn a_purged_address_is_gone_with_its_sessions_and_others_talk_on() {
    on_a_loopback(&["fd00::/8"], || {
        let home = Home::new();
        let daemon = home.ephemeral_on(SERVER, SETTINGS, &[]);
        let [anna_way, ben_way, carol_way] = [ANNA, BEN, CAROL].map(|family| way(&daemon, family));
        let (mut anna, link) = Client::new_room(&anna_way.link(&daemon.access_link()), "", "anna");
        let mut carol = Client::join(&carol_way.link(&link), "carol", &[&anna]);
        let before = Windows::of_process(daemon.process.id());
        let mut ben = Client::join(&ben_way.link(&link), "ben", &[&anna, &carol]);
        ben.tell("hello", &[&anna, &carol]);
        knock(daemon.address, address(BEN, 1, 1));
        knock(daemon.address, address(STRANGERS, 1, 1));
        let secrets = secrets(&daemon, &before, (&ben, &ben_way), &[&anna, &carol], &link);
        sees(&daemon, &[ANNA, BEN, CAROL, STRANGERS]);

        let purged = daemon.operator().ask(&["purge", "--address", &address(BEN, 1, 1).to_string()]);
        assert_eq!(purged["sessions_ended"], 1);
        assert!(ben.process.ended().stderr.contains("the server's operator ended this session"));
        gone(&daemon, &family("ben's", BEN));
        windows_gone(daemon.process.id(), &secrets, "ben's secrets");
        sees(&daemon, &[ANNA, CAROL, STRANGERS]);
        anna.saw_leave("ben", 1);
        carol.saw_leave("ben", 1);
        anna.tell("still here", &[&carol]);
        carol.tell("so am I", &[&anna]);
    });
}

#[test]
#[cfg_attr(not(ptrace), ignore = "the memory of other processes can't be read here (needs CAP_SYS_PTRACE)")]
#[cfg_attr(not(netns), ignore = "no network namespace can be made here (needs CAP_SYS_ADMIN, ip, unshare)")]
fn a_purged_room_is_gone_with_all_who_sat_in_it_and_other_rooms_talk_on() {
    on_a_loopback(&["fd00::/8"], || {
        let home = Home::new();
        let daemon = home.ephemeral_on(SERVER, SETTINGS, &[]);
        let [anna_way, ben_way, carol_way] = [ANNA, BEN, CAROL].map(|family| way(&daemon, family));
        let access = daemon.access_link();
        let (mut carol, other) = Client::new_room(&carol_way.link(&access), "", "carol");
        let kept = rooms(&daemon);
        let before = Windows::of_process(daemon.process.id());
        let (mut anna, link) = Client::new_room(&anna_way.link(&access), "", "anna");
        let mut ben = Client::join(&ben_way.link(&link), "ben", &[&anna]);
        anna.tell("to be forgotten", &[&ben]);
        let id = rooms(&daemon).into_iter().find(|id| !kept.contains(id)).expect("a second room");
        let secrets = [(&anna, &anna_way), (&ben, &ben_way)]
            .map(|member| secrets(&daemon, &before, member, &[&carol], &link));
        sees(&daemon, &[ANNA, BEN, CAROL]);

        assert_eq!(daemon.operator().ask(&["purge", "--room", &id])["sessions_ended"], 2);
        for member in [&mut anna, &mut ben] {
            assert!(member.process.ended().stderr.contains("the server's operator ended this session"));
        }
        gone(&daemon, &family("anna's", ANNA));
        gone(&daemon, &family("ben's", BEN));
        gone(&daemon, &[Needle::new("the room's id", bytes(&id))]);
        secrets.iter().for_each(|windows| windows_gone(daemon.process.id(), windows, "the room's secrets"));
        assert_eq!(rooms(&daemon), kept);
        sees(&daemon, &[CAROL]);
        let mut dora = Client::join(&other, "dora", &[&carol]);
        carol.tell("here all is as it was", &[&dora]);
        dora.tell("indeed", &[&carol]);
    });
}

#[test]
#[cfg_attr(not(ptrace), ignore = "the memory of other processes can't be read here (needs CAP_SYS_PTRACE)")]
#[cfg_attr(not(netns), ignore = "no network namespace can be made here (needs CAP_SYS_ADMIN, ip, unshare)")]
fn a_daemon_that_was_stopped_leaves_nothing_in_the_memory_that_it_gives_back() {
    on_a_loopback(&["fd00::/8"], || {
        let home = Home::new();
        let daemon = home.ephemeral_on(SERVER, SETTINGS, &[]);
        let before = Windows::of_process(daemon.process.id());
        let [anna_way, ben_way] = [ANNA, BEN].map(|family| way(&daemon, family));
        let (mut anna, link) = Client::new_room(&anna_way.link(&daemon.access_link()), "", "anna");
        let ben = Client::join(&ben_way.link(&link), "ben", &[&anna]);
        anna.tell("the last word", &[&ben]);
        (1..40).for_each(|number| knock(daemon.address, address(STRANGERS, number, 1)));
        let secrets = [(&anna, &anna_way, &ben), (&ben, &ben_way, &anna)]
            .map(|(member, way, other)| secrets(&daemon, &before, (member, way), &[other], &link));
        sees(&daemon, &[ANNA, BEN, STRANGERS]);

        // Held where it has done all that it does, and its memory is still its own.
        let ended = AtItsEnd::of(&daemon.process, |process| process.signal(Signal::SIGTERM));
        let planted = [("anna's", ANNA), ("ben's", BEN), ("strangers'", STRANGERS)];
        for (what, bytes) in planted {
            gone(&daemon, &family(what, bytes));
        }
        secrets.iter().for_each(|windows| windows_gone(daemon.process.id(), windows, "members' secrets"));
        ended.let_go();
    });
}

/// Keys and tags of one member's session.
fn secrets(
    daemon: &Daemon,
    before: &Windows,
    (member, way): (&Client, &Recorder),
    others: &[&Client],
    link: &str,
) -> Windows {
    let is_remembered = remembered(&[way], link);
    let daemons = Windows::of_process(daemon.process.id());
    let new = daemons.filtered(|window| !before.contains(window) && !is_remembered(window));
    let secrets = secrets_of(member, &new, others);
    assert!(
        secrets.count() > KEY_WINDOWS,
        "{} shares {} windows with the daemon",
        member.nick,
        secrets.count()
    );
    secrets
}

fn rooms(daemon: &Daemon) -> Vec<String> {
    let rooms = daemon.operator().list("rooms", "rooms");
    rooms.iter().filter_map(|room| Some(room["id"].as_str()?.to_owned())).collect()
}

/// What hexadecimal digits spell.
fn bytes(digits: &str) -> Vec<u8> {
    let digit = |at: usize| digits.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    (0..digits.len()).step_by(2).map(|at| digit(at).expect("hexadecimal digits")).collect()
}

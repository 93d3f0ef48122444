//! Single troubles, each of which cost somebody a session, a message or a busy processor once.

use std::time::Duration;

use chatter_proto::relay::{Join, client_frame};
use chatter_protocol::client::{LinkAnswer, Output, Session};
use chatter_protocol::entropy::Entropy;
use chatter_protocol::ids::LinkId;
use chatter_protocol::server;
use chatter_protocol::time::Time;
use chatter_sim::host::PREAMBLE;
use chatter_sim::{Dice, Host, Talk, Weather, World};

const SECOND: Duration = Duration::from_secs(1);
const MILLISECOND: Duration = Duration::from_millis(1);

fn two_in_a_room(seed: u64) -> Talk {
    let mut world = World::with(Dice::seeded(seed));
    world.network.weather.delay = 20 * MILLISECOND;
    let mut talk = Talk::new(world, 2);
    assert!(talk.run_until(10 * SECOND, Talk::has_settled).is_some());
    talk
}

/// Everything is well again within `at_most`, without a session lost.
fn recovers(talk: &mut Talk, at_most: Duration) {
    assert!(talk.run_until(at_most, Talk::has_settled).is_some(), "not within {at_most:?}");
    assert_eq!(talk.sessions_lost(), 0);
    talk.check();
}

/// A client by hand: its machine, and a host whose answers may be lost.
struct Hands {
    host: Host,
    session: Session,
    clock: Duration,
    asked: Vec<(LinkId, String)>,
    ups: Vec<String>,
    ended: bool,
}

impl Hands {
    fn new() -> Self {
        let host = Host::new(Entropy::new([1; 32]));
        let wall = host.wall(Duration::ZERO);
        let session = Session::new(&host.code, Entropy::new([2; 32]), Time::ZERO, wall);
        Self { host, session, clock: Duration::ZERO, asked: Vec::new(), ups: Vec::new(), ended: false }
    }

    /// Lets time pass; the next link that the client asks for, and the cookie.
    fn next_open(&mut self) -> (LinkId, String) {
        for _ in 0..1000 {
            self.drain();
            if !self.asked.is_empty() {
                return self.asked.remove(0);
            }
            self.clock += 10 * MILLISECOND;
            let wall = self.host.wall(self.clock);
            self.session.handle_timeout(Time::from_start(self.clock), wall);
        }
        panic!("the client asks for nothing; ended: {}", self.ended);
    }

    /// The server answers a link; all the bytes that it sends.
    fn answer(&mut self, number: u64, cookie: &str) -> Vec<u8> {
        assert!(self.host.open(LinkId(number), cookie, self.clock), "a good token");
        let mut sent = Vec::new();
        while let Some(output) = self.host.server.poll_output() {
            if let server::Output::Write { link, bytes } = output
                && link == LinkId(number)
            {
                sent.extend(bytes);
            }
        }
        sent
    }

    fn receive(&mut self, link: LinkId, bytes: &[u8]) {
        let (now, wall) = (Time::from_start(self.clock), self.host.wall(self.clock));
        let answer = LinkAnswer { status: 200, date: Some(wall), length: None };
        self.session.link_answered(link, &answer, now, wall);
        self.session.link_received(link, &[&PREAMBLE, bytes].concat(), now, wall);
        self.drain();
    }

    fn close(&mut self, link: LinkId, number: u64) {
        let (now, wall) = (Time::from_start(self.clock), self.host.wall(self.clock));
        self.session.link_closed(link, now, wall);
        self.host.server.link_closed(LinkId(number), self.host.now(self.clock));
    }

    fn drain(&mut self) {
        while let Some(output) = self.session.poll_output() {
            match output {
                Output::Open { link, cookie, .. } => self.asked.push((link, cookie)),
                Output::Up { up, cookie, .. } => {
                    self.ups.push(cookie);
                    self.session.up_done(up, true, Time::from_start(self.clock));
                }
                Output::Ended(_) => self.ended = true,
                Output::Close { .. }
                | Output::Frame(_)
                | Output::Connected
                | Output::Broken
                | Output::Resumed
                | Output::Warning(_) => {}
            }
        }
    }
}

#[test]
fn a_link_that_was_confirmed_unheard_leads_back() {
    let mut hands = Hands::new();
    let (link, cookie) = hands.next_open();
    let bytes = hands.answer(1, &cookie);
    let room_id = vec![7; 32];
    let join = Join { room: 1, room_id, member_id: vec![1; 16], hello: vec![1].into() };
    hands.session.send(client_frame::Frame::Join(join), Time::ZERO);
    hands.receive(link, &bytes);
    // The server takes the join and confirms the link, and what it says then is lost.
    for cookie in std::mem::take(&mut hands.ups) {
        assert!(hands.host.up(&cookie, hands.clock));
    }
    hands.close(link, 1);
    // The next link brings a record that acknowledges the join, and nothing that the client says there arrives.
    let (link, cookie) = hands.next_open();
    let bytes = hands.answer(2, &cookie);
    hands.receive(link, &bytes);
    hands.ups.clear();
    hands.close(link, 2);
    // The next one takes its place, and the answer is lost.
    let (link, cookie) = hands.next_open();
    hands.answer(3, &cookie);
    hands.close(link, 3);
    // The client names the second link, which the server has forgotten, and then the first.
    let (link, cookie) = hands.next_open();
    let refusal = hands.answer(4, &cookie);
    hands.receive(link, &refusal);
    let (link, cookie) = hands.next_open();
    let bytes = hands.answer(5, &cookie);
    hands.receive(link, &bytes);
    assert!(!hands.ended);
    assert_eq!(hands.host.server.sessions().map(|info| info.rooms).collect::<Vec<_>>(), [1]);
    let ups = std::mem::take(&mut hands.ups);
    assert!(ups.iter().any(|cookie| hands.host.up(cookie, hands.clock)), "it is in use");
}

#[test]
fn what_is_acknowledged_while_a_link_is_asked_for_does_not_end_the_session() {
    for seed in 0..5 {
        let mut talk = two_in_a_room(seed);
        // Links are renewed while everybody talks, and the requests for them are slow.
        talk.run(1700 * SECOND);
        talk.world.network.weather.stall = 80;
        for _ in 0..1000 {
            talk.say(0, 300);
            talk.say(1, 300);
            talk.run(2 * SECOND);
        }
        talk.world.network.weather.stall = 0;
        recovers(&mut talk, 30 * SECOND);
    }
}

#[test]
fn a_clock_that_is_wrong_does_not_keep_links_from_being_renewed() {
    for offset in [-3600, 3600] {
        let mut world = World::new(3);
        let code = world.host.code.clone();
        let peer = world.join_peer(&code, offset);
        world.run(9 * 3600 * SECOND);
        let opened = world.peers[peer].requests.iter().filter(|(path, _)| path == "/backup.tar.enc").count();
        let confirmed =
            world.server_outputs.iter().filter(|output| matches!(output, server::Output::Confirmed { .. }));
        assert!(confirmed.count() >= 9, "about one in 45 minutes");
        assert!(opened <= 21, "and only the first was dated wrongly: {opened}");
        assert_eq!((world.peers[peer].broken, world.peers[peer].warnings.len()), (0, 1));
    }
}

#[test]
fn a_way_up_that_was_closed_for_a_while_is_found_open_soon() {
    let mut talk = two_in_a_room(4);
    // Refused at once, each try costs a tag, and the link has only so many.
    talk.world.network.weather.lose_up = 1000;
    for _ in 0..6 {
        talk.say(0, 3000);
    }
    talk.run(20 * SECOND);
    talk.world.network.weather.lose_up = 0;
    recovers(&mut talk, 15 * SECOND);
}

#[test]
fn who_delivers_every_token_first_for_a_while_costs_only_that() {
    for seed in 0..20 {
        let mut talk = two_in_a_room(seed);
        talk.world.network.weather.steal = 1000;
        for member in [0, 1] {
            let peer = talk.peer_of(member).expect("he is in");
            talk.world.cut(peer);
            talk.say(member, 100);
        }
        talk.run(20 * SECOND);
        talk.world.network.weather.steal = 0;
        recovers(&mut talk, 30 * SECOND);
    }
}

#[test]
fn old_answers_out_of_a_cache_do_not_lead_astray() {
    for seed in 0..20 {
        let mut talk = two_in_a_room(seed);
        talk.world.network.weather.cache_open = 1000;
        let peer = talk.peer_of(0).expect("he is in");
        talk.world.cut(peer);
        talk.run(15 * SECOND);
        talk.world.network.weather.cache_open = 0;
        recovers(&mut talk, 12 * SECOND);
    }
}

#[test]
fn nobody_is_busy_while_requests_hang() {
    let mut talk = two_in_a_room(5);
    // Six requests that nobody answers, and much to be acknowledged: time alone changes nothing.
    talk.world.host.frozen_until = talk.world.clock() + 25 * SECOND;
    for _ in 0..30 {
        talk.say(0, 3000);
    }
    talk.run(25 * SECOND);
    recovers(&mut talk, 20 * SECOND);
}

#[test]
fn nobody_is_busy_when_a_link_is_to_be_renewed_while_there_is_none() {
    let mut talk = two_in_a_room(6);
    talk.world.network.weather.refuse = 1000;
    for _ in 0..200 {
        talk.run(17 * SECOND);
        for member in [0, 1] {
            let peer = talk.peer_of(member).expect("he is in");
            talk.world.network.weather.refuse = 1000;
            talk.world.cut(peer);
        }
        talk.run(17 * SECOND);
        talk.world.network.weather = Weather::default();
        recovers(&mut talk, 20 * SECOND);
    }
}

#[test]
fn a_carrier_smaller_than_what_is_to_be_sent_rolls_over() {
    let mut world = World::new(8);
    world.host.carrier_len = 9_000;
    let mut talk = Talk::new(world, 2);
    assert!(talk.run_until(10 * SECOND, Talk::has_settled).is_some());
    for _ in 0..5 {
        talk.say(0, 40_000);
        recovers(&mut talk, 30 * SECOND);
    }
}

#[test]
fn a_laptop_that_slept_goes_on_where_it_was() {
    let mut world = World::new(9);
    world.host.set_grace(300 * SECOND);
    world.crash();
    let mut talk = Talk::new(world, 2);
    assert!(talk.run_until(10 * SECOND, |talk| talk.is_in(0) && talk.is_in(1)).is_some());
    let lost = talk.sessions_lost();
    let peer = talk.peer_of(1).expect("he is in");
    talk.say(0, 10);
    talk.world.peers[peer].asleep_until = talk.world.clock() + 120 * SECOND;
    for _ in 0..60 {
        talk.say(0, 1000);
        talk.run(2 * SECOND);
    }
    assert!(talk.run_until(10 * SECOND, Talk::has_settled).is_some());
    assert_eq!(talk.sessions_lost(), lost);
    talk.check();
}

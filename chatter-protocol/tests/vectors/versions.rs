//! Versions are negotiated: servers, clients and members tell one of another version, and do nothing else with it
//! (docs/protocol.md §3.8, §7.1).

use chatter_proto::relay::{Occupant, Roster, relay_frame};
use chatter_protocol::access::{AccessCode, AccessSecret, CarrierPath, ServerSecret};
use chatter_protocol::chaff::Chaff;
use chatter_protocol::client::{self, End, LinkAnswer, Session};
use chatter_protocol::entropy::Entropy;
use chatter_protocol::handshake::{self, Answer, Refusal};
use chatter_protocol::ids::{LinkId, Nickname};
use chatter_protocol::limits;
use chatter_protocol::noise;
use chatter_protocol::replay::Past;
use chatter_protocol::room::conversation::{self, Conversation, Happening};
use chatter_protocol::room::secret::RoomSecret;
use chatter_protocol::server::gatekeeper::Gatekeeper;
use chatter_protocol::server::relay::RelayLimits;
use chatter_protocol::server::{Output, Server, Settings};
use chatter_protocol::time::{Time, WallTime};
use chatter_protocol::token;

use crate::read::{Vector, file};

/// What a whole server says to the token of this vector: the payload of its message 2.
fn judged(vector: Vector<'_>) -> Vec<u8> {
    let secret = ServerSecret::from_bytes(vector.array("server_secret"));
    let access = AccessSecret::from_bytes(vector.array("access_secret"));
    let path = CarrierPath::parse(vector.text("path")).expect("a path");
    let code = AccessCode { server_key: secret.key(), secret: access, carrier_path: path, preamble_len: 0 };
    let time = WallTime(vector.number("time"));
    let mut keeper = Gatekeeper::new(secret.key(), code.carrier_path.clone(), Past::FreshKeys, time);
    keeper.add(String::new(), &code.secret).expect("room for a gate");
    let settings = Settings {
        grace: limits::GRACE_DEFAULT,
        sessions_max: 10,
        chaff_most: Chaff::default(),
        relay: RelayLimits { room_members_max: 64, session_rooms_max: 16, listed_rooms_max: 64 },
    };
    let path = code.carrier_path.clone();
    let mut server = Server::new(secret, path, Vec::new(), settings, Entropy::new([1; 32]));
    let recognised = keeper.recognise(&vector.bytes("token"), time).expect("our gate's token");
    assert!(server.open(LinkId(1), &recognised, 1 << 20, Time::ZERO));
    let Some(Output::Write { bytes, .. }) = server.poll_output() else { panic!("the server says nothing") };

    let (ephemeral, salt) = (vector.bytes("client_ephemeral"), vector.array("salt"));
    let keys = code.gate_keys();
    let mut client = noise::builder("Noise_NKpsk0_25519_ChaChaPoly_BLAKE2s", &mut Entropy::new([0; 32]))
        .fixed_ephemeral_key_for_testing_only(&ephemeral)
        .prologue(&token::prologue(&salt, time, code.carrier_path.as_str()))
        .and_then(|builder| builder.psk(0, &keys.psk))
        .and_then(|builder| builder.remote_public_key(code.server_key.as_bytes()))
        .and_then(snow::Builder::build_initiator)
        .expect("a client");
    let mut buffer = vec![0; 4096];
    let length = client.write_message(&vector.bytes("message_1_payload"), &mut buffer).expect("message 1");
    assert_eq!(buffer[..length], vector.bytes("message_1"));
    let mut answer = bytes[..handshake::ANSWER_LEN].to_vec();
    token::mask_answer(&keys, &salt, answer.first_chunk_mut().expect("e"));
    let length = client.read_message(&answer, &mut buffer).expect("message 2");
    buffer.truncate(length);
    buffer
}

#[test]
fn a_server_refuses_clients_of_other_versions() {
    let vectors = file(include_str!("carrier.json"));
    for vector in Vector(&vectors).list("versions") {
        let payload = judged(vector);
        let kind = if vector.flag("common") { 0 } else { 5 };
        assert_eq!((payload.len(), payload[0], payload[1]), (96, kind, 1));
    }
}

#[test]
fn a_client_tells_its_user_that_the_server_has_other_versions() {
    let vectors = file(include_str!("carrier.json"));
    let vector = Vector(&vectors).list("links")[0];
    let secret = ServerSecret::from_bytes(vector.array("server_secret"));
    let code = AccessCode {
        server_key: secret.key(),
        secret: AccessSecret::from_bytes(vector.array("access_secret")),
        carrier_path: CarrierPath::parse(vector.text("path")).expect("a path"),
        preamble_len: 0,
    };
    let (now, wall) = (Time::ZERO, WallTime(1_800_000_000));
    let mut session = Session::new(&code, Entropy::new([2; 32]), now, wall);
    let Some(client::Output::Open { link, path, cookie }) = session.poll_output() else {
        panic!("no link is asked for")
    };
    let token = token::from_cookies(secret.key().cookie_name(), [cookie.as_bytes()]).expect("a token");
    let keys = code.gate_keys();
    let (_, opening) = token::recognise([&keys], &path, &token).expect("our gate");
    let (_, asked) =
        handshake::hear(&secret, &keys, &path, &opening, &mut Entropy::new([3; 32])).expect("message 1");
    let answer = LinkAnswer { status: 200, date: Some(wall), length: Some(1 << 30) };
    session.link_answered(link, &answer, now, wall);
    session.link_received(link, &asked.answer(&Answer::Refused(Refusal::Version)), now, wall);
    let ended = core::iter::from_fn(|| session.poll_output()).find_map(|output| match output {
        client::Output::Ended(end) => Some(end),
        client::Output::Open { .. }
        | client::Output::Close { .. }
        | client::Output::Up { .. }
        | client::Output::Frame(_)
        | client::Output::Connected
        | client::Output::Broken
        | client::Output::Resumed
        | client::Output::Warning(_) => None,
    });
    let ended = ended.expect("the session is over");
    assert_eq!(ended, End::Refused(Refusal::Version));
    assert!(ended.to_string().contains("update"), "{ended}");
}

#[test]
fn a_member_tells_its_user_which_versions_another_speaks() {
    let vectors = file(include_str!("room.json"));
    let vectors = Vector(&vectors);
    let nick = Nickname::parse("anna").expect("a nickname");
    let secret = RoomSecret::from_bytes([7; 16]);
    for (id, vector) in (1..).zip(vectors.list("refused_hellos")) {
        let entropy = Entropy::new([id; 32]);
        let mut room = Conversation::new(&secret, &[5; 32], nick.clone(), 1, entropy);
        let occupant = Occupant { member_id: vec![id; 16], hello: vector.bytes("hello").into() };
        room.receive(relay_frame::Frame::Roster(Roster { room: 1, occupants: vec![occupant] }), Time::ZERO);
        let (mut said, mut sent) = (Vec::new(), 0);
        while let Some(output) = room.poll_output() {
            match output {
                conversation::Output::Show(Happening::Warning(warning)) => said.push(warning.to_string()),
                conversation::Output::Show(_) => {}
                conversation::Output::Send(_) => sent += 1,
            }
        }
        let [said] = &said[..] else { panic!("one warning is shown: {said:?}") };
        assert_eq!(sent, 1, "only our Join is sent: {}", vector.text("why"));
        if let Some(lowest) = vector.0.get("lowest") {
            let versions = format!("versions {lowest} to {}", vector.0["highest"]);
            assert!(said.contains(&versions) && said.contains("this program version 1"), "{said}");
        }
    }
}

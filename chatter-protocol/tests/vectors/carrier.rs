//! Opening tokens, the link's handshake, records, up tokens, frames (docs/protocol.md §2–§4, §6.1).

use chatter_proto::relay::ClientFrame;
use chatter_protocol::access::{AccessCode, AccessSecret, CarrierPath, GateKeys, ServerSecret};
use chatter_protocol::entropy::Entropy;
use chatter_protocol::frame::{self, FrameBuffer};
use chatter_protocol::handshake::{self, Answer, Asked, Refusal, Request};
use chatter_protocol::record::{self, Down, DownOpener, DownSealer, Up};
use chatter_protocol::seal::Key;
use chatter_protocol::tag::{TagChain, TagWindow};
use chatter_protocol::time::WallTime;
use chatter_protocol::token;
use prost::Message as _;
use serde_json::Value;

use crate::read::{Vector, file};

fn vectors() -> Value {
    file(include_str!("carrier.json"))
}

struct Ends {
    secret: ServerSecret,
    code: AccessCode,
    keys: GateKeys,
    time: WallTime,
}

fn ends(vector: Vector<'_>) -> Ends {
    let secret = ServerSecret::from_bytes(vector.array("server_secret"));
    let code = AccessCode {
        server_key: secret.key(),
        secret: AccessSecret::from_bytes(vector.array("access_secret")),
        carrier_path: CarrierPath::parse(vector.text("path")).expect("a path"),
        preamble_len: 16,
    };
    let keys = code.gate_keys();
    Ends { secret, code, keys, time: WallTime(vector.number("time")) }
}

/// Lowest version, highest version, kind, handle, offset: what the client asks for, as its payload says.
fn request(payload: &[u8]) -> Request {
    match payload[2] {
        0 => Request::Fresh,
        _ => Request::Resume {
            handle: payload[3..19].try_into().expect("16 bytes"),
            down_offset: u64::from_be_bytes(payload[19..27].try_into().expect("8 bytes")),
        },
    }
}

fn answer(vector: Vector<'_>) -> Answer {
    match vector.text_if("refusal") {
        None => Answer::Accepted {
            root: Key::new(vector.array("root")),
            down_offset: vector.number("down_offset"),
        },
        Some("full") => Answer::Refused(Refusal::Full),
        Some("too many") => Answer::Refused(Refusal::TooMany),
        Some("gate retired") => Answer::Refused(Refusal::GateRetired),
        Some("unknown session") => Answer::Refused(Refusal::UnknownSession),
        Some("no common version") => Answer::Refused(Refusal::Version),
        Some(other) => panic!("{other} is no refusal"),
    }
}

fn hear(vector: Vector<'_>, ends: &Ends) -> (Request, Asked) {
    let (path, token) = (ends.code.carrier_path.as_str(), vector.bytes("token"));
    let strange = GateKeys::derive(&AccessSecret::from_bytes([0xee; 16]), &ends.secret.key());
    let (gate, opening) = token::recognise([&strange, &ends.keys], path, &token).expect("our gate");
    assert_eq!((gate, opening.time, opening.salt), (1, ends.time, vector.array("salt")));
    assert_eq!(opening.message, vector.bytes("message_1"));
    let mut entropy = Entropy::new(vector.array("server_seed"));
    handshake::hear(&ends.secret, &ends.keys, path, &opening, &mut entropy).expect("message 1")
}

#[test]
fn links_are_opened_and_answered_alike() {
    let vectors = vectors();
    for vector in Vector(&vectors).list("links") {
        let ends = ends(vector);
        let asked_for = request(&vector.bytes("message_1_payload"));
        let mut entropy = Entropy::new(vector.array("client_seed"));
        let (token, offered) = handshake::offer(&ends.code, &ends.keys, &asked_for, ends.time, &mut entropy);
        assert_eq!(token, vector.bytes("token"));
        let (name, value) = vector.text("cookie").split_once('=').expect("a cookie");
        assert_eq!((ends.secret.key().cookie_name(), token::to_cookie_value(&token).as_str()), (name, value));
        assert_eq!(token::from_cookie_value(value.as_bytes()), Some(token));

        let (heard, asked) = hear(vector, &ends);
        assert_eq!(heard, asked_for);
        assert!(asked.speaks_our_version());
        let expected = answer(vector);
        assert_eq!(asked.answer(&expected), vector.bytes("answer"));
        assert_eq!(offered.finish(&vector.bytes("answer")), Ok(expected));
        if let Some(root) = vector.bytes_if("root") {
            let root = root.try_into().expect("32 bytes");
            assert_eq!(handshake::handle(&root), vector.array("handle"));
        }
    }
}

#[test]
fn every_bit_of_a_token_and_of_an_answer_counts() {
    let vectors = vectors();
    let vector = Vector(&vectors).list("links")[0];
    let ends = ends(vector);
    let path = ends.code.carrier_path.as_str();
    let token = vector.bytes("token");
    for bit in 0..token.len() * 8 {
        let mut damaged = token.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(token::recognise([&ends.keys], path, &damaged), None, "bit {bit}");
    }
    let fresh = || {
        let mut entropy = Entropy::new(vector.array("client_seed"));
        handshake::offer(&ends.code, &ends.keys, &Request::Fresh, ends.time, &mut entropy).1
    };
    let answer = vector.bytes("answer");
    for bit in (0..answer.len() * 8).step_by(7) {
        // X25519 takes no notice of the highest bit of a key, but the handshake hashes it.
        let mut damaged = answer.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert!(fresh().finish(&damaged).is_err(), "bit {bit}");
    }
    assert!(fresh().finish(&answer).is_ok());
}

#[test]
fn versions_of_the_link_are_negotiated() {
    let vectors = vectors();
    for vector in Vector(&vectors).list("versions") {
        let ends = ends(vector);
        let (_, asked) = hear(vector, &ends);
        let range = format!("{} to {}", vector.number::<u8>("lowest"), vector.number::<u8>("highest"));
        assert_eq!(asked.speaks_our_version(), vector.flag("common"), "{range}");
        assert_eq!(asked.answer(&answer(vector)), vector.bytes("answer"), "{range}");
    }
    let said = Refusal::Version.to_string();
    assert!(said.contains("version") && said.contains("update"), "{said}");
}

#[test]
fn down_records_agree() {
    let vectors = vectors();
    let vector = Vector(&vectors).at("down");
    let mut sealer = DownSealer::new(&vector.array("root"));
    let mut opener = DownOpener::new(&vector.array("root"));
    for record in vector.list("records") {
        let down = Down {
            up_next: record.number("up_next"),
            tags_accepted: record.number("tags_accepted"),
            bytes: record.bytes("bytes"),
        };
        let mut sealed = Vec::new();
        let length = record.number("length");
        sealer.seal(down.up_next, down.tags_accepted, &down.bytes, length, &mut sealed);
        assert_eq!(sealed, record.bytes("sealed"));
        opener.receive(&record.bytes("sealed"));
        assert_eq!(opener.next_record(), Ok(Some(down)));
        assert_eq!(opener.next_record(), Ok(None));
    }
}

#[test]
fn up_tokens_agree() {
    let vectors = vectors();
    let vector = Vector(&vectors).at("up");
    let root = vector.array("root");
    let (mut chain, mut window) = (TagChain::new(&root), TagWindow::new(&root));
    let mut carried = 0;
    for step in vector.list("tokens") {
        let (index, tag, key) = chain.advance();
        assert_eq!((index, tag, *key), (step.number("index"), step.array("tag"), step.array("key")));
        assert!(window.tags().any(|known| known == (index, tag)), "{index}");
        if let Some(token) = step.bytes_if("token") {
            let batch = Up {
                down_ack: step.number("down_ack"),
                offset: step.number("offset"),
                bytes: step.bytes("bytes"),
            };
            assert_eq!(record::seal_up(&tag, &key, &batch, step.number("length")), token);
            assert_eq!(token::to_cookie_value(&token), step.text("cookie_value"));
            let (found, sealed) = record::split_up(&token).expect("a tag");
            let key = window.key(index).expect("its key");
            assert_eq!(record::open_up(found, key, sealed), Some(batch));
            carried += 1;
        }
        window.accept(index);
    }
    assert_eq!(carried, 4);
}

#[test]
fn frames_agree() {
    let vectors = vectors();
    for vector in Vector(&vectors).list("frames") {
        let frame = ClientFrame::decode(&*vector.bytes("frame")).expect("a frame");
        assert_eq!(frame.encode_to_vec(), vector.bytes("frame"), "{}", vector.text("name"));
        let mut stream = Vec::new();
        frame::push(&frame, &mut stream);
        assert_eq!(stream, vector.bytes("stream"));
        let mut buffer = FrameBuffer::default();
        buffer.receive(&stream);
        assert_eq!(buffer.next_frame(), Ok(Some(frame)));
        assert_eq!(buffer.next_frame::<ClientFrame>(), Ok(None));
    }
    for vector in Vector(&vectors).list("refused_streams") {
        let mut buffer = FrameBuffer::default();
        buffer.receive(&vector.bytes("stream"));
        assert!(buffer.next_frame::<ClientFrame>().is_err(), "{}", vector.text("why"));
    }
}

//! Codes, links, gates, cookies (docs/protocol.md §1).

use chatter_protocol::access::{AccessCode, AccessCodeError, AccessSecret, CarrierPath, GateKeys, ServerKey};
use chatter_protocol::invite::{AccessLink, Address, CertificatePin, Link, Proxy, RoomLink, Transport};
use chatter_protocol::room::secret::RoomSecret;
use chatter_protocol::token;
use serde_json::Value;

use crate::read::{Vector, file};

fn vectors() -> Value {
    file(include_str!("links.json"))
}

fn access_code(vector: Vector<'_>) -> AccessCode {
    AccessCode {
        server_key: ServerKey::from_bytes(vector.array("server_key")),
        secret: AccessSecret::from_bytes(vector.array("secret")),
        carrier_path: CarrierPath::parse(vector.text("path")).expect("a path"),
        preamble_len: vector.number("preamble_len"),
    }
}

#[test]
fn access_codes_agree() {
    let vectors = vectors();
    for vector in Vector(&vectors).list("access_codes") {
        let code = access_code(vector);
        assert_eq!(*code.to_text(), vector.text("text"));
        assert_eq!(AccessCode::parse(vector.text("text")).as_ref(), Ok(&code));
        assert_eq!(AccessCode::parse(vector.text("capitals")), Ok(code));
    }
}

#[test]
fn what_is_no_access_code_is_refused() {
    let vectors = vectors();
    for vector in Vector(&vectors).list("refused_access_codes") {
        let why = vector.text("why");
        let error = AccessCode::parse(vector.text("text")).err();
        let said = error.as_ref().map(ToString::to_string).unwrap_or_default();
        match (why, error) {
            (_, None) => panic!("{why} is taken"),
            ("another version", Some(error)) => {
                assert_eq!(error, AccessCodeError::Version(2));
                assert!(said.contains("version 2") && said.contains("newer"), "{said}");
            }
            _ => assert!(!said.is_empty()),
        }
    }
}

#[test]
fn links_agree() {
    let vectors = vectors();
    for vector in Vector(&vectors).list("links") {
        let pin = vector.bytes_if("cert").map(|_| CertificatePin::from_bytes(vector.array("cert")));
        let transport = if vector.flag("secure") { Transport::Https { pin } } else { Transport::Http };
        let access = AccessLink {
            address: Address::parse(vector.text("address")).expect("an address"),
            transport,
            via: vector.text_if("via").map(|via| Proxy::parse(via).expect("a proxy")),
            code: AccessCode::parse(vector.text("code")).expect("a code"),
        };
        let text = vector.text("text");
        let parsed = Link::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(parsed.access(), &access, "{text}");
        match (parsed, vector.bytes_if("secret")) {
            (Link::Access(parsed), None) => assert_eq!(*parsed.to_text(), text),
            (Link::Room(parsed), Some(_)) => {
                assert_eq!(parsed.secret.as_bytes(), &vector.array("secret"));
                assert_eq!(parsed.label, vector.text("label"));
                let secret = RoomSecret::from_bytes(vector.array("secret"));
                let written = RoomLink { access, label: vector.text("label").into(), secret };
                assert_eq!(*written.to_text(), text);
            }
            (other, _) => panic!("{text} is of another kind: {other:?}"),
        }
    }
}

#[test]
fn links_written_otherwise_are_read_alike() {
    let vectors = vectors();
    for vector in Vector(&vectors).list("other_spellings") {
        let text = vector.text("text");
        let parsed = Link::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(parsed.access().address.to_string(), vector.text("address"), "{text}");
        let label = parsed.into_room().ok().map(|room| room.label);
        assert_eq!(label.as_deref(), vector.text_if("label"), "{text}");
    }
}

#[test]
fn what_is_no_link_is_refused() {
    let vectors = vectors();
    for vector in Vector(&vectors).list("refused_links") {
        let parsed = Link::parse(vector.text("text"));
        assert!(parsed.is_err(), "{} is taken", vector.text("why"));
    }
}

#[test]
fn gates_and_cookie_names_agree() {
    let vectors = vectors();
    for vector in Vector(&vectors).list("gates") {
        let secret = AccessSecret::from_bytes(vector.array("secret"));
        let keys = GateKeys::derive(&secret, &ServerKey::from_bytes(vector.array("server_key")));
        for (key, name) in [(&keys.mac, "mac"), (&keys.mask, "mask"), (&keys.psk, "psk")] {
            assert_eq!(**key, vector.array(name), "{name}");
        }
    }
    let names = Vector(&vectors).list("cookie_names");
    for vector in &names {
        let key = ServerKey::from_bytes(vector.array("server_key"));
        assert_eq!(key.cookie_name(), vector.text("name"));
    }
    assert!(names.len() > 8, "most names are drawn by some key: {}", names.len());
}

#[test]
fn tokens_are_found_among_cookies_alike() {
    let vectors = vectors();
    for vector in Vector(&vectors).list("cookies") {
        let headers: Vec<&str> =
            vector.at("headers").0.as_array().expect("a list").iter().filter_map(Value::as_str).collect();
        let found = token::from_cookies(vector.text("name"), headers.iter().map(|header| header.as_bytes()));
        assert_eq!(found, vector.bytes_if("token"), "{headers:?}");
    }
}

//! The published vectors of the two patterns, through our use of snow: its curve and its randomness are ours.

use chatter_protocol::entropy::Entropy;
use chatter_protocol::noise;
use snow::{Builder, HandshakeState};

use crate::read::{Vector, file};

const PATTERNS: [&str; 2] =
    ["Noise_NKpsk0_25519_ChaChaPoly_BLAKE2s", "Noise_XXpsk0+psk3_25519_ChaChaPoly_BLAKE2s"];

/// One side of a vector; `role` is `init` or `resp`.
fn side(vector: Vector<'_>, pattern: &'static str, role: &str) -> HandshakeState {
    let at = |name: &str| vector.bytes_if(&format!("{role}_{name}"));
    let (prologue, ephemeral) = (at("prologue").expect("a prologue"), at("ephemeral").expect("a key"));
    let psks: Vec<[u8; 32]> = vector
        .list(&format!("{role}_psks"))
        .iter()
        .map(|psk| Vector(&serde_json::json!({ "psk": psk.0 })).array("psk"))
        .collect();
    let places: &[u8] = if pattern.contains("psk3") { &[0, 3] } else { &[0] };
    assert_eq!(psks.len(), places.len());
    let (own, theirs) = (at("static"), at("remote_static"));
    let mut builder = noise::builder(pattern, &mut Entropy::new([0; 32]))
        .fixed_ephemeral_key_for_testing_only(&ephemeral)
        .prologue(&prologue)
        .expect("a builder");
    for (place, psk) in places.iter().zip(&psks) {
        builder = builder.psk(*place, psk).expect("a psk");
    }
    if let Some(own) = &own {
        builder = builder.local_private_key(own).expect("a key");
    }
    if let Some(theirs) = &theirs {
        builder = builder.remote_public_key(theirs).expect("a key");
    }
    let build = if role == "init" { Builder::build_initiator } else { Builder::build_responder };
    build(builder).expect("a side")
}

#[test]
fn the_published_vectors_pass() {
    let vectors = file(include_str!("noise.json"));
    let vectors = Vector(&vectors).list("vectors");
    for pattern in PATTERNS {
        let mut with = vectors.iter().filter(|vector| vector.text("protocol_name") == pattern);
        let vector = *with.next().unwrap_or_else(|| panic!("{pattern} has no vector"));
        let (mut one, mut two) = (side(vector, pattern, "init"), side(vector, pattern, "resp"));
        let messages = vector.list("messages");
        let mut messages = messages.iter();
        let mut buffer = [0; 1024];
        while !one.is_handshake_finished() {
            let message = messages.next().expect("a handshake's message");
            let (payload, expected) = (message.bytes("payload"), message.bytes("ciphertext"));
            let (writer, reader) = if one.is_my_turn() { (&mut one, &mut two) } else { (&mut two, &mut one) };
            let length = writer.write_message(&payload, &mut buffer).expect("a message");
            assert_eq!(buffer[..length], expected, "{pattern}");
            let length = reader.read_message(&expected, &mut buffer).expect("their message");
            assert_eq!(buffer[..length], payload, "{pattern}");
        }
        assert_eq!(one.get_handshake_hash(), two.get_handshake_hash());
        if let Some(hash) = vector.bytes_if("handshake_hash") {
            assert_eq!(one.get_handshake_hash(), hash);
        }
        assert_eq!(one.dangerously_get_raw_split(), two.dangerously_get_raw_split());
        let (mut one, mut two) =
            (one.into_transport_mode().expect("done"), two.into_transport_mode().expect("done"));
        let mut transported = 0;
        let mut ours = messages_turn(vector);
        for message in messages {
            let (payload, expected) = (message.bytes("payload"), message.bytes("ciphertext"));
            let (writer, reader) = if ours { (&mut one, &mut two) } else { (&mut two, &mut one) };
            let length = writer.write_message(&payload, &mut buffer).expect("a message");
            assert_eq!(buffer[..length], expected, "{pattern}");
            let length = reader.read_message(&expected, &mut buffer).expect("their message");
            assert_eq!(buffer[..length], payload, "{pattern}");
            (ours, transported) = (!ours, transported + 1);
        }
        assert!(transported >= 2, "{pattern}");
    }
}

/// Whether the first message after the handshake is the initiator's: the sides take turns throughout.
fn messages_turn(vector: Vector<'_>) -> bool {
    !vector.text("protocol_name").contains("XX")
}

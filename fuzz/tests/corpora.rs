//! Replays the committed corpora, each with some of its bytes cut off or changed.
//!
//! **In**: `corpus/TARGET/*`. **Out**: no panic. **Never**: an input that is not committed, or made of one.

use std::path::PathBuf;

#[test]
fn request_head_holds() {
    replay("request_head", chatter_fuzz::request_head);
}

#[test]
fn decoy_answers_hold() {
    replay("decoy_answers", chatter_fuzz::decoy_answers);
}

#[test]
fn tokens_hold() {
    replay("tokens", chatter_fuzz::tokens);
}

#[test]
fn records_hold() {
    replay("records", chatter_fuzz::records);
}

#[test]
fn frames_hold() {
    replay("frames", chatter_fuzz::frames);
}

#[test]
fn links_hold() {
    replay("links", chatter_fuzz::links);
}

#[test]
fn sessions_hold() {
    replay("sessions", chatter_fuzz::sessions);
}

#[test]
fn client_session_hold() {
    replay("client_session", chatter_fuzz::client_session);
}

#[test]
fn server_session_hold() {
    replay("server_session", chatter_fuzz::server_session);
}

#[test]
fn conversation_hold() {
    replay("conversation", chatter_fuzz::conversation);
}

#[test]
fn proxy_header_holds() {
    replay("proxy_header", chatter_fuzz::proxy_header);
}

#[test]
fn circuits_hold() {
    replay("circuits", chatter_fuzz::circuits);
}

#[test]
fn control_replies_hold() {
    replay("control_replies", chatter_fuzz::control_replies);
}

#[test]
fn answers_hold() {
    replay("answers", chatter_fuzz::answers);
}

#[test]
fn people_hold() {
    replay("people", chatter_fuzz::people);
}

#[test]
fn pairs_hold() {
    replay("pairs", chatter_fuzz::pairs);
}

#[test]
fn sources_hold() {
    replay("sources", chatter_fuzz::sources);
}

#[test]
fn transfers_hold() {
    replay("transfers", chatter_fuzz::transfers);
}

fn replay(name: &str, target: fn(&[u8])) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    let mut count = 0;
    for entry in std::fs::read_dir(folder).expect("the corpus is committed") {
        let path = entry.expect("the corpus can be read").path();
        let input = std::fs::read(&path).expect("the corpus can be read");
        target(&input);
        target(&input[..input.len() / 2]);
        let mut turned = input.clone();
        turned.reverse();
        target(&turned);
        count += 1;
    }
    assert!(count >= 20, "only {count} inputs");
}

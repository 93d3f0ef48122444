//! What people type, paste and keep: names, passphrases, commands, identities, lists of whom one knows; and hellos.
//!
//! **In**: text, or bytes. **Out**: what can be read can be written, and reads the same. **Never**: two meanings of one text.

use chatter_client::command::Command;
use chatter_client::known::Known;
use chatter_protocol::entropy::Entropy;
use chatter_protocol::ids::Nickname;
use chatter_protocol::limits;
use chatter_protocol::room::hello::Hello;
use chatter_protocol::room::identity::{Identity, StayKey};
use chatter_protocol::room::passphrase::{Cost, Passphrase};

/// What is read of a text is read again of what it is written as.
pub fn people(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    if let Ok(nick) = Nickname::parse(&text) {
        assert_eq!(Nickname::parse(nick.as_str()), Ok(nick.clone()));
        assert!((1..=32).contains(&nick.as_str().chars().count()));
    }
    if let Ok(key) = StayKey::parse(&text) {
        assert_eq!(StayKey::parse(&key.to_text()), Ok(key));
    }
    if let Ok(identity) = Identity::parse(&text, None) {
        let again = identity.to_text(None, &mut Entropy::new([1; 32]));
        assert_eq!(Identity::parse(&again, None).map(|again| again.key()).ok(), Some(identity.key()));
    }
    let phrase = Passphrase::new(&text);
    assert_eq!(Passphrase::new(phrase.expose()).expose(), phrase.expose(), "it is normal for good");
    let _ = phrase.judge();
    // A locked file costs Argon2 once, whatever stands in it.
    if Identity::is_locked(&text) {
        let _ = Identity::parse(&text, Some((&phrase, Cost::TRIVIAL)));
    }
    if let Ok(known) = Known::parse(&text) {
        let again = Known::parse(&known.to_text()).expect("our own text");
        assert_eq!(again.to_text(), known.to_text());
    }
    let _ = Command::parse(&text);
    if let Ok(hello) = Hello::parse(input) {
        assert!(input.len() <= limits::HELLO_LEN_MAX);
        // Any bytes of the right length may be tried as a key; a wrong one gives no secret.
        let _ = hello.encapsulate(&mut Entropy::new([2; 32]));
    }
}

//! Links, access codes and room secrets, as people paste them.
//!
//! **In**: text. **Out**: what can be read can be written, and reads the same. **Never**: two meanings of one text.

use chatter_protocol::access::AccessCode;
use chatter_protocol::invite::Link;
use chatter_protocol::room::secret::RoomSecret;

/// What is read of a text is read again of what it is written as.
pub fn links(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    if let Ok(code) = AccessCode::parse(&text) {
        assert_eq!(AccessCode::parse(&code.to_text()), Ok(code));
    }
    if let Ok(secret) = RoomSecret::parse(&text) {
        let again = RoomSecret::parse(&secret.to_text()).expect("our own text");
        assert_eq!(again.as_bytes(), secret.as_bytes());
    }
    let Ok(link) = Link::parse(&text) else { return };
    let access = link.access().clone();
    let again = Link::parse(&access.to_text()).expect("our own text");
    assert_eq!(again.access(), &access);
    if let Ok(room) = link.into_room() {
        let again = Link::parse(&room.to_text()).and_then(Link::into_room).expect("our own text");
        assert_eq!((again.access, again.label), (room.access, room.label));
        assert_eq!(again.secret.as_bytes(), room.secret.as_bytes());
    }
}

//! Notices as JSON objects, one a line, for scripts and bots. Names and fields are an interface: tests pin them.
//!
//! **In** a [`Notice`]. **Out** one object on a line, or nothing where only people care. **Never** a field that
//! changes its meaning; new ones may join.

use serde::Serialize;
use zeroize::Zeroizing;

use crate::event::Notice;

/// One line of output.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
enum Object<'a> {
    Room { link: &'a str },
    Connected,
    Entered { present: usize },
    MemberJoined { nick: &'a str },
    MemberLeft { nick: &'a str },
    Message { from: &'a str, text: &'a str },
    Acknowledged { number: u64 },
    Who { you: &'a str, members: &'a [String] },
    Warning { text: &'a str },
    Error { text: &'a str },
    Broken,
    Resumed,
    Away { text: &'a str, seconds: u64 },
    Rejoined { text: &'a str, present: usize },
    NotAcknowledged { number: u64, text: &'a str },
    Left,
}

/// The line of a notice, without its end.
pub(crate) fn line(notice: &Notice) -> Option<Zeroizing<String>> {
    let object = match notice {
        Notice::Room { link } => Object::Room { link: link.expose() },
        Notice::Connected => Object::Connected,
        Notice::Entered { present } => Object::Entered { present: *present },
        Notice::MemberJoined { nick } => Object::MemberJoined { nick },
        Notice::MemberLeft { nick } => Object::MemberLeft { nick },
        Notice::Message { from, text } => Object::Message { from, text },
        Notice::Acknowledged { number } => Object::Acknowledged { number: *number },
        Notice::Who { you, members } => Object::Who { you, members },
        Notice::Warning(text) => Object::Warning { text },
        Notice::Error(text) => Object::Error { text },
        Notice::Broken => Object::Broken,
        Notice::Resumed => Object::Resumed,
        Notice::Away { text, seconds } => Object::Away { text, seconds: *seconds },
        Notice::Rejoined { text, present } => Object::Rejoined { text, present: *present },
        Notice::NotAcknowledged { number, text } => Object::NotAcknowledged { number: *number, text },
        Notice::Left => Object::Left,
        Notice::Progress(_) | Notice::Help | Notice::Finished(_) => return None,
    };
    // Strings and numbers always become JSON.
    serde_json::to_string(&object).ok().map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::SecretText;

    fn check(notice: &Notice, expected: &str) {
        assert_eq!(line(notice).expect("a line").as_str(), expected);
    }

    #[test]
    fn every_line_is_as_promised() {
        let link = SecretText::new("chatter://h:1/room#x".into());
        check(&Notice::Room { link }, r#"{"event":"room","link":"chatter://h:1/room#x"}"#);
        check(&Notice::MemberJoined { nick: "ben".into() }, r#"{"event":"member-joined","nick":"ben"}"#);
        check(&Notice::MemberLeft { nick: "ben".into() }, r#"{"event":"member-left","nick":"ben"}"#);
        let message = Notice::Message { from: "anna".into(), text: "hi".into() };
        check(&message, r#"{"event":"message","from":"anna","text":"hi"}"#);
        check(&Notice::Warning("w".into()), r#"{"event":"warning","text":"w"}"#);
        check(&Notice::Left, r#"{"event":"left"}"#);
        check(&Notice::Connected, r#"{"event":"connected"}"#);
        check(&Notice::Entered { present: 2 }, r#"{"event":"entered","present":2}"#);
        check(&Notice::Acknowledged { number: 3 }, r#"{"event":"acknowledged","number":3}"#);
        let who = Notice::Who { you: "anna".into(), members: vec!["anna".into(), "ben".into()] };
        check(&who, r#"{"event":"who","you":"anna","members":["anna","ben"]}"#);
        check(&Notice::Error("e".into()), r#"{"event":"error","text":"e"}"#);
        check(&Notice::Broken, r#"{"event":"broken"}"#);
        check(&Notice::Resumed, r#"{"event":"resumed"}"#);
        let away = Notice::Away { text: "w".into(), seconds: 4 };
        check(&away, r#"{"event":"away","text":"w","seconds":4}"#);
        let rejoined = Notice::Rejoined { text: "r".into(), present: 2 };
        check(&rejoined, r#"{"event":"rejoined","text":"r","present":2}"#);
        let unheard = Notice::NotAcknowledged { number: 3, text: "hi".into() };
        check(&unheard, r#"{"event":"not-acknowledged","number":3,"text":"hi"}"#);
        assert_eq!(line(&Notice::Help), None);
    }

    #[test]
    fn a_message_stays_on_its_line() {
        let message = Notice::Message { from: "a".into(), text: "x\r\n\u{1b}[2J\"".into() };
        check(&message, r#"{"event":"message","from":"a","text":"x\r\n\u001b[2J\""}"#);
    }
}

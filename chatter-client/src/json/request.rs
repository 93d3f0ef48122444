//! What a script asks for, as a JSON object on a line of stdin.
//!
//! **In** a line. **Out** what it stands for: a line as a user types it, or something to say. **Never** silence about
//! what is not understood, nor a text that is taken for a command.

use serde_json::{Map, Value};

use crate::config::nearest;
use crate::secret::SecretText;
use crate::texts::text;

/// What a line of a script asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    /// The number of the room that it is for; the current one where it is none.
    pub(crate) room: Option<u32>,
    pub(crate) wish: Wish,
}

/// What is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Say this, whatever it begins with.
    Say(String),
    /// Take this as typed.
    Line(SecretText),
}

/// A field: its name, and whether it may be left out.
type Field = (&'static str, bool);

/// All requests, what they become, and their fields in the order of the line that they become.
pub(super) const REQUESTS: [(&str, &str, &[Field]); 22] = [
    ("say", "", &[("text", true)]),
    ("line", "", &[("line", true)]),
    ("private", "/msg", &[("to", true), ("text", true)]),
    ("who", "/who", &[]),
    ("send-file", "/send", &[("path", true), ("to", false)]),
    ("accept", "/accept", &[("number", true), ("directory", false)]),
    ("cancel", "/cancel", &[("number", true)]),
    ("verify", "/verify", &[("nick", false), ("answer", false)]),
    ("lock", "/lock", &[]),
    ("unlock", "/unlock", &[]),
    ("remove", "/remove", &[("nick", true)]),
    ("ignore", "/ignore", &[("nick", true)]),
    ("unignore", "/unignore", &[("nick", true)]),
    ("link", "/link", &[]),
    ("rekey", "/rekey", &[]),
    ("join", "/join", &[("link", true), ("nick", false)]),
    ("leave", "/leave", &[]),
    ("rooms", "/rooms", &[]),
    ("room", "/room", &[("name", true)]),
    ("list", "/list", &[("name", true)]),
    ("unlist", "/unlist", &[]),
    ("quit", "/quit", &[]),
];

impl Request {
    /// What `line` asks for: an object is a request, all else is taken as typed.
    ///
    /// # Errors
    /// A sentence on what is not understood.
    pub(crate) fn parse(line: &str) -> Result<Self, String> {
        if !line.trim_start().starts_with('{') {
            return Ok(Self { room: None, wish: Wish::Line(SecretText::new(line.to_owned())) });
        }
        // The parser's own words would repeat what may be a secret.
        let mut object: Map<String, Value> =
            serde_json::from_str(line).map_err(|error| text!("request-no-json", column = error.column()))?;
        let Some(Value::String(name)) = object.remove("request") else {
            return Err(text!("request-without-name", example = EXAMPLE));
        };
        let room = object.remove("room");
        let Some((name, command, fields)) = REQUESTS.iter().find(|(known, ..)| *known == name) else {
            let (given, hint) = unknown(&name, REQUESTS.iter().map(|(known, ..)| *known));
            return Err(text!("request-unknown", given = given, hint = hint));
        };
        if let Some(other) = object.keys().find(|key| fields.iter().all(|(known, _)| known != key)) {
            let (given, hint) = unknown(other, fields.iter().map(|(known, _)| *known));
            return Err(text!("request-field-unknown", request = name, given = given, hint = hint));
        }
        let mut values = Vec::new();
        for (field, is_needed) in *fields {
            match object.remove(*field) {
                Some(Value::String(text)) => values.push(text),
                Some(Value::Number(number)) if *field == "number" => values.push(number.to_string()),
                None if !is_needed => {}
                None => return Err(text!("request-field-missing", request = name, field = field)),
                Some(_) => return Err(text!("request-field-kind", request = name, field = field)),
            }
        }
        let wish = match (*name, values.as_mut_slice()) {
            ("say", [text]) => Wish::Say(std::mem::take(text)),
            ("line", [line]) => Wish::Line(SecretText::new(std::mem::take(line))),
            (_, values) => Wish::Line(typed(name, command, values)?),
        };
        Self { room: None, wish }.within(room)
    }

    /// The same for a room: by its number as it is, by its name as typed.
    fn within(self, room: Option<Value>) -> Result<Self, String> {
        match room {
            None => Ok(self),
            Some(Value::Number(number)) => {
                let room = number.as_u64().and_then(|number| u32::try_from(number).ok());
                Ok(Self { room: Some(room.ok_or_else(|| text!("request-room"))?), ..self })
            }
            Some(Value::String(name)) if !name.trim().is_empty() && !name.contains('\n') => {
                let line = match self.wish {
                    // A slash would make a command of it.
                    Wish::Say(text) if text.starts_with('/') => format!("/in {name} /{text}"),
                    Wish::Say(text) => format!("/in {name} {text}"),
                    Wish::Line(line) => format!("/in {name} {}", line.expose()),
                };
                Ok(Self { room: None, wish: Wish::Line(SecretText::new(line)) })
            }
            Some(_) => Err(text!("request-room")),
        }
    }
}

/// The line that a user would type. What stands between its words must not become a word itself.
fn typed(name: &str, command: &str, values: &[String]) -> Result<SecretText, String> {
    let mut line =
        String::with_capacity(command.len() + values.iter().map(|value| value.len() + 3).sum::<usize>());
    line.push_str(command);
    for (at, value) in values.iter().enumerate() {
        let is_last = at + 1 == values.len();
        if value.trim().is_empty() || (!is_last && value.contains('\n')) {
            return Err(text!("request-field-empty", request = name));
        }
        let is_path = at == usize::from(name == "accept") && ["send-file", "accept"].contains(&name);
        match (is_path, value.contains('"')) {
            (true, true) => return Err(text!("request-quotes", request = name)),
            (true, false) => line.push_str(&format!(" \"{value}\"")),
            (false, _) => {
                line.push(' ');
                line.push_str(value);
            }
        }
    }
    Ok(SecretText::new(line))
}

/// What was given, as it may be shown, and what might have been meant.
fn unknown<'a>(given: &str, known: impl Iterator<Item = &'a str> + Clone) -> (String, String) {
    let hint = match nearest(given, known.clone()) {
        Some(nearest) => text!("did-you-mean", name = format!("{nearest:?}")),
        None => text!("request-known", names = known.collect::<Vec<_>>().join(", ")),
    };
    let shown: String = given.chars().take(GIVEN_CHARS_MAX).collect();
    (format!("{shown:?}"), hint)
}

const GIVEN_CHARS_MAX: usize = 32;
const EXAMPLE: &str = r#"{"request":"say","text":"hi"}"#;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Command;

    fn line(text: &str) -> Wish {
        Wish::Line(SecretText::new(text.to_owned()))
    }

    #[test]
    fn requests_become_what_users_type() {
        let check = |given: &str, room: Option<u32>, wish: Wish| {
            assert_eq!(Request::parse(given), Ok(Request { room, wish }), "{given}");
        };
        check("/who", None, line("/who"));
        check("hi", None, line("hi"));
        check(r#"{"request":"say","text":"/who\n{x"}"#, None, Wish::Say("/who\n{x".into()));
        check(r#" {"text":"hi","request":"say","room":2}"#, Some(2), Wish::Say("hi".into()));
        check(r#"{"request":"say","text":"/x","room":"tea"}"#, None, line("/in tea //x"));
        check(r#"{"request":"who","room":"tea"}"#, None, line("/in tea /who"));
        check(r#"{"request":"private","to":"ben b","text":"a\nb"}"#, None, line("/msg ben b a\nb"));
        check(r#"{"request":"send-file","path":"/a b","to":"ben"}"#, None, line("/send \"/a b\" ben"));
        check(r#"{"request":"accept","number":3,"directory":"/a b"}"#, None, line("/accept 3 \"/a b\""));
        check(r#"{"request":"verify","nick":"ben","answer":"yes"}"#, None, line("/verify ben yes"));
        check(r#"{"request":"verify"}"#, None, line("/verify"));
        check(r#"{"request":"line","line":"/who"}"#, None, line("/who"));
    }

    #[test]
    fn what_is_not_understood_is_told() {
        let check = |given: &str, expected: &str| {
            let error = Request::parse(given).expect_err("it is wrong");
            assert!(error.contains(expected), "{given}: {error}");
        };
        check("{", "no JSON object: column 1");
        check(r#"{"request":"join","link":"chatter://secret"#, "no JSON object");
        check(r#"{"text":"hi"}"#, "needs a \"request\"");
        check(r#"{"request":"sya","text":"hi"}"#, "there is no request \"sya\"; did you mean \"say\"?");
        check(r#"{"request":"explode"}"#, "there are: say, line, private");
        check(r#"{"request":"say"}"#, "say needs a field \"text\"");
        check(r#"{"request":"say","txt":"hi"}"#, "there is no field \"txt\"; did you mean \"text\"?");
        check(r#"{"request":"say","text":1}"#, "another kind");
        check(r#"{"request":"remove","nick":" "}"#, "is empty");
        check(r#"{"request":"private","to":"a\n/b","text":"x"}"#, "a line's end");
        check(r#"{"request":"send-file","path":"a\"b"}"#, "quotes");
        check(r#"{"request":"who","room":"a\n"}"#, "a room's number or name");
        check(r#"{"request":"who","room":-1}"#, "a room's number or name");
    }

    #[test]
    fn every_request_is_a_command() {
        for (name, command, fields) in REQUESTS.iter().filter(|(_, command, _)| !command.is_empty()) {
            let values: Vec<String> = fields.iter().map(|_| "1".to_owned()).collect();
            let line = typed(name, command, &values).expect("a line");
            assert!(Command::parse(line.expose()).is_ok(), "{name}: {}", line.expose());
        }
    }
}

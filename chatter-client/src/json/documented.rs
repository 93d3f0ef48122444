//! `docs/json.md` against what is written and read.

use std::collections::BTreeMap;

use serde_json::Value;

use super::VERSION;
use super::request::{REQUESTS, Request};

/// What may be missing from an event that the document shows whole.
const MAY_BE_MISSING: [(&str, &str); 3] =
    [("file-progress", "seconds_left"), ("removed", "by"), ("rooms", "listed")];

/// The document's lines, by the name that stands under `key`.
fn documented(key: &str) -> BTreeMap<String, Value> {
    let quoted = include_str!("../../../docs/json.md").split('`').skip(1).step_by(2);
    let objects = quoted.filter(|text| text.starts_with('{') && text.ends_with('}'));
    let objects =
        objects.map(|text| serde_json::from_str::<Value>(text).unwrap_or_else(|e| panic!("{text}: {e}")));
    let named = objects.filter_map(|object| Some((object.get(key)?.as_str()?.to_owned(), object)));
    let mut found = BTreeMap::new();
    for (name, object) in named {
        assert!(found.insert(name.clone(), object).is_none(), "{name} stands there twice");
    }
    found
}

/// Fails unless the document shows such a line.
pub(super) fn check(line: &str) {
    let line: Value = serde_json::from_str(line).expect("an object");
    let name = line["event"].as_str().expect("a name");
    let events = documented("event");
    let shown = events.get(name).unwrap_or_else(|| panic!("docs/json.md does not show {name}"));
    compare(name, shown, &line);
}

fn compare(event: &str, shown: &Value, given: &Value) {
    match (shown, given) {
        (Value::Object(shown), Value::Object(given)) => {
            for (key, value) in given.iter().filter(|(key, _)| *key != "room") {
                let shown = shown.get(key).unwrap_or_else(|| panic!("docs/json.md: {event} lacks {key}"));
                compare(event, shown, value);
            }
            for key in shown.keys().filter(|key| !given.contains_key(*key)) {
                assert!(
                    MAY_BE_MISSING.contains(&(event, key)),
                    "{event} lacks {key}, which docs/json.md shows"
                );
            }
        }
        (Value::Array(shown), Value::Array(given)) => {
            if let Some(shown) = shown.first() {
                given.iter().for_each(|given| compare(event, shown, given));
            }
        }
        (Value::String(_), Value::String(_))
        | (Value::Number(_), Value::Number(_))
        | (Value::Bool(_), Value::Bool(_)) => {}
        _ => panic!("docs/json.md: {event} shows {shown} where there is {given}"),
    }
}

#[test]
fn every_event_stands_in_the_document() {
    check(&super::hello());
    assert_eq!(documented("event")["hello"]["version"], VERSION);
    let source = include_str!("../json.rs");
    let (_, objects) = source.split_once("enum Object<'a> {\n").expect("the list of events");
    let (objects, _) = objects.split_once("\n}\n").expect("its end");
    let mut count = 0;
    for line in objects.lines() {
        let Some(variant) =
            line.strip_prefix("    ").filter(|rest| rest.starts_with(|c: char| c.is_uppercase()))
        else {
            continue;
        };
        let name: String = variant
            .chars()
            .take_while(|c| c.is_alphanumeric())
            .enumerate()
            .flat_map(|(at, c)| {
                let dash = (at > 0 && c.is_uppercase()).then_some('-');
                dash.into_iter().chain(c.to_lowercase())
            })
            .collect();
        assert!(documented("event").contains_key(&name), "docs/json.md does not show {name}");
        count += 1;
    }
    assert!(count > 40, "only {count} events were found: are they read rightly?");
    // And none that there is not: `hello` is no notice.
    assert_eq!(documented("event").len(), count + 1);
}

#[test]
fn every_request_stands_in_the_document_whole() {
    let documented = documented("request");
    for (name, _, fields) in &REQUESTS {
        let shown = documented.get(*name).unwrap_or_else(|| panic!("docs/json.md does not show {name}"));
        for (field, _) in *fields {
            assert!(shown.get(field).is_some(), "docs/json.md: {name} lacks {field}");
        }
        assert!(Request::parse(&shown.to_string()).is_ok(), "{shown}");
    }
    assert_eq!(documented.len(), REQUESTS.len());
}

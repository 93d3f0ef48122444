//! That what the app tells comes from the catalogue, whatever the language.

use super::people::{ANNA, BEN, three};
use super::*;
use crate::texts::tests::{is_all_marked, marked};

/// What somebody was told in sentences.
fn told(world: &World, who: usize) -> Vec<String> {
    let sentence = |notice: &Notice| {
        let (Notice::Error(text) | Notice::Warning(text) | Notice::Progress(text)) = notice else {
            return None;
        };
        Some(text.clone())
    };
    world.shown[who].iter().filter_map(sentence).collect()
}

#[test]
fn what_is_told_is_in_the_readers_language() {
    let told = marked(|| {
        let mut world = three();
        for line in [
            "/in anna /in anna x",
            "/room nowhere",
            "/in nowhere x",
            "/new a b/c",
            "/accept 99",
            "/msg nobody hi",
            "/msg ben ",
            "/verify ben maybe",
            "/verify ben no",
            "/ignore ben",
            "/unignore ben",
            "/unignore ben",
            "/unlist",
            "/list x",
            "/resend",
            "/resend x",
            "/drop x",
            "/info x",
            "/info 99",
        ] {
            let before = told(&world, ANNA).len();
            world.line(ANNA, line);
            assert!(told(&world, ANNA).len() > before, "nothing is told of {line}");
        }
        world.event(
            BEN,
            Event::Network(NetworkEvent::Ended { end: End::Unreachable, trouble: Some("x".into()) }),
        );
        [told(&world, ANNA), told(&world, BEN)].concat()
    });
    assert!(told.len() > 19, "{told:#?}");
    for text in told {
        assert!(is_all_marked(&text), "{text}");
    }
}

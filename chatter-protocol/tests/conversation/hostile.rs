//! A relay that lies: what it does is refused or warned about, and never believed.

use chatter_proto::relay::{Message, relay_frame};

use crate::world::World;

#[path = "hostile/adversary.rs"]
mod adversary;
#[path = "hostile/apart.rs"]
mod apart;
#[path = "hostile/arrivals.rs"]
mod arrivals;
#[path = "hostile/messages.rs"]
mod messages;

const ANNA: usize = 0;
const BEN: usize = 1;
const CAROL: usize = 2;

/// Anna, ben and carol in a room, and what is on its way to ben after anna said `texts`.
fn said(texts: &[&str]) -> (World, Vec<Message>) {
    let mut world = World::settled(&["anna", "ben", "carol"]);
    for text in texts {
        world.say(ANNA, text);
    }
    world.settle_up();
    let messages = world.clients[BEN].down.drain(..).filter_map(|frame| {
        let relay_frame::Frame::Message(message) = frame else { return None };
        Some(message)
    });
    let messages = messages.collect();
    (world, messages)
}

fn show(world: &mut World, messages: impl IntoIterator<Item = Message>) {
    for message in messages {
        world.show(BEN, relay_frame::Frame::Message(message));
    }
}

/// What ben is shown and told.
fn check(world: &World, texts: &[&str], warnings: &[&str]) {
    assert_eq!(world.clients[BEN].texts(), texts);
    assert_eq!(world.clients[BEN].warnings(), warnings);
}

const FORGED: &str = "something that claims to come from anna does not open: it was forged or damaged";

const WITHHELD: &str = "a message of anna was withheld from you";

const REPEATED: &str = "a message of anna came twice or too late; it is not shown";

//! A relay that lies: what it does is refused or warned about, and never believed.

use std::time::Duration;

use chatter_proto::relay::{Message, relay_frame};
use chatter_protocol::ids::MemberId;
use chatter_protocol::room::conversation::{Happening, Warning};

use crate::world::{Client, World};

#[path = "hostile/adversary.rs"]
mod adversary;
#[path = "hostile/apart.rs"]
mod apart;
#[path = "hostile/arrivals.rs"]
mod arrivals;
#[path = "hostile/delivery.rs"]
mod delivery;
#[path = "hostile/messages.rs"]
mod messages;
#[path = "hostile/subtle.rs"]
mod subtle;

const ANNA: usize = 0;
const BEN: usize = 1;
const CAROL: usize = 2;

/// As long as it takes to be sure that a difference does not heal.
pub(crate) const LONG: Duration = Duration::from_secs(240);

/// Whether a frame is somebody's, or about him.
pub(crate) fn concerns(frame: &relay_frame::Frame, id: &MemberId) -> bool {
    let concerned = match frame {
        relay_frame::Frame::Message(message) => &message.sender_id,
        relay_frame::Frame::Direct(direct) => &direct.sender_id,
        relay_frame::Frame::Left(left) => &left.member_id,
        relay_frame::Frame::Joined(joined) => {
            return joined.occupant.iter().any(|one| one.member_id == id.as_bytes());
        }
        relay_frame::Frame::Welcome(_)
        | relay_frame::Frame::Roster(_)
        | relay_frame::Frame::Ack(_)
        | relay_frame::Frame::Refused(_)
        | relay_frame::Frame::Listed(_)
        | relay_frame::Frame::Listing(_)
        | relay_frame::Frame::Bye(_) => return false,
    };
    concerned == id.as_bytes()
}

fn warnings(client: &Client) -> impl Iterator<Item = &Warning> {
    client.seen.iter().filter_map(|happening| {
        if let Happening::Warning(warning) = happening { Some(warning) } else { None }
    })
}

/// Whether somebody was told that something is wrong with what `sender` said, or that others have heard otherwise.
fn is_told(client: &Client, sender: &MemberId) -> bool {
    let about = |warning: &Warning| warning.about().any(|who| who.id == *sender);
    warnings(client).any(|warning| about(warning) || matches!(warning, Warning::HeardOtherwise { .. }))
}

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

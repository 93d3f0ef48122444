//! `chatterctl rooms`

use chatter_proto::admin::{ListRoomsRequest, Room};
use serde::Serialize;

use crate::failure::Failure;
use crate::output::Answer;
use crate::reach::Daemon;

#[derive(Serialize)]
struct Fields {
    rooms: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    id: String,
    members: u32,
}

pub(super) async fn run(daemon: &mut Daemon) -> Result<Answer, Failure> {
    let rooms = daemon.ask(async |client| client.list_rooms(ListRoomsRequest {}).await).await?.rooms;
    let rows: Vec<_> = rooms.iter().map(|room| [room.members.to_string(), room.id.clone()]).collect();
    let row = |room: Room| Row { id: room.id, members: room.members };
    let fields = Fields { rooms: rooms.into_iter().map(row).collect() };
    Ok(Answer::table(&fields, ["MEMBERS", "ID"], &rows, "nobody is in any room", &[]))
}

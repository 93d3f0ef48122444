//! `chatterctl rooms`

use chatter_proto::admin::{ListRoomsRequest, Room};
use serde::Serialize;

use crate::failure::Failure;
use crate::output::{Answer, table};
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
    let rows: Vec<_> = rooms.iter().map(|room| [room.id.clone(), room.members.to_string()]).collect();
    let lines = if rows.is_empty() {
        vec!["nobody is in any room".to_owned()]
    } else {
        table(["ID", "MEMBERS"], &rows)
    };
    let row = |room: Room| Row { id: room.id, members: room.members };
    Ok(Answer::new(&Fields { rooms: rooms.into_iter().map(row).collect() }, &lines))
}

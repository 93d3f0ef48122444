//! A thousand members who say nothing: what each costs in memory.
//!
//! **In** nothing but the server. **Out** bytes of its resident memory per member, at once after entering and at rest.
//! **Never** the memory of the kernel's sockets, which no program can help.

use std::rc::Rc;
use std::time::Duration;

use crate::args::Arguments;
use crate::crowd::{Crowd, fresh_entropy, play};
use crate::member::Door;
use crate::server::{self, Server};
use crate::table::{digits, spread, table};
use crate::talk::{HELLO_LEN, Talk};

/// Bytes per member of one run.
struct Sample {
    entered: f64,
    at_rest: f64,
}

/// Fills rooms and waits.
pub(crate) fn measure(arguments: &Arguments) -> anyhow::Result<String> {
    let (rooms, members, rest) = if arguments.quick { (2, 25, REST / 30) } else { (20, 50, REST) };
    let runs = arguments.runs(1);
    let mut samples = Vec::new();
    for _ in 0..runs {
        let server = Server::start(arguments)?;
        server::pin_members(arguments)?;
        samples.push(play(stay(&server, rooms, members, rest), rest + PATIENCE)?);
    }
    let all = |figure: fn(&Sample) -> f64| samples.iter().map(figure).collect::<Vec<_>>();
    let whole = |figure: f64| digits(figure.round());
    let rows = [
        ["members", "rooms", "bytes each, just entered", "bytes each, at rest"].map(str::to_owned).to_vec(),
        vec![
            (rooms * members).to_string(),
            rooms.to_string(),
            spread(&all(|sample| sample.entered), whole),
            spread(&all(|sample| sample.at_rest), whole),
        ],
    ];
    let heading = format!(
        "idle: resident memory of the server per member, a hello of {HELLO_LEN} bytes included; at rest: {} s later, \
         {runs} run(s)",
        rest.as_secs(),
    );
    Ok(table(&heading, &rows))
}

async fn stay(server: &Server, rooms: usize, members: usize, rest: Duration) -> anyhow::Result<Sample> {
    let mut entropy = fresh_entropy()?;
    let door = Door::new(server.link());
    let mut crowd = Crowd::default();
    let before = server.memory()?;
    for _ in 0..rooms {
        let talk = Rc::new(Talk::new(members, 1, &mut entropy));
        crowd.fill(&talk, &door, &mut entropy).await?;
    }
    let each = |memory: f64| (memory - before) / (rooms * members) as f64;
    let entered = each(server.memory()?);
    crowd.wait(rest).await?;
    Ok(Sample { entered, at_rest: each(server.memory()?) })
}

/// What members were told while others entered is acknowledged within 40 seconds; then it can be forgotten.
const REST: Duration = Duration::from_secs(45);
const PATIENCE: Duration = Duration::from_secs(120);

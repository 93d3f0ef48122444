//! One speaks, the others hear: what a delivery costs.
//!
//! **In** rooms' sizes and windows. **Out** deliveries per second and per CPU second of the server. **Never** a figure
//! out of a run in which a message was lost.

use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::args::Arguments;
use crate::crowd::{Crowd, fresh_entropy, play};
use crate::member::Door;
use crate::server::{self, Server};
use crate::table::{digits, spread, table};
use crate::talk::{TEXT_LEN, Talk, body_len};

/// What one run came to.
struct Sample {
    per_second: f64,
    per_cpu_second: f64,
    cpu_share: f64,
}

/// Measures all rooms in turn, round by round, so that a noisy minute hits them alike.
pub(crate) fn measure(arguments: &Arguments) -> anyhow::Result<String> {
    let rooms: Vec<(u16, u16)> = arguments
        .members
        .iter()
        .flat_map(|members| arguments.windows.iter().map(move |window| (*members, *window)))
        .collect();
    let runs = arguments.runs(5);
    let mut samples: Vec<Vec<Sample>> = rooms.iter().map(|_| Vec::new()).collect();
    for _ in 0..runs {
        for ((members, window), samples) in rooms.iter().zip(&mut samples) {
            samples.push(run(arguments, usize::from(*members), usize::from(*window))?);
        }
    }
    let mut rows = vec![
        [
            "members",
            "window",
            "deliveries/s",
            "deliveries per server CPU second",
            "CPU µs each",
            "server's CPU",
        ]
        .map(str::to_owned)
        .to_vec(),
    ];
    for ((members, window), samples) in rooms.iter().zip(&samples) {
        let all = |figure: fn(&Sample) -> f64| samples.iter().map(figure).collect::<Vec<_>>();
        rows.push(vec![
            members.to_string(),
            window.to_string(),
            spread(&all(|sample| sample.per_second), |figure| digits(figure.round())),
            spread(&all(|sample| sample.per_cpu_second), |figure| digits(figure.round())),
            spread(&all(|sample| 1e6 / sample.per_cpu_second), digits),
            spread(&all(|sample| sample.cpu_share), |share| format!("{:.0} %", share * 100.0)),
        ]);
    }
    let heading = format!(
        "relay: one speaks, the others hear; texts of {TEXT_LEN} bytes (sealed {} between two), {} s a run, {runs} run(s)",
        body_len(2, &mut fresh_entropy()?),
        arguments.speaking_time().as_secs_f64(),
    );
    Ok(table(&heading, &rows))
}

fn run(arguments: &Arguments, members: usize, window: usize) -> anyhow::Result<Sample> {
    let server = Server::start(arguments)?;
    server::pin_members(arguments)?;
    let time = arguments.speaking_time();
    play(speak(&server, members, window, time), time * 2 + PATIENCE)
}

async fn speak(server: &Server, members: usize, window: usize, time: Duration) -> anyhow::Result<Sample> {
    let mut entropy = fresh_entropy()?;
    let talk = Rc::new(Talk::new(members, window, &mut entropy));
    let mut crowd = Crowd::default();
    crowd.fill(&talk, &Door::new(server.link()), &mut entropy).await?;
    talk.speak(true);
    crowd.wait(time / 5).await?;
    let (start, cpu, delivered) = (Instant::now(), server.cpu()?, talk.delivered());
    crowd.wait(time).await?;
    let (elapsed, cpu, delivered) = (start.elapsed(), server.cpu()? - cpu, talk.delivered() - delivered);
    talk.speak(false);
    crowd.until(|| talk.is_silent()).await?;
    anyhow::ensure!(delivered > 0, "nothing was delivered in {} s", time.as_secs_f64());
    let (delivered, cpu) = (delivered as f64, cpu.max(TICK).as_secs_f64());
    Ok(Sample {
        per_second: delivered / elapsed.as_secs_f64(),
        per_cpu_second: delivered / cpu,
        cpu_share: cpu / elapsed.as_secs_f64(),
    })
}

/// For a room to fill and to hear the last of what was said.
const PATIENCE: Duration = Duration::from_secs(30);
/// The least that can be told from nothing.
const TICK: Duration = Duration::from_millis(10);

//! Banned addresses knock as fast as this machine can while members talk, with `ban.refuse` on.
//!
//! **In** nothing but the server. **Out** what a refusal costs the server, and how late messages are with the flood and
//! without. **Never** a figure out of a run in which a banned address was answered.

use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::args::Arguments;
use crate::crowd::{Crowd, fresh_entropy, play};
use crate::flood::Flood;
use crate::member::Door;
use crate::server::{self, Server};
use crate::table::{digits, spread, table};
use crate::talk::Talk;

/// What one run came to.
struct Sample {
    calm: Stretch,
    flooded: Stretch,
    refused_per_second: f64,
    cpu_per_refusal: f64,
}

/// Some seconds of talk.
struct Stretch {
    cpu: Duration,
    latencies: Vec<Duration>,
}

/// Talks without the flood, then with it.
pub(crate) fn measure(arguments: &Arguments) -> anyhow::Result<String> {
    let runs = arguments.runs(5);
    let time = arguments.speaking_time();
    let mut samples = Vec::new();
    for _ in 0..runs {
        let server = Server::with(arguments, &SETTINGS)?;
        server::pin_members(arguments)?;
        samples.push(play(endure(&server, time), time * 2 + PATIENCE)?);
    }
    let all = |figure: &dyn Fn(&Sample) -> f64| samples.iter().map(figure).collect::<Vec<_>>();
    let late = |stretch: fn(&Sample) -> &Stretch, percent: usize| {
        spread(&all(&|sample| quantile(&stretch(sample).latencies, percent)), digits)
    };
    let heading = format!(
        "refuse: {MEMBERS} members say {} messages a second, banned addresses knock; {} s a run, {runs} run(s)",
        1000 / PAUSE.as_millis(),
        time.as_secs_f64()
    );
    let whole = |figure: f64| digits(figure.round());
    let rows = [
        ["", "refused/s", "CPU µs per refusal", "ms until all heard, p50", "p99"].map(str::to_owned).to_vec(),
        vec![
            "calm".to_owned(),
            "0".to_owned(),
            "–".to_owned(),
            late(|sample| &sample.calm, 50),
            late(|sample| &sample.calm, 99),
        ],
        vec![
            "flooded".to_owned(),
            spread(&all(&|sample| sample.refused_per_second), whole),
            spread(&all(&|sample| sample.cpu_per_refusal), digits),
            late(|sample| &sample.flooded, 50),
            late(|sample| &sample.flooded, 99),
        ],
    ];
    Ok(table(&heading, &rows))
}

async fn endure(server: &Server, time: Duration) -> anyhow::Result<Sample> {
    let mut entropy = fresh_entropy()?;
    let talk = Rc::new(Talk::new(MEMBERS, 1, &mut entropy));
    let mut crowd = Crowd::default();
    crowd.fill(&talk, &Door::new(server.link()), &mut entropy).await?;
    let calm = talk_for(server, &talk, &mut crowd, time).await?;
    let flood = Flood::start(server.address()?)?;
    let (start, before) = (Instant::now(), flood.refused()?);
    let flooded = talk_for(server, &talk, &mut crowd, time).await?;
    let (elapsed, refused) = (start.elapsed(), (flood.refused()? - before) as f64);
    drop(flood);
    anyhow::ensure!(refused > 0.0, "nobody was refused");
    let cpu = flooded.cpu.saturating_sub(calm.cpu).as_secs_f64();
    Ok(Sample {
        refused_per_second: refused / elapsed.as_secs_f64(),
        cpu_per_refusal: cpu * 1e6 / refused,
        calm,
        flooded,
    })
}

async fn talk_for(
    server: &Server,
    talk: &Talk,
    crowd: &mut Crowd,
    time: Duration,
) -> anyhow::Result<Stretch> {
    talk.take_latencies();
    let (start, cpu) = (Instant::now(), server.cpu()?);
    while start.elapsed() < time {
        talk.speak_once();
        crowd.wait(PAUSE).await?;
    }
    let cpu = server.cpu()? - cpu;
    crowd.until(|| talk.is_silent()).await?;
    Ok(Stretch { cpu, latencies: talk.take_latencies() })
}

/// In milliseconds, the latency that so many percent of all messages keep within.
fn quantile(latencies: &[Duration], percent: usize) -> f64 {
    let mut sorted = latencies.to_vec();
    sorted.sort_unstable();
    let place = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(place).map_or(0.0, Duration::as_secs_f64) * 1e3
}

/// One knock bans, and whoever is banned is refused; the members' address is exempt.
const SETTINGS: [(&str, &str); 4] = [
    ("CHATTERD_BAN_AFTER", "1"),
    ("CHATTERD_BAN_REFUSE", "true"),
    ("CHATTERD_BAN_EXEMPT", "127.0.0.1"),
    ("CHATTERD_PURGE_EVERY_PACKETS", "1000000000"),
];
const MEMBERS: usize = 10;
const PAUSE: Duration = Duration::from_millis(10);
const PATIENCE: Duration = Duration::from_secs(60);

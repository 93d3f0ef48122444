//! How long a message takes, and how much goes up, near the daemon and far from it; by the client itself.
//!
//! **In** nothing but the server. **Out** milliseconds from saying to hearing, bytes of text per second. **Never** a message
//! that is not heard once and in order: a run in which one is not fails.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use chatter_client::route::{Route, Wish};
use chatter_client::{Handle, Notice, Notices, Options, start};
use chatter_protocol::ids::Nickname;
use chatter_protocol::invite::{AccessLink, Link, RoomLink};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout};

use crate::args::Arguments;
use crate::distance::Distance;
use crate::server::Server;
use crate::table::{digits, spread, table};

/// Where the two are, and the round trip of who is far.
struct Place {
    name: &'static str,
    speaker_far: bool,
    reader_far: bool,
}

/// Measures all places.
pub(crate) fn measure(arguments: &Arguments) -> anyhow::Result<String> {
    let runs = arguments.runs(3);
    let (messages, speaking_time) =
        if arguments.quick { (5, Duration::from_secs(1)) } else { (100, SPEAKING_TIME) };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    if let Some(file) = &arguments.link {
        let link = Link::parse(fs::read_to_string(file)?.lines().next().unwrap_or_default())?;
        let wish = arguments.proxy.as_deref().map_or(Ok(Wish::None), Wish::parse)?;
        let route = Route::choose(wish, link.access(), |_| None)?;
        return runtime.block_on(measure_elsewhere(link.access(), &route, (runs, messages, speaking_time)));
    }
    let server = Server::start(arguments)?;
    let places = [
        Place { name: "both near", speaker_far: false, reader_far: false },
        Place { name: "the speaker far: to the relay", speaker_far: true, reader_far: false },
        Place { name: "the reader far: from the relay", speaker_far: false, reader_far: true },
        Place { name: "both far", speaker_far: true, reader_far: true },
    ];
    let names = ["", "p50 ms", "p99 ms", "KB/s of text"];
    let mut rows = vec![names.map(str::to_owned).to_vec()];
    for place in &places {
        let mut figures = Figures::default();
        for _ in 0..runs {
            let pair = runtime.block_on(Pair::new(&server, place))?;
            figures.take(runtime.block_on(pair.measure(messages, speaking_time))?);
        }
        rows.push([vec![place.name.to_owned()], figures.cells()].concat());
    }
    let heading = format!(
        "latency: from saying to hearing, {messages} messages {} ms apart; and texts of {TEXT_LEN} bytes one after the \
         other; far is a round trip of {} ms; {runs} run(s)",
        PAUSE.as_millis(),
        ROUND_TRIP.as_millis(),
    );
    Ok(table(&heading, &rows))
}

/// What several runs came to.
#[derive(Default)]
struct Figures {
    median: Vec<f64>,
    late: Vec<f64>,
    flow: Vec<f64>,
}

impl Figures {
    /// Adds one run: delays, and bytes of text per second.
    fn take(&mut self, (mut delays, speed): (Vec<Duration>, f64)) {
        delays.sort_unstable();
        let at = |share: usize| delays.get((delays.len() * share / 100).min(delays.len().saturating_sub(1)));
        self.median.extend(at(50).map(Duration::as_secs_f64));
        self.late.extend(at(99).map(Duration::as_secs_f64));
        self.flow.push(speed);
    }

    /// Milliseconds of the median and of the latest, kilobytes per second.
    fn cells(&self) -> Vec<String> {
        let milliseconds = |seconds: f64| digits(seconds * 1e3);
        let speed = spread(&self.flow, |speed| digits(speed / 1e3));
        vec![spread(&self.median, milliseconds), spread(&self.late, milliseconds), speed]
    }
}

/// Measures one way to a server that somebody else runs; how long both need to be in a room is told, too.
async fn measure_elsewhere(
    link: &AccessLink,
    route: &Route,
    (runs, messages, speaking_time): (u8, usize, Duration),
) -> anyhow::Result<String> {
    let names = ["", "met after s", "p50 ms", "p99 ms", "KB/s of text"];
    let (mut met, mut figures) = (Vec::new(), Figures::default());
    for _ in 0..runs {
        let begin = Instant::now();
        let pair = Pair::meet(link, [route.clone(), route.clone()], Vec::new()).await?;
        met.push(begin.elapsed().as_secs_f64());
        figures.take(pair.measure(messages, speaking_time).await?);
    }
    let way = route.words().unwrap_or_else(|| "straight".to_owned());
    let row = [vec!["both".to_owned(), spread(&met, digits)], figures.cells()].concat();
    let heading = format!(
        "latency {way}: from saying to hearing, {messages} messages {} ms apart; and texts of {TEXT_LEN} bytes one after \
         the other; {runs} run(s)",
        PAUSE.as_millis(),
    );
    Ok(table(&heading, &[names.map(str::to_owned).to_vec(), row]))
}

/// One who speaks, one who hears.
struct Pair {
    speaker: Handle,
    notices: Notices,
    // Held, so that he stays.
    _reader: Handle,
    heard: Notices,
    // Until the end.
    _ways: Vec<Distance>,
}

impl Pair {
    async fn new(server: &Server, place: &Place) -> anyhow::Result<Self> {
        let ways = [
            Distance::new(server.address()?, ROUND_TRIP).await?,
            Distance::new(server.address()?, ROUND_TRIP).await?,
        ];
        let [speaker_way, reader_way] = &ways;
        let routes = [
            route(server.link(), place.speaker_far, speaker_way)?,
            route(server.link(), place.reader_far, reader_way)?,
        ];
        Self::meet(server.link(), routes, ways.into()).await
    }

    /// Both in a new room, each by his way.
    async fn meet(access: &AccessLink, routes: [Route; 2], ways: Vec<Distance>) -> anyhow::Result<Self> {
        let [speaker_route, reader_route] = routes;
        let nick = |text: &str| Nickname::parse(text).map_err(anyhow::Error::from);
        let options = Options::new_room(access.clone(), String::new(), nick("speaker")?)?;
        let (speaker, mut notices) = start(options.by(speaker_route))?;
        let link: RoomLink = next(&mut notices, |notice| {
            let Notice::Room { link } = notice else { return None };
            Link::parse(link.expose()).and_then(Link::into_room).ok()
        })
        .await?;
        let options = Options::join(link, nick("reader")?);
        let (reader, mut heard) = start(options.by(reader_route))?;
        for notices in [&mut notices, &mut heard] {
            next(notices, |notice| matches!(notice, Notice::MemberJoined { .. }).then_some(())).await?;
        }
        Ok(Self { speaker, notices, _reader: reader, heard, _ways: ways })
    }

    /// How late each message was, and how many bytes of text came per second.
    async fn measure(
        mut self,
        messages: usize,
        speaking_time: Duration,
    ) -> anyhow::Result<(Vec<Duration>, f64)> {
        let mut delays = Vec::new();
        for number in 0..messages {
            sleep(PAUSE).await;
            let said = Instant::now();
            ensure!(self.speaker.say(number.to_string()).await, "the stay has ended");
            ensure!(hear(&mut self.heard).await? == number.to_string(), "another message came");
            delays.push(said.elapsed());
        }
        // Nobody may wait because nobody reads what is told to him.
        let mut notices = self.notices;
        let reading = tokio::spawn(async move { while notices.next().await.is_some() {} });
        // Whoever is told faster than he can take it is cut, and here both share one machine.
        let (speaker, ahead) = (self.speaker.clone(), Arc::new(Semaphore::new(AHEAD_MAX)));
        let places = Arc::clone(&ahead);
        let speaking = tokio::spawn(async move {
            let mut number = 0;
            while let Ok(place) = places.acquire().await {
                place.forget();
                if !speaker.say(text(number)).await {
                    return;
                }
                number += 1;
            }
        });
        // At full speed from the first second on.
        let mut number = 0;
        let begin = Instant::now();
        while begin.elapsed() < WARM_UP {
            ensure!(hear(&mut self.heard).await? == text(number), "another message came");
            ahead.add_permits(1);
            number += 1;
        }
        let (begin, first) = (Instant::now(), number);
        while begin.elapsed() < speaking_time {
            ensure!(hear(&mut self.heard).await? == text(number), "another message came");
            ahead.add_permits(1);
            number += 1;
        }
        let speed = ((number - first) * TEXT_LEN) as f64 / begin.elapsed().as_secs_f64();
        speaking.abort();
        reading.abort();
        Ok((delays, speed))
    }
}

async fn hear(heard: &mut Notices) -> anyhow::Result<String> {
    next(heard, |notice| if let Notice::Message { text, .. } = notice { Some(text) } else { None }).await
}

fn route(link: &AccessLink, far: bool, way: &Distance) -> anyhow::Result<Route> {
    let wish = if far { Wish::parse(&way.url())? } else { Wish::Direct };
    Ok(Route::choose(wish, link, |_| None)?)
}

async fn next<T>(notices: &mut Notices, find: impl Fn(Notice) -> Option<T>) -> anyhow::Result<T> {
    loop {
        let told =
            timeout(PATIENCE, notices.next()).await.context("nothing comes")?.context("the stay goes on")?;
        let notice = told.notice;
        if let Notice::Warning(text) | Notice::Error(text) | Notice::Away { text, .. } = notice {
            bail!("{text}");
        }
        if let Some(found) = find(notice) {
            return Ok(found);
        }
    }
}

fn text(number: usize) -> String {
    format!("{number:0>TEXT_LEN$}")
}

const ROUND_TRIP: Duration = Duration::from_millis(100);
const PAUSE: Duration = Duration::from_millis(250);
const WARM_UP: Duration = Duration::from_secs(1);
const SPEAKING_TIME: Duration = Duration::from_secs(5);
/// Through Tor the first way may take a minute.
const PATIENCE: Duration = Duration::from_secs(100);
const TEXT_LEN: usize = 1_900;
/// Texts said and not yet heard, at most.
const AHEAD_MAX: usize = 100;

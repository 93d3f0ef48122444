//! `chatterctl watch`, `chatterctl status --watch`: what happens, as it happens.

use chatter_proto::admin::watch_reply::code_changed::Change as Code;
use chatter_proto::admin::watch_reply::session_changed::Change as Session;
use chatter_proto::admin::watch_reply::{CodeChanged, Event, SessionChanged};
use chatter_proto::admin::{StatusReply, WatchReply, WatchRequest};
use serde::Serialize;
use tonic::Streaming;

use super::{bans, counted, reload, status, time};
use crate::failure::Failure;
use crate::output::{self, Answer, Format};
use crate::reach::Daemon;

#[derive(Serialize)]
struct Fields {
    at: u64,
    #[serde(flatten)]
    event: Told,
}

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
enum Told {
    Snapshot {
        status: status::Fields,
    },
    Figures {
        status: status::Fields,
    },
    Banned {
        ban: bans::Row,
    },
    Lifted {
        address: String,
    },
    Session {
        number: u64,
        change: &'static str,
    },
    Code {
        name: String,
        change: &'static str,
    },
    Reloaded(reload::Fields),
    Stopping,
    /// Of a newer daemon.
    Unknown,
}

/// Everything, a line each.
pub(super) async fn run(daemon: &mut Daemon, every: u32, format: Format) -> Result<Answer, Failure> {
    tell(daemon, every, format, |reply| Some(event(reply))).await
}

/// The figures alone, as `status` shows them.
pub(super) async fn figures(daemon: &mut Daemon, every: u32, format: Format) -> Result<Answer, Failure> {
    let shown = |reply: WatchReply| match reply.event {
        Some(Event::Snapshot(status) | Event::Figures(status)) => Some(status::answer(status).redrawn()),
        Some(
            Event::Banned(_)
            | Event::Lifted(_)
            | Event::Session(_)
            | Event::Code(_)
            | Event::Reloaded(_)
            | Event::Stopping(_),
        )
        | None => None,
    };
    tell(daemon, every, format, shown).await
}

/// Ends with the daemon, or where nobody reads any more.
async fn tell(
    daemon: &mut Daemon,
    every: u32,
    format: Format,
    shown: impl Fn(WatchReply) -> Option<Answer>,
) -> Result<Answer, Failure> {
    let request = WatchRequest { figures_every_seconds: every };
    let mut told: Streaming<WatchReply> = daemon.ask(async |client| client.watch(request).await).await?;
    while let Some(reply) = told.message().await? {
        let stopping = matches!(reply.event, Some(Event::Stopping(_)));
        if let Some(answer) = shown(reply)
            && let Err(error) = output::show(&answer, format)
        {
            let unread = error.kind() == std::io::ErrorKind::BrokenPipe;
            let failure = || Failure::failed(format!("cannot print: {error}"));
            return Err(if unread { Failure::Unread } else { failure() });
        }
        if stopping {
            return Err(Failure::Ended);
        }
    }
    Err(Failure::Silent("it stopped telling".to_owned()))
}

fn event(reply: WatchReply) -> Answer {
    let (text, event) = match reply.event {
        Some(Event::Snapshot(now)) => (summary(&now), Told::Snapshot { status: now.into() }),
        Some(Event::Figures(now)) => (summary(&now), Told::Figures { status: now.into() }),
        Some(Event::Banned(ban)) => {
            let text = format!("banned {} for {} until {}", ban.address, ban.reason, bans::ends(&ban));
            (text, Told::Banned { ban: ban.into() })
        }
        Some(Event::Lifted(lifted)) => {
            (format!("the ban of {} is over", lifted.address), Told::Lifted { address: lifted.address })
        }
        Some(Event::Session(changed)) => {
            let change = session(&changed);
            let number = changed.number;
            (format!("session {number} {}", change.replace('_', " ")), Told::Session { number, change })
        }
        Some(Event::Code(changed)) => {
            let change = code(&changed);
            let name = if changed.name.is_empty() { "for everybody" } else { &changed.name };
            (format!("access code {name} {change}"), Told::Code { name: changed.name.clone(), change })
        }
        Some(Event::Reloaded(reply)) => {
            let keys: Vec<_> = reply.changes.iter().map(|change| change.key.as_str()).collect();
            let keys = if keys.is_empty() { "nothing".to_owned() } else { keys.join(", ") };
            let text = format!("the settings were read anew; changed: {keys}");
            (text, Told::Reloaded(reload::fields(reply.changes, reply.warnings)))
        }
        Some(Event::Stopping(_)) => ("stopping".to_owned(), Told::Stopping),
        None => ("something that this chatterctl does not know".to_owned(), Told::Unknown),
    };
    let line = format!("{}  {text}", time::point(reply.at));
    Answer::new(&Fields { at: reply.at, event }, &[line])
}

fn summary(now: &StatusReply) -> String {
    format!(
        "sessions: {} confirmed, {} opened, {} detached; {} in {}; {}, {} banned",
        now.sessions_confirmed,
        now.sessions_opened,
        now.sessions_detached,
        counted(now.members, "member", "members"),
        counted(now.rooms, "room", "rooms"),
        counted(now.knocks, "knock", "knocks"),
        now.bans
    )
}

fn session(changed: &SessionChanged) -> &'static str {
    match changed.change() {
        Session::Came => "came",
        Session::CameBack => "came_back",
        Session::Left => "left",
        Session::Ended => "ended",
        // Of a newer daemon.
        Session::Unspecified => "changed",
    }
}

fn code(changed: &CodeChanged) -> &'static str {
    match changed.change() {
        Code::Made => "made",
        Code::Rotated => "rotated",
        Code::Revoked => "revoked",
        Code::Expired => "expired",
        // Of a newer daemon.
        Code::Unspecified => "changed",
    }
}

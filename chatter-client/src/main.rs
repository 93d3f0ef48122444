//! The program: arguments in, one stay in a room, an exit code out.
//!
//! **In** the command line, stdin, signals. **Out** the exit code. **Never** a decision about the talk: that is
//! `app.rs`'s.

use std::alloc::System;
use std::env;
use std::future::pending;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::{ExitCode, exit};
use std::time::Duration;

use chatter_client::args::{Action, Args, Common, ScreenArgs, Words};
use chatter_client::chosen::{self, Chosen};
use chatter_client::console::{self, Style};
use chatter_client::credentials::{self, PassphraseSource};
use chatter_client::exit::{Failure, Outcome};
use chatter_client::listen::{Hearing, Listener};
use chatter_client::route::{Route, Wish};
use chatter_client::secret::{self, SecretText};
use chatter_client::signals::Signals;
use chatter_client::texts::text;
use chatter_client::{Handle, Notice, Notices, Options, start, texts, ui};
use chatter_protocol::ids::Nickname;
use chatter_protocol::invite::{RoomLink, parse_label};
use chatter_protocol::stack;
use clap::Parser;
use tokio::runtime;
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};
use zeroizing_alloc::ZeroAlloc;

/// What is given back is zeros: nothing of a talk outlives its use in any library's leftovers.
#[global_allocator]
static HEAP: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    let Args { action, config, lang } = Args::parse();
    texts::choose(lang.as_deref(), |name| env::var(name).ok());
    let style = action.style();
    if let Some(document) = action.document() {
        // A reader that has seen enough is no failure.
        let _ = io::stdout().write_all(&document);
        return ExitCode::SUCCESS;
    }
    let mut runtime = runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(WORKERS).enable_all().on_thread_park(stack::wipe).build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            tell(style, &text!("no-threads", error = error.to_string()));
            return ExitCode::from(Outcome::Failed(Failure::Local).code());
        }
    };
    let outcome = runtime.block_on(run(action, config, style));
    // A prompt or a read of stdin may still be waiting; nothing waits for it.
    runtime.shutdown_background();
    ExitCode::from(outcome.code())
}

/// From the arguments to the end of the stay.
async fn run(action: Action, config: Option<PathBuf>, style: Style) -> Outcome {
    let mut signals = match Signals::take() {
        Ok(signals) => signals,
        Err(error) => return fail(style, Failure::Local, &text!("no-signals", error = error.to_string())),
    };
    let reads_lines = matches!(action, Action::New { .. } | Action::Join { .. });
    if console::greet(style).is_err() {
        return Outcome::Failed(Failure::Local);
    }
    // Links and keys pass through a thread of their own: what this one holds across a pause, nothing wipes.
    let mut started = spawn_blocking(move || {
        let started = prepare(action, config.as_deref(), style);
        stack::wipe();
        started
    });
    let started = tokio::select! {
        started = &mut started => started,
        () = signals.next() => {
            // A prompt broken off by Ctrl-C puts the terminal right again before it ends; a stay that has just begun is left.
            let Ok(Ok(Ok(Some(started)))) = timeout(PROMPT_TIMEOUT, started).await else {
                return Outcome::Interrupted;
            };
            started.handle.interrupt();
            Ok(Ok(Some(started)))
        }
    };
    let Started { handle, notices, room, nick, screen, joins, listener, timeout } = match started {
        Ok(Ok(Some(started))) => started,
        Ok(Ok(None)) => return Outcome::Left,
        Ok(Err((failure, text))) => return fail(style, failure, &text),
        Err(_) => return fail(style, Failure::Local, &text!("no-questions")),
    };
    // Before the first typed line, and before the end of input.
    enter_more(joins, &handle).await;
    if let Some(screen) = screen {
        let theme = screen.theme(|name| env::var(name).ok());
        let (when, how) = (screen.ring.unwrap_or_default(), screen.ring_by.unwrap_or_default());
        tokio::spawn(interrupt(signals, handle.clone()));
        return show(ui::Settings { theme, when, how, room, nick }, handle, notices).await;
    }
    if reads_lines {
        console::read_lines(handle.clone(), style);
    }
    tokio::spawn(interrupt(signals, handle.clone()));
    tell_all(style, handle, notices, listener, timeout).await
}

/// Prints what happens until the stay is over, or enough was heard, or the time is.
async fn tell_all(
    style: Style,
    handle: Handle,
    mut notices: Notices,
    mut listener: Option<Listener>,
    timeout: Option<Duration>,
) -> Outcome {
    let deadline = async {
        match timeout {
            Some(timeout) => sleep(timeout).await,
            None => pending().await,
        }
    };
    let mut deadline = pin!(deadline);
    let mut is_late = false;
    loop {
        let told = tokio::select! {
            told = notices.next() => told,
            () = &mut deadline, if !is_late => {
                is_late = true;
                handle.interrupt();
                continue;
            }
        };
        let Some(told) = told else { return fail(style, Failure::Local, &text!("client-stopped")) };
        if let Notice::Finished(outcome) = told.notice {
            let lacks = match &listener {
                Some(listener) => listener.lacks() && matches!(outcome, Outcome::Left | Outcome::Interrupted),
                None => outcome == Outcome::Interrupted,
            };
            if is_late && lacks {
                return fail(style, Failure::Timeout, &text!("not-in-time"));
            }
            return outcome;
        }
        let hearing = listener.as_mut().map_or(Hearing::Show, |it| it.hear(&told, style == Style::Json));
        if hearing == Hearing::Skip {
            continue;
        }
        // Where nobody reads any more there is nothing to stay for.
        if console::show(style, &told).is_err() || hearing == Hearing::ShowAndLeave {
            handle.interrupt();
        }
    }
}

/// Enters the further rooms of a profile; what is typed is said in its own.
async fn enter_more(joins: Vec<SecretText>, handle: &Handle) {
    let has_more = !joins.is_empty();
    for line in joins {
        // Fails only where the stay is over.
        let _ = handle.line(line.expose()).await;
    }
    if has_more {
        let _ = handle.line(FIRST_ROOM).await;
    }
}

/// A stay on the full screen.
async fn show(settings: ui::Settings, handle: Handle, notices: Notices) -> Outcome {
    match ui::run(settings, handle, notices).await {
        Ok(ended) => {
            for notice in ended.last {
                let _ = console::show(Style::Plain, &notice.into());
            }
            ended.outcome
        }
        Err(error) => fail(Style::Plain, Failure::Local, &text!("no-terminal", error = error.to_string())),
    }
}

/// A stay that has begun, and what a screen shows of it before anything else.
struct Started {
    handle: Handle,
    notices: Notices,
    room: String,
    nick: String,
    /// None for lines.
    screen: Option<ScreenArgs>,
    /// What is typed to enter further rooms.
    joins: Vec<SecretText>,
    listener: Option<Listener>,
    timeout: Option<Duration>,
}

/// The first signal leaves, the second does not wait; nor does the clock, should everything be stuck.
async fn interrupt(mut signals: Signals, handle: Handle) {
    signals.next().await;
    handle.interrupt();
    tokio::select! {
        () = signals.next() => {}
        () = sleep(STUCK_TIMEOUT) => {}
    }
    // A terminal that takes nothing any more is not waited for either.
    let _ = timeout(PROMPT_TIMEOUT, spawn_blocking(ui::terminal::restore)).await;
    exit(i32::from(Outcome::Interrupted.code()));
}

/// What the arguments and the answers to a few questions ask for; nothing where all is done already.
fn prepare(
    mut action: Action,
    config: Option<&Path>,
    style: Style,
) -> Result<Option<Started>, (Failure, String)> {
    let variable = |name: &str| env::var(name).ok();
    if let Action::Profile { what } = action {
        return chosen::profile(what, config).map(|()| None);
    }
    let mut chosen = chosen::choose(&mut action, config, variable)?;
    if let Some(shown) = chosen.shown.take() {
        return console::print(shown.trim_end()).map(|()| None).map_err(|error| local(&error));
    }
    let screen = action.screen().filter(|screen| screen.screen || console::has_screen()).cloned();
    let enters = matches!(action, Action::New { .. } | Action::Join { .. });
    let joins = if enters { std::mem::take(&mut chosen.joins) } else { Vec::new() };
    let (listener, timeout) = bounds(&action);
    let wish = action.common().map_or(Ok(Wish::None), wish)?;
    let Some((options, common)) = stay(action, &chosen, style)? else { return Ok(None) };
    let options = credentials::equip(options, &common)?.with_chaff(common.chaff.unwrap_or_default());
    let options = if common.no_rejoin { options.without_return() } else { options };
    let options = match common.downloads {
        _ if common.forget => options.downloading_nowhere(),
        Some(directory) if directory.is_dir() => options.downloading_to(directory),
        Some(other) => {
            return Err((
                Failure::Usage,
                text!("downloads-nowhere", directory = other.display().to_string()),
            ));
        }
        None => options,
    };
    let route = Route::choose(wish, options.access(), variable);
    let options = options.by(route.map_err(|error| (Failure::Usage, error.to_string()))?.settled());
    let (room, nick) = (options.label().to_owned(), options.nick().to_string());
    let (handle, notices) = start(options).map_err(|error| local(&error))?;
    Ok(Some(Started { handle, notices, room, nick, screen, joins, listener, timeout }))
}

/// When a stay ends by itself.
fn bounds(action: &Action) -> (Option<Listener>, Option<Duration>) {
    match action {
        Action::Listen { once, count, timeout, from, .. } => {
            let wanted = count.or(once.then_some(1));
            (Some(Listener::new(wanted, from.clone())), timeout.map(Duration::from_secs))
        }
        Action::Send { to, wait_for, timeout, .. } => {
            let usual = (to.is_some() || *wait_for > 0).then_some(WAIT_TIMEOUT);
            (None, timeout.map(Duration::from_secs).or(usual))
        }
        Action::New { .. }
        | Action::Join { .. }
        | Action::Rooms { .. }
        | Action::Profile { .. }
        | Action::Keygen { .. }
        | Action::Completions { .. }
        | Action::Man => (None, None),
    }
}

/// What the user says about proxies.
fn wish(common: &Common) -> Result<Wish, (Failure, String)> {
    let usage = |text: String| (Failure::Usage, text);
    let text = match (&common.proxy_file, &common.proxy) {
        (Some(file), _) => secret::first_line_of(file)
            .map_err(|error| usage(format!("--proxy-file {}: {error}", file.display())))?,
        (None, Some(text)) => SecretText::new(text.clone()),
        (None, None) => return Ok(if common.tor { Wish::Tor(None) } else { Wish::None }),
    };
    let named = Wish::parse(text.expose()).map_err(|error| usage(format!("--proxy: {error}")))?;
    if common.tor { named.by_tor().map_err(|error| usage(format!("--tor: {error}"))) } else { Ok(named) }
}

fn stay(
    action: Action,
    chosen: &Chosen,
    style: Style,
) -> Result<Option<(Options, Common)>, (Failure, String)> {
    let access = || chosen.source.link(&text!("ask-access-link")).map(|link| link.access().clone());
    match action {
        Action::New { link: _, room, listed, words, common } => {
            let label = label(&room)?;
            let listed = listed.map(|name| Nickname::parse(&name)).transpose();
            let listed = listed.map_err(|error| (Failure::Usage, format!("--listed: {error}")))?;
            let access = access()?;
            let nick = nick(&common)?;
            let options = match PassphraseSource::of_new(&words) {
                None => Options::new_room(access, label, nick).map_err(|error| local(&error))?,
                Some(source) => {
                    let passphrase = credentials::new_passphrase(source, words.weak, style)?;
                    let link = credentials::stretch(access, label, &passphrase, style);
                    Options::new_by_passphrase(link, nick)
                }
            };
            Ok(Some((listed.into_iter().fold(options, Options::listed), common)))
        }
        Action::Rooms { link: _, common } => {
            let access = access()?;
            // Nobody is met.
            let nick = Nickname::parse(NOBODY).map_err(|error| local(&error))?;
            Ok(Some((Options::list(access, nick).without_return(), common)))
        }
        Action::Join { listed: Some(name), common, .. } => {
            let access = access()?;
            Ok(Some((Options::join_listed(access, name, nick(&common)?), common)))
        }
        Action::Join { listed: None, words, common, .. } | Action::Listen { words, common, .. } => {
            Ok(Some((Options::join(room_link(chosen, &words, style)?, nick(&common)?), common)))
        }
        Action::Send { mut link_and_text, to, wait_for, words, common, .. } => {
            let (link, nick) = (room_link(chosen, &words, style)?, nick(&common)?);
            let text = text(link_and_text.pop())?;
            let options = Options::send(link, nick, text).when_others_are_there(wait_for);
            Ok(Some((to.into_iter().fold(options, Options::to_one), common)))
        }
        Action::Completions { .. } | Action::Man | Action::Profile { .. } => Ok(None),
        Action::Keygen { file, passphrase, passphrase_file, weak } => {
            let source = PassphraseSource::given(passphrase, passphrase_file.as_deref());
            credentials::keygen(&file, source, weak)?;
            Ok(None)
        }
    }
}

fn local(error: &dyn std::error::Error) -> (Failure, String) {
    (Failure::Local, error.to_string())
}

fn label(room: &str) -> Result<String, (Failure, String)> {
    parse_label(room).map_err(|_| (Failure::Usage, text!("room-misnamed")))
}

/// What is to be said: all of stdin where that was asked for, or nothing else was given.
fn text(given: Option<String>) -> Result<String, (Failure, String)> {
    let missing = |text: String| (Failure::Usage, text);
    let text = match given.filter(|given| given != "-") {
        Some(text) => text,
        None => {
            let rest = console::rest()
                .map_err(|error| missing(text!("stdin-unusable", error = error.to_string())))?;
            rest.expose().to_owned()
        }
    };
    if text.is_empty() { Err(missing(text!("stdin-empty"))) } else { Ok(text) }
}

fn room_link(chosen: &Chosen, words: &Words, style: Style) -> Result<RoomLink, (Failure, String)> {
    if let Some(source) = PassphraseSource::given(words.passphrase, words.passphrase_file.as_deref()) {
        let label = label(words.room.as_ref().or(chosen.room.as_ref()).map_or("", String::as_str))?;
        let access = chosen.source.link(&text!("ask-access-link"))?.access().clone();
        let passphrase = credentials::room_passphrase(source)?;
        return Ok(credentials::stretch(access, label, &passphrase, style));
    }
    let link = chosen.source.link(&text!("ask-room-link"))?;
    link.into_room().map_err(|error| chosen.source.no_room(&error))
}

fn nick(common: &Common) -> Result<Nickname, (Failure, String)> {
    let wrong = |error: &dyn std::error::Error| (Failure::Usage, format!("--nick: {error}"));
    match (&common.nick, &common.nick_offered) {
        (Some(nick), _) => Nickname::parse(nick).map_err(|error| wrong(&error)),
        (None, offered) if console::is_interactive() => ask_for_nick(offered.as_deref()),
        (None, Some(offered)) => Nickname::parse(offered).map_err(|error| wrong(&error)),
        (None, None) => Err((Failure::Usage, text!("nick-missing"))),
    }
}

/// Asked for until it is one; Enter alone takes what is offered.
fn ask_for_nick(offered: Option<&str>) -> Result<Nickname, (Failure, String)> {
    let question = match offered {
        Some(offered) => text!("ask-nick-offered", offered = offered),
        None => text!("ask-nick"),
    };
    let mut why = text!("nick-not-given");
    for _ in 0..NICK_TRIES {
        let Ok(typed) = console::ask(&question) else { break };
        let text = offered.filter(|_| typed.is_empty()).map_or(typed.as_str(), |offered| offered);
        match Nickname::parse(text) {
            Ok(nick) => return Ok(nick),
            Err(error) => {
                why = error.to_string();
                tell(Style::Plain, &why);
            }
        }
    }
    Err((Failure::Usage, why))
}

fn fail(style: Style, failure: Failure, text: &str) -> Outcome {
    tell(style, text);
    Outcome::Failed(failure)
}

fn tell(style: Style, text: &str) {
    // Where even that can't be told, the exit code does.
    let _ = console::show(style, &Notice::Error(text.to_owned()).into());
}

/// One for the carrier and the app, one for signals while an output is stuck.
const WORKERS: usize = 2;
const PROMPT_TIMEOUT: Duration = Duration::from_millis(300);
const NOBODY: &str = "nobody";
/// How long `send` waits for those for whom it is, unless told otherwise.
const WAIT_TIMEOUT: Duration = Duration::from_secs(60);
const NICK_TRIES: usize = 3;
/// The room that the command line named.
const FIRST_ROOM: &str = "/room 1";
/// Leaving takes at most two seconds.
const STUCK_TIMEOUT: Duration = Duration::from_secs(3);

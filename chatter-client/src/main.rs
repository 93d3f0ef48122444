//! The program: arguments in, one stay in a room, an exit code out.
//!
//! **In** the command line, stdin, signals. **Out** the exit code. **Never** a decision about the talk: that is
//! `app.rs`'s.

use std::alloc::System;
use std::env;
use std::io::{self, Write as _};
use std::process::{ExitCode, exit};
use std::time::Duration;

use chatter_client::args::{Action, Args, Common, ScreenArgs, Words};
use chatter_client::console::{self, Style};
use chatter_client::credentials::{self, PassphraseSource};
use chatter_client::exit::{Failure, Outcome};
use chatter_client::route::{Route, Wish};
use chatter_client::secret::{self, SecretText};
use chatter_client::signals::Signals;
use chatter_client::{Handle, Notice, Notices, Options, start, texts, ui};
use chatter_protocol::ids::Nickname;
use chatter_protocol::invite::{Link, RoomLink, is_link, parse_label};
use clap::Parser;
use tokio::runtime;
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};
use zeroizing_alloc::ZeroAlloc;

/// What is given back is zeros: nothing of a talk outlives its use in any library's leftovers.
#[global_allocator]
static HEAP: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    let Args { action, lang } = Args::parse();
    texts::choose(lang.as_deref(), |name| env::var(name).ok());
    let style = action.style();
    if let Some(document) = action.document() {
        // A reader that has seen enough is no failure.
        let _ = io::stdout().write_all(&document);
        return ExitCode::SUCCESS;
    }
    let mut runtime = runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(WORKERS).enable_all().on_thread_park(secret::scrub_stack).build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            tell(style, &format!("this system gives no threads: {error}"));
            return ExitCode::from(Outcome::Failed(Failure::Local).code());
        }
    };
    let outcome = runtime.block_on(run(action, style));
    // A prompt or a read of stdin may still be waiting; nothing waits for it.
    runtime.shutdown_background();
    ExitCode::from(outcome.code())
}

/// From the arguments to the end of the stay.
async fn run(action: Action, style: Style) -> Outcome {
    let mut signals = match Signals::take() {
        Ok(signals) => signals,
        Err(error) => return fail(style, Failure::Local, &format!("signals can't be handled here: {error}")),
    };
    let reads_lines = !matches!(action, Action::Send { .. } | Action::Rooms { .. });
    let screen = action.screen().filter(|screen| screen.screen || console::has_screen()).cloned();
    // Links and keys pass through a thread of their own: what this one holds across a pause, nothing wipes.
    let mut started = spawn_blocking(move || {
        let started = prepare(action, style).and_then(|options| options.map(begin).transpose());
        secret::scrub_stack();
        started
    });
    let started = tokio::select! {
        started = &mut started => started,
        () = signals.next() => {
            // A prompt broken off by Ctrl-C puts the terminal right again before it ends.
            let _ = timeout(PROMPT_TIMEOUT, started).await;
            return Outcome::Interrupted;
        }
    };
    let Started { handle, mut notices, room, nick } = match started {
        Ok(Ok(Some(started))) => started,
        Ok(Ok(None)) => return Outcome::Left,
        Ok(Err((failure, text))) => return fail(style, failure, &text),
        Err(_) => return fail(style, Failure::Local, "the questions could not be asked"),
    };
    if let Some(screen) = screen {
        let theme = screen.theme(|name| env::var(name).ok());
        let ScreenArgs { ring: when, ring_by: how, .. } = screen;
        tokio::spawn(interrupt(signals, handle.clone()));
        return show(ui::Settings { theme, when, how, room, nick }, handle, notices).await;
    }
    if reads_lines {
        console::read_lines(handle.clone(), style);
    }
    tokio::spawn(interrupt(signals, handle.clone()));
    while let Some(told) = notices.next().await {
        if let Notice::Finished(outcome) = told.notice {
            return outcome;
        }
        if console::show(style, &told).is_err() {
            // Nobody reads any more.
            handle.interrupt();
        }
    }
    fail(style, Failure::Local, "the client stopped unexpectedly")
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
        Err(error) => {
            fail(Style::Plain, Failure::Local, &format!("the terminal can't be used: {error}; try --plain"))
        }
    }
}

/// A stay that has begun, and what a screen shows of it before anything else.
struct Started {
    handle: Handle,
    notices: Notices,
    room: String,
    nick: String,
}

fn begin(options: Options) -> Result<Started, (Failure, String)> {
    let (room, nick) = (options.label().to_owned(), options.nick().to_string());
    let (handle, notices) = start(options).map_err(|error| local(&error))?;
    Ok(Started { handle, notices, room, nick })
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
fn prepare(action: Action, style: Style) -> Result<Option<Options>, (Failure, String)> {
    let wish = action.common().map_or(Ok(Wish::None), wish)?;
    let Some((options, common)) = stay(action, style)? else { return Ok(None) };
    let options = credentials::equip(options, &common)?.with_chaff(common.chaff);
    let options = if common.no_rejoin { options.without_return() } else { options };
    let variable = |name: &str| env::var(name).ok();
    let route = Route::choose(wish, options.access(), variable);
    Ok(Some(options.by(route.map_err(|error| (Failure::Usage, error.to_string()))?)))
}

/// What the user says about proxies.
fn wish(common: &Common) -> Result<Wish, (Failure, String)> {
    let usage = |text: String| (Failure::Usage, text);
    let text = match (&common.proxy_file, &common.proxy) {
        (Some(file), _) => secret::first_line_of(file)
            .map_err(|error| usage(format!("--proxy-file {}: {error}", file.display())))?,
        (None, Some(text)) => SecretText::new(text.clone()),
        (None, None) => return Ok(Wish::None),
    };
    Wish::parse(text.expose()).map_err(|error| usage(format!("--proxy: {error}")))
}

fn stay(action: Action, style: Style) -> Result<Option<(Options, Common)>, (Failure, String)> {
    match action {
        Action::New { link, room, listed, words, common } => {
            let label = label(&room)?;
            let listed = listed.map(|name| Nickname::parse(&name)).transpose();
            let listed = listed.map_err(|error| (Failure::Usage, format!("--listed: {error}")))?;
            let access = parse_link(link, "access link")?.access().clone();
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
        Action::Rooms { link, common } => {
            let access = parse_link(link, "access link")?.access().clone();
            // Nobody is met.
            let nick = Nickname::parse(NOBODY).map_err(|error| local(&error))?;
            Ok(Some((Options::list(access, nick).without_return(), common)))
        }
        Action::Join { link, listed: Some(name), common, .. } => {
            let access = parse_link(link, "access link")?.access().clone();
            Ok(Some((Options::join_listed(access, name, nick(&common)?), common)))
        }
        Action::Join { link, listed: None, words, common } => {
            Ok(Some((Options::join(room_link(link, &words, style)?, nick(&common)?), common)))
        }
        Action::Send { mut link_and_text, words, common } => {
            let text = link_and_text.pop().unwrap_or_default();
            let link = link_and_text.pop();
            if link.is_none() && is_link(&text) {
                return Err((Failure::Usage, "what to say is missing: send LINK 'text'".to_owned()));
            }
            Ok(Some((Options::send(room_link(link, &words, style)?, nick(&common)?, text), common)))
        }
        Action::Completions { .. } | Action::Man => Ok(None),
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
    parse_label(room)
        .map_err(|_| (Failure::Usage, "--room takes letters, digits and -._~, at most 64".to_owned()))
}

fn room_link(given: Option<String>, words: &Words, style: Style) -> Result<RoomLink, (Failure, String)> {
    if let Some(source) = PassphraseSource::given(words.passphrase, words.passphrase_file.as_deref()) {
        let label = label(&words.room)?;
        let access = parse_link(given, "access link")?.access().clone();
        let passphrase = credentials::room_passphrase(source)?;
        return Ok(credentials::stretch(access, label, &passphrase, style));
    }
    let link = parse_link(given, "room link")?;
    link.into_room().map_err(|error| (Failure::Link, error.to_string()))
}

fn parse_link(given: Option<String>, what: &str) -> Result<Link, (Failure, String)> {
    let text = match given.filter(|given| given != "-") {
        Some(text) => SecretText::new(text),
        None => ask_for_link(what).map_err(|_| (Failure::Usage, format!("no {what} was given")))?,
    };
    Link::parse(text.expose()).map_err(|error| (Failure::Link, error.to_string()))
}

fn ask_for_link(what: &str) -> io::Result<SecretText> {
    if console::is_interactive() { secret::ask(what) } else { console::first_line() }
}

fn nick(common: &Common) -> Result<Nickname, (Failure, String)> {
    let text = match &common.nick {
        Some(nick) => nick.clone(),
        None if console::is_interactive() => console::ask("what shall you be called")
            .map_err(|_| (Failure::Usage, "no nickname was given".to_owned()))?,
        None => return Err((Failure::Usage, "--nick is missing: say what you are called".to_owned())),
    };
    Nickname::parse(&text).map_err(|error| (Failure::Usage, format!("--nick: {error}")))
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
/// Leaving takes at most two seconds.
const STUCK_TIMEOUT: Duration = Duration::from_secs(3);

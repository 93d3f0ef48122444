//! chatterd: arguments, settings, run, exit code.
#![forbid(unsafe_code)]

use std::alloc::System;
use std::fmt::Display;
use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::time::Duration;

use chatter_protocol::stack;
use chatterd::config::{Arguments, Environment, Sources};
use chatterd::daemon;
use chatterd::exit::Exit;
use chatterd::handed::Handed;
use chatterd::{journal, process};
use zeroizing_alloc::ZeroAlloc;

/// What is given back is zeros: no library's leftovers outlive their use.
#[global_allocator]
static HEAP: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    run().unwrap_or_else(|exit| exit).into()
}

fn run() -> Result<Exit, Exit> {
    let refused = process::harden();
    let arguments = Arguments::of_process()?;
    if arguments.man {
        let page = Arguments::manual().map_err(|error| fail(&error, Exit::Software))?;
        return io::stdout().write_all(&page).map(|()| Exit::Done).map_err(|error| fail(&error, Exit::Files));
    }
    let environment = Environment::of_process();
    let secrets = environment.secrets();
    let stays = (!secrets.is_empty()).then(|| process::anew::start_without(&secrets));
    let sources = Sources { arguments, environment };
    let config = sources.load().map_err(|error| fail(&error, Exit::Config))?;
    let volume =
        journal::start(config.log, &sources.environment).map_err(|error| fail(&error, Exit::Config))?;
    if sources.arguments.check {
        let (findings, exit) = config.check();
        let _ = writeln!(io::stdout(), "{findings}");
        return Ok(exit);
    }
    let handed = Handed::take(&sources.environment).map_err(|error| fail(&error, Exit::Config))?;
    refused.iter().for_each(|refused| tracing::warn!("{refused}"));
    if let Some(error) = stays {
        tracing::warn!(%error, "variables that may hold secrets can't be taken out of the environment");
    }
    config.warnings().for_each(|warning| tracing::warn!("{warning}"));
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.enable_all().on_thread_park(stack::wipe).build();
    let runtime = runtime.map_err(|error| fail(&error, Exit::Software))?;
    // Not on this thread, whose stack nothing wipes while it waits; and past the buffer of the library's standard output,
    // which would keep the access link.
    let stdout = unbuffered(io::stdout()).map_err(|error| fail(&error, Exit::Software))?;
    let ended =
        runtime.block_on(async { tokio::spawn(daemon::run(config, sources, volume, handed, stdout)).await });
    runtime.shutdown_timeout(TASKS_END);
    let ended = ended.map_err(|error| fail(&error, Exit::Software))?;
    ended.map_err(|error| fail(&error, error.exit()))?;
    Ok(Exit::Done)
}

fn unbuffered(stream: impl AsFd) -> io::Result<File> {
    Ok(File::from(stream.as_fd().try_clone_to_owned()?))
}

fn fail(error: &impl Display, exit: Exit) -> Exit {
    let _ = writeln!(io::stderr(), "chatterd: {error}");
    exit
}

/// How long files that are being read or written may keep the process.
const TASKS_END: Duration = Duration::from_millis(300);

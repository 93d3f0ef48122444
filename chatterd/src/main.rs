//! chatterd: arguments, settings, run, exit code.
#![forbid(unsafe_code)]

use std::alloc::System;
use std::fmt::Display;
use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use chatterd::config::{Arguments, Config, Environment};
use chatterd::daemon;
use chatterd::exit::Exit;
use chatterd::{journal, process};
use zeroizing_alloc::ZeroAlloc;

/// What is freed is wiped first: words of strangers, tokens, addresses, pages made for somebody.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    run().unwrap_or_else(|exit| exit).into()
}

fn run() -> Result<Exit, Exit> {
    let refused = process::harden();
    let arguments = Arguments::of_process()?;
    let environment = Environment::of_process();
    journal::start(&environment).map_err(|error| fail(&error, Exit::Config))?;
    let config = Config::load(&arguments, &environment).map_err(|error| fail(&error, Exit::Config))?;
    if arguments.check {
        let (findings, exit) = config.check();
        let _ = writeln!(std::io::stdout(), "{findings}");
        return Ok(exit);
    }
    refused.iter().for_each(|refused| tracing::warn!("{refused}"));
    config.warnings().for_each(|warning| tracing::warn!("{warning}"));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| fail(&error, Exit::Software))?;
    let ended = runtime.block_on(daemon::run(config, std::io::stdout()));
    runtime.shutdown_timeout(TASKS_END);
    ended.map_err(|error| fail(&error, error.exit()))?;
    Ok(Exit::Done)
}

fn fail(error: &impl Display, exit: Exit) -> Exit {
    let _ = writeln!(std::io::stderr(), "chatterd: {error}");
    exit
}

/// How long files that are being read or written may keep the process.
const TASKS_END: Duration = Duration::from_millis(300);

//! chatterd: arguments, settings, run, exit code.
#![forbid(unsafe_code)]

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use chatterd::config::{Arguments, Config, Environment, Finding};
use chatterd::daemon::{self, DaemonError};
use chatterd::{journal, process};
use clap::Parser as _;

fn main() -> ExitCode {
    let refused = process::harden();
    let arguments = Arguments::try_parse().unwrap_or_else(|error| {
        let _ = error.print();
        std::process::exit(if error.use_stderr() { USAGE } else { 0 });
    });
    let environment = Environment::of_process();
    if let Err(error) = journal::start(&environment) {
        return fail(CONFIG, &error);
    }
    let config = match Config::load(&arguments, &environment) {
        Ok(config) => config,
        Err(error) => return fail(CONFIG, &error),
    };
    if arguments.check {
        return check(&config);
    }
    refused.iter().for_each(|refused| tracing::warn!("{refused}"));
    config.warnings().for_each(|warning| tracing::warn!("{warning}"));
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(SOFTWARE, &error),
    };
    let ended = runtime.block_on(daemon::run(config, std::io::stdout()));
    runtime.shutdown_timeout(Duration::from_millis(300));
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(exit_code(&error), &error),
    }
}

fn check(config: &Config) -> ExitCode {
    let findings = config.findings();
    let mut stdout = std::io::stdout().lock();
    for finding in &findings {
        let _ = writeln!(stdout, "{finding}");
    }
    let broken = findings.iter().any(|finding| matches!(finding, Finding::Error(_)));
    if broken { ExitCode::from(CONFIG) } else { ExitCode::SUCCESS }
}

fn fail(code: impl TryInto<u8>, error: &dyn std::error::Error) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "chatterd: {error}");
    ExitCode::from(code.try_into().unwrap_or(1))
}

fn exit_code(error: &DaemonError) -> u8 {
    match error {
        DaemonError::Listen { .. } | DaemonError::AdminSocket(_) => UNAVAILABLE,
        DaemonError::Keys(_) | DaemonError::StateDirectory(_) | DaemonError::Report(_) => INPUT_OUTPUT,
        DaemonError::Persona(_) | DaemonError::Carrier(_) => CONFIG,
        DaemonError::System(_) => SOFTWARE,
    }
}

// sysexits.h
const USAGE: i32 = 64;
const UNAVAILABLE: u8 = 69;
const SOFTWARE: u8 = 70;
const INPUT_OUTPUT: u8 = 74;
const CONFIG: u8 = 78;

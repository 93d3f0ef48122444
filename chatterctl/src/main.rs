//! The operator's command line for chatterd.
//!
//! **In** arguments. **Out** what the daemon says, as text or JSON, and an exit code. **Never** a decision: chatterd makes
//! those.
//!
//! ```text
//! arguments ──args──> command ──reach──> chatterd's socket
//!                        └──> answer or failure ──output──> stdout, stderr, exit code
//! ```
#![forbid(unsafe_code)]

mod args;
mod commands;
mod failure;
mod output;
mod reach;

use std::process::ExitCode;

use clap::Parser as _;
use clap::error::ErrorKind;

use args::Arguments;
use failure::Failure;
use output::Format;

fn main() -> ExitCode {
    match Arguments::try_parse() {
        Ok(arguments) => run(&arguments),
        Err(error) => not_parsed(&error),
    }
}

fn run(arguments: &Arguments) -> ExitCode {
    let format = Format::new(arguments.json);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(commands::run(arguments, format)),
        Err(error) => Err(Failure::failed(format!("cannot start: {error}"))),
    };
    match result {
        Ok(answer) => output::answer(&answer, format),
        Err(Failure::Unread) => ExitCode::SUCCESS,
        Err(failure) => output::failure(&failure, format),
    }
}

/// Help and version are answers; the rest is told in JSON where that was asked for, as far as one can see.
fn not_parsed(error: &clap::Error) -> ExitCode {
    let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    let json = std::env::args_os()
        .skip(1)
        .take_while(|argument| argument != "--")
        .any(|argument| argument == "--json");
    if asked || !json {
        return output::usage(error);
    }
    let text = error.to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text).trim_end();
    output::failure(&Failure::usage(text), Format::Json)
}

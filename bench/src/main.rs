//! What relaying costs: a real `chatterd` under load, a real `chatterd` at rest, and single steps of the protocol.
//!
//! **In** arguments. **Out** tables on standard output. **Never** a verdict on a figure: machines differ, and so do
//! their other workloads. What is checked is that every message came to everybody once and in order.
//!
//! ```text
//! relay, idle, refuse ──▶ server.rs  the daemon as a child process, its CPU and memory out of /proc
//!                ├──────▶ member.rs  one member: a client's session over real sockets
//!                │        crowd.rs  all members, beside the script that watches them
//!                │        talk.rs   one room: what is said, who has heard it, how late
//!                └──────▶ flood.rs  banned addresses that knock
//! latency ──▶ distance.rs         the client itself, near and far
//! carrier, tokens ──▶ server.rs   strangers' downloads
//! decoy, pace, burst ──▶ peers.rs  the servers beside us
//! micro                              single steps, in this process
//! ```
#![forbid(unsafe_code)]

mod args;
mod burst;
mod carrier;
mod crowd;
mod decoy;
mod distance;
mod fetch;
mod flood;
mod idle;
mod latency;
mod member;
mod micro;
mod pace;
mod peers;
mod refuse;
mod relay;
mod server;
mod table;
mod talk;
mod tokens;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

use args::{Arguments, Part};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "chatter-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> anyhow::Result<()> {
    table::print(&format!("{}\n", arguments.summary()));
    for part in arguments.parts() {
        let text = match part {
            Part::Relay => relay::measure(arguments)?,
            Part::Idle => idle::measure(arguments)?,
            Part::Latency => latency::measure(arguments)?,
            Part::Carrier => carrier::measure(arguments)?,
            Part::Refuse => refuse::measure(arguments)?,
            Part::Tokens => tokens::measure(arguments)?,
            Part::Micro => micro::measure(arguments.quick),
            Part::Decoy => decoy::measure(arguments)?,
            Part::Pace => pace::measure(arguments)?,
            Part::Burst => burst::measure(arguments)?,
        };
        table::print(&text);
    }
    Ok(())
}

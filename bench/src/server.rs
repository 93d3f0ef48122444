//! The daemon under measurement.
//!
//! **In** the path of a `chatterd`. **Out** a running one that keeps nothing, its access link, what it has used.
//! **Never** one that outlives its handle, or that anybody but this machine can reach.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use chatter_protocol::invite::{AccessLink, Link};
use chatter_protocol::limits::ROOM_MEMBERS_MAX;
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::{Pid, SysconfVar, sysconf};
use tempfile::TempDir;

use crate::args::Arguments;

/// A `chatterd` that is killed when this is dropped.
pub(crate) struct Server {
    child: Child,
    link: AccessLink,
    // Open, so that the daemon never writes to nobody.
    _stdout: BufReader<ChildStdout>,
    directory: TempDir,
}

impl Server {
    /// Starts one on a free port of the loopback address.
    pub(crate) fn start(arguments: &Arguments) -> anyhow::Result<Self> {
        Self::with(arguments, &[])
    }

    /// Starts one with these variables in its environment.
    pub(crate) fn with(arguments: &Arguments, settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        let program = program(arguments)?;
        let directory = tempfile::tempdir()?;
        let mut command = Command::new(&program);
        let ours = |name: &OsStr| name.to_string_lossy().starts_with("CHATTERD_");
        for (name, _) in std::env::vars_os().filter(|(name, _)| ours(name)) {
            command.env_remove(name);
        }
        command
            .args(["--ephemeral", "--listen", "127.0.0.1:0", "--admin-socket"])
            .arg(directory.path().join("admin.sock"))
            .env("CHATTERD_ROOMS_MEMBERS_MAX", ROOM_MEMBERS_MAX.to_string())
            .env("CHATTERD_LOG", "error")
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        if !settings.is_empty() {
            // Bans are told at every level.
            command.stderr(Stdio::null());
        }
        let spawned = on_cores(arguments.pin, SERVER_CORE, || command.spawn())?;
        let mut child = spawned.with_context(|| format!("{} can't be started", program.display()))?;
        let mut stdout = BufReader::new(child.stdout.take().context("its output is piped")?);
        match read_link(&mut stdout) {
            Ok(link) => Ok(Self { child, link, _stdout: stdout, directory }),
            Err(error) => {
                let _ = child.kill();
                let _ = child.wait();
                Err(error)
            }
        }
    }

    /// The way in.
    pub(crate) fn link(&self) -> &AccessLink {
        &self.link
    }

    /// Where the operator is heard.
    pub(crate) fn admin_socket(&self) -> PathBuf {
        self.directory.path().join("admin.sock")
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> anyhow::Result<SocketAddr> {
        let address = &self.link.address;
        Ok(SocketAddr::new(address.host.parse()?, address.port))
    }

    /// User and system time that all its threads have used.
    pub(crate) fn cpu(&self) -> anyhow::Result<Duration> {
        cpu_of(self.child.id())
    }

    /// Bytes of memory that it holds.
    pub(crate) fn memory(&self) -> anyhow::Result<f64> {
        let status = fs::read_to_string(self.proc_file("status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("VmRSS")?;
        let kibibytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kibibytes * 1024.0)
    }

    fn proc_file(&self, name: &str) -> PathBuf {
        format!("/proc/{}/{name}", self.child.id()).into()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Fails only where it has ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// User and system time that all threads of a process have used.
pub(crate) fn cpu_of(process: u32) -> anyhow::Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The second field is the program's name and may hold anything; what follows its last parenthesis may not.
    let (_, fields) = stat.rsplit_once(')').context("a line of /proc/PID/stat")?;
    let mut fields = fields.split_ascii_whitespace().skip(11);
    let mut ticks = || -> anyhow::Result<f64> { Ok(fields.next().context("too few fields")?.parse()?) };
    let used = ticks()? + ticks()?;
    let per_second = sysconf(SysconfVar::CLK_TCK)?.context("the clock's ticks are counted")?;
    Ok(Duration::from_secs_f64(used / per_second as f64))
}

/// Keeps this thread, and what it starts from now on, away from the server's core.
pub(crate) fn pin_members(arguments: &Arguments) -> anyhow::Result<()> {
    if arguments.pin { pin(MEMBERS_CORE) } else { Ok(()) }
}

/// Runs `start` on one core, if wanted; what it starts inherits that.
fn on_cores<T>(wanted: bool, core: usize, start: impl FnOnce() -> T) -> anyhow::Result<T> {
    if !wanted {
        return Ok(start());
    }
    let before = sched_getaffinity(THIS_THREAD)?;
    pin(core)?;
    let started = start();
    sched_setaffinity(THIS_THREAD, &before)?;
    Ok(started)
}

fn pin(core: usize) -> anyhow::Result<()> {
    let mut cores = CpuSet::new();
    cores.set(core)?;
    sched_setaffinity(THIS_THREAD, &cores).with_context(|| format!("--pin needs core {core}"))
}

fn program(arguments: &Arguments) -> anyhow::Result<PathBuf> {
    let beside = || -> anyhow::Result<PathBuf> {
        let own = std::env::current_exe()?;
        Ok(own.parent().unwrap_or(Path::new(".")).join("chatterd"))
    };
    let program = arguments.chatterd.clone().map_or_else(beside, Ok)?;
    if !program.is_file() {
        bail!(
            "there is no {}: build it with `cargo build --release -p chatterd`, or name one with --chatterd",
            program.display()
        );
    }
    Ok(program)
}

fn read_link(stdout: &mut BufReader<ChildStdout>) -> anyhow::Result<AccessLink> {
    let mut line = String::new();
    while stdout.read_line(&mut line)? > 0 {
        if let Some(link) = line.trim_end().strip_prefix("access link ") {
            return Ok(Link::parse(link)?.access().clone());
        }
        line.clear();
    }
    bail!("chatterd has ended before it listened; its own words stand above")
}

const THIS_THREAD: Pid = Pid::from_raw(0);
const SERVER_CORE: usize = 0;
const MEMBERS_CORE: usize = 1;

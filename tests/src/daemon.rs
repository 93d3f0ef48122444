//! One chatterd: its settings, its folders, what it says at its start.
//!
//! **In** settings as TOML. **Out** a running daemon, its address, its access link. **Never** a port that something else
//! might have.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use crate::operator::Operator;
use crate::process::Process;
use crate::programs;

/// The folders of one daemon, over all its runs.
#[derive(Debug)]
pub struct Home {
    folder: TempDir,
}

/// A running chatterd.
#[derive(Debug)]
pub struct Daemon {
    /// The process.
    pub process: Process,
    /// Where it answers.
    pub address: SocketAddr,
    /// Its admin socket.
    pub socket: PathBuf,
    access_link: Option<String>,
}

impl Home {
    /// Fresh folders.
    ///
    /// # Panics
    /// Where there is no room for them.
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    /// A path in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Where bans are reported.
    pub fn report(&self) -> PathBuf {
        self.path("state/report.txt")
    }

    /// Starts a daemon that keeps nothing, with these settings.
    ///
    /// # Panics
    /// Where it does not start.
    pub fn ephemeral(&self, settings: &str) -> Daemon {
        self.start(command(), LOOPBACK, settings, true)
    }

    /// The same, in the environment that the installed unit gives it.
    ///
    /// # Panics
    /// Where it does not start.
    pub fn installed(&self, settings: &str) -> Daemon {
        let mut command = command();
        let assignments = UNIT.lines().filter_map(|line| line.strip_prefix("Environment=")?.split_once('='));
        command.envs(assignments);
        self.start(command, LOOPBACK, settings, true)
    }

    /// The same as [`ephemeral`](Self::ephemeral), listening on `address`, with these variables beside its settings.
    ///
    /// # Panics
    /// Where it does not start.
    pub fn ephemeral_on(&self, address: &str, settings: &str, variables: &[(&str, &str)]) -> Daemon {
        let mut command = command();
        command.envs(variables.iter().copied());
        self.start(command, address, settings, true)
    }

    /// Starts a daemon with lasting keys and a report, with these settings. None of them may be in a table before
    /// those without one.
    ///
    /// # Panics
    /// Where it does not start.
    pub fn lasting(&self, settings: &str) -> Daemon {
        self.lasting_on(LOOPBACK, settings)
    }

    /// The same, with these variables beside its settings.
    ///
    /// # Panics
    /// Where it does not start.
    pub fn lasting_with(&self, settings: &str, variables: &[(&str, &str)]) -> Daemon {
        let mut command = command();
        command.envs(variables.iter().copied());
        let state = self.path("state");
        self.start(command, LOOPBACK, &format!("state-directory = '{}'\n{settings}", state.display()), false)
    }

    /// The same, where it answers at this address.
    ///
    /// # Panics
    /// Where it does not start.
    pub fn lasting_on(&self, listen: &str, settings: &str) -> Daemon {
        let state = self.path("state");
        self.start(command(), listen, &format!("state-directory = '{}'\n{settings}", state.display()), false)
    }

    /// Starts a daemon that keeps nothing and listens where these settings say; its first entrance is one by TCP.
    ///
    /// # Panics
    /// Where it does not start.
    pub fn ephemeral_by(&self, settings: &str) -> Daemon {
        self.launch(command(), settings, true)
    }

    /// Starts a daemon with lasting keys and a report that listens where these settings say; its first entrance is one by TCP.
    ///
    /// # Panics
    /// Where it does not start.
    pub fn lasting_by(&self, settings: &str) -> Daemon {
        let state = self.path("state");
        self.launch(command(), &format!("state-directory = '{}'\n{settings}", state.display()), false)
    }

    fn start(&self, mut command: Command, listen: &str, settings: &str, ephemeral: bool) -> Daemon {
        command.args(["--listen", listen]);
        self.launch(command, settings, ephemeral)
    }

    fn launch(&self, mut command: Command, settings: &str, ephemeral: bool) -> Daemon {
        let config = self.path("chatterd.toml");
        std::fs::write(&config, settings).expect("room for settings");
        let socket = self.path("run/admin.sock");
        command.arg("--config").arg(config);
        command.arg("--admin-socket").arg(&socket);
        if ephemeral {
            command.arg("--ephemeral");
        }
        let process = Process::start("chatterd", command);
        let address = process.wait("says where it listens", |lines| {
            let address = lines.iter().find_map(|line| line.strip_prefix("listening on "))?;
            Some(address.parse().expect("an address and a port"))
        });
        process.wait("says where its admin socket is", |lines| {
            lines.iter().find(|line| **line == format!("admin socket {}", socket.display())).map(|_| ())
        });
        let access_link = ephemeral.then(|| {
            process.wait("prints its access link", |lines| {
                lines.iter().find_map(|line| line.strip_prefix("access link ")).map(str::to_owned)
            })
        });
        Daemon { process, address, socket, access_link }
    }
}

impl Default for Home {
    fn default() -> Self {
        Self::new()
    }
}

impl Daemon {
    /// Where it answers by TCP, each entrance in the order of the settings.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        let lines = self.process.stdout.all();
        let listening = lines.iter().filter_map(|line| line.strip_prefix("listening on "));
        listening.filter_map(|place| place.parse().ok()).collect()
    }

    /// The operator's command line for it.
    pub fn operator(&self) -> Operator {
        Operator::new(&self.socket)
    }

    /// Its present access link: printed at the start where it keeps nothing, else asked for.
    pub fn access_link(&self) -> String {
        self.access_link.clone().unwrap_or_else(|| self.operator().link("invite"))
    }

    /// All that it has printed on standard error.
    pub fn log(&self) -> String {
        self.process.stderr.all().join("\n")
    }
}

const LOOPBACK: &str = "127.0.0.1:0";

/// A chatterd without arguments, whose settings come from nowhere else, and which logs all it can.
pub fn command() -> Command {
    let mut command = Command::new(programs::path("chatterd"));
    let foreign = std::env::vars_os().map(|(name, _)| name);
    for name in foreign.filter(|name| name.to_string_lossy().starts_with("CHATTERD_")) {
        command.env_remove(name);
    }
    command.env("CHATTERD_LOG", "trace");
    command
}

const UNIT: &str = include_str!("../../systemd/chatterd.service");

//! chatterd's command line.
//!
//! **In** the program's arguments. **Out** [`Arguments`], laid over what file and environment say.
//! **Never** a secret: arguments show in `ps`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Parser;

use crate::exit::Exit;

use super::file::{File, PublicHost};
use super::listen::{Listen, socket_address};

/// A forgotten Python file server to everybody, encrypted chat rooms to whoever holds the access link.
#[derive(Clone, Debug, Default, Parser)]
#[command(name = "chatterd", version, after_help = EXAMPLES, max_term_width = 100)]
pub struct Arguments {
    /// Keep nothing: make fresh keys, print an access link, serve until Ctrl-C, forget
    #[arg(long)]
    pub ephemeral: bool,

    /// Read settings from this file [env: CHATTERD_CONFIG]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Answer here; port 0 takes a free one. May be given several times [default: 0.0.0.0:8000] [env: CHATTERD_LISTEN]
    #[arg(long, value_name = "ADDRESS:PORT", value_parser = socket_address)]
    pub listen: Vec<SocketAddr>,

    /// Let chatterctl in by this Unix socket [env: CHATTERD_ADMIN_SOCKET]
    #[arg(long, value_name = "PATH")]
    pub admin_socket: Option<PathBuf>,

    /// The name or address, and the port if people reach another one, that access links carry
    /// [default with --ephemeral: 127.0.0.1] [env: CHATTERD_PUBLIC_HOST]
    #[arg(long, value_name = "HOST[:PORT]")]
    pub public_host: Option<PublicHost>,

    /// Say what the settings come to and what is risky about them, and end
    #[arg(long)]
    pub check: bool,

    /// Print the manual page
    #[arg(long, hide = true)]
    pub man: bool,
}

const EXAMPLES: &str = "\
Examples:
  chatterd --ephemeral
      try it: prints an access link; http://127.0.0.1:8000/ shows what strangers see
  chatterd --ephemeral --listen 0.0.0.0:8080 --public-host chat.example.org
      the same for people elsewhere
  chatterd --config /etc/chatterd/chatterd.toml --check
      does the file make sense? what would it do?
  chatterd --config /etc/chatterd/chatterd.toml
      serve; then `chatterctl invite` prints the access link

Every setting of the file can be given as a variable, too: [ban] after as CHATTERD_BAN_AFTER.
CHATTERD_LOG=error, warn, info, debug, trace or off says how much goes to stderr (under systemd: the
journal).

Exit codes:
   0 ended as asked; with --check: fine, or warnings alone
  64 wrong arguments
  69 an address or socket is in use or can't be had
  70 a fault of its own
  74 files can't be read or written
  78 wrong settings; with --check: would not start";

impl Arguments {
    /// Of this process. Where there are none to go by (help, version, a mistake), clap has its say and the exit code
    /// comes back.
    ///
    /// # Errors
    /// The code to exit with.
    pub fn of_process() -> Result<Self, Exit> {
        Self::try_parse().map_err(|error| {
            // Nothing is left to do where even this can't be printed.
            let _ = error.print();
            if error.use_stderr() { Exit::Usage } else { Exit::Done }
        })
    }

    /// The manual page, chatterd(8), as troff.
    ///
    /// # Errors
    /// None that a buffer in memory can have.
    pub fn manual() -> std::io::Result<Vec<u8>> {
        let mut page = Vec::new();
        clap_mangen::Man::new(<Self as clap::CommandFactory>::command()).section("8").render(&mut page)?;
        Ok(page)
    }

    pub(super) fn overlay(&self, file: &mut File) {
        if !self.listen.is_empty() {
            file.listen = Some(Listen::from(self.listen.clone()));
        }
        if let Some(socket) = &self.admin_socket {
            file.admin.socket = Some(socket.clone());
        }
        if let Some(host) = &self.public_host {
            file.public_host = Some(host.clone());
        }
    }
}

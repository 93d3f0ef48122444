//! The servers beside which the decoy is measured, on one directory.
//!
//! **In** a directory, what stands on this machine. **Out** running servers and what each has used. **Never** one that
//! outlives its handle, or that anybody but this machine can reach.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use tempfile::TempDir;

use crate::args::Arguments;
use crate::server::{self, Server};

/// A server on the loopback address.
pub(crate) enum Peer {
    Ours(Box<Server>),
    Theirs { name: &'static str, child: Child, address: SocketAddr, _files: TempDir },
}

impl Peer {
    /// A chatterd that serves `directory`, whose downloads of `carrier` may carry sessions.
    pub(crate) fn ours(
        arguments: &Arguments,
        directory: &Path,
        carrier: &str,
        settings: &[(&str, &str)],
    ) -> anyhow::Result<Peer> {
        let root = directory.to_string_lossy();
        let own = [("CHATTERD_DECOY_ROOT", &*root), ("CHATTERD_DECOY_CARRIER", carrier)];
        let settings = [settings, &own].concat();
        Ok(Peer::Ours(Box::new(Server::with(arguments, &settings)?)))
    }

    /// The machine's own `python3 -m http.server`; `None` where there is none.
    pub(crate) fn python(directory: &Path) -> anyhow::Result<Option<Peer>> {
        let address = free_address()?;
        let mut command = Command::new("/usr/bin/python3");
        command.args([
            "-m",
            "http.server",
            &address.port().to_string(),
            "--bind",
            "127.0.0.1",
            "--directory",
        ]);
        command.arg(directory);
        start("python", command, address, tempfile::tempdir()?)
    }

    /// nginx, one worker, listing on, log off; `None` where there is none.
    pub(crate) fn nginx(directory: &Path) -> anyhow::Result<Option<Peer>> {
        let address = free_address()?;
        let files = tempfile::tempdir()?;
        let own = files.path().display();
        let configuration = format!(
            "daemon off; master_process off; worker_processes 1; error_log /dev/null; pid {own}/pid;\n\
             events {{ worker_connections 1024; }}\n\
             http {{ access_log off; client_body_temp_path {own}/b; proxy_temp_path {own}/p; \
             fastcgi_temp_path {own}/f; uwsgi_temp_path {own}/u; scgi_temp_path {own}/s;\n\
             server {{ listen {address}; root {}; autoindex on; }} }}\n",
            directory.display()
        );
        let path = files.path().join("nginx.conf");
        fs::write(&path, configuration)?;
        let mut command = Command::new("/usr/sbin/nginx");
        command.arg("-p").arg(files.path()).arg("-c").arg(&path);
        start("nginx", command, address, files)
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Peer::Ours(_) => "chatterd",
            Peer::Theirs { name, .. } => name,
        }
    }

    pub(crate) fn address(&self) -> anyhow::Result<SocketAddr> {
        match self {
            Peer::Ours(server) => server.address(),
            Peer::Theirs { address, .. } => Ok(*address),
        }
    }

    /// User and system time that it has used.
    pub(crate) fn cpu(&self) -> anyhow::Result<Duration> {
        match self {
            Peer::Ours(server) => server.cpu(),
            Peer::Theirs { child, .. } => server::cpu_of(child.id()),
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        if let Peer::Theirs { child, .. } = self {
            // Fails only where it has ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn start(
    name: &'static str,
    mut command: Command,
    address: SocketAddr,
    files: TempDir,
) -> anyhow::Result<Option<Peer>> {
    if !Path::new(command.get_program()).is_file() {
        return Ok(None);
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let child = command.spawn().with_context(|| format!("{name} can't be started"))?;
    let peer = Peer::Theirs { name, child, address, _files: files };
    for _ in 0..100 {
        if TcpStream::connect(address).is_ok() {
            return Ok(Some(peer));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    bail!("{name} does not listen on {address}")
}

/// Free a moment ago: these servers can't be asked which port they took.
fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

//! Sockets that systemd has opened already (`chatterd.socket`, `chatterd-admin.socket`): they outlive this process, so that
//! whoever connects during a restart waits instead of being refused.
//!
//! **In** `$LISTEN_PID`, `$LISTEN_FDS`, `$LISTEN_FDNAMES`. **Out** listening sockets, each for what its name says.
//! **Never** one whose name or kind means nothing to us; **never** a descriptor that was handed to another process.

use std::net::TcpListener;
use std::os::unix::net::UnixListener;

use listenfd::ListenFd;

use crate::config::Environment;

/// What a socket unit calls (`FileDescriptorName=`) the sockets by which strangers and members come in.
pub const PUBLIC: &str = "http";
/// And the one for the operator.
pub const ADMIN: &str = "admin";

/// A listening socket for everybody.
#[derive(Debug)]
pub enum Public {
    /// An address and port.
    Tcp(TcpListener),
    /// A file, which is systemd's.
    Unix(UnixListener),
}

/// All that was handed in.
#[derive(Debug, Default)]
pub struct Handed {
    /// None: the daemon opens its own.
    pub public: Vec<Public>,
    /// None: the daemon opens its own.
    pub admin: Option<UnixListener>,
}

/// What was handed in can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HandedError {
    /// Its name.
    #[error(
        "systemd hands in a socket named {0:?}; chatterd knows FileDescriptorName={PUBLIC} (by TCP, or a Unix stream \
         socket) and {ADMIN} (a Unix stream socket)"
    )]
    Name(String),
    /// Its kind.
    #[error("systemd hands in a socket named {name:?} that can't be used: {reason}")]
    Kind {
        /// What it is called.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// More than one for the operator.
    #[error("systemd hands in several sockets named {ADMIN}: one is for the operator")]
    Several,
}

impl Handed {
    /// What systemd handed to this process. To be called once, while there is one thread: the variables are taken away.
    ///
    /// # Errors
    /// Where a socket means nothing to us.
    pub fn take(environment: &Environment) -> Result<Self, HandedError> {
        let text = |name| environment.var(name).map(|value| value.to_string_lossy().into_owned());
        if text("LISTEN_PID") != Some(std::process::id().to_string()) {
            return Ok(Self::default());
        }
        let names = text("LISTEN_FDNAMES").unwrap_or_default();
        let mut sockets = ListenFd::from_env();
        let mut names = names.split(':');
        let mut handed = Self::default();
        for index in 0..sockets.len() {
            let name = names.next().unwrap_or_default();
            let kind = |error: std::io::Error| HandedError::Kind {
                name: name.to_owned(),
                reason: error.to_string(),
            };
            match name {
                PUBLIC => {
                    let socket = match sockets.take_tcp_listener(index) {
                        Ok(tcp) => tcp.map(Public::Tcp),
                        Err(_) => sockets.take_unix_listener(index).map_err(kind)?.map(Public::Unix),
                    };
                    handed.public.extend(socket);
                }
                ADMIN if handed.admin.is_none() => {
                    handed.admin = sockets.take_unix_listener(index).map_err(kind)?;
                }
                ADMIN => return Err(HandedError::Several),
                other => return Err(HandedError::Name(other.to_owned())),
            }
        }
        Ok(handed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_another_processes_is_left_alone() {
        let theirs = [("LISTEN_PID", "1"), ("LISTEN_FDS", "1"), ("LISTEN_FDNAMES", "http")];
        let handed = Handed::take(&Environment::new(theirs, 0)).unwrap();
        assert!(handed.public.is_empty() && handed.admin.is_none());
        assert!(Handed::take(&Environment::default()).unwrap().public.is_empty());
    }
}

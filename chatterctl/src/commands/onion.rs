//! `chatterctl onion`: the daemon as an onion service.
//!
//! **In** a command, tor's control port, the daemon where it is there. **Out** what became of the service. **Never** a
//! word to the daemon that would give it rights over tor: whoever may use a control port rules over that tor, so this is
//! done by the operator's own hands, as root or as a member of tor's group. **Never** a key in arguments or errors.

mod descriptor;
mod folder;
mod link;
mod publish;
mod readers;
mod services;
mod socks;
mod status;

use std::time::{Duration, Instant};

use chatter_tor_control::{Connection, ControlError, Place, Proof};
use tokio::time::sleep;

use crate::args::Arguments;
use crate::args::onion::{Onion, Tor};
use crate::failure::Failure;
use crate::output::{Answer, Format};
use services::Services;

pub(super) async fn run(
    arguments: &Arguments,
    tor: &Tor,
    command: &Onion,
    format: Format,
) -> Result<Answer, Failure> {
    match command {
        Onion::Publish(publish) => publish::run(arguments, tor, publish, false, format).await,
        Onion::TakeOver(publish) => publish::run(arguments, tor, publish, true, format).await,
        Onion::Status => status::run(tor).await,
        Onion::Withdraw { erase, yes } => {
            let question = if *erase {
                "Withdraw the onion service, and delete its key for good?"
            } else {
                "Withdraw the onion service?"
            };
            super::confirm(*yes, question)?;
            publish::withdraw(tor, *erase).await
        }
        Onion::Authorize { name } => readers::authorize(tor, name).await,
        Onion::Revoke { name } => readers::revoke(tor, name).await,
        Onion::Readers => readers::list(tor),
    }
}

/// A connection to tor, and what it serves.
async fn open(tor: &Tor) -> Result<(Connection, Services), Failure> {
    let proof = match (&tor.cookie_file, &tor.password_file) {
        (Some(file), _) => Proof::Cookie(file.clone()),
        (None, Some(file)) => Proof::Password(file.clone()),
        (None, None) => Proof::Told,
    };
    let mut connection = Connection::open(&place(tor), &proof).await?;
    let services = services(&mut connection).await?;
    Ok((connection, services))
}

/// The same where tor may have just been started: it calls itself ready a second before its control socket is there.
async fn open_once_started(tor: &Tor) -> Result<(Connection, Services), Failure> {
    let end = Instant::now() + START_MAX.min(wait(tor));
    loop {
        match open(tor).await {
            Err(Failure::NoTor(_)) if Instant::now() < end => sleep(START_PAUSE).await,
            result => return result,
        }
    }
}

fn place(tor: &Tor) -> Place {
    let usual = || {
        let socket = std::path::PathBuf::from("/run/tor/control");
        if socket.exists() { Place::Unix(socket) } else { Place::Tcp(([127, 0, 0, 1], 9051).into()) }
    };
    tor.control.clone().unwrap_or_else(usual)
}

async fn services(connection: &mut Connection) -> Result<Services, Failure> {
    Ok(Services::read(&connection.ask("GETCONF HiddenServiceOptions").await?))
}

/// Has tor serve these and no others; with the same ones it looks at their keys and readers anew, and uploads.
async fn set(connection: &mut Connection, services: &Services) -> Result<(), Failure> {
    let uid = connection.info("process/uid").await?.parse().ok();
    for key_dir in services.key_dirs() {
        folder::check(key_dir, uid).map_err(Failure::failed)?;
    }
    let result = connection.ask(&services.command()).await;
    if let Err(ControlError::Refused { text, .. }) = &result {
        return Err(Failure::failed(format!(
            "tor refuses the service: {text}. Its log says more. The folder of the key has to be the tor user's own, of mode \
             0700, in one that is there; proof of work takes a tor that has it (tor --list-modules)"
        )));
    }
    Ok(result.map(drop)?)
}

fn wait(tor: &Tor) -> Duration {
    Duration::from_secs(tor.wait.into())
}

const START_MAX: Duration = Duration::from_secs(4);
const START_PAUSE: Duration = Duration::from_millis(200);

impl From<ControlError> for Failure {
    fn from(error: ControlError) -> Self {
        match error {
            ControlError::NotThere { .. } | ControlError::Silent | ControlError::Closed => {
                Self::NoTor(error.to_string())
            }
            ControlError::Forbidden { .. } | ControlError::Cookie { .. } => {
                Self::Forbidden(error.to_string())
            }
            ControlError::PasswordFile { .. }
            | ControlError::NoProof(_)
            | ControlError::WrongProof(_)
            | ControlError::NotTor(_)
            | ControlError::Refused { .. }
            | ControlError::Nonsense(_)
            | ControlError::Failed(_) => Self::failed(error.to_string()),
        }
    }
}

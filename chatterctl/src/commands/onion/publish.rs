//! `chatterctl onion publish`, `take-over`, `withdraw`.
//!
//! A tor that is told by its control port forgets the service when it is started anew or reads its torrc again, which
//! Debian has it do every day: that is what `--stay` and `--print-torrc` are for.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use chatter_tor_control::Connection;
use serde::Serialize;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::services::{Service, Services};
use super::{descriptor, link, readers, socks};
use crate::args::Arguments;
use crate::args::onion::{Publish, Tor};
use crate::failure::Failure;
use crate::output::{self, Answer, Format};

#[derive(Serialize)]
struct Fields {
    onion: String,
    port: u16,
    access_link: Option<String>,
    uploaded: usize,
    failed: usize,
    reachable: Option<bool>,
}

#[derive(Serialize)]
struct TorrcFields {
    torrc: String,
}

#[derive(Serialize)]
struct WithdrawnFields {
    withdrawn: bool,
    erased: bool,
}

/// Publishes; where it was another host's until now, although this tor may serve it already.
pub(super) async fn run(
    arguments: &Arguments,
    tor: &Tor,
    publish: &Publish,
    taken_over: bool,
    format: Format,
) -> Result<Answer, Failure> {
    let target = link::target(arguments, publish).await?;
    let service = Service::new(&tor.key_dir, publish.port, &target, publish.pow);
    if publish.print_torrc {
        let lines = service.torrc();
        let torrc = lines.iter().map(|line| format!("{line}\n")).collect();
        return Ok(Answer::verbatim(&TorrcFields { torrc }, |fields| &fields.torrc));
    }
    if publish.ephemeral && !in_memory(&tor.key_dir)? {
        return Err(Failure::usage(format!(
            "{} lies on a disk: --ephemeral needs a --key-dir in a tmpfs that tor may write to, such as /run/tor/chatterd",
            tor.key_dir.display()
        )));
    }
    let (mut connection, services) = super::open_once_started(tor).await?;
    if taken_over {
        has_key(&tor.key_dir)?;
        // Tor uploads at once what it did not serve a moment ago.
        super::set(&mut connection, &services.without(&tor.key_dir)).await?;
    }
    let first = once(&mut connection, tor, publish, &services, &service, format);
    if !publish.stay {
        let fields = first.await?;
        return Ok(answer(arguments, fields).await);
    }
    let mut end = End::listen()?;
    let fields = tokio::select! {
        fields = first => fields?,
        () = end.told() => return withdraw(tor, publish.ephemeral).await,
    };
    let answer = answer(arguments, fields).await;
    if let Err(error) = output::show(&answer, format)
        && error.kind() != io::ErrorKind::BrokenPipe
    {
        return Err(Failure::failed(format!("cannot print: {error}")));
    }
    stay(connection, tor, publish, &service, (format, end)).await
}

/// SIGTERM and SIGINT.
struct End(Signal, Signal);

impl End {
    fn listen() -> Result<Self, Failure> {
        let hear =
            |kind| signal(kind).map_err(|error| Failure::failed(format!("cannot hear signals: {error}")));
        Ok(Self(hear(SignalKind::terminate())?, hear(SignalKind::interrupt())?))
    }

    async fn told(&mut self) {
        tokio::select! {
            _ = self.0.recv() => {}
            _ = self.1.recv() => {}
        }
    }
}

/// Has tor serve it, and waits until the network knows.
async fn once(
    connection: &mut Connection,
    tor: &Tor,
    publish: &Publish,
    services: &Services,
    service: &Service,
    format: Format,
) -> Result<Fields, Failure> {
    connection.ask("SETEVENTS HS_DESC CONF_CHANGED").await?;
    super::set(connection, &services.with(service.clone())).await?;
    let onion = onion_name(&tor.key_dir)?;
    output::progress(format, &format!("tor serves {onion}; waiting until its network knows"));
    let address = onion.trim_end_matches(".onion");
    let uploads = descriptor::wait(connection, address, super::wait(tor)).await?;
    if uploads.done == 0 {
        let phase = connection.info("status/bootstrap-phase").await?;
        return Err(Failure::failed(format!(
            "the network does not know of {onion} after {} seconds; tor serves it all the same and goes on trying. Tor says of \
             itself: {phase}. Is this machine's clock right? Tor's log says more",
            tor.wait
        )));
    }
    let reachable = match publish.socks {
        None => None,
        // Without one of their keys nobody finds it, we neither.
        Some(_) if readers::names(&tor.key_dir).is_ok_and(|names| !names.is_empty()) => None,
        Some(socks) => {
            output::progress(format, "known; trying to reach it");
            let reached = socks::reach(socks, &onion, publish.port, super::wait(tor)).await;
            reached.map_err(|error| {
                Failure::failed(format!(
                    "{onion} is published, but does not answer through {socks}: {error}. Does the daemon run, and may tor connect \
                     to it?"
                ))
            })?;
            Some(true)
        }
    };
    let access_link = None;
    Ok(Fields {
        onion,
        port: publish.port,
        access_link,
        uploaded: uploads.done,
        failed: uploads.failed,
        reachable,
    })
}

async fn answer(arguments: &Arguments, fields: Fields) -> Answer {
    let mut lines = vec![format!(
        "published as {}, uploaded to {}",
        fields.onion,
        super::super::counted(fields.uploaded as u64, "directory", "directories")
    )];
    if fields.reachable == Some(true) {
        lines.push("reached through tor".to_owned());
    }
    let link = link::access_link(arguments, &fields.onion, fields.port).await;
    match &link {
        Ok(link) => lines.extend([String::new(), link.clone()]),
        Err(failure) => lines.push(format!("warning: no access link: {failure}")),
    }
    Answer::new(&Fields { access_link: link.ok(), ..fields }, &lines)
}

/// Until it is told to end; then takes the service off the network.
async fn stay(
    connection: Connection,
    tor: &Tor,
    publish: &Publish,
    service: &Service,
    (format, mut end): (Format, End),
) -> Result<Answer, Failure> {
    let mut connection = Some(connection);
    let keeping = async {
        loop {
            let kept = keep(connection.take(), tor, publish, service, format).await;
            if let Err(failure) = kept {
                output::progress(format, &failure.to_string());
            }
            tokio::time::sleep(PAUSE).await;
        }
    };
    tokio::select! {
        () = keeping => {}
        () = end.told() => {}
    }
    withdraw(tor, publish.ephemeral).await
}

/// Publishes anew whenever tor serves something else; ends where the connection does.
async fn keep(
    connection: Option<Connection>,
    tor: &Tor,
    publish: &Publish,
    service: &Service,
    format: Format,
) -> Result<(), Failure> {
    let mut connection = match connection {
        Some(connection) => connection,
        None => {
            let (mut connection, services) = super::open(tor).await?;
            once(&mut connection, tor, publish, &services, service, format).await?;
            output::progress(format, "published anew");
            connection
        }
    };
    loop {
        let event = connection.event().await?;
        if event.lines.first().is_none_or(|line| line.text != "CONF_CHANGED") {
            continue;
        }
        let services = super::services(&mut connection).await?;
        if services.find(&tor.key_dir) != Some(service) {
            once(&mut connection, tor, publish, &services, service, format).await?;
            output::progress(format, "tor had forgotten the service; published anew");
        }
    }
}

/// Takes it off the network, and deletes its key where that is wanted.
pub(super) async fn withdraw(tor: &Tor, erase: bool) -> Result<Answer, Failure> {
    let (mut connection, services) = super::open(tor).await?;
    let withdrawn = services.find(&tor.key_dir).is_some();
    if !withdrawn && !erase {
        return Err(Failure::failed("it is not published; see `chatterctl onion status`"));
    }
    super::set(&mut connection, &services.without(&tor.key_dir)).await?;
    if erase {
        let deleted = delete_key(&tor.key_dir);
        deleted.map_err(|error| {
            Failure::failed(format!("its key in {} stays: {error}", tor.key_dir.display()))
        })?;
    }
    let mut lines = vec![
        "withdrawn: nobody new comes in, and within hours the network forgets it".to_owned(),
        "Where it stands in a torrc, take it out there: tor takes it up again at its next reload.".to_owned(),
    ];
    if erase {
        lines.push("Its key is deleted.".to_owned());
    }
    Ok(Answer::new(&WithdrawnFields { withdrawn, erased: erase }, &lines))
}

/// What tor puts into a key's folder, and nothing else.
fn delete_key(key_dir: &Path) -> io::Result<()> {
    let readers = key_dir.join(readers::FOLDER);
    for name in readers::names(key_dir).unwrap_or_default() {
        fs::remove_file(readers.join(format!("{name}.auth")))?;
    }
    let gone = |result: io::Result<()>| match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    };
    for file in ["hs_ed25519_secret_key", "hs_ed25519_public_key", "hostname"] {
        gone(fs::remove_file(key_dir.join(file)))?;
    }
    gone(fs::remove_dir(&readers))?;
    gone(fs::remove_dir(key_dir))
}

/// The name that tor wrote beside the key, `….onion`.
pub(super) fn onion_name(key_dir: &Path) -> Result<String, Failure> {
    let file = key_dir.join("hostname");
    let text = fs::read_to_string(&file).map_err(|error| {
        let place = file.display();
        if error.kind() == io::ErrorKind::PermissionDenied {
            let what =
                format!("no permission to read {place}: call this as root, or as the user that tor runs as");
            return Failure::Forbidden(what);
        }
        Failure::failed(format!("cannot read {place}: {error}; this has to run on tor's own machine"))
    })?;
    let name = text.trim();
    let plain = name.strip_suffix(".onion").is_some_and(|address| {
        address.len() == 56 && address.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'2'..=b'7'))
    });
    if plain {
        Ok(name.to_owned())
    } else {
        Err(Failure::failed(format!("{} holds no onion name", file.display())))
    }
}

fn has_key(key_dir: &Path) -> Result<(), Failure> {
    match fs::metadata(key_dir.join("hs_ed25519_secret_key")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Failure::failed(format!(
            "there is no key in {} to take over with: copy hs_ed25519_secret_key there from the other host, owned by the user \
             that tor runs as, folder 0700, file 0600",
            key_dir.display()
        ))),
        // Who may not look leaves it to tor.
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Whether what is written there stays in memory.
#[cfg(target_os = "linux")]
fn in_memory(key_dir: &Path) -> Result<bool, Failure> {
    use nix::sys::statfs::{TMPFS_MAGIC, statfs};
    let there = key_dir.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("/"));
    let found = statfs(there)
        .map_err(|error| Failure::failed(format!("cannot look at {}: {error}", there.display())))?;
    Ok(found.filesystem_type() == TMPFS_MAGIC)
}

#[cfg(not(target_os = "linux"))]
fn in_memory(_: &Path) -> Result<bool, Failure> {
    Ok(false)
}

/// Before tor is asked again.
const PAUSE: Duration = Duration::from_secs(2);

//! `chatterctl onion status`

use serde::Serialize;

use super::publish::onion_name;
use super::readers;
use crate::args::onion::Tor;
use crate::failure::Failure;
use crate::output::Answer;

#[derive(Serialize)]
struct Fields {
    published: bool,
    onion: Option<String>,
    ports: Vec<String>,
    exports_circuits: bool,
    proof_of_work: bool,
    readers: Option<usize>,
    key_dir: String,
    other_services: usize,
    tor_version: String,
    bootstrapped: bool,
}

pub(super) async fn run(tor: &Tor) -> Result<Answer, Failure> {
    let (mut connection, services) = super::open(tor).await?;
    let progress = connection.info("status/bootstrap-phase").await?;
    let service = services.find(&tor.key_dir);
    let fields = Fields {
        published: service.is_some(),
        onion: onion_name(&tor.key_dir).ok(),
        ports: service.map_or_else(Vec::new, |service| service.ports().map(str::to_owned).collect()),
        exports_circuits: service.is_some_and(super::services::Service::exports_circuits),
        proof_of_work: service.is_some_and(super::services::Service::wants_work),
        readers: readers::names(&tor.key_dir).ok().map(|names| names.len()),
        key_dir: tor.key_dir.display().to_string(),
        other_services: services.len() - usize::from(service.is_some()),
        tor_version: connection.version().to_owned(),
        bootstrapped: progress.contains("PROGRESS=100"),
    };
    let mut lines = vec![match (&fields.onion, fields.published) {
        (Some(onion), true) => format!("published as {onion}"),
        (None, true) => {
            format!("published; its name stands in {}/hostname, which is not yours to read", fields.key_dir)
        }
        (Some(onion), false) => format!("not published; {} holds the key of {onion}", fields.key_dir),
        (None, false) => "not published".to_owned(),
    }];
    lines.extend(fields.ports.iter().map(|port| format!("port {port}")));
    if fields.published && !fields.exports_circuits {
        lines.push("warning: tor does not tell circuits apart here (HiddenServiceExportCircuitID): [[tor]] lets nobody in".to_owned());
    }
    if fields.published {
        lines.push(format!(
            "proof of work: {}",
            if fields.proof_of_work { "when many come at once" } else { "no" }
        ));
        lines.push(match fields.readers {
            Some(0) => "for everybody who has its name".to_owned(),
            Some(readers) => super::super::counted(readers as u64, "reader has a key", "readers have keys"),
            None => "who has a key is not yours to read".to_owned(),
        });
    }
    lines.push(format!(
        "tor {}, {}",
        fields.tor_version,
        if fields.bootstrapped { "connected to its network" } else { "not yet connected to its network" }
    ));
    let exit = if fields.published { 0 } else { 1 };
    Ok(Answer::new(&fields, &lines).exits(exit))
}

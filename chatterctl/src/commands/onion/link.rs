//! The daemon's part: where tor is to connect to, and the access link with the onion's name.
//!
//! **In** the admin API. **Out** a place, a link. **Never** a need for it: without a daemon a service can be published, for
//! one that is started later.

use std::time::Duration;

use chatter_proto::admin::{CreateInviteRequest, StatusRequest};
use chatter_tor_control::Place;

use crate::args::Arguments;
use crate::args::onion::Publish;
use crate::failure::Failure;
use crate::reach::Daemon;

/// Where tor connects to.
pub(super) async fn target(arguments: &Arguments, publish: &Publish) -> Result<Place, Failure> {
    if let Some(target) = &publish.target {
        return Ok(target.clone());
    }
    let mut daemon = find(arguments).await?;
    let hosts = daemon.ask(async |client| client.status(StatusRequest {}).await).await?.tor_hosts;
    let found: Vec<_> =
        hosts.iter().filter(|host| publish.host.as_ref().is_none_or(|name| *name == host.name)).collect();
    match (found.as_slice(), hosts.is_empty()) {
        ([host], _) => host
            .place
            .parse()
            .map_err(|_| Failure::failed("the daemon tells no place that tor could connect to")),
        (_, true) => Err(Failure::failed(
            "the daemon has no way in for an onion service: put [[tor]] into its settings (docs/operating.md, Onion service) \
             and restart it, or say with --target where tor is to connect to",
        )),
        ([], false) => {
            Err(Failure::usage("the daemon has no [[tor]] of this name; see `chatterctl config show`"))
        }
        (_, false) => Err(Failure::usage(format!(
            "the daemon has several [[tor]]: say with --host which of them this is ({})",
            hosts.iter().map(|host| host.name.as_str()).collect::<Vec<_>>().join(", ")
        ))),
    }
}

/// The access link with this name in it.
pub(super) async fn access_link(arguments: &Arguments, host: &str, port: u16) -> Result<String, Failure> {
    let mut daemon = find(arguments).await?;
    let request = CreateInviteRequest { host: format!("{host}:{port}"), ..CreateInviteRequest::default() };
    Ok(daemon.ask(async |client| client.create_invite(request).await).await?.access_link)
}

async fn find(arguments: &Arguments) -> Result<Daemon, Failure> {
    Daemon::find(arguments.socket.as_deref(), Duration::from_secs(arguments.timeout.into())).await
}

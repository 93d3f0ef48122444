//! `chatterctl ips`

use chatter_proto::admin::{Address, ListAddressesRequest};
use serde::Serialize;

use super::{bans, counted, time};
use crate::failure::Failure;
use crate::output::Answer;
use crate::reach::Daemon;

#[derive(Serialize)]
struct Fields {
    addresses: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    address: String,
    knocks: u64,
    last_knock_at: Option<u64>,
    first_knock_at: Option<u64>,
    banned: bool,
    ban: Option<bans::Row>,
    member: bool,
    members: u32,
    links: u32,
    exempt: bool,
    exempt_by: Option<String>,
}

pub(super) async fn run(daemon: &mut Daemon) -> Result<Answer, Failure> {
    let addresses =
        daemon.ask(async |client| client.list_addresses(ListAddressesRequest {}).await).await?.addresses;
    let rows: Vec<_> = addresses.iter().map(cells).collect();
    let heading = ["ADDRESS", "KNOCKS", "FIRST KNOCK", "LAST KNOCK", "WHY IT IS KNOWN"];
    let row = |address: Address| Row {
        address: address.address,
        knocks: address.knocks,
        first_knock_at: Some(address.first_knock_at).filter(|at| *at > 0),
        last_knock_at: Some(address.last_knock_at).filter(|at| *at > 0),
        banned: address.banned,
        ban: address.ban.map(bans::Row::from),
        member: address.member,
        members: address.members,
        links: address.links,
        exempt: address.exempt,
        exempt_by: Some(address.exempt_by).filter(|network| !network.is_empty()),
    };
    let fields = Fields { addresses: addresses.into_iter().map(row).collect() };
    Ok(Answer::table(&fields, heading, &rows, "no address is known", &[]))
}

fn cells(address: &Address) -> [String; 5] {
    let point = |at| if at == 0 { "-".to_owned() } else { time::point(at) };
    let [first, last] = [address.first_knock_at, address.last_knock_at].map(point);
    [address.address.clone(), address.knocks.to_string(), first, last, why(address).join("; ")]
}

fn why(address: &Address) -> Vec<String> {
    let mut why = Vec::new();
    if let Some(ban) = &address.ban {
        let since = if ban.since == 0 { "-".to_owned() } else { time::point(ban.since) };
        why.push(format!("banned for {} since {since} until {}", ban.reason, bans::ends(ban)));
    }
    if address.members > 0 {
        why.push(counted(address.members.into(), "member", "members"));
    } else if address.links > 0 {
        why.push(format!("{} opened", counted(address.links.into(), "session", "sessions")));
    }
    if why.is_empty() {
        why.push("counted".to_owned());
    }
    if address.exempt {
        why.push(format!("exempt by {}", address.exempt_by));
    }
    why
}

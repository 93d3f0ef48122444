//! `chatterctl ips`

use chatter_proto::admin::{Address, ListAddressesRequest};
use serde::Serialize;

use super::{time, yes};
use crate::failure::Failure;
use crate::output::{Answer, table};
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
    banned: bool,
    member: bool,
    exempt: bool,
}

pub(super) async fn run(daemon: &mut Daemon) -> Result<Answer, Failure> {
    let addresses =
        daemon.ask(async |client| client.list_addresses(ListAddressesRequest {}).await).await?.addresses;
    let rows: Vec<_> = addresses.iter().map(cells).collect();
    let lines = if rows.is_empty() {
        vec!["no address is known".to_owned()]
    } else {
        table(["ADDRESS", "KNOCKS", "LAST KNOCK", "WHAT"], &rows)
    };
    let row = |address: Address| Row {
        address: address.address,
        knocks: address.knocks,
        last_knock_at: Some(address.last_knock_at).filter(|at| *at > 0),
        banned: address.banned,
        member: address.member,
        exempt: address.exempt,
    };
    Ok(Answer::new(&Fields { addresses: addresses.into_iter().map(row).collect() }, &lines))
}

fn cells(address: &Address) -> [String; 4] {
    let last = if address.last_knock_at == 0 { "-".to_owned() } else { time::point(address.last_knock_at) };
    let what = [yes(address.banned, "banned"), yes(address.member, "member"), yes(address.exempt, "exempt")];
    let what: Vec<_> = what.into_iter().flatten().collect();
    let what = if what.is_empty() { "counted".to_owned() } else { what.join(", ") };
    [address.address.clone(), address.knocks.to_string(), last, what]
}

//! Tokens: cookies taken apart, genuine openings with any of their bytes changed, and what is no token at all.
//!
//! **In**: where a genuine token is changed, then a `Cookie` header. **Out**: only what is unchanged counts, and once.
//! **Never**: a token that counts though no client made it.

use chatter_protocol::client::{Output, Session};
use chatter_protocol::entropy::Entropy;
use chatter_protocol::ids::LinkId;
use chatter_protocol::time::Time;
use chatter_protocol::token;
use chatter_sim::Host;
use std::time::Duration;

/// A changed token opens nothing, the unchanged one once; and no cookie is a token by chance.
pub fn tokens(input: &[u8]) {
    let (changes, header) = input.split_at(input.len().min(CHANGES));
    let mut host = Host::new(Entropy::new([1; 32]));
    let cookie = first_cookie(&host);
    let name = host.code.server_key.cookie_name();
    let genuine = token::from_cookies(name, [cookie.as_bytes()]).expect("a client's own cookie");
    let mut changed = genuine.clone();
    for change in changes.chunks_exact(3) {
        let place = usize::from(u16::from_be_bytes([change[0], change[1]])) % changed.len();
        changed[place] ^= change[2];
    }
    let same = changed == genuine;
    let value = format!("{name}={}", token::to_cookie_value(&changed));
    assert_eq!(host.open(LinkId(1), &value, Duration::ZERO), same, "only what a client made opens a link");
    assert_eq!(host.open(LinkId(2), &cookie, Duration::ZERO), !same, "and that once");
    assert!(!host.open(LinkId(3), &cookie, Duration::ZERO));

    let Some(found) = token::from_cookies(name, [header]) else { return };
    let value = token::to_cookie_value(&found);
    let text = String::from_utf8_lossy(header);
    assert!(text.contains(&format!("{name}={value}")), "a token that does not stand in the cookie");
    assert_eq!(token::from_cookies(name, [header, header]), None, "two are none");
    let cookie = format!("{name}={value}");
    assert!(!host.up(&cookie, Duration::ZERO) && !host.open(LinkId(4), &cookie, Duration::ZERO));
}

fn first_cookie(host: &Host) -> String {
    let wall = host.wall(Duration::ZERO);
    let mut session = Session::new(&host.code, Entropy::new([2; 32]), Time::ZERO, wall);
    match session.poll_output() {
        Some(Output::Open { cookie, .. }) => cookie,
        other => panic!("a session begins with a link, not with {other:?}"),
    }
}

/// Bytes of an input that say what is changed.
const CHANGES: usize = 6;

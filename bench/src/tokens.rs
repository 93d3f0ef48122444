//! What cookies cost that look like tokens and are none: 50,000 requests with them beside 50,000 with another site's
//! cookie of that length, in turn.
//!
//! **In** nothing but the server. **Out** CPU seconds of the server for each. **Never** a genuine token, or a connection that
//! is used twice.

use std::fs;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::Context as _;
use chatter_proto::admin::{self, CreateInviteRequest};
use chatter_protocol::entropy::Entropy;
use chatter_protocol::limits::GATES_MAX;
use chatter_protocol::token::to_cookie_value;

use crate::args::Arguments;
use crate::crowd::fresh_entropy;
use crate::fetch::fetch;
use crate::server::{self, Server};
use crate::table::{digits, spread, table};

/// Floods one server with one access code, and one with as many as there may be.
pub(crate) fn measure(arguments: &Arguments) -> anyhow::Result<String> {
    let directory = tempfile::tempdir()?;
    fs::write(directory.path().join(CARRIER), vec![b'x'; 1024])?;
    let root = directory.path().to_string_lossy();
    let settings = [("CHATTERD_DECOY_ROOT", &*root), ("CHATTERD_DECOY_CARRIER", CARRIER)];
    let mut entropy = fresh_entropy()?;
    let count = if arguments.quick { 400 } else { 50_000 };
    let mut rows = vec![
        ["codes", "token bytes", "other cookie: CPU s", "bad token: CPU s", "more"]
            .map(str::to_owned)
            .to_vec(),
    ];
    let (one, full) = (Server::with(arguments, &settings)?, Server::with(arguments, &settings)?);
    fill_with_codes(&full)?;
    server::pin_members(arguments)?;
    for (server, codes) in [(&one, 1), (&full, GATES_MAX)] {
        for token_len in TOKEN_LENS {
            let name = server.link().code.server_key.cookie_name();
            let other = requests(server, &"x".repeat(name.len()), token_len, &mut entropy)?;
            let bad = requests(server, name, token_len, &mut entropy)?;
            let (mut plain, mut tokens) = (Vec::new(), Vec::new());
            for _ in 0..arguments.runs(3) {
                plain.push(flood(server, &other, count)?);
                tokens.push(flood(server, &bad, count)?);
            }
            let more: Vec<f64> =
                plain.iter().zip(&tokens).map(|(plain, tokens)| (tokens / plain - 1.0) * 100.0).collect();
            rows.push(vec![
                codes.to_string(),
                token_len.to_string(),
                spread(&plain, digits),
                spread(&tokens, digits),
                spread(&more, |percent| format!("{percent:+.1} %")),
            ]);
        }
    }
    Ok(table(
        &format!("tokens: {count} requests for the carrier, {AT_ONCE} at once, each kind in turn"),
        &rows,
    ))
}

/// CPU seconds of the server for so many requests.
fn flood(server: &Server, requests: &[Vec<u8>], count: usize) -> anyhow::Result<f64> {
    let address = server.address()?;
    let before = server.cpu()?;
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        let threads: Vec<_> =
            (0..AT_ONCE).map(|_| scope.spawn(|| fetch_all(address, requests, &next, count))).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("a fetching thread does not panic"))
    })?;
    Ok(server.cpu()?.saturating_sub(before).as_secs_f64())
}

fn fetch_all(
    address: SocketAddr,
    requests: &[Vec<u8>],
    next: &AtomicUsize,
    count: usize,
) -> anyhow::Result<()> {
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= count {
            return Ok(());
        }
        fetch(address, requests.get(number % requests.len()).context("there are requests")?, "200")?;
    }
}

/// Requests for the carrier, whose cookie of this name holds random bytes.
fn requests(
    server: &Server,
    name: &str,
    token_len: usize,
    entropy: &mut Entropy,
) -> anyhow::Result<Vec<Vec<u8>>> {
    let address = server.address()?;
    let mut request = || {
        let mut token = vec![0; token_len];
        entropy.fill(&mut token);
        let cookie = to_cookie_value(&token);
        format!(
            "GET /{CARRIER} HTTP/1.1\r\nHost: {address}\r\nCookie: {name}={cookie}\r\nAccept: */*\r\n\r\n"
        )
        .into_bytes()
    };
    Ok((0..REQUESTS).map(|_| request()).collect())
}

/// Makes named codes until there are as many as there may be.
fn fill_with_codes(server: &Server) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut client = admin::connect(&server.admin_socket()).await?;
        for number in 1..GATES_MAX {
            let name = format!("code-{number}");
            client.create_invite(CreateInviteRequest { name, ..CreateInviteRequest::default() }).await?;
        }
        Ok(())
    })
}

const CARRIER: &str = "disk.img";
/// Openings have some 160 to 250 bytes; a cookie holds 3,000.
const TOKEN_LENS: [usize; 2] = [200, 2900];
const AT_ONCE: usize = 8;
/// Different ones, so that nothing is known of the next.
const REQUESTS: usize = 256;

//! Whether the time of an answer tells what the request carried.
//!
//! **In** requests that differ in their cookie alone, sent in an order drawn by chance. **Out** for each kind the
//! probability that chance alone would set its times as far apart from those of the plain request (two-sample
//! Kolmogorov–Smirnov), and Python's own times beside ours. **Never** a request that opens a session.

use std::fs;
use std::net::SocketAddr;

use anyhow::Context as _;
use chatter_protocol::entropy::Entropy;
use chatter_protocol::handshake::{self, Request};
use chatter_protocol::time::WallTime;
use chatter_protocol::token::to_cookie_value;

use crate::args::Arguments;
use crate::crowd::fresh_entropy;
use crate::fetch::fetch;
use crate::peers::Peer;
use crate::server::Server;
use crate::table::{digits, table};

/// What the cookie holds. All but `None` are of one length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    None,
    /// Some other site's.
    Other,
    /// Random bytes under our name.
    Random,
    /// A genuine token of an hour ago.
    Stale,
    /// A genuine token of now with one bit of its MAC changed.
    Flipped,
}

const KINDS: [Kind; 5] = [Kind::None, Kind::Other, Kind::Random, Kind::Stale, Kind::Flipped];

/// Measures the carrier itself and another file, each some times.
pub(crate) fn measure(arguments: &Arguments) -> anyhow::Result<String> {
    let directory = tempfile::tempdir()?;
    for name in ["carrier.enc", "notes.txt"] {
        fs::write(directory.path().join(name), [&b"Salted__"[..], &[b'x'; 1016]].concat())?;
    }
    let count: usize = if arguments.quick { 50 } else { 2_000 };
    let ours = Peer::ours(arguments, directory.path(), "carrier.enc", &[])?;
    let Peer::Ours(server) = &ours else { unreachable!("it was started as ours") };
    let mut entropy = fresh_entropy()?;
    let mut rows = vec![
        ["file", "run", "plain: median µs", "other cookie", "random token", "stale token", "bit flipped"]
            .map(str::to_owned)
            .to_vec(),
    ];
    for target in ["/notes.txt", "/carrier.enc"] {
        for run in 1..=arguments.runs(5) {
            let times = times(server, ours.address()?, target, count, &mut entropy)?;
            let (plain, others) = times.split_first().context("there are kinds")?;
            let mut row = vec![target.to_owned(), run.to_string(), digits(median(plain))];
            // The other cookie is compared with the plain request, the tokens with the other cookie: it is as long.
            let other = others.first().context("there are cookies")?;
            row.push(compared(plain, other));
            row.extend(others.iter().skip(1).map(|token| compared(other, token)));
            rows.push(row);
        }
    }
    let mut text = table(
        &format!("pace: times to the first byte of {count} answers each; D and p of Kolmogorov–Smirnov"),
        &rows,
    );
    if let Some(python) = Peer::python(directory.path())? {
        let request = request(python.address()?, "/notes.txt", None);
        let times = (0..count)
            .map(|_| Ok(fetch(python.address()?, request.as_bytes(), "200")?.first.as_secs_f64() * 1e6));
        let mut times = times.collect::<anyhow::Result<Vec<_>>>()?;
        times.sort_by(f64::total_cmp);
        text.push_str(&format!("  Python's median: {} µs\n", digits(median(&times))));
    }
    Ok(text)
}

fn times(
    server: &Server,
    address: SocketAddr,
    target: &str,
    count: usize,
    entropy: &mut Entropy,
) -> anyhow::Result<Vec<Vec<f64>>> {
    let mut order: Vec<usize> = (0..KINDS.len() * count).map(|at| at % KINDS.len()).collect();
    for at in (1..order.len()).rev() {
        order.swap(at, usize::try_from(entropy.below(u32::try_from(at)? + 1))?);
    }
    let mut times = vec![Vec::with_capacity(count); KINDS.len()];
    for kind in order {
        let cookie = KINDS.get(kind).and_then(|kind| cookie(*kind, server, entropy));
        let answered = fetch(address, request(address, target, cookie).as_bytes(), "200")?;
        times.get_mut(kind).context("a kind")?.push(answered.first.as_secs_f64() * 1e6);
    }
    times.iter_mut().for_each(|times| times.sort_by(f64::total_cmp));
    Ok(times)
}

fn request(address: SocketAddr, target: &str, cookie: Option<String>) -> String {
    let cookie = cookie.map(|cookie| format!("Cookie: {cookie}\r\n")).unwrap_or_default();
    format!(
        "GET {target} HTTP/1.1\r\nHost: {address}\r\n{cookie}User-Agent: Mozilla/5.0\r\nAccept: */*\r\n\r\n"
    )
}

fn cookie(kind: Kind, server: &Server, entropy: &mut Entropy) -> Option<String> {
    let code = &server.link().code;
    let name = code.server_key.cookie_name();
    let now = chatter_protocol::time::WallTime(
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_secs()),
    );
    let time = if kind == Kind::Stale { WallTime(now.0.saturating_sub(3600)) } else { now };
    let (mut token, _) = handshake::offer(code, &code.gate_keys(), &Request::Fresh, time, entropy);
    match kind {
        Kind::None => return None,
        Kind::Other => return Some(format!("{}={}", "x".repeat(name.len()), to_cookie_value(&token))),
        Kind::Random => token.iter_mut().for_each(|byte| *byte = entropy.bytes::<1>()[0]),
        Kind::Flipped => token.iter_mut().skip(20).take(1).for_each(|byte| *byte ^= 4),
        Kind::Stale => {}
    }
    Some(format!("{name}={}", to_cookie_value(&token)))
}

fn median(sorted: &[f64]) -> f64 {
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

fn compared(one: &[f64], other: &[f64]) -> String {
    let distance = distance(one, other);
    format!(
        "{} µs, D {distance:.3}, p {:.3}",
        digits(median(other)),
        probability(distance, one.len(), other.len())
    )
}

/// The largest distance between the two empirical distributions; both sorted.
fn distance(one: &[f64], other: &[f64]) -> f64 {
    let below = |sorted: &[f64], value: f64| {
        sorted.partition_point(|sample| *sample <= value) as f64 / sorted.len() as f64
    };
    one.iter().chain(other).map(|value| (below(one, *value) - below(other, *value)).abs()).fold(0.0, f64::max)
}

/// How often chance alone makes such a distance (Kolmogorov's limit, with Stephens' correction).
fn probability(distance: f64, one: usize, other: usize) -> f64 {
    let size = (one as f64 * other as f64 / (one + other) as f64).sqrt();
    let scaled = (size + 0.12 + 0.11 / size) * distance;
    if scaled < 0.2 {
        return 1.0;
    }
    let term = |k: i32| {
        let sign = if k % 2 == 1 { 2.0 } else { -2.0 };
        sign * (-2.0 * f64::from(k * k) * scaled * scaled).exp()
    };
    (1..=100).map(term).sum::<f64>().clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alike_is_told_from_apart() {
        let even: Vec<f64> = (0..2000).map(f64::from).collect();
        let shifted: Vec<f64> = even.iter().map(|value| value + 200.0).collect();
        assert!(distance(&even, &even) < 1e-9 && probability(0.0, 2000, 2000) > 0.99);
        let apart = distance(&even, &shifted);
        assert!((apart - 0.1).abs() < 1e-3 && probability(apart, 2000, 2000) < 1e-6);
        // The table's value for p = 0.05.
        let edge = 1.358 * (2.0f64 / 2000.0).sqrt();
        assert!((probability(edge, 2000, 2000) - 0.05).abs() < 0.003);
    }
}

//! Strangers' requests: the decoy beside Python and nginx, on the same directory.
//!
//! **In** nothing but the servers. **Out** requests per second and CPU seconds per 10,000 requests. **Never** a
//! connection that is used twice: Python closes each.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::args::Arguments;
use crate::fetch::fetch;
use crate::peers::Peer;
use crate::table::{digits, spread, table};

/// One run against one server.
struct Sample {
    per_second: f64,
    cpu: f64,
    median: f64,
    worst: f64,
}

/// Asks each server in turn, as often as there are runs.
pub(crate) fn measure(arguments: &Arguments) -> anyhow::Result<String> {
    let directory = tempfile::tempdir()?;
    fill(directory.path())?;
    let ours = Peer::ours(arguments, directory.path(), "a.bin", &[])?;
    let others = [Peer::python(directory.path())?, Peer::nginx(directory.path())?];
    let peers: Vec<Peer> = std::iter::once(ours).chain(others.into_iter().flatten()).collect();
    let requests: u32 = if arguments.quick { 300 } else { 20_000 };
    let mut rows = vec![
        ["what", "server", "at once", "requests/s", "CPU s per 10,000", "p50 µs", "p99 µs"]
            .map(str::to_owned)
            .to_vec(),
    ];
    for (what, target) in [("listing", "/"), ("1 KiB file", "/i.bin")] {
        for at_once in [4, 50] {
            let mut samples: Vec<Vec<Sample>> = peers.iter().map(|_| Vec::new()).collect();
            for _ in 0..arguments.runs(3) {
                for (peer, samples) in peers.iter().zip(&mut samples) {
                    // Fifty at once overflow Python's queue: most of the time would go by waiting.
                    if peer.name() == "python" && at_once > 4 {
                        continue;
                    }
                    let count = if peer.name() == "python" { requests / 4 } else { requests };
                    samples.push(load(peer, target, count, at_once)?);
                }
            }
            for (peer, samples) in peers.iter().zip(&samples).filter(|(_, samples)| !samples.is_empty()) {
                let all = |figure: fn(&Sample) -> f64| samples.iter().map(figure).collect::<Vec<_>>();
                let whole = |figure: f64| digits(figure.round());
                rows.push(vec![
                    what.to_owned(),
                    peer.name().to_owned(),
                    at_once.to_string(),
                    spread(&all(|sample| sample.per_second), whole),
                    spread(&all(|sample| sample.cpu), |figure| format!("{figure:.3}")),
                    spread(&all(|sample| sample.median), whole),
                    spread(&all(|sample| sample.worst), whole),
                ]);
            }
        }
    }
    Ok(table("decoy: a connection for each request, ten files in the directory", &rows))
}

fn load(peer: &Peer, target: &str, count: u32, at_once: usize) -> anyhow::Result<Sample> {
    let address = peer.address()?;
    let request =
        format!("GET {target} HTTP/1.0\r\nHost: {address}\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n");
    let (before, start) = (peer.cpu()?, Instant::now());
    let mut times = all_at_once(address, request.as_bytes(), count, at_once)?;
    let (took, used) = (start.elapsed(), peer.cpu()?.saturating_sub(before));
    times.sort_unstable();
    let at = |share: usize| times.get(times.len() * share / 100).map_or(0.0, Duration::as_secs_f64) * 1e6;
    Ok(Sample {
        per_second: f64::from(count) / took.as_secs_f64(),
        cpu: used.as_secs_f64() / f64::from(count) * 1e4,
        median: at(50),
        worst: at(99),
    })
}

fn all_at_once(
    address: SocketAddr,
    request: &[u8],
    count: u32,
    at_once: usize,
) -> anyhow::Result<Vec<Duration>> {
    let left = AtomicU32::new(count);
    let take = || left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok();
    thread::scope(|scope| {
        let fetching = || {
            let mut times = Vec::new();
            while take() {
                times.push(fetch(address, request, "200")?.whole);
            }
            anyhow::Ok(times)
        };
        let threads: Vec<_> = (0..at_once).map(|_| scope.spawn(fetching)).collect();
        let mut times = Vec::new();
        for thread in threads {
            times.extend(thread.join().expect("a fetching thread does not panic")?);
        }
        Ok(times)
    })
}

/// Ten files of 42 to 1,024 bytes.
fn fill(directory: &Path) -> anyhow::Result<()> {
    for (name, size) in ('a'..='j').zip([42, 100, 150, 200, 333, 512, 600, 800, 1024, 900]) {
        fs::write(directory.join(format!("{name}.bin")), vec![b'x'; size])?;
    }
    Ok(())
}
